"""Whose turn it is, and who is passed over (CO-5, CO-91, CO-92)."""

from fractions import Fraction
from math import gcd

from validators import set_of

GOLDEN = 0x9E3779B97F4A7C15
BACKOFF, FORGIVEN = 16, 8192


def _is_out(standing):
    return standing["times"] > 0 and standing["until"] is None


def _is_passed(standing, height):
    until = standing["until"]
    ended = until is not None and height >= until
    return standing["times"] > 0 and standing["from"] <= height and not ended


def _power(validators, keys):
    return sum(v["power"] for v in validators if v["key"] in keys)


def _everyone(validators):
    return sum(v["power"] for v in validators)


def first_proposer(validators, passed, height):
    """CO-5, round 0."""
    bearable = 3 * _power(validators, passed) < _everyone(validators)
    takers = [v for v in validators if not (bearable and v["key"] in passed)]
    count = len(takers)
    cycle, step = divmod(height, count)
    stride = next(s for s in range(count * 618 // 1000 + 1, 2 * count + 2) if gcd(s, count) == 1)
    moved = Fraction(cycle * GOLDEN % 2**64 // 2**32, 2**32)
    point = (step * stride % count + moved) * Fraction(_everyone(takers), count)
    for validator in takers:
        point -= validator["power"]
        if point < 0:
            return validator["key"]
    raise AssertionError("the point lies beyond the line")


def _forgiven(standing, height):
    until = standing["until"]
    return standing["times"] == 0 or (until is not None and until + FORGIVEN <= height)


def report(tables, height, parent_round, returns):
    """CO-91 to CO-93: what a block says about turns."""
    record = tables.get("validators")
    standings = {s["key"]: s for s in record["turns"]}
    if not standings and parent_round == 0:
        return
    newest = record["set"]
    members = {v["key"] for v in newest + set_of(record, height)}
    passed = {key for key, s in standings.items() if _is_passed(s, height - 1)}
    after = {key: dict(s) for key, s in standings.items() if key in members}
    for key in returns:
        if key in after and _is_out(after[key]):
            after[key]["until"] = height + 2
    if height > 1 and record["from_height"] <= height:
        proposer = first_proposer(set_of(record, height - 1), passed, height - 1)
        if parent_round == 0:
            _kept(after, proposer, height)
        else:
            _missed(after, proposer, height, newest)
    turns = [after[key] for key in sorted(after)]
    if turns != record["turns"]:
        tables.change("validators", (), turns=turns)


def _kept(standings, key, height):
    standing = standings.get(key)
    if standing is None or _is_out(standing):
        return
    if _forgiven(standing, height):
        del standings[key]
    else:
        standing["missed"] = 0


def _missed(standings, key, height, newest):
    power = _power(newest, {key})
    if power == 0:
        return
    out = {k for k, s in standings.items() if _is_out(s) or _is_passed(s, height + 2)}
    fresh = {"key": key, "missed": 0, "times": 0, "from": 0, "until": None}
    standing = standings.setdefault(key, fresh)
    if _is_out(standing):
        return
    standing["missed"] = min(standing["missed"] + 1, 2**32 - 1)
    if standing["missed"] >= 2 and 3 * (_power(newest, out) + power) < _everyone(newest):
        times = 0 if _forgiven(standing, height) else standing["times"]
        fields = {"missed": 0, "times": min(times + 1, 2**32 - 1), "from": height + 2, "until": None}
        standing.update(fields)
