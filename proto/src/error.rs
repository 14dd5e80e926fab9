//! Errors on the wire: `google.rpc.Status` with `ErrorInfo{reason, domain: "ballast", metadata}`,
//! `BadRequest` for fields and `RetryInfo` where a retry helps, and the way back for clients.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use ballast_runtime::Code;
use tonic::Status;
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use crate::v1;

/// `ErrorInfo.domain` of every error of this project.
pub const DOMAIN: &str = "ballast";
/// How long to wait before trying again when the account's quota is used up.
const QUOTA_RETRY: Duration = Duration::from_secs(3);
/// How long to wait for something that a commit or two will change.
const COMMIT_RETRY: Duration = Duration::from_secs(1);

macro_rules! service_reasons {
    ($($variant:ident $name:literal $code:ident $retry:expr, $text:literal;)*) => {
        /// What a service itself refuses with, beside the runtime's [`Code`]s. Names are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ServiceReason {
            $(#[doc = $text] $variant,)*
        }

        impl ServiceReason {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable wire name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One sentence for people.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            pub const fn grpc_code(self) -> tonic::Code {
                match self { $(Self::$variant => tonic::Code::$code,)* }
            }

            /// How long to wait before trying again; none when that does not help.
            pub const fn retry_after(self) -> Option<Duration> {
                match self { $(Self::$variant => $retry,)* }
            }
        }
    };
}

service_reasons! {
    InvalidRequest "INVALID_REQUEST" InvalidArgument None, "A field of the request is outside its bounds; BadRequest names it.";
    BadMessage "BAD_MESSAGE" InvalidArgument None, "The message does not decode as the method's request.";
    MessageTooLarge "MESSAGE_TOO_LARGE" ResourceExhausted None, "A request has at most 256 KiB, one of SubmitBatch 4 MiB.";
    UnknownMethod "UNKNOWN_METHOD" Unimplemented None, "This validator has no such method.";
    BadPageToken "BAD_PAGE_TOKEN" InvalidArgument None, "The page token was not given out for this request.";
    ListChanged "LIST_CHANGED" Aborted None, "What is listed has changed since the first page; begin again without a page token.";
    BadCursor "BAD_CURSOR" InvalidArgument None, "A cursor is HEIGHT or HEIGHT/TX/EVENT.";
    CursorAhead "CURSOR_AHEAD" OutOfRange None, "The cursor is above the newest committed block; metadata `head` names it.";
    CursorPruned "CURSOR_PRUNED" OutOfRange None, "What follows the cursor is no longer held here; metadata `oldest` is the oldest cursor that works.";
    SlowReader "SLOW_READER" ResourceExhausted None, "The stream was closed because it was read too slowly; resume from metadata `cursor`.";
    TxNotFound "TX_NOT_FOUND" NotFound None, "The transaction is neither on chain nor waiting at this validator.";
    ReceiptsPruned "RECEIPTS_PRUNED" NotFound None, "What happened then is no longer held here; metadata `oldest` is the oldest height of which receipts are. Ask another validator.";
    AccountNotFound "ACCOUNT_NOT_FOUND" NotFound None, "No account is registered at this address.";
    BlockNotFound "BLOCK_NOT_FOUND" NotFound None, "There is no such block here; metadata `oldest` and `head` bound what there is.";
    ProofNotFound "PROOF_NOT_FOUND" NotFound None, "There is nothing of that name to prove.";
    ProofTimeout "PROOF_TIMEOUT" DeadlineExceeded Some(COMMIT_RETRY), "No committed header attests it yet.";
    ProofUnavailable "PROOF_UNAVAILABLE" Unavailable Some(COMMIT_RETRY), "This validator cannot build the proof now.";
    Busy "BUSY" ResourceExhausted Some(COMMIT_RETRY), "This validator takes no more now.";
    RateLimited "RATE_LIMITED" ResourceExhausted Some(COMMIT_RETRY), "Too many calls come from this address.";
    DeadlineExceeded "DEADLINE_EXCEEDED" DeadlineExceeded Some(COMMIT_RETRY), "The call took longer than this validator allows.";
    ShuttingDown "SHUTTING_DOWN" Unavailable Some(COMMIT_RETRY), "This validator is stopping; try another.";
    Internal "INTERNAL" Internal None, "This validator failed; its log says why.";
}

impl ServiceReason {
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.name() == name)
    }
}

/// `ErrorInfo.reason`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The runtime refused a transaction.
    Runtime(Code),
    /// A service refused a request.
    Service(ServiceReason),
    /// A name this build does not know: the other side is newer.
    Unknown(String),
}

impl Reason {
    pub fn name(&self) -> &str {
        match self {
            Self::Runtime(code) => code.name(),
            Self::Service(reason) => reason.name(),
            Self::Unknown(name) => name,
        }
    }

    pub fn from_name(name: &str) -> Self {
        Code::from_name(name)
            .map(Self::Runtime)
            .or_else(|| ServiceReason::from_name(name).map(Self::Service))
            .unwrap_or_else(|| Self::Unknown(name.to_owned()))
    }

    fn text(&self) -> &str {
        match self {
            Self::Runtime(code) => code.text(),
            Self::Service(reason) => reason.text(),
            Self::Unknown(name) => name,
        }
    }

    /// The gRPC status code that goes with it.
    pub fn grpc_code(&self) -> tonic::Code {
        match self {
            Self::Runtime(code) => grpc_code_of(*code),
            Self::Service(reason) => reason.grpc_code(),
            Self::Unknown(_) => tonic::Code::Unknown,
        }
    }

    /// How long to wait before trying again; none when that does not help.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Runtime(Code::QuotaExceeded) => Some(QUOTA_RETRY),
            // A validator says how long exactly.
            Self::Runtime(Code::NonceTooNew | Code::TooFarAhead) => Some(COMMIT_RETRY),
            Self::Service(reason) => reason.retry_after(),
            Self::Runtime(_) | Self::Unknown(_) => None,
        }
    }
}

impl From<Code> for Reason {
    fn from(code: Code) -> Self {
        Self::Runtime(code)
    }
}

impl From<ServiceReason> for Reason {
    fn from(reason: ServiceReason) -> Self {
        Self::Service(reason)
    }
}

/// What is wrong with the request itself is `INVALID_ARGUMENT`; what depends on the state of the
/// chain is `FAILED_PRECONDITION`, unless gRPC has a closer word.
const fn grpc_code_of(code: Code) -> tonic::Code {
    use tonic::Code as Grpc;
    match code {
        Code::Decode | Code::BadSignature | Code::InvalidArgument => Grpc::InvalidArgument,
        Code::ZeroAmount | Code::SelfTransfer | Code::BadPolicy => Grpc::InvalidArgument,
        Code::BadThreshold | Code::ThresholdUnreachable => Grpc::InvalidArgument,
        Code::UnknownAccount | Code::UnknownRecipient | Code::UnknownTarget => Grpc::NotFound,
        Code::UnknownDeposit | Code::UnknownRedemption | Code::UnknownReport => Grpc::NotFound,
        Code::UnknownProposal | Code::UnknownBridge | Code::UnknownValidator => Grpc::NotFound,
        Code::UnknownCheckpoint => Grpc::NotFound,
        Code::NonceUsed | Code::AlreadyRegistered | Code::DuplicateBankRef => Grpc::AlreadyExists,
        Code::AuthUsed | Code::TravelReplay | Code::RemoteTxUsed => Grpc::AlreadyExists,
        Code::ValidatorExists | Code::AlreadyAttested => Grpc::AlreadyExists,
        Code::AlreadyVoted | Code::PayoutRecorded => Grpc::AlreadyExists,
        Code::QuotaExceeded | Code::TooManyProposals | Code::TooManyDrafts => {
            Grpc::ResourceExhausted
        }
        Code::TooManyObjects | Code::ObjectQuota => Grpc::ResourceExhausted,
        Code::LaneUnauthorized | Code::Unauthorized | Code::RoleExpired => Grpc::PermissionDenied,
        Code::BadAuth | Code::CouncilQuorum | Code::WrongExecutor => Grpc::PermissionDenied,
        Code::Overflow => Grpc::OutOfRange,
        _ => Grpc::FailedPrecondition,
    }
}

/// An error as both sides see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    pub reason: Reason,
    /// One sentence for people.
    pub message: String,
    /// Numbers and names that go with the reason.
    pub metadata: BTreeMap<String, String>,
    /// The fields of the request that are wrong, each with why.
    pub fields: Vec<(String, String)>,
    /// How long to wait before trying again; none when that does not help.
    pub retry_after: Option<Duration>,
}

impl WireError {
    /// An error in the reason's own words.
    pub fn new(reason: impl Into<Reason>) -> Self {
        let reason = reason.into();
        Self {
            message: reason.text().to_owned(),
            retry_after: reason.retry_after(),
            reason,
            metadata: BTreeMap::new(),
            fields: Vec::new(),
        }
    }

    /// A request whose `field` is wrong.
    pub fn field(field: &str, problem: impl fmt::Display) -> Self {
        let problem = problem.to_string();
        let message = format!("{field}: {problem}");
        let fields = vec![(field.to_owned(), problem)];
        Self { message, fields, ..Self::new(ServiceReason::InvalidRequest) }
    }

    /// Says more than the reason alone; an empty `detail` changes nothing.
    #[must_use]
    pub fn detail(mut self, detail: impl fmt::Display) -> Self {
        let detail = detail.to_string();
        if !detail.is_empty() {
            self.message = detail;
        }
        self
    }

    /// Another reason for the same words.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<Reason>) -> Self {
        self.reason = reason.into();
        self.retry_after = self.reason.retry_after();
        self
    }

    #[must_use]
    pub fn with(mut self, key: &str, value: impl fmt::Display) -> Self {
        self.metadata.insert(key.to_owned(), value.to_string());
        self
    }

    #[must_use]
    pub fn retry_ms(mut self, retry_ms: u64) -> Self {
        self.retry_after = Some(Duration::from_millis(retry_ms));
        self
    }

    /// Reads an error that a Ballast node made; none when it came from elsewhere (the transport,
    /// a proxy, a limit of the gRPC library).
    pub fn from_status(status: &Status) -> Option<Self> {
        let details = status.check_error_details().ok()?;
        let info = details.error_info().filter(|info| info.domain == DOMAIN)?;
        let violation = |v: &FieldViolation| (v.field.clone(), v.description.clone());
        Some(Self {
            reason: Reason::from_name(&info.reason),
            message: status.message().to_owned(),
            metadata: info.metadata.clone().into_iter().collect(),
            fields: details
                .bad_request()
                .map(|bad| bad.field_violations.iter().map(violation).collect())
                .unwrap_or_default(),
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
        })
    }

    /// Reads any error; one that came from elsewhere is `INTERNAL` with its message.
    pub fn of(status: Status) -> Self {
        Self::from_status(&status)
            .unwrap_or_else(|| Self::new(ServiceReason::Internal).detail(status.message()))
    }

    /// The runtime's code, if the runtime refused.
    pub const fn code(&self) -> Option<Code> {
        match &self.reason {
            Reason::Runtime(code) => Some(*code),
            Reason::Service(_) | Reason::Unknown(_) => None,
        }
    }
}

impl From<WireError> for Status {
    fn from(error: WireError) -> Self {
        let metadata: HashMap<_, _> = error.metadata.into_iter().collect();
        let mut details = ErrorDetails::with_error_info(error.reason.name(), DOMAIN, metadata);
        for (field, problem) in error.fields {
            details.add_bad_request_violation(field, problem);
        }
        if error.retry_after.is_some() {
            details.set_retry_info(error.retry_after);
        }
        Self::with_error_details(error.reason.grpc_code(), error.message, details)
    }
}

/// What a batch says of one transaction.
impl From<WireError> for v1::SubmitError {
    fn from(error: WireError) -> Self {
        Self {
            reason: error.reason.name().to_owned(),
            message: error.message,
            retry_after_ms: error.retry_after.map_or(0, millis),
        }
    }
}

impl From<v1::SubmitError> for WireError {
    fn from(error: v1::SubmitError) -> Self {
        let retry_after = Some(error.retry_after_ms).filter(|ms| *ms > 0);
        Self {
            retry_after: retry_after.map(Duration::from_millis),
            message: error.message,
            ..Self::new(Reason::from_name(&error.reason))
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.name(), self.message)
    }
}

impl std::error::Error for WireError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_reasons() -> Vec<Reason> {
        let codes = Code::ALL.iter().copied().map(Reason::Runtime);
        codes.chain(ServiceReason::ALL.iter().copied().map(Reason::Service)).collect()
    }

    #[test]
    fn every_reason_survives_the_way_to_the_client_and_back() {
        for reason in all_reasons() {
            let error = WireError::new(reason.clone()).with("op", 3).detail("because");
            let status = Status::from(error.clone());
            assert_eq!(status.code(), reason.grpc_code());
            assert!(!matches!(status.code(), tonic::Code::Ok | tonic::Code::Unknown));
            assert_eq!(WireError::from_status(&status), Some(error));
        }
    }

    #[test]
    fn every_reason_survives_a_batch_answer() {
        for reason in all_reasons() {
            let error = WireError::new(reason);
            assert_eq!(WireError::from(v1::SubmitError::from(error.clone())), error);
        }
    }

    #[test]
    fn no_two_reasons_share_a_name() {
        let reasons = all_reasons();
        let names: std::collections::BTreeSet<_> = reasons.iter().map(Reason::name).collect();
        assert_eq!(names.len(), reasons.len());
    }

    #[test]
    fn a_wrong_field_is_named_and_a_retry_is_timed() {
        let status = Status::from(WireError::field("tx_id", "is not 64 hex digits"));
        let details = status.get_error_details();
        let violations = &details.bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, "tx_id");
        let status = Status::from(WireError::new(ServiceReason::Busy).retry_ms(250));
        let error = WireError::from_status(&status).unwrap();
        assert_eq!(error.retry_after, Some(Duration::from_millis(250)));
    }

    #[test]
    fn an_error_from_elsewhere_or_of_a_newer_node_is_told_apart() {
        assert_eq!(WireError::from_status(&Status::unavailable("tcp")), None);
        let newer = WireError::new(Reason::Unknown("FROM_THE_FUTURE".into()));
        assert_eq!(WireError::from_status(&Status::from(newer.clone())), Some(newer));
    }
}
