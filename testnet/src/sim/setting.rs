//! What a run begins with: keys, genesis, configuration.

use std::rc::Rc;

use ballast_primitives::{Hash, PublicKey, SecretKey, Validator};
use ballast_replica::Config;
use ballast_runtime::genesis::GenesisInstitution;
use ballast_runtime::{Genesis, Rulebook, Rules, dev};

use super::clock::START_WALL_MS;
use super::memo;
use super::plan::Plan;

/// Every key of a run is derived from it.
pub const KEYS: &str = "simulator";
/// Micro-dollars of each account at genesis.
const BALANCE: u64 = 1_000_000_000;

/// Institutions whose customers the accounts are; every third account is of none.
pub const INSTITUTIONS: u32 = 2;
/// Low, so that many payments between institutions need travel data.
const TRAVEL_THRESHOLD: u64 = 2_000_000;
/// Short, so that the council gets something done within a run.
const COUNCIL_DELAYS_MS: [u64; 4] = [0, 0, 200, 400];

/// The second and third version exist here only: longer memos and fewer operations, then one
/// operation less.
const VERSIONS: &[Rules] = &[
    Rules::V1,
    Rules { version: 2, memo_bytes_max: 64, ops_max: 4, ..Rules::V1 },
    Rules { version: 3, lacks: &["SetKyc"], ..Rules::V1 },
];
/// What a program may be, by its newest version less one.
const PROGRAMS: [Rulebook; 3] = [
    Rulebook::new(VERSIONS.split_at(1).0),
    Rulebook::new(VERSIONS.split_at(2).0),
    Rulebook::new(VERSIONS),
];

/// The newest version of the rules that there is.
pub const NEWEST: u32 = PROGRAMS.len() as u32;

/// The program whose newest version this is.
pub fn program(newest: u32) -> Rulebook {
    PROGRAMS[newest as usize - 1]
}

pub struct Setting {
    pub keys: Vec<SecretKey>,
    pub genesis: Rc<Genesis>,
    pub genesis_hash: Hash,
    pub config: Config,
}

impl Setting {
    pub fn new(plan: &Plan) -> Self {
        let keys: Vec<_> =
            (0..plan.nodes()).map(|n| SecretKey::dev(KEYS, &format!("validator {n}"))).collect();
        let founders = keys.iter().take(usize::from(plan.validators));
        let validators = founders.enumerate().map(|(n, key)| seat(n, key.public()));
        let spec = dev::DevSpec {
            chain_id: CHAIN_ID,
            time: START_WALL_MS,
            validators: validators.collect(),
            accounts: plan.load.accounts,
            balance: BALANCE,
            seed: KEYS.to_owned(),
        };
        let mut genesis = match dev::genesis(&spec) {
            Ok(genesis) => genesis,
            Err(error) => panic!("the dev genesis is not valid: {error}"),
        };
        let handed_out = u128::from(spec.accounts) * u128::from(spec.balance);
        genesis.cap = handed_out + u128::from(plan.load.cap_room);
        genesis.council.delays_ms = COUNCIL_DELAYS_MS;
        genesis.policy.travel_threshold = TRAVEL_THRESHOLD;
        genesis.institutions = (1..=INSTITUTIONS).map(institution).collect();
        for (n, account) in (0..).zip(&mut genesis.accounts) {
            account.institution = n % (INSTITUTIONS + 1);
        }
        let genesis_hash = genesis.hash();
        Self { keys, genesis: Rc::new(genesis), genesis_hash, config: config(plan) }
    }
}

/// The chain's number.
pub const CHAIN_ID: u32 = 7;

/// What node `n` is as a validator.
pub fn seat(n: usize, key: PublicKey) -> Validator {
    Validator {
        key,
        peer: SecretKey::dev(KEYS, &format!("peer {n}")).public(),
        power: 1,
        name: format!("validator-{n}"),
    }
}

/// The key that signs travel data for an institution.
pub fn institution_key(institution: u32) -> SecretKey {
    SecretKey::dev(KEYS, &format!("institution {institution}"))
}

fn institution(institution: u32) -> GenesisInstitution {
    let key = institution_key(institution).public();
    GenesisInstitution { institution, name: format!("institution {institution}"), key }
}

fn config(plan: &Plan) -> Config {
    let timing = &plan.timing;
    Config {
        propose_timeout_ms: timing.propose_ms,
        prevote_timeout_ms: timing.vote_ms,
        precommit_timeout_ms: timing.vote_ms,
        timeout_step_ms: timing.step_ms,
        block_interval_ms: timing.block_ms,
        heartbeat_ms: timing.heartbeat_ms,
        batch_delay_ms: timing.batch_ms,
        pool_txs_max: plan.load.pool_txs,
        verify: memo::verify,
        verify_all: memo::verify_all,
        ..Config::default()
    }
}
