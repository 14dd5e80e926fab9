//! Approve: lets another account move up to an amount of the sender's.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::{Allowance, Key, Object};
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Approve {
    pub spender: Address,
    /// What the allowance is now, micro-dollars: a change in between is noticed.
    pub expected: u64,
    /// What it becomes.
    pub amount: u64,
    /// Of no effect from this time on.
    pub expires: u64,
}

impl Approve {
    /// `SELF_TRANSFER` when the spender is the owner; `ALLOWANCE_CHANGED` unless `expected` is
    /// the current allowance (what is stored while `now < expires`, else 0);
    /// `ALLOWANCE_EXPIRED` when `amount > 0` and `expires <= now`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        self.set(env, env.sender_address)
    }

    /// The same for any owner whose word this is.
    pub(crate) fn set(&self, env: &mut Env<'_, '_>, owner: Address) -> Result<(), Code> {
        let Self { spender, expected, amount, expires } = *self;
        if spender == owner {
            return Err(Code::SelfTransfer);
        }
        let key = Key::Allowance(owner, spender);
        let stored = env.journal.find::<Allowance>(&key);
        if expected != stored.map_or(0, |at| env.journal.read(at).current(env.now)) {
            return Err(Code::AllowanceChanged);
        }
        if amount > 0 && expires <= env.now {
            return Err(Code::AllowanceExpired);
        }
        let allowance = Allowance { amount, expires };
        match stored {
            Some(at) if amount == 0 => env.journal.remove(at),
            Some(at) => *env.journal.write(at) = allowance,
            None if amount == 0 => {}
            None => env.create(key, Object::Allowance(allowance))?,
        }
        env.emit(Event::Approved { owner, spender, amount, expires });
        Ok(())
    }
}
