"""script/bench schedule: scheduled calls over HTTP, one by one and in bulk, beside the peers.

Two stores of each side are measured: empty ones, and ones that hold 2,000,000 pending calls. The sides take turns in each round,
and whoever is not measured is frozen. Peers that are durable when they answer are those that count; what the others do is told.
"""
import concurrent.futures
import contextlib
import os
import signal
import subprocess
import time

from suite import common, figures, peers
from suite.common import Failure, iso
from suite.server import Server

PATH = "/api/v1/scheduling/schedule"
BULK_PATH = "/api/v1/scheduling/bulk"
# What all sides are asked: {n} and {m} count, {id} is one of a thousand owners, {start} one of 109 times over ten days.
CALL = ('{"phoneNumber":"+1415555{%s}","agentId":"%s","userId":"{id}","scheduledFor":"{start}","timezone":"Europe/Berlin",'
        '"businessHours":{"start":"09:00","end":"17:00","daysOfWeek":[1,2,3,4,5]},'
        '"metadata":{"name":"Ana {%s}","place":"Hauptstrasse 12","about":"your appointment on Tuesday"},"priority":"medium"}')
DUE = ('{"phoneNumber":"+1415555{m}","agentId":"%s","userId":"{id}","scheduledFor":"{start}","respectBusinessHours":false,'
       '"metadata":{"name":"Ana {m}"},"priority":"%s"}')
AGENT = {"name": "Bench", "greeting": "Hello {{name}}.", "script": "This is about {{about|your appointment}}."}
BULK_ROWS = 10000
PENDING = 2000000


def spread(call, **options):
    """The options of the load generator for calls at 109 times over ten days, from tomorrow."""
    return {"body": call, "first": iso(int(time.time()) + 86400), "step_us": 7919 * 1000000, "cycle": 109, **options}


def part_of(count):
    """The largest number of rows in a request of which so many calls are a multiple."""
    return next(rows for rows in range(min(count, BULK_ROWS), 0, -1) if count % rows == 0)


def settle(bench):
    """What others have written is on the disk before the next is measured."""
    if not bench.is_smoke:
        os.sync()


class CallServer(Server):
    """A server of ours with an agent, that does not hold calls back."""

    def __init__(self, bench, name, **settings):
        super().__init__(bench, name, **{"CALLS_PER_SECOND": "0", **settings})
        self.owners = self.folder / "owners"
        self.owners.write_text("".join(f"bench-{number}\n" for number in range(1000)))
        self.agent = self.seconds_of_a_call = None

    def __enter__(self):
        super().__enter__()
        self.agent = self.ask("/api/v1/agents", AGENT)["id"]
        return self

    def freeze(self):
        common.signal_all([self.process.pid], signal.SIGSTOP)

    def thaw(self):
        common.signal_all([self.process.pid], signal.SIGCONT)

    label = figures.OURS

    def serve(self):
        """It does."""

    def jobs(self):
        return self.ask("/api/v1/scheduling/stats")["scheduler"]["pending"]

    def held(self):
        return self.resident()

    def add_bulk(self, **options):
        call = {"item": CALL % ("m", self.agent, "m"), "items": BULK_ROWS, "connections": 2, **options}
        return self.load(path=BULK_PATH, ids=self.owners, **spread('{"calls":[{items}]}', **call))

    def fill(self, count):
        """Calls that are due over ten days; returns the seconds."""
        before, began = self.jobs(), time.time()
        rows = part_of(count)
        self.add_bulk(count=count // rows, items=rows)
        took = time.time() - began
        if self.jobs() - before != count:
            raise Failure(f"{count} calls were scheduled in bulk and {self.jobs() - before} are counted")
        return took

    def background_load(self, per_second, seconds):
        """Creates at a pace while something else is measured; result() waits for its end."""
        options = spread(CALL % ("n", self.agent, "n"), seconds=max(1, int(seconds)), per_second=per_second)
        return concurrent.futures.ThreadPoolExecutor(1).submit(self.load, path=PATH, ids=self.owners, **options)

    def lead_for(self, count):
        """Whole seconds that scheduling so many calls takes, and some more; how fast that goes is tried once."""
        if self.seconds_of_a_call is None:
            began = time.time()
            self.add_bulk(count=2, items=1000)
            self.seconds_of_a_call = (time.time() - began) / 2000
        return 3 + int(2 * count * self.seconds_of_a_call)

    def schedule_due(self, count, first, step_us=0, priority="medium"):
        """Calls that are due from `first` on, a step after one another (or all at once)."""
        rows = part_of(count)
        self.load(path=BULK_PATH, ids=self.owners, count=count // rows, items=rows, connections=1, body='{"calls":[{items}]}',
                  item=DUE % (self.agent, priority), first=iso(first), step_us=max(step_us, 1), cycle=count if step_us else 1)
        if time.time() > first - 0.3:
            raise Failure(f"scheduling {count} calls took longer than there was time")


def create(side, seconds, connections):
    """Creates one by one over HTTP; what was acknowledged must be there."""
    agent = getattr(side, "agent", peers.AGENT)
    owners = side.folder / "owners"
    if not owners.exists():
        owners.write_text("".join(f"bench-{number}\n" for number in range(1000)))
    before, worked = side.jobs(), side.worked()
    result = side.bench.load(side.port, side.key, path=PATH, ids=owners, **spread(CALL % ("n", agent, "n"), seconds=seconds,
                                                                                connections=connections))
    result["micros"] = (side.worked() - worked) * 1e6 / max(result["answers"], 1)
    # pg-boss and Graphile Worker keep other rows besides; beanstalkd and Redis count exactly.
    if abs(side.jobs() - before - result["answers"]) > 50:
        raise Failure(f"{side.label} acknowledged {result['answers']} and has {side.jobs() - before} more")
    return result


class Turns:
    """Sides that take turns: one is measured, the others are frozen."""

    def __init__(self, bench, sides):
        self.bench, self.sides = bench, list(sides)
        for side in sides:
            side.freeze()

    def run(self, rounds, measure, sides=None):
        """{label: results of each round}. A peer that fails is left out from then on; where ours fails, the bench has."""
        sides = [side for side in sides or self.sides if side in self.sides]
        kept = {side.label: [] for side in sides}
        for _ in range(rounds):
            for side in [side for side in sides if side in self.sides]:
                side.thaw()
                settle(self.bench)
                try:
                    kept[side.label].append(measure(side))
                except (Failure, subprocess.SubprocessError) as error:
                    if side.label == figures.OURS:
                        raise
                    print(f"  {side.label} is left out: {error}", flush=True)
                    self.sides.remove(side)
                    kept.pop(side.label)
                side.freeze()
        return kept

    def thaw(self):
        for side in self.sides:
            side.thaw()


def column(results, name):
    return {label: [result[name] for result in runs] for label, runs in results.items()}


def run(bench):
    wanted = peers.available(bench)
    for pending in (0, bench.pick(20000, 200000, PENDING)):
        compare(bench, wanted, pending)


def compare(bench, wanted, pending):
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(CallServer(bench, f"calls{pending}"))
        others = [stack.enter_context(peer(bench, f"calls{pending}")) for peer in wanted]
        for side in [ours, *others]:
            if pending:
                took = side.fill(pending)
                print(f"  {side.label} holds {side.jobs():,} pending calls, filled at {pending / took:,.0f} /s", flush=True)
            if pending and side is ours:
                memory(bench, ours, pending)  # Before anything is added.
            side.serve()
        turns = Turns(bench, [ours, *others])
        creates(bench, turns, pending)
        if not pending:
            bulk(bench, ours, others)
        turns.thaw()


def creates(bench, turns, pending):
    seconds, rounds = bench.pick(1, 4, 8), bench.pick(1, 3, 5)
    full = pending and not bench.is_smoke
    turns.run(1, lambda side: create(side, bench.pick(1, 2, 3), 64))  # Warm: not counted.
    kept = turns.run(rounds, lambda side: create(side, seconds, 64))
    say = f"durable creates over HTTP, 64 connections, {pending:,} pending"
    aim = figures.least(45000, times=2.2) if full else None
    bench.add(f"create.http.64.{pending}", say, column(kept, "perSecond"), aim=aim)
    bench.add(f"create.http.64.{pending}.p99", "  p99 of an answer", column(kept, "p99Ms"), unit="ms", aim=figures.most(10) if full else None)
    bench.add(f"create.http.64.{pending}.p50", "  p50 of an answer", column(kept, "p50Ms"), unit="ms")
    bench.add(f"create.http.64.{pending}.cpu", "  processor's time of the servers, each", column(kept, "micros"), unit="µs")
    two = [side for side in turns.sides if side.label in (figures.OURS, "bullmq-always")]
    kept = turns.run(rounds, lambda side: create(side, seconds, 512), two)
    bench.add(f"create.http.512.{pending}", f"durable creates over HTTP, 512 connections, {pending:,} pending", column(kept, "perSecond"),
              aim=figures.least(30000, "issue 5", times=1.5) if full else None)
    bench.add(f"create.http.512.{pending}.p99", "  p99 of an answer", column(kept, "p99Ms"), unit="ms")


def bulk(bench, ours, others):
    """Ours over HTTP, the peers by their own API for many without HTTP, which is faster."""
    seconds, rounds = bench.pick(1, 4, 8), bench.pick(1, 3, 5)

    def many(side):
        if side is ours:
            result = ours.add_bulk(seconds=seconds)
            return {"perSecond": result["answers"] * BULK_ROWS / result["seconds"]}
        result = side.run("bulk", seconds)
        return {"perSecond": result["rows"] / result["seconds"]}

    def single(side):
        if side is ours:
            return create(ours, seconds, 64)
        result = side.run("single", seconds, 64)
        return {"perSecond": result["rows"] / result["seconds"]}

    turns = Turns(bench, [ours, *others])
    bench.add("create.bulk", "bulk, rows; ours over HTTP, 10,000 rows a request", column(turns.run(rounds, many), "perSecond"),
              aim=figures.least(150000), also=figures.least(80000, "issue 5"), note="the peers by their own API for many, without HTTP")
    bench.add("create.single", "one by one, 64 in flight; ours over HTTP", column(turns.run(rounds, single), "perSecond"),
              note="the peers by their own API, without HTTP")


def memory(bench, server, pending):
    filled = server.resident_mb()
    server.stop()
    took = server.start()
    time.sleep(0.5)
    again = server.resident_mb()
    aim = figures.most(150, "issue 5")
    bench.add("memory.calls.filled", f"RSS, {pending:,} pending calls just made", {"tocsin": [filled[0]]}, "MB", aim)
    bench.add("memory.calls.restarted", "  the same after a restart", {"tocsin": [again[0]]}, "MB", aim, note=f"ready after {took:.2f} s")
