//! The runtime against its reference model: random, adversarial blocks go through both, and
//! receipts, what is left out, and the whole state after them must be equal.
//!
//! The model (`tests/model`, Python's standard library alone) was written from docs/spec and shares
//! no code with the runtime. What both were asked, and how often which operation ended how, is
//! printed, written to `target/operation-coverage.json`, and must cover every outcome there is.
//!
//! `BALLAST_DIFFERENTIAL_OPS=1000000 cargo test --release -p ballast-runtime --test differential`
//! asks for more operations, `BALLAST_DIFFERENTIAL_SEED` for others. A difference names the world's
//! seed and the block; the same two variables repeat it.

mod coverage;
mod difference;
mod generator;
mod oracle;
mod rng;
mod view;
mod world;
mod worlds;

use coverage::Coverage;
use oracle::{Block, Oracle, Results};
use rng::Rng;
use world::World;
use worlds::{FLAVOURS, Flavour};

/// Operations of an ordinary run.
const OPERATIONS: u64 = 50_000;
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
        if done >= operations {
            break;
        }
        let flavour = FLAVOURS[(number % FLAVOURS.len() as u64) as usize];
        let world = seed.wrapping_mul(1 << 32).wrapping_add(number);
        done += run_world(flavour, world, BLOCKS_AT_ONCE, &mut oracle, &mut coverage);
    }
    println!("{done} operations\n{}", coverage.table());
    coverage.write().unwrap();
    let gaps = coverage.gaps();
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
}

/// The model's own digests, layouts, keys and signatures are those of the golden vectors.
#[test]
fn the_model_recomputes_the_golden_vectors() {
    let output = oracle::run("golden.py");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Runs one world through both sides: how many operations it had.
fn run_world(
    flavour: Flavour,
    seed: u64,
    at_once: usize,
    oracle: &mut Oracle,
    coverage: &mut Coverage,
) -> u64 {
    let mut world = World::new(&worlds::genesis(flavour, &mut Rng::new(seed)), seed);
    let genesis = world.genesis_bytes.clone();
    let answer = oracle.ask(Some(&genesis), &[]);
    let ours = view::lines(&world.state, &world.people, 0);
    difference::compare_states(&answer.state, &ours, flavour, seed, 0);
    while world.operations < OPERATIONS_OF_WORLD {
        let (mut blocks, mut expected): (Vec<Block>, Vec<Results>) = (Vec::new(), Vec::new());
        for _ in 0..at_once {
            let txs = generator::next_block(&mut world, coverage);
            let (block, results) = world.carry_out(txs);
            blocks.push(block);
            expected.push(results);
        }
        let answer = oracle.ask(None, &blocks);
        for ((block, ours), theirs) in blocks.iter().zip(&expected).zip(&answer.results) {
            difference::compare_block(block, ours, theirs, flavour, seed);
        }
        let ours = view::lines(&world.state, &world.people, world.now);
        difference::compare_states(&answer.state, &ours, flavour, seed, world.context.height);
        coverage.add(answer.seen);
    }
    ballast_runtime::invariants::check_all(&world.state, world.now).unwrap();
    world.operations
}
