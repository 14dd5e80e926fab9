//! Blocks.

use ballast_primitives::proof::CertifiedHeader;
use ballast_primitives::{CommitCertificate, Header, Payload, codec};

use super::{ConvertError, Wire, read_hash, read_key};
use crate::v1;

impl Wire {
    pub fn header(&self, header: &Header) -> v1::Header {
        v1::Header {
            block_id: header.id().to_string(),
            version: u32::from(header.version),
            genesis_hash: header.genesis.to_string(),
            height: header.height,
            parent_id: header.parent.to_string(),
            time_ms: header.time,
            proposer: header.proposer.to_string(),
            payload_hash: header.payload.to_string(),
            executed_height: header.executed_height,
            state_root: header.state_root.to_string(),
            receipts_root: header.receipts_root.to_string(),
            validators_hash: header.validators.to_string(),
            next_validators_hash: header.next_validators.to_string(),
            parent_round: header.parent_round,
        }
    }

    /// Reads a header; `block_id` is not read, it follows from the rest.
    pub fn read_header(&self, header: &v1::Header) -> Result<Header, ConvertError> {
        Ok(Header {
            version: u16::try_from(header.version)
                .map_err(|_| ConvertError::new("version", "is above 65535"))?,
            genesis: read_hash("genesis_hash", &header.genesis_hash)?,
            height: header.height,
            parent: read_hash("parent_id", &header.parent_id)?,
            parent_round: header.parent_round,
            time: header.time_ms,
            proposer: read_key("proposer", &header.proposer)?,
            payload: read_hash("payload_hash", &header.payload_hash)?,
            executed_height: header.executed_height,
            state_root: read_hash("state_root", &header.state_root)?,
            receipts_root: read_hash("receipts_root", &header.receipts_root)?,
            validators: read_hash("validators_hash", &header.validators_hash)?,
            next_validators: read_hash("next_validators_hash", &header.next_validators_hash)?,
        })
    }

    /// A block without its receipts; `block_receipts_root` is left empty.
    pub fn block(
        &self,
        header: &Header,
        payload: &Payload,
        certificate: &CommitCertificate,
    ) -> v1::Block {
        let certified =
            CertifiedHeader { header: header.clone(), certificate: certificate.clone() };
        v1::Block {
            header: Some(self.header(header)),
            batches: payload.digests().map(ToString::to_string).collect(),
            round: certificate.round,
            signers: certificate.signatures.iter().map(|s| s.validator.to_string()).collect(),
            block_receipts_root: String::new(),
            certified_header: codec::encode(&certified),
        }
    }
}
