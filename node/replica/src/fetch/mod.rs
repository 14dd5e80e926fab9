//! Fetching decided blocks: what was asked of whom, and what has come.
//!
//! Headers come first, each with its payload and certificate: small, and checked ahead of the
//! chain's end. Then the batches they name, by digest and from several peers at once. No answer's
//! size depends on a block's: the sizes of batches are known before they are asked for.
//!
//! What a peer sends costs it its place among those asked when it is not what was asked for. Of
//! what is asked for again elsewhere, an answer that comes after all is taken.

mod peers;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ballast_primitives::certificate::verify_certificates;
use ballast_primitives::planted::{Bug, planted};
use ballast_primitives::{BatchRef, Committee, Hash, PublicKey, codec};

use self::peers::Peers;
pub use self::peers::{BAR_MS, Kind, WAIT_MAX_MS};
use crate::config::VerifyAll;
use crate::message::{
    ChainRecord, HEADERS_BYTES_MAX, HEADERS_MAX, REQUEST_BATCHES_MAX, Request, Response,
};
use crate::sets::Sets;
use crate::types::{Batch, StoredBlock};

/// The most blocks held ahead of the chain's end.
pub const AHEAD_BLOCKS_MAX: usize = 2 * HEADERS_MAX as usize;
/// The most bytes of their batches, here and under way, not counting those of the next block.
pub const AHEAD_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// The most batches that blocks held ahead may name, so that looking for what is missing stays cheap.
pub const AHEAD_BATCHES_MAX: usize = 8 * 1_024;
/// Batches are asked for in lots of about so many bytes, or one alone that is larger.
const LOT_BYTES: u64 = 1024 * 1024;
/// The most signatures of certificates that are verified in one step, or those of one certificate.
const STEP_SIGNATURES: usize = 512;
/// Whoever has more gives at least so many blocks at once, unless they are large.
const FEW_BLOCKS: usize = HEADERS_MAX as usize / 4;
/// A question is forgotten after this long: the shell says much earlier that it came to nothing.
const FORGET_MS: u64 = 30_000;

/// What was wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It has not come in time.
    Late,
    /// The question failed: the connection, or an answer that does not decode.
    Failed,
    /// It answers another question, or more than was asked.
    Unasked,
    /// Not one block, from a peer that claims to have them.
    Empty,
    /// A few small blocks, from a peer that claims to have many.
    Few,
    /// Blocks that do not follow one another, or whose parts are not of one block.
    Unfit,
    /// A certificate that is not valid for its height.
    Certificate,
    /// An override that is not valid for its block.
    Override,
    /// A batch that was not asked for.
    Batch,
    /// A batch was left out that whoever was there when its block was decided has.
    Withheld,
}

impl Fault {
    pub const ALL: [Self; 10] = [
        Self::Late,
        Self::Failed,
        Self::Unasked,
        Self::Empty,
        Self::Few,
        Self::Unfit,
        Self::Certificate,
        Self::Override,
        Self::Batch,
        Self::Withheld,
    ];

    /// Stable: metrics carry it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Failed => "failed",
            Self::Unasked => "unasked",
            Self::Empty => "empty",
            Self::Few => "few",
            Self::Unfit => "unfit",
            Self::Certificate => "certificate",
            Self::Override => "override",
            Self::Batch => "batch",
            Self::Withheld => "withheld",
        }
    }

    /// Whether the peer lied: what is late or failed may be the network's doing, and whoever began
    /// from a copy of a state lacks what came before.
    pub const fn is_a_lie(self) -> bool {
        !matches!(self, Self::Late | Self::Failed | Self::Empty | Self::Few | Self::Withheld)
    }
}

/// What a peer got wrong, and about which height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchFailure {
    pub peer: PublicKey,
    pub height: u64,
    pub fault: Fault,
}

/// A question to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub to: PublicKey,
    pub ticket: u64,
    pub request: Request,
}

#[derive(Debug)]
enum Asked {
    Headers { from: u64, claim: u64 },
    Batches(Vec<BatchRef>),
}

#[derive(Debug)]
struct Open {
    peer: PublicKey,
    at: u64,
    asked: Asked,
    /// It took too long, and others were asked.
    late: bool,
}

/// The chain's end, for which blocks are fetched.
#[derive(Clone, Copy)]
pub struct End<'a> {
    pub height: u64,
    pub genesis: Hash,
    pub sets: &'a Sets,
}

#[derive(Debug, Default)]
pub struct Fetch {
    /// Blocks after the chain's end, in order, each shown with a valid certificate.
    certified: VecDeque<StoredBlock>,
    /// How many batches these name.
    named: usize,
    /// Those after these, whose certificates are to be verified, and who sent them.
    claimed: VecDeque<(PublicKey, StoredBlock)>,
    /// Batches of certified blocks.
    batches: BTreeMap<Hash, Arc<Vec<u8>>>,
    /// Bytes of these.
    bytes: u64,
    open: BTreeMap<u64, Open>,
    /// Bytes of the batches under way, by digest, of questions that are not late.
    under_way: BTreeMap<Hash, u32>,
    tickets: u64,
    peers: Peers,
    /// When time was heeded last.
    now: u64,
    failures: Vec<FetchFailure>,
    last_failure: Option<FetchFailure>,
}

impl Fetch {
    /// The block after the chain's end, once its certificate is verified.
    pub fn next(&self) -> Option<&StoredBlock> {
        self.certified.front()
    }

    pub fn batch(&self, digest: &Hash) -> Option<&Arc<Vec<u8>>> {
        self.batches.get(digest)
    }

    pub fn blocks(&self) -> usize {
        self.certified.len() + self.claimed.len()
    }

    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn questions(&self) -> usize {
        self.open.len()
    }

    pub fn peers_asked(&self) -> usize {
        self.peers.asked_now()
    }

    pub fn peers_barred(&self) -> usize {
        self.peers.barred(self.now)
    }

    pub const fn last_failure(&self) -> Option<FetchFailure> {
        self.last_failure
    }

    /// What went wrong since this was asked last.
    pub fn take_failures(&mut self) -> Vec<FetchFailure> {
        std::mem::take(&mut self.failures)
    }

    /// The chain's end is at `height` now.
    pub fn advanced(&mut self, height: u64) {
        while self.certified.front().is_some_and(|block| block.header.height <= height) {
            if let Some(block) = self.certified.pop_front() {
                self.named = self.named.saturating_sub(block.payload.batches.len());
                block.payload.digests().for_each(|digest| self.drop_batch(digest));
            }
        }
        while self.claimed.front().is_some_and(|(_, block)| block.header.height <= height) {
            self.claimed.pop_front();
        }
    }

    fn drop_batch(&mut self, digest: &Hash) {
        // A batch that a later block names again is fetched again, or is here by then.
        if let Some(bytes) = self.batches.remove(digest) {
            self.bytes = self.bytes.saturating_sub(bytes.len() as u64);
        }
    }

    /// A peer is gone, and with it what was asked of it.
    pub fn gone(&mut self, peer: &PublicKey) {
        let of_peer = self.open.iter().filter(|(_, open)| open.peer == *peer);
        for ticket in of_peer.map(|(ticket, _)| *ticket).collect::<Vec<_>>() {
            self.close(ticket);
        }
        self.peers.gone(peer);
    }

    fn close(&mut self, ticket: u64) -> Option<Open> {
        let open = self.open.remove(&ticket)?;
        self.peers.closed(&open.peer);
        self.release(&open);
        Some(open)
    }

    /// What it asks for may be asked of others.
    fn release(&mut self, open: &Open) {
        if let (Asked::Batches(batches), false) = (&open.asked, open.late) {
            for named in batches {
                self.under_way.remove(&named.digest);
            }
        }
    }

    /// Gives what took too long to others.
    pub fn heed_time(&mut self, now: u64) {
        self.now = now;
        let waits = [Kind::Headers, Kind::Batches].map(|kind| self.peers.patience_ms(kind));
        for ticket in self.open.keys().copied().collect::<Vec<_>>() {
            let Some(open) = self.open.get(&ticket) else { continue };
            let age = now.saturating_sub(open.at);
            let [headers, batches] = waits;
            let (wait, height) = match &open.asked {
                Asked::Headers { from, .. } => (headers, *from),
                Asked::Batches(_) => (batches, self.height()),
            };
            let (peer, late) = (open.peer, open.late);
            if age >= FORGET_MS {
                self.close(ticket);
            } else if age >= wait && !late && !planted(Bug::SyncGivesUp) {
                if let Some(mut open) = self.open.remove(&ticket) {
                    self.release(&open);
                    open.late = true;
                    self.open.insert(ticket, open);
                }
                self.fail(peer, height, Fault::Late, now);
            }
        }
    }

    /// The height being fetched, for who reads about failures.
    fn height(&self) -> u64 {
        self.next().map_or(0, |block| block.header.height)
    }

    fn fail(&mut self, peer: PublicKey, height: u64, fault: Fault, now: u64) {
        self.peers.failed(peer, fault != Fault::Late, now);
        let failure = FetchFailure { peer, height, fault };
        self.last_failure = Some(failure);
        self.failures.push(failure);
    }

    /// An answer; none when the question came to nothing.
    pub fn answered(
        &mut self,
        from: PublicKey,
        ticket: u64,
        response: Option<Response>,
        end: End<'_>,
        now: u64,
    ) {
        if self.open.get(&ticket).is_none_or(|open| open.peer != from) {
            return;
        }
        let Some(Open { at, asked, .. }) = self.close(ticket) else { return };
        let (kind, height) = match &asked {
            Asked::Headers { from, .. } => (Kind::Headers, *from),
            Asked::Batches(_) => (Kind::Batches, self.height().max(end.height + 1)),
        };
        let verdict = match (asked, response) {
            (_, None) => Err(Fault::Failed),
            (Asked::Headers { from: first, claim }, Some(Response::Headers(records))) => {
                let few = are_few(&records, first, claim);
                self.take_headers(from, first, records, end).and(few)
            }
            (Asked::Batches(asked), Some(Response::Batches(batches))) => {
                self.take_batches(&asked, batches)
            }
            _ => Err(Fault::Unasked),
        };
        match verdict {
            Ok(()) => self.peers.good(from, kind, now.saturating_sub(at)),
            Err(fault) => self.fail(from, height, fault, now),
        }
    }

    fn take_headers(
        &mut self,
        from: PublicKey,
        first: u64,
        records: Vec<ChainRecord>,
        end: End<'_>,
    ) -> Result<(), Fault> {
        if records.is_empty() {
            return Err(Fault::Empty);
        }
        if records.len() > usize::from(HEADERS_MAX) {
            return Err(Fault::Unasked);
        }
        for (height, record) in (first..).zip(&records) {
            let ChainRecord::Block(block) = record;
            if block.header.height != height || !is_one_block(block, &end.genesis) {
                return Err(Fault::Unfit);
            }
        }
        for ChainRecord::Block(block) in records {
            if block.header.height == self.next_height(end.height) {
                self.claimed.push_back((from, *block));
            }
        }
        self.claimed.truncate(AHEAD_BLOCKS_MAX.saturating_sub(self.certified.len()));
        Ok(())
    }

    /// The height of the first block that is not here, when the chain's end is at `end`.
    fn next_height(&self, end: u64) -> u64 {
        let newest = self.claimed.back().map(|(_, block)| block).or(self.certified.back());
        newest.map_or(end, |block| block.header.height).saturating_add(1)
    }

    fn take_batches(&mut self, asked: &[BatchRef], batches: Vec<Vec<u8>>) -> Result<(), Fault> {
        let came = batches.len();
        let mut left: Vec<_> = asked.iter().collect();
        for bytes in batches {
            let digest = Batch::digest_of_bytes(&bytes);
            let mut place = left.iter().position(|named| named.digest == digest);
            if place.is_none() && planted(Bug::SyncBatchUnchecked) {
                place = (!left.is_empty()).then_some(0);
            }
            let Some(place) = place else { return Err(Fault::Batch) };
            let digest = left.swap_remove(place).digest;
            self.keep_batch(digest, bytes);
        }
        if came < asked.len() { Err(Fault::Withheld) } else { Ok(()) }
    }

    /// Keeps a batch that a certified block names, once.
    fn keep_batch(&mut self, digest: Hash, bytes: Vec<u8>) {
        let mut named = self.certified.iter().flat_map(|block| block.payload.digests());
        if named.any(|named| *named == digest) && !self.batches.contains_key(&digest) {
            self.bytes = self.bytes.saturating_add(bytes.len() as u64);
            self.batches.insert(digest, Arc::new(bytes));
        }
    }

    /// Verifies certificates of blocks that are next to be certified, a bounded number at once.
    pub fn certify(&mut self, end: End<'_>, verify_all: VerifyAll, now: u64) {
        for verdict in self.verdicts(end, verify_all) {
            let Some((from, block)) = self.claimed.pop_front() else { return };
            if let Err(fault) = verdict {
                // What it sent after this one is of no use either.
                self.claimed.clear();
                return self.fail(from, block.header.height, fault, now);
            }
            self.named += block.payload.batches.len();
            self.certified.push_back(block);
        }
    }

    fn verdicts(&self, end: End<'_>, verify_all: VerifyAll) -> Vec<Result<(), Fault>> {
        let mut lot = Vec::new();
        let mut signatures = 0;
        let mut named = self.named;
        let mut before = self.certified.back().map(|block| block.header.next_validators);
        for (_, block) in &self.claimed {
            named += block.payload.batches.len();
            if named > AHEAD_BATCHES_MAX && !(lot.is_empty() && self.certified.is_empty()) {
                break;
            }
            let Some(set) = set_of(block.header.height, before, end.sets) else { break };
            let of_override = block.overridden.as_ref().map_or(0, |it| it.signatures.len());
            signatures += block.certificate.signatures.len() + of_override;
            if !lot.is_empty() && signatures > STEP_SIGNATURES {
                break;
            }
            lot.push((block, set));
            before = Some(block.header.next_validators);
        }
        if lot.is_empty() {
            return Vec::new();
        }
        let certificates: Vec<_> =
            lot.iter().map(|(block, set)| (&block.certificate, *set)).collect();
        let answers = verify_certificates(&end.genesis, &certificates, verify_all);
        let unchecked = |at: usize| {
            planted(Bug::SyncCertificateUnchecked)
                || (planted(Bug::AheadCertificateUnchecked) && at > 0)
        };
        let mut verdicts = Vec::with_capacity(lot.len());
        for (at, (answer, (block, set))) in answers.into_iter().zip(lot).enumerate() {
            let certificate = match answer {
                Err(_) if !unchecked(at) => Err(Fault::Certificate),
                _ => Ok(()),
            };
            verdicts.push(certificate.and_then(|()| check_override(block, &end.genesis, set)));
        }
        verdicts
    }

    /// Whether certificates can be verified now.
    pub fn can_certify(&self, end: End<'_>) -> bool {
        let before = self.certified.back().map(|block| block.header.next_validators);
        let next = self.claimed.front();
        next.is_some_and(|(_, block)| {
            let named = self.named + block.payload.batches.len();
            let has_room = self.certified.is_empty() || named <= AHEAD_BATCHES_MAX;
            has_room && set_of(block.header.height, before, end.sets).is_some()
        })
    }

    /// What to ask now. `claims` are the heights that connected peers claim; `is_here` tells which
    /// batches need not be fetched; `start` is whether to begin when nothing is under way.
    pub fn ask(
        &mut self,
        claims: &BTreeMap<PublicKey, u64>,
        is_here: impl Fn(&Hash) -> bool,
        end: End<'_>,
        start: bool,
        now: u64,
    ) -> Vec<Question> {
        let mut questions = self.ask_batches(claims, is_here, now);
        if start || self.blocks() > 0 {
            questions.extend(self.ask_headers(claims, end, now));
        }
        questions
    }

    /// First, for what the next block lacks is needed soonest.
    fn ask_batches(
        &mut self,
        claims: &BTreeMap<PublicKey, u64>,
        is_here: impl Fn(&Hash) -> bool,
        now: u64,
    ) -> Vec<Question> {
        let mut questions = Vec::new();
        let mut room = AHEAD_BYTES_MAX.saturating_sub(self.bytes);
        room = room.saturating_sub(self.under_way.values().map(|bytes| u64::from(*bytes)).sum());
        for (lot, height) in self.lots(is_here, room) {
            let holders = claims.iter().filter(|(_, claim)| **claim >= height);
            let holders = holders.map(|(peer, _)| *peer);
            let Some(to) = self.peers.pick(Kind::Batches, holders, now) else { break };
            self.under_way.extend(lot.iter().map(|named| (named.digest, named.bytes)));
            let digests = lot.iter().map(|named| named.digest).collect();
            let ticket = self.begin(to, Asked::Batches(lot), now);
            questions.push(Question { to, ticket, request: Request::Batches { digests } });
        }
        questions
    }

    fn ask_headers(
        &mut self,
        claims: &BTreeMap<PublicKey, u64>,
        end: End<'_>,
        now: u64,
    ) -> Option<Question> {
        let asking = |open: &Open| matches!(open.asked, Asked::Headers { .. }) && !open.late;
        let full = self.blocks() + usize::from(HEADERS_MAX) > AHEAD_BLOCKS_MAX;
        // A certificate of a set that is not known yet could not be verified.
        let stuck = !self.claimed.is_empty() && !self.can_certify(end);
        if full || stuck || self.open.values().any(asking) {
            return None;
        }
        let from = self.next_height(end.height);
        let holders = claims.iter().filter(|(_, claim)| **claim >= from).map(|(peer, _)| *peer);
        let to = self.peers.pick(Kind::Headers, holders, now)?;
        let claim = claims.get(&to).copied().unwrap_or(from);
        let ticket = self.begin(to, Asked::Headers { from, claim }, now);
        Some(Question { to, ticket, request: Request::Headers { from, max: HEADERS_MAX } })
    }

    fn begin(&mut self, peer: PublicKey, asked: Asked, now: u64) -> u64 {
        self.tickets = self.tickets.wrapping_add(1);
        self.peers.asked(peer);
        self.open.insert(self.tickets, Open { peer, at: now, asked, late: false });
        self.tickets
    }

    /// Batches that are missing, in the order in which they are needed, in lots of which each is
    /// of blocks up to a height. What the next block needs has room always.
    fn lots(&self, is_here: impl Fn(&Hash) -> bool, mut room: u64) -> Vec<(Vec<BatchRef>, u64)> {
        let mut lots: Vec<(Vec<BatchRef>, u64)> = Vec::new();
        let (mut lot, mut bytes, mut upto) = (Vec::new(), 0u64, 0);
        'blocks: for (depth, block) in self.certified.iter().enumerate() {
            for named in &block.payload.batches {
                let here = self.batches.contains_key(&named.digest) || is_here(&named.digest);
                if here || self.under_way.contains_key(&named.digest) || lot.contains(named) {
                    continue;
                }
                let size = u64::from(named.bytes);
                if depth > 0 && size > room {
                    break 'blocks;
                }
                room = room.saturating_sub(size);
                let full = bytes.saturating_add(size) > LOT_BYTES;
                if !lot.is_empty() && (full || lot.len() >= REQUEST_BATCHES_MAX) {
                    lots.push((std::mem::take(&mut lot), upto));
                    bytes = 0;
                }
                lot.push(*named);
                bytes = bytes.saturating_add(size);
                upto = block.header.height;
            }
        }
        if !lot.is_empty() {
            lots.push((lot, upto));
        }
        lots
    }
}

/// Whether a peer that claims `claim` has given as many blocks as it should.
fn are_few(records: &[ChainRecord], first: u64, claim: u64) -> Result<(), Fault> {
    let last = first.saturating_add(records.len() as u64).saturating_sub(1);
    if records.len() >= FEW_BLOCKS || last >= claim {
        return Ok(());
    }
    let bytes = records.iter().map(|record| codec::encode(record).len()).sum::<usize>();
    if bytes < HEADERS_BYTES_MAX / 2 { Err(Fault::Few) } else { Ok(()) }
}

/// Whether header, payload and certificate are parts of one block of this chain.
fn is_one_block(block: &StoredBlock, genesis: &Hash) -> bool {
    let StoredBlock { header, payload, certificate, .. } = block;
    let certified = certificate.height == header.height && certificate.block == header.id();
    header.genesis == *genesis
        && header.payload == payload.digest()
        && (certified || planted(Bug::StaleSyncValue))
}

/// Whether the word on which a block is not to be executed, if there is one, is a quorum's.
fn check_override(block: &StoredBlock, genesis: &Hash, set: &Committee) -> Result<(), Fault> {
    let Some(signed) = &block.overridden else { return Ok(()) };
    if planted(Bug::SyncOverrideUnchecked) {
        return Ok(());
    }
    let checked = signed.check(genesis, block.header.height, &block.header.id(), set);
    checked.map_err(|_| Fault::Override)
}

/// The set that decides `height`: one that the chain's end has fixed, or the one that the certified
/// header before it names, if that is one of those.
fn set_of(height: u64, named: Option<Hash>, sets: &Sets) -> Option<&Committee> {
    if let Some(set) = sets.of(height) {
        return Some(set);
    }
    let named = named?;
    [sets.next(), sets.current()].into_iter().find(|set| set.digest() == named)
}
