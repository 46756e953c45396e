#!/usr/bin/env python3
"""`tocsin keys rotate-data`: the data key is changed while the server runs and is killed in the middle; afterwards nothing that is kept
opens with the old key, and people, logins, links and opt-outs are found as before. On both engines, with the key in a file and in the
settings (P5)."""
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import postgres  # noqa: E402
from live import BUILD, Checks, environment_of, free_ports, wait_until  # noqa: E402
from server import PostgresServer, Server  # noqa: E402

checks = Checks()
PATIENCE = 60
CALLS = 10000  # Of one request.
CALLEE = "+1415555%04d"
ROOT = pathlib.Path(os.environ.get("TOCSIN_ROOT", pathlib.Path(__file__).resolve().parent.parent.parent))


def tocsin(server, *words, **more):
    done = subprocess.run([str(BUILD / "tocsin"), *map(str, words)], env=environment_of({**server.settings, **more}), cwd=server.folder,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def keyed_columns():
    """{table: [columns]} that hang on the data key, as the records say."""
    tables = dict(re.findall(r"^TABLE\((\w+), (\w+)\)", (ROOT / "src/store/tables.def").read_text(), re.M))
    found = {}
    for path in (ROOT / "src/model").glob("*.def"):
        for record, column, flags in re.findall(r"^FIELD\((\w+), (?:TEXT|BYTES), (\w+), \"[^\"]*\", ([A-Z_ |]+),", path.read_text(), re.M):
            if {"F_SEALED", "F_KEYED"} & set(flags.split(" | ")) and "F_UNSTORED" not in flags:
                found.setdefault(record, []).append(column)
    return {table: found[record] for table, record in tables.items() if record in found}


def first_bytes(server):
    """How many values there are of each key: the first byte of each is its number."""
    counts = {}
    is_server = isinstance(server, PostgresServer)
    for table, columns in keyed_columns().items():
        for column in columns:
            number = f"get_byte({column}, 0)" if is_server else f"substr({column}, 1, 1)"
            for value, count in server.query(f"SELECT {number}, count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1"):
                value = value if is_server else value[0]
                counts[value] = counts.get(value, 0) + count
    return counts


def fill(server):
    """Something of nearly every kind; what is looked up afterwards."""
    known = {"ana": server.add_user(name="Ana", email="ana@example.com", phone="+14155550101", whatsapp="+14155550102",
                                    emergencyContact={"name": "Ida", "phone": "+14155550103"}),
             "bo": server.add_user(name="Bo", email="bo@example.com", phone="+14155550104")}
    made = server.ask("PUT", f"/api/v1/users/{known['ana']}/account", {"login": "ana", "role": "OPERATOR", "password": "a long password of ana"})
    checks.ok(made.status in (200, 201), "an account is made", made.status, made.text[:200])
    agent = server.post("/agents", {"name": "Bob", "script": "Hello."})["id"]
    lines = "\n".join(json.dumps({"phoneNumber": CALLEE % (number % 10000), "agentId": agent, "userId": "u1",
                                  "scheduledFor": "2099-01-06T10:00:00Z"}) for number in range(CALLS))
    for _ in range(1 if isinstance(server, PostgresServer) else 4):
        bulk = server.ask("POST", "/api/v1/scheduling/bulk", lines.encode(), headers={"Content-Type": "application/x-ndjson"})
        checks.equal((bulk.status, bulk.data["scheduled"]), (201, CALLS), "calls are scheduled", bulk.text[:200])
    for number in range(30):
        server.post("/do-not-call", {"phoneNumber": CALLEE % number, "reason": "asked"})
        server.post("/incidents", {"title": f"Fire {number}", "details": "In the attic", "userId": known["ana"]})
    known["agent"] = agent
    known["once"] = {"Idempotency-Key": "the one and only"}
    known["incident"] = server.ask("POST", "/api/v1/incidents", {"title": "Once"}, headers=known["once"]).data
    return known


def still_works(server, known, when):
    """What is found by a hash, and what is read from a seal."""
    again = server.ask("POST", "/api/v1/incidents", {"title": "Once"}, headers=known["once"])
    checks.equal(again.data, known["incident"], f"{when}: a repeated request is known")
    barred = server.ask("POST", "/api/v1/scheduling/schedule", {"phoneNumber": CALLEE % 3, "agentId": known["agent"], "userId": "u1",
                                                                "scheduledFor": "2099-01-06T10:00:00Z"})
    checks.ok(barred.status == 400 and "phoneNumber" in barred.text, f"{when}: a number on the do-not-call list is not called",
              barred.status, barred.text[:200])
    listed = server.ask("POST", "/api/v1/do-not-call", {"phoneNumber": CALLEE % 5, "reason": "asked again"})
    checks.equal(listed.status, 200, f"{when}: and is on it once")
    signed = server.ask("POST", "/api/v1/session", {"login": "ana", "password": "a long password of ana"}, key=None)
    checks.ok(signed.status in (200, 201), f"{when}: a login is found and its password fits", signed.status, signed.text[:200])
    twice = server.ask("PUT", f"/api/v1/users/{known['bo']}/account", {"login": "ANA", "role": "READER", "password": "a long password of bo"})
    checks.ok(twice.status in (409, 422), f"{when}: no login is there twice", twice.status, twice.text[:200])
    person = server.get(f"/users/{known['ana']}")
    checks.equal((person["name"], person["email"]), ("Ana", "ana@example.com"), f"{when}: a person is read")
    titles = {one["title"] for one in server.get("/incidents", limit=1000)["incidents"]}
    checks.ok({f"Fire {number}" for number in range(30)} <= titles, f"{when}: and all titles")


def state(server):
    return server.ask("GET", "/api/v1/data-key").data


def is_whole(server, when):
    code, text, error = tocsin(server, "audit", "verify")
    checks.ok(code == 0 and "is whole" in text, f"{when}: the audit trail is whole", text, error)
    checks.ok("cannot be read" not in server.log(), f"{when}: every row was read",
              [line for line in server.log().splitlines() if "cannot be read" in line][:3])


def kill_until_done(server, known, chance):
    """Kills the server at odd times until the change is over; how far it was each time."""
    places = []
    until = time.monotonic() + PATIENCE * 2
    while time.monotonic() < until:
        now = state(server)
        if not now["isChanging"]:
            return places
        is_inside = now["pass"] == 1 and now["rows"] > 0
        wish = (is_inside and not any(walk == 1 and rows > 0 for walk, rows in places)) or (len(places) < 4 and chance.random() < 0.02)
        if wish:
            server.kill()
            places.append((now["pass"], now["rows"]))
            server.start()
            still_works(server, known, f"killed in walk {now['pass']} after {now['rows']} rows")
    raise AssertionError(f"the change does not end: {state(server)}")


def changed_in_file(server, name):
    """The key file beside the database: no restart but those that we force."""
    known = fill(server)
    key_file = server.folder / "tocsin.db.key"
    old = key_file.read_text()
    before = first_bytes(server)
    checks.equal(set(before), {1}, f"{name}: all is sealed with key 1", before)
    copies = server.folder / "copies"
    copies.mkdir()
    if name == "SQLite":
        checks.equal(tocsin(server, "backup", copies / "before.db")[0], 0, "a backup of before")
    answer = server.ask("POST", "/api/v1/data-key/rotate")
    checks.equal((answer.status, answer.data["isChanging"], answer.data["number"]), (202, True, 2), f"{name}: a change begins", answer.text)
    checks.equal(server.ask("POST", "/api/v1/data-key/rotate").status, 409, f"{name}: a second one waits for its end")
    still_works(server, known, "just after the request")
    places = kill_until_done(server, known, random.Random(9))
    checks.ok(any(walk == 1 and rows > 0 for walk, rows in places) and len(places) >= 2, f"{name}: it was killed in the middle", places)
    after = first_bytes(server)
    checks.equal(set(after), {2}, f"{name}: no value of the old key is left", after)
    checks.equal((state(server)["number"], state(server)["unreadable"]), (2, 0), f"{name}: and none was lost", state(server))
    still_works(server, known, "afterwards")
    is_whole(server, name)
    checks.equal((server.folder / "tocsin.db.key.1").read_text(), old, f"{name}: the old key is kept for old backups")
    checks.ok(key_file.read_text() != old and not (server.folder / "tocsin.db.key.next").exists(), f"{name}: the new one has its place")
    checks.equal(oct(key_file.stat().st_mode & 0o777), "0o600", f"{name}: and is nobody else's")
    actions = [one["action"] for one in server.get("/audit", limit=1000, newest="true")["events"]]
    checks.equal((actions.count("DATA_KEY_CHANGE_BEGUN"), actions.count("DATA_KEY_CHANGED")), (1, 1), f"{name}: the trail tells of it, once")
    server.restart()
    still_works(server, known, "after a restart")
    for path in (old, key_file.read_text()):
        server.keep_secret(path, "a data key")
    server.check_logs(checks, f"the logs of {name}")
    return known, old, copies / "before.db"


def refuses_old_key(server, old, name):
    """With the old key alone nothing opens; nothing is changed by trying."""
    server.stop()
    code, _, error = tocsin(server, "keys", "list", TOCSIN_DATA_KEY=old)
    checks.ok(code == 1 and "is not the key" in error, f"{name}: the old key opens nothing", code, error)
    server.start()


def by_command(server, known):
    """The command beside the server, and where none runs; both again with what was there."""
    code, text, error = tocsin(server, "keys", "rotate-data")
    checks.ok(code == 0 and text.startswith("Data key 3: it has taken"), "the command waits for the server", code, text, error)
    checks.equal(set(first_bytes(server)), {3}, "and all is sealed with key 3")
    still_works(server, known, "after the command")
    server.stop()
    code, text, error = tocsin(server, "keys", "rotate-data")
    checks.ok(code == 0 and text.startswith("Data key 4: it has taken"), "without a server the command does it", code, text, error)
    checks.equal(set(first_bytes(server)), {4}, "and all is sealed with key 4")
    code, text, error = tocsin(server, "keys", "rotate-data", "--status")
    checks.ok(code == 0 and text.startswith("Data key 4"), "--status says how it went", text, error)
    server.start()
    still_works(server, known, "after three changes")
    is_whole(server, "after three changes")


def across_backups(server, copy, old):
    """A backup of before the change needs the key of before, and then has all that it had."""
    server.stop()
    code, _, error = tocsin(server, "restore", copy, "--replace")
    checks.ok(code == 1 and "is not the key" in error, "a backup of before is refused without its key", error)
    code, text, error = tocsin(server, "restore", copy, "--replace", TOCSIN_DATA_KEY_OLD=old)
    checks.ok(code == 0, "with it, it is restored", text, error)
    server.settings["TOCSIN_DATA_KEY_OLD"] = old
    server.start()
    checks.equal({one["name"] for one in server.get("/users")["users"]}, {"Ana", "Bo"}, "and read")
    checks.equal(server.ask("POST", "/api/v1/data-key/rotate").status, 202, "it can be brought to the present key")
    checks.ok(wait_until(lambda: not state(server)["isChanging"], PATIENCE), "which is done", state(server))
    server.settings.pop("TOCSIN_DATA_KEY_OLD")
    server.restart()
    checks.equal({one["name"] for one in server.get("/users")["users"]}, {"Ana", "Bo"}, "and needs the old key no more")
    is_whole(server, "after a restore")


def changed_in_settings(make):
    """TOCSIN_DATA_KEY: the new key comes with a start that has both."""
    first, second = "the first data key of this test", "the second data key of this test"
    server = make(TOCSIN_DATA_KEY=first).start()
    user = server.add_user(name="Eve", phone="+14155550105")
    refused = server.ask("POST", "/api/v1/data-key/rotate")
    checks.ok(refused.status == 400 and "TOCSIN_DATA_KEY_OLD" in refused.text, "without a new key it says what is needed",
              refused.status, refused.text)
    server.stop()
    code, _, error = tocsin(server, "keys", "list", TOCSIN_DATA_KEY=second)
    checks.ok(code == 1 and "is not the key" in error, "the new key alone opens nothing", error)
    key_file = server.folder / "old.key"
    key_file.write_text(first + "\n")
    server.settings.update({"TOCSIN_DATA_KEY": second, "TOCSIN_DATA_KEY_OLD_FILE": str(key_file)})
    server.start()
    checks.equal((state(server)["number"], state(server)["isChanging"]), (1, False), "both keys: nothing changes by itself")
    server.ask("POST", "/api/v1/data-key/rotate")
    time.sleep(2)
    server.kill()
    only = {**server.settings}
    only.pop("TOCSIN_DATA_KEY_OLD_FILE")
    kept, server.settings = server.settings, only
    code, _, error = tocsin(server, "keys", "list")
    checks.ok(code == 1 and "TOCSIN_DATA_KEY_OLD" in error, "in the middle both are needed", error)
    server.settings = kept
    server.start()
    checks.ok(wait_until(lambda: not state(server)["isChanging"], PATIENCE), "the change goes on and ends", state(server))
    server.settings = only
    server.restart()
    checks.equal(server.get(f"/users/{user}")["name"], "Eve", "then the new one is enough")
    checks.equal(set(first_bytes(server)), {2}, "and all is sealed with it")
    checks.equal([path.name for path in server.folder.glob("*.key*") if path.name != "old.key"], [], "no key file was made")
    server.stop()


def main():
    server = Server(checks, "sqlite", TOCSIN_LISTEN=f"127.0.0.1:{free_ports(1)[0]}").start()
    known, old, copy = changed_in_file(server, "SQLite")
    refuses_old_key(server, old, "SQLite")
    by_command(server, known)
    across_backups(server, copy, old)
    server.stop()
    changed_in_settings(lambda **settings: Server(checks, "settings", **settings))
    if postgres.missing():
        checks.skip("PostgreSQL", postgres.missing())
        return
    cluster = postgres.Cluster().start()
    checks.at_end(cluster.end)
    server = PostgresServer(checks, "postgres", cluster, TOCSIN_LISTEN=f"127.0.0.1:{free_ports(1)[0]}").start()
    known, old, _ = changed_in_file(server, "PostgreSQL")
    refuses_old_key(server, old, "PostgreSQL")
    by_command(server, known)
    server.stop()


checks.run(main)
