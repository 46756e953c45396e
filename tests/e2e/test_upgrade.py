#!/usr/bin/env python3
"""Upgrades: a store of each earlier schema, with what could be in it then, is brought to this one by `tocsin migrate`, on SQLite
and on PostgreSQL; nothing of it is lost or changed, `tocsin verify` and `tocsin audit verify` find all in order, and the server
does with it what is new.

A store of schema K is one of today without what the migrations after K have made, which are all additions: that is checked first."""
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import postgres  # noqa: E402
from live import BUILD, ROOT, Checks, environment_of  # noqa: E402
from server import Server  # noqa: E402

DATA_KEY = "of-the-upgrade-test-and-of-nothing-else-0123456789"
KEPT = ("users", "meetings", "alerts", "checkins", "incidents", "steps", "messages", "message_events", "call_logs", "audit_events", "timers")
MADE = re.compile(r"CREATE\s+(?:UNIQUE\s+)?(TABLE|INDEX)\s+(\w+)")
checks = Checks()


class SqliteStore:
    def __init__(self, name, origin=None):
        self.name, self.folder = name, checks.folder(name)
        self.settings = {"TOCSIN_DATA_DIR": str(self.folder), "TOCSIN_DATA_KEY": DATA_KEY}
        if origin:
            shutil.copytree(origin.folder, self.folder, dirs_exist_ok=True)

    def execute(self, *statements):
        store = sqlite3.connect(self.folder / "tocsin.db")
        for statement in statements:
            store.execute(statement)
        store.commit()
        store.close()

    def rows(self, table):
        store = sqlite3.connect(f"file:{self.folder}/tocsin.db?mode=ro", uri=True)
        found = store.execute(f"SELECT * FROM {table}").fetchall()
        store.close()
        return found


class PostgresStore:
    cluster = None

    def __init__(self, name, origin=None):
        self.name, self.folder = name, checks.folder(name)
        self.database = name.replace("-", "_")
        self.cluster.query("postgres", f"CREATE DATABASE {self.database}" + (f" TEMPLATE {origin.database}" if origin else ""))
        self.settings = {"TOCSIN_DATA_DIR": str(self.folder), "TOCSIN_DATA_KEY": DATA_KEY, "DATABASE_URL": self.cluster.url(self.database)}

    def execute(self, *statements):
        self.cluster.query(self.database, "; ".join(statements))

    def rows(self, table):
        return self.cluster.query(self.database, f"SELECT * FROM {table}")


def tocsin(store, *words):
    done = subprocess.run([str(BUILD / "tocsin"), *words], capture_output=True, text=True, timeout=120, env=environment_of(store.settings))
    return done.returncode, done.stdout, done.stderr


def server_of(store, at):
    return Server(checks, store.name, at=at, folder=store.folder, **store.settings)


def fill(store):
    """What the first schema knew: people, meetings with their stages, a check-in, an incident with its ladder, messages."""
    server = server_of(store, "2026-01-05T08:40:00Z").start()
    people = [server.add_user(name=f"Ana {n}", email=f"ana{n}@example.org", phone=f"+3460012340{n}") for n in range(3)]
    events = [server.push(person, f"standup {n}", "2026-01-05T09:00:00Z") for n, person in enumerate(people)]
    answer = server.ask("POST", f"/meetings/{events[0]}/checkin", {"userId": people[0], "status": "JOINED"})
    checks.equal(answer.status, 200, f"{store.name}: somebody has joined", answer.text)
    server.advance(45 * 60)
    server.stop()
    counts = {table: len(rows) for table, rows in content(store).items()}
    checks.ok(all(counts.values()), f"{store.name}: there is something in each table that is kept", counts)


def text_of(number):
    return next((ROOT / "migrations").glob(f"{number:04}_*.sql")).read_text(encoding="utf-8")


def take_back(store, schema, newest):
    """Leaves what `schema` had."""
    for number in range(newest, schema, -1):
        made = [f"DROP {kind} {name}" for kind, name in MADE.findall(text_of(number))]
        store.execute(*reversed(made), f"DELETE FROM schema_migrations WHERE number={number}")


def content(store):
    return {table: sorted(store.rows(table), key=repr) for table in KEPT}


def is_whole(store, when):
    for words in (("verify",), ("audit", "verify")):
        code, out, err = tocsin(store, *words)
        checks.equal(code, 0, f"{store.name}: tocsin {' '.join(words)} finds all in order {when}", out[-800:], err[-400:])


def can_do_what_is_new(store):
    server = server_of(store, "2026-01-06T08:00:00Z").start()
    people = server.get("/users")["users"]
    server.post("/policies", {"name": "new", "steps": [{"channel": "EMAIL"}]})
    incident = server.post("/incidents", {"title": "New", "userId": people[0]["id"], "policy": "new", "escalate": True})
    agent = server.post("/agents", {"name": "New", "script": "Hello.", "language": "en"})["id"]
    call = server.post("/scheduling/schedule", {"phoneNumber": "+14155550123", "agentId": agent, "userId": "new",
                                               "scheduledFor": "2026-01-06T09:00:00Z", "respectBusinessHours": False})
    server.advance(2 * 3600)
    sent = [one["state"] for one in server.messages(subjectId=incident["id"])]
    ended = server.get(f"/scheduling/scheduled-calls/{call['scheduledCallId']}")["status"]
    checks.equal((len(people), len(sent), set(sent) <= {"SENT", "DELIVERED"}, ended), (3, 1, True, "completed"),
                 f"{store.name}: the people are there, and a policy, an incident and a call of today work", sent)
    server.stop()


def upgrade(store, missing):
    before = content(store)
    code, out, err = tocsin(store, "migrate")
    checks.ok(code == 0 and f" {missing} migration" in err, f"{store.name}: {missing} migrations run", out, err)
    after = content(store)
    checks.equal([table for table in KEPT if before[table] != after[table]], [], f"{store.name}: nothing in {len(KEPT)} tables is lost or changed")
    is_whole(store, "after that")
    can_do_what_is_new(store)
    is_whole(store, "at the end")


def from_each_schema(kind, name, newest):
    origin = kind(f"{name}-origin")
    fill(origin)
    for schema in range(newest - 1, 0, -1):
        store = kind(f"{name}-schema-{schema}", origin)
        take_back(store, schema, newest)
        upgrade(store, newest - schema)


def main():
    newest = max(int(path.name[:4]) for path in (ROOT / "migrations").glob("*.sql"))
    for number in range(2, newest + 1):
        checks.ok(not re.search(r"\b(ALTER|DROP|UPDATE|DELETE)\b", text_of(number)), f"migration {number} only adds")
    from_each_schema(SqliteStore, "sqlite", newest)
    if postgres.missing():
        checks.skip("the same on PostgreSQL", postgres.missing())
        return
    with postgres.Cluster() as PostgresStore.cluster:
        from_each_schema(PostgresStore, "postgres", newest)


checks.run(main)
