//! Building blocks, and judging those that others propose.

use std::collections::VecDeque;

use ballast_primitives::block::EXECUTION_LAG_MAX;
use ballast_primitives::planted::{Bug, planted};
use ballast_primitives::{
    BatchRef, CommitCertificate, Hash, Header, Payload, PublicKey, Return, Turns,
};
use ballast_runtime::Rules;
use ballast_runtime::object::Validators;

use crate::batches::{Batches, Held};
use crate::config::Verify;
use crate::context::BlockValue;
use crate::sets::Sets;
use crate::types::Executed;

/// How far two right clocks may be apart, in milliseconds.
pub const CLOCK_SKEW_MS_MAX: u64 = 500;
/// How long a proposal of round 0 may be on its way.
pub const DELIVERY_MS_MAX: u64 = 500;

/// How wrong a block's time is by one's own clock, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skew {
    Ahead(u64),
    Behind(u64),
}

/// Whether `time` is true of a block that was proposed for the first time in `round` and `came`
/// then. The way may take twice as long with each round, and `slack_ms` more: so whatever the
/// clocks say, a round comes in which those that are behind find enough votes.
pub fn check_time(time: u64, came: u64, round: u32, slack_ms: u64) -> Result<(), Skew> {
    let way = DELIVERY_MS_MAX.saturating_mul(1u64.checked_shl(round).unwrap_or(u64::MAX));
    let behind = came.saturating_sub(time);
    if time > came.saturating_add(CLOCK_SKEW_MS_MAX) {
        return Err(Skew::Ahead(time - came));
    }
    if behind > way.saturating_add(CLOCK_SKEW_MS_MAX).saturating_add(slack_ms) {
        return Err(Skew::Behind(behind));
    }
    Ok(())
}

/// The end of the chain as this validator has it.
#[derive(Clone, Debug)]
pub struct Tip {
    pub genesis: Hash,
    pub height: u64,
    /// Id of the block at `height`, the genesis hash at 0.
    pub id: Hash,
    pub time: u64,
    /// The executed height that the block at `height` attests; 0 at 0.
    pub attested: u64,
    /// Results of the newest blocks, oldest first, at least those that a header may still attest.
    pub results: VecDeque<Executed>,
    /// Of the next block.
    pub rules: &'static Rules,
}

impl Tip {
    pub fn result(&self, height: u64) -> Option<&Executed> {
        self.results.iter().rev().find(|executed| executed.height == height)
    }

    /// The time of the next block, by the proposer's clock.
    pub fn next_time(&self, wall_ms: u64) -> u64 {
        wall_ms.max(self.time.saturating_add(1))
    }

    pub fn newest(&self) -> Option<&Executed> {
        self.results.back()
    }
}

/// Builds the block after `tip`, which `parent` certifies, and whose height and the next are decided
/// by `sets`.
pub fn build(
    tip: &Tip,
    sets: &Sets,
    proposer: PublicKey,
    time: u64,
    parent: Option<&CommitCertificate>,
    payload: Payload,
) -> Option<BlockValue> {
    let newest = tip.newest()?;
    let header = Header {
        version: Header::VERSION,
        genesis: tip.genesis,
        height: tip.height + 1,
        parent: tip.id,
        parent_round: parent.map_or(0, |certificate| certificate.round),
        time,
        proposer,
        payload: payload.digest(),
        executed_height: newest.height,
        state_root: newest.state_root,
        receipts_root: newest.receipts_root,
        validators: sets.current().digest(),
        next_validators: sets.next().digest(),
    };
    Some(BlockValue::shown(header, payload, parent.cloned()))
}

/// What this validator thinks of a proposed block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Valid,
    /// Invalid for ever, whatever else arrives.
    Invalid(&'static str),
    /// These batches are not here.
    Missing(Vec<Hash>),
}

/// Judges a block proposed after `tip`: first what can never become valid, as far as the batches
/// that are here show it, then what is missing. Whether its time is true is a question of when it
/// was proposed, and not asked here.
pub fn judge(
    tip: &Tip,
    sets: &Sets,
    validators: &Validators,
    batches: &Batches,
    value: &BlockValue,
    verify: Verify,
) -> Verdict {
    if let Err(why) = check_header(tip, sets, value.header()) {
        return Verdict::Invalid(why);
    }
    if let Err(why) = check_payload(tip.rules, value.header(), value.payload()) {
        return Verdict::Invalid(why);
    }
    if let Err(why) = check_returns(tip, &validators.turns, value.payload(), verify) {
        return Verdict::Invalid(why);
    }
    if let Err(why) = check_evidence(tip, validators, value, verify) {
        return Verdict::Invalid(why);
    }
    let mut missing = Vec::new();
    for named in &value.payload().batches {
        match batches.get(&named.digest) {
            Some(held) if !fits(named, held) => return Verdict::Invalid(SIZE_IS_WRONG),
            Some(_) => {}
            None => missing.push(named.digest),
        }
    }
    let all_here = missing.is_empty() || planted(Bug::BatchNotHere);
    if all_here { Verdict::Valid } else { Verdict::Missing(missing) }
}

/// The rules of a header that need only the chain up to its parent.
pub fn check_header(tip: &Tip, sets: &Sets, header: &Header) -> Result<(), &'static str> {
    if header.version != Header::VERSION {
        return Err("unknown header version");
    }
    if header.genesis != tip.genesis {
        return Err("header of another chain");
    }
    if header.height != tip.height + 1 || header.parent != tip.id {
        return Err("header does not follow the chain's end");
    }
    if tip.height == 0 && header.parent_round != 0 {
        return Err("header names a round of genesis");
    }
    if header.time <= tip.time && !planted(Bug::HeaderTimeUnchecked) {
        return Err("header time is not above its parent's");
    }
    if sets.current().get(&header.proposer).is_none() {
        return Err("header's proposer is not a validator of its height");
    }
    if header.validators != sets.current().digest() {
        return Err("header names another validator set");
    }
    if header.next_validators != sets.next().digest() {
        return Err("header names another validator set for the next height");
    }
    check_attestation(tip, header)
}

/// The results a header attests must be ours.
fn check_attestation(tip: &Tip, header: &Header) -> Result<(), &'static str> {
    let lag_fits = header.executed_height.saturating_add(EXECUTION_LAG_MAX) >= header.height;
    if header.executed_height < tip.attested || !lag_fits {
        return Err("header attests too old a result");
    }
    if planted(Bug::StateRootUnchecked) {
        return Ok(());
    }
    let Some(ours) = tip.result(header.executed_height) else {
        return Err("header attests a result that does not exist yet");
    };
    if header.state_root != ours.state_root || header.receipts_root != ours.receipts_root {
        return Err("header attests a result that is not ours");
    }
    Ok(())
}

const SIZE_IS_WRONG: &str = "block names a batch with a wrong size";

/// Whether a block says of a batch what is in it. Its digest fixes it, so all agree for ever.
pub fn fits(named: &BatchRef, held: &Held) -> bool {
    *named == held.named(named.digest) || planted(Bug::BatchSizeUnchecked)
}

/// The rules of a payload whose batches are all here, in its order.
pub fn check_batches(
    rules: &Rules,
    header: &Header,
    payload: &Payload,
    held: &[Held],
) -> Result<(), &'static str> {
    check_payload(rules, header, payload)?;
    let all_fit = payload.batches.iter().zip(held).all(|(named, held)| fits(named, held));
    if payload.batches.len() == held.len() && all_fit { Ok(()) } else { Err(SIZE_IS_WRONG) }
}

/// The rules of a payload by itself.
pub fn check_payload(
    rules: &Rules,
    header: &Header,
    payload: &Payload,
) -> Result<(), &'static str> {
    if header.payload != payload.digest() {
        return Err("header does not commit to the payload");
    }
    payload.check_within(&rules.block)
}

/// Whoever returns is passed over, has waited long enough, and says so itself.
fn check_returns(
    tip: &Tip,
    turns: &Turns,
    payload: &Payload,
    verify: Verify,
) -> Result<(), &'static str> {
    if !payload.returns.is_sorted_by(|a, b| a.validator < b.validator) {
        return Err("returns of validators are not strictly ascending");
    }
    let height = tip.height.saturating_add(1);
    if !payload.returns.iter().all(|said| turns.may_return(said, height)) {
        return Err("a validator returns that may not");
    }
    let genuine = |said: &Return| {
        let bytes = Return::signed_bytes(said.from, &tip.genesis);
        verify(&said.validator, &bytes, &said.signature).is_ok()
    };
    match payload.returns.iter().all(genuine) {
        true => Ok(()),
        false => Err("a validator's return is not signed by it"),
    }
}

/// Whoever signed twice is one of these validators, was not named of late, and both signatures are its
/// own.
fn check_evidence(
    tip: &Tip,
    validators: &Validators,
    value: &BlockValue,
    verify: Verify,
) -> Result<(), &'static str> {
    let (evidence, time) = (&value.payload().evidence, value.header().time);
    if !evidence.is_sorted_by(|a, b| a.validator < b.validator) {
        return Err("evidence is not strictly ascending by validator");
    }
    let height = tip.height.saturating_add(1);
    if !evidence.iter().all(|proof| validators.may_name(proof, height, time)) {
        return Err("a block names a validator that it may not name");
    }
    match evidence.iter().all(|proof| proof.is_proof(&tip.genesis, verify)) {
        true => Ok(()),
        false => Err("evidence proves nothing"),
    }
}

/// Whether `certificate` shows in which round the block at `tip` was decided, as `header` says.
pub fn shows_round(
    tip: &Tip,
    sets: &Sets,
    header: &Header,
    certificate: &CommitCertificate,
    verify: Verify,
) -> bool {
    let fits = certificate.height == tip.height
        && certificate.block == tip.id
        && certificate.round == header.parent_round;
    fits && certificate.verify_by(&tip.genesis, sets.previous(), verify).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_true_within_the_skew_and_the_way_which_grows_with_the_rounds() {
        let check = |time, round, slack| check_time(time, 100_000, round, slack);
        assert_eq!(check(100_500, 0, 0), Ok(()));
        assert_eq!(check(100_501, 9, 9), Err(Skew::Ahead(501)));
        for (round, slack, oldest) in
            [(0, 0, 99_000), (0, 300, 98_700), (1, 0, 98_500), (3, 0, 95_500)]
        {
            assert_eq!(check(oldest, round, slack), Ok(()));
            let late = Err(Skew::Behind(100_001 - oldest));
            assert_eq!(check(oldest - 1, round, slack), late);
        }
        assert_eq!(check_time(0, u64::MAX, 64, 0), Ok(()));
        assert_eq!(check_time(u64::MAX, 0, u32::MAX, u64::MAX), Err(Skew::Ahead(u64::MAX)));
    }

    fn header() -> Header {
        Header {
            version: Header::VERSION,
            genesis: Hash::ZERO,
            height: 5,
            parent: Hash::ZERO,
            parent_round: 0,
            time: 2,
            proposer: PublicKey([1; 32]),
            payload: Hash::ZERO,
            executed_height: u64::MAX,
            state_root: Hash::ZERO,
            receipts_root: Hash::ZERO,
            validators: Hash::ZERO,
            next_validators: Hash::ZERO,
        }
    }

    #[test]
    fn a_header_that_attests_a_height_near_the_greatest_is_refused() {
        let tip = Tip {
            genesis: Hash::ZERO,
            height: 4,
            id: Hash::ZERO,
            time: 1,
            attested: 3,
            results: VecDeque::new(),
            rules: &Rules::V1,
        };
        let header = header();
        let why = "header attests a result that does not exist yet";
        assert_eq!(check_attestation(&tip, &header), Err(why));
        let old = Header { executed_height: 2, ..header };
        assert_eq!(check_attestation(&tip, &old), Err("header attests too old a result"));
    }

    #[test]
    fn a_batch_is_named_with_its_sizes_or_the_block_is_invalid() {
        let mut held = Held::new(PublicKey([1; 32]), Vec::new(), 100);
        held.signatures = 3;
        let named = held.named(Hash([2; 32]));
        assert_eq!((named.bytes, named.txs, named.signatures), (100, 0, 3));
        let judged = |named: BatchRef| {
            let payload = Payload { batches: vec![named], ..Payload::default() };
            let header = Header { payload: payload.digest(), ..header() };
            check_batches(&Rules::V1, &header, &payload, std::slice::from_ref(&held))
        };
        assert_eq!(judged(named), Ok(()));
        for wrong in [
            BatchRef { bytes: 99, ..named },
            BatchRef { txs: 1, ..named },
            BatchRef { signatures: 2, ..named },
        ] {
            assert_eq!(judged(wrong), Err(SIZE_IS_WRONG));
        }
    }
}
