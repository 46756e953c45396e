#!/usr/bin/env python3
"""Three nodes on one PostgreSQL with Redis beside them, in a storm of incidents during which Redis is killed, emptied, frozen,
filled with nonsense, full, and started empty again, and a node is killed. Nothing lost, nothing twice, and the index is what the
database says again within a bounded time. How late timers run is measured with Redis, and while it is away. Requirement N2 and
rule 9 of the architecture: Redis says "look", never what is true."""
import pathlib
import re
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import live  # noqa: E402
import postgres  # noqa: E402
import redis_server  # noqa: E402
import test_cluster as cluster_test  # noqa: E402
from carrier import Carrier  # noqa: E402
from live import wait_until  # noqa: E402
from server import run_commands  # noqa: E402

checks = cluster_test.checks
cluster_test.INCIDENTS = 600
cluster_test.ACKNOWLEDGED = 200
cluster_test.PAUSE_SECONDS = 0.2

PASSWORD = "s3cret-of-redis"
SHARDS = 64
NONSENSE = 200  # Members in each shard.
AWAY_SECONDS = 2
# A comparison every half minute at most, and what the last changes before it took.
AGREES_WITHIN = 45
QUIET_INCIDENTS = 120


class Node(cluster_test.Node):
    """It has the database and the carrier at hand: nothing is cut off here but Redis."""

    def __init__(self, *given, **settings):
        cluster_test.PostgresServer.__init__(self, *given, **settings)
        self.space = self.entrance = None


def key(shard):
    return f"tocsin:{{{shard:02}}}:due"


def far_away(number):
    """A member of ours that no timer has."""
    return f"STEP:{(1 << 58) + number}"


def fill_with_nonsense(redis):
    """Members of others, timers that do not exist and are due since 1970, times that are none; half of what is there goes."""
    commands = []
    for shard in range(SHARDS):
        members = [("0", far_away(number)) for number in range(NONSENSE)]
        members += [("-inf", "NIGHTLY:17"), ("1e300", "nonsense"), ("1", ""), ("2", "x" * 100000)]
        commands.append(["ZADD", key(shard), *[word for pair in members for word in pair]])
        commands.append(["ZREMRANGEBYRANK", key(shard), "-3", "-1"])
        commands.append(["ZUNIONSTORE", key(shard), "1", key(shard), "WEIGHTS", "0.5"])
    redis.commands(commands)


def spoil_types(redis):
    redis.commands([["SET", key(shard), "not a set"] if shard % 2 else ["HSET", key(shard), "a", "b"] for shard in range(SHARDS)])


def shout(redis, storm):
    """Garbage, lines of ours about nothing, and real timers under wrong times."""
    ids = [one for one, in storm.ask("SELECT id FROM steps ORDER BY id LIMIT 50")]
    lines = "".join(f"STEP:{one} 0\n" for one in ids) + "".join(f"{far_away(number)} 1\n" for number in range(1000))
    garbage = [b"", b"\x00\xff" * 5000, b"\n" * 10000, b"STEP:", lines.encode(), b"T 0 1 2 3\n" * 100, b"y" * 6000000]
    redis.commands([["PUBLISH", "tocsin:wake:0", one] for one in garbage])


def strike(storm, redis, blow):
    print(f"# {blow}", flush=True)
    pause = threading.Event()
    if blow == "killed":
        redis.kill()
        pause.wait(2)
        redis.start()
    elif blow == "emptied":
        redis.command("FLUSHALL")
    elif blow == "frozen":
        redis.signal(signal.SIGSTOP)
        pause.wait(4)
        redis.signal(signal.SIGCONT)
    elif blow == "filled with nonsense":
        fill_with_nonsense(redis)
    elif blow == "keys of other types":
        spoil_types(redis)
    elif blow == "garbage on the channel":
        shout(redis, storm)
    elif blow == "full":
        redis.command("CONFIG", "SET", "maxmemory", "1")
        pause.wait(2)
        redis.command("CONFIG", "SET", "maxmemory", "0")
    else:
        cluster_test.strike(storm, blow)


BLOWS = ["killed", "emptied", "frozen", "filled with nonsense", "kill another", "keys of other types", "garbage on the channel",
         "full", "killed"]


def it_agrees(run, after, within=AGREES_WITHIN):
    """The index and the database, seen from outside of all nodes."""
    began = time.monotonic()
    code, out, errors = run("redis", "verify", "--wait", within)
    checks.ok(code == 0 and "agrees with the database" in out,
              f"after {after} the index agrees with the database, {time.monotonic() - began:.1f} s later", out, errors)
    return out


def metric(node, name):
    text = node.ask("GET", "/api/v1/metrics").text
    return float(re.search(rf"^{name} (\S+)$", text, re.M).group(1))


def lateness(storm, title):
    """Of steps of incidents that one node opened; two thirds of them are timers of others."""
    found = storm.ask("SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY late) AS p50, percentile_disc(0.99) WITHIN GROUP "
                      "(ORDER BY late) AS p99, max(late) AS most, count(*) AS count FROM (SELECT s.claimed_at - s.scheduled_at AS late "
                      f"FROM steps s JOIN incidents i ON i.id=s.incident_id WHERE i.dedup_key LIKE '{title}-%' AND s.claimed_at IS NOT "
                      "NULL) x")[0]
    return found


def quiet(storm, title):
    """Incidents one after another, all opened at the first node."""
    pause = threading.Event()
    for number in range(QUIET_INCIDENTS):
        body = {"title": title, "userId": storm.people[number % len(storm.people)], "policy": "quick",
                "dedupKey": f"{title}-{number}", "escalate": True}
        answer = storm.nodes[0].ask("POST", "/api/v1/incidents", body)
        if answer.status != 201:
            raise AssertionError(f"{answer.status} {answer.text[:300]}")
        pause.wait(0.02)
    wanted = f"SELECT count(*) FROM steps s JOIN incidents i ON i.id=s.incident_id WHERE i.dedup_key LIKE '{title}-%' AND s.status='PENDING'"
    checks.ok(wait_until(lambda: storm.ask(wanted)[0][0] == 0, 30), f"{title}: all steps ran")
    p50, p99, most, count = lateness(storm, title)
    print(f"# lateness of {count} steps, {title}: p50 {p50} ms, p99 {p99} ms, at most {most} ms", flush=True)
    checks.equal(count, QUIET_INCIDENTS, f"{title}: each is measured")
    # A timer that nobody was told of would wait for the next comparison, half a minute.
    checks.ok(p99 <= 5000, f"{title}: nobody waited for a comparison", p99)
    return p99


def settings_are_checked(storm, run):
    secret = "redis://tocsin:p4ssword@127.0.0.1:99999/0"
    for more, words in (({"REDIS_URL": secret}, "REDIS_URL"), ({"REDIS_URL": "rediss://:p4ssword@r"}, "TLS is not spoken"),
                        ({"REDIS_HOST": "r"}, "not both"), ({"REDIS_URL": None, "REDIS_HOST": "r", "REDIS_PORT": "tcp://r:1"}, "REDIS_PORT"),
                        ({"REDIS_URL": None, "REDIS_HOST": "r", "REDIS_DB": "-1"}, "REDIS_DB")):
        code, out, errors = run("check-config", **more)
        checks.ok(code == 3 and words in errors and "p4ssword" not in out + errors, f"check-config names it: {words}", code, out, errors)
    code, out, errors = run("check-config")
    checks.ok(code == 0 and "REDIS_URL=(set)" in out and PASSWORD not in out + errors, "a good one is not shown", out, errors)
    code, out, errors = run("check-config", DATABASE_URL=None, TOCSIN_CLUSTER=None)
    checks.ok(code == 0 and "REDIS_URL: of no use with SQLite" in out, "with SQLite it is said that it is of no use", out, errors)
    path = checks.work / "redis-url"
    path.write_text(storm.nodes[0].settings["REDIS_URL"] + "\n")
    code, out, errors = run("redis", "due", REDIS_URL=None, REDIS_URL_FILE=path)
    checks.equal(code, 0, "it may come from a file", errors)
    for words, wanted in ((("redis",), 2), (("redis", "verify", "--wait", "0"), 2), (("redis", "due", "--count", "x"), 2)):
        checks.equal(run(*words)[0], wanted, f"{' '.join(words)} is called wrongly")
    code, _, errors = run("redis", "verify", REDIS_URL=None)
    checks.ok(code == 1 and "REDIS_URL" in errors, "without Redis there is nothing to verify", code, errors)


def commands_say_what_they_did(redis, run):
    out = run("redis", "due", "--count", "3")[1]
    lines = out.splitlines()
    checks.ok(1 <= len(lines) <= 3 and all(re.fullmatch(r"\S+Z [A-Z_]+ [0-9a-f-]{36}", line) for line in lines) and lines == sorted(lines),
              "redis due shows what is due next, in its order", out)
    redis.command("ZADD", key(5), "1", far_away(1))
    redis.command("ZADD", key(5), "1", far_away(2))
    code, out, _ = run("redis", "verify", "--wait", "1")
    checks.ok(code == 3 and re.search(r"differs from the database: \d+ timers wait; in the index 0 were missing, 0 had another time, 2 were "
                                      r"of no timer", out), "redis verify finds two strangers", code, out)
    code, out, _ = run("redis", "rebuild")
    checks.ok(code == 0 and "2 were of no timer" in out, "redis rebuild takes them out", code, out)
    code, out, _ = run("redis", "verify", "--wait", "1")
    checks.equal(code, 0, "and then they agree", out)


def a_row_nobody_heard_of_runs(storm):
    """Changed behind the backs of all nodes: their memory says in an hour, and no other node was told anything. The comparison of
    the index with the rows finds it."""
    due = "SELECT due_at FROM timers WHERE kind='CLEAN' AND subject_id IS NULL AND ended_at IS NULL"
    now_ms = int(time.time() * 1000)
    storm.ask("UPDATE timers SET due_at=%d WHERE kind='CLEAN' AND subject_id IS NULL AND ended_at IS NULL" % (now_ms - 1000))
    began = time.monotonic()
    ran = wait_until(lambda: all(at > now_ms for at, in storm.ask(due)), AGREES_WITHIN)
    checks.ok(ran, f"a timer that no node had heard of ran {time.monotonic() - began:.1f} s later", storm.ask(due))


def it_is_shown_when_it_is_away(storm, redis):
    node = storm.nodes[1]

    def health():
        return node.ask("GET", "/health").body

    checks.equal(metric(node, "tocsin_redis_up"), 1, "metrics say that Redis is used")
    redis.kill()
    found = wait_until(lambda: "Redis cannot be used" in (health().get("reason") or "") and health(), 20)
    checks.ok(found and found["status"] == "degraded", "health is degraded while Redis is away", health())
    checks.equal(metric(node, "tocsin_redis_up"), 0, "and metrics say so")
    late = quiet(storm, "without Redis")
    began = time.monotonic()
    code, took = storm.nodes[2].stop()
    checks.ok(code == 0 and took < 10, f"a node ends while Redis is away, in {took:.1f} s", code)
    storm.nodes[2].start()
    redis.start()
    back = wait_until(lambda: metric(node, "tocsin_redis_up") == 1, 30)
    checks.ok(back and "Redis" not in (health().get("reason") or ""), f"it is used again {time.monotonic() - began:.1f} s later", health())
    return late


def it_is_logged_once(storm):
    for node in storm.nodes:
        lines = [line for line in node.log().splitlines() if "Redis" in line]
        away = [line for line in lines if "cannot be used" in line]
        again = [line for line in lines if "is in order" in line]
        checks.ok(1 <= len(away) <= 3 * len(BLOWS) and len(again) >= 1 and all(a != b for a, b in zip(lines, lines[1:])),
                  f"{len(away)} absences were logged, each once", *lines)
        node.keep_secret(PASSWORD, "Redis' password")


def one_node_alone_keeps_it_too(cluster, redis):
    """Without TOCSIN_CLUSTER, over the socket, in a database of its own."""
    settings = {**cluster_test.SETTINGS, "TOCSIN_CLUSTER": "false", "SMS_PROVIDER": "mock", "CALL_PROVIDER": "mock",
                "REDIS_URL": f"unix://:{PASSWORD}@{redis.folder}/socket?db=1"}
    node = Node(checks, "alone", cluster, store_url=cluster.create(), **settings).start()
    run = run_commands(checks, "beside-one", **node.settings)
    user = node.add_user(name="Alone", phone="+14155559999")
    node.post("/policies", {"name": "later", "steps": [{"afterSeconds": 3600, "channel": "SMS"}]})
    node.post("/incidents", {"title": "alone", "userId": user, "policy": "later", "escalate": True})
    out = it_agrees(run, "an incident of one node alone", 10)
    waiting = int(re.search(r"(\d+) timers wait", out).group(1))
    steps = run("redis", "due")[1].count(" STEP ")
    checks.ok(waiting >= 2 and steps == 1, f"its step is among {waiting} timers", out)
    checks.equal(node.stop()[0], 0, "it stops well, too")
    checks.ok(redis.command("DBSIZE") > 0, "the database of the cluster is another", redis.command("DBSIZE"))


def main():
    if postgres.missing() or redis_server.missing():
        live.skip(postgres.missing() or redis_server.missing())
    balancer = cluster_test.Balancer()
    balancer.start()
    carrier = Carrier(checks, balancer.url, speed=10)
    redis = redis_server.Redis(PASSWORD)
    checks.at_end(redis.end)
    redis.start()
    with postgres.Cluster() as cluster:
        url = cluster.create()
        settings = {**cluster_test.SETTINGS, "REDIS_URL": redis.url(), "HEALTH_REDIS_AWAY_SECONDS": str(AWAY_SECONDS)}
        nodes = [Node(checks, f"node{number}", cluster, store_url=url, TOCSIN_PUBLIC_URL=balancer.url,
                                   TWILIO_API_BASE_URL=carrier.url, **settings) for number in range(cluster_test.NODES)]
        for node in nodes:
            node.start()
        balancer.nodes = nodes
        people = [nodes[number % 3].add_user(name=f"Person {number}", phone=f"+1415555{number:04d}") for number in range(cluster_test.PEOPLE)]
        nodes[0].post("/policies", {"name": "storm", "steps": cluster_test.STEPS})
        nodes[0].post("/policies", {"name": "quick", "steps": cluster_test.STEPS[:1]})
        storm = cluster_test.Storm(cluster, nodes, people)
        run = run_commands(checks, "commands", **nodes[0].settings)
        checks.ok(wait_until(storm.is_whole, 10), "they share the work", storm.ask("SELECT node, count(*) FROM node_shards GROUP BY node"))
        settings_are_checked(storm, run)
        it_agrees(run, "the start")
        reporters = [cluster_test.Reporter(storm, number) for number in range(cluster_test.REPORTERS)]
        for reporter in reporters:
            reporter.start()
        for blow in BLOWS:
            threading.Event().wait(2)
            strike(storm, redis, blow)
        for reporter in reporters:
            reporter.join(60)
        it_agrees(run, "the storm")
        checks.ok(wait_until(lambda: cluster_test.is_settled(storm), 150), "the storm comes to rest")
        cluster_test.what_was_answered_is_there(storm)
        cluster_test.every_step_is_accounted_for(storm)
        cluster_test.the_record_agrees(storm, carrier)
        it_agrees(run, "the rest")
        commands_say_what_they_did(redis, run)
        with_redis = quiet(storm, "with Redis")
        a_row_nobody_heard_of_runs(storm)
        without = it_is_shown_when_it_is_away(storm, redis)
        print(f"# p99 with Redis {with_redis} ms, without {without} ms; "
              f"put right {[metric(node, 'tocsin_redis_repairs_total') for node in nodes]}, "
              f"left out {[metric(node, 'tocsin_redis_left_out_total') for node in nodes]}, "
              f"looked at {[metric(node, 'tocsin_redis_wakes_total') for node in nodes]}")
        it_agrees(run, "its absence")
        it_is_logged_once(storm)
        one_node_alone_keeps_it_too(cluster, redis)
        for node in nodes:
            checks.equal(node.stop()[0], 0, "it stops well")
        cluster_test.the_trail_holds(storm)
        for node in nodes:
            node.check_logs(checks)


checks.run(main)
