#!/usr/bin/env python3
"""kill -9 at any moment, again and again, while stages are due and meetings are pushed: nothing lost, nothing twice.

The real clock. Three truths are compared at the end: what clients were told, the store, and the mock carrier's own record, which
it writes before it answers. Requirements A1, A3, K2, K4, D5, E5, Q3."""
import collections
import datetime
import http.client
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ADMIN_KEY, Checks, wait_until  # noqa: E402
from server import Client, Server, bytes_of, headers_of, run_commands  # noqa: E402

KILLS = 14
PUSHERS = 3
BIRTHS = 25
MEETINGS = 300
SPREAD_SECONDS = 20  # Over which the calls fall due.
checks = Checks()


def moment(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Pusher(threading.Thread):
    """Pushes meetings whose calls are due soon, through every restart; what was acknowledged stands in `taken`."""

    def __init__(self, server, users, name):
        super().__init__(daemon=True)
        self.server, self.users, self.name = server, users, name
        self.taken, self.unknown, self.odd = [], [], []
        self.is_over = threading.Event()
        self.random = random.Random(name)

    def run(self):
        client, number = Client(self.server.port, 5), 0
        while not self.is_over.is_set():
            number += 1
            event, user = f"{self.name}-{number}", self.random.choice(self.users)
            body = {"userId": user, "events": [{"externalId": event, "title": event,
                                                "startsAt": moment(120 + self.random.uniform(0.2, 6))}]}
            client.port = self.server.port
            try:
                answer = client.send("POST", "/calendar/sync", bytes_of(body), headers_of(ADMIN_KEY, b""))
            except (OSError, http.client.HTTPException):
                self.unknown.append(event)
                self.is_over.wait(0.02)
                continue
            if answer.status == 200 and answer.body["created"] == 1:
                self.taken.append(event)
            else:
                self.odd.append((event, answer.status, answer.text[:200]))
            self.is_over.wait(0.03)


def push_many(server, users):
    chance = random.Random(2)
    events = {user: [] for user in users}
    for number in range(MEETINGS):
        events[users[number % len(users)]].append({"externalId": f"first-{number}", "title": f"first {number}",
                                                   "startsAt": moment(121 + chance.uniform(0, SPREAD_SECONDS))})
    for user, theirs in events.items():
        answer = server.sync(user, events=theirs)
        if answer.body.get("created") != len(theirs):
            raise AssertionError(answer.text)


def kill_again_and_again(server):
    """At random moments, some of them while it is starting."""
    chance = random.Random(3)
    ready_seconds = []
    for number in range(KILLS):
        threading.Event().wait(chance.choice((0.0, 0.01, 0.05, 0.2, 0.5, 0.9, 1.4, 1.8)) + chance.random() / 20)
        server.kill()
        began = time.monotonic()
        server.start()
        ready_seconds.append(time.monotonic() - began)
    checks.ok(len(ready_seconds) == KILLS, f"killed {KILLS} times and started again, ready after {max(ready_seconds):.2f} s at most")


def is_settled(server):
    """Nothing is due, on its way or undecided any more."""
    now = int(time.time() * 1000)
    open_alerts = server.query("SELECT count(*) FROM alerts WHERE status='SENDING' OR (status='PENDING' AND due_at<?)", now)[0][0]
    on_the_way = server.query("SELECT count(*) FROM messages WHERE state IN ('QUEUED', 'SENDING', 'SENT')")[0][0]
    return open_alerts == 0 and on_the_way == 0


def acknowledged_is_there(server, pushers):
    stored = collections.Counter(name for name, in server.query("SELECT external_id FROM meetings"))
    taken = [event for pusher in pushers for event in pusher.taken]
    unknown = [event for pusher in pushers for event in pusher.unknown]
    checks.equal([event for event in taken if event not in stored], [], f"all {len(taken)} acknowledged meetings are stored")
    checks.equal([event for pusher in pushers for event in pusher.odd], [], "no request was refused")
    checks.equal(sum(name.startswith("first-") for name in stored), MEETINGS, f"so are the {MEETINGS} of the beginning")
    checks.equal([name for name, count in stored.items() if count > 1], [], "none is there twice")
    kept = sum(event in stored for event in unknown)
    print(f"# {len(taken)} acknowledged; of {len(unknown)} without an answer {kept} were kept")
    halves = server.query("SELECT count(*) FROM meetings m WHERE (SELECT count(*) FROM alerts a WHERE a.meeting_id=m.id)<>3")[0][0]
    checks.equal(halves, 0, "no meeting has half a plan")


def every_stage_is_accounted_for(server):
    states = server.query("SELECT stage, status, reason, count(*) FROM alerts GROUP BY 1, 2, 3 ORDER BY 1")
    print(f"# stages: {states}")
    undecided = [row for row in states if row[1] not in ("DELIVERED", "SKIPPED")]
    checks.equal(undecided, [], "every stage is DELIVERED or SKIPPED")
    reasonless = [row for row in states if row[1] == "SKIPPED" and not row[2]]
    checks.equal(reasonless, [], "and whatever was skipped says why")
    delivered = sum(row[3] for row in states if row[:2] == (3, "DELIVERED"))
    total = sum(row[3] for row in states if row[0] == 3)
    checks.ok(delivered == total, f"all {total} calls went out, since the server was never away for two minutes",
              [row for row in states if row[0] == 3])
    late = server.query("SELECT sent_at-due_at FROM alerts WHERE stage=3 AND status='DELIVERED' ORDER BY 1")
    print(f"# calls: median {late[len(late) // 2][0]} ms late, at most {late[-1][0]} ms (the server was away for some of it)")


def nothing_went_out_twice(server):
    """The carrier's record against the store."""
    sends = server.sends()
    accepted = collections.Counter(attempt for attempt, _ in sends)
    messages = {}
    cursor = {}
    while True:
        page = server.get("/messages", limit=1000, **cursor)
        messages.update({one["id"]: one for one in page["messages"]})
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    checks.equal(len(messages), server.query("SELECT count(*) FROM messages")[0][0], "the API lists every message")
    twice = [attempt for attempt, count in accepted.items() if count > 1 and not messages.get(attempt, {}).get("repeatAfterUnknown")]
    checks.equal(twice, [], f"the carrier took none of its {len(accepted)} attempts twice")
    strange = [attempt for attempt in accepted if attempt not in messages]
    checks.equal(strange, [], "and none that the store does not know")
    sent = {id for id, one in messages.items() if one["state"] in ("SENT", "DELIVERED", "ANSWERED")}
    checks.equal(sorted(sent - set(accepted)), [], "whatever the store calls sent, the carrier took")
    checks.equal(sorted(set(accepted) - sent), [], "whatever the carrier took, the store calls sent")
    pages = collections.Counter(one["stepId"] for id, one in messages.items() if id in accepted)
    repeats = {one["stepId"] for one in messages.values() if one["repeatAfterUnknown"]}
    checks.equal([step for step, count in pages.items() if count > 1 and step not in repeats], [], "no stage rang twice")
    calls = server.query("SELECT count(*) FROM call_slots GROUP BY meeting_id, user_id, target HAVING count(*)>2")
    checks.equal(calls, [], "no meeting has more than two calls to one person")


def killed_while_it_is_born():
    """The first start makes a key file, a database and its schema: cut short anywhere, the next one finishes it."""
    for number in range(BIRTHS):
        server = Server(checks, f"birth-{number}")
        server.spawn()
        threading.Event().wait(number * 0.0015)
        server.kill()
        try:
            server.start()
            fine = server.ask("POST", "/api/v1/users", {"name": "Ada", "phone": "+34600199999"}).status == 201
        except AssertionError as error:
            fine = False
            print(f"# {error}")
        if not fine or number == BIRTHS - 1:
            checks.ok(fine, f"killed {number * 1.5:.1f} ms after its first start it starts all the same" if not fine else
                      f"killed at {BIRTHS} moments of its first start it starts all the same", server.log()[-500:])
            server.check_logs(checks, "the logs of the births")
        server.end()


def survives_a_torn_record(server):
    """The last line of the carrier's record was cut by a crash: it is passed over, and the next one is whole."""
    record = server.database().with_name("tocsin.db.mock")
    with open(record, "ab") as file:
        file.write(b"mock1\tsend\t17676")
    server.start()
    user = server.add_user(name="Torn", phone="+34600200000")
    server.push(user, "torn", moment(121))
    for _ in range(2):
        sent = wait_until(lambda: {one["state"] for one in server.messages(userId=user)} == {"DELIVERED", "ANSWERED"}, 15)
        ids = [one["id"] for one in server.messages(userId=user)]
        known = [attempt for attempt, _ in server.sends()]
        checks.ok(sent and len(ids) == 2 and all(one in known for one in ids), "a torn record takes no other line with it",
                  server.messages(userId=user), record.read_bytes()[-600:])
        server.restart()
    checks.equal(server.stop()[0], 0, "it stops well again")


def main():
    killed_while_it_is_born()
    server = Server(checks, "kill", LOG_LEVEL="info").start()
    users = [server.add_user(name=f"Person {number}", email=f"p{number}@example.org", phone=f"+346003{number:05d}")
             for number in range(10)]
    push_many(server, users)
    pushers = [Pusher(server, users, f"p{number}") for number in range(PUSHERS)]
    for pusher in pushers:
        pusher.start()
    kill_again_and_again(server)
    for pusher in pushers:
        pusher.is_over.set()
        pusher.join(10)
    checks.ok(wait_until(lambda: is_settled(server), 60), "it comes to rest", server.log()[-1500:])
    acknowledged_is_there(server, pushers)
    every_stage_is_accounted_for(server)
    nothing_went_out_twice(server)
    checks.equal(server.query("SELECT count(*) FROM timers WHERE state='FAILED'")[0][0], 0, "no timer was given up")
    checks.equal(server.ask("GET", "/health", key=None).status, 200, "it is well")
    checks.equal(server.stop()[0], 0, "it stops well")
    whole = run_commands(checks, "kill-audit", TOCSIN_DATA_DIR=str(server.folder))("audit", "verify")
    checks.ok(whole[0] == 0, f"audit verify: {whole[1].strip()}", whole)
    problem = server.query("PRAGMA integrity_check")[0][0]
    checks.equal(problem, "ok", "the database is whole")
    recovered = [line for line in server.log().splitlines() if "[RECOVERY]" in line]
    checks.ok(len(recovered) > KILLS, "each start says what it recovered", recovered[-3:])
    print(f"# recovered: {[line.split('[RECOVERY] ')[1] for line in recovered if 'still to be sent' in line]}")
    errors = [line for line in server.log().splitlines() if " error [" in line]
    checks.equal(errors, [], "and nothing was logged as an error")
    survives_a_torn_record(server)
    server.check_logs(checks)


if __name__ == "__main__":
    checks.run(main)
