#!/usr/bin/env python3
"""What a rehearsal says is what the engine then does, entry by entry (O7). Each case is asked of POST /policies/{id}/simulate and
then lived through by the same server under the virtual clock; the timeline is put together again from what the API shows of its
rows. And `tocsin simulate`: without a server, without a store, and with one that it only reads."""
import concurrent.futures
import datetime
import json
import pathlib
import re
import shlex
import signal
import sys
import zoneinfo

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ROOT, Checks  # noqa: E402
from server import Server, run_commands  # noqa: E402

checks = Checks()
HOUR = 3600
ALERTS = ("MEETING_UPCOMING_EMAIL", "MEETING_URGENT_MESSAGE", "MEETING_CRITICAL_CALL")
BEGIN, STEP, MESSAGE, ANSWER, END, DROPPED = range(6)
BEGINNINGS = ("INCIDENT_OPENED", "INCIDENT_ESCALATING", "INCIDENT_LEASE_ENDED")
LINK = re.compile(r"https?://\S+")
PEOPLE = {
    "ana": {"name": "Ana", "phone": "+14155550101", "email": "ana@example.com", "timezone": "Europe/Berlin",
            "emergencyContact": {"name": "Eva", "phone": "+14155550109"}},
    "ben": {"name": "Ben", "phone": "+14155550102", "timezone": "America/New_York", "preferredChannel": "WHATSAPP"},
    "quiet": {"name": "Quiet", "phone": "+14155550103", "timezone": "Europe/Berlin",
              "quietHours": {"start": "22:00", "end": "03:00"}},
}
PHONES = {(name, channel): person["phone"] for name, person in PEOPLE.items() for channel in ("SMS", "WHATSAPP", "CALL")}
CALLS = [{"after": 0, "channel": "CALL", "repeat": {"times": 3, "everyMinutes": 10}}, {"after": 15, "channel": "MESSAGE"}]
# name, the clock's start, hours, whom it is about, steps (None: missed-meeting), more of the policy, answers, meeting
CASES = [
    ("nobody", "2026-03-28T20:00:00Z", 12, "ana", CALLS, {"repeatLadder": {"times": 2, "afterMinutes": 90}}, [], None),
    ("pressed", "2026-03-29T00:30:00Z", 6, "ana", CALLS, {},
     [("ana", "CALL", "busy"), ("ana", "CALL", "voicemail"), ("ana", "CALL", "press 1")], None),
    ("quiet night", "2026-03-29T00:30:00Z", 4, "quiet",
     [{"after": 0, "channel": "CALL"}, {"after": 29, "channel": "CALL"}, {"after": 1, "channel": "CALL"}], {}, [], None),
    ("new york", "2026-03-08T06:30:00Z", 6, "ben", CALLS, {"acknowledgementLease": {"minutes": 60}},
     [("ben", "CALL", "ignore"), ("ben", "WHATSAPP", "reply 1")], None),
    ("two people", "2026-10-24T23:50:00Z", 8, "ana",
     [{"after": 5, "channel": "SMS", "targets": [{"type": "PERSON"}, {"type": "USER", "id": "ben"}]},
      {"after": 10, "channel": "CALL", "targets": [{"type": "EMERGENCY_CONTACT"}, {"type": "USER", "id": "ben"}]}], {},
     [("ana", "SMS", "refuse opted_out"), ("ben", "CALL", "press 2")], None),
    ("meeting", "2026-03-29T06:30:00Z", 4, "ana", None, {}, [("ana", "SMS", "reply 2")], "2026-03-29T07:00:00Z"),
    ("joined late", "2026-03-29T06:30:00Z", 4, "ana", None, {},
     [("ana", "CALL", "ignore"), ("ana", "CALL", "press 1")], "2026-03-29T07:00:00Z"),
]


def seconds_after(text, seconds):
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) + datetime.timedelta(seconds=seconds)
    return at.isoformat().replace("+00:00", "Z")


def local(text, zone):
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(zoneinfo.ZoneInfo(zone))
    return at.strftime("%Y-%m-%d %H:%M:%S %Z")


class Life:
    """A case on a server of its own."""

    def __init__(self, case):
        self.name, self.start, self.hours, self.whom, self.steps, self.more, self.answers, self.meeting = case
        self.server = Server(checks, "simulate-" + self.name.replace(" ", "-"), at=self.start).start()
        self.ids = {name: self.server.post("/users", person)["id"] for name, person in PEOPLE.items()}
        self.users = {self.ids[name]: person for name, person in PEOPLE.items()}
        self.policy = self.make_policy()

    def make_policy(self):
        if self.steps is None:
            return self.server.get("/policies", name="missed-meeting")["policies"][0]
        steps = json.loads(json.dumps(self.steps))
        for target in (target for step in steps for target in step.get("targets", [])):
            if "id" in target:
                target["id"] = self.ids[target["id"]]
        return self.server.post("/policies", {"name": "night", "steps": steps, **self.more})

    def rehearse(self):
        order = {"userId": self.ids[self.whom], "until": seconds_after(self.start, self.hours * HOUR),
                 "answers": [{"person": PEOPLE[who]["name"], "channel": channel, "do": what}
                             for who, channel, what in self.answers]}
        if self.meeting:
            order["meetings"] = [{"title": "Board", "startsAt": self.meeting}]
        else:
            order["incident"] = {"title": "Disk full", "severity": "HIGH"}
        return self.server.ask("POST", f"/api/v1/policies/{self.policy['id']}/simulate", order)

    def live(self):
        for who, channel, what in self.answers:
            self.server.post("/mock/answers", {"phone": PHONES[who, channel], "channel": channel, "do": what})
        if self.meeting:
            self.event = self.server.push(self.ids[self.whom], "board", self.meeting, title="Board")
        else:
            self.incident = self.server.post("/incidents", {"title": "Disk full", "severity": "HIGH", "escalate": True,
                                                            "userId": self.ids[self.whom], "policy": self.policy["name"]})["id"]
        self.server.advance(self.hours * HOUR)

    def person(self, user, target="PERSON"):
        if user is None:
            return None
        person = self.users[user]
        return person["emergencyContact"]["name"] if target == "EMERGENCY_CONTACT" else person["name"]

    def add(self, rank, at, user, **entry):
        zone = self.users[user or self.ids[self.whom]]["timezone"]
        found = {"at": at, "local": local(at, zone), **entry}
        self.found.append((at, rank, len(self.found), {key: value for key, value in found.items() if value is not None}))

    def timeline(self):
        """The same from what the API shows."""
        self.found = []
        subjects = []
        if self.meeting:
            shown = self.server.get(f"/meetings/{self.event}")
            subjects.append((self.event, "Board"))
            incident = shown.get("incidentId")
        else:
            incident = self.incident
        if incident:
            self.incident = incident
            subjects.append((incident, self.server.get(f"/incidents/{incident}")["title"]))
        for subject, title in subjects:
            for event in self.server.get("/audit", subjectId=subject, limit=1000)["events"]:
                self.add_change(event, title)
        self.alerts = {one["id"]: one for one in shown["alerts"]} if self.meeting else {}
        for alert in self.alerts.values():
            if "claimedAt" in alert:
                self.add(STEP, alert["claimedAt"], self.ids[self.whom], kind="ALERT", about="Board", alertType=alert["alertType"],
                         channel=alert["channel"], person=PEOPLE[self.whom]["name"], target="PERSON", outcome=alert["status"],
                         reason=alert.get("reason"))
        steps = self.server.get(f"/incidents/escalations/{incident}", limit=1000)["steps"] if incident else []
        self.steps_by_id = {step["id"]: step for step in steps}
        for step in steps:
            if "claimedAt" in step:
                self.add(STEP, step["claimedAt"], step.get("userId"), kind="STEP", about=subjects[-1][1],
                         step=self.step_view(step), channel=step["channel"], outcome=step["status"], target=step["target"],
                         person=self.person(step.get("userId"), step["target"]), reason=step.get("reason", step.get("error")))
        for number, message in enumerate(self.server.messages(), 1):
            self.add_message(number, self.server.get(f"/messages/{message['id']}"), dict(subjects))
        return [entry for _, _, _, entry in sorted(self.found, key=lambda one: one[:3])]

    @staticmethod
    def step_view(step):
        return {"round": step["round"], "level": step["level"], "target": step["targetIndex"], "time": step["timeIndex"],
                "type": step["stepType"]}

    def add_change(self, event, title):
        if event["action"] == "CHECKIN":
            self.add(END, event["at"], event["userId"], kind="CHECKIN", about=title, person=self.person(event["userId"]),
                     outcome=event["after"], reason=event.get("reason"))
        elif event["subjectId"] == getattr(self, "incident", None) and not event["action"].startswith("STEP_"):
            self.add(BEGIN if event["action"] in BEGINNINGS else END, event["at"], event.get("userId"), kind="INCIDENT",
                     about=title, person=self.person(event.get("userId")), outcome=event["action"], reason=event.get("reason"))

    def add_message(self, number, message, titles):
        step = self.steps_by_id.get(message.get("stepId"))
        text, before = message["text"], None
        for event in message["transitions"]:
            is_answer = event["source"] == "PERSON"
            is_new = event["state"] not in ("QUEUED", "SENDING") and before != (event["state"], event.get("receipt"))
            if is_answer or "detail" in event or is_new:
                rank = ANSWER if is_answer else DROPPED if event["state"] == "CANCELLED" else MESSAGE
                self.add(rank, event["at"], message["userId"], kind="ANSWER" if is_answer else "MESSAGE",
                         about=titles[message["subjectId"]], alertType=self.alerts.get(message["stepId"], {}).get("alertType"),
                         step=step and self.step_view(step),
                         message={"number": number, "attempt": message["attempt"], "provider": message["provider"]},
                         channel=message["channel"], person=self.person(message["userId"], message["target"]),
                         target=message["target"], to=None if message["channel"] == "IN_APP" else message["to"],
                         text=text and LINK.sub("LINK", text), outcome=event["providerState"] if is_answer else event["state"],
                         reason=event.get("detail"))
                text = None
            before = (event["state"], event.get("receipt"))

    def ended(self):
        """The state of the incident, and how many messages and calls a provider took."""
        taken = [one["channel"] for one in self.server.messages() if "sentAt" in one]
        calls = taken.count("CALL")
        incident = self.server.get(f"/incidents/{self.incident}") if getattr(self, "incident", None) else {}
        return incident.get("state"), incident.get("exhaustedAt"), len(taken) - calls, calls


def without_links(timeline):
    return [{**entry, "text": LINK.sub("LINK", entry["text"])} if "text" in entry else entry for entry in timeline]


def compare(case):
    life = Life(case)
    name = life.name
    answer = life.rehearse()
    checks.equal(answer.status, 200, f"{name}: it is rehearsed", answer.text[:500])
    counts = life.server.row_counts()
    checks.ok(life.server.messages() == [] and not life.server.sends(), f"{name}: and nothing was sent or kept", counts)
    life.live()
    said, done = without_links(answer.data["timeline"]), life.timeline()
    checks.ok(len(done) > 5, f"{name}: things happen", len(done))
    for index, (ours, theirs) in enumerate(zip(said, done)):
        if ours != theirs:
            checks.equal(ours, theirs, f"{name}: entry {index} is what the engine did")
            break
    checks.equal(len(said), len(done), f"{name}: all {len(done)} entries are what the engine did, in its order",
                 said[len(done):len(done) + 3], done[len(said):len(said) + 3])
    ended = answer.data.get("ended", {})
    checks.equal((ended.get("state"), ended.get("exhaustedAt"), answer.data["messages"], answer.data["calls"]), life.ended(),
                 f"{name}: it ends in the same way")
    nobody = answer.data["ifNobodyAnswers"]
    checks.ok(all(one["kind"] not in ("ANSWER", "CHECKIN") for one in nobody["timeline"]) and
              nobody["ended"]["state"] == "ESCALATING" and "exhaustedAt" in nobody,
              f"{name}: if nobody answers, the ladder runs out", nobody["incidents"])
    return answer.data


def details(found):
    """What the cases are there for."""
    outcomes = [(one["channel"], one["outcome"]) for one in found["pressed"]["timeline"] if one["kind"] in ("MESSAGE", "ANSWER")]
    checks.ok(("CALL", "BUSY") in outcomes and ("CALL", "key 1") in outcomes, "busy, a machine, and a key at last", outcomes)
    checks.equal(found["pressed"]["ended"]["by"], "Ana", "who pressed 1 has taken it")
    steps = [(one["local"], one["channel"]) for one in found["quiet night"]["timeline"] if one["kind"] == "STEP"]
    checks.equal(steps, [("2026-03-29 01:30:00 CET", "SMS"), ("2026-03-29 01:59:00 CET", "SMS"),
                         ("2026-03-29 03:00:00 CEST", "CALL")],
                 "quiet hours turn a call into a text, and end at three, which comes after two when the clocks are put forward")
    reasons = [one.get("reason") for one in found["quiet night"]["timeline"] if one["kind"] == "STEP"]
    checks.ok(reasons[0] and "quiet" in reasons[0] and reasons[2] is None, "the reason stands beside it", reasons)


def refused(server, policy):
    """What cannot be rehearsed is refused by name."""
    cases = [({"until": "2000-01-01T00:00:00Z"}, 400, "until"),
             ({"start": "2026-01-01T00:00:00Z", "until": "2027-06-01T00:00:00Z"}, 400, "until"),
             ({"user": {"name": "A"}, "userId": server.post("/users", {"name": "B"})["id"]}, 400, "user"),
             ({"meetings": [{"title": "M", "startsAt": "2026-06-01T00:00:00Z"}]}, 400, "user"),
             ({"answers": [{"channel": "CALL", "do": "press 1"}]}, 400, "answers[0].person"),
             ({"user": {"name": "A", "phone": "+14155550105"}, "answers": [{"channel": "SMS", "do": "busy"}]}, 400, "answers[0]"),
             ({"user": {"name": "A", "timezone": "Mars/Base"}}, 400, "user.timezone"),
             ({"incident": {"title": "X", "repeat": "FREQ=OFTEN"}}, 400, "incident.repeat"),
             ({"incident": {"title": "X", "repeat": "FREQ=MINUTELY"}}, 413, "incident.repeat"),
             ({"policy": {"name": "x", "steps": []}}, 400, "policy.steps"),
             ({"faults": [{"kind": "DOWN", "provider": "nobody"}]}, 400, "faults[0].provider"),
             ({"user": {"name": "A", "phone": "+14155550105"}, "until": "2026-12-31T00:00:00Z",
               "incident": {"title": "Ever again", "repeat": "FREQ=DAILY"},
               "policy": {"name": "x", "steps": [{"channel": "CALL", "repeat": {"times": 30, "everyMinutes": 5}}]}},
              413, "until")]
    for order, status, field in cases:
        answer = server.ask("POST", f"/api/v1/policies/{policy}/simulate", order)
        error = answer.body.get("error", {})
        checks.ok(answer.status == status and error.get("field", "").startswith(field), f"refused: {json.dumps(order)[:70]}",
                  answer.status, error)
    gone = server.ask("POST", "/api/v1/policies/00000000-0000-7009-8000-000000000000/simulate", {})
    checks.equal(gone.status, 404, "refused: a policy that is not there")


def faults():
    """A provider that is down, and what is asked of others meanwhile."""
    server = Server(checks, "simulate-faults", at="2026-01-05T09:00:00Z").start()
    policy = server.get("/policies", name="default")["policies"][0]["id"]
    order = {"user": {"name": "Ana", "phone": "+14155550101", "email": "ana@example.com"},
             "incident": {"title": "Disk full"},
             "policy": {"name": "what-if", "steps": [{"after": 0, "channel": "SMS"}]}}
    def outcomes(*faults):
        answer = server.ask("POST", f"/api/v1/policies/{policy}/simulate", {**order, "faults": list(faults)})
        return [(one["at"][11:19], one["channel"], one["outcome"]) for one in answer.data["timeline"] if one["kind"] == "MESSAGE"]
    checks.equal(outcomes(), [("09:00:00", "SMS", "SENT"), ("09:00:01", "SMS", "DELIVERED")], "no fault: it is there at once")
    down = outcomes({"kind": "DOWN", "channel": "SMS"})
    checks.ok(("SMS", "SENT") not in [one[1:] for one in down] and down[-1][1:] == ("EMAIL", "DELIVERED"),
              "SMS is down: it goes by email in the end", down)
    short = outcomes({"kind": "DOWN", "channel": "SMS", "to": "2026-01-05T09:00:05Z"})
    checks.ok([one[1:] for one in short][-2:] == [("SMS", "SENT"), ("SMS", "DELIVERED")] and short[-2][0] > "09:00:04",
              "down for five seconds: it is tried again", short)
    slow = outcomes({"kind": "SLOW", "provider": "mock", "seconds": 20})
    checks.equal(slow, [("09:00:20", "SMS", "SENT"), ("09:00:21", "SMS", "DELIVERED")], "slow: twenty seconds later")
    failing = outcomes({"kind": "FAILING", "channel": "SMS"})
    checks.ok(("SMS", "FAILED") in [one[1:] for one in failing], "failing: it is refused", failing)
    silent = outcomes({"kind": "SILENT", "channel": "SMS"})
    checks.ok(any(one[1] == "SMS" and one[2] in ("SENT", "DELIVERED") for one in silent),
              "silent: its fate is asked for", silent)
    refused(server, policy)
    checks.equal(server.messages(), [], "none of it is kept")
    return server


def command(server):
    """tocsin simulate: alone, and beside a store that it only reads."""
    folder = checks.folder("simulate-command")
    alone = run_commands(checks, "simulate-alone", TOCSIN_DATA_DIR=str(folder / "nothing"))
    code, out, err = alone("simulate", "--start", "2026-01-05T09:00:00Z", "--answer", "sms=reply 1")
    checks.ok(code == 0 and "level 1: IN_APP to Alex" in out and "acknowledged" in out and "if nobody answers" in out,
              "without a store, built-in policies are rehearsed for somebody made up", code, out, err)
    checks.ok("  IN_APP 1 to Alex: " in out, "what has no address has no gap where it would stand", out)
    checks.ok(not (folder / "nothing").exists(), "and nothing is written")
    code, out, err = alone("simulate", "--start", "2026-01-05T09:00:00Z", "--answer", "call=press 1")
    checks.ok(code == 3, "3: the answers were not enough", code, out, err)
    request, policy = folder / "request.json", folder / "policy.json"
    request.write_text(json.dumps({"start": "2026-03-29T01:00:00+01:00", "incident": {"title": "Night"},
                                   "user": {"name": "Ana", "phone": "+14155550101", "timezone": "Europe/Berlin"}}))
    policy.write_text(json.dumps({"name": "calls", "steps": 2 * [{"after": 60, "channel": "CALL"}]}))
    code, out, err = alone("simulate", "--file", str(request), "--policy", str(policy), "--json")
    locals_ = [one["local"] for one in json.loads(out)["timeline"] if one["kind"] == "STEP"] if code == 0 else out
    checks.equal(locals_, ["2026-03-29 03:00:00 CEST", "2026-03-29 04:00:00 CEST"], "an hour after one o'clock is three", err)
    for words, wanted in ((["--answer", "call"], 2), (["--start", "soon"], 2), (["--nonsense"], 2), (["--policy", "nobody"], 1),
                          (["--file", str(folder / "nothing.json")], 2)):
        code, out, err = alone("simulate", *words)
        checks.ok(code == wanted and err, f"exit code {wanted}: {' '.join(words[:2])[:40]}", code, out, err)
    user = server.post("/users", {"name": "Stored", "phone": "+14155550111"})["id"]
    request.write_text(json.dumps({"userId": user, "incident": {"title": "Night"}}))
    stored = run_commands(checks, "simulate-stored", DATABASE_URL=f"sqlite:{server.database()}")
    before = server.row_counts()
    code, out, err = stored("simulate", "--file", str(request))
    checks.ok(code == 0 and "to Stored" in out, "with a store, people are known", code, out, err)
    checks.equal(server.row_counts(), before, "which is only read")


def documented():
    """The session in docs/simulate.md is what the command says."""
    folder = checks.folder("simulate-documented")
    text = (ROOT / "docs" / "simulate.md").read_text(encoding="utf-8")
    session = re.search(r"^```\n(\$ cat policy\.json\n.*?)^```$", text, re.M | re.S).group(1)
    shape = r"\$ cat policy\.json\n(.*?)\$ cat night\.json\n(.*?)\$ tocsin ([^\n]*)\n(.*)"
    policy, night, words, wanted = re.fullmatch(shape, session, re.S).groups()
    (folder / "policy.json").write_text(policy)
    (folder / "night.json").write_text(night)
    words = [{"policy.json": str(folder / "policy.json"), "night.json": str(folder / "night.json")}.get(word, word)
             for word in shlex.split(words)]
    code, out, err = run_commands(checks, "simulate-session")(*words)
    checks.equal([line.rstrip() for line in out.splitlines()], wanted.splitlines(),
                 "docs/simulate.md shows what the command says", err)
    checks.equal(code, 0, "and it is done")


def crowd():
    """Four at a time, and the next one is told to come again; a SIGHUP in the middle of a rehearsal changes the one after it."""
    folder = checks.folder("simulate-rules")
    rules = folder / "rules.json"
    def stages(*minutes):
        rules.write_text(json.dumps({"stages": [
            {"stage": number + 1, "alertType": ALERTS[number], "minutesBefore": before, "validUntilMinutesBefore": 0, "channel": "EMAIL"}
            for number, before in enumerate(minutes)]}))
    stages(15, 5, 2)
    server = Server(checks, "simulate-crowd", at="2026-01-05T09:00:00Z", TOCSIN_RULES_FILE=str(rules)).start()
    ana = {"name": "Ana", "phone": "+14155550101", "email": "ana@example.com"}
    year = {"user": ana, "until": "2027-01-04T00:00:00Z", "incident": {"title": "Disk full", "repeat": "FREQ=DAILY"},
            "policy": {"name": "calls", "steps": [{"channel": "CALL", "repeat": {"times": 2, "everyMinutes": 5}}]}}
    meeting = {"user": ana, "meetings": [{"title": "Standup", "startsAt": "2026-01-05T12:00:00Z"}]}
    def rehearse(order):
        return server.ask("POST", "/api/v1/policies/missed-meeting/simulate", order)
    def due(answer):
        return [one["at"][11:16] for one in answer.data["timeline"] if one["kind"] == "ALERT"]
    checks.equal(due(rehearse(meeting)), ["11:45", "11:55", "11:58"], "the stages of the rules file")
    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        years = [pool.submit(rehearse, year) for _ in range(8)]
        answers = [one.result() for one in concurrent.futures.as_completed(years)]
    statuses = sorted(one.status for one in answers)
    checks.ok(statuses.count(200) >= 4 and statuses.count(429) >= 1 and set(statuses) == {200, 429},
              "of eight at once at least four are done, and some are told to come again", statuses)
    refused = next(one for one in answers if one.status == 429)
    checks.ok(refused.body["error"]["code"] == "RATE_LIMITED" and refused.headers.get("Retry-After"), "which says when",
              refused.text, dict(refused.headers))
    checks.ok(rehearse(meeting).status == 200, "then there is room again")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(rehearse, {**year, **meeting})
        stages(30)
        server.signal(signal.SIGHUP)
        read = server.wait_log(r"\[RULE_ENGINE\] rules read: 1 stages")
        found = under_way.result()
    checks.ok(read, "SIGHUP is heard while one is under way", server.log()[-500:])
    checks.ok(found.status == 200 and due(found) in (["11:45", "11:55", "11:58"], ["11:30"]), "which has one file's stages, whole",
              found.status, found.text[:300])
    checks.equal(due(rehearse(meeting)), ["11:30"], "the next one has the new ones")
    server.stop()


def main():
    documented()
    details({case[0]: compare(case) for case in CASES})
    command(faults())
    crowd()


checks.run(main)
