#!/usr/bin/env python3
"""Retention with two nodes on one PostgreSQL and one TOCSIN_ARCHIVE_DIR. In the midst of a sweep the node that does it is killed,
stopped for longer than its lease and woken, ended, and killed again; each time the other goes on with it. Whatever is past its
keeping is in the files or in the database, each row once; the files are what the database knows of them, and the sweep ends once.
Requirements E6, N1."""
import collections
import json
import pathlib
import re
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import live  # noqa: E402
import postgres  # noqa: E402
from live import Checks, wait_until  # noqa: E402
from server import PostgresServer, run_commands  # noqa: E402

LEASE = 3
INCIDENTS, MEETINGS, STEPS_EACH = 200, 60, 150
ID_BITS = 12
ARCHIVED = ("incidents", "steps", "meetings", "alerts", "checkins", "messages", "message_bodies", "message_events", "call_logs")
BLOWS = ["kill", "stop", "end", "kill"]
SETTINGS = {"TOCSIN_DATA_KEY": "6" * 64, "TOCSIN_NODE_LEASE": str(LEASE)}
checks = Checks()


def fill(past):
    """Two years ago: meetings, some of them missed, and incidents that texted somebody, by the API; most of their steps by SQL."""
    ana = past.add_user(name="Ana", phone="+14155550101", email="ana@example.com")
    past.post("/policies", {"name": "text", "steps": [{"channel": "SMS"}]})
    past.sync(ana, events=[{"externalId": f"old-{number}", "title": f"old meeting {number}", "startsAt": "2024-01-05T10:00:00Z"}
                           for number in range(MEETINGS)])
    for meeting in past.get("/meetings", userId=ana, limit=1000)["meetings"][::2]:
        past.ask("POST", f"/api/v1/meetings/{meeting['eventId']}/checkin", {"userId": ana, "status": "JOINED"})
    opened = [past.post("/incidents", {"title": f"old incident {number}", "userId": ana, "policy": "text", "escalate": True})["id"]
              for number in range(INCIDENTS)]
    past.advance(3 * 3600)
    missed = [one["id"] for one in past.get("/incidents", limit=1000)["incidents"] if one["kind"] == "MISSED_MEETING"]
    for incident in opened + missed:
        past.ask("POST", f"/api/v1/incidents/{incident}/resolve")
    # One that nobody ended: it stays with all that it has, whatever its age.
    left = past.post("/incidents", {"title": "never ended", "userId": ana, "policy": "text", "escalate": True})["id"]
    past.advance(60)
    past.stop()
    add_steps(past)
    return left


def add_steps(past):
    columns = [name for name, in past.query("SELECT column_name FROM information_schema.columns WHERE table_name='steps' ORDER BY "
                                            "ordinal_position")]
    new = {"id": f"(SELECT max(id) FROM steps) + {1 << ID_BITS} + row_number() OVER ()", "round": "2 + number", "status": "'CANCELLED'",
           "message_id": "NULL::bigint", "executed_at": "NULL::bigint", "reason": "'resolved'"}
    past.query(f"INSERT INTO steps SELECT {', '.join(new.get(name, 's.' + name) for name in columns)} FROM steps s JOIN incidents i ON "
               f"i.id=s.incident_id AND i.kind='GENERIC' AND i.state='RESOLVED', generate_series(1, {STEPS_EACH}) AS number")


class House:
    """Two nodes, what they keep, and where they put what is old."""

    def __init__(self, cluster, url):
        self.cluster, self.url = cluster, url
        self.folder = checks.folder("archives")
        self.nodes = [PostgresServer(checks, f"node{number}", cluster, store_url=url, TOCSIN_CLUSTER="true", LOG_LEVEL="info",
                                     TOCSIN_ARCHIVE_DIR=str(self.folder), **SETTINGS) for number in range(2)]

    def look(self):
        """(rows in the database, how often each row stands in what counts of the files), of one moment: one question, and what
        counts of a file is never changed."""
        rows, files = set(), {}
        tables = " UNION ALL ".join(f"SELECT '{table}' AS name, id AS number FROM {table}" for table in ARCHIVED)
        for name, number in self.cluster.query(self.url, f"{tables} UNION ALL SELECT name, bytes FROM archives"):
            if name in ARCHIVED:
                rows.add((name, number))
            else:
                files[name] = number
        found = collections.Counter()
        for name, size in files.items():
            for line in (self.folder / name).read_bytes()[:size].splitlines():
                row = json.loads(line)
                found[row["table"], row["row"]["id"]] += 1
        return rows, found

    def is_exact(self, before, when):
        rows, archived = self.look()
        twice = [row for row, count in archived.items() if count > 1]
        both = [row for row in archived if row in rows]
        lost = [row for row in before if row not in rows and row not in archived]
        checks.equal((twice[:3], both[:3], lost[:3]), ([], [], []), f"{when} every row is in one place, {len(archived)} of them in files")
        return archived

    def archived_rows(self):
        return self.cluster.query(self.url, "SELECT coalesce(sum(row_count), 0)::int FROM archives")[0][0]

    @staticmethod
    def runs(node):
        """How many portions a node swept since it was started."""
        return next(one for one in node.get("/queue")["kinds"] if one["kind"] == "NIGHTLY")["sinceStart"]["run"]

    def sweeper(self):
        """Whoever goes on with it, and the other one."""
        before = [self.runs(node) for node in self.nodes]
        found = []

        def goes_on():
            found[:] = [node for node, count in zip(self.nodes, before) if self.runs(node) > count + 1]
            return found
        wait_until(goes_on, LEASE * 5)
        return (found[0], next(node for node in self.nodes if node is not found[0])) if len(found) == 1 else (None, found)


def strike(house, blow, before):
    node, other = house.sweeper()
    if not checks.ok(node, f"{blow}: one of the nodes sweeps, and the other does not", other):
        return
    ran, rows = house.runs(other), house.archived_rows()
    began = time.monotonic()
    if blow == "kill":
        node.kill()
    elif blow == "stop":
        node.signal(signal.SIGSTOP)
    else:
        checks.equal(node.stop()[0], 0, "it ends well")
    goes_on = wait_until(lambda: house.runs(other) > ran + 1 and house.archived_rows() > rows, LEASE * 5)
    checks.ok(goes_on, f"the other goes on after {time.monotonic() - began:.2f} s", other.log()[-800:])
    house.is_exact(before, f"after '{blow}'")
    if blow == "stop":
        node.signal(signal.SIGCONT)
    else:
        node.start()
    checks.ok(wait_until(lambda: len(other.get("/nodes")["nodes"]) == 2, 20), "both are there again", other.get("/nodes"))


def it_ends_once(house, before, left):
    node = house.nodes[0]
    checks.ok(wait_until(lambda: node.get("/archives")["retention"].get("sweptAt"), 60), "the sweep comes to its end", node.get("/archives"))
    archived = house.is_exact(before, "at the end")
    kept = set(before) & house.look()[0]
    of_left = {number for number, in node.query("SELECT id FROM incidents WHERE state='ESCALATING'")}
    checks.ok(len(of_left) == 1 and len(kept) == len(before) - len(archived) < 10, "all went but the incident that is open", sorted(kept)[:20])
    checks.equal(node.get(f"/incidents/{left}")["id"], left, "which can still be shown")
    told = [int(count) for one in house.nodes for count in re.findall(r"archived what was past its keeping: .*rows (\d+)", one.log())]
    checks.equal(told, [len(archived)], "one node said, once, that all of it went")
    ends = node.query("SELECT count(*) FROM audit_events WHERE action='RETENTION_SWEPT'")
    checks.equal(ends, [(1,)], "and so does the trail")
    shown = [one.get("/archives") for one in house.nodes]
    checks.ok(shown[0] == shown[1] and len(shown[0]["archives"]) >= 3, "both show the same files, one of each process that wrote", shown)
    for one in house.nodes:
        verify = one.get("/verify")
        checks.ok(verify["isWhole"] and verify["countersWrong"] == 0, "verify agrees", verify)


def can_be_read(house):
    run = run_commands(checks, "commands", **house.nodes[0].settings)
    code, said, _ = run("archive", "verify")
    checks.ok(code == 0 and "all of them whole" in said, "the files are what the database knows of them", said)
    code, said, _ = run("archive", "show")
    rows = [json.loads(line) for line in said.splitlines()]
    titles = sorted(row["row"]["title"] for row in rows if row["table"] == "incidents" and row["row"]["kind"] == "GENERIC")
    checks.equal(titles, sorted(f"old incident {number}" for number in range(INCIDENTS)), "whichever node wrote them, they can be read")
    for words in (("audit", "verify"), ("verify",)):
        code, said, errors = run(*words)
        checks.ok(code == 0, f"{' '.join(words)} agrees", said, errors)


def main():
    if postgres.missing():
        live.skip(postgres.missing())
    with postgres.Cluster() as cluster:
        url = cluster.create()
        past = PostgresServer(checks, "past", cluster, store_url=url, at="2024-01-05T09:00:00Z", LOG_LEVEL="warn", **SETTINGS).start()
        left = fill(past)
        house = House(cluster, url)
        before, archived = house.look()
        checks.ok(len(before) > INCIDENTS * STEPS_EACH and not archived, f"{len(before)} rows are two years old")
        starts = [threading.Thread(target=node.start) for node in house.nodes]
        for start in starts:
            start.start()
        for start in starts:
            start.join()
        began = time.monotonic()
        for blow in BLOWS:
            strike(house, blow, before)
        it_ends_once(house, before, left)
        print(f"# the sweep took {time.monotonic() - began:.1f} s")
        for node in house.nodes:
            checks.equal(node.stop()[0], 0, "it stops well")
            node.check_logs(checks)
        can_be_read(house)


checks.run(main)
