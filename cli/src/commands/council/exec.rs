//! Signatures of the council, collected off the chain, and what they carry out.

use std::path::{Path, PathBuf};

use ballast_client::statements::Statement;
use ballast_primitives::PublicKey;
use ballast_proto::v1;
use ballast_runtime::object::Council;
use ballast_runtime::op::Signer as By;
use ballast_runtime::ops::council_exec::CouncilExec;
use ballast_runtime::{CouncilOp, Op, Witness};
use clap::Args;
use serde_json::json;

use super::act::{Needs, class_too_high, classify, operations_text};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::offline::Draft;
use crate::output::fields;
use crate::send::{self, SendArgs, sign};
use crate::signer::Signer;
use crate::view;

#[derive(Args, Debug)]
pub struct SignArgs {
    /// The file, from `--draft`
    file: PathBuf,
    /// Members' keys, by comma
    #[arg(long = "with", value_name = "KEY", value_delimiter = ',', required = true)]
    with: Vec<String>,
    /// Write the signed copy there [default: into the file itself]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct ExecArgs {
    /// The file and signed copies of it
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    send: SendArgs,
}

/// Carries out operations of class A or B, with the keys at hand.
pub(super) async fn exec_now(
    ctx: &Context,
    ops: Vec<CouncilOp>,
    needs: &Needs,
    signers: &[Signer],
    args: &SendArgs,
) -> Result<(), Failure> {
    let (epoch, exec_nonce) = (needs.epoch, needs.exec_nonce);
    let statement = Statement::Council { epoch, exec_nonce, ops };
    let mut draft = Draft::new(ctx.chain().await?, statement);
    for key in signers.iter().flat_map(Signer::keys) {
        draft.sign(key);
    }
    let sender = match &ctx.globals.from {
        Some(_) => None,
        None => signers.first(),
    };
    submit_exec(ctx, draft, sender, args).await
}

/// Checks what the chain would, and sends; who sends must be a member too.
async fn submit_exec(
    ctx: &Context,
    draft: Draft,
    sender: Option<&Signer>,
    args: &SendArgs,
) -> Result<(), Failure> {
    let chain = ctx.chain().await?;
    let Statement::Council { epoch, exec_nonce, ops } = draft.statement else {
        return Err(Failure::usage("the file is not of operations of the council"));
    };
    if draft.chain != chain {
        let message = format!("the file is for the chain of genesis {}", draft.chain.genesis);
        return Err(Failure::safety("BAD_CHAIN", message));
    }
    let needs = classify(ctx, &ops).await?;
    let council = members(ctx).await?;
    check_signatures(&draft.witnesses, &council, &needs)?;
    if (epoch, exec_nonce) != (needs.epoch, needs.exec_nonce) {
        let message = format!(
            "it was signed as number {exec_nonce} of epoch {epoch}; the council's next is {} of {}",
            needs.exec_nonce, needs.epoch
        );
        return Err(Failure::new(Exit::Refused, "EXEC_NONCE", message)
            .next("write it anew with --draft, and collect signatures again"));
    }
    let own;
    let sender = match sender {
        Some(sender) => sender,
        None => {
            own = ctx.signer(By::Member).await?;
            &own
        }
    };
    let wire = ctx.client().await?.wire().await?;
    let shown: Vec<_> = ops.iter().map(|op| view::council_op(&wire.council_op(op))).collect();
    let data = json!({
        "class": needs.class, "digest": needs.digest, "epoch": epoch, "exec_nonce": exec_nonce,
        "ops": shown,
    });
    let op = Op::CouncilExec(CouncilExec { ops, epoch, exec_nonce, witnesses: draft.witnesses });
    let tx = sign(ctx, sender, vec![op], None, args).await?;
    match &args.out {
        Some(path) => send::write_tx(ctx, &tx, path),
        None => send::submit(ctx, &tx, data, args.wait.then_some(args.timeout)).await,
    }
}

async fn members(ctx: &Context) -> Result<Council, Failure> {
    let client = ctx.client().await?;
    let answer = client.get_council(v1::GetCouncilRequest {}).await?;
    let wire = client.wire().await?;
    let bad = |error| Failure::new(Exit::Internal, "BAD_ANSWER", error);
    wire.read("council", &answer.council).map_err(bad)
}

fn check_signatures(
    witnesses: &[Witness],
    council: &Council,
    needs: &Needs,
) -> Result<(), Failure> {
    if !needs.immediate {
        return Err(class_too_high(needs));
    }
    let is_member = |key: &PublicKey| council.members.iter().any(|member| member.key == *key);
    if let Some(stranger) = witnesses.iter().find(|witness| !is_member(&witness.key)) {
        let message = format!("{} is no member's key for signing off the chain", stranger.key);
        return Err(Failure::new(Exit::Refused, "BAD_AUTH", message).next("ballast council show"));
    }
    let needed = usize::try_from(needs.threshold).unwrap_or(usize::MAX);
    if witnesses.len() < needed {
        let message =
            format!("{} of {needed} signatures that class {} needs", witnesses.len(), needs.class);
        return Err(Failure::new(Exit::Refused, "COUNCIL_QUORUM", message)
            .next("collect more with --draft and `ballast council sign`, or propose it"));
    }
    Ok(())
}

pub(super) async fn sign_file(ctx: &Context, args: SignArgs) -> Result<(), Failure> {
    let mut draft = Draft::read(&args.file)?;
    let Statement::Council { .. } = draft.statement else {
        return Err(Failure::usage("the file is not of operations of the council"));
    };
    sign_draft(ctx, &mut draft, &args.with).await?;
    finish_signing(ctx, &draft, &args.file, args.out.as_deref())
}

/// Shows what a file says, insists on a yes, and adds signatures.
pub async fn sign_draft(ctx: &Context, draft: &mut Draft, names: &[String]) -> Result<(), Failure> {
    if let Statement::Council { ops, .. } = &draft.statement {
        let wire = ballast_proto::Wire::new(draft.chain.network);
        let shown: Vec<_> = ops.iter().map(|op| view::council_op(&wire.council_op(op))).collect();
        ctx.out.notice(&operations_text(&shown));
    }
    ctx.out.notice(&fields(&draft.rows()));
    ctx.insist(&format!("Sign this with {}", names.join(", ")))?;
    for name in names {
        let signer = ctx.signer_named(name, &draft.chain).await?;
        for key in signer.keys() {
            draft.sign(key);
        }
    }
    Ok(())
}

/// Writes a signed file and says so.
pub fn finish_signing(
    ctx: &Context,
    draft: &Draft,
    file: &Path,
    out: Option<&Path>,
) -> Result<(), Failure> {
    match out {
        Some(out) => draft.write_new(out)?,
        None => draft.replace(file)?,
    }
    let file = out.unwrap_or(file).display().to_string();
    let signers: Vec<_> = draft.witnesses.iter().map(|witness| witness.key.to_string()).collect();
    let text = format!("signed: {file}\nsignatures: {}", signers.len());
    ctx.out.answer(json!({ "file": file, "signed_by": signers }), &text);
    Ok(())
}

pub(super) async fn exec_files(ctx: &Context, args: ExecArgs) -> Result<(), Failure> {
    let mut drafts = args.files.iter().map(|file| Draft::read(file));
    let mut draft = drafts.next().ok_or_else(|| Failure::usage("no file is given"))??;
    for copy in drafts {
        draft.merge(copy?)?;
    }
    if let Statement::Council { ops, .. } = &draft.statement {
        let wire = ballast_proto::Wire::new(draft.chain.network);
        let shown: Vec<_> = ops.iter().map(|op| view::council_op(&wire.council_op(op))).collect();
        ctx.out.progress(&operations_text(&shown));
    }
    ctx.confirm("Carry this out").await?;
    submit_exec(ctx, draft, None, &args.send).await
}
