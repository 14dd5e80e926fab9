//! Proposals, votes, execution, signatures collected off the chain, and the council's own
//! constitution.
