"""Layouts and bounds, transcribed from docs/spec: operations.md, transaction.md, state.md (ST-10).

Every table is the specification's text; borsh.py makes codecs of it.
"""

import borsh
from blake3 import derive_key

KINDS = borsh.Types()
for name, size in (("Address", 32), ("Hash", 32), ("PublicKey", 32), ("Signature", 64), ("Country", 2)):
    KINDS.known[name] = borsh.fixed_bytes(size)

ENUMERATIONS = {
    "Choice": {0: "NO", 1: "YES", 2: "WITHDRAW"},
    "Scope": {0: "TRANSFER", 1: "MINT", 2: "REDEEM_NEW", 3: "BRIDGE"},
    "Role": {
        1: "MINT_CONTROLLER", 2: "MINTER", 3: "CUSTODIAN", 4: "RESERVE_MANAGER", 5: "ATTESTOR",
        6: "COMPLIANCE", 7: "REDEEMER", 8: "REGISTRAR", 9: "BRIDGE",
    },
    "Class": {0: "A", 1: "B", 2: "C", 3: "D"},
    "ReportKind": {0: "POINT_IN_TIME", 1: "PERIOD"},
    "Assurance": {0: "EXAMINATION", 1: "REVIEW", 2: "AGREED_UPON_PROCEDURES"},
    "Opinion": {0: "UNMODIFIED", 1: "QUALIFIED", 2: "ADVERSE", 3: "DISCLAIMER"},
    "Category": {
        0: "CASH", 1: "DEMAND_DEPOSIT", 2: "TREASURY", 3: "REPO", 4: "REVERSE_REPO",
        5: "GOVERNMENT_FUND", 6: "COMMERCIAL_PAPER", 7: "CORPORATE_BOND", 8: "LOAN", 9: "OTHER",
    },
    "RedemptionStatus": {
        0: "REQUESTED", 1: "PROCESSING", 2: "SETTLED", 3: "REJECTED", 4: "FAILED", 5: "CANCELLED",
        6: "EXPIRED",
    },
    "ProposalStatus": {
        0: "OPEN", 1: "APPROVED", 2: "EXECUTED", 3: "REJECTED", 4: "EXPIRED", 5: "STALE",
    },
    "IncidentKind": {
        0: "MINT_BREAKER", 1: "RECONCILE_MISMATCH", 2: "FREEZE", 3: "DEPOSIT_REVERSED",
        4: "REDEMPTION_EXPIRED", 5: "REPORT_REVOKED", 6: "SEIZURE", 16: "SECURITY",
        17: "OPERATIONAL", 18: "LEGAL", 19: "OTHER", 32: "SUPPLY_BROKEN", 33: "MINT_BROKEN",
        34: "ESCROW_BROKEN", 35: "BRIDGE_BROKEN", 36: "POWER_BROKEN", 37: "DEBIT_BROKEN",
        38: "RECORD_BROKEN", 39: "COUNT_BROKEN", 48: "EQUIVOCATION",
    },
    "Severity": {0: "LOW", 1: "MEDIUM", 2: "HIGH", 3: "CRITICAL"},
    "DocumentKind": {
        0: "WHITEPAPER", 1: "TERMS_OF_SERVICE", 2: "RESERVE_POLICY", 3: "REDEMPTION_POLICY",
        4: "PRIVACY", 5: "RISK_DISCLOSURE",
    },
    "ReportStatus": {0: "DRAFT", 1: "EFFECTIVE", 2: "SUPERSEDED", 3: "REVOKED"},
    "VoteKind": {0: "Prevote", 1: "Precommit"},
    "TwinKind": {0: "Prevotes", 1: "Precommits", 2: "Proposals"},
    "Network": {0: "MAIN", 1: "TEST", 2: "DEV"},
}

# operations.md, "Other structures inside operations and events".
STRUCTURES = {
    "Ballot": "block: Option<Hash>, signature: Signature",
    "Offer": "pol_round: Option<u32>, block: Hash, signature: Signature",
    "Witness": "key: PublicKey, signature: Signature",
    "PermitBody": "owner, spender: Address, expected, amount, expires: u64, nonce: Hash, not_before,"
    " deadline: u64, executor: Option<Address>",
    "PayAuthBody": "owner, to: Address, amount: u64, memo: Option<Vec<u8>>, nonce: Hash, not_before,"
    " deadline: u64, executor: Option<Address>",
    "TravelData": "data, nonce: Hash, expires: u64, witness: Witness",
    "Validator": "key, peer: PublicKey, power: u64, name: String",
    "Member": "account: Address, key: PublicKey",
    "Officers": "ceo, cfo: PublicKey",
    "Quota": "burst: u32, per_1000_s: u64",
    "Line": "category: Category, custodian: String, country: Country, maturity_days: u32, face,"
    " amortised, market, encumbered: u64, segregated: bool",
    "ReportBody": "supersedes: Option<u64>, kind: ReportKind, period_start, as_of, as_of_height: u64,"
    " stated_outstanding: u128, scope: Hash, standard: String, assurance: Assurance,"
    " opinion: Opinion, exceptions: Vec<String>, lines: Vec<Line>, document: Hash, uri: String",
}

POLICIES = {
    0: ("Single", "key: PublicKey"),
    1: ("Threshold", "k: u8, keys: Vec<PublicKey>"),
}

# operations.md, "Operations of the council".
COUNCIL_OPERATIONS = {
    30: ("Freeze", "account: Address, inbound, outbound: bool, order: Hash"),
    31: ("Unfreeze", "account: Address"),
    32: ("SetHold", "account: Address, expected: u64, hold: u64, order: Hash"),
    33: ("ConfirmFreeze", "account: Address, order: Hash"),
    34: ("Seize", "from: Address, amount: u64, to: Option<Address>, order: Hash"),
    40: ("Pause", "scopes: Vec<Scope>, until: u64, short: bool"),
    41: ("Unpause", "scopes: Vec<Scope>"),
    54: ("RecoverKey", "account: Address, policy: KeyPolicy, document: Hash"),
    60: ("GrantRole", "role: Role, holder: Address, valid_until: u64"),
    61: ("RevokeRole", "role: Role, holder: Address"),
    62: ("SuspendMinter", "minter: Address"),
    63: ("ResumeMinter", "minter: Address"),
    64: ("SetCap", "cap: u128"),
    65: ("SetLimits", "minter_allowance_max: u64, mint_per_tx_max: u64, global_window_cap: u64"),
    66: ("SetMinterLimits", "minter: Address, per_tx: u64, window_cap: u64"),
    67: (
        "SetPolicy",
        "rail_hold_ms: u64, report_max_age_ms: u64, attest_quorum: u8,"
        " custodian_share_max_bps: Option<u16>, travel_threshold: u64, fee_account: Address,"
        " officers: Officers, quotas: Vec<Quota>",
    ),
    68: (
        "SetTerms",
        "min: u64, max: u64, fee_bps: u16, fee_flat: u64, cutoff_minute: u16, holidays: Vec<u32>,"
        " class_min: u8",
    ),
    69: ("SetBridge", "bridge: u32, name: String, day_cap: u64, open: bool"),
    82: ("RevokeReport", "report: u64, document: Hash"),
    84: ("RevokeAttestorKey", "attestor: Address, since: u64, document: Hash"),
    110: ("PostIncident", "kind: IncidentKind, severity: Severity, document: Hash"),
    111: ("SetDocument", "kind: DocumentKind, digest: Hash, uri: String"),
    120: ("ValidatorAdd", "validator: Validator"),
    121: ("ValidatorRemove", "key: PublicKey"),
    122: ("ValidatorRotate", "key: PublicKey, new_key: PublicKey, new_peer: PublicKey"),
    130: ("CouncilSet", "members: Vec<Member>, thresholds: [u8; 4]"),
    131: ("SetDelay", "class: Class, delay_ms: u64"),
    132: ("ScheduleUpgrade", "version: u32, code: Hash, height: u64"),
}

# operations.md, "Operations of accounts".
OPERATIONS = {
    1: ("Transfer", "to: Address, amount: u64, travel: Option<TravelData>"),
    2: ("Approve", "spender: Address, expected: u64, amount: u64, expires: u64"),
    3: ("TransferFrom", "owner: Address, to: Address, amount: u64, travel: Option<TravelData>"),
    4: ("Permit", "body: PermitBody, witnesses: Vec<Witness>"),
    5: ("PayAuth", "body: PayAuthBody, witnesses: Vec<Witness>, travel: Option<TravelData>"),
    6: ("CancelAuth", "nonce: Hash, deadline: u64"),
    10: ("DepositConfirm", "bank_ref: String, amount: u64, beneficiary: Address"),
    11: ("DepositReverse", "deposit: Hash, document: Hash"),
    12: ("PayoutConfirm", "redemption: Hash, bank_ref: String, net: u64"),
    13: ("PayoutFailed", "redemption: Hash, document: Hash"),
    20: ("Mint", "deposit: Hash, amount: u64"),
    21: ("Burn", "amount: u64"),
    22: ("SetMinterAllowance", "minter: Address, expected: u64, new: u64"),
    30: COUNCIL_OPERATIONS[30],
    32: COUNCIL_OPERATIONS[32],
    50: (
        "RegisterAccount",
        "policy: KeyPolicy, kyc_class: u8, kyc_until: u64, institution: u32, memo_required: bool",
    ),
    51: (
        "SetKyc",
        "account: Address, kyc_class: u8, kyc_until: u64, institution: u32, memo_required: bool",
    ),
    52: ("SetInstitution", "institution: u32, name: String, key: PublicKey"),
    53: ("RotateKey", "policy: KeyPolicy"),
    70: ("RedeemRequest", "amount: u64, fee_max: u64, beneficiary: Hash"),
    71: ("RedeemAccept", "redemption: Hash"),
    72: ("RedeemSettle", "redemption: Hash"),
    73: ("RedeemReject", "redemption: Hash, document: Hash"),
    74: ("RedeemCancel", "redemption: Hash"),
    75: ("RedeemExpire", "redemption: Hash"),
    80: ("SubmitReport", "body: ReportBody, witnesses: Vec<Witness>"),
    81: ("AttestReport", "report: u64, digest: Hash"),
    82: COUNCIL_OPERATIONS[82],
    83: ("Reconcile", "as_of: u64, height: u64, liabilities: u128"),
    90: ("BridgeOut", "bridge: u32, amount: u64, recipient: Vec<u8>"),
    91: ("BridgeIn", "bridge: u32, remote_tx: Hash, to: Address, amount: u64"),
    100: ("Propose", "ops: Vec<CouncilOp>"),
    101: ("Vote", "proposal: u64, digest: Hash, choice: Choice"),
    102: ("Execute", "proposal: u64"),
    103: ("CouncilExec", "ops: Vec<CouncilOp>, epoch: u64, exec_nonce: u64, witnesses: Vec<Witness>"),
}

# operations.md, "Events".
EVENTS = {
    1: ("Transferred", "from: Address, to: Address, amount: u64, memo: Option<Vec<u8>>"),
    2: ("Approved", "owner: Address, spender: Address, amount: u64, expires: u64"),
    3: ("AuthCancelled", "owner: Address, nonce: Hash"),
    10: (
        "DepositConfirmed",
        "deposit: Hash, custodian: Address, beneficiary: Address, amount: u64, final_at: u64",
    ),
    11: ("DepositReversed", "deposit: Hash, beneficiary: Address, amount: u64, minted: u64"),
    12: ("PayoutConfirmed", "redemption: Hash, payout: Hash, custodian: Address, net: u64"),
    20: ("Minted", "deposit: Hash, minter: Address, to: Address, amount: u64, report: u64"),
    21: ("Burned", "minter: Address, amount: u64"),
    22: ("MinterConfigured", "minter: Address, allowance: u64, per_tx: u64, window_cap: u64"),
    23: ("MinterSuspended", "minter: Address"),
    24: ("MinterResumed", "minter: Address"),
    30: ("Frozen", "account: Address, inbound: bool, outbound: bool, until: Option<u64>, order: Hash"),
    31: ("Unfrozen", "account: Address"),
    32: ("HoldSet", "account: Address, hold: u64, order: Hash"),
    33: ("Seized", "from: Address, to: Option<Address>, amount: u64, order: Hash"),
    40: ("Paused", "scope: Scope, until: u64"),
    41: ("Unpaused", "scope: Scope"),
    50: ("AccountRegistered", "account: Address, kyc_class: u8, institution: u32"),
    51: (
        "KycSet",
        "account: Address, kyc_class: u8, kyc_until: u64, institution: u32, memo_required: bool",
    ),
    52: ("InstitutionSet", "institution: u32, name: String, key: PublicKey"),
    53: ("KeyRotated", "account: Address, document: Option<Hash>"),
    60: ("RoleGranted", "role: Role, holder: Address, valid_until: u64"),
    61: ("RoleRevoked", "role: Role, holder: Address"),
    64: ("CapSet", "cap: u128"),
    65: ("LimitsSet", "minter_allowance_max: u64, mint_per_tx_max: u64, global_window_cap: u64"),
    67: ("PolicySet", ""),
    68: ("TermsSet", "version: u32"),
    69: ("BridgeSet", "bridge: u32, name: String, day_cap: u64, open: bool"),
    70: (
        "RedemptionRequested",
        "redemption: Hash, owner: Address, gross: u64, fee: u64, net: u64, due_at: u64",
    ),
    71: ("RedemptionAccepted", "redemption: Hash, owner: Address"),
    72: ("RedemptionSettled", "redemption: Hash, owner: Address, net: u64, fee: u64"),
    73: ("RedemptionClosed", "redemption: Hash, owner: Address, status: RedemptionStatus, refund: u64"),
    80: ("ReportSubmitted", "report: u64, digest: Hash, as_of: u64"),
    81: ("ReportAttested", "report: u64, attestor: Address"),
    82: ("ReportEffective", "report: u64, as_of: u64, unencumbered: u128"),
    83: ("ReportRevoked", "report: u64"),
    84: ("Reconciled", "as_of: u64, height: u64, liabilities: u128, supply: u128"),
    90: ("BridgedOut", "bridge: u32, from: Address, amount: u64, recipient: Vec<u8>"),
    91: ("BridgedIn", "bridge: u32, to: Address, amount: u64, remote_tx: Hash"),
    100: ("Proposed", "proposal: u64, proposer: Address, class: Class, digest: Hash"),
    101: ("Voted", "proposal: u64, member: Address, choice: Choice"),
    102: ("ProposalChanged", "proposal: u64, status: ProposalStatus, eta: Option<u64>"),
    103: ("CouncilExecuted", "exec_nonce: u64, class: Class, digest: Hash"),
    110: ("IncidentPosted", "incident: u64, kind: IncidentKind, severity: Severity, subject: Hash"),
    111: ("DocumentSet", "kind: DocumentKind, version: u32, digest: Hash, uri: String"),
    120: ("ValidatorSetChanged", "from_height: u64, validators: u32, digest: Hash"),
    130: ("CouncilChanged", "epoch: u64, members: u32, thresholds: [u8; 4]"),
    131: ("DelaySet", "class: Class, delay_ms: u64, from: u64"),
    132: ("UpgradeScheduled", "version: u32, code: Hash, height: u64"),
}

# transaction.md, TX-1 to TX-3; operations.md, Receipt; state.md, ST-10.
RECORDS = {
    "TxBody": "genesis: Hash, chain_id: u32, sender: Address, nonce: u64, valid_until: u64,"
    " sponsor: Option<Address>, memo: Option<Vec<u8>>, ops: Vec<Op>",
    "SignedTx": "body: TxBody, witnesses: Vec<Witness>",
    "Receipt": "tx: Hash, sender: Address, nonce, height: u64, index: u32, outcome: Outcome,"
    " events: Vec<Event>",
    # block.md, BL-2; consensus.md, CO-5 and CO-6.
    "Header": "version: u16, genesis: Hash, height: u64, parent: Hash, parent_round: u32, time: u64,"
    " proposer: PublicKey, payload: Hash, executed_height: u64, state_root, receipts_root, validators,"
    " next_validators: Hash",
    "Return": "validator: PublicKey, from: u64, signature: Signature",
    "BatchRef": "digest: Hash, bytes, txs, signatures: u32",
    "Evidence": "validator: PublicKey, height: u64, round: u32, twins: Twins",
    "Payload": "batches: Vec<BatchRef>, returns: Vec<Return>, evidence: Vec<Evidence>",
    "Vote": "kind: VoteKind, height: u64, round: u32, block: Option<Hash>",
    "CommitSignature": "validator: PublicKey, signature: Signature",
    "Certificate": "height: u64, round: u32, block: Hash, signatures: Vec<CommitSignature>",
    "Policy": "rail_hold_ms, minter_allowance_max, mint_per_tx_max, global_window_cap,"
    " report_max_age_ms: u64, attest_quorum: u8, custodian_share_max_bps: Option<u16>,"
    " travel_threshold: u64, fee_account: Address, officers: Officers, quotas: Vec<Quota>,"
    " checkpoint_ms: u64",
    "Terms": "version: u32, min, max: u64, fee_bps: u16, fee_flat: u64, cutoff_minute: u16,"
    " holidays: Vec<u32>, class_min: u8",
    "GenesisCouncil": "members: Vec<Member>, thresholds: [u8; 4], delays: [u64; 4], ttl, grace: u64",
    "GenesisAccount": "policy: KeyPolicy, balance: u64, kyc_class: u8, kyc_until: u64,"
    " institution: u32, memo_required: bool",
    "GenesisRole": "role: Role, holder: Address, valid_until: u64",
    "GenesisMinter": "holder: Address, allowance, per_tx, window_cap: u64",
    "GenesisInstitution": "institution: u32, name: String, key: PublicKey",
    "GenesisReport": "body: ReportBody, submitted_by: Address, attested_by: Vec<Address>",
    "Genesis": "network: Network, chain_id: u32, time: u64, validators: Vec<Validator>,"
    " policy: Policy, terms: Terms, cap: u128, council: GenesisCouncil,"
    " accounts: Vec<GenesisAccount>, roles: Vec<GenesisRole>, minters: Vec<GenesisMinter>,"
    " institutions: Vec<GenesisInstitution>, report: Option<GenesisReport>",
}

# state.md, ST-1, ST-6: tag, key, object; parts of objects before them.
PARTS = {
    "Freeze": "inbound, outbound: bool, until: u64, confirmed: bool, order: Hash",
    "Replay": "high: u64, seen: u128",
    "Bucket": "used: u64, at: u64",
    "Window": "hour: u64, used: [u64; 25]",
    "Shorter": "ms, from: u64",
    "Delay": "ms: u64, shorter: Option<Shorter>",
    "Attestation": "attestor: Address, at: u64",
    "Alarm": "kind: IncidentKind, account: Address, at: u64",
    "Named": "key: PublicKey, height: u64, round: u32, kind: TwinKind, times: u32, block, at: u64",
    "Standing": "key: PublicKey, missed, times: u32, from: u64, until: Option<u64>",
}
OBJECTS = {
    "policy": (0, "", RECORDS["Policy"]),
    "supply": (1, "", "total, cap, genesis, cum_mint, cum_burn, cum_deposit, cum_payout,"
               " redeem_escrow, bridge_escrow, pending: u128"),
    "validators": (2, "", "set: Vec<Validator>, from_height: u64, before: Option<Vec<Validator>>,"
                   " turns: Vec<Standing>, named: Vec<Named>"),
    "pause": (3, "scope: Scope", "until, short_until: u64"),
    "council": (4, "", "members: Vec<Member>, epoch, exec_nonce: u64, thresholds: [u8; 4],"
                " delays: [Delay; 4], ttl, grace, next: u64, open: Vec<u64>"),
    "window": (5, "", "window: Window"),
    "reserve": (6, "", "next: u64, latest: Option<u64>, drafts: Vec<u64>, checkpoint: u64"),
    "terms": (7, "", RECORDS["Terms"]),
    "incidents": (8, "", "next: u64, alarms: Vec<Alarm>"),
    "upgrade": (9, "", "current: u32, version: u32, code: Hash, height: u64"),
    "account": (10, "address: Address", "policy: KeyPolicy, balance, hold: u64, freeze: Freeze,"
                " replay: Replay, kyc_class: u8, kyc_until: u64, institution: u32,"
                " memo_required: bool, quota: Bucket, objects: u32"),
    "role": (11, "role: Role, holder: Address", "valid_until: u64"),
    "minter": (12, "address: Address", "allowance, per_tx, window_cap: u64, window: Window,"
               " suspended: bool"),
    "deposit": (13, "id: Hash", "custodian: Address, bank_ref: String, amount: u64,"
                " beneficiary: Address, confirmed_at, final_at, minted: u64, reversed: bool"),
    "pending": (14, "final_at: u64, deposit: Hash", "amount, confirmed_at: u64"),
    "redemption": (15, "id: Hash", "owner: Address, gross, fee, net: u64, beneficiary: Hash,"
                   " terms: u32, requested_at, due_at: u64, payout: Option<Hash>,"
                   " status: RedemptionStatus, closed_at: u64"),
    "payout": (16, "id: Hash", "custodian: Address, bank_ref: String, redemption: Hash, net: u64,"
               " failed: bool"),
    "report": (17, "number: u64", "body: ReportBody, digest: Hash, submitted_by: Address,"
               " submitted_at: u64, deposits_then, payouts_then: u128,"
               " attested_by: Vec<Attestation>, status: ReportStatus"),
    "proposal": (18, "number: u64", "epoch: u64, class: Class, ops: Vec<CouncilOp>, digest: Hash,"
                 " proposer: Address, yes, no: Vec<Address>, created: u64, eta: Option<u64>,"
                 " status: ProposalStatus"),
    "allowance": (19, "owner, spender: Address", "amount, expires: u64"),
    "used auth": (20, "owner: Address, nonce: Hash", "until: u64"),
    "used travel": (21, "institution: u32, nonce: Hash", "until: u64, payer: Address"),
    "used remote": (22, "bridge: u32, tx: Hash", "at: u64"),
    "pair": (23, "payer, payee: Address", "window: Window"),
    "institution": (24, "number: u32", "name: String, key: PublicKey"),
    "bridge": (25, "number: u32", "name: String, escrow: u128, day_cap: u64, window_out,"
               " window_in: Window, open: bool"),
    "incident": (26, "number: u64", "kind: IncidentKind, severity: Severity, height, at: u64,"
                 " subject: Hash"),
    "document": (27, "kind: DocumentKind", "version: u32, digest: Hash, uri: String, at: u64"),
    "checkpoint": (28, "place: u16", "at, height: u64, total, cum_deposit, cum_payout: u128"),
}

TWINS = {
    0: ("Prevotes", "first, second: Ballot"),
    1: ("Precommits", "first, second: Ballot"),
    2: ("Proposals", "first, second: Offer"),
}
OUTCOMES = {0: ("Success", ""), 1: ("Failed", "op: u8, code: u8")}


def _union(table):
    return borsh.union({number: (name, KINDS.fields(text)) for number, (name, text) in table.items()})


def _define():
    for name, numbers in ENUMERATIONS.items():
        KINDS.known[name] = borsh.enumeration(numbers)
    KINDS.known["KeyPolicy"] = _union(POLICIES)
    for name, text in STRUCTURES.items():
        KINDS.known[name] = KINDS.fields(text)
    for name, table in (
        ("CouncilOp", COUNCIL_OPERATIONS),
        ("Op", OPERATIONS),
        ("Event", EVENTS),
        ("Outcome", OUTCOMES),
        ("Twins", TWINS),
    ):
        KINDS.known[name] = _union(table)
    for name, text in {**RECORDS, **PARTS}.items():
        KINDS.known[name] = KINDS.fields(text)
    for name, (_, key, text) in OBJECTS.items():
        KINDS.known["key of " + name] = KINDS.fields(key)
        KINDS.known["object " + name] = KINDS.fields(text)


_define()
decode = KINDS.decode
encode = KINDS.encode


# ---- Digests ----


def digest_of(context, kind, value):
    return derive_key("ballast v1 " + context, encode(kind, value))


def address_of(policy):
    return digest_of("address", "KeyPolicy", policy)


def signed_bytes(body):
    """TX-4."""
    return b"BALLAST1-TX".ljust(16, b"\0") + encode("TxBody", body)


def signed_vote(genesis, vote):
    return b"BALLAST1-VOTE".ljust(16, b"\0") + genesis + encode("Vote", vote)


_pair = KINDS.tuple_of("Address", "String")
_request = KINDS.tuple_of("Address", "u64", "u8")


def deposit_id(custodian, bank_ref):
    return derive_key("ballast v1 deposit id", _pair(custodian, bank_ref))


def payout_id(custodian, bank_ref):
    return derive_key("ballast v1 payout id", _pair(custodian, bank_ref))


def redemption_id(owner, nonce, number):
    return derive_key("ballast v1 redemption id", _request(owner, nonce, number))


# ---- What the transaction's operations have signed (AUTH-1) ----

_travel = KINDS.tuple_of("Address", "Address", "u64", "Hash", "Hash", "u64")
_council = KINDS.tuple_of("u64", "u64", "Vec<CouncilOp>")


def embedded(body):
    """Every (signed bytes, witnesses) inside the operations of a transaction."""
    chain = body["genesis"] + body["chain_id"].to_bytes(4, "little")
    found = []

    def add(tag, signed, witnesses):
        found.append((tag.encode().ljust(16, b"\0") + chain + signed, witnesses))

    def add_travel(data, payer, payee, amount):
        if data is not None:
            signed = _travel(payer, payee, amount, data["data"], data["nonce"], data["expires"])
            add("BALLAST1-TRAVEL", signed, [data["witness"]])

    for op in body["ops"]:
        kind = op["type"]
        if kind == "Transfer":
            add_travel(op["travel"], body["sender"], op["to"], op["amount"])
        elif kind == "TransferFrom":
            add_travel(op["travel"], op["owner"], op["to"], op["amount"])
        elif kind == "Permit":
            add("BALLAST1-PERMIT", encode("PermitBody", op["body"]), op["witnesses"])
        elif kind == "PayAuth":
            inner = op["body"]
            add("BALLAST1-PAYAUTH", encode("PayAuthBody", inner), op["witnesses"])
            add_travel(op["travel"], inner["owner"], inner["to"], inner["amount"])
        elif kind == "SubmitReport":
            add("BALLAST1-REPORT", encode("ReportBody", op["body"]), op["witnesses"])
        elif kind == "CouncilExec":
            signed = _council(op["epoch"], op["exec_nonce"], op["ops"])
            add("BALLAST1-COUNCIL", signed, op["witnesses"])
    return found
