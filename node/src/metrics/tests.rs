use std::collections::BTreeMap;

use prometheus_client::encoding::text::encode;

use super::*;

/// Full name → kind, of everything in `registry`.
fn registered(registry: &Registry) -> BTreeMap<String, String> {
    let mut text = String::new();
    encode(&mut text, registry).unwrap();
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let full = |(name, kind): (&str, &str)| match kind {
        "counter" => (format!("{name}_total"), kind.to_owned()),
        _ => (name.to_owned(), kind.to_owned()),
    };
    kinds.map(full).collect()
}

/// The rows of the catalogue's tables: `| name | kind | …`.
fn catalogue() -> BTreeMap<String, String> {
    let text = include_str!("../../../docs/metrics.md");
    let cell = |text: &str| text.trim().trim_matches('`').to_owned();
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split('|');
        Some((cell(cells.next()?), cell(cells.next()?)))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn the_catalogue_lists_exactly_what_the_node_exports() {
    let mut registry = Registry::default();
    let metrics = NodeMetrics::register(&mut registry);
    // What has a label for each validator is there once a validator has been named.
    metrics.round_failed("validator-0", "silent");
    metrics.passed_over("validator-0", false);
    metrics.clock_offset("validator-0", -3);
    metrics.left_out("validator-0", 1);
    drop(metrics.evidence("validator-0"));
    metrics.named("validator-0", 0);
    crate::net::NetMetrics::default().register(&mut registry);
    crate::rpc::RpcMetrics::default().register(&mut registry);
    assert_eq!(registered(&registry), catalogue(), "docs/metrics.md is not true any more");
}

#[test]
fn a_refusal_is_counted_under_its_reason() {
    let mut registry = Registry::default();
    let metrics = NodeMetrics::register(&mut registry);
    metrics.refused("EXPIRED").inc();
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    assert!(text.contains("ballast_transactions_refused_total{reason=\"EXPIRED\"} 1"), "{text}");
    assert!(text.contains("ballast_transactions_refused_total{reason=\"NONCE_USED\"} 0"), "{text}");
}
