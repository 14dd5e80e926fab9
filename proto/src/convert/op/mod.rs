//! Operations: of accounts, and of the council. One file for each topic holds their messages.

mod control;
mod council;
mod issuance;
mod payments;
mod registry;
mod reserve;

use ballast_runtime::{CouncilOp, Op};

use super::field::Field;
use super::{ConvertError, Wire};
use crate::v1;

/// A choice of operations: each variant holds an operation, and the message of its name shows it.
macro_rules! operations {
    ($ops:ident => $name:ident, $module:ident { $($variant:ident),* $(,)? }) => {
        impl Field<v1::$name> for $ops {
            fn show(&self, wire: &Wire) -> v1::$name {
                use v1::$module::Kind;
                let kind = match self {
                    $(Self::$variant(op) => Kind::$variant(op.show(wire)),)*
                };
                v1::$name { kind: Some(kind) }
            }

            fn read(
                wire: &Wire,
                field: &'static str,
                shown: &v1::$name,
            ) -> Result<Self, ConvertError> {
                use v1::$module::Kind;
                Ok(match shown.kind.as_ref().ok_or_else(|| ConvertError::missing(field))? {
                    $(Kind::$variant(op) => Self::$variant(Field::read(wire, field, op)?),)*
                })
            }
        }
    };
}

operations! {
    Op => Operation, operation {
        Transfer, Approve, TransferFrom, Permit, PayAuth, CancelAuth,
        DepositConfirm, DepositReverse, PayoutConfirm, PayoutFailed,
        Mint, Burn, SetMinterAllowance, Freeze, SetHold,
        RegisterAccount, SetKyc, SetInstitution, RotateKey,
        RedeemRequest, RedeemAccept, RedeemSettle, RedeemReject, RedeemCancel, RedeemExpire,
        SubmitReport, AttestReport, RevokeReport, Reconcile,
        BridgeOut, BridgeIn, Propose, Vote, Execute, CouncilExec,
    }
}

operations! {
    CouncilOp => CouncilOperation, council_operation {
        Freeze, Unfreeze, SetHold, ConfirmFreeze, Seize, Pause, Unpause, RecoverKey,
        GrantRole, RevokeRole, SuspendMinter, ResumeMinter,
        SetCap, SetLimits, SetMinterLimits, SetPolicy, SetTerms, SetBridge,
        RevokeReport, RevokeAttestorKey, PostIncident, SetDocument,
        ValidatorAdd, ValidatorRemove, ValidatorRotate, CouncilSet, SetDelay, ScheduleUpgrade,
    }
}

impl Wire {
    pub fn op(&self, op: &Op) -> v1::Operation {
        op.show(self)
    }

    /// Reads an operation; whether it is within its bounds is
    /// [`SignedTx::check_shape`](ballast_runtime::SignedTx::check_shape)'s to say.
    pub fn read_op(&self, op: &v1::Operation) -> Result<Op, ConvertError> {
        Field::read(self, "op", op)
    }

    pub fn council_op(&self, op: &CouncilOp) -> v1::CouncilOperation {
        op.show(self)
    }

    pub fn read_council_op(&self, op: &v1::CouncilOperation) -> Result<CouncilOp, ConvertError> {
        Field::read(self, "op", op)
    }
}
