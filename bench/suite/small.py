"""script/bench simulate and limits."""
import json
import resource
import subprocess
import time

from suite import figures

YEAR = {"start": "2026-01-04T00:00:00Z", "until": "2027-01-04T00:00:00Z",
        "user": {"name": "Ana", "phone": "+14155550101", "email": "ana@example.com", "timezone": "Europe/Berlin"}}
NIGHT = {"title": "Disk full", "at": "2026-01-05T02:30:00+01:00", "repeat": "FREQ=DAILY"}
CALLS = {"name": "calls", "steps": [{"channel": "CALL", "repeat": {"times": 2, "everyMinutes": 5}}, {"after": 9, "channel": "SMS"}]}
ORDERS = {
    "weekly": ("a year of a weekly meeting rehearsed", {**YEAR, "meetings": [
        {"title": "Weekly", "startsAt": "2026-01-05T09:00:00+01:00", "repeat": "FREQ=WEEKLY"}]}),
    "nightly": ("a year of a nightly incident rehearsed", {**YEAR, "incident": NIGHT, "policy": CALLS})}


def simulate(bench):
    """The whole program, which plays each year twice: as ordered, and with nobody who answers."""
    for name, (what, order) in ORDERS.items():
        path = bench.folder / "order.json"
        path.write_text(json.dumps(order))
        took, worked = [], []
        for _ in range(bench.pick(1, 3, 5)):
            began, before = time.monotonic(), sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
            done = subprocess.run([bench.program("tocsin"), "simulate", "--json", "--file", str(path)], check=True,
                                  stdout=subprocess.PIPE, cwd=bench.folder)
            took.append(time.monotonic() - began)
            worked.append(sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before)
        run = json.loads(done.stdout)
        entries = len(run["timeline"]) + len(run["ifNobodyAnswers"]["timeline"])
        bench.add(f"simulate.{name}", what, {"tocsin": took}, "s", figures.most(1, "issue 4"), note=f"{entries:,} entries")
        bench.add(f"simulate.{name}.cpu", "  processor's time", {"tocsin": worked}, "s", better=figures.LESS)


def limits(bench):
    disk = bench.disk()
    bench.add("limits.append", "append 4 KiB + fdatasync, one by one", {"machine": [disk["appendsPerSecond"]]})
    bench.add("limits.overwrite", "overwrite 4 KiB (preallocated) + fdatasync", {"machine": [disk["overwritesPerSecond"]]})
    bench.add("limits.wake.p50", "timerfd wake-up, idle: p50", {"machine": [disk["wakeP50Ms"]]}, "ms")
    bench.add("limits.wake.p99", "  p99", {"machine": [disk["wakeP99Ms"]]}, "ms")
    bench.add("limits.echo", "HTTP echo, bare epoll, 64 connections", {"machine": [bench.echo_rate()]})
