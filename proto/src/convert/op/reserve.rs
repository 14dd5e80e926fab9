//! Reserve reports and reconciliation.

use ballast_runtime::object::{Line, ReportBody};
use ballast_runtime::ops::attest_report::AttestReport;
use ballast_runtime::ops::reconcile::Reconcile;
use ballast_runtime::ops::revoke_attestor_key::RevokeAttestorKey;
use ballast_runtime::ops::revoke_report::RevokeReport;
use ballast_runtime::ops::submit_report::SubmitReport;

use crate::convert::field::{Field, messages, read_fields, required, show_fields};
use crate::convert::{ConvertError, Wire};
use crate::v1;

messages! {
    Line => ReportLine {
        category, custodian, country, maturity_days, face: face_micros,
        amortised: amortised_micros, market: market_micros, encumbered: encumbered_micros,
        segregated,
    }
    ReportBody {
        supersedes, kind, period_start: period_start_ms, as_of: as_of_ms, as_of_height,
        stated_outstanding: stated_outstanding_micros, scope, standard, assurance, opinion,
        exceptions, lines, document, uri,
    }
    SubmitReport { body, witnesses }
    AttestReport { report, digest }
    RevokeReport { report, document }
    RevokeAttestorKey { attestor, since: since_ms, document }
    Reconcile { as_of: as_of_ms, height, liabilities: liabilities_micros }
}
