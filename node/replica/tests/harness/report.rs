//! The largest report that there may be: with it, the largest transaction that anybody may send.

use ballast_primitives::domain::SignTag;
use ballast_primitives::{Hash, SecretKey};
use ballast_runtime::Witness;
use ballast_runtime::authorisation::signed_bytes_on;
use ballast_runtime::limits::{
    CUSTODIAN_BYTES_MAX, EXCEPTION_BYTES_MAX, EXCEPTIONS_MAX, LINES_MAX, STANDARD_BYTES_MAX,
    URI_BYTES_MAX,
};
use ballast_runtime::object::{Assurance, Category, Line, Opinion, ReportBody, ReportKind};
use ballast_runtime::ops::submit_report::SubmitReport;

/// Whether `signer` may make it or not.
pub fn largest(genesis: &Hash, chain_id: u32, signer: &SecretKey) -> SubmitReport {
    let line = Line {
        category: Category::Cash,
        custodian: "c".repeat(CUSTODIAN_BYTES_MAX),
        country: *b"US",
        maturity_days: 0,
        face: 1,
        amortised: 1,
        market: 1,
        encumbered: 0,
        segregated: true,
    };
    let body = ReportBody {
        supersedes: None,
        kind: ReportKind::PointInTime,
        period_start: 1,
        as_of: 1,
        as_of_height: 1,
        stated_outstanding: 1,
        scope: Hash::ZERO,
        standard: "s".repeat(STANDARD_BYTES_MAX),
        assurance: Assurance::Review,
        opinion: Opinion::Unmodified,
        exceptions: vec!["e".repeat(EXCEPTION_BYTES_MAX); EXCEPTIONS_MAX],
        lines: vec![line; LINES_MAX],
        document: Hash::ZERO,
        uri: "u".repeat(URI_BYTES_MAX),
    };
    let bytes = signed_bytes_on(SignTag::Report, genesis, chain_id, &body);
    let witnesses = vec![Witness { key: signer.public(), signature: signer.sign(&bytes) }];
    SubmitReport { body: Box::new(body), witnesses }
}
