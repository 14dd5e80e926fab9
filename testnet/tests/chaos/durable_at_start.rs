//! A kill between a write and its sync leaves bytes that a restart reads, and that a power cut
//! then takes away. What the validator says on the strength of them would be forgotten.

use ballast_testnet::chaos::machine::{Machine, Need, VOLUME_BYTES_MIN};
use ballast_testnet::chaos::world::World;

use crate::turn;

#[test]
fn what_a_validator_finds_at_its_start_it_first_makes_durable() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::explore(Err("not needed".to_owned()), folder.path());
    if let Some(why) = machine.lacks(Need::Shim) {
        eprintln!("skipped: {why}");
        return;
    }
    let world = World::up(&machine, VOLUME_BYTES_MIN).unwrap();
    world.kill(&world.all()).unwrap();
    let starts = world.cluster.log(0).matches("validator started").count();
    for file in ["/sign-state", "/consensus.wal"] {
        let shim = world.shim(0).unwrap();
        shim.fail_next_sync(file).unwrap();
        world.launch(&[0]).unwrap();
        let exit = world.wait_exit(0, world.process(0).unwrap()).unwrap();
        // Before it has said anything to anyone.
        assert_eq!(world.cluster.log(0).matches("validator started").count(), starts, "{file}");
        assert!(exit.is_some_and(|code| code != 0), "{file}: {exit:?}");
        assert_eq!(shim.failed_and_retried().unwrap(), (1, 0), "{file}");
    }
    world.shim(0).unwrap().be_honest().unwrap();
    world.launch(&world.all()).unwrap();
    world.wait_recovered(std::time::Instant::now()).unwrap();
}
