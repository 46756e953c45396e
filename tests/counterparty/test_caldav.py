#!/usr/bin/env python3
"""CalDAV calendars on a real Radicale, read by the real binary.

Requirements: M1 (sync-token and plain ETags, Basic authentication), M3 (a series with an exception and a moved one), M5.
A recorder stands between the two: it writes down what is asked, and can hide from us that Radicale knows sync-tokens and
ctags.
"""
import base64
import http.server
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import live  # noqa: E402  (tests/lib/live.py)
from live import calendar_text, event_text  # noqa: E402

checks = live.Checks()
MORNING = "2026-03-02T08:00:00Z"
# Debian's own interpreter: Radicale is installed for it.
PYTHON = "/usr/bin/python3"
BERLIN = ("BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n"
          "BEGIN:DAYLIGHT\r\nDTSTART:19810329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"
          "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nEND:DAYLIGHT\r\n"
          "BEGIN:STANDARD\r\nDTSTART:19961027T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n"
          "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n")


class Radicale:
    """The people alice and bob, whose passwords stand in a file that may change."""

    def __init__(self):
        found = subprocess.run([PYTHON, "-c", "import radicale"], stdin=subprocess.DEVNULL, capture_output=True)
        if found.returncode != 0:
            live.skip("Radicale is not installed for /usr/bin/python3")
        self.folder = checks.folder("radicale")
        self.port = live.free_ports(1)[0]
        self.set_password("secret")
        options = {"config": "/dev/null", "hosts": f"127.0.0.1:{self.port}", "rights-type": "owner_only",
                   "auth-type": "htpasswd", "auth-htpasswd-filename": self.folder / "users",
                   "auth-htpasswd-encryption": "plain", "auth-delay": "0.01",
                   "storage-filesystem-folder": self.folder / "data", "logging-level": "warning"}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        checks.start([PYTHON, "-m", "radicale", *words], self.folder / "radicale.log", cwd=self.folder)
        if not live.wait_until(lambda: live.listens(self.port)):
            raise AssertionError((self.folder / "radicale.log").read_text())

    def set_password(self, password):
        (self.folder / "users").write_text(f"alice:{password}\nbob:{password}\n")

    def ask(self, method, path, text=None, password="secret"):
        user = path.split("/")[1]
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "text/calendar; charset=utf-8"}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method, headers=headers,
                                       data=None if text is None else text.encode())
        with urllib.request.urlopen(asked, timeout=live.PATIENCE_SECONDS) as answer:
            return answer.read().decode()

    def make(self, path):
        self.ask("MKCALENDAR", path)

    def put(self, path, *events, zone=""):
        self.ask("PUT", path, calendar_text(zone, *events))

    def delete(self, path):
        self.ask("DELETE", path)

    def forget_tokens(self, path):
        """As if the server had thrown away its history."""
        folder = self.folder / "data/collection-root" / path.strip("/") / ".Radicale.cache"
        known = folder / "sync-token"
        if not known.exists():
            raise AssertionError(f"{known} is not there")
        shutil.rmtree(known)
        shutil.rmtree(folder / "history", ignore_errors=True)


class Recorder(http.server.ThreadingHTTPServer):
    """Hands everything on to Radicale and remembers it. `hidden` are names of properties that answers are freed of."""
    daemon_threads = True

    def __init__(self, radicale):
        super().__init__(("127.0.0.1", 0), Handler)
        self.radicale = radicale
        self.hidden = ()
        self.requests = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        thread = threading.Thread(target=self.serve_forever, daemon=True)
        thread.start()
        checks.at_end(self.shutdown)

    def take(self):
        """What was asked since the last look: (what, status, hrefs asked for)."""
        found, self.requests = self.requests, []
        return found


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def hand_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.command
        if self.command == "REPORT":
            kind = "sync" if b"sync-collection" in body else "multiget" if b"calendar-multiget" in body else "REPORT"
        elif self.command == "PROPFIND":
            kind = "list" if self.headers.get("Depth") == "1" else "probe"
        if kind == "sync" and "sync-token" in self.server.hidden:
            status, headers, answer = 501, {}, b"no such report"
        else:
            status, headers, answer = self.ask(body)
        hrefs = re.findall(rb"<(?:\w+:)?href>([^<]*)</", body) if kind == "multiget" else []
        self.server.requests.append((kind, status, [one.decode() for one in hrefs]))
        self.send_response(status)
        for name in ("Content-Type", "ETag", "Location", "WWW-Authenticate", "DAV"):
            if headers.get(name):
                self.send_header(name, headers[name])
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def ask(self, body):
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type", "Depth") if self.headers.get(name)}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.server.radicale.port}{self.path}", method=self.command,
                                       headers=headers,
                                       data=body or None)
        try:
            with urllib.request.build_opener(NoRedirect).open(asked, timeout=live.PATIENCE_SECONDS) as answer:
                return answer.status, answer.headers, self.hide(answer.read())
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()

    def hide(self, text):
        for name in self.server.hidden:
            text = re.sub(rb"<(?:\w+:)?%s */>|<(?:\w+:)?%s>.*?</(?:\w+:)?%s>" % ((name.encode(),) * 3), b"", text,
                          flags=re.S)
        return text

    do_PROPFIND = do_REPORT = do_GET = do_OPTIONS = hand_on

    def log_message(self, *_):
        pass


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def by_name(server, user):
    """{externalId: (start, status)}; an instance of a series has the series' name and its own."""
    return {one["externalId"]: (one["startsAt"], one["status"]) for one in server.meetings(user)}


def starts(server, user, name):
    return sorted(one["startsAt"] for one in server.meetings(user)
                  if one["externalId"].startswith(name) and one["status"] == "SCHEDULED")


def add_reader(server, url, name="alice", password="secret"):
    user = server.add_user(name, email="ada@example.org", phone="+14155550111", timezone="Europe/Berlin")
    return user, server.add_calendar(user, kind="caldav", url=url, username=name, password=password)


def sync_counts(server, user):
    answer = server.sync(user)
    return {name: answer.get(name) for name in ("success", "created", "updated", "cancelled") if answer.get(name)}


SERIES = (event_text("series", ";TZID=Europe/Berlin:20260326T090000", RRULE="FREQ=DAILY;COUNT=5",
                     EXDATE=";TZID=Europe/Berlin:20260328T090000"),
          event_text("series", ";TZID=Europe/Berlin:20260327T150000",
                     RECURRENCE_ID=";TZID=Europe/Berlin:20260327T090000", SEQUENCE=1))


def collection(server, radicale, recorder):
    """A collection by its own address, from the first reading on."""
    radicale.make("/alice/meetings/")
    radicale.put("/alice/meetings/one.ics",
                 event_text("one", "20260302T100000Z", SUMMARY="Stand-up", URL="https://meet.google.com/abc-defg-hij"))
    radicale.put("/alice/meetings/two.ics", event_text("two", "20260302T120000Z"))
    user, calendar = add_reader(server, recorder.url + "/alice/meetings/")
    server.advance(60)
    shown = server.calendar(user, calendar)
    checks.equal((shown["status"], shown.get("lastError"), shown["lastSyncedAt"]), ("OK", None, "2026-03-02T08:01:00Z"),
                 "a collection is read at the tick")
    checks.equal(by_name(server, user),
                 {"one": ("2026-03-02T10:00:00Z", "SCHEDULED"), "two": ("2026-03-02T12:00:00Z", "SCHEDULED")},
                 "its objects are meetings")
    meeting = next(one for one in server.meetings(user) if one["externalId"] == "one")
    checks.equal((meeting["title"], meeting["joinUrl"], [alert["status"] for alert in meeting["alerts"]]),
                 ("Stand-up", "https://meet.google.com/abc-defg-hij", ["PENDING"] * 3), "with their facts and stages")
    kinds = [kind for kind, *_ in recorder.take()]
    checks.equal(kinds, ["probe", "sync", "multiget"], "the first reading: what is it, what is in it, give it to me")
    return user, calendar


def by_token(server, radicale, recorder, user):
    """Create, change, delete: only what differs is fetched."""
    before = server.rows()
    server.advance(120)
    checks.equal([kind for kind, *_ in recorder.take()], ["probe", "probe"],
                 "an unchanged collection costs one small question a tick")
    checks.ok(server.rows() == before, "and nothing is written about it: no row differs")
    radicale.put("/alice/meetings/three.ics", event_text("three", "20260302T130000Z"))
    server.advance(60)
    checks.equal(recorder.take(), [("probe", 207, []), ("sync", 207, []), ("multiget", 207, ["/alice/meetings/three.ics"])],
                 "a new object: only that one is fetched")
    checks.equal(by_name(server, user).get("three"), ("2026-03-02T13:00:00Z", "SCHEDULED"), "and is planned")
    radicale.put("/alice/meetings/two.ics", event_text("two", "20260302T140000Z", SEQUENCE=1))
    radicale.delete("/alice/meetings/three.ics")
    server.advance(60)
    asked = recorder.take()
    checks.equal(asked[-1], ("multiget", 207, ["/alice/meetings/two.ics"]), "a changed one is fetched, a deleted one is not",
                 asked)
    meetings = {one["externalId"]: one for one in server.meetings(user)}
    two = server.meeting(meetings["two"]["eventId"])
    checks.equal((two["startsAt"], [one["dueAt"] for one in two["alerts"]][0],
                  [one["reason"] for one in two["earlierAlerts"]]),
                 ("2026-03-02T14:00:00Z", "2026-03-02T13:45:00Z", ["moved"] * 3), "the changed meeting is planned anew")
    checks.equal((meetings["three"]["status"], {one["status"] for one in meetings["three"]["alerts"]}),
                 ("CANCELLED", {"CANCELLED"}),
                 "the deleted one is cancelled with its alerts")
    radicale.delete("/alice/meetings/two.ics")
    server.advance(60)
    checks.equal([kind for kind, *_ in recorder.take()], ["probe", "sync"], "a deletion alone fetches nothing")
    checks.equal(by_name(server, user)["two"][1], "CANCELLED", "and cancels")


def series(server, radicale, user):
    """A series over the end of winter time, with an exception and a moved instance, and then without."""
    server.advance(86400 * 20)
    radicale.put("/alice/meetings/series.ics", *SERIES, zone=BERLIN)
    checks.equal(sync_counts(server, user), {"success": True, "created": 4}, "five instances, one of them excepted")
    checks.equal(starts(server, user, "series"),
                 ["2026-03-26T08:00:00Z", "2026-03-27T14:00:00Z", "2026-03-29T07:00:00Z", "2026-03-30T07:00:00Z"],
                 "one is moved, and nine o'clock stays nine o'clock in summer")
    radicale.put("/alice/meetings/series.ics",
                 event_text("series", ";TZID=Europe/Berlin:20260326T090000", RRULE="FREQ=DAILY;COUNT=3", SEQUENCE=2),
                 zone=BERLIN)
    sync_counts(server, user)
    checks.equal(starts(server, user, "series"), ["2026-03-26T08:00:00Z", "2026-03-27T08:00:00Z", "2026-03-28T08:00:00Z"],
                 "changed, it is what it says now")
    radicale.delete("/alice/meetings/series.ics")
    sync_counts(server, user)
    checks.equal(starts(server, user, "series"), [], "and deleted it is gone")


def lost_token(server, radicale, recorder, user, calendar):
    """The server has forgotten its history: everything is compared, nothing is missed, nothing is doubled."""
    for name in ("keep", "change", "leave"):
        radicale.put(f"/alice/meetings/{name}.ics", event_text(name, "20260401T100000Z"))
    sync_counts(server, user)
    radicale.put("/alice/meetings/change.ics", event_text("change", "20260401T110000Z", SEQUENCE=1))
    radicale.put("/alice/meetings/fresh.ics", event_text("fresh", "20260401T120000Z"))
    radicale.delete("/alice/meetings/leave.ics")
    radicale.forget_tokens("/alice/meetings/")
    recorder.take()
    checks.equal(sync_counts(server, user), {"success": True, "created": 1, "updated": 1, "cancelled": 1},
                 "a token that is not known any more leads to a full comparison")
    asked = recorder.take()
    refused = [status for kind, status, _ in asked if kind == "sync" and status != 207]
    checks.ok(refused and refused[0] in (403, 409, 410, 412), "Radicale did refuse the token", asked)
    checks.equal(sorted(asked[-1][2]), ["/alice/meetings/change.ics", "/alice/meetings/fresh.ics"],
                 "and only what differs was fetched", asked)
    checks.equal([by_name(server, user)[name][1] for name in ("keep", "change", "leave", "fresh")],
                 ["SCHEDULED", "SCHEDULED", "CANCELLED", "SCHEDULED"], "everything is as on the server")
    radicale.delete("/alice/meetings/")
    server.sync(user)
    shown = server.calendar(user, calendar)
    checks.equal(shown["status"], "FAILING", "a collection that is gone is failing")
    checks.like(shown.get("lastError"), "404|no calendar", "with the reason")
    checks.equal(by_name(server, user)["keep"][1], "SCHEDULED", "and its meetings stay")
    radicale.make("/alice/meetings/")
    radicale.put("/alice/meetings/again.ics", event_text("again", "20260401T150000Z"))
    checks.equal(sync_counts(server, user), {"success": True, "created": 1, "cancelled": 3}, "made anew it is read in full")


def discovery(server, radicale, recorder):
    """From the server's root to the one calendar; where there are several, nobody guesses."""
    radicale.make("/bob/team/")
    radicale.put("/bob/team/one.ics", event_text("one", "20260401T100000Z"))
    user, calendar = add_reader(server, recorder.url + "/", name="bob")
    checks.equal(sync_counts(server, user), {"success": True, "created": 1}, "the server's root leads to the calendar",
                 server.calendar(user, calendar))
    recorder.take()
    server.sync(user)
    checks.equal([kind for kind, *_ in recorder.take()], ["probe"], "which is remembered")
    other, _ = add_reader(server, recorder.url + "/bob/", name="bob")
    checks.equal(sync_counts(server, other), {"success": True, "created": 1}, "a principal's address leads there too")
    radicale.make("/bob/private/")
    checks.equal(server.sync(user)["success"], True, "a second calendar disturbs nobody who has found the first")
    third, calendar = add_reader(server, recorder.url + "/", name="bob")
    checks.equal(server.sync(third)["success"], False, "but is a question for whoever comes new")
    error = server.calendar(third, calendar).get("lastError")
    checks.ok("/bob/team/" in error and "/bob/private/" in error, "which names both", error)


def denied(server, radicale, recorder):
    radicale.make("/alice/denied/")
    radicale.put("/alice/denied/one.ics", event_text("one", "20260401T100000Z"))
    user, calendar = add_reader(server, recorder.url + "/alice/denied/", password="wrong-Passw0rd")
    checks.equal(server.sync(user)["success"], False, "a wrong password reads nothing")
    shown = server.calendar(user, calendar)
    checks.equal(shown["status"], "FAILING", "and is shown as failing")
    checks.like(shown.get("lastError"), "user name and password", "with a clear reason")
    checks.ok("wrong-Passw0rd" not in server.log() + str(shown), "the password is told nowhere")
    user, calendar = add_reader(server, recorder.url + "/alice/denied/")
    sync_counts(server, user)
    radicale.set_password("another")
    server.advance(60)
    shown = server.calendar(user, calendar)
    checks.equal((shown["status"], by_name(server, user)["one"][1]), ("FAILING", "SCHEDULED"),
                 "a password that ends keeps what was read")
    radicale.set_password("secret")
    server.advance(60)
    shown = server.calendar(user, calendar)
    checks.equal((shown["status"], shown.get("lastError")), ("OK", None), "and it goes on when the password fits again")
    user, calendar = add_reader(server, recorder.url + "/alice/denied/", name="bob")
    server.sync(user)
    shown = server.calendar(user, calendar)
    checks.ok(shown["status"] == "FAILING" and shown["lastError"], "another person's calendar is refused with a reason",
              shown)


def by_etags(server, radicale, recorder, hidden, name):
    """The same without sync-tokens, and without ctags either."""
    recorder.hidden = hidden
    place = f"/alice/{name}/"
    radicale.make(place)
    for number in range(3):
        radicale.put(f"{place}{number}.ics", event_text(f"{name}-{number}", f"20260402T1{number}0000Z"))
    user, calendar = add_reader(server, recorder.url + place)
    recorder.take()
    checks.equal(sync_counts(server, user), {"success": True, "created": 3}, f"{name}: read in the plain way",
                 server.calendar(user, calendar))
    asked = recorder.take()
    # One that says it can and then refuses is asked by token first, each time.
    way = ["probe", "list"] if "sync-collection" in hidden else ["probe", "sync", "list"]
    checks.equal([kind for kind, *_ in asked], [*way, "multiget"], f"{name}: by a list of ETags")
    sync_counts(server, user)
    expected = ["probe"] if "getctag" not in hidden else way
    checks.equal([kind for kind, *_ in recorder.take()], expected, f"{name}: unchanged, nothing is fetched")
    radicale.put(f"{place}0.ics", event_text(f"{name}-0", "20260402T150000Z", SEQUENCE=1))
    radicale.put(f"{place}new.ics", event_text(f"{name}-new", "20260402T160000Z"))
    radicale.delete(f"{place}1.ics")
    checks.equal(sync_counts(server, user), {"success": True, "created": 1, "updated": 1, "cancelled": 1},
                 f"{name}: changes are found")
    asked = recorder.take()
    checks.equal(sorted(asked[-1][2]), [f"{place}0.ics", f"{place}new.ics"], f"{name}: only what differs was fetched", asked)
    checks.equal({key: status for key, (_, status) in by_name(server, user).items()},
                 {f"{name}-0": "SCHEDULED", f"{name}-1": "CANCELLED", f"{name}-2": "SCHEDULED", f"{name}-new": "SCHEDULED"},
                 f"{name}: everything is as on the server")
    recorder.hidden = ()


def main():
    radicale = Radicale()
    recorder = Recorder(radicale)
    server = live.Tocsin(checks, "main", at=MORNING, TOCSIN_ALLOW_PRIVATE_FETCH="true")
    user, calendar = collection(server, radicale, recorder)
    by_token(server, radicale, recorder, user)
    # From here on the readings are asked for, so that weeks pass without a question a minute.
    server.end()
    server = live.Tocsin(checks, "main", at="2026-03-02T09:00:00Z", TOCSIN_ALLOW_PRIVATE_FETCH="true",
                         CALENDAR_SYNC_INTERVAL_SECONDS="86400")
    series(server, radicale, user)
    lost_token(server, radicale, recorder, user, calendar)
    discovery(server, radicale, recorder)
    by_etags(server, radicale, recorder, ("sync-token", "sync-collection"), "no-token")
    by_etags(server, radicale, recorder, ("sync-token", "sync-collection", "getctag"), "no-ctag")
    by_etags(server, radicale, recorder, ("sync-token", "getctag"), "refused-token")
    checks.equal(server.end(), 0, "it stops well")
    server = live.Tocsin(checks, "denied", at="2026-03-25T09:00:00Z", TOCSIN_ALLOW_PRIVATE_FETCH="true")
    denied(server, radicale, recorder)
    checks.equal(server.end(), 0, "it stops well")


checks.run(main)
