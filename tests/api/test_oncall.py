#!/usr/bin/env python3
"""The calendar of an on-call schedule over HTTP: its bytes, its tag and 304, what it shows against what /spans says, read back by
our own calendar parser; and that its secret address ends when it is revoked. Requirement E9; protocols.md 5.8.
"""
import datetime
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks  # noqa: E402
from server import Server  # noqa: E402

START = "2026-01-05T09:00:00Z"
checks = Checks()


def events_of(text):
    """Each event as a dictionary of its lines, unfolded."""
    lines = text.replace("\r\n ", "").split("\r\n")
    found = []
    for line in lines:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            found.append({})
        elif found and name not in ("END", "BEGIN"):
            found[-1][name] = value
    return found


def iso(stamp):
    """20260105T090000Z as the API writes it."""
    return datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").strftime("%Y-%m-%dT%H:%M:%SZ")


def add_people(server):
    ana = server.add_user(name="Ana; the \"first\", of Málaga and a name so long that its line must be folded, 電話番号 more than once")
    return ana, server.add_user(name="Ben")


def add_schedule(server, people):
    return server.post("/schedules", {
        "name": "Primary", "timezone": "America/New_York", "layers": [
            {"rotation": {"type": "WEEKLY", "handoffDay": "SUN", "handoffTime": "02:30", "start": "2025-12-01T00:00:00Z"},
             "members": [{"userId": one} for one in people]}]})["id"]


def spans_of(server, schedule, start, end):
    found, cursor = [], None
    while True:
        page = server.get(f"/schedules/{schedule}/spans", **{"from": start, "to": end, "limit": 50},
                          **({"cursor": cursor} if cursor else {}))
        found += page["spans"]
        cursor = page.get("cursor")
        if cursor is None:
            checks.equal(len(found), page["total"], "the spans go by limit, cursor and total")
            return found


def checks_bytes(server, path):
    answer = server.ask("GET", path, key=None)
    checks.equal(answer.status, 200, "no key is needed")
    checks.equal(answer.headers.get("Content-Type"), "text/calendar; charset=utf-8", "it is a calendar")
    lines = answer.text.encode().split(b"\r\n")
    checks.ok(b"\n" not in b"".join(lines) and lines[-1] == b"", "every line ends with CRLF")
    long = [line for line in lines if len(line) > 75]
    checks.ok(not long and any(line.startswith(b" ") for line in lines), "lines are folded at 75 octets", *long[:2])
    for line in ("REFRESH-INTERVAL;VALUE=DURATION:PT15M", "VERSION:2.0", "X-WR-CALNAME:On call: Primary"):
        checks.ok(f"\r\n{line}\r\n" in answer.text, f"it has {line}")
    return answer


def shows_the_spans(server, schedule, answer):
    events = events_of(answer.text)
    first, last = iso(events[0]["DTSTART"]), iso(events[-1]["DTEND"])
    spans = spans_of(server, schedule, first, last)
    shown = [(iso(event["DTSTART"]), iso(event["DTEND"])) for event in events]
    checks.equal(shown, [(span["start"], span["end"]) for span in spans if "userId" in span], "events are the spans of /spans")
    checks.ok(last >= "2027-01-05", "it looks a year ahead", last)
    # 02:30 does not exist in New York on 8 March 2026: both shifts meet at 03:00, 07:00Z.
    checks.ok(any(end == "2026-03-08T07:00:00Z" for _, end in shown), "a handoff in a gap is at the first instant after it", shown)
    checks.equal(len({event["UID"] for event in events}), len(events), "each event has a UID of its own")
    return events


def keeps_its_tag(server, schedule, people, path, answer):
    tag = answer.headers["ETag"]
    checks.ok(re.fullmatch(r'"[0-9a-f]{32}"', tag), "the tag is strong", tag)
    for value in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = server.ask("GET", path, key=None, headers={"If-None-Match": value})
        checks.ok(again.status == 304 and again.text == "" and again.headers.get("ETag") == tag, f"304 for {value}", again.status)
    server.advance(3600)
    checks.equal(server.ask("GET", path, key=None).headers["ETag"], tag, "an hour later it is the same to the byte")
    server.post(f"/schedules/{schedule}/overrides",
                {"start": "2026-01-07T12:00:00Z", "end": "2026-01-08T12:00:00Z", "userId": people[1]})
    changed = server.ask("GET", path, key=None, headers={"If-None-Match": tag})
    checks.ok(changed.status == 200 and changed.headers["ETag"] != tag, "an override changes it", changed.status)
    before, after = events_of(answer.text), events_of(changed.text)
    checks.equal(len(after), len(before) + 2, "an override in a shift makes three of it")
    checks.ok({one["UID"] for one in before} <= {one["UID"] for one in after}, "the shifts that were there keep their UIDs")
    checks.ok(int(after[0]["SEQUENCE"]) == int(before[0]["SEQUENCE"]) + 1, "and count up", after[0])


def is_read_back(server, people, text):
    """Through our own calendar parser: the shifts of the next days are meetings that block nobody's time."""
    reader = server.add_user(name="Reader")
    server.post(f"/users/{reader}/calendars", {"kind": "upload", "ics": text})
    meetings = server.get("/meetings", userId=reader, limit=1000)["meetings"]
    events = {event["UID"]: event for event in events_of(text)}
    wrong = [one for one in meetings if (one["startsAt"], one["endsAt"]) !=
             tuple(iso(events[one["externalId"]][name]) for name in ("DTSTART", "DTEND"))]
    checks.ok(len(meetings) >= 2 and not wrong, "our own parser reads the same shifts", len(meetings), wrong[:2])
    names = {one["title"] for one in meetings}
    name = server.get(f"/users/{people[0]}")["name"]
    checks.ok(f"{name} (Primary)" in names, "a folded name with commas, quotes and other letters comes back whole", names)


def is_of_one_person(server, schedule, people):
    url = server.post(f"/schedules/{schedule}/ical", {"userId": people[1]})["url"]
    server.keep_secret(url.split("/")[-1].removesuffix(".ics"), "the secret address of a calendar")
    text = server.ask("GET", url, key=None).text
    spans = spans_of(server, schedule, "2026-01-05T00:00:00Z", "2026-06-01T00:00:00Z")
    mine = [span["start"] for span in spans[1:] if span.get("userId") == people[1]]
    shown = [iso(event["DTSTART"]) for event in events_of(text)]
    checks.ok(set(mine) <= set(shown), "a person's own calendar has all their shifts", mine[:3], shown[:6])
    others = [span["start"] for span in spans[1:] if span.get("userId") == people[0]]
    checks.ok(not set(others) & set(shown), "and nobody else's")
    return url


def ends_when_revoked(server, schedule, whole, own):
    listed = server.ask("GET", f"/api/v1/schedules/{schedule}/ical")
    secret = whole.split("/")[-1].removesuffix(".ics")
    checks.ok(secret not in listed.text and listed.data["total"] == 2, "a secret is shown once only", listed.text)
    stored = server.database().read_bytes() + server.database().with_name("tocsin.db-wal").read_bytes()
    checks.ok(secret.encode() not in stored, "the store does not know the secret")
    first = listed.data["feeds"][0]["id"]
    checks.equal(server.ask("DELETE", f"/api/v1/schedules/{schedule}/ical/{first}").status, 200, "one is revoked")
    checks.equal(server.ask("GET", whole, key=None).status, 410, "it is gone")
    checks.equal(server.ask("GET", own, key=None).status, 200, "the other goes on")
    checks.equal(server.ask("GET", own.removesuffix(".ics"), key=None).status, 200, "also without .ics")
    checks.equal(server.ask("DELETE", f"/api/v1/schedules/{schedule}/ical").status, 200, "all are revoked")
    checks.equal(server.ask("GET", own, key=None).status, 410, "now it is gone too")
    checks.equal(server.ask("GET", "/i/" + "0" * 48 + ".ics", key=None).status, 404, "a guess finds nothing")


def main():
    server = Server(checks, "oncall", at=START).start()
    people = add_people(server)
    schedule = add_schedule(server, people)
    whole = server.post(f"/schedules/{schedule}/ical", {})["url"]
    server.keep_secret(whole.split("/")[-1].removesuffix(".ics"), "the secret address of a calendar")
    checks.ok(re.fullmatch(r"http://[0-9.:]+/i/[0-9a-f]{48}\.ics", whole), "the address cannot be guessed", whole)
    answer = checks_bytes(server, whole)
    shows_the_spans(server, schedule, answer)
    keeps_its_tag(server, schedule, people, whole, answer)
    is_read_back(server, people, answer.text)
    own = is_of_one_person(server, schedule, people)
    ends_when_revoked(server, schedule, whole, own)
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks)


checks.run(main)
