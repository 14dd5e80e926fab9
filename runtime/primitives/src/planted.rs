//! Bugs planted on purpose, to prove that the simulator finds bugs. Only a build with the feature
//! `planted-bugs` carries them, each dormant until [`plant`]ed for a thread; in every other build
//! [`planted`] is a constant `false`, and the programs refuse to be compiled unless it is (see
//! [`CARRIED`]).

/// Whether this build carries the bugs. Programs that ship assert at compile time that it does not.
pub const CARRIED: bool = cfg!(feature = "planted-bugs");

macro_rules! bugs {
    ($($(#[doc = $doc:literal])* $bug:ident)*) => {
        /// One mistake that someone could make.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug {
            $($(#[doc = $doc])* $bug,)*
        }

        impl Bug {
            pub const ALL: &'static [Self] = &[$(Self::$bug,)*];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$bug => stringify!($bug),)* }
            }
        }
    };
}

bugs! {
    /// Votes leave before what they rest on is synced.
    SendBeforeSync
    /// The log is never synced.
    LogNotSynced
    /// The sign-state is never saved.
    SignStateNotSaved
    /// Batches are not synced before a vote that rests on them.
    BatchesNotSynced
    /// Votes are not written to the log.
    LogEntryDropped
    /// A lost log does not make a validator mute.
    MuteSkipped
    /// A log that has lost its end does not make a validator mute.
    LogEndNotMissed
    /// A restarted validator does not read its log: it forgets its lock.
    ForgottenLock
    /// Whatever is asked is signed.
    SignsTwice
    /// A sign-state that was put back from an older copy is as good as the newest.
    GenerationNotCompared
    /// Who starts does not ask its peers what its key has signed.
    PeersNotAsked
    /// Who does not know what its key has signed signs all the same.
    UnknownHistorySigns
    /// A quorum is one validator less.
    QuorumMinusOne
    /// No signature of a vote or proposal is verified.
    SignatureUnchecked
    /// A certificate counts one signer as often as it is named.
    DuplicateSignerCounted
    /// Evidence of two messages for one place is thrown away.
    EvidenceDropped
    /// Evidence that others show is believed.
    EvidenceUnverified
    /// Proposers leave evidence out of their blocks.
    EvidenceNotFiled
    /// Blocks may name a validator for the same again and again.
    NamedAgain
    /// A block counts as valid before its batches are here.
    BatchNotHere
    /// A header's time is not looked at.
    HeaderTimeUnchecked
    /// The results that a header attests are not compared with one's own.
    StateRootUnchecked
    /// What a block's batches come to is not compared with a block's limits.
    BlockSizeUnchecked
    /// What a block says of its batches' sizes is not compared with them.
    BatchSizeUnchecked
    /// A block may name a batch twice.
    BatchNamedTwice
    /// A block that is fetched needs no valid certificate.
    SyncCertificateUnchecked
    /// Of the certificates that are verified ahead, only the first is.
    AheadCertificateUnchecked
    /// A block that is fetched may come with an override that nobody has signed.
    SyncOverrideUnchecked
    /// A block that is fetched may come with a certificate of another.
    StaleSyncValue
    /// The batches of a block that is fetched are not compared with what it names.
    SyncBatchUnchecked
    /// Who did not get an answer never asks for blocks again.
    SyncGivesUp
    /// The timeout for precommits never comes.
    TimeoutForgotten
    /// Batches are dropped seconds before their transactions expire.
    BatchForgottenEarly
    /// Committed transactions are never forgotten.
    PoolNeverForgets
    /// Votes of the next height are kept whatever their round.
    FutureVotesUnbounded
    /// How far the chain is, is believed of one peer.
    OneClaimBelieved
    /// Proposals are kept whatever their round.
    FarRoundsKept
    /// Batches of which nothing can commit are kept and ordered like others.
    JunkKept
    /// Whoever asks for a proposal is answered, as often as it likes.
    AnswersUnrationed
    /// A block does not wait for the interval after its parent.
    IntervalSkipped
    /// Whoever is at the next height takes everybody along.
    OneHurriesAll
    /// The batches of one author are never named.
    AuthorStarved
    /// Nobody is passed over, however many turns it misses.
    NobodyPassedOver
    /// Proposals for the heights to come are all kept.
    EarlyProposalsUnbounded
    /// A nonce that was used is as good as a fresh one.
    ExecutesTwice
    /// The window for nonces is one wider than it should be.
    NonceWindowOffByOne
    /// A transaction is included after its time.
    ExpiredIncluded
    /// A transaction is included more than a day before its end.
    TooFarAheadIncluded
    /// What a failed transaction did is not taken back.
    UndoSkipped
    /// Transactions run in the order in which they come, protective or not.
    LanesIgnored
    /// Minting does not look at the cap.
    MintCapSkipped
    /// Whoever asks may do what needs a role.
    RoleUnchecked
    /// A frozen account pays.
    FrozenPays
    /// A payment takes the amount from its payer and credits one micro-dollar more.
    TransferMakesMoney
    /// A council decides with one vote less.
    CouncilVoteMissing
    /// What the council approved is executed at once.
    TimelockIgnored
    /// Operations by the council's signatures need only one of them.
    CouncilSignaturesUncounted
    /// A validator set decides a height too early.
    SetChangesEarly
    /// A set that is chosen is forgotten when the next block comes.
    NextSetForgotten
    /// The newest rules that a program has hold for every block.
    RulesByProgram
    /// What was taken under earlier rules is not judged again by those of its block.
    RulesOfArrival
    /// The last object that a block wrote is left out of what is stored.
    ChangeForgotten
    /// The last object that a block removed stays stored.
    RemovalForgotten
    /// What has ended is not removed.
    EndedKept
}

/// Whether `bug` is at work in this thread.
#[cfg(not(feature = "planted-bugs"))]
#[inline(always)]
pub const fn planted(_: Bug) -> bool {
    false
}

#[cfg(feature = "planted-bugs")]
thread_local! {
    static ACTIVE: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Whether `bug` is at work in this thread.
#[cfg(feature = "planted-bugs")]
pub fn planted(bug: Bug) -> bool {
    ACTIVE.get() == Some(bug)
}

/// Lets a bug work in this thread, and no other bug.
#[cfg(feature = "planted-bugs")]
pub fn plant(bug: Option<Bug>) {
    ACTIVE.set(bug);
}
