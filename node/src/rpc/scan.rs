//! Reads events from the store, in order.

use std::collections::BTreeSet;

use ballast_primitives::Address;
use ballast_proto::convert::{EVENT_NAMES, Wire};
use ballast_proto::error::{ServiceReason, WireError};
use ballast_proto::v1::{EventFilter, EventRecord};
use ballast_replica::types::Executed;
use ballast_runtime::{Event, Receipt};

use super::context::{Context, internal};
use super::cursor::Cursor;

/// The most accounts, and the most names, of a filter.
const FILTER_MAX: usize = 100;
/// The most receipts that one scan looks at.
const SCAN_RECEIPTS_MAX: usize = 4_096;
/// The most blocks that one scan looks at.
const SCAN_BLOCKS_MAX: usize = 1_024;
/// How many receipts are read at a time.
const SCAN_STEP: usize = 256;

/// Which events a reader wants.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    /// Empty for all.
    accounts: BTreeSet<Address>,
    /// Empty for all.
    names: BTreeSet<&'static str>,
}

impl Filter {
    pub fn read(wire: &Wire, filter: Option<EventFilter>) -> Result<Self, WireError> {
        let filter = filter.unwrap_or_default();
        if filter.accounts.len() > FILTER_MAX || filter.names.len() > FILTER_MAX {
            return Err(WireError::field("filter", "holds at most 100 accounts and 100 names"));
        }
        let known = |name: &String| {
            let found = EVENT_NAMES.iter().copied().find(|known| known == name);
            found.ok_or_else(|| {
                WireError::field("filter.names", format!("no event is named {name}"))
            })
        };
        let address = |text: &String| Ok(wire.read_address("filter.accounts", text)?);
        Ok(Self {
            accounts: filter.accounts.iter().map(address).collect::<Result<_, WireError>>()?,
            names: filter.names.iter().map(known).collect::<Result<_, _>>()?,
        })
    }

    pub fn wants(&self, event: &Event) -> bool {
        let name = self.names.is_empty() || self.names.contains(event.name());
        let account = self.accounts.is_empty()
            || event.accounts().iter().any(|account| self.accounts.contains(account));
        name && account
    }
}

/// At most `max` wanted events behind `after` and not above `head`; and how far it looked:
/// everything up to there is in the answer.
pub(super) fn scan(
    context: &Context,
    after: Cursor,
    head: u64,
    filter: &Filter,
    max: usize,
) -> Result<(Vec<EventRecord>, Cursor), WireError> {
    let mut scan = Scan { context, filter, found: Vec::new(), max, at: after, receipts: 0 };
    let first = after.next_height().max(1);
    for height in (first..=head).take(SCAN_BLOCKS_MAX) {
        let executed = context.store().executed(height).map_err(internal)?;
        let executed = executed.ok_or_else(|| WireError::new(ServiceReason::CursorPruned))?;
        if !scan.block(&executed)? {
            break;
        }
    }
    Ok((scan.found, scan.at))
}

struct Scan<'a> {
    context: &'a Context,
    filter: &'a Filter,
    found: Vec<EventRecord>,
    max: usize,
    /// Everything up to here is in `found`.
    at: Cursor,
    receipts: usize,
}

impl Scan<'_> {
    /// Looks through one block; whether there is room for more.
    fn block(&mut self, executed: &Executed) -> Result<bool, WireError> {
        loop {
            let from = if self.at.height == executed.height { self.at.tx } else { 0 };
            let records =
                self.context.store().records(executed.height, from, SCAN_STEP).map_err(internal)?;
            for record in &records {
                if !self.receipt(&record.receipt, executed.time) {
                    return Ok(false);
                }
            }
            if records.len() < SCAN_STEP {
                self.at = Cursor::end_of(executed.height);
                return Ok(self.found.len() < self.max);
            }
            if self.receipts >= SCAN_RECEIPTS_MAX {
                return Ok(false);
            }
        }
    }

    /// Takes the wanted events of one receipt; false when they did not all fit.
    fn receipt(&mut self, receipt: &Receipt, time: u64) -> bool {
        self.receipts = self.receipts.saturating_add(1);
        for (event, index) in receipt.events.iter().zip(0u32..) {
            let cursor = Cursor { height: receipt.height, tx: receipt.index, event: index };
            if cursor <= self.at || !self.filter.wants(event) {
                continue;
            }
            if self.found.len() == self.max {
                return false;
            }
            self.found.push(record(&self.context.wire, receipt, event, cursor, time));
            self.at = cursor;
        }
        self.at = self.at.max(Cursor::end_of_tx(receipt.height, receipt.index));
        true
    }
}

pub(super) fn record(
    wire: &Wire,
    receipt: &Receipt,
    event: &Event,
    cursor: Cursor,
    block_time_ms: u64,
) -> EventRecord {
    EventRecord {
        cursor: cursor.to_string(),
        height: cursor.height,
        tx_index: cursor.tx,
        event_index: cursor.event,
        tx_id: receipt.tx.to_string(),
        block_time_ms,
        name: event.name().to_owned(),
        event: Some(wire.event(event)),
    }
}
