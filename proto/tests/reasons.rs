//! docs/errors.md lists every reason. After changing one:
//! `BALLAST_BLESS=1 cargo test --release -p ballast-proto --test reasons`.

use std::fmt::Write as _;
use std::path::Path;

use ballast_proto::Reason;
use ballast_proto::error::{DOMAIN, ServiceReason};
use ballast_runtime::Code;
use ballast_runtime::code::Finality;

const HEAD: &str = "\
# Errors

Generated from the code by `proto/tests/reasons.rs`; do not edit.

Every error is a `google.rpc.Status` whose details hold an `ErrorInfo` with domain `DOMAIN`, one of
the reasons below, and metadata where a reason has numbers or names to add. A request that is wrong
in a field has a `BadRequest` that names it; where trying again helps, `RetryInfo` says after how
long. Reasons are never renamed, numbers never reused.

A transaction that is in a block without effect is no error of a call: its receipt names the reason
and the operation.
";

const BEFORE: &str = "
## Of the chain, before a transaction is in a block

It leaves no trace, and its nonce is not used. The bytes stay valid: unless the refusal is final,
whoever has them may send them again, and until `valid_until` they may be in a block. One validator's
word does not make it final. So the clients here give the nonce of what was refused, for whatever
reason, to what is built next: of the two at most one is ever executed.

| Number | Reason | gRPC status | Try again | Meaning | Final |
|---|---|---|---|---|---|
";

fn table() -> String {
    let mut text = HEAD.replace("DOMAIN", DOMAIN);
    let services = ServiceReason::ALL.iter();
    text += "\n## Of the services\n\n| Reason | gRPC status | Try again | Meaning |\n|---|---|---|---|\n";
    for reason in services {
        row(&mut text, &Reason::Service(*reason), None, reason.text());
    }
    let codes = |includable: bool| {
        Code::ALL.iter().filter(move |code| code.is_not_includable() != includable)
    };
    text += BEFORE;
    for code in codes(false) {
        let finality = code.finality().map_or("", Finality::text);
        let meaning = format!("{} | {finality}", code.text());
        row(&mut text, &Reason::Runtime(*code), Some(code.number().into()), &meaning);
    }
    text += "\n## Of the chain, in a receipt\n\nThe transaction is in a block without effect, and its nonce is used. SimulateTx says so beforehand.\n\n| Number | Reason | gRPC status | Try again | Meaning |\n|---|---|---|---|---|\n";
    for code in codes(true) {
        row(&mut text, &Reason::Runtime(*code), Some(code.number().into()), code.text());
    }
    text
}

fn row(text: &mut String, reason: &Reason, number: Option<u32>, meaning: &str) {
    if let Some(number) = number {
        write!(text, "| {number} ").unwrap();
    }
    let again = match reason.retry_after() {
        // From then on it may be included.
        _ if *reason == Reason::Runtime(Code::TooFarAhead) => "when `RetryInfo` says".to_owned(),
        Some(wait) => format!("after {} ms", wait.as_millis()),
        None => String::new(),
    };
    let status = format!("{:?}", reason.grpc_code());
    let status = status.char_indices().fold(String::new(), |name, (at, letter)| {
        let gap = if at > 0 && letter.is_uppercase() { "_" } else { "" };
        name + gap + &letter.to_uppercase().to_string()
    });
    writeln!(text, "| `{}` | {status} | {again} | {meaning} |", reason.name()).unwrap();
}

#[test]
fn the_table_of_reasons_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md");
    if std::env::var_os("BALLAST_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, table()).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(stored == table(), "docs/errors.md is stale: run this test with BALLAST_BLESS=1");
}
