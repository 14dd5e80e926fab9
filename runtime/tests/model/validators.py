"""Operations 120 to 122 and 132: the validator set (VAL, CO-3) and upgrades."""

import wire
from ed25519 import is_key
from run import require

# VAL-5: by then a certified header attests the state that holds the schedule.
AHEAD = 8 + 2


def set_of(record, height):
    """The set that decides `height`."""
    return record["before"] if height < record["from_height"] else record["set"]


def _is_valid(validators):
    """CO-3."""
    keys = {v["key"] for v in validators}
    peers = {v["peer"] for v in validators}
    return (
        1 <= len(validators) <= 100
        and len(keys) == len(peers) == len(validators)
        and all(v["power"] >= 1 for v in validators)
        and sum(v["power"] for v in validators) < 2**62
        and all(1 <= len(v["name"].encode()) <= 64 for v in validators)
        and all(is_key(v["key"]) and is_key(v["peer"]) for v in validators)
    )


def _is_too_large(old, new):
    """VAL-2."""
    before = {v["key"]: v["power"] for v in old}
    after = {v["key"]: v["power"] for v in new}
    steps = [after.get(key, 0) - before.get(key, 0) for key in {**before, **after}]
    raised, fallen = sum(s for s in steps if s > 0), -sum(s for s in steps if s < 0)
    return len(old) >= 4 and 3 * max(raised, fallen) > sum(before.values())


def _change(run, validators):
    """VAL-1."""
    validators = sorted(validators, key=lambda v: v["key"])
    require(_is_valid(validators), "BAD_VALIDATOR_SET")
    next_set = set_of(run.get("validators"), run.height + 1)
    require(not _is_too_large(next_set, validators), "SET_CHANGE_TOO_LARGE")
    from_height = run.height + 2
    record = {"set": validators, "from_height": from_height, "before": next_set}
    run.change("validators", **record)
    digest = wire.digest_of("validator set", "Vec<Validator>", validators)
    told = {"validators": len(validators), "digest": digest}
    run.emit("ValidatorSetChanged", from_height=from_height, **told)


def _current(run):
    """The set as changed so far (VAL-3)."""
    return run.get("validators")["set"]


def _without(run, key):
    """The validator of a key, and the others."""
    found = [v for v in _current(run) if v["key"] == key]
    require(found, "UNKNOWN_VALIDATOR")
    return found[0], [v for v in _current(run) if v["key"] != key]


def add(run, op):
    new = op["validator"]
    require(all(v["key"] != new["key"] for v in _current(run)), "VALIDATOR_EXISTS")
    _change(run, _current(run) + [new])


def remove(run, op):
    _, others = _without(run, op["key"])
    _change(run, others)


def rotate(run, op):
    validator, others = _without(run, op["key"])
    _change(run, others + [{**validator, "key": op["new_key"], "peer": op["new_peer"]}])


def schedule_upgrade(run, op):
    before, soonest = run.get("upgrade"), run.height + AHEAD
    fixed = before["version"] > before["current"] and before["height"] < soonest
    good = op["version"] == before["current"] + 1 and op["height"] >= soonest
    require(good and not fixed, "UPGRADE_OUT_OF_ORDER")
    fields = {field: op[field] for field in ("version", "code", "height")}
    run.put("upgrade", (), {"current": before["current"], **fields})
    run.emit("UpgradeScheduled", **fields)


def enter_version(tables, height):
    """VAL-6: at the start of a block."""
    upgrade = tables.get("upgrade")
    if upgrade["current"] < upgrade["version"] and upgrade["height"] <= height:
        tables.change("upgrade", (), current=upgrade["version"])


COUNCIL_RULES = {
    "ValidatorAdd": add,
    "ValidatorRemove": remove,
    "ValidatorRotate": rotate,
    "ScheduleUpgrade": schedule_upgrade,
}
