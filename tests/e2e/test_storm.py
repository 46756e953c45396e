#!/usr/bin/env python3
"""A storm of incidents while the server is killed again and again: `tocsin verify` accounts for every step of every ladder.

The real clock. Reporters open incidents and acknowledge a third of them over connections that they keep, and try again until they
are answered; kill -9 strikes at seeded points of what they and the mock carrier have done so far. At the end what clients were
told, the store's own account and the carrier's record must agree. A seed may be given as the only argument."""
import collections
import heapq
import http.client
import itertools
import json
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ADMIN_KEY, Checks, wait_until  # noqa: E402
from server import Client, Server, bytes_of, headers_of, run_commands  # noqa: E402

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 4711
PEOPLE = 200
INCIDENTS = 1000
ACKNOWLEDGED = INCIDENTS // 3
REPORTERS = 6
PAUSE_SECONDS = 0.02  # Between two requests of one reporter, so that ladders climb while others are opened.
KILLS_OPENING = 6
KILLS_CLIMBING = 5
CUT_EVERY = 3  # Of so many starts one is cut short first.
STEPS = [{"afterSeconds": 1, "channel": channel} for channel in ("EMAIL", "MESSAGE", "CALL")]
GRACE_SECONDS = 1.0  # How long after the answer to an acknowledgement something may still go out.
checks = Checks()


class Storm:
    """What the clients were told, and how far they are."""

    def __init__(self, server, people):
        self.server, self.people = server, people
        chance = random.Random(f"{SEED} acknowledgements")
        self.delays = {number: chance.uniform(0, 3.5) for number in chance.sample(range(INCIDENTS), ACKNOWLEDGED)}
        self.numbers = itertools.count()
        self.news = threading.Condition()
        self.created = {}  # Number to id: answered with 201.
        self.joined = {}  # Number to id: answered with 200, because the one before had no answer and was kept.
        self.taken = {}  # Id to the moment by which the acknowledgement was answered.
        self.odd = []
        self.unanswered = 0

    def note(self, store, key, value):
        with self.news:
            store[key] = value
            self.news.notify_all()

    def opened(self):
        return len(self.created) + len(self.joined)

    def wait_opened(self, count, seconds=30):
        with self.news:
            return self.news.wait_for(lambda: self.opened() >= count, seconds)


class Reporter(threading.Thread):
    """Opens incidents until there are enough, and acknowledges the chosen ones of its own when their moment has come."""

    def __init__(self, storm):
        super().__init__(daemon=True)
        self.storm = storm
        self.client = Client(storm.server.port, 10)
        self.later = []
        self.pause = threading.Event()

    def send(self, path, body):
        """The answer, however often the server dies meanwhile."""
        content = bytes_of(body)
        while True:
            self.client.port = self.storm.server.port
            try:
                return self.client.send("POST", path, content, headers_of(ADMIN_KEY, content))
            except (OSError, http.client.HTTPException):
                self.storm.unanswered += 1
                self.pause.wait(PAUSE_SECONDS)

    def open_one(self, number):
        storm = self.storm
        body = {"title": f"storm {number}", "userId": storm.people[number % PEOPLE], "policy": "storm",
                "dedupKey": f"storm-{number}", "escalate": True}
        answer = self.send("/api/v1/incidents", body)
        if answer.status not in (200, 201):
            storm.odd.append((number, answer.status, answer.text[:200]))
            return
        incident = answer.data["id"]
        storm.note(storm.created if answer.status == 201 else storm.joined, number, incident)
        if number in storm.delays:
            heapq.heappush(self.later, (time.monotonic() + storm.delays[number], incident))

    def acknowledge(self, incident):
        """Refused because it is acknowledged: the one before was kept, though its answer never came."""
        answer = self.send(f"/api/v1/incidents/{incident}/acknowledge", {})
        was_kept = answer.status == 409 and (answer.body.get("error") or {}).get("from") == "ACKNOWLEDGED"
        if answer.status == 200 or was_kept:
            self.storm.note(self.storm.taken, incident, time.time())
        else:
            self.storm.odd.append((incident, answer.status, answer.text[:200]))

    def run(self):
        number = next(self.storm.numbers)
        while number < INCIDENTS or self.later:
            if self.later and self.later[0][0] <= time.monotonic():
                self.acknowledge(heapq.heappop(self.later)[1])
            elif number < INCIDENTS:
                self.open_one(number)
                number = next(self.storm.numbers)
            self.pause.wait(PAUSE_SECONDS)
        self.client.close()


def sends(server):
    """The carrier's record: (attempt, seconds) of each send that it accepted."""
    path = server.database().with_name("tocsin.db.mock")
    if not path.exists():
        return []
    fields = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [(line[5], int(line[2]) / 1e6) for line in fields if len(line) == 12 and line[1] == "send"]


def strike(server, number):
    """Kills it and starts it again; some starts are cut short too, as soon as they say their first word."""
    server.kill()
    kills = 1
    if number % CUT_EVERY == CUT_EVERY - 1:
        said = len(server.lines)
        server.spawn()
        server.wait_log(".", skipping=said)
        server.kill()
        kills += 1
    server.start()
    return kills


def kill_again_and_again(server, storm):
    """By what has been opened, and then by what has gone out: the same points of the storm for the same seed."""
    chance = random.Random(f"{SEED} kills")
    kills = 0
    for number, point in enumerate(sorted(chance.sample(range(INCIDENTS // 20, INCIDENTS - INCIDENTS // 20), KILLS_OPENING))):
        storm.wait_opened(point)
        kills += strike(server, number)
    storm.wait_opened(INCIDENTS)
    climbing = 0
    for number in range(KILLS_CLIMBING):
        point = len(sends(server)) + chance.randint(10, 80)
        wait_until(lambda: len(sends(server)) >= point or is_settled(server), 5)
        climbing += not is_settled(server)
        kills += strike(server, number)
    checks.ok(kills >= 8, f"killed {kills} times, {KILLS_OPENING} times and more while incidents were opened, "
                          f"{climbing} of the rest while ladders climbed")


def is_settled(server):
    """No step waits, nothing is on its way, and every ladder that nobody stopped has run out."""
    steps = server.query("SELECT count(*) FROM steps WHERE status='PENDING'")[0][0]
    messages = server.query("SELECT count(*) FROM messages WHERE state IN ('QUEUED', 'SENDING', 'SENT')")[0][0]
    climbing = server.query("SELECT count(*) FROM incidents WHERE state='ESCALATING' AND exhausted_at IS NULL")[0][0]
    return steps == 0 and messages == 0 and climbing == 0


def all_of(server, path, name):
    """Every page of a list."""
    found, cursor = {}, {}
    while True:
        page = server.get(path, limit=1000, **cursor)
        found.update({one["id"]: one for one in page[name]})
        if "cursor" not in page:
            return found
        cursor = {"cursor": page["cursor"]}


def what_was_answered_is_there(server, storm):
    incidents = all_of(server, "/incidents", "incidents")
    told = {**storm.created, **storm.joined}
    print(f"# {len(storm.created)} answered with 201, {len(storm.joined)} kept without an answer, {storm.unanswered} requests lost")
    checks.equal(storm.odd, [], "no request was refused")
    checks.equal(sorted(set(storm.created.values()) - set(incidents)), [],
                 f"all {len(storm.created)} incidents that were answered with 201 exist")
    checks.equal(sorted(told), list(range(INCIDENTS)), f"all {INCIDENTS} were answered in the end")
    checks.equal(len(incidents), INCIDENTS, "and no report made two")
    wrong = [number for number, incident in told.items() if incidents.get(incident, {}).get("dedupKey") != f"storm-{number}"]
    checks.equal(wrong, [], "each is the one that was reported")
    states = collections.Counter(one["state"] for one in incidents.values())
    checks.equal(dict(states), {"ACKNOWLEDGED": ACKNOWLEDGED, "ESCALATING": INCIDENTS - ACKNOWLEDGED}, "a third is acknowledged")
    untaken = [id for id in storm.taken if incidents[id]["state"] != "ACKNOWLEDGED"]
    checks.equal((untaken, len(storm.taken)), ([], ACKNOWLEDGED), "namely what was answered as such")
    ladders = server.query("SELECT count(*) FROM (SELECT incident_id FROM steps GROUP BY incident_id HAVING count(*)=?)", len(STEPS))
    checks.equal(ladders[0][0], INCIDENTS, "every incident has its whole ladder, and has it once")


def every_step_is_accounted_for(server, account, source):
    group = next(one for one in account["groups"] if one["kind"] == "STEP")
    parts = {name: group[name] for name in ("onTime", "late", "skipped", "cancelled", "failed", "underWay")}
    print(f"# {source}: {group['due']} due: {parts}, {group['lost']} lost, {account['repeatedAfterUnknown']} repeated, "
          f"{group['lateMaxMs']} ms late at most; skipped because {account['skippedBecause']}")
    checks.equal(group["due"], INCIDENTS * len(STEPS), f"{source}: all {INCIDENTS * len(STEPS)} steps were due")
    checks.equal((account["lost"], group["lost"], account["isWhole"]), (0, 0, True), f"{source}: none is lost")
    checks.equal(sum(parts.values()), group["due"], f"{source}: what became of them adds up")
    checks.equal((group["underWay"], group["failed"]), (0, 0), f"{source}: none is under way, and none failed")
    checks.equal(account["quarantined"], 0, f"{source}: no timer was given up")
    return group


def both_accounts(server):
    told = every_step_is_accounted_for(server, server.get("/verify"), "GET /verify")
    code, out, err = run_commands(checks, "storm-verify", **server.settings)("verify", "--json")
    if checks.equal(code, 0, "tocsin verify ends with 0", out, err):
        checks.equal(every_step_is_accounted_for(server, json.loads(out), "tocsin verify"), told, "both accounts are the same")
    return told


def the_wire_agrees(server, storm, group):
    """The carrier's record against the store and against what the clients were told."""
    messages = all_of(server, "/messages", "messages")
    record = sends(server)
    accepted = collections.Counter(attempt for attempt, _ in record)
    checks.equal([one for one in accepted if one not in messages], [], f"all {len(record)} sends of the carrier's record are known")
    repeats = {one["stepId"] for one in messages.values() if one["repeatAfterUnknown"] and one.get("stepId")}
    rung = collections.Counter((messages[one]["stepId"], messages[one].get("userId"), messages[one]["target"])
                               for one, _ in record if messages[one].get("stepId"))
    twice = [key for key, count in rung.items() if count > (2 if key[0] in repeats else 1)]
    checks.equal(twice, [], f"no step was put on the wire twice to one person; {len(repeats)} repeats are marked as such")
    out = {key[0] for key in rung}
    executed = {one["stepId"] for one in messages.values() if one.get("stepId") and one.get("sentAt")}
    checks.equal((sorted(executed - out), len(executed)), ([], group["onTime"] + group["late"]),
                 "whatever the account calls on time or late went out")
    overtaken = [messages[one] for one, _ in record if messages[one].get("stepId") not in executed]
    strange = [one for one in overtaken if one["state"] != "CANCELLED" or one["subjectId"] not in storm.taken]
    checks.equal(strange, [], f"what else went out was on its way when its incident was acknowledged: {len(overtaken)}")
    after = [(at - storm.taken[messages[one]["subjectId"]], one) for one, at in record
             if messages[one]["subjectId"] in storm.taken]
    late = [entry for entry in after if entry[0] > GRACE_SECONDS]
    checks.equal(late, [], f"nothing went out later than {GRACE_SECONDS:.0f} s after an acknowledgement was answered")
    print(f"# the last send was {max(after, default=(0,))[0] * 1000:.0f} ms after an answer (negative: before)")


def main():
    print(f"# seed {SEED}", flush=True)
    server = Server(checks, "storm", LOG_LEVEL="info", EMAIL_PROVIDER="mock").start()
    people = [server.add_user(name=f"Person {number}", email=f"p{number}@example.org", phone=f"+346004{number:05d}")
              for number in range(PEOPLE)]
    server.post("/policies", {"name": "storm", "steps": STEPS})
    storm = Storm(server, people)
    reporters = [Reporter(storm) for _ in range(REPORTERS)]
    began = time.monotonic()
    for reporter in reporters:
        reporter.start()
    kill_again_and_again(server, storm)
    for reporter in reporters:
        reporter.join(20)
    checks.ok(wait_until(lambda: is_settled(server), 30), "the storm comes to rest", server.log()[-1500:])
    print(f"# {time.monotonic() - began:.1f} s of storm")
    what_was_answered_is_there(server, storm)
    the_wire_agrees(server, storm, both_accounts(server))
    checks.equal(server.stop()[0], 0, "it stops well")
    whole = run_commands(checks, "storm-audit", **server.settings)("audit", "verify")
    checks.ok(whole[0] == 0, f"audit verify: {whole[1].strip()}", whole)
    errors = [line for line in server.log().splitlines() if " error [" in line and "ESCALATION_EXHAUSTED" not in line]
    checks.equal(errors[:20], [], "nothing was logged as an error, but that ladders ran out")
    server.check_logs(checks)


checks.run(main)
