//! Who is connected, and who goes when there is no place left.
//!
//! Places are bounded in all and for each address. They are for those who call: a newcomer who finds
//! none takes the place of a connection without an open call, of one that never called before one that
//! has, of the one that has waited longest first. When every place has an open call, the address that
//! holds the most gives one up, if it then still holds as many as the newcomer's. So silent
//! connections, or one address's, keep nobody out, however they answer pings.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::config::RpcConfig;
use super::metrics::{Refused, RpcMetrics};
use super::rate::Meter;

pub(super) struct Census {
    connections_max: usize,
    per_address_max: usize,
    calls_per_second_max: u32,
    metrics: RpcMetrics,
    present: Mutex<Present>,
}

#[derive(Default)]
struct Present {
    next: u64,
    /// In the order of their coming.
    visits: BTreeMap<u64, Arc<Visit>>,
    addresses: BTreeMap<IpAddr, Address>,
}

/// The connections of one address, and the meter of their calls, which is kept until it has
/// drained: connecting again is no way around it.
struct Address {
    count: usize,
    meter: Arc<Meter>,
}

impl Address {
    fn is_needed(&self) -> bool {
        self.count > 0 || !self.meter.is_drained(Instant::now())
    }
}

/// One connection, as the limits see it.
pub(super) struct Visit {
    address: IpAddr,
    pub meter: Arc<Meter>,
    calls: Mutex<Calls>,
    /// Cancelled when another takes its place.
    pub leave: CancellationToken,
}

struct Calls {
    open: u32,
    ever: bool,
    /// When the last one ended; before any, when the connection was accepted.
    since: Instant,
}

impl Visit {
    /// A call begins; it is open until the last clone of what is given back is dropped.
    pub fn call(self: &Arc<Self>) -> OpenCall {
        let mut calls = self.calls.lock();
        calls.open = calls.open.saturating_add(1);
        calls.ever = true;
        OpenCall(Arc::new(CallGuard(Arc::clone(self))))
    }

    /// How soon it goes: the least first. None while a call is open.
    fn idleness(&self) -> Option<(bool, Instant)> {
        let calls = self.calls.lock();
        (calls.open == 0).then_some((calls.ever, calls.since))
    }
}

/// Keeps its connection's place. Handlers whose work outlives their answer, such as streams, take it
/// from the request's extensions.
#[derive(Clone)]
pub(super) struct OpenCall(#[allow(dead_code, reason = "held, never read")] Arc<CallGuard>);

struct CallGuard(Arc<Visit>);

impl Drop for CallGuard {
    fn drop(&mut self) {
        let mut calls = self.0.calls.lock();
        calls.open = calls.open.saturating_sub(1);
        calls.since = Instant::now();
    }
}

/// One counted connection; leaving the census when dropped.
pub(super) struct Seat {
    census: Arc<Census>,
    id: u64,
    pub visit: Arc<Visit>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.census.remove(&mut self.census.present.lock(), self.id);
    }
}

impl Census {
    pub fn new(config: &RpcConfig, metrics: RpcMetrics) -> Arc<Self> {
        Arc::new(Self {
            connections_max: config.connections_max,
            per_address_max: config.connections_per_address_max,
            calls_per_second_max: config.calls_per_second_max,
            metrics,
            present: Mutex::default(),
        })
    }

    /// A place for a connection from `address`; an error says why there is none.
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Result<Seat, Refused> {
        let mut present = self.present.lock();
        let here = present.addresses.get(&address).map_or(0, |known| known.count);
        if here >= self.per_address_max {
            let idle = present.idlest(|visit| visit.address == address);
            self.displace(&mut present, idle.ok_or(Refused::AddressFull)?);
        } else if present.visits.len() >= self.connections_max {
            let goes = present.idlest(|_| true).or_else(|| present.oldest_of_most(here));
            self.displace(&mut present, goes.ok_or(Refused::Full)?);
        }
        let id = present.next;
        present.next = present.next.wrapping_add(1);
        let visit = present.enter(id, address, self.connections_max, self.calls_per_second_max);
        self.metrics.connections.inc();
        Ok(Seat { census: Arc::clone(self), id, visit })
    }

    fn displace(&self, present: &mut Present, id: u64) {
        if let Some(visit) = present.visits.get(&id) {
            visit.leave.cancel();
            self.metrics.displaced.inc();
        }
        self.remove(present, id);
    }

    /// Whoever was displaced has left already when its connection ends.
    fn remove(&self, present: &mut Present, id: u64) {
        let Some(visit) = present.visits.remove(&id) else { return };
        self.metrics.connections.dec();
        if let Some(known) = present.addresses.get_mut(&visit.address) {
            known.count = known.count.saturating_sub(1);
            if !known.is_needed() {
                present.addresses.remove(&visit.address);
            }
        }
    }
}

impl Present {
    fn enter(&mut self, id: u64, address: IpAddr, known_max: usize, calls: u32) -> Arc<Visit> {
        if self.addresses.len() > known_max {
            self.addresses.retain(|_, known| known.is_needed());
        }
        let known = self
            .addresses
            .entry(address)
            .or_insert_with(|| Address { count: 0, meter: Arc::new(Meter::new(calls)) });
        known.count = known.count.saturating_add(1);
        let visit = Arc::new(Visit {
            address,
            meter: Arc::clone(&known.meter),
            calls: Mutex::new(Calls { open: 0, ever: false, since: Instant::now() }),
            leave: CancellationToken::new(),
        });
        self.visits.insert(id, Arc::clone(&visit));
        visit
    }

    fn idlest(&self, among: impl Fn(&Visit) -> bool) -> Option<u64> {
        let idle = self.visits.iter().filter(|(_, visit)| among(visit));
        idle.filter_map(|(id, visit)| Some((visit.idleness()?, *id))).min().map(|(_, id)| id)
    }

    /// The oldest connection of the address that holds the most, if that is more than one beyond
    /// `here`.
    fn oldest_of_most(&self, here: usize) -> Option<u64> {
        let most = self.addresses.iter().max_by_key(|(_, known)| known.count);
        let (address, _) = most.filter(|(_, known)| known.count > here.saturating_add(1))?;
        self.visits.iter().find(|(_, visit)| visit.address == *address).map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn census(in_all: usize, per_address: usize) -> Arc<Census> {
        let mut config = RpcConfig::new("127.0.0.1:0".parse().unwrap());
        config.connections_max = in_all;
        config.connections_per_address_max = per_address;
        Census::new(&config, RpcMetrics::default())
    }

    fn address(n: u8) -> IpAddr {
        [10, 0, 0, n].into()
    }

    fn left(seat: &Seat) -> bool {
        seat.visit.leave.is_cancelled()
    }

    #[test]
    fn a_newcomer_takes_the_place_of_who_never_called_then_of_who_called_longest_ago() {
        let census = census(3, 3);
        let [caller, silent, busy] = [1, 2, 3].map(|n| census.take(address(n)).unwrap());
        drop(caller.visit.call());
        let _open = busy.visit.call();
        let first = census.take(address(4)).unwrap();
        assert_eq!([&caller, &silent, &busy].map(left), [false, true, false]);
        let _first_calls = first.visit.call();
        let second = census.take(address(5)).unwrap();
        assert_eq!([&caller, &first, &busy].map(left), [true, false, false]);
        let _second_calls = second.visit.call();
        assert_eq!(census.take(address(6)).map(|_| ()), Err(Refused::Full));
        assert_eq!(census.metrics.connections.get(), 3);
        drop((caller, silent));
        assert_eq!(census.metrics.connections.get(), 3, "the displaced are not counted twice");
        drop(busy);
        assert!(census.take(address(6)).is_ok());
    }

    #[test]
    fn an_address_gives_up_its_own_idle_place_and_has_no_more_than_its_share() {
        let census = census(100, 2);
        let (one, two) = (census.take(address(1)).unwrap(), census.take(address(1)).unwrap());
        let _open = one.visit.call();
        let three = census.take(address(1)).unwrap();
        assert_eq!([&one, &two, &three].map(left), [false, true, false]);
        let _also = three.visit.call();
        assert_eq!(census.take(address(1)).map(|_| ()), Err(Refused::AddressFull));
        assert!(census.take(address(2)).is_ok());
    }

    #[test]
    fn when_all_call_the_address_that_holds_most_gives_one_up() {
        let census = census(4, 4);
        let greedy = [1; 4].map(|n| census.take(address(n)).unwrap());
        let _calls = greedy.each_ref().map(|seat| seat.visit.call());
        let other = census.take(address(2)).unwrap();
        assert_eq!(greedy.each_ref().map(left), [true, false, false, false]);
        let _open = other.visit.call();
        let second = census.take(address(2)).unwrap();
        assert_eq!(greedy.each_ref().map(left), [true, true, false, false]);
        let _also = second.visit.call();
        assert_eq!(census.take(address(2)).map(|_| ()), Err(Refused::Full), "equal shares");
        assert!(census.take(address(3)).is_ok());
    }
}
