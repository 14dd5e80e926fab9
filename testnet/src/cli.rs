//! The command line, as clap reads it.

use std::path::PathBuf;

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
    /// Break a validator, or mend it.
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

#[derive(Clone, Copy, Subcommand)]
pub enum Chaos {
    /// SIGKILL, as a power cut would.
    Kill { validator: usize },
    /// Stop it where it is; its connections stay open.
    Pause { validator: usize },
    /// Let a paused one go on.
    Resume { validator: usize },
    /// Start one that was killed.
    Start { validator: usize },
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
