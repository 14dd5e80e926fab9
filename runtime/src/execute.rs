//! How a block runs: lane 0 first, then the rest, each transaction whole or not at all; then the
//! invariants, the receipts' root and the state tree.

use std::borrow::Borrow;
use std::hint;

use ballast_primitives::planted::{Bug, planted};
use ballast_primitives::turns::Report;
use ballast_primitives::{Evidence, Hash, codec, merkle};

use crate::admission::{self, Admitted};
use crate::code::Code;
use crate::event::Event;
use crate::invariants::{self, Invariant};
use crate::journal::{Journal, Written};
use crate::limits::{ENDED_PER_BLOCK, FULL_CHECK_BLOCKS};
use crate::object::{Checkpoint, Incident, IncidentKind, Object, Severity};
use crate::op::Op;
use crate::ops::{Authority, Env};
use crate::receipt::{Outcome, Receipt};
use crate::rules::Rules;
use crate::state::{At, Change, Removed, State, UPGRADE, VALIDATORS};
use crate::tx::{TxBody, VerifiedTx};

pub use crate::invariants::Breach;

/// How many transactions' accounts are looked up ahead.
const AHEAD: usize = 16;

/// What a block says about itself that execution needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockContext {
    pub genesis: Hash,
    pub chain_id: u32,
    pub height: u64,
    /// Milliseconds since the Unix epoch: the only time there is.
    pub time: u64,
    /// Those that the state before the block says ([`crate::Rulebook::at`]).
    pub rules: &'static Rules,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockOutcome {
    /// In the order of execution.
    pub receipts: Vec<Receipt>,
    /// For each receipt, the index of its transaction in the block.
    pub origins: Vec<u32>,
    /// Transactions that were not includable, by index, with the reason. They left no trace.
    pub dropped: Vec<(u32, Code)>,
    /// What the block removed, in the order of removal. A removed key may be among the changes
    /// all the same, or its slot: it was created, or reused, later.
    pub removed: Vec<Removed>,
    /// Every object the block wrote, ascending by slot.
    pub changes: Vec<Change>,
    /// The root over this block's receipts alone; see [`merkle::chain_receipts`].
    pub receipts_root: Hash,
}

/// A block whose transactions have run and whose invariants hold, before the state tree and the
/// roots are brought up to date by [`Executed::commit`].
#[must_use]
pub struct Executed<'s> {
    state: &'s mut State,
    receipts: Vec<Receipt>,
    origins: Vec<u32>,
    dropped: Vec<(u32, Code)>,
    written: Written,
}

/// Executes a block's transactions, in order after lane 0, and brings `state` to what follows.
///
/// A [`Breach`] means the code broke an invariant; `state` is then of no use any more.
pub fn execute_block<T: Borrow<VerifiedTx>>(
    state: &mut State,
    context: &BlockContext,
    txs: &[T],
) -> Result<BlockOutcome, Breach> {
    execute(state, context, &Report::default(), txs).map(Executed::commit)
}

/// The first half of [`execute_block`]: everything but hashing. `report` is what the block says
/// about validators.
pub fn execute<'s, T: Borrow<VerifiedTx>>(
    state: &'s mut State,
    context: &BlockContext,
    report: &Report,
    txs: &[T],
) -> Result<Executed<'s>, Breach> {
    let at_height = |breach: Breach| Breach { height: Some(context.height), ..breach };
    let supply_before = state.supply().clone();
    let mut run = Run::new(state, context, txs.len());
    run.enter_version().map_err(at_height)?;
    run.remove_ended();
    run.turns(report);
    run.name(&report.evidence);
    run.checkpoint();
    let numbered = (0u32..).zip(txs.iter().map(Borrow::borrow));
    let lanes: (Vec<_>, Vec<_>) =
        numbered.partition(|(_, tx)| admission::is_lane0(tx.tx()) && !planted(Bug::LanesIgnored));
    for chunk in lanes.0.chunks(AHEAD).chain(lanes.1.chunks(AHEAD)) {
        look_ahead(run.journal.state(), chunk);
        for (index, tx) in chunk {
            run.transaction(*index, tx);
        }
    }
    let Run { journal, receipts, origins, mut dropped, .. } = run;
    dropped.sort_unstable_by_key(|(index, _)| *index);
    let written = journal.end_block();
    invariants::check_block(state, &supply_before, &written).map_err(at_height)?;
    if context.height.is_multiple_of(FULL_CHECK_BLOCKS) {
        invariants::check_all(state, context.time).map_err(at_height)?;
    }
    Ok(Executed { state, receipts, origins, dropped, written })
}

/// Looks up the accounts that the transactions will look up, so that they are in the processor's
/// caches. Many lookups in a row wait for memory together; one by one, each between a
/// transaction's other work, they were two thirds of a transfer among a million accounts.
fn look_ahead(state: &State, txs: &[(u32, &VerifiedTx)]) {
    for (_, tx) in txs {
        let payees = tx.body().ops.iter().filter_map(Op::payee);
        for address in payees.chain([&tx.body().sender]) {
            let account = state.account(address);
            hint::black_box(account.map(|account| (account.balance, account.kyc_until)));
        }
    }
}

impl Executed<'_> {
    /// The second half of [`execute_block`]: the state tree, the changes, the receipts' root.
    pub fn commit(self) -> BlockOutcome {
        let Self { state, receipts, origins, dropped, written } = self;
        let changes = state.commit(written.touched.iter().map(|entry| entry.slot));
        let mut removed = written.removed();
        if planted(Bug::RemovalForgotten) {
            removed.pop();
        }
        let receipts_root = receipts_root(&receipts);
        BlockOutcome { receipts, origins, dropped, removed, changes, receipts_root }
    }
}

/// The digests of a block's receipts, in order: the leaves of its receipts tree.
pub fn receipt_leaves(receipts: &[Receipt]) -> Vec<Hash> {
    receipts.iter().map(|receipt| merkle::RECEIPTS.leaf(&codec::encode(receipt))).collect()
}

/// The root over a block's receipts.
pub fn receipts_root(receipts: &[Receipt]) -> Hash {
    merkle::RECEIPTS.root_of(&receipt_leaves(receipts))
}

/// A block being executed.
pub(crate) struct Run<'a> {
    context: &'a BlockContext,
    pub(crate) journal: Journal<'a>,
    receipts: Vec<Receipt>,
    origins: Vec<u32>,
    dropped: Vec<(u32, Code)>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(state: &'a mut State, context: &'a BlockContext, txs: usize) -> Self {
        Self {
            context,
            journal: Journal::begin_block(state),
            receipts: Vec::with_capacity(txs),
            origins: Vec::with_capacity(txs),
            dropped: Vec::new(),
        }
    }

    fn transaction(&mut self, index: u32, tx: &VerifiedTx) {
        let known = match planted(Bug::RulesOfArrival) {
            true => Ok(()),
            false => self.context.rules.takes(tx),
        };
        let admitted = known
            .and_then(|()| admission::admit(self.journal.state(), self.context, tx.tx()))
            .and_then(|admitted| self.consume(&admitted, tx.body()).map(|()| admitted));
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(code) => {
                self.dropped.push((index, code));
                return;
            }
        };
        // From here on the transaction is in the block, whatever its operations answer.
        let (outcome, events) = self.operations(&admitted, tx.body());
        let position = u32::try_from(self.receipts.len()).unwrap_or(u32::MAX);
        self.origins.push(index);
        self.receipts.push(Receipt {
            tx: tx.id(),
            sender: tx.body().sender,
            nonce: tx.body().nonce,
            height: self.context.height,
            index: position,
            outcome,
            events,
        });
    }

    /// Uses up the nonce and the quota.
    pub(crate) fn consume(&mut self, admitted: &Admitted, body: &TxBody) -> Result<(), Code> {
        self.journal.write_kept(admitted.sender).replay.consume(body.nonce)?;
        if let Some((payer, bucket)) = admitted.spent {
            self.journal.write_kept(payer).quota = bucket;
        }
        Ok(())
    }

    /// Runs the operations of an includable transaction that has used up its nonce and quota: all
    /// of them, or none.
    pub(crate) fn operations(
        &mut self,
        admitted: &Admitted,
        body: &TxBody,
    ) -> (Outcome, Vec<Event>) {
        self.journal.begin_ops();
        let mut env = self.env(admitted, body);
        let failure = (0u8..).zip(&body.ops).find_map(|(number, op)| {
            env.op = number;
            judged(op, &mut env).err().map(|failure| (number, failure))
        });
        let Env { events, trips, op: last, .. } = env;
        let failure = failure.or_else(|| Some((last, self.check().err()?)));
        let Some((op, failure)) = failure else { return (Outcome::Success, events) };
        if !planted(Bug::UndoSkipped) {
            self.journal.undo_ops();
        }
        let (code, broken) = match failure {
            Failure::Refused(code) => (code, None),
            Failure::Broke(invariant) => (Code::InvariantBroken, Some(invariant)),
        };
        (Outcome::Failed { op, code }, self.keep(admitted, body, &trips, broken))
    }

    /// What must hold after each transaction that did something.
    fn check(&self) -> Result<(), Failure> {
        let checked = invariants::check_transaction(&self.journal, self.context.time);
        checked.map_err(|broken| Failure::Broke(broken.invariant))
    }

    /// Of a failed transaction only the breakers that it tripped stay, and what follows an
    /// invariant that it broke; these are done again, after everything was taken back.
    fn keep(
        &mut self,
        admitted: &Admitted,
        body: &TxBody,
        trips: &[IncidentKind],
        broken: Option<Invariant>,
    ) -> Vec<Event> {
        if trips.is_empty() && broken.is_none() {
            return Vec::new();
        }
        self.journal.begin_ops();
        let mut env = self.env(admitted, body);
        let tripped = trips.iter().try_for_each(|kind| env.trip(*kind));
        let done = tripped.and_then(|()| broken.map_or(Ok(()), |it| env.report_broken(it)));
        if done.is_err() {
            // The log of incidents is full: 2^64 of them.
            self.journal.undo_ops();
            return Vec::new();
        }
        env.events
    }

    fn env<'e>(&'e mut self, admitted: &Admitted, body: &'e TxBody) -> Env<'e, 'a> {
        Env {
            journal: &mut self.journal,
            block: self.context,
            now: self.context.time,
            tx: body,
            op: 0,
            sender: admitted.sender,
            payer: admitted.spent.map(|(payer, _)| payer),
            sender_address: body.sender,
            authority: Authority::Sender,
            events: Vec::with_capacity(body.ops.len()),
            trips: Vec::new(),
        }
    }

    /// The first block of a version says so in the state. Rules that are not the state's are a fault
    /// of whoever chose them.
    fn enter_version(&mut self) -> Result<(), Breach> {
        let upgrade = *self.journal.state().upgrade();
        let version = upgrade.at(self.context.height);
        let ours = self.context.rules.version;
        if ours != version && !planted(Bug::RulesByProgram) {
            let what = format!("the rules are those of the state's version {version}, not {ours}");
            return Err(Breach { height: None, what });
        }
        if version != upgrade.current {
            self.journal.begin_ops();
            self.journal.write(UPGRADE).current = version;
        }
        Ok(())
    }

    /// Removes what has ended (ST-7). No more than so many a block, so that no block is slow; what
    /// has ended counts for nothing, removed or not.
    fn remove_ended(&mut self) {
        if planted(Bug::EndedKept) {
            return;
        }
        self.journal.begin_ops();
        for slot in self.journal.state().ended(self.context.time, ENDED_PER_BLOCK) {
            self.journal.settle_pending(slot);
            self.journal.remove(At::<Object>::new(slot));
        }
    }

    /// Before anything else: a set that this block chooses does not judge its parent.
    fn turns(&mut self, report: &Report) {
        let next = self.journal.state().validators().turns_after(report, self.context.height);
        if let Some(next) = next {
            self.journal.begin_ops();
            self.journal.write(VALIDATORS).turns = next;
        }
    }

    /// Who signed twice gets an incident that says so (CO-51). Nothing else follows: what to do about
    /// it is for the council.
    fn name(&mut self, evidence: &[Evidence]) {
        let (height, time) = (self.context.height, self.context.time);
        for evidence in evidence {
            let validators = self.journal.state().validators();
            if !validators.may_name(evidence, height, time) {
                continue;
            }
            let named = validators.named_after(evidence, height, time);
            let (kind, severity) = (IncidentKind::Equivocation, Severity::Critical);
            let subject = Hash(evidence.validator.0);
            let incident = Incident { kind, severity, height, at: time, subject };
            self.journal.begin_ops();
            if self.journal.file_incident(incident).is_some() {
                self.journal.write(VALIDATORS).named = named;
            }
        }
    }

    /// The first block at or after a tick remembers the supply as its parent left it.
    fn checkpoint(&mut self) {
        let state = self.journal.state();
        let interval = state.policy().checkpoint_ms;
        let Some(tick) = self.context.time.checked_div(interval) else { return };
        let at = tick.saturating_mul(interval);
        if at <= state.reserve().checkpoint {
            return;
        }
        let supply = state.supply();
        let checkpoint = Checkpoint {
            at,
            height: self.context.height.saturating_sub(1),
            total: supply.total,
            cum_deposit: supply.cum_deposit,
            cum_payout: supply.cum_payout,
        };
        let key = Checkpoint::key(at, interval);
        self.journal.begin_ops();
        self.journal.reserve_mut().checkpoint = at;
        match self.journal.find(&key) {
            Some(old) => *self.journal.write(old) = checkpoint,
            None => self.journal.create(key, Object::Checkpoint(checkpoint)),
        }
    }
}

/// Why the operations of a transaction are taken back.
enum Failure {
    Refused(Code),
    Broke(Invariant),
}

/// One operation, and what it wrote judged.
fn judged(op: &Op, env: &mut Env<'_, '_>) -> Result<(), Failure> {
    operation(op, env).map_err(Failure::Refused)?;
    env.journal.broken().map_or(Ok(()), |invariant| Err(Failure::Broke(invariant)))
}

/// One operation: what all have in common (pauses, then who may send it), then its own rules.
fn operation(op: &Op, env: &mut Env<'_, '_>) -> Result<(), Code> {
    env.check_pauses(op.pause_scopes())?;
    env.check_signer(op.signer())?;
    op.execute(env)
}

#[cfg(test)]
mod tests {
    use ballast_primitives::{Address, KeyPolicy, SecretKey, Validator};

    use super::*;
    use crate::dev::{self, DevSpec};
    use crate::limits::PAUSE_MS_MAX;
    use crate::object::{Account, Key, Role, Scope, Severity};
    use crate::ops::deposit_confirm::DepositConfirm;
    use crate::ops::redeem_request::RedeemRequest;

    fn state() -> State {
        let key = |label| SecretKey::dev("execute", label).public();
        let name = "validator-0".to_owned();
        let validator = Validator { key: key("validator"), peer: key("peer"), power: 1, name };
        let genesis = dev::genesis(&DevSpec {
            chain_id: 1,
            time: 1_000,
            validators: vec![validator],
            accounts: 1,
            balance: 10_000_000,
            seed: "execute".to_owned(),
        });
        State::from_genesis(&genesis.unwrap()).unwrap()
    }

    fn context(height: u64) -> BlockContext {
        let rules = &Rules::V1;
        BlockContext { genesis: Hash::default(), chain_id: 1, height, time: 2_000, rules }
    }

    /// Writes to the one account, as a wrong operation would.
    fn write(journal: &mut Journal<'_>, change: impl FnOnce(&mut Account)) {
        let key = Key::Account(dev::account_address("execute", 0));
        let at = journal.find::<Account>(&key).unwrap();
        journal.begin_ops();
        change(journal.write(at));
    }

    /// A transaction of one operation, run in a state whose cap is below its total: what writes
    /// to the supply there breaks an invariant.
    fn above_the_cap(state: &mut State, key: &SecretKey, op: Op) -> (Outcome, Vec<Event>) {
        let context = context(1);
        let mut run = Run::new(state, &context, 1);
        run.journal.supply_mut().cap = 1;
        let body = TxBody {
            genesis: context.genesis,
            chain_id: context.chain_id,
            sender: Address::of(&KeyPolicy::Single(key.public())),
            nonce: 1,
            valid_until: context.time + 1,
            sponsor: None,
            memo: None,
            ops: vec![op],
        };
        let admitted = admission::admit_body(run.journal.state(), &context, &body, None).unwrap();
        run.operations(&admitted, &body)
    }

    #[test]
    fn what_breaks_an_invariant_pauses_if_its_sender_has_power_and_not_otherwise() {
        let broken = Outcome::Failed { op: 0, code: Code::InvariantBroken };
        let mut state = state();
        let sound = state.clone();
        let holder = dev::account_key("execute", 0);
        let beneficiary = Hash::default();
        let redeem = RedeemRequest { amount: 10_000_000, fee_max: u64::MAX, beneficiary };
        let (outcome, events) = above_the_cap(&mut state, &holder, Op::RedeemRequest(redeem));
        assert_eq!(outcome, broken);
        let [Event::IncidentPosted { kind, severity, .. }] = events[..] else {
            panic!("a holder pauses nothing: {events:?}");
        };
        assert_eq!((kind, severity), (IncidentKind::SupplyBroken, Severity::Critical));
        for scope in Scope::ALL {
            assert_eq!(state.pause(scope), sound.pause(scope));
        }
        let custodian = dev::role_key("execute", Role::Custodian);
        let amount = 1;
        let bank_ref = "r".to_owned();
        let deposit = DepositConfirm { bank_ref, amount, beneficiary: Address([0; 32]) };
        let (outcome, events) = above_the_cap(&mut state, &custodian, Op::DepositConfirm(deposit));
        assert_eq!(outcome, broken);
        let until = context(1).time + PAUSE_MS_MAX;
        assert_eq!(events.first(), Some(&Event::Paused { scope: Scope::Mint, until }));
        assert_eq!(events.len(), 2);
        assert_eq!(state.pause(Scope::Mint).until, until);
        assert_eq!(state.incidents().next, 2);
        assert_eq!(state.supply().redeem_escrow, 0, "all else is taken back");
        assert_eq!(state.account(&dev::account_address("execute", 0)).unwrap().balance, 10_000_000);
    }

    #[test]
    fn every_thousandth_block_finds_what_no_transaction_of_it_touched() {
        let sound = state();
        let mut state = sound.clone();
        let mut journal = Journal::begin_block(&mut state);
        write(&mut journal, |account| account.balance += 1);
        journal.end_block();
        assert!(!state.is_empty());
        assert_eq!(state.root(), sound.root(), "the tree has not been told");
        assert_ne!(state, sound);
        let at = |height| {
            let executed = execute::<VerifiedTx>(
                &mut state.clone(),
                &context(height),
                &Report::default(),
                &[],
            )
            .map(drop);
            executed.map_err(|breach| breach.height)
        };
        assert_eq!(at(FULL_CHECK_BLOCKS - 1), Ok(()));
        assert_eq!(at(FULL_CHECK_BLOCKS), Err(Some(FULL_CHECK_BLOCKS)));
        assert_eq!(at(FULL_CHECK_BLOCKS + 1), Ok(()));
    }
}
