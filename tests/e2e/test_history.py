#!/usr/bin/env python3
"""A history check as Jepsen does it: clients take, give back, extend, escalate, end and read incidents, and check in to meetings
and read them, at three nodes on one PostgreSQL at once, while nodes are killed, stopped for longer than their lease and woken,
their connections to the database are held or severed, and the database is restarted, fast and as by a crash.

  test_history.py                          one run, as script/test does it
  test_history.py --rounds N --seed S      N runs, each with a seed of its own from S on
  test_history.py --seconds N              how long the clients go on in each

Every call is recorded with when it was asked and answered and what was said. For each incident and each meeting there must be
an order of all of them that explains it (tests/lib/history.py); no answer may be missing from the audit trail, whose order must
be one that clients could see; and mutations of the very histories that were recorded must be refused. Requirements N1, N3, I1, C1-C5."""
import argparse
import collections
import datetime
import http.client
import itertools
import json
import pathlib
import random
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import history  # noqa: E402
import live  # noqa: E402
import postgres  # noqa: E402
from history import Answer, IncidentFacts, MeetingFacts, Operation  # noqa: E402
from link import Link  # noqa: E402
from live import ADMIN_KEY, Checks, wait_until  # noqa: E402
from server import Client, PostgresServer, bytes_of, headers_of, run_commands  # noqa: E402

NODES = 3
LEASE = 3
CLIENTS = 8
ACTIVE = 6           # Subjects that are asked about at a time.
CALLS_PER_SUBJECT = 60
PATIENCE = 1.5       # Of a client, in seconds.
RETRY_SECONDS = 8
UNAVAILABLE, FATE_UNKNOWN = 503, 504
INCIDENT_CALLS = ["read"] * 30 + ["acknowledge"] * 16 + ["release"] * 16 + ["extend"] * 16 + ["escalate"] * 12 + ["resolve", "cancel"]
MEETING_CALLS = ["read"] * 30 + ["JOINED"] * 25 + ["MISSED"] * 15 + ["take back"] * 15
POLICY = {"steps": [{"afterSeconds": 36000, "channel": "SMS"}], "acknowledgementLease": {"minutes": 600}}
FAULTS = ["kill", "stop", "hold", "sever", "fast", "immediate", "stop two", "kill and fast", "hold and stop", "none"]
SETTINGS = {"TOCSIN_CLUSTER": "true", "TOCSIN_NODE_LEASE": str(LEASE), "TOCSIN_DATA_KEY": "5" * 64, "LOG_LEVEL": "info"}
checks = Checks()


# --- What clients ask, and what they were told ---

def text_of(value):
    return json.dumps(value, sort_keys=True)


class IncidentSubject:
    calls, noun = INCIDENT_CALLS, "incidents"

    def __init__(self, incident):
        self.id = incident["id"]
        self.model = history.Incident(self.facts(incident), text_of(incident))
        self.operations, self.count = [], 0

    @staticmethod
    def facts(shown):
        return IncidentFacts(shown["state"], "leaseLapsedAt" in shown, "ladderStartedAt" in shown, shown["round"])

    def request(self, name):
        path = f"/api/v1/incidents/{self.id}"
        return ("GET", path, None) if name == "read" else ("POST", f"{path}/{name}", {})

    def answer(self, name, answer):
        if answer.status == 200:
            return Answer(200, text_of(answer.data), self.facts(answer.data))
        return Answer(answer.status, None, answer.body["error"].get("from"))


class MeetingSubject:
    calls, noun = MEETING_CALLS, "meetings"

    def __init__(self, meeting, person):
        self.id, self.person = meeting, person
        self.model = history.Meeting()
        self.operations, self.count = [], 0

    def request(self, name, force=False):
        path = f"/api/v1/meetings/{self.id}"
        if name == "read":
            return "GET", path, None
        if name == "take back":
            return "DELETE", f"{path}/checkin", None
        return "POST", f"{path}/checkin", {"userId": self.person, "status": name, **({"force": True} if force else {})}

    def answer(self, name, answer):
        if answer.status != 200:
            return Answer(answer.status, None, None)
        if name in ("read", "take back"):
            said = answer.data.get("checkin") or {}
            facts = MeetingFacts(said.get("status", "NONE"), said.get("id"), answer.data.get("incidentId"))
        else:
            facts = MeetingFacts(answer.body["status"], answer.body["checkinId"], answer.body.get("incidentId"))
        return Answer(200, text_of(facts), facts)


class Attempt:
    """One request to one node. `kind` is "answered"; "refused" where nothing was done, as 503 promises and as a connection that
    was never made does; or "lost"."""

    def __init__(self, worker, node, request, headers):
        self.begin = time.monotonic()
        self.kind, self.answer = "refused", None
        try:
            client = worker.client_of(node)
            self.kind = "lost"
            method, path, body = request
            content = bytes_of(body)
            self.answer = client.send(method, path, content, headers_of(ADMIN_KEY, content, headers))
            self.kind = {UNAVAILABLE: "refused", FATE_UNKNOWN: "lost"}.get(self.answer.status, "answered")
        except (OSError, http.client.HTTPException):
            worker.forget(node)
        self.end = time.monotonic()


class Worker(threading.Thread):
    """A client: asks one thing after the other, anywhere. About half of what changes something has an Idempotency-Key and is
    asked again until there is an answer, at other nodes: all of that is one operation."""

    def __init__(self, run, number):
        super().__init__(daemon=True)
        self.test, self.number = run, number
        self.chance = random.Random(f"{run.seed} client {number}")
        self.clients, self.keys = {}, itertools.count()
        self.pause = threading.Event()

    def client_of(self, node):
        client = self.clients.get(node.number_here)
        if client is None or client.port != node.port:
            client = Client(node.port, PATIENCE)
        if client.connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=PATIENCE)
            connection.connect()
            client.connection = connection
        self.clients[node.number_here] = client
        return client

    def forget(self, node):
        client = self.clients.pop(node.number_here, None)
        if client:
            client.close()

    def record(self, subject, name, attempt, begin, force):
        more = {"client": self.number, "node": attempt.node_number, "force": force}
        if attempt.kind == "lost":
            if name != "read":
                subject.operations.append(Operation(name, begin, **more))
        elif attempt.answer.status in (200, 409):
            subject.operations.append(Operation(name, begin, attempt.end, subject.answer(name, attempt.answer), **more))
        else:
            self.test.odd.append((name, attempt.answer.status, attempt.answer.text[:300]))

    def attempt(self, subject, name, force, headers):
        node = self.chance.choice(self.test.nodes)
        request = subject.request(name, force) if isinstance(subject, MeetingSubject) else subject.request(name)
        attempt = Attempt(self, node, request, headers)
        attempt.node_number = node.number_here
        self.test.fates[attempt.kind] += 1
        if attempt.kind == "refused":
            self.pause.wait(0.02)
        return attempt

    def ask_once(self, subject, name, force):
        attempt = self.attempt(subject, name, force, {})
        if attempt.kind != "refused":
            self.record(subject, name, attempt, attempt.begin, force)

    def ask_until_answered(self, subject, name, force):
        headers = {"Idempotency-Key": f"{self.test.seed}-{self.number}-{next(self.keys)}"}
        first_lost, until = None, time.monotonic() + RETRY_SECONDS
        while True:
            attempt = self.attempt(subject, name, force, headers)
            if attempt.kind == "lost":
                first_lost = first_lost or attempt
            elif attempt.kind == "answered":
                break
            if time.monotonic() > until or self.test.is_over.is_set():
                break
        is_answered = attempt.kind == "answered"
        if is_answered and attempt.answer.status == 200:
            self.record(subject, name, attempt, first_lost.begin if first_lost else attempt.begin, force)
            return
        # A refusal is not kept: what was lost on the way may still come, besides.
        if is_answered:
            self.record(subject, name, attempt, attempt.begin, force)
        if first_lost:
            self.record(subject, name, first_lost, first_lost.begin, force)

    def run(self):
        while not self.test.is_over.is_set():
            subject = self.test.subject(self.chance)
            name = self.chance.choice(subject.calls)
            force = name == "MISSED" and self.chance.random() < 0.5
            has_key = name not in ("read", "take back") and self.chance.random() < 0.5
            (self.ask_until_answered if has_key else self.ask_once)(subject, name, force)
            self.pause.wait(self.chance.random() * 0.02)


# --- Nodes and what happens to them ---

class Node(PostgresServer):
    def __init__(self, cluster, name, number, url, tcp_url):
        self.number_here, self.link = number, Link(checks, cluster.port)
        super().__init__(checks, name, cluster, store_url=url, **{**SETTINGS, "DATABASE_URL": tcp_url(self.link.port)})
        self.is_held = False


class Run:
    def __init__(self, cluster, seed, seconds):
        self.cluster, self.seed, self.seconds = cluster, seed, seconds
        self.chance = random.Random(f"{seed} faults")
        self.is_over = threading.Event()
        self.turn = threading.Lock()
        self.waiting, self.active, self.odd, self.fates = [], [], [], collections.Counter()
        name = f"h{seed}"
        cluster.create(name)
        self.nodes = [Node(cluster, f"{name}-node{number}", number, cluster.url(name),
                           lambda port: f"postgresql://tocsin@127.0.0.1:{port}/{name}?sslmode=disable") for number in range(NODES)]

    def prepare(self, count):
        first = self.nodes[0].start()
        for node in self.nodes[1:]:
            node.start()
        first.post("/policies", {"name": "slow", **POLICY})
        first.post("/policies", {"name": "missed-meeting", **POLICY})
        person = first.add_user(name="Ada", phone="+14155550100")
        tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
        for number in range(count):
            if number % 3:
                self.waiting.append(IncidentSubject(first.post("/incidents", {"title": f"history {number}", "policy": "slow"})))
                continue
            at = (tomorrow + datetime.timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
            self.waiting.append(MeetingSubject(first.push(person, f"meeting {number}", at), person))
        self.subjects = list(self.waiting)

    def subject(self, chance):
        """One of those that are asked about now; whoever was asked about often enough makes room for another."""
        with self.turn:
            self.active = [one for one in self.active if one.count < CALLS_PER_SUBJECT]
            while self.waiting and len(self.active) < ACTIVE:
                self.active.append(self.waiting.pop())
            subject = chance.choice(self.active or self.subjects)
            subject.count += 1
            return subject

    # --- Faults ---

    def some_nodes(self, count):
        return self.chance.sample(self.nodes, count)

    def wait(self, seconds):
        threading.Event().wait(seconds)

    def stopped(self, nodes, seconds):
        for node in nodes:
            node.signal(signal.SIGSTOP)
        self.wait(seconds)
        for node in nodes:
            node.signal(signal.SIGCONT)

    def strike(self, fault):
        one, other = self.some_nodes(2)
        past_lease = LEASE * (1.2 + self.chance.random() * 0.5)
        if fault.startswith("kill"):
            one.kill()
            self.wait(self.chance.random() * 2)
            if fault == "kill and fast":
                self.cluster.restart("fast")
            one.start()
        elif fault.startswith("stop"):
            self.stopped([one, other] if fault == "stop two" else [one], self.chance.choice((0.7, past_lease)))
        elif fault.startswith("hold"):
            one.link.hold()
            if fault == "hold and stop":
                self.stopped([other], 1)
            self.wait(self.chance.choice((0.7, past_lease)))
            one.link.go_on()
        elif fault == "sever":
            one.link.sever()
            self.wait(self.chance.choice((0.05, 1, past_lease)))
            one.link.mend()
        elif fault != "none":
            self.cluster.restart(fault)

    def storm(self):
        workers = [Worker(self, number) for number in range(CLIENTS)]
        for worker in workers:
            worker.start()
        until, done = time.monotonic() + self.seconds, []
        faults = self.chance.sample(FAULTS, len(FAULTS))
        for fault in itertools.cycle(faults):
            if time.monotonic() > until:
                break
            self.wait(0.3 + self.chance.random() * 1.2)
            done.append(fault)
            self.strike(fault)
        self.is_over.set()
        for worker in workers:
            worker.join(RETRY_SECONDS + PATIENCE * 2)
        # Who reads tries again within two seconds by itself.
        checks.ok(wait_until(lambda: all(node.ask("GET", path).status == 200 for node in self.nodes
                                         for path in ("/readyz", "/api/v1/nodes")), 40),
                  "all nodes are well again", *[node.log()[-600:] for node in self.nodes])
        return done

    def read_at_the_end(self):
        """Each subject once at each node: what is lost shows by then at the latest."""
        worker = Worker(self, "last")
        for subject in self.subjects:
            for node in self.nodes:
                attempt = Attempt(worker, node, subject.request("read"), {})
                attempt.node_number = node.number_here
                if attempt.kind != "answered":
                    self.odd.append(("the last read", node.number_here, attempt.kind))
                else:
                    worker.record(subject, "read", attempt, attempt.begin, False)


# --- What must hold ---

def are_linearizable(run):
    wrong, began, most = [], time.process_time(), 0
    for subject in run.subjects:
        try:
            verdict = history.check(subject.model, subject.operations)
            most = max(most, len(subject.operations))
        except history.TooLong as error:
            verdict = history.Verdict(False, [], f"undecided: {error}")
        if not verdict.holds:
            wrong.append((subject, verdict.why))
    for subject, why in wrong[:2]:
        print(f"# {subject.noun} {subject.id}\n" + "\n".join(f"# {line}" for line in why.splitlines()))
        for one in sorted(subject.operations, key=lambda one: one.begin):
            print(f"#   {one!r}"[:900])
    total = sum(len(subject.operations) for subject in run.subjects)
    checks.equal(len(wrong), 0, f"seed {run.seed}: {total} operations on {len(run.subjects)} subjects (at most {most} on one) are "
                 f"linearizable; judged in {time.process_time() - began:.1f} s")


def audit_of(node, subject):
    """What the trail has of it, oldest first."""
    rows, cursor = [], {}
    while True:
        page = node.get("/audit", subjectId=subject.id, limit=1000, **cursor)
        rows += page["events"]
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    return rows


ACTIONS = {"acknowledge": "INCIDENT_ACKNOWLEDGED", "escalate": "INCIDENT_ESCALATING", "resolve": "INCIDENT_RESOLVED",
           "cancel": "INCIDENT_CANCELLED", "release": "INCIDENT_RELEASED", "extend": "INCIDENT_EXTENDED"}


def out_of_order(subject, rows):
    """Where one was answered before the other was asked, the trail has them in this order. Rows are found by their moment."""
    places = collections.defaultdict(list)
    for row in rows:
        places[row["action"], row["at"]].append(row["seq"])
    told = []
    for one in subject.operations:
        if one.name in ACTIONS and one.answer and one.answer.status == 200:
            found = places[ACTIONS[one.name], json.loads(one.answer.view)["updatedAt"]]
            told += [(one, found[0])] if len(found) == 1 else []
    return [f"the trail has {b!r} before {a!r}" for a, at in told for b, after in told if a.end < b.begin and after <= at]


def incident_is_in_the_trail(subject, rows):
    """Each success has its own row, there are no more rows than may have happened, and their order is one that clients saw."""
    faults = []
    for name, action in ACTIONS.items():
        written = [row["at"] for row in rows if row["action"] == action]
        told = [one for one in subject.operations if one.name == name and one.answer and one.answer.status == 200]
        unknown = sum(one.name == name and not one.is_known() for one in subject.operations)
        if not len(told) <= len(written) <= len(told) + unknown:
            faults.append(f"{name}: {len(told)} successes and {unknown} unknown, {len(written)} in the trail")
        missing = collections.Counter(json.loads(one.answer.view)["updatedAt"] for one in told) - collections.Counter(written)
        if missing:
            faults.append(f"{name}: not in the trail: {dict(missing)}")
    states = [(row.get("before"), row.get("after")) for row in rows if row["action"] in ACTIONS.values()]
    faults += out_of_order(subject, rows)
    faults += [f"the trail has {a} and then {b}" for a, b in zip(states, states[1:]) if a[1] != b[0]]
    return faults


def meeting_is_in_the_trail(subject, rows):
    changes = [(row.get("before") or "NONE", row.get("after")) for row in rows if row["action"] in ("CHECKIN", "CHECKIN_TAKEN_BACK")]
    faults = [f"the trail has {a} and then {b}" for a, b in zip(changes, changes[1:]) if a[1] != b[0]]
    told = {(one.name, one.answer.facts.checkin) for one in subject.operations
            if one.answer and one.answer.status == 200 and one.name in ("JOINED", "MISSED")}
    for status in ("JOINED", "MISSED"):
        new = sum(name == status for name, _ in told)
        unknown = sum(one.name == status and not one.is_known() for one in subject.operations)
        written = sum(after == status for _, after in changes)
        if not new <= written <= new + unknown:
            faults.append(f"{status}: {new} check-ins were told, {unknown} unknown, {written} in the trail")
    return faults


def no_answer_is_lost(run):
    wrong = []
    for subject in run.subjects:
        rows = audit_of(run.nodes[subject.count % NODES], subject)
        judge = incident_is_in_the_trail if isinstance(subject, IncidentSubject) else meeting_is_in_the_trail
        wrong += [(subject.id, fault) for fault in judge(subject, rows)]
    checks.equal(wrong[:5], [], f"seed {run.seed}: every answer is in the audit trail, and no more than may have happened")


def lies_are_refused(run):
    """The recorded histories, made wrong."""
    chance, count, believed = random.Random(run.seed), collections.Counter(), []
    subjects = [one for one in run.subjects if isinstance(one, IncidentSubject)]
    for subject in subjects:
        kinds = (("stale read", history.stale_reads(subject.operations)), ("lost answer", history.lost_answers(subject.operations)),
                 ("double success", history.double_successes(subject.operations, ("acknowledge", "escalate", "resolve", "cancel"))))
        for kind, lies in kinds:
            lies = list(lies)
            for lie in chance.sample(lies, min(3, len(lies))):
                count[kind] += 1
                if history.check(subject.model, lie).holds:
                    believed.append((subject.id, kind))
    checks.ok(len(count) == 3 and not believed, f"seed {run.seed}: mutations of what was recorded are refused: {dict(count)}", believed)


def is_sound_otherwise(run):
    both = ("SELECT count(*) FROM meetings m JOIN incidents i ON i.meeting_id=m.id WHERE m.checkin_status='JOINED' "
            "AND i.state IN ('OPEN', 'ESCALATING', 'ACKNOWLEDGED')")
    checks.equal(run.nodes[0].query(both), [(0,)], "nobody has joined a meeting whose incident is open (C2)")
    for node in run.nodes:
        checks.equal(node.stop()[0], 0, "a node stops well")
    command = run_commands(checks, f"after{run.seed}", **{**SETTINGS, "DATABASE_URL": run.nodes[0].store_url})
    for words in (("audit", "verify"), ("verify",)):
        code, out, errors = command(*words)
        checks.ok(code == 0, f"{' '.join(words)}: {out.strip().splitlines()[-1:]}", out, errors)
    for node in run.nodes:
        node.check_logs(checks)


def go(cluster, seed, seconds):
    run = Run(cluster, seed, seconds)
    run.prepare(max(24, int(seconds * 2.5)))
    done = run.storm()
    run.read_at_the_end()
    unknown = sum(not one.is_known() for subject in run.subjects for one in subject.operations)
    print(f"# seed {seed}: {', '.join(done)}\n# {dict(run.fates)}; {unknown} operations of unknown fate", flush=True)
    checks.equal(run.odd[:5], [], f"seed {seed}: no strange answer")
    checks.ok(run.fates["answered"] > seconds * 10 and unknown, f"seed {seed}: much was answered, and some was not", dict(run.fates))
    are_linearizable(run)
    no_answer_is_lost(run)
    lies_are_refused(run)
    is_sound_otherwise(run)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30)
    given = parser.parse_args()
    if postgres.missing():
        live.skip(postgres.missing())
    with postgres.Cluster(address="127.0.0.1") as cluster:
        for seed in range(given.seed, given.seed + given.rounds):
            go(cluster, seed, given.seconds)


checks.run(main)
