//! Nodes come to an upgrade of the rules, with a release that has it and with one that lacks it.

use ballast_node::setup::RunError;
use ballast_primitives::Hash;
use ballast_runtime::object::Upgrade;
use ballast_runtime::{Key, Object, Rulebook, Rules};

use crate::harness::{BALANCE, Engines, Spec};

/// The second version exists here only.
const VERSIONS: &[Rules] = &[Rules::V1, Rules { version: 2, memo_bytes_max: 64, ..Rules::V1 }];
const BEFORE: Rulebook = Rulebook::SHIPPED;
const AT: Rulebook = Rulebook::new(VERSIONS);
const HEIGHT: u64 = 12;

fn spec(programs: [Rulebook; 4]) -> Spec {
    let code = Hash([1; 32]);
    let upgrade = Upgrade { version: 2, code, height: HEIGHT, ..Upgrade::AT_GENESIS };
    let objects = vec![(Key::Upgrade, Object::Upgrade(upgrade))];
    Spec { objects, heartbeat_ms: 100, programs: programs.to_vec(), ..Spec::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_the_version_stands_still_says_so_everywhere_and_goes_on_with_another_release()
 {
    let folder = tempfile::tempdir().unwrap();
    let late = spec([AT, AT, AT, BEFORE]);
    let engines = Engines::start(folder.path(), &late);
    engines
        .until(3, "a warning", |status| {
            let rules = &status.rules;
            rules.line().contains("WARNING") && rules.scheduled.is_some() && rules.ready() == 3
        })
        .await;
    assert!(!engines.status(3).unwrap().rules.is_ready());
    engines.until(3, "an end", |status| status.rules.outdated).await;
    engines
        .until(0, "a new version", |status| {
            let rules = &status.rules;
            rules.version == 2 && status.height > HEIGHT + 3 && rules.scheduled.is_none()
        })
        .await;
    engines.pay(0, 1).await;
    // It is not ready and votes no more, and serves what it has.
    let told = engines.status(3).unwrap();
    assert_eq!((told.height, told.rules.version, told.ready), (HEIGHT - 1, 1, false));
    assert!(told.voting.contains("newer than its release"), "{}", told.voting);
    let failing = told.failing.iter().find(|line| line.starts_with("[-] rules:")).unwrap();
    let release = Hash([1; 32]).to_string();
    for part in ["version 2", "install release", release.as_str(), "validators ready: 3 of 4"] {
        assert!(failing.contains(part), "{part}: {failing}");
    }
    assert_eq!(engines.balance(3, 0).await, BALANCE);
    assert_eq!(engines.block(3, 5).await.header, engines.block(0, 5).await.header);
    let runs: Vec<_> = told.rules.validators.iter().map(|runs| runs.release.clone()).collect();
    assert!(runs.iter().all(Option::is_some), "{runs:?}");

    let (engines, ends) = engines.restart(&spec([AT; 4])).await;
    for end in &ends[..3] {
        assert!(end.is_ok(), "{end:?}");
    }
    let end = ends[3].as_ref().unwrap_err();
    assert!(matches!(end, RunError::Upgrade(_)) && end.exit_code() == 10, "{end:?}");
    assert!(end.to_string().contains("install release"), "{end}");
    engines.until(3, "a new version", |status| status.rules.version == 2).await;
    engines.until(3, "the payment", |status| status.height > HEIGHT + 3).await;

    // No way back.
    let (mut engines, _) = engines.restart(&spec([AT, BEFORE, AT, AT])).await;
    let end = engines.ended(1).await;
    assert!(matches!(end, RunError::Downgrade(_)) && end.exit_code() == 11, "{end:?}");
    assert!(end.to_string().contains("downgrade"), "{end}");
    engines.stop().await;
}
