//! Every column family, key and value of the store, in one file.
//!
//! Integers in keys are big-endian, so that the order of keys is the order of heights and indexes.
//! `borsh(…)` is the canonical encoding; it is read back with `codec::decode`, under the family's
//! limit.
//!
//! | Family | Key | Value | Unit |
//! |---|---|---|---|
//! | `meta` | `format` | u32 BE, [`FORMAT`] | written at creation |
//! | | `genesis` | genesis hash (32) | written at creation |
//! | | `head` | borsh([`Executed`](ballast_replica::types::Executed)) | the newest committed block's |
//! | | `horizon` | borsh([`Horizon`](super::Horizon)) | once something was pruned: what `records`, `tx_index`, `nonces` and `history` still hold |
//! | | `signer` | borsh([`Signer`](super::Signer)) | whose sign-state stood beside the newest block, and its generation |
//! | `state` | borsh(`Key`) | slot u64 BE ‖ borsh(`Object`) | one object that there is; a slot that none has is vacant |
//! | `blocks` | height | borsh(`StoredBlock`) | one block and its certificate |
//! | `executed` | height | borsh(`Executed`) | one block; height 0 is genesis |
//! | `batches` | digest (32) | the batch's own bytes | one batch; in blob files |
//! | `loose` | digest (32) | empty | a stored batch that no committed block names |
//! | `records` | height ‖ index u32 | borsh([`Stored`]) | one transaction; height and index are not repeated in the value |
//! | `tx_index` | first 8 bytes of the id ‖ height ‖ index u32 | empty | one transaction; a reader compares the record's whole id |
//! | `nonces` | sender (32) ‖ nonce u64 | height ‖ index u32 | one transaction: which one used the nonce |
//! | `history` | address (32) ‖ height ‖ index u32 | empty | one account in one transaction |
//! | `topics` | topic (1) ‖ height ‖ index u32 | empty | one topic in one transaction; see [`Topic`] |
//! | `sets` | height | borsh(`Committee`) | the last header of a set; the value is the set that decides from the next height on |
//! | `evidence` | seen at ‖ height ‖ round u32 ‖ validator (32) ‖ kind (1) | borsh(`Evidence`) | one equivocation; storing it again changes nothing |

use ballast_primitives::{Address, Evidence, Hash, codec};
use ballast_replica::types::{BATCH_BYTES_MAX, TxRecord};
use ballast_runtime::event::Event;
use ballast_runtime::receipt::{Outcome, Receipt};
use borsh::{BorshDeserialize, BorshSerialize};

/// The layout described above. A store of another format is refused.
pub(super) const FORMAT: u32 = 4;

/// One column family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Meta,
    State,
    Blocks,
    Executed,
    Batches,
    Loose,
    Records,
    TxIndex,
    Nonces,
    History,
    Topics,
    Sets,
    Evidence,
}

impl Family {
    pub const ALL: [Self; 13] = [
        Self::Meta,
        Self::State,
        Self::Blocks,
        Self::Executed,
        Self::Batches,
        Self::Loose,
        Self::Records,
        Self::TxIndex,
        Self::Nonces,
        Self::History,
        Self::Topics,
        Self::Sets,
        Self::Evidence,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::State => "state",
            Self::Blocks => "blocks",
            Self::Executed => "executed",
            Self::Batches => "batches",
            Self::Loose => "loose",
            Self::Records => "records",
            Self::TxIndex => "tx_index",
            Self::Nonces => "nonces",
            Self::History => "history",
            Self::Topics => "topics",
            Self::Sets => "sets",
            Self::Evidence => "evidence",
        }
    }

    /// The most bytes of a value. What is larger is neither written nor decoded.
    pub const fn value_bytes_max(self) -> usize {
        match self {
            Self::Meta | Self::Executed => 1024,
            // 8 bytes of slot before the runtime's own limit for an object.
            Self::State => 64 * 1024 + 8,
            // 1,024 batches and 100 signatures come to some 43 KiB.
            Self::Blocks => 256 * 1024,
            Self::Batches => BATCH_BYTES_MAX,
            // 100 validators come to some 14 KiB.
            Self::Sets => 64 * 1024,
            // 16 operations with their events come to some 4 KiB.
            Self::Records => 64 * 1024,
            Self::Evidence => 4 * 1024,
            Self::Nonces => PLACE_BYTES,
            Self::Loose | Self::TxIndex | Self::History | Self::Topics => 0,
        }
    }
}

pub(super) const FORMAT_KEY: &[u8] = b"format";
pub(super) const GENESIS_KEY: &[u8] = b"genesis";
pub(super) const HEAD_KEY: &[u8] = b"head";
pub(super) const HORIZON_KEY: &[u8] = b"horizon";
pub(super) const SIGNER_KEY: &[u8] = b"signer";

/// How much of an id `tx_index` keeps. Ids that share it are told apart by their records, so it
/// only has to be rare that two do.
pub(super) const ID_PREFIX_BYTES: usize = 8;
/// height ‖ index.
pub(super) const PLACE_BYTES: usize = 12;
pub(super) type Place = [u8; PLACE_BYTES];

pub(super) const fn height_key(height: u64) -> [u8; 8] {
    height.to_be_bytes()
}

pub(super) fn height_of(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.try_into().ok()?))
}

/// Where a transaction is on the chain.
pub(super) fn place_key(height: u64, index: u32) -> Place {
    joined(&height.to_be_bytes(), &index.to_be_bytes())
}

/// The parts one after the other: `N` bytes, which is what their sizes come to.
fn joined<const N: usize>(first: &[u8], second: &[u8]) -> [u8; N] {
    let mut key = [0; N];
    key.iter_mut().zip(first.iter().chain(second)).for_each(|(to, from)| *to = *from);
    key
}

/// The place at the end of a key.
pub(super) fn place_of(key: &[u8]) -> Option<(u64, u32)> {
    let (_, place) = key.split_last_chunk::<PLACE_BYTES>()?;
    let (height, index) = place.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*height), u32::from_be_bytes(index.try_into().ok()?)))
}

pub(super) fn tx_prefix(id: &Hash) -> [u8; ID_PREFIX_BYTES] {
    id.0.first_chunk().copied().unwrap_or_default()
}

pub(super) fn tx_key(id: &Hash, place: &Place) -> [u8; ID_PREFIX_BYTES + PLACE_BYTES] {
    joined(&tx_prefix(id), place)
}

pub(super) fn nonce_key(sender: &Address, nonce: u64) -> [u8; 32 + 8] {
    joined(&sender.0, &nonce.to_be_bytes())
}

pub(super) fn history_key(account: &Address, place: &Place) -> [u8; 32 + PLACE_BYTES] {
    joined(&account.0, place)
}

pub(super) fn topic_key(topic: Topic, place: &Place) -> [u8; 1 + PLACE_BYTES] {
    joined(&[topic as u8], place)
}

/// `at` is the height with whose block the evidence is stored.
pub(super) fn evidence_key(at: u64, evidence: &Evidence) -> Vec<u8> {
    let mut key = at.to_be_bytes().to_vec();
    key.extend_from_slice(&evidence.height.to_be_bytes());
    key.extend_from_slice(&evidence.round.to_be_bytes());
    key.extend_from_slice(&evidence.validator.0);
    key.push(evidence.kind() as u8);
    key
}

/// A [`TxRecord`] without what its key says.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Stored {
    pub tx: Hash,
    pub sender: Address,
    pub nonce: u64,
    pub outcome: Outcome,
    pub events: Vec<Event>,
    pub batch: u32,
    pub position: u32,
}

impl Stored {
    /// The canonical bytes of what is stored of `record`, which need no copy of its events.
    pub fn bytes_of(record: &TxRecord) -> Vec<u8> {
        let TxRecord { receipt, batch, position } = record;
        let Receipt { tx, sender, nonce, outcome, events, height: _, index: _ } = receipt;
        codec::encode(&(tx, sender, nonce, outcome, events, batch, position))
    }

    pub fn at(self, height: u64, index: u32) -> TxRecord {
        let Self { tx, sender, nonce, outcome, events, batch, position } = self;
        let receipt = Receipt { tx, sender, nonce, height, index, outcome, events };
        TxRecord { receipt, batch, position }
    }
}

/// The accounts whose history shows a receipt: the sender and those of its events, each once.
pub(super) fn accounts_of(receipt: &Receipt) -> Vec<Address> {
    let mut accounts = vec![receipt.sender];
    accounts.extend(receipt.events.iter().flat_map(Event::accounts));
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

/// What few transactions are about and someone looks for, newest first. The number is the key's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Topic {
    /// Every use of power over others or over the chain, and what the chain did by itself.
    Control = 0,
    /// Deposits that were confirmed.
    Deposit = 1,
    /// Redemptions that were requested.
    Redemption = 2,
}

impl Topic {
    pub(super) const ALL: [Self; 3] = [Self::Control, Self::Deposit, Self::Redemption];

    /// The topic of an event, if it has one.
    pub const fn of(event: &Event) -> Option<Self> {
        match event {
            Event::DepositConfirmed { .. } => Some(Self::Deposit),
            Event::RedemptionRequested { .. } => Some(Self::Redemption),
            // What holders, and those who serve them, do all day.
            Event::Transferred { .. }
            | Event::Approved { .. }
            | Event::AuthCancelled { .. }
            | Event::PayoutConfirmed { .. }
            | Event::Minted { .. }
            | Event::Burned { .. }
            | Event::AccountRegistered { .. }
            | Event::KycSet { .. }
            | Event::RedemptionAccepted { .. }
            | Event::RedemptionSettled { .. }
            | Event::RedemptionClosed { .. }
            | Event::BridgedOut { .. }
            | Event::BridgedIn { .. } => None,
            Event::DepositReversed { .. }
            | Event::MinterConfigured { .. }
            | Event::MinterSuspended { .. }
            | Event::MinterResumed { .. }
            | Event::Frozen { .. }
            | Event::Unfrozen { .. }
            | Event::HoldSet { .. }
            | Event::Seized { .. }
            | Event::Paused { .. }
            | Event::Unpaused { .. }
            | Event::InstitutionSet { .. }
            | Event::KeyRotated { .. }
            | Event::RoleGranted { .. }
            | Event::RoleRevoked { .. }
            | Event::CapSet { .. }
            | Event::LimitsSet { .. }
            | Event::PolicySet
            | Event::TermsSet { .. }
            | Event::BridgeSet { .. }
            | Event::ReportSubmitted { .. }
            | Event::ReportAttested { .. }
            | Event::ReportEffective { .. }
            | Event::ReportRevoked { .. }
            | Event::Reconciled { .. }
            | Event::Proposed { .. }
            | Event::Voted { .. }
            | Event::ProposalChanged { .. }
            | Event::CouncilExecuted { .. }
            | Event::IncidentPosted { .. }
            | Event::DocumentSet { .. }
            | Event::ValidatorSetChanged { .. }
            | Event::CouncilChanged { .. }
            | Event::DelaySet { .. }
            | Event::UpgradeScheduled { .. } => Some(Self::Control),
        }
    }
}

/// The topics of a receipt, each once.
pub(super) fn topics_of(receipt: &Receipt) -> impl Iterator<Item = Topic> {
    let has = |topic| receipt.events.iter().any(|event| Topic::of(event) == Some(topic));
    Topic::ALL.into_iter().filter(move |topic| has(*topic))
}
