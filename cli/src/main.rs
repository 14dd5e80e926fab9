//! `ballast`: wallet and administration of a Ballast chain, over gRPC to its validators.

mod cli;
mod commands;
mod context;
mod exit;
mod fate;
mod keystore;
mod message;
mod nonces;
mod offline;
mod once;
mod output;
mod profile;
mod send;
mod sent;
mod uri;
mod view;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use cli::{Cli, Command};
use context::Context;
use exit::Failure;
use output::Output;

const _: () = assert!(
    !ballast_primitives::planted::CARRIED,
    "planted bugs are for the simulator's tests; a wallet is not built with them"
);

fn main() -> ExitCode {
    // A mistake of this program is an error like others.
    std::panic::set_hook(Box::new(|panic| {
        let said =
            format!("error: {panic} [INTERNAL]\nnext:  report it, with the command that led here");
        drop(writeln!(std::io::stderr(), "{said}"));
        std::process::exit(i32::from(exit::Exit::Internal.code()));
    }));
    if let Some(arguments) = commands::testnet::arguments(std::env::args_os().skip(1)) {
        return fail(Output::new(false, false), &commands::testnet::exec(arguments));
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::refuse(&error),
    };
    let out = Output::new(cli.globals.json, cli.globals.quiet);
    let ctx = match cli.globals.with_profile() {
        Ok(globals) => Context::new(globals),
        Err(failure) => return fail(out, &failure),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(out, &Failure::new(exit::Exit::Internal, "INTERNAL", error)),
    };
    runtime.spawn(watch_interrupt(out));
    match runtime.block_on(dispatch(&ctx, cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(out, &failure),
    }
}

async fn dispatch(ctx: &Context, command: Command) -> Result<(), Failure> {
    use commands::{
        account, allowance, auth, bridge, control, council, deposit, document, events, incident,
        institution, key, minter, pay, payout, policy, proof, proposal, redeem, reserve, role,
        status, supply, terms, tx, upgrade, uri, validator,
    };
    match command {
        Command::Key(command) => key::run(ctx, command),
        Command::Pay(args) => pay::run(ctx, args).await,
        Command::Balance(args) => account::balance(ctx, args).await,
        Command::Account(args) => account::run(ctx, args).await,
        Command::History(args) => account::history(ctx, args).await,
        Command::Tx(command) => tx::run(ctx, command).await,
        Command::Allowance(command) => allowance::run(ctx, command).await,
        Command::Auth(command) => auth::run(ctx, command).await,
        Command::Supply(command) => supply::run(ctx, command).await,
        Command::Deposit(command) => deposit::run(ctx, command).await,
        Command::Redeem(command) => redeem::run(ctx, command).await,
        Command::Payout(command) => payout::run(ctx, command).await,
        Command::Reserve(command) => reserve::run(ctx, command).await,
        Command::Minter(command) => minter::run(ctx, command).await,
        Command::Institution(command) => institution::run(ctx, command).await,
        Command::Bridge(command) => bridge::run(ctx, command).await,
        Command::Control(command) => control::run(ctx, command).await,
        Command::Role(command) => role::run(ctx, command).await,
        Command::Proposal(command) => proposal::run(ctx, command).await,
        Command::Council(command) => council::run(ctx, command).await,
        Command::Policy(command) => policy::run(ctx, command).await,
        Command::Terms(command) => terms::run(ctx, command).await,
        Command::Document(command) => document::run(ctx, command).await,
        Command::Incident(command) => incident::run(ctx, command).await,
        Command::Validator(command) => validator::run(ctx, command).await,
        Command::Upgrade(command) => upgrade::run(ctx, command).await,
        Command::Proof(command) => proof::run(ctx, command).await,
        Command::Events(command) => events::run(ctx, command).await,
        Command::Uri(command) => uri::run(ctx, command).await,
        Command::Status => status::run(ctx).await,
        Command::Testnet { arguments } => Err(commands::testnet::exec(arguments)),
        Command::Completions { shell } => {
            cli::completions(shell);
            Ok(())
        }
    }
}

fn fail(out: Output, failure: &Failure) -> ExitCode {
    out.failure(failure);
    ExitCode::from(failure.exit.code())
}

/// Ends the program on Ctrl-C, saying what may still happen.
async fn watch_interrupt(out: Output) {
    /// Lets a prompt restore the terminal.
    const RESTORE: Duration = Duration::from_millis(50);
    if tokio::signal::ctrl_c().await.is_ok() {
        tokio::time::sleep(RESTORE).await;
        let failure = fate::interrupted();
        out.failure(&failure);
        std::process::exit(i32::from(failure.exit.code()));
    }
}
