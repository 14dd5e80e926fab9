//! How a block writes to the state: in place, keeping what it needs to take back the operations
//! of one failed transaction, and a note of every object the block touched.
//!
//! Contract, in order of calls: [`Journal::begin_block`]; for each transaction
//! [`Journal::write_kept`] for what stays whatever the outcome (nonce, quota), then
//! [`Journal::begin_ops`], the operations' reads and writes, and on failure
//! [`Journal::undo_ops`]; at last [`Journal::end_block`].

use crate::object::{
    Council, IncidentLog, Key, Kind, Object, PauseState, Policy, ReserveIndex, Role, RoleGrant,
    Scope, Supply, Terms, Window,
};
use crate::state::{
    At, COUNCIL, INCIDENTS, POLICY, RESERVE, SUPPLY, State, Stored, TERMS, WINDOW, pause_at,
};

pub(crate) struct Journal<'a> {
    state: &'a mut State,
    /// Marks from this one on were made in this block.
    block_mark: u64,
    touched: Vec<Touched>,
    undo: Vec<Undo>,
    /// Lengths of `state.slots` and `touched` when the operations began.
    slots_before_ops: usize,
    touched_before_ops: usize,
}

/// An object that the block wrote, and the amounts it held before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touched {
    pub(crate) slot: usize,
    pub(crate) before: Amounts,
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
            _ => Self::None,
        }
    }
}

/// An object as it was before it was written for good.
pub(crate) struct Kept(Undo);

/// An object as it was before the operations at hand.
struct Undo {
    slot: usize,
    object: Object,
    mark: u64,
}

impl<'a> Journal<'a> {
    pub(crate) fn begin_block(state: &'a mut State) -> Self {
        state.serial = state.serial.wrapping_add(1);
        Self {
            block_mark: state.serial,
            slots_before_ops: state.slots.len(),
            state,
            touched: Vec::new(),
            undo: Vec::new(),
            touched_before_ops: 0,
        }
    }

    /// What the block touched, ascending by slot.
    pub(crate) fn end_block(self) -> Vec<Touched> {
        let mut touched = self.touched;
        touched.sort_unstable_by_key(|entry| entry.slot);
        touched
    }

    /// What is written from here on can be taken back by [`Self::undo_ops`].
    pub(crate) fn begin_ops(&mut self) {
        self.state.serial = self.state.serial.wrapping_add(1);
        self.undo.clear();
        self.slots_before_ops = self.state.slots.len();
        self.touched_before_ops = self.touched.len();
    }

    /// Takes back everything written and created since [`Self::begin_ops`].
    pub(crate) fn undo_ops(&mut self) {
        for Undo { slot, object, mark } in self.undo.drain(..).rev() {
            let stored = self.state.stored_mut(slot);
            stored.object = object;
            stored.mark = mark;
        }
        let created = self.state.slots.drain(self.slots_before_ops..);
        for (slot, created) in (self.slots_before_ops..).zip(created) {
            self.state.index.remove(&created.key, slot);
        }
        self.touched.truncate(self.touched_before_ops);
    }

    /// An object that is about to be written for good, for [`Self::put_back`].
    pub(crate) fn keep<T>(&self, at: At<T>) -> Kept {
        let stored = self.state.stored(at.slot);
        Kept(Undo { slot: at.slot, object: stored.object.clone(), mark: stored.mark })
    }

    /// Takes back everything since [`Self::begin_block`], if one transaction has run since, and
    /// `kept` are the objects it wrote for good.
    pub(crate) fn put_back(mut self, kept: Vec<Kept>) {
        self.undo_ops();
        for Kept(Undo { slot, object, mark }) in kept {
            let stored = self.state.stored_mut(slot);
            stored.object = object;
            stored.mark = mark;
        }
    }

    /// What was changed since [`Self::begin_ops`]: each object's key, the object before and now.
    /// What was created is not among them.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (&Key, &Object, &Object)> {
        self.undo.iter().map(|undo| {
            let stored = self.state.stored(undo.slot);
            (&stored.key, &undo.object, &stored.object)
        })
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
        let stored = self.state.stored_mut(at.slot);
        if stored.mark != serial {
            let (object, mark) = (stored.object.clone(), stored.mark);
            self.undo.push(Undo { slot: at.slot, object, mark });
        }
        self.write_kept(at)
    }

    /// Writes an object for good. Only before [`Self::begin_ops`].
    pub(crate) fn write_kept<T: Kind>(&mut self, at: At<T>) -> &mut T {
        let serial = self.state.serial;
        let stored = self.state.stored_mut(at.slot);
        if stored.mark < self.block_mark {
            let before = Amounts::of(&stored.object);
            self.touched.push(Touched { slot: at.slot, before });
        }
        stored.mark = serial;
        match T::of_mut(&mut stored.object) {
            Some(value) => value,
            None => unreachable!("slot {} holds another kind of object", at.slot),
        }
    }

    /// Creates an object under a key that has none, in the next slot.
    pub(crate) fn create(&mut self, key: Key, object: Object) {
        let slot = self.state.slots.len();
        let fresh = self.state.index.insert(&key, slot, &self.state.slots);
        assert!(fresh, "{key:?} was created twice");
        self.state.slots.push(Stored { key, object, mark: self.state.serial });
        self.touched.push(Touched { slot, before: Amounts::None });
    }
}
