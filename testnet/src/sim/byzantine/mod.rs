//! Validators that do not keep to the protocol. Each is a real replica whose mouth is another's:
//! a [`Behaviour`] is given everything the replica would send and decides what is sent in its
//! place; it has the validator's keys and signs what it likes. One file each.

mod amnesiac;
mod asker;
mod bad_batches;
mod bad_time;
mod blamer;
mod bloated_blocks;
mod duplicate_signer;
mod equivocating_proposer;
mod equivocating_voter;
mod far_rounds;
mod forged_certificate;
mod future_flood;
mod garbage;
mod ghost_batches;
mod impostor;
mod junk_batches;
mod nay_sayer;
mod replayer;
mod selective;
mod silent;
mod slanderer;
mod stale_certificate;
mod sync_liar;
mod two_faced;
mod wire_filler;
mod withholding;
mod wrong_root;

use std::sync::Arc;

use ballast_primitives::{BatchRef, Committee, Hash, PublicKey, SecretKey, Vote, VoteKind, codec};
use ballast_replica::block::Tip;
use ballast_replica::context::BlockValue;
use ballast_replica::message::{
    Message, Request, Response, WireProposal, WireVote, proposal_signed_bytes,
};
use ballast_replica::types::Batch;
use ballast_replica::{Now, Replica};
use ballast_runtime::tx::SignedTx;

use self::equivocating_voter::EquivocatingVoter;
use super::rng::Rng;

/// For whom something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    All,
    One(PublicKey),
}

/// What a liar sends.
#[expect(clippy::large_enum_variant, reason = "most are of that variant, and few live at a time")]
pub enum Speech {
    Message(Message),
    /// Bytes on the consensus lane.
    Raw(Vec<u8>),
    Batch(Arc<Vec<u8>>),
}

/// What a liar has to lie with.
pub struct Mouth<'a> {
    pub key: &'a SecretKey,
    pub public: PublicKey,
    pub genesis: Hash,
    pub committee: &'a Committee,
    /// Everyone else.
    pub others: &'a [PublicKey],
    /// Those of them that lie as well.
    pub accomplices: &'a [PublicKey],
    pub tip: &'a Tip,
    pub round: u32,
    pub now: Now,
    pub rng: &'a mut Rng,
    /// What it says, in order.
    pub said: Vec<(To, Speech)>,
    /// It wants its process started again, with nothing remembered of what it signed.
    pub forgets: bool,
}

impl<'a> Mouth<'a> {
    pub fn new(
        key: &'a SecretKey,
        committee: &'a Committee,
        [others, accomplices]: [&'a [PublicKey]; 2],
        replica: &'a Replica,
        now: Now,
        rng: &'a mut Rng,
    ) -> Self {
        Self {
            key,
            public: replica.key(),
            genesis: replica.tip().genesis,
            committee,
            others,
            accomplices,
            tip: replica.tip(),
            round: replica.round(),
            now,
            rng,
            said: Vec::new(),
            forgets: false,
        }
    }

    /// The height being decided, as its replica has it.
    pub const fn height(&self) -> u64 {
        self.tip.height + 1
    }

    pub fn say(&mut self, to: To, message: Message) {
        self.said.push((to, Speech::Message(message)));
    }

    pub fn say_raw(&mut self, to: To, bytes: Vec<u8>) {
        self.said.push((to, Speech::Raw(bytes)));
    }

    pub fn push_batch(&mut self, to: To, bytes: Arc<Vec<u8>>) {
        self.said.push((to, Speech::Batch(bytes)));
    }

    /// Signs a vote, whatever it says.
    pub fn vote(&self, vote: Vote) -> WireVote {
        let signature = self.key.sign(&vote.signed_bytes(&self.genesis));
        WireVote { vote, validator: self.public, signature }
    }

    /// Signs a proposal anew, as its own, after something in it was changed.
    pub fn proposal(&self, proposal: WireProposal) -> WireProposal {
        let mut proposal = WireProposal { proposer: self.public, ..proposal };
        proposal.header.payload = proposal.payload.digest();
        let signed = proposal.clone().into_signed();
        let bytes = proposal_signed_bytes(&signed.message, &self.genesis);
        proposal.signature = self.key.sign(&bytes);
        proposal
    }

    /// Names a batch that does not exist.
    pub fn ghost(&mut self) -> BatchRef {
        BatchRef { digest: Hash(self.rng.bytes32()), bytes: 300, txs: 1, signatures: 1 }
    }

    /// Two parts of the others, each not empty if there are two of them.
    pub fn halves(&mut self) -> (Vec<PublicKey>, Vec<PublicKey>) {
        let mut others = self.others.to_vec();
        self.rng.shuffle(&mut others);
        let second = others.split_off(others.len() / 2);
        (others, second)
    }

    /// The id of the block that a proposal proposes.
    pub fn block_of(proposal: &WireProposal) -> Hash {
        BlockValue::new(proposal.header.clone(), proposal.payload.clone()).id()
    }
}

/// Batches that a liar made, which its proposals name and which it gives to those who ask.
#[derive(Default)]
pub struct Made(Vec<(BatchRef, Vec<u8>)>);

impl Made {
    /// Keeps a batch and pushes it to everyone.
    pub fn push(&mut self, mouth: &mut Mouth<'_>, batch: &Batch) {
        let bytes = codec::encode(batch);
        mouth.push_batch(To::All, Arc::new(bytes.clone()));
        self.0.push((named(&bytes), bytes));
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|(named, _)| u64::from(named.bytes)).sum()
    }

    /// As a proposal names them, newest first.
    pub fn named(&self) -> impl Iterator<Item = BatchRef> + '_ {
        self.0.iter().rev().map(|(named, _)| *named)
    }

    /// Adds those that are asked for to an honest answer.
    pub fn answer(&self, request: &Request, honest: Response) -> Response {
        let (Request::Batches { digests }, Response::Batches(mut found)) =
            (request, honest.clone())
        else {
            return honest;
        };
        let asked = |(named, _): &&(BatchRef, Vec<u8>)| digests.contains(&named.digest);
        found.extend(self.0.iter().filter(asked).map(|(_, bytes)| bytes.clone()));
        Response::Batches(found)
    }
}

/// A batch as an honest proposer names it, as far as it is one.
pub fn named(bytes: &[u8]) -> BatchRef {
    let txs = Batch::decode(bytes).map_or_else(|_| Vec::new(), |batch| batch.txs);
    let signatures = txs.iter().filter_map(|tx| Some(SignedTx::decode(tx).ok()?.signatures()));
    BatchRef {
        digest: Batch::digest_of_bytes(bytes),
        bytes: bytes.len() as u32,
        txs: txs.len() as u32,
        signatures: signatures.sum::<usize>() as u32,
    }
}

/// One way not to keep to the protocol. What is not overridden is done honestly.
pub trait Behaviour {
    /// The replica wants to send a message.
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        mouth.say(to, message);
    }

    /// The replica wants to push a batch to everyone.
    fn batch(&mut self, mouth: &mut Mouth<'_>, bytes: Arc<Vec<u8>>) {
        mouth.push_batch(To::All, bytes);
    }

    /// A peer asks for something that an honest node would answer with `honest`. None: no answer.
    fn answer(
        &mut self,
        _: &mut Mouth<'_>,
        _: PublicKey,
        _: &Request,
        honest: Response,
    ) -> Option<Response> {
        Some(honest)
    }

    /// It hears a message, which its replica is given as well.
    fn hear(&mut self, _: &mut Mouth<'_>, _: PublicKey, _: &Message) {}

    /// Time to say something unasked: ten times a second.
    fn idle(&mut self, _: &mut Mouth<'_>) {}
}

/// What makes a behaviour.
type Make = fn() -> Box<dyn Behaviour>;

/// Every behaviour that plans draw from, by name.
pub const BEHAVIOURS: &[(&str, Make)] = &[
    ("amnesiac", || Box::new(amnesiac::Amnesiac)),
    ("asker", || Box::<asker::Asker>::default()),
    ("bad batches", || Box::<bad_batches::BadBatches>::default()),
    ("bad time", || Box::new(bad_time::BadTime)),
    ("blamer", || Box::new(blamer::Blamer)),
    ("bloated blocks", || Box::<bloated_blocks::BloatedBlocks>::default()),
    ("duplicate signer", || Box::new(duplicate_signer::DuplicateSigner)),
    ("equivocating precommits", || Box::new(EquivocatingVoter::new(VoteKind::Precommit))),
    ("equivocating prevotes", || Box::new(EquivocatingVoter::new(VoteKind::Prevote))),
    ("equivocating proposer", || Box::<equivocating_proposer::EquivocatingProposer>::default()),
    ("far rounds", || Box::<far_rounds::FarRounds>::default()),
    ("forged certificate", || Box::new(forged_certificate::ForgedCertificate)),
    ("future flood", || Box::<future_flood::FutureFlood>::default()),
    ("garbage", || Box::<garbage::Garbage>::default()),
    ("ghost batches", || Box::<ghost_batches::GhostBatches>::default()),
    ("impostor", || Box::new(impostor::Impostor)),
    ("junk batches", || Box::<junk_batches::JunkBatches>::default()),
    ("nay-sayer", || Box::new(nay_sayer::NaySayer)),
    ("replayer", || Box::<replayer::Replayer>::default()),
    ("selective", || Box::<selective::Selective>::default()),
    ("silent", || Box::new(silent::Silent)),
    ("slanderer", || Box::<slanderer::Slanderer>::default()),
    ("stale certificate", || Box::<stale_certificate::StaleCertificate>::default()),
    ("sync liar", || Box::<sync_liar::SyncLiar>::default()),
    ("wire filler", || Box::new(wire_filler::WireFiller)),
    ("withholding", || Box::new(withholding::Withholding)),
    ("wrong root", || Box::new(wrong_root::WrongRoot)),
];

/// Not drawn: only for plans with more liars than a validator set bears.
const TWO_FACED: (&str, Make) = ("two-faced", || Box::<two_faced::TwoFaced>::default());

/// A behaviour by its name.
pub fn behaviour(name: &str) -> Option<Box<dyn Behaviour>> {
    let all = BEHAVIOURS.iter().chain(std::iter::once(&TWO_FACED));
    all.into_iter().find(|(other, _)| *other == name).map(|(_, make)| make())
}
