//! The volume under a validator's home fills up: slowly, so that the validator gives up one thing
//! after the other, or at once. It goes on when there is room again.

use std::time::Instant;

use ballast_proto::error::ServiceReason;
use ballast_proto::{Reason, WireError};
use tokio::runtime::Handle;

use super::Scene;
use crate::chaos::world::{World, wait_until};
use crate::failure::Failure;

// As docs/operating.md has them.
const REFUSED: i32 = 9;
const FAILED: i32 = 1;
// Free space, in thousandths, at which the validator takes no more transactions, signs no more,
// and stops.
const NO_ADMISSION: u64 = 80;
const NO_VOTES: u64 = 40;
const STOP: u64 = 10;
/// A funded account that is not among the payers.
const BYSTANDER: u32 = 9;

pub fn inject(scene: &mut Scene<'_>) -> Result<Instant, Failure> {
    let world = scene.world;
    let n = scene.any();
    match scene.round % 3 {
        0 => slowly_to_the_end(world, n),
        1 => at_once(world, n),
        _ => slowly_and_back(world, n),
    }
}

fn slowly_to_the_end(world: &World, n: usize) -> Result<Instant, Failure> {
    let process = world.process(n)?;
    slowly(world, n)?;
    world.volume(n)?.fill(STOP)?;
    let exit = world.wait_exit(n, process)?;
    if exit != Some(REFUSED) {
        return Err(Failure::safety(format!("validator {n} ran out of space: exit {exit:?}")));
    }
    world.volume(n)?.empty()?;
    world.launch(&[n])?;
    Ok(Instant::now())
}

fn slowly_and_back(world: &World, n: usize) -> Result<Instant, Failure> {
    slowly(world, n)?;
    world.volume(n)?.empty()?;
    Ok(Instant::now())
}

/// Until it only follows.
fn slowly(world: &World, n: usize) -> Result<(), Failure> {
    let volume = world.volume(n)?;
    volume.fill(NO_ADMISSION)?;
    let is_ready = || world.status(n).is_none_or(|status| status.ready);
    wait_until(&format!("validator {n} is not ready"), || !is_ready())?;
    check_refusal(world, n)?;
    volume.fill(NO_VOTES)?;
    let is_mute = || world.status(n).is_some_and(|status| status.voting.starts_with("no"));
    wait_until(&format!("validator {n} signs no more"), is_mute)?;
    // The others go on, and it follows.
    let height = world.height(&world.others(&[n]));
    wait_until(&format!("validator {n} follows"), || world.height(&[n]) > height + 1)
}

/// A transaction that the validator should not take for now.
fn check_refusal(world: &World, n: usize) -> Result<(), Failure> {
    let chain = &world.cluster.chain;
    let (from, to) = (chain.account(BYSTANDER), chain.account(0).address);
    let tx = chain.pay(&from, to, 1, 1).encode();
    let client = world.cluster.client(n);
    let answer = Handle::current().block_on(client.submit(tx));
    let status = match answer {
        Ok(taken) => return Err(Failure::safety(format!("validator {n} took {}", taken.tx_id))),
        Err(status) => status,
    };
    match WireError::from_status(&status).map(|error| error.reason) {
        Some(Reason::Service(ServiceReason::Busy)) => Ok(()),
        other => Err(Failure::internal(format!("validator {n} refused with {other:?}: {status}"))),
    }
}

/// Whether it notices in time or a write fails first, it ends.
fn at_once(world: &World, n: usize) -> Result<Instant, Failure> {
    let process = world.process(n)?;
    world.volume(n)?.fill_up()?;
    let exit = world.wait_exit(n, process)?;
    if exit != Some(REFUSED) && exit != Some(FAILED) {
        return Err(Failure::safety(format!("validator {n} on a full disk: exit {exit:?}")));
    }
    world.volume(n)?.empty()?;
    world.launch(&[n])?;
    Ok(Instant::now())
}
