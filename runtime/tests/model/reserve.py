"""Operations 80 to 84: reserve reports, checkpoints, and what they let be minted (RES)."""

import wire
from run import require

KEPT = 9_600
DRAFTS = 16


# ---- Checkpoints (RES-7) ----


def place(policy, at):
    return at // policy["checkpoint_ms"] % KEPT


def checkpoint(tables, height, at):
    """Remembers the supply that `height` left, at the tick `at`."""
    supply = tables.get("supply")
    record = {name: supply[name] for name in ("total", "cum_deposit", "cum_payout")}
    where = place(tables.get("policy"), at)
    tables.put("checkpoint", where, {"at": at, "height": height, **record})
    tables.change("reserve", (), checkpoint=at)


def tick(tables, height, now):
    """Before the transactions of block `height`."""
    at = now - now % tables.get("policy")["checkpoint_ms"]
    if at > tables.get("reserve")["checkpoint"]:
        checkpoint(tables, height - 1, at)


def _checkpoint_of(run, as_of, height):
    found = run.get("checkpoint", place(run.policy, as_of))
    good = found is not None and (found["at"], found["height"]) == (as_of, height)
    require(good, "UNKNOWN_CHECKPOINT")
    return found


# ---- What a report is worth (RES-3 to RES-6) ----

ALWAYS = ("CASH", "DEMAND_DEPOSIT", "GOVERNMENT_FUND")
DAYS = {"TREASURY": 93, "REPO": 1, "REVERSE_REPO": 1}


def _counts(line):
    kind = line["category"]
    short = kind in ALWAYS or line["maturity_days"] <= DAYS.get(kind, -1)
    return line["segregated"] and short


def _worth(line):
    return max(0, min(line["market"], line["amortised"]) - line["encumbered"]) if _counts(line) else 0


def unencumbered(body):
    return sum(_worth(line) for line in body["lines"])


def _concentrated(body, share):
    by_name = {}
    for line in body["lines"]:
        by_name[line["custodian"]] = by_name.get(line["custodian"], 0) + _worth(line)
    return any(part * 10_000 > share * unencumbered(body) for part in by_name.values())


def usable(run):
    """RES-5: the number and the report that minting may rest on."""
    number = run.get("reserve")["latest"]
    report = run.get("report", number)
    require(report is not None and report["status"] == "EFFECTIVE", "NO_REPORT")
    body, share = report["body"], run.policy["custodian_share_max_bps"]
    require(run.now < body["as_of"] + run.policy["report_max_age_ms"], "REPORT_STALE")
    require(body["opinion"] == "UNMODIFIED", "REPORT_MODIFIED")
    require(share is None or not _concentrated(body, share), "REPORT_CONCENTRATED")
    return number, report


def ceiling(run, report):
    """RES-6: the lower of U and R."""
    supply = run.supply
    came = supply["cum_deposit"] - report["deposits_then"] - supply["pending"]
    went = supply["cum_payout"] - report["payouts_then"]
    counted = unencumbered(report["body"])
    return min(counted, max(0, counted + came - went))


# ---- Reports ----


def _check_order(run, body):
    """RES-2."""
    latest = run.get("reserve")["latest"]
    corrects = body["supersedes"]
    if latest is None:
        good = corrects is None
    elif corrects is None:
        good = body["as_of"] > run.get("report", latest)["body"]["as_of"]
    else:
        good = corrects == latest
    require(good, "OUT_OF_ORDER")


def new_report(body, found, submitted_by, now):
    """A draft; `found` is its checkpoint."""
    return {
        "body": body,
        "digest": wire.digest_of("report", "ReportBody", body),
        "submitted_by": submitted_by,
        "submitted_at": now,
        "deposits_then": found["cum_deposit"],
        "payouts_then": found["cum_payout"],
        "attested_by": {},
        "status": "DRAFT",
    }


def submit(run, op):
    body, index = op["body"], run.get("reserve")
    require(body["as_of"] <= run.now, "FUTURE_REPORT")
    _check_order(run, body)
    found = _checkpoint_of(run, body["as_of"], body["as_of_height"])
    require(body["stated_outstanding"] == found["total"], "SUPPLY_MISMATCH")
    officers = set(run.policy["officers"].values())
    require({witness["key"] for witness in op["witnesses"]} == officers, "BAD_AUTH")
    require(len(index["drafts"]) < DRAFTS, "TOO_MANY_DRAFTS")
    number = index["next"]
    report = new_report(body, found, run.sender, run.now)
    run.create("report", number, report)
    run.change("reserve", next=number + 1, drafts=index["drafts"] + [number])
    run.emit("ReportSubmitted", report=number, digest=report["digest"], as_of=body["as_of"])


def attest(run, op):
    number = op["report"]
    report = run.get("report", number)
    require(report is not None, "UNKNOWN_REPORT")
    require(report["status"] == "DRAFT", "REPORT_NOT_DRAFT")
    require(op["digest"] == report["digest"], "DIGEST_MISMATCH")
    require(run.sender not in report["attested_by"], "ALREADY_ATTESTED")
    _check_order(run, report["body"])
    attested = {**report["attested_by"], run.sender: run.now}
    run.change("report", number, attested_by=attested)
    run.emit("ReportAttested", report=number, attestor=run.sender)
    if sum(run.holds("ATTESTOR", who) for who in attested) >= run.policy["attest_quorum"]:
        _make_effective(run, number)


def _leave_drafts(run, number):
    drafts = [draft for draft in run.get("reserve")["drafts"] if draft != number]
    run.change("reserve", drafts=drafts)


def _make_effective(run, number):
    before = run.get("reserve")["latest"]
    if before is not None and run.get("report", before)["status"] == "EFFECTIVE":
        run.change("report", before, status="SUPERSEDED")
    run.change("report", number, status="EFFECTIVE")
    run.change("reserve", latest=number)
    _leave_drafts(run, number)
    body = run.get("report", number)["body"]
    told = {"as_of": body["as_of"], "unencumbered": unencumbered(body)}
    run.emit("ReportEffective", report=number, **told)


def may_revoke(run, number, who):
    """OP-5, RevokeReport."""
    report = run.get("report", number)
    return report is not None and (who == report["submitted_by"] or who in report["attested_by"])


def revoke(run, op):
    number = op["report"]
    report = run.get("report", number)
    require(report is not None, "UNKNOWN_REPORT")
    require(run.council or may_revoke(run, number, run.sender), "UNAUTHORIZED")
    require(report["status"] != "REVOKED", "ALREADY_REVOKED")
    _revoke(run, number)


def _revoke(run, number):
    run.change("report", number, status="REVOKED")
    _leave_drafts(run, number)
    run.emit("ReportRevoked", report=number)
    run.incident("REPORT_REVOKED", "CRITICAL", run.get("report", number)["digest"])


def revoke_attestor_key(run, op):
    attestor = op["attestor"]
    run.require_registered(attestor)
    if run.holds("ATTESTOR", attestor):
        run.put("role", ("ATTESTOR", attestor), 0)
        run.emit("RoleRevoked", role="ATTESTOR", holder=attestor)
    index = run.get("reserve")
    looked_at = {*range(index["next"] - 64, index["next"]), *index["drafts"], index["latest"]}
    reports = run.tables.all("report")
    for number in sorted(looked_at & set(reports)):
        report = reports[number]
        at = report["attested_by"].get(attestor)
        if report["status"] != "REVOKED" and at is not None and at >= op["since"]:
            _revoke(run, number)


def reconcile(run, op):
    found = _checkpoint_of(run, op["as_of"], op["height"])
    told = {field: op[field] for field in ("as_of", "height", "liabilities")}
    run.emit("Reconciled", supply=found["total"], **told)
    if op["liabilities"] != found["total"]:
        run.trip("RECONCILE_MISMATCH")


ACCOUNT_RULES = {
    "SubmitReport": submit,
    "AttestReport": attest,
    "RevokeReport": revoke,
    "Reconcile": reconcile,
}

COUNCIL_RULES = {
    "RevokeReport": revoke,
    "RevokeAttestorKey": revoke_attestor_key,
}
