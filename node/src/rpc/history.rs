//! Events that are looked for by account or by topic, newest first, in pages pinned to the height
//! of the first one.

use ballast_primitives::Address;
use ballast_proto::error::WireError;
use ballast_runtime::{Event, Receipt};
use borsh::{BorshDeserialize, BorshSerialize};

use super::context::{Context, internal};
use super::cursor::Cursor;
use super::event::cursor_pruned;
use super::page::{bad_token, read_token, token};
use crate::store::Topic;

/// The most transactions that one page looks at.
const SCAN_MAX: usize = 1_000;
/// How many places it reads at a time.
const SCAN_STEP: usize = 100;

/// Whose events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Source {
    /// Those of transactions that concern an account; of other accounts' too.
    Account(Address),
    /// Those of transactions of a topic; of other topics too.
    Topic(Topic),
}

/// Where a page goes on: below an event.
#[derive(Clone, Copy, BorshSerialize, BorshDeserialize)]
pub(super) struct Place {
    source: Source,
    /// Tells apart lists over the same source.
    list: u8,
    /// The height that all pages are pinned to.
    pub height: u64,
    /// Height, receipt, event.
    below: (u64, u32, u32),
}

/// An event, and where it was.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub receipt: &'a Receipt,
    pub event: &'a Event,
    pub cursor: Cursor,
    pub block_time_ms: u64,
}

/// What a page holds, and where the next one goes on.
pub(super) struct Page<T> {
    pub items: Vec<T>,
    pub next: String,
    pub height: u64,
}

impl Place {
    /// Where the page of a request begins; its token must be one of this list.
    pub fn of(context: &Context, source: Source, list: u8, text: &str) -> Result<Self, WireError> {
        let height = context.head().height;
        let first = Self { source, list, height, below: (height.saturating_add(1), 0, 0) };
        match read_token::<Self>(text)? {
            None => Ok(first),
            Some(place) => {
                let ours = place.source == source && place.list == list && place.height <= height;
                if ours { Ok(place) } else { Err(bad_token()) }
            }
        }
    }

    /// Below this nothing is held; topics are held whole.
    fn end(&self, context: &Context) -> (u64, u32, u32) {
        match self.source {
            Source::Account(_) => (context.store().horizon().oldest, 0, 0),
            Source::Topic(_) => (1, 0, 0),
        }
    }

    /// The transactions to look at next.
    fn behind(&self, context: &Context) -> Result<Vec<(u64, u32)>, WireError> {
        let (height, index, event) = self.below;
        // Events of this very receipt may be left, so it is read again.
        let before = if event == 0 { (height, index) } else { (height, index.saturating_add(1)) };
        let places = match &self.source {
            Source::Account(account) => {
                context.store().account_history(account, Some(before), SCAN_STEP)
            }
            Source::Topic(topic) => context.store().topic_history(*topic, Some(before), SCAN_STEP),
        };
        places.map_err(internal)
    }
}

/// At most `size` of what `take` makes of the events at `place`; it leaves out those it makes
/// nothing of.
pub(super) fn page<T>(
    context: &Context,
    mut place: Place,
    size: usize,
    take: impl Fn(Found<'_>) -> Result<Option<T>, WireError>,
) -> Result<Page<T>, WireError> {
    let end = place.end(context);
    if end > (1, 0, 0) && place.below <= end {
        return Err(cursor_pruned(end.0));
    }
    let mut items = Vec::new();
    let mut looked_at = 0;
    let more = 'page: loop {
        let mut history = place.behind(context)?;
        // What an interrupted pruning left is not all there was.
        history.retain(|(height, _)| *height >= end.0);
        if history.is_empty() {
            // The page after the last one that is held says that there were more.
            place.below = end;
            break end > (1, 0, 0);
        }
        for (height, index) in history {
            let Some(record) = context.store().record(height, index).map_err(internal)? else {
                return Err(internal("an index names a transaction without a record"));
            };
            let executed = context.store().executed(height).map_err(internal)?;
            let block_time_ms = executed.map_or(0, |executed| executed.time);
            let receipt = &record.receipt;
            let events: Vec<_> = (0u32..).zip(&receipt.events).collect();
            for (number, event) in events.into_iter().rev() {
                let at = (height, index, number);
                if at >= place.below {
                    continue;
                }
                let cursor = Cursor { height, tx: index, event: number };
                let Some(item) = take(Found { receipt, event, cursor, block_time_ms })? else {
                    continue;
                };
                if items.len() == size {
                    break 'page true;
                }
                place.below = at;
                items.push(item);
            }
            place.below = (height, index, 0);
            looked_at = usize::saturating_add(looked_at, 1);
            if looked_at == SCAN_MAX {
                break 'page true;
            }
        }
    };
    let next = if more { token(&place) } else { String::new() };
    Ok(Page { items, next, height: place.height })
}
