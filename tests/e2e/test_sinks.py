#!/usr/bin/env python3
"""Event sinks (D7) against a table as strict as Airtable's and a server that takes signed posts: nothing lost, nothing twice,
whatever happens to either side, and never in the way of alerting. The real binary and the real clock.
"""
import datetime
import pathlib
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks, free_ports, wait_until  # noqa: E402
from server import Server, run_commands  # noqa: E402
from sinks import COLUMNS, Airtable, Posts  # noqa: E402

TOKEN = "patTest.secret"
checks = Checks()


def open_incidents(server, count, title="Disk is full"):
    for number in range(count):
        server.post("/incidents", {"title": f"{title} {number}"})


NOT_FOR_SINKS = ("NOTIFICATION_ADDED", "NOTIFICATION_SEEN", "MEETING_CHANGED")


def events_of(server):
    """Every event that is for sinks, by the API: the truth that they are compared with."""
    found, cursor = [], None
    while True:
        page = server.get("/events", limit=1000, **({"cursor": cursor} if cursor else {}))
        found += [event for event in page["events"] if event["type"] not in NOT_FOR_SINKS]
        cursor = page.get("cursor")
        if not cursor:
            return found


def ids_of(server):
    return [event["id"] for event in events_of(server)]


def sink_of(server, kind):
    return next(sink for sink in server.get("/sinks")["sinks"] if sink["kind"] == kind)


def airtable_settings(port):
    return {"AIRTABLE_API_KEY": TOKEN, "AIRTABLE_BASE_ID": "appTest", "AIRTABLE_TABLE": "Events",
            "AIRTABLE_API_BASE_URL": f"http://127.0.0.1:{port}"}


def has_all(server, table):
    return wait_until(lambda: set(ids_of(server)) == set(table.records), 30)


def mirrors_everything(server, table):
    asked = len(table.asked)
    open_incidents(server, 57)
    checks.ok(has_all(server, table), "every event arrives in the table", len(table.records), len(ids_of(server)))
    row = table.records[ids_of(server)[0]]["fields"]
    checks.ok(row["Type"] == "INCIDENT_OPENED" and row["SubjectType"] == "INCIDENT" and uuid.UUID(row["SubjectId"]), "a row says what",
              row)
    checks.equal(set(row) - set(COLUMNS), set(), "in the columns of the documents")
    checks.equal(table.violations(), [], "no request was over a limit")
    checks.ok(set(table.created.values()) == {1}, "no event has two rows")
    checks.ok(len(table.asked) - asked <= 57, "several events go in one request", len(table.asked))
    wait_until(lambda: sink_of(server, "AIRTABLE")["waiting"] == 0)
    sink = sink_of(server, "AIRTABLE")
    checks.ok(sink["state"] == "OK" and sink["waiting"] == 0 and sink["fromEnvironment"], "the sink is well", sink)
    shown = server.ask("GET", "/api/v1/sinks").text
    checks.ok(table.token not in shown and '"token"' not in shown, "its token is not shown", shown)


def mirrors_dispatches(server, table):
    """D3: every attempt, with what the table's columns ask for."""
    technician = server.add_user(name="Tess", phone="+34600177777")
    server.keep_secret("+34600188888", "the phone of a caller")
    server.ask("POST", "/api/dispatch", {"callId": "call-7", "callerPhone": "+34600188888", "emergencyLevel": "HIGH",
                                         "issueSummary": "No heating", "technicians": [technician]})
    checks.ok(has_all(server, table), "the events of a dispatch arrive too")
    rows = [row["fields"] for row in table.records.values() if row["fields"].get("CallId") == "call-7"]
    kinds = {row["Type"] for row in rows}
    checks.ok({"DISPATCH_OPENED", "DISPATCH_ATTEMPT"} <= kinds, "what was opened and whom was asked", kinds)
    attempts = [row for row in rows if row["Type"] == "DISPATCH_ATTEMPT"]
    checks.ok({row["Method"] for row in attempts} == {"SMS", "CALL"} and all(row["AttemptNumber"] == 1 for row in attempts),
              "with method and attempt", attempts)
    wrong = [row["Data"] for row in rows if "+34600188888" in row["Data"] or "+34600177777" in row["Data"]]
    checks.equal(wrong, [], "and no full number")


def survives_bad_days(server, table):
    table.broken = [(503, {"error": "SERVICE_UNAVAILABLE"}), "hang up", "take and hang up", (500, b"<html>oops</html>"),
                    "forget one", (200, {"records": []})]
    open_incidents(server, 25, "Bad day")
    failing = wait_until(lambda: sink_of(server, "AIRTABLE")["state"] == "FAILING", 10)
    checks.ok(failing, "the sink says that it fails", sink_of(server, "AIRTABLE"))
    for _ in range(6):  # No waiting for back-offs: an operator who knows better says go on.
        wait_until(lambda: not table.broken or sink_of(server, "AIRTABLE").get("retryAt"), 5)
        server.post(f"/sinks/{sink_of(server, 'AIRTABLE')['id']}/resume")
    checks.ok(has_all(server, table), "after errors, hang-ups and records that were not written every event is there",
              len(table.records), len(ids_of(server)), sink_of(server, "AIRTABLE"))
    checks.ok(set(table.created.values()) == {1}, "and none has two rows")
    checks.equal(sink_of(server, "AIRTABLE")["state"], "OK", "the sink is well again")


def keeps_what_happened_before_it_was_there(server, port):
    """The table's server comes up late."""
    open_incidents(server, 31, "Away")
    checks.ok(wait_until(lambda: sink_of(server, "AIRTABLE").get("lastError", "").startswith("It could not be reached"), 10),
              "nobody is there, and the sink says so", sink_of(server, "AIRTABLE"))
    sink = sink_of(server, "AIRTABLE")
    checks.ok(sink["waiting"] == len(ids_of(server)) >= 31 and sink["state"] == "FAILING", "the events wait", sink)
    table = Airtable(checks, port=port, lockout_seconds=0.5)
    server.post(f"/sinks/{sink['id']}/resume")
    checks.ok(has_all(server, table), "once it is there it gets every one", len(table.records), len(ids_of(server)))
    return table


def is_killed_in_the_middle(server, table):
    """kill -9 while a request is under way whose answer nobody will read."""
    before = len(table.asked)
    table.hang()
    open_incidents(server, 23, "Killed")
    checks.ok(wait_until(lambda: len(table.asked) > before), "a batch is under way")
    server.kill()
    table.go_on()
    began = time.monotonic()
    server.start()
    checks.ok(has_all(server, table), "after kill -9 in the middle of a batch every event is there")
    checks.ok(time.monotonic() - began < 15, "and soon, not when a lease ends", time.monotonic() - began)
    checks.ok(set(table.created.values()) == {1}, "none has two rows")


def puts_a_poisoned_one_aside(server, table):
    table.is_poisoned = lambda fields: "poison" in fields.get("Data", "") or fields["SubjectId"] in bad
    bad = set()
    sink = sink_of(server, "AIRTABLE")["id"]
    server.post(f"/sinks/{sink}/pause")
    incidents = [server.post("/incidents", {"title": f"Incident {number}"})["id"] for number in range(10)]
    bad.add(incidents[6])
    server.post(f"/sinks/{sink}/resume")
    wanted = {event["id"] for event in events_of(server) if event.get("subjectId") not in bad}
    checks.ok(wait_until(lambda: wanted <= set(table.records), 30), "the nine others arrive",
              len(wanted - set(table.records)))
    letters = wait_until(lambda: server.get(f"/sinks/{sink}/dead-letters")["deadLetters"])
    poisoned = {event["id"] for event in events_of(server) if event.get("subjectId") in bad}
    checks.equal({letter["eventId"] for letter in letters}, poisoned, "the poisoned one is a dead letter")
    checks.like(letters[0]["error"], "422 INVALID_VALUE_FOR_COLUMN", "with what Airtable said")
    checks.equal(letters[0]["event"]["subjectId"], incidents[6], "and the event itself")
    checks.equal(sink_of(server, "AIRTABLE")["state"], "OK", "the sink is well")
    bad.clear()
    server.post(f"/sinks/{sink}/replay", {"deadLetters": True})
    checks.ok(has_all(server, table), "once the table takes it, a replay brings it there")
    checks.ok(wait_until(lambda: not server.get(f"/sinks/{sink}/dead-letters")["deadLetters"]), "and no dead letter is left")
    checks.equal(table.violations(), [], "no request was over a limit")


def recovers_from_a_missing_column(server, table):
    """A column that is not there is a fault of the table, not of the events: nothing is lost by it."""
    sink = sink_of(server, "AIRTABLE")["id"]
    table.columns.discard("SubjectType")
    open_incidents(server, 24, "No column")
    checks.ok(wait_until(lambda: sink_of(server, "AIRTABLE")["state"] == "FAILING", 30), "after ten refusals the sink is in doubt",
              sink_of(server, "AIRTABLE"), table.last())
    checks.equal(sink_of(server, "AIRTABLE")["deadLetters"], 10, "and nothing more is put aside")
    checks.like(server.wait_log(r"for the operator: The event sink"), "UNKNOWN_FIELD_NAME", "an operator is told why")
    table.columns.add("SubjectType")
    server.post(f"/sinks/{sink}/replay", {"deadLetters": True})
    checks.ok(has_all(server, table), "the column is there again: so is every event", len(table.records), len(ids_of(server)))


def is_shut_out_and_let_in(server, table):
    sink = sink_of(server, "AIRTABLE")["id"]
    right, table.token = table.token, "another token"
    open_incidents(server, 3, "Shut out")
    checks.ok(wait_until(lambda: "401 AUTHENTICATION_REQUIRED" in (sink_of(server, "AIRTABLE").get("lastError") or "")),
              "a token that is refused is said", sink_of(server, "AIRTABLE"))
    checks.ok(server.wait_log("for the operator: The event sink Airtable .environment. does not work"), "an operator is told")
    table.token = right
    server.post(f"/sinks/{sink}/resume")
    checks.ok(has_all(server, table), "and nothing was lost")
    table.locked_until = time.monotonic() + 0.5
    open_incidents(server, 3, "Locked")
    retry = wait_until(lambda: sink_of(server, "AIRTABLE").get("retryAt"))
    checks.ok(retry, "a base that is locked is left alone", sink_of(server, "AIRTABLE"))
    asked = len(table.asked)
    open_incidents(server, 3, "Still locked")
    threading.Event().wait(1.0)
    checks.equal(len(table.asked), asked, "for thirty seconds, whatever happens")
    server.post(f"/sinks/{sink}/resume")
    checks.ok(has_all(server, table), "then it goes on")


def repeats(server, table):
    sink = sink_of(server, "AIRTABLE")["id"]
    first = events_of(server)[0]
    told = len(table.log)
    table.records.clear()
    table.created.clear()
    server.post(f"/sinks/{sink}/replay", {"from": first["id"]})
    checks.ok(has_all(server, table), "a replay from an event on fills an empty table")
    checks.equal(len(table.log) - told, len(ids_of(server)), "each once")
    again = len(table.log)
    server.post(f"/sinks/{sink}/replay", {"from": first["at"]})
    checks.ok(wait_until(lambda: len(table.log) - again == len(ids_of(server)), 30), "and by time")
    checks.ok(set(table.created.values()) == {1}, "without a second row")
    for body, field in (({}, "from"), ({"from": "yesterday"}, "from"), ({"from": "2099-01-01T00:00:00Z"}, "from")):
        answer = server.ask("POST", f"/api/v1/sinks/{sink}/replay", body)
        checks.ok(answer.status == 400 and answer.body["error"]["field"] == field, f"a replay of {body} is refused", answer.text)


def is_in_nobodys_way(server, table):
    """A message goes out as fast as ever while the sink hangs."""
    table.hang()
    open_incidents(server, 5, "Hanging")
    user = server.add_user(name="Ada", phone="+34600155555", email="ada@example.org")
    slowest = 0.0
    for number in range(5):
        incident = server.post("/incidents", {"title": f"Meanwhile {number}", "userId": user})["id"]
        sent = len(server.sends())
        began = time.monotonic()
        server.push(user, f"soon {number}", moment_in(120.4))
        wait_until(lambda: len(server.sends()) > sent, 5)
        slowest = max(slowest, time.monotonic() - began)
        server.ask("POST", f"/api/v1/incidents/{incident}/resolve")
    checks.ok(slowest < 1.5, "a call that is due in 0.4 s leaves in time while the sink hangs", f"{slowest:.2f} s")
    checks.equal(server.ask("GET", "/health").body["metrics"]["oldestDueSeconds"], 0, "and nothing is overdue")
    table.go_on()
    checks.ok(has_all(server, table), "and then it catches up")


def moment_in(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def posts(server, other):
    """Signed webhooks."""
    made = server.post("/sinks", {"kind": "WEBHOOK", "name": "Wall board", "webhook": {"url": other.url + "/hook?token=tttt-secret",
                                                                                    "secret": other.secret}})
    server.keep_secret("tttt-secret", "the URL of a webhook")
    server.keep_secret(other.secret, "the secret of a webhook")
    sink, before = made["id"], set(ids_of(server))
    checks.ok(made["host"] == "127.0.0.1" and "webhook" not in made, "a sink shows its host alone", made)

    def new():
        return [event for event in ids_of(server) if event not in before]

    def took():
        return [event["id"] for event in other.events]

    open_incidents(server, 40, "Posted")
    checks.ok(wait_until(lambda: took() == new()), "every event is posted once, in order", len(took()), len(new()))
    checks.equal(other.bad, [], "each signed")
    known = {event["id"]: event for event in events_of(server)}
    one = other.events[0]
    checks.ok(all(one.get(name) == known[one["id"]].get(name) for name in ("type", "at", "subjectType", "subjectId")),
              "it says what the API says", one, known[one["id"]])
    other.status = 500
    open_incidents(server, 12, "While it fails")
    checks.ok(wait_until(lambda: server.get(f"/sinks/{sink}")["state"] == "FAILING"), "a server that fails is said")
    other.status = 200
    server.post(f"/sinks/{sink}/resume")
    checks.ok(wait_until(lambda: took() == new()), "and gets the rest, in order", len(took()), len(new()))
    other.status = 410
    open_incidents(server, 3, "While it is gone")
    checks.ok(wait_until(lambda: server.get(f"/sinks/{sink}")["state"] == "PAUSED"), "410 pauses")
    asked = len(other.asked)
    other.status = 200
    open_incidents(server, 3, "While it is paused")
    threading.Event().wait(0.5)
    checks.equal(len(other.asked), asked, "a paused sink is not told anything")
    server.post(f"/sinks/{sink}/resume")
    checks.ok(wait_until(lambda: took() == new()), "resumed, it gets all of it, in order", len(took()), len(new()))
    refuses_one(server, other, sink, new, took)
    checks.equal(server.ask("DELETE", f"/api/v1/sinks/{sink}").status, 200, "it can be removed")
    open_incidents(server, 2, "Removed")
    asked = len(other.asked)
    threading.Event().wait(0.5)
    checks.equal(len(other.asked), asked, "and is told nothing more")


def refuses_one(server, other, sink, new, took):
    """Another 4xx: five tries, then the next."""
    bad = server.post("/incidents", {"title": "Refused"})["id"]
    wait_until(lambda: took() == new())
    other.is_refused = lambda event: event.get("subjectId") == bad
    server.post(f"/incidents/{bad}/cancel")
    open_incidents(server, 3, "Behind it")
    for _ in range(5):
        tries = len(other.asked)
        wait_until(lambda: len(other.asked) > tries or server.get(f"/sinks/{sink}")["deadLetters"], 20)
    letters = wait_until(lambda: server.get(f"/sinks/{sink}/dead-letters")["deadLetters"], 40)
    refused = [event["id"] for event in events_of(server) if event.get("subjectId") == bad and event["type"] == "INCIDENT_CANCELLED"]
    checks.equal([letter["eventId"] for letter in letters], refused, "after five tries a refused one is put aside")
    checks.ok(wait_until(lambda: set(took()) == set(new()) - set(refused)), "and what is behind it arrives")
    other.is_refused = lambda event: False
    server.post(f"/sinks/{sink}/replay", {"deadLetters": True})
    checks.ok(wait_until(lambda: set(took()) == set(new())), "a replay brings it there")


def guards_addresses(table):
    server = Server(checks, "guarded", **airtable_settings(table.port)).start()
    private = Posts(checks)
    sink = server.post("/sinks", {"kind": "WEBHOOK", "name": "Inside", "webhook": {"url": private.url}})["id"]
    open_incidents(server, 1)
    checks.ok(wait_until(lambda: server.get(f"/sinks/{sink}")["state"] == "FAILING"), "a private address is refused (X4)")
    checks.ok(not private.asked, "and nobody there was asked")
    checks.like(server.get(f"/sinks/{sink}")["lastError"], "not allowed", "with the reason")
    wait_until(lambda: sink_of(server, "AIRTABLE")["waiting"] == 0)
    stops = server.stop()
    checks.ok(stops[0] == 0 and stops[1] < 10, "it stops well", stops)
    server.check_logs(checks, "the guarded logs")


def wrong_settings():
    run = run_commands(checks, "settings")
    code, _, errors = run("check-config", AIRTABLE_API_KEY="patX")
    checks.ok(code != 0 and "AIRTABLE_BASE_ID" in errors, "a key without a base is refused", code, errors)
    code, _, errors = run("check-config", EVENT_WEBHOOK_URL="ftp://example.org")
    checks.ok(code != 0 and "EVENT_WEBHOOK_URL" in errors, "so is a webhook without http", code, errors)


def main():
    port = free_ports(1)[0]
    server = Server(checks, "sinks", TOCSIN_ALLOW_PRIVATE_FETCH="true", **airtable_settings(port)).start()
    server.keep_secret(TOKEN, "Airtable's token")
    table = keeps_what_happened_before_it_was_there(server, port)
    other = Posts(checks)
    mirrors_everything(server, table)
    mirrors_dispatches(server, table)
    survives_bad_days(server, table)
    is_killed_in_the_middle(server, table)
    puts_a_poisoned_one_aside(server, table)
    recovers_from_a_missing_column(server, table)
    is_shut_out_and_let_in(server, table)
    repeats(server, table)
    is_in_nobodys_way(server, table)
    posts(server, other)
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks)
    kept = b"".join(path.read_bytes() for path in server.folder.glob("tocsin.db*"))
    clear = [word for word in (TOKEN, other.secret, "Disk is full 3", other.url) if word.encode() in kept]
    checks.equal(clear, [], "no token, secret, URL or title of an event is on the disk in clear")
    guards_addresses(table)
    wrong_settings()


checks.run(main)
