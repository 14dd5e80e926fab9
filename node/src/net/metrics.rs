//! Counters, named `ballast_net_*`.

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::Lane;

type PerLane = Family<[(&'static str, &'static str); 1], Counter>;

/// What one lane has carried.
#[derive(Clone, Debug, Default)]
pub struct LaneMetrics {
    pub frames_in: Counter,
    pub bytes_in: Counter,
    pub frames_out: Counter,
    pub bytes_out: Counter,
    /// Frames that `send` refused because the peer's queue was full.
    pub dropped: Counter,
}

/// The network's counters; clones share them.
#[derive(Clone, Debug)]
pub struct NetMetrics {
    pub consensus: LaneMetrics,
    pub batch: LaneMetrics,
    /// Connections turned away or cut for a breach of protocol, reported or not.
    pub rejected: Counter,
    /// Requests of peers that failed because too many of theirs were open.
    pub requests_dropped: Counter,
    /// Listed peers that are connected now, and cut off for what they sent.
    pub connected: Gauge,
    pub cut: Gauge,
    /// Inbound handshakes in progress, and displaced by newer ones.
    pub handshakes: Gauge,
    pub handshakes_displaced: Counter,
    families: Families,
}

#[derive(Clone, Debug, Default)]
struct Families {
    frames_in: PerLane,
    bytes_in: PerLane,
    frames_out: PerLane,
    bytes_out: PerLane,
    dropped: PerLane,
}

impl Families {
    fn lane(&self, name: &'static str) -> LaneMetrics {
        let counter = |family: &PerLane| family.get_or_create(&[("lane", name)]).clone();
        LaneMetrics {
            frames_in: counter(&self.frames_in),
            bytes_in: counter(&self.bytes_in),
            frames_out: counter(&self.frames_out),
            bytes_out: counter(&self.bytes_out),
            dropped: counter(&self.dropped),
        }
    }
}

impl Default for NetMetrics {
    fn default() -> Self {
        let families = Families::default();
        Self {
            consensus: families.lane("consensus"),
            batch: families.lane("batch"),
            rejected: Counter::default(),
            requests_dropped: Counter::default(),
            connected: Gauge::default(),
            cut: Gauge::default(),
            handshakes: Gauge::default(),
            handshakes_displaced: Counter::default(),
            families,
        }
    }
}

impl NetMetrics {
    pub fn lane(&self, lane: Lane) -> &LaneMetrics {
        match lane {
            Lane::Consensus => &self.consensus,
            Lane::Batch => &self.batch,
        }
    }

    /// Adds every counter under its full name (the registry appends `_total` to counters).
    pub fn register(&self, registry: &mut Registry) {
        let families = &self.families;
        for (name, help, family) in [
            ("ballast_net_frames_in", "Frames received", &families.frames_in),
            ("ballast_net_bytes_in", "Bytes of frames received", &families.bytes_in),
            ("ballast_net_frames_out", "Frames sent", &families.frames_out),
            ("ballast_net_bytes_out", "Bytes of frames sent", &families.bytes_out),
            ("ballast_net_dropped", "Frames refused: queue full", &families.dropped),
        ] {
            registry.register(name, help, family.clone());
        }
        let rejected = "Connections turned away or cut for a breach of protocol";
        registry.register("ballast_net_rejected", rejected, self.rejected.clone());
        let dropped = "Requests of peers beyond their limit";
        registry.register("ballast_net_requests_dropped", dropped, self.requests_dropped.clone());
        let connected = "Listed peers connected now";
        registry.register("ballast_net_connected_peers", connected, self.connected.clone());
        let cut = "Listed peers cut off for what they sent";
        registry.register("ballast_net_cut_peers", cut, self.cut.clone());
        let handshakes = "Inbound handshakes in progress";
        registry.register("ballast_net_handshakes", handshakes, self.handshakes.clone());
        let displaced = "Inbound handshakes displaced by newer ones";
        let counter = self.handshakes_displaced.clone();
        registry.register("ballast_net_handshakes_displaced", displaced, counter);
    }
}
