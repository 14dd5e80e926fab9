//! RegisterAccount: a registrar opens an account under its first key policy.

use ballast_primitives::{Address, KeyPolicy, policy};
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

impl RegisterAccount {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        if self.policy.keys().len() > policy::KEYS_MAX {
            return Err("a key policy has at most 16 keys");
        }
        Ok(())
    }

    /// `ALREADY_REGISTERED`; `BAD_POLICY`; a class without quota or a registration that has
    /// ended: `INVALID_ARGUMENT`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let address = Address::of(&self.policy);
        if env.account(&address).is_some() {
            return Err(Code::AlreadyRegistered);
        }
        self.policy.check().map_err(|_| Code::BadPolicy)?;
        let classes = env.journal.policy().quotas.len();
        if usize::from(self.kyc_class) >= classes || self.kyc_until <= env.now {
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
        };
        env.journal.create(Key::Account(address), Object::Account(account));
        env.emit(Event::AccountRegistered {
            account: address,
            kyc_class: self.kyc_class,
            institution: self.institution,
        });
        Ok(())
    }
}
