//! What a transaction may ask for. Each variant's fields and rules are in its file under
//! [`crate::ops`]. Discriminants are part of the wire format and never reused.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::object::{Role, Scope};
use crate::ops;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Op {
    Transfer(ops::transfer::Transfer) = 1,
    DepositConfirm(ops::deposit_confirm::DepositConfirm) = 10,
    Mint(ops::mint::Mint) = 20,
    Burn(ops::burn::Burn) = 21,
    SetMinterAllowance(ops::set_minter_allowance::SetMinterAllowance) = 22,
    Freeze(ops::freeze::Freeze) = 30,
    Unfreeze(ops::unfreeze::Unfreeze) = 31,
    Pause(ops::pause::Pause) = 40,
    Unpause(ops::unpause::Unpause) = 41,
    RegisterAccount(ops::register_account::RegisterAccount) = 50,
    GrantRole(ops::grant_role::GrantRole) = 60,
    RevokeRole(ops::revoke_role::RevokeRole) = 61,
}

impl Op {
    /// The stable wire name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Transfer(_) => "Transfer",
            Self::DepositConfirm(_) => "DepositConfirm",
            Self::Mint(_) => "Mint",
            Self::Burn(_) => "Burn",
            Self::SetMinterAllowance(_) => "SetMinterAllowance",
            Self::Freeze(_) => "Freeze",
            Self::Unfreeze(_) => "Unfreeze",
            Self::Pause(_) => "Pause",
            Self::Unpause(_) => "Unpause",
            Self::RegisterAccount(_) => "RegisterAccount",
            Self::GrantRole(_) => "GrantRole",
            Self::RevokeRole(_) => "RevokeRole",
        }
    }

    /// Whether the operation only takes power away or stops something: such transactions are
    /// lane 0, free of quota and executed before the rest of their block.
    pub const fn is_protective(&self) -> bool {
        matches!(self, Self::Freeze(_) | Self::Pause(_) | Self::RevokeRole(_))
    }

    /// The roles of which the sender must hold one; empty when any account may send it.
    pub const fn signers(&self) -> &'static [Role] {
        match self {
            Self::Transfer(_) => &[],
            Self::DepositConfirm(_) => &[Role::Custodian],
            Self::Mint(_) | Self::Burn(_) => &[Role::Minter],
            Self::SetMinterAllowance(_) => &[Role::MintController],
            Self::Freeze(_) => &[Role::Compliance, Role::Council],
            Self::RegisterAccount(_) => &[Role::Registrar],
            Self::Unfreeze(_)
            | Self::Pause(_)
            | Self::Unpause(_)
            | Self::GrantRole(_)
            | Self::RevokeRole(_) => &[Role::Council],
        }
    }

    /// The pause that stops this operation. Governance, freezes, revocations and registration
    /// are never paused.
    pub const fn pause_scope(&self) -> Option<Scope> {
        match self {
            Self::Transfer(_) => Some(Scope::Transfer),
            Self::Mint(_) | Self::Burn(_) => Some(Scope::Mint),
            _ => None,
        }
    }

    /// Bounds of fields that need no state.
    pub fn check_shape(&self) -> Result<(), &'static str> {
        match self {
            Self::DepositConfirm(op) => op.check_shape(),
            Self::Freeze(op) => op.check_shape(),
            Self::Pause(op) => op.check_shape(),
            Self::Unpause(op) => op.check_shape(),
            Self::RegisterAccount(op) => op.check_shape(),
            Self::GrantRole(op) => op.check_shape(),
            Self::RevokeRole(op) => op.check_shape(),
            _ => Ok(()),
        }
    }
}
