//! The consensus inputs that must survive a crash, as records of the write-ahead log.
//!
//! Exactly the entries of the core's `WalAppend`, in order. After a restart they are fed to the
//! core again, which so comes back to the locks and votes it had.

use arc_malachitebft_core_consensus::{Input, ProposedValue};
use arc_malachitebft_core_types as malachite;
use ballast_primitives::codec::{self, DecodeError};
use ballast_primitives::{Header, Payload, PublicKey};
use borsh::{BorshDeserialize, BorshSerialize};
use malachite::{Round, Timeout, TimeoutKind, Validity, ValueOrigin};

use crate::context::{BlockValue, Ctx, Height, ValidatorKey};
use crate::message::{WirePolka, WireProposal, WireVote};

/// The most bytes of one record.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum WalEntry {
    Vote(WireVote),
    Proposal(WireProposal),
    Polka(WirePolka),
    ProposedValue { round: u32, proposer: PublicKey, header: Header, payload: Payload, valid: bool },
    Timeout { kind: WalTimeout, round: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum WalTimeout {
    Propose,
    Prevote,
    Precommit,
}

impl WalEntry {
    /// None for inputs that the core never asks to persist.
    pub fn from_input(input: &Input<Ctx>) -> Option<Self> {
        match input {
            Input::Vote(vote) => Some(Self::Vote(WireVote::from_signed(vote))),
            Input::Proposal(proposal) => Some(Self::Proposal(WireProposal::from_signed(proposal))),
            Input::PolkaCertificate(polka) => Some(Self::Polka(WirePolka::from_certificate(polka))),
            Input::ProposedValue(value, _) => Some(Self::ProposedValue {
                round: value.round.as_u32().unwrap_or(0),
                proposer: value.proposer.0,
                header: value.value.header().clone(),
                payload: value.value.payload().clone(),
                valid: value.validity.is_valid(),
            }),
            Input::TimeoutElapsed(timeout) => {
                let kind = match timeout.kind {
                    TimeoutKind::Propose => WalTimeout::Propose,
                    TimeoutKind::Prevote => WalTimeout::Prevote,
                    TimeoutKind::Precommit => WalTimeout::Precommit,
                    TimeoutKind::Rebroadcast | TimeoutKind::FinalizeHeight(_) => return None,
                };
                Some(Self::Timeout { kind, round: timeout.round.as_u32()? })
            }
            Input::StartHeight(..)
            | Input::RoundCertificate(_)
            | Input::Propose(_)
            | Input::SyncValueResponse(_) => None,
        }
    }

    pub fn into_input(self) -> Input<Ctx> {
        match self {
            Self::Vote(vote) => Input::Vote(vote.to_signed()),
            Self::Proposal(proposal) => Input::Proposal(proposal.into_signed()),
            Self::Polka(polka) => Input::PolkaCertificate(polka.to_certificate()),
            Self::ProposedValue { round, proposer, header, payload, valid } => {
                let value = ProposedValue {
                    height: Height(header.height),
                    round: Round::new(round),
                    valid_round: Round::Nil,
                    proposer: ValidatorKey(proposer),
                    value: BlockValue::new(header, payload),
                    validity: Validity::from_bool(valid),
                };
                Input::ProposedValue(value, ValueOrigin::Consensus)
            }
            Self::Timeout { kind, round } => {
                let round = Round::new(round);
                Input::TimeoutElapsed(match kind {
                    WalTimeout::Propose => Timeout::propose(round),
                    WalTimeout::Prevote => Timeout::prevote(round),
                    WalTimeout::Precommit => Timeout::precommit(round),
                })
            }
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::decode(bytes, RECORD_BYTES_MAX)
    }
}
