#!/usr/bin/env python3
"""Calendar feeds from a real nginx, read by the real binary.

Requirements: M1 (conditional GET), M2 (every minute, back-off), M4, M5 (changes re-plan in the same sync,
no change writes nothing), M6 (POST /calendar/sync), X4 (private addresses), O6 (ticks of the virtual clock).
"""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import live  # noqa: E402  (tests/lib/live.py)
from live import calendar_text, event_text  # noqa: E402
from nginx import Nginx  # noqa: E402  (beside this file)

checks = live.Checks()
MORNING = "2026-03-02T08:00:30Z"  # Half a minute before a tick.

def difference(before, after):
    return {name: [row for row in after[name] if row not in before[name]] for name in after if before[name] != after[name]}


def by_name(server, user):
    return {one["externalId"]: one for one in server.meetings(user)}


def alert_states(meeting):
    return [one["status"] for one in meeting["alerts"]]


WEEKLY = event_text("weekly", "20260303T090000Z", RRULE="FREQ=WEEKLY;COUNT=2", SUMMARY="Weekly")
FEED = calendar_text(event_text("one", "20260302T100000Z", SUMMARY="Stand-up", URL="https://meet.google.com/abc-defg-hij"),
                     event_text("two", "20260302T120000Z"), WEEKLY)
EVENING = FEED.replace("20260302T1", "20260302T2")


def add_reader(server, nginx, path, **members):
    """A person with one feed: (user, calendar)."""
    user = server.add_user(path, email="ada@example.org", phone="+14155550111", timezone="Europe/Berlin")
    return user, server.add_calendar(user, kind="ics", url=nginx.url(path), **members)


def first_read(server, nginx):
    nginx.write("strong/team.ics", FEED)
    user, calendar = add_reader(server, nginx, "/strong/team.ics")
    shown = server.calendar(user, calendar)
    checks.equal((shown["status"], shown.get("lastSyncedAt")), ("PENDING", None),
                 "a new feed is PENDING until its first reading")
    checks.ok("url" not in shown and shown["host"].startswith("127.0.0.1"), "its secret address is not shown", shown)
    server.advance(29)
    checks.equal(nginx.seen("/strong/team.ics"), [], "nothing is asked before the minute is full")
    server.advance(1)
    checks.equal([one["status"] for one in nginx.seen("/strong/team.ics")], ["200"], "on the minute it is read")
    shown = server.calendar(user, calendar)
    checks.equal((shown["status"], shown["lastSyncedAt"], shown["failures"]), ("OK", "2026-03-02T08:01:00Z", 0), "and is OK")
    meetings = by_name(server, user)
    checks.equal(len(meetings), 4, "its occurrences within fourteen days are meetings", list(meetings))
    one = meetings["one"]
    checks.equal((one["title"], one["startsAt"], one["endsAt"], one.get("joinUrl")),
                 ("Stand-up", "2026-03-02T10:00:00Z", "2026-03-02T10:30:00Z", "https://meet.google.com/abc-defg-hij"),
                 "with their facts")
    checks.equal([(alert["channel"], alert["status"], alert["dueAt"]) for alert in one["alerts"]],
                 [("EMAIL", "PENDING", "2026-03-02T09:45:00Z"), ("SMS", "PENDING", "2026-03-02T09:55:00Z"),
                  ("CALL", "PENDING", "2026-03-02T09:58:00Z")], "and their three stages")
    return user, calendar


def unchanged(server, nginx):
    """Each kind of validator, and none: what did not change writes nothing."""
    people = {}
    for kind in ("weak", "dated", "bare"):
        nginx.write(f"{kind}/team.ics", FEED)
        people[kind] = add_reader(server, nginx, f"/{kind}/team.ics")
    server.advance(60)
    before = server.rows()
    server.advance(120)
    checks.equal(difference(before, server.rows()), {}, "readings that find no change write nothing: no row differs")
    strong = nginx.seen("/strong/team.ics")
    checks.equal([one["status"] for one in strong], ["200", "304", "304", "304"],
                 "ETag and date: nginx says 304 to every later reading")
    etag = strong[0]["etag"]
    checks.ok(etag.startswith('"') and strong[1]["if_none_match"] == etag and strong[1]["if_modified_since"],
              "both validators are sent back", strong)
    weak = nginx.seen("/weak/team.ics")
    checks.equal([(one["status"], one["encoding"]) for one in weak], [("200", "gzip"), ("304", ""), ("304", "")],
                 "gzip is read, then 304")
    checks.ok(weak[0]["etag"].startswith('W/"') and {one["if_none_match"] for one in weak[1:]} == {weak[0]["etag"]},
              "a weak ETag is sent back letter by letter", weak)
    dated = nginx.seen("/dated/team.ics")
    checks.equal([(one["status"], one["if_none_match"]) for one in dated], [("200", ""), ("304", ""), ("304", "")],
                 "a date alone is enough for 304")
    bare = nginx.seen("/bare/team.ics")
    checks.equal([(one["status"], one["if_none_match"], one["if_modified_since"]) for one in bare], [("200", "", "")] * 3,
                 "without validators the whole feed is read each time")
    for kind, (user, calendar) in people.items():
        shown = server.calendar(user, calendar)
        checks.equal((shown["status"], shown["lastSyncedAt"], len(by_name(server, user))), ("OK", "2026-03-02T08:04:00Z", 4),
                     f"{kind}: read at every tick")
    return people


def new_validators(server, nginx):
    """A feed that is generated anew, with other stamps and nothing else: no change, and its new ETag is kept."""
    user, _ = add_reader(server, nginx, "/strong/stamps.ics")
    nginx.write("strong/stamps.ics", FEED)
    server.advance(60)
    events = server.get("/audit", userId=user, limit=1)["total"]
    nginx.write("strong/stamps.ics", FEED.replace("DTSTAMP:20260101", "DTSTAMP:20260215"))
    server.advance(60)
    checks.equal(server.get("/audit", userId=user, limit=1)["total"], events, "new stamps alone are no change")
    server.advance(60)
    checks.equal([one["status"] for one in nginx.seen("/strong/stamps.ics")], ["200", "200", "304"],
                 "and the new ETag is the one sent back")


def changes(server, nginx, user, calendar):
    """Moved, cancelled, added, all in one file: everything is re-planned by the sync that sees it."""
    lines = len(server.lines)
    nginx.write("strong/team.ics", calendar_text(
        event_text("one", "20260302T110000Z", SUMMARY="Stand-up", SEQUENCE=1),
        event_text("two", "20260302T120000Z", STATUS="CANCELLED"),
        event_text("three", "20260302T130000Z"), WEEKLY))
    before = server.get("/audit", userId=user, limit=1)["total"]
    now = server.advance(60)
    meetings = by_name(server, user)
    one = server.meeting(meetings["one"]["eventId"])
    checks.equal((one["startsAt"], alert_states(one), one["alerts"][0]["dueAt"]),
                 ("2026-03-02T11:00:00Z", ["PENDING"] * 3, "2026-03-02T10:45:00Z"), "a moved meeting is planned anew")
    checks.equal([(alert["status"], alert.get("reason")) for alert in one.get("earlierAlerts", [])],
                 [("CANCELLED", "moved")] * 3,
                 "and its earlier stages are cancelled")
    checks.equal((meetings["two"]["status"], alert_states(meetings["two"])), ("CANCELLED", ["CANCELLED"] * 3),
                 "a cancelled one is cancelled")
    checks.equal((meetings["three"]["status"], alert_states(meetings["three"])), ("SCHEDULED", ["PENDING"] * 3),
                 "an added one is planned")
    checks.ok(server.wait_log(r"calendar read: 1 new, 1 changed, 1 cancelled", skipping=lines), "the log counts them",
              server.log())
    fresh = server.get("/audit", userId=user, limit=1000)["events"][before:]
    checks.equal({(event["at"], event["actor"]) for event in fresh}, {(now, "scheduler")},
                 "all of it at the instant of that sync", fresh)
    server.advance(10 * 3600 + 900 - 8 * 3600 - 60 * 8)  # past where stages were before the move
    checks.equal(server.messages(userId=user), [], "nothing goes out at the old time")


def removed(server, nginx, user):
    nginx.write("strong/team.ics",
                calendar_text(event_text("one", "20260302T110000Z", SUMMARY="Stand-up", SEQUENCE=1), WEEKLY))
    server.advance(60)
    meetings = by_name(server, user)
    checks.equal((meetings["three"]["status"], alert_states(meetings["three"])), ("CANCELLED", ["CANCELLED"] * 3),
                 "a meeting that left the feed is cancelled")
    checks.equal(meetings["one"]["status"], "SCHEDULED", "the others stay")


def vanished(server, nginx, user, calendar):
    """A feed that fails, in whatever way, keeps its last good copy."""
    good = (nginx.folder / "www/strong/team.ics").read_bytes().decode()
    kept = {name: (one["status"], one["startsAt"]) for name, one in by_name(server, user).items()}
    for text, words in ((None, "404"), ("<!doctype html><html><body>Sign in</body></html>", "web page"),
                        (good[:len(good) * 2 // 3], "cut off"), ("", "nothing at all")):
        if text is None:
            nginx.remove("strong/team.ics")
        else:
            nginx.write("strong/team.ics", text)
        server.sync(user)
        shown = server.calendar(user, calendar)
        checks.equal(shown["status"], "FAILING", f"{words}: shown as failing")
        checks.like(shown.get("lastError"), words, f"{words}: with the reason")
        checks.equal({name: (one["status"], one["startsAt"]) for name, one in by_name(server, user).items()}, kept,
                     f"{words}: every meeting stays")
    server.advance(40 * 60)
    one = server.meeting(by_name(server, user)["one"]["eventId"])
    checks.equal(one["alerts"][0]["status"], "DELIVERED", "its alerts fire from the last good copy", one["alerts"])
    checks.ok(server.calendar(user, calendar)["failures"] > 4, "it is asked again meanwhile")
    health = live.request(server.url + "/health").body
    checks.ok(health["metrics"]["failingCalendars"] >= 1, "health counts it", health)
    nginx.write("strong/team.ics", good)
    server.sync(user)
    shown = server.calendar(user, calendar)
    checks.equal((shown["status"], shown.get("lastError"), shown["failures"]), ("OK", None, 0),
                 "when it is back it is OK again")


def redirects(server, nginx):
    nginx.write("strong/target.ics", EVENING)
    nginx.write("private/team.ics", EVENING)
    for path, kept in (("/moved.ics", True), ("/elsewhere.ics", True), ("/see-other.ics", True)):
        before = len(nginx.seen("/strong/target.ics"))
        user, calendar = add_reader(server, nginx, path)
        server.advance(60)
        checks.equal((server.calendar(user, calendar)["status"], len(by_name(server, user))), ("OK", 4),
                     f"{path} is followed")
        server.advance(60)
        found = nginx.seen("/strong/target.ics")[before:]
        checks.equal(found[0]["status"], "200", f"{path}: read at its target")
        checks.equal(found[-1]["status"], "304", f"{path}: the validators go there too")
        answer = server.ask("DELETE", f"/users/{user}/calendars/{calendar}")
        checks.equal(answer.status, 200, f"{path}: removed again")
        checks.equal({one["status"] for one in server.meetings(user)}, {"CANCELLED"}, f"{path}: and with it its meetings")


def credentials(server, nginx):
    nginx.write("private/team.ics", EVENING)
    rows = ((dict(username="alice", password="secret"), "OK", None),
            (dict(username="alice", password="wrong"), "FAILING", "password"),
            (dict(), "FAILING", "password"))
    for members, status, words in rows:
        for path in ("/private/team.ics", "/behind.ics"):
            user, calendar = add_reader(server, nginx, path, **members)
            server.sync(user)
            shown = server.calendar(user, calendar)
            checks.equal(shown["status"], status, f"{path} with {members or 'no password'}: {status}", shown)
            checks.ok("password" not in shown and "username" not in shown, "the credentials are not shown", shown)
            if words:
                checks.like(shown["lastError"], words, "the reason is clear")
            checks.equal(len(server.meetings(user)), 4 if status == "OK" else 0, "and what was read is known")
    checks.equal({one["user"] for one in nginx.seen("/private/team.ics") if one["status"] == "200"}, {"alice"},
                 "Basic authentication it was")
    checks.ok("secret" not in server.log() and "wrong" not in server.log(), "no password is logged")


def failures(nginx):
    """Each failure with its reason, and when it is asked again."""
    server = live.Tocsin(checks, "failures", at=MORNING, TOCSIN_ALLOW_PRIVATE_FETCH="true")
    dead = live.free_ports(1)[0]
    rows = [
        # address, status, reason, minutes after the first tick at which it is asked again within ten
        (nginx.url("/none.ics"), "FAILING", "no calendar at this address.*404", [0, 1, 3, 7]),
        (nginx.url("/gone.ics"), "DISABLED", "410", [0]),
        (nginx.url("/later.ics"), "FAILING", "later.*429", [0, 10]),
        (nginx.url("/down.ics"), "FAILING", "503", [0, 1, 3, 7]),
        (nginx.url("/page.ics"), "FAILING", "web page", [0, 1, 3, 7]),
        (nginx.url("/empty.ics"), "FAILING", "nothing at all", [0, 1, 3, 7]),
        (nginx.url("/loop.ics"), "FAILING", "redirects too often", None),
        (nginx.url("/mark.txt"), "FAILING", "not a calendar", None),
        (f"http://127.0.0.1:{dead}/x.ics", "FAILING", "could not be reached", None),
        ("http://no-such-host.invalid/x.ics", "FAILING", "could not be reached", None),
    ]
    people = []
    for url, *_ in rows:
        user = server.add_user("Ada")
        people.append((user, server.add_calendar(user, kind="ics", url=url)))
    server.advance(30)
    minutes = {url: [0] for url, *_ in rows}
    counts = {url: len(nginx.seen("/" + url.split("/", 3)[3])) for url, *_ in rows}
    checks.ok(counts[nginx.url("/loop.ics")] <= 6, "a redirect loop ends after a few hops", counts)
    for minute in range(1, 11):
        server.advance(60)
        for url, *_ in rows:
            count = len(nginx.seen("/" + url.split("/", 3)[3]))
            if count > counts[url]:
                minutes[url].append(minute)
                counts[url] = count
    for (url, status, words, asked), (user, calendar) in zip(rows, people):
        name = url.rsplit("/", 1)[1] + " of " + url.split("/")[2].split(":")[0]
        shown = server.calendar(user, calendar)
        checks.equal(shown["status"], status, f"{name}: {status}")
        checks.like(shown.get("lastError"), words, f"{name}: the reason is clear")
        if asked:
            checks.equal(minutes[url], asked, f"{name}: asked again with patience")
    answer = server.sync(people[0][0])
    checks.ok(answer["success"] is False and "404" in answer.get("error", ""), "a pull that fails says so", answer)
    checks.equal(server.end(), 0, "it stops well")


def pull_now(server, nginx):
    nginx.write("strong/pull.ics", EVENING)
    user, calendar = add_reader(server, nginx, "/strong/pull.ics")
    answer = server.sync(user)
    counts = {name: answer.get(name) for name in ("success", "created", "updated", "skipped", "cancelled")}
    checks.equal(counts, {"success": True, "created": 4, "updated": 0, "skipped": 0, "cancelled": 0},
                 "POST /calendar/sync reads now")
    nginx.write("strong/pull.ics",
                calendar_text(event_text("one", "20260302T203000Z"), event_text("four", "20260302T210000Z"), WEEKLY))
    answer = server.sync(user)
    counts = {name: answer.get(name) for name in ("success", "created", "updated", "skipped", "cancelled")}
    checks.equal(counts, {"success": True, "created": 1, "updated": 1, "skipped": 2, "cancelled": 1},
                 "and counts what it did")
    answer = server.sync(user)
    checks.equal((answer["success"], answer["created"] + answer["updated"] + answer["cancelled"]), (True, 0),
                 "a second pull finds nothing new")
    empty = server.sync(server.add_user("Nobody"))
    checks.equal((empty["success"], empty["created"]), (True, 0), "a person without calendars has nothing to read")


def stray_bytes(server, nginx):
    """What other programs leave in their calendars costs a line at most, whichever way it comes."""
    text = calendar_text(event_text("odd", "20260302T203000Z", SUMMARY="ver\x0btical", DESCRIPTION="one\rtwo"),
                         event_text("even", "20260302T210000Z"))
    nginx.write("strong/stray.ics", text)
    user, _ = add_reader(server, nginx, "/strong/stray.ics")
    checks.equal(server.sync(user)["created"], 2, "a feed with stray control bytes is read")
    user = server.add_user("Uploader")
    answer = server.ask("POST", f"/users/{user}/calendars", {"kind": "upload", "ics": text})
    checks.equal((answer.status, len(server.meetings(user))), (201, 2), "and so is an upload of it", answer.text)
    answer = server.sync(server.add_user("Pusher"), ics=text)
    checks.equal(answer.get("created"), 2, "and a push of it", answer)


def window(nginx):
    """Days of "not modified": occurrences go on coming into the window, also across a restart."""
    nginx.write("strong/daily.ics", calendar_text(event_text("daily", "20260302T120000Z", RRULE="FREQ=DAILY")))
    settings = {"TOCSIN_ALLOW_PRIVATE_FETCH": "true", "CALENDAR_SYNC_INTERVAL_SECONDS": "43200"}
    server = live.Tocsin(checks, "window", at=MORNING, **settings)
    user, _ = add_reader(server, nginx, "/strong/daily.ics")
    server.advance(86400)
    checks.equal(server.end(), 0, "it stops well")
    server = live.Tocsin(checks, "window", at="2026-03-03T08:30:00Z", **settings)
    server.advance(86400 * 9)
    starts = sorted(one["startsAt"] for one in server.meetings(user))
    checks.ok(starts[-1] >= "2026-03-25", "what comes into the window becomes a meeting", starts)
    checks.equal(len(starts), len(set(starts)), "each once")
    planned = by_name(server, user)
    late = next(one for one in planned.values() if one["startsAt"] == "2026-03-25T12:00:00Z")
    checks.equal(alert_states(late), ["PENDING"] * 3, "with its alerts")
    statuses = [one["status"] for one in nginx.seen("/strong/daily.ics")]
    checks.equal((statuses[0], set(statuses[1:])), ("200", {"304"}), "although the feed was sent only once", statuses)
    server.end()


def addresses(nginx):
    """webcal: means https, and private addresses are refused unless allowed."""
    nginx.write("strong/target.ics", FEED)
    guarded = live.Tocsin(checks, "guarded", at=MORNING)
    before = len(nginx.seen("/strong/target.ics"))
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"):
        user = guarded.add_user("Ada")
        calendar = guarded.add_calendar(user, kind="ics", url=f"http://{host}:{nginx.port}/strong/target.ics")
        answer = guarded.sync(user)
        shown = guarded.calendar(user, calendar)
        is_refused = answer["success"] is False and shown["status"] == "FAILING"
        checks.ok(is_refused and "TOCSIN_ALLOW_PRIVATE_FETCH" in shown["lastError"],
                  f"{host} is refused without TOCSIN_ALLOW_PRIVATE_FETCH, and the reason names it", answer, shown)
    checks.equal(len(nginx.seen("/strong/target.ics")), before, "nothing was fetched")
    user = guarded.add_user("Ada")
    for url in ("ftp://example.org/a.ics", "file:///etc/passwd", "not a url", "http://"):
        answer = guarded.ask("POST", f"/users/{user}/calendars", {"kind": "ics", "url": url})
        checks.ok(answer.status == 400 and answer.body["error"].get("field") == "url", f"{url!r} is a 400 that names url",
                  answer.text)
    guarded.end()
    webcal(nginx)


def webcal(nginx):
    url = f"webcal://localhost:{nginx.tls_port}/strong/target.ics"
    distrustful = live.Tocsin(checks, "distrustful", at=MORNING, TOCSIN_ALLOW_PRIVATE_FETCH="true")
    user = distrustful.add_user("Ada")
    calendar = distrustful.add_calendar(user, kind="ics", url=url)
    distrustful.sync(user)
    shown = distrustful.calendar(user, calendar)
    checks.ok(shown["status"] == "FAILING" and "certificate" in shown["lastError"],
              "webcal:// is taken and goes over TLS, whose certificate is checked", shown)
    distrustful.end()
    # With the authority of this test among the system's, in a view of the file system that only this process has.
    trust = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/ssl/certs/ca-certificates.crt && exec "$@"',
             str(nginx.folder / "ca.pem")]
    if subprocess.run([*trust, "true"], stdin=subprocess.DEVNULL, capture_output=True).returncode != 0:
        checks.skip("webcal:// is read over TLS", "this machine does not allow a private view of the file system")
        return
    trusting = live.Tocsin(checks, "trusting", at=MORNING, before=trust, TOCSIN_ALLOW_PRIVATE_FETCH="true")
    user = trusting.add_user("Ada")
    trusting.add_calendar(user, kind="ics", url=url)
    answer = trusting.sync(user)
    checks.equal((answer["success"], answer["created"]), (True, 4), "webcal:// is read over TLS", answer)
    trusting.end()


def main():
    nginx = Nginx(checks)
    server = live.Tocsin(checks, "main", at=MORNING, TOCSIN_ALLOW_PRIVATE_FETCH="true")
    user, calendar = first_read(server, nginx)
    unchanged(server, nginx)
    changes(server, nginx, user, calendar)
    removed(server, nginx, user)
    vanished(server, nginx, user, calendar)
    new_validators(server, nginx)
    redirects(server, nginx)
    credentials(server, nginx)
    pull_now(server, nginx)
    stray_bytes(server, nginx)
    checks.equal(server.end(), 0, "it stops well")
    failures(nginx)
    window(nginx)
    addresses(nginx)


checks.run(main)
