#!/usr/bin/env python3
"""Tocsin on a real PostgreSQL server: what a wrong DATABASE_URL is told, one writer, and a load during which Tocsin is
killed and PostgreSQL is restarted, fast and as by a crash: nothing lost, nothing twice. Requirements N1, A1, A3, K2, E5."""
import http.client
import os
import pathlib
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import postgres  # noqa: E402
import test_kill  # noqa: E402
from live import ADMIN_KEY, BUILD, wait_until  # noqa: E402
from server import Client, PostgresServer, bytes_of, headers_of, run_commands  # noqa: E402

checks = test_kill.checks
LIVES = 12
BLOWS = ["tocsin", "fast", "immediate", "tocsin", "immediate", "fast", "tocsin", "immediate"]


class Pusher(test_kill.Pusher):
    """Knows a refusal (503: nothing was changed) from an unknown fate (504, or no answer)."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.refused = []

    def run(self):
        number, client = 0, Client(self.server.port, 30)
        while not self.is_over.is_set():
            number += 1
            event = f"{self.name}-{number}"
            body = {"userId": self.random.choice(self.users),
                    "events": [{"externalId": event, "title": event,
                                "startsAt": test_kill.moment(120 + self.random.uniform(0.2, 6))}]}
            client.port = self.server.port
            try:
                answer = client.send("POST", "/calendar/sync", bytes_of(body), headers_of(ADMIN_KEY, b""))
            except (OSError, http.client.HTTPException):
                self.unknown.append(event)
            else:
                self.take(event, answer)
            self.is_over.wait(0.05)

    def take(self, event, answer):
        if answer.status == 200 and answer.body["created"] == 1:
            self.taken.append(event)
        elif answer.status == 503:
            self.refused.append(event)
        elif answer.status == 504:
            self.unknown.append(event)
        else:
            self.odd.append((event, answer.status, answer.text[:200]))


def wrong_urls(cluster):
    run = run_commands(checks, "urls")
    socket = cluster.sockets
    cases = [
        (f"postgresql://tocsin@/nowhere?host={socket}", 'database "nowhere" does not exist'),
        (f"postgresql://stranger@/postgres?host={socket}", 'role "stranger" does not exist'),
        ("postgresql://tocsin:secret-word@127.0.0.1:1/x", "Connection refused"),
        ("postgresql://tocsin@/x?sslmod=verify-full", 'invalid URI query parameter: "sslmod"'),
        ("postgresql://tocsin:secret-word@[::1/x", "DATABASE_URL: it must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE"),
        ("mysql://x", "DATABASE_URL must be sqlite:PATH or postgresql://USER@HOST/DATABASE"),
    ]
    for url, words in cases:
        code, out, errors = run("migrate", DATABASE_URL=url)
        checks.ok(code == 1 and "DATABASE_URL" in errors and words in errors, f"it is told: {words}", code, errors)
        checks.ok("secret-word" not in out + errors, "and no password is", out + errors)
    code, out, _ = run("check-config", DATABASE_URL="postgresql://tocsin:secret-word@db/x")
    checks.ok(code == 0 and "DATABASE_URL=(set)" in out and "secret-word" not in out, "check-config shows no password", out)


def commands(cluster):
    """The commands that open the store, on one that a server of ours has made."""
    url = cluster.create()
    run = run_commands(checks, "commands", DATABASE_URL=url)
    code, out, errors = run("migrate")
    checks.ok(code == 0 and "has schema" in out, "migrate makes the schema", errors)
    checks.equal(run("migrate")[0], 0, "and finds it made")
    checks.ok(run("audit", "verify")[0] == 0 and run("verify")[0] == 0, "audit verify and verify read it")
    server = PostgresServer(checks, "second", cluster, store_url=url, TOCSIN_DATA_DIR=str(checks.work / "commands")).start()
    code, out, errors = run("migrate")
    checks.ok(code == 1 and "another process is using this database" in errors, "one process writes", errors)
    checks.equal(run("verify")[0], 0, "beside it is read")
    made = run("keys", "list")
    checks.equal(made[0], 0, "its keys too", made)
    server.stop()
    code, _, errors = run("migrate", TOCSIN_DATA_KEY="another key that has not sealed it")
    checks.ok(code == 1 and "TOCSIN_DATA_KEY is not the key" in errors, "another data key is refused", errors)
    cluster.query(url, "INSERT INTO schema_migrations (number, checksum) VALUES (99, 'x')")
    code, _, errors = run("migrate")
    checks.ok(code == 1 and "has schema 99, this binary knows" in errors, "so is a schema of a newer binary", errors)


def strike(server, cluster):
    chance = random.Random(5)
    for blow in BLOWS:
        threading.Event().wait(0.5 + chance.random() * 2)
        if blow == "tocsin":
            server.kill()
            server.start()
        else:
            cluster.restart(blow)


def refusals_changed_nothing(server, pushers):
    stored = {name for name, in server.query("SELECT external_id FROM meetings")}
    refused = [event for pusher in pushers for event in pusher.refused]
    checks.equal([event for event in refused if event in stored], [], f"none of {len(refused)} that were refused is stored")
    checks.ok(refused, "and some were refused while PostgreSQL was away")


def under_load(cluster):
    server = PostgresServer(checks, "load", cluster, LOG_LEVEL="info").start()
    users = [server.add_user(name=f"Person {number}", email=f"p{number}@example.org", phone=f"+346003{number:05d}")
             for number in range(10)]
    test_kill.push_many(server, users)
    pushers = [Pusher(server, users, f"p{number}") for number in range(test_kill.PUSHERS)]
    for pusher in pushers:
        pusher.start()
    strike(server, cluster)
    for pusher in pushers:
        pusher.is_over.set()
        pusher.join(40)
    checks.ok(wait_until(lambda: test_kill.is_settled(server), 60), "it comes to rest", server.log()[-1500:])
    test_kill.acknowledged_is_there(server, pushers)
    refusals_changed_nothing(server, pushers)
    test_kill.every_stage_is_accounted_for(server)
    test_kill.nothing_went_out_twice(server)
    checks.equal(server.query("SELECT count(*) FROM timers WHERE state='FAILED'")[0][0], 0, "no timer was given up")
    checks.equal(server.ask("GET", "/health", key=None).status, 200, "it is well")
    checks.equal(server.stop()[0], 0, "it stops well")
    run = run_commands(checks, "load", DATABASE_URL=server.store_url)
    for words in (("audit", "verify"), ("verify",)):
        code, out, errors = run(*words)
        checks.ok(code == 0, f"{' '.join(words)}: {out.strip().splitlines()[-1:]}", out, errors)
    server.check_logs(checks)


def answer_of_a_commit_is_lost(cluster):
    """A commit that is durable here waits for a copy that does not exist, and its session is ended over that: it was kept,
    and whoever asked for it is told so."""
    server = PostgresServer(checks, "lost", cluster, LOG_LEVEL="info").start()
    server.add_user(name="Before")
    cluster.query("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    cluster.query("postgres", "SELECT pg_reload_conf()")
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event='SyncRep'"
    answers, asking, before = [], None, 1
    # Its checkpointer has to have read the setting.
    while asking is None or (answers and answers[0].status == 201 and before < 50):
        before += len(answers)
        answers.clear()
        asking = threading.Thread(target=lambda: answers.append(server.ask("POST", "/api/v1/users", {"name": "Ada"}, seconds=60)))
        asking.start()
        wait_until(lambda: answers or cluster.query("postgres", waiting), 20)
    checks.ok(cluster.query("postgres", waiting), "the commit waits")
    checks.equal(answers, [], "and is not answered before it is sure")
    cluster.query("postgres", "ALTER SYSTEM RESET synchronous_standby_names")
    for pid, in cluster.query("postgres", waiting):
        cluster.query("postgres", f"SELECT pg_terminate_backend({pid})")
    cluster.query("postgres", "SELECT pg_reload_conf()")
    asking.join(60)
    checks.ok(answers and answers[0].status == 201, "its answer was lost on the way to us, and read back", answers and answers[0].text)
    checks.equal(server.query("SELECT count(*) FROM users")[0][0], before + 1, "it is there, once")
    checks.ok(wait_until(lambda: server.ask("POST", "/api/v1/users", {"name": "Bo"}).status == 201, 15), "and on it goes")
    checks.equal(server.stop()[0], 0, "it stops well")


def lives_are_the_same(cluster):
    """The simulation under faults, with its invariants, on PostgreSQL; and a seed tells the same story on both engines."""
    def live(*words, url=""):
        done = subprocess.run([str(BUILD / "tocsin-sim"), *words], env={**os.environ, "TOCSIN_WORLD_DATABASE": url},
                              capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout, done.stderr
    code, out, errors = live("--seed", "1", "--seeds", str(LIVES), "--until", "3h", "--quiet", url=cluster.url())
    checks.ok(code == 0, f"{LIVES} lives keep every invariant on PostgreSQL", out[-1000:], errors[-1000:])
    story = ("--seed", "7", "--seeds", "2", "--until", "3h")
    checks.equal(live(*story, url=cluster.url()), live(*story), "a seed gives the same trace on both engines")


def starts_without_a_server(cluster):
    """A start while PostgreSQL is away says so and ends; systemd tries again."""
    url = cluster.create()
    run = run_commands(checks, "away", DATABASE_URL=url)
    checks.equal(run("migrate")[0], 0, "there is a schema")
    cluster.stop()
    began = time.monotonic()
    code, _, errors = run("serve")
    checks.ok(code == 1 and "DATABASE_URL" in errors and time.monotonic() - began < 15, "without PostgreSQL it does not start", errors)
    cluster.start()


def main():
    if postgres.missing():
        print(f"1..0 # SKIP {postgres.missing()}")
        sys.exit(0)
    with postgres.Cluster(durable=True) as cluster:
        wrong_urls(cluster)
        commands(cluster)
        lives_are_the_same(cluster)
        starts_without_a_server(cluster)
        answer_of_a_commit_is_lost(cluster)
        under_load(cluster)


if __name__ == "__main__":
    checks.run(main)
