//! From an operation to its fate: build, sign, say the id, send, wait.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ballast_client::statements::Statement;
use ballast_client::{Fate, Landed, Submitted, TxOptions};
use ballast_primitives::{Address, Hash};
use ballast_runtime::limits::HOUR_MS;
use ballast_runtime::replay::WINDOW;
use ballast_runtime::{Code, Op, SignedTx, TxBody};
use clap::Args;
use serde_json::{Value, json};

use crate::context::{Context, Signer};
use crate::exit::{Exit, Failure};
use crate::keystore::Keystore;
use crate::offline::Draft;
use crate::output::{fields, time};
use crate::view;

/// The transaction that is on its way, for the message when the user interrupts.
static IN_FLIGHT: Mutex<Option<(Hash, u64)>> = Mutex::new(None);

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
    /// Any unused nonce of the account's window [default: the next one]
    #[arg(long)]
    pub nonce: Option<u64>,
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
    ctx.confirm(&format!("{what} as {}", signer.name)).await?;
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
        None => submit(ctx, &tx, data, args.wait.then_some(args.timeout)).await,
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
    let mut reserved = Reservation::open(ctx, &sender).await;
    let high = client.nonce_high(&sender).await.map_err(not_registered)?;
    let options = TxOptions {
        memo,
        valid_until: Some(valid_until),
        nonce: args.nonce,
        nonce_floor: reserved.as_ref().map_or(0, |reserved| reserved.floor(high)),
        ..TxOptions::default()
    };
    let body = client.build(sender, ops, options).await?;
    if let Some(reserved) = &mut reserved {
        reserved.take(body.nonce, valid_until, args.nonce.is_some());
    }
    Ok(body)
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

/// Sends a signed transaction; waits up to `wait` seconds if asked to.
pub async fn submit(
    ctx: &Context,
    tx: &SignedTx,
    data: Value,
    wait: Option<u64>,
) -> Result<(), Failure> {
    let (id, until) = (tx.body.id(), tx.body.valid_until);
    let Some(seconds) = wait else {
        let known = hand_in(ctx, tx, &data).await?.known;
        set_in_flight(None);
        return accepted(ctx, id, until, known, data);
    };
    let landed = land(ctx, tx, seconds, data.clone()).await?;
    answer(ctx, id, until, data, &landed);
    Ok(())
}

/// Sends a signed transaction and waits until it has had its effect.
pub async fn land(
    ctx: &Context,
    tx: &SignedTx,
    seconds: u64,
    data: Value,
) -> Result<Landed, Failure> {
    let (id, until) = (tx.body.id(), tx.body.valid_until);
    match hand_in(ctx, tx, &data).await {
        Ok(_) => ctx.out.progress("accepted, waiting for the commit"),
        // It may be on its way: waiting tells.
        Err(failure) if failure.exit == Exit::Unknown => {}
        Err(failure) => return Err(failure),
    }
    await_fate(ctx, id, until, seconds, data).await
}

/// Sends it.
async fn hand_in(ctx: &Context, tx: &SignedTx, data: &Value) -> Result<Submitted, Failure> {
    let (id, until) = (tx.body.id(), tx.body.valid_until);
    // The id first: whatever happens next, it tells what became of the money.
    ctx.out.notice(&format!("transaction {id}, valid until {}", time(until)));
    set_in_flight(Some((id, until)));
    ctx.client().await?.submit(tx).await.map_err(|error| {
        set_in_flight(None);
        Failure::from(error).data(merged(data.clone(), id, until))
    })
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

/// Waits for a transaction's fate and answers with it.
pub async fn finish(
    ctx: &Context,
    id: Hash,
    until: u64,
    seconds: u64,
    data: Value,
) -> Result<(), Failure> {
    let landed = await_fate(ctx, id, until, seconds, data.clone()).await?;
    answer(ctx, id, until, data, &landed);
    Ok(())
}

fn answer(ctx: &Context, id: Hash, until: u64, data: Value, landed: &Landed) {
    let mut data = merged(data, id, until);
    add_landed(&mut data, "COMMITTED", landed);
    ctx.out.answer(data, &landed_text(landed));
}

/// Waits until a transaction has had its effect.
async fn await_fate(
    ctx: &Context,
    id: Hash,
    until: u64,
    seconds: u64,
    data: Value,
) -> Result<Landed, Failure> {
    set_in_flight(Some((id, until)));
    let client = ctx.client().await?;
    let fate = match client.wait(id, until, Duration::from_secs(seconds)).await {
        Ok(fate) => fate,
        // Whatever went wrong, the transaction is out: all that is unknown is what became of it.
        Err(error) => {
            let message = format!("transaction {id} was sent, but waiting for it failed: {error}");
            return Err(Failure::new(Exit::Unknown, "OUTCOME_UNKNOWN", message)
                .next(wait_command(id, until))
                .data(merged(data, id, until)));
        }
    };
    set_in_flight(None);
    let mut data = merged(data, id, until);
    match fate {
        Fate::Committed(landed) => Ok(landed),
        Fate::Failed(landed) => {
            add_landed(&mut data, "FAILED", &landed);
            Err(failed(&landed).data(data))
        }
        Fate::Expired => {
            insert(&mut data, "state", json!("EXPIRED"));
            let message = format!("transaction {id} expired: it is not on chain and never can be");
            Err(Failure::new(Exit::Failed, "EXPIRED", message)
                .next("it is safe to run the command again")
                .data(data))
        }
        Fate::Unknown => {
            insert(&mut data, "state", json!("UNKNOWN"));
            let end = if until > 0 { format!(", until {}", time(until)) } else { String::new() };
            let message = format!(
                "transaction {id} was not seen to commit within {seconds} s; it may still{end}"
            );
            Err(Failure::new(Exit::Unknown, "OUTCOME_UNKNOWN", message)
                .next(wait_command(id, until))
                .data(data))
        }
    }
}

fn failed(landed: &Landed) -> Failure {
    let receipt = &landed.receipt;
    let failure = receipt.failure.clone().unwrap_or_default();
    let message = format!(
        "on chain at height {} without effect: {} (transaction {})",
        receipt.height, failure.message, receipt.tx_id
    );
    let described = Failure::new(Exit::Failed, &failure.reason, message);
    described.maybe_next(after_failure(&failure.reason))
}

/// What to do about a transaction that had no effect.
fn after_failure(reason: &str) -> Option<&'static str> {
    Some(match Code::from_name(reason)? {
        Code::InsufficientAvailable => "see what is there with `ballast balance`",
        Code::UnknownRecipient | Code::UnknownTarget => {
            "check the address; a registrar opens accounts with `ballast account register`"
        }
        Code::MemoRequired => "add --ref: the recipient tells its payers apart by it",
        Code::Paused => "see `ballast control status` for how long",
        Code::AccountFrozen => "see `ballast account ADDR` for which direction and how long",
        Code::Unauthorized | Code::RoleExpired => {
            "sign with --from an account that may: `ballast role list`, `ballast council show`"
        }
        Code::AllowanceChanged => "run the command again: it reads the allowance anew",
        Code::HoldChanged => "run the command again: it reads the hold anew",
        Code::HoldOnlyRaised | Code::FreezeConfirmed => "the council may: add --council",
        Code::TravelDataRequired | Code::TravelDataInvalid | Code::TravelReplay => {
            "get travel data from the beneficiary's institution (`ballast institution travel`) and \
             give it with --travel FILE"
        }
        Code::NoReport
        | Code::ReportStale
        | Code::ReportModified
        | Code::ReportConcentrated
        | Code::ReserveCeiling
        | Code::GlobalWindow
        | Code::CapExceeded => "see `ballast reserve show` for what there is room for",
        Code::MinterWindow | Code::MinterAllowance | Code::PerTxLimit => {
            "see `ballast minter list` for its limits"
        }
        Code::UnknownCheckpoint | Code::SupplyMismatch => {
            "see `ballast supply points` for the checkpoints that reports refer to"
        }
        Code::Timelocked | Code::NotApproved => "see `ballast proposal show N` for when",
        Code::CouncilQuorum | Code::ExecNonce | Code::ProposalStale => {
            "see `ballast council show`; signatures of another council or number do not count"
        }
        Code::ClassTooHigh => "leave out --sign-with: operations of this class need a proposal",
        Code::TooManyProposals => "see `ballast proposal list --open`",
        Code::NotDue => "see `ballast redeem show ID` for when",
        _ => return None,
    })
}

fn landed_text(landed: &Landed) -> String {
    let receipt = &landed.receipt;
    let mut rows = vec![
        ("committed", format!("height {}, {}", receipt.height, time(landed.block_time_ms))),
        ("transaction", receipt.tx_id.clone()),
    ];
    rows.extend(receipt.events.iter().map(|event| ("event", view::one_line(&view::event(event)))));
    fields(&rows)
}

fn add_landed(data: &mut Value, state: &str, landed: &Landed) {
    insert(data, "state", json!(state));
    insert(data, "height", json!(landed.receipt.height));
    insert(data, "block_time_ms", json!(landed.block_time_ms));
    insert(data, "receipt", view::receipt(&landed.receipt));
}

fn merged(mut data: Value, id: Hash, until: u64) -> Value {
    insert(&mut data, "tx_id", json!(id.to_string()));
    if until > 0 {
        insert(&mut data, "valid_until_ms", json!(until));
    }
    data
}

fn insert(data: &mut Value, name: &str, value: Value) {
    if let Value::Object(object) = data {
        object.insert(name.to_owned(), value);
    }
}

pub fn wait_command(id: Hash, until: u64) -> String {
    match until {
        0 => format!("ballast tx wait {id}"),
        _ => format!("ballast tx wait {id} --valid-until {until}"),
    }
}

fn set_in_flight(value: Option<(Hash, u64)>) {
    *IN_FLIGHT.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

/// What to say when the user interrupts.
pub fn interrupted() -> Failure {
    let in_flight = *IN_FLIGHT.lock().unwrap_or_else(PoisonError::into_inner);
    match in_flight {
        Some((id, until)) => {
            let message = format!("interrupted; transaction {id} may still commit");
            Failure::new(Exit::Interrupted, "INTERRUPTED", message)
                .next(wait_command(id, until))
                .data(merged(json!({}), id, until))
        }
        None => Failure::new(Exit::Interrupted, "INTERRUPTED", "interrupted"),
    }
}

/// This machine's clock, in milliseconds since the Unix epoch.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The last nonce this machine gave out for an account, locked while the next one is taken: two
/// commands at once, or one right after the other, do not take the same one.
struct Reservation {
    file: File,
    last: u64,
    /// When the transaction that took it expires.
    until: u64,
}

impl Reservation {
    /// None where nothing can be written: the chain's window alone then decides.
    async fn open(ctx: &Context, account: &Address) -> Option<Self> {
        let chain = ctx.chain().await.ok()?;
        let folder = Keystore::open_default().ok()?.home().join("nonces");
        fs::create_dir_all(&folder).ok()?;
        let name: String = chain.genesis.to_string().chars().take(16).collect();
        let path = folder.join(format!("{name}-{}", account.display(chain.network)));
        let mut options = OpenOptions::new();
        let open = options.read(true).write(true).create(true).truncate(false);
        let mut file = open.open(path).ok()?;
        file.lock().ok()?;
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        let mut numbers = text.split_whitespace().map(|number| number.parse().unwrap_or(0));
        let (last, until) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        Some(Self { file, last, until })
    }

    /// The nonce to stay above.
    fn floor(&self, high: u64) -> u64 {
        floor(self.last, self.until, high, now_ms())
    }

    /// A nonce that was chosen by hand may be below others that are in flight.
    fn take(&mut self, nonce: u64, until: u64, by_hand: bool) {
        let last = if by_hand { self.last.max(nonce) } else { nonce };
        let until = self.until.max(until);
        let text = format!("{last} {until}\n");
        let written = self
            .file
            .rewind()
            .and_then(|()| self.file.set_len(0))
            .and_then(|()| self.file.write_all(text.as_bytes()));
        // Best effort: at worst the chain refuses a nonce.
        drop(written);
    }
}

/// What was given out binds until it expires, as long as the chain's window reaches above it.
const fn floor(last: u64, until: u64, high: u64, now: u64) -> u64 {
    let reachable = last.saturating_sub(high) < WINDOW;
    if now < until && reachable { last } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_given_out_binds_until_it_expires_or_leaves_the_window() {
        assert_eq!(floor(15, 100, 10, 99), 15);
        assert_eq!(floor(15, 100, 10, 100), 0);
        assert_eq!(floor(137, 100, 10, 1), 137);
        assert_eq!(floor(138, 100, 10, 1), 0);
        assert_eq!(floor(5, 100, 10, 1), 5);
    }

    #[test]
    fn the_command_to_wait_names_the_end_of_validity_when_it_is_known() {
        let id = Hash::ZERO;
        assert_eq!(wait_command(id, 0), format!("ballast tx wait {id}"));
        assert_eq!(wait_command(id, 5), format!("ballast tx wait {id} --valid-until 5"));
    }
}
