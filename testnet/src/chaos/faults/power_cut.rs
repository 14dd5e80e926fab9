//! The power goes: what was not synced is lost, with whatever order and tearing the file system
//! and the block layer make of it.

use std::time::Instant;

use super::Scene;
use crate::failure::Failure;

pub fn one(scene: &mut Scene<'_>) -> Result<Instant, Failure> {
    let powered = scene.world.powered();
    let n = powered[scene.any() % powered.len()];
    cut(scene, &[n])
}

pub fn all(scene: &mut Scene<'_>) -> Result<Instant, Failure> {
    let all = scene.world.powered();
    cut(scene, &all)
}

fn cut(scene: &mut Scene<'_>, which: &[usize]) -> Result<Instant, Failure> {
    let world = scene.world;
    scene.last(0, 200);
    world.cut_power(which)?;
    world.launch(which)?;
    if scene.once_in(4) {
        // Again, while they recover.
        scene.last(0, 500);
        world.cut_power(which)?;
        world.launch(which)?;
    }
    Ok(Instant::now())
}
