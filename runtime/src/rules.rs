//! The versions of the rules.
//!
//! Which version holds for a block follows from the state that its parent left, and from nothing
//! else ([`crate::object::Upgrade::at`]). So a program that executes every version since genesis
//! can replay the whole chain, whenever it was installed. What differs between versions is a value
//! of [`Rules`]; what does not is code and constants. The newest version's values are also what
//! wallets build by.

use ballast_primitives::block::Load;
use ballast_primitives::codec::{self, DecodeError};
use ballast_primitives::planted::{Bug, planted};

use crate::code::Code;
use crate::object::Upgrade;
use crate::op::Op;
use crate::tx::{self, SignedTx, VerifiedTx};

/// What one version of the rules says where versions may differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Rules {
    pub version: u32,
    /// The most bytes of an encoded transaction, signatures included.
    pub tx_bytes_max: usize,
    /// The most operations of a transaction; the least is one.
    pub ops_max: usize,
    /// The most bytes of a transaction's memo.
    pub memo_bytes_max: usize,
    /// The most signatures of a transaction: its own, and with those inside its operations.
    pub witnesses_max: usize,
    pub signatures_max: usize,
    /// What a block may hold at most.
    pub block: Load,
    /// Names of the operations that some version has and this one has not.
    pub lacks: &'static [&'static str],
}

impl Rules {
    /// What a chain begins with.
    pub const V1: Self = Self {
        version: Upgrade::FIRST,
        tx_bytes_max: tx::TX_BYTES_MAX,
        ops_max: tx::OPS_MAX,
        memo_bytes_max: tx::MEMO_BYTES_MAX,
        witnesses_max: tx::WITNESSES_MAX,
        signatures_max: tx::SIGNATURES_MAX,
        block: Load::MOST,
        lacks: &[],
    };

    /// Bounds that the types do not express, and which operations there are.
    pub fn check(&self, tx: &SignedTx) -> Result<(), &'static str> {
        if tx.witnesses.is_empty() {
            return Err("a transaction has a signature");
        }
        self.check_unsigned(tx)
    }

    /// As [`Self::check`], for one that nobody may have signed yet.
    pub fn check_unsigned(&self, tx: &SignedTx) -> Result<(), &'static str> {
        let SignedTx { body, witnesses } = tx;
        if body.ops.is_empty() || body.ops.len() > self.ops_max {
            return Err("a transaction has no operation, or too many");
        }
        if body.memo.as_ref().is_some_and(|memo| memo.len() > self.memo_bytes_max) {
            return Err("a memo is too long");
        }
        if witnesses.len() > self.witnesses_max {
            return Err("a transaction has too many signatures");
        }
        if !witnesses.is_sorted_by(|a, b| a.key < b.key) {
            return Err("signatures must be strictly ascending by key");
        }
        if tx.signatures() > self.signatures_max {
            return Err("a transaction holds too many signatures, those in operations included");
        }
        if !self.lacks.is_empty() && body.ops.iter().any(|op| self.lacks_op(op)) {
            return Err("an operation that this version of the rules does not have");
        }
        body.ops.iter().try_for_each(Op::check_shape)
    }

    fn lacks_op(&self, op: &Op) -> bool {
        let council = match op {
            Op::Propose(op) => op.ops.as_slice(),
            Op::CouncilExec(op) => op.ops.as_slice(),
            _ => &[],
        };
        let names = council.iter().map(|op| op.name()).chain([op.name()]);
        names.into_iter().any(|name| self.lacks.contains(&name))
    }

    /// Whether these rules know the transaction at all: `DECODE`.
    pub fn takes(&self, tx: &VerifiedTx) -> Result<(), Code> {
        let fits = tx.size() <= self.tx_bytes_max && self.check(tx.tx()).is_ok();
        if fits { Ok(()) } else { Err(Code::Decode) }
    }
}

/// The versions that a program executes, ascending from the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rulebook(&'static [Rules]);

impl Rulebook {
    /// Of the programs that are released.
    pub const SHIPPED: Self = Self::new(&[Rules::V1]);

    /// Fails to compile, or panics, unless these are the first versions in order.
    #[allow(
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "for constants; loops and indices are what const evaluation has"
    )]
    pub const fn new(versions: &'static [Rules]) -> Self {
        assert!(!versions.is_empty(), "a chain begins with the first version");
        let mut n = 0;
        while n < versions.len() {
            assert!(versions[n].version as usize == n + 1, "versions are numbered from 1");
            n += 1;
        }
        Self(versions)
    }

    pub fn of(self, version: u32) -> Option<&'static Rules> {
        self.0.iter().find(|rules| rules.version == version)
    }

    /// The rules of a block after a state that holds `upgrade`; none when they are newer than this
    /// program.
    pub fn at(self, upgrade: &Upgrade, height: u64) -> Option<&'static Rules> {
        if planted(Bug::RulesByProgram) {
            return self.0.last();
        }
        self.of(upgrade.at(height))
    }

    pub fn newest(self) -> u32 {
        self.0.last().map_or(0, |rules| rules.version)
    }

    /// Decodes a transaction that some version knows: size, canonical bytes, and what
    /// [`Rules::check`] checks.
    pub fn decode(self, bytes: &[u8]) -> Result<SignedTx, DecodeError> {
        let bytes_max = self.0.iter().map(|rules| rules.tx_bytes_max).max().unwrap_or(0);
        let tx: SignedTx = codec::decode(bytes, bytes_max)?;
        let known = |rules: &Rules| match bytes.len() <= rules.tx_bytes_max {
            true => rules.check(&tx),
            false => Err("a transaction is too long"),
        };
        self.any(known).map_err(|what| DecodeError::Malformed(what.to_owned()))?;
        Ok(tx)
    }

    /// As [`Rules::check`], by any version.
    pub fn check(self, tx: &SignedTx) -> Result<(), &'static str> {
        self.any(|rules| rules.check(tx))
    }

    /// As [`Rules::check_unsigned`], by any version.
    pub fn check_unsigned(self, tx: &SignedTx) -> Result<(), &'static str> {
        self.any(|rules| rules.check_unsigned(tx))
    }

    /// What the newest version says, unless one says yes.
    fn any(self, says: impl Fn(&Rules) -> Result<(), &'static str>) -> Result<(), &'static str> {
        let mut newest = Err("there are no rules");
        for rules in self.0.iter().rev() {
            let said = says(rules);
            if said.is_ok() {
                return said;
            }
            newest = newest.or(said);
        }
        newest
    }

    /// The first version that knows every one of the transactions, or knew it and a later one no
    /// longer does: blocks of this version and later ones may name a batch of them. None when
    /// there is no such version.
    pub fn since<'a>(self, txs: impl IntoIterator<Item = &'a VerifiedTx>) -> Option<u32> {
        let first = |tx| self.0.iter().find(|rules| rules.takes(tx).is_ok());
        let mut versions = txs.into_iter().map(|tx| first(tx).map(|rules| rules.version));
        versions.try_fold(0, |since, version| Some(since.max(version?)))
    }
}

impl Default for Rulebook {
    fn default() -> Self {
        Self::SHIPPED
    }
}
