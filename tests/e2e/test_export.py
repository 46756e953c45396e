#!/usr/bin/env python3
"""tocsin export and import: a store that was lived in goes from SQLite to PostgreSQL and back, row for row; both sides give the
same account of themselves and go on from there; and what must be refused is. Requirement N4."""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import postgres  # noqa: E402
from live import BUILD, Checks, environment_of  # noqa: E402
from server import PostgresServer, Server, run_commands  # noqa: E402

START = "2026-01-05T09:00:00Z"
DATA_KEY = "5d" * 32
WRONG_KEY = "6e" * 32
checks = Checks()


def live_in(server):
    """Something in as many tables as a morning takes."""
    people = [server.add_user(name=f"Zoë\t{number}\\", email=f"p{number}@example.org", phone=f"+346001{number:05d}",
                              emergencyContact={"name": "Mum", "phone": f"+346002{number:05d}"}) for number in range(5)]
    for number, person in enumerate(people):
        server.sync(person, events=[{"externalId": f"m{number}-{hour}", "title": f"Review “{hour}”\nsecond line",
                                     "startsAt": f"2026-01-05T{hour:02d}:30:00Z"} for hour in range(10, 18)])
    server.post("/incidents", {"title": "Database down", "severity": "CRITICAL", "userId": people[0]})
    server.post("/incidents", {"title": "Nothing much", "severity": "LOW", "userId": people[1]})
    server.post("/keys", {"name": "reader", "scope": "READER"})
    server.post("/policies", {"name": "two-steps", "steps": [{"channel": "SMS", "targets": [{"type": "USER", "id": people[2]}]},
                                                             {"after": 5, "channel": "EMAIL"}]})
    agent = server.post("/agents", {"name": "Ava", "script": "Hello {{name|there}}.", "language": "en"})["id"]
    for number in range(6):
        server.post("/scheduling/schedule", {"phoneNumber": f"+346003{number:05d}", "agentId": agent, "userId": "crm",
                                             "scheduledFor": f"2026-01-05T1{number}:00:00Z", "timezone": "Europe/Madrid"})
    answer = server.ask("POST", "/api/dispatch", {"callId": "call-1", "callerPhone": "+14155550900", "emergencyLevel": "NORMAL",
                                                  "issueSummary": "Water in the cellar", "technicians": people[:2]})
    checks.equal(answer.status, 201, "there is a dispatch", answer.text)
    server.advance(3 * 3600)


def export(store, settings):
    path = checks.work / f"{store}.export"
    with open(path, "wb") as file:
        done = subprocess.run([str(BUILD / "tocsin"), "export"], env=environment_of(settings), stdin=subprocess.DEVNULL, stdout=file,
                              stderr=subprocess.PIPE, text=True, timeout=60)
    checks.ok(done.returncode == 0 and "exported" in done.stderr, f"{store} is exported", done.stderr)
    return path


def import_into(settings, text):
    done = subprocess.run([str(BUILD / "tocsin"), "import"], env=environment_of(settings), input=text, capture_output=True, timeout=60)
    return done.returncode, done.stderr.decode(errors="replace")


def accounts(settings):
    """What the store says of itself."""
    run = run_commands(checks, "accounts", **settings)
    period = ("--from", "2026-01-05T00:00:00Z", "--to", "2026-01-06T00:00:00Z")
    return [run("audit", "verify")[:2], run("verify", *period)[:2], run("keys", "list", "--json")[:2]]


def goes_both_ways(cluster):
    first = Server(checks, "first", at=START, TOCSIN_DATA_KEY=DATA_KEY).start()
    live_in(first)
    here = {"TOCSIN_DATA_DIR": str(first.folder), "TOCSIN_DATA_KEY": DATA_KEY}
    beside = export("beside-the-server", here)
    checks.equal(first.stop()[0], 0, "the server stops")
    exported = export("sqlite", here)
    text = exported.read_bytes()
    filled = [name for name, count in first.row_counts().items() if count]
    checks.ok(len(filled) > 25, f"{len(filled)} tables have rows", filled)
    checks.ok(beside.read_bytes().count(b"\n") > 200, "an export beside a running server is whole")
    leaks = [secret for secret in (b"+34600100001", b"Zo\xc3\xab", b"Database down", DATA_KEY.encode()) if secret in text]
    checks.equal(leaks, [], "what is sealed travels sealed")

    there = {"TOCSIN_DATA_DIR": str(checks.folder("there")), "TOCSIN_DATA_KEY": DATA_KEY, "DATABASE_URL": cluster.create()}
    refusals(there, text)
    code, said = import_into({**there, "TOCSIN_DATA_KEY": WRONG_KEY}, text)
    checks.ok(code == 1 and "another TOCSIN_DATA_KEY" in said, "under a wrong key it is refused, and the right one may follow", code, said)
    code, said = import_into(there, text)
    checks.ok(code == 0 and "read back" in said, f"PostgreSQL takes it: {said.strip().splitlines()[-1:]}", said)
    checks.equal(export("postgres", there).read_bytes(), text, "and exports the same bytes")
    checks.equal(accounts(there), accounts(here), "audit verify, verify and the keys agree on both sides")
    code, said = import_into(there, text)
    checks.ok(code == 1 and "this store is not empty" in said, "a store that is not empty is refused", said)

    second = PostgresServer(checks, "second", cluster, at="2026-01-05T12:00:00Z", store_url=there["DATABASE_URL"],
                            TOCSIN_DATA_KEY=DATA_KEY)
    second.start()
    before = second.query("SELECT count(*) FROM alerts WHERE status='PENDING'")[0][0]
    second.advance(6 * 3600)
    after = second.query("SELECT count(*) FROM alerts WHERE status='PENDING'")[0][0]
    checks.ok(before > 0 and after == 0, f"the {before} alerts that were to come went out from PostgreSQL", before, after)
    late = second.query("SELECT count(*) FROM alerts WHERE status NOT IN ('DELIVERED', 'SKIPPED', 'CANCELLED')")[0][0]
    checks.equal(late, 0, "every one of them ended well")
    second.stop()

    back = {"TOCSIN_DATA_DIR": str(checks.folder("back")), "TOCSIN_DATA_KEY": DATA_KEY}
    returned = export("postgres-later", there).read_bytes()
    code, said = import_into(back, returned)
    checks.equal(code, 0, "SQLite takes it back", said)
    checks.equal(export("sqlite-later", back).read_bytes(), returned, "and exports the same bytes")
    checks.equal(accounts(back), accounts(there), "both sides agree again")


def refusals(there, text):
    """None of these leaves a row."""
    lines = text.splitlines(keepends=True)
    row = next(number for number, line in enumerate(lines) if re.match(rb"i\d+\t", line))
    last = next(number for number, line in enumerate(lines) if line.startswith(b"end audit_events")) - 1
    changed = lines[:last] + [re.sub(rb"^i(\d+)", lambda found: b"i%d" % (int(found.group(1)) + 1), lines[last])] + lines[last + 1:]
    cases = [
        ("a text that is no export", b"{}\n", "no export"),
        ("nothing at all", b"", "ends before its end"),
        ("one that is cut short", text[:len(text) // 2], "ends before its end"),
        ("one whose last line is missing", b"".join(lines[:-1]), "ends before its end"),
        ("one with a row less", b"".join(lines[:row] + lines[row + 1:]), "not those that were exported"),
        ("one with a changed row", b"".join(changed), "not those that were exported"),
        ("one with a row twice", b"".join(lines[:row + 1] + lines[row:]), "refuses this row"),
        ("another schema", re.sub(rb"schema \d+", b"schema 99", text, 1), "another schema"),
        ("another data key", re.sub(rb"key [0-9a-f]+", b"key 00", text, 1), "another TOCSIN_DATA_KEY"),
    ]
    for what, content, words in cases:
        code, said = import_into(there, content)
        checks.ok(code == 1 and words in said, f"{what} is refused", code, said)


def main():
    if postgres.missing():
        print(f"1..0 # SKIP {postgres.missing()}")
        sys.exit(0)
    with postgres.Cluster() as cluster:
        goes_both_ways(cluster)


if __name__ == "__main__":
    checks.run(main)
