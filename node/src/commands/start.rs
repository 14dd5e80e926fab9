//! `start`: reads everything, then hands over to the engine.

use std::fs::File;
use std::process;
use std::thread;

use crate::setup::{Setup, exit};
use crate::{engine, logging};
use ballast_primitives::Hash;
use ballast_runtime::Rulebook;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{Failure, home, init};
use crate::cli::StartArgs;

pub fn run(args: &StartArgs, rulebook: Rulebook) -> Result<u8, Failure> {
    let home = args.home.home();
    let config = args.home.load()?.config;
    logging::start(&config.log)?;
    logging::abort_on_panic();
    let genesis = home::genesis(&home.genesis())?;
    let ask = || args.passphrase.source().read("passphrase of this node's keys");
    let keys = home::keys(&home, genesis.network, ask)?;
    let place = home::place_in_chain(&genesis, &keys).text;
    if home.sign_state().exists() {
        // Data may be deleted to fetch it anew; without a sign-state the engine refuses.
        init::create_folder(&home.data())?;
    }
    let stop = CancellationToken::new();
    watch_signals(stop.clone())?;
    let release = own_digest();
    tracing::info!(
        %release,
        rules = rulebook.newest(),
        version = env!("CARGO_PKG_VERSION"),
        name = config.node.name,
        chain = genesis.chain_id,
        genesis = %genesis.hash(),
        place,
        "starting"
    );
    let setup = Setup {
        home: home.path().to_owned(),
        config,
        genesis,
        consensus_key: keys.consensus,
        peer_key: keys.peer,
        rulebook,
        release,
        stop,
    };
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::internal)?;
    match runtime.block_on(engine::run(setup)) {
        Ok(()) => {
            tracing::info!("stopped");
            Ok(0)
        }
        Err(error) => {
            // Said in the log, which may be JSON; a plain line after it would break its form.
            tracing::error!(%error, exit_code = error.exit_code(), "stopped by an error");
            Ok(error.exit_code())
        }
    }
}

/// What `ballast upgrade schedule --code @ballast-node` takes of this program's file.
fn own_digest() -> Hash {
    let mut hasher = blake3::Hasher::new();
    let file = std::env::current_exe().and_then(File::open);
    match file.and_then(|file| hasher.update_reader(file).map(|hasher| hasher.finalize())) {
        Ok(digest) => Hash(*digest.as_bytes()),
        Err(error) => {
            tracing::warn!(%error, "the digest of this release is not known: its file cannot be read");
            Hash::ZERO
        }
    }
}

/// In a thread of its own, so that the second signal works whatever the engine is busy with.
fn watch_signals(stop: CancellationToken) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(Failure::internal)?;
    let listen = || -> std::io::Result<(Signal, Signal)> {
        Ok((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
    };
    let (mut terminate, mut interrupt) = {
        let _inside = runtime.enter();
        listen().map_err(Failure::internal)?
    };
    let next = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("asked to stop: finishing the block in hand; again to stop at once");
        stop.cancel();
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::warn!("asked again: stopping at once");
        process::exit(i32::from(exit::INTERRUPTED));
    };
    let watch = move || -> () { runtime.block_on(next) };
    thread::Builder::new().name("signals".to_owned()).spawn(watch).map_err(Failure::internal)?;
    Ok(())
}
