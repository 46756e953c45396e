"""tests/lib/live.py: a real Tocsin process for the tests that stand beside real servers, and TAP.

A script makes one Checks, starts what it needs, and ends with `checks.run(main)`: whatever happens in between, every process
that was started is ended by its id, the work folder goes, and a failure in mid-flight is a failed test rather than silence.
"""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

import logs

ROOT = pathlib.Path(os.environ.get("TOCSIN_ROOT", pathlib.Path(__file__).resolve().parent.parent.parent)).resolve()
BUILD = pathlib.Path(os.environ.get("TOCSIN_BUILD", ROOT / "build")).resolve()
SHARED = pathlib.Path(os.environ.get("TOCSIN_SHARED", ROOT.parent / "shared"))
ADMIN_KEY = "key-of-the-tests-0123456789abcdef"
PATIENCE_SECONDS = 20
SKIPPED = 77


def skip(reason):
    """Ends a script that cannot run here; the last line says why."""
    print(reason)
    sys.exit(SKIPPED)


def need(*programs):
    """The paths of programs, or the script is skipped."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    found = [shutil.which(program, path=path) for program in programs]
    for program, where in zip(programs, found):
        if where is None:
            skip(f"{program} is not installed")
    return found[0] if len(found) == 1 else found


def free_ports(count):
    """Ports that are free now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_until(condition, seconds=PATIENCE_SECONDS):
    """What `condition` answers once that is true of it, or its last answer when the time is over.

    For what other programs do after they have answered (Exim delivers on its own time): nothing tells when, so it is asked.
    """
    turn = threading.Event()
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer or time.monotonic() >= end:
            return answer
        turn.wait(0.02)


def runs_with(word):
    """Whether a process runs that was started with this word in its command line."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(word).encode() in path.read_bytes():
                return True
        except OSError:
            continue  # It ended meanwhile.
    return False


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


class Checks:
    """TAP points, the work folder, and the end of everything that was started."""

    def __init__(self):
        self.count = self.failed = 0
        self.endings = []
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-live-"))

    def ok(self, condition, text, *facts):
        self.count += 1
        print(f"{'ok' if condition else 'not ok'} {self.count} - {text}", flush=True)
        if not condition:
            self.failed += 1
            for fact in facts:
                for line in str(fact).splitlines()[-30:]:
                    print(f"# {line}")
        return bool(condition)

    def equal(self, got, wanted, text, *facts):
        return self.ok(got == wanted, text, f"got:    {got!r}", f"wanted: {wanted!r}", *facts)

    def like(self, got, pattern, text, *facts):
        return self.ok(re.search(pattern, got or ""), text, f"got: {got!r}", f"wanted a match of: {pattern}", *facts)

    def skip(self, text, reason):
        self.count += 1
        print(f"ok {self.count} - {text} # SKIP {reason}", flush=True)

    def folder(self, name):
        path = self.work / name
        path.mkdir()
        return path

    def at_end(self, ending):
        self.endings.append(ending)

    def start(self, command, log, **options):
        """Runs a server in the background; it ends with the script."""
        with open(log, "ab") as output:
            process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=output, **options)
        self.at_end(lambda: end_process(process))
        return process

    def run(self, main):
        skipped = None
        try:
            main()
        except SystemExit as end:
            skipped = end
        except Exception:  # The plan must be printed, and everything ended, whatever happened.
            self.ok(False, "the script runs to its end", traceback.format_exc())
        for ending in reversed(self.endings):
            try:
                ending()
            except Exception:
                self.ok(False, "what was started is ended", traceback.format_exc())
        shutil.rmtree(self.work, ignore_errors=True)
        if skipped is not None and self.count == 0:
            raise skipped
        print(f"1..{self.count}")
        sys.exit(1 if self.failed or not self.count else 0)


def end_process(process, seconds=12):
    """The exit code; -9 where it had to be killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


class Answer:
    """Of an HTTP request: status, headers, raw bytes, text, and body as JSON where it is."""

    def __init__(self, status, headers, raw):
        self.status = status
        self.raw = raw
        self.headers = headers
        self.text = raw.decode(errors="replace")
        try:
            self.body = json.loads(self.text)
        except ValueError:
            self.body = None

    @property
    def data(self):
        if not isinstance(self.body, dict) or not self.body.get("success"):
            raise AssertionError(f"status {self.status}: {self.text[:500]}")
        return self.body["data"]


def request(url, method="GET", body=None, headers=None, seconds=60):
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)
    try:
        target = parts.path + ("?" + parts.query if parts.query else "")
        connection.request(method, target or "/", body=body, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def event_text(uid, starts, **properties):
    """One VEVENT of half an hour at a UTC time such as 20260302T100000Z; more properties by their names, _ for -. A value
    that begins with ; or : stands after the name as it is. None leaves one out."""
    given = {"SUMMARY": uid, "DTSTAMP": "20260101T000000Z", "DURATION": "PT30M", "DTSTART": starts, **properties}
    lines = ["BEGIN:VEVENT", f"UID:{uid}"]
    for name, value in given.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                lines.append(name.replace("_", "-") + (str(one) if str(one)[:1] in ";:" else f":{one}"))
    return "\r\n".join([*lines, "END:VEVENT", ""])


def calendar_text(*events):
    return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//live//EN\r\n" + "".join(events) + "END:VCALENDAR\r\n"


def environment_of(settings):
    """Only what a test says, so that the settings of whoever runs it change nothing."""
    names = ("PATH", "TMPDIR", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {**kept, "TOCSIN_ADMIN_KEY": ADMIN_KEY, **settings}


class Tocsin:
    """`tocsin serve`. `at` gives it the virtual clock; without, the real one. Settings are environment variables; `before`
    are words in front of the command."""

    def __init__(self, checks, name, at=None, before=(), **settings):
        program = BUILD / "tocsin"
        if not program.exists():
            raise AssertionError(f"{program} is not built")
        self.folder = checks.work / name  # One that is there already is a restart.
        self.folder.mkdir(exist_ok=True)
        self.settings = {"TOCSIN_DATA_DIR": str(self.folder), "TOCSIN_LISTEN": "127.0.0.1:0", **settings}
        logs.secrets_of_settings(self.settings)
        self.record = logs.Record("serve")
        clock = ["--clock", "virtual", "--at", at] if at else []
        self.process = subprocess.Popen([*before, str(program), "serve", *clock], env=environment_of(self.settings),
                                        cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        checks.at_end(self.end)
        self.lines = []
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()
        first = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", first)
        if not found:
            raise AssertionError(f"it did not start: {first!r}\n{self.log()}")
        self.url = f"http://127.0.0.1:{found.group(1)}"

    def _read_log(self):
        for line in self.process.stderr:
            self.record.add(line)
            with self.news:
                self.lines.append(line.rstrip("\n"))
                self.news.notify_all()

    def log(self):
        with self.news:
            return "\n".join(self.lines)

    def wait_log(self, pattern, seconds=PATIENCE_SECONDS, skipping=0):
        """The first line after the first `skipping` ones that matches; None when the time is over."""
        def find():
            return next((line for line in self.lines[skipping:] if re.search(pattern, line)), None)
        with self.news:
            self.news.wait_for(find, seconds)
            return find()

    def ask(self, method, path, body=None, **query):
        target = f"{self.url}/api/v1{path}"
        if query:
            target += "?" + urllib.parse.urlencode(query)
        text = None if body is None else json.dumps(body).encode()
        logs.secrets_of_body(text)
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        if text is not None:
            headers["Content-Type"] = "application/json"
        return request(target, method, text, headers)

    def get(self, path, **query):
        return self.ask("GET", path, **query).data

    def post(self, path, body):
        return self.ask("POST", path, body).data

    def advance(self, seconds):
        return self.post("/clock/advance", {"seconds": seconds})["now"]

    def add_user(self, name="Ada", **members):
        return self.post("/users", {"name": name, **members})["id"]

    def add_calendar(self, user, **members):
        return self.post(f"/users/{user}/calendars", members)["id"]

    def calendar(self, user, calendar):
        found = self.get(f"/users/{user}/calendars")["calendars"]
        return next(one for one in found if one["id"] == calendar)

    def sync(self, user, **members):
        """The flat answer of POST /calendar/sync."""
        return self.ask("POST", "/calendar/sync", {"userId": user, **members}).body

    def push(self, user, name, starts_at, **members):
        """Pushes one meeting; its eventId."""
        event = {"externalId": name, "title": members.pop("title", name), "startsAt": starts_at, **members}
        answer = self.sync(user, events=[event])
        if not answer or not answer.get("success"):
            raise AssertionError(f"not taken: {answer}")
        return next(one["eventId"] for one in self.meetings(user) if one["externalId"] == name)

    def meetings(self, user):
        return self.get("/meetings", userId=user, limit=1000)["meetings"]

    def meeting(self, event):
        return self.get(f"/meetings/{event}")

    def messages(self, **query):
        return self.get("/messages", limit=1000, **query)["messages"]

    def stages(self, event):
        """{stage: (status, reason)} of the plan in force."""
        return {one["stage"]: (one["status"], one.get("reason")) for one in self.meeting(event)["alerts"]}

    def rows(self):
        """Every row, by table, but for what a reading of a calendar may touch: when that was, and its own timer."""
        database = sqlite3.connect(f"file:{self.folder}/tocsin.db?mode=ro", uri=True)
        try:
            tables = [name for name, in database.execute("SELECT name FROM sqlite_master WHERE type='table'")]
            rows = {}
            for table in tables:
                where = " WHERE kind<>'CALENDAR_SYNC'" if table == "timers" else ""
                cursor = database.execute(f"SELECT * FROM {table}{where}")
                names = [column[0] for column in cursor.description]
                kept = [at for at, name in enumerate(names) if name != "last_synced_at"]
                rows[table] = sorted(repr([row[at] for at in kept]) for row in cursor)
            return rows
        finally:
            database.close()

    def end(self):
        """Stops it; 0 when it stopped well. A second call changes nothing."""
        code = end_process(self.process)
        self.reader.join(5)
        return code


def run_tocsin(checks, *words, **settings):
    """One command of the binary that ends: (exit code, output, errors)."""
    settings.setdefault("TOCSIN_DATA_DIR", str(checks.work / "command"))
    done = subprocess.run([str(BUILD / "tocsin"), *words], env=environment_of(settings), cwd=checks.work,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS * 3)
    logs.Record("command").add(done.stderr)
    return done.returncode, done.stdout, done.stderr
