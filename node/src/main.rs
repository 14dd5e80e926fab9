//! `ballast-node`: runs a validator or an observer, and looks after its home.

use std::process::ExitCode;

use ballast_runtime::Rulebook;

fn main() -> ExitCode {
    ballast_node::main(Rulebook::SHIPPED)
}
