//! Freeze: stops what goes into or out of an account, or both, at once. Protective.
//!
//! A compliance officer's freeze lapses after 72 hours, and for 7 days after a lapse an officer
//! cannot freeze the account again. Freezing again before the lapse may add a direction but does
//! not move the end. The council's freeze is permanent and replaces whatever freeze there was: it
//! states the directions whole. An officer cannot change it, nor widen it; naming only directions
//! it already stops succeeds and changes nothing.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::limits::{FREEZE_COOLDOWN_MS, OFFICER_FREEZE_MS};
use crate::object::{FreezeState, IncidentKind, Severity};
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Freeze {
    pub account: Address,
    /// Stop what comes in.
    pub inbound: bool,
    /// Stop what goes out.
    pub outbound: bool,
    /// Digest of the order that asks for it.
    pub order: Hash,
}

impl Freeze {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        if !self.inbound && !self.outbound {
            return Err("a freeze names a direction");
        }
        Ok(())
    }

    /// Registered: `UNKNOWN_TARGET`; `SYSTEM_ACCOUNT`; from an officer `FREEZE_CONFIRMED`, then
    /// `FREEZE_COOLDOWN`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let account = env.account(&self.account).ok_or(Code::UnknownTarget)?;
        if env.journal.policy().fee_account == self.account {
            return Err(Code::SystemAccount);
        }
        let current = env.journal.read(account).freeze;
        let next = match env.by_council() {
            true => self.by_council(),
            false => self.by_officer(&current, env.now)?,
        };
        env.journal.write(account).freeze = next;
        env.emit(Event::Frozen {
            account: self.account,
            inbound: next.inbound,
            outbound: next.outbound,
            until: (!next.confirmed).then_some(next.until),
            order: self.order,
        });
        if next == current {
            return Ok(());
        }
        env.file_incident(IncidentKind::Freeze, Severity::Medium, self.order)
    }

    const fn by_council(&self) -> FreezeState {
        FreezeState {
            inbound: self.inbound,
            outbound: self.outbound,
            until: 0,
            confirmed: true,
            order: self.order,
        }
    }

    fn by_officer(&self, current: &FreezeState, now: u64) -> Result<FreezeState, Code> {
        let widens = (self.inbound && !current.inbound) || (self.outbound && !current.outbound);
        match (current.in_force(now), current.confirmed) {
            (true, true) if widens => Err(Code::FreezeConfirmed),
            (true, true) => Ok(*current),
            (true, false) => Ok(FreezeState {
                inbound: self.inbound || current.inbound,
                outbound: self.outbound || current.outbound,
                order: self.order,
                ..*current
            }),
            // `until` is 0 when there was no freeze, or the council lifted it.
            (false, _)
                if current.until > 0 && now < current.until.saturating_add(FREEZE_COOLDOWN_MS) =>
            {
                Err(Code::FreezeCooldown)
            }
            (false, _) => Ok(FreezeState {
                inbound: self.inbound,
                outbound: self.outbound,
                until: now.checked_add(OFFICER_FREEZE_MS).ok_or(Code::Overflow)?,
                confirmed: false,
                order: self.order,
            }),
        }
    }
}
