//! Several validators of one chain, of which any one may be away.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ballast_proto::error::ServiceReason;
use ballast_proto::{Reason, WireError};
use tokio::sync::OnceCell;
use tonic::transport::{
    Certificate, Channel, ClientTlsConfig, Endpoint as TonicEndpoint, Identity,
};
use tonic::{Response, Status};

use crate::error::{Attempt, Error};
use crate::{ClientIdentity, ClientOptions};

/// How long to wait for a connection.
const CONNECT_MS: u64 = 3_000;
/// How often to ask an idle connection whether it lives.
const KEEP_ALIVE_MS: u64 = 10_000;

/// One validator's address; connected when first used, and again by itself.
pub(crate) struct Endpoint {
    pub url: String,
    address: TonicEndpoint,
    channel: OnceCell<Channel>,
}

impl Endpoint {
    fn new(url: &str, options: &ClientOptions) -> Result<Self, Error> {
        let bad = |problem: String| Error::BadEndpoint { endpoint: url.to_owned(), problem };
        let has_scheme = url.starts_with("http://") || url.starts_with("https://");
        if !has_scheme {
            return Err(bad("it begins with neither http:// nor https://".to_owned()));
        }
        let mut address = TonicEndpoint::from_shared(url.to_owned())
            .map_err(|error| bad(error.to_string()))?
            .connect_timeout(Duration::from_millis(CONNECT_MS))
            .http2_keep_alive_interval(Duration::from_millis(KEEP_ALIVE_MS))
            .tcp_nodelay(true);
        if url.starts_with("https://") {
            let mut tls = ClientTlsConfig::new();
            if let Some(pem) = &options.ca_pem {
                tls = tls.ca_certificate(Certificate::from_pem(pem));
            }
            if let Some(ClientIdentity { certificate_pem, key_pem }) = &options.identity {
                tls = tls.identity(Identity::from_pem(certificate_pem, key_pem));
            }
            address = address.tls_config(tls).map_err(|error| bad(error.to_string()))?;
        }
        Ok(Self { url: url.to_owned(), address, channel: OnceCell::new() })
    }

    /// Connects; when this fails, nothing was sent.
    pub async fn channel(&self) -> Result<Channel, Attempt> {
        let connect = self.channel.get_or_try_init(|| self.address.connect());
        connect.await.cloned().map_err(|error| self.attempt(root_cause(&error)))
    }

    /// What a call to this endpoint alone came to.
    pub fn failure(&self, problem: Result<Answer, Attempt>) -> Error {
        match problem {
            Ok(Answer::Final(error) | Answer::TryAnother(error)) => Error::Refused(error),
            Ok(Answer::Lost(problem)) => Error::Unreachable(vec![self.attempt(problem)]),
            Err(attempt) => Error::Unreachable(vec![attempt]),
        }
    }

    pub fn attempt(&self, problem: impl ToString) -> Attempt {
        Attempt { endpoint: self.url.clone(), problem: problem.to_string() }
    }
}

/// The innermost error is the one that says something (`Connection refused`).
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// What an answer that is not OK means for the next step.
pub(crate) enum Answer {
    /// This validator's word is final.
    Final(WireError),
    /// It took nothing; another may.
    TryAnother(WireError),
    /// The call may or may not have arrived.
    Lost(String),
}

impl Answer {
    pub fn of(status: Status) -> Self {
        use tonic::Code;
        let Some(error) = WireError::from_status(&status) else {
            return match status.code() {
                // A validator names its errors, so this one is of the way to it.
                Code::Unavailable
                | Code::Unknown
                | Code::Internal
                | Code::Cancelled
                | Code::ResourceExhausted
                | Code::DeadlineExceeded => Self::Lost(root_cause(&status)),
                _ => Self::Final(WireError::of(status)),
            };
        };
        match error.reason {
            Reason::Service(
                ServiceReason::Busy
                | ServiceReason::RateLimited
                | ServiceReason::ShuttingDown
                | ServiceReason::ProofUnavailable
                | ServiceReason::ReceiptsPruned,
            ) => Self::TryAnother(error),
            Reason::Service(ServiceReason::DeadlineExceeded) => Self::Lost(error.message),
            _ => Self::Final(error),
        }
    }
}

pub(crate) struct Endpoints {
    all: Vec<Endpoint>,
    /// The one that answered last.
    preferred: AtomicUsize,
    /// How long to wait for the answer to a call that does not itself wait.
    pub call: Duration,
}

impl Endpoints {
    pub fn new(urls: &[String], options: &ClientOptions) -> Result<Self, Error> {
        // One that is named twice still has one word.
        let mut all: Vec<Endpoint> = Vec::new();
        for url in urls {
            if all.iter().all(|endpoint| endpoint.url != *url) {
                all.push(Endpoint::new(url, options)?);
            }
        }
        Ok(Self { all, preferred: AtomicUsize::new(0), call: options.call_timeout })
    }

    pub fn all(&self) -> &[Endpoint] {
        &self.all
    }

    /// All of them, the preferred one first.
    pub fn in_turn(&self) -> impl Iterator<Item = &Endpoint> {
        let first = self.preferred.load(Ordering::Relaxed);
        self.all.iter().cycle().skip(first).take(self.all.len())
    }

    pub fn prefer(&self, endpoint: &Endpoint) {
        if let Some(at) = self.all.iter().position(|other| std::ptr::eq(other, endpoint)) {
            self.preferred.store(at, Ordering::Relaxed);
        }
    }

    /// Turns to the next one first from now on.
    pub fn turn(&self) {
        let next = self.preferred.load(Ordering::Relaxed).wrapping_add(1);
        self.preferred.store(next % self.all.len().max(1), Ordering::Relaxed);
    }

    /// Asks one after the other until one answers. Only for calls that may be repeated, and do not
    /// themselves wait.
    pub async fn ask<T, F, Fut>(&self, call: F) -> Result<T, Error>
    where
        F: Fn(Channel) -> Fut,
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        self.ask_within(self.call, call).await
    }

    /// As [`Self::ask`], for a call that takes up to `limit`.
    pub async fn ask_within<T, F, Fut>(&self, limit: Duration, call: F) -> Result<T, Error>
    where
        F: Fn(Channel) -> Fut,
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        let mut attempts = Vec::new();
        let mut refusal = None;
        for endpoint in self.in_turn() {
            match ask_one(endpoint, limit, &call).await {
                Ok(answer) => {
                    self.prefer(endpoint);
                    return Ok(answer);
                }
                Err(Ok(Answer::Final(error))) => return Err(Error::Refused(error)),
                Err(Ok(Answer::TryAnother(error))) => refusal = Some(error),
                Err(Ok(Answer::Lost(problem))) => attempts.push(endpoint.attempt(problem)),
                Err(Err(attempt)) => attempts.push(attempt),
            }
        }
        Err(refusal.map_or(Error::Unreachable(attempts), Error::Refused))
    }
}

/// One call to one validator: its answer, or what its refusal means, or that it was not reached.
pub(crate) async fn ask_one<T, F, Fut>(
    endpoint: &Endpoint,
    limit: Duration,
    call: &F,
) -> Result<T, Result<Answer, Attempt>>
where
    F: Fn(Channel) -> Fut,
    Fut: Future<Output = Result<Response<T>, Status>>,
{
    let channel = endpoint.channel().await.map_err(Err)?;
    match tokio::time::timeout(limit, call(channel)).await {
        Ok(Ok(answer)) => Ok(answer.into_inner()),
        Ok(Err(status)) => Err(Ok(Answer::of(status))),
        Err(_) => Err(Ok(Answer::Lost(format!("no answer within {} ms", limit.as_millis())))),
    }
}
