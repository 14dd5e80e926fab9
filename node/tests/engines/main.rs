//! Several nodes in one process, over real sockets and disks: the engine without the command line.

mod halts;
mod harness;
mod payments;
mod sets;
mod upgrades;
