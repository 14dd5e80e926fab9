//! Bridges to other chains.
