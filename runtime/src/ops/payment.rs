//! The rules of a payment, whichever operation asks for it: the payer itself
//! ([`super::transfer`]), a spender ([`super::transfer_from`]), or who relays the payer's signed
//! word ([`super::pay_auth`]).
//!
//! The rules come in two parts, because what an operation asks for itself comes between them:
//! [`Payment::check_parties`], then [`Payment::clear`]. Nothing is written before
//! [`Cleared::settle`].

use ballast_primitives::Address;
use ballast_primitives::planted::{Bug, planted};

use crate::authorisation::TravelData;
use crate::code::Code;
use crate::event::Event;
use crate::limits::AUTH_MS_MAX;
use crate::object::{Account, Institution, Key, Object, UsedTravel, Window};
use crate::ops::Env;
use crate::state::At;

/// Who is to pay whom what. Accounts are missing that are not registered.
pub(crate) struct Payment<'a> {
    pub(crate) from: Address,
    pub(crate) payer: Option<At<Account>>,
    pub(crate) to: Address,
    pub(crate) payee: Option<At<Account>>,
    /// Micro-dollars.
    pub(crate) amount: u64,
    pub(crate) memo: Option<&'a [u8]>,
    pub(crate) travel: Option<&'a TravelData>,
}

/// A payment that breaks no rule; whether the amount is available is not asked yet.
#[must_use]
pub(crate) struct Cleared<'a> {
    payment: &'a Payment<'a>,
    payer: At<Account>,
    payee: At<Account>,
    crossing: Option<Crossing>,
}

/// What a payment from one institution to another leaves behind.
struct Crossing {
    /// What the payer paid the payee lately, if anything ever.
    pair: Option<At<Window>>,
    /// The payee's institution.
    institution: u32,
}

impl<'a> Payment<'a> {
    /// The payee's registration is live; the payee is not in-frozen, the payer not out-frozen
    /// (PAY-1 to PAY-3).
    pub(crate) fn check_parties(&self, env: &Env<'_, '_>) -> Result<(), Code> {
        env.check_may_receive(self.payee)?;
        self.payer.map_or(Ok(()), |payer| env.check_may_send(payer))
    }

    /// `ZERO_AMOUNT`; `SELF_TRANSFER`; `UNKNOWN_TARGET` when the payer is not registered;
    /// `UNKNOWN_RECIPIENT`; `MEMO_REQUIRED`; `TRAVEL_DATA_REQUIRED`; `TRAVEL_DATA_INVALID`;
    /// `TRAVEL_REPLAY`.
    pub(crate) fn clear(&'a self, env: &Env<'_, '_>) -> Result<Cleared<'a>, Code> {
        if self.amount == 0 {
            return Err(Code::ZeroAmount);
        }
        if self.from == self.to {
            return Err(Code::SelfTransfer);
        }
        let payer = self.payer.ok_or(Code::UnknownTarget)?;
        let payee = self.payee.ok_or(Code::UnknownRecipient)?;
        env.check_memo(payee, self.memo)?;
        let crossing = self.check_travel(env, payer, payee)?;
        Ok(Cleared { payment: self, payer, payee, crossing })
    }

    /// The travel rule (PAY-5): between institutions, from a threshold on, the payee's must have
    /// signed that it received the travel data.
    fn check_travel(
        &self,
        env: &Env<'_, '_>,
        payer: At<Account>,
        payee: At<Account>,
    ) -> Result<Option<Crossing>, Code> {
        let ours = env.journal.read(payer).institution;
        let institution = env.journal.read(payee).institution;
        if ours == 0 || institution == 0 || ours == institution {
            return if self.travel.is_some() { Err(Code::TravelDataInvalid) } else { Ok(None) };
        }
        let pair = env.journal.find(&Key::Pair(self.from, self.to));
        match self.travel {
            Some(data) => check_data(env, data, institution)?,
            None if self.reaches_threshold(env, pair) => return Err(Code::TravelDataRequired),
            None => {}
        }
        Ok(Some(Crossing { pair, institution }))
    }

    /// Whether the payment, with what the payer paid the payee within the window, is large enough
    /// for the travel rule.
    fn reaches_threshold(&self, env: &Env<'_, '_>, pair: Option<At<Window>>) -> bool {
        let lately = pair.map_or(0, |pair| env.journal.read(pair).total(env.now));
        let threshold = u128::from(env.journal.policy().travel_threshold);
        lately.saturating_add(u128::from(self.amount)) >= threshold
    }
}

fn check_data(env: &Env<'_, '_>, data: &TravelData, institution: u32) -> Result<(), Code> {
    let known = env.journal.find::<Institution>(&Key::Institution(institution));
    let signed = known.is_some_and(|at| env.journal.read(at).key == data.witness.key);
    let latest = env.now.saturating_add(AUTH_MS_MAX);
    if !signed || env.now >= data.expires || data.expires > latest {
        return Err(Code::TravelDataInvalid);
    }
    env.check_unused(&Key::UsedTravel(institution, data.nonce), Code::TravelReplay)
}

impl Cleared<'_> {
    /// Moves the amount and says so: `INSUFFICIENT_AVAILABLE`, then `OVERFLOW`.
    pub(crate) fn settle(self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let Self { payment, payer, payee, crossing } = self;
        env.debit(payer, payment.amount)?;
        if let Some(crossing) = crossing {
            crossing.record(payment, env)?;
        }
        let more = u64::from(planted(Bug::TransferMakesMoney));
        env.credit(payee, payment.amount.saturating_add(more))?;
        env.emit(Event::Transferred {
            from: payment.from,
            to: payment.to,
            amount: payment.amount,
            memo: payment.memo.map(<[u8]>::to_vec),
        });
        Ok(())
    }
}

impl Crossing {
    /// The pair's window grows, and the travel data are used up.
    fn record(&self, payment: &Payment<'_>, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let window = self.pair.map_or(Window::default(), |pair| *env.journal.read(pair));
        let grown = window.with(env.now, payment.amount).ok_or(Code::Overflow)?;
        match self.pair {
            Some(pair) => *env.journal.write(pair) = grown,
            None => {
                let key = Key::Pair(payment.from, payment.to);
                env.create(key, Object::Pair(Box::new(grown)))?;
            }
        }
        if let Some(data) = payment.travel {
            let used = UsedTravel { until: data.expires, payer: payment.from };
            env.create(Key::UsedTravel(self.institution, data.nonce), Object::UsedTravel(used))?;
        }
        Ok(())
    }
}
