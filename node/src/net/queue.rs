//! What waits to leave, per peer and lane: bounded by count and bytes, never blocking.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Why a frame was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("the peer is not on the list")]
    Unknown,
    #[error("the peer is not connected")]
    NotConnected,
    #[error("the peer's queue is full")]
    Full,
    #[error("{size} bytes where at most {max} are allowed")]
    TooLarge { size: usize, max: usize },
}

/// A queue lives as long as its peer is listed, and is open while that peer is connected: frames
/// do not wait for a peer to come back, because by then they are stale.
pub(super) struct LaneQueue {
    state: Mutex<State>,
    /// Has room for one wake-up, which is enough for the one writer.
    ready: Notify,
    frames_max: usize,
    bytes_max: usize,
}

#[derive(Default)]
struct State {
    open: bool,
    frames: VecDeque<Arc<[u8]>>,
    bytes: usize,
}

impl LaneQueue {
    pub fn new(frames_max: usize, bytes_max: u32) -> Self {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        Self { state: Mutex::default(), ready: Notify::new(), frames_max, bytes_max }
    }

    pub fn open(&self) {
        self.state.lock().open = true;
    }

    /// Drops what waits and takes nothing more.
    pub fn close(&self) {
        *self.state.lock() = State::default();
    }

    pub fn push(&self, frame: Arc<[u8]>) -> Result<(), SendError> {
        let mut state = self.state.lock();
        if !state.open {
            return Err(SendError::NotConnected);
        }
        let bytes = state.bytes.saturating_add(frame.len());
        if state.frames.len() >= self.frames_max || bytes > self.bytes_max {
            return Err(SendError::Full);
        }
        state.bytes = bytes;
        state.frames.push_back(frame);
        drop(state);
        self.ready.notify_one();
        Ok(())
    }

    pub fn pop(&self) -> Option<Arc<[u8]>> {
        let mut state = self.state.lock();
        let frame = state.frames.pop_front()?;
        state.bytes = state.bytes.saturating_sub(frame.len());
        Some(frame)
    }

    /// Waits for the next frame. For one reader at a time.
    pub async fn next(&self) -> Arc<[u8]> {
        loop {
            if let Some(frame) = self.pop() {
                return frame;
            }
            self.ready.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(size: usize) -> Arc<[u8]> {
        vec![7; size].into()
    }

    #[test]
    fn a_queue_is_bounded_by_count_and_by_bytes_and_recovers() {
        let queue = LaneQueue::new(2, 10);
        assert_eq!(queue.push(frame(1)), Err(SendError::NotConnected));
        queue.open();
        assert_eq!(queue.push(frame(8)), Ok(()));
        assert_eq!(queue.push(frame(3)), Err(SendError::Full));
        assert_eq!(queue.push(frame(2)), Ok(()));
        assert_eq!(queue.push(frame(0)), Err(SendError::Full));
        assert_eq!(queue.pop().map(|f| f.len()), Some(8));
        assert_eq!(queue.push(frame(8)), Ok(()));
        queue.close();
        assert_eq!(queue.pop(), None);
        assert_eq!(queue.push(frame(1)), Err(SendError::NotConnected));
    }
}
