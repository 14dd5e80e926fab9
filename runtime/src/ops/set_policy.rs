//! SetPolicy: the council sets the other parameters.

use ballast_primitives::Address;
use ballast_primitives::signature::check_public_key;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::policy::check_parameters;
use crate::object::{Officers, Quota};
use crate::ops::Env;
use crate::state::State;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetPolicy {
    /// At most 30 days.
    pub rail_hold_ms: u64,
    /// 1 hour to 366 days.
    pub report_max_age_ms: u64,
    /// 1 to 16.
    pub attest_quorum: u8,
    /// 1 to 10,000.
    pub custodian_share_max_bps: Option<u16>,
    pub travel_threshold: u64,
    pub fee_account: Address,
    pub officers: Officers,
    /// 1 to 16.
    pub quotas: Vec<Quota>,
}

impl SetPolicy {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        check_parameters(
            self.rail_hold_ms,
            self.report_max_age_ms,
            self.attest_quorum,
            self.custodian_share_max_bps,
            &self.quotas,
        )
    }

    /// `UNKNOWN_TARGET` when the fee account is not registered; `BAD_POLICY` for an officer's
    /// key that breaks TX-14; `INVALID_ARGUMENT` when there are fewer quotas than before
    /// (accounts are of these classes).
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        env.account(&self.fee_account).ok_or(Code::UnknownTarget)?;
        if [self.officers.ceo, self.officers.cfo].iter().any(|key| check_public_key(key).is_err()) {
            return Err(Code::BadPolicy);
        }
        let policy = env.journal.policy_mut();
        if self.quotas.len() < policy.quotas.len() {
            return Err(Code::InvalidArgument);
        }
        policy.rail_hold_ms = self.rail_hold_ms;
        policy.report_max_age_ms = self.report_max_age_ms;
        policy.attest_quorum = self.attest_quorum;
        policy.custodian_share_max_bps = self.custodian_share_max_bps;
        policy.travel_threshold = self.travel_threshold;
        policy.fee_account = self.fee_account;
        policy.officers = self.officers;
        policy.quotas.clone_from(&self.quotas);
        env.emit(Event::PolicySet);
        Ok(())
    }
}

impl SetPolicy {
    /// Whether anything would be less strict than now, or in other hands.
    pub(crate) fn loosens(&self, state: &State) -> bool {
        let policy = state.policy();
        let higher =
            |(new, old): (&Quota, &Quota)| new.burst > old.burst || new.per_1000_s > old.per_1000_s;
        self.rail_hold_ms < policy.rail_hold_ms
            || self.report_max_age_ms > policy.report_max_age_ms
            || self.attest_quorum < policy.attest_quorum
            || self.share_loosens(policy.custodian_share_max_bps)
            || self.travel_threshold > policy.travel_threshold
            || self.fee_account != policy.fee_account
            || self.officers != policy.officers
            || self.quotas.len() != policy.quotas.len()
            || self.quotas.iter().zip(&policy.quotas).any(higher)
    }

    /// No bound is the loosest.
    fn share_loosens(&self, before: Option<u16>) -> bool {
        let Some(before) = before else { return false };
        self.custodian_share_max_bps.is_none_or(|share| share > before)
    }
}
