//! RegisterAccount: a registrar opens an account under its first key policy.

use ballast_primitives::policy::KEYS_MAX;
use ballast_primitives::{Address, KeyPolicy};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::{Account, Bucket, FreezeState, Key, Object};
use crate::ops::Env;
use crate::replay::ReplayWindow;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RegisterAccount {
    /// The account's address is that of this policy.
    pub policy: KeyPolicy,
    /// Decides the quota; one of the policy's classes.
    pub kyc_class: u8,
    /// The registration is live while `now < kyc_until`.
    pub kyc_until: u64,
    /// The institution that the holder belongs to.
    pub institution: u32,
    /// Whether payments to it need a memo.
    pub memo_required: bool,
}

/// The bound of a policy's size, before anything else about it is asked.
pub(crate) fn check_key_count(policy: &KeyPolicy) -> Result<(), &'static str> {
    if policy.keys().len() > KEYS_MAX {
        return Err("a key policy has at most 16 keys");
    }
    Ok(())
}

/// `INVALID_ARGUMENT` for a class without quota, or an institution other than 0 that is not known.
pub(crate) fn check_placement(
    env: &Env<'_, '_>,
    kyc_class: u8,
    institution: u32,
) -> Result<(), Code> {
    let state = env.journal.state();
    let classes = state.policy().quotas.len();
    let known = institution == 0 || state.get(&Key::Institution(institution)).is_some();
    if usize::from(kyc_class) < classes && known { Ok(()) } else { Err(Code::InvalidArgument) }
}

impl RegisterAccount {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        check_key_count(&self.policy)
    }

    /// `ALREADY_REGISTERED`; `BAD_POLICY`; `INVALID_ARGUMENT` for a class without quota, or
    /// `kyc_until <= now`, or an institution other than 0 that is not known.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let address = Address::of(&self.policy);
        if env.account(&address).is_some() {
            return Err(Code::AlreadyRegistered);
        }
        self.policy.check().map_err(|_| Code::BadPolicy)?;
        check_placement(env, self.kyc_class, self.institution)?;
        if self.kyc_until <= env.now {
            return Err(Code::InvalidArgument);
        }
        let account = Account {
            policy: self.policy.clone(),
            balance: 0,
            hold: 0,
            freeze: FreezeState::default(),
            replay: ReplayWindow::default(),
            kyc_class: self.kyc_class,
            kyc_until: self.kyc_until,
            institution: self.institution,
            memo_required: self.memo_required,
            quota: Bucket::default(),
            objects: 0,
        };
        env.create(Key::Account(address), Object::Account(account))?;
        env.emit(Event::AccountRegistered {
            account: address,
            kyc_class: self.kyc_class,
            institution: self.institution,
        });
        Ok(())
    }
}
