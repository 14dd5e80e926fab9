//! One recipe for each operation of accounts. A new operation is one entry here and one function
//! in the file of its group.

use super::kitchen::{Cook, Draft};
use super::{accounts, council, issuance, payments, redemptions, reserve};

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
    recipe("Transfer", 50, payments::transfer),
    recipe("Approve", 4, payments::approve),
    recipe("TransferFrom", 5, payments::transfer_from),
    recipe("Permit", 3, payments::permit),
    recipe("PayAuth", 4, payments::pay_auth),
    recipe("CancelAuth", 1, payments::cancel_auth),
    recipe("DepositConfirm", 8, issuance::deposit_confirm),
    recipe("DepositReverse", 1, issuance::deposit_reverse),
    recipe("PayoutConfirm", 4, redemptions::payout_confirm),
    recipe("PayoutFailed", 1, redemptions::payout_failed),
    recipe("Mint", 10, issuance::mint),
    recipe("Burn", 4, issuance::burn),
    recipe("SetMinterAllowance", 3, issuance::set_minter_allowance),
    recipe("Freeze", 3, accounts::freeze),
    recipe("SetHold", 2, accounts::set_hold),
    recipe("RegisterAccount", 4, accounts::register_account),
    recipe("SetKyc", 2, accounts::set_kyc),
    recipe("SetInstitution", 1, accounts::set_institution),
    recipe("RotateKey", 2, accounts::rotate_key),
    recipe("RedeemRequest", 6, redemptions::request),
    recipe("RedeemAccept", 5, redemptions::accept),
    recipe("RedeemSettle", 4, redemptions::settle),
    recipe("RedeemReject", 1, redemptions::reject),
    recipe("RedeemCancel", 1, redemptions::cancel),
    recipe("RedeemExpire", 5, redemptions::expire),
    recipe("SubmitReport", 2, reserve::submit),
    recipe("AttestReport", 3, reserve::attest),
    recipe("RevokeReport", 1, reserve::revoke),
    recipe("Reconcile", 1, reserve::reconcile),
    recipe("BridgeOut", 4, payments::bridge_out),
    recipe("BridgeIn", 3, payments::bridge_in),
    recipe("CouncilExec", 10, council::exec),
    recipe("Propose", 5, council::propose),
    recipe("Vote", 14, council::vote),
    recipe("Execute", 5, council::execute),
];
