"""The stablecoin, once more, from docs/spec alone: genesis, admission, blocks.

This is the judge of the Rust runtime: it shares neither code nor shape with it, and where both
differ, the specification says which is wrong.
"""

import bounds
import control
import council
import ends
import invariants
import issuance
import naming
import payments
import redemption
import reserve
import state
import turns
import validators
import wire
from codes import NUMBERS, Fail, require
from run import DAY, Run, Tables, spend_quota

RULES = {
    **payments.ACCOUNT_RULES,
    **issuance.ACCOUNT_RULES,
    **redemption.ACCOUNT_RULES,
    **reserve.ACCOUNT_RULES,
    **control.ACCOUNT_RULES,
    **council.ACCOUNT_RULES,
}

# operations.md, column "Sender / class".
SENDERS = {
    "CUSTODIAN": "DepositConfirm DepositReverse PayoutConfirm PayoutFailed",
    "MINTER": "Mint Burn",
    "MINT_CONTROLLER": "SetMinterAllowance",
    "COMPLIANCE": "Freeze SetHold",
    "REGISTRAR": "RegisterAccount SetKyc SetInstitution",
    "REDEEMER": "RedeemAccept RedeemSettle RedeemReject",
    "RESERVE_MANAGER": "SubmitReport Reconcile",
    "ATTESTOR": "AttestReport",
    "BRIDGE": "BridgeIn",
}
ROLE_OF = {name: role for role, names in SENDERS.items() for name in names.split()}

# operations.md, column "Pause".
PAUSES = {
    "Transfer": ["TRANSFER"], "TransferFrom": ["TRANSFER"], "PayAuth": ["TRANSFER"],
    "Mint": ["MINT"], "Burn": ["MINT"], "RedeemRequest": ["REDEEM_NEW"],
    "BridgeOut": ["TRANSFER", "BRIDGE"], "BridgeIn": ["TRANSFER", "BRIDGE"],
}

NONCES = 128


# ---- Genesis (ST-10) ----


def load_genesis(data):
    """The tables that a genesis file describes, and the chain's identity."""
    genesis, tables = wire.decode("Genesis", data), Tables()
    total = sum(account["balance"] for account in genesis["accounts"])
    zero = "cum_mint cum_burn cum_deposit cum_payout redeem_escrow bridge_escrow pending".split()
    supply = {"total": total, "genesis": total, "cap": genesis["cap"], **dict.fromkeys(zero, 0)}
    tables.put("supply", (), supply)
    tables.put("policy", (), genesis["policy"])
    tables.put("terms", (), genesis["terms"])
    tables.put("window", (), {})
    tables.put("reserve", (), {"next": 1, "latest": None, "drafts": [], "checkpoint": 0})
    tables.put("incidents", (), {"next": 0, "alarms": []})
    tables.put("upgrade", (), {"current": 1, "version": 0, "code": bytes(32), "height": 0})
    first = {"set": genesis["validators"], "from_height": 0, "before": None}
    first.update(turns=[], named=[])
    tables.put("validators", (), first)
    for scope in bounds.SCOPES:
        tables.put("pause", scope, {"until": 0, "short_until": 0})
    _load_council(tables, genesis["council"])
    _load_accounts(tables, genesis)
    _load_reserve(tables, genesis)
    # ST-2: after genesis, the order of keys.
    tables.slots.sort(key=state.place)
    tables.keep()
    identity = {"genesis": wire.derive_key("ballast v1 genesis", data)}
    return tables, {**identity, "chain_id": genesis["chain_id"]}


def _load_council(tables, given):
    fields = {name: given[name] for name in ("members", "thresholds", "ttl", "grace")}
    counters = {"epoch": 0, "exec_nonce": 0, "next": 1, "open": []}
    delays = [{"ms": ms, "next": None} for ms in given["delays"]]
    tables.put("council", (), {**fields, **counters, "delays": delays})


def _load_accounts(tables, genesis):
    for given in genesis["accounts"]:
        kyc = {field: given[field] for field in control.KYC}
        account = control.new_account(given["policy"], given["balance"], kyc)
        tables.put("account", wire.address_of(given["policy"]), account)
    for given in genesis["roles"]:
        tables.put("role", (given["role"], given["holder"]), given["valid_until"])
    for given in genesis["minters"]:
        limits = {name: given[name] for name in ("allowance", "per_tx", "window_cap")}
        tables.put("minter", given["holder"], {**limits, "window": {}, "suspended": False})
    for given in genesis["institutions"]:
        fields = {"name": given["name"], "key": given["key"]}
        tables.put("institution", given["institution"], fields)


def _load_reserve(tables, genesis):
    now = genesis["time"]
    reserve.checkpoint(tables, 0, now - now % genesis["policy"]["checkpoint_ms"])
    given = genesis["report"]
    if given is not None:
        nothing = {"cum_deposit": 0, "cum_payout": 0}
        report = reserve.new_report(given["body"], nothing, given["submitted_by"], now)
        report.update(attested_by=dict.fromkeys(given["attested_by"], now), status="EFFECTIVE")
        tables.put("report", 1, report)
        tables.change("reserve", (), next=2, latest=1)


# ---- Admission (TX-30) ----


def is_lane0(body):
    """TX-32, OP-5."""

    def protective(op):
        if op["type"] == "CouncilExec":
            return all(council.is_protective(inner) for inner in op["ops"])
        return op["type"] in ("Freeze", "SetHold", "RevokeReport")

    return all(protective(op) for op in body["ops"])


def _may_use_lane(run, op):
    if op["type"] == "RevokeReport":
        return reserve.may_revoke(run, op["report"], run.sender)
    if op["type"] == "CouncilExec":
        return run.is_member(run.sender)
    return run.holds("COMPLIANCE", run.sender)


def _check_witnesses(run, tx):
    """TX-17."""
    signed = {witness["key"] for witness in tx["witnesses"]}
    accountable = set()
    for address in filter(None, (run.sender, tx["body"]["sponsor"])):
        policy = run.account(address)["policy"]
        single = policy["type"] == "Single"
        keys = {policy["key"]} if single else set(policy["keys"])
        require(len(keys & signed) >= (1 if single else policy["k"]), "BAD_SIGNATURE")
        accountable |= keys
    require(signed <= accountable, "BAD_SIGNATURE")


def _spend_nonce(run):
    """TX-20, TX-21: the account's record of nonces after this one."""
    account, nonce = run.account(run.sender), run.nonce
    high, used = account["high"], account["used"]
    require(nonce != 0 and nonce > high - NONCES, "NONCE_TOO_OLD")
    require(nonce not in used, "NONCE_USED")
    require(nonce <= high + NONCES, "NONCE_TOO_NEW")
    high = max(high, nonce)
    return {"high": high, "used": frozenset(n for n in used | {nonce} if n > high - NONCES)}


def admit(run, tx, identity):
    """Raises why the transaction is left out; else uses its nonce and quota."""
    body = tx["body"]
    this_chain = {name: body[name] for name in identity} == identity
    require(this_chain, "BAD_CHAIN")
    require(run.now < body["valid_until"], "EXPIRED")
    require(body["valid_until"] <= run.now + DAY, "TOO_FAR_AHEAD")
    for address in filter(None, (run.sender, body["sponsor"])):
        run.require_registered(address, "UNKNOWN_ACCOUNT")
    _check_witnesses(run, tx)
    nonces = _spend_nonce(run)
    if is_lane0(body):
        require(all(_may_use_lane(run, op) for op in body["ops"]), "LANE_UNAUTHORIZED")
    else:
        payer = body["sponsor"] or run.sender
        spent = spend_quota(run, payer, len(body["ops"]), "QUOTA_EXCEEDED")
        run.change("account", payer, **spent)
        run.payer = payer
    run.change("account", run.sender, **nonces)


# ---- Blocks (BL-30 to BL-32) ----


def _check_common(run, op):
    """OP-1, the checks before an operation's own."""
    for scope in PAUSES.get(op["type"], []):
        require(run.now >= run.get("pause", scope)["until"], "PAUSED")
    role = ROLE_OF.get(op["type"])
    if role is not None:
        granted = run.get("role", (role, run.sender)) or 0
        require(granted > 0, "UNAUTHORIZED")
        require(run.now < granted, "ROLE_EXPIRED")


def _run_operations(run):
    for run.number, op in enumerate(run.body["ops"]):
        try:
            _check_common(run, op)
            RULES[op["type"]](run, op)
        except Fail as failure:
            run.done.append((op["type"], failure.code))
            run.broken = None
            return {"type": "Failed", "op": run.number, "code": NUMBERS[failure.code]}
        if run.broken:
            return _broke(run, op)
        run.done.append((op["type"], "SUCCESS"))
    run.broken = invariants.check(run)
    return _broke(run, run.body["ops"][-1]) if run.broken else {"type": "Success"}


def _broke(run, op):
    """ST-36."""
    run.done = [(op["type"], "INVARIANT_BROKEN")]
    return {"type": "Failed", "op": run.number, "code": NUMBERS["INVARIANT_BROKEN"]}


def _take_back(tables, run):
    """OP-4: nothing stays of a failed transaction but the trips of breakers, and what follows an
    invariant that it broke."""
    tables.take_back()
    trips, broken, run.events, run.trips = run.trips, run.broken, [], []
    for kind in trips:
        run.trip(kind)
    if broken:
        invariants.report(run, broken)


class Model:
    def __init__(self, genesis):
        self.tables, self.identity = load_genesis(genesis)
        # The time of the newest block.
        self.now = 0
        # How often each (operation, outcome) was seen.
        self.seen = {}

    def _note(self, operation, outcome):
        self.seen[operation, outcome] = self.seen.get((operation, outcome), 0) + 1

    def _note_run(self, run, failed):
        # What succeeded before a failure was taken back, so it does not count.
        if failed:
            carried = [pair for pair in run.done if pair[1] != "SUCCESS"]
            # A failure inside the council's operations is not the carrier's own.
            run.done = carried[:1]
        for operation, outcome in run.done:
            self._note(operation, outcome)

    def _include(self, block, tx, identifier, index):
        """The receipt, or Fail when the transaction is left out."""
        tables, run = self.tables, Run(self.tables, block, tx["body"])
        admit(run, tx, self.identity)
        tables.keep()
        outcome = _run_operations(run)
        failed = outcome["type"] == "Failed"
        if failed:
            _take_back(tables, run)
        tables.keep()
        self._note_run(run, failed)
        told = {"tx": identifier, "sender": run.sender, "nonce": run.nonce, "height": run.height}
        return {**told, "index": index, "outcome": outcome, "events": run.events}

    def block(self, height, time, encoded, parent_round=0, returns=(), evidence=()):
        """Executes a block of encoded transactions: its receipts in order, and (index, number of
        the code) of each transaction that was left out."""
        self.now, block = time, {"height": height, "time": time}
        validators.enter_version(self.tables, height)
        ends.remove_ended(self.tables, time)
        turns.report(self.tables, height, parent_round, returns)
        naming.report(self.tables, height, time, evidence)
        reserve.tick(self.tables, height, time)
        self.tables.keep()
        order, dropped, receipts = [], [], []
        for index, data in enumerate(encoded):
            try:
                order.append((index, bounds.decode(data)))
            except bounds.OutOfBounds as error:
                self._note(error.operation, "DECODE")
                dropped.append((index, NUMBERS["DECODE"]))
            except bounds.DecodeError:
                self._note("transaction", "DECODE")
                dropped.append((index, NUMBERS["DECODE"]))
        order.sort(key=lambda item: not is_lane0(item[1]["body"]))
        for index, tx in order:
            signed = wire.signed_bytes(tx["body"])
            identifier = wire.derive_key("ballast v1 transaction id", signed)
            try:
                receipts.append(self._include(block, tx, identifier, len(receipts)))
            except Fail as failure:
                self.tables.take_back()
                self._note("transaction", failure.code)
                dropped.append((index, NUMBERS[failure.code]))
        self.tables.end_block()
        return receipts, sorted(dropped)
