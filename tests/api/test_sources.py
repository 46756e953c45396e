#!/usr/bin/env python3
"""Sources of alerts on a socket: what stands in headers, what is not JSON, what is too much, and who sends it how.

Requirement I4, X3; protocols 7.1, 7.2. What the messages mean is told by tests/scenario/source_*.scn and heartbeat_*.scn.
"""
import hashlib
import hmac
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks, wait_until  # noqa: E402
from server import Server, send_raw, send_too_large  # noqa: E402

START = "2026-01-05T09:00:00Z"
SECRET = "a secret of theirs"
checks = Checks()


def add(server, path, **members):
    made = server.post(path, {"name": "Source", **members})
    server.keep_secret(made.get("key") or made.get("token"), "a key of a source")
    return made


def post(server, key, end, body, **headers):
    return server.ask("POST", f"/api/v1/integrations/{key}/{end}", body, None, headers)


def alert(name, fingerprint, **more):
    return {"status": "firing", "labels": {"alertname": name}, "startsAt": START, "fingerprint": fingerprint, **more}


def sign(text, secret=SECRET):
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def refused(answer, status, code, text, field=None):
    error = (answer.body or {}).get("error", {})
    checks.equal((answer.status, error.get("code"), error.get("field")), (status, code, field), text, answer.text[:300])


def signatures(server):
    made = add(server, "/integrations", kind="GRAFANA", secret=SECRET)
    checks.ok(SECRET not in json.dumps(made) and made["signed"], "a secret is not shown again", made)
    text = json.dumps({"version": "1", "orgId": 1, "alerts": [alert("CPU", "g1", values={"A": 1e20}, silenceURL="http://g/s")]})
    header = "X-Grafana-Alerting-Signature"
    for name, headers in (("none", {}), ("another", {header: sign(text, "another secret")}), ("of another body", {header: sign("{}")}),
                          ("cut", {header: sign(text)[:63]})):
        refused(post(server, made["key"], "grafana", text, **headers), 403, "FORBIDDEN", f"Grafana's signature, {name}: 403")
    answer = post(server, made["key"], "grafana", text, **{header: sign(text)})
    checks.equal((answer.status, answer.data["outcomes"][0]["action"]), (200, "OPENED"), "one that fits: an incident", answer.text)
    server.ask("PATCH", f"/api/v1/integrations/{made['id']}", {"timestampHeader": "X-Signed-At"})
    refused(post(server, made["key"], "grafana", text, **{header: sign(text)}), 403, "FORBIDDEN", "then the time is signed, too")
    answer = post(server, made["key"], "grafana", text, **{header: sign("1767603600:" + text), "X-Signed-At": "1767603600"})
    checks.equal((answer.status, answer.data["outcomes"][0]["action"]), (200, "UNCHANGED"), "signed with its time it is taken", answer.text)
    refused(server.ask("PATCH", f"/api/v1/integrations/{made['id']}", {"secret": None}), 400, "VALIDATION_ERROR",
            "a time without a secret is refused", "timestampHeader")
    refused(server.ask("PATCH", f"/api/v1/integrations/{made['id']}", {"timestampHeader": "Date"}), 400, "VALIDATION_ERROR",
            "a header that we would not see is refused", "timestampHeader")


def bodies(server):
    made = add(server, "/integrations")
    key = made["key"]
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded", "application/vnd.x+json; charset=utf-8"):
        answer = post(server, key, "events", {"title": "A", "id": "a"}, **{"Content-Type": kind})
        checks.equal(answer.status, 200, f"a body that says {kind} is read as JSON", answer.text)
    answer = server.ask("POST", f"/api/v1/integrations/{key}/alertmanager", {"alerts": []}, None, team="x")
    checks.equal((answer.status, answer.data), (200, {"received": 0, "truncated": 0, "outcomes": []}), "a query is not looked at")
    refused(post(server, key, "events", b"\xff"), 400, "VALIDATION_ERROR", "no JSON", "body")
    refused(post(server, key, "events", b""), 400, "VALIDATION_ERROR", "nothing", "body")
    refused(post(server, key, "events", "[" * 40 + "]" * 40), 400, "VALIDATION_ERROR", "nested too deep", "body")
    refused(post(server, key, "alertmanager", {"alerts": [alert("A", "a", startsAt="soon")]}), 400, "VALIDATION_ERROR",
            "a time that is none", "alerts[0].startsAt")
    many = [alert("Many", f"m{number}", annotations={"summary": "s" * 200}) for number in range(500)]
    answer = post(server, key, "alertmanager", {"alerts": many, "truncatedAlerts": 2})
    found = [one["action"] for one in answer.data["outcomes"]]
    checks.equal((answer.status, found, answer.data["truncated"]), (200, ["OPENED"] * 500, 2), "a long body is read aside, and whole")
    checks.ok(server.wait_log("left out 2 alerts"), "what the source left out is in the log")
    status, _, text = send_too_large(server.port, "POST", f"/api/v1/integrations/{key}/events", (1 << 20) + 1)
    checks.ok(status == 413 and "PAYLOAD_TOO_LARGE" in text, "more than 1 MiB is 413", text[:200])
    refused(post(server, key, "events", [{"title": "x"}] * 1001), 400, "VALIDATION_ERROR", "1001 events at once are too many", "body")
    preview = f"/api/v1/integrations/{made['id']}/preview"
    refused(server.ask("POST", preview, {"title": "x"}), 400, "VALIDATION_ERROR", "a preview must know how to read it", "as")
    before = server.get("/incidents")["total"]
    answer = server.ask("POST", preview, {"alerts": many}, **{"as": "GRAFANA"})
    checks.equal({one["action"] for one in answer.data["outcomes"]}, {"UNCHANGED"}, "a preview of what was said already")
    answer = server.ask("POST", preview, {"alerts": [alert("New", "new")]}, **{"as": "ALERTMANAGER"})
    checks.equal((answer.data["outcomes"][0]["action"], answer.data["outcomes"][0]["title"]), ("OPENED", "New"), "and of what is new")
    checks.equal(server.get("/incidents")["total"], before, "does nothing")


def beats(server):
    made = add(server, "/heartbeats", everySeconds=60)
    token = made["token"]
    for method, path, body in (("POST", f"/heartbeats/{token}", None), ("GET", f"/heartbeats/{token}", None),
                               ("HEAD", f"/heartbeats/{token}", None), ("POST", f"/api/v1/heartbeats/{token}", b"log \xff of a job"),
                               ("GET", f"/api/v1/heartbeats/{token}?rid=7", None)):
        answer = server.ask(method, path, body, None)
        checks.equal(answer.status, 200, f"{method} with a token beats", answer.text)
    checks.equal(server.get(f"/heartbeats/{made['id']}")["beats"], 5, "each counts")
    refused(server.ask("POST", "/heartbeats/hb_" + "0" * 48, None, None), 404, "NOT_FOUND", "an unknown token is 404")
    checks.equal(server.ask("GET", f"/heartbeats/{made['id']}", key=None).status, 401, "the id is no token")
    checks.equal(server.ask("PUT", f"/heartbeats/{token}", key=None).headers.get("Allow"), "GET, POST", "a beat is GET or POST")
    raw = send_raw(server.port, f"POST /heartbeats/{token} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    checks.equal(raw[0], 200, "without a type, without a body", raw)


def too_fast():
    server = Server(checks, "fast", TOCSIN_INTEGRATION_REQUESTS_PER_SECOND="5").start()
    first, second = add(server, "/integrations"), add(server, "/integrations")
    answers = [post(server, first["key"], "events", {"title": "Storm", "id": "storm"}) for _ in range(30)]
    late = [one for one in answers if one.status != 200]
    checks.ok(5 <= len(answers) - len(late) <= 12, "five messages a second are taken", [one.status for one in answers])
    checks.ok(late and all(one.status == 503 and one.headers.get("Retry-After") == "1" and one.body["error"]["code"] == "UNAVAILABLE"
                           for one in late), "more are 503 with Retry-After, never 429", late and late[0].text)
    checks.equal(post(server, second["key"], "events", {"title": "x"}).status, 200, "another integration is not slowed")
    checks.ok(wait_until(lambda: post(server, first["key"], "events", {"title": "x"}).status == 200, 3), "a second later it goes on")
    crowd = [add(server, "/integrations") for _ in range(6)]
    statuses, began = {one["id"]: [] for one in crowd}, time.monotonic()
    for _ in range(20):
        for one in crowd:
            statuses[one["id"]].append(post(server, one["key"], "events", {"title": "Storm", "id": "storm"}).status)
    most = 5 + 5 * (time.monotonic() - began) + 1
    checks.ok(all(found[:5] == [200] * 5 and found.count(200) <= most for found in statuses.values()),
              "those that send by turns have each a pace of their own", most, *statuses.values())
    checks.ok(most > 20 or all(503 in found for found in statuses.values()), "and none is without", most, *statuses.values())
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks, "the logs of the fast one")


def main():
    server = Server(checks, "sources", at=START).start()
    server.keep_secret(SECRET, "the secret of an integration")
    signatures(server)
    bodies(server)
    beats(server)
    audit = server.ask("GET", "/api/v1/audit", limit=1000).text
    checks.ok(SECRET not in audit and '\\"key\\"' not in audit and "in_" not in audit, "the audit trail has no secret", audit[:300])
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks)
    too_fast()


checks.run(main)
