//! The way of a redemption, and the bank's word about it.

use ballast_primitives::Hash;
use ballast_runtime::object::{Redemption, RedemptionStatus, Role};
use ballast_runtime::{Key, Object, Op, ops, redemption};

use super::kitchen::{Cook, Draft};

pub fn request(cook: &mut Cook<'_>) -> Option<Draft> {
    let (owner, terms) = (cook.someone(), cook.state.terms());
    let amount = terms.min.saturating_add(cook.rng.below(20_000_000));
    let fee_max = redemption::fee(terms, amount);
    let op = ops::redeem_request::RedeemRequest { amount, fee_max, beneficiary: cook.hash() };
    Some(cook.draft(owner, vec![Op::RedeemRequest(op)]))
}

/// A redemption that `suits`, or any, or none.
fn find(cook: &mut Cook<'_>, suits: impl Fn(&Redemption) -> bool) -> Option<(Hash, Redemption)> {
    let keys = Key::Redemption(Hash([0; 32]))..=Key::Redemption(Hash([255; 32]));
    let found = |(key, object): (&Key, &Object)| match (key, object) {
        (Key::Redemption(id), Object::Redemption(redemption)) => {
            Some((*id, redemption.as_ref().clone()))
        }
        _ => None,
    };
    let all: Vec<_> = cook.state.range(keys).filter_map(found).collect();
    let fit: Vec<_> = all.iter().filter(|(_, redemption)| suits(redemption)).cloned().collect();
    let from = if fit.is_empty() || cook.rng.chance(100) { all } else { fit };
    (!from.is_empty()).then(|| cook.rng.pick(&from).clone())
}

fn requested(redemption: &Redemption) -> bool {
    redemption.status == RedemptionStatus::Requested
}

fn processing(redemption: &Redemption) -> bool {
    redemption.status == RedemptionStatus::Processing
}

fn by_redeemer(cook: &mut Cook<'_>, op: Op) -> Option<Draft> {
    Some(cook.draft(cook.officer(Role::Redeemer), vec![op]))
}

fn by_custodian(cook: &mut Cook<'_>, op: Op) -> Option<Draft> {
    Some(cook.draft(cook.officer(Role::Custodian), vec![op]))
}

pub fn accept(cook: &mut Cook<'_>) -> Option<Draft> {
    let (redemption, _) = find(cook, requested)?;
    by_redeemer(cook, Op::RedeemAccept(ops::redeem_accept::RedeemAccept { redemption }))
}

pub fn settle(cook: &mut Cook<'_>) -> Option<Draft> {
    let (redemption, _) = find(cook, |r| processing(r) && r.payout.is_some())?;
    by_redeemer(cook, Op::RedeemSettle(ops::redeem_settle::RedeemSettle { redemption }))
}

pub fn reject(cook: &mut Cook<'_>) -> Option<Draft> {
    let (redemption, _) = find(cook, requested)?;
    let document = cook.hash();
    by_redeemer(cook, Op::RedeemReject(ops::redeem_reject::RedeemReject { redemption, document }))
}

pub fn cancel(cook: &mut Cook<'_>) -> Option<Draft> {
    let (redemption, found) = find(cook, requested)?;
    let op = ops::redeem_cancel::RedeemCancel { redemption };
    Some(cook.draft(found.owner, vec![Op::RedeemCancel(op)]))
}

/// One that nobody accepted for days, if there is one: it takes a long night.
pub fn expire(cook: &mut Cook<'_>) -> Option<Draft> {
    let now = cook.now_ms;
    let (redemption, _) = find(cook, |r| requested(r) && r.due_at <= now)?;
    let who = cook.someone();
    Some(cook.draft(who, vec![Op::RedeemExpire(ops::redeem_expire::RedeemExpire { redemption })]))
}

pub fn payout_confirm(cook: &mut Cook<'_>) -> Option<Draft> {
    let (redemption, found) = find(cook, |r| processing(r) && r.payout.is_none())?;
    let bank_ref = format!("PAYOUT-{}", cook.next());
    let op = ops::payout_confirm::PayoutConfirm { redemption, bank_ref, net: found.net };
    by_custodian(cook, Op::PayoutConfirm(op))
}

pub fn payout_failed(cook: &mut Cook<'_>) -> Option<Draft> {
    let (redemption, _) = find(cook, processing)?;
    let document = cook.hash();
    by_custodian(cook, Op::PayoutFailed(ops::payout_failed::PayoutFailed { redemption, document }))
}
