//! Says that it is far ahead, and serves to who asks what is not so: headers with certificates that
//! are not good, of other blocks, in another order, with overrides that nobody signed, more than were
//! asked for or none; batches that were not asked for, cut short, or left out.

use ballast_primitives::override_record::{Action, Override, SignedOverride};
use ballast_primitives::{Hash, Header, PublicKey};
use ballast_replica::message::{ChainRecord, HEADERS_MAX, Message, Request, Response};
use ballast_replica::types::StoredBlock;

use super::{Behaviour, Mouth, To};

#[derive(Default)]
pub struct SyncLiar {
    /// Blocks and batches that it served before.
    served: Vec<ChainRecord>,
    batches: Vec<Vec<u8>>,
}

impl SyncLiar {
    fn spoil_headers(
        &mut self,
        mouth: &mut Mouth<'_>,
        mut records: Vec<ChainRecord>,
    ) -> Vec<ChainRecord> {
        self.served.extend(records.iter().take(2).cloned());
        self.served.truncate(8);
        let kind = mouth.rng.below(12);
        // The first is what everybody looks at.
        let at = mouth.rng.index(records.len().max(1));
        if let Some(ChainRecord::Block(block)) = records.get_mut(at) {
            match kind {
                0 => drop(block.certificate.signatures.pop()),
                1 => block.certificate.signatures.clear(),
                2 => block.payload.batches.reverse(),
                3 => block.header.state_root = Hash(mouth.rng.bytes32()),
                4 => block.payload.batches.clear(),
                5 => {
                    block.header.time += 1;
                    block.certificate.block = block.header.id();
                }
                10 => block.overridden = Some(unsigned(block)),
                _ => {}
            }
        }
        match kind {
            6 => records.into_iter().rev().collect(),
            7 => self.served.clone(),
            8 => Vec::new(),
            9 => {
                let again = records.iter().cycle().take(4 * usize::from(HEADERS_MAX));
                again.cloned().collect()
            }
            _ => records,
        }
    }

    fn spoil_batches(&mut self, mouth: &mut Mouth<'_>, mut batches: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        self.batches.extend(batches.iter().take(1).cloned());
        self.batches.truncate(8);
        match mouth.rng.below(6) {
            0 => batches.iter_mut().for_each(|batch| batch.reverse()),
            1 => batches.iter_mut().for_each(|batch| batch.truncate(batch.len() / 2)),
            2 => batches.clear(),
            3 => drop(batches.pop()),
            4 => batches.extend(self.batches.iter().cloned()),
            _ => {}
        }
        batches
    }
}

/// Says that a block was not executed, on nobody's word.
fn unsigned(block: &StoredBlock) -> SignedOverride {
    let Header { genesis, height, .. } = block.header;
    let block = block.header.id();
    SignedOverride::unsigned(Override { genesis, height, block, action: Action::Void })
}

impl Behaviour for SyncLiar {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        let message = match message {
            Message::Status { height, time } => {
                Message::Status { height: height + 1 + mouth.rng.below(100), time }
            }
            message => message,
        };
        mouth.say(to, message);
    }

    fn answer(
        &mut self,
        mouth: &mut Mouth<'_>,
        _: PublicKey,
        _: &Request,
        honest: Response,
    ) -> Option<Response> {
        // At times it lets who asks wait, or answers another question.
        match mouth.rng.below(12) {
            0 => return None,
            1 => return Some(Response::Batches(self.batches.clone())),
            2 => return Some(Response::Headers(self.served.clone())),
            _ => {}
        }
        Some(match honest {
            Response::Headers(records) => Response::Headers(self.spoil_headers(mouth, records)),
            Response::Batches(batches) => Response::Batches(self.spoil_batches(mouth, batches)),
        })
    }
}
