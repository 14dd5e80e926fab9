//! What a transaction would do in a block now, by the very code that blocks run: it runs on the
//! state, and then everything it wrote is taken back.

use ballast_primitives::{Address, signature};

use crate::admission::{self, Admitted};
use crate::code::Code;
use crate::event::Event;
use crate::execute::{BlockContext, Run};
use crate::journal::Kept;
use crate::object::{Key, Object};
use crate::receipt::Outcome;
use crate::state::{State, Stored};
use crate::tx::{SignedTx, TxBody, VerifiedTx};

/// A transaction to be tried. Without witnesses it is tried as if all that are needed had signed;
/// those inside its operations are always verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    tx: SignedTx,
    are_signatures_valid: bool,
}

/// What the next block would say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Simulated {
    /// It would not be in a block at all.
    Refused(Code),
    Included {
        outcome: Outcome,
        /// As its receipt would have them.
        events: Vec<Event>,
        /// The accounts whose balance it would change, ascending by address.
        balances: Vec<BalanceChange>,
    },
}

/// Micro-dollars of an account before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BalanceChange {
    pub account: Address,
    pub before: u64,
    pub after: u64,
}

impl Trial {
    /// Verifies the signatures that are there; `DECODE` for a shape that no block holds.
    pub fn new(tx: SignedTx) -> Result<Self, Code> {
        tx.check_unsigned_shape().map_err(|_| Code::Decode)?;
        let message = tx.body.signed_bytes();
        let are_signatures_valid = tx.parts(&message).all(|part| {
            part.items()
                .all(|item| signature::verify(&item.key, item.message, &item.signature).is_ok())
        });
        Ok(Self { tx, are_signatures_valid })
    }

    /// One whose signatures have been verified already.
    pub fn of_verified(tx: &VerifiedTx) -> Self {
        Self { tx: tx.tx().clone(), are_signatures_valid: true }
    }

    pub const fn body(&self) -> &TxBody {
        &self.tx.body
    }

    fn admit(&self, state: &State, context: &BlockContext) -> Result<Admitted, Code> {
        context.rules.check_unsigned(&self.tx).map_err(|_| Code::Decode)?;
        let witnesses = Some(self.tx.witnesses.as_slice()).filter(|all| !all.is_empty());
        let admitted = admission::admit_body(state, context, self.body(), witnesses);
        match admitted {
            // What comes first in the order of precedence is said first.
            Err(earlier) if earlier.comes_before(Code::BadSignature) => Err(earlier),
            _ if !self.are_signatures_valid => Err(Code::BadSignature),
            admitted => admitted,
        }
    }
}

/// Tries a transaction in a block of its own with this context. The state is afterwards what it
/// was before.
pub fn simulate(state: &mut State, context: &BlockContext, trial: &Trial) -> Simulated {
    let mut run = Run::new(state, context, 1);
    let admitted = match trial.admit(run.journal.state(), context) {
        Ok(admitted) => admitted,
        Err(code) => return Simulated::Refused(code),
    };
    let kept = keep(&run, &admitted);
    let simulated = match run.consume(&admitted, trial.body()) {
        Ok(()) => {
            let (outcome, events) = run.operations(&admitted, trial.body());
            Simulated::Included { outcome, events, balances: balances(&run) }
        }
        Err(code) => Simulated::Refused(code),
    };
    run.journal.put_back(kept);
    simulated
}

/// What an includable transaction writes for good: its sender's nonce, its payer's quota.
fn keep(run: &Run<'_>, admitted: &Admitted) -> Vec<Kept> {
    let payer = admitted.spent.map(|(payer, _)| payer);
    std::iter::once(admitted.sender).chain(payer).map(|at| run.journal.keep(at)).collect()
}

fn balances(run: &Run<'_>) -> Vec<BalanceChange> {
    let change = |(before, after): (&Stored, &Stored)| match (&before.object, &after.object) {
        (Object::Account(before), Object::Account(now)) => {
            let Key::Account(account) = after.key else { return None };
            Some(BalanceChange { account, before: before.balance, after: now.balance })
        }
        _ => None,
    };
    let written = run.journal.written().filter_map(|(_, before, after)| before.zip(after));
    let mut changes: Vec<_> =
        written.filter_map(change).filter(|change| change.before != change.after).collect();
    changes.sort_unstable();
    changes
}
