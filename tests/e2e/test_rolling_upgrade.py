#!/usr/bin/env python3
"""A rolling upgrade: three nodes share a PostgreSQL while clients report and acknowledge; one after the other is ended and started
again as a newer binary, whose additive migration runs while the old ones work: a table, and columns of the tables that are busiest,
beside whatever the old ones have prepared. No answer is lost, no step either; an old binary goes on as long as it runs, and does not
start on the newer schema. Requirements N1, N3.

The new binary is a real one: this source with one more migration, compiled and linked by the build's own commands."""
import http.client
import pathlib
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import live  # noqa: E402
import postgres  # noqa: E402
from live import ADMIN_KEY, BUILD, ROOT, Checks, need, wait_until  # noqa: E402
from server import Client, PostgresServer, bytes_of, headers_of, run_commands  # noqa: E402

NODES, LEASE, CLIENTS = 3, 3, 4
PAUSE_SECONDS = 0.05
STEPS = [{"afterSeconds": 1, "channel": "SMS"}, {"afterSeconds": 1, "channel": "SMS"}]
NEXT = ("CREATE TABLE of_the_next_version (id @id, incident_id @int NOT NULL, note TEXT); "
        "CREATE INDEX next_by_incident ON of_the_next_version (incident_id); "
        "ALTER TABLE incidents ADD COLUMN next_note TEXT; ALTER TABLE steps ADD COLUMN next_place @int; "
        "ALTER TABLE messages ADD COLUMN next_weight @int NOT NULL DEFAULT 7;")
SETTINGS = {"TOCSIN_CLUSTER": "true", "TOCSIN_NODE_LEASE": str(LEASE), "TOCSIN_DATA_KEY": "7" * 64, "LOG_LEVEL": "info"}
checks = Checks()


def known_schema():
    return max(int(path.name[:4]) for path in (ROOT / "migrations").glob("*.sql"))


def newer_binary(folder):
    """This one with one more migration."""
    ninja = need("ninja")
    if not (BUILD / "build.ninja").exists():
        live.skip(f"{BUILD} has no build.ninja, by which a newer binary is made")
    listed = subprocess.run([ninja, "-C", BUILD, "-t", "commands", "tocsin"], check=True, capture_output=True, text=True).stdout
    commands = [line for line in listed.splitlines() if not line.startswith("ninja: ")]
    compile_one = next(line for line in commands if line.endswith("src/store/migrate.c"))
    source, linked = folder / "migrate_next.c", folder / "tocsin"
    text = (ROOT / "src/store/migrate.c").read_text(encoding="utf-8")
    last = f"migration_{known_schema():04}}}"
    if text.count(last) != 1:
        raise AssertionError(f"src/store/migrate.c does not end its list by {last}")
    text = text.replace(last, f"{last[:-1]}, migration_next}}")
    text = text.replace("static const char *const migrations[]", f'static const char migration_next[] = "{NEXT}";\n'
                        "static const char *const migrations[]")
    source.write_text(text, encoding="utf-8")
    compiled = re.sub(r" -MD -MQ \S+ -MF \S+ -o \S+ -c \S+$", f" -o {folder}/migrate_next.o -c {source}", compile_one)
    # In front of the library, whose own piece is then not wanted.
    link = re.sub(r" -o tocsin (\S+)", rf" -o {linked} \1 {folder}/migrate_next.o", commands[-1])
    for command in (compiled, link):
        done = subprocess.run(command, shell=True, cwd=BUILD, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{command[:200]}: {done.stderr[-1500:]}")
    return linked


class Reporter(threading.Thread):
    """Opens incidents and acknowledges every other one, at any node, until it is told to end."""

    def __init__(self, nodes, people, number):
        super().__init__(daemon=True)
        self.nodes, self.people, self.at, self.name = nodes, people, number, f"r{number}"
        self.is_over = threading.Event()
        self.opened, self.taken, self.odd = {}, set(), []

    def send(self, path, body):
        content = bytes_of(body)
        while True:
            client = Client(self.nodes[self.at % NODES].port, 10)
            try:
                answer = client.send("POST", path, content, headers_of(ADMIN_KEY, content))
                if answer.status not in (503, 504):
                    return answer
            except (OSError, http.client.HTTPException):
                pass
            finally:
                client.close()
            self.at += 1
            self.is_over.wait(PAUSE_SECONDS)

    def run(self):
        number = 0
        while not self.is_over.is_set():
            number += 1
            key = f"{self.name}-{number}"
            answer = self.send("/api/v1/incidents", {"title": key, "userId": self.people[number % len(self.people)], "policy": "rolling",
                                                     "dedupKey": key, "escalate": True})
            if answer.status not in (200, 201):
                self.odd.append((key, answer.status, answer.text[:200]))
                continue
            incident = self.opened[key] = answer.data["id"]
            self.at += 1
            if number % 2:
                answer = self.send(f"/api/v1/incidents/{incident}/acknowledge", {})
                was_kept = answer.status == 409 and answer.body["error"].get("from") == "ACKNOWLEDGED"
                if answer.status == 200 or was_kept:
                    self.taken.add(incident)
                else:
                    self.odd.append((key, answer.status, answer.text[:200]))
            self.is_over.wait(PAUSE_SECONDS)


def schema_of(node):
    return node.query("SELECT max(number) FROM schema_migrations")[0][0]


def works(node, person, text):
    """It opens an incident, one of whose steps goes out, has it taken and shows it, at the first attempt."""
    incident = {"title": "beside", "userId": person, "policy": "promptly", "escalate": True}
    opened = wait_until(lambda: (answer := node.ask("POST", "/api/v1/incidents", incident)).status == 201 and answer.data["id"], 20)
    if checks.ok(opened, text, node.log()[-600:]):
        steps = f"/incidents/escalations/{opened}"
        sent = wait_until(lambda: any(one["status"] == "EXECUTED" for one in node.get(steps)["steps"]), 20)
        taken = node.ask("POST", f"/api/v1/incidents/{opened}/acknowledge", {})
        state = node.get(f"/incidents/{opened}")["state"]
        checks.equal((bool(sent), taken.status, state), (True, 200, "ACKNOWLEDGED"), "from the first to the last", node.log()[-600:])


def old_rows_fit(node):
    """What was written by binaries that know nothing of the columns."""
    for table, column, wanted in (("incidents", "next_note", None), ("steps", "next_place", None), ("messages", "next_weight", 7)):
        found = node.query(f"SELECT {column} AS value, count(*) FROM {table} GROUP BY 1")
        checks.ok([value for value, _ in found] == [wanted], f"every row of {table} has the new column", found)


def roll(nodes, person, newer, old):
    """One after the other."""
    for node in nodes:
        works(node, person, "the old binary works, and has prepared its statements")
    for number, node in enumerate(nodes):
        checks.equal(node.stop()[0], 0, f"node {number} ends")
        if number:
            node.program = old
            code, _, errors = run_commands(checks, f"late{number}", **node.settings)("serve")
            checks.ok(code == 1 and f"has schema {known_schema() + 1}, this binary knows {known_schema()}" in errors,
                      "the old binary does not start on the newer schema, and says why", code, errors)
        node.program = newer
        node.start()
        checks.equal(schema_of(node), known_schema() + 1, "the newer one does; the schema is its own")
        works(node, person, "and takes changes")
        for other in nodes[number + 1:]:
            works(other, person, "a node of the old binary goes on beside it")
        shared = wait_until(lambda: sum(one["timerShards"] > 0 for one in nodes[-1].get("/nodes")["nodes"]) == NODES, 30)
        checks.ok(shared, "all have a part of the work", nodes[-1].get("/nodes"))
        threading.Event().wait(1)


def nothing_is_lost(nodes, reporters):
    opened = {incident for one in reporters for incident in one.opened.values()}
    taken = set().union(*[one.taken for one in reporters])
    checks.equal([fault for one in reporters for fault in one.odd][:3], [], f"{len(opened)} incidents were opened without a strange answer")
    steps = "SELECT count(*) FROM steps WHERE status='PENDING'"
    checks.ok(wait_until(lambda: nodes[0].query(steps) == [(0,)], 60), "every step comes to its end")
    # One that was called off counts as due from its time on.
    wait_until(lambda: nodes[0].query(f"SELECT count(*) FROM steps WHERE scheduled_at>{int(time.time() * 1000)}") == [(0,)], 60)
    there = {incident: state for incident, state in ((one["id"], one["state"]) for one in all_incidents(nodes[1]))}
    checks.equal(sorted(opened - set(there)), [], "each that was answered is there")
    checks.equal([one for one in taken if there[one] != "ACKNOWLEDGED"], [], f"{len(taken)} were taken, and still are")
    account = nodes[2].get("/verify")
    group = next(one for one in account["groups"] if one["kind"] == "STEP")
    checks.equal((group["due"], group["lost"], account["lost"]), (len(there) * len(STEPS), 0, 0), "each step was due, and none is lost")


def all_incidents(node):
    found, cursor = [], {}
    while True:
        page = node.get("/incidents", limit=1000, **cursor)
        found += page["incidents"]
        if "cursor" not in page:
            return found
        cursor = {"cursor": page["cursor"]}


def main():
    if postgres.missing():
        live.skip(postgres.missing())
    newer = newer_binary(checks.folder("newer"))
    with postgres.Cluster() as cluster:
        url = cluster.create()
        nodes = [PostgresServer(checks, f"node{number}", cluster, store_url=url, **SETTINGS) for number in range(NODES)]
        for node in nodes:
            node.start()
        people = [nodes[0].add_user(name=f"Person {number}", phone=f"+1415555{number:04d}") for number in range(20)]
        nodes[0].post("/policies", {"name": "rolling", "steps": STEPS})
        nodes[0].post("/policies", {"name": "promptly", "steps": [{"channel": "SMS"}, *STEPS[1:]]})
        checks.equal(schema_of(nodes[0]), known_schema(), "the old binaries have their schema")
        reporters = [Reporter(nodes, people, number) for number in range(CLIENTS)]
        for reporter in reporters:
            reporter.start()
        roll(nodes, people[0], newer, nodes[0].program)
        for reporter in reporters:
            reporter.is_over.set()
        for reporter in reporters:
            reporter.join(30)
        nothing_is_lost(nodes, reporters)
        made = nodes[0].query("SELECT count(*) FROM information_schema.tables WHERE table_name='of_the_next_version'")
        checks.equal(made, [(1,)], "what the newer version adds is there, once")
        old_rows_fit(nodes[0])
        for node in nodes:
            checks.equal(node.stop()[0], 0, "it stops well")
            errors = [line for line in node.log().splitlines() if " error [" in line and "ESCALATION_EXHAUSTED" not in line]
            checks.equal(errors[:5], [], "nothing was logged as an error")
            node.check_logs(checks)


checks.run(main)
