//! What the engine says of itself, and how it is shown.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::checks::Check;
use super::disk::Space;
use super::rules::RulesStatus;

/// The engine publishes a new one when something in it changes, at least at each commit.
#[derive(Clone, Debug)]
pub struct NodeStatus {
    pub name: String,
    pub chain_id: u32,
    /// Hex.
    pub genesis: String,
    /// Newest committed height and its block's time.
    pub height: u64,
    pub time_ms: u64,
    /// Newest height whose execution is done here.
    pub executed_height: u64,
    /// Of the height being decided.
    pub round: u32,
    /// The highest height that so many validators claim to have that one of them is honest.
    pub best_height: u64,
    /// Of the set that decides the next height.
    pub validators: usize,
    /// Validators of that set, other than this node, that are connected, and all of them.
    pub peers_connected: usize,
    pub peers_listed: usize,
    /// Whether this node and its connected peers together are a quorum.
    pub peers_quorum: bool,
    /// None before the first commit since the start.
    pub last_commit: Option<Instant>,
    pub started: Instant,
    /// Fetching decided blocks rather than deciding.
    pub syncing: bool,
    /// The last peer that failed when decided blocks were asked of it, where, and how.
    pub sync_failure: Option<String>,
    pub voting: Voting,
    /// Set, with the reason, when the node cannot go on by itself.
    pub stuck: Option<String>,
    /// The volume of the data folder, when it could be read.
    pub disk: Option<Space>,
    pub rules: RulesStatus,
    /// By how many milliseconds the clock here is ahead (negative: behind), when most validators'
    /// clocks say so.
    pub clock_skew_ms: Option<i64>,
    /// Validators that are passed over as proposers.
    pub passed_over: Vec<String>,
}

/// Whether this node signs votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voting {
    Yes,
    /// Its key is not in the validator set.
    Observer,
    /// It could, but must not now: why.
    No(String),
}

impl NodeStatus {
    pub fn new(name: String, chain_id: u32, genesis: String) -> Self {
        Self {
            name,
            chain_id,
            genesis,
            height: 0,
            time_ms: 0,
            executed_height: 0,
            round: 0,
            best_height: 0,
            validators: 0,
            peers_connected: 0,
            peers_listed: 0,
            peers_quorum: false,
            last_commit: None,
            started: Instant::now(),
            syncing: false,
            sync_failure: None,
            voting: Voting::No("starting".to_owned()),
            stuck: None,
            disk: None,
            rules: RulesStatus::default(),
            clock_skew_ms: None,
            passed_over: Vec::new(),
        }
    }

    pub(super) fn report(&self, checks: &[Check], now: Instant) -> StatusReport {
        let age_ms = |since: Instant| now.saturating_duration_since(since).as_millis();
        StatusReport {
            schema: StatusReport::SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            name: self.name.clone(),
            chain_id: self.chain_id,
            genesis: self.genesis.clone(),
            ready: checks.iter().all(Check::passed),
            height: self.height,
            time_ms: self.time_ms,
            executed_height: self.executed_height,
            round: self.round,
            best_height: self.best_height,
            validators: self.validators,
            peers_connected: self.peers_connected,
            peers_listed: self.peers_listed,
            syncing: self.syncing,
            voting: match &self.voting {
                Voting::Yes => "yes".to_owned(),
                Voting::Observer => "observer".to_owned(),
                Voting::No(why) => format!("no: {why}"),
            },
            last_commit_age_ms: self.last_commit.map(|at| age_ms(at) as u64),
            uptime_ms: age_ms(self.started) as u64,
            rules: self.rules.clone(),
            passed_over: self.passed_over.clone(),
            failing: checks.iter().filter(|check| !check.passed()).map(Check::to_string).collect(),
        }
    }
}

/// The answer of `/status`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StatusReport {
    pub schema: String,
    pub version: String,
    pub name: String,
    pub chain_id: u32,
    pub genesis: String,
    pub ready: bool,
    pub height: u64,
    pub time_ms: u64,
    pub executed_height: u64,
    pub round: u32,
    pub best_height: u64,
    pub validators: usize,
    pub peers_connected: usize,
    pub peers_listed: usize,
    pub syncing: bool,
    /// `yes`, `observer`, or `no: ` and the reason.
    pub voting: String,
    pub last_commit_age_ms: Option<u64>,
    pub uptime_ms: u64,
    pub rules: RulesStatus,
    /// Validators that are passed over as proposers.
    pub passed_over: Vec<String>,
    /// The checks that fail, as `/readyz` words them.
    pub failing: Vec<String>,
}

impl StatusReport {
    pub const SCHEMA: &'static str = "ballast/v1";
}
