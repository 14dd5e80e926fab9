//! From an operation to a transaction on its way: build, sign, try out, say the id, send.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use ballast_client::statements::Statement;
use ballast_client::{Error, Landed, Submitted, TxOptions};
use ballast_primitives::{Address, Hash};
use ballast_proto::v1;
use ballast_runtime::limits::HOUR_MS;
use ballast_runtime::{Code, Op, SignedTx, TxBody};
use clap::Args;
use serde_json::{Value, json};

use crate::context::{Context, Signer};
use crate::exit::{Exit, Failure, exit_of_reason, next_after_refusal};
use crate::fate::{
    Awaited, after_failure, answer, await_fate, insert, merged, set_in_flight, wait_command,
};
use crate::nonces::{Reservation, release};
use crate::offline::Draft;
use crate::output::{fields, time};
use crate::sent::{self, Paid};
use crate::view;

#[derive(Args, Debug, Clone, Default)]
pub struct SendArgs {
    /// Wait until it is committed and executed (exit 5 when it failed or expired)
    #[arg(long)]
    pub wait: bool,
    /// How long to wait before the outcome counts as unknown (exit 6)
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub timeout: u64,
    /// It can commit only within this time
    #[arg(long, value_name = "SECONDS", default_value_t = HOUR_MS / 1000)]
    pub valid_for: u64,
    /// Any unused nonce of the account's window [default: that of the last command that was refused, or
    /// else the next one]
    #[arg(long)]
    pub nonce: Option<u64>,
    /// Send it though it would fail now
    #[arg(long)]
    pub force: bool,
    /// Where it is noted that what is asked for was paid.
    #[arg(skip)]
    pub paid: Option<Paid>,
    /// Write the signed transaction to a file instead of sending it
    #[arg(long, value_name = "FILE", conflicts_with = "wait")]
    pub out: Option<PathBuf>,
    /// Write the transaction to a file without signing it: see `ballast tx sign`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["wait", "out"])]
    pub build: Option<PathBuf>,
}

/// An id that follows from a transaction.
type IdOf = fn(&TxBody) -> Hash;

/// One operation to send.
pub struct Request {
    op: Op,
    memo: Option<Vec<u8>>,
    /// In words, for the confirmation.
    what: String,
    /// What the answer says besides the operation's fields.
    more: Vec<(&'static str, Value)>,
    /// What follows from the transaction, e.g. from its nonce.
    id: Option<(&'static str, IdOf)>,
}

impl Request {
    /// Signed by who may send the operation; `what` says it in words.
    pub fn new(op: Op, what: impl Into<String>) -> Self {
        Self { op, memo: None, what: what.into(), more: Vec::new(), id: None }
    }

    #[must_use]
    pub fn memo(self, memo: Option<Vec<u8>>) -> Self {
        Self { memo, ..self }
    }

    /// Has the answer say one thing more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.more.push((name, value.into()));
        self
    }

    /// Has the answer name an id that follows from the transaction; it is said before sending.
    #[must_use]
    pub fn with_id(self, name: &'static str, id: IdOf) -> Self {
        Self { id: Some((name, id)), ..self }
    }
}

/// Signs and sends one operation, and answers with what became of it.
pub async fn send(ctx: &Context, request: Request, args: &SendArgs) -> Result<(), Failure> {
    let Request { op, memo, what, more, id } = request;
    if let Some(path) = &args.build {
        let sender = ctx.own_address(op.signer()).await?;
        return write_unsigned(ctx, build(ctx, sender, vec![op], memo, args).await?, path).await;
    }
    let signer = ctx.signer(op.signer()).await?;
    ctx.confirm_amount(&format!("{what} as {}", signer.name), leaves(&op)).await?;
    ctx.out.progress(&format!("{what}, as {}", signer.name));
    let mut data = view::op(&ctx.client().await?.wire().await?.op(&op));
    if let Value::Object(fields) = &mut data {
        // The name of an operation is not that of what it is about.
        fields.remove("name");
    }
    for (name, value) in more {
        insert(&mut data, name, value);
    }
    let tx = sign(ctx, &signer, vec![op], memo, args).await?;
    if let Some((name, id)) = id {
        let id = id(&tx.body).to_string();
        ctx.out.progress(&format!("{name} {id}"));
        insert(&mut data, name, json!(id));
    }
    match &args.out {
        Some(path) => write_tx(ctx, &tx, path),
        None => submit(ctx, &tx, data, args).await,
    }
}

/// What leaves, or may leave, the sender's account by an operation of a holder.
fn leaves(op: &Op) -> Option<u64> {
    match op {
        Op::Transfer(op) => Some(op.amount),
        Op::TransferFrom(op) => Some(op.amount),
        Op::Approve(op) => Some(op.amount),
        Op::RedeemRequest(op) => Some(op.amount),
        Op::BridgeOut(op) => Some(op.amount),
        _ => None,
    }
}

/// Builds and signs a transaction, under the next nonce that this machine has not given out.
pub async fn sign(
    ctx: &Context,
    signer: &Signer,
    ops: Vec<Op>,
    memo: Option<Vec<u8>>,
    args: &SendArgs,
) -> Result<SignedTx, Failure> {
    let tx = build(ctx, signer.address, ops, memo, args).await?.sign(&signer.keys());
    tx.check_shape().map_err(bad_shape)?;
    Ok(tx)
}

/// A transaction that nobody has signed.
pub async fn build(
    ctx: &Context,
    sender: Address,
    ops: Vec<Op>,
    memo: Option<Vec<u8>>,
    args: &SendArgs,
) -> Result<TxBody, Failure> {
    let client = ctx.client().await?;
    let valid_until = now_ms().saturating_add(args.valid_for.saturating_mul(1_000));
    let mut nonce = args.nonce;
    if let Some(mut reserved) = Reservation::open(ctx, &sender).await {
        let book = &mut reserved.book;
        match nonce {
            Some(chosen) => book.take(chosen, valid_until),
            None => {
                let next = client.next_nonce(&sender, book, valid_until).await;
                nonce = Some(next.map_err(not_registered)?);
            }
        }
        reserved.save();
    }
    let valid_until = Some(valid_until);
    let options = TxOptions { memo, valid_until, nonce, ..TxOptions::default() };
    client.build(sender, ops, options).await.map_err(not_registered)
}

fn bad_shape(problem: &'static str) -> Failure {
    Failure::new(Exit::Refused, Code::Decode.name(), problem)
}

/// Writes a transaction for others to sign.
pub async fn write_unsigned(ctx: &Context, body: TxBody, path: &Path) -> Result<(), Failure> {
    let unsigned = SignedTx { body, witnesses: Vec::new() };
    unsigned.check_unsigned_shape().map_err(bad_shape)?;
    let (id, until) = (unsigned.body.id(), unsigned.body.valid_until);
    let statement = Statement::Transaction(Box::new(unsigned.body));
    Draft::new(ctx.chain().await?, statement).write_new(path)?;
    let file = path.display().to_string();
    let next = format!("ballast tx sign {file} --with NAME");
    let data = json!({
        "tx_id": id.to_string(), "valid_until_ms": until, "file": file, "next": next,
    });
    let rows = [("transaction", id.to_string()), ("valid until", time(until))];
    let text = format!("built, not signed: {file}\n{}\nsign it with: {next}", fields(&rows));
    ctx.out.answer(data, &text);
    Ok(())
}

fn not_registered(error: ballast_client::Error) -> Failure {
    let failure = Failure::from(error);
    match failure.reason.as_str() {
        "ACCOUNT_NOT_FOUND" => Failure::new(
            Exit::Refused,
            "UNKNOWN_ACCOUNT",
            "the account that signs is not registered; nothing was sent",
        )
        .next("a registrar opens it with `ballast account register --key HEX --class N`"),
        _ => failure,
    }
}

pub fn write_tx(ctx: &Context, tx: &SignedTx, path: &Path) -> Result<(), Failure> {
    let open = OpenOptions::new().write(true).create_new(true).open(path);
    open.and_then(|mut file| file.write_all(&tx.encode()))
        .map_err(|error| Failure::file(path, &error))?;
    let (id, until) = (tx.body.id(), tx.body.valid_until);
    let file = path.display().to_string();
    let data = json!({ "tx_id": id.to_string(), "valid_until_ms": until, "file": file });
    let text = format!(
        "signed, not sent: {file}\n{}\nsend it with: ballast tx submit {file}",
        fields(&[("transaction", id.to_string()), ("valid until", time(until))])
    );
    ctx.out.answer(data, &text);
    Ok(())
}

/// Sends a signed transaction; waits for its fate if asked to.
pub async fn submit(
    ctx: &Context,
    tx: &SignedTx,
    data: Value,
    args: &SendArgs,
) -> Result<(), Failure> {
    let (id, until) = (tx.body.id(), tx.body.valid_until);
    if !args.wait {
        let known = hand_in(ctx, tx, &data, args).await?.known;
        set_in_flight(None);
        return accepted(ctx, id, until, known, data);
    }
    let landed = land(ctx, tx, args, data.clone()).await?;
    answer(ctx, id, until, data, &landed);
    Ok(())
}

/// Sends a signed transaction and waits until it has had its effect.
pub async fn land(
    ctx: &Context,
    tx: &SignedTx,
    args: &SendArgs,
    data: Value,
) -> Result<Landed, Failure> {
    match hand_in(ctx, tx, &data, args).await {
        Ok(_) => ctx.out.progress("accepted, waiting for the commit"),
        // It may be on its way: waiting tells.
        Err(failure) if failure.exit == Exit::Unknown => {}
        Err(failure) => return Err(failure),
    }
    await_fate(ctx, &Awaited::of(&tx.body), args.timeout, data).await
}

/// Sends it, unless it would fail.
async fn hand_in(
    ctx: &Context,
    tx: &SignedTx,
    data: &Value,
    args: &SendArgs,
) -> Result<Submitted, Failure> {
    let (id, until) = (tx.body.id(), tx.body.valid_until);
    if !args.force
        && let Err(failure) = try_out(ctx, tx).await
    {
        release(ctx, &tx.body).await;
        return Err(failure.data(merged(data.clone(), id, until)));
    }
    // The id first: whatever happens next, it tells what became of the money.
    ctx.out.notice(&format!("transaction {id}, valid until {}", time(until)));
    sent::keep(tx);
    if let Some(paid) = &args.paid {
        paid.note(tx);
    }
    set_in_flight(Some((id, until)));
    let answer = ctx.client().await?.submit(tx).await;
    if matches!(answer, Err(Error::Refused(_) | Error::Unreachable(_))) {
        // It may come in later all the same: the next command takes its nonce.
        release(ctx, &tx.body).await;
        sent::forget(&id);
        if let Some(paid) = &args.paid {
            paid.forget();
        }
    }
    answer.map_err(|error| {
        set_in_flight(None);
        Failure::from(error).data(merged(data.clone(), id, until))
    })
}

/// What a validator says that the transaction would do now. What would not have its effect is not
/// sent: on chain it would cost its nonce and quota.
async fn try_out(ctx: &Context, tx: &SignedTx) -> Result<(), Failure> {
    let client = ctx.client().await?;
    let answer = client.simulate(tx).await?;
    if let Some(v1::SubmitError { reason, message, .. }) = answer.refused {
        // What is on chain already is sent again without harm.
        let may_be_known = ["NONCE_USED", "NONCE_TOO_OLD", "EXPIRED"].contains(&reason.as_str());
        let found = if may_be_known { client.tx(tx.body.id()).await.ok() } else { None };
        if found.is_some_and(|found| found.receipt.is_some()) {
            return Ok(());
        }
        let code = Code::from_name(&reason);
        let exit = code.map_or(Exit::Refused, |code| exit_of_reason(&code.into()));
        let next = code.and_then(next_after_refusal);
        let message = format!("it would be refused, so nothing was sent: {message}");
        return Err(Failure::new(exit, &reason, message).maybe_next(next));
    }
    if let Some(failure) = answer.failure {
        let message = format!("it would have no effect, so nothing was sent: {}", failure.message);
        let next = after_failure(&failure.reason).unwrap_or("add --force to send it all the same");
        return Err(Failure::new(Exit::Refused, &failure.reason, message).next(next));
    }
    Ok(())
}

fn accepted(ctx: &Context, id: Hash, until: u64, known: bool, data: Value) -> Result<(), Failure> {
    let mut data = merged(data, id, until);
    insert(&mut data, "state", json!("ACCEPTED"));
    insert(&mut data, "known", json!(known));
    let before = if known { " (it was known already)" } else { "" };
    let text =
        format!("accepted{before}, not yet committed\nfollow it with: {}", wait_command(id, until));
    ctx.out.answer(data, &text);
    Ok(())
}

/// This machine's clock, in milliseconds since the Unix epoch.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
