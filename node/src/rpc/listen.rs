//! The accept loop: how many connections, from whom, and how long each may stay silent.
//!
//! tonic bounds none of this: a TCP connection that never speaks stays open for ever, whatever
//! its keepalive.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::config::RpcConfig;
use super::connection::Connection;
use super::rate::Meter;
use super::tls::Tls;

/// Connections that have passed and wait for the server to take them.
const READY_MAX: usize = 64;
/// How long to wait when the process has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Counts connections in all and by address.
#[derive(Default)]
struct Census {
    total: usize,
    by_address: BTreeMap<IpAddr, Guests>,
}

/// The connections of one address, and the meter of their calls, which is kept until it has
/// drained: connecting again is no way around it.
struct Guests {
    count: usize,
    meter: Arc<Meter>,
}

impl Guests {
    fn is_needed(&self) -> bool {
        self.count > 0 || !self.meter.is_drained(Instant::now())
    }
}

/// One counted connection; leaving the census when dropped.
pub(super) struct Seat {
    census: Arc<Mutex<Census>>,
    address: IpAddr,
    pub meter: Arc<Meter>,
}

impl Seat {
    fn take(census: &Arc<Mutex<Census>>, address: IpAddr, config: &RpcConfig) -> Option<Self> {
        let mut counts = census.lock();
        let here = counts.by_address.get(&address).map_or(0, |guests| guests.count);
        if counts.total >= config.connections_max || here >= config.connections_per_address_max {
            return None;
        }
        counts.total = counts.total.saturating_add(1);
        if counts.by_address.len() > config.connections_max {
            counts.by_address.retain(|_, guests| guests.is_needed());
        }
        let guests = counts.by_address.entry(address).or_insert_with(|| Guests {
            count: 0,
            meter: Arc::new(Meter::new(config.calls_per_second_max)),
        });
        guests.count = guests.count.saturating_add(1);
        let meter = Arc::clone(&guests.meter);
        Some(Self { census: Arc::clone(census), address, meter })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.census.lock();
        counts.total = counts.total.saturating_sub(1);
        if let Some(guests) = counts.by_address.get_mut(&self.address) {
            guests.count = guests.count.saturating_sub(1);
            if !guests.is_needed() {
                counts.by_address.remove(&self.address);
            }
        }
    }
}

/// Accepts until `stop`; gives out the connections that have shown their preface in time.
pub(super) fn accept(
    listener: TcpListener,
    config: Arc<RpcConfig>,
    tls: Option<Arc<Tls>>,
    stop: CancellationToken,
) -> mpsc::Receiver<io::Result<Connection>> {
    let (ready, incoming) = mpsc::channel(READY_MAX);
    tokio::spawn(stop.run_until_cancelled_owned(accept_loop(listener, config, tls, ready)));
    incoming
}

async fn accept_loop(
    listener: TcpListener,
    config: Arc<RpcConfig>,
    tls: Option<Arc<Tls>>,
    ready: mpsc::Sender<io::Result<Connection>>,
) {
    let census = Arc::new(Mutex::new(Census::default()));
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "accepting a gRPC connection failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(seat) = Seat::take(&census, canonical(peer), &config) else {
            tracing::debug!(%peer, "gRPC connection refused: too many");
            continue;
        };
        let (config, ready) = (Arc::clone(&config), ready.clone());
        let acceptor = tls.as_ref().map(|tls| tls.acceptor());
        tokio::spawn(async move {
            let admitted = Connection::admit(stream, acceptor, seat, &config);
            match tokio::time::timeout(config.preface_timeout, admitted).await {
                Ok(Ok(connection)) => drop(ready.send(Ok(connection)).await),
                Ok(Err(error)) => tracing::debug!(%peer, %error, "gRPC connection refused"),
                Err(_) => tracing::debug!(%peer, "gRPC connection showed no preface in time"),
            }
        });
    }
}

/// The address that limits count: an IPv4 address is one, however it arrives; of IPv6 the /64
/// that one host is given.
fn canonical(peer: SocketAddr) -> IpAddr {
    match peer.ip().to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            std::net::Ipv6Addr::from(network).into()
        }
    }
}
