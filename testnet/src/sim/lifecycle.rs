//! Starting and stopping validators, and the connections between them.

use ballast_replica::{Config, Input};

use super::checkers::Fact;
use super::disk::{Damage, Unopened};
use super::node::Refused;
use super::panics;
use super::setting::{self, NEWEST};
use super::world::{Event, World};

/// How long until a connection's end is noticed when the peer's process dies.
const NOTICE_US: u64 = 200_000;
/// How long until a connection that works in one direction at most is given up.
const IDLE_US: (u64, u64) = (3_000_000, 15_000_000);
const DIAL_US: (u64, u64) = (1_000, 500_000);
/// How long it takes until a release is installed.
const INSTALL_US: u64 = 2_000_000;
/// A machine whose disk is full is tried again.
const RETRY_US: u64 = 500_000;

impl World<'_> {
    /// Starts a validator, unless something keeps it down.
    pub(super) fn start(&mut self, node: usize) {
        if self.nodes[node].is_up() || self.down[node] > 0 {
            return;
        }
        let rulebook = setting::program(self.installed[node]);
        let (at, config) = (self.now, Config { rulebook, ..self.config.clone() });
        let (starter, genesis, hash) = (&mut self.nodes[node], &self.genesis, self.genesis_hash);
        let result = match panics::catch(|| starter.start(at, config, genesis, hash)) {
            Ok(result) => result,
            Err(panic) => return self.panicked(node, &panic),
        };
        self.trace.event(self.now, 6, node, &[u8::from(result.is_ok())]);
        match result {
            Ok(()) => self.started(node),
            Err(refused) => self.help(node, refused),
        }
    }

    /// A release with the next version of the rules comes out, and the council schedules it.
    pub(super) fn release(&mut self, ahead: u64, late: &[u8]) {
        if self.released == NEWEST {
            return;
        }
        self.released += 1;
        for node in (0..self.nodes.len()).filter(|node| !late.contains(&(*node as u8))) {
            let wait = self.faults_rng.below(INSTALL_US);
            self.after(wait, Event::Install(node));
        }
        self.load.decide_upgrade(self.released, ahead);
    }

    /// A node whose release lacks what the next height needs. Somebody will see to it.
    pub(super) fn stands_still(&mut self, node: usize) {
        self.coverage.count("validators that stood still before a version");
        let wait = self.faults_rng.below(INSTALL_US);
        self.after(wait, Event::Install(node));
    }

    /// The newest release is started in place of the one that is there.
    pub(super) fn install(&mut self, node: usize) {
        if self.installed[node] < self.released {
            self.installed[node] = self.released;
            self.coverage.count("releases installed");
            self.line(node, || "has another release".to_owned());
            self.kill(node);
            self.start(node);
        }
    }

    fn started(&mut self, node: usize) {
        let started = &self.nodes[node];
        let height = started.height();
        let muted = started.process.as_ref().map_or(0, |p| p.replica.muted_through());
        if started.life > 1 {
            self.coverage.count("restarts");
        }
        if muted > 0 {
            self.coverage.count("restarts without a memory");
        }
        let unknown = started.process.as_ref().is_some_and(|p| p.replica.is_history_unknown());
        let behind = started.disk.is_behind();
        if unknown {
            self.coverage.count("restarts without a history");
        }
        self.line(node, || {
            format!("starts at height {height}, mute through {muted}, history unknown: {unknown}")
        });
        if behind && self.is_honest(node) {
            let what = format!("node {node} starts with a sign-state older than its database");
            self.break_rule("the newest sign-state", what);
        }
        if let Some(write) = self.nodes[node].disk.untold.take() {
            self.committed(node, &write);
        }
        if self.is_honest(node) {
            self.check(&Fact::Started { node, height });
        }
        for other in 0..self.nodes.len() {
            self.dial(node, other);
        }
        self.work(node);
    }

    /// A replica panicked. A liar's may, since it works with what no honest one has.
    pub(super) fn panicked(&mut self, node: usize, panic: &str) {
        self.line(node, || format!("PANICS: {panic}"));
        if self.is_honest(node) {
            return self.break_rule("no panic", format!("node {node}: {panic}"));
        }
        self.coverage.count("liars that panicked");
        self.kill(node);
        self.after(RETRY_US, Event::Start(node));
    }

    /// What an operator does about a validator that does not start.
    fn help(&mut self, node: usize, refused: Refused) {
        let Unopened { damage, why } = match refused {
            Refused::Disk(unopened) => unopened,
            Refused::Replica(why) => {
                let what = format!("node {node} does not start: {why}");
                return self.break_rule("durability", what);
            }
        };
        self.line(node, || format!("does not start, {damage:?}: {why}"));
        match damage {
            Damage::Full => {}
            Damage::SignState => {
                self.coverage.count("sign-states lost");
                let genesis = std::rc::Rc::clone(&self.genesis);
                self.nodes[node].disk.reset_history(&genesis);
                self.mute[node] = self.signed[node];
            }
            Damage::Log => {
                self.coverage.count("logs removed");
                self.nodes[node].disk.remove_log();
                self.mute[node] = self.signed[node];
            }
            Damage::Store => {
                self.coverage.count("databases removed");
                self.nodes[node].disk.remove_store();
                self.bereft[node] = true;
            }
        }
        self.after(RETRY_US, Event::Start(node));
    }

    /// The process ends at once.
    pub(super) fn kill(&mut self, node: usize) {
        if self.nodes[node].process.take().is_some() {
            self.line(node, || "is killed".to_owned());
            self.nodes[node].disk.lose_process();
            self.gone(node);
        }
    }

    /// The machine loses its power.
    pub(super) fn cut_power(&mut self, node: usize) {
        self.line(node, || "loses its power".to_owned());
        let was_up = self.nodes[node].process.take().is_some();
        self.nodes[node].disk.lose_power();
        if was_up {
            self.gone(node);
        }
    }

    pub(super) fn blow_fuse(&mut self, node: usize, life: u32) {
        if self.nodes[node].life == life && self.nodes[node].is_up() {
            self.cut_power(node);
        }
    }

    /// The process ended because its disk failed: no space, or the power went during a write.
    pub(super) fn died(&mut self, node: usize, error: &str) {
        self.line(node, || format!("dies: {error}"));
        self.trace.event(self.now, 7, node, error.as_bytes());
        let disk = &mut self.nodes[node].disk;
        if disk.drive().is_off() {
            disk.lose_power();
            self.coverage.count("power cuts during a write");
        } else if disk.drive().is_full() {
            disk.lose_process();
            self.coverage.count("deaths by a full disk");
            self.after(RETRY_US, Event::Start(node));
        } else {
            self.break_rule("durability", format!("the store of node {node} refuses: {error}"));
        }
        self.gone(node);
    }

    /// The replica said that going on could be wrong.
    pub(super) fn halted(&mut self, node: usize, report: &str) {
        self.line(node, || format!("HALTS: {report}"));
        if self.is_honest(node) {
            self.check(&Fact::Halted { node, report });
        }
        self.kill(node);
    }

    /// A liar starts again and remembers nothing of what it signed.
    pub(super) fn forget(&mut self, node: usize) {
        self.coverage.count("memories wiped by a liar");
        self.kill(node);
        self.nodes[node].disk.forget_signing();
        self.after(RETRY_US, Event::Start(node));
    }

    fn gone(&mut self, node: usize) {
        self.asks.retain(|_, asked| asked.node != node);
        for peer in 0..self.nodes.len() {
            if peer != node && self.network.is_connected(node, peer) {
                self.network.set_connected(node, peer, false);
                let wait = self.faults_rng.below(NOTICE_US);
                self.after(wait, Event::Disconnected { node: peer, peer: node });
            }
        }
    }

    /// Begins to connect two validators.
    pub(super) fn dial(&mut self, a: usize, b: usize) {
        if a != b && self.nodes[a].is_up() && self.nodes[b].is_up() {
            let wait = self.faults_rng.between(DIAL_US.0, DIAL_US.1);
            self.after(wait, Event::Connect(a, b));
        }
    }

    pub(super) fn connect(&mut self, a: usize, b: usize) {
        let can = self.nodes[a].is_up() && self.nodes[b].is_up() && self.network.is_open(a, b);
        if !can || self.network.is_connected(a, b) {
            return;
        }
        self.network.set_connected(a, b, true);
        self.trace.event(self.now, 8, a, &[b as u8]);
        for (node, peer) in [(a, b), (b, a)] {
            self.post(node, Input::PeerUp(self.keys[peer]));
        }
    }

    /// A way between two validators was cut: sooner or later they notice.
    pub(super) fn expect_idle(&mut self, a: usize, b: usize) {
        let wait = self.faults_rng.between(IDLE_US.0, IDLE_US.1);
        self.after(wait, Event::Idle(a, b));
    }

    pub(super) fn drop_idle(&mut self, a: usize, b: usize) {
        if self.network.is_open(a, b) || !self.network.is_connected(a, b) {
            return;
        }
        self.coverage.count("connections given up");
        self.network.set_connected(a, b, false);
        for (node, peer) in [(a, b), (b, a)] {
            self.post(node, Input::PeerDown(self.keys[peer]));
        }
    }
}
