#!/usr/bin/env python3
"""One person: everything about them as JSON, and their erasure: no name, number, address, text, secret is left anywhere that the API shows or
the store opens; what was promised ends with a reason; the audit trail keeps what happened, and its chain holds (P5)."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import BUILD, Checks, environment_of  # noqa: E402
from route_cases import ICS  # noqa: E402
from server import Server  # noqa: E402

START = "2026-01-05T09:00:00Z"
V1 = "/api/v1"
MARKS = ("Quentin", "quentin@example.org", "+34600188801", "+34600188802", "Wanda", "+34600188803", "wanda@example.org",
         "Dentist of Quentin", "quentins-secret-room", "hunter2-quentin", "Back ache", "a pass phrase of his", "quentins phone")
checks = Checks()


def whole_trail(server, when):
    done = subprocess.run([str(BUILD / "tocsin"), "audit", "verify"], env=environment_of(server.settings), cwd=server.folder,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    checks.ok(done.returncode == 0 and "is whole" in done.stdout, f"the audit trail is whole {when}", done.stdout, done.stderr)


def lives(server):
    """A person who has left something in every corner."""
    him = server.add_user(name="Quentin", email="quentin@example.org", phone="+34600188801", whatsapp="+34600188802", timezone="Europe/Madrid",
                          emergencyContact={"name": "Wanda", "phone": "+34600188803", "email": "wanda@example.org"})
    for mark in MARKS:
        server.keep_secret(mark, "something of his")
    server.ask("PUT", f"{V1}/users/{him}/account", {"role": "USER", "password": "a pass phrase of his"})
    key = server.post(f"/users/{him}/keys", {"name": "quentins phone"})["key"]
    server.keep_secret(key, "a key")
    server.post(f"/users/{him}/calendars", {"kind": "upload", "ics": ICS.replace("Uploaded", "Dentist of Quentin")})
    server.post(f"/users/{him}/calendars", {"kind": "caldav", "url": "http://127.0.0.1:9/quentins-secret-room/", "username": "quentin@example.org",
                                            "password": "hunter2-quentin"})
    server.push(him, "soon", "2026-01-05T09:20:00Z", title="Dentist of Quentin", joinUrl="https://meet.example.org/quentins-secret-room")
    server.advance(3600)
    server.push(him, "later", "2026-01-06T09:20:00Z", title="Dentist of Quentin")
    incident = server.post("/incidents", {"title": "Back ache", "details": "of Quentin", "userId": him, "escalate": True})["id"]
    server.post("/policies", {"name": "inside", "steps": [{"channel": "IN_APP"}, {"after": 600, "channel": "SMS"}]})
    ahead = server.post("/incidents", {"title": "Back ache", "userId": him, "policy": "inside", "escalate": True})["id"]
    call = server.post("/dispatch", {"callId": "call-1", "callerPhone": "+34666000888", "emergencyLevel": "NORMAL", "issueSummary": "Water",
                                     "technicians": [him]})["id"]
    server.advance(60)
    return him, key, (incident, ahead, call)


def is_exported(server, him, key, other):
    answer = server.ask("GET", f"{V1}/users/{him}/export", key=key)
    data = answer.data
    shown = [mark for mark in MARKS if mark in answer.text]
    checks.equal(sorted(set(MARKS) - set(shown)), sorted(("hunter2-quentin", "a pass phrase of his")), "all about him is there, but for secrets")
    checks.equal(data["user"]["phone"], "+34600188801", "numbers are whole")
    filled = {name for name, value in data.items() if value}
    for name in ("account", "keys", "calendars", "meetings", "incidents", "steps", "dispatchTechnicians", "dispatchEvents", "messages",
                 "notifications", "events", "audit"):
        checks.ok(name in filled, f"with {name}", sorted(filled))
    checks.ok(all(one.get("text") for one in data["messages"] if one["channel"] == "EMAIL"), "mails with their texts", data["messages"][:1])
    checks.ok(all(one.get("userId") == him for one in data["incidents"] + data["meetings"] + data["messages"]), "nothing of others is")
    checks.equal(server.ask("GET", f"{V1}/users/{other}/export", key=key).status, 403, "nobody takes another's")
    desk = server.post("/keys", {"name": "desk", "scope": "OPERATOR"})["key"]
    server.keep_secret(desk, "a key")
    checks.equal(server.ask("GET", f"{V1}/users/{him}/export", key=desk).status, 403, "an operator takes nobody's")
    checks.equal(server.ask("GET", f"{V1}/users/{him}/export").status, 200, "an admin does")


def all_that_shows(server, him):
    """What the API says, wherever he may stand."""
    paths = ["/users?limit=1000", "/meetings?limit=1000", "/incidents?limit=1000", "/messages?limit=1000", "/notifications?limit=1000", "/events?limit=1000",
             "/audit?limit=1000", "/dispatch?limit=1000", "/keys?limit=1000", "/sessions?limit=1000", "/reachability?limit=1000", "/lint?limit=1000",
             f"/users/{him}/export", f"/audit?userId={him}&limit=1000", "/drills?limit=1000", "/queue/jobs?limit=1000"]
    return {path: server.ask("GET", V1 + path) for path in paths}


def is_erased(server, him, key, subjects, other):
    before = server.get("/audit", userId=him, limit=1000)
    answer = server.ask("POST", f"{V1}/users/{him}/erase")
    checks.ok(answer.status == 200 and answer.data["id"] == him, "an admin erases him", answer.text)
    shown = all_that_shows(server, him)
    found = [f"{mark} in {path}" for path, one in shown.items() for mark in MARKS if mark in one.text]
    checks.ok(all(one.status == 200 for one in shown.values()), "everything still answers", {p: o.status for p, o in shown.items() if o.status != 200})
    checks.equal(found, [], "nothing of him shows any more")
    for subject in subjects[:2]:
        for path in (f"/incidents/{subject}", f"/incidents/{subject}/timeline", f"/incidents/escalations/{subject}"):
            one = server.ask("GET", V1 + path)
            checks.ok(one.status == 200 and not any(mark in one.text for mark in MARKS), f"nor in {path.split('/')[-1][:8]}", one.text[:300])
    checks.equal(server.ask("GET", f"{V1}/incidents", key=key).status, 401, "his key is refused")
    checks.equal(server.ask("POST", f"{V1}/session", {"login": "quentin@example.org", "password": "a pass phrase of his"}, key=None).status, 401,
                 "he signs in no more")
    checks.equal(server.ask("GET", f"{V1}/users/{him}").status, 404, "he is no person here")
    after = server.get("/audit", userId=him, limit=1000)
    kept = [(one["seq"], one["at"], one["actor"], one["action"], one["hash"]) for one in before["events"]]
    now = [(one["seq"], one["at"], one["actor"], one["action"], one["hash"]) for one in after["events"]]
    erased = next((one["seq"] for one in after["events"] if one["action"] == "USER_ERASED"), 0)
    checks.ok(now[:len(kept)] == kept and erased > kept[-1][0], "the audit trail keeps what happened, when and by whom", now[-1])
    checks.ok(not any("before" in one or "after" in one for one in after["events"] if one["seq"] < erased), "but not what was changed")
    states = {one["state"] for one in server.messages(userId=him)}
    checks.ok(not states & {"QUEUED", "SENDING"}, "nothing waits to be sent to him", states)
    checks.ok({one["status"] for one in server.ask("GET", f"{V1}/meetings?userId={him}").data["meetings"]} == {"CANCELLED"}, "his meetings are off")
    sent = len(server.sends())
    server.advance(3 * 24 * 3600)
    checks.equal([one for one in server.messages(userId=him) if one["createdAt"] > "2026-01-05T10:02"], [], "and nothing is sent later")
    checks.ok(len(server.sends()) >= sent, "the others go on")
    steps = [step for subject in subjects[:2] for step in server.get(f"/incidents/escalations/{subject}")["steps"]]
    checks.ok(steps and all(step["status"] not in ("PENDING",) and (step["status"] == "EXECUTED" or step.get("reason")) for step in steps),
              "what ladders had promised has ended, each with its reason", steps)
    checks.equal(server.ask("POST", f"{V1}/users/{him}/erase").status, 200, "who is erased can be erased again")
    checks.equal(server.get(f"/users/{other}")["name"], "Rosa", "others stay")


def removed_first(server):
    her = server.add_user(name="Tess", email="tess@example.org", phone="+34600188805")
    server.ask("DELETE", f"{V1}/users/{her}")
    checks.equal(server.ask("GET", f"{V1}/users/{her}/export").data["user"]["name"], "Tess", "who was removed is still kept")
    checks.equal(server.ask("POST", f"{V1}/users/{her}/erase").status, 200, "until she is erased")
    checks.equal(server.ask("GET", f"{V1}/users/{her}/export").data["user"]["name"], "(erased)", "then no more")


def main():
    server = Server(checks, "person", at=START).start()
    rosa = server.add_user(name="Rosa", email="rosa@example.org", phone="+34600188804")
    him, key, subjects = lives(server)
    is_exported(server, him, key, rosa)
    whole_trail(server, "before")
    is_erased(server, him, key, subjects, rosa)
    whole_trail(server, "after")
    removed_first(server)
    whole_trail(server, "at the end")
    health = server.ask("GET", "/health").body
    checks.equal(health["status"], "ok", "all is well")
    server.restart()
    whole_trail(server, "after a restart")
    checks.equal(server.ask("GET", f"{V1}/users/{him}/export").data["user"]["name"], "(erased)", "it stays so")
    checks.equal(server.stop()[0], 0, "it stops well")
    corrupt = [line for line in server.log().splitlines() if "quarantin" in line or "cannot be read" in line]
    checks.equal(corrupt, [], "every row can be read")
    server.check_logs(checks)


checks.run(main)
