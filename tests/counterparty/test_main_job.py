#!/usr/bin/env python3
"""The main job, from end to end, on real input: a calendar feed from nginx goes in, email goes out through Exim, the message
and the call through the mock; nobody answers, an incident climbs its ladder, and one tap in the mail stops everything at once.

Requirements: M1, M2, A1, A3, A5, C2, C3, E2, E4, V1, E5 (the audit trail stays whole).
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import live  # noqa: E402  (tests/lib/live.py)
from live import calendar_text, event_text  # noqa: E402
from exim import Exim  # noqa: E402  (beside this file)
from nginx import Nginx  # noqa: E402  (beside this file)

checks = live.Checks()
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def set_up():
    exim = Exim(checks, "exim")
    exim.start()
    nginx = Nginx(checks)
    nginx.write("strong/team.ics", calendar_text(
        event_text("board-7@example.org", "20260302T100000Z", SUMMARY="Board", URL="https://meet.google.com/abc-defg-hij"),
        event_text("later@example.org", "20260302T150000Z", SUMMARY="Later")))
    server = live.Tocsin(checks, "server", at="2026-03-02T09:00:00Z", TOCSIN_ALLOW_PRIVATE_FETCH="true", **exim.settings())
    user = server.add_user("Ada", email="ada@example.org", phone="+14155550111", timezone="Europe/Berlin")
    server.add_calendar(user, kind="ics", url=nginx.url("/strong/team.ics"))
    return exim, server, user


def stages(exim, server, user):
    """A quarter of an hour before the start until the start."""
    server.advance(45 * 60)
    event = next(one["eventId"] for one in server.meetings(user) if one["externalId"] == "board-7@example.org")
    mail = exim.wait_mail("ada@example.org")
    checks.equal(mail and mail["Subject"], "Coming up at 11:00: Board", "09:45: the mail of the first stage arrives")
    server.advance(15 * 60)
    found = [(one["channel"], one["state"], one["sentAt"][11:16]) for one in server.messages(subjectId=event)]
    checks.equal(found, [("EMAIL", "SENT", "09:45"), ("SMS", "DELIVERED", "09:55"), ("CALL", "ANSWERED", "09:58")],
                 "each stage went out once, by its channel, at its time")
    checks.equal([server.stages(event)[stage][0] for stage in (1, 2, 3)], ["DELIVERED"] * 3, "and is DELIVERED")
    return event, mail


def ladder(exim, server, event):
    """Nobody joins."""
    server.advance(5 * 60 - 1)
    checks.equal(server.meeting(event).get("incidentId"), None, "no incident before the grace period is over")
    server.advance(1)
    incident = server.meeting(event).get("incidentId")
    checks.equal(server.get(f"/incidents/{incident}")["state"], "ESCALATING", "10:05: an incident opens and climbs")
    mail = exim.wait_mail("ada@example.org")
    checks.ok(mail is not None, "its first step is a mail, which arrives", exim.log())
    server.advance(2 * 60 + 30)
    steps = server.get(f"/incidents/escalations/{incident}")["steps"]
    checks.equal([(one["stepType"], one["status"], one["scheduledAt"][11:16]) for one in steps],
                 [("EMAIL", "EXECUTED", "10:05"), ("MESSAGE", "EXECUTED", "10:07"), ("CALL", "PENDING", "10:10"),
                  ("REPEAT_CALL", "PENDING", "10:15")], "10:07: the message went out, the calls are ahead")
    return incident


def one_tap(server, event, incident, mail):
    link = re.search(r"http://\S+/l/[\w-]+", mail.get_body(("plain",)).get_content())[0]
    answer = live.request(link, "POST", "answer=JOINED", FORM)
    checks.equal(answer.status, 200, "one tap on the first mail's link")
    shown = server.get(f"/incidents/{incident}")
    checks.equal(shown["state"], "RESOLVED", "resolves the incident")
    steps = server.get(f"/incidents/escalations/{incident}")["steps"]
    checks.equal([one["status"] for one in steps], ["EXECUTED", "EXECUTED", "CANCELLED", "CANCELLED"],
                 "and stops its ladder at once")
    before = len(server.messages(userId=server.meeting(event)["userId"]))
    server.advance(3600)
    checks.equal(len(server.messages(userId=server.meeting(event)["userId"])), before, "nothing more goes out about it")


def main():
    exim, server, user = set_up()
    event, mail = stages(exim, server, user)
    incident = ladder(exim, server, event)
    one_tap(server, event, incident, mail)
    server.advance(4 * 3600)
    later = next(one for one in server.meetings(user) if one["externalId"] == "later@example.org")
    checks.equal({one["status"] for one in later["alerts"]}, {"DELIVERED"}, "the feed's next meeting gets its own stages")
    for path, events in (("incident", incident), ("meeting", event)):
        checks.ok(server.get("/audit", subjectId=events)["total"] > 3, f"the audit trail tells the story of the {path}")
    checks.equal(server.end(), 0, "it stops well")
    code, out, err = live.run_tocsin(checks, "audit", "verify", TOCSIN_DATA_DIR=str(server.folder))
    checks.equal(code, 0, "and the audit trail is whole", out, err)
    exim.stop()


checks.run(main)
