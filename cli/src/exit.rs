//! Exit codes, and what a command says when it did not do what it was asked.

use std::fmt;
use std::path::Path;

use ballast_client::{Error, Reason};
use ballast_proto::error::ServiceReason;
use ballast_runtime::Code;
use serde_json::Value;

/// Exit codes; scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    Internal = 1,
    Usage = 2,
    NotFound = 3,
    /// Nothing was submitted.
    Refused = 4,
    /// Committed but failed, expired, or replaced.
    Failed = 5,
    /// The transaction may or may not commit.
    Unknown = 6,
    Unreachable = 7,
    Permission = 8,
    /// It would have been unsafe.
    Safety = 9,
    Config = 78,
    Interrupted = 130,
}

impl Exit {
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// What happened and what to do next.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    /// Stable name: the chain's own reason where there is one.
    pub reason: String,
    pub message: String,
    /// What to do next, e.g. a command.
    pub next: Option<String>,
    /// What else a script may want, beside the error in the JSON object.
    pub data: Option<Value>,
}

impl Failure {
    pub fn new(exit: Exit, reason: &str, message: impl fmt::Display) -> Self {
        let (reason, message) = (reason.to_owned(), message.to_string());
        Self { exit, reason, message, next: None, data: None }
    }

    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, "USAGE", message)
    }

    pub fn config(message: impl fmt::Display) -> Self {
        Self::new(Exit::Config, "CONFIG", message)
    }

    pub fn safety(reason: &str, message: impl fmt::Display) -> Self {
        Self::new(Exit::Safety, reason, message)
    }

    /// A file that cannot be read or written.
    pub fn file(path: &Path, error: &std::io::Error) -> Self {
        let message = format!("{}: {error}", path.display());
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::new(Exit::NotFound, "FILE_NOT_FOUND", message),
            std::io::ErrorKind::PermissionDenied => {
                Self::new(Exit::Permission, "PERMISSION_DENIED", message)
            }
            std::io::ErrorKind::AlreadyExists => Self::new(Exit::Safety, "FILE_EXISTS", message)
                .next("give another name, or remove the file first"),
            _ => Self::new(Exit::Internal, "IO", message),
        }
    }

    #[must_use]
    pub fn next(mut self, next: impl fmt::Display) -> Self {
        self.next = Some(next.to_string());
        self
    }

    #[must_use]
    pub fn maybe_next(self, next: Option<&str>) -> Self {
        match next {
            Some(next) => self.next(next),
            None => self,
        }
    }

    #[must_use]
    pub fn data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = exit_of(&error);
        let failure = Self::new(exit, error.reason(), &error);
        match &error {
            Error::OutcomeUnknown { id, valid_until, .. } => {
                failure.next(format!("ballast tx wait {id} --valid-until {valid_until}")).data(
                    serde_json::json!({ "tx_id": id.to_string(), "valid_until_ms": valid_until }),
                )
            }
            Error::Refused(refused) if !refused.metadata.is_empty() => {
                let metadata = serde_json::json!({ "metadata": refused.metadata });
                failure.data(metadata).maybe_next(next_step(&error))
            }
            _ => failure.maybe_next(next_step(&error)),
        }
    }
}

fn exit_of(error: &Error) -> Exit {
    match error {
        Error::BadEndpoint { .. } => Exit::Config,
        Error::OtherChain { .. } | Error::WrongNetwork { .. } | Error::WrongGenesis { .. } => {
            Exit::Safety
        }
        Error::Unreachable(_) => Exit::Unreachable,
        Error::Refused(error) => exit_of_reason(&error.reason),
        Error::OutcomeUnknown { .. } => Exit::Unknown,
        Error::NoncesInFlight { .. } => Exit::Refused,
        Error::ValidTooLong { .. } => Exit::Usage,
        Error::ProofMalformed(_)
        | Error::ProofInvalid(_)
        | Error::ProofOfAnother
        | Error::ProofOutdated { .. } => Exit::Refused,
        Error::Checkpoint(_) => Exit::Config,
        Error::BadAnswer(_) => Exit::Internal,
    }
}

pub fn exit_of_reason(reason: &Reason) -> Exit {
    match reason {
        Reason::Runtime(Code::LaneUnauthorized | Code::Unauthorized | Code::RoleExpired) => {
            Exit::Permission
        }
        // Asked for, and not there: transactions are refused at the door for other reasons.
        Reason::Runtime(
            Code::UnknownProposal
            | Code::UnknownReport
            | Code::UnknownDeposit
            | Code::UnknownRedemption,
        ) => Exit::NotFound,
        // Not on chain: the validator refused it at the door.
        Reason::Runtime(_) => Exit::Refused,
        Reason::Service(reason) => exit_of_service(*reason),
        Reason::Unknown(_) => Exit::Refused,
    }
}

const fn exit_of_service(reason: ServiceReason) -> Exit {
    match reason {
        ServiceReason::TxNotFound
        | ServiceReason::ReceiptsPruned
        | ServiceReason::AccountNotFound
        | ServiceReason::BlockNotFound
        | ServiceReason::ProofNotFound => Exit::NotFound,
        ServiceReason::InvalidRequest
        | ServiceReason::BadPageToken
        | ServiceReason::BadCursor
        | ServiceReason::CursorAhead
        | ServiceReason::CursorPruned => Exit::Usage,
        ServiceReason::Busy
        | ServiceReason::ListChanged
        | ServiceReason::RateLimited
        | ServiceReason::BadMessage
        | ServiceReason::MessageTooLarge
        | ServiceReason::UnknownMethod => Exit::Refused,
        ServiceReason::SlowReader
        | ServiceReason::ProofTimeout
        | ServiceReason::ProofUnavailable
        | ServiceReason::DeadlineExceeded
        | ServiceReason::ShuttingDown => Exit::Unreachable,
        ServiceReason::Internal => Exit::Internal,
    }
}

fn next_step(error: &Error) -> Option<&'static str> {
    match error {
        Error::Unreachable(_) => Some(
            "check that a validator runs there (`ballast testnet up` starts some), or give another --endpoint",
        ),
        Error::ProofInvalid(_) | Error::ProofOutdated { .. } | Error::ProofOfAnother => {
            Some("do not act on it; ask another validator with --endpoint")
        }
        Error::Refused(error) => next_after_refusal(error.code()?),
        _ => None,
    }
}

/// What to do about a transaction that was refused. It may come in later all the same, so the next one
/// takes its nonce.
pub fn next_after_refusal(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::UnknownAccount => {
            "the sender must be registered first, by a registrar: `ballast account register`"
        }
        Code::NonceUsed | Code::NonceTooOld => {
            "see `ballast history` for what used the nonce; the same command again takes a fresh one"
        }
        Code::NonceTooNew => "wait for what is in flight, then run the command again",
        Code::BadSignature => "see `ballast account ADDR` for which keys must sign, and how many",
        Code::QuotaExceeded => "wait a few seconds, then run the command again",
        Code::Expired | Code::TooFarAhead => {
            "check this machine's clock, then run the command again: it takes the same nonce"
        }
        Code::LaneUnauthorized => "sign with --from an account that holds the role",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use ballast_client::{Attempt, WireError};
    use ballast_primitives::Hash;
    use ballast_primitives::proof::ProofError;

    use super::*;

    #[test]
    fn every_outcome_has_its_exit_code() {
        let refused = |reason: Reason| Error::Refused(WireError::new(reason));
        let lost = Attempt { endpoint: "http://x".into(), problem: "gone".into() };
        let unknown =
            Error::OutcomeUnknown { id: Hash::ZERO, valid_until: 9, problem: "lost".into() };
        let cases = [
            (Error::Unreachable(vec![lost]), 7),
            (unknown, 6),
            (Error::ProofInvalid(ProofError::WrongRoot), 4),
            (Error::ProofMalformed("short".into()), 4),
            (Error::BadEndpoint { endpoint: "x".into(), problem: "y".into() }, 78),
            (refused(Code::BadSignature.into()), 4),
            (refused(Code::LaneUnauthorized.into()), 8),
            (refused(ServiceReason::TxNotFound.into()), 3),
            (refused(Code::UnknownProposal.into()), 3),
            (refused(ServiceReason::AccountNotFound.into()), 3),
            (refused(ServiceReason::ShuttingDown.into()), 7),
            (refused(ServiceReason::CursorPruned.into()), 2),
            (refused(ServiceReason::Internal.into()), 1),
        ];
        for (error, code) in cases {
            let reason = error.reason().to_owned();
            let failure = Failure::from(error);
            assert_eq!(failure.exit.code(), code, "{reason}");
            assert_eq!(failure.reason, reason);
        }
    }

    #[test]
    fn an_unknown_outcome_names_the_id_and_the_safe_next_command() {
        let id = Hash([7; 32]);
        let failure =
            Failure::from(Error::OutcomeUnknown { id, valid_until: 9, problem: "lost".into() });
        let next = failure.next.unwrap();
        assert_eq!(next, format!("ballast tx wait {id} --valid-until 9"));
        assert!(failure.message.contains(&id.to_string()));
    }
}
