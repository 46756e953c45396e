#!/usr/bin/env python3
"""The queue by its API: counts of each kind are what the rows say, lists agree with them, what a drain has promised a kill -9 does
not take back. Requirements Q1-Q3, S4, E5."""
import collections
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks, wait_until  # noqa: E402
from server import Server  # noqa: E402

START = "2026-01-05T09:00:00Z"
STATES = ("waiting", "delayed", "paused", "active", "completed", "failed", "cancelled")
CALLS = 3000
checks = Checks()


def kinds_of(server):
    return {one["kind"]: one for one in server.get("/queue")["kinds"]}


def jobs_of(server, **query):
    """All pages of a list, three to a page so that there are some."""
    jobs, cursor = [], {}
    while True:
        page = server.get("/queue/jobs", limit=3, **query, **cursor)
        jobs += page["jobs"]
        if "cursor" not in page:
            return jobs, page["total"]
        cursor = {"cursor": page["cursor"]}


def lists_agree(server):
    """What is counted is what is listed, of each kind and in each state; alerts that ran left no row that could be listed."""
    wrong = []
    for kind, counts in kinds_of(server).items():
        for state in STATES:
            jobs, total = jobs_of(server, kind=kind, state=state)
            is_bare = kind in ("ALERT", "STEP", "MISSED_CHECK") and state in ("completed", "cancelled")
            if total != counts[state] or (len(jobs) != total and not is_bare):
                wrong.append((kind, state, counts[state], total, len(jobs)))
            wrong += [job for job in jobs if (job["kind"], job["state"]) != (kind, state)]
    checks.ok(not wrong, "lists and counts of all kinds and states agree", *wrong[:6])
    jobs, total = jobs_of(server)
    identities = [job["id"] for job in jobs]
    checks.ok(len(set(identities)) == len(identities), "no job is listed twice over the pages", len(identities), total)


def in_virtual_time():
    server = Server(checks, "queue", at=START).start()
    anna = server.add_user(name="Anna", email="anna@example.org", phone="+34655000111")
    for number in range(4):
        server.push(anna, f"meeting {number}", f"2026-01-05T{10 + number}:00:00Z")
    agent = server.post("/agents", {"name": "Ava", "script": "Hello."})["id"]
    for minute in range(10, 20):
        server.post("/scheduling/schedule", {"phoneNumber": "+14155550199", "agentId": agent, "userId": "u1",
                                             "scheduledFor": f"2026-01-05T09:{minute}:00Z"})
    planned = kinds_of(server)
    checks.equal((planned["ALERT"]["delayed"], planned["MISSED_CHECK"]["delayed"]), (12, 4), "alerts and checks that are planned are delayed")
    checks.equal(planned["SCHEDULED_CALL"]["delayed"], 10, "and scheduled calls")
    lists_agree(server)
    server.post("/queue/ALERT/pause")
    server.post("/queue/SCHEDULED_CALL/pause")
    server.advance(3600)
    paused = kinds_of(server)
    checks.equal((paused["SCHEDULED_CALL"]["paused"], paused["SCHEDULED_CALL"]["oldestDueAt"]), (10, "2026-01-05T09:10:00Z"),
                 "calls that are due are held, and since when the oldest is")
    checks.equal((paused["ALERT"]["paused"], paused["ALERT"]["waiting"], paused["ALERT"]["oldestDueAt"]), (3, 0, "2026-01-05T09:45:00Z"),
                 "alerts, too")
    checks.equal(server.ask("GET", "/health").body.get("reason"), "jobs are paused: ALERT, SCHEDULED_CALL", "health names both")
    lists_agree(server)
    server.post("/queue/ALERT/resume")
    server.post("/queue/SCHEDULED_CALL/resume")
    server.advance(7200)
    lists_agree(server)
    done = kinds_of(server)
    checks.equal(done["SCHEDULED_CALL"]["completed"], 10, "the calls were made once they were let go")
    checks.equal(done["SCHEDULED_CALL"]["sinceStart"]["run"], 10, "each began once")
    checks.equal(server.get("/verify")["countersWrong"], 0, "the counters are what the rows say")
    changed = [json.loads(one["data"]) if isinstance(one["data"], str) else one["data"]
               for one in server.get("/events", limit=1000)["events"] if one["type"] == "QUEUE_CHANGED"]
    checks.equal([(one["kind"], one["isPaused"]) for one in changed],
                 [("ALERT", True), ("SCHEDULED_CALL", True), ("ALERT", False), ("SCHEDULED_CALL", False)], "each change was told")
    checks.equal(server.ask("POST", "/api/v1/queue/SCHEDULED_CALL/clean").status, 200, "a clean needs no body")
    checks.equal(kinds_of(server)["SCHEDULED_CALL"]["completed"], 0, "and counts what has ended from 0")
    for body in ({"olderThanHours": -1}, {"olderThanHours": "x"}, {"older": 1}):
        answer = server.ask("POST", "/api/v1/queue/SCHEDULED_CALL/clean", body)
        checks.equal((answer.status, answer.body["error"]["code"]), (400, "VALIDATION_ERROR"), f"not {json.dumps(body)}")
    server.stop()
    server.check_logs(checks)


def statuses_of(server):
    return collections.Counter(dict(server.query("SELECT status, count(*) FROM scheduled_calls GROUP BY status")))


def drain_outlives_a_kill():
    server = Server(checks, "drain").start()
    agent = server.post("/agents", {"name": "Ava", "script": "Hello."})["id"]
    call = {"phoneNumber": "+14155550199", "agentId": agent, "userId": "u1", "scheduledFor": "2099-01-05T09:00:00Z"}
    server.post("/scheduling/bulk", {"calls": [call] * CALLS, "mode": "all"})
    answer = server.post("/queue/SCHEDULED_CALL/drain")
    server.kill()
    left = statuses_of(server)
    checks.equal(answer["changed"], CALLS, "a drain says how many are cancelled")
    server.start()
    later = server.post("/scheduling/schedule", {**call, "userId": "u2"})["scheduledCallId"]
    gone = wait_until(lambda: server.get("/scheduling/stats")["scheduler"]["pending"] == 1)
    checks.ok(gone, "the start goes on with the drain", left, statuses_of(server))
    checks.equal(statuses_of(server), {"cancelled": CALLS, "pending": 1}, "all are cancelled, and none that came later")
    checks.equal(server.get(f"/scheduling/scheduled-calls/{later}")["status"], "pending", "which waits for its time")
    twice = server.query("SELECT subject_id FROM audit_events WHERE action='CALL_CANCELLED' GROUP BY subject_id HAVING count(*)<>1")
    audited = server.query("SELECT count(*) FROM audit_events WHERE action='CALL_CANCELLED'")[0][0]
    checks.equal((twice, audited), ([], CALLS), "each was audited, once")
    checks.ok(wait_until(lambda: not kinds_of(server)["SCHEDULED_CALL"]["isDraining"]), "then the drain is over")
    checks.equal(server.get("/verify")["countersWrong"], 0, "the counters are what the rows say")
    checks.equal(kinds_of(server)["SCHEDULED_CALL"]["cancelled"], CALLS, "as the queue has them")
    server.stop()
    server.check_logs(checks, "the logs of the drain")


def main():
    in_virtual_time()
    drain_outlives_a_kill()


checks.run(main)
