//! Every role grant. Grants lie among all objects of the state, so finding them reads it whole:
//! one reading at a time, and never more than a small part of the time.

use std::sync::Arc;
use std::time::Duration;

use ballast_primitives::{Address, codec};
use ballast_proto::error::WireError;
use ballast_runtime::limits::OBJECT_BYTES_MAX;
use ballast_runtime::object::{Role, RoleGrant};
use ballast_runtime::{Key, Object};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::backend::Head;
use super::context::{Context, internal, object};
use crate::store::Store;

/// After a reading, the next waits for this many times as long as it took.
const REST: u32 = 20;
/// Nobody waits longer than this for a newer reading: the last one, which names its height, does.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) type Grant = (Role, Address, RoleGrant);

/// The last reading.
#[derive(Default)]
pub(super) struct RoleIndex(Arc<Mutex<Option<Reading>>>);

struct Reading {
    head: Head,
    /// When the next one may begin.
    next: Instant,
    grants: Vec<Grant>,
}

impl RoleIndex {
    /// All grants, by role and then by holder, and the block they are of.
    pub async fn all(&self, context: &Context) -> Result<(Head, Vec<Grant>), WireError> {
        let mut last = Arc::clone(&self.0).lock_owned().await;
        if let Some(reading) = &*last {
            let rest = reading.next.saturating_duration_since(Instant::now());
            if reading.head == context.head() || rest > PATIENCE {
                return Ok((reading.head, reading.grants.clone()));
            }
            tokio::time::sleep(rest).await;
        }
        // A task of its own holds the lock to the end, even when the caller has left meanwhile.
        let context = context.clone();
        let reading = tokio::spawn(async move {
            let began = Instant::now();
            let (head, grants) = context.blocking(read).await.map_err(WireError::of)?;
            let rest = began.elapsed().saturating_mul(REST);
            let next = Instant::now().checked_add(rest).unwrap_or(began);
            *last = Some(Reading { head, next, grants: grants.clone() });
            Ok((head, grants))
        });
        reading.await.unwrap_or_else(|error| Err(internal(error)))
    }

    /// The grants of one holder, which need no search.
    pub fn of(context: &Context, holder: &Address) -> Result<(Head, Vec<Grant>), WireError> {
        context.consistent(|store| held(store, holder))
    }
}

/// The grants of one holder, by role.
pub(super) fn held(store: &Store, holder: &Address) -> Result<Vec<Grant>, WireError> {
    let mut grants = Vec::new();
    for role in Role::ALL {
        if let Some(Object::Role(grant)) = object(store, &Key::Role(role, *holder))? {
            grants.push((role, *holder, grant));
        }
    }
    Ok(grants)
}

fn read(context: &Context) -> Result<(Head, Vec<Grant>), WireError> {
    // The leaves are those of the moment of the call, whatever is committed while they are read.
    let (head, leaves) = context.consistent(|store| Ok(store.leaves()))?;
    // All keys of role grants, and of nothing else, begin with this byte.
    let kind = codec::encode(&Key::Role(Role::Council, Address([0; 32]))).first().copied();
    let mut grants = Vec::new();
    for leaf in leaves {
        let leaf = leaf.map_err(internal)?;
        if leaf.key.first().copied() != kind {
            continue;
        }
        let key = codec::decode(&leaf.key, OBJECT_BYTES_MAX).map_err(internal)?;
        let value = codec::decode(&leaf.value, OBJECT_BYTES_MAX).map_err(internal)?;
        if let (Key::Role(role, holder), Object::Role(grant)) = (key, value) {
            grants.push((role, holder, grant));
        }
    }
    grants.sort_unstable_by_key(|(role, holder, _)| (*role, *holder));
    Ok((head, grants))
}
