//! Objects of the state.

use ballast_primitives::Address;
use ballast_runtime::object::{Account, Bucket, FreezeState, Minter, Role, RoleGrant, Supply};
use ballast_runtime::replay::ReplayWindow;

use super::{ConvertError, Wire, read_hash, read_role, read_total, read_u8, role};
use crate::v1;

impl Wire {
    pub fn account(&self, address: &Address, account: &Account) -> v1::Account {
        v1::Account {
            address: self.address(address),
            policy: Some(self.policy(&account.policy)),
            balance_micros: account.balance,
            hold_micros: account.hold,
            available_micros: account.balance.saturating_sub(account.hold),
            freeze: Some(freeze(&account.freeze)),
            nonce_window: Some(nonce_window(&account.replay)),
            kyc_class: u32::from(account.kyc_class),
            kyc_until_ms: account.kyc_until,
            institution: account.institution,
            memo_required: account.memo_required,
            quota_used_milli: account.quota.used_milli,
            quota_at_ms: account.quota.at,
        }
    }

    /// Reads an account and its address; `available_micros` follows from the rest.
    pub fn read_account(&self, account: &v1::Account) -> Result<(Address, Account), ConvertError> {
        let missing = ConvertError::missing;
        let address = self.read_address("address", &account.address)?;
        let policy = account.policy.as_ref().ok_or_else(|| missing("policy"))?;
        let freeze = account.freeze.as_ref().ok_or_else(|| missing("freeze"))?;
        let window = account.nonce_window.as_ref().ok_or_else(|| missing("nonce_window"))?;
        let account = Account {
            policy: self.read_policy(policy)?,
            balance: account.balance_micros,
            hold: account.hold_micros,
            freeze: read_freeze(freeze)?,
            replay: read_nonce_window(window)?,
            kyc_class: read_u8("kyc_class", account.kyc_class)?,
            kyc_until: account.kyc_until_ms,
            institution: account.institution,
            memo_required: account.memo_required,
            quota: Bucket { used_milli: account.quota_used_milli, at: account.quota_at_ms },
        };
        Ok((address, account))
    }

    pub fn supply(&self, supply: &Supply) -> v1::Supply {
        v1::Supply {
            total_micros: supply.total.to_string(),
            cap_micros: supply.cap.to_string(),
            genesis_micros: supply.genesis.to_string(),
            minted_micros: supply.cum_mint.to_string(),
            burned_micros: supply.cum_burn.to_string(),
            deposited_micros: supply.cum_deposit.to_string(),
            paid_out_micros: supply.cum_payout.to_string(),
            redeem_escrow_micros: supply.redeem_escrow.to_string(),
            bridge_escrow_micros: supply.bridge_escrow.to_string(),
        }
    }

    pub fn read_supply(&self, supply: &v1::Supply) -> Result<Supply, ConvertError> {
        Ok(Supply {
            total: read_total("total_micros", &supply.total_micros)?,
            cap: read_total("cap_micros", &supply.cap_micros)?,
            genesis: read_total("genesis_micros", &supply.genesis_micros)?,
            cum_mint: read_total("minted_micros", &supply.minted_micros)?,
            cum_burn: read_total("burned_micros", &supply.burned_micros)?,
            cum_deposit: read_total("deposited_micros", &supply.deposited_micros)?,
            cum_payout: read_total("paid_out_micros", &supply.paid_out_micros)?,
            redeem_escrow: read_total("redeem_escrow_micros", &supply.redeem_escrow_micros)?,
            bridge_escrow: read_total("bridge_escrow_micros", &supply.bridge_escrow_micros)?,
        })
    }

    pub fn role_grant(&self, held: Role, holder: &Address, grant: &RoleGrant) -> v1::RoleGrant {
        v1::RoleGrant {
            role: role(held).into(),
            holder: self.address(holder),
            valid_until_ms: grant.valid_until,
        }
    }

    pub fn read_role_grant(
        &self,
        grant: &v1::RoleGrant,
    ) -> Result<(Role, Address, RoleGrant), ConvertError> {
        let held = read_role("role", grant.role)?;
        let holder = self.read_address("holder", &grant.holder)?;
        Ok((held, holder, RoleGrant { valid_until: grant.valid_until_ms }))
    }

    pub const fn minter(&self, minter: &Minter) -> v1::Minter {
        v1::Minter {
            allowance_micros: minter.allowance,
            per_tx_micros: minter.per_tx,
            suspended: minter.suspended,
        }
    }

    pub const fn read_minter(&self, minter: &v1::Minter) -> Minter {
        Minter {
            allowance: minter.allowance_micros,
            per_tx: minter.per_tx_micros,
            suspended: minter.suspended,
        }
    }
}

fn freeze(freeze: &FreezeState) -> v1::FreezeState {
    v1::FreezeState {
        inbound: freeze.inbound,
        outbound: freeze.outbound,
        until_ms: freeze.until,
        confirmed: freeze.confirmed,
        order: freeze.order.to_string(),
    }
}

fn read_freeze(freeze: &v1::FreezeState) -> Result<FreezeState, ConvertError> {
    Ok(FreezeState {
        inbound: freeze.inbound,
        outbound: freeze.outbound,
        until: freeze.until_ms,
        confirmed: freeze.confirmed,
        order: read_hash("order", &freeze.order)?,
    })
}

fn nonce_window(window: &ReplayWindow) -> v1::NonceWindow {
    v1::NonceWindow { high: window.high, seen: format!("{:032x}", window.seen) }
}

fn read_nonce_window(window: &v1::NonceWindow) -> Result<ReplayWindow, ConvertError> {
    let digits = window.seen.len() == 32 && window.seen.bytes().all(|b| b.is_ascii_hexdigit());
    let seen = if digits { u128::from_str_radix(&window.seen, 16).ok() } else { None };
    let seen = seen.ok_or_else(|| ConvertError::new("seen", "is not 32 hex digits"))?;
    Ok(ReplayWindow { high: window.high, seen })
}
