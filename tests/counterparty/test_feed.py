#!/usr/bin/env python3
"""Calendar feeds from a real nginx, read by the real binary.

Requirements: M1 (conditional GET), M2 (every minute, nobody delays anybody, back-off), M4, M5 (changes re-plan in the same sync,
no change writes nothing), M6 (POST /calendar/sync), X4 (private addresses), O6 (ticks of the virtual clock).
"""
import datetime
import os
import pathlib
import socket
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import live  # noqa: E402  (tests/lib/live.py)
from live import calendar_text, event_text  # noqa: E402

checks = live.Checks()
NGINX = live.need("nginx")
MORNING = "2026-03-02T08:00:30Z"  # Half a minute before a tick.

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
    types {{ text/calendar ics; }}
    log_format seen escape=none
        '$request_method|$uri|$status|$http_if_none_match|$http_if_modified_since|$sent_http_etag|$sent_http_content_encoding|$remote_user';
    access_log {folder}/seen.log seen;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    root {folder}/www;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location /strong/ {{ }}
        location /weak/ {{ gzip on; gzip_types text/calendar; gzip_min_length 1; gzip_http_version 1.0; }}
        location /dated/ {{ etag off; }}
        location /bare/ {{ etag off; if_modified_since off; add_header Last-Modified ""; }}
        location /private/ {{ auth_basic "calendars"; auth_basic_user_file {folder}/users; }}
        location /many/ {{ }}
        location = /moved.ics {{ return 301 /strong/target.ics; }}
        location = /elsewhere.ics {{ return 302 http://localhost:{port}/strong/target.ics; }}
        location = /see-other.ics {{ absolute_redirect off; return 307 /moved.ics; }}
        location = /behind.ics {{ return 308 /private/team.ics; }}
        location = /loop.ics {{ return 302 /loop2.ics; }}
        location = /loop2.ics {{ return 301 /loop.ics; }}
        location = /gone.ics {{ return 410; }}
        location = /later.ics {{ add_header Retry-After 600 always; return 429; }}
        location = /down.ics {{ return 503; }}
        location = /page.ics {{ default_type text/html; return 200 '<!doctype html><title>Sign in</title>'; }}
        location = /empty.ics {{ default_type text/calendar; return 200 ''; }}
    }}
    server {{
        listen 127.0.0.1:{tls_port} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.key;
        location /strong/ {{ }}
    }}
}}
"""


class Nginx:
    """Serves the folder www; each file's time is ours, because nginx makes its validators of time and size."""

    def __init__(self):
        self.folder = checks.folder("nginx")
        self.port, self.tls_port = live.free_ports(2)
        self.clock = 1_770_000_000
        self.marks = 0
        self.make_certificates()
        (self.folder / "users").write_text("alice:{PLAIN}secret\n")
        (self.folder / "www").mkdir()
        self.write("mark.txt", "here\n")
        (self.folder / "nginx.conf").write_text(
            CONFIGURATION.format(folder=self.folder, port=self.port, tls_port=self.tls_port))
        checks.work.chmod(0o755)
        checks.start([NGINX, "-p", self.folder, "-e", self.folder / "error.log", "-c", self.folder / "nginx.conf"],
                     self.folder / "start.log")
        if not live.wait_until(lambda: live.listens(self.port)):
            raise AssertionError((self.folder / "start.log").read_text())

    def make_certificates(self):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        where = self.folder
        (where / "names").write_text("subjectAltName=DNS:localhost\n")
        for words in (["req", "-x509", *key, "-keyout", where / "ca.key", "-out", where / "ca.pem", "-days", "2", "-subj", "/CN=tests"],
                      ["req", *key, "-keyout", where / "server.key", "-out", where / "server.csr", "-subj", "/CN=localhost"],
                      ["x509", "-req", "-in", where / "server.csr", "-CA", where / "ca.pem", "-CAkey", where / "ca.key",
                       "-set_serial", "1", "-days", "2", "-extfile", where / "names", "-out", where / "server.pem"]):
            subprocess.run(["openssl", *map(str, words)], check=True, stdin=subprocess.DEVNULL, capture_output=True)

    def write(self, name, text):
        path = self.folder / "www" / name
        path.parent.mkdir(exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        fresh.write_bytes(text.encode())
        self.clock += 60
        os.utime(fresh, (self.clock, self.clock))
        fresh.replace(path)

    def remove(self, name):
        (self.folder / "www" / name).unlink()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def seen(self, uri):
        """The requests for one path so far: those before the mark that is asked for here."""
        self.marks += 1
        live.request(self.url("/mark.txt"))

        def lines():
            found = [line.split("|") for line in (self.folder / "seen.log").read_text().splitlines()]
            return found if sum(words[1] == "/mark.txt" for words in found) >= self.marks else None
        names = ("method", "uri", "status", "if_none_match", "if_modified_since", "etag", "encoding", "user")
        found = [dict(zip(names, words)) for words in live.wait_until(lines)]
        return [one for one in found if one["uri"] == uri]


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
    checks.equal((shown["status"], shown.get("lastSyncedAt")), ("PENDING", None), "a new feed is PENDING until its first reading")
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
                 ("Stand-up", "2026-03-02T10:00:00Z", "2026-03-02T10:30:00Z", "https://meet.google.com/abc-defg-hij"), "with their facts")
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
    checks.equal([one["status"] for one in strong], ["200", "304", "304", "304"], "ETag and date: nginx says 304 to every later reading")
    checks.ok(strong[1]["if_none_match"] == strong[0]["etag"] and strong[0]["etag"].startswith('"') and strong[1]["if_modified_since"],
              "both validators are sent back", strong)
    weak = nginx.seen("/weak/team.ics")
    checks.equal([(one["status"], one["encoding"]) for one in weak], [("200", "gzip"), ("304", ""), ("304", "")], "gzip is read, then 304")
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
    checks.equal([one["status"] for one in nginx.seen("/strong/stamps.ics")], ["200", "200", "304"], "and the new ETag is the one sent back")


def changes(server, nginx, user, calendar):
    """Moved, cancelled, added, all in one file: everything is re-planned by the sync that sees it."""
    lines = len(server.lines)
    nginx.write("strong/team.ics", calendar_text(
        event_text("one", "20260302T110000Z", SUMMARY="Stand-up", SEQUENCE=1), event_text("two", "20260302T120000Z", STATUS="CANCELLED"),
        event_text("three", "20260302T130000Z"), WEEKLY))
    before = server.get("/audit", userId=user, limit=1)["total"]
    now = server.advance(60)
    meetings = by_name(server, user)
    one = server.meeting(meetings["one"]["eventId"])
    checks.equal((one["startsAt"], alert_states(one), one["alerts"][0]["dueAt"]),
                 ("2026-03-02T11:00:00Z", ["PENDING"] * 3, "2026-03-02T10:45:00Z"), "a moved meeting is planned anew")
    checks.equal([(alert["status"], alert.get("reason")) for alert in one.get("earlierAlerts", [])], [("CANCELLED", "moved")] * 3,
                 "and its earlier stages are cancelled")
    checks.equal((meetings["two"]["status"], alert_states(meetings["two"])), ("CANCELLED", ["CANCELLED"] * 3), "a cancelled one is cancelled")
    checks.equal((meetings["three"]["status"], alert_states(meetings["three"])), ("SCHEDULED", ["PENDING"] * 3), "an added one is planned")
    checks.ok(server.wait_log(r"calendar read: 1 new, 1 changed, 1 cancelled", skipping=lines), "the log counts them", server.log())
    fresh = server.get("/audit", userId=user, limit=1000)["events"][before:]
    checks.equal({(event["at"], event["actor"]) for event in fresh}, {(now, "scheduler")}, "all of it at the instant of that sync", fresh)
    server.advance(10 * 3600 + 900 - 8 * 3600 - 60 * 8)  # past where stages were before the move
    checks.equal(server.messages(userId=user), [], "nothing goes out at the old time")


def removed(server, nginx, user):
    nginx.write("strong/team.ics", calendar_text(event_text("one", "20260302T110000Z", SUMMARY="Stand-up", SEQUENCE=1), WEEKLY))
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
    checks.equal((shown["status"], shown.get("lastError"), shown["failures"]), ("OK", None, 0), "when it is back it is OK again")


def redirects(server, nginx):
    nginx.write("strong/target.ics", EVENING)
    nginx.write("private/team.ics", EVENING)
    for path, kept in (("/moved.ics", True), ("/elsewhere.ics", True), ("/see-other.ics", True)):
        before = len(nginx.seen("/strong/target.ics"))
        user, calendar = add_reader(server, nginx, path)
        server.advance(60)
        checks.equal((server.calendar(user, calendar)["status"], len(by_name(server, user))), ("OK", 4), f"{path} is followed")
        server.advance(60)
        found = nginx.seen("/strong/target.ics")[before:]
        checks.equal(found[0]["status"], "200", f"{path}: read at its target")
        checks.equal(found[-1]["status"], "304", f"{path}: the validators go there too")
        answer = server.ask("DELETE", f"/users/{user}/calendars/{calendar}")
        checks.equal(answer.status, 200, f"{path}: removed again")
        checks.equal({one["status"] for one in server.meetings(user)}, {"CANCELLED"}, f"{path}: and with it its meetings")


def credentials(server, nginx):
    nginx.write("private/team.ics", EVENING)
    rows = ((dict(username="alice", password="secret"), "OK", None), (dict(username="alice", password="wrong"), "FAILING", "password"),
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
    checks.equal({one["user"] for one in nginx.seen("/private/team.ics") if one["status"] == "200"}, {"alice"}, "Basic authentication it was")
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
    checks.equal(counts, {"success": True, "created": 4, "updated": 0, "skipped": 0, "cancelled": 0}, "POST /calendar/sync reads now")
    nginx.write("strong/pull.ics", calendar_text(event_text("one", "20260302T203000Z"), event_text("four", "20260302T210000Z"), WEEKLY))
    answer = server.sync(user)
    counts = {name: answer.get(name) for name in ("success", "created", "updated", "skipped", "cancelled")}
    checks.equal(counts, {"success": True, "created": 1, "updated": 1, "skipped": 2, "cancelled": 1}, "and counts what it did")
    answer = server.sync(user)
    checks.equal((answer["success"], answer["created"] + answer["updated"] + answer["cancelled"]), (True, 0), "a second pull finds nothing new")
    empty = server.sync(server.add_user("Nobody"))
    checks.equal((empty["success"], empty["created"]), (True, 0), "a person without calendars has nothing to read")


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
        checks.ok(answer["success"] is False and shown["status"] == "FAILING" and "TOCSIN_ALLOW_PRIVATE_FETCH" in shown["lastError"],
                  f"{host} is refused without TOCSIN_ALLOW_PRIVATE_FETCH, and the reason names it", answer, shown)
    checks.equal(len(nginx.seen("/strong/target.ics")), before, "nothing was fetched")
    user = guarded.add_user("Ada")
    for url in ("ftp://example.org/a.ics", "file:///etc/passwd", "not a url", "http://"):
        answer = guarded.ask("POST", f"/users/{user}/calendars", {"kind": "ics", "url": url})
        checks.ok(answer.status == 400 and answer.body["error"].get("field") == "url", f"{url!r} is a 400 that names url", answer.text)
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
    trust = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/ssl/certs/ca-certificates.crt && exec "$@"', str(nginx.folder / "ca.pem")]
    if subprocess.run([*trust, "true"], stdin=subprocess.DEVNULL, capture_output=True).returncode != 0:
        checks.skip("webcal:// is read over TLS", "this machine does not allow a private view of the file system")
        return
    trusting = live.Tocsin(checks, "trusting", at=MORNING, before=trust, TOCSIN_ALLOW_PRIVATE_FETCH="true")
    user = trusting.add_user("Ada")
    trusting.add_calendar(user, kind="ics", url=url)
    answer = trusting.sync(user)
    checks.equal((answer["success"], answer["created"]), (True, 4), "webcal:// is read over TLS", answer)
    trusting.end()


class Hanging:
    """A server that takes a request and never answers."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.connections = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        checks.at_end(self.end)

    def _run(self):
        while True:
            try:
                self.connections.append(self.listener.accept()[0])
            except OSError:
                return

    def end(self):
        self.listener.close()
        for connection in self.connections:
            connection.close()


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def many(nginx):
    """By the real clock: two hundred people and one feed that hangs, in one tick."""
    count = 200
    hanging = Hanging()
    server = live.Tocsin(checks, "many", TOCSIN_ALLOW_PRIVATE_FETCH="true", CALENDAR_SYNC_INTERVAL_SECONDS="10")
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%Y%m%dT%H%M%SZ")
    stuck = server.add_user("Stuck", email="stuck@example.org")
    stuck_calendar = server.add_calendar(stuck, kind="ics", url=f"http://127.0.0.1:{hanging.port}/x.ics")
    people = []
    for number in range(count):
        nginx.write(f"many/{number}.ics", calendar_text(event_text(f"m{number}", soon)))
        user = server.add_user(f"Person {number}")
        people.append((user, server.add_calendar(user, kind="ics", url=nginx.url(f"/many/{number}.ics"))))

    def synced(times):
        # Asked from the last one back: mostly one question.
        return all((server.calendar(*one).get("lastSyncedAt") or "") > times for one in reversed(people))
    live.wait_until(lambda: synced(""), 25)
    first = [server.calendar(*one) for one in people]
    checks.equal({one["status"] for one in first}, {"OK"}, f"{count} feeds are read")
    checks.equal({len(server.meetings(user)) for user, _ in people}, {1}, "each gives its person a meeting")

    def lateness(shown):
        at = instant(shown["lastSyncedAt"]).timestamp()
        return at % 10
    late = sorted(lateness(one) for one in first)
    checks.ok(late[-1] < 5, f"all within the tick (the last {late[-1]:.1f} s after it)", late[-5:])
    latest = max(one["lastSyncedAt"] for one in first)
    checks.equal(server.calendar(stuck, stuck_calendar)["status"], "PENDING", "while one feed hangs")
    checks.ok(len(hanging.connections) >= 1, "which was asked")
    checks.ok(live.wait_until(lambda: synced(latest), 25), "the next tick reads all of them again, while it still hangs")
    requests = [nginx.seen(f"/many/{number}.ics") for number in (0, count // 2, count - 1)]
    checks.ok(all([one["status"] for one in found][:2] == ["200", "304"] for found in requests), "and finds them unchanged", requests)
    push = server.push(stuck, "pushed", (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=12)).isoformat())
    checks.ok(live.wait_until(lambda: server.stages(push)[1][0] == "DELIVERED"), "meanwhile an alert goes out", server.stages(push))
    checks.equal(server.end(), 0, "it stops within its time although a feed hangs")


def main():
    nginx = Nginx()
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
    checks.equal(server.end(), 0, "it stops well")
    failures(nginx)
    window(nginx)
    addresses(nginx)
    many(nginx)


checks.run(main)
