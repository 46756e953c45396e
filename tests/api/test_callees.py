#!/usr/bin/env python3
"""Who may be called and when, by the API: the do-not-call list and its import, consents, holiday calendars, the preview and its
codes, settings that are wrong. Requirements S1, S5, S7, K8, P5, P6; tests/scenario has the behaviour over time."""
import datetime
import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ADMIN_KEY, Checks, run_tocsin  # noqa: E402
from server import Client, Server, headers_of  # noqa: E402

START = "2026-01-05T09:00:00Z"  # A Monday.
UNKNOWN = "01890000-0000-7000-8000-000000000000"
DNC, CONSENTS, HOLIDAYS, PREVIEW = "/api/v1/do-not-call", "/api/v1/consents", "/api/v1/holidays", "/api/v1/scheduling/preview"
SCHEDULE = "/api/v1/scheduling/schedule"
NUMBERS_MAX = 10000
CONFIG_IS_WRONG = 3
checks = Checks()


class World:
    def __init__(self):
        self.server = Server(checks, "callees", at=START).start()
        for number in ("+4930555000", "+14155550177"):
            self.server.keep_secret(number, "the number of a callee")
        self.server.keep_secret("shouted at Bob", "why a number is on the list")
        self.agent = self.server.post("/agents", {"name": "Ava", "script": "Hello {{name|there}}, {{order}}."})["id"]

    def ask(self, method, path, body=None, **query):
        return self.server.ask(method, path, body, **query)

    def call(self, **members):
        return {"agentId": self.agent, "userId": "u1", "phoneNumber": "+14155550177", "scheduledFor": "2026-01-06T10:00:00Z",
                "metadata": {"order": "order 7"}, **members}


def refused(world, text, request, status, code, field=None):
    before = world.server.row_counts()
    answer = world.ask(*request)
    error = (answer.body or {}).get("error", {})
    same = (answer.status, error.get("code"), error.get("field")) == (status, code, field)
    checks.ok(same and world.server.row_counts() == before, f"{text}: {status} {code} {field or ''}".rstrip(), answer.status,
              answer.text[:300])


def do_not_call(world):
    added = world.ask("POST", DNC, {"phoneNumber": "+14155550177", "reason": "shouted at Bob"})
    again = world.ask("POST", DNC, {"phoneNumber": "+14155550177", "reason": "another reason"})
    checks.equal((added.status, again.status, again.data["id"], again.data["reason"]), (201, 200, added.data["id"], "shouted at Bob"),
                 "a number is put on the list once")
    for text, body, field in (("no number", {}, "phoneNumber"), ("a number that is none", {"phoneNumber": "0177"}, "phoneNumber"),
                              ("a source that is ours to say", {"phoneNumber": "+4930555", "source": "KEY"}, "source"),
                              ("a reason of 1,001 bytes", {"phoneNumber": "+49305550", "reason": "x" * 1001}, "reason")):
        refused(world, text, ("POST", DNC, body), 400, "VALIDATION_ERROR", field)
    refused(world, "a call to it", ("POST", SCHEDULE, world.call()), 400, "INVALID_OPERATION", "phoneNumber")
    listed = world.ask("GET", DNC, phoneNumber="+14155550177").data
    checks.ok(listed["total"] == 1 and listed["numbers"][0]["phoneNumber"].endswith("0177") and "+1415" not in json.dumps(listed),
              "found by its number, of which four digits are shown", listed)
    sealed = world.server.query("SELECT phone, reason FROM do_not_call")[0]
    checks.ok(all(isinstance(one, bytes) and b"0177" not in one and b"shouted" not in one for one in sealed),
              "encrypted at rest", sealed)
    row = added.data["id"]
    checks.equal(world.ask("DELETE", f"{DNC}/{row}").status, 200, "taken off")
    checks.equal(world.ask("DELETE", f"{DNC}/{row}").status, 200, "taken off twice is taken off")
    refused(world, "one that never was", ("DELETE", f"{DNC}/{UNKNOWN}"), 404, "NOT_FOUND")
    checks.equal(world.ask("POST", SCHEDULE, world.call()).status, 201, "and called again")
    actions = [row[0] for row in world.server.query("SELECT action FROM audit_events WHERE subject_type='CALLEE' ORDER BY seq")]
    checks.equal(actions, ["DO_NOT_CALL_ADDED", "DO_NOT_CALL_LIFTED"], "each change is in the trail, once")


def imports(world):
    text = "\ufeff# bought in 2025\r\n+4930555000100\r\n\r\n+4930555000101\r\n030 555\r\n+4930555000100\r\n+49 30 555\n"
    plain = {"Content-Type": "text/plain; charset=utf-8"}
    done = world.ask("POST", f"{DNC}/import", text.encode(), headers=plain).data
    checks.equal((done["added"], done["known"], done["refused"]), (2, 1, 2), "a text with a mark, CRLF, a comment and a blank line")
    checks.equal([one["line"] for one in done["errors"]], [5, 7], "what is no number is told with its line")
    checks.ok("030 555" in done["errors"][0]["message"], "and what stands there", done["errors"])
    done = world.ask("POST", f"{DNC}/import", {"numbers": ["+4930555000101", "+4930555000102", "none"], "reason": "list"}).data
    checks.equal((done["added"], done["known"], done["refused"]), (1, 1, 1), "the same as JSON")
    binary = world.ask("POST", f"{DNC}/import", b"+4930555000103\n\xff\xfe\x00\n", headers=plain).data
    checks.equal((binary["added"], binary["refused"]), (1, 1), "bytes that are no text are refused, by their line")
    for text, body, headers, status in (("nothing", b"", plain, 400), ("comments only", b"# x\n\n", plain, 400),
                                        ("one too many", b"+4930555000104\n" * (NUMBERS_MAX + 1), plain, 400),
                                        ("another type", b"<a/>", {"Content-Type": "text/xml"}, 415),
                                        ("text/plain elsewhere", b"+4930555000104", plain, 415)):
        path = DNC if "elsewhere" in text else f"{DNC}/import"
        before = world.server.row_counts()
        answer = world.ask("POST", path, body, headers=headers)
        checks.ok(answer.status == status and world.server.row_counts() == before, f"an import of {text}: {status}", answer.status,
                  answer.text[:200])
    before = world.server.query("SELECT count(*) FROM audit_events")[0][0]
    many = "\n".join(f"+4930556{number:06d}" for number in range(NUMBERS_MAX))
    began = time.monotonic()
    done = world.ask("POST", f"{DNC}/import", many.encode(), headers=plain).data
    took = time.monotonic() - began
    checks.equal((done["added"], done["refused"]), (NUMBERS_MAX, 0), "as many as there may be")
    checks.ok(took < 5, "in one request", took)
    checks.equal(world.server.query("SELECT count(*) FROM audit_events")[0][0] - before, 1, "with one event in the trail")
    refused(world, "a call to one of them", ("POST", SCHEDULE, world.call(phoneNumber="+4930556009999")), 400, "INVALID_OPERATION",
            "phoneNumber")
    seen, cursor = [], {}
    while True:
        page = world.ask("GET", DNC, limit=1000, **cursor).data
        seen += [one["id"] for one in page["numbers"]]
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    checks.ok(len(seen) == len(set(seen)) == page["total"] == NUMBERS_MAX + 4, "all of them listed, page by page", len(seen), page["total"])


def consents(world):
    for text, body, field in (("no state", {"phoneNumber": "+4930555000200"}, "state"),
                              ("a state that is none", {"phoneNumber": "+4930555000200", "state": "MAYBE"}, "state"),
                              ("no number", {"state": "GIVEN"}, "phoneNumber"),
                              ("a source", {"phoneNumber": "+4930555000200", "state": "GIVEN", "source": "KEY"}, "source")):
        refused(world, text, ("POST", CONSENTS, body), 400, "VALIDATION_ERROR", field)
    for state in ("GIVEN", "WITHDRAWN", "GIVEN"):
        world.server.post("/consents", {"phoneNumber": "+4930555000200", "state": state, "evidence": "form 7"})
    history = world.ask("GET", CONSENTS, phoneNumber="+4930555000200").data
    checks.equal(([one["state"] for one in history["consents"]], history["total"]), (["GIVEN", "WITHDRAWN", "GIVEN"], 3),
                 "a history, the newest first")
    checks.equal(world.ask("GET", CONSENTS, phoneNumber="+4930555000201").data["total"], 0, "of that number only")
    checks.equal(world.ask("DELETE", f"{CONSENTS}/{history['consents'][0]['id']}").status, 404, "from which nothing is removed")


def holidays(world):
    for text, body, field in (("without a name", {"dates": ["2026-12-24"]}, "name"), ("neither dates nor url", {"name": "x"}, "dates"),
                              ("both", {"name": "x", "dates": ["2026-12-24"], "url": "https://example.com/x.ics"}, "dates"),
                              ("a day that does not exist", {"name": "x", "dates": ["2026-02-29"]}, "dates[0]"),
                              ("a day that is a time", {"name": "x", "dates": ["2026-02-28T00:00:00Z"]}, "dates[0]"),
                              ("401 days", {"name": "x", "dates": ["2026-12-24"] * 401}, "dates"),
                              ("an address that is none", {"name": "x", "url": "file:///etc/passwd"}, "url"),
                              ("a name like a day", {"name": "2026-12-24", "dates": ["2026-12-24"]}, "name"),
                              ("a name in capitals", {"name": "Germany", "dates": ["2026-12-24"]}, "name"),
                              ("a status of ours", {"name": "x", "dates": ["2026-12-24"], "status": "OK"}, "status")):
        refused(world, f"holidays {text}", ("POST", HOLIDAYS, body), 400, "VALIDATION_ERROR", field)
    made = world.server.post("/holidays", {"name": "team-a", "dates": ["2026-01-07", "2026-01-06", "2026-01-06"]})
    checks.equal((made["dates"], made["status"]), (["2026-01-06", "2026-01-07"], "OK"), "sorted, each once")
    refused(world, "the same name again", ("POST", HOLIDAYS, {"name": "team-a", "dates": ["2026-01-06"]}), 409, "DUPLICATE", "name")
    path = f"{HOLIDAYS}/{made['id']}"
    refused(world, "another name", ("PATCH", path, {"name": "team-b"}), 400, "VALIDATION_ERROR", "name")
    refused(world, "a URL beside its dates", ("PATCH", path, {"dates": ["2026-01-08"], "url": "https://example.com/x.ics"}), 400,
            "VALIDATION_ERROR", "dates")
    checks.equal(world.ask("PATCH", path, {"dates": []}).data["dates"], [], "a calendar may be empty")
    checks.equal(world.ask("PATCH", path, {"dates": ["2026-01-06"]}).data["dates"], ["2026-01-06"], "and filled again")
    moved = world.server.post("/scheduling/schedule", world.call(businessHours={"holidays": ["team-a", "2026-01-07"]}))
    checks.equal(moved["scheduledFor"], "2026-01-08T09:00:00Z", "names and days together move a call")
    shown = world.server.get(f"/scheduling/scheduled-calls/{moved['scheduledCallId']}")
    checks.equal(shown["businessHours"]["holidays"], ["team-a", "2026-01-07"], "which keeps them as they were given")
    for items, index in ((["team-b"], 0), (["team-a", "Team-A"], 1), (["2026-01-06", "2026-02-29"], 1), ([""], 0)):
        refused(world, f"holidays {items}", ("POST", SCHEDULE, world.call(businessHours={"holidays": items})), 400, "VALIDATION_ERROR",
                f"businessHours.holidays[{index}]")
    for old in ("1960-01-01", "0001-01-01"):
        answer = world.ask("POST", SCHEDULE, world.call(businessHours={"holidays": [old]}))
        checks.equal(answer.status, 201, f"a holiday of {old} is over, and harms nobody")
        refused(world, f"a series until {old}", ("POST", SCHEDULE, world.call(recurring={"frequency": "daily", "endDate": old})), 400,
                "VALIDATION_ERROR", "recurring.endDate")
    checks.equal(world.ask("DELETE", path).status, 200, "removed")
    refused(world, "a removed one", ("GET", path), 404, "NOT_FOUND")
    checks.equal([one["name"] for one in world.server.get("/holidays")["holidays"]], [], "and not listed")


def preview(world):
    def wrong(text, status, code, field, **members):
        refused(world, f"a preview of {text}", ("POST", PREVIEW, {"scheduledFor": "2026-01-06T10:00:00Z", **members}), status, code, field)
    wrong("a time that is none", 400, "VALIDATION_ERROR", "scheduledFor", scheduledFor="soon")
    wrong("a time that is over", 400, "INVALID_SCHEDULED_TIME", "scheduledFor", scheduledFor="2026-01-05T09:00:00Z")
    wrong("a zone that is none", 400, "INVALID_TIMEZONE", "timezone", timezone="Mars/Olympus")
    wrong("an unknown agent", 404, "AGENT_NOT_FOUND", "agentId", agentId=UNKNOWN)
    wrong("101 occurrences", 400, "VALIDATION_ERROR", "count", count=101)
    wrong("none", 400, "VALIDATION_ERROR", "count", count=0)
    wrong("an unknown member", 400, "VALIDATION_ERROR", "phone", phone="+14155550177")
    wrong("hours that never open", 400, "VALIDATION_ERROR", "businessHours",
          businessHours={"daysOfWeek": [0], "holidays": sundays()})
    seen = world.ask("POST", PREVIEW, world.call(priority="high", recurring={"rrule": "FREQ=WEEKLY;BYDAY=TU,FR;COUNT=3"})).data
    checks.equal([one["scheduledFor"] for one in seen["occurrences"]],
                 ["2026-01-06T10:00:00Z", "2026-01-09T10:00:00Z", "2026-01-13T10:00:00Z"], "a rule to its end")
    checks.equal((seen["speech"]["text"], seen["speech"]["missing"], seen["mayBeCalled"], seen["moved"]),
                 ("Hello there, order 7.", [], True, False), "what would be said, and that it may")
    scheduled = world.server.post("/scheduling/schedule", world.call(scheduledFor="2026-01-10T10:00:00Z"))
    seen = world.server.post("/scheduling/preview", world.call(scheduledFor="2026-01-10T10:00:00Z"))
    checks.equal(seen["scheduledFor"], scheduled["scheduledFor"], "a call is scheduled for when its preview says")


def sundays():
    """Those of a year from 4 January 2026 on."""
    return [str(datetime.date(2026, 1, 4) + datetime.timedelta(weeks=week)) for week in range(54)]


def preview_is_quick(world):
    """A preview of ten occurrences, asked one after another on one connection."""
    body = json.dumps(world.call(timezone="Europe/Berlin", recurring={"frequency": "daily"})).encode()
    client = Client(world.server.port)
    took = []
    for _ in range(500):
        began = time.perf_counter()
        answer = client.send("POST", PREVIEW, body, headers_of(ADMIN_KEY, body))
        took.append(time.perf_counter() - began)
        assert answer.status == 200, answer.text
    client.close()
    # The other processes of a busy machine are in these figures, so that the median is what can fail.
    print(f"# preview: median {statistics.median(took) * 1e3:.2f} ms, 99 % {statistics.quantiles(took, n=100)[98] * 1e3:.2f} ms")
    checks.ok(statistics.median(took) < 0.005, "a preview takes a millisecond or so", statistics.median(took))


def scopes(world):
    anna = world.server.add_user(name="Anna", email="anna@example.org")
    keys = {"USER": world.server.post(f"/users/{anna}/keys", {"name": "k"})["key"]}
    keys["READER"] = world.server.post("/keys", {"name": "r", "scope": "READER"})["key"]
    for scope, key in keys.items():
        for method, path, body in (("POST", DNC, {"phoneNumber": "+4930555000300"}), ("POST", f"{DNC}/import", {"numbers": ["+4930555000300"]}),
                                   ("POST", CONSENTS, {"phoneNumber": "+4930555000300", "state": "GIVEN"}),
                                   ("POST", HOLIDAYS, {"name": "y", "dates": []})):
            answer = world.server.ask(method, path, body, key)
            checks.equal((answer.status, answer.body["error"]["code"]), (403, "FORBIDDEN"), f"{scope} changes nothing: {method} {path}")
    checks.equal(world.server.ask("GET", DNC, None, keys["USER"]).status, 403, "a person's key does not see whom nobody may call")
    checks.equal(world.server.ask("GET", DNC, None, keys["READER"]).status, 200, "a reader's does")
    body = {"scheduledFor": "2026-01-06T10:00:00Z"}
    checks.equal(world.server.ask("POST", PREVIEW, body, keys["READER"]).status, 200, "a preview is a read")
    checks.equal(world.server.ask("POST", PREVIEW, {**body, "userId": anna}, keys["USER"]).status, 200, "a person sees that of their own")
    checks.equal(world.server.ask("POST", PREVIEW, {**body, "userId": "u1"}, keys["USER"]).status, 403, "and of nobody else")


def settings():
    wrong = {"DEFAULT_BUSINESS_HOURS_START": ("9:00", "24:00", "nine"), "DEFAULT_BUSINESS_HOURS_END": ("24:01", "17", "5pm"),
             "DEFAULT_TIMEZONE": ("Mars/Olympus", "CET+1CEST"), "CALL_LEGAL_HOURS": ("08:00", "08:00-08:00", "8-21", "21:00-8:00"),
             "CALL_LEGAL_HOURS_BY_COUNTRY": ("08:00-20:00", "de=08:00-20:00", "DE=08:00-20:00,DE=09:00-20:00"),
             "CALL_CONSENT_REQUIRED": ("maybe",)}
    for name, values in wrong.items():
        for value in values:
            code, _, errors = run_tocsin(checks, "check-config", **{name: value})
            checks.ok(code == CONFIG_IS_WRONG and name in errors and value.split(",")[-1].split("=")[0] in errors,
                      f"check-config names {name} {value!r}", code, errors)
    right = {"DEFAULT_BUSINESS_HOURS_START": "00:00", "DEFAULT_BUSINESS_HOURS_END": "24:00", "CALL_LEGAL_HOURS": "08:00-21:00",
             "DEFAULT_TIMEZONE": "Asia/Kathmandu", "CALL_LEGAL_HOURS_BY_COUNTRY": "DE=08:00-20:00, US=09:00-20:00",
             "CALL_CONSENT_REQUIRED": "true"}
    name = "DEFAULT_BUSINESS_HOURS_END"
    for start, end in (("09:00", "09:00"), ("17:00", "17:00"), ("00:00", "00:00")):
        code, _, errors = run_tocsin(checks, "check-config", **{"DEFAULT_BUSINESS_HOURS_START": start, name: end})
        checks.ok(code == CONFIG_IS_WRONG and name in errors and "00:00 to 24:00 is all of the day" in errors,
                  f"hours from {start} to {end} are refused", code, errors)
    for start, end, is_told in (("22:00", "06:00", True), ("17:00", "09:00", True), ("09:00", "17:00", False), ("00:00", "24:00", False)):
        code, out, errors = run_tocsin(checks, "check-config", **{"DEFAULT_BUSINESS_HOURS_START": start, name: end})
        checks.ok(code == 0 and (f"{name}: before DEFAULT_BUSINESS_HOURS_START" in out + errors) == is_told,
                  f"hours from {start} to {end} are told as a night's: {is_told}", code, out[-500:], errors)
    code, out, errors = run_tocsin(checks, "check-config", **right)
    checks.ok(code == 0, "and takes what is right", code, out[-300:], errors)


def main():
    world = World()
    for part in (do_not_call, imports, consents, holidays, preview, preview_is_quick, scopes):
        part(world)
    settings()
    world.server.check_logs(checks, "the log of all that")


checks.run(main)
