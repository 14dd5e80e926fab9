//! `ballast-node` as the release after that of `second.rs` would be: the same second version, and a
//! third with fewer operations. It exists for tests of upgrades, and never ships.

use std::process::ExitCode;

use ballast_runtime::{Rulebook, Rules};

const VERSIONS: &[Rules] = &[
    Rules::V1,
    Rules { version: 2, memo_bytes_max: 64, ..Rules::V1 },
    Rules { version: 3, ops_max: 4, ..Rules::V1 },
];

fn main() -> ExitCode {
    ballast_node::main(Rulebook::new(VERSIONS))
}
