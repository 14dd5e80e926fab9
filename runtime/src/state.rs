//! The state: every object in its slot, an index from keys to slots, and the tree over them. All
//! in memory; what a block wrote comes out as [`Change`]s for the node to store.
//!
//! The first slots are fixed: policy, supply, validators, a pause for each scope, then council,
//! window, reserve, terms, incidents and upgrade. The rest of genesis follows in key order. What a
//! block creates takes the lowest slot that is vacant, or the next one. An object keeps its slot
//! until it is removed; which slots are vacant follows from the objects, so nothing else about
//! them is stored or hashed.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use ballast_primitives::codec::{self, DecodeError};
use ballast_primitives::committee::CommitteeError;
use ballast_primitives::hash::Hasher;
use ballast_primitives::merkle::{self, Path};
use ballast_primitives::planted::{Bug, planted};
use ballast_primitives::{Address, Committee, Hash};
use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

use crate::genesis::{Genesis, GenesisError};
use crate::index::Index;
use crate::invariants::{self, Breach};
use crate::limits::{OBJECT_BYTES_MAX, SLOTS_MAX};
use crate::object::{
    Account, Bridge, Checkpoint, Council, Deposit, IncidentLog, Key, Kind, Minter, Object,
    PauseState, Payout, Policy, Proposal, Redemption, Report, ReserveIndex, Role, RoleGrant, Scope,
    Supply, Terms, Upgrade, Validators, Window,
};
use crate::tree::Tree;

/// One object that a block wrote: its slot in the tree, and the canonical bytes of its key and
/// of its new value.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Change {
    pub slot: u64,
    pub key: Vec<u8>,
    pub value: Vec<u8>,
}

impl Change {
    fn of(slot: u64, stored: &Stored) -> Self {
        Self { slot, key: codec::encode(&stored.key), value: codec::encode(&stored.object) }
    }

    /// The digest of the object's leaf: `borsh(key) ‖ borsh(object)`.
    pub fn leaf(&self) -> Hash {
        Hasher::new(merkle::STATE.leaf).update(&self.key).update(&self.value).finish()
    }
}

/// An object that a block removed: the slot it was in, and the canonical bytes of its key.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Removed {
    pub slot: u64,
    pub key: Vec<u8>,
}

/// The slot of an object known to be a `T`. Made only by finding or creating one, so reading
/// through it cannot fail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) slot: usize,
    kind: PhantomData<T>,
}

impl<T> At<T> {
    pub(crate) const fn new(slot: usize) -> Self {
        Self { slot, kind: PhantomData }
    }
}

impl<T> Clone for At<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for At<T> {}

pub(crate) const POLICY: At<Policy> = At::new(0);
pub(crate) const SUPPLY: At<Supply> = At::new(1);
pub(crate) const VALIDATORS: At<Validators> = At::new(2);
pub(crate) const COUNCIL: At<Council> = At::new(7);
pub(crate) const WINDOW: At<Window> = At::new(8);
pub(crate) const RESERVE: At<ReserveIndex> = At::new(9);
pub(crate) const TERMS: At<Terms> = At::new(10);
pub(crate) const INCIDENTS: At<IncidentLog> = At::new(11);
pub(crate) const UPGRADE: At<Upgrade> = At::new(12);

/// The slot of a scope's pause.
pub(crate) const fn pause_at(scope: Scope) -> At<PauseState> {
    At::new(match scope {
        Scope::Transfer => 3,
        Scope::Mint => 4,
        Scope::RedeemNew => 5,
        Scope::Bridge => 6,
    })
}

/// The keys of the fixed slots, in order.
fn fixed_keys() -> impl Iterator<Item = Key> {
    let last = [Key::Council, Key::Window, Key::Reserve, Key::Terms, Key::Incidents, Key::Upgrade];
    [Key::Policy, Key::Supply, Key::Validators]
        .into_iter()
        .chain(Scope::ALL.map(Key::Pause))
        .chain(last)
}

#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) key: Key,
    pub(crate) object: Object,
}

/// A place for an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slot {
    /// None: it is vacant.
    pub(crate) stored: Option<Stored>,
    /// The number of the last piece of work that wrote it; see [`crate::journal`].
    pub(crate) mark: u64,
}

#[derive(Clone, Debug)]
pub struct State {
    pub(crate) index: Index,
    /// The last one is never vacant between blocks.
    pub(crate) slots: Vec<Slot>,
    /// The vacant ones of them.
    pub(crate) vacant: BTreeSet<usize>,
    /// When each object ends that does, and its slot; brought up to date at the end of a block.
    pub(crate) ends: BTreeSet<(u64, usize)>,
    tree: Tree,
    /// Counts pieces of work, so that [`Slot::mark`] says what wrote a slot last.
    pub(crate) serial: u64,
}

/// Why stored leaves do not make a state.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RestoreError {
    #[error("the object in slot {slot} does not decode: {error}")]
    Decode { slot: u64, error: DecodeError },
    #[error("the object in slot {slot} is not of the kind that its key says")]
    WrongKind { slot: u64 },
    #[error("slot {slot} is stored twice, or above the highest that there can be")]
    Slots { slot: u64 },
    #[error("slot {slot} holds another key than the one fixed for it")]
    FixedKey { slot: u64 },
    #[error("two slots hold the same key")]
    DuplicateKey,
    #[error("the validator set is not valid: {0}")]
    Validators(#[from] CommitteeError),
    #[error("what is said of validators is not in order")]
    Turns,
    #[error("{0}")]
    Breach(#[from] Breach),
}

impl State {
    /// The state that a genesis describes, after checking it.
    pub fn from_genesis(genesis: &Genesis) -> Result<Self, GenesisError> {
        genesis.check()?;
        let slots = genesis
            .objects()
            .into_iter()
            .map(|(key, object)| Slot { stored: Some(Stored { key, object }), mark: 0 })
            .collect();
        Ok(Self::build(slots))
    }

    /// The state that was stored: its leaves in any order, each canonical and in a slot of its
    /// own; slots without one are vacant. The supply identity is checked over all of it. That no
    /// leaf is missing only [`Self::root`] can tell.
    pub fn restore(leaves: impl IntoIterator<Item = Change>) -> Result<Self, RestoreError> {
        let mut found = leaves.into_iter().map(decode_leaf).collect::<Result<Vec<_>, _>>()?;
        found.sort_unstable_by_key(|(slot, _)| *slot);
        let objects = found.len();
        let slots = place(found)?;
        for (slot, key) in (0u64..).zip(fixed_keys()) {
            let at = usize::try_from(slot).ok().and_then(|slot| slots.get(slot));
            let stored = at.and_then(|slot| slot.stored.as_ref());
            if stored.is_none_or(|stored| stored.key != key) {
                return Err(RestoreError::FixedKey { slot });
            }
        }
        let state = Self::build(slots);
        if state.index.len() != objects {
            return Err(RestoreError::DuplicateKey);
        }
        let validators = state.validators();
        validators.set.check()?;
        validators.before.as_ref().map_or(Ok(()), Committee::check)?;
        if !validators.turns.is_ordered() || !validators.named.is_ordered() {
            return Err(RestoreError::Turns);
        }
        invariants::check_supply(&state)?;
        Ok(state)
    }

    fn build(slots: Vec<Slot>) -> Self {
        let (mut vacant, mut ends) = (BTreeSet::new(), BTreeSet::new());
        for (number, slot) in slots.iter().enumerate() {
            match &slot.stored {
                None => drop(vacant.insert(number)),
                Some(stored) => ends.extend(stored.end().map(|end| (end, number))),
            }
        }
        let index = Index::of(&slots);
        let mut state = Self { index, slots, vacant, ends, tree: Tree::default(), serial: 0 };
        let leaf = |(slot, place): (u64, &Slot)| {
            place.stored.as_ref().map_or(Hash::ZERO, |stored| Change::of(slot, stored).leaf())
        };
        state.tree = Tree::new((0u64..).zip(&state.slots).map(leaf).collect());
        state
    }

    /// Every leaf, by slot: what the node writes to storage for the genesis state.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        (0u64..)
            .zip(&self.slots)
            .filter_map(|(slot, place)| Some(Change::of(slot, place.stored.as_ref()?)))
    }

    /// Brings the tree up to date with `slots` (ascending, all those written since the last
    /// time), and says what is in those that are not vacant. The tree then ends with the last
    /// object.
    pub(crate) fn commit(&mut self, slots: impl Iterator<Item = usize>) -> Vec<Change> {
        let (mut changes, mut leaves) = (Vec::new(), Vec::new());
        for slot in slots {
            let change = self.occupant(slot).map(|stored| Change::of(slot as u64, stored));
            leaves.push((slot as u64, change.as_ref().map_or(Hash::ZERO, Change::leaf)));
            changes.extend(change);
        }
        self.tree.update(&leaves);
        while self.slots.last().is_some_and(|place| place.stored.is_none()) {
            self.slots.pop();
            self.vacant.remove(&self.slots.len());
        }
        self.tree.truncate(self.slots.len() as u64);
        if planted(Bug::ChangeForgotten) {
            changes.pop();
        }
        changes
    }

    /// The slots of objects that have ended at `now`, those that did first first, at most `most`.
    pub(crate) fn ended(&self, now: u64, most: usize) -> Vec<usize> {
        let ended = self.ends.iter().take_while(|(end, _)| *end <= now);
        ended.take(most).map(|(_, slot)| *slot).collect()
    }

    /// The root that headers attest.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// How many objects there are.
    pub fn len(&self) -> u64 {
        self.index.len() as u64
    }

    /// Every key with its object, in the order of slots.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Stored> {
        self.slots.iter().filter_map(|place| place.stored.as_ref())
    }

    /// Never true: the fixed objects always exist.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, key: &Key) -> Option<&Object> {
        self.index.get(key, &self.slots).map(|slot| &self.stored(slot).object)
    }

    /// The leaf of `key` (its bytes, then its object's) and the path from it to [`Self::root`].
    pub fn prove(&self, key: &Key) -> Option<(Vec<u8>, Path)> {
        let slot = self.index.get(key, &self.slots)?;
        let change = Change::of(slot as u64, self.stored(slot));
        let path = self.tree.path(change.slot)?;
        Some(([change.key, change.value].concat(), path))
    }

    pub fn account(&self, address: &Address) -> Option<&Account> {
        self.read_key(&Key::Account(*address))
    }

    pub fn supply(&self) -> &Supply {
        self.read(SUPPLY)
    }

    pub fn policy(&self) -> &Policy {
        self.read(POLICY)
    }

    pub fn validators(&self) -> &Validators {
        self.read(VALIDATORS)
    }

    /// The validator set that decides `height`, which must be one of the two heights after the
    /// one this state is the result of.
    pub fn committee(&self, height: u64) -> &Committee {
        self.validators().at(height)
    }

    pub fn pause(&self, scope: Scope) -> &PauseState {
        self.read(pause_at(scope))
    }

    /// The grant of `role` to `holder`, live or not.
    pub fn role(&self, role: Role, holder: &Address) -> Option<&RoleGrant> {
        self.read_key(&Key::Role(role, *holder))
    }

    pub fn minter(&self, holder: &Address) -> Option<&Minter> {
        self.read_key(&Key::Minter(*holder))
    }

    /// A deposit by its id; see [`crate::ops::deposit_confirm::deposit_id`].
    pub fn deposit(&self, id: &Hash) -> Option<&Deposit> {
        self.read_key(&Key::Deposit(*id))
    }

    pub fn council(&self) -> &Council {
        self.read(COUNCIL)
    }

    /// What all minters together minted lately.
    pub fn window(&self) -> &Window {
        self.read(WINDOW)
    }

    /// Which reports there are.
    pub fn reserve(&self) -> &ReserveIndex {
        self.read(RESERVE)
    }

    pub fn terms(&self) -> &Terms {
        self.read(TERMS)
    }

    /// The version of the rules in force, and the one that the council scheduled last.
    pub fn upgrade(&self) -> &Upgrade {
        self.read(UPGRADE)
    }

    pub fn incidents(&self) -> &IncidentLog {
        self.read(INCIDENTS)
    }

    /// A report by its number.
    pub fn report(&self, number: u64) -> Option<&Report> {
        self.read_key(&Key::Report(number))
    }

    /// The report that became effective last, whatever became of it since, and its number.
    pub fn latest_report(&self) -> Option<(u64, &Report)> {
        let number = self.reserve().latest?;
        self.report(number).map(|report| (number, report))
    }

    /// The supply checkpoint of a tick, as long as it is kept.
    pub fn checkpoint(&self, at: u64) -> Option<&Checkpoint> {
        let key = Checkpoint::key(at, self.policy().checkpoint_ms);
        self.read_key(&key).filter(|kept: &&Checkpoint| kept.at == at)
    }

    /// A proposal by its number.
    pub fn proposal(&self, number: u64) -> Option<&Proposal> {
        self.read_key(&Key::Proposal(number))
    }

    pub fn bridge(&self, number: u32) -> Option<&Bridge> {
        self.read_key(&Key::Bridge(number))
    }

    pub fn redemption(&self, id: &Hash) -> Option<&Redemption> {
        self.read_key(&Key::Redemption(*id))
    }

    /// A payout by its id; see [`crate::ops::payout_confirm::payout_id`].
    pub fn payout(&self, id: &Hash) -> Option<&Payout> {
        self.read_key(&Key::Payout(*id))
    }

    /// Every object but accounts whose key is in a range, in the order of keys.
    pub fn range(
        &self,
        keys: impl std::ops::RangeBounds<Key>,
    ) -> impl DoubleEndedIterator<Item = (&Key, &Object)> {
        self.index.range(keys).map(|(key, slot)| (key, &self.stored(slot).object))
    }

    /// Whether `holder` holds `role` at `now`.
    pub fn holds(&self, role: Role, holder: &Address, now: u64) -> bool {
        self.role(role, holder).is_some_and(|grant| grant.is_live(now))
    }

    fn read_key<T: Kind>(&self, key: &Key) -> Option<&T> {
        self.get(key).and_then(T::of)
    }

    pub(crate) fn find<T: Kind>(&self, key: &Key) -> Option<At<T>> {
        let slot = self.index.get(key, &self.slots)?;
        T::of(&self.stored(slot).object).map(|_| At::new(slot))
    }

    pub(crate) fn read<T: Kind>(&self, at: At<T>) -> &T {
        match T::of(&self.stored(at.slot).object) {
            Some(value) => value,
            None => unreachable!("slot {} holds another kind of object", at.slot),
        }
    }

    /// What is in a slot, if anything is.
    pub(crate) fn occupant(&self, slot: usize) -> Option<&Stored> {
        #[cfg(test)]
        LOOKED_AT.set(LOOKED_AT.get() + 1);
        self.slots.get(slot).and_then(|place| place.stored.as_ref())
    }

    /// What is in a slot that the index or an `At` names: such a slot is not vacant, since nothing
    /// reads through an `At` after removing what it names.
    pub(crate) fn stored(&self, slot: usize) -> &Stored {
        match self.occupant(slot) {
            Some(stored) => stored,
            None => unreachable!("slot {slot} is vacant"),
        }
    }

    #[allow(
        clippy::indexing_slicing,
        reason = "slots come from the index or an `At`; both only name slots that exist"
    )]
    pub(crate) fn slot_mut(&mut self, slot: usize) -> &mut Slot {
        &mut self.slots[slot]
    }
}

#[cfg(test)]
thread_local! {
    static LOOKED_AT: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// How many times this thread has looked at an object in a slot.
#[cfg(test)]
pub(crate) fn looked_at() -> u64 {
    LOOKED_AT.get()
}

impl PartialEq for State {
    /// The same objects in the same slots, the same vacant, and the same to end.
    fn eq(&self, other: &Self) -> bool {
        let objects = |state: &Self| -> Vec<_> {
            let pair = |stored: &Stored| (stored.key.clone(), stored.object.clone());
            state.slots.iter().map(|place| place.stored.as_ref().map(pair)).collect()
        };
        self.root() == other.root()
            && self.vacant == other.vacant
            && self.ends == other.ends
            && objects(self) == objects(other)
    }
}

impl Stored {
    /// From when on the object is of no more use and may be removed (ST-7).
    pub(crate) fn end(&self) -> Option<u64> {
        match self.key {
            Key::Pending(final_at, _) => Some(final_at),
            _ => self.object.end(),
        }
    }
}

/// Puts leaves, ascending by slot, where they belong.
fn place(leaves: Vec<(u64, Stored)>) -> Result<Vec<Slot>, RestoreError> {
    let mut slots: Vec<Slot> = Vec::with_capacity(leaves.len());
    for (slot, stored) in leaves {
        let number = usize::try_from(slot).ok().filter(|_| slot < SLOTS_MAX);
        match number {
            Some(number) if number >= slots.len() => slots.resize_with(number, Slot::default),
            _ => return Err(RestoreError::Slots { slot }),
        }
        slots.push(Slot { stored: Some(stored), mark: 0 });
    }
    Ok(slots)
}

fn decode_leaf(change: Change) -> Result<(u64, Stored), RestoreError> {
    let slot = change.slot;
    let undecodable = |error| RestoreError::Decode { slot, error };
    let key: Key = codec::decode(&change.key, OBJECT_BYTES_MAX).map_err(undecodable)?;
    let object: Object = codec::decode(&change.value, OBJECT_BYTES_MAX).map_err(undecodable)?;
    if !object.fits(&key) {
        return Err(RestoreError::WrongKind { slot });
    }
    Ok((slot, Stored { key, object }))
}
