"""The whole state as text, one line a record, for comparison with the other side's.

`tests/differential/view.rs` writes the same lines. Numbers are decimal, bytes hex, nothing is `-`,
lists are joined by commas; words are separated by spaces, and lines are sorted.
"""

import wire
from run import HOUR


def _word(value):
    if value is None or value == [] or value == "":
        return "-"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return ",".join(map(_word, value))
    return str(value)


def _text(value):
    return value.encode("utf-8").hex() or "-"


def _window(window, now):
    """Sums of the last 25 hours that are not zero."""
    hour = now // HOUR
    kept = {h: used for h, used in window.items() if hour - 24 <= h <= hour and used}
    return [f"{h}:{used}" for h, used in sorted(kept.items())]


def _fields(record, names):
    return [record[name] for name in names.split()]


def _account(address, a, now):
    freeze = "frozen_in frozen_out freeze_until freeze_confirmed freeze_order"
    rest = "kyc_class kyc_until institution memo_required quota_used quota_at objects"
    policy = wire.encode("KeyPolicy", a["policy"])
    nonces = [a["high"], sorted(a["used"])]
    return [address, policy, a["balance"], a["hold"]] + _fields(a, freeze) + nonces + _fields(a, rest)


def _minter(address, m, now):
    limits = _fields(m, "allowance per_tx window_cap suspended")
    return [address] + limits + [_window(m["window"], now)]


def _deposit(number, d, now):
    times = _fields(d, "amount beneficiary confirmed_at final_at minted reversed")
    return [number, d["custodian"], _text(d["bank_ref"])] + times


def _report(number, r, now):
    attested = [f"{attestor.hex()}:{at}" for attestor, at in sorted(r["attested_by"].items())]
    rest = "digest submitted_by submitted_at deposits_then payouts_then status"
    return [number] + _fields(r, rest) + [attested]


def _proposal(number, p, now):
    votes = [sorted(p["yes"]), sorted(p["no"])]
    return [number] + _fields(p, "epoch class digest proposer created eta status") + votes


def _redemption(number, r, now):
    names = "owner gross fee net beneficiary terms requested_at due_at payout status closed_at"
    return [number] + _fields(r, names)


def _payout(number, p, now):
    return [number, p["custodian"], _text(p["bank_ref"])] + _fields(p, "redemption net failed")


def _bridge(number, b, now):
    windows = [_window(b["window_out"], now), _window(b["window_in"], now)]
    return [number, _text(b["name"])] + _fields(b, "escrow day_cap open") + windows


def _council(_, c, now):
    members = [m["account"].hex() + ":" + m["key"].hex() for m in c["members"]]
    delays = []
    for delay in c["delays"]:
        shorter = delay["next"] if delay["next"] else ("-", "-")
        delays.append(":".join(map(str, (delay["ms"], *shorter))))
    counters = _fields(c, "epoch exec_nonce thresholds ttl grace next")
    return [members] + counters + [delays, sorted(c["open"])]


def _validators(_, v, now):
    sets = [wire.encode("Vec<Validator>", v[name]) if v[name] else None for name in ("set", "before")]
    fields = "missed times from until"
    standings = [":".join(map(str, (s["key"].hex(), *_fields(s, fields)))) for s in v["turns"]]
    fields = "height round kind times block at"
    named = [":".join(map(str, (n["key"].hex(), *_fields(n, fields)))) for n in v["named"]]
    return sets + [v["from_height"], standings, named]


def _encoded(kind):
    return lambda key, record, now: [wire.encode(kind, record)]


SUPPLY = "total cap genesis cum_mint cum_burn cum_deposit cum_payout redeem_escrow bridge_escrow pending"
WRITERS = {
    "account": _account,
    "allowance": lambda key, a, now: [*key, a["amount"], a["expires"]],
    "bridge": _bridge,
    "checkpoint": lambda key, c, now: [key] + _fields(c, "at height total cum_deposit cum_payout"),
    "council": _council,
    "deposit": _deposit,
    "document": lambda key, d, now: [key, d["version"], d["digest"], _text(d["uri"]), d["at"]],
    "incident": lambda key, i, now: [key] + _fields(i, "kind severity subject height at"),
    "institution": lambda key, i, now: [key, _text(i["name"]), i["key"]],
    "minter": _minter,
    "pair": lambda key, window, now: [*key, _window(window, now)],
    "pause": lambda key, p, now: [key, p["until"], p["short_until"]],
    "payout": _payout,
    "policy": _encoded("Policy"),
    "proposal": _proposal,
    "redemption": _redemption,
    "report": _report,
    "reserve": lambda key, r, now: _fields(r, "next latest drafts checkpoint"),
    "role": lambda key, until, now: [*key, until],
    "supply": lambda key, s, now: _fields(s, SUPPLY),
    "terms": _encoded("Terms"),
    "upgrade": lambda key, u, now: _fields(u, "current version code height"),
    "used auth": lambda key, used, now: [*key, used["until"]],
    "used remote": lambda key, used, now: [*key, used["at"]],
    "used travel": lambda key, used, now: [*key, used["until"], used["payer"]],
    "validators": _validators,
    "window": lambda key, window, now: [_window(window, now)],
}


def lines(tables, now):
    """Every record of every table at `now`, sorted."""
    written = []
    for name, write in WRITERS.items():
        label = name.replace(" ", "-")
        for key, record in tables.all(name).items():
            words = map(_word, write(key, record, now))
            written.append(" ".join([label, *words]))
    return sorted(written)
