//! Reserve reports, attestations, revocations, reconciliation.

use ballast_primitives::{Address, Hash};
use ballast_runtime::limits::{REPO_DAYS_MAX, TREASURY_DAYS_MAX};
use ballast_runtime::object::{
    Assurance, Category, Checkpoint, Line, Opinion, ReportBody, ReportKind, ReportStatus, Role,
};
use ballast_runtime::ops::*;
use ballast_runtime::{Key, Object, Op};

use crate::generator::draft;
use crate::rng::Rng;
use crate::world::{Draft, World, witnesses};

fn line(category: Category, custodian: &str, maturity_days: u32, amount: u64) -> Line {
    Line {
        category,
        custodian: custodian.to_owned(),
        country: *b"US",
        maturity_days,
        face: amount,
        amortised: amount,
        market: amount,
        encumbered: 0,
        segregated: true,
    }
}

/// Lines that count about `worth` in all, and some that count nothing or little.
pub fn lines(rng: &mut Rng, worth: u128) -> Vec<Line> {
    let names = ["Example Bank", "Example Trust", "Beispielbank"];
    let mut lines = Vec::new();
    let mut left = worth;
    while left > 0 && lines.len() < 60 {
        let part = u64::try_from(left).unwrap_or(u64::MAX);
        let part = if lines.len() < 4 && part > 8 { part / 2 } else { part };
        let (category, days) = rng.pick(&[
            (Category::Cash, 4_000),
            (Category::DemandDeposit, 0),
            (Category::GovernmentFund, 0),
            (Category::Treasury, TREASURY_DAYS_MAX),
            (Category::Repo, REPO_DAYS_MAX),
            (Category::ReverseRepo, 0),
        ]);
        let mut counted = line(category, rng.pick(&names), days, part);
        if rng.chance(30) && part < u64::MAX - 1_000 {
            // The lower of market and amortised counts, less what is pledged.
            counted.amortised += 1_000;
            (counted.market, counted.encumbered) = (part + 500, 500);
        }
        lines.push(counted);
        left -= u128::from(part);
    }
    for _ in 0..rng.below(4) {
        let category = rng.pick(&Category::ALL);
        let days = rng.pick(&[TREASURY_DAYS_MAX + 1, REPO_DAYS_MAX + 1, 400]);
        let mut noise = line(category, rng.pick(&names), days, rng.below(1 << 40));
        noise.segregated = rng.chance(50);
        noise.encumbered = rng.below(1 << 41);
        lines.push(noise);
    }
    if lines.is_empty() {
        lines.push(line(Category::Other, "nobody", 0, 0));
    }
    lines
}

impl World {
    /// Mostly the newest checkpoint, else one of those that are kept.
    fn checkpoint(&mut self) -> Checkpoint {
        let found = self.some(Key::Checkpoint(0), Key::Checkpoint(u16::MAX), 400);
        let newest = self.state.reserve().checkpoint;
        let all: Vec<_> = found
            .iter()
            .filter_map(|(_, object)| match object {
                Object::Checkpoint(checkpoint) => Some(*checkpoint),
                _ => None,
            })
            .collect();
        let latest = all.iter().find(|checkpoint| checkpoint.at == newest).copied();
        let any = self.rng.pick(&all);
        if self.rng.chance(80) { latest.unwrap_or(any) } else { any }
    }

    fn report_body(&mut self) -> ReportBody {
        let checkpoint = self.checkpoint();
        let room = self.rng.pick(&[0, 1_000_000, 100_000_000_000, 10_000_000_000_000]);
        let supersedes = match self.rng.below(12) {
            0 => Some(self.rng.below(4)),
            1 | 2 => self.state.reserve().latest,
            _ => None,
        };
        let period = self.rng.chance(30);
        let opinion = if self.rng.chance(93) { Opinion::Unmodified } else { Opinion::Qualified };
        let exceptions = (0..self.rng.below(4)).map(|n| format!("exception {n}")).collect();
        ReportBody {
            supersedes,
            kind: if period { ReportKind::Period } else { ReportKind::PointInTime },
            period_start: if period { checkpoint.at / 2 } else { checkpoint.at },
            as_of: checkpoint.at,
            as_of_height: checkpoint.height,
            stated_outstanding: checkpoint.total,
            scope: self.hash(),
            standard: "ISAE 3000".to_owned(),
            assurance: self.rng.pick(&Assurance::ALL),
            opinion,
            exceptions,
            lines: lines(&mut self.rng, checkpoint.total + room),
            document: self.hash(),
            uri: "https://example.org/reserve".to_owned(),
        }
    }

    pub fn submit_report(&mut self) -> Draft {
        let sender = self.officer(Role::ReserveManager);
        let mut body = self.report_body();
        match self.rng.below(30) {
            0 => body.as_of = self.near(self.now),
            1 => body.as_of += 1,
            2 => body.as_of_height += 1,
            3 => body.stated_outstanding += 1,
            _ => {}
        }
        body.period_start = match body.kind {
            ReportKind::PointInTime => body.as_of,
            ReportKind::Period => body.period_start.min(body.as_of),
        };
        let officers = self.state.policy().officers;
        let keys = match self.rng.below(25) {
            0 => vec![officers.ceo],
            1 => vec![officers.ceo, self.spare[4]],
            2 => vec![self.spare[5]],
            _ => vec![officers.ceo, officers.cfo],
        };
        let op = submit_report::SubmitReport { body: Box::new(body), witnesses: witnesses(keys) };
        draft(sender, Op::SubmitReport(op))
    }

    /// Mostly a draft.
    fn a_report(&mut self, draft: bool) -> u64 {
        let index = self.state.reserve();
        let (drafts, next) = (index.drafts.clone(), index.next);
        match self.rng.below(20) {
            0 => next,
            1 | 2 => self.rng.below(next),
            3..6 if draft && !drafts.is_empty() => self.rng.pick(&drafts),
            _ if draft && !drafts.is_empty() => drafts[drafts.len() - 1],
            _ => next.saturating_sub(1 + self.rng.below(4)),
        }
    }

    /// The next step to a report that minting can rest on.
    pub fn renew_report(&mut self) -> Vec<Draft> {
        let newest = self.state.reserve().drafts.last().copied();
        let newest = newest.and_then(|number| Some((number, self.state.report(number)?)));
        let last = self.state.latest_report().map_or(0, |(_, report)| report.body.as_of);
        match newest {
            Some((report, found)) if found.body.as_of > last => {
                let digest = found.digest;
                let attest = attest_report::AttestReport { report, digest };
                let attestors = self.holders(Role::Attestor, true);
                attestors.into_iter().map(|who| draft(who, Op::AttestReport(attest))).collect()
            }
            _ => vec![self.submit_report()],
        }
    }

    pub fn attest_report(&mut self) -> Draft {
        let (sender, report) = (self.officer(Role::Attestor), self.a_report(true));
        let digest = self.state.report(report).map_or(Hash([0; 32]), |report| report.digest);
        let digest = if self.rng.chance(6) { self.hash() } else { digest };
        draft(sender, Op::AttestReport(attest_report::AttestReport { report, digest }))
    }

    pub fn revoke_op(&mut self) -> revoke_report::RevokeReport {
        let report = self.a_report(false);
        revoke_report::RevokeReport { report, document: self.hash() }
    }

    pub fn revoke_report(&mut self) -> Draft {
        let op = self.revoke_op();
        self.revoke(op)
    }

    /// Takes back a draft that an effective report has overtaken; it would keep its place for ever.
    pub fn revoke_old_draft(&mut self) -> Draft {
        let report = self.state.reserve().drafts[0];
        let document = self.hash();
        self.revoke(revoke_report::RevokeReport { report, document })
    }

    fn revoke(&mut self, op: revoke_report::RevokeReport) -> Draft {
        let mut signers: Vec<Address> = vec![self.person()];
        if let Some(report) = self.state.report(op.report) {
            signers = report.attested_by.iter().map(|attested| attested.attestor).collect();
            signers.push(report.submitted_by);
        }
        let sender = if self.rng.chance(20) { self.person() } else { self.rng.pick(&signers) };
        let mut made = draft(sender, Op::RevokeReport(op));
        if self.rng.chance(40) {
            // Beside another operation it is not in lane 0, where strangers could not come.
            made.ops.extend(self.cancel_auth().ops);
        }
        made
    }

    pub fn reconcile(&mut self) -> Draft {
        let (sender, checkpoint) = (self.officer(Role::ReserveManager), self.checkpoint());
        let (mut height, mut liabilities) = (checkpoint.height, checkpoint.total);
        match self.rng.below(12) {
            0 => height += 1,
            1 => liabilities += 1,
            _ => {}
        }
        let as_of = checkpoint.at;
        draft(sender, Op::Reconcile(reconcile::Reconcile { as_of, height, liabilities }))
    }

    /// Whether minting has a report to rest on.
    pub fn report_is_usable(&self) -> bool {
        let age = self.state.policy().report_max_age_ms;
        self.state.latest_report().is_some_and(|(_, report)| {
            report.status == ReportStatus::Effective && self.now < report.body.as_of + age
        })
    }
}
