/**
 * Every structure that is signed, hashed or proven, from the tables of docs/spec: operations.md,
 * state.md, bytes.md. Bounds of lengths are those whose breach is DECODE.
 */
import { array, bool, bytes, checked, fixed, list, names, option, struct, text, u128, u16, u32, u64, u8, variants } from "./borsh.js";
import type { Codec, Of } from "./borsh.js";

export const Hash = fixed(32);
export const Address = fixed(32);
export const PublicKey = fixed(32);
export const Signature = fixed(64);

// ---- Enumerations ----

export const Network = names({ 0: "MAIN", 1: "TEST", 2: "DEV" });
const Choice = names({ 0: "NO", 1: "YES", 2: "WITHDRAW" });
const Scope = names({ 0: "TRANSFER", 1: "MINT", 2: "REDEEM_NEW", 3: "BRIDGE" });
const Role = names({
  1: "MINT_CONTROLLER", 2: "MINTER", 3: "CUSTODIAN", 4: "RESERVE_MANAGER", 5: "ATTESTOR",
  6: "COMPLIANCE", 7: "REDEEMER", 8: "REGISTRAR", 9: "BRIDGE",
});
const Class = names({ 0: "A", 1: "B", 2: "C", 3: "D" });
const ReportKind = names({ 0: "POINT_IN_TIME", 1: "PERIOD" });
const Assurance = names({ 0: "EXAMINATION", 1: "REVIEW", 2: "AGREED_UPON_PROCEDURES" });
const Opinion = names({ 0: "UNMODIFIED", 1: "QUALIFIED", 2: "ADVERSE", 3: "DISCLAIMER" });
const Category = names({
  0: "CASH", 1: "DEMAND_DEPOSIT", 2: "TREASURY", 3: "REPO", 4: "REVERSE_REPO", 5: "GOVERNMENT_FUND",
  6: "COMMERCIAL_PAPER", 7: "CORPORATE_BOND", 8: "LOAN", 9: "OTHER",
});
const RedemptionStatus = names({
  0: "REQUESTED", 1: "PROCESSING", 2: "SETTLED", 3: "REJECTED", 4: "FAILED", 5: "CANCELLED", 6: "EXPIRED",
});
const ProposalStatus = names({ 0: "OPEN", 1: "APPROVED", 2: "EXECUTED", 3: "REJECTED", 4: "EXPIRED", 5: "STALE" });
const ReportStatus = names({ 0: "DRAFT", 1: "EFFECTIVE", 2: "SUPERSEDED", 3: "REVOKED" });
const IncidentKind = names({
  0: "MINT_BREAKER", 1: "RECONCILE_MISMATCH", 2: "FREEZE", 3: "DEPOSIT_REVERSED", 4: "REDEMPTION_EXPIRED",
  5: "REPORT_REVOKED", 6: "SEIZURE", 16: "SECURITY", 17: "OPERATIONAL", 18: "LEGAL", 19: "OTHER",
  32: "SUPPLY_BROKEN", 33: "MINT_BROKEN", 34: "ESCROW_BROKEN", 35: "BRIDGE_BROKEN", 36: "POWER_BROKEN",
  37: "DEBIT_BROKEN", 38: "RECORD_BROKEN", 39: "COUNT_BROKEN", 48: "EQUIVOCATION",
});
const Severity = names({ 0: "LOW", 1: "MEDIUM", 2: "HIGH", 3: "CRITICAL" });
const DocumentKind = names({
  0: "WHITEPAPER", 1: "TERMS_OF_SERVICE", 2: "RESERVE_POLICY", 3: "REDEMPTION_POLICY", 4: "PRIVACY",
  5: "RISK_DISCLOSURE",
});

// ---- Structures inside operations ----

export const Witness = struct({ key: PublicKey, signature: Signature });
export const KeyPolicy = variants({
  0: ["Single", { key: PublicKey }],
  1: ["Threshold", { k: u8, keys: list(PublicKey, 0, 16) }],
});
export const PermitBody = struct({
  owner: Address, spender: Address, expected: u64, amount: u64, expires: u64, nonce: Hash, not_before: u64,
  deadline: u64, executor: option(Address),
});
export const PayAuthBody = struct({
  owner: Address, to: Address, amount: u64, memo: option(bytes(0, 32)), nonce: Hash, not_before: u64,
  deadline: u64, executor: option(Address),
});
export const TravelData = struct({ data: Hash, nonce: Hash, expires: u64, witness: Witness });
export const Validator = struct({ key: PublicKey, peer: PublicKey, power: u64, name: text() });
export const ValidatorSet = list(Validator);
const Member = struct({ account: Address, key: PublicKey });
const Officers = struct({ ceo: PublicKey, cfo: PublicKey });
const Quota = struct({ burst: u32, per_1000_s: u64 });
const Line = struct({
  category: Category, custodian: text(1, 32), country: fixed(2), maturity_days: u32, face: u64,
  amortised: u64, market: u64, encumbered: u64, segregated: bool,
});
export const ReportBody = struct({
  supersedes: option(u64), kind: ReportKind, period_start: u64, as_of: u64, as_of_height: u64,
  stated_outstanding: u128, scope: Hash, standard: text(1, 64), assurance: Assurance, opinion: Opinion,
  exceptions: list(text(1, 128), 0, 16), lines: list(Line, 1, 64), document: Hash, uri: text(0, 256),
});

/** Signatures, strictly ascending by key. */
const witnesses = (max: number): Codec<Of<typeof Witness>[]> =>
  checked(list(Witness, 1, max), (all) => {
    const ascending = all.every((witness, at) => at === 0 || all[at - 1]!.key < witness.key);
    return ascending ? undefined : "signatures must be strictly ascending by key";
  });

// ---- Operations ----

const name = text(1, 64);
const bankRef = text(1, 64);
const scopes = list(Scope, 1);
const freeze = { account: Address, inbound: bool, outbound: bool, order: Hash };
const setHold = { account: Address, expected: u64, hold: u64, order: Hash };
const revokeReport = { report: u64, document: Hash };

export const CouncilOp = variants({
  30: ["Freeze", freeze],
  31: ["Unfreeze", { account: Address }],
  32: ["SetHold", setHold],
  33: ["ConfirmFreeze", { account: Address, order: Hash }],
  34: ["Seize", { from: Address, amount: u64, to: option(Address), order: Hash }],
  40: ["Pause", { scopes, until: u64, short: bool }],
  41: ["Unpause", { scopes }],
  54: ["RecoverKey", { account: Address, policy: KeyPolicy, document: Hash }],
  60: ["GrantRole", { role: Role, holder: Address, valid_until: u64 }],
  61: ["RevokeRole", { role: Role, holder: Address }],
  62: ["SuspendMinter", { minter: Address }],
  63: ["ResumeMinter", { minter: Address }],
  64: ["SetCap", { cap: u128 }],
  65: ["SetLimits", { minter_allowance_max: u64, mint_per_tx_max: u64, global_window_cap: u64 }],
  66: ["SetMinterLimits", { minter: Address, per_tx: u64, window_cap: u64 }],
  67: ["SetPolicy", {
    rail_hold_ms: u64, report_max_age_ms: u64, attest_quorum: u8, custodian_share_max_bps: option(u16),
    travel_threshold: u64, fee_account: Address, officers: Officers, quotas: list(Quota, 1, 16),
  }],
  68: ["SetTerms", {
    min: u64, max: u64, fee_bps: u16, fee_flat: u64, cutoff_minute: u16, holidays: list(u32, 0, 64), class_min: u8,
  }],
  69: ["SetBridge", { bridge: u32, name, day_cap: u64, open: bool }],
  82: ["RevokeReport", revokeReport],
  84: ["RevokeAttestorKey", { attestor: Address, since: u64, document: Hash }],
  110: ["PostIncident", { kind: IncidentKind, severity: Severity, document: Hash }],
  111: ["SetDocument", { kind: DocumentKind, digest: Hash, uri: text(0, 256) }],
  120: ["ValidatorAdd", { validator: Validator }],
  121: ["ValidatorRemove", { key: PublicKey }],
  122: ["ValidatorRotate", { key: PublicKey, new_key: PublicKey, new_peer: PublicKey }],
  130: ["CouncilSet", { members: list(Member, 1, 21), thresholds: fixed(4) }],
  131: ["SetDelay", { class: Class, delay_ms: u64 }],
  132: ["ScheduleUpgrade", { version: u32, code: Hash, height: u64 }],
});

export const Op = variants({
  1: ["Transfer", { to: Address, amount: u64, travel: option(TravelData) }],
  2: ["Approve", { spender: Address, expected: u64, amount: u64, expires: u64 }],
  3: ["TransferFrom", { owner: Address, to: Address, amount: u64, travel: option(TravelData) }],
  4: ["Permit", { body: PermitBody, witnesses: witnesses(16) }],
  5: ["PayAuth", { body: PayAuthBody, witnesses: witnesses(16), travel: option(TravelData) }],
  6: ["CancelAuth", { nonce: Hash, deadline: u64 }],
  10: ["DepositConfirm", { bank_ref: bankRef, amount: u64, beneficiary: Address }],
  11: ["DepositReverse", { deposit: Hash, document: Hash }],
  12: ["PayoutConfirm", { redemption: Hash, bank_ref: bankRef, net: u64 }],
  13: ["PayoutFailed", { redemption: Hash, document: Hash }],
  20: ["Mint", { deposit: Hash, amount: u64 }],
  21: ["Burn", { amount: u64 }],
  22: ["SetMinterAllowance", { minter: Address, expected: u64, new: u64 }],
  30: ["Freeze", freeze],
  32: ["SetHold", setHold],
  50: ["RegisterAccount", { policy: KeyPolicy, kyc_class: u8, kyc_until: u64, institution: u32, memo_required: bool }],
  51: ["SetKyc", { account: Address, kyc_class: u8, kyc_until: u64, institution: u32, memo_required: bool }],
  52: ["SetInstitution", { institution: u32, name, key: PublicKey }],
  53: ["RotateKey", { policy: KeyPolicy }],
  70: ["RedeemRequest", { amount: u64, fee_max: u64, beneficiary: Hash }],
  71: ["RedeemAccept", { redemption: Hash }],
  72: ["RedeemSettle", { redemption: Hash }],
  73: ["RedeemReject", { redemption: Hash, document: Hash }],
  74: ["RedeemCancel", { redemption: Hash }],
  75: ["RedeemExpire", { redemption: Hash }],
  80: ["SubmitReport", { body: ReportBody, witnesses: witnesses(2) }],
  81: ["AttestReport", { report: u64, digest: Hash }],
  82: ["RevokeReport", revokeReport],
  83: ["Reconcile", { as_of: u64, height: u64, liabilities: u128 }],
  90: ["BridgeOut", { bridge: u32, amount: u64, recipient: bytes(1, 64) }],
  91: ["BridgeIn", { bridge: u32, remote_tx: Hash, to: Address, amount: u64 }],
  100: ["Propose", { ops: list(CouncilOp, 1, 8) }],
  101: ["Vote", { proposal: u64, digest: Hash, choice: Choice }],
  102: ["Execute", { proposal: u64 }],
  103: ["CouncilExec", { ops: list(CouncilOp, 1, 8), epoch: u64, exec_nonce: u64, witnesses: witnesses(21) }],
});

export const TxBody = struct({
  genesis: Hash, chain_id: u32, sender: Address, nonce: u64, valid_until: u64, sponsor: option(Address),
  memo: option(bytes(0, 32)), ops: list(Op, 1, 16),
});
export const SignedTx = struct({ body: TxBody, witnesses: witnesses(32) });

// ---- Events and receipts ----

export const Event = variants({
  1: ["Transferred", { from: Address, to: Address, amount: u64, memo: option(bytes()) }],
  2: ["Approved", { owner: Address, spender: Address, amount: u64, expires: u64 }],
  3: ["AuthCancelled", { owner: Address, nonce: Hash }],
  10: ["DepositConfirmed", { deposit: Hash, custodian: Address, beneficiary: Address, amount: u64, final_at: u64 }],
  11: ["DepositReversed", { deposit: Hash, beneficiary: Address, amount: u64, minted: u64 }],
  12: ["PayoutConfirmed", { redemption: Hash, payout: Hash, custodian: Address, net: u64 }],
  20: ["Minted", { deposit: Hash, minter: Address, to: Address, amount: u64, report: u64 }],
  21: ["Burned", { minter: Address, amount: u64 }],
  22: ["MinterConfigured", { minter: Address, allowance: u64, per_tx: u64, window_cap: u64 }],
  23: ["MinterSuspended", { minter: Address }],
  24: ["MinterResumed", { minter: Address }],
  30: ["Frozen", { account: Address, inbound: bool, outbound: bool, until: option(u64), order: Hash }],
  31: ["Unfrozen", { account: Address }],
  32: ["HoldSet", { account: Address, hold: u64, order: Hash }],
  33: ["Seized", { from: Address, to: option(Address), amount: u64, order: Hash }],
  40: ["Paused", { scope: Scope, until: u64 }],
  41: ["Unpaused", { scope: Scope }],
  50: ["AccountRegistered", { account: Address, kyc_class: u8, institution: u32 }],
  51: ["KycSet", { account: Address, kyc_class: u8, kyc_until: u64, institution: u32, memo_required: bool }],
  52: ["InstitutionSet", { institution: u32, name: text(), key: PublicKey }],
  53: ["KeyRotated", { account: Address, document: option(Hash) }],
  60: ["RoleGranted", { role: Role, holder: Address, valid_until: u64 }],
  61: ["RoleRevoked", { role: Role, holder: Address }],
  64: ["CapSet", { cap: u128 }],
  65: ["LimitsSet", { minter_allowance_max: u64, mint_per_tx_max: u64, global_window_cap: u64 }],
  67: ["PolicySet", {}],
  68: ["TermsSet", { version: u32 }],
  69: ["BridgeSet", { bridge: u32, name: text(), day_cap: u64, open: bool }],
  70: ["RedemptionRequested", { redemption: Hash, owner: Address, gross: u64, fee: u64, net: u64, due_at: u64 }],
  71: ["RedemptionAccepted", { redemption: Hash, owner: Address }],
  72: ["RedemptionSettled", { redemption: Hash, owner: Address, net: u64, fee: u64 }],
  73: ["RedemptionClosed", { redemption: Hash, owner: Address, status: RedemptionStatus, refund: u64 }],
  80: ["ReportSubmitted", { report: u64, digest: Hash, as_of: u64 }],
  81: ["ReportAttested", { report: u64, attestor: Address }],
  82: ["ReportEffective", { report: u64, as_of: u64, unencumbered: u128 }],
  83: ["ReportRevoked", { report: u64 }],
  84: ["Reconciled", { as_of: u64, height: u64, liabilities: u128, supply: u128 }],
  90: ["BridgedOut", { bridge: u32, from: Address, amount: u64, recipient: bytes() }],
  91: ["BridgedIn", { bridge: u32, to: Address, amount: u64, remote_tx: Hash }],
  100: ["Proposed", { proposal: u64, proposer: Address, class: Class, digest: Hash }],
  101: ["Voted", { proposal: u64, member: Address, choice: Choice }],
  102: ["ProposalChanged", { proposal: u64, status: ProposalStatus, eta: option(u64) }],
  103: ["CouncilExecuted", { exec_nonce: u64, class: Class, digest: Hash }],
  110: ["IncidentPosted", { incident: u64, kind: IncidentKind, severity: Severity, subject: Hash }],
  111: ["DocumentSet", { kind: DocumentKind, version: u32, digest: Hash, uri: text() }],
  120: ["ValidatorSetChanged", { from_height: u64, validators: u32, digest: Hash }],
  130: ["CouncilChanged", { epoch: u64, members: u32, thresholds: fixed(4) }],
  131: ["DelaySet", { class: Class, delay_ms: u64, from: u64 }],
  132: ["UpgradeScheduled", { version: u32, code: Hash, height: u64 }],
});
export const Outcome = variants({ 0: ["Success", {}], 1: ["Failed", { op: u8, code: u8 }] });
export const Receipt = struct({
  tx: Hash, sender: Address, nonce: u64, height: u64, index: u32, outcome: Outcome, events: list(Event),
});

// ---- State ----

const Window = struct({ hour: u64, used: array(u64, 25) });
const Delay = struct({ ms: u64, shorter: option(struct({ ms: u64, from: u64 })) });
const Attestation = struct({ attestor: Address, at: u64 });
const Alarm = struct({ kind: IncidentKind, account: Address, at: u64 });
const Standing = struct({ key: PublicKey, missed: u32, times: u32, from: u64, until: option(u64) });
const TwinKind = names({ 0: "PREVOTE", 1: "PRECOMMIT", 2: "PROPOSAL" });
const Named = struct({
  key: PublicKey, height: u64, round: u32, kind: TwinKind, times: u32, block: u64, at: u64,
});
const Policy = struct({
  rail_hold_ms: u64, minter_allowance_max: u64, mint_per_tx_max: u64, global_window_cap: u64,
  report_max_age_ms: u64, attest_quorum: u8, custodian_share_max_bps: option(u16), travel_threshold: u64,
  fee_account: Address, officers: Officers, quotas: list(Quota), checkpoint_ms: u64,
});
const Terms = struct({
  version: u32, min: u64, max: u64, fee_bps: u16, fee_flat: u64, cutoff_minute: u16, holidays: list(u32), class_min: u8,
});

export const Key = variants({
  0: ["Policy", {}],
  1: ["Supply", {}],
  2: ["Validators", {}],
  3: ["Pause", { scope: Scope }],
  4: ["Council", {}],
  5: ["Window", {}],
  6: ["Reserve", {}],
  7: ["Terms", {}],
  8: ["Incidents", {}],
  9: ["Upgrade", {}],
  10: ["Account", { address: Address }],
  11: ["Role", { role: Role, holder: Address }],
  12: ["Minter", { minter: Address }],
  13: ["Deposit", { deposit: Hash }],
  14: ["Pending", { final_at: u64, deposit: Hash }],
  15: ["Redemption", { redemption: Hash }],
  16: ["Payout", { payout: Hash }],
  17: ["Report", { report: u64 }],
  18: ["Proposal", { proposal: u64 }],
  19: ["Allowance", { owner: Address, spender: Address }],
  20: ["UsedAuth", { owner: Address, nonce: Hash }],
  21: ["UsedTravel", { institution: u32, nonce: Hash }],
  22: ["UsedRemote", { bridge: u32, remote_tx: Hash }],
  23: ["Pair", { payer: Address, payee: Address }],
  24: ["Institution", { institution: u32 }],
  25: ["Bridge", { bridge: u32 }],
  26: ["Incident", { incident: u64 }],
  27: ["Document", { kind: DocumentKind }],
  28: ["Checkpoint", { place: u16 }],
});


export const StateObject = variants({
  0: ["Policy", { policy: Policy }],
  1: ["Supply", {
    total: u128, cap: u128, genesis: u128, cum_mint: u128, cum_burn: u128, cum_deposit: u128, cum_payout: u128,
    redeem_escrow: u128, bridge_escrow: u128, pending: u128,
  }],
  2: ["Validators", {
    set: ValidatorSet, from_height: u64, before: option(ValidatorSet), turns: list(Standing), named: list(Named),
  }],
  3: ["Pause", { until: u64, short_until: u64 }],
  4: ["Council", {
    members: list(Member), epoch: u64, exec_nonce: u64, thresholds: fixed(4), delays: array(Delay, 4), ttl_ms: u64,
    grace_ms: u64, next_proposal: u64, open: list(u64),
  }],
  5: ["Window", { window: Window }],
  6: ["Reserve", { next: u64, latest: option(u64), drafts: list(u64), checkpoint: u64 }],
  7: ["Terms", { terms: Terms }],
  8: ["Incidents", { next: u64, alarms: list(Alarm) }],
  9: ["Upgrade", { current: u32, version: u32, code: Hash, height: u64 }],
  10: ["Account", {
    policy: KeyPolicy, balance: u64, hold: u64,
    freeze: struct({ inbound: bool, outbound: bool, until: u64, confirmed: bool, order: Hash }),
    replay: struct({ high: u64, seen: u128 }), kyc_class: u8, kyc_until: u64, institution: u32,
    memo_required: bool, quota: struct({ used_milli: u64, at: u64 }), objects: u32,
  }],
  11: ["Role", { valid_until: u64 }],
  12: ["Minter", { allowance: u64, per_tx: u64, window_cap: u64, window: Window, suspended: bool }],
  13: ["Deposit", {
    custodian: Address, bank_ref: text(), amount: u64, beneficiary: Address, confirmed_at: u64, final_at: u64,
    minted: u64, reversed: bool,
  }],
  14: ["Pending", { amount: u64, confirmed_at: u64 }],
  15: ["Redemption", {
    owner: Address, gross: u64, fee: u64, net: u64, beneficiary: Hash, terms: u32, requested_at: u64, due_at: u64,
    payout: option(Hash), status: RedemptionStatus, closed_at: u64,
  }],
  16: ["Payout", { custodian: Address, bank_ref: text(), redemption: Hash, net: u64, failed: bool }],
  17: ["Report", {
    body: ReportBody, digest: Hash, submitted_by: Address, submitted_at: u64, deposits_then: u128,
    payouts_then: u128, attested_by: list(Attestation), status: ReportStatus,
  }],
  18: ["Proposal", {
    epoch: u64, class: Class, ops: list(CouncilOp), digest: Hash, proposer: Address, yes: list(Address),
    no: list(Address), created: u64, eta: option(u64), status: ProposalStatus,
  }],
  19: ["Allowance", { amount: u64, expires: u64 }],
  20: ["UsedAuth", { until: u64 }],
  21: ["UsedTravel", { until: u64, payer: Address }],
  22: ["UsedRemote", { at: u64 }],
  23: ["Pair", { window: Window }],
  24: ["Institution", { name: text(), key: PublicKey }],
  25: ["Bridge", { name: text(), escrow: u128, day_cap: u64, window_out: Window, window_in: Window, open: bool }],
  26: ["Incident", { kind: IncidentKind, severity: Severity, height: u64, at: u64, subject: Hash }],
  27: ["Document", { version: u32, digest: Hash, uri: text(), at: u64 }],
  28: ["Checkpoint", { at: u64, height: u64, total: u128, cum_deposit: u128, cum_payout: u128 }],
});

/** A leaf of the state tree. */
export const Leaf = checked(struct({ key: Key, object: StateObject }), ({ key, object }) =>
  key.type === object.type ? undefined : "the object does not belong under its key");

export const Genesis = struct({
  network: Network, chain_id: u32, time: u64, validators: ValidatorSet, policy: Policy, terms: Terms, cap: u128,
  council: struct({
    members: list(Member), thresholds: fixed(4), delays_ms: array(u64, 4), ttl_ms: u64, grace_ms: u64,
  }),
  accounts: list(struct({
    policy: KeyPolicy, balance: u64, kyc_class: u8, kyc_until: u64, institution: u32, memo_required: bool,
  })),
  roles: list(struct({ role: Role, holder: Address, valid_until: u64 })),
  minters: list(struct({ holder: Address, allowance: u64, per_tx: u64, window_cap: u64 })),
  institutions: list(struct({ institution: u32, name: text(), key: PublicKey })),
  report: option(struct({ body: ReportBody, submitted_by: Address, attested_by: list(Address) })),
});

// ---- Blocks and proofs ----

export const Header = struct({
  version: u16, genesis: Hash, height: u64, parent: Hash, parent_round: u32, time: u64, proposer: PublicKey,
  payload: Hash,
  executed_height: u64, state_root: Hash, receipts_root: Hash, validators: Hash, next_validators: Hash,
});
export const Vote = struct({
  kind: names({ 0: "PREVOTE", 1: "PRECOMMIT" }), height: u64, round: u32, block: option(Hash),
});
export const CommitCertificate = struct({
  height: u64, round: u32, block: Hash, signatures: list(struct({ validator: PublicKey, signature: Signature })),
});
export const CertifiedHeader = struct({ header: Header, certificate: CommitCertificate });
export const SetChange = struct({ anchor: CertifiedHeader, set: ValidatorSet });
export const Path = struct({ index: u64, count: u64, siblings: list(Hash) });
export const StateProof = struct({ leaf: bytes(), path: Path, anchor: CertifiedHeader });
export const ReceiptProof = struct({
  height: u64, receipt: bytes(), path: Path, before: Hash, after: list(Hash), anchor: CertifiedHeader,
});
export const Proof = variants({ 0: ["State", { proof: StateProof }], 1: ["Receipt", { proof: ReceiptProof }] });
export const ProofFile = struct({ tag: fixed(16), changes: list(SetChange), proof: Proof });

export type Hash = Of<typeof Hash>;
export type Address = Of<typeof Address>;
export type PublicKey = Of<typeof PublicKey>;
export type Network = Of<typeof Network>;
export type Witness = Of<typeof Witness>;
export type KeyPolicy = Of<typeof KeyPolicy>;
export type PermitBody = Of<typeof PermitBody>;
export type PayAuthBody = Of<typeof PayAuthBody>;
export type TravelData = Of<typeof TravelData>;
export type Validator = Of<typeof Validator>;
export type CouncilOp = Of<typeof CouncilOp>;
export type Op = Of<typeof Op>;
export type TxBody = Of<typeof TxBody>;
export type SignedTx = Of<typeof SignedTx>;
export type Event = Of<typeof Event>;
export type Receipt = Of<typeof Receipt>;
export type Leaf = Of<typeof Leaf>;
export type StateObject = Of<typeof StateObject>;
/** An account as the state holds it. Amounts are micro-dollars. */
export type Account = Extract<StateObject, { type: "Account" }>;
/** The supply as the state holds it. Amounts are micro-dollars. */
export type Supply = Extract<StateObject, { type: "Supply" }>;
/** A reserve report as the state holds it. */
export type Report = Extract<StateObject, { type: "Report" }>;
export type Genesis = Of<typeof Genesis>;
export type Header = Of<typeof Header>;
export type CertifiedHeader = Of<typeof CertifiedHeader>;
export type SetChange = Of<typeof SetChange>;
export type Path = Of<typeof Path>;
export type StateProof = Of<typeof StateProof>;
export type ReceiptProof = Of<typeof ReceiptProof>;
export type ProofFile = Of<typeof ProofFile>;
