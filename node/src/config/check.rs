//! What single values cannot say for themselves.

use super::{ConfigError, Loaded};

/// As the replica bounds them; a batch must also leave room for its frame.
const BATCH_BYTES: std::ops::RangeInclusive<u64> = 1_024..=4 * 1024 * 1024;
const TIMEOUT_MS: std::ops::RangeInclusive<u64> = 10..=60_000;

impl Loaded {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.check_rpc()?;
        self.check_peers()?;
        self.check_consensus()?;
        let name = &self.config.node.name;
        self.require("node.name", !name.is_empty() && name.len() <= 64, "must be 1 to 64 bytes")?;
        let cache = self.config.store.block_cache_mib;
        self.require("store.block_cache_mib", (8..=65_536).contains(&cache), "8 to 65536")?;
        let filter = tracing_subscriber::EnvFilter::try_new(&self.config.log.filter);
        self.require("log.filter", filter.is_ok(), "is not a filter such as info,libp2p=warn")
    }

    fn check_rpc(&self) -> Result<(), ConfigError> {
        let rpc = &self.config.rpc;
        let both = rpc.tls_cert.is_some() == rpc.tls_key.is_some();
        self.require("rpc.tls_key", both, "rpc.tls_cert and rpc.tls_key go together")?;
        let tls = rpc.tls_cert.is_some();
        let ca_fits = tls || rpc.tls_client_ca.is_none();
        self.require("rpc.tls_client_ca", ca_fits, "needs rpc.tls_cert and rpc.tls_key")?;
        let open = format!("{} is not loopback: set rpc.tls_cert and rpc.tls_key", rpc.listen);
        self.require("rpc.listen", tls || rpc.listen.ip().is_loopback(), &open)?;
        self.require("rpc.max_connections", rpc.max_connections > 0, "must be at least 1")?;
        let per_address = rpc.max_connections_per_address > 0;
        self.require("rpc.max_connections_per_address", per_address, "must be at least 1")?;
        let calls = rpc.max_calls_per_second > 0;
        self.require("rpc.max_calls_per_second", calls, "must be at least 1")?;
        self.require("rpc.request_timeout_ms", rpc.request_timeout_ms > 0, "must be at least 1")
    }

    fn check_peers(&self) -> Result<(), ConfigError> {
        for peer in &self.config.network.peers {
            self.require_key("network.peers", &peer.key)?;
            let why = format!("\"{}\" is not host:port", peer.address);
            self.require("network.peers", is_address(&peer.address), &why)?;
        }
        for observer in &self.config.network.observers {
            self.require_key("network.observers", &observer.key)?;
            self.require_key("network.observers", &observer.consensus_key)?;
        }
        let listen = &self.config.network.listen;
        self.require(
            "network.listen",
            is_address(listen),
            &format!("\"{listen}\" is not host:port"),
        )
    }

    fn check_consensus(&self) -> Result<(), ConfigError> {
        let consensus = &self.config.consensus;
        for (key, value) in [
            ("consensus.propose_timeout_ms", consensus.propose_timeout_ms),
            ("consensus.prevote_timeout_ms", consensus.prevote_timeout_ms),
            ("consensus.precommit_timeout_ms", consensus.precommit_timeout_ms),
            ("consensus.heartbeat_ms", consensus.heartbeat_ms),
        ] {
            self.require(key, TIMEOUT_MS.contains(&value), "must be 10 to 60000")?;
        }
        for (key, value) in [
            ("consensus.timeout_step_ms", consensus.timeout_step_ms),
            ("consensus.min_block_interval_ms", consensus.min_block_interval_ms),
            ("consensus.busy_block_interval_ms", consensus.busy_block_interval_ms),
        ] {
            self.require(key, value <= 60_000, "must be at most 60000")?;
        }
        for (key, value) in [
            ("consensus.batch_delay_ms", consensus.batch_delay_ms),
            ("consensus.busy_batch_delay_ms", consensus.busy_batch_delay_ms),
        ] {
            self.require(key, value <= 1_000, "must be at most 1000")?;
        }
        let bytes = BATCH_BYTES.contains(&consensus.batch_bytes);
        self.require("consensus.batch_bytes", bytes, "must be 1024 to 4194304")
    }

    fn require_key(&self, key: &str, text: &str) -> Result<(), ConfigError> {
        let public = text.parse::<ballast_primitives::PublicKey>();
        let good = public
            .is_ok_and(|public| ballast_primitives::signature::check_public_key(&public).is_ok());
        self.require(key, good, &format!("\"{text}\" is not a public key of 64 hex digits"))
    }

    fn require(&self, key: &str, holds: bool, why: &str) -> Result<(), ConfigError> {
        if holds {
            return Ok(());
        }
        let (key, origin) = (key.to_owned(), self.origin(key));
        Err(ConfigError::BadValue { origin, key, why: why.to_owned() })
    }
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}
