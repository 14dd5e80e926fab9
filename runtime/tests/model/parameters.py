"""Operations 64 to 69: parameters, and which changes of them are looser (COU-2)."""

from ed25519 import is_key
from run import U32, require, within


def set_cap(run, op):
    require(op["cap"] >= run.supply["total"], "CAP_BELOW_SUPPLY")
    run.change("supply", cap=op["cap"])
    run.emit("CapSet", cap=op["cap"])


LIMITS = ("minter_allowance_max", "mint_per_tx_max", "global_window_cap")


def set_limits(run, op):
    limits = {field: op[field] for field in LIMITS}
    run.change("policy", **limits)
    run.emit("LimitsSet", **limits)


POLICY = (
    "rail_hold_ms", "report_max_age_ms", "attest_quorum", "custodian_share_max_bps",
    "travel_threshold", "fee_account", "officers", "quotas",
)


def set_policy(run, op):
    run.require_registered(op["fee_account"])
    require(all(is_key(key) for key in op["officers"].values()), "BAD_POLICY")
    require(len(op["quotas"]) >= len(run.policy["quotas"]), "INVALID_ARGUMENT")
    run.change("policy", **{field: op[field] for field in POLICY})
    run.emit("PolicySet")


TERMS = ("min", "max", "fee_bps", "fee_flat", "cutoff_minute", "holidays", "class_min")


def set_terms(run, op):
    version = within(run.get("terms")["version"] + 1, U32)
    run.put("terms", (), {"version": version, **{field: op[field] for field in TERMS}})
    run.emit("TermsSet", version=version)


def set_bridge(run, op):
    number = op["bridge"]
    fresh = {"escrow": 0, "window_in": {}, "window_out": {}}
    told = {field: op[field] for field in ("name", "day_cap", "open")}
    run.put("bridge", number, {**(run.get("bridge", number) or fresh), **told})
    run.emit("BridgeSet", bridge=number, **told)


# ---- Looser or not ----


def _looser_policy(old, new):
    share, allowed = old["custodian_share_max_bps"], new["custodian_share_max_bps"]
    quotas = list(zip(old["quotas"], new["quotas"]))
    return any((
        new["rail_hold_ms"] < old["rail_hold_ms"],
        new["report_max_age_ms"] > old["report_max_age_ms"],
        new["attest_quorum"] < old["attest_quorum"],
        share is not None and (allowed is None or allowed > share),
        new["travel_threshold"] > old["travel_threshold"],
        new["fee_account"] != old["fee_account"],
        new["officers"] != old["officers"],
        len(new["quotas"]) != len(old["quotas"]),
        any(b["burst"] > a["burst"] or b["per_1000_s"] > a["per_1000_s"] for a, b in quotas),
    ))


def _looser_terms(old, new):
    return any((
        new["min"] < old["min"],
        new["max"] > old["max"],
        new["fee_bps"] < old["fee_bps"],
        new["fee_flat"] < old["fee_flat"],
        new["cutoff_minute"] > old["cutoff_minute"],
        new["class_min"] < old["class_min"],
        not set(old["holidays"]) <= set(new["holidays"]),
    ))


def _looser_minter(run, op):
    minter = run.get("minter", op["minter"])
    return minter is None or any(op[field] > minter[field] for field in ("per_tx", "window_cap"))


def _looser_bridge(run, op):
    old = run.get("bridge", op["bridge"])
    return old is None or op["day_cap"] > old["day_cap"] or (op["open"] and not old["open"])


LOOSER = {
    "SetCap": lambda run, op: op["cap"] > run.supply["cap"],
    "SetLimits": lambda run, op: any(op[field] > run.policy[field] for field in LIMITS),
    "SetMinterLimits": _looser_minter,
    "SetPolicy": lambda run, op: _looser_policy(run.policy, op),
    "SetTerms": lambda run, op: _looser_terms(run.get("terms"), op),
    "SetBridge": _looser_bridge,
}

COUNCIL_RULES = {
    "SetCap": set_cap,
    "SetLimits": set_limits,
    "SetPolicy": set_policy,
    "SetTerms": set_terms,
    "SetBridge": set_bridge,
}
