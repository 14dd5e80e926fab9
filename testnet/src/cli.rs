//! The command line, as clap reads it.

use std::path::PathBuf;

use ballast_testnet::chaos::lies::ADVERSARIES;
use clap::{Args, Parser, Subcommand};

/// Runs a network of real validators on this machine, for development.
#[derive(Parser)]
#[command(name = "ballast-testnet", version, max_term_width = 100)]
pub struct Cli {
    /// The network's folder.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "BALLAST_DIR",
        default_value = "./.ballast-testnet"
    )]
    pub dir: PathBuf,
    /// Answer with one JSON object on standard output, errors too.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Make a network and start it; without --detach, stop it on Ctrl-C.
    Up(UpArgs),
    /// Stop every validator. Nothing is lost; `restart` goes on.
    Down,
    /// Show what every validator is doing.
    Status,
    /// Show validators' logs.
    Logs {
        /// Only this validator; all otherwise.
        validator: Option<usize>,
        /// Go on as more is written.
        #[arg(short, long)]
        follow: bool,
    },
    /// Print everything a script needs: endpoints, processes, accounts with keys, chain.
    Env,
    /// Pay a registered account from a dev account, and wait for the commit.
    Faucet {
        address: String,
        /// In dollars, such as 12.50.
        amount: String,
    },
    /// Stop every validator and delete the folder.
    Reset {
        /// Taken for granted: a dev network holds nothing of value.
        #[arg(short, long)]
        yes: bool,
    },
    /// Add a node with keys of its own: it follows, and the chain may make it a validator.
    Join {
        /// Restart this validator, so that the node has someone to follow.
        #[arg(long, value_name = "N", default_value_t = 0)]
        via: usize,
    },
    /// Stop and start a validator, or all of them.
    Restart { validator: Option<usize> },
    /// Break a validator, or mend it; or try a network of its own with every fault there is.
    #[command(subcommand)]
    Chaos(Chaos),
}

#[derive(Args)]
pub struct UpArgs {
    /// How many validators, 1 to 50.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=50))]
    pub validators: u8,
    /// Leave the validators running and return when all are ready.
    #[arg(long, short)]
    pub detach: bool,
    /// How many funded accounts.
    #[arg(long, default_value_t = 10)]
    pub accounts: u32,
    /// Use this port and those above it, three for each validator; free ones otherwise.
    #[arg(long, value_name = "P")]
    pub base_port: Option<u16>,
    /// Every key of the network follows from it.
    #[arg(long, default_value = "ballast dev")]
    pub seed: String,
    #[arg(long, default_value_t = 1337)]
    pub chain_id: u32,
}

#[derive(Clone, Subcommand)]
pub enum Chaos {
    /// SIGKILL, as a power cut would.
    Kill { validator: usize },
    /// Stop it where it is; its connections stay open.
    Pause { validator: usize },
    /// Let a paused one go on.
    Resume { validator: usize },
    /// Start one that was killed.
    Start { validator: usize },
    /// Run the chaos suite: real validators under load, hit with every fault that this machine can
    /// inject, and audited. Uses no existing network. Without numbers: the short form.
    Suite(SuiteArgs),
    /// Set those who mean harm, one at a time, against validators under load, and show what honest
    /// clients notice: one of four validators that lies, an observer, strangers, clients. Uses no
    /// existing network. `--long` judges by the bounds that docs/abuse.md states.
    Lies(LiesArgs),
    /// Check that the suite notices: disks that report syncs which they did not do, and a power
    /// cut, must cost payments.
    Prove,
}

#[derive(Args, Clone)]
pub struct LiesArgs {
    /// For how long each under load; nothing that depends on the machine's speed is judged.
    #[arg(long, value_name = "S", default_value_t = 10)]
    pub seconds: u64,
    /// A minute each under load and half of one at rest, judged by every bound.
    #[arg(long, conflicts_with = "seconds")]
    pub long: bool,
    /// Only these; all otherwise.
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(ADVERSARIES))]
    pub adversaries: Vec<String>,
    /// Where the JSON goes.
    #[arg(long, value_name = "FILE", default_value = "target/lies.json")]
    pub report: PathBuf,
}

/// How often each fault is injected; 0 leaves it out.
#[derive(Args, Clone)]
pub struct SuiteArgs {
    /// kill -9: of one, and of all four at once.
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub kills: u32,
    /// Data folders that are gone.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub lost_data: u32,
    /// SIGSTOP, and later SIGCONT: of one, and of two.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub pauses: u32,
    /// One-way, and two from two, in network namespaces.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub partitions: u32,
    /// Random loss of packets.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub packet_losses: u32,
    /// Wall clocks that are wrong.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub clock_skews: u32,
    /// Syncs that fail with EIO.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub sync_errors: u32,
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub full_disks: u32,
    /// Of one, and of all four at once.
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub power_cuts: u32,
    /// What is chosen at random follows from it; random itself by default.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Where the JSON goes; the table goes beside it, as .md, and logs of what failed into a
    /// folder beside it.
    #[arg(long, value_name = "FILE", default_value = "target/chaos.json")]
    pub report: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
