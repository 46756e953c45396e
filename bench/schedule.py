"""script/bench schedule: scheduled calls, and the same work on BullMQ with Redis behind fastify, in one run.

Two stores of ours and two of the peer's are measured: empty ones, and ones that hold 2,000,000 pending calls. Rounds take turns
(ours, the peer with an fsync a command, the peer with one a second), so that a busy quarter of an hour disturbs all of them.
The comparison that counts is `appendfsync always`: like us it answers after the disk has it. The peer is in bench/peers; npm
installs its libraries from the lock file into the build's folder. Who misses npm, node or redis-server gets our figures alone.
"""
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

PEERS = pathlib.Path(__file__).resolve().parent / "peers"
PATH = "/api/v1/scheduling/schedule"
# What both are asked: {n} and {m} count, {id} is one of a thousand owners, {start} one of 109 times over ten days.
CALL = ('{"phoneNumber":"+1415555{%s}","agentId":"%s","userId":"{id}","scheduledFor":"{start}","timezone":"Europe/Berlin",'
        '"businessHours":{"start":"09:00","end":"17:00","daysOfWeek":[1,2,3,4,5]},'
        '"metadata":{"name":"Ana {%s}","place":"Hauptstrasse 12","about":"your appointment on Tuesday"},"priority":"medium"}')
DUE = ('{"phoneNumber":"+1415555{m}","agentId":"%s","userId":"{id}","scheduledFor":"%s","respectBusinessHours":false,'
       '"metadata":{"name":"Ana {m}"}}')
AGENT = {"name": "Bench", "greeting": "Hello {{name}}.", "script": "This is about {{about|your appointment}}."}
PEER_AGENT = "00000000-0000-4000-8000-000000000000"
BULK_ROWS = 10000
DUE_SECONDS_MAX = 120


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def spread(call, **options):
    """The options of the load generator for calls at 109 times over ten days, from tomorrow."""
    return {"body": call, "first": iso(int(time.time()) + 86400), "step_us": 7919 * 1000000, "cycle": 109, **options}


class Peer:
    """fastify and BullMQ with a Redis of their own on free ports of this machine."""

    def __init__(self, bench, name):
        self.bench = bench
        self.folder = bench.folder / name
        self.folder.mkdir()
        self.modules = install(bench)
        self.redis_port = free_port()
        self.processes = []
        self.port = None

    def __enter__(self):
        with open(self.folder / "redis.log", "wb") as log:
            self.processes.append(subprocess.Popen(
                ["redis-server", "--bind", "127.0.0.1", "--port", str(self.redis_port), "--save", "", "--appendonly", "yes",
                 "--appendfsync", "no", "--auto-aof-rewrite-percentage", "0", "--dir", str(self.folder)], stdout=log, stderr=log))
        for _ in range(200):
            if self.redis("ping") == "PONG":
                break
            time.sleep(0.05)
        server = subprocess.Popen(["node", "schedule.js", "serve", str(self.redis_port)], cwd=self.modules, stdout=subprocess.PIPE,
                                  text=True, env={"PATH": "/usr/bin:/bin:/usr/local/bin", "AGENTS": PEER_AGENT})
        self.processes.append(server)
        self.port = int(server.stdout.readline())
        # Code that has run for a while is compiled well; that is not the peer's speed but its beginning.
        self.bench.load(self.port, "none", path=PATH, ids=owners(self.folder), **spread(CALL % ("n", PEER_AGENT, "n"), seconds=2))
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            process.wait(60)
        shutil.rmtree(self.folder)

    def redis(self, *command):
        done = subprocess.run(["redis-cli", "-p", str(self.redis_port), *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, check=False)
        return done.stdout.strip()

    def sync(self, policy):
        if self.redis("config", "set", "appendfsync", policy) != "OK":
            raise OSError("redis-cli cannot set appendfsync")

    def run(self, what, count):
        done = subprocess.run(["node", "schedule.js", what, str(self.redis_port), str(count)], cwd=self.modules, check=True,
                              stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout) if done.stdout else None

    def resident_mb(self):
        return int(dict(line.split(":", 1) for line in self.redis("info", "memory").splitlines() if ":" in line)["used_memory_rss"]) / 1e6

    def worked(self):
        """The processor's seconds of node and Redis so far."""
        return sum(seconds_of(process.pid) for process in self.processes)

    def jobs(self):
        """How many it keeps, by Redis' own count; what BullMQ answers must be there."""
        return int(self.redis("zcard", "bull:calls:delayed") or 0)


def seconds_of(pid):
    """The processor's seconds of a process, all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(side, run):
    """What the load generator says, with the processor's microseconds an answer on the other side."""
    before = side.worked()
    result = run()
    return {**result, "micros": (side.worked() - before) * 1e6 / max(result["answers"], 1)}


def install(bench):
    """The folder that has the peer and its libraries; they are installed once a lock file."""
    folder = bench.build / "bench-peers"
    stamp = folder / "installed"
    lock = (PEERS / "package-lock.json").read_text()
    folder.mkdir(exist_ok=True)
    for path in PEERS.iterdir():
        shutil.copy(path, folder)
    if not stamp.exists() or stamp.read_text() != lock:
        subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stamp.write_text(lock)
    return folder


def missing(bench):
    """Why there is no peer; empty where there is one."""
    for program in ("node", "npm", "redis-server", "redis-cli"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    try:
        install(bench)
    except (OSError, subprocess.SubprocessError) as error:
        return f"npm cannot install it: {error}"
    return ""


def owners(folder):
    path = folder / "owners"
    path.write_text("".join(f"bench-{number}\n" for number in range(1000)))
    return path


def ask(server, path, body=None):
    """The answer's data of one request; a body makes it a POST."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
    connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer["data"]


class Schedule:
    """The bench itself. `servers` makes a Server of script/bench, `failure` is its exception."""

    def __init__(self, bench, servers, failure):
        self.bench, self.servers, self.failure = bench, servers, failure
        self.seconds, self.rounds = (1, 1) if bench.smoke else (6, 3)
        self.pending = 20000 if bench.smoke else 2000000
        self.reason = missing(bench)
        self.owners = owners(bench.folder)

    def run(self):
        if self.reason:
            self.bench.say("the peer", f"not measured: {self.reason}")
        for pending in (0, self.pending):
            self.compare(pending)
        self.compare_due()

    def peer(self, name):
        return contextlib.nullcontext() if self.reason else Peer(self.bench, name)

    def compare(self, pending):
        with self.servers(self.bench, f"calls{pending}") as server, self.peer(f"peer{pending}") as peer:
            agent = ask(server, "/api/v1/agents", AGENT)["id"]
            if pending > 0:
                self.fill(server, peer, agent, pending)
            before = ask(server, "/api/v1/scheduling/stats")["scheduler"]["pending"]
            created = 0
            for connections in (64, 512):
                created += self.creates(server, peer, agent, (connections, pending))
            counted = ask(server, "/api/v1/scheduling/stats")["scheduler"]["pending"] - before
            if counted != created:
                raise self.failure(f"{created} calls were acknowledged and {counted} are counted")
            if pending > 0:
                self.reads(server, agent)
                self.memory(server, peer)
            else:
                self.bulk(server, peer, agent)

    def post(self, port, key, **options):
        return self.bench.load(port, key, path=PATH, ids=self.owners, **options)

    def creates(self, server, peer, agent, case):
        """Rounds in turns; returns how many of ours were acknowledged."""
        connections, pending = case
        kept = {"ours": [], "always": [], "everysec": []}
        for _ in range(self.rounds):
            options = spread(CALL % ("n", agent, "n"), seconds=self.seconds, connections=connections)
            kept["ours"].append(measured(server, lambda: self.post(server.port, server.key, **options)))
            for policy in ("always", "everysec") if peer else ():
                peer.sync(policy)
                options["body"] = CALL % ("n", PEER_AGENT, "n")
                before = peer.jobs()
                kept[policy].append(measured(peer, lambda: self.post(peer.port, "none", **options)))
                if peer.jobs() - before != kept[policy][-1]["answers"]:
                    raise self.failure("the peer does not have what it acknowledged")
        self.say_rates(f"creates, {connections} connections, {pending:,} pending", kept, 30000 if pending else None)
        return sum(result["answers"] for result in kept["ours"])

    def say_rates(self, what, kept, aim, rows=1):
        """Ours, then the peer's two and how many times theirs ours is; the best of each, and all runs."""
        ours = self.say_rate((what, kept["ours"], rows), lambda rate: self.verdict(rate, aim))
        for name in ("always", "everysec"):
            if kept[name]:
                goal = (lambda rate: self.verdict(ours / rate, 1.5, "times the peer")) if name == "always" else lambda rate: ""
                theirs = self.say_rate((f"  the peer, appendfsync {name}", kept[name], rows), goal)
                self.bench.say("", f"  ours is {ours / theirs:.2f} times as many")

    def say_rate(self, case, goal):
        what, results, rows = case
        best = max(results, key=lambda result: result["perSecond"])
        micros = min(result["micros"] for result in results) / rows
        times = f"p50 {best['p50Ms']:.1f} ms, p99 {best['p99Ms']:.1f} ms, max {best['maxMs']:.0f} ms; {micros:.0f} us of processor each"
        runs = ", ".join(format(result["perSecond"] * rows, ",.0f") for result in results)
        rate = best["perSecond"] * rows
        self.bench.say(what, f"{rate:,.0f} /s", goal(rate), f"{times}; runs: {runs}")
        return rate

    def verdict(self, value, aim, unit="/s"):
        if aim is None or self.bench.smoke:
            return ""
        return self.bench.aim(f">= {aim:,} {unit}", value >= aim)

    def limit(self, value, aim, unit):
        return "" if self.bench.smoke else self.bench.aim(f"<= {aim:,} {unit}", value <= aim)

    def fill(self, server, peer, agent, pending):
        began = time.time()
        self.many(server.port, server.key, agent, count=pending // BULK_ROWS)
        took = time.time() - began
        counted = ask(server, "/api/v1/scheduling/stats")["scheduler"]["pending"]
        if counted != pending:
            raise self.failure(f"{pending} calls were scheduled in bulk and {counted} are counted")
        self.bench.say(f"filled by bulk, {pending:,} rows", f"{pending / took:,.0f} rows/s")
        if peer:
            began = time.time()
            peer.run("fill", pending)
            self.bench.say("  the peer by addBulk, appendfsync no", f"{pending / (time.time() - began):,.0f} rows/s")

    def many(self, port, key, agent, **options):
        call = {"item": CALL % ("m", agent, "m"), "items": BULK_ROWS, "connections": 2, **options}
        return self.bench.load(port, key, path="/api/v1/scheduling/bulk", ids=self.owners, **spread('{"calls":[{items}]}', **call))

    def bulk(self, server, peer, agent):
        kept = {"ours": [], "always": [], "everysec": []}
        for _ in range(self.rounds):
            kept["ours"].append(measured(server, lambda: self.many(server.port, server.key, agent, seconds=self.seconds)))
            for policy in ("always", "everysec") if peer else ():
                peer.sync(policy)
                kept[policy].append(measured(peer, lambda: self.many(peer.port, "none", PEER_AGENT, seconds=self.seconds)))
        self.say_rates(f"bulk, {BULK_ROWS:,} rows a request, rows", kept, 80000, BULK_ROWS)

    def reads(self, server, agent):
        count = 200 if self.bench.smoke else 10000
        stats = self.bench.load(server.port, server.key, path="/api/v1/scheduling/stats", connections=1, count=count)
        recurring = CALL[:-1] % ("n", agent, "n") + ',"recurring":{"frequency":"monthly","interval":1}}'
        preview = self.bench.load(server.port, server.key, path="/api/v1/scheduling/preview", ids=self.owners,
                                  **spread(recurring, connections=1, count=count))
        for what, result in (("stats", stats), ("preview, with 10 occurrences", preview)):
            self.bench.say(f"{what}, one after the other", f"p50 {result['p50Ms']:.2f} ms, p99 {result['p99Ms']:.2f} ms",
                           self.limit(result["p99Ms"], 1, "ms p99"), f"{result['perSecond']:,.0f} /s")

    def memory(self, server, peer):
        filled = server.resident_mb()
        server.stop()
        took = server.start()
        time.sleep(0.5)
        again = server.resident_mb()
        pending = ask(server, "/api/v1/scheduling/stats")["scheduler"]["pending"]
        beside = f"the peer's Redis {peer.resident_mb():,.0f} MB" if peer else ""
        self.bench.say(f"RSS, {pending:,} pending", f"{filled[0]:.0f} MB (peak {filled[1]:.0f})", self.limit(filled[0], 150, "MB"), beside)
        self.bench.say("RSS, the same after a restart", f"{again[0]:.0f} MB (peak {again[1]:.0f})", self.limit(again[0], 150, "MB"),
                       f"ready after {took:.2f} s")

    def due(self, name, count):
        """Calls that are due at one instant: seconds until the last is accepted by the mock provider, and until all are over; and the
        processor's microseconds a call from then to its end."""
        with self.servers(self.bench, name, CALLS_PER_SECOND="0") as server:
            agent = ask(server, "/api/v1/agents", AGENT)["id"]
            lead = 5 if self.bench.smoke else 10
            at = int(time.time()) + lead
            rows = min(count, BULK_ROWS)
            self.bench.load(server.port, server.key, path="/api/v1/scheduling/bulk", ids=self.owners, count=count // rows, items=rows,
                            connections=1, body='{"calls":[{items}]}', item=DUE % (agent, iso(at)))
            if time.time() > at - 0.5:
                raise self.failure("scheduling took longer than there was time")
            end, before = at + DUE_SECONDS_MAX, server.worked()
            while time.time() < end and ask(server, "/api/v1/scheduling/stats")["scheduler"]["completed"] < count:
                time.sleep(0.25)
            over, micros = time.time() - at, (server.worked() - before) * 1e6 / count
            accepted = [when for _, when in server.accepted()]
            messages = ask(server, "/api/v1/messages?limit=1")
        if len(accepted) != count or messages.get("total", count) != count:
            raise self.failure(f"{count} calls were due and {len(accepted)} were accepted")
        return max(accepted) - at, over, micros

    def compare_due(self):
        count = 1000 if self.bench.smoke else 50000
        runs = [self.due(f"due{number}", count) for number in range(1 if self.bench.smoke else 2)]
        last, over, micros = min(runs)
        rate = count / last
        self.bench.say(f"{count:,} calls due at one instant", f"{rate:,.0f} /s on the wire", self.verdict(rate, 10000),
                       f"last after {last:.2f} s; runs: {', '.join(format(count / run[0], ',.0f') for run in runs)}")
        self.bench.say("", f"all answered and over after {over:.1f} s", "", f"the mock picks up after 5 s and is over after 20 s; {micros:.0f} us of processor each")
        if self.reason:
            return
        with self.peer("work") as peer:
            for policy in ("always", "everysec"):
                peer.sync(policy)
                theirs = count / peer.run("work", count)["seconds"]
                self.bench.say(f"  the peer's worker with nothing to do, {policy}", f"{theirs:,.0f} /s", "", f"ours is {rate / theirs:.2f} times")
