//! Who holds which role.

use ballast_proto::v1;
use ballast_runtime::CouncilOp;
use ballast_runtime::limits::DAY_MS;
use ballast_runtime::object::Role;
use ballast_runtime::ops::grant_role::GrantRole;
use ballast_runtime::ops::revoke_role::RevokeRole;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::commands::council::{CouncilArgs, act};
use crate::commands::pages;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{table, time};
use crate::send::now_ms;
use crate::signer::parse_role;
use crate::view;

const PAGE: u32 = 1_000;

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast role list
  ballast role grant minter dev:4 --days 90 --from alice
  ballast role revoke minter dev:4 --sign-with alice,bob --wait")]
pub enum Command {
    /// Give an account an operational role (council, class C)
    Grant(GrantArgs),
    /// Take it away (council, class A)
    Revoke(RevokeArgs),
    /// Role grants, expired and revoked ones too
    List(ListArgs),
}

#[derive(Args, Debug)]
pub struct GrantArgs {
    /// minter, mint-controller, custodian, compliance, registrar …
    #[arg(value_parser = parse_role)]
    role: Role,
    /// Who gets it
    #[arg(value_name = "ADDR")]
    holder: String,
    /// For how long, at most 366
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    days: u64,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct RevokeArgs {
    #[arg(value_parser = parse_role)]
    role: Role,
    /// Who loses it
    #[arg(value_name = "ADDR")]
    holder: String,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only this role
    #[arg(long, value_parser = parse_role)]
    role: Option<Role>,
    /// Only this holder
    #[arg(long, value_name = "ADDR")]
    holder: Option<String>,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Grant(args) => grant(ctx, args).await,
        Command::Revoke(args) => revoke(ctx, args).await,
        Command::List(args) => list(ctx, args).await,
    }
}

async fn grant(ctx: &Context, args: GrantArgs) -> Result<(), Failure> {
    let holder = ctx.address(&args.holder).await?;
    let valid_until = now_ms().saturating_add(args.days.saturating_mul(DAY_MS));
    let op = CouncilOp::GrantRole(GrantRole { role: args.role, holder, valid_until });
    act(ctx, vec![op], &args.council).await
}

async fn revoke(ctx: &Context, args: RevokeArgs) -> Result<(), Failure> {
    let holder = ctx.address(&args.holder).await?;
    let op = CouncilOp::RevokeRole(RevokeRole { role: args.role, holder });
    act(ctx, vec![op], &args.council).await
}

async fn list(ctx: &Context, args: ListArgs) -> Result<(), Failure> {
    let wire = ctx.client().await?.wire().await?;
    let role = args.role.map_or(0, |role| wire.show(&role));
    let mut holder = String::new();
    if let Some(text) = &args.holder {
        holder = ctx.shown(&ctx.address(text).await?).await?;
    }
    let request = v1::ListRolesRequest { role, holder, page_size: PAGE, ..Default::default() };
    let roles = pages!(ctx, list_roles, request, roles, usize::MAX);
    let data = json!({ "roles": roles.iter().map(json_of).collect::<Vec<_>>() });
    let row = |grant: &v1::RoleGrant| {
        vec![view::role_name(grant.role), grant.holder.clone(), end_of(grant)]
    };
    let rows: Vec<_> = roles.iter().map(row).collect();
    ctx.out.answer(data, &table(&["role", "holder", "held until"], &rows));
    Ok(())
}

fn end_of(grant: &v1::RoleGrant) -> String {
    match grant.valid_until_ms {
        0 => "revoked".to_owned(),
        u64::MAX => "for good".to_owned(),
        until => time(until),
    }
}

pub fn text_of(grant: &v1::RoleGrant) -> String {
    format!("{}, held until: {}", view::role_name(grant.role), end_of(grant))
}

pub fn json_of(grant: &v1::RoleGrant) -> Value {
    json!({
        "role": view::role_name(grant.role),
        "holder": grant.holder,
        "valid_until_ms": grant.valid_until_ms,
        "revoked": grant.valid_until_ms == 0,
    })
}
