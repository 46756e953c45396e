#!/usr/bin/env python3
"""Every request that we make of Twilio, held against Twilio's own OpenAPI by Prism, and its answers read by us.

Usage: twilio_prism_oracle.py PROGRAM (built from twilio_prism_oracle.c)

Prism checks values, required fields and the login; names.js in front of it checks the names, since Twilio ignores an unknown
one and all callbacks would be lost silently (protocols.md 1.1). What is damaged on purpose must be refused, or the check
could not fail. Prism is installed by npm, pinned by prism_npm/package-lock.json, into the build folder, once.
Prism runs without --errors: with it, it also refuses to give its own examples of lists, whose URIs its spec does not allow.
"""
import base64
import http.client
import pathlib
import re
import subprocess
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import live  # noqa: E402  (tests/lib/live.py)
import npm  # noqa: E402  (tests/lib/npm.py)

TWILIO = live.SHARED / "counterparties" / "twilio"
SPEC = TWILIO / "twilio_mock.json"
ACCOUNT = "AC" + "a" * 32
START_SECONDS = 60

checks = live.Checks()
program = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) == 2 else None


def start(prism):
    """Prism with names.js in front of it; answers the port to talk to."""
    inner, outer = live.free_ports(2)
    log = checks.work / "prism.log"
    checks.start([prism, "mock", "-h", "127.0.0.1", "-p", inner, SPEC], log)
    checks.start([live.need("node"), TWILIO / "names.js", outer, inner, SPEC], checks.work / "names.log")
    if not live.wait_until(lambda: live.listens(inner) and live.listens(outer), START_SECONDS):
        raise AssertionError(log.read_text(errors="replace"))
    return outer


def send(port, method, target, body=None, user=ACCOUNT, password="token"):
    headers = {"Accept": "application/json"}
    if user is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    if body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, target, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def read_as(name, status, body):
    done = subprocess.run([program, "read", name, str(status)], input=body, stdout=subprocess.PIPE, check=True, timeout=20)
    return done.stdout.decode().strip()


# What the spec's own examples mean to us. A call or message of the examples is not the one that was asked for.
MEANINGS = {
    "cancel": r"^ACCEPTED CA[0-9a-f]{32}$", "poll-call": r"^ANSWERED CA[0-9a-f]{32}$",
    "poll-sms": r"^(SENT|DELIVERED) (SM|MM)[0-9a-f]{32}$", "inbox": r"^TEXTS \d+$", "inbox-service": r"^TEXTS \d+$",
    "inbox-more": r"^TEXTS \d+$",
    "find-call": r"^(NOT_SENT|UNKNOWN)$", "find-sms": r"^(NOT_SENT|UNKNOWN)$",
    "find-sms-service": r"^(NOT_SENT|UNKNOWN)$", "find-whatsapp": r"^(NOT_SENT|UNKNOWN)$",
}


def check_request(port, line):
    name, method, url, user, password, body = line.split("\t")
    body = None if body == "-" else body
    parts = urllib.parse.urlsplit(url)
    target = parts.path + ("?" + parts.query if parts.query else "")
    checks.equal(parts.netloc, f"127.0.0.1:{port}", f"{name}: goes to where the settings say")
    status, answer = send(port, method, target, body, user, password)
    created = method == "POST" and "/CA" not in parts.path
    checks.equal(status, 201 if created else 200, f"{name}: is accepted", target, body, answer.decode(errors="replace")[-600:])
    meaning = MEANINGS.get(name, r"^ACCEPTED (CA|SM)[0-9a-f]{32}$")
    checks.like(read_as(name, status, answer), meaning, f"{name}: the answer is understood", answer.decode()[:600])
    return target, body


def check_damaged(port, asked):
    """Each damage to a request that was accepted a moment ago is noticed."""
    calls, call = asked["call"]
    messages, sms = asked["sms-service"]
    cancelling, _ = asked["cancel"]
    finding, _ = asked["find-call"]
    damages = [
        ("a callback's name is misspelt", "POST", calls, call.replace("StatusCallback=", "StatusCallBack="), 422),
        ("a field is unknown for calls", "POST", calls, call + "&ValidityPeriod=10", 422),
        ("nobody is called", "POST", calls, re.sub(r"(^|&)To=[^&]*", "", call), 422),
        ("nobody calls", "POST", calls, re.sub(r"&From=[^&]*", "", call), 422),
        ("seconds are no number", "POST", calls, re.sub(r"Timeout=\d+", "Timeout=long", call), 422),
        ("a method is none of theirs", "POST", calls, call.replace("&Method=POST", "&Method=PUT"), 422),
        ("the service's id is cut", "POST", messages, re.sub(r"(Sid=MG[^&]*)[^&](&|$)", r"\1\2", sms), 422),
        ("the validity is no number", "POST", messages, re.sub(r"Period=\d+", "Period=soon", sms), 422),
        ("canceled has one l", "POST", cancelling, "Status=cancelled", 422),
        ("a page is too long", "GET", finding.replace("PageSize=100", "PageSize=1001"), None, 422),
        ("a filter is unknown", "GET", finding + "&Too=1", None, 422),
        ("the account's id is cut", "POST", calls.replace(ACCOUNT, ACCOUNT[:-1]), call, 422),
    ]
    for text, method, target, body, wanted in damages:
        changed = (target, body) not in asked.values()
        checks.equal((changed, send(port, method, target, body)[0]), (True, wanted), f"refused: {text}", target, body)
    status, answer = send(port, "POST", calls, call, user=None)
    checks.equal(status, 401, "refused: there is no login")
    checks.equal(read_as("call", status, answer), "REFUSED", "and we know a refusal")


def main():
    if program is None or not SPEC.exists():
        live.skip("the shared folder with Twilio's OpenAPI is absent" if program else __doc__.splitlines()[2])
    port = start(npm.install("prism_npm") / "node_modules" / ".bin" / "prism")
    lines = subprocess.run([program, "ask", f"http://127.0.0.1:{port}"], stdout=subprocess.PIPE, check=True,
                           timeout=20).stdout.decode().splitlines()
    checks.ok(len(lines) >= 21, "every kind of request is made", lines)
    asked = {line.split("\t")[0]: check_request(port, line) for line in lines}
    check_damaged(port, asked)


checks.run(main)
