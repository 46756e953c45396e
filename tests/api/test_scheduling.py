#!/usr/bin/env python3
"""Scheduled calls and agents by their API: the codes of S7 letter for letter, each provoked by several inputs; unknown members;
what metadata and placeholders hold stays what it is; counters equal recounts. Requirements S1-S8, X1, P5, P6."""
import json
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks  # noqa: E402
from server import Server  # noqa: E402

START = "2026-01-05T09:00:00Z"  # A Monday.
UNKNOWN = "01890000-0000-7000-8000-000000000000"
SCHEDULE, AGENTS = "/api/v1/scheduling/schedule", "/api/v1/agents"
S7 = {"VALIDATION_ERROR": 400, "INVALID_TIMEZONE": 400, "INVALID_SCHEDULED_TIME": 400, "AGENT_NOT_FOUND": 404,
      "SCHEDULED_CALL_NOT_FOUND": 404, "INVALID_OPERATION": 400, "INTERNAL_ERROR": 500}
NASTY = ['</Say><Hangup/>', '"};alert(1)//', "=cmd|' /C calc'!A0", "a\u2028b", "\\u0000", "{{secret}}", "x'; DROP TABLE agents;--",
         "<![CDATA[", "&lt;", "\u202eabc", "a\nb\tc"]
checks = Checks()
provoked = {}


class World:
    def __init__(self):
        self.server = Server(checks, "scheduling", at=START).start()
        self.server.keep_secret("+14155550199", "the number of a callee")
        self.server.keep_secret("Order 4711 of Ann", "metadata of a call")
        self.agent = self.server.post("/agents", {"name": "Ava", "script": "Hello {{name}}, {{order|your order}} is ready."})["id"]
        self.plain = self.server.post("/agents", {"name": "Bob", "script": "Hello."})["id"]

    def body(self, **members):
        body = {"phoneNumber": "+14155550199", "agentId": self.plain, "userId": "u1", "scheduledFor": "2026-01-06T10:00:00Z", **members}
        return {name: value for name, value in body.items() if value is not ...}

    def schedule(self, **members):
        return self.server.post("/scheduling/schedule", self.body(**members))["scheduledCallId"]

    def call(self, identity):
        return self.server.get(f"/scheduling/scheduled-calls/{identity}")

    def stats(self):
        return self.server.get("/scheduling/stats")


def refused(world, text, request, code, field=None):
    """One request that must be refused with one of S7's codes, with nothing changed."""
    before = world.server.row_counts()
    answer = world.server.ask(*request)
    after = world.server.row_counts()
    error = (answer.body or {}).get("error", {})
    is_clear = (answer.status == S7[code] and answer.body.get("success") is False and error.get("code") == code and
                error.get("field") == field and len(error.get("message", "")) > 10)
    provoked[code] = provoked.get(code, 0) + 1
    checks.ok(is_clear and before == after, f"{text}: {code} {field or ''}".rstrip(), answer.status, answer.text[:300],
              {name: (count, after[name]) for name, count in before.items() if count != after[name]})


def refuses_calls(world):
    def wrong(text, code, field, **members):
        refused(world, text, ("POST", SCHEDULE, world.body(**members)), code, field)
    for name in ("phoneNumber", "agentId", "userId", "scheduledFor"):
        wrong(f"without {name}", "VALIDATION_ERROR", name, **{name: ...})
        wrong(f"{name} null", "VALIDATION_ERROR", name, **{name: None})
    for number in ("14155550199", "+1 415 555 0199", "+0155550199", "+12", "+1415555019912345678", "call me", 14155550199):
        wrong(f"the number {number!r}", "VALIDATION_ERROR", "phoneNumber", phoneNumber=number)
    for owner in ("", " u1", "u1 ", "x" * 101, "a\nb", 7):
        wrong(f"the owner {owner!r:.20}", "VALIDATION_ERROR", "userId", userId=owner)
    for when in ("tomorrow", "2026-01-06", "2026-02-30T10:00:00Z", "2026-01-06T25:00:00Z", "", 1767693600):
        wrong(f"the time {when!r}", "VALIDATION_ERROR", "scheduledFor", scheduledFor=when)
    wrong("an agent that is no id", "VALIDATION_ERROR", "agentId", agentId="ava")
    for priority in ("urgent", "HIGH", 1):
        wrong(f"the priority {priority!r}", "VALIDATION_ERROR", "priority", priority=priority)
    for metadata in ([], "x", 7, True):
        wrong(f"metadata {metadata!r}", "VALIDATION_ERROR", "metadata", metadata=metadata)
    wrong("metadata of more than 16 KiB", "VALIDATION_ERROR", "metadata", metadata={"x": "y" * 16384})
    wrong("a member that nobody knows", "VALIDATION_ERROR", "phone", phone="+14155550199")
    wrong("a status that is ours", "VALIDATION_ERROR", "status", status="completed")
    wrong("hours in words", "VALIDATION_ERROR", "respectBusinessHours", respectBusinessHours="yes")


def refuses_times(world):
    def wrong(text, code, field, **members):
        refused(world, text, ("POST", SCHEDULE, world.body(**members)), code, field)
    for zone in ("Mars/Olympus", "europe/madrid", "CET+1CEST", "Europe/Madrid2", "posixrules"):
        wrong(f"the zone {zone}", "INVALID_TIMEZONE", "timezone", timezone=zone)
    for zone in ("../../etc/passwd", "Invalid Zone", "America/New York", "+02:00", "", "x" * 65, 5, True, [], {}):
        wrong(f"no zone at all: {zone!r:.20}", "INVALID_TIMEZONE", "timezone", timezone=zone)
    for zone in ("Mars/Olympus", "Invalid Zone", "+02:00", "", 5):
        wrong(f"a zone of the hours: {zone!r}", "INVALID_TIMEZONE", "businessHours.timezone", businessHours={"timezone": zone})
    for when in ("2026-01-05T09:00:00Z", "2026-01-05T08:59:59.999Z", "2025-01-06T10:00:00Z", "2026-01-05T10:00:00+01:00",
                 "2026-01-05T09:00"):
        wrong(f"a time that is over: {when}", "INVALID_SCHEDULED_TIME", "scheduledFor", scheduledFor=when)
    for when, zone in (("9999-12-31T23:59:59", "Pacific/Honolulu"), ("9999-12-31T14:00:00", "Pacific/Honolulu")):
        wrong(f"a time after the year 9999: {when} in {zone}", "INVALID_SCHEDULED_TIME", "scheduledFor", scheduledFor=when, timezone=zone)
    wrong("hours that would move it into the year 10000", "VALIDATION_ERROR", "businessHours", scheduledFor="9999-12-31T23:59:59Z")
    wrong("a wall clock that is over in its zone", "INVALID_SCHEDULED_TIME", "scheduledFor", scheduledFor="2026-01-05T10:00",
          timezone="Europe/Madrid")
    hours = "businessHours"
    for member, value in (("start", "9:00"), ("start", "24:00"), ("end", "24:01"), ("end", 17)):
        wrong(f"hours with {member} {value!r}", "VALIDATION_ERROR", f"{hours}.{member}", **{hours: {member: value}})
    for days, at in (([7], "[0]"), ([1, -1], "[1]"), (["MON"], "[0]"), ([1.5], "[0]"), ([], ""), ([0] * 8, "")):
        wrong(f"days {days}", "VALIDATION_ERROR", f"{hours}.daysOfWeek{at}", **{hours: {"daysOfWeek": days}})
    for given, missing in (({"start": "18:00"}, "end"), ({"end": "12:00"}, "start"), ({"start": "18:00", "end": None}, "end")):
        wrong(f"half of the hours: {given}", "VALIDATION_ERROR", f"{hours}.{missing}", **{hours: given})
    for start in ("00:00", "09:00", "23:59"):
        wrong(f"hours from {start} to {start}", "VALIDATION_ERROR", f"{hours}.end", **{hours: {"start": start, "end": start}})
        wrong(f"a window from {start} to {start}", "VALIDATION_ERROR", f"{hours}.windows[1].end",
              **{hours: {"windows": [{"start": "01:00", "end": "02:00"}, {"start": start, "end": start}]}})
    for name in ("Germany", "bank holidays", "bank--holidays", "-x"):
        wrong(f"the holiday calendar {name}", "VALIDATION_ERROR", f"{hours}.holidays[0]", **{hours: {"holidays": [name]}})
    wrong("a holiday that is no day", "VALIDATION_ERROR", f"{hours}.holidays[0]", **{hours: {"holidays": ["2026-02-29"]}})
    wrong("start beside windows", "VALIDATION_ERROR", f"{hours}.windows",
          **{hours: {"start": "09:00", "windows": [{"start": "09:00", "end": "12:00"}]}})
    wrong("an unknown member of the hours", "VALIDATION_ERROR", f"{hours}.close", **{hours: {"close": "17:00"}})


def says_what_is_wanted(world):
    """A message says its member and the form that is wanted, not how many bytes are too few."""
    bulk = "/api/v1/scheduling/bulk"
    agent = {"name": "x", "script": "y"}

    def said(request, *wanted, lines=False):
        headers = {"Content-Type": "application/x-ndjson"} if lines else {}
        answer = world.server.ask(*request, **({"headers": headers} if lines else {}))
        message = answer.body["error"]["message"] if answer.status != 200 else answer.data["results"][-1]["error"]["message"]
        checks.ok(all(one in message for one in wanted) and " bytes, not " not in message, f"{request[2]!r:.60} is told: {message}", answer.text[:300])
    for when in ("tomorrow", "2026-02-03", "x" * 41):
        said(("POST", SCHEDULE, world.body(scheduledFor=when)), "scheduledFor must be an ISO 8601 time such as 2026-01-05T09:00:00Z")
    said(("POST", SCHEDULE, world.body(scheduledFor=START)), "scheduledFor must be in the future; it is 2026-01-05T09:00:00Z now")
    said(("POST", SCHEDULE, world.body(phoneNumber="+441234")), "phoneNumber must be an E.164 number such as +14155550101")
    said(("POST", SCHEDULE, world.body(phoneNumber="")), "phoneNumber must be an E.164 number")
    said(("POST", SCHEDULE, world.body(businessHours={"start": "9:00", "end": "17:00"})), "businessHours.start must be a time of day", "08:30")
    said(("POST", SCHEDULE, world.body(businessHours={"start": "09:00", "windows": [{"start": "09:00", "end": "12:00"}]})),
         "businessHours.windows stands in place of start and end")
    said(("POST", SCHEDULE, world.body(agentId=world.agent)), "metadata.name is required by the script of the agent")
    said(("POST", SCHEDULE, world.body(recurring={"interval": 1})), "recurring.frequency is required where there is no rrule")
    said(("POST", SCHEDULE, json.dumps(world.body())[:-1] + ', "metadata": {"x": 123456789012345678901234567890}}'), "whole numbers have 64 bits")
    for rule, reason in (("FREQ=DAILY;COUNT=2;UNTIL=20270101", "COUNT: cannot stand with UNTIL"), ("FREQ=SECONDLY", "it may come every minute at most"),
                         ("DAILY", "DAILY: not a part of a recurrence rule")):
        said(("POST", SCHEDULE, world.body(recurring={"rrule": rule})), f"recurring.rrule is no rule that a call can come by: {reason}")
    said(("POST", SCHEDULE, world.body(recurring={"rrule": "FREQ=DAILY;UNTIL=20250101"})), "recurring.rrule must not end (UNTIL) before scheduledFor")
    said(("GET", "/api/v1/scheduling/scheduled-calls", None), "userId is required: whose calls?")
    said(("POST", AGENTS, {**agent, "optOutKey": "12"}), "optOutKey must be one digit")
    said(("POST", AGENTS, {**agent, "script": "{{"}), "script must have placeholders of the form {{name}}")
    said(("POST", AGENTS, {**agent, "language": "zz"}), "language must be a tag of a language that exists, such as en")
    good = json.dumps(world.body())
    said(("POST", f"{bulk}?mode=all", f"{good}\n\n{good[:-1]}"), "line 3: the line is not valid JSON", f"(column {len(good) - 1}", lines=True)
    said(("POST", f"{bulk}?mode=all", f"{good}\n[]"), "line 2: the line must be a JSON object, not an array", lines=True)
    said(("POST", f"{bulk}?mode=all", f"[{good},7]"), "call 2: the call must be a JSON object, not a number")
    server = Server(checks, "scheduling_hours", at=START, CALL_LEGAL_HOURS="08:00-21:00").start()
    world.server, kept = server, world.server
    agent = server.post("/agents", {"name": "Bob", "script": "Hello."})["id"]
    american = {"phoneNumber": "+14155550199", "agentId": agent, "userId": "u1", "scheduledFor": "2026-01-06T10:00:00Z"}
    for path in (SCHEDULE, "/api/v1/scheduling/preview"):
        said(("POST", path, american), "business hours 09:00-17:00 in UTC and legal hours 08:00-21:00 in all zones of US have no minute in common; "
             "name timezone, where the callee is")
    server.stop()
    world.server = kept


def refuses_series(world):
    def wrong(text, field, **recurring):
        refused(world, text, ("POST", SCHEDULE, world.body(recurring=recurring)), "VALIDATION_ERROR", field)
    wrong("a series without a frequency", "recurring.frequency", interval=1)
    wrong("a frequency that is none", "recurring.frequency", frequency="hourly", interval=1)
    for interval in (0, -1, 1001, 1.5, "1"):
        wrong(f"the interval {interval!r}", "recurring.interval", frequency="daily", interval=interval)
    wrong("no occurrence at all", "recurring.maxOccurrences", frequency="daily", interval=1, maxOccurrences=0)
    wrong("an end before the start", "recurring.endDate", frequency="daily", interval=1, endDate="2026-01-05")
    wrong("an end an instant before the start", "recurring.endDate", frequency="daily", interval=1, endDate="2026-01-06T09:59:59Z")
    wrong("an end that is no day", "recurring.endDate", frequency="daily", interval=1, endDate="2026-02-29")
    wrong("an rrule beside a frequency", "recurring.rrule", frequency="daily", rrule="FREQ=DAILY")
    for rule in ("FREQ=SOMETIMES", "BYDAY=MO", "FREQ=SECONDLY", "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=2;UNTIL=20270101"):
        wrong(f"the rule {rule}", "recurring.rrule", rrule=rule)
    wrong("an unknown member of a series", "recurring.every", frequency="daily", every=2)


def refuses_placeholders(world):
    for metadata in (..., {}, {"name": None}, {"name": ""}, {"name": {"first": "Ann"}}, {"name": ["Ann"]}, {"Name": "Ann"}):
        refused(world, f"metadata {metadata!r} for a script that says {{{{name}}}}",
                ("POST", SCHEDULE, world.body(agentId=world.agent, metadata=metadata)), "VALIDATION_ERROR", "metadata.name")
    for member in ("script", "greeting", "machineMessage"):
        for text in ("Hello {{name", "Hello {{}}", "Hello {{first name}}"):
            refused(world, f"an agent with the {member} {text!r}",
                    ("POST", AGENTS, {"name": "X", "script": "y", member: text}), "VALIDATION_ERROR", member)
    for body, field in (({"script": "x"}, "name"), ({"name": "x"}, "script"), ({"name": "x", "script": ""}, "script"),
                        ({"name": "x", "script": "y", "optOutKey": "12"}, "optOutKey"),
                        ({"name": "x", "script": "y", "onMachine": "SHOUT"}, "onMachine"),
                        ({"name": "x", "script": "y", "fromNumber": "5550100"}, "fromNumber"),
                        ({"name": "x", "script": "y", "callsPerMinute": -1}, "callsPerMinute"),
                        ({"name": "x", "script": "y", "voice": "<x>"}, "voice"), ({"name": "x", "script": "y", "voice": "a b"}, "voice"),
                        ({"name": "x", "script": "y", "language": "zz"}, "language"),
                        ({"name": "x", "script": "y", "language": "xx-US"}, "language"),
                        ({"name": "x", "script": "y", "language": "English"}, "language"),
                        ({"name": "x", "script": "y", "model": "gpt"}, "model")):
        refused(world, f"an agent {json.dumps(body)}", ("POST", AGENTS, body), "VALIDATION_ERROR", field)


def refuses_unknown(world):
    archived = world.server.post("/agents", {"name": "Old", "script": "Bye."})["id"]
    world.server.ask("DELETE", f"{AGENTS}/{archived}")
    refused(world, "an agent that was archived is archived again", ("DELETE", f"{AGENTS}/{archived}"), "AGENT_NOT_FOUND")
    refused(world, "a call with an agent that there is not", ("POST", SCHEDULE, world.body(agentId=UNKNOWN)), "AGENT_NOT_FOUND", "agentId")
    refused(world, "a call with an archived agent", ("POST", SCHEDULE, world.body(agentId=archived)), "AGENT_NOT_FOUND", "agentId")
    refused(world, "a change of an archived agent", ("PATCH", f"{AGENTS}/{archived}", {"name": "x"}), "INVALID_OPERATION")
    call = world.schedule()
    refused(world, "the id of a call as an agent", ("POST", SCHEDULE, world.body(agentId=call)), "AGENT_NOT_FOUND", "agentId")
    for method, path, body in (("GET", "", None), ("PATCH", "", {"name": "x"}), ("DELETE", "", None), ("GET", "/versions", None),
                               ("POST", "/preview", {})):
        for identity in (UNKNOWN, "ava", call):
            refused(world, f"{method} agents/{identity:.8}{path}", (method, f"{AGENTS}/{identity}{path}", body), "AGENT_NOT_FOUND")
    refused(world, "a version that there is not", ("GET", f"{AGENTS}/{world.agent}?version=2"), "AGENT_NOT_FOUND")
    scheduling = "/api/v1/scheduling"
    for identity in (UNKNOWN, "nonsense", world.agent, "019b8d62-7a80-7004-8da0-87515cde7803"):
        code = "SCHEDULED_CALL_NOT_FOUND"
        refused(world, f"GET call {identity:.8}", ("GET", f"{scheduling}/scheduled-calls/{identity}"), code)
        refused(world, f"cancel call {identity:.8}", ("POST", f"{scheduling}/{identity}/cancel", {"userId": "u1"}), code)
        refused(world, f"move call {identity:.8}",
                ("POST", f"{scheduling}/{identity}/reschedule", {"userId": "u1", "scheduledFor": "2026-01-07T10:00:00Z"}), code)
    refused(world, "another owner cancels", ("POST", f"{scheduling}/{call}/cancel", {"userId": "u2"}), "SCHEDULED_CALL_NOT_FOUND")
    refused(world, "another owner moves", ("POST", f"{scheduling}/{call}/reschedule", {
        "userId": "U1", "scheduledFor": "2026-01-07T10:00:00Z"}), "SCHEDULED_CALL_NOT_FOUND")
    refused(world, "a list of nobody's calls", ("GET", f"{scheduling}/scheduled-calls"), "VALIDATION_ERROR", "userId")


def refuses_what_is_over(world):
    """Only while it is pending (S3)."""
    call = world.schedule()
    answer = world.server.ask("POST", f"/api/v1/scheduling/{call}/cancel", {"userId": "u1"})
    checks.equal((answer.status, answer.data["status"]), (200, "cancelled"), "a pending call is cancelled")
    refused(world, "cancelled twice", ("POST", f"/api/v1/scheduling/{call}/cancel", {"userId": "u1"}), "INVALID_OPERATION")
    refused(world, "a cancelled call moves", ("POST", f"/api/v1/scheduling/{call}/reschedule", {
        "userId": "u1", "scheduledFor": "2026-01-07T10:00:00Z"}), "INVALID_OPERATION")
    again = world.schedule()
    refused(world, "moved into the past", ("POST", f"/api/v1/scheduling/{again}/reschedule", {
        "userId": "u1", "scheduledFor": START}), "INVALID_SCHEDULED_TIME", "scheduledFor")
    world.server.post(f"/scheduling/{again}/cancel", {"userId": "u1"})
    refused(world, "cancelled with its series once more", ("POST", f"/api/v1/scheduling/{again}/cancel", {
        "userId": "u1", "onlyThis": True}), "INVALID_OPERATION")


def keeps_what_it_is_given(world):
    """Metadata comes back letter for letter, and says what it says, in JSON; nobody reads placeholders in it."""
    for text in NASTY:
        metadata = {"name": text, text: [1, {"deep": text}]}
        call = world.schedule(agentId=world.agent, metadata=metadata)
        listed = world.server.get("/scheduling/scheduled-calls", userId="u1", limit=1)["scheduledCalls"][0]
        checks.ok(world.call(call)["metadata"] == metadata == listed["metadata"], f"metadata with {text!r} is kept", listed)
        said = world.server.post(f"/agents/{world.agent}/preview", {"metadata": metadata})["text"]
        plain = "".join(" " if ord(letter) < 32 else letter for letter in text)
        checks.equal(said, f"Hello {plain}, your order is ready.", f"and {text!r} is said as it is")
    ordered = '{"metadata":{"z":1,"a":{"y":[],"b":null},"m":-0.5}}'
    answer = world.server.ask("POST", SCHEDULE, json.dumps(world.body())[:-1] + "," + ordered[1:])
    text = world.server.ask("GET", f"/api/v1/scheduling/scheduled-calls/{answer.data['scheduledCallId']}").text
    checks.ok(ordered[1:-1] in text, "members stay in their order", text)
    for owner in ("o'brien", "ana@example.org", "Zoë 7", "<u>", "%00", "x" * 100):
        call = world.schedule(userId=owner)
        found = world.server.get("/scheduling/scheduled-calls", userId=owner)
        checks.ok(found["total"] == 1 and found["scheduledCalls"][0]["_id"] == call, f"the owner {owner!r:.20} finds their call", found)


def lists(world):
    days = [f"2026-03-{day:02}T10:00:00Z" for day in (2, 3, 4, 5, 6)]
    calls = [world.schedule(userId="lister", scheduledFor=day) for day in days]
    other = world.schedule(userId="lister", scheduledFor="2026-03-09T10:00:00Z", agentId=world.agent, metadata={"name": "Ann"})
    world.server.post(f"/scheduling/{calls[1]}/cancel", {"userId": "lister"})

    def found(**query):
        data = world.server.get("/scheduling/scheduled-calls", userId="lister", **query)
        return [call["_id"] for call in data["scheduledCalls"]], data["total"], data.get("cursor")
    everything = [other] + calls[::-1]
    checks.equal(found(), (everything, 6, None), "the newest first, and how many")
    checks.equal(found(status="cancelled"), ([calls[1]], 1, None), "by status")
    checks.equal(found(agentId=world.agent), ([other], 1, None), "by agent")
    checks.equal(found(startDate=days[4], endDate="2026-03-09T10:00:00Z"), ([other, calls[4]], 2, None), "by time, both ends included")
    checks.equal(found(startDate="2026-03-03", endDate="2026-03-04")[:2], ([calls[2], calls[1]], 2), "by whole days")
    checks.equal(found(endDate="2026-03-02T09:59:59Z")[:2], ([], 0), "and nothing before the first")
    first, total, cursor = found(limit=4)
    checks.ok(first == everything[:4] and total == 6 and cursor, "a page", first, total, cursor)
    checks.equal(found(limit=4, cursor=cursor), (everything[4:], 6, None), "and the one after it")
    shown = world.server.get("/scheduling/scheduled-calls", userId="lister", limit=1)["scheduledCalls"][0]
    checks.equal((shown["phoneNumber"], shown["agentId"]["name"], shown["isRecurring"], shown["canCancel"], shown["isPending"]),
                 ("****0199", "Ava", False, True, True), "a list shows the last digits, the agent's name and what can be done")


def scopes(world):
    server = world.server
    ana = server.add_user(name="Ana")
    key = server.post(f"/users/{ana}/keys", {"name": "phone"})["key"]
    mine = server.ask("POST", SCHEDULE, world.body(userId=ana), key)
    checks.equal(mine.status, 201, "a person's own key schedules for that person")
    call, others = mine.data["scheduledCallId"], world.schedule()
    for text, request in (("for another owner", ("POST", SCHEDULE, world.body())),
                          ("another's call is shown", ("GET", f"/api/v1/scheduling/scheduled-calls/{others}")),
                          ("another's calls are listed", ("GET", "/api/v1/scheduling/scheduled-calls?userId=u1")),
                          ("another's call is cancelled", ("POST", f"/api/v1/scheduling/{others}/cancel", {"userId": "u1"})),
                          ("numbers of everybody", ("GET", "/api/v1/scheduling/stats")),
                          ("versions of agents", ("GET", f"{AGENTS}/{world.agent}/versions")),
                          ("a preview for another", ("POST", "/api/v1/scheduling/preview", {"scheduledFor": "2026-01-06T10:00", "userId": "u1"}))):
        answer = server.ask(*request, **{"key": key})
        checks.equal((answer.status, answer.body["error"]["code"]), (403, "FORBIDDEN"), f"and not {text}")
    for text, request in (("agents", ("GET", AGENTS)), ("an agent", ("GET", f"{AGENTS}/{world.agent}")),
                          ("what an agent says", ("POST", f"{AGENTS}/{world.agent}/preview", {})),
                          ("a preview", ("POST", "/api/v1/scheduling/preview", {"scheduledFor": "2026-01-06T10:00", "agentId": world.agent})),
                          ("a preview of their own", ("POST", "/api/v1/scheduling/preview", {"scheduledFor": "2026-01-06T10:00", "userId": ana}))):
        checks.equal(server.ask(*request, **{"key": key}).status, 200, f"but {text}, without which they could not schedule")
    reader = server.post("/keys", {"name": "reader", "scope": "READER"})["key"]
    for request in (("POST", SCHEDULE, {"nonsense": 1}), ("POST", SCHEDULE, "{"), ("POST", AGENTS, {}), ("POST", f"/api/v1/scheduling/{others}/cancel", {}),
                    ("POST", "/api/v1/scheduling/bulk", "[")):
        answer = server.ask(*request, **{"key": reader})
        checks.equal((answer.status, answer.body["error"]["code"]), (403, "FORBIDDEN"),
                     f"who may only read hears that before what is wrong with {request[1]} {request[2]!r}")
    answer = server.ask("POST", f"/api/v1/scheduling/{others}/cancel", {"userId": ana}, key)
    checks.equal(answer.body["error"]["code"], "SCHEDULED_CALL_NOT_FOUND", "nor by saying that it is theirs")
    listed = server.ask("GET", "/api/v1/scheduling/scheduled-calls", None, key).data
    checks.equal([one["_id"] for one in listed["scheduledCalls"]], [call], "they see their own without saying who they are")
    audit = server.ask("GET", "/api/v1/audit", None, key).data["events"]
    checks.ok([one["action"] for one in audit if one["subjectId"] == call] == ["CALL_SCHEDULED"], "and find it in their audit", audit)


def versions(world):
    server = world.server
    agent = server.post("/agents", {"name": "V", "script": "One."})["id"]
    changed = server.ask("PATCH", f"{AGENTS}/{agent}", {"script": "Two {{x}}.", "optOutKey": "9"}).data
    checks.equal((changed["version"], changed["name"], changed["placeholders"]), (2, "V", [{"name": "x", "required": True}]),
                 "a change is a new version and keeps the rest")
    checks.equal(server.get(f"/agents/{agent}", version=1)["script"], "One.", "the old one stays")
    checks.equal([one["version"] for one in server.get(f"/agents/{agent}/versions")["agents"]], [1, 2], "and is listed")
    refused(world, "what the new version asks for is asked at once", ("POST", SCHEDULE, world.body(agentId=agent)),
            "VALIDATION_ERROR", "metadata.x")
    seen = server.post(f"/agents/{agent}/preview", {})
    checks.equal((seen["text"], seen["machineText"], seen["missing"]), ("Two .", "Two .", [{"name": "x", "required": True}]),
                 "a preview says what is missing")
    server.ask("PATCH", f"{AGENTS}/{agent}", {"script": "Three.", "onMachine": "HANG_UP"})
    checks.ok("machineText" not in server.post(f"/agents/{agent}/preview", {}), "one that hangs up says nothing to a machine")
    refused(world, "a name that is taken away", ("PATCH", f"{AGENTS}/{agent}", {"name": None}), "VALIDATION_ERROR", "name")


def counters(world):
    tally = world.server.query("SELECT status, count(*) FROM scheduled_calls GROUP BY status")
    stats = world.stats()["scheduler"]
    checks.ok(all(stats[status] == count for status, count in tally) and stats["total"] == sum(count for _, count in tally),
              "the numbers of stats are those of the rows", stats, tally)
    checks.equal(world.server.get("/verify")["countersWrong"], 0, "and every counter agrees with a recount")


def a_broken_row(world):
    """A fault of ours is INTERNAL_ERROR, of that call alone."""
    calls = [world.schedule(userId="broken", recurring={"frequency": "daily", "interval": 1}) for _ in range(4)]
    numbers = [row[0] for row in world.server.query("SELECT id FROM scheduled_calls WHERE user_id='broken' ORDER BY id")]
    world.server.stop()
    store = sqlite3.connect(next(world.server.folder.glob("*.db")))
    for number, edit in zip(numbers, ("hours='[]'", "recurrence='[]'", "phone=x'00'")):
        store.execute(f"UPDATE scheduled_calls SET {edit} WHERE id={number}")
    store.commit()
    store.close()
    world.server.start()
    for call, what in zip(calls, ("hours", "a series", "a number")):
        refused(world, f"a row with {what} that cannot be read", ("GET", f"/api/v1/scheduling/scheduled-calls/{call}"),
                "INTERNAL_ERROR")
    answer = world.server.ask("GET", "/api/v1/scheduling/scheduled-calls?userId=broken")
    checks.ok(answer.status == 200 and calls[3] in answer.text, "the others are listed", answer.status, answer.text[:300])


def main():
    world = World()
    for part in (refuses_calls, refuses_times, says_what_is_wanted, refuses_series, refuses_placeholders, refuses_unknown, refuses_what_is_over,
                 keeps_what_it_is_given, lists, scopes, versions, counters, a_broken_row):
        part(world)
    checks.ok(all(provoked.get(code, 0) >= 3 for code in S7), "each code of S7 was provoked by at least three inputs", provoked)
    world.server.check_logs(checks, "the log of all that")


checks.run(main)
