#!/usr/bin/env python3
"""Rows that cannot be read any more, written into the file behind the server's back: sealed with a key that is lost, a zone that
tzdata has no more, a text that is none, a row that is missing. One of them is quarantined, counted and shown; calls, campaigns,
counters and all the rest go on. Requirements S2-S4, S9, Q2; rules 6 and 9 of the design."""
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks  # noqa: E402
from server import Server, run_commands  # noqa: E402

START = "2026-01-05T09:00:00Z"  # A Monday.
DAY = 86400
FOUND = 3  # The exit code of a check that has found something.
SEALED = "x'0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20'"
LOST_ZONE = '{"start":"09:00","end":"17:00","timezone":"Mars/Olympus"}'
# What is done to a row, and whether the call can still be made, so that it is its series alone that ends.
DAMAGES = {"its metadata": (f"metadata={SEALED}", False), "its number": (f"phone={SEALED}", False), "its time": ("scheduled_for=0", False),
           "its hours": ("hours='[]'", False), "the zone of its hours": (f"hours='{LOST_ZONE}'", False),
           "its agent": ("agent_id=77", False), "its campaign": ("campaign_id=77", False),
           "its series": ("recurrence='[]'", True), "its zone": ("timezone='Mars/Olympus'", True)}
checks = Checks()


class World:
    """Two calls of a series each at one minute: the first is to be damaged, the other is beside it."""

    def __init__(self, name):
        self.server = Server(checks, name, at=START).start()
        self.agent = self.server.post("/agents", {"name": "Ava", "script": "Hello {{name|there}}."})["id"]
        self.campaign = self.server.post("/scheduling/campaigns", {"name": "Spring", "agentId": self.agent, "userId": "u1"})["id"]

    def bulk(self, count, **members):
        calls = [{"phoneNumber": f"+1415555{number:04d}", "scheduledFor": f"2026-01-06T10:{number:02d}:00Z", "metadata": {"name": "Ann"},
                  **members} for number in range(count)]
        made = self.server.post("/scheduling/bulk", {"campaignId": self.campaign, "calls": calls})
        return [one["scheduledCallId"] for one in made["results"]]

    def rows(self):
        return [row for row, in self.server.query("SELECT id FROM scheduled_calls ORDER BY id")]

    def edit(self, *statements, starts=True):
        """Behind the server's back, and behind that of the file's own checks."""
        self.server.stop()
        store = sqlite3.connect(self.server.database())
        store.execute("PRAGMA foreign_keys=off")
        store.execute("PRAGMA ignore_check_constraints=on")
        for statement in statements:
            store.execute(statement)
        store.commit()
        store.close()
        if starts:
            self.server.start()

    def pages(self, path, member, **query):
        """All pages of a list: (items, total)."""
        items, cursor = [], {}
        while True:
            page = self.server.get(path, **query, **cursor)
            items += page[member]
            if "cursor" not in page:
                return items, page["total"]
            cursor = {"cursor": page["cursor"]}

    def state(self, row):
        return self.server.query("SELECT status, failure_reason, series_ended FROM scheduled_calls WHERE id=?", row)[0]

    def moves_on(self, seconds):
        answer = self.server.ask("POST", "/api/v1/clock/advance", {"seconds": seconds}, seconds=30)
        return checks.equal(answer.status, 200, f"the engine goes on for {seconds} seconds", answer.text[:300])

    def counters_agree(self, text):
        found = self.server.get("/verify")
        checks.equal((found["countersWrong"], found["lost"]), (0, 0), f"{text}: the counters are what the rows say, and nothing is lost")


def lists_go_on():
    world = World("lists")
    calls = world.bulk(12)
    rows = world.rows()
    damaged = (5, 6, 7, 8, 11)
    world.edit(*[f"UPDATE scheduled_calls SET metadata={SEALED} WHERE id={rows[place]}" for place in damaged[:4]],
               f"UPDATE scheduled_calls SET phone={SEALED} WHERE id={rows[11]}")
    for limit in (1, 2, 3, 4, 100):
        for query in ({"userId": "u1"}, {"campaignId": world.campaign}):
            items, total = world.pages("/scheduling/scheduled-calls", "scheduledCalls", limit=limit, **query)
            checks.equal(([calls.index(one["_id"]) for one in items], total), (list(range(11, -1, -1)), 12),
                         f"pages of {limit} of {next(iter(query))} show all calls, also those that cannot be read")
            told = [calls.index(one["_id"]) for one in items if "cannot be opened" in one.get("warning", "")]
            checks.equal(told, sorted(damaged, reverse=True), "and say of which what is missing")
    bad = next(one for one in items if one["_id"] == calls[5])
    checks.ok("metadata" not in bad and "phoneNumber" not in bad and bad["scheduledFor"] == "2026-01-06T10:05:00Z" and
              bad["status"] == "pending" and bad["agentId"]["name"] == "Ava", "what is not sealed is shown", bad)
    for limit in (1, 3, 100):
        text, query = "", f"?limit={limit}"
        while query:
            answer = world.server.ask("GET", f"/api/v1/scheduling/campaigns/{world.campaign}/results.csv{query}")
            text += answer.text
            query = (answer.headers.get("Link") or "").removeprefix("<").partition(">")[0]
        checks.equal([line[:36] for line in text.split("\r\n")[1:-1]], calls, f"results in parts of {limit} have a row for each call")
    stats = world.server.get("/scheduling/stats")
    checks.equal((stats["scheduler"]["pending"], stats["scheduler"]["upcomingCalls"], stats["queue"]["delayed"]), (12, 12, 12), "stats count them")
    _, total = world.pages("/queue/jobs", "jobs", kind="SCHEDULED_CALL", limit=5)
    checks.equal(total, 12, "and the queue lists them")
    answer = world.server.ask("POST", f"/api/v1/scheduling/{calls[5]}/cancel", {"userId": "u1"})
    checks.equal((answer.status, answer.body["error"]["code"]), (500, "INTERNAL_ERROR"), "one of them is not cancelled by its owner")
    world.counters_agree("before they are due")
    world.moves_on(2 * DAY)
    items, _ = world.pages("/scheduling/scheduled-calls", "scheduledCalls", userId="u1", limit=4)
    states = {calls.index(one["_id"]): (one["status"], one.get("failureReason")) for one in items}
    checks.equal(states, {place: ("failed", "unreadable") if place in damaged else ("completed", None) for place in range(12)},
                 "those that cannot be read have failed and say why; the others were made")
    world.counters_agree("afterwards")
    answer = world.server.ask("POST", f"/api/v1/queue/jobs/{calls[5]}/retry")
    checks.equal((answer.status, answer.body["error"]["code"]), (400, "INVALID_OPERATION"), "and are not tried again")
    world.server.stop()


def drains_them():
    world = World("drains")
    world.bulk(6)
    rows = world.rows()
    world.edit(*[f"UPDATE scheduled_calls SET metadata={SEALED} WHERE id={row}" for row in rows[:4]])
    world.server.post("/queue/SCHEDULED_CALL/drain")
    world.moves_on(1)
    checks.equal([world.state(row)[:2] for row in rows], [("failed", "unreadable")] * 4 + [("cancelled", None)] * 2,
                 "a drain ends what can be read and what cannot")
    world.counters_agree("after a drain")
    world.server.stop()


def goes_on_beside(text, edit, can_be_made, script):
    """One damaged call, before its attempt or while it rings or waits for the next; the other one is not concerned."""
    when, answer, seconds = script
    name = f"beside {text} {when}".replace(" ", "-")
    world = World(name)
    world.bulk(2, recurring={"frequency": "daily", "maxOccurrences": 2})
    row, other = world.rows()
    if answer:
        world.server.post("/mock/answers", {"phone": "+14155550000", "channel": "CALL", "do": answer})
        world.moves_on(seconds)
        checks.equal(world.state(row)[0], "processing", f"{name}: it has begun")
    world.edit(f"UPDATE scheduled_calls SET {edit} WHERE id={row}", starts=False)
    try:
        world.server.start()
    except AssertionError as failure:
        checks.ok(False, f"{name}: the server starts", failure)
        return
    listed = world.server.ask("GET", "/api/v1/scheduling/scheduled-calls?userId=u1")
    checks.equal(listed.status, 200, f"{name}: the list is shown", listed.text[:300])
    world.moves_on(3 * DAY)
    status, reason, ended = world.state(row)
    # Who has picked up is spoken to; what hours, agent and campaign are asked for comes before that, and after it.
    made = can_be_made or (answer == "press 1" and text not in ("its metadata", "its number", "its time"))
    if made:
        checks.equal((status, reason, ended), ("completed", None, "unreadable"), f"{name}: it is made, and its series ends")
    else:
        checks.equal((status, reason, ended), ("failed", "unreadable", "unreadable"), f"{name}: it is given up")
    checks.equal([one for one, in world.server.query("SELECT status FROM scheduled_calls WHERE id=? OR parent_id=?", other, other)],
                 ["completed"] * 2, f"{name}: the other goes on, with its series")
    complaints = [line for line in world.server.log().splitlines() if "does not take changes" in line or "is undone" in line]
    checks.ok(not complaints, f"{name}: no batch was undone", *complaints[:3])
    found = world.server.get("/verify")
    checks.equal(found["lost"], 0, f"{name}: nothing is lost")
    if not edit.startswith(("agent_id", "campaign_id")):
        checks.equal(found["countersWrong"], 0, f"{name}: the counters are what the rows say")
    world.server.stop()


def agents_are_lost():
    """The words of an agent cannot be read: its calls fail, the server starts, and the others speak."""
    world = World("agents")
    calls = world.bulk(3)
    world.server.post("/mock/answers", {"phone": "+14155550000", "channel": "CALL", "do": "press 1"})
    world.moves_on(25 * 3600 + 2)
    other = world.server.post("/agents", {"name": "Bob", "script": "Hello."})["id"]
    world.server.post("/scheduling/schedule", {"phoneNumber": "+14155550100", "agentId": other, "userId": "u2", "scheduledFor": "2026-01-06T12:00:00Z"})
    number, = world.server.query("SELECT id FROM agents WHERE name='Ava'")[0]
    world.edit(f"UPDATE agent_versions SET script={SEALED} WHERE agent_id={number}")
    agents, total = world.pages("/agents", "agents")
    checks.equal(([one["name"] for one in agents], total), (["Ava", "Bob"], 2), "agents are listed")
    checks.ok("script" not in agents[0] and any("cannot be opened" in text for text in agents[0]["warnings"]), "and it is said of which the words are lost",
              agents[0])
    world.moves_on(2 * DAY)
    rows = world.server.query("SELECT user_id, status, failure_reason FROM scheduled_calls ORDER BY id")
    checks.equal(rows[1:], [("u1", "failed", "unreadable")] * 2 + [("u2", "completed", None)], "its calls fail, and nobody else's", rows)
    checks.ok(rows[0][1] in ("completed", "failed"), "the one that rang has ended", rows[0])
    answer = world.server.ask("PATCH", f"/api/v1/agents/{world.agent}", {"script": "Hello again."})
    checks.equal((answer.status, answer.body["error"]["code"]), (400, "INVALID_OPERATION"), "it cannot be changed, and it is said why", answer.text[:300])
    checks.equal(world.server.ask("DELETE", f"/api/v1/agents/{world.agent}").status, 200, "but archived")
    answer = world.server.ask("POST", f"/api/v1/queue/jobs/{calls[1]}/retry")
    checks.equal(answer.status, 400, "what was given up stays given up", answer.text[:200])
    world.counters_agree("after all that")
    world.server.stop()


def counters_are_lost():
    """A counter that is less than the rows holds nothing up: incidents and calls go on, and a check finds it."""
    for name, edit in (("of all", "UPDATE call_counts SET count=0 WHERE scope='ALL'"), ("of an owner", "UPDATE call_counts SET count=0 WHERE scope='USER'"),
                       ("of everything", "DELETE FROM call_counts")):
        world = World(f"counters {name}".replace(" ", "-"))
        world.bulk(3)
        ann = world.server.add_user(name="Ann", email="ann@example.org", phone="+34600111222")
        world.edit(edit)
        incident = world.server.post("/incidents", {"title": "Disk is full", "userId": ann, "escalate": True})["id"]
        world.moves_on(2 * DAY)
        statuses = world.server.query("SELECT status, count(*) FROM scheduled_calls GROUP BY status")
        checks.equal(statuses, [("completed", 3)], f"the counter {name} is too small: calls are made all the same")
        steps = {step["status"] for step in world.server.ask("GET", f"/api/v1/incidents/escalations/{incident}").data["steps"]}
        checks.ok("PENDING" not in steps, "and ladders climb", steps)
        stats = world.server.get("/scheduling/stats")
        checks.ok(all(number >= 0 for part in stats.values() for number in part.values()), "no number is below none", stats)
        checks.ok(world.server.get("/verify")["countersWrong"] > 0, "and it is found")
        world.server.stop()
        code, said, errors = run_commands(checks, f"verify {name}".replace(" ", "-"), TOCSIN_DATA_DIR=str(world.server.folder))("verify")
        checks.ok(code == FOUND and "counters are not what the rows say" in said, "by the command, too, whose exit code says so", code, said, errors)


def main():
    lists_go_on()
    drains_them()
    for text, (edit, can_be_made) in DAMAGES.items():
        for script in (("before it begins", None, 0), ("while it rings", "press 1", 25 * 3600 + 2), ("between attempts", "busy", 25 * 3600 + 60)):
            goes_on_beside(text, edit, can_be_made, script)
    agents_are_lost()
    counters_are_lost()


checks.run(main)
