//! Whose turn it is to propose, and who is passed over.
//!
//! A validator whose turns pass without a block is passed over until it says, signed and in a
//! block, that it is well. Everything follows from what the chain has agreed on: headers say in
//! which round their parent was decided, and a round above the first means that a quorum has left
//! the first behind, most of them honest.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::codec;
use crate::committee::{Committee, Validator};
use crate::domain::SignTag;
use crate::equivocation::Evidence;
use crate::hash::Hash;
use crate::keys::{PublicKey, Signature};

/// So many turns missed one after the other, and a validator is passed over.
pub const TURNS_MISSED_MAX: u32 = 2;
/// What a block says about turns counts from the second height after it.
pub const TURNS_AHEAD: u64 = 2;
/// For how many heights a validator is passed over at least, the first time; each further time
/// twice as many.
pub const BACKOFF_HEIGHTS: u64 = 16;
pub const BACKOFF_HEIGHTS_MAX: u64 = 1_024;
/// So many heights after its return, a validator that keeps its turns has a clean slate.
pub const FORGIVEN_HEIGHTS: u64 = 8_192;

/// What there is to say of a validator's turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Standing {
    pub key: PublicKey,
    /// Turns missed one after the other.
    pub missed: u32,
    /// How often it was passed over.
    pub times: u32,
    /// It was passed over last from this height on, if ever,
    pub from: u64,
    /// and until before this one; none while it has not returned.
    pub until: Option<u64>,
}

impl Standing {
    const fn new(key: PublicKey) -> Self {
        Self { key, missed: 0, times: 0, from: 0, until: None }
    }

    /// Whether it is passed over and has not returned.
    pub const fn is_out(&self) -> bool {
        self.times > 0 && self.until.is_none()
    }

    fn is_passed_at(&self, height: u64) -> bool {
        self.times > 0 && self.from <= height && self.until.is_none_or(|until| height < until)
    }

    /// The first block that may hold its return.
    pub fn due(&self) -> u64 {
        let doublings = self.times.saturating_sub(1);
        let doubled = BACKOFF_HEIGHTS.checked_shl(doublings).unwrap_or(BACKOFF_HEIGHTS_MAX);
        let wait = if doublings >= u64::BITS { BACKOFF_HEIGHTS_MAX } else { doubled };
        self.from.saturating_add(wait.min(BACKOFF_HEIGHTS_MAX))
    }

    fn is_forgiven(&self, height: u64) -> bool {
        let returned = self.until.map(|until| until.saturating_add(FORGIVEN_HEIGHTS));
        self.times == 0 || returned.is_some_and(|forgiven| forgiven <= height)
    }
}

/// A validator's statement that it is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Return {
    pub validator: PublicKey,
    /// The height from which on it is passed over: what was said once is of no use another time.
    pub from: u64,
    pub signature: Signature,
}

impl Return {
    /// The bytes signed: tag, genesis hash, the height.
    pub fn signed_bytes(from: u64, genesis: &Hash) -> Vec<u8> {
        let mut bytes = SignTag::Return.bytes().to_vec();
        bytes.extend_from_slice(&genesis.0);
        bytes.extend_from_slice(&codec::encode(&from));
        bytes
    }
}

/// What a block says about validators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The round in which its parent was decided.
    pub parent_round: u32,
    /// Who returns, ascending.
    pub returns: Vec<PublicKey>,
    /// Who signed twice, ascending by validator. Its signatures were verified.
    pub evidence: Vec<Evidence>,
}

/// The standings of validators of whom there is something to say, ascending by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Turns(Vec<Standing>);

impl Turns {
    pub fn standings(&self) -> &[Standing] {
        &self.0
    }

    /// Whether the keys ascend, as they do in what this code made.
    pub fn is_ordered(&self) -> bool {
        self.0.is_sorted_by(|a, b| a.key < b.key)
    }

    pub fn get(&self, key: &PublicKey) -> Option<&Standing> {
        self.0.binary_search_by_key(key, |standing| standing.key).ok().and_then(|at| self.0.get(at))
    }

    /// Who is passed over at `height`, ascending. It is known from the block two heights before on.
    pub fn passed_at(&self, height: u64) -> Vec<PublicKey> {
        self.0.iter().filter(|s| s.is_passed_at(height)).map(|s| s.key).collect()
    }

    /// The standing that a block of `height` may end by `said`, its signature aside.
    pub fn may_return(&self, said: &Return, height: u64) -> bool {
        let fits = |s: &Standing| s.is_out() && s.from == said.from && s.due() <= height;
        self.get(&said.validator).is_some_and(fits)
    }

    /// The turns after the block at `height` with its `report`; none when nothing changes.
    /// `decided` is the set that decided the block before, if it is known, `deciding` the one that
    /// decides this block, `newest` the one that decides the next. Who leaves keeps its standing
    /// for as long as it is in one of the latter: whose turn the last of its heights was is asked
    /// one block later.
    pub fn after(
        &self,
        report: &Report,
        height: u64,
        decided: Option<&Committee>,
        deciding: &Committee,
        newest: &Committee,
    ) -> Option<Self> {
        if self.0.is_empty() && report.parent_round == 0 {
            return None;
        }
        let mut next = self.clone();
        let stays = |s: &Standing| newest.get(&s.key).or_else(|| deciding.get(&s.key)).is_some();
        next.0.retain(stays);
        for key in &report.returns {
            if let Some(standing) = next.0.iter_mut().find(|s| s.key == *key && s.is_out()) {
                standing.until = Some(height.saturating_add(TURNS_AHEAD));
            }
        }
        let before = height.saturating_sub(1);
        if let Some(decided) = decided.filter(|_| before > 0) {
            let proposer = decided.proposer(&self.passed_at(before), before, 0).key;
            match report.parent_round {
                0 => next.kept(&proposer, height),
                _ => next.missed(&proposer, height, newest),
            }
        }
        (next != *self).then_some(next)
    }

    /// The proposer's block was decided in its turn.
    fn kept(&mut self, key: &PublicKey, height: u64) {
        let Some(at) = self.0.iter().position(|s| s.key == *key && !s.is_out()) else { return };
        if self.0.get(at).is_some_and(|standing| standing.is_forgiven(height)) {
            self.0.remove(at);
        } else if let Some(standing) = self.0.get_mut(at) {
            standing.missed = 0;
        }
    }

    /// The proposer's turn passed without a decision.
    fn missed(&mut self, key: &PublicKey, height: u64, newest: &Committee) {
        let Some(power) = newest.get(key).map(|v| u128::from(v.power)) else { return };
        let effect = height.saturating_add(TURNS_AHEAD);
        let passed = |s: &&Standing| s.is_out() || s.is_passed_at(effect);
        let out: u128 = self.0.iter().filter(passed).map(|s| power_of(newest, &s.key)).sum();
        let bearable = !newest.has_honest(out + power);
        let at = match self.0.binary_search_by_key(key, |s| s.key) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, Standing::new(*key));
                at
            }
        };
        let Some(standing) = self.0.get_mut(at).filter(|s| !s.is_out()) else { return };
        standing.missed = standing.missed.saturating_add(1);
        let often = standing.missed >= TURNS_MISSED_MAX;
        if often && bearable {
            let times = if standing.is_forgiven(height) { 0 } else { standing.times };
            let times = times.saturating_add(1);
            *standing = Standing { key: *key, missed: 0, times, from: effect, until: None };
        }
    }
}

fn power_of(set: &Committee, key: &PublicKey) -> u128 {
    set.get(key).map_or(0, |validator| u128::from(validator.power))
}

/// 2^64 divided by the golden ratio: its multiples are spread evenly, however many there are.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The place, among `count`, that the cycle visits at its `step`-th height: far from the last.
fn place(step: u64, count: u64) -> u64 {
    let far = count * 618 / 1_000 + 1;
    let stride = (far..).find(|stride| gcd(*stride, count) == 1).unwrap_or(1);
    step * stride % count
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Committee {
    /// The validator whose turn it is to propose at `(height, round)`, when `passed` (ascending)
    /// are passed over. If those have a third of the power or more, none is.
    ///
    /// The others take turns in cycles of as many heights as there are of them. Lay their powers
    /// end to end: a cycle visits evenly spaced points of that line, so that each is visited as
    /// often as its power is worth, and equal ones once. From cycle to cycle the points move on.
    /// A round above the first goes to the next in order. When each of them has had a round, those
    /// who are passed over have theirs, and so on in turn: one of them may be locked on a value that
    /// only it can propose again.
    #[allow(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "`check` refuses an empty set, and places are below the count"
    )]
    pub fn proposer(&self, passed: &[PublicKey], height: u64, round: u32) -> &Validator {
        let is_passed = |v: &&Validator| passed.binary_search(&v.key).is_ok();
        let out: u128 =
            self.validators().iter().filter(is_passed).map(|v| u128::from(v.power)).sum();
        let none_out = 3 * out >= self.total_power();
        let (last, in_turn): (Vec<_>, Vec<_>) =
            self.validators().iter().partition(|v| !none_out && is_passed(v));
        let count = in_turn.len() as u64;
        let total: u128 = in_turn.iter().map(|v| u128::from(v.power)).sum();
        let (cycle, step) = (height / count, height % count);
        let moved = u128::from(cycle.wrapping_mul(GOLDEN) >> 32);
        let point = u128::from(place(step, count)) << 32 | moved;
        let point = point * total / (u128::from(count) << 32);
        let mut end = 0u128;
        let first = in_turn.iter().position(|v| {
            end += u128::from(v.power);
            point < end
        });
        let (count, round) = (in_turn.len(), round as usize % self.len());
        match round.checked_sub(count) {
            None => in_turn[(first.unwrap_or(0) + round) % count],
            Some(after) => last[after],
        }
    }
}

#[cfg(test)]
mod tests;
