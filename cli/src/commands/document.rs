//! Documents that the issuer publishes.

use ballast_primitives::Hash;
use ballast_proto::v1;
use ballast_runtime::CouncilOp;
use ballast_runtime::object::DocumentKind;
use ballast_runtime::ops::set_document::SetDocument;
use clap::{Args, Subcommand};

use crate::cli::digest;
use crate::commands::council::{CouncilArgs, act};
use crate::context::{Context, parse_name};
use crate::exit::Failure;
use crate::message;
use crate::output::{table, time};
use crate::view;

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast document list
  ballast document set whitepaper --digest @whitepaper.pdf --uri https://example.com/whitepaper.pdf")]
pub enum Command {
    /// Publish a document, or its next version (council, class B)
    Set(Box<SetArgs>),
    /// All documents in their current versions
    List,
}

#[derive(Args, Debug)]
pub struct SetArgs {
    /// whitepaper, terms-of-service, reserve-policy, redemption-policy, privacy, risk-disclosure
    #[arg(value_parser = kind)]
    kind: DocumentKind,
    /// Digest of the document, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    digest: Hash,
    /// Where it is published, at most 256 bytes
    #[arg(long)]
    uri: String,
    #[command(flatten)]
    council: CouncilArgs,
}

fn kind(text: &str) -> Result<DocumentKind, String> {
    parse_name(text, &DocumentKind::ALL, DocumentKind::name)
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Set(args) => {
            let SetArgs { kind, digest, uri, council } = *args;
            let op = CouncilOp::SetDocument(SetDocument { kind, digest, uri });
            act(ctx, vec![op], &council).await
        }
        Command::List => list(ctx).await,
    }
}

async fn list(ctx: &Context) -> Result<(), Failure> {
    let answer = ctx.client().await?.list_documents(v1::ListDocumentsRequest {}).await?;
    let row = |record: &v1::DocumentRecord| {
        let document = record.document.clone().unwrap_or_default();
        vec![
            message::name_of("DocumentKind", record.kind),
            document.version.to_string(),
            time(document.at_ms),
            document.digest,
            view::harmless(&document.uri),
        ]
    };
    let rows: Vec<_> = answer.documents.iter().map(row).collect();
    let text = match rows.is_empty() {
        true => "no document is published".to_owned(),
        false => table(&["document", "version", "since", "digest", "where"], &rows),
    };
    ctx.out.answer(message::json("ListDocumentsResponse", &answer), &text);
    Ok(())
}
