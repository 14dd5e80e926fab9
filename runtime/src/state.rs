//! The state: every object in its slot, an index from keys to slots, and the tree over them. All
//! in memory; what a block wrote comes out as [`Change`]s for the node to store.
//!
//! Objects are never removed, so a slot, once given, stays. The first slots are fixed: policy,
//! supply, validators, a pause for each scope, then council, window, reserve, terms, incidents and
//! upgrade. The rest of genesis follows in key order, and
//! whatever a block creates takes the next slot.

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
use crate::limits::OBJECT_BYTES_MAX;
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
    /// The number of the last piece of work that wrote it; see [`crate::journal`].
    pub(crate) mark: u64,
}

#[derive(Clone, Debug)]
pub struct State {
    pub(crate) index: Index,
    pub(crate) slots: Vec<Stored>,
    tree: Tree,
    /// Counts pieces of work, so that [`Stored::mark`] says what wrote an object last.
    pub(crate) serial: u64,
}

/// Why stored leaves do not make a state.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RestoreError {
    #[error("the object in slot {slot} does not decode: {error}")]
    Decode { slot: u64, error: DecodeError },
    #[error("the object in slot {slot} is not of the kind that its key says")]
    WrongKind { slot: u64 },
    #[error("slot {expected} is missing or stored twice (found {found})")]
    Slots { expected: u64, found: u64 },
    #[error("slot {slot} holds another key than the one fixed for it")]
    FixedKey { slot: u64 },
    #[error("two slots hold the same key")]
    DuplicateKey,
    #[error("the validator set is not valid: {0}")]
    Validators(#[from] CommitteeError),
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
            .map(|(key, object)| Stored { key, object, mark: 0 })
            .collect();
        Ok(Self::build(slots))
    }

    /// The state that was stored: its leaves in any order, every slot from 0 exactly once, each
    /// canonical. The supply identity is checked over all of it.
    pub fn restore(leaves: impl IntoIterator<Item = Change>) -> Result<Self, RestoreError> {
        let mut found = leaves.into_iter().map(decode_leaf).collect::<Result<Vec<_>, _>>()?;
        found.sort_unstable_by_key(|(slot, _)| *slot);
        for ((slot, _), expected) in found.iter().zip(0u64..) {
            if *slot != expected {
                return Err(RestoreError::Slots { expected, found: *slot });
            }
        }
        let slots: Vec<_> = found.into_iter().map(|(_, stored)| stored).collect();
        for (slot, key) in (0u64..).zip(fixed_keys()) {
            let at = usize::try_from(slot).ok().and_then(|slot| slots.get(slot));
            if at.is_none_or(|stored| stored.key != key) {
                return Err(RestoreError::FixedKey { slot });
            }
        }
        let state = Self::build(slots);
        if state.index.len() != state.slots.len() {
            return Err(RestoreError::DuplicateKey);
        }
        let validators = state.validators();
        validators.set.check()?;
        validators.before.as_ref().map_or(Ok(()), Committee::check)?;
        invariants::check_supply(&state)?;
        Ok(state)
    }

    fn build(slots: Vec<Stored>) -> Self {
        let index = Index::of(&slots);
        let mut state = Self { index, slots, tree: Tree::default(), serial: 0 };
        state.tree = Tree::new(state.changes().map(|change| change.leaf()).collect());
        state
    }

    /// Every leaf, by slot: what the node writes to storage for the genesis state.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        (0u64..).zip(&self.slots).map(|(slot, stored)| Change::of(slot, stored))
    }

    /// Brings the tree up to date with the objects in `slots` (ascending, all those written since
    /// the last time), and says what changed.
    pub(crate) fn commit(&mut self, slots: impl Iterator<Item = usize>) -> Vec<Change> {
        let mut changes: Vec<_> =
            slots.map(|slot| Change::of(slot as u64, self.stored(slot))).collect();
        let leaves: Vec<_> = changes.iter().map(|change| (change.slot, change.leaf())).collect();
        self.tree.update(&leaves);
        if planted(Bug::ChangeForgotten) {
            changes.pop();
        }
        changes
    }

    /// The root that headers attest.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// How many objects there are.
    pub fn len(&self) -> u64 {
        self.slots.len() as u64
    }

    /// Never true: the fixed objects always exist.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
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

    /// The upgrade that the council scheduled last; version 0 when there was none.
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

    #[allow(
        clippy::indexing_slicing,
        reason = "slots come from the index or an `At`; both only name slots that exist"
    )]
    pub(crate) fn stored(&self, slot: usize) -> &Stored {
        &self.slots[slot]
    }

    #[allow(clippy::indexing_slicing, reason = "as for `stored`")]
    pub(crate) fn stored_mut(&mut self, slot: usize) -> &mut Stored {
        &mut self.slots[slot]
    }
}

impl PartialEq for State {
    /// The same objects in the same slots.
    fn eq(&self, other: &Self) -> bool {
        let ours = self.slots.iter().map(|stored| (&stored.key, &stored.object));
        let theirs = other.slots.iter().map(|stored| (&stored.key, &stored.object));
        self.root() == other.root() && ours.eq(theirs)
    }
}

fn decode_leaf(change: Change) -> Result<(u64, Stored), RestoreError> {
    let slot = change.slot;
    let undecodable = |error| RestoreError::Decode { slot, error };
    let key: Key = codec::decode(&change.key, OBJECT_BYTES_MAX).map_err(undecodable)?;
    let object: Object = codec::decode(&change.value, OBJECT_BYTES_MAX).map_err(undecodable)?;
    if !object.fits(&key) {
        return Err(RestoreError::WrongKind { slot });
    }
    Ok((slot, Stored { key, object, mark: 0 }))
}
