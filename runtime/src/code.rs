//! Every outcome of a transaction, numbered. Names and numbers are stable: a number is never
//! reused, a name never changes its meaning.

use borsh::{BorshDeserialize, BorshSerialize};

macro_rules! codes {
    ($($number:literal $variant:ident $name:literal $text:literal;)*) => {
        /// Why a transaction was refused or failed. The order of numbers within 1–99 and 100–199
        /// is the order of precedence: the first that applies wins.
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
    3 Expired "EXPIRED" "Its valid_until has passed, or is more than 24 hours ahead.";
    4 UnknownAccount "UNKNOWN_ACCOUNT" "The sender or sponsor is not registered.";
    5 BadSignature "BAD_SIGNATURE" "The signatures do not satisfy the key policy of the sender and sponsor.";
    6 NonceTooOld "NONCE_TOO_OLD" "The nonce is below the account's replay window.";
    7 NonceUsed "NONCE_USED" "The nonce has been used.";
    8 NonceTooNew "NONCE_TOO_NEW" "The nonce is above the account's replay window of 128.";
    9 QuotaExceeded "QUOTA_EXCEEDED" "The account that pays has used up its quota for now.";
    // runtime.md calls this one UNAUTHORIZED too; every number needs a name of its own.
    10 LaneUnauthorized "LANE_UNAUTHORIZED" "Only a holder of a protective role may send a transaction of protective operations.";

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

    // After an operation's own rules.
    190 InsufficientAvailable "INSUFFICIENT_AVAILABLE" "The available balance is smaller than the amount.";
    191 Overflow "OVERFLOW" "An amount would leave its range.";
}

impl Code {
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Whether a transaction with this outcome leaves no trace on the chain.
    pub const fn is_not_includable(self) -> bool {
        (self as u8) < 100
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
