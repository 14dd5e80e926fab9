//! A plan from a seed, in swarm style: each seed first draws which kinds of fault there are at all
//! and how strong, then when they strike. So some runs are about one thing only, and some about
//! many at once.

use super::{Fault, Kind, Liar, Load, Plan, Timing};
use crate::sim::byzantine;
use crate::sim::rng::Rng;

impl Plan {
    /// The plan of a seed.
    pub fn draw(seed: u64) -> Self {
        let mut rng = Rng::new(seed, "plan");
        let validators = *rng.pick(&[1, 4, 4, 4, 4, 4, 4, 7, 7, 10]);
        if rng.chance(40) {
            return Self::absent(seed, &mut rng);
        }
        let heal_ms = rng.between(4_000, 16_000);
        let liars = draw_liars(&mut rng, validators);
        let timing = draw_timing(&mut rng, validators);
        let load = draw_load(&mut rng, heal_ms);
        let observers = if rng.chance(350) { rng.between(1, 2) as u8 } else { 0 };
        let mut swarm = Swarm {
            rng: &mut rng,
            validators,
            nodes: validators + observers,
            liars: &liars,
            heal_ms,
            budget: 0,
        };
        let faults = swarm.draw();
        let delay_us = *rng.pick(&[(50, 500), (500, 5_000), (1_000, 40_000), (20_000, 120_000)]);
        let sync_us = *rng.pick(&[0, 0, 2_000, 15_000]);
        Self {
            story: String::new(),
            seed,
            validators,
            observers,
            liars,
            timing,
            delay_us,
            sync_us,
            load,
            faults,
            heal_ms,
        }
    }
}

impl Plan {
    /// One validator is gone, or does not move, for longer than it takes to be passed over, and all
    /// else is well.
    fn absent(seed: u64, rng: &mut Rng) -> Self {
        let (from_ms, to_ms) = (1_000, 13_000);
        let validators = *rng.pick(&[4, 4, 7]);
        let node = rng.below(u64::from(validators)) as u8;
        let kind = *rng.pick(&[true, false]);
        let kind = if kind { Kind::Crash { node } } else { Kind::Pause { node } };
        let heal_ms = to_ms + 500;
        Self {
            story: String::new(),
            seed,
            validators,
            observers: 0,
            liars: Vec::new(),
            timing: draw_timing(rng, validators),
            delay_us: *rng.pick(&[(50, 500), (500, 5_000)]),
            sync_us: *rng.pick(&[0, 2_000]),
            load: Load { every_ms: 80, ..draw_load(rng, heal_ms) },
            faults: vec![Fault { from_ms, to_ms, kind }],
            heal_ms,
        }
    }
}

/// In two runs of five everyone is honest; else up to a third are not.
fn draw_liars(rng: &mut Rng, validators: u8) -> Vec<Liar> {
    let most = Plan::tolerated(validators);
    if most == 0 || rng.chance(400) {
        return Vec::new();
    }
    let mut nodes: Vec<_> = (0..validators).collect();
    rng.shuffle(&mut nodes);
    let count = rng.between(1, u64::from(most)) as usize;
    let liar = |node| Liar { node, behaviour: rng.pick(byzantine::BEHAVIOURS).0.to_owned() };
    nodes.into_iter().take(count).map(liar).collect()
}

/// Short, so that a run has many rounds and, however many of them have passed, a block comes
/// within ten seconds of the healing. A lock that only one validator knows of takes as many rounds
/// as it takes until that validator proposes.
fn draw_timing(rng: &mut Rng, validators: u8) -> Timing {
    let (propose, vote, step): (&[u64], &[u64], &[u64]) = match validators {
        0..5 => (&[300, 500, 1_000], &[100, 200], &[20, 50]),
        _ => (&[200, 300], &[100], &[10, 20]),
    };
    Timing {
        propose_ms: *rng.pick(propose),
        vote_ms: *rng.pick(vote),
        step_ms: *rng.pick(step),
        block_ms: *rng.pick(&[50, 100, 200, 500]),
        heartbeat_ms: *rng.pick(&[500, 1_000, 5_000]),
        batch_ms: *rng.pick(&[3, 20]),
    }
}

fn draw_load(rng: &mut Rng, heal_ms: u64) -> Load {
    let every_ms = *rng.pick(&[30, 80, 200, 1_000]);
    Load {
        accounts: *rng.pick(&[3, 8, 20]),
        every_ms,
        until_ms: heal_ms + rng.between(500, 3_000),
        valid_ms: *rng.pick(&[(500, 5_000), (3_000, 20_000), (200, 10_000)]),
        cap_room: *rng.pick(&[0, 5_000_000, 1_000_000_000_000_000]),
        pool_txs: *rng.pick(&[20, 50_000, 50_000]),
    }
}

struct Swarm<'a> {
    rng: &'a mut Rng,
    validators: u8,
    /// Validators and observers.
    nodes: u8,
    liars: &'a [Liar],
    heal_ms: u64,
    /// How many more validators may have wrong memories or clocks ahead, liars included.
    budget: u8,
}

impl Swarm<'_> {
    fn draw(&mut self) -> Vec<Fault> {
        // One run in twelve is calm: what fails there is no fault's doing.
        if self.rng.chance(80) {
            return Vec::new();
        }
        // What an older copy does not know, the peers do, unless they lost it as well.
        if self.rng.chance(60) {
            return self.old_copies();
        }
        let mut faults = self.set_changes();
        let leave = |fault: &&Fault| matches!(fault.kind, Kind::Leave { .. });
        let fewest = self.validators - faults.iter().filter(leave).count() as u8;
        self.budget = Plan::tolerated(fewest).saturating_sub(self.liars.len() as u8);
        let kinds: [fn(&mut Self) -> Option<Kind>; 21] = [
            |s| Some(Kind::Loss { permille: s.rng.between(10, 300) as u32 }),
            |s| Some(Kind::Duplicate { permille: s.rng.between(20, 500) as u32 }),
            |s| Some(Kind::Reorder { permille: s.rng.between(20, 500) as u32 }),
            |s| Some(Kind::Slow { ms: s.rng.between(50, 1_500) }),
            |s| s.side().map(|side| Kind::Split { side }),
            |s| s.side().map(|from| Kind::OneWay { from }),
            |s| s.side().map(|side| Kind::Flap { side, period_ms: s.rng.between(100, 1_500) }),
            |s| Some(Kind::Crash { node: s.node() }),
            |s| Some(Kind::PowerCut { node: s.node(), fuse: s.rng.below(24) as u32 }),
            |_| Some(Kind::Blackout),
            |s| s.rng.chance(500).then(|| Kind::Night { days: s.rng.between(1, 5) as u8 }),
            |s| Some(Kind::Pause { node: s.node() }),
            |s| Some(Kind::SlowDisk { node: s.node(), ms: s.rng.between(20, 500) }),
            |s| Some(Kind::FullDisk { node: s.node() }),
            |s| s.spend().map(|node| Kind::FlipLog { node, tail: s.rng.chance(400) }),
            |s| s.spend().map(|node| Kind::FlipSignState { node }),
            |s| s.spend().map(|node| Kind::FlipStore { node }),
            |s| s.spend().map(|node| Kind::KeysOnly { node }),
            |s| s.spend().map(|node| Kind::OldSignState { node }),
            Self::jump,
            |s| {
                let ppm = s.rng.between(0, 100_000) as i64 - 50_000;
                Some(Kind::Drift { node: s.node(), ppm })
            },
        ];
        for kind in kinds {
            if !self.rng.chance(250) {
                continue;
            }
            for _ in 0..self.rng.between(1, 4) {
                if let Some(kind) = kind(self) {
                    faults.push(self.strike(kind));
                }
            }
        }
        faults.extend(self.upgrades());
        faults.sort_by_key(|fault| fault.from_ms);
        faults
    }

    fn old_copies(&mut self) -> Vec<Fault> {
        self.budget = Plan::tolerated(self.validators).saturating_sub(self.liars.len() as u8);
        let mut faults = Vec::new();
        while let Some(node) = self.spend() {
            let honest = self.liars.iter().all(|liar| liar.node != node);
            if honest && node < self.validators {
                faults.push(self.strike(Kind::OldHome { node }));
            } else if self.rng.chance(300) {
                break;
            }
        }
        faults.sort_by_key(|fault| fault.from_ms);
        faults
    }

    /// Observers that join or take a seat, validators that leave. However many of these come to
    /// pass, the sets bear the liars that there are.
    fn set_changes(&mut self) -> Vec<Fault> {
        let mut changes = Vec::new();
        for node in self.validators..self.nodes {
            let late = self.rng.chance(500);
            changes.push(match self.rng.chance(500) {
                true => Kind::Join { node, late },
                false => {
                    let seat = self.rng.below(u64::from(self.validators)) as u8;
                    Kind::Rotate { node: seat, by: node, late }
                }
            });
        }
        let fewer = self.validators.saturating_sub(1);
        let bears = usize::from(Plan::tolerated(fewer)) >= self.liars.len();
        if fewer >= 2 && bears && self.rng.chance(200) {
            changes.push(Kind::Leave { node: self.rng.below(u64::from(self.validators)) as u8 });
        }
        changes.into_iter().map(|kind| self.strike(kind)).collect()
    }

    /// Early, so that most come to their height, which some reach without the release.
    fn upgrades(&mut self) -> Vec<Fault> {
        let count = *self.rng.pick(&[0, 0, 1, 2]);
        let upgrade = |_| {
            let late = (0..self.nodes).filter(|_| self.rng.chance(300)).collect();
            let kind = Kind::Upgrade { ahead: self.rng.between(13, 40) as u8, late };
            let from_ms = self.rng.between(200, self.heal_ms / 2);
            Fault { from_ms, to_ms: from_ms, kind }
        };
        (0..count).map(upgrade).collect()
    }

    /// When it strikes: mostly short, now and then for the rest of the run.
    fn strike(&mut self, kind: Kind) -> Fault {
        let from_ms = self.rng.between(200, self.heal_ms - 500);
        let longest = self.heal_ms - from_ms;
        let lasts = match self.rng.below(4) {
            0 => self.rng.between(20, 300),
            1 | 2 => self.rng.between(200, 4_000),
            _ => longest,
        };
        Fault { from_ms, to_ms: from_ms + lasts.min(longest), kind }
    }

    fn node(&mut self) -> u8 {
        self.rng.below(u64::from(self.nodes)) as u8
    }

    /// Some of the validators, but not all.
    fn side(&mut self) -> Option<Vec<u8>> {
        let most = self.nodes.checked_sub(1).filter(|most| *most > 0)?;
        let mut nodes: Vec<_> = (0..self.nodes).collect();
        self.rng.shuffle(&mut nodes);
        nodes.truncate(self.rng.between(1, u64::from(most)) as usize);
        nodes.sort_unstable();
        Some(nodes)
    }

    /// A validator whose memory may be damaged: a liar, or one more that counts as faulty.
    fn spend(&mut self) -> Option<u8> {
        let node = self.node();
        if self.liars.iter().any(|liar| liar.node == node) {
            return Some(node);
        }
        self.budget = self.budget.checked_sub(1)?;
        Some(node)
    }

    /// Clocks may fall behind everywhere. Too many that run ahead would take the chain's time with
    /// them, and it would have to wait for true time after the healing.
    fn jump(&mut self) -> Option<Kind> {
        let small = self.rng.chance(500);
        if small {
            return Some(Kind::Jump {
                node: self.node(),
                ms: self.rng.between(0, 900) as i64 - 450,
            });
        }
        if self.rng.chance(600) {
            let ms = -(self.rng.between(500, 3_600_000) as i64);
            return Some(Kind::Jump { node: self.node(), ms });
        }
        let node = self.spend()?;
        Some(Kind::Jump { node, ms: self.rng.between(500, 3_600_000) as i64 })
    }
}
