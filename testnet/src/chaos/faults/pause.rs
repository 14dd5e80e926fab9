//! SIGSTOP: a validator that says nothing, hears nothing, and comes back with an old view of
//! everything, its timers long due.

use std::time::Instant;

use super::Scene;
use crate::failure::Failure;

pub fn one(scene: &mut Scene<'_>) -> Result<Instant, Failure> {
    let world = scene.world;
    let n = scene.any();
    world.cluster.pause(n)?;
    world.wait_progress(&world.others(&[n]), 1)?;
    last(scene);
    world.cluster.resume(n)?;
    Ok(Instant::now())
}

/// Without a quorum nothing happens until they go on.
pub fn two(scene: &mut Scene<'_>) -> Result<Instant, Failure> {
    let which = scene.any_two();
    for n in which {
        scene.world.cluster.pause(n)?;
    }
    last(scene);
    for n in which {
        scene.world.cluster.resume(n)?;
    }
    Ok(Instant::now())
}

fn last(scene: &mut Scene<'_>) {
    if scene.is_long() {
        // Connections are given up after 15 s without an answer.
        scene.last(16_000, 18_000);
    } else {
        scene.last(100, 1_500);
    }
}
