//! Every outcome of a transaction, numbered. Names and numbers are stable: a number is never
//! reused, a name never changes its meaning.

use borsh::{BorshDeserialize, BorshSerialize};

macro_rules! codes {
    ($($number:literal $variant:ident $name:literal $text:literal;)*) => {
        /// Why a transaction was refused or failed. Numbers below 100 are in the order of precedence but
        /// for `TOO_FAR_AHEAD` (see [`Code::comes_before`]), so are those from 100 to 105; each
        /// operation's file gives the order of its own.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize,
        )]
        #[borsh(use_discriminant = true)]
        #[repr(u8)]
        pub enum Code {
            $(#[doc = $text] $variant = $number,)*
        }

        impl Code {
            /// Every code, ascending.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable wire name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One sentence for people.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

codes! {
    // Not includable: the transaction leaves no trace on the chain.
    1 Decode "DECODE" "The bytes are not a canonical transaction within its limits.";
    2 BadChain "BAD_CHAIN" "The transaction was signed for another chain.";
    3 Expired "EXPIRED" "Its valid_until has passed.";
    4 UnknownAccount "UNKNOWN_ACCOUNT" "The sender or sponsor is not registered.";
    5 BadSignature "BAD_SIGNATURE" "The signatures do not satisfy the key policy of the sender and sponsor.";
    6 NonceTooOld "NONCE_TOO_OLD" "The nonce is below the account's replay window.";
    7 NonceUsed "NONCE_USED" "The nonce has been used.";
    8 NonceTooNew "NONCE_TOO_NEW" "The nonce is above the account's replay window of 128.";
    9 QuotaExceeded "QUOTA_EXCEEDED" "The account that pays has used up its quota for now.";
    // runtime.md calls this one UNAUTHORIZED too; every number needs a name of its own.
    10 LaneUnauthorized "LANE_UNAUTHORIZED" "Only who may send protective operations may send a transaction of nothing else.";
    11 TooFarAhead "TOO_FAR_AHEAD" "Its valid_until is more than 24 hours ahead: it may be included later.";

    // Included: the nonce is consumed, the receipt names the operation and this code. Common to
    // all operations, in this order.
    100 Paused "PAUSED" "The operation's scope is paused.";
    101 Unauthorized "UNAUTHORIZED" "The sender does not hold the role this operation needs.";
    102 RoleExpired "ROLE_EXPIRED" "The sender's role has expired.";
    103 KycExpired "KYC_EXPIRED" "The registration of an account in the operation has expired.";
    104 NotEligible "NOT_ELIGIBLE" "The account's class is not eligible for this operation.";
    105 AccountFrozen "ACCOUNT_FROZEN" "An account in the operation is frozen in this direction.";

    // Rules of single operations, each operation's own order as its file lists them.
    120 ZeroAmount "ZERO_AMOUNT" "The amount is zero.";
    121 SelfTransfer "SELF_TRANSFER" "Sender and recipient are the same account.";
    122 UnknownRecipient "UNKNOWN_RECIPIENT" "The recipient is not registered.";
    123 MemoRequired "MEMO_REQUIRED" "The recipient accepts payments only with a memo.";
    124 UnknownTarget "UNKNOWN_TARGET" "The account that the operation names is not registered.";
    130 AllowanceChanged "ALLOWANCE_CHANGED" "The current allowance is not the expected one.";
    131 AllowanceAboveMax "ALLOWANCE_ABOVE_MAX" "The allowance is above the council's maximum.";
    132 DuplicateBankRef "DUPLICATE_BANK_REF" "This custodian has used this bank reference before.";
    133 UnknownDeposit "UNKNOWN_DEPOSIT" "There is no such deposit.";
    134 MinterSuspended "MINTER_SUSPENDED" "The minter is suspended.";
    135 DepositNotFinal "DEPOSIT_NOT_FINAL" "The deposit is not final yet.";
    136 DepositExceeded "DEPOSIT_EXCEEDED" "The deposit's unminted part is smaller than the amount.";
    137 PerTxLimit "PER_TX_LIMIT" "The amount is above the minter's limit for one mint.";
    138 MinterAllowance "MINTER_ALLOWANCE" "The amount is above what is left of the minter's allowance.";
    139 CapExceeded "CAP_EXCEEDED" "The total supply would exceed its cap.";
    150 AlreadyRegistered "ALREADY_REGISTERED" "The account is registered already.";
    151 BadPolicy "BAD_POLICY" "The key policy is malformed or holds an unacceptable key.";
    152 RoleConflict "ROLE_CONFLICT" "The holder has a role that excludes this one.";
    153 RoleTermTooLong "ROLE_TERM_TOO_LONG" "A role is granted for at most 366 days, and must end in the future.";
    154 RoleNotHeld "ROLE_NOT_HELD" "The account does not hold this role.";
    160 NotFrozen "NOT_FROZEN" "The account is not frozen.";
    161 FreezeCooldown "FREEZE_COOLDOWN" "An officer's freeze of this account lapsed less than 7 days ago.";
    162 SystemAccount "SYSTEM_ACCOUNT" "The operation does not apply to a system account.";
    163 PauseTooLong "PAUSE_TOO_LONG" "The pause would end in the past, or later than this signer may set.";
    164 PauseCooldown "PAUSE_COOLDOWN" "A short pause of this scope ended less than 7 days ago.";
    165 NotPaused "NOT_PAUSED" "The scope is not paused.";
    166 InvalidArgument "INVALID_ARGUMENT" "A field of the operation is outside its bounds.";

    167 FreezeConfirmed "FREEZE_CONFIRMED" "The council froze this account; only the council may change that freeze.";

    168 BadAuth "BAD_AUTH" "The signatures inside the operation are not those of who must have signed.";
    170 AllowanceExpired "ALLOWANCE_EXPIRED" "The allowance has expired, or would have from the start.";
    171 AllowanceExceeded "ALLOWANCE_EXCEEDED" "The amount is above what is left of the allowance.";
    172 AuthNotYet "AUTH_NOT_YET" "The authorisation is not valid yet.";
    173 AuthExpired "AUTH_EXPIRED" "The authorisation's deadline has passed, or is more than 30 days ahead.";
    174 AuthUsed "AUTH_USED" "The authorisation was used or cancelled.";
    175 WrongExecutor "WRONG_EXECUTOR" "The authorisation names another account to relay it.";
    176 TravelDataRequired "TRAVEL_DATA_REQUIRED" "A payment of this size between institutions needs the beneficiary institution's signature.";
    177 TravelDataInvalid "TRAVEL_DATA_INVALID" "The travel data is not signed by the beneficiary's institution, or has expired.";
    178 TravelReplay "TRAVEL_REPLAY" "The travel data was used before.";
    179 DepositClosed "DEPOSIT_CLOSED" "The deposit was reversed.";
    180 MinterWindow "MINTER_WINDOW" "The minter's total over the last 24 hours would exceed its cap.";
    181 GlobalWindow "GLOBAL_WINDOW" "All minters' total over the last 24 hours would exceed its cap; minting is paused.";
    182 NoReport "NO_REPORT" "There is no effective reserve report.";
    183 ReportStale "REPORT_STALE" "The reserve report is too old.";
    184 ReportModified "REPORT_MODIFIED" "The reserve report's opinion is not unmodified.";
    185 ReportConcentrated "REPORT_CONCENTRATED" "One custodian holds more of the reserve than the policy allows.";
    186 ReserveCeiling "RESERVE_CEILING" "The total supply would exceed the reserve.";

    // After an operation's own rules.
    190 InsufficientAvailable "INSUFFICIENT_AVAILABLE" "The available balance is smaller than the amount.";
    191 Overflow "OVERFLOW" "An amount would leave its range.";

    // More rules of single operations.
    192 BelowMin "BELOW_MIN" "The amount is below the least that can be redeemed.";
    193 AboveMax "ABOVE_MAX" "The amount is above the most that can be redeemed at once.";
    194 FeeTooHigh "FEE_TOO_HIGH" "The fee is above what the holder accepts, or not below the amount.";
    195 TooManyObjects "TOO_MANY_OBJECTS" "As many objects count for the account as its class may have.";
    196 ObjectQuota "OBJECT_QUOTA" "What is left of the quota does not pay for the objects it creates.";
    203 UnknownRedemption "UNKNOWN_REDEMPTION" "There is no such redemption.";
    204 RedemptionClosed "REDEMPTION_CLOSED" "The redemption is over.";
    205 InProcessing "IN_PROCESSING" "The redemption is being paid.";
    206 NotProcessing "NOT_PROCESSING" "The redemption was not accepted yet.";
    207 NotDue "NOT_DUE" "The redemption is not overdue.";
    208 PayoutMissing "PAYOUT_MISSING" "No payout was recorded for the redemption.";
    209 PayoutMismatch "PAYOUT_MISMATCH" "The payout is not the redemption's net amount.";
    210 PayoutRecorded "PAYOUT_RECORDED" "A payout is recorded already.";
    211 HoldChanged "HOLD_CHANGED" "The current hold is not the expected one.";
    212 HoldOnlyRaised "HOLD_ONLY_RAISED" "An officer may only raise a hold; the council lowers it.";
    213 NotSeizable "NOT_SEIZABLE" "The account has neither a confirmed outbound freeze nor a hold of the amount.";
    214 UnknownReport "UNKNOWN_REPORT" "There is no such report.";
    215 FutureReport "FUTURE_REPORT" "The report is of a time to come.";
    216 OutOfOrder "OUT_OF_ORDER" "The report is neither later than the latest effective one nor its correction.";
    217 UnknownCheckpoint "UNKNOWN_CHECKPOINT" "No supply checkpoint of this time and height is kept.";
    218 SupplyMismatch "SUPPLY_MISMATCH" "The stated supply is not the checkpoint's.";
    219 ReportNotDraft "REPORT_NOT_DRAFT" "The report is not a draft.";
    220 DigestMismatch "DIGEST_MISMATCH" "The digest is not that of what is being signed.";
    221 AlreadyAttested "ALREADY_ATTESTED" "The sender has attested this report.";
    222 AlreadyRevoked "ALREADY_REVOKED" "The report is revoked.";
    223 TooManyDrafts "TOO_MANY_DRAFTS" "There are 16 drafts already.";
    224 UnknownBridge "UNKNOWN_BRIDGE" "There is no such bridge.";
    225 BridgeClosed "BRIDGE_CLOSED" "The bridge is closed.";
    226 BridgeDayCap "BRIDGE_DAY_CAP" "The bridge's total over the last 24 hours would exceed its cap.";
    227 RemoteTxUsed "REMOTE_TX_USED" "The other chain's transaction was released before.";
    228 EscrowExceeded "ESCROW_EXCEEDED" "The amount is above what the bridge holds in escrow.";
    229 UnknownProposal "UNKNOWN_PROPOSAL" "There is no such proposal.";
    230 ProposalStale "PROPOSAL_STALE" "The council has changed since this was proposed or signed.";
    231 ProposalClosed "PROPOSAL_CLOSED" "The proposal was executed, rejected or has expired.";
    232 AlreadyVoted "ALREADY_VOTED" "The member has made this choice already.";
    233 NotVoted "NOT_VOTED" "The member has no vote to withdraw.";
    234 NotApproved "NOT_APPROVED" "Too few members have said yes.";
    235 Timelocked "TIMELOCKED" "The delay after approval is not over.";
    236 ClassChanged "CLASS_CHANGED" "The proposal's operations are of a graver class now than when it was made.";
    237 ClassTooHigh "CLASS_TOO_HIGH" "Operations of this class need a proposal.";
    238 ExecNonce "EXEC_NONCE" "The number is not the council's next.";
    239 CouncilQuorum "COUNCIL_QUORUM" "Too few members signed.";
    240 TooManyProposals "TOO_MANY_PROPOSALS" "64 proposals are open, or 8 of this member's.";
    241 CapBelowSupply "CAP_BELOW_SUPPLY" "The cap would be below the total supply.";
    242 BadThreshold "BAD_THRESHOLD" "Thresholds must rise from A to D, with C above half of the council.";
    243 ThresholdUnreachable "THRESHOLD_UNREACHABLE" "A threshold is above the number of members.";
    244 NotSuspended "NOT_SUSPENDED" "The minter is not suspended.";
    245 UnknownValidator "UNKNOWN_VALIDATOR" "There is no validator with this key.";
    246 ValidatorExists "VALIDATOR_EXISTS" "A validator with this key exists.";
    247 BadValidatorSet "BAD_VALIDATOR_SET" "The validator set would not be valid.";
    248 SetChangeTooLarge "SET_CHANGE_TOO_LARGE" "More than a third of the voting power would change at once.";
    249 UpgradeOutOfOrder "UPGRADE_OUT_OF_ORDER" "Not the next version of the rules, or a height too near.";

    // The rules let the transaction through, and an invariant does not.
    250 InvariantBroken "INVARIANT_BROKEN" "The transaction would break an invariant: a fault of the code.";
}

/// Whether what is refused before it is in a block may be in a later one (TX-34).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finality {
    /// Never: the bytes say so themselves.
    Bytes,
    /// Never, once a committed block shows it, which can be proven. One validator's word is no proof.
    Block(&'static str),
    /// Perhaps, until its `valid_until`.
    Open,
}

impl Finality {
    /// For a table.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Bytes => "always",
            Self::Block(when) => when,
            Self::Open => "no",
        }
    }
}

impl Code {
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Whether a transaction with this outcome leaves no trace on the chain.
    pub const fn is_not_includable(self) -> bool {
        (self as u8) < 100
    }

    /// Whether it comes before `other` in the order of the checks (TX-30), both being of those that
    /// leave no trace.
    pub const fn comes_before(self, other: Self) -> bool {
        self.check() < other.check()
    }

    /// The check it is the answer of, by the number of another answer of that check.
    const fn check(self) -> u8 {
        match self {
            Self::TooFarAhead => Self::Expired as u8,
            code => code as u8,
        }
    }

    /// Whether the refusal is for good; none for what is in a block, which is.
    pub const fn finality(self) -> Option<Finality> {
        Some(match self {
            Self::Decode | Self::BadChain => Finality::Bytes,
            Self::Expired => {
                Finality::Block("once a committed block's time is not below valid_until")
            }
            Self::NonceTooOld => Finality::Block("once the sender's window has passed the nonce"),
            Self::NonceUsed => Finality::Block("once another transaction's receipt has the nonce"),
            code if code.is_not_includable() => Finality::Open,
            _ => return None,
        })
    }

    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for Code {}
