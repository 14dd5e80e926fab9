//! The node's configuration: defaults, then `config.toml`, then `BALLAST_*` variables, then
//! `--set` flags. Every value remembers where it came from, and an unknown key is an error that
//! names it and its place.
//!
//! [`SETTINGS`] is the one list of what can be set; a test holds it and [`Config`] together.

mod check;
mod layers;
mod settings;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use layers::{Loaded, Origin};
pub use settings::{SETTINGS, Setting};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub node: NodeConfig,
    pub network: NetworkConfig,
    pub rpc: RpcConfig,
    pub operator: OperatorConfig,
    pub consensus: ConsensusConfig,
    pub store: StoreConfig,
    pub log: LogConfig,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// `host:port`.
    pub listen: String,
    pub peers: Vec<PeerConfig>,
    pub observers: Vec<ObserverConfig>,
}

/// Where to reach a peer of the chain's list. Naming one here does not let it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerConfig {
    /// The peer's public network key, 64 hex digits.
    pub key: String,
    /// `host:port`.
    pub address: String,
}

/// A node that follows the chain without a vote, and that this node lets in. It dials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObserverConfig {
    /// Its public network key, 64 hex digits.
    pub key: String,
    /// Its public consensus key, 64 hex digits: the author of the batches it packs.
    pub consensus_key: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RpcConfig {
    pub listen: SocketAddr,
    /// PEM files. Both or none; none only on loopback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_cert: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<PathBuf>,
    /// With it, only clients with a certificate of this authority are let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_ca: Option<PathBuf>,
    pub max_connections: u32,
    pub max_connections_per_address: u32,
    pub max_calls_per_second: u32,
    pub request_timeout_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorConfig {
    pub listen: SocketAddr,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsensusConfig {
    pub propose_timeout_ms: u64,
    pub prevote_timeout_ms: u64,
    pub precommit_timeout_ms: u64,
    /// Added to each timeout for every round above zero.
    pub timeout_step_ms: u64,
    /// The least time from one block to the start of the next height, on a quiet chain.
    pub min_block_interval_ms: u64,
    /// The same under load.
    pub busy_block_interval_ms: u64,
    /// How long the chain may stand without a transaction before an empty block is made.
    pub heartbeat_ms: u64,
    pub batch_delay_ms: u64,
    pub busy_batch_delay_ms: u64,
    pub batch_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    pub block_cache_mib: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    pub format: LogFormat,
    pub filter: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    Text,
    Json,
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

impl Default for NodeConfig {
    fn default() -> Self {
        Self { name: "validator".to_owned() }
    }
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self { listen: "0.0.0.0:7300".to_owned(), peers: Vec::new(), observers: Vec::new() }
    }
}

impl Default for RpcConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(LOOPBACK, 7301),
            tls_cert: None,
            tls_key: None,
            tls_client_ca: None,
            max_connections: 1024,
            max_connections_per_address: 64,
            max_calls_per_second: 10_000,
            request_timeout_ms: 10_000,
        }
    }
}

impl Default for OperatorConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::new(LOOPBACK, 7302) }
    }
}

impl Default for ConsensusConfig {
    fn default() -> Self {
        Self {
            propose_timeout_ms: 2_000,
            prevote_timeout_ms: 500,
            precommit_timeout_ms: 500,
            timeout_step_ms: 500,
            min_block_interval_ms: 20,
            busy_block_interval_ms: 60,
            heartbeat_ms: 5_000,
            batch_delay_ms: 3,
            busy_batch_delay_ms: 12,
            batch_bytes: 256 * 1024,
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { block_cache_mib: 64 }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        // The consensus core reports every vote at info.
        let filter = "info,arc_malachitebft=warn".to_owned();
        Self { format: LogFormat::Auto, filter }
    }
}

/// Why a configuration cannot be used. Each names the place to mend.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    #[error("{origin}: cannot be read: {why}")]
    Unreadable { origin: Origin, why: String },
    #[error("{origin}: is not TOML: {why}")]
    Syntax { origin: Origin, why: String },
    #[error("{origin}: unknown key \"{key}\"{}", hint(.nearest))]
    UnknownKey { origin: Origin, key: String, nearest: Option<&'static str> },
    #[error("{origin}: {key}: {why}")]
    BadValue { origin: Origin, key: String, why: String },
}

fn hint(nearest: &Option<&str>) -> String {
    nearest.map(|key| format!("; did you mean \"{key}\"?")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
