//! What waits for the replica, in queues of which none can hold up another for long.
//!
//! Messages of peers wait in a queue for each peer and are taken one at a time in turn, validators'
//! before observers', so that a peer that floods delays itself. Each keeps its part of its peer's
//! budget at the network until it has been handled, which bounds what can wait here.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use ballast_primitives::PublicKey;
use ballast_replica::message::Message;
use ballast_replica::{Input, Replica};
use parking_lot::{Condvar, Mutex};

use crate::net::Room;

/// A question asked of the replica on its own thread.
pub type Question = Box<dyn FnOnce(&mut Replica) + Send>;

#[allow(clippy::large_enum_variant, reason = "short-lived, and few at a time")]
pub enum Letter {
    Input(Input),
    Message(Post),
    Ask(Question),
    /// Finish what is in hand and end.
    Stop,
}

/// A message of a peer, and its part of the peer's budget.
pub struct Post {
    pub from: PublicKey,
    pub message: Message,
    pub room: Option<Room>,
}

/// Whose messages come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    Validator,
    Observer,
}

/// The most letters handed over at once: effects of one lot are made durable together.
const LOT_MAX: usize = 256;
/// Of these, what each kind has while others wait too.
const VALIDATORS_SHARE: usize = 128;
const OBSERVERS_SHARE: usize = 16;
const QUESTIONS_SHARE: usize = 32;

#[derive(Default)]
struct Queues {
    /// Connections, answers to requests, the end.
    control: VecDeque<Letter>,
    validators: Turns,
    observers: Turns,
    questions: VecDeque<Letter>,
    /// Submissions and batches.
    bulk: VecDeque<Letter>,
}

impl Queues {
    fn is_empty(&self) -> bool {
        let others = [&self.control, &self.questions, &self.bulk];
        others.iter().all(|queue| queue.is_empty())
            && self.validators.is_empty()
            && self.observers.is_empty()
    }

    /// First each kind's share, then what is left over, in order.
    fn take(&mut self) -> Vec<Letter> {
        let mut lot = Vec::new();
        take_from(&mut self.control, LOT_MAX, &mut lot);
        self.validators.take(VALIDATORS_SHARE, &mut lot);
        self.observers.take(OBSERVERS_SHARE, &mut lot);
        take_from(&mut self.questions, QUESTIONS_SHARE, &mut lot);
        take_from(&mut self.bulk, LOT_MAX, &mut lot);
        self.validators.take(LOT_MAX, &mut lot);
        self.observers.take(LOT_MAX, &mut lot);
        take_from(&mut self.questions, LOT_MAX, &mut lot);
        lot
    }
}

/// At most `share`, and no more than a lot has room for.
fn take_from(queue: &mut VecDeque<Letter>, share: usize, lot: &mut Vec<Letter>) {
    let count = queue.len().min(share).min(LOT_MAX.saturating_sub(lot.len()));
    lot.extend(queue.drain(..count));
}

/// A queue for each peer, each served in turn.
#[derive(Default)]
struct Turns {
    queues: BTreeMap<PublicKey, VecDeque<Post>>,
    /// Those whose queue holds something, the next first.
    order: VecDeque<PublicKey>,
}

impl Turns {
    fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn push(&mut self, post: Post) {
        let from = post.from;
        let queue = self.queues.entry(from).or_default();
        if queue.is_empty() {
            self.order.push_back(from);
        }
        queue.push_back(post);
    }

    fn take(&mut self, share: usize, lot: &mut Vec<Letter>) {
        let count = share.min(LOT_MAX.saturating_sub(lot.len()));
        lot.extend(std::iter::from_fn(|| self.next()).take(count).map(Letter::Message));
    }

    fn next(&mut self) -> Option<Post> {
        let from = self.order.pop_front()?;
        let queue = self.queues.get_mut(&from)?;
        let post = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&from);
        } else {
            self.order.push_back(from);
        }
        post
    }
}

/// Takes whatever it is given: what fills it is bounded before. Messages by the network's budgets,
/// submissions and questions by the calls that wait for their answer, batches by their reader, which
/// pauses while [`Mailbox::is_crowded`].
#[derive(Default)]
pub struct Mailbox {
    queues: Mutex<Queues>,
    ready: Condvar,
}

impl Mailbox {
    /// Connections, answers to requests, the end.
    pub fn control(&self, letter: Letter) {
        self.put(|queues| queues.control.push_back(letter));
    }

    pub fn message(&self, rank: Rank, post: Post) {
        self.put(|queues| match rank {
            Rank::Validator => queues.validators.push(post),
            Rank::Observer => queues.observers.push(post),
        });
    }

    pub fn ask(&self, question: Question) {
        self.put(|queues| queues.questions.push_back(Letter::Ask(question)));
    }

    /// Submissions and batches.
    pub fn bulk(&self, letter: Letter) {
        self.put(|queues| queues.bulk.push_back(letter));
    }

    fn put(&self, put: impl FnOnce(&mut Queues)) {
        put(&mut self.queues.lock());
        self.ready.notify_one();
    }

    /// Whether more than a few lots of submissions and batches wait.
    pub fn is_crowded(&self) -> bool {
        self.queues.lock().bulk.len() > 2 * LOT_MAX
    }

    /// Waits for letters until `deadline`, and takes a lot of them.
    pub fn take(&self, deadline: Option<Instant>) -> Vec<Letter> {
        let mut queues = self.queues.lock();
        while queues.is_empty() {
            let wait = deadline
                .map_or(Duration::from_secs(1), |at| at.saturating_duration_since(Instant::now()));
            if wait.is_zero() || self.ready.wait_for(&mut queues, wait).timed_out() {
                break;
            }
        }
        queues.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: PublicKey = PublicKey([1; 32]);
    const FLOOD: PublicKey = PublicKey([2; 32]);
    const WATCHER: PublicKey = PublicKey([3; 32]);

    fn post(from: PublicKey, height: u64) -> Post {
        Post { from, message: Message::Status { height, time: 1 }, room: None }
    }

    fn senders(lot: &[Letter]) -> Vec<PublicKey> {
        let sender = |letter: &Letter| match letter {
            Letter::Message(post) => Some(post.from),
            _ => None,
        };
        lot.iter().filter_map(sender).collect()
    }

    #[test]
    fn a_peer_that_floods_delays_only_itself() {
        let mailbox = Mailbox::default();
        for n in 0..10_000 {
            mailbox.message(Rank::Validator, post(FLOOD, n));
            mailbox.message(Rank::Observer, post(WATCHER, n));
        }
        mailbox.message(Rank::Validator, post(QUIET, 1));
        mailbox.ask(Box::new(|_| {}));
        mailbox.bulk(Letter::Input(Input::Tick));
        mailbox.control(Letter::Input(Input::PeerUp(QUIET)));
        let lot = mailbox.take(None);
        assert_eq!(lot.len(), LOT_MAX);
        assert!(matches!(lot[0], Letter::Input(Input::PeerUp(QUIET))));
        assert_eq!(senders(&lot)[..3], [FLOOD, QUIET, FLOOD]);
        assert!(lot.iter().any(|letter| matches!(letter, Letter::Ask(_))));
        assert!(lot.iter().any(|letter| matches!(letter, Letter::Input(Input::Tick))));
        let observers = senders(&lot).iter().filter(|from| **from == WATCHER).count();
        assert_eq!(observers, OBSERVERS_SHARE);
    }

    #[test]
    fn one_peers_messages_keep_their_order() {
        let mailbox = Mailbox::default();
        for n in 0..300 {
            mailbox.message(Rank::Validator, post(QUIET, n));
        }
        let lots = [mailbox.take(None), mailbox.take(None)];
        let heights: Vec<_> = lots
            .iter()
            .flatten()
            .map(|letter| match letter {
                Letter::Message(Post { message: Message::Status { height, .. }, .. }) => *height,
                _ => panic!("not a message"),
            })
            .collect();
        assert_eq!(heights, (0..300).collect::<Vec<_>>());
        assert!(mailbox.queues.lock().is_empty());
    }
}
