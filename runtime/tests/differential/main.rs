//! The runtime against its reference model: random, adversarial blocks go through both, and
//! receipts, what is left out, the whole state after them and its root must be equal.
//!
//! The model (`tests/model`, Python's standard library alone) was written from docs/spec and shares
//! no code with the runtime. How often which operation ended how is printed, written to
//! `target/operation-coverage.json`, and must cover every outcome there is.
//!
//! The long run: `BALLAST_DIFFERENTIAL_OPS=1000000 cargo test --release -p ballast-runtime --test
//! differential`. `BALLAST_DIFFERENTIAL_SEED` asks for other blocks; the same two numbers give the
//! same run, difference included. (The last one, before the roots were compared: 1,001,468 operations,
//! no difference, seven and a half minutes on a busy machine.)

#[path = "../common/aim.rs"]
mod aim;
mod coverage;
mod difference;
mod generator;
mod oracle;
mod rng;
mod view;
mod world;
mod worlds;

use ballast_primitives::Evidence;
use ballast_primitives::turns::Report;
use ballast_runtime::limits::DAY_MS;
use coverage::Coverage;
use oracle::{Block, Oracle, Results};
use rng::Rng;
use world::World;
use worlds::{FLAVOURS, Flavour};

/// Operations of an ordinary run.
const OPERATIONS: u64 = 50_000;
/// How many times as many there may be, if outcomes are still to be met.
const PATIENCE: u64 = 3;
/// Operations of one world, and its blocks between two comparisons.
const OPERATIONS_OF_WORLD: u64 = 2_500;
const BLOCKS_AT_ONCE: usize = 40;

fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var_os(name).and_then(|value| value.into_string().ok());
    value.map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn the_runtime_does_what_the_model_does() {
    let operations = setting("BALLAST_DIFFERENTIAL_OPS", OPERATIONS);
    let seed = setting("BALLAST_DIFFERENTIAL_SEED", 1);
    let mut oracle = Oracle::start();
    let mut coverage = Coverage::default();
    let mut done = 0;
    for number in 0u64.. {
        if done >= PATIENCE * operations || done >= operations && coverage.gaps().is_empty() {
            break;
        }
        let flavour = FLAVOURS[(number % FLAVOURS.len() as u64) as usize];
        let world = seed.wrapping_mul(1 << 32).wrapping_add(number);
        done += run_world(flavour, world, &mut oracle, &mut coverage);
    }
    println!("{done} operations\n{}", coverage.table());
    coverage.write().unwrap();
    let gaps = coverage.gaps();
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
}

/// Every outcome that docs/spec/operations.md names for an operation must be met, or is known to be
/// out of reach; and every code is the outcome of something.
#[test]
fn the_table_of_outcomes_is_the_specifications() {
    let disagreements = coverage::disagreements();
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}

/// In a state that no operation leads to, what the council does breaks an invariant, and the two
/// sides say so alike: the receipt, the incident, and that there is one a day.
#[test]
fn both_sides_find_what_breaks_an_invariant() {
    let mut oracle = Oracle::start();
    let (genesis, holder) = worlds::unsound(&mut Rng::new(7));
    let mut world = World::unsound(&genesis, 7);
    let answer = oracle.ask(Some(&world.genesis_bytes), &[]);
    assert_eq!(difference::of_states(&world.view(), &answer.state), None);
    assert_eq!(difference::of_trees(&world.state, &answer), None);
    let (mut blocks, mut expected) = (Vec::new(), Vec::new());
    for wait in [1_000, 1_000, DAY_MS - 2_000, 1_000, 1_000, 2 * DAY_MS] {
        world.now += wait;
        let txs = generator::take_a_role(&mut world, holder);
        let (block, results) = world.carry_out(txs, Report::default());
        blocks.push(block);
        expected.push(results);
    }
    let answer = oracle.ask(None, &blocks);
    for ((block, ours), theirs) in blocks.iter().zip(&expected).zip(&answer.results) {
        assert_eq!(difference::of_results(block, ours, theirs), None, "block {}", block.height);
    }
    assert_eq!(difference::of_states(&world.view(), &answer.state), None);
    assert_eq!(difference::of_trees(&world.state, &answer), None);
    let broken = |seen: &oracle::Seen| seen.outcome == "INVARIANT_BROKEN";
    let found: u64 = answer.seen.iter().filter(|seen| broken(seen)).map(|seen| seen.count).sum();
    assert_eq!(found, 12, "two members in each block");
    assert_eq!(world.state.incidents().next, 6, "of each member one a day");
}

/// Both sides name the same validators for having signed twice, each at the edges of the rules: who it
/// is, how far the place is from the block, how long ago it was named.
#[test]
fn both_sides_name_who_signed_twice() {
    let mut oracle = Oracle::start();
    let genesis = worlds::genesis(Flavour::Plain, &mut Rng::new(11));
    let mut world = World::new(&genesis, 11);
    oracle.ask(Some(&world.genesis_bytes), &[]);
    let member = genesis.validators.validators()[0].key;
    let stranger = world.spare[0];
    let mut times = Vec::new();
    for (wait, validator, ahead) in [
        (1_000, stranger, 0),
        (1_000, member, 3),
        (1_000, member, 2),
        (1_000, member, 2),
        (DAY_MS - 2_000, member, 2),
        (1_000, member, -3),
        (1_000, member, 2),
        (DAY_MS, member, 2),
    ] {
        world.now += wait;
        let height = (world.context.height + 1).saturating_add_signed(ahead);
        let twins = world.twins();
        let evidence = vec![Evidence { validator, height, round: 1, twins }];
        let report = Report { evidence, ..Report::default() };
        let (block, _) = world.carry_out(Vec::new(), report);
        let answer = oracle.ask(None, &[block]);
        assert_eq!(difference::of_states(&world.view(), &answer.state), None);
        assert_eq!(difference::of_trees(&world.state, &answer), None);
        times.push(world.state.validators().named.get(&member).map_or(0, |named| named.times));
    }
    assert_eq!(times, [0, 0, 1, 1, 1, 1, 2, 3]);
    assert_eq!(world.state.incidents().next, 3);
}

/// The model's own digests, layouts, keys and signatures are those of the golden vectors.
#[test]
fn the_model_recomputes_the_golden_vectors() {
    let output = oracle::run("golden.py");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs one world through both sides: how many operations it had.
fn run_world(flavour: Flavour, seed: u64, oracle: &mut Oracle, coverage: &mut Coverage) -> u64 {
    let genesis = worlds::genesis(flavour, &mut Rng::new(seed));
    let mut world = World::new(&genesis, seed);
    let mut history: Vec<Block> = Vec::new();
    let answer = oracle.ask(Some(&world.genesis_bytes), &[]);
    let differs = |what: String| panic!("world {seed} ({flavour:?}), {what}");
    if let Some(difference) = difference::of_states(&world.view(), &answer.state) {
        differs(format!("genesis\n{difference}"));
    }
    if let Some(difference) = difference::of_trees(&world.state, &answer) {
        differs(format!("genesis\n{difference}"));
    }
    while world.operations < OPERATIONS_OF_WORLD && !world.is_over() {
        let (blocks, expected) = some_blocks(&mut world, coverage);
        let answer = oracle.ask(None, &blocks);
        for ((block, ours), theirs) in blocks.iter().zip(&expected).zip(&answer.results) {
            if let Some(difference) = difference::of_results(block, ours, theirs) {
                differs(format!("block {} at {}, {difference}", block.height, block.time));
            }
        }
        history.extend(blocks);
        if difference::of_states(&world.view(), &answer.state).is_some() {
            differs(difference::locate(&genesis, &history, oracle));
        }
        if let Some(difference) = difference::of_trees(&world.state, &answer) {
            differs(format!("up to height {}, {difference}", world.context.height));
        }
        coverage.add(answer.seen);
        coverage.add_joins(world.joined.drain(..));
    }
    ballast_runtime::invariants::check_all(&world.state, world.now).unwrap();
    world.operations
}

/// Makes and executes the next blocks: what they were and what came of them.
fn some_blocks(world: &mut World, coverage: &Coverage) -> (Vec<Block>, Vec<Results>) {
    let one = |_| {
        let goes_on = !world.is_over();
        goes_on.then(|| {
            let txs = generator::next_block(world, coverage);
            let report = world.turns();
            world.carry_out(txs, report)
        })
    };
    (0..BLOCKS_AT_ONCE).map_while(one).unzip()
}
