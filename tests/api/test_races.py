#!/usr/bin/env python3
"""Scheduled calls that many change at once, on the real clock, killed in the middle: pause, resume, cancel, drain, clean, retry,
reschedule, campaigns, the do-not-call list, while calls fall due and ring. Then every counter is what a recount says, no occurrence
is there twice, and nothing that was cancelled leaves. And what a start shows of many calls while it reads them.
Requirements S3, S4, S6, S9, S10, Q1-Q3."""
import datetime
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks, free_ports, wait_until  # noqa: E402
from server import Server  # noqa: E402

PEOPLE, REQUESTS, KILLED_AFTER = 5, 260, 120
MANY, DUE_OF_MANY, AT_ONCE = 40000, 20000, 10000
checks = Checks()


def soon(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


class World:
    def __init__(self, server):
        self.server = server
        self.agents = [server.post("/agents", {"name": f"Agent {number}", "script": "Hello."})["id"] for number in range(3)]
        self.campaigns = [server.post("/scheduling/campaigns", {"name": f"C{number}", "agentId": self.agents[0], "userId": "u1"})["id"]
                          for number in range(4)]
        self.calls, self.asked, self.odd, self.is_down = [], 0, [], False

    def number(self, rng):
        return f"+1415555{rng.randrange(10000):04d}"

    def a_call(self, rng, **members):
        return {"phoneNumber": self.number(rng), "scheduledFor": soon(rng.uniform(0.1, 2)), "respectBusinessHours": False, **members}

    def any_request(self, rng):
        """(method, path, body), weighed: most of it makes or changes calls."""
        call, campaign = rng.choice(self.calls[-150:] or ["x"]), rng.choice(self.campaigns)
        single = {"agentId": rng.choice(self.agents), "userId": "u1"}
        word = rng.choice(("pause", "resume"))
        choices = (
            (30, "/scheduling/schedule", self.a_call(rng, **single)),
            (10, "/scheduling/schedule", self.a_call(rng, **single, recurring={"rrule": "FREQ=MINUTELY"})),
            (8, "/scheduling/bulk", {"campaignId": campaign, "calls": [self.a_call(rng) for _ in range(15)]}),
            (14, f"/scheduling/{call}/cancel", {"userId": "u1", "onlyThis": rng.random() < 0.5}),
            (10, f"/scheduling/{call}/reschedule", {"userId": "u1", "scheduledFor": soon(rng.uniform(0.1, 90))}),
            (8, f"/queue/jobs/{call}/retry", None), (4, f"/queue/SCHEDULED_CALL/{word}", None),
            (1, f"/queue/SCHEDULED_CALL/{rng.choice(('drain', 'clean'))}", None), (6, f"/scheduling/campaigns/{campaign}/{word}", None),
            (3, "/do-not-call", {"phoneNumber": self.number(rng)}),
            (4, "/mock/answers", {"phone": self.number(rng), "channel": "CALL", "do": rng.choice(("busy", "refuse 503", "press 1"))}),
        )
        return rng.choices([choice[1:] for choice in choices], [choice[0] for choice in choices])[0]

    def person(self, seed):
        rng = random.Random(seed)
        for _ in range(REQUESTS):
            path, body = self.any_request(rng)
            try:
                answer = self.server.ask("POST", f"/api/v1{path}", body)
            except OSError:
                if not self.is_down:
                    self.odd.append((path, "no answer"))
                return
            self.asked += 1
            if answer.status not in (200, 201, 400, 404, 409):
                self.odd.append((path, answer.status, answer.text[:200]))
            if answer.status == 201 and path == "/scheduling/schedule":
                self.calls.append(answer.data["scheduledCallId"])
            elif answer.status == 201 and path == "/scheduling/bulk":
                self.calls += [one["scheduledCallId"] for one in answer.data["results"] if one["success"]]

    def all_at_once(self, seed, kills):
        people = [threading.Thread(target=self.person, args=(seed + number,)) for number in range(PEOPLE)]
        self.asked = 0
        for one in people:
            one.start()
        if kills:
            wait_until(lambda: self.asked >= KILLED_AFTER)
            self.is_down = True
            self.server.kill()
        for one in people:
            one.join()

    def counters_agree(self, text):
        found = self.server.get("/verify")
        checks.equal([found[name] for name in ("countersWrong", "lost", "quarantined")], [0, 0, 0], f"{text}: the counters are what a recount says")
        rows = dict(self.server.query("SELECT status, count(*) FROM scheduled_calls GROUP BY status"))
        return rows


def many_at_once():
    server = Server(checks, "races").start()
    world = World(server)
    for turn, kills in enumerate((False, True, True, False)):
        world.all_at_once(100 * turn, kills)
        if kills:
            server.start()
            world.is_down = False
        world.counters_agree(f"turn {turn}{', killed and started again' if kills else ''}")
    server.ask("POST", "/api/v1/queue/SCHEDULED_CALL/resume")
    for campaign in world.campaigns:
        server.ask("POST", f"/api/v1/scheduling/campaigns/{campaign}/resume")
    server.post("/queue/SCHEDULED_CALL/drain")
    checks.ok(wait_until(lambda: (lambda now: now["pending"] == now["processing"] == 0)(server.get("/scheduling/stats")["scheduler"]), 60),
              "it comes to rest", server.get("/scheduling/stats"))
    rows = world.counters_agree("at rest")
    stats = server.get("/scheduling/stats")["scheduler"]
    checks.equal({status: stats[status] for status in rows}, rows, f"stats of {sum(rows.values())} calls are those of the rows")
    # Whether one failed is up to when it was killed.
    checks.equal(set(rows) | {"failed"}, {"cancelled", "completed", "failed"}, "and each has come to an end")
    checks.equal(world.odd, [], "no request had an answer that it should not have")
    twice = server.query("SELECT parent_id, occurrence_number FROM scheduled_calls WHERE parent_id IS NOT NULL GROUP BY 1, 2 HAVING count(*)>1")
    checks.equal(twice, [], "no occurrence is there twice")
    left = server.query("SELECT count(*) FROM scheduled_calls c JOIN messages m ON m.subject_id=c.id WHERE c.status='cancelled'")[0][0]
    checks.equal(left, 0, "nothing that was cancelled has left")
    ends = server.query("SELECT subject_id FROM audit_events WHERE action='CALL_CANCELLED' GROUP BY subject_id HAVING count(*)>1")
    checks.equal(ends, [], "none was cancelled twice")
    errors = [line for line in server.log().splitlines() if " error [" in line]
    checks.equal(errors, [], "and nothing was logged as an error")
    checks.equal(server.stop()[0], 0, "it stops well")


def seen_while_it_starts():
    """From the first answer on the numbers are those of before: nobody sees a queue that is half read."""
    server = Server(checks, "starts", TOCSIN_LISTEN=f"127.0.0.1:{free_ports(1)[0]}").start()
    world = World(server)
    slow = server.post("/scheduling/campaigns", {"name": "slow", "agentId": world.agents[0], "userId": "u1", "callsPerMinute": 1})["id"]
    due = soon(6)  # The posts of those that are due come first; a slow machine takes seconds for them.
    for number in range(0, MANY, AT_ONCE):
        when = due if number < DUE_OF_MANY else "2099-01-05T10:00:00Z"
        call = {"phoneNumber": "+14155550100", "scheduledFor": when, "respectBusinessHours": False}
        server.post("/scheduling/bulk", {"campaignId": slow, "mode": "all", "calls": [call] * AT_ONCE})
    wanted = {"total": MANY, "waiting": DUE_OF_MANY - 1, "active": 1, "delayed": MANY - DUE_OF_MANY, "paused": 0}

    def seen():
        stats = server.get("/scheduling/stats")
        kind = next(one for one in server.get("/queue")["kinds"] if one["kind"] == "SCHEDULED_CALL")
        listed = server.get("/scheduling/scheduled-calls", userId="u1", limit=1)["total"]
        states = ("waiting", "active", "delayed", "paused")
        return [{"total": stats["scheduler"]["total"], **{state: stats["queue"][state] for state in states}},
                {"total": listed, **{state: kind[state] for state in states}}]
    checks.ok(wait_until(lambda: seen()[0] == wanted), f"{MANY} calls, of which {DUE_OF_MANY} are due and wait for a slow campaign", *seen())
    server.kill()
    server.spawn()
    answers, end = [], time.monotonic() + 20
    while time.monotonic() < end and (not answers or not answers[-1][0]):
        try:
            ready = server.ask("GET", "/readyz", seconds=5).status == 200
            answers.append((ready, seen()))
        except OSError:
            pass  # It does not listen yet.
    wrong = [answer for answer in answers if answer[1] != [wanted, wanted]]
    checks.ok(answers and not wrong, f"{len(answers)} looks at a start, {sum(not ready for ready, _ in answers)} of them before it was ready, show the same", *wrong[:3])
    server.end()


def main():
    many_at_once()
    seen_while_it_starts()


checks.run(main)
