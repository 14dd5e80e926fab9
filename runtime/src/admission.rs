//! May this transaction be in a block at all? The checks whose failure leaves no trace on the
//! chain, in their order of precedence. Admission asks before it queues a transaction, execution
//! asks again: one function, so that the two cannot disagree on the same state.

use ballast_primitives::KeyPolicy;
use ballast_primitives::planted::{Bug, planted};

use crate::code::Code;
use crate::execute::BlockContext;
use crate::object::{Account, Bucket, Key};
use crate::op::{Op, Signer};
use crate::state::{At, State};
use crate::tx::{SignedTx, TxBody, Witness};

/// Whether every operation is protective: the transaction goes before the rest of its block and
/// costs no quota.
pub fn is_lane0(tx: &SignedTx) -> bool {
    is_protective(&tx.body)
}

fn is_protective(body: &TxBody) -> bool {
    body.ops.iter().all(Op::is_protective)
}

/// Whether a block with this context, on this state, would include the transaction. Expects
/// signatures that were verified (see [`crate::VerifiedTx`]); changes nothing.
pub fn check(state: &State, context: &BlockContext, tx: &SignedTx) -> Result<(), Code> {
    admit(state, context, tx).map(|_| ())
}

/// What execution writes for an includable transaction whatever becomes of its operations.
pub(crate) struct Admitted {
    pub(crate) sender: At<Account>,
    /// The account whose quota pays, and what is left in its bucket; none in lane 0.
    pub(crate) spent: Option<(At<Account>, Bucket)>,
}

pub(crate) fn admit(
    state: &State,
    context: &BlockContext,
    tx: &SignedTx,
) -> Result<Admitted, Code> {
    admit_body(state, context, &tx.body, Some(&tx.witnesses))
}

/// As [`admit`]; without witnesses, as if those that are needed had signed.
pub(crate) fn admit_body(
    state: &State,
    context: &BlockContext,
    body: &TxBody,
    witnesses: Option<&[Witness]>,
) -> Result<Admitted, Code> {
    if body.genesis != context.genesis || body.chain_id != context.chain_id {
        return Err(Code::BadChain);
    }
    if context.time >= body.valid_until && !planted(Bug::ExpiredIncluded) {
        return Err(Code::Expired);
    }
    if body.includable_from() > context.time && !planted(Bug::TooFarAheadIncluded) {
        return Err(Code::TooFarAhead);
    }
    let find = |address| -> Result<At<Account>, Code> {
        state.find(&Key::Account(address)).ok_or(Code::UnknownAccount)
    };
    let sender = find(body.sender)?;
    let sponsor = body.sponsor.map(find).transpose()?;
    let account = state.read(sender);
    if let Some(witnesses) = witnesses {
        let sponsor = sponsor.map(|sponsor| &state.read(sponsor).policy);
        check_witnesses(witnesses, &account.policy, sponsor)?;
    }
    account.replay.check(body.nonce)?;
    if is_protective(body) {
        check_lane(state, body, context.time)?;
        return Ok(Admitted { sender, spent: None });
    }
    let payer = sponsor.unwrap_or(sender);
    let bucket = spend(state, payer, context.time, body.ops.len() as u64);
    Ok(Admitted { sender, spent: Some((payer, bucket.ok_or(Code::QuotaExceeded)?)) })
}

/// Enough keys of the sender's policy and of the sponsor's signed, and no key of neither.
fn check_witnesses(
    witnesses: &[Witness],
    sender: &KeyPolicy,
    sponsor: Option<&KeyPolicy>,
) -> Result<(), Code> {
    let signed = |policy: &KeyPolicy| {
        witnesses.iter().filter(|witness| policy.keys().contains(&witness.key)).count()
    };
    let satisfied = |policy: &KeyPolicy| signed(policy) >= policy.required();
    let known = |witness: &Witness| {
        sender.keys().contains(&witness.key)
            || sponsor.is_some_and(|policy| policy.keys().contains(&witness.key))
    };
    let good = satisfied(sender) && sponsor.is_none_or(satisfied) && witnesses.iter().all(known);
    if good { Ok(()) } else { Err(Code::BadSignature) }
}

/// Lane 0 is for those who may send each of its operations; from anyone else it would be a way
/// around quotas.
fn check_lane(state: &State, body: &TxBody, now: u64) -> Result<(), Code> {
    let may_send = |op: &Op| match op {
        // Who signed a report may withdraw it, role or not.
        Op::RevokeReport(op) => op.is_signer(state, &body.sender),
        _ => match op.signer() {
            Signer::Role(role) => state.holds(role, &body.sender, now),
            Signer::Member => state.council().is_member(&body.sender),
            Signer::Anyone => false,
        },
    };
    if body.ops.iter().all(may_send) { Ok(()) } else { Err(Code::LaneUnauthorized) }
}

/// The quota of `payer` after what costs as much as `operations`.
pub(crate) fn spend(
    state: &State,
    payer: At<Account>,
    now: u64,
    operations: u64,
) -> Option<Bucket> {
    let account = state.read(payer);
    let quota = state.policy().quotas.get(usize::from(account.kyc_class))?;
    quota.spend(&account.quota, now, operations)
}
