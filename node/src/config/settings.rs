//! The list of settings, and the commented file made from it.

use toml::{Table, Value};

use super::Config;

/// One thing that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    pub section: &'static str,
    pub name: &'static str,
    /// One line for people, as the commented file shows it.
    pub about: &'static str,
    /// Shown in the file for a setting without a default.
    pub example: &'static str,
}

impl Setting {
    /// As flags, `config show` and messages name it.
    pub fn key(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// The environment variable that sets it.
    pub fn variable(&self) -> String {
        format!("BALLAST_{}_{}", self.section, self.name).to_uppercase()
    }
}

/// The sections and what they are for, in the file's order.
pub(super) const SECTIONS: [(&str, &str); 7] = [
    ("node", "This node."),
    (
        "network",
        "The peer network. Which validators may connect is for the chain to say, not for this file.",
    ),
    ("rpc", "gRPC for wallets and integrators."),
    ("operator", "Health, status and metrics, for whoever runs this node."),
    ("consensus", "Timing. Values may differ between validators; slow links need longer timeouts."),
    ("store", "The database."),
    ("log", "Logs, on standard error."),
];

const fn setting(section: &'static str, name: &'static str, about: &'static str) -> Setting {
    Setting { section, name, about, example: "" }
}

pub const SETTINGS: &[Setting] = &[
    setting("node", "name", "A name for people, in logs and metrics."),
    setting("network", "listen", "Where peers connect, host:port."),
    Setting {
        section: "network",
        name: "peers",
        about: "Where to reach peers: their public peer key and host:port. \
                As a variable or flag: KEY@HOST:PORT,KEY@HOST:PORT.",
        example: "[{ key = \"<64 hex digits>\", address = \"validator-2.example:7300\" }]",
    },
    Setting {
        section: "network",
        name: "observers",
        about: "Nodes to let in that follow without a vote: their public peer key and consensus \
                key. As a variable or flag: PEER_KEY:CONSENSUS_KEY,PEER_KEY:CONSENSUS_KEY.",
        example: "[{ key = \"<64 hex digits>\", consensus_key = \"<64 hex digits>\" }]",
    },
    setting("rpc", "listen", "Where clients connect, ip:port. Beyond loopback TLS is required."),
    Setting {
        section: "rpc",
        name: "tls_cert",
        about: "Certificate chain, a PEM file.",
        example: "\"/etc/ballast/rpc.crt\"",
    },
    Setting {
        section: "rpc",
        name: "tls_key",
        about: "Private key of the certificate, a PEM file.",
        example: "\"/etc/ballast/rpc.key\"",
    },
    Setting {
        section: "rpc",
        name: "tls_client_ca",
        about: "With it, clients need a certificate of this authority, a PEM file.",
        example: "\"/etc/ballast/clients.crt\"",
    },
    setting("rpc", "max_connections", "Connections at once."),
    setting("rpc", "max_connections_per_address", "Connections at once from one address."),
    setting(
        "rpc",
        "max_calls_per_second",
        "Calls of one address each second; twice as many at once.",
    ),
    setting("rpc", "request_timeout_ms", "How long a request that does not wait may take."),
    setting("operator", "listen", "Where /livez, /readyz, /status and /metrics are, ip:port."),
    setting("consensus", "propose_timeout_ms", "The longest wait for a proposal."),
    setting("consensus", "prevote_timeout_ms", "The longest wait for more prevotes."),
    setting("consensus", "precommit_timeout_ms", "The longest wait for more precommits."),
    setting("consensus", "timeout_step_ms", "Added to each timeout for every round above zero."),
    setting(
        "consensus",
        "min_block_interval_ms",
        "Least time from one block to the start of the next, on a quiet chain.",
    ),
    setting("consensus", "busy_block_interval_ms", "The same under load."),
    setting("consensus", "heartbeat_ms", "An idle chain makes an empty block this often."),
    setting("consensus", "batch_delay_ms", "How long a batch waits for more, on a quiet chain."),
    setting("consensus", "busy_batch_delay_ms", "The same under load."),
    setting("consensus", "batch_bytes", "A batch of this many bytes leaves at once."),
    setting("store", "block_cache_mib", "Memory for the database's block cache."),
    setting("log", "format", "auto (text on a terminal, JSON elsewhere), text or json."),
    setting("log", "filter", "What to log, such as info,ballast_node=debug."),
];

impl Config {
    /// The commented file: every setting with its meaning and default, all commented out, so
    /// that a new release's defaults reach those who changed nothing.
    pub fn default_toml() -> String {
        let defaults = Self::default().to_table();
        let mut text = String::from(
            "# Ballast node. Lines that start with # are the defaults.\n\
             # Stronger than this file: BALLAST_<SECTION>_<NAME> variables, then --set flags.\n",
        );
        for (section, about) in SECTIONS {
            text.push_str(&format!("\n# {about}\n[{section}]\n"));
            for setting in SETTINGS.iter().filter(|setting| setting.section == section) {
                let default = value_of(&defaults, setting);
                let shown = match default {
                    Some(value) if setting.example.is_empty() => value.to_string(),
                    _ => setting.example.to_owned(),
                };
                text.push_str(&format!("# {}\n#{} = {shown}\n", setting.about, setting.name));
            }
        }
        text
    }

    /// The configuration as sections of values.
    pub(super) fn to_table(&self) -> Table {
        // Every field is a string, a number below 2^63 or a list of tables.
        Table::try_from(self).unwrap_or_default()
    }
}

pub(super) fn value_of<'a>(table: &'a Table, setting: &Setting) -> Option<&'a Value> {
    table.get(setting.section)?.as_table()?.get(setting.name)
}
