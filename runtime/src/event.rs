//! What happened, for those who follow the chain. Names are stable wire names; discriminants are
//! part of the format.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::object::{Role, Scope};

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Event {
    Transferred {
        from: Address,
        to: Address,
        amount: u64,
        memo: Option<Vec<u8>>,
    } = 1,
    DepositConfirmed {
        deposit: Hash,
        custodian: Address,
        beneficiary: Address,
        amount: u64,
        final_at: u64,
    } = 10,
    Minted {
        deposit: Hash,
        minter: Address,
        to: Address,
        amount: u64,
    } = 20,
    Burned {
        minter: Address,
        amount: u64,
    } = 21,
    MinterConfigured {
        minter: Address,
        allowance: u64,
    } = 22,
    Frozen {
        account: Address,
        inbound: bool,
        outbound: bool,
        until: Option<u64>,
        order: Hash,
    } = 30,
    Unfrozen {
        account: Address,
    } = 31,
    Paused {
        scope: Scope,
        until: u64,
    } = 40,
    Unpaused {
        scope: Scope,
    } = 41,
    AccountRegistered {
        account: Address,
        kyc_class: u8,
        institution: u32,
    } = 50,
    RoleGranted {
        role: Role,
        holder: Address,
        valid_until: u64,
    } = 60,
    RoleRevoked {
        role: Role,
        holder: Address,
    } = 61,
}

impl Event {
    /// The stable wire name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Transferred { .. } => "Transferred",
            Self::DepositConfirmed { .. } => "DepositConfirmed",
            Self::Minted { .. } => "Minted",
            Self::Burned { .. } => "Burned",
            Self::MinterConfigured { .. } => "MinterConfigured",
            Self::Frozen { .. } => "Frozen",
            Self::Unfrozen { .. } => "Unfrozen",
            Self::Paused { .. } => "Paused",
            Self::Unpaused { .. } => "Unpaused",
            Self::AccountRegistered { .. } => "AccountRegistered",
            Self::RoleGranted { .. } => "RoleGranted",
            Self::RoleRevoked { .. } => "RoleRevoked",
        }
    }

    /// The accounts it concerns: whose history shows it. At most two.
    pub fn accounts(&self) -> Vec<Address> {
        match self {
            Self::Transferred { from, to, .. } => vec![*from, *to],
            Self::DepositConfirmed { custodian, beneficiary, .. } => vec![*custodian, *beneficiary],
            Self::Minted { minter, to, .. } => vec![*minter, *to],
            Self::Burned { minter, .. } | Self::MinterConfigured { minter, .. } => vec![*minter],
            Self::Frozen { account, .. }
            | Self::Unfrozen { account }
            | Self::AccountRegistered { account, .. } => vec![*account],
            Self::Paused { .. } | Self::Unpaused { .. } => vec![],
            Self::RoleGranted { holder, .. } | Self::RoleRevoked { holder, .. } => vec![*holder],
        }
    }
}
