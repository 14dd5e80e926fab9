//! A run: virtual time, the events under way, the validators and what is between them. Everything
//! happens in one thread and in the order of time; events of one instant, in the order in which
//! they were caused.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io::Write;
use std::rc::Rc;
use std::sync::Arc;

use ballast_primitives::{Hash, PublicKey};
use ballast_replica::message::{Request, Response, WireVote};
use ballast_replica::{Admission, Config, Input, commit};
use ballast_runtime::{Genesis, State};

use super::byzantine::{self, Behaviour};
use super::checkers::{Checkers, Fact, Scene, Sets, Violation};
use super::coverage::Coverage;
use super::measures::Measures;
use super::network::Network;
use super::node::{Deed, Node};
use super::panics;
use super::plan::{Kind, Plan};
use super::rng::Rng;
use super::setting::Setting;
use super::trace::Trace;
use super::wire::{Batches, Checked, Frame};
use super::workload::Load;

/// How often what the replicas hold is looked at, and after the healing, how far they are.
const WATCH_US: u64 = 250_000;
/// How often the council's members look at what they have to decide.
pub(super) const COUNCIL_US: u64 = 250_000;

/// Something that will happen.
pub(super) enum Event {
    Arrive {
        from: usize,
        to: usize,
        parcel: Parcel,
    },
    /// A connection is made, or its end noticed by `node`.
    Connect(usize, usize),
    Disconnected {
        node: usize,
        peer: usize,
    },
    /// A connection over which one way is cut is given up.
    Idle(usize, usize),
    /// These are of one life of a process.
    Tick {
        node: usize,
        life: u32,
    },
    Resume {
        node: usize,
        life: u32,
    },
    /// A batch is checked.
    Verified {
        node: usize,
        life: u32,
        from: PublicKey,
        batch: Rc<Result<Checked, String>>,
    },
    /// Nobody answered.
    Unanswered {
        node: usize,
        life: u32,
        ask: u64,
    },
    Start(usize),
    /// The newest release is installed.
    Install(usize),
    /// The power of a machine goes, unless it has gone already.
    Fuse {
        node: usize,
        life: u32,
    },
    Begin(usize),
    End(usize),
    /// A split that comes and goes.
    Flap {
        fault: usize,
        cut: bool,
    },
    Liars,
    Heal,
    Watch,
    // Clients.
    Issue,
    /// The council goes on with what it has to decide.
    Council,
    Submit {
        tx: usize,
        node: usize,
    },
    Answered {
        tx: usize,
        node: usize,
        answer: Admission,
    },
    Told {
        tx: usize,
        node: usize,
    },
    Patience {
        tx: usize,
    },
}

/// A question for decided blocks.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub node: usize,
    pub ticket: u64,
    pub of: PublicKey,
}

/// What travels between validators.
pub(super) enum Parcel {
    Frame(Rc<Frame>),
    /// With its length.
    Batch(Rc<Result<Checked, String>>, usize),
    Ask {
        ask: u64,
        request: Request,
    },
    Answer {
        ask: u64,
        response: Response,
    },
    Batches(Vec<Rc<Result<Checked, String>>>),
}

struct Scheduled {
    at: u64,
    order: u64,
    event: Event,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub violation: Option<Violation>,
    /// When it ended, virtual milliseconds.
    pub ended_ms: u64,
    pub hash: String,
    pub events: u64,
    /// Blocks that the chain grew by.
    pub heights: u64,
    pub coverage: Coverage,
    pub measures: Measures,
}

pub(super) struct World<'p> {
    pub(super) plan: &'p Plan,
    /// Microseconds since the start.
    pub(super) now: u64,
    queue: BinaryHeap<Reverse<Scheduled>>,
    scheduled: u64,
    pub(super) genesis: Rc<Genesis>,
    pub(super) genesis_hash: Hash,
    pub(super) config: Config,
    pub(super) nodes: Vec<Node>,
    pub(super) keys: Vec<PublicKey>,
    pub(super) index: BTreeMap<PublicKey, usize>,
    pub(super) liars: Vec<Option<Box<dyn Behaviour>>>,
    pub(super) liars_rng: Rng,
    pub(super) faults_rng: Rng,
    /// How many faults keep a machine down.
    pub(super) down: Vec<u32>,
    /// Its database was lost once, and with it what it had vouched for.
    pub(super) bereft: Vec<bool>,
    /// The greatest height at which it was heard to sign something, and its votes there.
    pub(super) signed: Vec<u64>,
    pub(super) voted: Vec<Vec<WireVote>>,
    /// The height through which it must not sign anything new: its log, or the end of it with its
    /// latest vote, was lost when it had signed there.
    pub(super) mute: Vec<u64>,
    /// The batches that each proposed block names.
    pub(super) payloads: BTreeMap<Hash, Vec<Hash>>,
    /// The newest version of the rules that there is a release for, and that each node's has.
    pub(super) released: u32,
    pub(super) installed: Vec<u32>,
    /// The newest that came into force.
    pub(super) version: u32,
    pub(super) network: Network,
    pub(super) batches: Batches,
    /// Questions under way, by number.
    pub(super) asks: BTreeMap<u64, Asked>,
    pub(super) asked: u64,
    pub(super) load: Load,
    pub(super) checkers: Checkers,
    pub(super) coverage: Coverage,
    pub(super) measures: Measures,
    pub(super) trace: Trace,
    pub(super) violation: Option<Violation>,
    pub(super) healed: bool,
    healed_at: u64,
    /// The greatest height that an honest validator has.
    pub(super) height: u64,
    height_healed: u64,
    pub(super) latest_clock_ms: u64,
    /// How much further wall time is than the run: the nights that it slept through.
    pub(super) slept_ms: u64,
    over: bool,
}

impl<'p> World<'p> {
    pub(super) fn new(plan: &'p Plan, log: Option<Box<dyn Write>>) -> Self {
        let count = usize::from(plan.nodes());
        let setting = Setting::new(plan);
        let nodes: Vec<_> = setting
            .keys
            .iter()
            .enumerate()
            .map(|(n, key)| {
                let rng = Rng::new(plan.seed, &format!("node {n}"));
                Node::new(key.clone(), plan.sync_us, rng)
            })
            .collect();
        let keys: Vec<_> = nodes.iter().map(|node| node.public).collect();
        let index = keys.iter().enumerate().map(|(n, key)| (*key, n)).collect();
        let mut liars: Vec<Option<Box<dyn Behaviour>>> = (0..count).map(|_| None).collect();
        for liar in &plan.liars {
            if let Some(place) = liars.get_mut(usize::from(liar.node)) {
                *place = byzantine::behaviour(&liar.behaviour);
            }
        }
        let scene = Scene {
            genesis: setting.genesis_hash,
            genesis_time: setting.genesis.time,
            keys: keys.clone(),
            sets: Sets::default(),
            honest: liars.iter().map(Option::is_none).collect(),
            block_ms: plan.timing.block_ms,
            heartbeat_ms: plan.timing.heartbeat_ms,
            absence: plan.absence(),
        };
        Self {
            plan,
            now: 0,
            queue: BinaryHeap::new(),
            scheduled: 0,
            config: setting.config.clone(),
            genesis_hash: setting.genesis_hash,
            genesis: Rc::clone(&setting.genesis),
            nodes,
            keys,
            index,
            liars,
            liars_rng: Rng::new(plan.seed, "liars"),
            faults_rng: Rng::new(plan.seed, "faults"),
            down: vec![0; count],
            bereft: vec![false; count],
            signed: vec![0; count],
            voted: vec![Vec::new(); count],
            mute: vec![0; count],
            payloads: BTreeMap::new(),
            released: 1,
            installed: vec![1; count],
            version: 1,
            network: Network::new(count, plan.delay_us, Rng::new(plan.seed, "network")),
            batches: Batches::default(),
            asks: BTreeMap::new(),
            asked: 0,
            load: Load::new(plan, &setting),
            checkers: Checkers::new(scene),
            coverage: Coverage::default(),
            measures: Measures::default(),
            trace: Trace::new(log),
            violation: None,
            healed: false,
            healed_at: 0,
            height: 0,
            height_healed: 0,
            latest_clock_ms: 0,
            slept_ms: 0,
            over: false,
        }
    }

    /// Runs to the end, or to the first rule that is broken.
    pub(super) fn run(mut self) -> Outcome {
        for liar in &self.plan.liars {
            self.coverage.count(&format!("liar: {}", liar.behaviour));
        }
        self.set_stage();
        self.tell_genesis();
        while !self.over && self.violation.is_none() {
            let Some(Reverse(next)) = self.queue.pop() else { break };
            self.now = next.at;
            self.handle(next.event);
        }
        if self.violation.is_none() {
            self.end_checks();
        }
        self.coverage.add("heights", self.height);
        for set in self.checkers.scene().sets.sizes() {
            self.coverage.count(&format!("validator sets of {set:>2}"));
        }
        Outcome {
            violation: self.violation,
            ended_ms: self.now / 1_000,
            hash: self.trace.hash(),
            events: self.trace.events(),
            heights: self.height,
            coverage: self.coverage,
            measures: self.measures,
        }
    }

    fn set_stage(&mut self) {
        self.hold_late();
        for node in 0..self.nodes.len() {
            self.at(0, Event::Start(node));
        }
        for (number, fault) in self.plan.faults.iter().enumerate() {
            self.at(fault.from_ms * 1_000, Event::Begin(number));
            self.at(fault.to_ms * 1_000, Event::End(number));
        }
        if !self.plan.liars.is_empty() {
            self.at(100_000, Event::Liars);
        }
        self.at(self.plan.heal_ms * 1_000, Event::Heal);
        self.at(WATCH_US, Event::Watch);
        self.at(0, Event::Issue);
        self.at(COUNCIL_US, Event::Council);
    }

    fn tell_genesis(&mut self) {
        match State::from_genesis(&self.genesis) {
            Ok(state) => {
                let changes: Vec<_> = state.changes().collect();
                let executed = commit::genesis_result(&state, self.genesis.time);
                self.check(&Fact::Genesis { changes: &changes, executed });
            }
            Err(error) => self.break_rule("genesis", error.to_string()),
        }
    }

    /// Lets something happen at a time.
    pub(super) fn at(&mut self, at: u64, event: Event) {
        self.scheduled += 1;
        self.queue.push(Reverse(Scheduled { at, order: self.scheduled, event }));
    }

    pub(super) fn after(&mut self, us: u64, event: Event) {
        self.at(self.now + us, event);
    }

    pub(super) fn line(&mut self, node: usize, what: impl FnOnce() -> String) {
        self.trace.line(self.now, Some(node), what);
    }

    /// Tells the checkers; the first to object ends the run.
    pub(super) fn check(&mut self, fact: &Fact<'_>) {
        if self.violation.is_none()
            && let Err(violation) = self.checkers.see(fact)
        {
            self.fail(violation);
        }
    }

    /// A rule is broken that no checker watches.
    pub(super) fn break_rule(&mut self, rule: &'static str, what: String) {
        let violation = self.checkers.violation(rule, what);
        self.fail(violation);
    }

    pub(super) fn fail(&mut self, violation: Violation) {
        self.trace
            .line(self.now, None, || format!("BROKEN {}: {}", violation.rule, violation.what));
        self.violation.get_or_insert(violation);
    }

    pub(super) fn is_honest(&self, node: usize) -> bool {
        self.liars[node].is_none()
    }

    /// Honest validators.
    pub(super) fn faithful(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.nodes.len()).filter(|node| self.is_honest(*node))
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Arrive { from, to, parcel } => self.arrive(from, to, parcel),
            Event::Connect(a, b) => self.connect(a, b),
            Event::Disconnected { node, peer } => {
                self.post(node, Input::PeerDown(self.keys[peer]));
            }
            Event::Idle(a, b) => self.drop_idle(a, b),
            Event::Tick { node, life } => self.tick(node, life),
            Event::Resume { node, life } => {
                if self.nodes[node].life == life {
                    self.nodes[node].resume();
                    self.work(node);
                }
            }
            Event::Verified { node, life, from, batch } => {
                if self.nodes[node].life == life && self.nodes[node].is_up() {
                    self.receive_batch(node, from, &batch);
                }
            }
            Event::Unanswered { node, life, ask } => self.unanswered(node, life, ask),
            Event::Start(node) => self.start(node),
            Event::Install(node) => self.install(node),
            Event::Fuse { node, life } => self.blow_fuse(node, life),
            Event::Begin(fault) => self.begin(fault),
            Event::End(fault) => self.end(fault),
            Event::Flap { fault, cut } => self.flap(fault, cut),
            Event::Liars => self.wake_liars(),
            Event::Heal => self.heal(),
            Event::Watch => self.watch(),
            Event::Issue => self.issue(),
            Event::Council => self.council(),
            Event::Submit { tx, node } => self.submit(tx, node),
            Event::Answered { tx, node, answer } => self.answered(tx, node, answer),
            Event::Told { tx, node } => self.told(tx, node),
            Event::Patience { tx } => self.patience(tx),
        }
    }

    fn tick(&mut self, node: usize, life: u32) {
        let Node { life: now_living, process: Some(process), .. } = &mut self.nodes[node] else {
            return;
        };
        // An earlier one may have taken the place of this.
        if *now_living != life || process.tick_at != Some(self.now) {
            return;
        }
        process.tick_at = None;
        self.trace.event(self.now, 1, node, &[]);
        self.work(node);
    }

    /// Hands a node an input and lets it work.
    pub(super) fn post(&mut self, node: usize, input: Input) {
        self.nodes[node].post(input);
        self.work(node);
    }

    /// Lets a node do what it has to, and acts on what it did.
    pub(super) fn work(&mut self, node: usize) {
        let mut deeds = Vec::new();
        let (now, worker) = (self.now, &mut self.nodes[node]);
        if let Err(panic) = panics::catch(|| worker.work(now, &mut deeds)) {
            self.panicked(node, &panic);
        }
        for deed in deeds {
            match deed {
                Deed::Sent(effect) => self.send(node, effect),
                Deed::Committed(write) => self.committed(node, &write),
                Deed::Dropped { batches, time } => {
                    if self.is_honest(node) {
                        self.check(&Fact::Dropped { node, batches: &batches, time });
                    }
                }
                Deed::Computes { inputs, until } => {
                    let (life, us) = (self.nodes[node].life, until - self.now);
                    self.at(until, Event::Resume { node, life });
                    if self.is_honest(node) {
                        self.check(&Fact::Worked { node, inputs, us });
                    }
                }
                Deed::Waits { until } => {
                    let life = self.nodes[node].life;
                    self.at(until, Event::Resume { node, life });
                }
                Deed::Died(error) => self.died(node, &error),
            }
        }
        self.set_alarm(node);
    }

    /// Makes sure that a tick comes when the replica's next deadline does. Whoever cannot work now
    /// looks by itself once it can.
    fn set_alarm(&mut self, node: usize) {
        let Node { clock, process, life, paused, .. } = &mut self.nodes[node];
        let Some(process) = process.as_mut().filter(|p| !p.is_busy() && !*paused) else { return };
        let Some(deadline) = process.replica.next_deadline() else { return };
        let at = clock.when(deadline, self.now).max(self.now + 1);
        if process.tick_at.is_none_or(|set| at < set) {
            process.tick_at = Some(at);
            let life = *life;
            self.at(at, Event::Tick { node, life });
        }
    }

    fn heal(&mut self) {
        self.healed = true;
        self.healed_at = self.now;
        self.trace.event(self.now, 2, 0, &[]);
        self.trace.line(self.now, None, || "healed".to_owned());
        self.mend_everything();
        self.height_healed = self.height;
        self.check(&Fact::Healed { at_ms: self.now / 1_000, height: self.height });
    }

    /// Looks at what the replicas hold, and after the healing, how far they are.
    fn watch(&mut self) {
        self.after(WATCH_US, Event::Watch);
        for node in 0..self.nodes.len() {
            if !self.is_honest(node) {
                continue;
            }
            if let Some(process) = &self.nodes[node].process {
                let usage = process.replica.usage();
                self.check(&Fact::Holds { node, usage });
            }
        }
        if self.healed {
            self.watch_progress();
        }
    }

    fn watch_progress(&mut self) {
        let heights: Vec<_> =
            self.faithful().map(|node| (node, self.nodes[node].height())).collect();
        let (at_ms, clients_waiting) = (self.now / 1_000, self.load.open());
        self.check(&Fact::Progress { at_ms, heights: &heights, clients_waiting });
        let alike = heights.iter().all(|(_, height)| *height == self.height);
        let went_on = self.height > self.height_healed;
        let still_sends = at_ms <= self.load.plan.until_ms;
        self.over = alike && went_on && !still_sends && clients_waiting == 0;
    }

    /// The last questions, when all is quiet.
    fn end_checks(&mut self) {
        for node in self.faithful().collect::<Vec<_>>() {
            let store = &self.nodes[node].disk.store;
            let holds = |tx: &Hash| store.receipt(tx).is_some();
            let fact = Fact::Ended { node, holds: &holds };
            if let Err(violation) = self.checkers.see(&fact) {
                return self.fail(violation);
            }
        }
    }

    /// Clocks are about to be set, or a block was committed: how far was the furthest?
    pub(super) fn note_clocks(&mut self) {
        let honest = (0..self.nodes.len()).filter(|node| self.is_honest(*node));
        let latest = honest.map(|node| self.nodes[node].clock.now(self.now).wall_ms).max();
        self.latest_clock_ms = self.latest_clock_ms.max(latest.unwrap_or(0));
    }

    /// Whether all was well from then on.
    pub(super) const fn was_well(&self, since: u64) -> bool {
        self.healed && since > self.healed_at
    }

    pub(super) fn kind(&self, fault: usize) -> &'p Kind {
        &self.plan.faults[fault].kind
    }

    pub(super) fn share(bytes: Vec<u8>) -> Arc<Vec<u8>> {
        Arc::new(bytes)
    }
}
