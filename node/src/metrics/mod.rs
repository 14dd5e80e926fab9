//! The node's own metrics, named `ballast_*` in base units. `docs/metrics.md` lists every one; a
//! test compares the two. The peer network's are in [`crate::net::NetMetrics`].
//!
//! Every label value that is known beforehand is there from the start at zero, so that a rate
//! does not miss the first event.

mod process;

use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use ballast_replica::Offence;
use ballast_replica::fetch::Fault;
use ballast_runtime::Code;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};

type ByLabel = Family<[(&'static str, &'static str); 1], Counter>;
type GaugeOf<N, A> = Family<[(&'static str, String); 1], Gauge<N, A>>;
type ByAuthor = Family<[(&'static str, String); 1], Counter>;
type ByProposer = Family<[(&'static str, String); 2], Counter>;

/// Handles to the node's metrics; clones share the values.
#[derive(Clone, Debug)]
pub struct NodeMetrics {
    /// The newest committed height.
    pub height: Gauge,
    /// The round that the current height is in.
    pub round: Gauge,
    /// Members of the set that decides the next height, and whether this node is one.
    pub validators: Gauge,
    pub validator: Gauge,
    rounds_above_zero: ByProposer,
    /// The version of the rules in force, and the newest that this program executes.
    pub rules_version: Gauge,
    pub rules_newest: Gauge,
    /// What is scheduled: zero when nothing is.
    pub upgrade_version: Gauge,
    pub upgrade_height: Gauge,
    /// Validators that say they execute it.
    pub upgrade_ready: Gauge,
    passed_over: GaugeOf<i64, AtomicI64>,
    named: GaugeOf<i64, AtomicI64>,
    clock_offset_seconds: GaugeOf<f64, AtomicU64>,
    pub blocks: Counter,
    pub transactions: TransactionCounters,
    left_out: ByAuthor,
    refused: ByLabel,
    offences: ByLabel,
    pub mempool_transactions: Gauge,
    pub mempool_bytes: Gauge,
    /// Batches that this node packed, and those it took from others.
    pub batches_own: Counter,
    pub batches_peer: Counter,
    pub block_execution_seconds: Histogram,
    pub commit_interval_seconds: Histogram,
    pub wal_sync_seconds: Histogram,
    pub sign_state_sync_seconds: Histogram,
    pub store_sync_seconds: Histogram,
    pub verify_seconds: Histogram,
    pub signatures_valid: Counter,
    pub signatures_invalid: Counter,
    /// Blocks taken from others after they were decided.
    pub sync_blocks: Counter,
    evidence: ByAuthor,
    /// Whether this validator does not know all that its key has signed.
    pub history_unknown: Gauge,
    /// Messages of its key that it did not send.
    pub key_elsewhere: Counter,
    /// Whether it is fetching decided blocks, the height it goes for, and how that goes.
    pub sync_active: Gauge,
    pub sync_target: Gauge,
    pub sync_peers_asked: Gauge,
    pub sync_peers_barred: Gauge,
    pub sync_last_failure: Gauge,
    sync_failures: ByLabel,
}

/// What became of transactions in committed blocks.
#[derive(Clone, Debug)]
pub struct TransactionCounters {
    pub succeeded: Counter,
    pub failed: Counter,
    /// In a block, but without a trace: a duplicate, expired, or no longer includable.
    pub dropped: Counter,
}

impl NodeMetrics {
    /// Makes the metrics and adds them to `registry`.
    pub fn register(registry: &mut Registry) -> Self {
        let mut add = Adder(registry);
        let transactions = add.family("ballast_transactions", "Transactions in committed blocks");
        let batches = add.family("ballast_batches", "Batches stored, by where they were packed");
        let signatures = add.family("ballast_signatures", "Signatures of transactions checked");
        let outcome = |value| transactions.get_or_create_owned(&[("outcome", value)]);
        let metrics = Self {
            height: add.gauge("ballast_height", "Newest committed height"),
            round: add.gauge("ballast_round", "Round of the height being decided"),
            validators: add.gauge("ballast_validators", "Validators that decide the next height"),
            validator: add.gauge("ballast_validator", "Whether this node is one of them: 1 or 0"),
            rounds_above_zero: add.add(
                "ballast_rounds_above_zero",
                "Rounds entered because one before failed, by its proposer and why it failed",
                ByProposer::default(),
            ),
            rules_version: add.gauge("ballast_rules_version", "Version of the rules in force"),
            rules_newest: add
                .gauge("ballast_rules_newest", "Newest version of the rules that this node has"),
            upgrade_version: add
                .gauge("ballast_upgrade_version", "Version of the rules that is scheduled, or 0"),
            upgrade_height: add.gauge("ballast_upgrade_height", "Its first height, or 0"),
            upgrade_ready: add.gauge("ballast_upgrade_ready", "Validators that say they have it"),
            passed_over: add.add(
                "ballast_proposer_passed_over",
                "Whether a validator is passed over as a proposer: 1 or 0",
                Family::default(),
            ),
            named: add.add(
                "ballast_validator_named",
                "How often the chain has named a validator for signing twice",
                Family::default(),
            ),
            clock_offset_seconds: add.add(
                "ballast_clock_offset_seconds",
                "How far a validator's clock is ahead of the one here, its message's way included",
                Family::default(),
            ),
            blocks: add.counter("ballast_blocks", "Blocks committed"),
            transactions: TransactionCounters {
                succeeded: outcome("succeeded"),
                failed: outcome("failed"),
                dropped: outcome("dropped"),
            },
            left_out: add.add(
                "ballast_transactions_left_out",
                "Transactions in committed blocks that left no trace, by who packed them",
                ByAuthor::default(),
            ),
            refused: add
                .family("ballast_transactions_refused", "Transactions refused at admission"),
            offences: add.family("ballast_peer_offences", "What peers did that no honest one does"),
            mempool_transactions: add
                .gauge("ballast_mempool_transactions", "Transactions waiting for a block"),
            mempool_bytes: add.gauge("ballast_mempool_bytes", "Bytes of waiting transactions"),
            batches_own: batches.get_or_create_owned(&[("origin", "own")]),
            batches_peer: batches.get_or_create_owned(&[("origin", "peer")]),
            block_execution_seconds: add
                .seconds("ballast_block_execution_seconds", "Time to execute a block"),
            commit_interval_seconds: add
                .seconds("ballast_commit_interval_seconds", "Time from one commit to the next"),
            wal_sync_seconds: add
                .seconds("ballast_wal_sync_seconds", "Time to make the consensus WAL durable"),
            sign_state_sync_seconds: add
                .seconds("ballast_sign_state_sync_seconds", "Time to make the sign-state durable"),
            store_sync_seconds: add
                .seconds("ballast_store_sync_seconds", "Time of a block's synced database write"),
            verify_seconds: add
                .seconds("ballast_verify_seconds", "Time to verify one batch of signatures"),
            signatures_valid: signatures.get_or_create_owned(&[("result", "valid")]),
            signatures_invalid: signatures.get_or_create_owned(&[("result", "invalid")]),
            sync_blocks: add
                .counter("ballast_sync_blocks", "Blocks fetched from others after their decision"),
            evidence: add.add(
                "ballast_evidence",
                "Proofs of a validator signing twice, by its name",
                ByAuthor::default(),
            ),
            history_unknown: add.gauge(
                "ballast_history_unknown",
                "Whether it is not known what this validator has signed: 1 or 0",
            ),
            key_elsewhere: add
                .counter("ballast_key_elsewhere", "Messages of this node's key sent by another"),
            sync_active: add
                .gauge("ballast_sync_active", "Whether decided blocks are being fetched: 1 or 0"),
            sync_target: add
                .gauge("ballast_sync_target_height", "Height that catching up goes for"),
            sync_peers_asked: add
                .gauge("ballast_sync_peers_asked", "Peers with a question for decided blocks open"),
            sync_peers_barred: add
                .gauge("ballast_sync_peers_barred", "Peers not asked for a while: they failed"),
            sync_last_failure: add.gauge(
                "ballast_sync_last_failure_height",
                "Height about which a peer failed last; 0 before any has",
            ),
            sync_failures: add
                .family("ballast_sync_failures", "Questions for decided blocks that failed"),
        };
        for code in Code::ALL.iter().filter(|code| code.is_not_includable()) {
            metrics.refused(code.name()).inc_by(0);
        }
        for offence in Offence::ALL {
            metrics.offence(*offence).inc_by(0);
        }
        for fault in Fault::ALL {
            metrics.sync_failure(fault.name()).inc_by(0);
        }
        registry.register_collector(Box::new(process::ProcessMetrics));
        metrics
    }

    /// A round failed that `proposer` had the turn in.
    pub fn round_failed(&self, proposer: &str, reason: &str) {
        let labels = [("proposer", proposer.to_owned()), ("reason", reason.to_owned())];
        self.rounds_above_zero.get_or_create_owned(&labels).inc();
    }

    /// The counter of what peers did.
    pub fn offence(&self, offence: Offence) -> Counter {
        self.offences.get_or_create_owned(&[("offence", offence.name())])
    }

    pub fn passed_over(&self, validator: &str, is_out: bool) {
        let labels = [("validator", validator.to_owned())];
        self.passed_over.get_or_create_owned(&labels).set(i64::from(is_out));
    }

    pub fn clock_offset(&self, validator: &str, ahead_ms: i64) {
        let labels = [("validator", validator.to_owned())];
        let seconds = ahead_ms as f64 / 1_000.0;
        self.clock_offset_seconds.get_or_create_owned(&labels).set(seconds);
    }

    /// The counter of proofs that a validator signed twice.
    pub fn evidence(&self, validator: &str) -> Counter {
        self.evidence.get_or_create_owned(&[("validator", validator.to_owned())])
    }

    /// How often the chain has named a validator for signing twice.
    pub fn named(&self, validator: &str, times: u32) {
        let labels = [("validator", validator.to_owned())];
        self.named.get_or_create_owned(&labels).set(times.into());
    }

    /// Transactions that `author` packed left no trace.
    pub fn left_out(&self, author: &str, count: u64) {
        self.transactions.dropped.inc_by(count);
        self.left_out.get_or_create_owned(&[("author", author.to_owned())]).inc_by(count);
    }

    /// The counter of questions that failed for `reason`.
    pub fn sync_failure(&self, reason: &'static str) -> Counter {
        self.sync_failures.get_or_create_owned(&[("reason", reason)])
    }

    /// The counter of transactions refused for `reason`, a stable wire name.
    pub fn refused(&self, reason: &'static str) -> Counter {
        self.refused.get_or_create_owned(&[("reason", reason)])
    }
}

/// For histograms, which take seconds.
pub trait ObserveDuration {
    fn observe_duration(&self, duration: Duration);
}

impl ObserveDuration for Histogram {
    fn observe_duration(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }
}

/// Registers each metric as it is made. Counters get their `_total` when they are encoded.
struct Adder<'a>(&'a mut Registry);

impl Adder<'_> {
    fn add<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    fn gauge(&mut self, name: &str, help: &str) -> Gauge {
        self.add(name, help, Gauge::default())
    }

    fn counter(&mut self, name: &str, help: &str) -> Counter {
        self.add(name, help, Counter::default())
    }

    fn family(&mut self, name: &str, help: &str) -> ByLabel {
        self.add(name, help, ByLabel::default())
    }

    /// From 50 µs to 26 s, each bucket twice the last.
    fn seconds(&mut self, name: &str, help: &str) -> Histogram {
        self.add(name, help, Histogram::new(exponential_buckets(0.000_05, 2.0, 20)))
    }
}

#[cfg(test)]
mod tests;
