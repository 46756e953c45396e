#!/usr/bin/env python3
"""A post to whoever runs Tocsin that nobody took is sent once more by a person: under the id that it had, so that a receiver which
acted on the first does not act again; and the audit trail says who wanted it (requirements D7, U1)."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks, wait_until  # noqa: E402
from server import Server  # noqa: E402
from sinks import FakeServer  # noqa: E402

START = "2026-01-05T09:00:00Z"
checks = Checks()


class Receiver(FakeServer):
    status = 503

    def answer(self, asked):
        return self.status, {}, b"{}"


def post_of(asked):
    return json.loads(asked.text)


def main():
    receiver = Receiver(checks)
    server = Server(checks, "replay", at=START, OPERATOR_WEBHOOK_URL=f"http://127.0.0.1:{receiver.port}/hook").start()
    user = server.add_user(name="Ana", email="ana@example.com", phone="+14155550101")
    server.post("/policies", {"name": "brief", "steps": [{"channel": "EMAIL"}]})
    server.post("/incidents", {"title": "Disk full", "userId": user, "policy": "brief", "escalate": True})
    for _ in range(40):
        server.advance(600)
        states = {one["state"] for one in server.messages(channel="WEBHOOK")}
        if states == {"FAILED"} and server.get("/queue/jobs", byDue="true", kind="MESSAGE_RETRY")["total"] == 0:
            break
    checks.equal(states, {"FAILED"}, "the post is given up in the end")
    last = server.messages(channel="WEBHOOK")[-1]
    count = len(receiver.asked)
    mail = server.messages(channel="EMAIL")[0]["id"]
    refused = server.ask("POST", f"/api/v1/messages/{mail}/replay")
    checks.equal((refused.status, refused.body["error"]["code"]), (400, "INVALID_OPERATION"), "what was told to a person is not told again by a button")
    receiver.status = 200
    server.post(f"/messages/{last['id']}/replay")
    server.advance(900)  # Its breaker is open, and lets it through then.
    before = {post_of(asked)["id"]: post_of(asked) for asked in receiver.asked[:count]}
    again = wait_until(lambda: [post_of(asked) for asked in receiver.asked[count:] if post_of(asked)["id"] in before])
    checks.ok(again, "it is posted once more, by the id that it had", len(receiver.asked))
    first = before[again[0]["id"]]
    checks.equal([again[0][name] for name in ("title", "text")], [first[name] for name in ("title", "text")], "and says the same")
    newest = wait_until(lambda: [one for one in server.messages(channel="WEBHOOK") if one["state"] in ("SENT", "DELIVERED") and one["attempt"] > last["attempt"]])
    checks.ok(newest, "and it has arrived", [(one["state"], one["attempt"]) for one in server.messages(channel="WEBHOOK")])
    again = server.ask("POST", f"/api/v1/messages/{newest[0]['id']}/replay")
    checks.equal(again.status, 400, "what has arrived is not replayed")
    actions = [one for one in server.get("/audit", limit=1000)["events"] if one["action"] == "MESSAGE_REPLAYED"]
    checks.equal([one["actor"].startswith("api:") for one in actions], [True], "the trail says who wanted it")
    whole = server.get("/audit/verify")
    checks.equal((whole["isWhole"], whole["checked"] > 0), (True, True), "and is whole")
    server.check_logs(checks)


checks.run(main)
