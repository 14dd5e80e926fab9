//! What a peer did that an honest one never does. Whoever keeps a score of peers counts by these;
//! the text beside them in [`crate::replica::Notice::BadPeer`] is for people.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Offence {
    /// A vote, proposal or certificate that is not by whom it names.
    Forgery,
    /// Spoke at a height whose validator set it is not in.
    Outsider,
    /// Answered a request for blocks with something else.
    BadAnswer,
    /// Wanted more answers, or more room, than anyone may have.
    Greed,
    /// Sent a message, a request or a batch that is not one.
    Malformed,
}

impl Offence {
    pub const ALL: &'static [Self] =
        &[Self::Forgery, Self::Outsider, Self::BadAnswer, Self::Greed, Self::Malformed];

    /// For metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forgery => "forgery",
            Self::Outsider => "outsider",
            Self::BadAnswer => "bad_answer",
            Self::Greed => "greed",
            Self::Malformed => "malformed",
        }
    }
}
