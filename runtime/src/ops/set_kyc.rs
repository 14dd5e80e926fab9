//! SetKyc: a registrar renews, changes or ends a registration.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::ops::Env;
use crate::ops::register_account::check_placement;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetKyc {
    pub account: Address,
    pub kyc_class: u8,
    /// At or before now: the registration ends.
    pub kyc_until: u64,
    pub institution: u32,
    pub memo_required: bool,
}

impl SetKyc {
    /// `UNKNOWN_TARGET`; `INVALID_ARGUMENT` for a class without quota, or an institution other
    /// than 0 that is not known.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let Self { account, kyc_class, kyc_until, institution, memo_required } = *self;
        let at = env.account(&account).ok_or(Code::UnknownTarget)?;
        check_placement(env, kyc_class, institution)?;
        let stored = env.journal.write(at);
        stored.kyc_class = kyc_class;
        stored.kyc_until = kyc_until;
        stored.institution = institution;
        stored.memo_required = memo_required;
        env.emit(Event::KycSet { account, kyc_class, kyc_until, institution, memo_required });
        Ok(())
    }
}
