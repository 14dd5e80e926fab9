//! Payments, allowances, authorisations, bridges.

use ballast_primitives::domain::SignTag;
use ballast_primitives::{Address, Hash};
use ballast_runtime::authorisation::{PayAuthBody, PermitBody, TravelData};
use ballast_runtime::object::{Allowance, Role};
use ballast_runtime::{Key, Object, Op, Witness, ops};

use super::council::BRIDGES;
use super::kitchen::{Cook, Draft};
use crate::sim::setting::institution_key;

/// How many nonces of authorisations each owner has: some are used again.
const AUTHS: u64 = 200;
/// How long allowances, authorisations and travel data are good for: short enough for them to end
/// within a run.
const TERM_MS: u64 = 15_000;

/// Mostly one payment; now and then several, of which a late one may fail, and now and then at
/// another's cost.
pub fn transfer(cook: &mut Cook<'_>) -> Option<Draft> {
    let who = cook.someone();
    let count = if cook.rng.chance(250) { cook.rng.between(2, 4) } else { 1 };
    let mut payments = Vec::new();
    for _ in 0..count {
        let (to, amount) = (cook.someone(), cook.amount());
        let travel = travel(cook, &who, &to, amount);
        payments.push(Op::Transfer(ops::transfer::Transfer { to, amount, travel }));
    }
    let sponsor = cook.rng.chance(50).then(|| cook.someone()).filter(|other| *other != who);
    let draft = cook.draft(who, payments);
    Some(Draft { sponsor, ..draft })
}

/// What the payee's institution signs, mostly, when the payer is of another one.
fn travel(
    cook: &mut Cook<'_>,
    payer: &Address,
    payee: &Address,
    amount: u64,
) -> Option<Box<TravelData>> {
    let of = |who: &Address| cook.state.account(who).map_or(0, |account| account.institution);
    let (from, to) = (of(payer), of(payee));
    if from == 0 || to == 0 || from == to || cook.rng.chance(200) {
        return None;
    }
    let (data, nonce, expires) = (cook.hash(), cook.hash(), cook.now_ms + TERM_MS);
    let key = institution_key(to);
    let message =
        cook.kitchen.message(SignTag::Travel, &(payer, payee, amount, data, nonce, expires));
    let witness = Witness { key: key.public(), signature: key.sign(&message) };
    Some(Box::new(TravelData { data, nonce, expires, witness }))
}

fn allowance(cook: &Cook<'_>, owner: &Address, spender: &Address) -> u64 {
    match cook.state.get(&Key::Allowance(*owner, *spender)) {
        Some(Object::Allowance(allowance)) => Allowance::current(allowance, cook.now_ms),
        _ => 0,
    }
}

pub fn approve(cook: &mut Cook<'_>) -> Option<Draft> {
    let (owner, spender) = (cook.someone(), cook.someone());
    let expected = allowance(cook, &owner, &spender);
    let (amount, expires) = (cook.rng.between(0, 20_000_000), cook.now_ms + TERM_MS);
    let op = ops::approve::Approve { spender, expected, amount, expires };
    Some(cook.draft(owner, vec![Op::Approve(op)]))
}

/// From someone who allowed it, if anyone did.
pub fn transfer_from(cook: &mut Cook<'_>) -> Option<Draft> {
    let (first, last) = (Address([0; 32]), Address([255; 32]));
    let given = cook.state.range(Key::Allowance(first, first)..=Key::Allowance(last, last));
    let pair = |(key, _): (&Key, &Object)| match key {
        Key::Allowance(owner, spender) => Some((*owner, *spender)),
        _ => None,
    };
    let pairs: Vec<_> = given.filter_map(pair).collect();
    if pairs.is_empty() {
        return approve(cook);
    }
    let (owner, spender) = *cook.rng.pick(&pairs);
    let to = cook.someone();
    let amount = cook.rng.between(1, allowance(cook, &owner, &spender).max(1));
    let travel = travel(cook, &owner, &to, amount);
    let op = ops::transfer_from::TransferFrom { owner, to, amount, travel };
    Some(cook.draft(spender, vec![Op::TransferFrom(op)]))
}

/// A nonce of an authorisation; of the newer ones mostly.
fn auth_nonce(cook: &mut Cook<'_>) -> Hash {
    let mut nonce = [0; 32];
    nonce[..8].copy_from_slice(&cook.rng.below(AUTHS).to_le_bytes());
    Hash(nonce)
}

/// What the owner's keys sign inside an operation.
fn signed_by<T: borsh::BorshSerialize>(
    cook: &Cook<'_>,
    tag: SignTag,
    body: &T,
    owner: &Address,
) -> Vec<Witness> {
    let message = cook.kitchen.message(tag, body);
    cook.kitchen.witnesses(cook.state, &[*owner], &message)
}

/// Who relays an authorisation, and whether nobody else may.
fn relay(cook: &mut Cook<'_>) -> (Address, Option<Address>) {
    let sender = cook.someone();
    (sender, cook.rng.chance(200).then_some(sender))
}

pub fn permit(cook: &mut Cook<'_>) -> Option<Draft> {
    let (owner, spender) = (cook.someone(), cook.someone());
    let (sender, executor) = relay(cook);
    let body = PermitBody {
        owner,
        spender,
        expected: allowance(cook, &owner, &spender),
        amount: cook.rng.between(0, 20_000_000),
        expires: cook.now_ms + TERM_MS,
        nonce: auth_nonce(cook),
        not_before: 0,
        deadline: cook.now_ms + TERM_MS,
        executor,
    };
    let witnesses = signed_by(cook, SignTag::Permit, &body, &owner);
    let op = ops::permit::Permit { body: Box::new(body), witnesses };
    Some(cook.draft(sender, vec![Op::Permit(op)]))
}

pub fn pay_auth(cook: &mut Cook<'_>) -> Option<Draft> {
    let (owner, to, amount) = (cook.someone(), cook.someone(), cook.amount());
    let (sender, executor) = relay(cook);
    let body = PayAuthBody {
        owner,
        to,
        amount,
        memo: cook.rng.chance(300).then(|| vec![7; 4]),
        nonce: auth_nonce(cook),
        not_before: 0,
        deadline: cook.now_ms + TERM_MS,
        executor,
    };
    let witnesses = signed_by(cook, SignTag::PayAuth, &body, &owner);
    let travel = travel(cook, &owner, &to, amount);
    let op = ops::pay_auth::PayAuth { body: Box::new(body), witnesses, travel };
    Some(cook.draft(sender, vec![Op::PayAuth(op)]))
}

pub fn cancel_auth(cook: &mut Cook<'_>) -> Option<Draft> {
    let (owner, nonce) = (cook.someone(), auth_nonce(cook));
    let deadline = cook.now_ms + TERM_MS;
    let op = ops::cancel_auth::CancelAuth { nonce, deadline };
    Some(cook.draft(owner, vec![Op::CancelAuth(op)]))
}

pub fn bridge_out(cook: &mut Cook<'_>) -> Option<Draft> {
    let bridge = cook.rng.between(1, BRIDGES) as u32;
    let (from, amount) = (cook.someone(), cook.rng.between(1, 3_000_000));
    let recipient = cook.rng.word().to_le_bytes().to_vec();
    let op = ops::bridge_out::BridgeOut { bridge, amount, recipient };
    Some(cook.draft(from, vec![Op::BridgeOut(op)]))
}

pub fn bridge_in(cook: &mut Cook<'_>) -> Option<Draft> {
    let bridge = cook.rng.between(1, BRIDGES) as u32;
    let escrow = cook.state.bridge(bridge).map_or(0, |bridge| bridge.escrow);
    let most = u64::try_from(escrow).unwrap_or(u64::MAX).saturating_add(1);
    let (to, amount) = (cook.someone(), cook.rng.between(1, most));
    let remote_tx = auth_nonce(cook);
    let op = ops::bridge_in::BridgeIn { bridge, remote_tx, to, amount };
    Some(cook.draft(cook.officer(Role::Bridge), vec![Op::BridgeIn(op)]))
}
