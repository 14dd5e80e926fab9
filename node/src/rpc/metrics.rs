//! What the gRPC port counts, named `ballast_rpc_*`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// For how long a port that turned somebody away for lack of places says so.
pub const FULL_FOR: Duration = Duration::from_secs(30);

/// Why a connection was not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Every place has an open call.
    Full,
    /// Every place of its address has an open call.
    AddressFull,
    /// It did not begin in time.
    Silent,
    /// Its TLS handshake or its first bytes were wrong.
    Handshake,
}

impl Refused {
    const ALL: [Self; 4] = [Self::Full, Self::AddressFull, Self::Silent, Self::Handshake];

    pub const fn label(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::AddressFull => "address_full",
            Self::Silent => "silent",
            Self::Handshake => "handshake",
        }
    }
}

/// Handles to the port's metrics; clones share the values.
#[derive(Clone, Debug, Default)]
pub struct RpcMetrics {
    pub connections: Gauge,
    /// Connections closed because another needed the place.
    pub displaced: Counter,
    refused: Family<[(&'static str, &'static str); 1], Counter>,
    full_at: Arc<Mutex<Option<Instant>>>,
}

impl RpcMetrics {
    pub fn register(&self, registry: &mut Registry) {
        let connections = "gRPC connections open now";
        registry.register("ballast_rpc_connections", connections, self.connections.clone());
        let displaced = "gRPC connections closed because another needed the place";
        registry.register("ballast_rpc_displaced", displaced, self.displaced.clone());
        let refused = "gRPC connections refused, by reason";
        registry.register("ballast_rpc_refused", refused, self.refused.clone());
        for reason in Refused::ALL {
            self.counter(reason).inc_by(0);
        }
    }

    pub fn refuse(&self, reason: Refused) {
        self.counter(reason).inc();
        if reason == Refused::Full {
            *self.full_at.lock() = Some(Instant::now());
        }
    }

    /// Whether somebody was lately turned away because every place has an open call.
    pub fn is_full(&self, now: Instant) -> bool {
        self.full_at.lock().is_some_and(|at| now.saturating_duration_since(at) < FULL_FOR)
    }

    fn counter(&self, reason: Refused) -> Counter {
        self.refused.get_or_create_owned(&[("reason", reason.label())])
    }
}
