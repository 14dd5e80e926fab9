//! Versions of the rules: the chain's, this program's, and what the validators say they run.

use ballast_primitives::Hash;
use ballast_replica::{Program, Replica};
use ballast_runtime::object::Upgrade;
use serde::{Deserialize, Serialize};

/// As `/status` shows it. Digests are hex.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesStatus {
    /// In force at the newest block.
    pub version: u32,
    /// The newest version that this node's program executes.
    pub newest: u32,
    /// Digest of this node's program file, when it is known.
    pub release: Option<String>,
    /// What the council scheduled and is still to come.
    pub scheduled: Option<Scheduled>,
    /// The next height needs a version that this node's program lacks.
    pub outdated: bool,
    /// The validators of the next height, and what each says that it runs.
    pub validators: Vec<Runs>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    pub version: u32,
    pub height: u64,
    /// Digest of the release that the council named.
    pub code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    pub name: String,
    /// None of one that is not connected, or said nothing.
    pub version: Option<u32>,
    pub release: Option<String>,
}

fn shown(release: Hash) -> Option<String> {
    Some(release).filter(|release| *release != Hash::ZERO).map(|release| release.to_string())
}

impl RulesStatus {
    pub fn of(replica: &Replica) -> Self {
        let Upgrade { current, version, code, height } = *replica.upgrade();
        let Program { version: newest, release } = replica.program();
        let pending = replica.upgrade().is_pending();
        let scheduled = Scheduled { version, height, code: code.to_string() };
        let runs = replica.programs().map(|(validator, program)| Runs {
            name: validator.name.clone(),
            version: program.map(|program| program.version),
            release: program.and_then(|program| shown(program.release)),
        });
        Self {
            version: current,
            newest,
            release: shown(release),
            scheduled: pending.then_some(scheduled),
            outdated: replica.is_outdated(),
            validators: runs.collect(),
        }
    }

    /// Whether this node can go on when what is scheduled comes.
    pub fn is_ready(&self) -> bool {
        self.scheduled.as_ref().is_none_or(|scheduled| scheduled.version <= self.newest)
    }

    /// The validators that say they execute what is scheduled, or what is in force.
    pub fn ready(&self) -> usize {
        let version = self.scheduled.as_ref().map_or(self.version, |scheduled| scheduled.version);
        self.validators.iter().filter(|runs| runs.version >= Some(version)).count()
    }

    /// One line for people.
    pub fn line(&self) -> String {
        let Self { version, newest, .. } = self;
        let Some(Scheduled { version: next, height, code }) = &self.scheduled else {
            return format!("version {version}, this release has up to {newest}");
        };
        let ready = format!("validators ready: {} of {}", self.ready(), self.validators.len());
        match (self.outdated, self.is_ready()) {
            (true, _) => format!(
                "version {next} holds from height {height} on, and this release has up to \
                 {newest}: install release {code}, or a later one, and start it; {ready}"
            ),
            (false, true) => format!(
                "version {version}, version {next} from height {height} on, which this release \
                 has; {ready}"
            ),
            (false, false) => format!(
                "version {version}; WARNING: version {next} from height {height} on, and this \
                 release has up to {newest}: install release {code}, or a later one, before; \
                 {ready}"
            ),
        }
    }
}
