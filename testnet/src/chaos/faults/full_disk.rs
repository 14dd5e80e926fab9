//! The volume under a validator's home fills up: slowly, so that the validator gives up one thing
//! after the other, or at once. It goes on when there is room again.

use std::time::Instant;

use super::Scene;
use crate::failure::Failure;

const REFUSED: i32 = 9;
const FAILED: i32 = 1;

pub fn inject(scene: &mut Scene<'_>) -> Result<Instant, Failure> {
    let world = scene.world;
    let n = scene.any();
    let exit = if scene.round % 2 == 0 { slowly(scene, n) } else { at_once(scene, n) }?;
    world.volume(n)?.empty()?;
    if exit != Some(REFUSED) && exit != Some(FAILED) {
        return Err(Failure::safety(format!("validator {n} on a full disk: exit {exit:?}")));
    }
    world.launch(&[n])?;
    Ok(Instant::now())
}

fn slowly(scene: &Scene<'_>, n: usize) -> Result<Option<i32>, Failure> {
    let (world, volume) = (scene.world, scene.world.volume(n)?);
    let process = world.process(n)?;
    // The others go on.
    world.wait_progress(&world.others(&[n]), 1)?;
    volume.fill(10)?;
    let exit = world.wait_exit(n, process)?;
    if exit != Some(REFUSED) {
        return Err(Failure::safety(format!("validator {n} ran out of space: exit {exit:?}")));
    }
    Ok(exit)
}

/// Whether it notices in time or a write fails first, it ends.
fn at_once(scene: &Scene<'_>, n: usize) -> Result<Option<i32>, Failure> {
    let process = scene.world.process(n)?;
    scene.world.volume(n)?.fill(0)?;
    scene.world.wait_exit(n, process)
}
