//! SIGKILL at any moment, some of them while a validator still recovers from the last.

use std::time::Instant;

use super::Scene;
use crate::failure::Failure;

pub fn one(scene: &mut Scene<'_>) -> Result<Instant, Failure> {
    let world = scene.world;
    let n = scene.any();
    scene.last(0, 200);
    world.kill(&[n])?;
    if scene.once_in(4) {
        // The others go on without it.
        world.wait_progress(&world.others(&[n]), 2)?;
    }
    world.launch(&[n])?;
    if scene.once_in(4) {
        scene.last(0, 300);
        world.kill(&[n])?;
        world.launch(&[n])?;
    }
    Ok(Instant::now())
}

pub fn all(scene: &mut Scene<'_>) -> Result<Instant, Failure> {
    let world = scene.world;
    let all = world.all();
    scene.last(0, 200);
    world.kill(&all)?;
    world.launch(&all)?;
    if scene.once_in(4) {
        scene.last(0, 500);
        let [a, b] = scene.any_two();
        world.kill(&[a, b])?;
        world.launch(&[a, b])?;
    }
    Ok(Instant::now())
}
