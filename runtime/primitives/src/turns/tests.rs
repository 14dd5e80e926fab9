use std::collections::BTreeMap;

use super::*;
use crate::keys::SecretKey;

fn committee(powers: &[u64]) -> Committee {
    let validators = powers.iter().enumerate().map(|(n, power)| Validator {
        key: SecretKey::dev("t", &format!("key {n}")).public(),
        peer: SecretKey::dev("t", &format!("peer {n}")).public(),
        power: *power,
        name: format!("validator-{n}"),
    });
    Committee::new(validators.collect()).unwrap()
}

/// How many of the heights are whose.
fn turns(
    set: &Committee,
    passed: &[PublicKey],
    heights: std::ops::Range<u64>,
) -> BTreeMap<PublicKey, u64> {
    let mut turns = BTreeMap::new();
    heights.for_each(|h| *turns.entry(set.proposer(passed, h, 0).key).or_default() += 1);
    turns
}

/// The longest and the shortest time between two turns of `key`.
fn gaps(set: &Committee, key: &PublicKey, heights: u64) -> (u64, u64) {
    let mine: Vec<_> = (0..heights).filter(|h| set.proposer(&[], *h, 0).key == *key).collect();
    let gaps: Vec<_> = mine.windows(2).map(|pair| pair[1] - pair[0]).collect();
    (*gaps.iter().max().unwrap(), *gaps.iter().min().unwrap())
}

#[test]
fn equal_validators_take_strict_turns() {
    for count in [1, 2, 3, 4, 7, 10, 33, 100] {
        let set = committee(&vec![5; count]);
        for start in [0, 12_345 * count as u64, (u64::MAX / 2) / count as u64 * count as u64] {
            let turns = turns(&set, &[], start..start + count as u64);
            assert!(turns.len() == count && turns.values().all(|n| *n == 1), "{count} at {start}");
        }
        let key = set.validators()[count - 1].key;
        assert_eq!(gaps(&set, &key, 5 * count as u64), (count as u64, count as u64));
    }
    let _ = committee(&[1; 4]).proposer(&[], u64::MAX, u32::MAX);
}

#[test]
fn turns_follow_power_and_nobody_waits_for_long() {
    let max = (u64::MAX >> 2) / 128;
    for powers in [
        vec![1, 2, 3, 4],
        vec![1, 1, 1, 30, 30, 30],
        vec![10, 10, 10, 1, 15],
        vec![max, 7, max, 1 << 40, max],
    ] {
        let set = committee(&powers);
        let (total, heights) = (set.total_power(), 40_000u64);
        let turns = turns(&set, &[], 0..heights);
        for validator in set.validators() {
            let power = u128::from(validator.power);
            let had = u128::from(turns.get(&validator.key).copied().unwrap_or(0));
            // Both times the total power.
            let off = (had * total).abs_diff(power * u128::from(heights));
            assert!(off <= 12 * total, "{powers:?}: {had} turns of {power}");
            if power * 1_000 > total {
                let (longest, _) = gaps(&set, &validator.key, heights);
                let bearable = u128::from(longest) * power <= 4 * total + 4 * power;
                assert!(bearable, "{powers:?}: {power} waits {longest}");
            }
        }
    }
}

#[test]
fn each_round_is_the_next_ones_and_comes_to_those_who_are_passed_over_last() {
    let set = committee(&[1, 1, 1, 1, 1, 1, 1]);
    let passed = vec![set.validators()[2].key, set.validators()[5].key];
    for height in 0..20 {
        let of_rounds = |rounds: std::ops::Range<u32>| -> std::collections::BTreeSet<_> {
            rounds.map(|round| set.proposer(&passed, height, round).key).collect()
        };
        let first = of_rounds(0..5);
        assert!(first.len() == 5 && passed.iter().all(|key| !first.contains(key)));
        assert_eq!(of_rounds(5..7), passed.iter().copied().collect());
        assert_eq!(set.proposer(&passed, height, 7), set.proposer(&passed, height, 0));
    }
    let third = vec![set.validators()[1].key, set.validators()[2].key, set.validators()[5].key];
    assert_eq!(turns(&set, &third, 0..7).len(), 7, "too many to pass over: nobody is");
}

/// The turns as blocks follow each other while the validators `dead` propose nothing.
struct Chain {
    set: Committee,
    turns: Turns,
    /// Of the heights after the newest block.
    known: Vec<Turns>,
    height: u64,
    dead: Vec<PublicKey>,
    slow: Vec<u64>,
}

impl Chain {
    fn new(powers: &[u64]) -> Self {
        let set = committee(powers);
        Self { set, turns: Turns::default(), known: vec![], height: 0, dead: vec![], slow: vec![] }
    }

    fn run(&mut self, blocks: u64) {
        (0..blocks).for_each(|_| self.block(vec![]));
    }

    fn block(&mut self, returns: Vec<PublicKey>) {
        let before = self.height;
        self.height += 1;
        let proposer = self.set.proposer(&self.turns.passed_at(before), before, 0).key;
        let parent_round = u32::from(before > 0 && self.dead.contains(&proposer));
        if parent_round > 0 {
            self.slow.push(before);
        }
        let report = Report { parent_round, returns, evidence: vec![] };
        if let Some(next) =
            self.turns.after(&report, self.height, Some(&self.set), &self.set, &self.set)
        {
            // What was known of the next height stays true.
            let ahead = self.height + 1;
            assert_eq!(next.passed_at(ahead), self.turns.passed_at(ahead));
            assert!(next.is_ordered());
            self.known.push(std::mem::replace(&mut self.turns, next));
        }
    }

    fn key(&self, n: usize) -> PublicKey {
        self.set.validators()[n].key
    }
}

#[test]
fn one_of_four_that_is_dead_costs_two_heights_and_then_none() {
    for n in 0..4 {
        for start in 0..8 {
            let mut chain = Chain::new(&[1; 4]);
            chain.run(20 + start);
            assert_eq!(chain.turns, Turns::default());
            chain.dead = vec![chain.key(n)];
            chain.run(5_000);
            assert_eq!(chain.slow.len(), 2, "{:?}", chain.slow);
        }
    }
}

#[test]
fn who_returns_proposes_again_and_waits_twice_as_long_each_time_until_it_is_forgiven() {
    let mut chain = Chain::new(&[1; 4]);
    let key = chain.key(1);
    for (wait, times) in
        [(16, 1), (32, 2), (64, 3), (128, 4), (256, 5), (512, 6), (1_024, 7), (1_024, 8)]
    {
        chain.dead = vec![key];
        chain.run(16);
        chain.dead.clear();
        let standing = *chain.turns.get(&key).unwrap();
        assert!(standing.is_out() && standing.times == times);
        assert_eq!(standing.due(), standing.from + wait);
        let said = Return { validator: key, from: standing.from, signature: Signature([0; 64]) };
        assert!(!chain.turns.may_return(&said, standing.due() - 1));
        assert!(chain.turns.may_return(&said, standing.due()));
        assert!(!chain.turns.may_return(&Return { from: said.from - 1, ..said }, u64::MAX));
        let to_wait = (standing.due() - chain.height).saturating_sub(1);
        chain.run(to_wait);
        chain.block(vec![key]);
        assert!(!chain.turns.may_return(&said, u64::MAX), "said once");
        let own = (chain.height..chain.height + 8)
            .find(|h| chain.set.proposer(&chain.turns.passed_at(*h), *h, 0).key == key);
        assert!(own.is_some_and(|at| at >= chain.height + 2), "{own:?}");
        chain.run(8);
        assert_eq!(chain.turns.get(&key).unwrap().missed, 0);
    }
    chain.run(FORGIVEN_HEIGHTS + 8);
    assert_eq!(chain.turns, Turns::default());
}

#[test]
fn never_more_than_a_quorum_can_do_without_are_passed_over() {
    for powers in [vec![1; 4], vec![1; 7], vec![3, 3, 3, 1, 1, 1], vec![5, 1, 1], vec![1; 3]] {
        let mut chain = Chain::new(&powers);
        chain.dead = (0..powers.len()).map(|n| chain.key(n)).collect();
        chain.run(200);
        let passed = chain.turns.passed_at(chain.height + 2);
        let out: u128 =
            passed.iter().map(|key| u128::from(chain.set.get(key).unwrap().power)).sum();
        assert!(3 * out < chain.set.total_power());
        assert_eq!(passed.is_empty(), powers == [1; 3], "{powers:?}");
    }
}

#[test]
fn a_missed_turn_now_and_then_passes_over_nobody() {
    let mut chain = Chain::new(&[1; 4]);
    for _ in 0..50 {
        chain.dead = vec![chain.key(2)];
        chain.run(4);
        chain.dead.clear();
        chain.run(4);
        assert!(chain.turns.passed_at(chain.height + 2).is_empty());
    }
    assert_eq!(chain.slow.len(), 50);
}

#[test]
fn a_validator_that_leaves_takes_its_standing_with_it() {
    let mut chain = Chain::new(&[1; 4]);
    let key = chain.key(0);
    chain.dead = vec![key];
    chain.run(20);
    assert!(chain.turns.get(&key).is_some());
    let others: Vec<_> = chain.set.validators()[1..].to_vec();
    let others = Committee::new(others).unwrap();
    let quiet = Report::default();
    assert_eq!(chain.turns.after(&quiet, 21, None, &chain.set, &chain.set), None);
    // The last height that it decides.
    assert_eq!(chain.turns.after(&quiet, 22, None, &chain.set, &others), None);
    let after = chain.turns.after(&quiet, 23, Some(&chain.set), &others, &others).unwrap();
    assert_eq!(after, Turns::default());
}

#[test]
fn a_turn_missed_beside_one_that_leaves_is_counted_for_whose_it_was() {
    let mut chain = Chain::new(&[1; 4]);
    let gone = chain.key(0);
    chain.dead = vec![gone];
    chain.run(20);
    let (last, set) = (chain.height + 1, chain.set.clone());
    let passed = chain.turns.passed_at(last);
    assert_eq!(passed, [gone]);
    let others = Committee::new(set.validators()[1..].to_vec()).unwrap();
    let turns = chain.turns.clone();
    // `gone` leaves after the height `last`, whose first round fails.
    let quiet = Report::default();
    let turns = turns.after(&quiet, last, Some(&set), &set, &others).unwrap_or(turns);
    let missed = Report { parent_round: 1, ..Report::default() };
    let after = turns.after(&missed, last + 1, Some(&set), &others, &others).unwrap();
    let blamed: Vec<_> = after.standings().iter().map(|s| s.key).collect();
    assert_eq!(blamed, [set.proposer(&passed, last, 0).key]);
}
