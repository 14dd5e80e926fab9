//! What validators say to each other on the consensus lane and by request, in canonical Borsh.
//! Sizes are bounded before and after decoding; nothing is recursive.

use arc_malachitebft_core_types as malachite;
use ballast_primitives::codec::{self, DecodeError};
use ballast_primitives::equivocation::{EVIDENCE_MAX, proposal_bytes};
use ballast_primitives::{
    CommitCertificate, Evidence, Hash, Header, Payload, PublicKey, Return, Signature,
    Vote as PlainVote, block, committee,
};
use borsh::{BorshDeserialize, BorshSerialize};
use malachite::{
    PolkaCertificate, PolkaSignature, Round, RoundCertificate, RoundCertificateType,
    RoundSignature, SignedMessage, SignedProposal, SignedVote,
};

use crate::context::{BlockValue, Ctx, Height, Proposal, ValidatorKey, Vote};
use crate::types::StoredBlock;
use crate::witness::Spoken;

/// The most bytes of a message on the consensus lane.
pub const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// The most bytes of a request.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// The most bytes of a response: what the network layer carries at most.
pub const RESPONSE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most bytes of the batches in an answer: room is left for what stands around them.
pub const BATCHES_BYTES_MAX: usize = RESPONSE_BYTES_MAX - 64 * 1024;
/// The most batches asked for at once.
pub const REQUEST_BATCHES_MAX: usize = 64;
/// The most blocks of an answer without their batches, and about how many bytes.
pub const HEADERS_MAX: u16 = 128;
pub const HEADERS_BYTES_MAX: usize = 1024 * 1024;

/// One message on the consensus lane. The sender is known from the connection.
#[allow(clippy::large_enum_variant, reason = "short-lived, and few at a time")]
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Message {
    Vote(WireVote),
    Proposal(WireProposal),
    Polka(WirePolka),
    Round(WireRound),
    /// The sender has committed this height, and its clock says so: hints, not proofs.
    Status {
        height: u64,
        time: u64,
    },
    /// Asks for the proposal of a round, by the block that votes name.
    WantProposal {
        height: u64,
        round: u32,
        block: Hash,
    },
    /// What the sender runs: the newest version of the rules that it executes, and the digest of
    /// its release (zero when it does not know it). A hint, for operators.
    Program {
        version: u32,
        release: Hash,
    },
    /// Asks what the sender's own key was heard to sign; the answer repeats the number.
    WhatSigned {
        key: PublicKey,
        number: u64,
    },
    LastSigned(Box<LastSigned>),
    /// The sender is passed over as a proposer, and well again.
    Return(Return),
    /// A validator signed twice.
    Evidence(Evidence),
}

/// What a peer knows that someone who may have lost its memory needs to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LastSigned {
    pub key: PublicKey,
    pub number: u64,
    /// The newest message that the peer has heard of the key.
    pub message: Option<Spoken>,
    /// The certificate of the peer's newest block; none at genesis.
    pub certificate: Option<CommitCertificate>,
    /// The peer's clock, milliseconds since the Unix epoch.
    pub time: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct WireVote {
    pub vote: PlainVote,
    pub validator: PublicKey,
    pub signature: Signature,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WireProposal {
    pub round: u32,
    /// The earlier round whose polka justifies proposing this block again.
    pub pol_round: Option<u32>,
    pub header: Header,
    pub payload: Payload,
    /// A certificate of the parent in the round that the header names. Not signed: whoever passes
    /// the proposal on may put another in its place.
    pub parent: Option<CommitCertificate>,
    pub proposer: PublicKey,
    pub signature: Signature,
}

/// A quorum of prevotes for one block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WirePolka {
    pub height: u64,
    pub round: u32,
    pub block: Hash,
    pub signatures: Vec<(PublicKey, Signature)>,
}

/// Votes that justify entering a round.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WireRound {
    pub height: u64,
    pub round: u32,
    /// Whether these are 2f+1 precommits (or f+1 votes that skip to the round).
    pub precommits: bool,
    pub votes: Vec<WireVote>,
}

/// A question that a peer answers from what it has stored.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Request {
    /// Committed blocks from this height on, without their batches: at most `max`, and
    /// [`HEADERS_MAX`].
    Headers { from: u64, max: u16 },
    /// Batches by digest, at most [`REQUEST_BATCHES_MAX`].
    Batches { digests: Vec<Hash> },
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Response {
    /// In the order of heights; fewer when they come to more than [`HEADERS_BYTES_MAX`], but one.
    Headers(Vec<ChainRecord>),
    /// Those of the asked batches that the peer has, as many as fit an answer. One always does.
    Batches(Vec<Vec<u8>>),
}

/// One step of the chain, as those who catch up are told of it. Kinds are only added.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ChainRecord {
    /// A block that a quorum committed.
    Block(Box<StoredBlock>),
}

impl Message {
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let message: Self = codec::decode(bytes, MESSAGE_BYTES_MAX)?;
        message.check_bounds().map_err(|what| DecodeError::Malformed(what.to_owned()))?;
        Ok(message)
    }

    fn check_bounds(&self) -> Result<(), &'static str> {
        let signers_max = committee::VALIDATORS_MAX;
        match self {
            Self::Vote(_)
            | Self::Status { .. }
            | Self::WantProposal { .. }
            | Self::Program { .. }
            | Self::WhatSigned { .. }
            | Self::Return(_)
            | Self::Evidence(_) => Ok(()),
            Self::LastSigned(answer) => match &answer.certificate {
                Some(certificate) if certificate.signatures.len() > signers_max => {
                    Err("a certificate has more signatures than a validator set has members")
                }
                _ => Ok(()),
            },
            Self::Proposal(proposal) => proposal.check_bounds(),
            Self::Polka(polka) if polka.signatures.len() > signers_max => {
                Err("a certificate has more signatures than a validator set has members")
            }
            // A round certificate may hold each validator's prevote and precommit.
            Self::Round(round) if round.votes.len() > 2 * signers_max => {
                Err("a certificate has more signatures than a validator set can give")
            }
            Self::Polka(_) | Self::Round(_) => Ok(()),
        }
    }
}

impl WireProposal {
    /// What it takes, encoded.
    pub fn bytes(&self) -> usize {
        codec::encode(self).len()
    }

    fn check_bounds(&self) -> Result<(), &'static str> {
        if self.payload.batches.len() > block::BATCHES_MAX {
            return Err("a block names too many batches");
        }
        if self.payload.returns.len() > committee::VALIDATORS_MAX {
            return Err("more validators return than a set has members");
        }
        if self.payload.evidence.len() > EVIDENCE_MAX {
            return Err("a block holds too much evidence");
        }
        let signers = self.parent.as_ref().map_or(0, |parent| parent.signatures.len());
        if signers > committee::VALIDATORS_MAX {
            return Err("a certificate has more signatures than a validator set has members");
        }
        if self.header.payload != self.payload.digest() {
            return Err("the header does not commit to this payload");
        }
        Ok(())
    }

    pub fn from_signed(signed: &SignedProposal<Ctx>) -> Self {
        let proposal = &signed.message;
        Self {
            round: proposal.round.as_u32().unwrap_or(0),
            pol_round: proposal.pol_round.as_u32(),
            header: proposal.value.header().clone(),
            payload: proposal.value.payload().clone(),
            parent: proposal.value.parent().cloned(),
            proposer: proposal.proposer.0,
            signature: signed.signature,
        }
    }

    /// The signed message without the block itself.
    pub fn spoken(&self) -> Spoken {
        Spoken::Proposal {
            height: self.header.height,
            round: self.round,
            pol_round: self.pol_round,
            block: self.header.id(),
            signature: self.signature,
        }
    }

    pub fn into_signed(self) -> SignedProposal<Ctx> {
        let height = Height(self.header.height);
        let proposal = Proposal {
            height,
            round: Round::new(self.round),
            value: BlockValue::shown(self.header, self.payload, self.parent),
            pol_round: self.pol_round.into(),
            proposer: ValidatorKey(self.proposer),
        };
        SignedMessage::new(proposal, self.signature)
    }
}

impl WireVote {
    pub fn from_signed(signed: &SignedVote<Ctx>) -> Self {
        Self {
            vote: signed.message.plain(),
            validator: signed.message.validator.0,
            signature: signed.signature,
        }
    }

    pub fn to_signed(&self) -> SignedVote<Ctx> {
        SignedMessage::new(Vote::from_plain(&self.vote, self.validator), self.signature)
    }
}

impl WirePolka {
    pub fn from_certificate(certificate: &PolkaCertificate<Ctx>) -> Self {
        Self {
            height: certificate.height.0,
            round: certificate.round.as_u32().unwrap_or(0),
            block: certificate.value_id,
            signatures: certificate
                .polka_signatures
                .iter()
                .map(|entry| (entry.address.0, entry.signature))
                .collect(),
        }
    }

    pub fn to_certificate(&self) -> PolkaCertificate<Ctx> {
        PolkaCertificate {
            height: Height(self.height),
            round: Round::new(self.round),
            value_id: self.block,
            polka_signatures: self
                .signatures
                .iter()
                .map(|(key, signature)| PolkaSignature::new(ValidatorKey(*key), *signature))
                .collect(),
        }
    }
}

impl WireRound {
    pub fn from_certificate(certificate: &RoundCertificate<Ctx>) -> Self {
        let wire = |entry: &RoundSignature<Ctx>| WireVote {
            vote: Vote {
                kind: entry.vote_type,
                height: certificate.height,
                round: certificate.round,
                value: entry.value_id,
                validator: entry.address,
            }
            .plain(),
            validator: entry.address.0,
            signature: entry.signature,
        };
        Self {
            height: certificate.height.0,
            round: certificate.round.as_u32().unwrap_or(0),
            precommits: certificate.cert_type == RoundCertificateType::Precommit,
            votes: certificate.round_signatures.iter().map(wire).collect(),
        }
    }

    /// None when a vote in it is not of its height and round.
    pub fn to_certificate(&self) -> Option<RoundCertificate<Ctx>> {
        let fits = |v: &WireVote| v.vote.height == self.height && v.vote.round == self.round;
        if !self.votes.iter().all(fits) {
            return None;
        }
        let entry = |wire: &WireVote| {
            let vote = Vote::from_plain(&wire.vote, wire.validator);
            RoundSignature::<Ctx>::new(vote.kind, vote.value, vote.validator, wire.signature)
        };
        Some(RoundCertificate {
            height: Height(self.height),
            round: Round::new(self.round),
            cert_type: match self.precommits {
                true => RoundCertificateType::Precommit,
                false => RoundCertificateType::Skip,
            },
            round_signatures: self.votes.iter().map(entry).collect(),
        })
    }
}

impl Request {
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let request: Self = codec::decode(bytes, REQUEST_BYTES_MAX)?;
        match &request {
            Self::Batches { digests } if digests.len() > REQUEST_BATCHES_MAX => {
                Err(DecodeError::Malformed("too many batches asked for at once".to_owned()))
            }
            _ => Ok(request),
        }
    }
}

impl Response {
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::decode(bytes, RESPONSE_BYTES_MAX)
    }
}

/// The bytes a proposer signs.
pub fn proposal_signed_bytes(proposal: &Proposal, genesis: &Hash) -> Vec<u8> {
    let round = proposal.round.as_u32().unwrap_or(0);
    let (height, pol_round) = (proposal.height.0, proposal.pol_round.as_u32());
    proposal_bytes(genesis, height, round, pol_round, &proposal.value.id())
}
