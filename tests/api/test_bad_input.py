#!/usr/bin/env python3
"""Bad input: each piece is a clear error that names the field, or a calendar that is shown as failing; nothing changes, nothing
else is delayed, and the server is well afterwards. Requirements S7, M3, X3, X4, X5; issue "Bad input, faults"."""
import datetime
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from feeds import Feeds, Silence  # noqa: E402
from live import Checks, calendar_text, event_text, wait_until  # noqa: E402
from server import ADMIN_KEY, Server, send_raw, send_too_large  # noqa: E402

START = "2026-01-05T09:00:00Z"
UNKNOWN = "01890000-0000-7000-8000-000000000000"
HTML = "<!doctype html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
GOOD = calendar_text(event_text("good@example.org", "20260105T120000Z", SUMMARY="Good"))
checks = Checks()


def refused(server, text, request, status, code, field=None):
    """One request that must be refused, with nothing changed."""
    before = server.row_counts()
    answer = server.ask(*request) if isinstance(request, tuple) else request()
    after = server.row_counts()
    error = (answer.body or {}).get("error", {})
    said = error.get("message", "")
    is_clear = answer.status == status and error.get("code") == code and error.get("field") == field and len(said) > 10
    checks.ok(is_clear and before == after, f"{text}: {status} {code} {field or ''}".rstrip(), answer.status, answer.text[:300],
              {name: (count, after[name]) for name, count in before.items() if count != after[name]})


def sync_body(user, **event):
    return {"userId": user, "events": [{"externalId": "x", "startsAt": "2026-01-06T09:00:00Z", **event}]}


def refuses_values(server, user):
    def sync(text, code, field, **event):
        refused(server, text, ("POST", "/calendar/sync", sync_body(user, **event)), 400, code, field)
    users, people = "/api/v1/users", f"/api/v1/users/{user}"
    sync("an unknown zone of an event", "INVALID_TIMEZONE", "events[0].timezone", timezone="Mars/Olympus")
    sync("a zone that climbs out of its folder", "INVALID_TIMEZONE", "events[0].timezone", timezone="../../etc/passwd")
    sync("a time in the past", "INVALID_SCHEDULED_TIME", "events[0].startsAt", startsAt="2025-01-06T09:00:00Z")
    sync("a time before 1970", "VALIDATION_ERROR", "events[0].startsAt", startsAt="1901-01-06T09:00:00Z")
    sync("a day that is none", "VALIDATION_ERROR", "events[0].startsAt", startsAt="2026-02-30T09:00:00Z")
    sync("a time without an offset", "VALIDATION_ERROR", "events[0].startsAt", startsAt="2026-01-06T09:00:00")
    sync("an end before the start", "VALIDATION_ERROR", "events[0].endsAt", endsAt="2026-01-06T08:00:00Z")
    sync("an unknown status", "VALIDATION_ERROR", "events[0].status", status="MAYBE")
    sync("a join link that is a script", "VALIDATION_ERROR", "events[0].joinUrl", joinUrl="javascript:alert(1)")
    sync("an empty id", "VALIDATION_ERROR", "events[0].externalId", externalId="")
    sync("an id of 513 bytes", "VALIDATION_ERROR", "events[0].externalId", externalId="x" * 513)
    sync("a control character", "VALIDATION_ERROR", "events[0].title", title="a\u0007b")
    refused(server, "an unknown zone of a person", ("POST", users, {"name": "A", "timezone": "Mars/Olympus"}), 400,
            "INVALID_TIMEZONE", "timezone")
    refused(server, "the same in a change", ("PATCH", people, {"timezone": "Mars/Olympus"}), 400, "INVALID_TIMEZONE", "timezone")
    refused(server, "a phone without a plus", ("POST", users, {"name": "A", "phone": "0034600111222"}), 400, "VALIDATION_ERROR",
            "phone")
    refused(server, "half of the quiet hours that are no time", ("PATCH", people, {"quietHours": {"start": "25:00"}}), 400,
            "VALIDATION_ERROR", "quietHours.start")
    refused(server, "a channel for messages that is none", ("PATCH", people, {"preferredChannel": "CALL"}), 400,
            "VALIDATION_ERROR", "preferredChannel")
    refused(server, "a name that is null", ("PATCH", people, {"name": None}), 400, "VALIDATION_ERROR", "name")
    refused(server, "an unknown person", ("POST", "/calendar/sync", sync_body(UNKNOWN)), 404, "NOT_FOUND")
    good = {"externalId": "fine", "startsAt": "2026-01-06T09:00:00Z"}
    refused(server, "one bad event among good ones", ("POST", "/calendar/sync", {"userId": user, "events": [
        good, {**good, "externalId": "fine too"}, {**good, "externalId": "bad", "timezone": "Mars/Olympus"}]}), 400,
        "INVALID_TIMEZONE", "events[2].timezone")
    refused(server, "10,001 events", ("POST", "/calendar/sync", {"userId": user, "events": [
        {**good, "externalId": str(number)} for number in range(10001)]}), 400, "VALIDATION_ERROR", "events")
    refused(server, "an incident about nobody that is known", ("POST", "/incidents", {"title": "x", "userId": UNKNOWN}), 400,
            "VALIDATION_ERROR", "userId")
    refused(server, "a ladder that is none", ("POST", "/incidents", {"title": "x", "policy": "no such"}), 400, "VALIDATION_ERROR",
            "policy")


def refuses_check_ins(server, user, stranger):
    event = server.push(user, "check-in", "2026-01-06T15:00:00Z")
    path = f"/meetings/{event}/checkin"
    refused(server, "an unknown event", ("POST", f"/meetings/{UNKNOWN}/checkin", {"userId": user, "status": "JOINED"}), 404,
            "NOT_FOUND")
    refused(server, "an unknown person checks in", ("POST", path, {"userId": UNKNOWN, "status": "JOINED"}), 404, "NOT_FOUND")
    refused(server, "who does not attend", ("POST", path, {"userId": stranger, "status": "JOINED"}), 403, "FORBIDDEN", "userId")
    refused(server, "a status that is none", ("POST", path, {"userId": user, "status": "LATE"}), 400, "VALIDATION_ERROR", "status")
    server.ask("POST", path, {"userId": user, "status": "JOINED"})
    refused(server, "MISSED after JOINED", ("POST", path, {"userId": user, "status": "MISSED"}), 409, "CONFLICT", "status")
    incident = server.post("/incidents", {"title": "x"})["id"]
    server.post(f"/incidents/{incident}/resolve")
    refused(server, "a move that the states do not have", ("POST", f"/incidents/{incident}/acknowledge"), 409,
            "INVALID_TRANSITION")


def refuses_bodies(server, user):
    def body(text, content, field=None, status=400, code="VALIDATION_ERROR", path="/api/v1/users"):
        refused(server, text, ("POST", path, content), status, code, field)
    body("a malformed body", b'{"name":"A"')
    body("a body that is no object", b'[1,2]')
    body("a wrong type", {"name": 7}, "name")
    body("an unknown member", {"name": "A", "nmae": "B"}, "nmae")
    body("a misspelt member of a member", {"name": "A", "quietHours": {"begin": "22:00"}}, "quietHours.begin")
    body("bad UTF-8", b'{"name":"\xff\xfe"}')
    body("overlong UTF-8", b'{"name":"\xc0\xaf"}')
    body("half a surrogate pair", b'{"name":"\\ud800"}')
    body("a duplicate key", b'{"name":"A","name":"B"}')
    body("NUL as an escape", b'{"name":"A\\u0000B"}')
    body("NUL as it is", b'{"name":"A\x00B"}')
    body("a number beyond all bounds", b'{"name":1e999}')
    body("an integer beyond 64 bits", {"seconds": 1 << 70}, path="/api/v1/clock/advance")
    body("a negative number of seconds", {"seconds": -1}, "seconds", path="/api/v1/clock/advance")
    body("100,000 brackets", b"[" * 100000)
    body("5,000 objects deep", b'{"name":' * 5000 + b"1" + b"}" * 5000)
    body("depth in a member that is unknown", b'{"name":"A","x":' + b"[" * 900 + b"]" * 900 + b"}")
    body("another type of content", b"<a/>", status=400)
    for size, path in ((10_000_000, "/api/v1/users"), ((10 << 20) + 1, "/calendar/sync")):
        before = server.row_counts()
        status, _, text = send_too_large(server.port, "POST", path, size)
        checks.ok(status == 413 and "PAYLOAD_TOO_LARGE" in text and server.row_counts() == before,
                  f"a body of {size} bytes to {path}: 413", status, text[:200])
    huge = {"userId": user, "ics": "x" * 10_000_000}
    refused(server, "10 MB that are no calendar", ("POST", "/calendar/sync", huge), 400, "VALIDATION_ERROR", "ics")
    for name, head in (("no length", "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), ("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"),
                       ("a length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                       ("a negative length", "Content-Length: -5\r\n\r\n"), ("a header block of 20 KiB", "X: " + "y" * 20480 + "\r\n\r\n")):
        top = f"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_KEY}\r\nConnection: close\r\n"
        status, _, text = send_raw(server.port, (top + head).encode())
        checks.ok(status is None or 400 <= status < 500, f"framing with {name} is refused", status, text[:200])


def refuses_calendars(server, user):
    path = f"/api/v1/users/{user}/calendars"

    def add(text, body, field):
        refused(server, text, ("POST", path, body), 400, "VALIDATION_ERROR", field)
    add("a broken calendar", {"kind": "upload", "ics": "BEGIN:VCALENDAR\r\nBEGIN:VEV"}, "ics")
    add("a calendar that is cut off", {"kind": "upload", "ics": GOOD[:GOOD.index("SUMMARY")]}, "ics")
    add("HTML as a calendar", {"kind": "upload", "ics": HTML}, "ics")
    add("an empty calendar text", {"kind": "upload", "ics": ""}, "ics")
    add("an upload without a text", {"kind": "upload"}, "ics")
    add("a feed without an address", {"kind": "ics"}, "url")
    add("a feed with a text", {"kind": "ics", "url": "https://example.org/a.ics", "ics": GOOD}, "ics")
    add("a kind that is none", {"kind": "outlook", "url": "https://example.org/a.ics"}, "kind")
    add("a password without a name", {"kind": "caldav", "url": "https://example.org/", "password": "x"}, "username")
    for url in ("ftp://example.org/a.ics", "file:///etc/passwd", "javascript:alert(1)", "//example.org/a", "http://", "http:///a",
                "https://exa mple.org/", "https://example.org:99999/", "https://example.org/\r\nX: y", "gopher://127.0.0.1:25/x"):
        add(f"the address {url!r}", {"kind": "ics", "url": url}, "url")
    refused(server, "a pushed text that is HTML", ("POST", "/calendar/sync", {"userId": user, "ics": HTML}), 400,
            "VALIDATION_ERROR", "ics")
    half = GOOD.replace("END:VCALENDAR", "BEGIN:VEVENT\r\nUID:bad\r\nDTSTART:not-a-time\r\nEND:VEVENT\r\nEND:VCALENDAR")
    added = server.post(f"/users/{user}/calendars", {"kind": "upload", "ics": half})
    checks.ok(added["status"] == "OK" and added["warnings"] >= 1 and added["firstWarning"], "a bad event costs only itself, with "
              "a warning", added)
    found = server.get("/meetings", userId=user)["meetings"]
    checks.ok("Good" in [one["title"] for one in found], "and the good one beside it is planned", found)


def look_after(server, text):
    health = server.ask("GET", "/health", key=None)
    alive = server.ask("GET", "/livez", key=None).status
    checks.ok(alive == 200 and health.status == 200 and server.is_running(), f"{text} the server is alive and answers",
              health.text[:300])


def add_feed(server, url, name, **members):
    """A person of their own with this one calendar, read at once: (person, how the reading answered, the calendar)."""
    person = server.add_user(name=name)
    calendar = server.post(f"/users/{person}/calendars", {"kind": "ics", "url": url, **members})["id"]
    answer = server.sync(person)
    return person, answer.body, server.calendar(person, calendar)


def guards_private_addresses(server, feeds):
    port = feeds.port
    feeds.set("/private.ics", GOOD)
    for host in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]", "10.0.0.1",
                 "169.254.169.254", "192.168.1.1", "[fe80::1]", "[fd00::1]"):
        _, answer, calendar = add_feed(server, f"http://{host}:{port}/private.ics", host)
        error = calendar.get("lastError", "")
        checks.ok(answer["success"] is False and answer["error"] and calendar["status"] == "FAILING" and len(error) > 10,
                  f"{host} is refused, and shown as failing", answer, calendar)
    checks.equal(feeds.hits, [], "and nobody was asked")


def shows_failing_feeds(server, feeds):
    loop = feeds.set("/loop", "", 302, Location="/loop")
    feeds.set("/ping", "", 302, Location=f"http://localhost:{feeds.port}/pong")
    cases = [("HTML", feeds.set("/html", HTML, Content_Type="text/html")), ("a redirect loop", loop),
             ("a loop over two", feeds.set("/pong", "", 302, Location=f"{feeds.url}/ping")),
             ("a redirect to a file", feeds.set("/file", "", 302, Location="file:///etc/passwd")),
             ("nothing there", f"{feeds.url}/nothing"), ("an error of the server", feeds.set("/500", "oops", 500)),
             ("an empty answer", feeds.set("/empty", "")), ("a broken calendar", feeds.set("/broken", "BEGIN:VCALENDAR\r\nBEG")),
             ("40 MB", feeds.set("/big", b" " * 40_000_000)), ("200 MB in 200 kB", feeds.set_bomb("/bomb", 200_000_000)),
             ("not gzip after all", feeds.set("/nogzip", "plain", Content_Encoding="gzip")),
             ("nobody who listens", "http://127.0.0.1:1/x.ics"), ("a name that is none", "http://no-such-host.invalid/x.ics")]
    for name, url in cases:
        person, answer, calendar = add_feed(server, url, name)
        error = calendar.get("lastError", "")
        is_shown = calendar["status"] == "FAILING" and len(error) > 5 and "lastSyncedAt" not in calendar
        checks.ok(is_shown and answer["success"] is False and answer["error"] and calendar["failures"] == 1,
                  f"a feed with {name} is shown as failing: {error[:60]}", answer, calendar)
        checks.equal(server.get("/meetings", userId=person)["total"], 0, f"and nothing came out of {name}")
    good = feeds.set("/changing.ics", GOOD)
    person, answer, calendar = add_feed(server, good, "changing")
    checks.ok(answer == {"success": True, "created": 1, "updated": 0, "skipped": 0, "cancelled": 0}, "a good feed is read", answer)
    for name, body, status in (("HTML", HTML, 200), ("an error", "no", 503), ("nothing", "", 200),
                               ("half of itself", GOOD[:GOOD.index("SUMMARY")], 200)):
        feeds.set("/changing.ics", body, status)
        answer = server.sync(person).body
        meeting = server.get("/meetings", userId=person)["meetings"][0]
        alerts = {alert["status"] for alert in meeting["alerts"]}
        checks.ok(not answer["success"] and (meeting["status"], alerts) == ("SCHEDULED", {"PENDING"}),
                  f"when it turns to {name} its meetings stay", answer, meeting)
    feeds.set("/changing.ics", GOOD)
    answer = server.sync(person).body
    shown = server.calendar(person, calendar["id"])
    checks.ok(answer["success"] and shown["status"] == "OK" and "lastError" not in shown and shown["failures"] == 0,
              "and when it is good again it is shown so", answer, shown)
    url = f"http://anna:geheim@wort@127.0.0.1:{feeds.port}?token=abcdef"
    answer = server.ask("POST", f"/api/v1/users/{person}/calendars", {"kind": "ics", "url": url})
    server.keep_secret("geheim", "a password in an address")
    server.keep_secret("wort@", "a password in an address")
    server.keep_secret("token=abcdef", "a token in an address")
    server.sync(person)
    shown = answer.text + server.ask("GET", f"/api/v1/users/{person}/calendars").text + server.ask("GET", "/api/v1/audit?limit=1000").text
    checks.ok(not any(part in shown for part in ("geheim", "wort@", "abcdef")), "secrets in an address are not shown", answer.text)


def with_a_virtual_clock():
    server = Server(checks, "strict", at=START).start()
    user, stranger = server.add_user(name="Anna", phone="+34600144444"), server.add_user(name="Bert")
    server.push(user, "stays", "2026-01-06T10:00:00Z")
    refuses_values(server, user)
    refuses_check_ins(server, user, stranger)
    refuses_bodies(server, user)
    refuses_calendars(server, user)
    guards_private_addresses(server, Feeds(checks))
    look_after(server, "after all this")
    rss = int(next(line for line in open(f"/proc/{server.process.pid}/status") if line.startswith("VmRSS")).split()[1])
    checks.ok(rss < 256 * 1024, "and its memory has not run away", f"{rss} KiB")
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks)
    server = Server(checks, "open", at=START, TOCSIN_ALLOW_PRIVATE_FETCH="true").start()
    shows_failing_feeds(server, Feeds(checks))
    look_after(server, "after all these feeds")
    server.stop()
    server.check_logs(checks, "the logs of the feeds")


def due(server, user, name, seconds):
    """A meeting whose call is due in so many seconds; its eventId."""
    start = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=120 + seconds)
    return server.push(user, name, start.isoformat(timespec="milliseconds").replace("+00:00", "Z"))


def milliseconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def call_of(server, event):
    return server.get(f"/meetings/{event}")["alerts"][-1]


def hanging_feeds_delay_nobody():
    """Twenty feeds that never answer, and a person whose calls are due meanwhile (M2)."""
    server = Server(checks, "hanging", TOCSIN_ALLOW_PRIVATE_FETCH="true").start()
    silence = Silence(checks)
    hanging = server.add_user(name="Hanging")
    for _ in range(20):
        server.post(f"/users/{hanging}/calendars", {"kind": "ics", "url": silence.url})
    answers = []
    reader = threading.Thread(target=lambda: answers.append(server.sync(hanging)), daemon=True)
    reader.start()
    asked = all(silence.accepted.acquire(timeout=10) for _ in range(20))
    checks.ok(asked, "twenty feeds are being read and say nothing", len(silence.held))
    prompt = server.add_user(name="Prompt", email="prompt@example.org", phone="+34600155555")
    began = time.monotonic()
    events = [due(server, prompt, f"call {number}", 1 + number / 4) for number in range(4)]
    answered_in = (time.monotonic() - began) / 4
    wait_until(lambda: all(call_of(server, event)["status"] == "DELIVERED" for event in events), 10)
    calls = [call_of(server, event) for event in events]
    late = [milliseconds(call["sentAt"]) - milliseconds(call["dueAt"]) for call in calls if "sentAt" in call]
    checks.ok(len(late) == 4 and max(late) < 500, f"another person's calls go out on time (at most {max(late, default=-1):.0f} ms late)",
              calls)
    checks.ok(answered_in < 1, "and requests are answered meanwhile", f"{answered_in:.2f} s")
    checks.ok(not answers and reader.is_alive(), "while the feeds still hang")
    code, took = server.stop()
    checks.ok(code == 0 and took < 10, f"it stops well although they hang ({took:.1f} s)", code, server.log()[-1000:])
    reader.join(5)
    told = answers[0].body if answers else {}
    checks.ok(told.get("success") is False and told.get("error"), "whoever waited for them is answered", told)
    states = server.query("SELECT status, failures FROM calendars GROUP BY 1, 2")
    checks.equal(states, [("PENDING", 0)], "and no calendar is blamed for that")
    server.check_logs(checks, "the logs of the hanging feeds")


def main():
    with_a_virtual_clock()
    hanging_feeds_delay_nobody()


checks.run(main)
