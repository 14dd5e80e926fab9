//! One recipe for each operation. A new operation is one entry here and one function below.

use ballast_primitives::{Hash, KeyPolicy};
use ballast_runtime::object::Role;
use ballast_runtime::{Op, ops};

use super::council;
use super::kitchen::{Cook, Draft};

/// How to make a transaction around one kind of operation.
pub struct Recipe {
    /// The stable name of the operation it is about.
    pub name: &'static str,
    /// How often it is made, beside the others.
    pub weight: u64,
    /// None when there is nothing to make it of yet.
    pub make: fn(&mut Cook<'_>) -> Option<Draft>,
}

const fn recipe(
    name: &'static str,
    weight: u64,
    make: fn(&mut Cook<'_>) -> Option<Draft>,
) -> Recipe {
    Recipe { name, weight, make }
}

pub const RECIPES: &[Recipe] = &[
    recipe("Transfer", 50, transfer),
    recipe("DepositConfirm", 8, deposit_confirm),
    recipe("Mint", 10, mint),
    recipe("Burn", 4, burn),
    recipe("SetMinterAllowance", 3, set_minter_allowance),
    recipe("Freeze", 3, freeze),
    recipe("RegisterAccount", 4, register_account),
    recipe("CouncilExec", 8, council::exec),
];

/// Mostly one payment; now and then several, of which a late one may fail, and now and then at
/// another's cost.
fn transfer(cook: &mut Cook<'_>) -> Option<Draft> {
    let who = cook.someone();
    let count = if cook.rng.chance(250) { cook.rng.between(2, 4) } else { 1 };
    let mut payments = Vec::new();
    for _ in 0..count {
        let (to, amount) = (cook.someone(), cook.amount());
        payments.push(Op::Transfer(ops::transfer::Transfer { to, amount, travel: None }));
    }
    let sponsor = cook.rng.chance(50).then(|| cook.someone()).filter(|other| *other != who);
    let draft = cook.draft(who, payments);
    Some(Draft { sponsor, ..draft })
}

fn deposit_confirm(cook: &mut Cook<'_>) -> Option<Draft> {
    let custodian = cook.officer(Role::Custodian);
    // A reference that was used before, now and then.
    let number = if cook.rng.chance(100) { cook.kitchen.counter } else { cook.next() };
    let bank_ref = format!("WIRE-{number}");
    let beneficiary = cook.someone();
    let amount = cook.rng.between(1, 20_000_000);
    cook.kitchen.deposits.push(ops::deposit_confirm::deposit_id(&custodian, &bank_ref));
    let op = ops::deposit_confirm::DepositConfirm { bank_ref, amount, beneficiary };
    Some(cook.draft(custodian, vec![Op::DepositConfirm(op)]))
}

/// Against any deposit, all of it or a part; too much now and then.
fn mint(cook: &mut Cook<'_>) -> Option<Draft> {
    if cook.kitchen.deposits.is_empty() {
        return None;
    }
    let deposit = *cook.rng.pick(&cook.kitchen.deposits);
    let left = cook.state.deposit(&deposit).map_or(1_000, |d| d.amount - d.minted);
    let amount = match cook.rng.below(4) {
        0 => left,
        1 => left.saturating_add(1),
        _ => cook.rng.between(1, left.max(1)),
    };
    let minter = cook.officer(Role::Minter);
    Some(cook.draft(minter, vec![Op::Mint(ops::mint::Mint { deposit, amount })]))
}

/// What the minter has it got from others, so pay it first.
fn burn(cook: &mut Cook<'_>) -> Option<Draft> {
    let minter = cook.officer(Role::Minter);
    let balance = cook.state.account(&minter).map_or(0, |account| account.balance);
    if balance == 0 || cook.rng.chance(300) {
        let (who, amount) = (cook.someone(), cook.rng.between(1, 1_000_000));
        let pay = ops::transfer::Transfer { to: minter, amount, travel: None };
        return Some(cook.draft(who, vec![Op::Transfer(pay)]));
    }
    let amount = cook.rng.between(1, balance.saturating_add(1));
    Some(cook.draft(minter, vec![Op::Burn(ops::burn::Burn { amount })]))
}

fn set_minter_allowance(cook: &mut Cook<'_>) -> Option<Draft> {
    let minter = cook.officer(Role::Minter);
    let expected = cook.state.minter(&minter).map_or(0, |minter| minter.allowance);
    let new = cook.rng.between(0, 50_000_000);
    let op = ops::set_minter_allowance::SetMinterAllowance { minter, expected, new };
    let controller = cook.officer(Role::MintController);
    Some(cook.draft(controller, vec![Op::SetMinterAllowance(op)]))
}

fn freeze(cook: &mut Cook<'_>) -> Option<Draft> {
    let account = cook.someone();
    let inbound = cook.rng.chance(500);
    let outbound = !inbound || cook.rng.chance(500);
    let order = Hash(cook.rng.bytes32());
    let op = ops::freeze::Freeze { account, inbound, outbound, order };
    let officer = cook.officer(Role::Compliance);
    Some(cook.draft(officer, vec![Op::Freeze(op)]))
}

fn register_account(cook: &mut Cook<'_>) -> Option<Draft> {
    let key = cook.newcomer();
    let op = ops::register_account::RegisterAccount {
        policy: KeyPolicy::Single(key),
        kyc_class: cook.rng.below(4) as u8,
        kyc_until: cook.now_ms + cook.rng.between(0, 60_000),
        institution: cook.rng.below(3) as u32,
        memo_required: cook.rng.chance(300),
    };
    let registrar = cook.officer(Role::Registrar);
    Some(cook.draft(registrar, vec![Op::RegisterAccount(op)]))
}
