//! Deposits, minting and burning.

use ballast_runtime::object::Role;
use ballast_runtime::{Op, ops};

use super::kitchen::{Cook, Draft};

pub fn deposit_confirm(cook: &mut Cook<'_>) -> Option<Draft> {
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

pub fn deposit_reverse(cook: &mut Cook<'_>) -> Option<Draft> {
    if cook.kitchen.deposits.is_empty() {
        return None;
    }
    let (deposit, document) = (*cook.rng.pick(&cook.kitchen.deposits), cook.hash());
    let op = ops::deposit_reverse::DepositReverse { deposit, document };
    Some(cook.draft(cook.officer(Role::Custodian), vec![Op::DepositReverse(op)]))
}

/// Against any deposit, all of it or a part; too much now and then.
pub fn mint(cook: &mut Cook<'_>) -> Option<Draft> {
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
pub fn burn(cook: &mut Cook<'_>) -> Option<Draft> {
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

pub fn set_minter_allowance(cook: &mut Cook<'_>) -> Option<Draft> {
    let minter = cook.officer(Role::Minter);
    let expected = cook.state.minter(&minter).map_or(0, |minter| minter.allowance);
    let new = cook.rng.between(0, 50_000_000);
    let op = ops::set_minter_allowance::SetMinterAllowance { minter, expected, new };
    let controller = cook.officer(Role::MintController);
    Some(cook.draft(controller, vec![Op::SetMinterAllowance(op)]))
}
