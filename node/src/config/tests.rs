use std::collections::BTreeSet;
use std::io::Write as _;

use super::*;

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn load(text: &str, variables: &[(&str, &str)], flags: &[&str]) -> Result<Loaded, String> {
    let file = file(text);
    let variables = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let flags: Vec<_> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let path = file.path().display().to_string();
    Loaded::new(Some(file.path()), variables, &flags)
        .map_err(|error| error.to_string().replace(&path, "FILE"))
}

#[test]
fn every_field_is_a_setting_and_every_setting_a_field() {
    let mut full = Config::default();
    full.rpc.tls_cert = Some("a".into());
    full.rpc.tls_key = Some("b".into());
    full.rpc.tls_client_ca = Some("c".into());
    let mut fields = BTreeSet::new();
    for (section, values) in full.to_table() {
        for (name, _) in values.as_table().unwrap() {
            fields.insert(format!("{section}.{name}"));
        }
    }
    assert_eq!(fields, SETTINGS.iter().map(Setting::key).collect());
}

#[test]
fn the_commented_file_gives_the_defaults_and_so_does_it_with_its_comments_removed() {
    let text = Config::default_toml();
    let loaded = load(&text, &[], &[]).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert!(loaded.values().iter().all(|(_, _, origin)| *origin == Origin::Default));
    let uncommented: String = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest)
                if !rest.starts_with(' ') && !rest.contains('<') && !rest.contains("tls_") =>
            {
                rest
            }
            _ => line,
        })
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(load(&uncommented, &[], &[]).unwrap().config, Config::default());
}

#[test]
fn the_defaults_are_those_of_the_replica_and_the_store() {
    let (ours, theirs) = (ConsensusConfig::default(), ballast_replica::Config::default());
    let as_ours = ConsensusConfig {
        propose_timeout_ms: theirs.propose_timeout_ms,
        prevote_timeout_ms: theirs.prevote_timeout_ms,
        precommit_timeout_ms: theirs.precommit_timeout_ms,
        timeout_step_ms: theirs.timeout_step_ms,
        min_block_interval_ms: theirs.block_interval_ms,
        busy_block_interval_ms: theirs.busy_block_interval_ms,
        heartbeat_ms: theirs.heartbeat_ms,
        batch_delay_ms: theirs.batch_delay_ms,
        busy_batch_delay_ms: theirs.busy_batch_delay_ms,
        batch_bytes: theirs.batch_bytes as u64,
    };
    assert_eq!(ours, as_ours);
    let cache = crate::store::StoreOptions::default().block_cache_bytes as u64;
    assert_eq!(StoreConfig::default().block_cache_mib << 20, cache);
}

#[test]
fn a_later_layer_wins_and_every_value_says_where_it_came_from() {
    let file = "[rpc]\nlisten = \"127.0.0.1:1\"\nmax_connections = 5\n[log]\nfilter = \"warn\"\n";
    let variables = [("BALLAST_RPC_LISTEN", "127.0.0.1:2"), ("BALLAST_LOG_FORMAT", "json")];
    let loaded = load(file, &variables, &["rpc.listen=127.0.0.1:3"]).unwrap();
    assert_eq!(loaded.config.rpc.listen.port(), 3);
    assert_eq!(loaded.config.rpc.max_connections, 5);
    assert_eq!(loaded.config.log.format, LogFormat::Json);
    assert_eq!(loaded.origin("rpc.listen"), Origin::Flag("--set rpc.listen=127.0.0.1:3".into()));
    assert_eq!(loaded.origin("log.format"), Origin::Variable("BALLAST_LOG_FORMAT".into()));
    assert!(matches!(loaded.origin("log.filter"), Origin::File(_)));
    assert_eq!(loaded.origin("node.name"), Origin::Default);
}

#[test]
fn peers_are_read_from_a_file_and_from_a_variable() {
    let key = ballast_primitives::SecretKey::dev("config", "peer").public().to_string();
    let text = format!("[[network.peers]]\nkey = \"{key}\"\naddress = \"a.example:7300\"\n");
    let from_file = load(&text, &[], &[]).unwrap().config.network.peers;
    let variable = format!("{key}@a.example:7300");
    let from_variable = load("", &[("BALLAST_NETWORK_PEERS", &variable)], &[]).unwrap();
    assert_eq!(from_file, from_variable.config.network.peers);
    assert_eq!(from_file, [PeerConfig { key, address: "a.example:7300".into() }]);
}

#[test]
fn observers_are_read_from_a_file_and_from_a_variable() {
    let key = |label| ballast_primitives::SecretKey::dev("config", label).public().to_string();
    let (peer, consensus) = (key("peer"), key("consensus"));
    let text =
        format!("[[network.observers]]\nkey = \"{peer}\"\nconsensus_key = \"{consensus}\"\n");
    let from_file = load(&text, &[], &[]).unwrap().config.network.observers;
    let flag = format!("network.observers={peer}:{consensus}");
    assert_eq!(from_file, load("", &[], &[&flag]).unwrap().config.network.observers);
    assert_eq!(from_file, [ObserverConfig { key: peer, consensus_key: consensus }]);
    let error = load("", &[], &["network.observers=00:11"]).unwrap_err();
    assert!(error.contains("network.observers: \"00\" is not a public key"), "{error}");
}

#[test]
fn each_mistake_names_its_place_and_its_key() {
    for (text, expected) in [
        ("[rpc]\nlistn = 1\n", "FILE: unknown key \"rpc.listn\"; did you mean \"listen\"?"),
        ("[nonsense]\na = 1\n", "FILE: unknown key \"nonsense\""),
        ("top = 1\n", "FILE: unknown key \"top\""),
        ("[rpc]\nmax_connections = \"many\"\n", "FILE: rpc.max_connections: invalid type"),
        ("[rpc]\nmax_connections = -1\n", "FILE: rpc.max_connections: invalid value"),
        ("[rpc]\nlisten = \"here\"\n", "FILE: rpc.listen: invalid socket address"),
        ("[rpc]\nlisten = \"0.0.0.0:1\"\n", "FILE: rpc.listen: 0.0.0.0:1 is not loopback"),
        ("[rpc]\ntls_cert = \"a\"\n", "rpc.tls_key: rpc.tls_cert and rpc.tls_key go together"),
        (
            "[[network.peers]]\nkey = \"00\"\naddress = \"a:1\"\n",
            "FILE: network.peers: \"00\" is not",
        ),
        ("[network]\nlisten = \"nowhere\"\n", "FILE: network.listen: \"nowhere\" is not host:port"),
        ("[consensus]\nheartbeat_ms = 1\n", "FILE: consensus.heartbeat_ms: must be 10 to 60000"),
        ("[log]\nfilter = \"a=b=c\"\n", "FILE: log.filter: is not a filter"),
        ("[log]\nformat = \"xml\"\n", "FILE: log.format: unknown variant"),
        ("[rpc\n", "FILE: is not TOML"),
    ] {
        let error = load(text, &[], &[]).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let error = load("", &[("BALLAST_RPC_PORT", "1")], &[]).unwrap_err();
    assert!(error.starts_with("BALLAST_RPC_PORT: unknown key"), "{error}");
    let error = load("", &[("BALLAST_RPC_MAX_CONNECTIONS", "x")], &[]).unwrap_err();
    assert_eq!(error, "BALLAST_RPC_MAX_CONNECTIONS: rpc.max_connections: cannot read \"x\"");
    let error = load("", &[], &["rpc.listen"]).unwrap_err();
    assert!(error.contains("expected SECTION.NAME=VALUE"), "{error}");
}

#[test]
fn variables_of_other_tools_are_left_alone() {
    let loaded = load("", &[("BALLAST_BIN_DIR", "/x"), ("BALLAST_ENDPOINT", "y")], &[]).unwrap();
    assert_eq!(loaded.config, Config::default());
}

#[test]
fn beyond_loopback_rpc_needs_tls() {
    let text = "[rpc]\nlisten = \"0.0.0.0:1\"\ntls_cert = \"a\"\ntls_key = \"b\"\n";
    assert!(load(text, &[], &[]).is_ok());
    assert!(load("[rpc]\nlisten = \"[::1]:1\"\n", &[], &[]).is_ok());
}
