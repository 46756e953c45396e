"""script/bench profile [NAME…]: where the processor's time of a hot path goes, by perf.

  create   scheduled calls over HTTP, 64 connections, amid 100,000 pending
  bulk     10,000 scheduled calls a request
  due      scheduled calls that are due at one instant, until the last is on the wire to the mock provider
  timers   due timers that have nothing to do
  stages   stages of meetings that are due at one instant, until the last is on the wire
  sync     unchanged feeds, read in one tick
  start    a start with 1,000,000 pending calls

  --keep         adds the tables to bench/results/profiles.json, which script/bench --report shows
  --build DIR    a build with symbols (the default build has them)

Each prints the functions in which the most samples were taken, over all threads of the server.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from suite import calls, machine, sync, timers
from suite.bench import ROOT, Bench
from suite.common import Failure, iso
from suite.server import USERS, Server

TOP = 20
FREQUENCY = 1999


class Perf:
    """Samples a process while the block runs."""

    def __init__(self, bench, pid):
        self.file = bench.folder / "perf.data"
        self.pid = pid
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(["perf", "record", "-q", "-F", str(FREQUENCY), "-p", str(self.pid), "-o", str(self.file)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.3)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)

    def top(self):
        return read_samples(self.file)


def shares(file, *columns):
    """[share, samples, the columns' words…] of each line of a report."""
    done = subprocess.run(["perf", "report", "-i", str(file), "--stdio", "--no-children", "-t", "|", "-F", ",".join(("overhead", "sample", *columns))],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    found = [[word.strip() for word in line.split("|")] for line in done.stdout.splitlines() if line.strip() and not line.startswith("#")]
    return [(float(words[0].rstrip("%")), int(words[1]), *words[2:]) for words in found]


def read_samples(file):
    """What was sampled: how often, in which threads and objects, and the functions that were hit most."""
    functions = shares(file, "dso", "symbol")
    if not functions:
        raise Failure("perf has no samples")
    return {"samples": sum(count for _, count, *_ in functions),
            "threads": {name: share for share, _, name in shares(file, "comm")[:6]},
            "objects": {name: share for share, _, name in shares(file, "dso")[:6]},
            "top": [{"share": share, "object": where, "symbol": re.sub(r"^\[.\] ", "", symbol)} for share, _, where, symbol in functions[:TOP]]}


def of_create(bench):
    with calls.CallServer(bench, "create") as server:
        server.fill(100000)
        calls.create(server, 2, 64)
        with Perf(bench, server.process.pid) as perf:
            result = calls.create(server, 6, 64)
        return "Scheduled calls over HTTP, 64 connections", f"{result['micros']:.1f} µs of processor a create", perf.top()


def of_bulk(bench):
    with calls.CallServer(bench, "bulk") as server:
        server.fill(20000)
        before = server.worked()
        with Perf(bench, server.process.pid) as perf:
            result = server.add_bulk(seconds=5)
        micros = (server.worked() - before) * 1e6 / (result["answers"] * calls.BULK_ROWS)
        return "Scheduled calls in bulk, 10,000 a request", f"{micros:.1f} µs of processor a row", perf.top()


def of_due(bench):
    count = 30000
    with calls.CallServer(bench, "due") as server:
        first = int(server.lead_for(count) + time.time()) + 1
        server.schedule_due(count, first)
        time.sleep(max(0, first - 0.5 - time.time()))
        before = server.worked()
        with Perf(bench, server.process.pid) as perf:
            server.wait_for_sends(count, first + 120)
        micros = (server.worked() - before) * 1e6 / count
        return "Scheduled calls that are due, until the mock provider has them", f"{micros:.1f} µs of processor a call", perf.top()


def of_timers(bench):
    with timers.TimerServer(bench, "timers") as server:
        perf = Perf(bench, server.process.pid)
        result = server.run_checks(50000, perf)
        return "Due timers that have nothing to do", f"{result['micros']:.1f} µs of processor a timer", perf.top()


def of_stages(bench):
    count = 10000
    with Server(bench, "stages") as server:
        ids = server.add_people(USERS)
        before, _ = server.first_stage_before(ids)
        due = int(time.time()) + 12
        server.push(ids, "stages", count=count, first=iso(due + before), step_us=1, cycle=1)
        time.sleep(max(0, due - 0.5 - time.time()))
        worked = server.worked()
        with Perf(bench, server.process.pid) as perf:
            server.wait_for_sends(count, due + 120)
        micros = (server.worked() - worked) * 1e6 / count
        return "Stages of meetings that are due (email), until the mock provider has them", f"{micros:.1f} µs of processor a stage", perf.top()


def of_sync(bench):
    count, interval = 1000, 20
    with sync.feeds(bench, count) as (port, _), Server(bench, "sync", TOCSIN_ALLOW_PRIVATE_FETCH="true",
                                                      CALENDAR_SYNC_INTERVAL_SECONDS=str(interval)) as server:
        ids = server.add_people(count)
        server.load(path="/api/v1/users/{id}/calendars", ids=ids, count=count, body='{"kind":"ics","url":"http://127.0.0.1:%d/{n}.ics"}' % port)
        tick = (int(time.time()) // interval + 2) * interval
        time.sleep(max(0, tick - 0.5 - time.time()))
        before = server.worked()
        with Perf(bench, server.process.pid) as perf:
            time.sleep(8)
        micros = (server.worked() - before) * 1e6 / count
        return "1,000 unchanged feeds, read in one tick", f"{micros:.1f} µs of processor a feed", perf.top()


def of_start(bench):
    with calls.CallServer(bench, "start") as server:
        server.fill(1000000)
        server.stop()
        file = bench.folder / "perf.data"
        program = server.bench.program
        server.bench.program = lambda name: program(name) if name != "tocsin" else str(bench.folder / "recorded")
        wrapper = bench.folder / "recorded"
        wrapper.write_text(f'#!/bin/sh\nexec perf record -q -F {FREQUENCY} -o {file} {program("tocsin")} "$@"\n')
        wrapper.chmod(0o755)
        took = server.start()
        server.bench.program = program
        os.kill(server.process.pid, signal.SIGTERM)
        for pid in pathlib.Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split():
            os.kill(int(pid), signal.SIGTERM)
        server.process.wait(60)
        server.process = None
        return "A start with 1,000,000 pending calls, and the stop", f"ready after {took:.2f} s", read_samples(file)


PATHS = {"create": of_create, "bulk": of_bulk, "due": of_due, "timers": of_timers, "stages": of_stages, "sync": of_sync, "start": of_start}


def by_share(told):
    return ", ".join(f"{name} {share:.0f} %" for name, share in told.items())


def main(arguments, build_folder):
    parser = argparse.ArgumentParser(prog="script/bench profile", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=(*PATHS, []))
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--build", type=pathlib.Path)
    given = parser.parse_args(arguments)
    if shutil.which("perf") is None:
        print("perf is not installed: script/setup bench")
        return 1
    build = build_folder(given.build)
    kept = ROOT / "bench/results/profiles.json"
    profiles = json.loads(kept.read_text()) if kept.exists() else {}
    with tempfile.TemporaryDirectory(prefix="profile-", dir=build) as folder:
        bench = Bench(build, pathlib.Path(folder), "full")
        for name in given.names or PATHS:
            with contextlib.suppress(FileNotFoundError):
                (bench.folder / "perf.data").unlink()
            title, rate, told = PATHS[name](bench)
            profiles[name] = {"title": title, "rate": rate, **told, **machine.facts(ROOT, "full")}
            print(f"\n{name}: {title}; {rate}; {told['samples']:,} samples")
            for kind in ("threads", "objects"):
                print(f"  {kind}: {by_share(told[kind])}")
            for entry in told["top"]:
                print(f"  {entry['share']:5.1f} %  {entry['symbol']:<44} {entry['object']}", flush=True)
    if given.keep:
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps(profiles, indent=1, ensure_ascii=False) + "\n")
        print(f"\nkept in {kept}; script/bench --report shows them")
    return 0
