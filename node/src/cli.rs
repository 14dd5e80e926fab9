//! The command line, as clap reads it.

use std::path::PathBuf;

use crate::config::{ConfigError, Loaded};
use crate::keyfile::PassphraseSource;
use crate::setup::Home;
use clap::{Args, Parser, Subcommand};

/// Runs a Ballast validator or observer, and looks after its home folder.
#[derive(Parser)]
#[command(name = "ballast-node", version, max_term_width = 100)]
pub struct Cli {
    /// Answer with one JSON object on standard output, errors too.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Prepare a home: keys if asked for, then the data folder and the sign-state, once.
    Init(InitArgs),
    /// Run the node until SIGTERM or SIGINT; a second signal ends it at once.
    Start(StartArgs),
    /// Ask a running node how it is.
    Status(ConfiguredHome),
    /// Check a home before starting: configuration, keys, genesis, ports, disk, sign-state.
    Doctor(StartArgs),
    /// Key files.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Genesis files.
    #[command(subcommand)]
    Genesis(GenesisCommand),
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The database.
    #[command(subcommand)]
    Db(DbCommand),
    /// Upgrades of the rules.
    #[command(subcommand)]
    Upgrade(UpgradeCommand),
    /// What the validator's key has signed.
    #[command(subcommand)]
    SignState(SignStateCommand),
    /// Get past a decided block that no validator can execute.
    #[command(subcommand)]
    Override(OverrideCommand),
    /// Print a completion script for a shell.
    Completions { shell: clap_complete::Shell },
}

#[derive(Subcommand)]
pub enum KeyCommand {
    /// Print the public key of a key file.
    Show {
        file: PathBuf,
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
    /// Write a fresh key into a new file, encrypted.
    Generate {
        file: PathBuf,
        /// Not encrypted: only a dev chain accepts such a key.
        #[arg(long)]
        plaintext: bool,
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
}

#[derive(Subcommand)]
pub enum GenesisCommand {
    /// Print what a genesis file sets up.
    Show { file: PathBuf },
    /// Check a genesis file and print its hash, which names the chain.
    Verify { file: PathBuf },
}

#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Print every value in effect.
    Show {
        #[command(flatten)]
        home: ConfiguredHome,
        /// Say where each value came from.
        #[arg(long)]
        origin: bool,
    },
    /// Print a commented configuration file with every default.
    Default,
}

#[derive(Subcommand)]
pub enum DbCommand {
    /// Print what the database of a stopped node holds.
    Stats(HomeArgs),
    /// Remove receipts, events and history of old blocks from the database of a stopped node.
    ///
    /// Blocks, batches and certificates stay, and with them all that other nodes catch up from; so
    /// do the log of control and what deposits and redemptions rest on. Repeating it changes
    /// nothing; after a crash on the way it goes on.
    Prune {
        #[command(flatten)]
        home: HomeArgs,
        /// The oldest height whose receipts are kept.
        #[arg(long, value_name = "HEIGHT")]
        before: u64,
    },
}

#[derive(Subcommand)]
pub enum UpgradeCommand {
    /// Ask a running node whether it, and which other validators, can go on when the scheduled
    /// version of the rules comes; exits with 10 when this node cannot.
    Check(ConfiguredHome),
}

#[derive(Subcommand)]
pub enum SignStateCommand {
    /// Replace the sign-state of a stopped node, when it is lost or of no use.
    ///
    /// Stop every other node that runs with this key first. The validator follows without signing
    /// until the chain has passed whatever its key may have signed before.
    Reset {
        #[command(flatten)]
        home: HomeArgs,
        /// Confirms that nothing here knows all that the key has signed.
        #[arg(long, required = true)]
        history_unknown: bool,
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
}

#[derive(Subcommand)]
pub enum OverrideCommand {
    /// Write an unsigned record that makes a block void. The node's last message names its height
    /// and id.
    Create {
        #[command(flatten)]
        home: HomeArgs,
        #[arg(long)]
        height: u64,
        /// The block's id.
        #[arg(long)]
        block: String,
        /// The file to write.
        file: PathBuf,
    },
    /// Add this validator's signature to a record.
    Sign {
        #[command(flatten)]
        home: HomeArgs,
        #[command(flatten)]
        passphrase: PassphraseArgs,
        file: PathBuf,
    },
    /// Put the signatures of several copies of a record together.
    Assemble {
        /// The copies.
        #[arg(long, required = true, num_args = 1..)]
        from: Vec<PathBuf>,
        /// The file to write.
        file: PathBuf,
    },
    /// Give a record to this stopped node, which obeys it when it starts, if a quorum signed it.
    Apply {
        #[command(flatten)]
        home: HomeArgs,
        file: PathBuf,
    },
    /// Print what a record says and who signed it.
    Show { file: PathBuf },
}

#[derive(Args)]
pub struct HomeArgs {
    /// The node's home folder.
    #[arg(long, value_name = "DIR", env = "BALLAST_HOME")]
    home: PathBuf,
}

impl HomeArgs {
    pub fn home(&self) -> Home {
        Home::new(&self.home)
    }
}

#[derive(Args)]
pub struct ConfiguredHome {
    #[command(flatten)]
    home: HomeArgs,
    /// Set a value, stronger than config.toml and BALLAST_* variables.
    #[arg(long, value_name = "SECTION.NAME=VALUE")]
    set: Vec<String>,
}

impl ConfiguredHome {
    pub fn home(&self) -> Home {
        self.home.home()
    }

    /// The configuration in effect. A home without a file runs on defaults.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        let file = self.home().config();
        let file = file.exists().then_some(file.as_path());
        // A variable that is not Unicode is none of ours.
        let variables = std::env::vars_os()
            .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)));
        Loaded::new(file, variables, &self.set)
    }
}

#[derive(Args)]
pub struct StartArgs {
    #[command(flatten)]
    pub home: ConfiguredHome,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

#[derive(Args)]
pub struct InitArgs {
    #[command(flatten)]
    pub home: HomeArgs,
    /// Generate encrypted consensus and peer keys. An existing key is never overwritten.
    #[arg(long)]
    pub new_keys: bool,
    /// Make a sign-state for a key that is here already. If the key ever signed, it may sign twice.
    #[arg(long, conflicts_with = "new_keys")]
    pub key_never_signed: bool,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

/// A passphrase never comes from the command line itself, which every user can read.
#[derive(Args)]
pub struct PassphraseArgs {
    /// Read the passphrase from this open descriptor instead of the terminal.
    #[arg(long, value_name = "N", conflicts_with = "passphrase_file")]
    passphrase_fd: Option<u32>,
    /// Read the passphrase from this file, such as a service manager's credential.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseArgs {
    pub fn source(&self) -> PassphraseSource {
        match (&self.passphrase_fd, &self.passphrase_file) {
            (Some(number), _) => PassphraseSource::Descriptor(*number),
            (None, Some(path)) => PassphraseSource::File(path.clone()),
            (None, None) => PassphraseSource::Terminal,
        }
    }
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
