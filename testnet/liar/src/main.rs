//! A validator built to lie, or an observer.
//!
//! It has a home on the chain, with a validator's place in the set or an observer's on the list, speaks the peers' protocol through the node's
//! own network layer, and does one thing that no honest validator does, as hard as the wire lets it
//! ([`behaviour`]). It follows the chain only as far as it must to lie about the present height, keeps
//! no sign-state, and its keys must never be used by an honest validator again.

mod behaviour;
mod liar;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use ballast_node::config::Loaded;
use ballast_node::keyfile::KeyFile;
use ballast_node::net::{self, NetConfig, NetLimits, NetMetrics, PeerEntry, PeerKey};
use ballast_node::setup::Home;
use ballast_primitives::PublicKey;
use ballast_runtime::Genesis;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

use crate::behaviour::Behaviour;
use crate::liar::Liar;

/// Runs until SIGTERM.
#[derive(Parser)]
#[command(name = "ballast-liar", version)]
struct Args {
    /// A validator's or an observer's home on a dev chain.
    #[arg(long)]
    home: PathBuf,
    #[arg(long)]
    behaviour: Behaviour,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let home = Home::new(args.home);
    let config = Loaded::new(Some(&home.config()), std::iter::empty(), &[])?.config;
    let genesis = Genesis::decode(&fs::read(home.genesis())?)?;
    let key = |path: PathBuf| -> Result<_> { Ok(KeyFile::read(&path)?.open(true, None)?) };
    let (consensus, peer) = (key(home.consensus_key())?, key(home.peer_key())?);
    let mut peers = Vec::new();
    for entry in &config.network.peers {
        let key: PublicKey = entry.key.parse().context("network.peers")?;
        peers.push(PeerEntry { key: PeerKey(key.0), address: Some(entry.address.clone()) });
    }
    let list = peers.clone();
    // Its own limits do not keep it from anything.
    let (frame, queue) = (16 << 20, 64 << 20);
    let limits = NetLimits {
        consensus_frame_bytes_max: frame,
        batch_frame_bytes_max: frame,
        consensus_queue_bytes_max: queue,
        batch_queue_bytes_max: queue,
        consensus_inbox_bytes_max: queue,
        batch_inbox_bytes_max: queue,
        ..NetLimits::default()
    };
    let net = net::start(
        NetConfig {
            secret: Zeroizing::new(*peer.expose()),
            listen: config.network.listen.clone(),
            peers,
            chain: genesis.hash().0,
            limits,
        },
        NetMetrics::default(),
    )
    .await?;
    let mut end = signal(SignalKind::terminate())?;
    let liar = Liar::new(consensus, &genesis, net.network.clone(), list);
    tokio::select! {
        () = liar.run(args.behaviour, net.events, net.batches) => {}
        _ = end.recv() => {}
    }
    net.network.shutdown().await;
    Ok(())
}
