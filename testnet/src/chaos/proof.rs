//! A suite that finds everything well would prove nothing if it could not find anything wrong.

use std::time::{Duration, Instant};

use tokio::task::block_in_place;

use super::machine::{Machine, Need};
use super::verdict::{Balances, judge};
use super::world::{PATIENCE, World};
use crate::failure::Failure;
use crate::load::Load;

const PAYERS: u32 = 8;
const PAYMENTS: usize = 100;

/// Disks report syncs that they did not do, and the power of all validators goes. What was
/// acknowledged then is not there any more; gives the words in which that was noticed. A network
/// that seems well is a failure.
pub async fn disks_that_lie(machine: &Machine, volume_bytes: u64) -> Result<String, Failure> {
    for need in [Need::Power, Need::Shim] {
        if let Some(why) = machine.lacks(need) {
            return Ok(format!("skipped: {why}"));
        }
    }
    let world = block_in_place(|| World::up(machine, volume_bytes))?;
    let before = Balances::read(&world.cluster, &world.cluster.client(0)).await?;
    let load = Load::start(&world.cluster, PAYERS);
    load.more(PAYMENTS, PATIENCE).await?;
    for n in world.all() {
        world.shim(n)?.lie()?;
    }
    load.more(PAYMENTS, PATIENCE).await?;
    let noticed = block_in_place(|| cut_and_start(&world));
    let (ledger, _) = load.finish().await?;
    if let Err(failure) = noticed {
        return Ok(format!("noticed: {failure}"));
    }
    let verdict = judge(&world.cluster, 1, &ledger, &before).await?;
    let mut found = world.take_double_signs();
    found.extend(verdict.problems);
    match found.first() {
        Some(problem) => Ok(format!("noticed, {} in all: {problem}", found.len())),
        None => Err(Failure::safety("disks lied, the power went, and nothing was noticed")),
    }
}

fn cut_and_start(world: &World) -> Result<Duration, Failure> {
    world.cut_power(&world.powered())?;
    for n in world.all() {
        world.shim(n)?.be_honest()?;
    }
    world.launch(&world.all())?;
    world.wait_recovered(Instant::now())
}
