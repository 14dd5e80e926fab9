"""The state as its tree sees it: an object for each record, in slots (ST-2, ST-6, ST-20 to ST-22)."""

import trees
import wire

# ---- Keys: the fields of each table's key, as values ----


def _key(table, key):
    """The fields of a key, by their names in the layout."""
    names = [name for name, _ in _key_fields(table)]
    values = key if isinstance(key, tuple) else (key,)
    return dict(zip(names, values, strict=True))


def _key_fields(table):
    fields, waiting = [], []
    for part in filter(None, (part.strip() for part in wire.OBJECTS[table][1].split(","))):
        name, _, kind = part.partition(":")
        waiting.append(name)
        if kind:
            fields += [(name, kind.strip()) for name in waiting]
            waiting = []
    return fields


_NUMBERS = {
    kind: {name: number for number, name in names.items()} for kind, names in wire.ENUMERATIONS.items()
}


def place(occupant):
    """What orders keys: the tag, then each field, an enumeration by its number."""
    table, key = occupant
    values = _key(table, key).values()
    kinds = [kind for _, kind in _key_fields(table)]
    fields = [_NUMBERS[kind][value] if kind in _NUMBERS else value for kind, value in zip(kinds, values)]
    return (wire.OBJECTS[table][0], *fields)


# ---- Objects: what the model writes otherwise than the layout ----


def _window(sums):
    """WIN-1."""
    used = [0] * 25
    for hour, amount in sums.items():
        used[hour % 25] = amount
    return {"hour": max(sums, default=0), "used": used}


def _account(a):
    freeze = {name: a["freeze_" + name] for name in ("until", "confirmed", "order")}
    freeze.update(inbound=a["frozen_in"], outbound=a["frozen_out"])
    seen = sum(1 << a["high"] - nonce for nonce in a["used"])
    replay = {"high": a["high"], "seen": seen}
    quota = {"used": a["quota_used"], "at": a["quota_at"]}
    return {**a, "freeze": freeze, "replay": replay, "quota": quota}


def _delay(delay):
    shorter = delay["next"] and dict(zip(("ms", "from"), delay["next"]))
    return {"ms": delay["ms"], "shorter": shorter}


def _report(report):
    attested = [{"attestor": who, "at": at} for who, at in report["attested_by"].items()]
    return {**report, "attested_by": attested}


OTHERWISE = {
    "account": _account,
    "bridge": lambda b: {**b, **{name: _window(b[name]) for name in ("window_out", "window_in")}},
    "council": lambda c: {**c, "delays": [_delay(delay) for delay in c["delays"]]},
    "minter": lambda m: {**m, "window": _window(m["window"])},
    "pair": lambda sums: {"window": _window(sums)},
    "proposal": lambda p: {**p, "yes": sorted(p["yes"]), "no": sorted(p["no"])},
    "report": _report,
    "role": lambda until: {"valid_until": until},
    "window": lambda sums: {"window": _window(sums)},
}


def leaf(table, key, record):
    """The bytes of a leaf (ST-20)."""
    tag = bytes([wire.OBJECTS[table][0]])
    value = OTHERWISE.get(table, lambda plain: plain)(record)
    encoded = wire.encode("object " + table, value)
    return tag + wire.encode("key of " + table, _key(table, key)) + tag + encoded


def leaves(tables):
    """The bytes of the leaf in each slot, or None for a vacant one."""
    return [place and leaf(*place, tables.get(*place)) for place in tables.slots]


def digests(tables):
    """ST-20; of a vacant slot zero (ST-3)."""
    return [bytes(32) if data is None else trees.leaf("state", data) for data in leaves(tables)]


def root(tables):
    return trees.root("state", digests(tables))
