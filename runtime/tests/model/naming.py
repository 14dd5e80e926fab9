"""Validators that signed twice (CO-51 to CO-53)."""

from run import DAY

AHEAD, AGE = 2, 1_000_000


def _may_name(record, evidence, height, time):
    """CO-51, the signatures aside."""
    key, place = evidence["validator"], evidence["height"]
    members = {v["key"] for v in [*record["set"], *(record["before"] or [])]}
    last = next((named for named in record["named"] if named["key"] == key), None)
    is_news = last is None or (place > last["block"] + AHEAD and time >= last["at"] + DAY)
    return key in members and place <= height + AHEAD and height <= place + AGE and is_news


def report(tables, height, time, evidence):
    """CO-52: who is named, each with an incident."""
    for proof in evidence:
        record = tables.get("validators")
        if not _may_name(record, proof, height, time):
            continue
        _file_incident(tables, height, time, proof["validator"])
        members = {v["key"] for v in [*record["set"], *(record["before"] or [])]}
        kept = {named["key"]: named for named in record["named"] if named["key"] in members}
        times = kept.get(proof["validator"], {"times": 0})["times"] + 1
        place = {"height": proof["height"], "round": proof["round"]}
        kind = proof["twins"]["type"]
        block = {"block": height, "at": time, "times": min(times, 2**32 - 1)}
        kept[proof["validator"]] = {"key": proof["validator"], **place, "kind": kind, **block}
        tables.change("validators", (), named=[kept[key] for key in sorted(kept)])


def _file_incident(tables, height, time, subject):
    """CTL-10; no transaction announces it."""
    number = tables.get("incidents")["next"]
    tables.change("incidents", (), next=number + 1)
    record = {"kind": "EQUIVOCATION", "severity": "CRITICAL", "height": height, "at": time}
    tables.put("incident", number, {**record, "subject": subject})
    if tables.get("incident", number - 10_000) is not None:
        tables.remove("incident", number - 10_000)
