//! A validator's data folder is gone; only its sign-state is left, as when a disk is replaced. It
//! fetches everything from the others, and votes again once the chain has passed what it may have
//! signed.

use std::fs;
use std::time::Instant;

use super::Scene;
use crate::failure::Failure;

pub fn inject(scene: &mut Scene<'_>) -> Result<Instant, Failure> {
    let world = scene.world;
    let n = scene.any();
    scene.last(0, 200);
    world.kill(&[n])?;
    let data = world.cluster.home(n).join("data");
    fs::remove_dir_all(&data).map_err(Failure::at(&data))?;
    world.launch(&[n])?;
    Ok(Instant::now())
}
