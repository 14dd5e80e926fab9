"""DECODE: what bytes are a transaction at all (TX-1 to TX-3, OP-2, AUTH-2).

Each bound is a line of the specification's "Bounds" next to the operation's name.
"""

import wire
from borsh import DecodeError

DAY = 24 * 60 * 60 * 1000
HOUR = DAY // 24
TX_BYTES = 16 * 1024


class OutOfBounds(Exception):
    """A bound of the operation named is broken, or one of the transaction's own."""

    def __init__(self, operation):
        super().__init__(operation)
        self.operation = operation


def ascending(values):
    return all(a < b for a, b in zip(values, values[1:]))


def size(text):
    """Bounds of texts are in bytes."""
    return len(text.encode("utf-8") if isinstance(text, str) else text)


def _witnesses(op, most):
    keys = [witness["key"] for witness in op["witnesses"]]
    return 1 <= len(keys) <= most and ascending(keys)


def _policy(op):
    return op["policy"]["type"] == "Single" or len(op["policy"]["keys"]) <= 16


def _council_ops(op):
    return 1 <= len(op["ops"]) <= 8


def _any(_):
    return True


def _report(op):
    body = op["body"]
    start, end = body["period_start"], body["as_of"]
    return (
        _witnesses(op, 2)
        and start <= end
        and (body["kind"] != "POINT_IN_TIME" or start == end)
        and 1 <= size(body["standard"]) <= 64
        and len(body["exceptions"]) <= 16
        and all(1 <= size(text) <= 128 for text in body["exceptions"])
        and 1 <= len(body["lines"]) <= 64
        and all(1 <= size(line["custodian"]) <= 32 for line in body["lines"])
        and all(ord("A") <= c <= ord("Z") for line in body["lines"] for c in line["country"])
        and size(body["uri"]) <= 256
    )


def _set_policy(op):
    share = op["custodian_share_max_bps"]
    return (
        op["rail_hold_ms"] <= 30 * DAY
        and HOUR <= op["report_max_age_ms"] <= 366 * DAY
        and 1 <= op["attest_quorum"] <= 16
        and (share is None or 1 <= share <= 10_000)
        and 1 <= len(op["quotas"]) <= 16
        and all(quota["burst"] >= 16 and quota["per_1000_s"] > 0 for quota in op["quotas"])
    )


def _set_terms(op):
    return (
        op["min"] <= op["max"]
        and op["fee_bps"] <= 10_000
        and op["cutoff_minute"] <= 1_440
        and len(op["holidays"]) <= 64
        and ascending(op["holidays"])
    )


def _council_set(op):
    members = op["members"]
    keys = {member["key"] for member in members}
    accounts = [member["account"] for member in members]
    return 1 <= len(members) <= 21 and ascending(accounts) and len(keys) == len(members)


SCOPES = ["TRANSFER", "MINT", "REDEEM_NEW", "BRIDGE"]


def _scopes(op):
    places = [SCOPES.index(scope) for scope in op["scopes"]]
    return len(places) >= 1 and ascending(places)


COUNCIL = {
    "Freeze": lambda op: op["inbound"] or op["outbound"],
    "Pause": _scopes,
    "Unpause": _scopes,
    "RecoverKey": _policy,
    "SetPolicy": _set_policy,
    "SetTerms": _set_terms,
    "SetBridge": lambda op: 1 <= size(op["name"]) <= 64,
    "PostIncident": lambda op: op["kind"] in ("SECURITY", "OPERATIONAL", "LEGAL", "OTHER"),
    "SetDocument": lambda op: size(op["uri"]) <= 256,
    "ValidatorAdd": lambda op: 1 <= size(op["validator"]["name"]) <= 64,
    "CouncilSet": _council_set,
    "SetDelay": lambda op: op["delay_ms"] <= 30 * DAY,
}

ACCOUNTS = {
    "Permit": lambda op: _witnesses(op, 16),
    "PayAuth": lambda op: _witnesses(op, 16) and size(op["body"]["memo"] or b"") <= 32,
    "DepositConfirm": lambda op: 1 <= size(op["bank_ref"]) <= 64,
    "PayoutConfirm": lambda op: 1 <= size(op["bank_ref"]) <= 64,
    "Freeze": COUNCIL["Freeze"],
    "RegisterAccount": _policy,
    "SetInstitution": lambda op: op["institution"] != 0 and 1 <= size(op["name"]) <= 64,
    "RotateKey": _policy,
    "SubmitReport": _report,
    "BridgeOut": lambda op: 1 <= size(op["recipient"]) <= 64,
    "Propose": _council_ops,
    "CouncilExec": lambda op: _council_ops(op) and _witnesses(op, 21),
}


def _broken_operation(op):
    """The name of the operation whose bound is broken, or None."""
    for inner in op["ops"] if op["type"] in ("Propose", "CouncilExec") else []:
        if not COUNCIL.get(inner["type"], _any)(inner):
            return "council " + inner["type"]
    return None if ACCOUNTS.get(op["type"], _any)(op) else op["type"]


def decode(data):
    """The transaction, or DecodeError, or OutOfBounds."""
    if len(data) > TX_BYTES:
        raise OutOfBounds("transaction")
    tx = wire.decode("SignedTx", data)
    body, keys = tx["body"], [witness["key"] for witness in tx["witnesses"]]
    carried = sum(len(witnesses) for _, witnesses in wire.embedded(body))
    if not (
        1 <= len(body["ops"]) <= 16
        and (body["memo"] is None or size(body["memo"]) <= 32)
        and 1 <= len(keys) <= 32
        and ascending(keys)
        and len(keys) + carried <= 64
    ):
        raise OutOfBounds("transaction")
    for broken in filter(None, map(_broken_operation, body["ops"])):
        raise OutOfBounds(broken)
    return tx
