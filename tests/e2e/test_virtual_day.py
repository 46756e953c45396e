#!/usr/bin/env python3
"""The main job through HTTP under the virtual clock: a meeting is pushed, its stages go out, nobody joins, the ladder climbs to
its end; and the same day again, ended by a check-in by API, key, reply and link. Requirements A1-A5, C1-C4, E1-E3, E5, K2, K9,
O6, V1."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks  # noqa: E402
from server import Server, run_commands  # noqa: E402

START = "2026-01-05T09:00:00Z"
MEETING = "2026-01-05T09:30:00Z"
STAGES = [("MEETING_UPCOMING_EMAIL", 1, "EMAIL", "2026-01-05T09:15:00Z"),
          ("MEETING_URGENT_MESSAGE", 2, "SMS", "2026-01-05T09:25:00Z"),
          ("MEETING_CRITICAL_CALL", 3, "CALL", "2026-01-05T09:28:00Z")]
LADDER = [(1, "EMAIL", "2026-01-05T09:35:00Z"), (2, "MESSAGE", "2026-01-05T09:37:00Z"), (3, "CALL", "2026-01-05T09:40:00Z"),
          (4, "REPEAT_CALL", "2026-01-05T09:45:00Z")]
checks = Checks()


class Day:
    """A server at nine in the morning, a person and their meeting at half past."""

    def __init__(self, name, number, **person):
        self.phone = f"+346001{number:05d}"
        self.contact = f"+346009{number:05d}"
        self.server = Server(checks, name, at=START, OPERATOR_EMAIL="operator@example.org").start()
        self.user = self.server.add_user(name="Ada", email="ada@example.org", phone=self.phone, timezone="Europe/Madrid",
                                         emergencyContact={"name": "Charles", "phone": self.contact}, **person)
        self.event = self.server.push(self.user, "board", MEETING, title="Board meeting",
                                      joinUrl="https://meet.example.org/board?a=1&b=2")

    def to(self, time):
        """Moves the clock to a time of this day."""
        hours, minutes, seconds = (int(part) for part in time.split(":"))
        now = re.match(r".*T(\d+):(\d+):(\d+)", self.server.get("/clock")["now"])
        wanted = hours * 3600 + minutes * 60 + seconds
        have = int(now[1]) * 3600 + int(now[2]) * 60 + int(now[3])
        return self.server.advance(wanted - have)

    def script(self, channel, action, **more):
        self.server.post("/mock/answers", {"phone": self.phone, "channel": channel, "do": action, **more})

    def meeting(self):
        return self.server.get(f"/meetings/{self.event}")

    def alerts(self):
        return [(one["alertType"], one["status"], one.get("reason")) for one in self.meeting()["alerts"]]

    def sent(self):
        """(channel, state, to whom) of every message so far."""
        return [(one["channel"], one["state"], one["target"]) for one in self.server.messages(userId=self.user)]

    def incident(self):
        return self.server.get(f"/incidents/{self.meeting()['incidentId']}")

    def steps(self):
        return self.server.get(f"/incidents/escalations/{self.meeting()['incidentId']}")["steps"]

    def actions(self):
        return [one["action"] for one in self.server.get("/audit", userId=self.user, limit=1000)["events"]]

    def check_in(self, status, **more):
        return self.server.ask("POST", f"/meetings/{self.event}/checkin", {"userId": self.user, "status": status, **more})

    def link(self):
        """The one-tap link, from the text of the last message that went out."""
        texts = [one["text"] for one in self.server.messages(userId=self.user)]
        url = re.search(r"http://127\.0\.0\.1:\d+(/l/[A-Za-z0-9_-]+)", texts[-1]).group(1)
        self.server.keep_secret(url.removeprefix("/l/"), "the token of a link")
        return url

    def answer_link(self, url, answer):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.server.ask("POST", url, f"answer={answer}".encode(), None, headers)

    def end(self, name):
        whole = run_commands(checks, name + "-audit", TOCSIN_DATA_DIR=str(self.server.folder))("audit", "verify")
        checks.ok(whole[0] == 0 and "whole" in whole[1], f"{name}: the audit trail is whole", whole)
        checks.equal(self.server.stop()[0], 0, f"{name}: it stops well")
        self.server.check_logs(checks, f"{name}: the logs")


def nothing_more_comes(day, name):
    day.server.advance(2)  # The receipts of what went out at this very instant.
    before, sends = day.sent(), day.server.sends()
    day.server.advance(7200)
    checks.ok(day.sent() == before and day.server.sends() == sends, f"{name}: nothing more comes", before, day.sent())


def nobody_answers():
    day = Day("nobody", 1)
    planned = [(one["alertType"], one["stage"], one["channel"], one["dueAt"]) for one in day.meeting()["alerts"]]
    checks.equal(planned, STAGES, "three stages are planned")
    checks.equal({one["status"] for one in day.meeting()["alerts"]}, {"PENDING"}, "and pending")
    for time, count in (("09:14:59", 0), ("09:15:00", 1), ("09:24:59", 1), ("09:25:00", 2), ("09:27:59", 2), ("09:28:00", 3),
                        ("09:34:59", 3)):
        checks.equal(day.to(time)[11:19], time, f"the clock stands at {time}")
        done = [one["sentAt"] == one["dueAt"] for one in day.meeting()["alerts"] if one["status"] == "DELIVERED"]
        checks.equal(done, [True] * count, f"{count} stages went out at their own instant")
    checks.equal(day.sent(), [("EMAIL", "DELIVERED", "PERSON"), ("SMS", "DELIVERED", "PERSON"), ("CALL", "ANSWERED", "PERSON")],
                 "the messages say what became of them")
    day.to("09:35:00")
    checks.equal(day.incident()["state"], "ESCALATING", "nobody joined: at 09:35 an incident opens and climbs")
    checks.equal([(one["level"], one["stepType"], one["scheduledAt"]) for one in day.steps()], LADDER, "its ladder is planned")
    day.to("09:46:00")
    steps = day.steps()
    checks.equal([one["status"] for one in steps], ["EXECUTED"] * 4, "every step was taken", steps)
    checks.equal([one["executedAt"] for one in steps], [one["scheduledAt"] for one in steps], "each at its own instant")
    checks.equal(day.sent()[3:], [("EMAIL", "DELIVERED", "PERSON"), ("SMS", "DELIVERED", "PERSON"), ("CALL", "ANSWERED", "PERSON"),
                                  ("CALL", "ANSWERED", "EMERGENCY_CONTACT"), ("EMAIL", "DELIVERED", "OPERATOR")],
                 "the third call goes to the emergency contact, and the operator hears that nobody answered")
    incident = day.incident()
    checks.ok(incident["state"] == "ESCALATING" and incident["exhaustedAt"].startswith("2026-01-05T09:45:"),
              "the ladder is exhausted once its last call is over, and the incident stays open", incident)
    shown = {one["to"] for one in day.server.messages(userId=day.user)}
    checks.ok(all(re.fullmatch(r"\*{4}.{4}", one) for one in shown), "numbers and addresses show four characters only", shown)
    checks.ok(any("board?a=1" in one["text"] for one in day.server.messages(channel="EMAIL")), "the mail says where to join")
    log = day.server.log()
    for line in ("[CALL] Provider=mock", f"[CALL] Initiating call to ****{day.phone[-4:]}", "[CALL][MOCK] Mock call SID=MOCK-",
                 "ESCALATION_EXHAUSTED"):
        checks.ok(line in log, f"the log says {line}")
    for action in ("MEETING_PLANNED", "ALERT_DELIVERED", "INCIDENT_OPENED", "INCIDENT_ESCALATING", "STEP_EXECUTED",
                   "ESCALATION_EXHAUSTED"):
        checks.ok(action in day.actions(), f"the audit trail has {action}")
    numbers = [one["seq"] for one in day.server.get("/audit", limit=1000)["events"]]
    checks.equal(numbers, list(range(1, len(numbers) + 1)), "and no gap")
    checks.equal(sorted(day.server.sends()), sorted((one["id"], 1) for one in day.server.messages()),
                 "the carrier's own record has each message once")
    answer = day.check_in("JOINED")
    checks.ok(answer.body["action"] == "JOINED_CONFIRMED" and day.incident()["state"] == "RESOLVED",
              "whoever joins at last resolves it", answer.text)
    nothing_more_comes(day, "after the end")
    restarted(day)
    day.end("nobody answers")


def restarted(day):
    """A restart keeps everything and repeats nothing; a virtual clock starts where it is told."""
    messages, steps = day.sent(), day.steps()
    sends = day.server.sends()
    day.server.at = day.server.get("/clock")["now"]
    day.server.restart()
    checks.ok((day.sent(), day.steps(), day.server.sends()) == (messages, steps, sends), "a restart changes nothing")


def joined_by_api():
    day = Day("api", 2)
    day.to("09:20:00")
    answer = day.check_in("JOINED")
    checks.ok(answer.status == 200 and answer.body["success"] and answer.body["action"] == "JOINED_CONFIRMED" and
              answer.body["status"] == "JOINED" and answer.body["checkinId"], "API: JOINED is confirmed", answer.text)
    checks.equal(day.alerts(), [("MEETING_UPCOMING_EMAIL", "DELIVERED", None), ("MEETING_URGENT_MESSAGE", "CANCELLED", "joined"),
                                ("MEETING_CRITICAL_CALL", "CANCELLED", "joined")], "API: what was ahead is cancelled")
    again = day.check_in("JOINED")
    checks.ok(again.status == 200 and again.body["checkinId"] == answer.body["checkinId"], "API: the same again changes nothing")
    checks.equal(day.check_in("MISSED").status, 409, "API: MISSED after JOINED is refused")
    nothing_more_comes(day, "API")
    checks.ok("incidentId" not in day.meeting(), "API: no incident opens")
    forced = day.check_in("MISSED", force=True)
    checks.ok(forced.status == 200 and forced.body["incidentCreated"] and forced.body["incidentId"], "API: but it may be forced",
              forced.text)
    checks.equal(day.check_in("JOINED").body["incidentId"], forced.body["incidentId"], "API: and JOINED ends that again")
    checks.equal(day.incident()["state"], "RESOLVED", "API: the incident is resolved")
    day.end("API")


def missed_by_api():
    day = Day("missed", 3)
    answer = day.check_in("MISSED")
    checks.ok(answer.body["action"] == "MISSED_CONFIRMED" and answer.body["incidentCreated"], "MISSED opens the incident at once",
              answer.text)
    checks.equal({status for _, status, _ in day.alerts()}, {"CANCELLED"}, "MISSED: no alert is needed any more")
    checks.equal([one["scheduledAt"][11:19] for one in day.steps()], ["09:00:00", "09:02:00", "09:05:00", "09:10:00"],
                 "MISSED: its ladder starts now")
    day.to("09:03:00")
    taken = day.server.ask("POST", f"/incidents/{answer.body['incidentId']}/acknowledge")
    checks.equal(taken.data["state"], "ACKNOWLEDGED", "MISSED: somebody takes it")
    checks.equal([one["status"] for one in day.steps()], ["EXECUTED", "EXECUTED", "CANCELLED", "CANCELLED"],
                 "MISSED: and the steps ahead are cancelled")
    nothing_more_comes(day, "MISSED")
    day.end("MISSED")


def joined_by_key():
    day = Day("key", 4)
    day.script("CALL", "press 1")
    day.to("09:29:00")
    meeting = day.meeting()
    checks.ok(meeting["checkin"]["status"] == "JOINED" and meeting["checkin"]["source"] == "AUTO_CALL",
              "key: 1 in the call is a check-in", meeting.get("checkin"))
    call = day.server.messages(channel="CALL")[0]
    checks.equal((call["state"], call["receipt"]), ("ANSWERED", "CONFIRMED"), "key: the call is confirmed by the person")
    nothing_more_comes(day, "key")
    day.end("key")


def missed_by_key_in_the_ladder():
    day = Day("ladder-key", 5)
    day.script("CALL", "ignore")
    day.script("CALL", "press 1")
    day.to("09:41:00")
    checks.equal([one["status"] for one in day.steps()], ["EXECUTED"] * 3 + ["CANCELLED"], "ladder: a key stops the last step")
    checks.equal((day.incident()["state"], day.meeting()["checkin"]["source"]), ("RESOLVED", "AUTO_CALL"),
                 "ladder: and resolves the incident")
    checks.equal(day.sent()[2], ("CALL", "NO_ANSWER", "PERSON"), "ladder: the first call rang out")
    nothing_more_comes(day, "ladder")
    day.end("ladder")


def joined_by_reply():
    day = Day("reply", 6)
    day.script("SMS", "reply On my way!", afterSeconds=30)
    day.to("09:25:30")
    checks.ok("checkin" not in day.meeting(), "reply: not before it comes")
    day.to("09:26:00")
    checks.equal(day.meeting()["checkin"]["source"], "MANUAL_SMS", "reply: it is a check-in")
    checks.equal(day.alerts()[2], ("MEETING_CRITICAL_CALL", "CANCELLED", "joined"), "reply: the call is cancelled")
    nothing_more_comes(day, "reply")
    day.end("reply")


def answered_by_link():
    day = Day("link", 7)
    day.to("09:16:00")
    url = day.link()
    before = day.server.row_counts()
    for method in ("GET", "HEAD", "GET"):
        page = day.server.ask(method, url, key=None)
        checks.ok(page.status == 200 and page.headers["Content-Type"].startswith("text/html"), f"link: {method} shows a page",
                  page.text[:200])
    text = page.text
    checks.ok("Board meeting" in text and "Ada" in text and 'method="post"' in text and text.count("<button") == 2 and
              "a=1&amp;b=2" in text and "10:30" in text, "link: with the meeting in local time and two buttons", text)
    checks.ok("<script" not in text and "no-store" in page.headers["Cache-Control"], "link: without script, and not to be kept")
    checks.equal(day.server.row_counts(), before, "link: looking changes nothing (a mail scanner must not check anyone in)")
    checks.ok("checkin" not in day.meeting(), "link: nobody is checked in")
    checks.equal(day.answer_link(url, "MAYBE").status, 400, "link: an answer that is none is refused")
    missed = day.answer_link(url, "MISSED")
    checks.ok(missed.status == 200 and day.meeting()["checkin"]["source"] == "LINK", "link: POST answers", missed.text[-300:])
    checks.equal(day.incident()["state"], "ESCALATING", "link: MISSED opens the incident")
    day.server.advance(2)
    joined = day.answer_link(url, "JOINED")
    checks.ok(joined.status == 200 and day.incident()["state"] == "RESOLVED", "link: a change of mind resolves it")
    checks.equal(day.answer_link(url, "MISSED").status, 409, "link: but not back again")
    broken = url[:-1] + ("A" if url[-1] != "A" else "B")
    for text in (broken, "/l/" + "A" * 32, url + "A", url[:-1]):
        checks.equal(day.server.ask("GET", text, key=None).status, 404, "link: a token that is not ours is 404")
        checks.equal(day.answer_link(text, "JOINED").status, 404, "link: and answers nothing")
    day.server.ask("GET", "/api/v1" + url, key=None)
    nothing_more_comes(day, "link")
    day.server.advance(2 * 86400)
    checks.equal(day.server.ask("GET", url, key=None).status, 410, "link: two days later it has ended")
    checks.equal(day.answer_link(url, "MISSED").status, 410, "link: and answers nothing more")
    day.end("link")


def main():
    for part in (nobody_answers, joined_by_api, missed_by_api, joined_by_key, missed_by_key_in_the_ladder, joined_by_reply,
                 answered_by_link):
        part()


checks.run(main)
