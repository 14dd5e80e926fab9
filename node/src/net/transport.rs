//! The libp2p parts, put together: transport, behaviours, listener.
//!
//! Inbound connections need a place among the handshakes (`handshakes.rs`), and must send their first
//! byte within a second: whoever dials speaks first.
//!
//! Closing: libp2p closes a connection by flushing it, and waits for that without limit. To a
//! peer that is stopped or cut off, with its socket full, a flush never ends, and the swarm would
//! believe in the connection for ever. So [`Abrupt`] makes closing immediate: the socket is
//! dropped, the kernel sends what it has. We close only what is dead, removed or misbehaving.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, Transport, allow_block_list, connection_limits,
    core::{
        muxing::{StreamMuxer, StreamMuxerBox, StreamMuxerEvent},
        transport::Boxed,
        upgrade::Version,
    },
    identity,
    multiaddr::Protocol,
    noise, ping,
    request_response::{self, ProtocolSupport},
    swarm::{self, NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};
use tokio::net::{TcpListener, lookup_host};

use super::{
    Lane, NetConfig, NetError, NetLimits, PeerKey,
    handshakes::{Handshakes, Placed},
    peer, rpc,
};

/// Two lanes and a ping each way, and the requests, with a margin. It bounds the yamux windows of
/// a connection too: 256 KiB each at first.
const STREAMS_PER_CONNECTION_MAX: usize = 64;

/// Order matters: limits and list come first, so that nothing else hears of a refused peer.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    limits: connection_limits::Behaviour,
    pub allowed: allow_block_list::Behaviour<allow_block_list::AllowedPeers>,
    pub streams: libp2p_stream::Behaviour,
    pub rpc: request_response::Behaviour<rpc::Codec>,
    ping: ping::Behaviour,
}

pub(super) struct Prepared {
    pub swarm: Swarm<Behaviour>,
    pub own: PeerKey,
}

/// Builds the swarm; nothing listens or dials yet.
pub(super) fn prepare(
    config: &NetConfig,
    handshakes: Arc<Handshakes>,
) -> Result<Prepared, NetError> {
    // The call zeroes the bytes it is given: a copy of ours, which is zeroed when dropped.
    let keypair = identity::Keypair::ed25519_from_bytes(config.secret.clone().as_mut_slice())
        .map_err(|_| NetError::Secret)?;
    let id = keypair.public().to_peer_id();
    let own = PeerKey::from_peer_id(&id).ok_or(NetError::Secret)?;
    let transport = transport(&keypair, &config.limits, handshakes)?;
    let behaviour = behaviour(config)?;
    // Connections stay up although the lanes may be quiet; ping finds the dead ones.
    let swarm_config = swarm::Config::with_tokio_executor()
        .with_idle_connection_timeout(Duration::from_secs(u64::MAX));
    Ok(Prepared { swarm: Swarm::new(transport, behaviour, id, swarm_config), own })
}

fn transport(
    keypair: &identity::Keypair,
    limits: &NetLimits,
    handshakes: Arc<Handshakes>,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, NetError> {
    let noise =
        noise::Config::new(keypair).map_err(|error| NetError::Transport(error.to_string()))?;
    let mut yamux = yamux::Config::default();
    yamux.set_max_num_streams(STREAMS_PER_CONNECTION_MAX);
    let patience = limits.first_byte_timeout;
    let secure = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
        .and_then(move |stream, endpoint| async move {
            if endpoint.is_listener() {
                tokio::time::timeout(patience, stream.0.readable()).await??;
            }
            Ok::<_, io::Error>(stream)
        })
        .upgrade(Version::V1)
        .authenticate(noise)
        .multiplex(yamux)
        .timeout(limits.handshake_timeout);
    let boxed = Transport::map(secure, |(id, muxer), _| (id, StreamMuxerBox::new(Abrupt(muxer))));
    Ok(Transport::boxed(Placed { inner: Transport::boxed(boxed), handshakes }))
}

fn behaviour(config: &NetConfig) -> Result<Behaviour, NetError> {
    let limits = &config.limits;
    let connections = connection_limits::ConnectionLimits::default()
        .with_max_established_per_peer(Some(limits.connections_per_peer_max));
    // This bound counts both directions together, and streams that are just being closed.
    let requests = request_response::Config::default()
        .with_request_timeout(limits.request_timeout)
        .with_max_concurrent_streams(limits.requests_per_peer_max.saturating_mul(3));
    let protocol = protocol("request", &config.chain)?;
    let pings =
        ping::Config::new().with_interval(limits.ping_interval).with_timeout(limits.ping_timeout);
    Ok(Behaviour {
        limits: connection_limits::Behaviour::new(connections),
        allowed: allow_block_list::Behaviour::default(),
        streams: libp2p_stream::Behaviour::new(),
        rpc: request_response::Behaviour::with_codec(
            rpc::Codec::new(limits),
            [(protocol, ProtocolSupport::Full)],
            requests,
        ),
        ping: ping::Behaviour::new(pings),
    })
}

pub(super) fn lane_protocol(lane: Lane, chain: &[u8; 32]) -> Result<StreamProtocol, NetError> {
    match lane {
        Lane::Consensus => protocol("consensus", chain),
        Lane::Batch => protocol("batch", chain),
    }
}

fn protocol(name: &str, chain: &[u8; 32]) -> Result<StreamProtocol, NetError> {
    StreamProtocol::try_from_owned(format!("/ballast/{}/{name}/1", const_hex::encode(chain)))
        .map_err(|error| NetError::Transport(error.to_string()))
}

/// Listens and waits until the port is known.
pub(super) async fn listen(
    swarm: &mut Swarm<Behaviour>,
    listen: &str,
) -> Result<SocketAddr, NetError> {
    let failed = |reason: String| NetError::Listen { address: listen.to_owned(), reason };
    let host = peer::host_and_port(listen)?;
    let mut found = lookup_host(host).await.map_err(|error| failed(error.to_string()))?;
    let mut address = found.next().ok_or_else(|| failed("no such name".to_owned()))?;
    // libp2p sets SO_REUSEPORT: a second node on the port would get half of the connections
    // instead of an error. Binding without it first tells.
    drop(TcpListener::bind(address).await.map_err(|error| failed(error.to_string()))?);
    let multiaddr = Multiaddr::from(address.ip()).with(Protocol::Tcp(address.port()));
    swarm.listen_on(multiaddr).map_err(|error| failed(error.to_string()))?;
    address.set_port(bound_port(swarm).await.map_err(failed)?);
    Ok(address)
}

async fn bound_port(swarm: &mut Swarm<Behaviour>) -> Result<u16, String> {
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { address, .. } => {
                let port = address.iter().find_map(|part| match part {
                    Protocol::Tcp(port) => Some(port),
                    _ => None,
                });
                return port.ok_or_else(|| format!("not a TCP address: {address}"));
            }
            SwarmEvent::ListenerClosed { reason: Err(error), .. }
            | SwarmEvent::ListenerError { error, .. } => return Err(error.to_string()),
            // Nobody is listed yet: whoever comes this early is turned away, and dials again.
            _ => {}
        }
    }
}

/// A multiplexer whose closing does not wait. See the head of this file.
struct Abrupt<M>(M);

impl<M: StreamMuxer + Unpin> StreamMuxer for Abrupt<M> {
    type Substream = M::Substream;
    type Error = M::Error;

    fn poll_inbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        Pin::new(&mut self.0).poll_inbound(cx)
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        Pin::new(&mut self.0).poll_outbound(cx)
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        Pin::new(&mut self.0).poll(cx)
    }
}
