//! What can go wrong, one variant for each thing a caller would do differently.

use ballast_primitives::proof::ProofError;
use ballast_primitives::{Hash, Network};
use ballast_proto::convert::ConvertError;
use ballast_proto::{Reason, WireError};
use thiserror::Error;

use crate::checkpoint::CheckpointError;

/// An endpoint that was tried, and why it did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub endpoint: String,
    pub problem: String,
}

#[derive(Debug, Error)]
pub enum Error {
    #[error("\"{endpoint}\" is not an endpoint such as http://127.0.0.1:9001: {problem}")]
    BadEndpoint { endpoint: String, problem: String },
    /// Nothing was sent that could have had an effect.
    #[error("no validator answers ({})", attempts(.0))]
    Unreachable(Vec<Attempt>),
    /// A validator answered no; to a submission more than a third of all did.
    /// [`WireError::reason`] has the runtime's code, if it was that.
    #[error("{}", .0.message)]
    Refused(WireError),
    /// The transaction may or may not be on its way: wait for `id`, or send the same bytes again.
    #[error("whether transaction {id} was taken is not known ({problem})")]
    OutcomeUnknown { id: Hash, valid_until: u64, problem: String },
    #[error(
        "transactions that are on their way, or were built and not sent, have all {window} nonces; \
         wait for some to commit or expire"
    )]
    NoncesInFlight { window: u64 },
    #[error("a transaction is made valid for at most {} minutes", max_ms / 60_000)]
    ValidTooLong { max_ms: u64 },
    #[error("{endpoint} is on another chain (genesis {found} instead of {expected})")]
    OtherChain { endpoint: String, expected: Hash, found: Hash },
    #[error("the genesis given has hash {found} instead of {expected}")]
    WrongGenesis { expected: Hash, found: Hash },
    /// A validator's answer holds, for something else than was asked for.
    #[error("the proof is of something else than was asked for")]
    ProofOfAnother,
    /// A validator's answer is true of a past that is known to be over.
    #[error("the proof is of height {height}, and height {newest} has been seen")]
    ProofOutdated { height: u64, newest: u64 },
    /// A validator's answer does not read: it is of another version, or not a validator.
    #[error("the validator's answer does not read: {0}")]
    BadAnswer(String),
    #[error("the proof does not decode: {0}")]
    ProofMalformed(String),
    #[error("the proof does not verify: {0}")]
    ProofInvalid(#[from] ProofError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("the chain is {found}, this needs {expected}")]
    WrongNetwork { expected: Network, found: Network },
}

impl Error {
    /// The stable name of what went wrong: the validator's own reason where it gave one.
    pub fn reason(&self) -> &str {
        match self {
            Self::BadEndpoint { .. } => "BAD_ENDPOINT",
            Self::Unreachable(_) => "UNREACHABLE",
            Self::Refused(error) => error.reason.name(),
            Self::OutcomeUnknown { .. } => "OUTCOME_UNKNOWN",
            Self::NoncesInFlight { .. } => "NONCES_IN_FLIGHT",
            Self::ValidTooLong { .. } => "VALID_TOO_LONG",
            Self::OtherChain { .. } => "OTHER_CHAIN",
            Self::WrongGenesis { .. } => "WRONG_GENESIS",
            Self::ProofOfAnother => "PROOF_OF_ANOTHER",
            Self::ProofOutdated { .. } => "PROOF_OUTDATED",
            Self::Checkpoint(_) => "BAD_CHECKPOINT",
            Self::BadAnswer(_) => "BAD_ANSWER",
            Self::ProofMalformed(_) => "PROOF_MALFORMED",
            Self::ProofInvalid(_) => "PROOF_INVALID",
            Self::WrongNetwork { .. } => "WRONG_NETWORK",
        }
    }

    /// The runtime's or a service's reason, when a validator refused.
    pub const fn refusal(&self) -> Option<&Reason> {
        match self {
            Self::Refused(error) => Some(&error.reason),
            _ => None,
        }
    }
}

impl From<ConvertError> for Error {
    fn from(error: ConvertError) -> Self {
        Self::BadAnswer(error.to_string())
    }
}

pub(crate) fn attempts(attempts: &[Attempt]) -> String {
    let one = |attempt: &Attempt| format!("{}: {}", attempt.endpoint, attempt.problem);
    attempts.iter().map(one).collect::<Vec<_>>().join("; ")
}
