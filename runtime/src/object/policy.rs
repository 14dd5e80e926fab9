//! Parameters that the council sets.

use ballast_primitives::{Address, PublicKey};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::limits::{
    ATTEST_QUORUM_MAX, BURST_MIN, CHECKPOINT_MS_MAX, CHECKPOINT_MS_MIN, CLASSES_MAX, HOLIDAYS_MAX,
    MINUTES, OBJECTS_PER_BURST, RAIL_HOLD_MS_MAX, REPORT_AGE_MS_MAX, REPORT_AGE_MS_MIN,
};
use crate::object::Bucket;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Policy {
    /// Milliseconds after its confirmation at which a deposit is final.
    pub rail_hold_ms: u64,
    /// The most allowance a mint controller may give a minter, micro-dollars.
    pub minter_allowance_max: u64,
    /// The most one mint may be unless the minter's own limit is lower, micro-dollars.
    pub mint_per_tx_max: u64,
    /// The most all minters together may mint within the window, micro-dollars.
    pub global_window_cap: u64,
    /// A report may be used while `now < as_of + report_max_age_ms`.
    pub report_max_age_ms: u64,
    /// Attestations that make a report effective, 1 to 16.
    pub attest_quorum: u8,
    /// The largest share of the eligible reserve that one custodian may hold, in hundredths of a
    /// percent; none: no bound.
    pub custodian_share_max_bps: Option<u16>,
    /// From this amount on (alone, or summed over a day for one payer and payee) a payment between
    /// institutions needs travel data, micro-dollars.
    pub travel_threshold: u64,
    /// Receives the fees of redemptions; can be neither frozen nor held.
    pub fee_account: Address,
    /// Who signs reserve reports.
    pub officers: Officers,
    /// Quota of each account class, by class number.
    pub quotas: Vec<Quota>,
    /// The interval of supply checkpoints; fixed at genesis.
    pub checkpoint_ms: u64,
}

impl Policy {
    /// Bounds of the parameters; whether the fee account exists is for others to ask.
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        check_parameters(
            self.rail_hold_ms,
            self.report_max_age_ms,
            self.attest_quorum,
            self.custodian_share_max_bps,
            &self.quotas,
        )?;
        if !(CHECKPOINT_MS_MIN..=CHECKPOINT_MS_MAX).contains(&self.checkpoint_ms) {
            return Err("supply checkpoints are 1 second to 1 hour apart");
        }
        Ok(())
    }
}

/// Bounds of the parameters that the council may change.
pub(crate) fn check_parameters(
    rail_hold_ms: u64,
    report_max_age_ms: u64,
    attest_quorum: u8,
    custodian_share_max_bps: Option<u16>,
    quotas: &[Quota],
) -> Result<(), &'static str> {
    if rail_hold_ms > RAIL_HOLD_MS_MAX {
        return Err("the rail hold is at most 30 days");
    }
    if !(REPORT_AGE_MS_MIN..=REPORT_AGE_MS_MAX).contains(&report_max_age_ms) {
        return Err("a report's greatest age is 1 hour to 366 days");
    }
    if !(1..=ATTEST_QUORUM_MAX).contains(&attest_quorum) {
        return Err("a report needs 1 to 16 attestations");
    }
    if custodian_share_max_bps.is_some_and(|share| !(1..=10_000).contains(&share)) {
        return Err("a custodian's greatest share is 1 to 10,000 hundredths of a percent");
    }
    if quotas.is_empty() || quotas.len() > CLASSES_MAX {
        return Err("there are 1 to 16 account classes");
    }
    // Else nobody of the class could ever send again, the council's members perhaps among them.
    if quotas.iter().any(|quota| quota.burst < BURST_MIN || quota.per_1000_s == 0) {
        return Err("a quota lets through 16 operations at least, and gains more");
    }
    Ok(())
}

/// The keys of the issuer's officers who sign reserve reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Officers {
    pub ceo: PublicKey,
    pub cfo: PublicKey,
}

/// A token bucket: `burst` operations at once, refilled at a steady rate. An object that is created
/// costs as much as some operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Quota {
    pub burst: u32,
    /// Operations gained in a thousand seconds: 333 is one in about three seconds.
    pub per_1000_s: u64,
}

impl Quota {
    /// The most objects that may count for an account of the class.
    pub fn objects_max(&self) -> u64 {
        u64::from(self.burst).saturating_mul(OBJECTS_PER_BURST)
    }

    /// The bucket after what costs as much as `operations` at `now`, or none when it would run
    /// over.
    pub fn spend(&self, bucket: &Bucket, now: u64, operations: u64) -> Option<Bucket> {
        const OP_MILLI: u64 = 1_000;
        let elapsed = u128::from(now.saturating_sub(bucket.at));
        // Operations per 1,000 s are millionths of one per millisecond.
        let refilled = elapsed.saturating_mul(u128::from(self.per_1000_s)) / 1_000;
        let left = u128::from(bucket.used_milli).saturating_sub(refilled);
        let cost = operations.checked_mul(OP_MILLI)?;
        let used_milli = u64::try_from(left).ok()?.checked_add(cost)?;
        let full = u64::from(self.burst).checked_mul(OP_MILLI)?;
        (used_milli <= full).then_some(Bucket { used_milli, at: now })
    }
}

/// Terms of redemption. A redemption keeps those it was requested under.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Terms {
    /// 1 at genesis, one more with each change.
    pub version: u32,
    /// The least and the most of one redemption, micro-dollars.
    pub min: u64,
    pub max: u64,
    /// The fee is the larger of a share, in hundredths of a percent, and a flat amount.
    pub fee_bps: u16,
    pub fee_flat: u64,
    /// A request at or after this minute of the UTC day counts as the next day's.
    pub cutoff_minute: u16,
    /// Days without banking besides weekends, as days since the Unix epoch, strictly ascending.
    pub holidays: Vec<u32>,
    /// The lowest account class that may redeem.
    pub class_min: u8,
}

impl Terms {
    /// Bounds of the terms.
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        if self.min > self.max {
            return Err("the least redemption is above the most");
        }
        if self.fee_bps > 10_000 {
            return Err("a fee is at most everything");
        }
        if self.cutoff_minute > MINUTES {
            return Err("the cut-off is a minute of the day");
        }
        if self.holidays.len() > HOLIDAYS_MAX || !self.holidays.is_sorted_by(|a, b| a < b) {
            return Err("holidays are at most 64, strictly ascending");
        }
        Ok(())
    }
}
