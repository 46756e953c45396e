"""tests/lib/history.py: whether what clients were told can have happened one after the other (linearizability).

A history is a list of operations on one subject, each with the times at which it was asked and answered. It is linearizable
where every operation can be given one moment between the two, so that the answers, in the order of these moments, are those of
the model. An operation without an answer may have happened at any moment after it was asked, or never. The search is exact:
that of Wing and Gong with Lowe's memory of what was seen (which operations are done, and the state after them).

A model has `initial`, a state that can be hashed, and `step(state, operation)`: the state after it, or None where the answer
cannot be. An operation of unknown fate has no answer; None then means that it would have changed nothing.
"""
import collections
import math

SEEN_MAX = 3_000_000

Answer = collections.namedtuple("Answer", "status view facts")
Verdict = collections.namedtuple("Verdict", "holds order why")


class Operation:
    """`end` and `answer` are None where nobody knows what became of it."""

    def __init__(self, name, begin, end=None, answer=None, **more):
        self.name, self.begin, self.end, self.answer = name, begin, end, answer
        self.client, self.node, self.force = more.get("client"), more.get("node"), more.get("force", False)

    def is_known(self):
        return self.end is not None

    def with_answer(self, answer):
        return Operation(self.name, self.begin, self.end, answer, client=self.client, node=self.node, force=self.force)

    def __repr__(self):
        until = f"{self.end:.4f}" if self.is_known() else "…"
        what = f"{self.answer.status} {self.answer.facts} {self.answer.view}" if self.answer else "unknown"
        return f"[{self.begin:.4f} {until}] client {self.client} node {self.node}: {self.name}{' force' if self.force else ''}: {what}"


class TooLong(Exception):
    """The search was given up: neither yes nor no."""


def _candidates(operations, done, first):
    """Those that may come next: nobody else was answered before they were asked. The earliest answer bounds them."""
    found, bound = [], math.inf
    for at in range(first, len(operations)):
        operation = operations[at]
        if operation.begin > bound:
            break
        if not done >> at & 1:
            found.append(at)
            bound = min(bound, operation.end if operation.is_known() else math.inf)
    return [at for at in found if operations[at].begin <= bound]


def _successors(model, operations, done, state, first):
    """(operation, state after it). One that is known and changes nothing is taken alone: it may as well happen now."""
    found = []
    for at in _candidates(operations, done, first):
        operation = operations[at]
        after = model.step(state, operation)
        if after is None or (after == state and not operation.is_known()):
            continue
        if after == state:
            return [(at, after)]
        found.append((at, after))
    return found


def _order(came_from, at):
    order = []
    while came_from[at] is not None:
        at, operation = came_from[at]
        order.append(operation)
    return order[::-1]


def _why(model, operations, came_from, deepest):
    done, state, first = deepest
    order = [operations[at] for at in _order(came_from, (done, state))]
    lines = ["the longest order that the model allows ends in", f"  {state}", "after", *[f"  {one}" for one in order[-8:]],
             "and none of these can follow"]
    return "\n".join([*lines, *[f"  {operations[at]}" for at in _candidates(operations, done, first)]])


def check(model, operations):
    """A Verdict: whether they are linearizable, an order that shows it, or why not."""
    operations = sorted(operations, key=lambda one: one.begin)
    wanted = sum(1 << at for at, one in enumerate(operations) if one.is_known())
    came_from = {(0, model.initial): None}
    stack, deepest = [(0, model.initial, 0)], (0, model.initial, 0)
    while stack:
        done, state, first = stack.pop()
        if done & wanted == wanted:
            return Verdict(True, [operations[at] for at in _order(came_from, (done, state))], "")
        if bin(done).count("1") > bin(deepest[0]).count("1"):
            deepest = (done, state, first)
        while done >> first & 1:
            first += 1
        for at, after in reversed(_successors(model, operations, done, state, first)):
            key = (done | 1 << at, after)
            if key not in came_from:
                came_from[key] = ((done, state), at)
                stack.append((*key, first))
        if len(came_from) > SEEN_MAX:
            raise TooLong(f"more than {SEEN_MAX} states for {len(operations)} operations")
    return Verdict(False, [], _why(model, operations, came_from, deepest))


# --- Models ---

UNKNOWN = "?"  # The value that an operation without an answer has left: whatever is seen first, if it is new.


def _fits(value, seen, used):
    return value == seen or (value == UNKNOWN and seen is not None and seen not in used)


IncidentFacts = collections.namedtuple("IncidentFacts", "state is_lapsed has_climbed round")
OPEN_STATES = ("OPEN", "ESCALATING", "ACKNOWLEDGED")


class Incident:
    """An incident whose policy has a lease and whose ladder does nothing within the test. A state is (facts, view, used): the
    view is the whole answer as text, so that each write leaves a value of its own; `used` are the views that were in force."""

    def __init__(self, facts, view):
        self.initial = (facts, view, frozenset([view]))

    @staticmethod
    def after(facts, name):
        """The facts after a change; None where it is refused."""
        is_open, is_taken = facts.state in OPEN_STATES, facts.state == "ACKNOWLEDGED"
        if name == "acknowledge" and is_open and not is_taken:
            return facts._replace(state="ACKNOWLEDGED", is_lapsed=False)
        if name == "escalate" and facts.state == "OPEN":
            return facts._replace(state="ESCALATING", has_climbed=True, round=facts.round + 1)
        if name == "resolve" and is_open:
            return facts._replace(state="RESOLVED")
        if name == "cancel" and is_open:
            return facts._replace(state="CANCELLED")
        if name == "release" and is_taken and not facts.is_lapsed and facts.has_climbed:
            return facts._replace(is_lapsed=True, round=facts.round + 1)
        if name == "extend" and is_taken:
            return facts._replace(is_lapsed=False)
        return None

    def step(self, state, operation):
        facts, view, used = state
        answer = operation.answer
        if operation.name == "read":
            is_it = answer is not None and answer.facts == facts and _fits(view, answer.view, used)
            return (facts, answer.view, used | {answer.view}) if is_it else None
        after = self.after(facts, operation.name)
        if answer is None:
            return None if after is None else (after, UNKNOWN, used)
        if answer.status == 200:
            # Two that extend it within a millisecond leave the same.
            is_new = answer.view not in used or answer.view == view
            return (after, answer.view, used | {answer.view}) if is_new and after is not None and answer.facts == after else None
        is_right = after is None and answer.facts in (None, facts.state)
        return state if is_right else None


MeetingFacts = collections.namedtuple("MeetingFacts", "status checkin incident")


class Meeting:
    """A meeting a day ahead: NONE, JOINED or MISSED, the check-in in force and the newest incident, whose ids nobody else ever
    had. A state is (facts, ids that were in use)."""

    initial = (MeetingFacts("NONE", None, None), frozenset())

    @staticmethod
    def _state(facts, used):
        return facts, used | {value for value in (facts.checkin, facts.incident) if value not in (None, UNKNOWN)}

    def _seen(self, facts, used, shown):
        """The state after somebody saw it; None where it cannot have been seen."""
        is_it = shown.status == facts.status and _fits(facts.checkin, shown.checkin, used) and \
            _fits(facts.incident, shown.incident, used)
        return self._state(shown, used) if is_it else None

    def _same(self, facts, used, shown):
        """The same said again tells the check-in in force, and for MISSED the incident; JOINED does not name one."""
        if facts.status == "JOINED":
            shown = shown._replace(incident=facts.incident) if shown.incident is None else shown
        return self._seen(facts, used, shown)

    def _new(self, facts, used, wanted, shown):
        if shown is None:
            return MeetingFacts(wanted, UNKNOWN, UNKNOWN if wanted == "MISSED" else facts.incident), used
        incident = UNKNOWN if wanted == "MISSED" else facts.incident
        return self._seen(MeetingFacts(wanted, UNKNOWN, incident), used, shown)

    def _check_in(self, facts, used, operation):
        answer, wanted = operation.answer, operation.name
        is_refused = wanted == "MISSED" and facts.status == "JOINED" and not operation.force
        if is_refused or (answer is not None and answer.status != 200):
            return (facts, used) if is_refused and answer is not None and answer.status == 409 else None
        if facts.status != wanted:
            return self._new(facts, used, wanted, answer and answer.facts)
        return self._same(facts, used, answer.facts) if answer else None

    def _take_back(self, facts, used, answer):
        after = MeetingFacts("NONE", None, facts.incident)
        if facts.status != "JOINED":
            return (facts, used) if answer is not None and answer.status == 409 else None
        if answer is None:
            return after, used
        return self._seen(after, used, answer.facts) if answer.status == 200 else None

    def step(self, state, operation):
        facts, used = state
        if operation.name == "read":
            return self._seen(facts, used, operation.answer.facts) if operation.answer else None
        if operation.name == "take back":
            return self._take_back(facts, used, operation.answer)
        return self._check_in(facts, used, operation)


# --- Lies: what a history must not become ---

def _changes(operations, names=None):
    found = [one for one in operations if one.answer and one.answer.status == 200 and one.name != "read"]
    return [one for one in found if names is None or one.name in names]


def stale_reads(operations):
    """Histories in which one read gives what was surely replaced before it was asked."""
    changes = _changes(operations)
    for read in (one for one in operations if one.name == "read" and one.answer):
        for old in changes:
            is_replaced = any(old.end < new.begin and new.end < read.begin and new.answer.view != old.answer.view for new in changes)
            if is_replaced and old.answer.view != read.answer.view:
                yield [one.with_answer(old.answer) if one is read else one for one in operations]
                break


def lost_answers(operations):
    """Histories in which a change that somebody has seen was never asked for. Only where every fate is known."""
    if all(one.is_known() for one in operations):
        seen = {one.answer.view for one in operations if one.name == "read"}
        for change in _changes(operations):
            if change.answer.view in seen:
                yield [one for one in operations if one is not change]


def double_successes(operations, names):
    """Histories in which what can happen once was done twice."""
    for change in _changes(operations, names):
        again = change.with_answer(change.answer._replace(view=change.answer.view + " again"))
        again.begin = again.end = change.end
        yield [*operations, again]
