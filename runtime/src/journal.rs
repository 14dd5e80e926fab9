//! How a block writes to the state: in place, keeping what it needs to take back the operations
//! of one failed transaction, and a note of every object the block touched.
//!
//! Contract, in order of calls: [`Journal::begin_block`]; for each transaction
//! [`Journal::write_kept`] for what stays whatever the outcome (nonce, quota), then
//! [`Journal::begin_ops`], the operations' reads and writes, and on failure
//! [`Journal::undo_ops`]; at last [`Journal::end_block`].
//!
//! A slot that is vacated keeps its mark, so that what is put there later in the same block is not
//! noted as touched once more.
//!
//! What must hold where something is written is judged here, at the write: see
//! [`Journal::broken`].

use ballast_primitives::Address;

use crate::invariants::{self, Invariant};
use crate::limits::INCIDENTS_KEPT;
use crate::object::{
    Account, Council, Incident, IncidentLog, Key, Kind, Object, PauseState, Policy, ReserveIndex,
    Role, RoleGrant, Scope, Supply, Terms, Window,
};
use crate::state::{
    At, COUNCIL, INCIDENTS, POLICY, RESERVE, Removed, SUPPLY, Slot, State, Stored, TERMS, WINDOW,
    pause_at,
};

pub(crate) struct Journal<'a> {
    state: &'a mut State,
    /// Marks from this one on were made in this block.
    block_mark: u64,
    touched: Vec<Touched>,
    removed: Vec<(usize, Key)>,
    undo: Vec<Undo>,
    /// Lengths of `state.slots`, `touched` and `removed` when the operations began.
    slots_before_ops: usize,
    touched_before_ops: usize,
    removed_before_ops: usize,
    /// What was taken from accounts since the operations began, by slot.
    taken: Vec<(usize, u64)>,
    /// The first invariant that they broke.
    broken: Option<Invariant>,
}

/// On what ground a balance falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taking {
    /// The owner pays.
    Payment,
    /// The council seizes, and the hold falls with the balance.
    Seizure,
}

/// A slot that the block wrote, and of the object that was in it before the amounts and the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touched {
    pub(crate) slot: usize,
    pub(crate) before: Amounts,
    end_before: Option<u64>,
    /// How many objects counted for it, if it was an account, and whether it counted for one.
    pub(crate) counts_before: Counts,
}

/// What of an object the number of an account's objects is checked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) stated: u64,
    pub(crate) found: u64,
}

impl Counts {
    pub(crate) fn of(stored: &Stored) -> Self {
        let stated = match &stored.object {
            Object::Account(account) => account.objects.into(),
            _ => 0,
        };
        Self { stated, found: stored.object.counts_for(&stored.key).is_some().into() }
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            stated: self.stated.saturating_add(other.stated),
            found: self.found.saturating_add(other.found),
        }
    }
}

impl Touched {
    fn of(slot: usize, before: Option<&Stored>) -> Self {
        Self {
            slot,
            before: before.map_or(Amounts::None, |stored| Amounts::of(&stored.object)),
            end_before: before.and_then(Stored::end),
            counts_before: before.map(Counts::of).unwrap_or_default(),
        }
    }
}

/// What a block did.
pub(crate) struct Written {
    /// Ascending by slot.
    pub(crate) touched: Vec<Touched>,
    /// In the order of removal.
    pub(crate) removed: Vec<(usize, Key)>,
}

impl Written {
    pub(crate) fn removed(&self) -> Vec<Removed> {
        let removed = |(slot, key): &(usize, Key)| Removed {
            slot: *slot as u64,
            key: ballast_primitives::codec::encode(key),
        };
        self.removed.iter().map(removed).collect()
    }
}

/// The amounts of an object that the invariants add up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Amounts {
    None,
    Account {
        balance: u64,
    },
    /// `live` is 0 once reversed; what was minted against it stays minted.
    Deposit {
        live: u64,
        minted: u64,
    },
    /// Its gross amount while it is open.
    Redemption {
        in_escrow: u64,
    },
    /// 0 once failed.
    Payout {
        paid: u64,
    },
    Bridge {
        escrow: u128,
    },
    Pending {
        amount: u64,
    },
}

impl Amounts {
    pub(crate) const fn of(object: &Object) -> Self {
        match object {
            Object::Account(account) => Self::Account { balance: account.balance },
            Object::Deposit(deposit) => {
                let live = if deposit.reversed { 0 } else { deposit.amount };
                Self::Deposit { live, minted: deposit.minted }
            }
            Object::Redemption(redemption) => {
                let is_open = redemption.status.is_open();
                Self::Redemption { in_escrow: if is_open { redemption.gross } else { 0 } }
            }
            Object::Payout(payout) => {
                Self::Payout { paid: if payout.failed { 0 } else { payout.net } }
            }
            Object::Bridge(bridge) => Self::Bridge { escrow: bridge.escrow },
            Object::Pending(pending) => Self::Pending { amount: pending.amount },
            _ => Self::None,
        }
    }
}

/// An object as it was before it was written for good.
pub(crate) struct Kept(Undo);

/// A slot as it was before the operations at hand, or before one step of them.
struct Undo {
    slot: usize,
    before: Slot,
}

impl<'a> Journal<'a> {
    pub(crate) fn begin_block(state: &'a mut State) -> Self {
        state.serial = state.serial.wrapping_add(1);
        Self {
            block_mark: state.serial,
            slots_before_ops: state.slots.len(),
            state,
            touched: Vec::new(),
            removed: Vec::new(),
            undo: Vec::new(),
            touched_before_ops: 0,
            removed_before_ops: 0,
            taken: Vec::new(),
            broken: None,
        }
    }

    /// What the block did, once it is known when what it wrote ends.
    pub(crate) fn end_block(self) -> Written {
        let Self { state, mut touched, removed, .. } = self;
        touched.sort_unstable_by_key(|entry| entry.slot);
        for entry in &touched {
            let end = state.occupant(entry.slot).and_then(Stored::end);
            if end != entry.end_before {
                if let Some(before) = entry.end_before {
                    state.ends.remove(&(before, entry.slot));
                }
                state.ends.extend(end.map(|end| (end, entry.slot)));
            }
        }
        Written { touched, removed }
    }

    /// What is written from here on can be taken back by [`Self::undo_ops`].
    pub(crate) fn begin_ops(&mut self) {
        self.state.serial = self.state.serial.wrapping_add(1);
        self.undo.clear();
        self.taken.clear();
        self.broken = None;
        self.slots_before_ops = self.state.slots.len();
        self.touched_before_ops = self.touched.len();
        self.removed_before_ops = self.removed.len();
    }

    /// Takes back everything written, created and removed since [`Self::begin_ops`].
    pub(crate) fn undo_ops(&mut self) {
        for Undo { slot, before } in self.undo.drain(..).rev() {
            let after = std::mem::replace(self.state.slot_mut(slot), before);
            let State { index, slots, vacant, .. } = &mut *self.state;
            let before = slots.get(slot).and_then(|slot| slot.stored.as_ref());
            match (before, after.stored) {
                (None, Some(created)) => {
                    index.remove(&created.key, slot);
                    vacant.insert(slot);
                }
                (Some(removed), None) => {
                    index.insert(&removed.key, slot, slots);
                    vacant.remove(&slot);
                }
                _ => {}
            }
        }
        self.state.slots.truncate(self.slots_before_ops);
        drop(self.state.vacant.split_off(&self.slots_before_ops));
        self.touched.truncate(self.touched_before_ops);
        self.removed.truncate(self.removed_before_ops);
    }

    /// An object that is about to be written for good, for [`Self::put_back`].
    pub(crate) fn keep<T>(&self, at: At<T>) -> Kept {
        let before = self.state.slots.get(at.slot).cloned().unwrap_or_default();
        Kept(Undo { slot: at.slot, before })
    }

    /// Takes back everything since [`Self::begin_block`], if one transaction has run since, and
    /// `kept` are the objects it wrote for good.
    pub(crate) fn put_back(mut self, kept: Vec<Kept>) {
        self.undo_ops();
        for Kept(Undo { slot, before }) in kept {
            *self.state.slot_mut(slot) = before;
        }
    }

    /// What was written since [`Self::begin_ops`], each slot once: what was in it before, and what
    /// is now.
    pub(crate) fn written(
        &self,
    ) -> impl Iterator<Item = (usize, Option<&Stored>, Option<&Stored>)> {
        // Only where something was removed is a slot noted more than once.
        let again = self.removed.len() > self.removed_before_ops;
        let is_first = move |number: usize, slot: usize| {
            !again || !self.undo.iter().take(number).any(|earlier| earlier.slot == slot)
        };
        let noted = self.undo.iter().enumerate();
        noted.filter(move |(number, undo)| is_first(*number, undo.slot)).map(|(_, undo)| {
            (undo.slot, undo.before.stored.as_ref(), self.state.occupant(undo.slot))
        })
    }

    /// Takes `amount` from a balance, the only way for one to fall; none when it is not there.
    /// Judged by the freeze and the hold in force at this moment (ST-34).
    pub(crate) fn take(
        &mut self,
        payer: At<Account>,
        amount: u64,
        taking: Taking,
        now: u64,
    ) -> Option<()> {
        let account = self.read(payer);
        let left = account.balance.checked_sub(amount)?;
        if !invariants::may_take(account, amount, taking, now) {
            self.breaks(Invariant::Debit);
        }
        let account = self.write(payer);
        account.balance = left;
        if taking == Taking::Seizure {
            account.hold = account.hold.saturating_sub(amount);
        }
        self.taken.push((payer.slot, amount));
        Some(())
    }

    /// What was taken from the account in `slot` since [`Self::begin_ops`].
    pub(crate) fn taken(&self, slot: usize) -> u128 {
        let of_slot = self.taken.iter().filter(|(from, _)| *from == slot);
        of_slot.map(|(_, amount)| u128::from(*amount)).sum()
    }

    /// Notes that the operations break an invariant.
    pub(crate) fn breaks(&mut self, invariant: Invariant) {
        self.broken.get_or_insert(invariant);
    }

    /// The invariant that was broken where something was written since [`Self::begin_ops`], the
    /// first if there are several.
    pub(crate) const fn broken(&self) -> Option<Invariant> {
        self.broken
    }

    pub(crate) const fn state(&self) -> &State {
        self.state
    }

    pub(crate) fn find<T: Kind>(&self, key: &Key) -> Option<At<T>> {
        self.state.find(key)
    }

    pub(crate) fn read<T: Kind>(&self, at: At<T>) -> &T {
        self.state.read(at)
    }

    pub(crate) fn policy(&self) -> &Policy {
        self.state.policy()
    }

    pub(crate) fn policy_mut(&mut self) -> &mut Policy {
        self.write(POLICY)
    }

    pub(crate) fn terms_mut(&mut self) -> &mut Terms {
        self.write(TERMS)
    }

    /// What all minters together minted lately.
    pub(crate) fn window_mut(&mut self) -> &mut Window {
        self.write(WINDOW)
    }

    pub(crate) fn supply_mut(&mut self) -> &mut Supply {
        self.write(SUPPLY)
    }

    pub(crate) fn council_mut(&mut self) -> &mut Council {
        self.write(COUNCIL)
    }

    pub(crate) fn reserve_mut(&mut self) -> &mut ReserveIndex {
        self.write(RESERVE)
    }

    pub(crate) fn incidents_mut(&mut self) -> &mut IncidentLog {
        self.write(INCIDENTS)
    }

    /// Adds to the log of incidents, from which the oldest go; none once all numbers are used up.
    pub(crate) fn file_incident(&mut self, entry: Incident) -> Option<u64> {
        let log = self.incidents_mut();
        let incident = log.next;
        log.next = incident.checked_add(1)?;
        self.create(Key::Incident(incident), Object::Incident(entry));
        let oldest = incident.checked_sub(INCIDENTS_KEPT).map(Key::Incident);
        if let Some(at) = oldest.and_then(|oldest| self.find::<Incident>(&oldest)) {
            self.remove(at);
        }
        Some(incident)
    }

    pub(crate) fn pause_mut(&mut self, scope: Scope) -> &mut PauseState {
        self.write(pause_at(scope))
    }

    pub(crate) fn role_at(
        &self,
        role: Role,
        holder: &ballast_primitives::Address,
    ) -> Option<At<RoleGrant>> {
        self.find(&Key::Role(role, *holder))
    }

    /// Writes an object so that [`Self::undo_ops`] can take it back.
    pub(crate) fn write<T: Kind>(&mut self, at: At<T>) -> &mut T {
        let serial = self.state.serial;
        let slot = self.state.slot_mut(at.slot);
        if slot.stored.as_ref().is_some_and(|stored| invariants::is_closed(&stored.object)) {
            self.broken.get_or_insert(Invariant::Record);
        }
        if slot.mark != serial {
            self.undo.push(Undo { slot: at.slot, before: slot.clone() });
        }
        self.write_kept(at)
    }

    /// Writes an object for good. Only before [`Self::begin_ops`].
    pub(crate) fn write_kept<T: Kind>(&mut self, at: At<T>) -> &mut T {
        let slot = self.touch(at.slot);
        match slot.stored.as_mut().and_then(|stored| T::of_mut(&mut stored.object)) {
            Some(value) => value,
            None => unreachable!("slot {} holds another kind of object", at.slot),
        }
    }

    /// Notes that the block writes a slot.
    fn touch(&mut self, slot: usize) -> &mut Slot {
        let serial = self.state.serial;
        let place = self.state.slot_mut(slot);
        if place.mark < self.block_mark {
            self.touched.push(Touched::of(slot, place.stored.as_ref()));
        }
        place.mark = serial;
        place
    }

    /// Creates an object under a key that has none, in the lowest vacant slot or the next one.
    pub(crate) fn create(&mut self, key: Key, object: Object) {
        if let Some(owner) = object.counts_for(&key) {
            self.count(&owner, |objects| objects.saturating_add(1));
        }
        let slot = self.state.vacant.pop_first().unwrap_or(self.state.slots.len());
        if slot == self.state.slots.len() {
            self.state.slots.push(Slot::default());
        }
        let fresh = self.state.index.insert(&key, slot, &self.state.slots);
        assert!(fresh, "{key:?} was created twice");
        let before = self.state.slot_mut(slot).clone();
        self.undo.push(Undo { slot, before });
        self.touch(slot).stored = Some(Stored { key, object });
    }

    /// Before it is removed: a deposit that becomes final, or was reversed, is pending no longer.
    pub(crate) fn settle_pending(&mut self, slot: usize) {
        let Some(Object::Pending(pending)) = self.state.occupant(slot).map(|it| &it.object) else {
            return;
        };
        let amount = u128::from(pending.amount);
        let supply = self.supply_mut();
        // The sum of ST-32, so that it is never less.
        supply.pending = supply.pending.saturating_sub(amount);
    }

    /// Removes an object: its slot is vacant, and nothing may read through `at` any more.
    pub(crate) fn remove<T>(&mut self, at: At<T>) {
        let before = self.state.slot_mut(at.slot).clone();
        let Some(removed) = self.touch(at.slot).stored.take() else { return };
        if !removed.key.may_be_removed() {
            self.breaks(Invariant::Record);
        }
        self.state.index.remove(&removed.key, at.slot);
        self.state.vacant.insert(at.slot);
        self.undo.push(Undo { slot: at.slot, before });
        if let Some(owner) = removed.object.counts_for(&removed.key) {
            self.count(&owner, |objects| objects.saturating_sub(1));
        }
        self.removed.push((at.slot, removed.key));
    }

    /// Changes the number of an account's objects. Whom an object counts for is an account: it has
    /// sent or signed what created it.
    fn count(&mut self, owner: &Address, change: impl FnOnce(u32) -> u32) {
        if let Some(at) = self.find::<Account>(&Key::Account(*owner)) {
            let account = self.write(at);
            account.objects = change(account.objects);
        }
    }
}
