//! The checks behind `/readyz`.

use std::fmt;
use std::time::{Duration, Instant};

use super::disk::Level;
use super::status::{NodeStatus, Voting};

/// When a node is no longer ready.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Heights behind the best known.
    pub lag_max: u64,
    /// Without a commit. The idle chain commits every heartbeat.
    pub commit_age_max: Duration,
}

impl Limits {
    /// Four heartbeats without a block, or eight blocks behind.
    pub fn for_heartbeat(heartbeat: Duration) -> Self {
        Self { lag_max: 8, commit_age_max: heartbeat.saturating_mul(4) }
    }
}

/// One check: passed or failed, and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub name: &'static str,
    outcome: Result<String, String>,
}

impl Check {
    pub const fn passed(&self) -> bool {
        self.outcome.is_ok()
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Ok(detail) => write!(f, "[+] {}: {detail}", self.name),
            Err(detail) => write!(f, "[-] {}: {detail}", self.name),
        }
    }
}

/// Every check, always in the same order.
pub fn checks(status: &NodeStatus, limits: &Limits, now: Instant) -> Vec<Check> {
    [
        ("engine", engine(status)),
        ("lag", lag(status, limits)),
        ("peers", peers(status)),
        ("commit", commit(status, limits, now)),
        ("signer", signer(status)),
        ("disk", disk(status)),
        ("rules", verdict(!status.rules.outdated, status.rules.line())),
        ("clock", clock(status)),
    ]
    .map(|(name, outcome)| Check { name, outcome })
    .to_vec()
}

/// Whether newcomers find a place at the gRPC port.
pub(super) fn grpc(connections: i64, is_full: bool) -> Check {
    let outcome = match is_full {
        false => Ok(format!("{connections} connections")),
        true => {
            Err(format!("{connections} connections, all with open calls: newcomers are refused"))
        }
    };
    Check { name: "grpc", outcome }
}

type Outcome = Result<String, String>;

fn verdict(holds: bool, detail: String) -> Outcome {
    if holds { Ok(detail) } else { Err(detail) }
}

fn engine(status: &NodeStatus) -> Outcome {
    status
        .stuck
        .clone()
        .map_or_else(|| Ok("running".to_owned()), |why| Err(format!("stuck: {why}")))
}

fn lag(status: &NodeStatus, limits: &Limits) -> Outcome {
    let behind = status.best_height.saturating_sub(status.height);
    let mut detail = format!("{behind} behind, at height {}", status.height);
    if status.syncing {
        let failure = status.sync_failure.as_ref();
        let failure = failure.map_or_else(String::new, |what| format!(", last failure {what}"));
        detail = format!("{detail}, syncing{failure}");
    }
    verdict(!status.syncing && behind <= limits.lag_max, detail)
}

fn peers(status: &NodeStatus) -> Outcome {
    let (connected, listed) = (status.peers_connected, status.peers_listed);
    let detail = format!("{connected} of {listed} connected");
    if status.voting == Voting::Observer {
        return verdict(connected > 0, format!("{detail}, an observer needs one"));
    }
    let quorum = if status.peers_quorum { "a quorum" } else { "no quorum" };
    verdict(status.peers_quorum, format!("{detail}, {quorum}"))
}

fn commit(status: &NodeStatus, limits: &Limits, now: Instant) -> Outcome {
    let Some(last) = status.last_commit else {
        return Err("no commit since the start".to_owned());
    };
    let age = now.saturating_duration_since(last);
    let detail = format!("last {:.1} s ago", age.as_secs_f64());
    verdict(age <= limits.commit_age_max, detail)
}

fn signer(status: &NodeStatus) -> Outcome {
    match &status.voting {
        Voting::Yes => Ok("voting".to_owned()),
        Voting::Observer => Ok("observer, not in the validator set".to_owned()),
        Voting::No(why) => Err(format!("not voting: {why}")),
    }
}

fn clock(status: &NodeStatus) -> Outcome {
    let Some(skew) = status.clock_skew_ms else {
        return Ok("agrees with the others".to_owned());
    };
    let (by, side) = (skew.unsigned_abs(), if skew > 0 { "ahead of" } else { "behind" });
    Err(format!("{by} ms or more {side} most validators' clocks: is NTP running?"))
}

fn disk(status: &NodeStatus) -> Outcome {
    let Some(space) = &status.disk else {
        return Ok("free space not known".to_owned());
    };
    let detail = space.to_string();
    verdict(matches!(space.level(), Level::Enough | Level::Low), detail)
}
