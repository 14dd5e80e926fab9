//! Being asked to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ballast_testnet::Failure;
use ballast_testnet::failure::exit;
use tokio::signal::unix::{SignalKind, signal};

/// True after the first SIGINT or SIGTERM; the second ends this program.
pub fn watch() -> Result<Arc<AtomicBool>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let runtime = runtime.map_err(Failure::internal)?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        let listen = |kind| signal(kind).map_err(Failure::internal);
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?)
    };
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    let next = async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        flag.store(true, Ordering::Relaxed);
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        std::process::exit(i32::from(exit::INTERRUPTED));
    };
    thread::spawn(move || runtime.block_on(next));
    Ok(interrupted)
}
