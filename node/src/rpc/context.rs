//! What all services share.

use std::fmt;
use std::sync::Arc;

use ballast_primitives::{Address, Hash};
use ballast_proto::convert::{self, Wire};
use ballast_proto::error::{ServiceReason, WireError};
use ballast_runtime::object::Kind;
use ballast_runtime::{Key, State};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::backend::{Backend, Head};
use super::config::RpcConfig;
use super::seen::Seen;
use crate::store::Store;

#[derive(Clone)]
pub(super) struct Context {
    pub backend: Arc<dyn Backend>,
    pub config: Arc<RpcConfig>,
    pub wire: Wire,
    pub genesis_hash: Hash,
    /// What was submitted here.
    pub seen: Arc<Seen>,
    pub stop: CancellationToken,
}

impl Context {
    pub fn new(backend: Arc<dyn Backend>, config: Arc<RpcConfig>, stop: CancellationToken) -> Self {
        let wire = Wire::new(backend.genesis().network);
        let genesis_hash = backend.genesis_hash();
        Self { backend, config, wire, genesis_hash, seen: Arc::default(), stop }
    }

    pub fn head(&self) -> Head {
        *self.backend.head().borrow()
    }

    pub fn store(&self) -> &Store {
        self.backend.store()
    }

    /// Runs reads of many records off the async threads.
    pub async fn blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, WireError> + Send + 'static,
    ) -> Result<T, Status> {
        let context = self.clone();
        let done = tokio::task::spawn_blocking(move || read(&context)).await;
        match done {
            Ok(answer) => answer.map_err(Status::from),
            Err(error) => Err(internal(error).into()),
        }
    }

    /// Objects read at one height: reads again when a block was committed in between.
    pub fn consistent<'a, T>(
        &'a self,
        read: impl Fn(&'a Store) -> Result<T, WireError>,
    ) -> Result<(Head, T), WireError> {
        const ATTEMPTS: usize = 16;
        for _ in 0..ATTEMPTS {
            let before = self.head();
            let value = read(self.store())?;
            if self.head() == before {
                return Ok((before, value));
            }
        }
        Err(WireError::new(ServiceReason::Busy))
    }

    /// Asks what needs the whole state; see [`Backend::look`]. The answer names its block, which is
    /// durable.
    pub async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&State, u64) -> T + Send + 'static,
    ) -> Result<(Head, T), WireError> {
        let (reply, answer) = oneshot::channel();
        self.backend.look(Box::new(move |state, height, time| {
            // Whoever asked may have gone away.
            let _ = reply.send((height, look(state, time)));
        }));
        let stopping = || WireError::new(ServiceReason::ShuttingDown);
        let (height, value) = answer.await.map_err(|_| stopping())?;
        let mut heads = self.backend.head();
        let head = *heads.wait_for(|head| head.height >= height).await.map_err(|_| stopping())?;
        Ok((head, value))
    }

    pub fn read_address(&self, field: &'static str, text: &str) -> Result<Address, WireError> {
        Ok(self.wire.read_address(field, text)?)
    }
}

pub(super) fn read_tx_id(text: &str) -> Result<Hash, WireError> {
    Ok(convert::read_hash("tx_id", text)?)
}

/// An object of the newest state.
pub(super) fn object<T: Kind + Clone>(store: &Store, key: &Key) -> Result<Option<T>, WireError> {
    let object = store.object(key).map_err(internal)?;
    Ok(object.as_ref().and_then(T::of).cloned())
}

/// An object that every state has.
pub(super) fn fixed<T: Kind + Clone>(store: &Store, key: &Key) -> Result<T, WireError> {
    object(store, key)?.ok_or_else(|| internal(format!("the state has no {key:?}")))
}

/// What was looked for may have been removed.
pub(super) fn receipts_pruned(oldest: u64) -> WireError {
    WireError::new(ServiceReason::ReceiptsPruned).with("oldest", oldest)
}

/// A failure of this validator: the log says what, the client only that.
pub(super) fn internal(error: impl fmt::Display) -> WireError {
    tracing::error!(%error, "a gRPC call failed inside");
    WireError::new(ServiceReason::Internal)
}

/// `requested` items, or `default` for 0, and no more than `max`.
pub(super) fn page_size(requested: u32, default: usize, max: usize) -> usize {
    match usize::try_from(requested) {
        Ok(0) => default,
        Ok(size) => size.min(max),
        Err(_) => max,
    }
}
