//! A proposal that is on chain: what it says, where it stands, what is next.

use ballast_primitives::Hash;
use ballast_proto::v1;
use ballast_runtime::council_op::ops_digest;
use ballast_runtime::object::Proposal;
use serde_json::Value;

use crate::commands::council::operations_text;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::message;
use crate::output::fields;
use crate::view::{self, moment, span};

/// A proposal as the chain has it, its operations read.
pub(super) struct Known {
    pub record: v1::ProposalRecord,
    pub proposal: Proposal,
    members: Vec<String>,
}

pub(super) async fn fetch(ctx: &Context, number: u64) -> Result<Known, Failure> {
    let client = ctx.client().await?;
    let answer = client.get_proposal(v1::GetProposalRequest { number }).await.map_err(|error| {
        let failure = Failure::from(error);
        match failure.exit {
            Exit::NotFound => {
                Failure { message: format!("there is no proposal {number}"), ..failure }
                    .next("ballast proposal list")
            }
            _ => failure,
        }
    })?;
    let bad = |error| Failure::new(Exit::Internal, "BAD_ANSWER", error);
    let record = answer.proposal.unwrap_or_default();
    let wire = client.wire().await?;
    let proposal: Proposal = wire.read("proposal", &record.proposal).map_err(bad)?;
    let council = client.get_council(v1::GetCouncilRequest {}).await?.council.unwrap_or_default();
    let members = council.members.into_iter().map(|member| member.account).collect();
    Ok(Known { record, proposal, members })
}

impl Known {
    pub fn status(&self) -> String {
        message::name_of("ProposalStatus", self.record.status_now)
    }

    pub fn is_open(&self) -> bool {
        matches!(self.status().as_str(), "OPEN" | "APPROVED")
    }

    pub fn ops(&self) -> Vec<Value> {
        let shown = self.record.proposal.as_ref();
        shown.map(|p| p.ops.iter().map(view::council_op).collect()).unwrap_or_default()
    }

    /// The digest of the operations as they were shown: what is voted for is what was read.
    pub fn digest(&self) -> Result<Hash, Failure> {
        let digest = ops_digest(&self.proposal.ops);
        if digest != self.proposal.digest {
            let message = "the digest is not that of the operations that this validator shows";
            return Err(Failure::safety("DIGEST_MISMATCH", message).next("ask another validator"));
        }
        Ok(digest)
    }

    fn votes(&self) -> (&[String], &[String]) {
        let shown = self.record.proposal.as_ref();
        shown.map_or((&[], &[]), |proposal| (&proposal.yes, &proposal.no))
    }

    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let (yes, no) = self.votes();
        let shown = self.record.proposal.clone().unwrap_or_default();
        let mut rows = vec![
            ("proposal", format!("{}, class {}", self.record.number, self.proposal.class.name())),
            ("status", self.status()),
            ("proposed by", shown.proposer.clone()),
            ("proposed at", moment(shown.created_ms)),
            ("digest", shown.digest.clone()),
            ("yes", format!("{} of {} needed", yes.len(), self.record.threshold)),
        ];
        rows.extend(yes.iter().map(|member| ("", member.clone())));
        if !no.is_empty() {
            rows.push(("no", no.join(", ")));
        }
        match shown.eta_ms {
            Some(eta) => rows.push(("executable from", moment(eta))),
            None if self.is_open() => rows.push((
                "executable",
                match self.record.delay_ms {
                    0 => "at once when approved".to_owned(),
                    ms => format!("{} after approval", span(ms)),
                },
            )),
            None => {}
        }
        if self.is_open() {
            rows.push(("expires", moment(self.record.expires_ms)));
        }
        rows
    }

    /// What is to be done next, as commands.
    fn next(&self, names: &[(String, String)]) -> Vec<String> {
        let number = self.record.number;
        let name = |account: &String| {
            let known = names.iter().find(|(_, address)| address == account);
            known.map_or_else(|| "MEMBER".to_owned(), |(name, _)| name.clone())
        };
        match self.status().as_str() {
            "OPEN" => {
                let (yes, no) = self.votes();
                let has_voted = |member: &&String| yes.contains(member) || no.contains(member);
                let mut left: Vec<_> =
                    self.members.iter().filter(|member| !has_voted(member)).map(&name).collect();
                left.sort_unstable();
                let needed = usize::try_from(self.record.threshold).unwrap_or(usize::MAX);
                let mut next: Vec<_> = left
                    .iter()
                    .take(needed.saturating_sub(yes.len()))
                    .map(|name| format!("ballast proposal approve {number} --from {name} --wait"))
                    .collect();
                // Names that are not known are all the same line.
                next.dedup();
                next.push(format!("ballast proposal execute {number} --wait"));
                next
            }
            "APPROVED" => vec![format!("ballast proposal execute {number} --wait")],
            _ => Vec::new(),
        }
    }
}

/// Where a proposal stands, and what is next.
pub struct Standing {
    pub text: String,
    pub next: Vec<String>,
    pub status: String,
    pub eta_ms: Option<u64>,
}

pub async fn standing(ctx: &Context, number: u64) -> Result<Standing, Failure> {
    let known = fetch(ctx, number).await?;
    Ok(known.standing(&ctx.member_names().await))
}

impl Known {
    pub fn standing(&self, names: &[(String, String)]) -> Standing {
        let next = self.next(names);
        let mut text = format!("{}\n\n{}", fields(&self.rows()), operations_text(&self.ops()));
        if !next.is_empty() {
            text = format!("{text}\n\nnext:\n  {}", next.join("\n  "));
        }
        Standing { text, next, status: self.status(), eta_ms: self.proposal.eta }
    }
}
