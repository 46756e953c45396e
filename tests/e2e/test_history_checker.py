#!/usr/bin/env python3
"""The checker of histories (tests/lib/history.py): what is linearizable is found so, what is not is refused, and for small
histories it says what trying out every order says. No server takes part."""
import itertools
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import history  # noqa: E402
from history import Answer, Incident, IncidentFacts, Meeting, MeetingFacts, Operation  # noqa: E402
from live import Checks  # noqa: E402

checks = Checks()
OPENED = IncidentFacts("OPEN", False, False, 0)
TAKEN = OPENED._replace(state="ACKNOWLEDGED")
CLIMBING = OPENED._replace(state="ESCALATING", has_climbed=True, round=1)
OVER = TAKEN._replace(state="RESOLVED")
RANDOM_HISTORIES = 1500


def told(name, begin, end, facts, view, **more):
    return Operation(name, begin, end, Answer(200, view, facts), **more)


def refused(name, begin, end, state=None):
    return Operation(name, begin, end, Answer(409, None, state))


def verdict(*operations):
    return history.check(Incident(OPENED, "v0"), operations)


def holds(text, *operations):
    found = verdict(*operations)
    checks.ok(found.holds, text, found.why)


def fails(text, *operations):
    found = verdict(*operations)
    checks.ok(not found.holds and found.why, text, found.order)


def known_answers():
    take = told("acknowledge", 1, 2, TAKEN, "v1")
    holds("one after the other", take, told("read", 3, 4, TAKEN, "v1"), told("resolve", 5, 6, OVER, "v2"))
    fails("a stale read: it was taken before the read was asked", take, told("read", 3, 4, OPENED, "v0"))
    holds("a read beside the change may give either", take, told("read", 1.5, 3, OPENED, "v0"), told("read", 1.6, 3, TAKEN, "v1"))
    fails("two reads, the second of which goes back", told("acknowledge", 1, 9, TAKEN, "v1"), told("read", 2, 3, TAKEN, "v1"),
          told("read", 4, 5, OPENED, "v0"))
    fails("a lost acknowledgement: resolved out of OPEN", take, told("resolve", 3, 4, OVER._replace(is_lapsed=True), "v2"))
    fails("a lost acknowledgement: somebody else could take it", take, told("read", 3, 4, OPENED, "v0"),
          told("acknowledge", 5, 6, TAKEN, "v5"))
    fails("a double success", take, told("acknowledge", 1, 3, TAKEN, "v2"))
    holds("two ask at once, one gets it", take, refused("acknowledge", 1, 3, "ACKNOWLEDGED"))
    fails("a refusal that names a state that it never had", take, refused("acknowledge", 1, 3, "ESCALATING"))
    fails("a refusal without a reason", refused("acknowledge", 1, 2))
    fails("the same state, but not the value that was told", take, told("read", 3, 4, TAKEN, "v9"))
    fails("a state that no edge leads to", told("escalate", 1, 2, CLIMBING, "v1"), told("release", 3, 4, CLIMBING, "v2"))
    lapsed = TAKEN._replace(is_lapsed=True, has_climbed=True, round=2)
    holds("taken, given back, taken again", told("escalate", 1, 2, CLIMBING, "v1"),
          told("acknowledge", 3, 4, CLIMBING._replace(state="ACKNOWLEDGED"), "v2"), told("release", 5, 6, lapsed, "v3"),
          refused("release", 7, 8), told("extend", 9, 10, lapsed._replace(is_lapsed=False), "v4"))


def unknown_fates():
    lost = Operation("acknowledge", 1)
    holds("one of unknown fate has happened", lost, told("read", 2, 3, TAKEN, "v7"), told("read", 4, 5, TAKEN, "v7"))
    holds("or never has", lost, told("read", 50, 51, OPENED, "v0"))
    holds("or happens long after", lost, told("read", 2, 3, OPENED, "v0"), told("read", 90, 91, TAKEN, "v7"))
    fails("but not twice", lost, told("read", 2, 3, TAKEN, "v7"), told("read", 4, 5, TAKEN, "v8"))
    fails("nor is it undone", lost, told("read", 2, 3, TAKEN, "v7"), told("read", 4, 5, OPENED, "v0"))
    fails("nor before it was asked", Operation("acknowledge", 4), told("read", 2, 3, TAKEN, "v7"))
    fails("nor does it give the value that another had left", Operation("extend", 3), told("acknowledge", 1, 2, TAKEN, "v1"),
          told("extend", 3, 4, TAKEN, "v2"), told("read", 5, 6, TAKEN, "v1"))
    holds("many of them", *[Operation(name, 1) for name in ("acknowledge", "escalate", "extend", "release") * 4],
          told("read", 2, 3, TAKEN._replace(has_climbed=True, round=1), "v7"),
          told("read", 4, 5, TAKEN._replace(has_climbed=True, round=1, is_lapsed=False), "v8"))


def said(name, begin, end, checkin, incident=None, **more):
    return told(name, begin, end, MeetingFacts(name, checkin, incident), f"{checkin}", **more)


def seen(begin, end, status, checkin=None, incident=None):
    return told("read", begin, end, MeetingFacts(status, checkin, incident), f"{checkin}")


def meetings():
    def judge(wanted, text, *operations):
        found = history.check(Meeting(), operations)
        checks.equal(found.holds, wanted, text, found.why)
    joined, missed = said("JOINED", 1, 2, "c1"), said("MISSED", 1, 2, "c1", "i1")
    judge(True, "joined, and again", joined, said("JOINED", 3, 4, "c1"), seen(5, 6, "JOINED", "c1"))
    judge(False, "the same again is no new check-in", joined, said("JOINED", 3, 4, "c2"))
    judge(False, "joined is seen as none", joined, seen(3, 4, "NONE"))
    judge(True, "missed after joined is refused", joined, refused("MISSED", 3, 4))
    judge(False, "and not taken", joined, said("MISSED", 3, 4, "c2", "i2"))
    judge(True, "unless by force", joined, said("MISSED", 3, 4, "c2", "i2", force=True), seen(5, 6, "MISSED", "c2", "i2"))
    judge(False, "two incidents for one answer", missed, said("MISSED", 3, 4, "c1", "i2"))
    judge(True, "joined ends the incident", missed, said("JOINED", 3, 4, "c2", "i1"), seen(5, 6, "JOINED", "c2", "i1"))
    judge(False, "an incident that is forgotten", missed, said("JOINED", 3, 4, "c2"))
    back = told("take back", 3, 4, MeetingFacts("NONE", None, None), "None")
    judge(True, "taken back", joined, back, seen(5, 6, "NONE"), refused("take back", 7, 8))
    judge(False, "taken back, and still there", joined, back, seen(5, 6, "JOINED", "c1"))
    judge(True, "an unknown one is seen", Operation("MISSED", 1), seen(2, 3, "MISSED", "c7", "i7"), said("MISSED", 4, 5, "c7", "i7"))
    judge(False, "with two faces", Operation("MISSED", 1), seen(2, 3, "MISSED", "c7", "i7"), seen(4, 5, "MISSED", "c7", "i8"))
    judge(True, "an unknown one is told of by the next", Operation("JOINED", 1), said("JOINED", 2, 3, "c7"), seen(4, 5, "JOINED", "c7"))


# --- Against every order ---

def by_every_order(operations):
    """Whether any choice of the unknown ones and any order of all that keeps to the times is the model's."""
    model = Incident(OPENED, "v0")
    known = [one for one in operations if one.is_known()]
    unknown = [one for one in operations if not one.is_known()]
    for count in range(len(unknown) + 1):
        for chosen in itertools.combinations(unknown, count):
            for order in itertools.permutations(known + list(chosen)):
                late = any(b.is_known() and b.end < a.begin for at, a in enumerate(order) for b in order[at + 1:])
                state = None if late else model.initial
                for one in order if state else ():
                    state = state and model.step(state, one)
                if state:
                    return True
    return False


def some_history(chance):
    """Five operations around the true course of things, now and then with a wrong answer."""
    operations, facts, view = [], OPENED, "v0"
    for number in range(5):
        name = chance.choice(("acknowledge", "escalate", "release", "extend", "resolve", "read", "read"))
        after = facts if name == "read" else Incident.after(facts, name)
        before = facts
        if after is not None and name != "read":
            facts, view = after, f"v{number + 1}"
        shown = (before, "v0") if name == "read" and chance.random() < 0.2 else (facts, view)
        answer = Answer(409, None, before.state) if after is None else Answer(200, shown[1], shown[0])
        begin, end = number - chance.random() * 2, number + chance.random() * 2
        is_lost = chance.random() < 0.2 and name != "read"
        operations.append(Operation(name, begin, None if is_lost else end, None if is_lost else answer))
    return operations


def as_every_order_says():
    chance, wrong, count = random.Random(8), [], [0, 0]
    for _ in range(RANDOM_HISTORIES):
        operations = some_history(chance)
        found, wanted = history.check(Incident(OPENED, "v0"), operations).holds, by_every_order(operations)
        count[wanted] += 1
        if found != wanted:
            wrong.append((wanted, operations))
    checks.equal(wrong, [], f"{RANDOM_HISTORIES} small histories are judged as by trying every order")
    checks.ok(min(count) > RANDOM_HISTORIES // 10, f"of both sorts there are many: {count[1]} hold, {count[0]} do not", count)


def lies():
    """What the mutations of a right history become is refused; test_history.py does the same to recorded ones."""
    true = [told("escalate", 1, 2, CLIMBING, "v1"), told("read", 3, 4, CLIMBING, "v1"),
            told("acknowledge", 5, 6, CLIMBING._replace(state="ACKNOWLEDGED"), "v2"),
            told("read", 7, 8, CLIMBING._replace(state="ACKNOWLEDGED"), "v2")]
    checks.ok(verdict(*true).holds, "a right history")
    for kind, found in (("stale reads", list(history.stale_reads(true))), ("lost answers", list(history.lost_answers(true))),
                        ("double successes", list(history.double_successes(true, ("acknowledge", "escalate"))))):
        checks.ok(found and not any(verdict(*one).holds for one in found), f"{len(found)} {kind} of it are refused")


def main():
    known_answers()
    unknown_fates()
    meetings()
    as_every_order_says()
    lies()


checks.run(main)
