//! Who proposes. A block's builder had the turn in the round it was decided in or in one before; the
//! round that a header gives its parent had a quorum of precommits; and who is passed over is so
//! after two turns missed in a row, never a third of the power, until a return that it signed, long
//! enough after (CO-5, CO-90 to CO-93).

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::{CommitCertificate, Hash, Header, PublicKey, Return, Validator};
use ballast_primitives::{Vote, VoteKind};
use ballast_replica::message::{Message, WireProposal};
use ballast_replica::types::StoredBlock;

use super::arithmetic::{Signatures, is_quorum};
use super::{Checker, Committed, Fact, Scene, Verdict};

#[derive(Default)]
pub struct Turns {
    /// Who has precommitted what: by height, round and block.
    precommits: BTreeMap<(u64, u32, Hash), BTreeSet<PublicKey>>,
    signatures: Signatures,
    height: u64,
    standings: BTreeMap<PublicKey, Standing>,
    /// Who is passed over at a height, once that is known.
    passed: BTreeMap<u64, BTreeSet<PublicKey>>,
    /// Id of the newest block.
    tip: Hash,
}

#[derive(Clone, Default)]
struct Standing {
    missed: u32,
    times: u32,
    from: u64,
    until: Option<u64>,
}

impl Standing {
    fn is_out(&self) -> bool {
        self.times > 0 && self.until.is_none()
    }

    fn covers(&self, height: u64) -> bool {
        self.times > 0 && height >= self.from && self.until.is_none_or(|until| until > height)
    }
}

impl Checker for Turns {
    fn name(&self) -> &'static str {
        "turns"
    }

    fn see(&mut self, scene: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Said { node, message: Message::Vote(wire) } => {
                let own = wire.validator == scene.keys[*node];
                if own && wire.vote.kind == VoteKind::Precommit {
                    self.precommitted(&wire.vote, wire.validator);
                }
                Ok(())
            }
            // What was signed counts wherever it is shown: liars say what they like, and who loses power
            // right after it has decided said nothing of the vote that decided.
            Fact::Said { message: Message::Proposal(proposal), .. } => {
                self.showed(scene, proposal);
                Ok(())
            }
            Fact::Committed(Committed { write, .. }) if write.executed.height > self.height => {
                let block = &write.block;
                self.height = write.executed.height;
                self.committed(scene, block)
                    .map_err(|what| format!("block {}: {what}", self.height))
            }
            _ => Ok(()),
        }
    }
}

impl Turns {
    fn precommitted(&mut self, vote: &Vote, key: PublicKey) {
        // Of the heights being decided; liars vote at any.
        let near = self.height.saturating_sub(4)..=self.height + 4;
        if let Some(block) = vote.block.filter(|_| near.contains(&vote.height)) {
            let place = (vote.height, vote.round, block);
            self.precommits.entry(place).or_default().insert(key);
        }
    }

    fn showed(&mut self, scene: &Scene, proposal: &WireProposal) {
        let Some(parent) = &proposal.parent else { return };
        let CommitCertificate { height, round, block, signatures } = parent;
        let vote =
            Vote { kind: VoteKind::Precommit, height: *height, round: *round, block: Some(*block) };
        for entry in signatures {
            let bytes = vote.signed_bytes(&scene.genesis);
            if self.signatures.are_good(&entry.validator, &bytes, &entry.signature) {
                self.precommitted(&vote, entry.validator);
            }
        }
    }

    fn committed(&mut self, scene: &Scene, block: &StoredBlock) -> Verdict {
        let header = &block.header;
        self.check_claim(scene, header)?;
        self.check_builder(scene, header, block.certificate.round)?;
        for said in &block.payload.returns {
            self.check_return(scene, said)?;
        }
        self.count(scene, block);
        self.tip = block.certificate.block;
        Ok(())
    }

    /// CO-90.
    fn check_claim(&self, scene: &Scene, header: &Header) -> Verdict {
        let (before, round) = (header.height - 1, header.parent_round);
        if round == 0 {
            return Ok(());
        }
        let voters = self.precommits.get(&(before, round, self.tip));
        let powers = voters.into_iter().flatten().filter_map(|key| scene.power_of(before, key));
        if is_quorum(powers.sum(), scene.total_power(before)) {
            return Ok(());
        }
        Err(format!("says that its parent was decided in round {round}, which it was not"))
    }

    fn check_builder(&self, scene: &Scene, header: &Header, round: u32) -> Verdict {
        let mut rounds = 0..=round.min(200);
        if rounds.any(|round| self.turn(scene, header.height, round) == Some(header.proposer)) {
            return Ok(());
        }
        Err(format!("was decided in round {round}, and {} never had the turn", header.proposer))
    }

    /// CO-93.
    fn check_return(&self, scene: &Scene, said: &Return) -> Verdict {
        let bytes = Return::signed_bytes(said.from, &scene.genesis);
        let signed =
            ballast_primitives::signature::verify(&said.validator, &bytes, &said.signature);
        let standing = self.standings.get(&said.validator).filter(|standing| standing.is_out());
        let wait = |standing: &Standing| (16u64 << (standing.times - 1).min(6)).min(1_024);
        let due = |s: &&Standing| s.from == said.from && s.from + wait(s) <= self.height;
        match standing.filter(due) {
            Some(_) if signed.is_ok() => Ok(()),
            _ => Err(format!("{} returns, and may not", said.validator)),
        }
    }

    /// CO-5.
    fn turn(&self, scene: &Scene, height: u64, round: u32) -> Option<PublicKey> {
        let set = scene.sets.of(height);
        let passed = self.passed.get(&height).cloned().unwrap_or_default();
        let bearable = 3 * power(set, &passed) < power(set, &keys(set));
        let takers: Vec<_> = set.iter().filter(|v| !bearable || !passed.contains(&v.key)).collect();
        let count = takers.len() as u64;
        let all: u128 = takers.iter().map(|v| u128::from(v.power)).sum();
        let stride = (count * 618 / 1_000 + 1..).find(|s| divisor(*s, count) == 1)?;
        let part = (height / count).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let place = (height % count) * stride % count;
        let point = ((u128::from(place) << 32) + u128::from(part)) * all / u128::from(count << 32);
        let ends = takers.iter().scan(0u128, |end, v| {
            *end += u128::from(v.power);
            Some(*end)
        });
        let first = ends.take_while(|end| *end <= point).count();
        let rounds = (0..takers.len()).filter_map(|n| takers.get((first + n) % takers.len()));
        let last = set.iter().filter(|v| bearable && passed.contains(&v.key));
        let order: Vec<_> = rounds.copied().chain(last).collect();
        order.get(round as usize % order.len()).map(|v| v.key)
    }

    /// CO-91, CO-92.
    fn count(&mut self, scene: &Scene, block: &StoredBlock) {
        let (height, missed) = (self.height, block.header.parent_round > 0);
        let proposer = match scene.sets.begins(height + 1) || height == 1 {
            true => None,
            false => self.turn(scene, height - 1, 0),
        };
        let newest = scene.sets.of(height + 1);
        let all = keys(newest);
        if missed || !self.standings.is_empty() {
            let deciding = keys(scene.sets.of(height));
            self.standings.retain(|key, _| all.contains(key) || deciding.contains(key));
        }
        for said in &block.payload.returns {
            if let Some(standing) = self.standings.get_mut(&said.validator) {
                standing.until = Some(height + 2);
            }
        }
        if let Some(proposer) = proposer.filter(|key| !missed || all.contains(key)) {
            let absent: BTreeSet<_> = self
                .standings
                .iter()
                .filter(|(_, s)| s.is_out() || s.covers(height + 2))
                .map(|(key, _)| *key)
                .collect();
            let with_it = power(newest, &absent) + power(newest, &BTreeSet::from([proposer]));
            let bearable = 3 * with_it < power(newest, &all);
            let standing = self.standings.entry(proposer).or_default();
            let forgiven =
                standing.times == 0 || standing.until.is_some_and(|until| until + 8_192 <= height);
            if !standing.is_out() {
                standing.missed = if missed { standing.missed + 1 } else { 0 };
                if standing.missed > 1 && bearable {
                    let times = if forgiven { 1 } else { standing.times + 1 };
                    *standing = Standing { missed: 0, times, from: height + 2, until: None };
                } else if !missed && forgiven {
                    self.standings.remove(&proposer);
                }
            }
        }
        let passed = self.standings.iter().filter(|(_, s)| s.covers(height + 2));
        self.passed.insert(height + 2, passed.map(|(key, _)| *key).collect());
        self.passed.retain(|at, _| *at + 4 > height);
        self.precommits.retain(|(at, ..), _| *at + 4 > height);
    }
}

fn keys(set: &[Validator]) -> BTreeSet<PublicKey> {
    set.iter().map(|validator| validator.key).collect()
}

fn power(set: &[Validator], of: &BTreeSet<PublicKey>) -> u128 {
    set.iter().filter(|v| of.contains(&v.key)).map(|v| u128::from(v.power)).sum()
}

fn divisor(a: u64, b: u64) -> u64 {
    (1..=b).rev().find(|d| a.is_multiple_of(*d) && b.is_multiple_of(*d)).unwrap_or(1)
}
