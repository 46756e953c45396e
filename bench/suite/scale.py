"""script/bench pending, growth, queries: what many pending calls cost: memory, starts, and everything else that is asked meanwhile."""
import time

from suite import common, figures, peers
from suite.calls import CALL, CallServer, create, spread

MILLION = 1000000


def pending(bench):
    """Memory for each pending call, and starts after kill -9 with a cold page cache."""
    compare(bench, bench.pick(5000, 200000, MILLION), bench.pick(1, 2, 3))
    for count in bench.pick((5000,), (MILLION,), (MILLION, 10 * MILLION)):
        alone(bench, count, bench.pick(1, 3, 5))


def compare(bench, count, runs):
    held, started, ran = {}, {}, {}
    wanted = [peer for peer in peers.available(bench) if peer.label not in figures.NOT_DURABLE]
    notes = {peer.label: peer.memory_note for peer in wanted}
    for kind in (CallServer, *wanted):
        with kind(bench, "pending") as side:
            if side.label == figures.OURS:
                side.stop()
                side.start()
            else:
                side.run("fill", 1000)  # What it needs once is there.
            empty = side.held()
            side.fill(count)
            if side.label != figures.OURS:
                held[side.label] = [(side.held() - empty) / count]
            started[side.label] = []
            for _ in range(runs):
                started[side.label].append(crash_and_start(side))
                if side.label == figures.OURS:
                    held.setdefault(side.label, []).append((side.held() - empty) / count)
            if side.label != figures.OURS and side.label != "beanstalkd-f0":
                result = side.run("work", count // 20)
                ran[side.label] = [result["rows"] / result["seconds"]]
    order = [figures.OURS, *notes]
    note = "; ".join(f"{label}: {text}" for label, text in notes.items() if text != "of memory")
    bench.add("pending.bytes.compared", f"bytes for each of {count:,} pending calls", {label: held[label] for label in order}, "B",
              better=figures.LESS, note=f"ours after a restart; {note}")
    bench.add("pending.start.compared", f"start after kill -9 with {count:,} pending, cold page cache", {label: started[label] for label in order},
              "s", better=figures.LESS, note="until it answers; PostgreSQL keeps nothing in memory to load")
    if ran:
        bench.add("pending.run.peers", f"the peers run jobs with nothing to do amid {count:,} pending", ran, "/s")


def crash_and_start(side):
    if side.label != figures.OURS:
        return side.crash_and_start()
    side.kill()
    return side.start_cold()


def alone(bench, count, runs):
    with CallServer(bench, f"alone{count}") as server:
        server.stop()
        server.start()
        empty = server.held()
        took = server.fill(count)
        created = server.resident_mb()
        cold, warm, held = [], [], []
        for _ in range(runs):
            server.kill()
            cold.append(server.start_cold())
            held.append(server.resident_mb()[0])
            server.stop()
            warm.append(server.start())
        size = common.size_of(server.files())
    big = count >= 10 * MILLION
    is_told = not bench.is_smoke and count >= MILLION
    bench.add(f"pending.fill.{count}", f"bulk until {count:,} calls are pending, rows", {"tocsin": [count / took]}, "/s",
              note=f"{size / 1e6:,.0f} MB of files")
    bench.add(f"pending.start.cold.{count}", f"start after kill -9 with {count:,} pending, cold page cache", {"tocsin": cold}, "s",
              figures.most(6 if big else 0.6) if is_told else None, better=figures.LESS)
    bench.add(f"pending.start.warm.{count}", "  after a clean stop, files cached", {"tocsin": warm}, "s", better=figures.LESS)
    bench.add(f"pending.bytes.{count}", "  memory for each pending call, after a restart", {"tocsin": [(one * 1e6 - empty) / count for one in held]},
              "B", figures.most(64) if is_told else None, better=figures.LESS)
    bench.add(f"pending.rss.{count}", "  RSS after a restart", {"tocsin": held}, "MB", figures.most(700) if big else None, better=figures.LESS)
    bench.add(f"pending.rss.filled.{count}", "  RSS just filled", {"tocsin": [created[0]]}, "MB", figures.most(700) if big else None,
              better=figures.LESS, note=f"at most {created[1]:,.0f} MB")


def growth(bench):
    """What a create and a due call cost with more and more pending, in one store."""
    levels = bench.pick((1000, 5000), (10000, MILLION), (10000, 100000, MILLION, 10 * MILLION))
    runs, seconds, due = bench.pick(1, 2, 3), bench.pick(1, 4, 8), bench.pick(200, 10000, 20000)
    table = {}
    with CallServer(bench, "growth") as server:
        for level in levels:
            missing = (level - server.jobs()) // 1000 * 1000  # What is over was created by the rounds before.
            if missing > 0:
                server.fill(missing)
            made = [create(server, seconds, 64) for _ in range(runs)]
            ran = [run_due(server, due) for _ in range(runs)]
            table[level] = {"create.cpu": [one["micros"] for one in made], "create.rate": [one["perSecond"] for one in made],
                            "run.cpu": [one[0] for one in ran], "run.rate": [one[1] for one in ran]}
    what = {"create.cpu": ("processor's time of a create", "µs"), "create.rate": ("creates, 64 connections", "/s"),
            "run.cpu": ("processor's time of a due call", "µs"), "run.rate": ("due calls on the wire", "/s")}
    for name, (title, unit) in what.items():
        for level, row in table.items():
            bench.add(f"growth.{name}.{level}", f"{title}, from {level:,} pending on", {"tocsin": row[name]}, unit)
    first, last = table[levels[0]], table[levels[-1]]
    for name, title in (("create", "create"), ("run", "due call")):
        cpu = [b / a for a, b in zip(first[f"{name}.cpu"], last[f"{name}.cpu"])]
        rate = [a / b for a, b in zip(first[f"{name}.rate"], last[f"{name}.rate"])]
        say = f"cost of a {title}, {levels[0]:,} to {levels[-1]:,} pending"
        bench.add(f"growth.{name}.times", f"{say}: processor's time", {"tocsin": cpu}, "times", figures.most(1.25))
        bench.add(f"growth.{name}.slower", "  by the clock", {"tocsin": rate}, "times", figures.most(1.25))


def run_due(server, count):
    """Calls that are due at one instant: the processor's microseconds until they are on the wire, of each, and how many a second."""
    known = server.send_count()
    first = int(server.lead_for(count) + time.time())
    server.schedule_due(count, first)
    time.sleep(max(0, first - 0.1 - time.time()))
    before = server.worked()
    server.wait_for_sends(known + count, first + 120, 0.02)
    micros = (server.worked() - before) * 1e6 / count
    last = max(at for _, _, at in server.sends()[known:])
    time.sleep(25)  # The mock's calls end; the next round has the machine for itself.
    return micros, count / (last - first)


def queries(bench):
    """Lists, stats and a timeline, one after the other, with two million rows."""
    rows, count = bench.pick((20000, 50), (200000, 500), (2 * MILLION, 3000))
    with CallServer(bench, "queries") as server:
        server.fill(rows)
        create(server, bench.pick(1, 2, 2), 64)
        call = server.ask("/api/v1/scheduling/scheduled-calls?userId=bench-1&limit=1")["scheduledCalls"][0]["_id"]
        soon, later = common.iso(int(time.time()) + 3 * 86400), common.iso(int(time.time()) + 3 * 86400 + 7200)
        lists = "/api/v1/scheduling/scheduled-calls?userId=bench-1"
        asked = {
            "stats": ("/api/v1/scheduling/stats", "stats", 1),
            "list": (f"{lists}&limit=100", "a list of an owner's calls, 100 rows", None),
            "list.agent": (f"{lists}&agentId={server.agent}&limit=100", "  by agent, 100 rows", None),
            "list.status": (f"{lists}&status=pending&limit=100", "  by status, 100 rows", None),
            "list.none": (f"{lists}&status=failed&limit=100", "  by a status that none has", None),
            "list.time": (f"{lists}&startDate={soon}&endDate={later}&limit=100", "  by time, 100 rows at most", None),
            "call": (f"/api/v1/scheduling/scheduled-calls/{call}", "one call", None),
            "timeline": (f"/api/v1/scheduling/{call}/timeline", "the timeline of a call", None),
            "queue": ("/api/v1/queue", "the queue's states", None),
            "jobs": ("/api/v1/queue/jobs?limit=100", "jobs of the queue, 100 rows", None),
            "messages": ("/api/v1/messages?limit=100", "messages", None),
            "audit": ("/api/v1/audit?limit=100", "the audit trail, 100 rows", None),
        }
        for name, (path, title, aim) in asked.items():
            ask_many(server, (f"queries.{name}", title if title.startswith(" ") else f"{title}, {rows:,} rows in the store"), path, count, aim)
        recurring = CALL[:-1] % ("n", server.agent, "n") + ',"recurring":{"frequency":"monthly","interval":1}}'
        result = server.load(path="/api/v1/scheduling/preview", ids=server.owners, **spread(recurring, connections=1, count=count))
        bench.add("queries.preview", "preview with 10 occurrences: p99", {"tocsin": [result["p99Ms"]]}, "ms", figures.most(1, "issue 5"),
                  note=f"p50 {result['p50Ms']:.2f} ms")


def ask_many(server, say, path, count, aim):
    """One request first: where that takes long, fewer are asked. The same ones are asked again while others write."""
    key, title = say
    began = time.monotonic()
    server.ask(path)
    took = time.monotonic() - began
    count = max(5, min(count, int(10 / max(took, 1e-4))))
    result = server.load(path=path, connections=1, count=count)
    server.bench.add(key, f"{title}: p99", {"tocsin": [result["p99Ms"]]}, "ms", figures.most(aim, "issue 5") if aim else None,
                     better=figures.LESS, note=f"p50 {result['p50Ms']:.2f} ms, {count} one after the other")
