//! Registrations, keys, freezes and holds.

use ballast_primitives::KeyPolicy;
use ballast_runtime::object::Role;
use ballast_runtime::{Op, ops};

use super::kitchen::{Cook, Draft};
use crate::sim::setting::{INSTITUTIONS, institution_key};

pub fn freeze(cook: &mut Cook<'_>) -> Option<Draft> {
    let op = freeze_op(cook);
    Some(cook.draft(cook.officer(Role::Compliance), vec![Op::Freeze(op)]))
}

pub fn freeze_op(cook: &mut Cook<'_>) -> ops::freeze::Freeze {
    let account = cook.someone();
    let inbound = cook.rng.chance(500);
    let outbound = !inbound || cook.rng.chance(500);
    ops::freeze::Freeze { account, inbound, outbound, order: cook.hash() }
}

pub fn set_hold(cook: &mut Cook<'_>) -> Option<Draft> {
    let op = hold_op(cook, true);
    Some(cook.draft(cook.officer(Role::Compliance), vec![Op::SetHold(op)]))
}

/// An officer raises a hold; the council mostly lifts it.
pub fn hold_op(cook: &mut Cook<'_>, raise: bool) -> ops::set_hold::SetHold {
    let account = cook.someone();
    let expected = cook.state.account(&account).map_or(0, |account| account.hold);
    let hold = if raise { expected.saturating_add(cook.rng.below(1_000_000)) } else { 0 };
    ops::set_hold::SetHold { account, expected, hold, order: cook.hash() }
}

pub fn register_account(cook: &mut Cook<'_>) -> Option<Draft> {
    let key = cook.newcomer();
    let op = ops::register_account::RegisterAccount {
        policy: KeyPolicy::Single(key),
        kyc_class: cook.rng.below(4) as u8,
        kyc_until: cook.now_ms + cook.rng.between(0, 60_000),
        institution: cook.rng.below(u64::from(INSTITUTIONS) + 2) as u32,
        memo_required: cook.rng.chance(300),
    };
    Some(cook.draft(cook.officer(Role::Registrar), vec![Op::RegisterAccount(op)]))
}

pub fn set_kyc(cook: &mut Cook<'_>) -> Option<Draft> {
    let op = ops::set_kyc::SetKyc {
        account: cook.someone(),
        kyc_class: cook.rng.between(1, 2) as u8,
        kyc_until: cook.now_ms + cook.rng.between(0, 600_000),
        institution: cook.rng.below(u64::from(INSTITUTIONS) + 1) as u32,
        memo_required: cook.rng.chance(200),
    };
    Some(cook.draft(cook.officer(Role::Registrar), vec![Op::SetKyc(op)]))
}

/// Its name changes; the key that others sign with stays.
pub fn set_institution(cook: &mut Cook<'_>) -> Option<Draft> {
    let institution = cook.rng.between(1, u64::from(INSTITUTIONS) + 1) as u32;
    let (name, key) = (format!("house {}", cook.next()), institution_key(institution).public());
    let op = ops::set_institution::SetInstitution { institution, name, key };
    Some(cook.draft(cook.officer(Role::Registrar), vec![Op::SetInstitution(op)]))
}

/// One key, or two of three.
pub fn new_policy(cook: &mut Cook<'_>) -> KeyPolicy {
    if cook.rng.chance(600) {
        return KeyPolicy::Single(cook.new_key());
    }
    let mut keys: Vec<_> = (0..3).map(|_| cook.new_key()).collect();
    keys.sort_unstable();
    KeyPolicy::Threshold { k: 2, keys }
}

pub fn rotate_key(cook: &mut Cook<'_>) -> Option<Draft> {
    let (who, policy) = (cook.someone(), new_policy(cook));
    Some(cook.draft(who, vec![Op::RotateKey(ops::rotate_key::RotateKey { policy })]))
}
