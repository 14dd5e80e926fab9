//! The test vectors for implementations in other languages, `docs/spec/vectors`: what the code gives,
//! read by the layouts that the pages of docs/spec state (`pages`). A difference means that a format
//! changed, or that a page no longer says what the code does. Only when that is meant:
//! `BALLAST_BLESS=1 cargo test --release -p ballast-runtime --test vectors`.

#[path = "vectors/certificates.rs"]
mod certificates;
#[path = "vectors/chain.rs"]
mod chain;
mod common;
#[path = "vectors/keys.rs"]
mod keys;
#[path = "vectors/pages.rs"]
mod pages;
#[path = "vectors/proofs.rs"]
mod proofs;
#[path = "golden/scenario.rs"]
mod scenario;
#[path = "vectors/transactions.rs"]
mod transactions;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use ballast_primitives::domain::SignTag;
use ballast_primitives::{Domain, hash};
use ballast_runtime::Code;
use pages::{page, tables};
use serde_json::{Value, json};

/// Compares `text` with a committed file of docs/spec, or writes it when blessed.
fn check_text(file: &str, text: &str) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "docs", "spec", file].iter().collect();
    if std::env::var_os("BALLAST_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (line, expected)) in text.lines().zip(committed.lines()).enumerate() {
        assert_eq!(line, expected, "{file}, line {}", number + 1);
    }
    assert_eq!(text.lines().count(), committed.lines().count(), "{file}");
}

/// As [`check_text`], for a file of vectors.
fn check(file: &str, value: &Value) {
    let text = serde_json::to_string_pretty(value).unwrap() + "\n";
    check_text(&format!("vectors/{file}"), &text);
}

fn hex(bytes: impl AsRef<[u8]>) -> Value {
    json!(const_hex::encode(bytes))
}

#[test]
fn digests_and_tags_are_those_of_the_page() {
    let bytes = page("bytes.md");
    let domains = Domain::ALL.map(|domain| (format!("{domain:?}"), domain.context().to_owned()));
    let rows = tables(&bytes, &["Domain", "Context"]);
    assert!(rows.into_iter().map(|row| (row[0].clone(), row[1].clone())).eq(domains));
    let named = |tag: SignTag| String::from_utf8(tag.bytes().to_vec()).unwrap();
    let mut tags = SignTag::ALL.map(|tag| named(tag).trim_end_matches('\0').to_owned());
    let mut rows: Vec<_> =
        tables(&bytes, &["Tag", "What follows it"]).iter().map(|row| row[0].clone()).collect();
    tags.sort();
    rows.sort();
    assert_eq!(rows, tags);
    let digest = |domain: Domain| {
        let digest = hash::digest(domain, b"ballast").to_string();
        json!({ "context": domain.context(), "input": hex("ballast"), "digest": digest })
    };
    let tags = tags.map(|tag| json!({ "tag": tag, "bytes": hex(format!("{tag:\0<16}")) }));
    check("digests.json", &json!({ "digests": Domain::ALL.map(digest), "tags": tags }));
}

#[test]
fn codes_are_those_of_the_page() {
    let mut text = String::from(
        "# Codes\n\nWhy a transaction was refused or failed: the `code` of an Outcome, by its number, and \
         the reason\nin an answer, by its name. Numbers and names are never reused. Those below 100 leave \
         no trace on the\nchain (TX-30). Written by `runtime/tests/vectors.rs`.\n\n| No. | Name | Meaning \
         |\n|---|---|---|\n",
    );
    for code in Code::ALL {
        writeln!(text, "| {} | {} | {} |", code.number(), code.name(), code.text()).unwrap();
    }
    check_text("codes.md", &text);
}

#[test]
fn limits_are_those_of_the_page() {
    use ballast_primitives::block::{
        BATCH_BYTES_MAX, BATCH_SIGNATURES_MAX, BATCH_TXS_MAX, BATCHES_MAX, BLOCK_BYTES_MAX,
        BLOCK_SIGNATURES_MAX, BLOCK_TXS_MAX, EXECUTION_LAG_MAX,
    };
    use ballast_primitives::committee::VALIDATORS_MAX;
    use ballast_primitives::equivocation::{
        EVIDENCE_AHEAD, EVIDENCE_HEIGHTS, EVIDENCE_MAX, NAMED_AGAIN_MS,
    };
    use ballast_primitives::policy::KEYS_MAX;
    use ballast_primitives::turns::{
        BACKOFF_HEIGHTS, BACKOFF_HEIGHTS_MAX, FORGIVEN_HEIGHTS, TURNS_AHEAD, TURNS_MISSED_MAX,
    };
    use ballast_runtime::council_op::COUNCIL_OPS_MAX;
    use ballast_runtime::genesis::GENESIS_BYTES_MAX;
    use ballast_runtime::limits::*;
    use ballast_runtime::replay::WINDOW;
    use ballast_runtime::tx::{
        MEMO_BYTES_MAX, OPS_MAX, SIGNATURES_MAX, TX_BYTES_MAX, VALIDITY_MARGIN_MS, VALIDITY_MS_MAX,
        WITNESSES_MAX,
    };
    macro_rules! limits {
        ($($name:ident)*) => { BTreeMap::from([$((stringify!($name), $name.to_string()),)*]) };
    }
    let limits = limits! {
        TX_BYTES_MAX OPS_MAX MEMO_BYTES_MAX VALIDITY_MS_MAX VALIDITY_MARGIN_MS WITNESSES_MAX
        SIGNATURES_MAX KEYS_MAX WINDOW AUTH_MS_MAX OFFICER_FREEZE_MS FREEZE_COOLDOWN_MS PAUSE_MS_MAX SHORT_PAUSE_MS_MAX
        PAUSE_COOLDOWN_MS ROLE_TERM_MS_MAX CLASSES_MAX BANK_REF_BYTES_MAX RAIL_HOLD_MS_MAX
        REMOTE_BYTES_MAX NAME_BYTES_MAX URI_BYTES_MAX HOLIDAYS_MAX MEMBERS_MAX PROPOSALS_OPEN_MAX
        PROPOSALS_OF_ONE_MAX COUNCIL_OPS_MAX DELAY_MS_MAX VALIDATORS_MAX TURNS_MISSED_MAX TURNS_AHEAD BACKOFF_HEIGHTS
        BACKOFF_HEIGHTS_MAX FORGIVEN_HEIGHTS EVIDENCE_MAX EVIDENCE_HEIGHTS EVIDENCE_AHEAD
        NAMED_AGAIN_MS DRAFTS_MAX LINES_MAX
        EXCEPTIONS_MAX STANDARD_BYTES_MAX EXCEPTION_BYTES_MAX CUSTODIAN_BYTES_MAX
        TREASURY_DAYS_MAX REPO_DAYS_MAX REPORT_AGE_MS_MIN REPORT_AGE_MS_MAX ATTEST_QUORUM_MAX BPS
        CHECKPOINT_MS_MIN CHECKPOINT_MS_MAX CHECKPOINTS_KEPT FULL_CHECK_BLOCKS ALARMS_MAX REPORTS_LOOKED_AT
        ENDED_PER_BLOCK
        SLOTS_MAX BURST_MIN OBJECT_COST OBJECTS_PER_BURST REDEMPTION_KEPT_MS RECORD_KEPT_MS
        INCIDENTS_KEPT OBJECT_BYTES_MAX
        GENESIS_BYTES_MAX UPGRADE_AHEAD_MIN MINUTE_MS HOUR_MS DAY_MS MINUTES
        BATCH_BYTES_MAX BATCH_TXS_MAX BATCH_SIGNATURES_MAX BATCHES_MAX BLOCK_BYTES_MAX
        BLOCK_TXS_MAX BLOCK_SIGNATURES_MAX EXECUTION_LAG_MAX
    };
    let text = page("limits.md");
    let rows: BTreeMap<_, _> = tables(&text, &["Limit", "Value", "Meaning"])
        .into_iter()
        .map(|row| {
            let number = row[1].split(' ').next().unwrap_or_default().replace(',', "");
            (row[0].replace('`', ""), number)
        })
        .collect();
    let limits: BTreeMap<_, _> =
        limits.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(rows, limits);
    // None of the module is left out.
    for line in include_str!("../src/limits.rs").lines() {
        let constant = line.strip_prefix("pub const ").and_then(|line| line.split_once(':'));
        if let Some((name, _)) = constant {
            assert!(rows.contains_key(name), "{name} is not on the page");
        }
    }
}

/// A rule is cited by its number, so each number is one rule's.
#[test]
fn every_rule_has_a_number_of_its_own() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec");
    let mut rules = BTreeMap::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for line in fs::read_to_string(&path).unwrap().lines() {
            let number = line.strip_prefix("**").and_then(|line| line.split_once("**"));
            let Some((number, _)) = number.filter(|(number, _)| number.contains('-')) else {
                continue;
            };
            let earlier = rules.insert(number.to_owned(), name.clone());
            assert!(earlier.is_none(), "{number} in {name} and {}", earlier.unwrap_or_default());
        }
    }
    assert!(rules.len() > 100, "{}", rules.len());
}
