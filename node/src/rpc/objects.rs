//! Objects of the state in pages: by key, or by number downwards.

use ballast_proto::error::WireError;
use ballast_runtime::object::Kind;
use ballast_runtime::{Key, Object};
use borsh::{BorshDeserialize, BorshSerialize};

use super::backend::Head;
use super::context::{Context, internal, object};
use super::page::{bad_token, read_token, token};
use crate::store::Store;

/// The most numbers that one page looks at.
const SCAN_MAX: u64 = 1_000;

/// One page, the token of the next one, and the block it is of.
pub(super) struct Page<T> {
    pub items: Vec<T>,
    pub next: String,
    pub head: Head,
}

/// A page of the objects whose keys are from `first` to `last`; the token names the key before.
pub(super) fn by_key<T>(
    context: &Context,
    (first, last): (Key, Key),
    page_token: &str,
    size: usize,
    show: impl Fn(&Store, Key, Object) -> Result<T, WireError>,
) -> Result<Page<T>, WireError> {
    let after = read_token::<Key>(page_token)?;
    if after.as_ref().is_some_and(|after| *after < first || *after > last) {
        return Err(bad_token());
    }
    let one_more = size.saturating_add(1);
    let (head, (items, next)) = context.consistent(|store| {
        let found = store.objects(&first, &last, after.as_ref(), one_more).map_err(internal)?;
        let more = found.len() > size;
        let last = found.iter().take(size).next_back().map(|(key, _)| key.clone());
        let next = last.filter(|_| more).as_ref().map(token).unwrap_or_default();
        let shown = found.into_iter().take(size).map(|(key, object)| show(store, key, object));
        Ok((shown.collect::<Result<Vec<_>, _>>()?, next))
    })?;
    Ok(Page { items, next, head })
}

/// What the objects of a list are numbered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Numbered {
    Report,
    Proposal,
    Incident,
}

impl Numbered {
    const fn first(self) -> u64 {
        match self {
            Self::Report | Self::Proposal => 1,
            Self::Incident => 0,
        }
    }

    const fn key(self, number: u64) -> Key {
        match self {
            Self::Report => Key::Report(number),
            Self::Proposal => Key::Proposal(number),
            Self::Incident => Key::Incident(number),
        }
    }
}

/// Where the next page goes on: below a number. New objects get higher ones.
#[derive(Clone, Copy, BorshSerialize, BorshDeserialize)]
struct Below {
    list: Numbered,
    number: u64,
}

/// A page of numbered objects, the highest number first: those below `end(store)`, of which `show`
/// leaves out those that are not asked for.
pub(super) fn by_number<K: Kind + Clone, T>(
    context: &Context,
    list: Numbered,
    page_token: &str,
    size: usize,
    end: impl Fn(&Store) -> Result<u64, WireError>,
    show: impl Fn(&Store, Head, u64, K) -> Result<Option<T>, WireError>,
) -> Result<Page<T>, WireError> {
    let place = read_token::<Below>(page_token)?;
    if place.is_some_and(|place| place.list != list) {
        return Err(bad_token());
    }
    let (head, (items, next)) = context.consistent(|store| {
        let end = end(store)?;
        let mut below = place.map_or(end, |place| place.number).min(end);
        let last = below.saturating_sub(SCAN_MAX).max(list.first());
        let mut items = Vec::new();
        while below > last && items.len() < size {
            below = below.saturating_sub(1);
            if let Some(found) = object::<K>(store, &list.key(below))? {
                items.extend(show(store, context.head(), below, found)?);
            }
        }
        let place = Some(Below { list, number: below }).filter(|place| place.number > list.first());
        Ok((items, place.as_ref().map(token).unwrap_or_default()))
    })?;
    Ok(Page { items, next, head })
}
