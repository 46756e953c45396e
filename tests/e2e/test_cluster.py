#!/usr/bin/env python3
"""Nodes on one PostgreSQL in a storm of incidents and meetings: nodes are killed, stopped for longer than their lease and woken,
cut off from all others and connected again, ended and started, their way to the database is held, and the database is restarted,
fast and as by a crash. Nothing lost, nothing twice but what is recorded as unknown.

  test_cluster.py            three nodes, 2,100 steps and 192 meetings, as script/test does it
  test_cluster.py --nodes 4 --incidents 6700 --lease 15 --pause 0.2
                             four and 20,100 steps, so long that all of it happens within the storm
  test_cluster.py --meetings 2000 --spread 300
                             so many meetings (64 or more, or 0), pushed over so many seconds

Where root and the kernel allow it each node is in a network namespace of its own, and cut off by its cable.

The real clock; the fake carrier and a mail server beside all nodes are the record of what went out. What clients were told, the
store's own account and that record must agree. Requirements N1, N3, A1, K2, E4, E5, C2, Q2, and rule 9 of the architecture. What
the meetings have to prove stands in tests/lib/meetings.py."""
import argparse
import collections
import datetime
import itertools
import json
import pathlib
import random
import re
import select
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "torture"))
import live  # noqa: E402
import meetings  # noqa: E402
import postgres  # noqa: E402
from carrier import ACCOUNT, Carrier  # noqa: E402
from link import Link, Namespace, no_namespaces  # noqa: E402
from live import Checks, wait_until  # noqa: E402
from mail import MailServer  # noqa: E402
from server import PostgresServer, run_commands  # noqa: E402
from stream import Stream  # noqa: E402

PARSER = argparse.ArgumentParser()
PARSER.add_argument("--nodes", type=int, default=3)
PARSER.add_argument("--incidents", type=int, default=700)
PARSER.add_argument("--meetings", type=int, default=192)
PARSER.add_argument("--spread", type=float, default=28)
PARSER.add_argument("--lease", type=int, default=3)
PARSER.add_argument("--pause", type=float, default=0.05)
GIVEN = PARSER.parse_args()
NODES, LEASE, INCIDENTS, PAUSE_SECONDS = GIVEN.nodes, GIVEN.lease, GIVEN.incidents, GIVEN.pause
PEOPLE = 60
ACKNOWLEDGED = INCIDENTS // 3
REPORTERS = 6
# On a machine that is very slow the checks of meetings that lay ahead are waited for, too.
SETTLE_SECONDS = 120 + INCIDENTS // 20 + (300 if GIVEN.meetings else 0)
STEPS = [{"afterSeconds": 1, "channel": channel} for channel in ("SMS", "CALL", "SMS")]
BLOWS = ["kill the sender", "stop the sender", "fast", "cut the sender", "kill another", "stop another", "immediate",
         "hold another", "end the sender"]
SETTINGS = {"TOCSIN_CLUSTER": "true", "TOCSIN_NODE_LEASE": str(LEASE), "TOCSIN_DATA_KEY": "5" * 64, "LOG_LEVEL": "info",
            "FEATURE_EMAIL": "false", "FEATURE_WHATSAPP": "false", "CALLS_PER_SECOND": "0", "SMS_SEGMENTS_PER_SECOND": "0",
            "TOCSIN_ALLOW_PRIVATE_FETCH": "true", **ACCOUNT}
IDLE_LOOKS_MAX = 10 + INCIDENTS // 100
checks = Checks()


class Balancer(threading.Thread):
    """What stands before the nodes: gives each connection to the next one that is well."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.nodes, self.turn = [], itertools.count()

    def run(self):
        while True:
            near, _ = self.listener.accept()
            threading.Thread(target=self.carry, args=(near,), daemon=True).start()

    def carry(self, near):
        with near:
            for _ in range(len(self.nodes)):
                node = self.nodes[next(self.turn) % len(self.nodes)]
                try:
                    far = node.is_well and socket.create_connection(("127.0.0.1", node.port), timeout=5)
                except OSError:
                    continue
                if far:
                    self.pump(near, far)
                    return

    @staticmethod
    def pump(near, far):
        with far:
            others = {near: far, far: near}
            while True:
                for one in select.select(list(others), [], [], 30)[0] or [None]:
                    try:
                        data = one.recv(65536) if one else b""
                        if not data:
                            return
                        others[one].sendall(data)
                    except OSError:
                        return


class Outer:
    """What is beside all nodes."""

    def __init__(self):
        self.balancer, self.mail = Balancer(), MailServer()
        self.balancer.start()
        checks.at_end(self.mail.end)
        self.carrier = Carrier(checks, self.balancer.url, speed=10)
        self.rules = checks.work / "rules.json"
        self.rules.write_text(json.dumps(meetings.RULES))


class Node(PostgresServer):
    """It reaches the database and the carrier, and is reached, over links; where there are namespaces, through its cable."""

    is_well = False

    def __init__(self, number, cluster, url, outer, space):
        outside, inside = (space.outside, space.inside) if space else ("127.0.0.1", "127.0.0.1")
        self.space, self.entrance = space, None
        self.way = Link(checks, cluster.port, at=outside)
        name = url.split("/")[3].split("?")[0]
        phone, post = (Link(checks, one.port, at=outside) for one in (outer.carrier, outer.mail))
        super().__init__(checks, f"node{number}", cluster, store_url=url, **{
            **SETTINGS, **meetings.SETTINGS, "TOCSIN_RULES_FILE": str(outer.rules), "SMTP_HOST": outside, "SMTP_PORT": str(post.port),
            "DATABASE_URL": f"postgresql://tocsin@{outside}:{self.way.port}/{name}?sslmode=disable",
            "TWILIO_API_BASE_URL": f"http://{outside}:{phone.port}", "TOCSIN_PUBLIC_URL": outer.balancer.url,
            "TOCSIN_LISTEN": f"{inside}:{8080 if space else 0}"})
        if space:
            self.before, self.entrance = space.before, Link(checks, 8080, host=inside)

    def start(self):
        super().start()
        if self.entrance:
            self.port = self.entrance.port
            self.url = f"http://127.0.0.1:{self.port}"
        self.is_well = True
        return self

    def number(self):
        return int(re.findall(r"this is node (\d+)", self.log())[-1])

    def kill(self):
        self.is_well = False
        super().kill()

    def stop(self):
        self.is_well = False
        return super().stop()


class Reporter(meetings.Caller):
    """Opens incidents and acknowledges some, at any node."""

    def __init__(self, storm, number):
        super().__init__(storm, number, PAUSE_SECONDS)

    def open_one(self, number):
        storm = self.storm
        body = {"title": f"storm {number}", "userId": storm.people[number % PEOPLE], "policy": "storm",
                "dedupKey": f"storm-{number}", "escalate": True}
        answer = self.send("/api/v1/incidents", body)
        if answer.status not in (200, 201):
            storm.odd.append((number, answer.status, answer.text[:200]))
            return
        (storm.created if answer.status == 201 else storm.joined)[number] = answer.data["id"]
        if number in storm.chosen:
            self.at += 1  # Another node than the one that opened it.
            self.acknowledge(answer.data["id"])

    def acknowledge(self, incident):
        answer = self.send(f"/api/v1/incidents/{incident}/acknowledge", {})
        was_kept = answer.status == 409 and (answer.body.get("error") or {}).get("from") == "ACKNOWLEDGED"
        if answer.status == 200 or was_kept:
            self.storm.taken.add(incident)
        else:
            self.storm.odd.append((incident, answer.status, answer.text[:200]))

    def run(self):
        for number in iter(lambda: next(self.storm.numbers), None):
            if number >= INCIDENTS:
                break
            self.open_one(number)
            self.pause.wait(self.pause_seconds)


def moment_of(line):
    return datetime.datetime.fromisoformat(line.split("Z ")[0] + "+00:00").timestamp()


def all_of(server, path, name):
    found, cursor = {}, {}
    while True:
        page = server.get(path, limit=1000, **cursor)
        found.update({one.get("id") or one["eventId"]: one for one in page[name]})
        if "cursor" not in page:
            return found
        cursor = {"cursor": page["cursor"]}


class Storm:
    all_of = staticmethod(all_of)

    def __init__(self, cluster, nodes, people):
        self.cluster, self.nodes, self.people = cluster, nodes, people
        self.numbers = itertools.count()
        self.chosen = set(random.Random(4).sample(range(INCIDENTS), ACKNOWLEDGED))
        self.created, self.joined, self.taken, self.odd = {}, {}, set(), []
        self.unanswered = self.refused = 0
        self.takeovers = []

    def ask(self, sql):
        return self.cluster.query(self.nodes[0].store_url, sql)

    def sender(self):
        """The node that holds shard 0; None while nobody does."""
        holder = self.ask("SELECT node FROM node_shards WHERE shard=0")[0][0]
        return next((node for node in self.nodes if node.is_running() and node.number() == holder), None)

    def is_whole(self):
        """Everybody is there, and every shard has a holder that is."""
        here = sorted(node.number() for node in self.nodes if node.is_well)
        rows = self.ask("SELECT node, count(*) FROM node_shards GROUP BY node ORDER BY node")
        return [node for node, _ in rows] == here and sum(count for _, count in rows) == 64

    def wait_taken_over(self, node, began):
        """By the log of whoever removed it; one that ends by itself is not removed."""
        number = node.number()
        free = wait_until(lambda: not self.ask(f"SELECT 1 AS one FROM node_shards WHERE node IN (0, {number})"), LEASE * 5)
        words = re.compile(rf"(\S+)Z warn .*node {number} is gone")
        found = [moment_of(line) for one in self.nodes for line in one.lines if words.match(line) and moment_of(line) >= began]
        if found:
            self.takeovers.append(min(found) - began)
        checks.ok(free, f"its work is with others after {min(found, default=time.time()) - began:.2f} s")
        return bool(found)


def strike(storm, blow):
    print(f"# {blow}", flush=True)
    cluster = storm.cluster
    if blow in ("fast", "immediate"):
        cluster.restart(blow)
        wait_until(storm.is_whole, 20)
        return
    wait_until(storm.sender, 10)
    sender = storm.sender()
    node = sender if "sender" in blow else next(one for one in storm.nodes if one is not sender)
    if blow.startswith("kill"):
        began = time.time()
        node.kill()
        storm.wait_taken_over(node, began)
        node.start()
    elif blow.split()[0] in ("stop", "hold", "cut"):
        away, back = {"stop": (lambda: node.signal(signal.SIGSTOP), lambda: node.signal(signal.SIGCONT)),
                      "hold": (node.way.hold, node.way.go_on),
                      "cut": (node.space and node.space.unplug, node.space and node.space.plug)}[blow.split()[0]]
        node.is_well = False
        began = time.time()
        away()
        storm.wait_taken_over(node, began)
        threading.Event().wait(LEASE)
        back()
        node.is_well = True
    else:
        began = time.time()
        node.stop()
        checks.ok(not storm.wait_taken_over(node, began), "which it handed over")
        node.start()
    # One whose cable was out may first have to learn that its connections are gone.
    checks.ok(wait_until(storm.is_whole, 20 + LEASE * 3), "it has its part again", storm.ask("SELECT node, count(*) FROM node_shards GROUP BY node"),
              *[one.log()[-600:] for one in storm.nodes])


def is_settled(storm):
    steps = storm.ask("SELECT count(*) FROM steps WHERE status='PENDING'")[0][0]
    # What the carrier told while nobody was there to hear it is asked for in a minute or two: its timer waits.
    asked = "SELECT 1 FROM timers t WHERE t.subject_id=m.id AND t.kind='POLL' AND t.state='PENDING'"
    messages = storm.ask("SELECT count(*) FROM messages m WHERE state IN ('QUEUED', 'SENDING') OR "
                         f"(state='SENT' AND channel<>'EMAIL' AND NOT EXISTS ({asked}))")[0][0]
    # So is the end of a ladder whose last call is over.
    ends = "SELECT 1 FROM timers t WHERE t.subject_id=i.id AND t.kind='LADDER' AND t.state='PENDING'"
    climbing = storm.ask("SELECT count(*) FROM incidents i WHERE state='ESCALATING' AND exhausted_at IS NULL AND "
                         f"NOT EXISTS ({ends})")[0][0]
    return (steps, messages, climbing) == (0, 0, 0)


def what_was_answered_is_there(storm):
    found = all_of(storm.nodes[0], "/incidents", "incidents")
    incidents = {id: one for id, one in found.items() if one["kind"] == "GENERIC"}
    told = {**storm.created, **storm.joined}
    print(f"# {len(storm.created)} answered with 201, {len(storm.joined)} kept without an answer, {storm.refused} refused for the "
          f"moment, {storm.unanswered} without an answer")
    checks.equal(storm.odd, [], "no request got a strange answer")
    checks.equal(sorted(told), list(range(INCIDENTS)), f"all {INCIDENTS} were answered in the end")
    checks.equal((len(incidents), sorted(set(told.values()) - set(incidents))), (INCIDENTS, []), "each is there, once")
    states = collections.Counter(one["state"] for one in incidents.values())
    checks.equal(dict(states), {"ACKNOWLEDGED": ACKNOWLEDGED, "ESCALATING": INCIDENTS - ACKNOWLEDGED}, "a third is acknowledged")
    checks.equal([one for one in storm.taken if incidents[one]["state"] != "ACKNOWLEDGED"], [], "what was answered as such is")
    ladders = storm.ask("SELECT count(*) FROM (SELECT s.incident_id FROM steps s JOIN incidents i ON i.id=s.incident_id WHERE "
                        f"i.kind='GENERIC' GROUP BY s.incident_id HAVING count(*)={len(STEPS)}) s")
    checks.equal(ladders[0][0], INCIDENTS, "every incident has its whole ladder, and has it once")


def every_step_is_accounted_for(storm):
    account = storm.nodes[1].get("/verify")
    group = next(one for one in account["groups"] if one["kind"] == "STEP")
    parts = {name: group[name] for name in ("onTime", "late", "skipped", "cancelled", "failed", "underWay")}
    print(f"# {group['due']} due: {parts}, {group['lost']} lost, {account['repeatedAfterUnknown']} repeated, "
          f"{group['lateMaxMs']} ms late at most")
    missed = storm.ask("SELECT count(*) FROM steps s JOIN incidents i ON i.id=s.incident_id WHERE i.kind='MISSED_MEETING'")[0][0]
    checks.equal(group["due"], INCIDENTS * len(STEPS) + missed, f"all {INCIDENTS * len(STEPS)} steps were due, and {missed} of missed meetings")
    checks.equal((account["lost"], group["lost"], account["isWhole"]), (0, 0, True), "none is lost")
    checks.equal((sum(parts.values()), group["underWay"]), (group["due"], 0), "what became of them adds up")
    checks.equal(account["quarantined"], 0, "no timer was given up")


def the_record_agrees(storm, carrier):
    """The carrier's record against the store."""
    messages = all_of(storm.nodes[-1], "/messages", "messages")
    accepted = collections.Counter(fact["attempt"] for fact in carrier.facts("accepted"))
    checks.equal([one for one in accepted if one not in messages], [], f"all {sum(accepted.values())} sends of the record are known")
    checks.equal([one for one, count in accepted.items() if count > 1], [], "none of them was made twice")
    repeats = {one["stepId"] for one in messages.values() if one["repeatAfterUnknown"] and one.get("stepId")}
    rung = collections.Counter((messages[one]["stepId"], messages[one].get("userId")) for one in accepted
                               if messages[one].get("stepId"))
    twice = [key for key, count in rung.items() if count > (2 if key[0] in repeats else 1)]
    checks.equal(twice, [], f"no step reached a person twice, but {len(repeats)} that were repeated after an unknown fate")
    sent = {id for id, one in messages.items() if one["state"] in ("SENT", "DELIVERED", "ANSWERED") and one["channel"] != "EMAIL"}
    checks.equal(sorted(sent - set(accepted)), [], "whatever the store calls sent, the carrier took")
    checks.equal(carrier.facts("wrong"), [], "the carrier holds nothing against us")
    reached = {messages[one]["stepId"] for one in accepted}
    open_steps = storm.ask("SELECT count(*) FROM steps WHERE status NOT IN ('DONE', 'SKIPPED', 'CANCELLED', 'EXECUTED')")
    print(f"# {len(reached)} steps went out; others than ended: {open_steps}")


def the_trail_holds(storm):
    run = run_commands(checks, "after", **storm.nodes[0].settings)
    for words in (("audit", "verify"), ("verify",)):
        code, out, errors = run(*words)
        checks.ok(code == 0, f"{' '.join(words)}: {out.strip().splitlines()[-1:]}", out, errors)


def they_are_shown(storm):
    shown = storm.nodes[1].get("/nodes")["nodes"]
    checks.equal([one["id"] for one in shown], sorted(node.number() for node in storm.nodes), "GET /nodes shows them")
    checks.equal((sum(one["timerShards"] for one in shown), sum(one["sending"] for one in shown)), (63, 1),
                 "all shards have a holder, and one sends", shown)
    checks.ok(all(0 < one["leaseMs"] <= LEASE * 1000 for one in shown), "their leases run", shown)


def one_hears_of_all(storm):
    """Whoever listens to one node is told what happens at another."""
    reader = Stream(storm.nodes[0].port)
    storm.nodes[1].post("/incidents", {"title": "heard elsewhere", "userId": storm.people[0]})
    began = time.monotonic()
    events = reader.wait_events(1, 5)
    checks.ok(events, f"an event of one node reaches a listener of another, {(time.monotonic() - began) * 1000:.0f} ms after its answer")
    reader.close()


def one_bars_for_all(storm):
    """What is written down about a callee by one node counts at once at every other, which has it in memory."""
    agent = storm.nodes[0].post("/agents", {"name": "Ava", "script": "Hello."})["id"]
    call = {"agentId": agent, "userId": "u1", "scheduledFor": f"{datetime.date.today().year + 1}-01-06T10:00:00Z"}
    seen = []
    for number, one in enumerate(storm.nodes):
        phone = f"+1415556{number:04d}"
        before = [other.ask("POST", "/api/v1/scheduling/schedule", {**call, "phoneNumber": phone}).status for other in storm.nodes]
        row = one.post("/do-not-call", {"phoneNumber": phone})["id"]
        after = [other.ask("POST", "/api/v1/scheduling/schedule", {**call, "phoneNumber": phone}).status for other in storm.nodes]
        one.ask("DELETE", f"/api/v1/do-not-call/{row}")
        again = [other.ask("POST", "/api/v1/scheduling/schedule", {**call, "phoneNumber": phone}).status for other in storm.nodes]
        seen.append({*before, *again} == {201} and set(after) == {400})
    checks.ok(all(seen), "a number that one node bars is called by none, until it is taken off the list", seen)


def nobody_else_writes(storm):
    run = run_commands(checks, "alone", **storm.nodes[0].settings)
    for words, more in (("serve", {"TOCSIN_CLUSTER": "false"}), ("import", {}), ("migrate", {})):
        code, _, errors = run(words, **more)
        checks.ok(code == 1 and "another process is using this database" in errors, f"{words} beside nodes is refused", code, errors)
    code, _, errors = run("check-config", DATABASE_URL=None)
    checks.ok(code == 3 and "TOCSIN_CLUSTER needs a DATABASE_URL of PostgreSQL" in errors, "nodes do not share a file", code, errors)
    code, _, errors = run("check-config", TOCSIN_NODE_LEASE="2")
    checks.ok(code == 3 and "TOCSIN_NODE_LEASE must be between 3 and 300 seconds" in errors, "a lease has its bounds", code, errors)


def idle_costs_little(storm):
    """Statements are not counted by a plain server; transactions are, and a look at the leases is one. Providers are still asked
    for a while what became of the last messages; the first six seconds in which nothing is due are taken."""
    def count():
        return storm.cluster.query("postgres", "SELECT sum(xact_commit)::int FROM pg_stat_database WHERE datname LIKE 'd%'")[0][0]
    rates = []
    while not rates or (rates[-1] >= 2 * 15 / LEASE and len(rates) < IDLE_LOOKS_MAX):
        threading.Event().wait(1.5)
        before = count()
        threading.Event().wait(6)
        rates.append((count() - before) / 6 / NODES)
    checks.ok(rates[-1] < 2 * 15 / LEASE, f"{rates[-1]:.2f} transactions a second and node while nothing happens, with a lease of {LEASE} s", rates)


def main():
    if postgres.missing():
        live.skip(postgres.missing())
    outer = Outer()
    carrier = outer.carrier
    lonely = no_namespaces()
    with postgres.Cluster(address="127.0.0.1") as cluster:
        url = cluster.create()
        nodes = [Node(number, cluster, url, outer, None if lonely else Namespace(checks, number))
                 for number in range(NODES)]
        threads = [threading.Thread(target=node.start) for node in nodes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        checks.ok(all(node.is_well for node in nodes), "nodes that start at once make one schema")
        outer.balancer.nodes = nodes
        people = [nodes[number % NODES].add_user(name=f"Person {number}", phone=f"+1415555{number:04d}") for number in range(PEOPLE)]
        nodes[0].post("/policies", {"name": "storm", "steps": STEPS})
        storm = Storm(cluster, nodes, people)
        checks.ok(wait_until(storm.is_whole, 10), "they share the work", storm.ask("SELECT node, count(*) FROM node_shards GROUP BY node"))
        plan = meetings.Plan(storm, carrier, GIVEN.meetings, GIVEN.spread)
        reporters = [Reporter(storm, number) for number in range(REPORTERS)]
        began = time.monotonic()
        for reporter in reporters:
            reporter.start()
        plan.start()
        for blow in BLOWS:
            threading.Event().wait(2)
            if lonely and blow.startswith("cut"):
                checks.skip(blow, lonely)
            else:
                strike(storm, blow)
        for reporter in reporters:
            reporter.join(60 + INCIDENTS / 20)
        plan.join(60 + GIVEN.spread)
        checks.ok(wait_until(lambda: is_settled(storm) and plan.is_settled(), SETTLE_SECONDS), "the storm comes to rest",
                  storm.ask("SELECT state, count(*) FROM messages GROUP BY state"), *[node.log()[-800:] for node in nodes])
        print(f"# {time.monotonic() - began:.1f} s of storm; takeovers after {[round(one, 2) for one in storm.takeovers]} s")
        checks.ok(max(storm.takeovers) <= LEASE + 0.5, f"a node that is gone is replaced within its lease of {LEASE} s (half a second "
                  "more is this machine's)", storm.takeovers)
        what_was_answered_is_there(storm)
        every_step_is_accounted_for(storm)
        the_record_agrees(storm, carrier)
        if plan.count:
            meetings.check_all(checks, storm, plan, outer.mail)
        they_are_shown(storm)
        one_hears_of_all(storm)
        one_bars_for_all(storm)
        nobody_else_writes(storm)
        idle_costs_little(storm)
        for node in nodes:
            checks.equal(node.stop()[0], 0, "it stops well")
        checks.equal(storm.ask("SELECT count(*) FROM nodes")[0][0], 0, "and is no node any more")
        the_trail_holds(storm)
        for node in nodes:
            errors = [line for line in node.log().splitlines() if " error [" in line and "ESCALATION_EXHAUSTED" not in line
                      and "[STORE]" not in line]
            checks.equal(errors[:5], [], "nothing but the store's absence was logged as an error")
            node.check_logs(checks)


if __name__ == "__main__":
    checks.run(main)
