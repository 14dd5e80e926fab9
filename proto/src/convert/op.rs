//! Operations.

use ballast_runtime::Op;
use ballast_runtime::object::Scope;
use ballast_runtime::ops::burn::Burn;
use ballast_runtime::ops::deposit_confirm::DepositConfirm;
use ballast_runtime::ops::freeze::Freeze;
use ballast_runtime::ops::grant_role::GrantRole;
use ballast_runtime::ops::mint::Mint;
use ballast_runtime::ops::pause::Pause;
use ballast_runtime::ops::register_account::RegisterAccount;
use ballast_runtime::ops::revoke_role::RevokeRole;
use ballast_runtime::ops::set_minter_allowance::SetMinterAllowance;
use ballast_runtime::ops::transfer::Transfer;
use ballast_runtime::ops::unfreeze::Unfreeze;
use ballast_runtime::ops::unpause::Unpause;

use super::{ConvertError, Wire, read_hash, read_role, read_scope, read_u8, role, scope};
use crate::v1;
use crate::v1::operation::Kind;

impl Wire {
    pub fn op(&self, op: &Op) -> v1::Operation {
        v1::Operation { kind: Some(self.op_kind(op)) }
    }

    fn op_kind(&self, op: &Op) -> Kind {
        match op {
            Op::Transfer(op) => {
                Kind::Transfer(v1::Transfer { to: self.address(&op.to), amount_micros: op.amount })
            }
            Op::DepositConfirm(op) => Kind::DepositConfirm(v1::DepositConfirm {
                bank_ref: op.bank_ref.clone(),
                amount_micros: op.amount,
                beneficiary: self.address(&op.beneficiary),
            }),
            Op::Mint(op) => Kind::Mint(v1::Mint {
                deposit_id: op.deposit.to_string(),
                amount_micros: op.amount,
            }),
            Op::Burn(op) => Kind::Burn(v1::Burn { amount_micros: op.amount }),
            Op::SetMinterAllowance(op) => Kind::SetMinterAllowance(v1::SetMinterAllowance {
                minter: self.address(&op.minter),
                expected_micros: op.expected,
                new_micros: op.new,
            }),
            Op::Freeze(op) => Kind::Freeze(v1::Freeze {
                account: self.address(&op.account),
                inbound: op.inbound,
                outbound: op.outbound,
                order: op.order.to_string(),
            }),
            Op::Unfreeze(op) => Kind::Unfreeze(v1::Unfreeze { account: self.address(&op.account) }),
            Op::Pause(op) => {
                Kind::Pause(v1::Pause { scopes: scopes(&op.scopes), until_ms: op.until })
            }
            Op::Unpause(op) => Kind::Unpause(v1::Unpause { scopes: scopes(&op.scopes) }),
            Op::RegisterAccount(op) => Kind::RegisterAccount(v1::RegisterAccount {
                policy: Some(self.policy(&op.policy)),
                kyc_class: u32::from(op.kyc_class),
                kyc_until_ms: op.kyc_until,
                institution: op.institution,
                memo_required: op.memo_required,
            }),
            Op::GrantRole(op) => Kind::GrantRole(v1::GrantRole {
                role: role(op.role).into(),
                holder: self.address(&op.holder),
                valid_until_ms: op.valid_until,
            }),
            Op::RevokeRole(op) => Kind::RevokeRole(v1::RevokeRole {
                role: role(op.role).into(),
                holder: self.address(&op.holder),
            }),
        }
    }

    /// Reads an operation; whether it is within its bounds is [`Op::check_shape`]'s to say.
    pub fn read_op(&self, op: &v1::Operation) -> Result<Op, ConvertError> {
        Ok(match op.kind.as_ref().ok_or(ConvertError::missing("op"))? {
            Kind::Transfer(op) => Op::Transfer(Transfer {
                to: self.read_address("to", &op.to)?,
                amount: op.amount_micros,
            }),
            Kind::DepositConfirm(op) => Op::DepositConfirm(DepositConfirm {
                bank_ref: op.bank_ref.clone(),
                amount: op.amount_micros,
                beneficiary: self.read_address("beneficiary", &op.beneficiary)?,
            }),
            Kind::Mint(op) => Op::Mint(Mint {
                deposit: read_hash("deposit_id", &op.deposit_id)?,
                amount: op.amount_micros,
            }),
            Kind::Burn(op) => Op::Burn(Burn { amount: op.amount_micros }),
            Kind::SetMinterAllowance(op) => Op::SetMinterAllowance(SetMinterAllowance {
                minter: self.read_address("minter", &op.minter)?,
                expected: op.expected_micros,
                new: op.new_micros,
            }),
            Kind::Freeze(op) => Op::Freeze(Freeze {
                account: self.read_address("account", &op.account)?,
                inbound: op.inbound,
                outbound: op.outbound,
                order: read_hash("order", &op.order)?,
            }),
            Kind::Unfreeze(op) => {
                Op::Unfreeze(Unfreeze { account: self.read_address("account", &op.account)? })
            }
            Kind::Pause(op) => {
                Op::Pause(Pause { scopes: read_scopes(&op.scopes)?, until: op.until_ms })
            }
            Kind::Unpause(op) => Op::Unpause(Unpause { scopes: read_scopes(&op.scopes)? }),
            Kind::RegisterAccount(op) => Op::RegisterAccount(RegisterAccount {
                policy: self
                    .read_policy(op.policy.as_ref().ok_or(ConvertError::missing("policy"))?)?,
                kyc_class: read_u8("kyc_class", op.kyc_class)?,
                kyc_until: op.kyc_until_ms,
                institution: op.institution,
                memo_required: op.memo_required,
            }),
            Kind::GrantRole(op) => Op::GrantRole(GrantRole {
                role: read_role("role", op.role)?,
                holder: self.read_address("holder", &op.holder)?,
                valid_until: op.valid_until_ms,
            }),
            Kind::RevokeRole(op) => Op::RevokeRole(RevokeRole {
                role: read_role("role", op.role)?,
                holder: self.read_address("holder", &op.holder)?,
            }),
        })
    }
}

fn scopes(scopes: &[Scope]) -> Vec<i32> {
    scopes.iter().map(|paused| scope(*paused).into()).collect()
}

fn read_scopes(numbers: &[i32]) -> Result<Vec<Scope>, ConvertError> {
    numbers.iter().map(|number| read_scope("scopes", *number)).collect()
}
