"""Operations 100 to 103, 130 and 131: proposals, votes, execution, the council itself (COU)."""

import control
import issuance
import parameters
import reserve
import validators
import wire
from ed25519 import is_key
from run import Fail, require

CLASSES = ["A", "B", "C", "D"]
OPEN_MOST, OPEN_OF_ONE = 64, 8

# ---- Classes (COU-2) ----

FIXED = {
    "A": "RevokeRole SuspendMinter RevokeReport RevokeAttestorKey",
    "B": "Freeze Unfreeze SetHold ConfirmFreeze Unpause ResumeMinter PostIncident SetDocument",
    "C": "Seize RecoverKey GrantRole",
    "D": "ValidatorAdd ValidatorRemove ValidatorRotate CouncilSet SetDelay ScheduleUpgrade",
}
CLASS_OF = {name: rank for rank, names in FIXED.items() for name in names.split()}


def _class_of_one(run, op):
    kind = op["type"]
    if kind == "Pause":
        return "A" if op["short"] else "B"
    if kind in parameters.LOOSER:
        return "C" if parameters.LOOSER[kind](run, op) else "B"
    return CLASS_OF[kind]


def class_of(run, ops):
    return max(_class_of_one(run, op) for op in ops)


PROTECTIVE = "Freeze ConfirmFreeze Pause RevokeRole SuspendMinter RevokeReport RevokeAttestorKey".split()


def is_protective(op):
    """OP-5, for an operation of a CouncilExec."""
    if op["type"] == "SetHold":
        return op["hold"] >= op["expected"]
    return op["type"] in PROTECTIVE


# ---- Delays (COU-8): {"ms", "next": None or (ms, from)} ----


def delay_at(delay, now):
    return delay["next"][0] if delay["next"] and now >= delay["next"][1] else delay["ms"]


def _delay(run, rank):
    return delay_at(run.get("council")["delays"][CLASSES.index(rank)], run.now)


def _threshold(run, rank):
    return run.get("council")["thresholds"][CLASSES.index(rank)]


# ---- Proposals ----


def _is_expired(council, proposal, now):
    """COU-6."""
    if proposal["status"] == "OPEN":
        return now >= proposal["created"] + council["ttl"]
    return proposal["status"] == "APPROVED" and now >= proposal["eta"] + council["grace"]


def _set_status(run, number, status, **fields):
    run.change("proposal", number, status=status, **fields)
    if status not in ("OPEN", "APPROVED"):
        left = [other for other in run.get("council")["open"] if other != number]
        run.change("council", open=left)
    run.emit("ProposalChanged", proposal=number, status=status, eta=run.get("proposal", number)["eta"])


def _count(run, number):
    """COU-4."""
    proposal = run.get("proposal", number)
    threshold = _threshold(run, proposal["class"])
    if len(proposal["yes"]) >= threshold:
        if proposal["status"] == "OPEN":
            eta = run.now + _delay(run, proposal["class"])
            _set_status(run, number, "APPROVED", eta=eta)
    elif len(run.get("council")["members"]) - len(proposal["no"]) < threshold:
        _set_status(run, number, "REJECTED")
    elif proposal["status"] == "APPROVED":
        _set_status(run, number, "OPEN", eta=None)


def _require_member(run):
    require(run.is_member(run.sender), "UNAUTHORIZED")


def digest_of(ops):
    return wire.digest_of("council operations", "Vec<CouncilOp>", ops)


def propose(run, op):
    _require_member(run)
    for number in sorted(run.get("council")["open"]):
        if _is_expired(run.get("council"), run.get("proposal", number), run.now):
            _set_status(run, number, "EXPIRED")
    council = run.get("council")
    own = [n for n in council["open"] if run.get("proposal", n)["proposer"] == run.sender]
    room = len(council["open"]) < OPEN_MOST and len(own) < OPEN_OF_ONE
    require(room, "TOO_MANY_PROPOSALS")
    number, rank, digest = council["next"], class_of(run, op["ops"]), digest_of(op["ops"])
    told = {"proposer": run.sender, "class": rank, "digest": digest}
    votes = {"yes": frozenset([run.sender]), "no": frozenset()}
    record = {**told, **votes, "epoch": council["epoch"], "ops": op["ops"], "created": run.now}
    run.create("proposal", number, {**record, "eta": None, "status": "OPEN"})
    run.change("council", next=number + 1, open=council["open"] + [number])
    run.emit("Proposed", proposal=number, **told)
    _count(run, number)


def _live(run, number):
    """COU-7: the proposal, which may still be decided."""
    proposal, council = run.get("proposal", number), run.get("council")
    require(proposal is not None, "UNKNOWN_PROPOSAL")
    stale = proposal["status"] == "STALE" or proposal["epoch"] != council["epoch"]
    require(not stale, "PROPOSAL_STALE")
    decided = proposal["status"] not in ("OPEN", "APPROVED")
    require(not decided and not _is_expired(council, proposal, run.now), "PROPOSAL_CLOSED")
    return proposal


def vote(run, op):
    _require_member(run)
    number, choice, member = op["proposal"], op["choice"], run.sender
    proposal = _live(run, number)
    require(op["digest"] == proposal["digest"], "DIGEST_MISMATCH")
    said = "YES" if member in proposal["yes"] else "NO" if member in proposal["no"] else None
    require(choice != said, "ALREADY_VOTED")
    require(choice != "WITHDRAW" or said is not None, "NOT_VOTED")
    yes = proposal["yes"] - {member} | ({member} if choice == "YES" else set())
    no = proposal["no"] - {member} | ({member} if choice == "NO" else set())
    run.change("proposal", number, yes=yes, no=no)
    run.emit("Voted", proposal=number, member=member, choice=choice)
    _count(run, number)


# ---- Execution ----


def _carry_out(run, ops):
    run.council = True
    for op in ops:
        label = "council " + op["type"]
        try:
            COUNCIL_RULES[op["type"]](run, op)
        except Fail as failure:
            run.done.append((label, failure.code))
            raise
        run.done.append((label, "SUCCESS"))
    run.council = False


def execute(run, op):
    _require_member(run)
    number = op["proposal"]
    proposal = _live(run, number)
    require(proposal["status"] == "APPROVED", "NOT_APPROVED")
    require(run.now >= proposal["eta"], "TIMELOCKED")
    require(class_of(run, proposal["ops"]) <= proposal["class"], "CLASS_CHANGED")
    _set_status(run, number, "EXECUTED")
    _carry_out(run, proposal["ops"])


def council_exec(run, op):
    _require_member(run)
    council, rank = run.get("council"), class_of(run, op["ops"])
    keys = {member["key"] for member in council["members"]}
    require(op["epoch"] == council["epoch"], "PROPOSAL_STALE")
    require(op["exec_nonce"] == council["exec_nonce"], "EXEC_NONCE")
    require(rank <= "B" and _delay(run, rank) == 0, "CLASS_TOO_HIGH")
    require(all(witness["key"] in keys for witness in op["witnesses"]), "BAD_AUTH")
    require(len(op["witnesses"]) >= _threshold(run, rank), "COUNCIL_QUORUM")
    run.change("council", exec_nonce=council["exec_nonce"] + 1)
    told = {"class": rank, "digest": digest_of(op["ops"])}
    run.emit("CouncilExecuted", exec_nonce=op["exec_nonce"], **told)
    _carry_out(run, op["ops"])


# ---- The council itself ----


def council_set(run, op):
    members, thresholds = op["members"], op["thresholds"]
    for member in members:
        run.require_registered(member["account"])
    require(all(is_key(member["key"]) for member in members), "BAD_POLICY")
    roles = wire.ENUMERATIONS["Role"].values()
    busy = any(run.holds(role, member["account"]) for member in members for role in roles)
    require(not busy, "ROLE_CONFLICT")
    a, b, c, d = thresholds
    require(max(thresholds) <= len(members), "THRESHOLD_UNREACHABLE")
    require(1 <= a <= b <= c <= d and 2 * c > len(members), "BAD_THRESHOLD")
    epoch = run.get("council")["epoch"] + 1
    run.change("council", members=members, thresholds=thresholds, epoch=epoch)
    for number in sorted(run.get("council")["open"]):
        _set_status(run, number, "STALE")
    run.emit("CouncilChanged", epoch=epoch, members=len(members), thresholds=thresholds)


def set_delay(run, op):
    at, new = CLASSES.index(op["class"]), op["delay_ms"]
    delays = list(run.get("council")["delays"])
    old = delay_at(delays[at], run.now)
    start = run.now + max(0, old - new)
    delays[at] = {"ms": new, "next": None} if new >= old else {"ms": old, "next": (new, start)}
    run.change("council", delays=delays)
    run.emit("DelaySet", **{"class": op["class"], "delay_ms": new, "from": start})


ACCOUNT_RULES = {"Propose": propose, "Vote": vote, "Execute": execute, "CouncilExec": council_exec}

COUNCIL_RULES = {
    "CouncilSet": council_set,
    "SetDelay": set_delay,
    **control.COUNCIL_RULES,
    **issuance.COUNCIL_RULES,
    **parameters.COUNCIL_RULES,
    **reserve.COUNCIL_RULES,
    **validators.COUNCIL_RULES,
}
