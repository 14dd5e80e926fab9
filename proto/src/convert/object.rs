//! Objects of the state.

use ballast_primitives::Address;
use ballast_runtime::object::{
    Account, Allowance, Attestation, Bridge, Bucket, Checkpoint, Council, Delay, Deposit, Document,
    FreezeState, Incident, Institution, Minter, PauseState, Payout, Policy, Proposal, Redemption,
    Report, Role, RoleGrant, Supply, Terms, Upgrade, Window,
};
use ballast_runtime::replay::ReplayWindow;

use super::field::{Field, messages, read_fields, required, show_fields};
use super::{ConvertError, Wire};
use crate::v1;

messages! {
    Supply {
        total: total_micros, cap: cap_micros, genesis: genesis_micros, cum_mint: minted_micros,
        cum_burn: burned_micros, cum_deposit: deposited_micros, cum_payout: paid_out_micros,
        redeem_escrow: redeem_escrow_micros, bridge_escrow: bridge_escrow_micros, pending: pending_micros,
    }
    Checkpoint => SupplyPoint {
        at: at_ms, height, total: total_micros, cum_deposit: deposited_micros,
        cum_payout: paid_out_micros,
    }
    FreezeState { inbound, outbound, until: until_ms, confirmed, order }
    Window => AmountWindow { hour, used: used_micros }
    Minter {
        allowance: allowance_micros, per_tx: per_tx_micros, window_cap: window_cap_micros, window,
        suspended,
    }
    Attestation { attestor, at: at_ms }
    Report {
        body, digest, submitted_by, submitted_at: submitted_at_ms,
        deposits_then: deposits_then_micros, payouts_then: payouts_then_micros,
        attested_by: attestations, status,
    }
    Delay => CouncilDelay { ms: delay_ms, shorter }
    Council {
        members, epoch, exec_nonce, thresholds, delays, ttl_ms, grace_ms, next_proposal, open,
    }
    Proposal {
        epoch, class, ops, digest, proposer, yes, no, created: created_ms, eta: eta_ms, status,
    }
    PauseState { until: until_ms, short_until: short_until_ms }
    Incident { kind, severity, height, at: at_ms, subject }
    Document { version, digest, uri, at: at_ms }
    Policy {
        rail_hold_ms, minter_allowance_max: minter_allowance_max_micros,
        mint_per_tx_max: mint_per_tx_max_micros, global_window_cap: global_window_cap_micros,
        report_max_age_ms, attest_quorum, custodian_share_max_bps,
        travel_threshold: travel_threshold_micros, fee_account, officers, quotas, checkpoint_ms,
    }
    Terms {
        version, min: min_micros, max: max_micros, fee_bps, fee_flat: fee_flat_micros,
        cutoff_minute, holidays, class_min,
    }
    Deposit {
        custodian, bank_ref, amount: amount_micros, beneficiary, confirmed_at: confirmed_at_ms,
        final_at: final_at_ms, minted: minted_micros, reversed,
    }
    Redemption {
        owner, gross: gross_micros, fee: fee_micros, net: net_micros, beneficiary, terms,
        requested_at: requested_at_ms, due_at: due_at_ms, payout: payout_id, status,
        closed_at: closed_at_ms,
    }
    Payout { custodian, bank_ref, redemption: redemption_id, net: net_micros, failed }
    Bridge {
        name, escrow: escrow_micros, day_cap: day_cap_micros, window_out, window_in, open,
    }
    Institution { name, key: public_key }
    Allowance { amount: amount_micros, expires: expires_ms }
    Upgrade { current, version, code, height }
}

/// A shorter delay, and when it takes effect.
impl Field<v1::ShorterDelay> for (u64, u64) {
    fn show(&self, _: &Wire) -> v1::ShorterDelay {
        v1::ShorterDelay { delay_ms: self.0, from_ms: self.1 }
    }

    fn read(_: &Wire, _: &'static str, shown: &v1::ShorterDelay) -> Result<Self, ConvertError> {
        Ok((shown.delay_ms, shown.from_ms))
    }
}

impl Field<Option<v1::NonceWindow>> for ReplayWindow {
    fn show(&self, _: &Wire) -> Option<v1::NonceWindow> {
        Some(v1::NonceWindow { high: self.high, seen: format!("{:032x}", self.seen) })
    }

    fn read(
        _: &Wire,
        field: &'static str,
        shown: &Option<v1::NonceWindow>,
    ) -> Result<Self, ConvertError> {
        let window = shown.as_ref().ok_or_else(|| ConvertError::missing(field))?;
        let digits = window.seen.len() == 32 && window.seen.bytes().all(|b| b.is_ascii_hexdigit());
        let seen = if digits { u128::from_str_radix(&window.seen, 16).ok() } else { None };
        let seen = seen.ok_or_else(|| ConvertError::new("seen", "is not 32 hex digits"))?;
        Ok(Self { high: window.high, seen })
    }
}

impl Wire {
    pub fn account(&self, address: &Address, account: &Account) -> v1::Account {
        v1::Account {
            address: self.address(address),
            policy: account.policy.show(self),
            balance_micros: account.balance,
            hold_micros: account.hold,
            available_micros: account.available(),
            freeze: account.freeze.show(self),
            nonce_window: account.replay.show(self),
            kyc_class: u32::from(account.kyc_class),
            kyc_until_ms: account.kyc_until,
            institution: account.institution,
            memo_required: account.memo_required,
            quota_used_milli: account.quota.used_milli,
            quota_at_ms: account.quota.at,
            objects: account.objects,
        }
    }

    /// Reads an account and its address; `available_micros` follows from the rest.
    pub fn read_account(&self, account: &v1::Account) -> Result<(Address, Account), ConvertError> {
        let address = self.read_address("address", &account.address)?;
        let account = Account {
            policy: Field::read(self, "policy", &account.policy)?,
            balance: account.balance_micros,
            hold: account.hold_micros,
            freeze: Field::read(self, "freeze", &account.freeze)?,
            replay: Field::read(self, "nonce_window", &account.nonce_window)?,
            kyc_class: Field::read(self, "kyc_class", &account.kyc_class)?,
            kyc_until: account.kyc_until_ms,
            institution: account.institution,
            memo_required: account.memo_required,
            quota: Bucket { used_milli: account.quota_used_milli, at: account.quota_at_ms },
            objects: account.objects,
        };
        Ok((address, account))
    }

    pub fn role_grant(&self, held: Role, holder: &Address, grant: &RoleGrant) -> v1::RoleGrant {
        v1::RoleGrant {
            role: held.show(self),
            holder: self.address(holder),
            valid_until_ms: grant.valid_until,
        }
    }

    pub fn read_role_grant(
        &self,
        grant: &v1::RoleGrant,
    ) -> Result<(Role, Address, RoleGrant), ConvertError> {
        let held = Field::read(self, "role", &grant.role)?;
        let holder = self.read_address("holder", &grant.holder)?;
        Ok((held, holder, RoleGrant { valid_until: grant.valid_until_ms }))
    }
}
