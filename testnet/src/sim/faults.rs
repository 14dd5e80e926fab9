//! Faults, as the plan has them: how each begins and ends.

use ballast_primitives::{PublicKey, Validator};
use ballast_runtime::CouncilOp;
use ballast_runtime::limits::DAY_MS;
use ballast_runtime::ops::{validator_add, validator_remove, validator_rotate};

use super::plan::Kind;
use super::setting;
use super::world::{Event, World};

/// A machine whose fuse has not blown by itself by then loses its power all the same.
const FUSE_US: u64 = 300_000;

impl World<'_> {
    pub(super) fn begin(&mut self, fault: usize) {
        let kind = self.kind(fault);
        self.note_clocks();
        self.trace.event(self.now, 9, 0, &(fault as u32).to_le_bytes());
        self.trace.line(self.now, None, || format!("begins: {kind:?}"));
        self.coverage.count(&format!("fault: {}", kind.name()));
        match kind {
            Kind::Loss { permille } => self.network.weather.loss += permille,
            Kind::Duplicate { permille } => self.network.weather.duplicate += permille,
            Kind::Reorder { permille } => self.network.weather.reorder += permille,
            Kind::Slow { ms } => self.network.weather.slow_us += ms * 1_000,
            Kind::Split { side } => self.split(side),
            Kind::OneWay { from } => self.deafen(from),
            Kind::Flap { .. } => self.flap(fault, true),
            Kind::Crash { node } => {
                self.hold_down(*node);
                self.kill(usize::from(*node));
            }
            Kind::PowerCut { node, fuse } => self.light_fuse(*node, *fuse),
            Kind::Blackout => {
                let newest = self.height;
                let stored = self.nodes.iter().filter(|node| node.height() == newest).count();
                self.coverage.count(&format!("blackouts with the newest block at {stored}"));
                for node in 0..self.nodes.len() {
                    self.down[node] += 1;
                    self.cut_power(node);
                }
            }
            Kind::Night { days } => {
                for node in 0..self.nodes.len() {
                    self.down[node] += 1;
                    self.cut_power(node);
                }
                self.sleep(u64::from(*days) * DAY_MS);
            }
            Kind::Join { node, late } => {
                if *late {
                    self.let_up(usize::from(*node));
                }
                let op = validator_add::ValidatorAdd { validator: self.seat_of(*node) };
                self.load.decide(CouncilOp::ValidatorAdd(op));
            }
            Kind::Leave { node } => {
                let op = validator_remove::ValidatorRemove { key: self.key_of(*node) };
                self.load.decide(CouncilOp::ValidatorRemove(op));
            }
            Kind::Rotate { node, by, late } => {
                if *late {
                    self.let_up(usize::from(*by));
                }
                let Validator { key: new_key, peer: new_peer, .. } = self.seat_of(*by);
                let key = self.key_of(*node);
                let op = validator_rotate::ValidatorRotate { key, new_key, new_peer };
                self.load.decide(CouncilOp::ValidatorRotate(op));
            }
            Kind::Upgrade { ahead, late } => self.release(u64::from(*ahead), late),
            Kind::Pause { node } => self.nodes[usize::from(*node)].paused = true,
            Kind::SlowDisk { node, ms } => self.nodes[usize::from(*node)].sync_us = ms * 1_000,
            Kind::FullDisk { node } => self.nodes[usize::from(*node)].disk.drive().set_full(true),
            Kind::FlipLog { node, .. }
            | Kind::FlipSignState { node }
            | Kind::FlipStore { node } => {
                self.hold_down(*node);
                self.cut_power(usize::from(*node));
                self.flip(kind, usize::from(*node));
            }
            Kind::KeysOnly { node } => {
                self.hold_down(*node);
                let node = usize::from(*node);
                self.kill(node);
                self.nodes[node].disk.wipe();
                self.bereft[node] = true;
            }
            Kind::OldHome { node } | Kind::OldSignState { node } => {
                self.nodes[usize::from(*node)].disk.take_copy();
            }
            Kind::Jump { node, ms } => self.nodes[usize::from(*node)].clock.jump(self.now, *ms),
            Kind::Drift { node, ppm } => {
                self.nodes[usize::from(*node)].clock.set_drift(self.now, *ppm);
            }
        }
    }

    pub(super) fn end(&mut self, fault: usize) {
        let kind = self.kind(fault);
        self.note_clocks();
        self.trace.line(self.now, None, || format!("ends: {kind:?}"));
        let less = |value: &mut u32, by: u32| *value = value.saturating_sub(by);
        match kind {
            Kind::Loss { permille } => less(&mut self.network.weather.loss, *permille),
            Kind::Duplicate { permille } => less(&mut self.network.weather.duplicate, *permille),
            Kind::Reorder { permille } => less(&mut self.network.weather.reorder, *permille),
            Kind::Slow { ms } => self.network.weather.slow_us -= ms * 1_000,
            Kind::Split { side } => self.join(side),
            Kind::OneWay { from } => self.undeafen(from),
            // Its last cut mends itself.
            Kind::Flap { .. } => {}
            Kind::PowerCut { node, .. } => {
                // Its fuse may not have blown yet.
                if self.nodes[usize::from(*node)].is_up() {
                    self.cut_power(usize::from(*node));
                }
                self.let_up(usize::from(*node));
            }
            Kind::Crash { node }
            | Kind::FlipLog { node, .. }
            | Kind::FlipSignState { node }
            | Kind::FlipStore { node }
            | Kind::KeysOnly { node } => self.let_up(usize::from(*node)),
            Kind::OldHome { node } => self.put_copy_back(usize::from(*node), true),
            Kind::OldSignState { node } => self.put_copy_back(usize::from(*node), false),
            Kind::Blackout | Kind::Night { .. } => {
                (0..self.nodes.len()).for_each(|node| self.let_up(node));
            }
            // Those stay.
            Kind::Join { .. } | Kind::Leave { .. } | Kind::Rotate { .. } | Kind::Upgrade { .. } => {
            }
            Kind::Pause { node } => {
                self.nodes[usize::from(*node)].paused = false;
                self.work(usize::from(*node));
            }
            Kind::SlowDisk { node, .. } => {
                self.nodes[usize::from(*node)].sync_us = self.plan.sync_us;
            }
            Kind::FullDisk { node } => self.nodes[usize::from(*node)].disk.drive().set_full(false),
            Kind::Jump { node, .. } | Kind::Drift { node, .. } => {
                self.nodes[usize::from(*node)].clock.correct(self.now, self.slept_ms);
                self.wake(usize::from(*node));
            }
        }
    }

    /// Whatever may have been left over by faults that overlap.
    pub(super) fn mend_everything(&mut self) {
        self.note_clocks();
        for node in 0..self.nodes.len() {
            self.nodes[node].clock.correct(self.now, self.slept_ms);
            self.wake(node);
        }
    }

    /// A clock was set: the next tick may be due earlier than it seemed.
    fn wake(&mut self, node: usize) {
        if let Some(process) = &mut self.nodes[node].process {
            process.tick_at = None;
        }
        self.work(node);
    }

    /// Wall time goes on, for clocks and clients, while nothing runs.
    fn sleep(&mut self, ms: u64) {
        self.slept_ms += ms;
        for node in &mut self.nodes {
            node.clock.jump(self.now, ms as i64);
        }
        self.note_clocks();
    }

    fn key_of(&self, node: u8) -> PublicKey {
        self.keys[usize::from(node)]
    }

    fn seat_of(&self, node: u8) -> Validator {
        setting::seat(usize::from(node), self.key_of(node))
    }

    /// A machine that joins late is not there before.
    pub(super) fn hold_late(&mut self) {
        for fault in &self.plan.faults {
            if let Kind::Join { node, late: true } | Kind::Rotate { by: node, late: true, .. } =
                fault.kind
            {
                self.hold_down(node);
            }
        }
    }

    /// An operator puts back what was copied when the fault began.
    fn put_copy_back(&mut self, node: usize, whole: bool) {
        self.kill(node);
        self.nodes[node].disk.put_copy_back(whole);
        self.bereft[node] |= whole;
        self.start(node);
    }

    fn hold_down(&mut self, node: u8) {
        self.down[usize::from(node)] += 1;
    }

    /// One fault less keeps a machine down.
    fn let_up(&mut self, node: usize) {
        self.down[node] -= 1;
        self.start(node);
    }

    fn light_fuse(&mut self, node: u8, fuse: u32) {
        self.hold_down(node);
        let node = usize::from(node);
        if self.nodes[node].is_up() {
            self.nodes[node].disk.drive().set_fuse(fuse);
            let life = self.nodes[node].life;
            self.after(FUSE_US, Event::Fuse { node, life });
        }
    }

    fn flip(&mut self, kind: &Kind, node: usize) {
        let disk = &mut self.nodes[node].disk;
        let place = match kind {
            Kind::FlipLog { tail, .. } => {
                let vote = self.voted[node].last().copied();
                let end = vote.and_then(|vote| disk.end_in_log(&vote.signature.0));
                let place = disk.flip_log(*tail);
                if let Some(vote) = vote.filter(|_| place.is_some() && place < end) {
                    self.mute[node] = self.mute[node].max(vote.vote.height);
                }
                place
            }
            Kind::FlipSignState { .. } => disk.flip_sign_state(),
            _ => {
                disk.store.damage();
                None
            }
        };
        self.line(node, || format!("has a bit flipped at {place:?}"));
    }

    /// Both ways between `side` and the rest.
    fn ways(&self, side: &[u8]) -> Vec<(usize, usize)> {
        let within = |node: &usize| side.contains(&(*node as u8));
        let all = 0..self.nodes.len();
        let pairs =
            |a: usize| all.clone().filter(move |b| within(&a) && !within(b)).map(move |b| (a, b));
        all.clone().flat_map(pairs).collect()
    }

    fn split(&mut self, side: &[u8]) {
        for (a, b) in self.ways(side) {
            self.network.cut(a, b);
            self.network.cut(b, a);
            self.expect_idle(a, b);
        }
    }

    fn join(&mut self, side: &[u8]) {
        for (a, b) in self.ways(side) {
            self.network.mend(a, b);
            self.network.mend(b, a);
            self.dial(a, b);
        }
    }

    fn deafen(&mut self, from: &[u8]) {
        for (a, b) in self.ways(from) {
            self.network.cut(a, b);
            self.expect_idle(a, b);
        }
    }

    fn undeafen(&mut self, from: &[u8]) {
        for (a, b) in self.ways(from) {
            self.network.mend(a, b);
            self.dial(a, b);
        }
    }

    /// Cuts or mends, and plans the opposite; ends mended.
    pub(super) fn flap(&mut self, fault: usize, cut: bool) {
        let Kind::Flap { side, period_ms } = self.kind(fault) else { return };
        let end = self.plan.faults[fault].to_ms * 1_000;
        if cut && self.now >= end {
            return;
        }
        if cut {
            self.split(side)
        } else {
            self.join(side)
        }
        let next = self.now + period_ms * 1_000;
        self.at(if cut { next.min(end) } else { next }, Event::Flap { fault, cut: !cut });
    }
}
