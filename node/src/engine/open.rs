//! From a home folder to a replica that is where the disk says it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ballast_primitives::override_record::SignedOverride;
use ballast_primitives::signature::verify_batch;
use ballast_primitives::{Evidence, Hash, SecretKey, codec};
use ballast_replica::safety::{self, Memory};
use ballast_replica::wal::WalEntry;
use ballast_replica::{Effect, Now, Recovered, Replica, commit};
use ballast_runtime::limits::OBJECT_BYTES_MAX;
use ballast_runtime::state::Change;
use ballast_runtime::{Genesis, Key, Object, Rulebook, State};

use crate::config::Config;
use crate::journal::{DataLock, LockError, Owner, SignState, SignStateError, Wal, WalError};
use crate::rpc::backend::Head;
use crate::setup::{Home, RunError};
use crate::store::{Store, StoreOptions};

/// Results kept for headers that may still attest them.
const RESULTS: u64 = 32;
/// Of how much evidence the replica is told at the start.
const EVIDENCE_RECALLED: usize = 1_000;
/// The most pieces of evidence counted at the start.
const EVIDENCE_MAX: usize = 10_000;

pub struct Opened {
    pub replica: Replica,
    /// The first to perform.
    pub effects: Vec<Effect>,
    pub store: Arc<Store>,
    pub wal: Wal,
    pub sign_state: SignState,
    /// Held for as long as the process uses the folder.
    pub lock: DataLock,
    pub head: Head,
    pub data: PathBuf,
    pub evidence: u64,
}

pub fn open(
    home: &Path,
    config: &Config,
    genesis: &Genesis,
    genesis_hash: Hash,
    key: SecretKey,
    (rulebook, release): (Rulebook, Hash),
    now: Now,
) -> Result<Opened, RunError> {
    let home = Home::new(home);
    let data = home.data();
    let lock = DataLock::acquire(home.path()).map_err(locked)?;
    let owner = Owner { key: key.public().0, chain: genesis_hash.0 };
    let (sign_state, memory) = open_sign_state(&home, &owner)?;
    if !data.is_dir() {
        let path = home.path().display();
        let why = format!("{} is missing: run `ballast-node init --home {path}`", data.display());
        return Err(RunError::Config(why));
    }
    let store =
        Store::open(&home.database(), &genesis_hash, store_options(config)).map_err(failed)?;
    let state = open_state(&store, genesis, rulebook)?;
    let (wal, contents) = Wal::open(&home.wal(), &owner).map_err(bad_wal)?;
    let signer = store.signer().map_err(failed)?.filter(|signer| signer.key == key.public());
    let named = [contents.generation, signer.map_or(0, |signer| signer.generation)];
    if !safety::is_newest(sign_state.generation(), &named) {
        return Err(too_old(&home));
    }
    if contents.cut_bytes > 0 {
        tracing::warn!(bytes = contents.cut_bytes, "cut an unfinished record off the log's end");
    }
    let entries: Result<Vec<_>, _> = contents.entries.iter().map(|e| WalEntry::decode(e)).collect();
    let entries = entries.map_err(|error| {
        RunError::Safety(format!("the consensus write-ahead log holds a foreign record: {error}"))
    })?;

    let newest = store.head().map_err(failed)?;
    let newest = newest.ok_or_else(|| RunError::Failed("the store is empty".to_owned()))?;
    let mut results = Vec::new();
    for height in newest.height.saturating_sub(RESULTS)..=newest.height {
        results.extend(store.executed(height).map_err(failed)?);
    }
    let block = store.block(newest.height).map_err(failed)?;
    let mut batches = Vec::new();
    for digest in store.batch_hashes().map_err(failed)? {
        batches.extend(store.batch(&digest).map_err(failed)?);
    }
    let head = Head {
        height: newest.height,
        time_ms: newest.time,
        state_root: newest.state_root,
        block: block.as_ref().map_or(genesis_hash, |block| block.header.id()),
    };
    tracing::info!(
        height = newest.height,
        objects = newest.objects,
        waiting = batches.len(),
        records = entries.len(),
        "opened the data folder"
    );
    let recovered = Recovered {
        state,
        results,
        block,
        block_is_ours: signer.is_some(),
        memory,
        wal: (contents.height, entries),
        batches,
        overrides: overrides(&home)?,
        evidence: stored_evidence(&store)?,
    };
    let config = ballast_replica::Config { rulebook, release, ..replica_config(config) };
    let (replica, effects) =
        Replica::open(config, genesis_hash, genesis.chain_id, key, recovered, now)
            .map_err(RunError::Safety)?;
    if replica.muted_through() > 0 {
        tracing::warn!(
            through = replica.muted_through(),
            "the write-ahead log of a signed height is gone: following without voting"
        );
    }
    let evidence = store.evidence(EVIDENCE_MAX).map_err(failed)?.len() as u64;
    let store = Arc::new(store);
    Ok(Opened { replica, effects, store, wal, sign_state, lock, head, data, evidence })
}

/// The newest evidence that is stored: not all of it may be on the chain.
fn stored_evidence(store: &Store) -> Result<Vec<Evidence>, RunError> {
    let seen = store.evidence(EVIDENCE_RECALLED).map_err(failed)?;
    Ok(seen.into_iter().map(|seen| seen.evidence).collect())
}

/// The overrides in this home. Whether they hold is asked when their blocks come.
fn overrides(home: &Home) -> Result<Vec<SignedOverride>, RunError> {
    let folder = home.overrides();
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let bytes = fs::read(&path).map_err(failed)?;
        let signed = SignedOverride::decode(&bytes).map_err(|error| {
            RunError::Config(format!("{} is no override: {error}", path.display()))
        })?;
        tracing::warn!(height = signed.record.height, block = %signed.record.block, "an override waits");
        found.push(signed);
    }
    Ok(found)
}

fn open_sign_state(home: &Home, owner: &Owner) -> Result<(SignState, Memory), RunError> {
    let path = home.sign_state();
    let (file, record) = SignState::open(&path, owner).map_err(|error| match error {
        SignStateError::Io { .. } => RunError::Failed(error.to_string()),
        other => RunError::Safety(format!("{other}. {}", home.sign_state_advice())),
    })?;
    if file.has_damaged_slot() {
        tracing::warn!("a slot of the sign-state is damaged, as a power cut leaves it");
    }
    let memory = record.map_or(Ok(Memory::default()), |bytes| Memory::decode(&bytes));
    let memory = memory.map_err(|error| {
        let advice = home.sign_state_advice();
        RunError::Safety(format!("{} does not decode: {error}. {advice}", path.display()))
    })?;
    Ok((file, memory))
}

fn too_old(home: &Home) -> RunError {
    let (path, advice) = (home.sign_state(), home.sign_state_advice());
    let path = path.display();
    RunError::Safety(format!("{path} is older than the database or the log beside it. {advice}"))
}

/// The newest state; a new folder begins with the genesis state.
fn open_state(store: &Store, genesis: &Genesis, rulebook: Rulebook) -> Result<State, RunError> {
    if store.head().map_err(failed)?.is_none() {
        let state = State::from_genesis(genesis)
            .map_err(|error| RunError::Config(format!("the genesis file: {error}")))?;
        let executed = commit::genesis_result(&state, genesis.time);
        store.initialise(state.changes(), &executed).map_err(failed)?;
        return Ok(state);
    }
    let leaves: Result<Vec<_>, _> = store.leaves().collect();
    let leaves = leaves.map_err(failed)?;
    check_version(&leaves, rulebook)?;
    State::restore(leaves)
        .map_err(|error| RunError::Safety(format!("the stored state is damaged: {error}")))
}

/// Before anything else is read by rules that may not be the state's.
fn check_version(leaves: &[Change], rulebook: Rulebook) -> Result<(), RunError> {
    let key = codec::encode(&Key::Upgrade);
    let stored = leaves.iter().find(|leaf| leaf.key == key);
    let object = stored.map(|leaf| codec::decode(&leaf.value, OBJECT_BYTES_MAX));
    let Some(Ok(Object::Upgrade(upgrade))) = object else { return Ok(()) };
    if rulebook.of(upgrade.current).is_some() {
        return Ok(());
    }
    Err(RunError::Downgrade(format!(
        "this home is at version {} of the rules, and this release has up to {}: a downgrade is \
         not possible. Install the release that was here before, or a later one (the council \
         named {})",
        upgrade.current,
        rulebook.newest(),
        upgrade.code
    )))
}

fn store_options(config: &Config) -> StoreOptions {
    let mib = usize::try_from(config.store.block_cache_mib).unwrap_or(usize::MAX >> 20);
    StoreOptions { block_cache_bytes: mib << 20, ..StoreOptions::default() }
}

fn replica_config(config: &Config) -> ballast_replica::Config {
    let consensus = &config.consensus;
    ballast_replica::Config {
        propose_timeout_ms: consensus.propose_timeout_ms,
        prevote_timeout_ms: consensus.prevote_timeout_ms,
        precommit_timeout_ms: consensus.precommit_timeout_ms,
        timeout_step_ms: consensus.timeout_step_ms,
        block_interval_ms: consensus.min_block_interval_ms,
        busy_block_interval_ms: consensus.busy_block_interval_ms,
        heartbeat_ms: consensus.heartbeat_ms,
        batch_delay_ms: consensus.batch_delay_ms,
        busy_batch_delay_ms: consensus.busy_batch_delay_ms,
        batch_bytes: usize::try_from(consensus.batch_bytes).unwrap_or(usize::MAX),
        verify_all: |items| verify_batch(items, &mut rand::rng()),
        ..ballast_replica::Config::default()
    }
}

fn failed(error: impl std::fmt::Display) -> RunError {
    RunError::Failed(error.to_string())
}

fn locked(error: LockError) -> RunError {
    match error {
        LockError::Held { .. } => RunError::Safety(error.to_string()),
        LockError::Io { .. } => RunError::Failed(error.to_string()),
    }
}

fn bad_wal(error: WalError) -> RunError {
    match error {
        WalError::Io { .. } => RunError::Failed(error.to_string()),
        other => RunError::Safety(format!(
            "{other}. The log holds what this validator must remember to vote safely. Put back the \
             one that belongs here, or remove the file: the validator then follows without voting \
             until the height that its sign-state names is decided"
        )),
    }
}
