//! One sync fails with EIO, and the next would succeed: as Linux does it, which then has dropped
//! what was to be synced. The process must end without another try.

use std::time::Instant;

use super::Scene;
use crate::failure::Failure;

/// What the paths of a validator's three kinds of durable files hold.
const FILES: [&str; 3] = ["/sign-state", "/consensus.wal", "/data/db/"];
/// As docs/operating.md has it for a failing disk.
const EXIT: i32 = 1;

pub fn inject(scene: &mut Scene<'_>) -> Result<Instant, Failure> {
    let world = scene.world;
    let n = scene.any();
    let file = FILES[scene.round as usize % FILES.len()];
    let (process, shim) = (world.process(n)?, world.shim(n)?);
    shim.fail_next_sync(file)?;
    let exit = world.wait_exit(n, process)?;
    let (failed, retried) = shim.failed_and_retried()?;
    shim.be_honest()?;
    if exit != Some(EXIT) || failed == 0 || retried > 0 {
        return Err(Failure::safety(format!(
            "after a failed sync of {file} validator {n} ended with {exit:?} and had synced it \
             {retried} times more"
        )));
    }
    world.launch(&[n])?;
    Ok(Instant::now())
}
