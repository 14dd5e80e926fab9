//! Places for inbound handshakes, which anybody can begin and let lie.
//!
//! Until a handshake has ended its sender is nobody. So places are bounded, and the newest has one:
//! beyond its bound an address displaces its own oldest handshake, and beyond the bound of all, a
//! stranger the oldest stranger's. Addresses of listed peers are counted apart, so that strangers take
//! nothing from them. An honest handshake takes milliseconds; one that lies takes a place until others
//! need it, or its time is up.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use libp2p::{
    Multiaddr, PeerId, Transport, TransportError,
    core::{
        muxing::StreamMuxerBox,
        transport::{Boxed, DialOpts, ListenerId, TransportEvent},
    },
    multiaddr::Protocol,
};
use parking_lot::Mutex;
use prometheus_client::metrics::{counter::Counter, gauge::Gauge};
use tokio_util::sync::CancellationToken;

use super::{NetLimits, PeerKey};
use crate::address::counted;

/// The most addresses remembered of one peer.
const KNOWN_MAX: usize = 8;

type Secured = (PeerId, StreamMuxerBox);

pub(super) struct Handshakes {
    in_all_max: usize,
    per_address_max: usize,
    per_peer_address_max: usize,
    table: Mutex<Table>,
    /// In progress now, and displaced so far.
    pub pending: Gauge,
    pub displaced: Counter,
}

#[derive(Default)]
struct Table {
    next: u64,
    /// In the order of their coming.
    places: BTreeMap<u64, Place>,
    peers: BTreeMap<PeerKey, BTreeSet<IpAddr>>,
}

struct Place {
    address: IpAddr,
    is_peers: bool,
    displaced: CancellationToken,
}

impl Table {
    fn is_peers(&self, address: &IpAddr) -> bool {
        self.peers.values().any(|addresses| addresses.contains(address))
    }

    /// The oldest of those that `of` picks, if there are `max` of them.
    fn oldest_beyond(&self, max: usize, of: impl Fn(&Place) -> bool) -> Option<u64> {
        let mut picked = self.places.iter().filter(|(_, place)| of(place)).map(|(id, _)| *id);
        let oldest = picked.next()?;
        (picked.count().saturating_add(1) >= max).then_some(oldest)
    }
}

impl Handshakes {
    pub fn new(limits: &NetLimits, pending: Gauge, displaced: Counter) -> Arc<Self> {
        Arc::new(Self {
            in_all_max: limits.handshakes_max,
            per_address_max: limits.handshakes_per_address_max,
            per_peer_address_max: limits.handshakes_per_peer_address_max,
            table: Mutex::default(),
            pending,
            displaced,
        })
    }

    /// Where a listed peer lives, or has come from.
    pub fn know(&self, peer: PeerKey, addresses: impl IntoIterator<Item = IpAddr>) {
        let mut table = self.table.lock();
        let known = table.peers.entry(peer).or_default();
        for address in addresses {
            if known.len() >= KNOWN_MAX {
                known.clear();
            }
            known.insert(counted(address));
        }
    }

    /// A peer is no longer listed.
    pub fn forget(&self, peer: &PeerKey) {
        self.table.lock().peers.remove(peer);
    }

    fn enter(self: &Arc<Self>, address: IpAddr) -> Entered {
        let mut table = self.table.lock();
        let is_peers = table.is_peers(&address);
        let here_max = if is_peers { self.per_peer_address_max } else { self.per_address_max };
        let here = table.oldest_beyond(here_max, |place| place.address == address);
        self.displace(&mut table, here);
        if !is_peers {
            let stranger = table.oldest_beyond(self.in_all_max, |place| !place.is_peers);
            self.displace(&mut table, stranger);
        }
        let displaced = CancellationToken::new();
        let id = table.next;
        table.next = table.next.wrapping_add(1);
        table.places.insert(id, Place { address, is_peers, displaced: displaced.clone() });
        self.pending.inc();
        Entered { handshakes: Arc::clone(self), id, displaced }
    }

    fn displace(&self, table: &mut Table, id: Option<u64>) {
        let Some(place) = id.and_then(|id| table.places.remove(&id)) else { return };
        place.displaced.cancel();
        self.displaced.inc();
        self.pending.dec();
    }
}

/// One handshake's place; given back when dropped.
struct Entered {
    handshakes: Arc<Handshakes>,
    id: u64,
    displaced: CancellationToken,
}

impl Entered {
    async fn during<F>(self, handshake: F) -> io::Result<Secured>
    where
        F: Future<Output = io::Result<Secured>>,
    {
        let displaced = || io::Error::other("displaced by a newer handshake");
        self.displaced.run_until_cancelled(handshake).await.unwrap_or_else(|| Err(displaced()))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if self.handshakes.table.lock().places.remove(&self.id).is_some() {
            self.handshakes.pending.dec();
        }
    }
}

/// A transport whose inbound handshakes each need a place.
pub(super) struct Placed {
    pub inner: Boxed<Secured>,
    pub handshakes: Arc<Handshakes>,
}

impl Transport for Placed {
    type Output = Secured;
    type Error = io::Error;
    type ListenerUpgrade = BoxFuture<'static, io::Result<Secured>>;
    type Dial = <Boxed<Secured> as Transport>::Dial;

    fn listen_on(
        &mut self,
        id: ListenerId,
        address: Multiaddr,
    ) -> Result<(), TransportError<io::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(
        &mut self,
        address: Multiaddr,
        options: DialOpts,
    ) -> Result<Self::Dial, TransportError<io::Error>> {
        self.inner.dial(address, options)
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, io::Error>> {
        let event = std::task::ready!(Pin::new(&mut self.inner).poll(cx));
        let from = match &event {
            TransportEvent::Incoming { send_back_addr, .. } => ip_of(send_back_addr),
            _ => None,
        };
        let handshakes = Arc::clone(&self.handshakes);
        Poll::Ready(event.map_upgrade(move |handshake| {
            let unknown = IpAddr::from([0; 4]);
            let entered = handshakes.enter(counted(from.unwrap_or(unknown)));
            Box::pin(entered.during(handshake)) as Self::ListenerUpgrade
        }))
    }
}

/// The IP address that a multiaddress begins with.
pub(super) fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshakes() -> Arc<Handshakes> {
        let limits = NetLimits {
            handshakes_max: 4,
            handshakes_per_address_max: 2,
            handshakes_per_peer_address_max: 3,
            ..NetLimits::default()
        };
        Handshakes::new(&limits, Gauge::default(), Counter::default())
    }

    fn address(n: u8) -> IpAddr {
        [192, 0, 2, n].into()
    }

    fn gone(entered: &[Entered]) -> Vec<bool> {
        entered.iter().map(|entered| entered.displaced.is_cancelled()).collect()
    }

    #[test]
    fn an_address_displaces_its_own_oldest_and_a_crowd_the_oldest_stranger() {
        let handshakes = handshakes();
        let enter = |n| handshakes.enter(address(n));
        let mut entered = vec![enter(1), enter(1), enter(1)];
        assert_eq!(gone(&entered), [true, false, false]);
        entered.extend([enter(2), enter(3), enter(4)]);
        assert_eq!(gone(&entered), [true, true, false, false, false, false]);
        assert_eq!((handshakes.pending.get(), handshakes.displaced.get()), (4, 2));
        drop(entered);
        assert_eq!(handshakes.pending.get(), 0, "a displaced place is given back once");
    }

    #[test]
    fn strangers_take_nothing_from_the_addresses_of_peers() {
        let handshakes = handshakes();
        handshakes.know(PeerKey([1; 32]), [address(9)]);
        let peers = [9, 9, 9].map(|n| handshakes.enter(address(n)));
        let _crowd: Vec<_> = (1..8).map(|n| handshakes.enter(address(n))).collect();
        assert_eq!(gone(&peers), [false; 3]);
        let _fourth = handshakes.enter(address(9));
        assert_eq!(gone(&peers), [true, false, false]);
        handshakes.forget(&PeerKey([1; 32]));
        let strange = [handshakes.enter(address(9))];
        let _crowd: Vec<_> = (11..15).map(|n| handshakes.enter(address(n))).collect();
        assert_eq!(gone(&strange), [true]);
    }
}
