#!/usr/bin/env python3
"""The dashboard in Chromium, in virtual time: every page at a desk and on a phone, light and dark, and what is done there
(requirements U1 to U3). The walk itself is tests/counterparty/browser_npm. --postgres: on the other store."""
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import postgres  # noqa: E402
from live import ADMIN_KEY, Checks, end_process, free_ports, need, skip  # noqa: E402
from npm import install  # noqa: E402
from server import PostgresServer, Server  # noqa: E402

START = "2026-11-23T08:40:00Z"  # A Monday, 09:40 in Madrid.
HOSTILE_NAME = "<img src=x onerror=alert(1)>"
HOSTILE_TEXT = "\"><svg/onload=alert(2)><script>alert(3)</script> ]]> \u202egnp.exe {{7*7}} ${x} ' OR 1=1 --"
HOSTILE_TITLE = "<script>alert('x')</script> & \"friends\""
FIRST_LOAD_BYTES = 100 * 1024
CROWD = 10_000
checks = Checks()


def people(server):
    ana = server.add_user(name="Ana Ruiz", email="ana@example.com", phone="+34600000101", timezone="Europe/Madrid",
                          emergencyContact={"name": "Eva", "phone": "+34600000109"})
    bob = server.add_user(name="Bob Stone", email="bob@example.com", phone="+14155550102", timezone="America/New_York",
                          quietHours={"start": "22:00", "end": "07:00"})
    hostile = server.add_user(name=HOSTILE_NAME, email="x@example.com", phone="+14155550103")
    return ana, bob, hostile


def agent_of(server):
    return server.post("/agents", {"name": "Reminder", "fromNumber": "+14155550100", "script": "Hello, your appointment is tomorrow."})["id"]


def crowd(server, agent, count, name):
    """A campaign of so many calls, a year from now."""
    calls = [{"phoneNumber": f"+1415{5550000 + at % 10000:07d}", "agentId": agent, "userId": "clinic", "scheduledFor": "2027-10-04T15:00:00Z",
              "respectBusinessHours": False, "timezone": "America/New_York"} for at in range(count)]
    answer = server.post("/scheduling/bulk", {"campaign": {"name": name, "agentId": agent, "userId": "clinic"}, "mode": "each", "calls": calls})
    checks.equal(answer["scheduled"], count, f"{count} calls are scheduled", str(answer["results"][:2])[:500])
    return answer["campaignId"], answer["results"][0]["scheduledCallId"]


def hostile_things(server, hostile, agent):
    """A text that is markup in every field that takes a text of people; each page that shows one is walked later."""
    text = HOSTILE_TEXT
    server.post("/incidents", {"title": HOSTILE_TITLE, "details": text, "severity": "LOW", "userId": hostile, "dedupKey": "x<svg onload=alert(4)>"})
    server.push(hostile, text, "2026-11-23T09:30:00Z", endsAt="2026-11-23T09:50:00Z", timezone="Europe/Madrid")
    server.post("/dispatch", {"callId": "call-hostile", "callerPhone": "+34911000333", "emergencyLevel": "LOW", "issueSummary": text, "technicians": [hostile]})
    server.post("/agents", {"name": text, "fromNumber": "+14155550100", "script": text.replace("{{7*7}}", "")})
    server.post("/scheduling/bulk", {"campaign": {"name": text, "agentId": agent, "userId": text}, "mode": "each", "calls": [
        {"phoneNumber": "+14155557777", "agentId": agent, "userId": text, "scheduledFor": "2026-12-04T15:00:00Z", "metadata": {"name": text}}]})
    server.post("/policies", {"name": "hostile", "description": text, "steps": [{"channel": "IN_APP"}]})
    server.post("/schedules", {"name": text[:60], "description": text, "timezone": "UTC", "layers": [{"name": text[:60], "rotation": {
        "type": "DAILY", "interval": 1, "handoffTime": "09:00", "start": "2026-11-02T08:00:00Z"}, "members": [{"userId": hostile}]}]})
    for path in ("/keys", "/integrations", "/heartbeats", "/maintenance", "/sinks"):
        more = {"/keys": {"scope": "READER"}, "/heartbeats": {"everySeconds": 300}, "/maintenance": {"startsAt": "2026-12-01T00:00:00Z", "minutes": 60},
                "/sinks": {"kind": "WEBHOOK", "webhook": {"url": "http://127.0.0.1:9/"}}}.get(path, {})
        server.post(path, {"name": text, **more})


def subjects(server):
    """What the walk meets, by the names by which it asks for it."""
    ana, bob, hostile = people(server)
    meeting = server.push(ana, "Board review", "2026-11-23T09:10:00Z", endsAt="2026-11-23T09:40:00Z", timezone="Europe/Madrid")
    incident = server.post("/incidents", {"title": "Disk almost full", "details": "97 % of /var", "severity": "HIGH", "userId": ana, "escalate": True})
    server.post("/dispatch", {"callId": "call-771", "callerPhone": "+34911000222", "emergencyLevel": "HIGH",
                              "issueSummary": "Burst pipe", "technicians": [bob, ana]})
    schedule = server.post("/schedules", {"name": "Primary", "timezone": "Europe/Madrid", "layers": [
        {"name": "week", "rotation": {"type": "WEEKLY", "interval": 1, "handoffTime": "09:00", "handoffDay": "MON", "start": "2026-11-02T08:00:00Z"},
         "members": [{"userId": ana}, {"userId": bob}]}]})
    agent = agent_of(server)
    crowd_id, _ = crowd(server, agent, CROWD, "Crowd")
    campaign, call = crowd(server, agent, 5, "Few")
    hostile_things(server, hostile, agent)
    server.advance(310)  # The first step of the ladder is done, the next is ahead.
    message = server.messages(subjectId=incident["id"])[0]["id"]
    return {"incident": incident["id"], "meeting": meeting, "callId": "call-771", "person": ana, "schedule": schedule["id"], "call": call,
            "campaign": campaign, "crowd": crowd_id, "message": message, "hostile": hostile, "hostileName": HOSTILE_NAME,
            "hostileTitle": HOSTILE_TITLE, "roles": roles(), "hostileText": HOSTILE_TEXT, "saturday": "2026-11-28T11:00", "monday": "30 Nov", "later": "2026-12-01T16:00:00Z"}


def files(server):
    """What a first visit loads, and that no other host has a part in it (test_session.py looks at the headers)."""
    page = server.ask("GET", "/", key=None)
    names = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)
    bodies = [server.ask("GET", name, key=None, headers={"Accept-Encoding": "gzip"}) for name in names]
    checks.ok(len(names) == 2 and all(gzip.decompress(one.raw) for one in bodies), "it has a script and a style", names)
    total = len(page.raw) + sum(len(one.raw) for one in bodies)
    checks.ok(total <= FIRST_LOAD_BYTES, f"the first load is at most {FIRST_LOAD_BYTES} bytes", total)
    hosts = {host for one in bodies for host in re.findall(r"https?://([a-z0-9.-]+)", gzip.decompress(one.raw).decode())}
    checks.ok(hosts <= {"www.w3.org", "example.com"}, "no other host is named, but in examples", hosts)


def roles():
    """What each role may, by the table of tests/api/test_roles.py: {role: [[method, path]]}."""
    text = (pathlib.Path(__file__).resolve().parent.parent / "api" / "test_roles.py").read_text(encoding="utf-8")
    lines = re.findall(r"^(open|read|respond|change|administer)\b.* ([A-Z]+) (/\S+)$", text, re.MULTILINE)
    checks.ok(len(lines) > 150, "the table of roles is read", len(lines))
    return {role: [[method, path] for least, method, path in lines if least in ("open", *of)] for role, of in (("READER", ["read"]), ("RESPONDER", ["read", "respond"]))}


def door():
    """Another server, at which people sign in elsewhere (nobody answers there), with a password, or with a key."""
    server = Server(checks, "door", at=START, TOCSIN_LISTEN=f"127.0.0.1:{free_ports(1)[0]}", TOCSIN_OIDC_ISSUER="http://127.0.0.1:9/realm", TOCSIN_OIDC_CLIENT_ID="tocsin").start()
    ana = server.add_user(name="Ana Ruiz", email="ana@example.com", phone="+34600000101")
    password = "a pass phrase of hers"
    server.ask("PUT", f"/api/v1/users/{ana}/account", {"role": "RESPONDER", "password": password})
    return {"url": server.url, "key": ADMIN_KEY, "login": "ana@example.com", "password": password}


def done(server, what, person):
    """What the walk asks this script for; the answer."""
    if what == "stop":
        return server.stop()[0]
    if what == "start":
        server.start()
        return True
    if what == "door":
        return door()
    if "key" in what:
        return server.post("/keys", {"name": "wall", "scope": what["key"]})["key"]
    opened = {"title": what["open"], "severity": "HIGH", "userId": person, "escalate": what.get("escalate", True)}
    return server.post("/incidents", opened)["id"]


def walk(server, folder, chromium, facts):
    environment = {**os.environ, "TOCSIN_URL": server.url, "TOCSIN_KEY": ADMIN_KEY, "TOCSIN_CHROMIUM": chromium, "TOCSIN_FACTS": json.dumps(facts)}
    process = subprocess.Popen([need("node"), str(folder / "walk.mjs")], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    checks.at_end(lambda: end_process(process))
    for line in process.stdout:
        told = json.loads(line)
        if "do" in told:
            process.stdin.write(json.dumps(done(server, told["do"], facts["person"])) + "\n")
            process.stdin.flush()
        else:
            checks.ok(told["ok"], told["text"], *told["facts"])
    checks.equal(process.wait(30), 0, "the walk came to its end")


def whole(server, folder, chromium):
    server.start()
    files(server)
    facts = subjects(server)
    walk(server, folder, chromium, facts)
    server.check_logs(checks)


def main():
    chromium = need("chromium")
    folder = install("browser_npm")
    settings = {"at": START, "TOCSIN_LISTEN": f"127.0.0.1:{free_ports(1)[0]}"}
    if "--postgres" not in sys.argv:
        whole(Server(checks, "dashboard", **settings), folder, chromium)
        return
    if postgres.missing():
        skip(postgres.missing())
    with postgres.Cluster() as cluster:
        whole(PostgresServer(checks, "dashboard", cluster, **settings), folder, chromium)


checks.run(main)
