//! What a run measures in virtual time. Nothing of it decides anything.

use ballast_replica::message::Message;

use super::world::Parcel;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// When a validator admitted a transaction, and how long until it had committed it,
    /// microseconds.
    pub commits_us: Vec<(u64, u64)>,
    /// Frames of the consensus lane, counted once for each receiver.
    pub frames: u64,
    /// Of those that are proposals.
    pub proposal_bytes: u64,
    pub batch_bytes: u64,
}

impl Measures {
    /// A parcel is given to the network, for one receiver.
    pub(super) fn carried(&mut self, parcel: &Parcel) {
        match parcel {
            Parcel::Frame(frame) => {
                self.frames += 1;
                if matches!(frame.message(), Ok(Message::Proposal(_))) {
                    self.proposal_bytes += frame.bytes().len() as u64;
                }
            }
            Parcel::Batch(_, bytes) => self.batch_bytes += *bytes as u64,
            Parcel::Ask { .. } | Parcel::Answer { .. } | Parcel::Batches(_) => {}
        }
    }
}
