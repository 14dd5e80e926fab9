//! Operations of accounts, shortly. Those of the council are in [`super::council`].

use ballast_primitives::{Address, Hash, KeyPolicy, PublicKey, SecretKey};
use ballast_runtime::authorisation::{PayAuthBody, PermitBody};
use ballast_runtime::object::ReportBody;
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::ops::*;
use ballast_runtime::{CouncilOp, Op};

use super::{Who, witnesses};

pub const ORDER: Hash = Hash([9; 32]);

pub fn transfer(to: Who, amount: u64) -> Op {
    transfer_to(to.address(), amount)
}

pub fn transfer_to(to: Address, amount: u64) -> Op {
    Op::Transfer(transfer::Transfer { to, amount, travel: None })
}

pub fn approve(spender: Address, expected: u64, amount: u64, expires: u64) -> Op {
    Op::Approve(approve::Approve { spender, expected, amount, expires })
}

pub fn transfer_from(owner: Address, to: Address, amount: u64) -> Op {
    Op::TransferFrom(transfer_from::TransferFrom { owner, to, amount, travel: None })
}

/// With witnesses of `keys`, unsigned.
pub fn permit(body: PermitBody, keys: &[SecretKey]) -> Op {
    Op::Permit(permit::Permit { body: Box::new(body), witnesses: witnesses(keys) })
}

/// With witnesses of `keys`, unsigned.
pub fn pay_auth(body: PayAuthBody, keys: &[SecretKey]) -> Op {
    let (body, witnesses) = (Box::new(body), witnesses(keys));
    Op::PayAuth(pay_auth::PayAuth { body, witnesses, travel: None })
}

pub fn cancel_auth(nonce: Hash, deadline: u64) -> Op {
    Op::CancelAuth(cancel_auth::CancelAuth { nonce, deadline })
}

pub fn deposit(bank_ref: &str, amount: u64, beneficiary: Address) -> Op {
    let bank_ref = bank_ref.to_owned();
    Op::DepositConfirm(deposit_confirm::DepositConfirm { bank_ref, amount, beneficiary })
}

pub fn reverse(deposit: Hash, document: Hash) -> Op {
    Op::DepositReverse(deposit_reverse::DepositReverse { deposit, document })
}

pub fn payout(redemption: Hash, bank_ref: &str, net: u64) -> Op {
    let bank_ref = bank_ref.to_owned();
    Op::PayoutConfirm(payout_confirm::PayoutConfirm { redemption, bank_ref, net })
}

pub fn payout_failed(redemption: Hash, document: Hash) -> Op {
    Op::PayoutFailed(payout_failed::PayoutFailed { redemption, document })
}

pub fn mint(deposit: Hash, amount: u64) -> Op {
    Op::Mint(mint::Mint { deposit, amount })
}

pub fn burn(amount: u64) -> Op {
    Op::Burn(burn::Burn { amount })
}

pub fn allowance(minter: Address, expected: u64, new: u64) -> Op {
    Op::SetMinterAllowance(set_minter_allowance::SetMinterAllowance { minter, expected, new })
}

pub fn freeze(account: Address, inbound: bool, outbound: bool) -> Op {
    Op::Freeze(freeze::Freeze { account, inbound, outbound, order: ORDER })
}

pub fn set_hold(account: Address, expected: u64, hold: u64) -> Op {
    Op::SetHold(set_hold::SetHold { account, expected, hold, order: ORDER })
}

/// Of no institution.
pub fn register(policy: KeyPolicy, kyc_class: u8, kyc_until: u64) -> Op {
    Op::RegisterAccount(register_account::RegisterAccount {
        policy,
        kyc_class,
        kyc_until,
        institution: 0,
        memo_required: false,
    })
}

/// Without memos.
pub fn set_kyc(account: Address, kyc_class: u8, kyc_until: u64, institution: u32) -> Op {
    let memo_required = false;
    Op::SetKyc(set_kyc::SetKyc { account, kyc_class, kyc_until, institution, memo_required })
}

pub fn set_institution(institution: u32, name: &str, key: PublicKey) -> Op {
    let name = name.to_owned();
    Op::SetInstitution(set_institution::SetInstitution { institution, name, key })
}

pub fn rotate_key(policy: KeyPolicy) -> Op {
    Op::RotateKey(rotate_key::RotateKey { policy })
}

pub fn redeem(amount: u64, fee_max: u64, beneficiary: Hash) -> Op {
    Op::RedeemRequest(redeem_request::RedeemRequest { amount, fee_max, beneficiary })
}

pub fn accept(redemption: Hash) -> Op {
    Op::RedeemAccept(redeem_accept::RedeemAccept { redemption })
}

pub fn settle(redemption: Hash) -> Op {
    Op::RedeemSettle(redeem_settle::RedeemSettle { redemption })
}

pub fn reject(redemption: Hash, document: Hash) -> Op {
    Op::RedeemReject(redeem_reject::RedeemReject { redemption, document })
}

pub fn cancel(redemption: Hash) -> Op {
    Op::RedeemCancel(redeem_cancel::RedeemCancel { redemption })
}

pub fn expire(redemption: Hash) -> Op {
    Op::RedeemExpire(redeem_expire::RedeemExpire { redemption })
}

/// With witnesses of `keys`, unsigned.
pub fn submit_report(body: ReportBody, keys: &[SecretKey]) -> Op {
    let (body, witnesses) = (Box::new(body), witnesses(keys));
    Op::SubmitReport(submit_report::SubmitReport { body, witnesses })
}

pub fn attest_report(report: u64, digest: Hash) -> Op {
    Op::AttestReport(attest_report::AttestReport { report, digest })
}

pub fn revoke_report(report: u64, document: Hash) -> Op {
    Op::RevokeReport(revoke_report::RevokeReport { report, document })
}

pub fn reconcile(as_of: u64, height: u64, liabilities: u128) -> Op {
    Op::Reconcile(reconcile::Reconcile { as_of, height, liabilities })
}

pub fn bridge_out(bridge: u32, amount: u64, recipient: &[u8]) -> Op {
    Op::BridgeOut(bridge_out::BridgeOut { bridge, amount, recipient: recipient.to_vec() })
}

pub fn bridge_in(bridge: u32, remote_tx: Hash, to: Address, amount: u64) -> Op {
    Op::BridgeIn(bridge_in::BridgeIn { bridge, remote_tx, to, amount })
}

pub fn propose(ops: impl Into<Vec<CouncilOp>>) -> Op {
    Op::Propose(propose::Propose { ops: ops.into() })
}

pub fn vote(proposal: u64, digest: Hash, choice: Choice) -> Op {
    Op::Vote(vote::Vote { proposal, digest, choice })
}

pub fn execute(proposal: u64) -> Op {
    Op::Execute(execute::Execute { proposal })
}
