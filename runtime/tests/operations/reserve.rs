//! Reserve reports, attestation, reconciliation.
