//! The way of operations that only the council may carry out: proposed, or carried out at once with
//! the keys at hand, or written down for members to sign.

use std::path::{Path, PathBuf};

use ballast_client::statements::Statement;
use ballast_proto::v1;
use ballast_proto::v1::event::Kind as EventKind;
use ballast_runtime::op::Signer as By;
use ballast_runtime::ops::propose::Propose;
use ballast_runtime::{CouncilOp, Op};
use clap::Args;
use serde_json::{Value, json};

use super::exec::exec_now;
use crate::commands::proposal;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::message;
use crate::offline::Draft;
use crate::output::fields;
use crate::send::{self, SendArgs, sign};
use crate::signer::Signer;
use crate::view::{self, span};

/// How operations of the council are brought about.
#[derive(Args, Debug)]
pub struct CouncilArgs {
    /// Members' keys at hand, by comma: classes A and B are carried out at once, the others
    /// proposed, approved and, once their delay is over, executed
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    pub sign_with: Vec<String>,
    /// Write the operations to a file for members to sign (`council sign`), instead of proposing
    #[arg(long, value_name = "FILE", conflicts_with = "sign_with")]
    pub draft: Option<PathBuf>,
    #[command(flatten)]
    pub send: SendArgs,
}

/// What operations need of the council now.
pub struct Needs {
    pub class: String,
    pub threshold: u32,
    pub delay_ms: u64,
    pub(super) immediate: bool,
    pub(super) epoch: u64,
    pub(super) exec_nonce: u64,
    pub digest: String,
}

pub(super) async fn classify(ctx: &Context, ops: &[CouncilOp]) -> Result<Needs, Failure> {
    let client = ctx.client().await?;
    let wire = client.wire().await?;
    let ops = ops.iter().map(|op| wire.council_op(op)).collect();
    let answer = client.classify_operations(v1::ClassifyOperationsRequest { ops }).await?;
    Ok(Needs {
        class: message::name_of("CouncilClass", answer.class),
        threshold: answer.threshold,
        delay_ms: answer.delay_ms,
        immediate: answer.immediate,
        epoch: answer.epoch,
        exec_nonce: answer.exec_nonce,
        digest: answer.digest,
    })
}

/// Brings operations of the council about: proposes them, or carries them out with the keys at
/// hand, or writes them down for members to sign.
pub async fn act(ctx: &Context, ops: Vec<CouncilOp>, args: &CouncilArgs) -> Result<(), Failure> {
    let needs = classify(ctx, &ops).await?;
    ctx.out.progress(&decoded(ctx, &ops, &needs).await?);
    match (&args.draft, args.sign_with.is_empty()) {
        (Some(path), _) => draft(ctx, ops, &needs, path).await,
        (None, true) => {
            let signer = ctx.signer(By::Member).await?;
            ctx.confirm(&format!("Propose this as {}", signer.name)).await?;
            let number = propose(ctx, &signer, ops, &needs, &args.send).await?;
            match number {
                Some(proposed) => proposed.answer(ctx).await,
                None => Ok(()),
            }
        }
        (None, false) => {
            let signers = signers(ctx, &args.sign_with).await?;
            ctx.confirm("Carry this out").await?;
            match needs.immediate {
                true => exec_now(ctx, ops, &needs, &signers, &args.send).await,
                false => proposal::pass(ctx, ops, &needs, &signers, &args.send).await,
            }
        }
    }
}

async fn signers(ctx: &Context, names: &[String]) -> Result<Vec<Signer>, Failure> {
    let chain = ctx.chain().await?;
    let mut signers = Vec::new();
    for name in names {
        signers.push(ctx.signer_named(name, &chain).await?);
    }
    Ok(signers)
}

/// The operations as whoever decides must read them.
async fn decoded(ctx: &Context, ops: &[CouncilOp], needs: &Needs) -> Result<String, Failure> {
    let wire = ctx.client().await?.wire().await?;
    let shown: Vec<_> = ops.iter().map(|op| view::council_op(&wire.council_op(op))).collect();
    let after = match needs.delay_ms {
        0 => "at once when approved".to_owned(),
        ms => format!("{} after approval", span(ms)),
    };
    Ok(format!(
        "{}\n{}",
        operations_text(&shown),
        fields(&[
            ("class", format!("{}: {} must say yes, {after}", needs.class, needs.threshold)),
            ("digest", needs.digest.clone()),
        ])
    ))
}

/// Operations, each below its number and name.
pub fn operations_text(ops: &[Value]) -> String {
    let one = |(n, op): (usize, &Value)| {
        let name = op.get("name").and_then(Value::as_str).unwrap_or("?");
        let rows: Vec<_> =
            view::rows(op).into_iter().map(|(label, text)| (format!("   {label}"), text)).collect();
        format!("{}. {name}\n{}", n.saturating_add(1), fields(&rows))
    };
    ops.iter().enumerate().map(one).collect::<Vec<_>>().join("\n")
}

async fn draft(
    ctx: &Context,
    ops: Vec<CouncilOp>,
    needs: &Needs,
    path: &Path,
) -> Result<(), Failure> {
    if !needs.immediate {
        return Err(class_too_high(needs));
    }
    let (epoch, exec_nonce) = (needs.epoch, needs.exec_nonce);
    let draft = Draft::new(ctx.chain().await?, Statement::Council { epoch, exec_nonce, ops });
    draft.write_new(path)?;
    let file = path.display().to_string();
    let next = [
        format!("ballast council sign {file} --with MEMBER"),
        format!("ballast council exec {file} --from MEMBER --wait"),
    ];
    let text = format!(
        "written, not signed: {file}\n{} members sign it, on any machine:\n  {}\none of them carries \
         it out:\n  {}",
        needs.threshold, next[0], next[1]
    );
    let data = json!({
        "file": file, "class": needs.class, "threshold": needs.threshold, "digest": needs.digest,
        "epoch": epoch, "exec_nonce": exec_nonce, "next": next,
    });
    ctx.out.answer(data, &text);
    Ok(())
}

pub(super) fn class_too_high(needs: &Needs) -> Failure {
    let message = format!("operations of class {} need a proposal", needs.class);
    Failure::new(Exit::Refused, "CLASS_TOO_HIGH", message)
        .next("run the command without --draft: it proposes them")
}

/// A proposal that is on chain.
pub struct Proposed {
    pub number: u64,
    data: Value,
}

/// Proposes operations; none when the transaction was written to a file instead.
pub async fn propose(
    ctx: &Context,
    signer: &Signer,
    ops: Vec<CouncilOp>,
    needs: &Needs,
    args: &SendArgs,
) -> Result<Option<Proposed>, Failure> {
    let wire = ctx.client().await?.wire().await?;
    let shown: Vec<_> = ops.iter().map(|op| view::council_op(&wire.council_op(op))).collect();
    let tx = sign(ctx, signer, vec![Op::Propose(Propose { ops })], None, args).await?;
    if let Some(path) = &args.out {
        send::write_tx(ctx, &tx, path)?;
        return Ok(None);
    }
    let data = json!({
        "class": needs.class, "digest": needs.digest, "threshold": needs.threshold,
        "delay_ms": needs.delay_ms, "ops": shown,
    });
    let landed = send::land(ctx, &tx, args.timeout, data.clone()).await?;
    let number = landed.receipt.events.iter().find_map(|event| match &event.kind {
        Some(EventKind::Proposed(proposed)) => Some(proposed.proposal),
        _ => None,
    });
    let number = number.ok_or_else(|| {
        Failure::new(Exit::Internal, "BAD_ANSWER", "the receipt names no proposal")
    })?;
    let data = view::with(
        data,
        [
            ("proposal", json!(number)),
            ("tx_id", json!(landed.receipt.tx_id)),
            ("height", json!(landed.receipt.height)),
            ("state", json!("COMMITTED")),
        ],
    );
    Ok(Some(Proposed { number, data }))
}

impl Proposed {
    /// Says where the proposal stands and who does what next.
    async fn answer(self, ctx: &Context) -> Result<(), Failure> {
        let standing = proposal::standing(ctx, self.number).await?;
        let data = view::with(
            self.data,
            [
                ("status", json!(standing.status)),
                ("eta_ms", json!(standing.eta_ms)),
                ("next", json!(standing.next)),
            ],
        );
        ctx.out.answer(data, &standing.text);
        Ok(())
    }
}
