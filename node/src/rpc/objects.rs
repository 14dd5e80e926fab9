//! Objects of the state in pages: by key, or by number downwards. All pages of a list are of the
//! block of its first page: once what is listed has changed, the list has to begin again.

use ballast_proto::error::WireError;
use ballast_runtime::object::Kind;
use ballast_runtime::{Key, Object};
use borsh::{BorshDeserialize, BorshSerialize};

use super::context::{Context, internal, object};
use super::page::{Pin, bad_token, read_token, token};
use crate::store::Store;

/// The most numbers that one page looks at.
const SCAN_MAX: u64 = 1_000;

/// One page, the token of the next one, and the block that all pages are of.
pub(super) struct Page<T> {
    pub items: Vec<T>,
    pub next: String,
    pub height: u64,
    pub time_ms: u64,
}

/// Where the next page goes on: behind a key.
#[derive(BorshSerialize, BorshDeserialize)]
struct After {
    pin: Pin,
    key: Key,
}

/// A page of the objects in the first of `ranges` (first and last key). What `show` makes of one,
/// at a time, rests on what is in the others, too.
pub(super) fn by_key<T>(
    context: &Context,
    ranges: &[(Key, Key)],
    page_token: &str,
    size: usize,
    show: impl Fn(&Store, u64, Key, Object) -> Result<T, WireError>,
) -> Result<Page<T>, WireError> {
    let [(first, last), ..] = ranges else { return Err(internal("a list of nothing")) };
    let after = read_token::<After>(page_token)?;
    if after.as_ref().is_some_and(|after| after.key < *first || after.key > *last) {
        return Err(bad_token());
    }
    let one_more = size.saturating_add(1);
    let (_, page) = context.consistent(|store| {
        let pin = Pin::of(context, after.as_ref().map(|after| after.pin), ranges)?;
        let behind = after.as_ref().map(|after| &after.key);
        let found = store.objects(first, last, behind, one_more).map_err(internal)?;
        let more = found.len() > size;
        let last = found.iter().take(size).next_back().map(|(key, _)| key.clone());
        let next = last.filter(|_| more).map(|key| token(&After { pin, key }));
        let shown = found.into_iter().take(size);
        let shown = shown.map(|(key, object)| show(store, pin.time_ms, key, object));
        let (height, time_ms) = (pin.height, pin.time_ms);
        let (items, next) = (shown.collect::<Result<Vec<_>, _>>()?, next.unwrap_or_default());
        Ok(Page { items, next, height, time_ms })
    })?;
    Ok(page)
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

    /// All that a list rests on: whether a proposal is still good is up to the council, too.
    fn ranges(self) -> Vec<(Key, Key)> {
        let all = (self.key(0), self.key(u64::MAX));
        match self {
            Self::Report | Self::Incident => vec![all],
            Self::Proposal => vec![all, (Key::Council, Key::Council)],
        }
    }
}

/// Where the next page goes on: below a number.
#[derive(Clone, Copy, BorshSerialize, BorshDeserialize)]
struct Below {
    list: Numbered,
    number: u64,
    pin: Pin,
}

/// A page of numbered objects, the highest number first: those below `end(store)`, of which `show`
/// leaves out those that are not asked for, as they are at a time.
pub(super) fn by_number<K: Kind + Clone, T>(
    context: &Context,
    list: Numbered,
    page_token: &str,
    size: usize,
    end: impl Fn(&Store) -> Result<u64, WireError>,
    show: impl Fn(&Store, u64, u64, K) -> Result<Option<T>, WireError>,
) -> Result<Page<T>, WireError> {
    let place = read_token::<Below>(page_token)?;
    if place.is_some_and(|place| place.list != list) {
        return Err(bad_token());
    }
    let (_, page) = context.consistent(|store| {
        let pin = Pin::of(context, place.map(|place| place.pin), &list.ranges())?;
        let end = end(store)?;
        let mut below = place.map_or(end, |place| place.number).min(end);
        let last = below.saturating_sub(SCAN_MAX).max(list.first());
        let mut items = Vec::new();
        while below > last && items.len() < size {
            below = below.saturating_sub(1);
            if let Some(found) = object::<K>(store, &list.key(below))? {
                items.extend(show(store, pin.time_ms, below, found)?);
            }
        }
        let place = Below { list, number: below, pin };
        let next = Some(place).filter(|place| place.number > list.first());
        let next = next.as_ref().map(token).unwrap_or_default();
        Ok(Page { items, next, height: pin.height, time_ms: pin.time_ms })
    })?;
    Ok(page)
}
