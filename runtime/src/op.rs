//! What a transaction may ask for. Each variant's fields and rules are in its file under
//! [`crate::ops`]. Discriminants are part of the wire format and never reused. What only the
//! council may do is in [`crate::council_op`].

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::object::{Role, Scope};
use crate::ops::{self, Env};

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Op {
    Transfer(ops::transfer::Transfer) = 1,
    Approve(ops::approve::Approve) = 2,
    TransferFrom(ops::transfer_from::TransferFrom) = 3,
    Permit(ops::permit::Permit) = 4,
    PayAuth(ops::pay_auth::PayAuth) = 5,
    CancelAuth(ops::cancel_auth::CancelAuth) = 6,
    DepositConfirm(ops::deposit_confirm::DepositConfirm) = 10,
    DepositReverse(ops::deposit_reverse::DepositReverse) = 11,
    PayoutConfirm(ops::payout_confirm::PayoutConfirm) = 12,
    PayoutFailed(ops::payout_failed::PayoutFailed) = 13,
    Mint(ops::mint::Mint) = 20,
    Burn(ops::burn::Burn) = 21,
    SetMinterAllowance(ops::set_minter_allowance::SetMinterAllowance) = 22,
    Freeze(ops::freeze::Freeze) = 30,
    SetHold(ops::set_hold::SetHold) = 32,
    RegisterAccount(ops::register_account::RegisterAccount) = 50,
    SetKyc(ops::set_kyc::SetKyc) = 51,
    SetInstitution(ops::set_institution::SetInstitution) = 52,
    RotateKey(ops::rotate_key::RotateKey) = 53,
    RedeemRequest(ops::redeem_request::RedeemRequest) = 70,
    RedeemAccept(ops::redeem_accept::RedeemAccept) = 71,
    RedeemSettle(ops::redeem_settle::RedeemSettle) = 72,
    RedeemReject(ops::redeem_reject::RedeemReject) = 73,
    RedeemCancel(ops::redeem_cancel::RedeemCancel) = 74,
    RedeemExpire(ops::redeem_expire::RedeemExpire) = 75,
    SubmitReport(ops::submit_report::SubmitReport) = 80,
    AttestReport(ops::attest_report::AttestReport) = 81,
    RevokeReport(ops::revoke_report::RevokeReport) = 82,
    Reconcile(ops::reconcile::Reconcile) = 83,
    BridgeOut(ops::bridge_out::BridgeOut) = 90,
    BridgeIn(ops::bridge_in::BridgeIn) = 91,
    Propose(ops::propose::Propose) = 100,
    Vote(ops::vote::Vote) = 101,
    Execute(ops::execute::Execute) = 102,
    CouncilExec(ops::council_exec::CouncilExec) = 103,
}

/// Who may send an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// Any account; the operation itself may ask for more.
    Anyone,
    /// The holder of a role.
    Role(Role),
    /// A member of the council.
    Member,
}

impl Op {
    /// The stable wire name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Transfer(_) => "Transfer",
            Self::Approve(_) => "Approve",
            Self::TransferFrom(_) => "TransferFrom",
            Self::Permit(_) => "Permit",
            Self::PayAuth(_) => "PayAuth",
            Self::CancelAuth(_) => "CancelAuth",
            Self::DepositConfirm(_) => "DepositConfirm",
            Self::DepositReverse(_) => "DepositReverse",
            Self::PayoutConfirm(_) => "PayoutConfirm",
            Self::PayoutFailed(_) => "PayoutFailed",
            Self::Mint(_) => "Mint",
            Self::Burn(_) => "Burn",
            Self::SetMinterAllowance(_) => "SetMinterAllowance",
            Self::Freeze(_) => "Freeze",
            Self::SetHold(_) => "SetHold",
            Self::RegisterAccount(_) => "RegisterAccount",
            Self::SetKyc(_) => "SetKyc",
            Self::SetInstitution(_) => "SetInstitution",
            Self::RotateKey(_) => "RotateKey",
            Self::RedeemRequest(_) => "RedeemRequest",
            Self::RedeemAccept(_) => "RedeemAccept",
            Self::RedeemSettle(_) => "RedeemSettle",
            Self::RedeemReject(_) => "RedeemReject",
            Self::RedeemCancel(_) => "RedeemCancel",
            Self::RedeemExpire(_) => "RedeemExpire",
            Self::SubmitReport(_) => "SubmitReport",
            Self::AttestReport(_) => "AttestReport",
            Self::RevokeReport(_) => "RevokeReport",
            Self::Reconcile(_) => "Reconcile",
            Self::BridgeOut(_) => "BridgeOut",
            Self::BridgeIn(_) => "BridgeIn",
            Self::Propose(_) => "Propose",
            Self::Vote(_) => "Vote",
            Self::Execute(_) => "Execute",
            Self::CouncilExec(_) => "CouncilExec",
        }
    }

    /// Whether the operation only takes power away or stops something: such transactions are
    /// lane 0, free of quota and executed before the rest of their block.
    pub fn is_protective(&self) -> bool {
        match self {
            // From an account this can only raise a hold.
            Self::Freeze(_) | Self::SetHold(_) | Self::RevokeReport(_) => true,
            Self::CouncilExec(op) => op.ops.iter().all(|op| op.is_protective()),
            _ => false,
        }
    }

    pub const fn signer(&self) -> Signer {
        match self {
            Self::Transfer(_)
            | Self::Approve(_)
            | Self::TransferFrom(_)
            | Self::Permit(_)
            | Self::PayAuth(_)
            | Self::CancelAuth(_)
            | Self::RotateKey(_)
            | Self::RedeemRequest(_)
            | Self::RedeemCancel(_)
            | Self::RedeemExpire(_)
            | Self::BridgeOut(_) => Signer::Anyone,
            Self::DepositConfirm(_)
            | Self::DepositReverse(_)
            | Self::PayoutConfirm(_)
            | Self::PayoutFailed(_) => Signer::Role(Role::Custodian),
            Self::Mint(_) | Self::Burn(_) => Signer::Role(Role::Minter),
            Self::SetMinterAllowance(_) => Signer::Role(Role::MintController),
            Self::Freeze(_) | Self::SetHold(_) => Signer::Role(Role::Compliance),
            Self::RegisterAccount(_) | Self::SetKyc(_) | Self::SetInstitution(_) => {
                Signer::Role(Role::Registrar)
            }
            Self::RedeemAccept(_) | Self::RedeemSettle(_) | Self::RedeemReject(_) => {
                Signer::Role(Role::Redeemer)
            }
            Self::SubmitReport(_) | Self::Reconcile(_) => Signer::Role(Role::ReserveManager),
            Self::AttestReport(_) => Signer::Role(Role::Attestor),
            Self::RevokeReport(_) => Signer::Anyone,
            Self::BridgeIn(_) => Signer::Role(Role::Bridge),
            Self::Propose(_) | Self::Vote(_) | Self::Execute(_) | Self::CouncilExec(_) => {
                Signer::Member
            }
        }
    }

    /// The pauses that stop this operation.
    pub const fn pause_scopes(&self) -> &'static [Scope] {
        match self {
            Self::Transfer(_) | Self::TransferFrom(_) | Self::PayAuth(_) => &[Scope::Transfer],
            Self::Mint(_) | Self::Burn(_) => &[Scope::Mint],
            Self::RedeemRequest(_) => &[Scope::RedeemNew],
            Self::BridgeOut(_) | Self::BridgeIn(_) => &[Scope::Transfer, Scope::Bridge],
            _ => &[],
        }
    }

    /// Whom the operation pays, where that is in it.
    pub(crate) fn payee(&self) -> Option<&Address> {
        match self {
            Self::Transfer(op) => Some(&op.to),
            Self::TransferFrom(op) => Some(&op.to),
            Self::PayAuth(op) => Some(&op.body.to),
            Self::BridgeIn(op) => Some(&op.to),
            _ => None,
        }
    }

    /// Bounds that the types do not express; see [`crate::tx::SignedTx::check_shape`].
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        match self {
            Self::Permit(op) => op.check_shape(),
            Self::PayAuth(op) => op.check_shape(),
            Self::DepositConfirm(op) => op.check_shape(),
            Self::PayoutConfirm(op) => op.check_shape(),
            Self::Freeze(op) => op.check_shape(),
            Self::RegisterAccount(op) => op.check_shape(),
            Self::SetInstitution(op) => op.check_shape(),
            Self::RotateKey(op) => op.check_shape(),
            Self::SubmitReport(op) => op.check_shape(),
            Self::BridgeOut(op) => op.check_shape(),
            Self::Propose(op) => op.check_shape(),
            Self::CouncilExec(op) => op.check_shape(),
            Self::Transfer(_)
            | Self::Approve(_)
            | Self::TransferFrom(_)
            | Self::CancelAuth(_)
            | Self::DepositReverse(_)
            | Self::PayoutFailed(_)
            | Self::Mint(_)
            | Self::Burn(_)
            | Self::SetMinterAllowance(_)
            | Self::SetHold(_)
            | Self::SetKyc(_)
            | Self::RedeemRequest(_)
            | Self::RedeemAccept(_)
            | Self::RedeemSettle(_)
            | Self::RedeemReject(_)
            | Self::RedeemCancel(_)
            | Self::RedeemExpire(_)
            | Self::AttestReport(_)
            | Self::RevokeReport(_)
            | Self::Reconcile(_)
            | Self::BridgeIn(_)
            | Self::Vote(_)
            | Self::Execute(_) => Ok(()),
        }
    }

    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        match self {
            Self::Transfer(op) => op.execute(env),
            Self::Approve(op) => op.execute(env),
            Self::TransferFrom(op) => op.execute(env),
            Self::Permit(op) => op.execute(env),
            Self::PayAuth(op) => op.execute(env),
            Self::CancelAuth(op) => op.execute(env),
            Self::DepositConfirm(op) => op.execute(env),
            Self::DepositReverse(op) => op.execute(env),
            Self::PayoutConfirm(op) => op.execute(env),
            Self::PayoutFailed(op) => op.execute(env),
            Self::Mint(op) => op.execute(env),
            Self::Burn(op) => op.execute(env),
            Self::SetMinterAllowance(op) => op.execute(env),
            Self::Freeze(op) => op.execute(env),
            Self::SetHold(op) => op.execute(env),
            Self::RegisterAccount(op) => op.execute(env),
            Self::SetKyc(op) => op.execute(env),
            Self::SetInstitution(op) => op.execute(env),
            Self::RotateKey(op) => op.execute(env),
            Self::RedeemRequest(op) => op.execute(env),
            Self::RedeemAccept(op) => op.execute(env),
            Self::RedeemSettle(op) => op.execute(env),
            Self::RedeemReject(op) => op.execute(env),
            Self::RedeemCancel(op) => op.execute(env),
            Self::RedeemExpire(op) => op.execute(env),
            Self::SubmitReport(op) => op.execute(env),
            Self::AttestReport(op) => op.execute(env),
            Self::RevokeReport(op) => op.execute(env),
            Self::Reconcile(op) => op.execute(env),
            Self::BridgeOut(op) => op.execute(env),
            Self::BridgeIn(op) => op.execute(env),
            Self::Propose(op) => op.execute(env),
            Self::Vote(op) => op.execute(env),
            Self::Execute(op) => op.execute(env),
            Self::CouncilExec(op) => op.execute(env),
        }
    }
}
