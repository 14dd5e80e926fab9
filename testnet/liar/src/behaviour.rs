//! What a liar can do, each at the wire's limits.

use ballast_node::net::{Lane, PeerKey};
use ballast_primitives::certificate::VoteKind;
use ballast_primitives::{Hash, Signature, Vote, codec};
use ballast_replica::message::{HEADERS_MAX, Message, Request, Response};
use clap::ValueEnum;

use crate::liar::{Liar, number};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Behaviour {
    /// Connects and says nothing.
    Silent,
    /// Claims to have committed the greatest height there is, a hundred times a second.
    StatusLiar,
    /// Proposes in far rounds of the present height, 600 a second, 1,024 batches each that nobody has.
    FarRounds,
    /// Votes for the next heights under signatures that do not verify, 2,000 a second.
    BadVotes,
    /// Votes for blocks that do not exist, well signed, in every round it can.
    GhostVotes,
    /// Asks for proposals, 10,000 times a second.
    WantFlood,
    /// Packs batches of well signed payments of accounts that do not exist, 2,000 payments a second.
    JunkBatches,
    /// Packs 500 batches a second of one such payment each.
    TinyBatches,
    /// Asks for blocks from the first on, and for the newest batches, as often as it is answered.
    AskFlood,
    /// Frames of noise on both lanes, 64 KiB, 100 a second.
    Garbage,
    /// Frames longer than the lanes take, as soon as it is connected again.
    Oversized,
    /// Ends its connections and makes them again, five times a second.
    HangUps,
    /// Votes for and against each block: the one to half of the others, the other to the rest.
    Twin,
    /// Answers whoever catches up with batches that were not asked for.
    SyncLiar,
}

impl Behaviour {
    /// Once in ten milliseconds.
    pub fn act(self, liar: &mut Liar) {
        match self {
            Self::Silent | Self::Twin => {}
            // To be asked, it must seem to be ahead.
            Self::SyncLiar => {
                liar.to_all(&Message::Status { height: liar.height() + 2, time: liar.time() })
            }
            Self::StatusLiar => liar.to_all(&Message::Status { height: u64::MAX, time: u64::MAX }),
            Self::FarRounds => far_rounds(liar),
            Self::BadVotes => bad_votes(liar),
            Self::GhostVotes => ghost_votes(liar),
            Self::WantFlood => want_flood(liar),
            Self::AskFlood => ask_flood(liar),
            Self::JunkBatches => {
                let batch = liar.junk(20);
                liar.bytes_to_all(Lane::Batch, codec::encode(&batch));
            }
            Self::TinyBatches => {
                for _ in 0..5 {
                    liar.turn += 1;
                    let batch = liar.junk(1);
                    liar.bytes_to_all(Lane::Batch, codec::encode(&batch));
                }
            }
            Self::Garbage => {
                let noise = number(liar.turn, 1).0.repeat(2_048);
                liar.bytes_to_all(Lane::Consensus, noise.clone());
                liar.bytes_to_all(Lane::Batch, noise);
            }
            Self::Oversized if liar.turn.is_multiple_of(50) => {
                liar.bytes_to_all(Lane::Consensus, vec![7; 300 << 10]);
                liar.bytes_to_all(Lane::Batch, vec![7; 9 << 20]);
            }
            Self::Oversized => {}
            Self::HangUps => match liar.turn % 20 {
                0 => liar.hang_up(),
                10 => liar.connect(),
                _ => {}
            },
        }
    }

    pub fn hear(self, liar: &Liar, _: PeerKey, message: &Message) {
        if let (Self::Twin, Message::Proposal(proposal)) = (self, message) {
            twin(liar, proposal.header.height, proposal.round, proposal.header.id());
        }
    }

    /// None: lets it run into its time limit.
    pub fn answer(self, asked: &Request) -> Option<Vec<u8>> {
        match (self, asked) {
            (Self::SyncLiar, _) => {
                let batches = (0..8).map(|n| number(n, 2).0.repeat(8_192)).collect();
                Some(Response::Batches(batches).encode())
            }
            _ => None,
        }
    }
}

fn far_rounds(liar: &Liar) {
    for n in 0..6 {
        let round = 2 + u32::try_from(liar.turn % 1_000).unwrap_or(0) * 6 + n;
        if let Some(proposal) = liar.proposal(liar.height(), round, 1_024) {
            liar.to_all(&Message::Proposal(proposal));
        }
    }
}

fn bad_votes(liar: &Liar) {
    for n in 0..20 {
        let (height, block) = (liar.height() + 1 + n % 2, Some(number(liar.turn, n)));
        let vote = Vote { kind: VoteKind::Prevote, height, round: 0, block };
        let mut wire = liar.vote(vote);
        wire.signature = Signature([1; 64]);
        liar.to_all(&Message::Vote(wire));
    }
}

fn ghost_votes(liar: &Liar) {
    for round in 0..4 {
        for kind in [VoteKind::Prevote, VoteKind::Precommit] {
            let block = Some(number(liar.turn, u64::from(round)));
            let vote = Vote { kind, height: liar.height(), round, block };
            liar.to_all(&Message::Vote(liar.vote(vote)));
        }
    }
}

fn want_flood(liar: &Liar) {
    let (height, block) = (liar.height(), liar.seen.as_ref().map_or(Hash::ZERO, |h| h.id()));
    for _ in 0..100 {
        liar.to_all(&Message::WantProposal { height, round: 0, block });
    }
}

fn ask_flood(liar: &Liar) {
    let digests = liar.batches.iter().copied().collect();
    for request in [Request::Headers { from: 1, max: HEADERS_MAX }, Request::Batches { digests }] {
        liar.ask_all(&request);
    }
}

fn twin(liar: &Liar, height: u64, round: u32, block: Hash) {
    let half = liar.peers().len() / 2;
    for (n, peer) in liar.peers().iter().enumerate() {
        let block = (n < half).then_some(block);
        for kind in [VoteKind::Prevote, VoteKind::Precommit] {
            let vote = liar.vote(Vote { kind, height, round, block });
            liar.to(*peer, &Message::Vote(vote));
        }
    }
}
