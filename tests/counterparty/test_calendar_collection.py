#!/usr/bin/env python3
"""Every calendar of two public test suites, good and broken, uploaded to the real binary.

Requirements: M1 (upload), M3 (bad lines and components never cost the rest), X3 (bad input is a clear 4xx), X5 (no crash).
The files stand in the shared folder; without it this is skipped.
"""
import collections
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import live  # noqa: E402  (tests/lib/live.py)

checks = live.Checks()
FOLDER = live.SHARED / "counterparties/calendars"
SECONDS_MAX = 2
START = re.compile(rb"BEGIN:VEVENT.*?DTSTART[^:\r\n]*:(\d{4})(\d\d)(\d\d)", re.S)


def text_of(path):
    """What a client would put into JSON: UTF-8, or the bytes as they are where it is not. JSON texts have no NUL here."""
    raw = path.read_bytes().replace(b"\0", b" ")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def moment_of(path):
    """A time at which the calendar's first event is near, so that its rules are expanded and not only read."""
    found = START.search(path.read_bytes())
    if not found:
        return "2026-03-02T09:00:00Z"
    year, month, day = (int(one) for one in found.groups())
    sound = 1990 <= year <= 2030 and 1 <= month <= 12 and 1 <= day <= 28
    return f"{year:04}-{month:02}-{day:02}T00:00:00Z" if sound else "2026-03-02T09:00:00Z"


def upload(server, path):
    """(status, seconds, trouble or None)"""
    text = text_of(path)
    user = server.add_user(path.name[:100], email="ada@example.org")
    began = time.monotonic()
    answer = server.ask("POST", f"/users/{user}/calendars", {"kind": "upload", "ics": text})
    took = time.monotonic() - began
    if answer.status == 201:
        again = server.sync(user)
        if not again or not again.get("success") or again["created"] + again["updated"] + again["cancelled"]:
            return answer.status, took, f"a second look differs: {again}"
        return answer.status, took, None
    error = (answer.body or {}).get("error", {}) if isinstance(answer.body, dict) else {}
    clear = answer.status in (400, 413, 422) and error.get("field") == "ics" and error.get("message")
    unchanged = not server.meetings(user) and not server.get(f"/users/{user}/calendars")["calendars"]
    return answer.status, took, None if clear and unchanged else f"{answer.text[:300]}"


class Results:
    def __init__(self):
        self.statuses = collections.Counter()
        self.trouble = []
        self.slow = []
        self.meetings = 0

    def take(self, server, paths):
        """Uploads these; false when the server is not there any more."""
        for path in paths:
            name = str(path.relative_to(FOLDER))
            try:
                status, took, problem = upload(server, path)
            except OSError as error:
                self.trouble.append(f"{name}: no answer: {error}\n{server.log()}")
                return False
            self.statuses[status] += 1
            if took > SECONDS_MAX:
                self.slow.append(f"{name}: {took:.1f} s")
            if problem:
                self.trouble.append(f"{name}: {status} {problem}")
        self.meetings += server.get("/meetings", limit=1)["total"]
        return live.request(server.url + "/livez").status == 200


def main():
    if not FOLDER.is_dir():
        live.skip(f"{FOLDER} is not there: the calendars of public test suites are not shared here")
    files = sorted(path for path in FOLDER.rglob("*") if path.suffix.lower() == ".ics")
    checks.ok(len(files) > 100, f"{len(files)} calendars", files)
    by_time = collections.defaultdict(list)
    for path in files:
        by_time[moment_of(path)].append(path)
    results = Results()
    died = []
    for moment, paths in sorted(by_time.items()):
        server = live.Tocsin(checks, moment[:10], at=moment, FEATURE_SCHEDULER_ENABLED="false")
        alive = results.take(server, paths)
        if server.end() != 0 or not alive:
            died.append(f"{moment}: {paths}\n{server.log()}")
    checks.ok(not died, f"the server lives through all of them and stops well, at {len(by_time)} dates", "\n".join(died))
    told = ", ".join(f"{count} answered {status}" for status, count in sorted(results.statuses.items()))
    checks.ok(not results.trouble,
              f"each is taken, or refused with a reason that names ics, and nothing is left of it ({told})",
              "\n".join(results.trouble))
    checks.equal(sum(results.statuses.values()), len(files), "all of them were answered")
    checks.ok(not results.slow, f"none takes longer than {SECONDS_MAX} s", "\n".join(results.slow))
    checks.ok(results.meetings > 50, f"their events near that time are meetings: {results.meetings}")


checks.run(main)
