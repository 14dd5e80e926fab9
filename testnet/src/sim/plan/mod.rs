//! All that a run depends on, as plain data: a run is a function of its plan. [`Plan::draw`] makes
//! one from a seed; shrinking takes parts away; regressions keep what is left as JSON.

mod draw;

use serde::{Deserialize, Serialize};

/// Times in milliseconds since the start of the run, chances in thousandths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// For a plan that is kept: what it found.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub story: String,
    /// Feeds the run's own random numbers.
    pub seed: u64,
    pub validators: u8,
    /// Nodes that are no validators when the chain begins, and may become some. Their numbers
    /// follow the validators'.
    #[serde(default)]
    pub observers: u8,
    pub liars: Vec<Liar>,
    pub timing: Timing,
    /// The network when nothing is wrong with it.
    pub delay_us: (u64, u64),
    /// The most a sync of a healthy disk takes.
    pub sync_us: u64,
    pub load: Load,
    pub faults: Vec<Fault>,
    /// Here every fault has ended, clocks are right and machines are up. Liars go on lying.
    pub heal_ms: u64,
}

/// A validator that does not keep to the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Liar {
    pub node: u8,
    /// Its name in [`crate::sim::byzantine`].
    pub behaviour: String,
}

/// The replicas' configuration, the same for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    pub propose_ms: u64,
    pub vote_ms: u64,
    pub step_ms: u64,
    pub block_ms: u64,
    pub heartbeat_ms: u64,
    pub batch_ms: u64,
}

/// What clients do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    pub accounts: u32,
    /// The mean time between two transactions.
    pub every_ms: u64,
    pub until_ms: u64,
    /// How long a transaction is valid, least and most.
    pub valid_ms: (u64, u64),
    /// How much may be minted before the cap is reached.
    pub cap_room: u64,
    /// The most that waits at a validator, transactions.
    pub pool_txs: usize,
}

/// Something goes wrong for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub from_ms: u64,
    pub to_ms: u64,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    // The network, for everyone.
    Loss {
        permille: u32,
    },
    Duplicate {
        permille: u32,
    },
    Reorder {
        permille: u32,
    },
    Slow {
        ms: u64,
    },
    // Who reaches whom.
    Split {
        side: Vec<u8>,
    },
    /// What `from` send reaches nobody else; they hear everything.
    OneWay {
        from: Vec<u8>,
    },
    /// A split that comes and goes.
    Flap {
        side: Vec<u8>,
        period_ms: u64,
    },
    // Processes and machines; they are started again at the end.
    Crash {
        node: u8,
    },
    /// The power goes in the middle of the `fuse`-th write from now.
    PowerCut {
        node: u8,
        fuse: u32,
    },
    /// Everyone's power goes at once.
    Blackout,
    Pause {
        node: u8,
    },
    // Disks.
    SlowDisk {
        node: u8,
        ms: u64,
    },
    FullDisk {
        node: u8,
    },
    /// A bit flips while the machine is off; in the last record if `tail`.
    FlipLog {
        node: u8,
        tail: bool,
    },
    FlipSignState {
        node: u8,
    },
    FlipStore {
        node: u8,
    },
    /// The machine is replaced: of the home only the keys are left.
    KeysOnly {
        node: u8,
    },
    /// The home is put back as it was when the fault began.
    OldHome {
        node: u8,
    },
    /// The sign-state alone is put back as it was then.
    OldSignState {
        node: u8,
    },
    // Clocks; set right at the end.
    Jump {
        node: u8,
        ms: i64,
    },
    Drift {
        node: u8,
        ppm: i64,
    },
    /// Everyone's power goes, and stays away for days: only wall time passes.
    Night {
        days: u8,
    },
    // The validator set. The council begins to decide on it then, and goes on until it has.
    /// An observer becomes a validator; `late` if its machine is new then and has to catch up.
    Join {
        node: u8,
        late: bool,
    },
    Leave {
        node: u8,
    },
    /// A release with the next version of the rules comes out; some install it within moments, and
    /// `late` ones only once they stand still without it. The council schedules it for so many
    /// heights from where the chain is when it decides.
    Upgrade {
        ahead: u8,
        late: Vec<u8>,
    },
    /// Another machine, with keys of its own, takes a validator's seat.
    Rotate {
        node: u8,
        by: u8,
        late: bool,
    },
}

impl Kind {
    /// Every name.
    pub const NAMES: [&'static str; 26] = [
        "loss",
        "duplicate",
        "reorder",
        "slow network",
        "split",
        "one-way split",
        "flapping split",
        "crash",
        "power cut",
        "blackout",
        "pause",
        "slow disk",
        "full disk",
        "flipped log",
        "flipped sign-state",
        "flipped database",
        "clock jump",
        "clock drift",
        "long night",
        "validator joins",
        "validator leaves",
        "validator key rotates",
        "upgrade of the rules",
        "keys only",
        "older home",
        "older sign-state",
    ];

    /// The stable name, for coverage and logs.
    pub const fn name(&self) -> &'static str {
        Self::NAMES[match self {
            Self::Loss { .. } => 0,
            Self::Duplicate { .. } => 1,
            Self::Reorder { .. } => 2,
            Self::Slow { .. } => 3,
            Self::Split { .. } => 4,
            Self::OneWay { .. } => 5,
            Self::Flap { .. } => 6,
            Self::Crash { .. } => 7,
            Self::PowerCut { .. } => 8,
            Self::Blackout => 9,
            Self::Pause { .. } => 10,
            Self::SlowDisk { .. } => 11,
            Self::FullDisk { .. } => 12,
            Self::FlipLog { .. } => 13,
            Self::FlipSignState { .. } => 14,
            Self::FlipStore { .. } => 15,
            Self::Jump { .. } => 16,
            Self::Drift { .. } => 17,
            Self::Night { .. } => 18,
            Self::Join { .. } => 19,
            Self::Leave { .. } => 20,
            Self::Rotate { .. } => 21,
            Self::Upgrade { .. } => 22,
            Self::KeysOnly { .. } => 23,
            Self::OldHome { .. } => 24,
            Self::OldSignState { .. } => 25,
        }]
    }
}

impl Plan {
    /// How many liars and damaged memories a validator set of `validators` bears.
    pub const fn tolerated(validators: u8) -> u8 {
        validators.saturating_sub(1) / 3
    }

    /// How many machines there are.
    pub const fn nodes(&self) -> u8 {
        self.validators + self.observers
    }

    /// When one validator is absent, if that is all that is wrong.
    pub fn absence(&self) -> Option<(u64, u64)> {
        let alone = self.liars.is_empty() && self.observers == 0 && self.validators > 3;
        match self.faults.as_slice() {
            [Fault { from_ms, to_ms, kind: Kind::Crash { .. } | Kind::Pause { .. } }] if alone => {
                Some((*from_ms, *to_ms))
            }
            _ => None,
        }
    }

    /// When the last fault ends.
    pub fn last_ms(&self) -> u64 {
        self.faults.iter().map(|fault| fault.to_ms).max().unwrap_or(0)
    }

    pub fn is_liar(&self, node: usize) -> bool {
        self.liars.iter().any(|liar| usize::from(liar.node) == node)
    }

    /// One line that says what goes on in the run.
    pub fn summary(&self) -> String {
        let liars: Vec<_> =
            self.liars.iter().map(|liar| format!("{}:{}", liar.node, liar.behaviour)).collect();
        let mut faults: Vec<_> = self.faults.iter().map(|fault| fault.kind.name()).collect();
        faults.sort_unstable();
        faults.dedup();
        format!(
            "{} validators, {} observers, liars [{}], {} faults [{}], healed at {} ms",
            self.validators,
            self.observers,
            liars.join(", "),
            self.faults.len(),
            faults.join(", "),
            self.heal_ms
        )
    }
}
