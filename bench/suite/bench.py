"""One call of script/bench: the sizes of its mode, its programs, the load generator, its figures."""
import json
import os
import pathlib
import subprocess
import time

from suite import calls, cluster, courier, incidents, machine, meetings, scale, small, sync, timers
from suite.common import Failure, iso
from suite.figures import Figures
from suite.server import EVENT, PUSH

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ALL = {
    "create": meetings.create, "schedule": calls.run, "timers": timers.timers, "lateness": meetings.lateness, "burst": meetings.burst,
    "pending": scale.pending, "growth": scale.growth, "queries": scale.queries, "acknowledge": incidents.acknowledge,
    "courier": courier.courier, "incidents": incidents.incidents, "heartbeats": incidents.heartbeats, "memory": meetings.memory,
    "start": meetings.start, "sync": sync.sync, "cluster": cluster.run, "simulate": small.simulate, "limits": small.limits,
}


class Bench:
    def __init__(self, build, folder, mode):
        self.build, self.folder, self.mode = build, folder, mode
        self.is_smoke = mode == "smoke"
        self.figures = Figures(self.is_smoke)
        self.add = self.figures.add
        self.failed = []
        self.known_disk = None

    def pick(self, smoke, quick, full):
        return {"smoke": smoke, "quick": quick, "full": full}[self.mode]

    def program(self, name):
        return str(self.build / name)

    def load(self, port, key, *arguments, **options):
        """Runs the load generator: options become --name value."""
        given = [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]
        done = subprocess.run([self.program("tocsin-bench-load"), "--port", str(port), "--key", key, *arguments, *given],
                              stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"the load generator says {done.stdout}")
        return json.loads(done.stdout)

    def disk(self):
        """Measured once a run, on the disk that the benches use."""
        if self.known_disk is None:
            done = subprocess.run([self.program("tocsin-bench-limits"), "disk", str(self.folder), str(self.pick(1, 3, 5))], check=True,
                                  stdout=subprocess.PIPE, text=True)
            self.known_disk = json.loads(done.stdout)
        return self.known_disk

    def echo_rate(self):
        """The requests of `create` at a server that does nothing."""
        process = subprocess.Popen([self.program("tocsin-bench-limits"), "echo"], stdout=subprocess.PIPE, text=True)
        try:
            port = process.stdout.readline().strip()
            done = subprocess.run([self.program("tocsin-bench-load"), "--port", port, "--path", "/calendar/sync", "--body",
                                   PUSH.replace("{id}", "x" * 36), "--item", EVENT % "echo", "--first", iso(time.time()),
                                   "--seconds", str(self.pick(1, 3, 5))], check=True, stdout=subprocess.PIPE, text=True)
            return json.loads(done.stdout)["perSecond"]
        finally:
            process.kill()
            process.wait()

    def run(self, name):
        load = os.getloadavg()[0]
        print(f"\n{name}  (load {load:.2f})", flush=True)
        self.figures.begin(name, machine.facts(ROOT, self.mode))
        began = time.monotonic()
        try:
            ALL[name](self)
        except (Failure, subprocess.SubprocessError, OSError, KeyError, ValueError) as error:
            self.failed.append(name)
            self.figures.current["failed"] = f"{type(error).__name__}: {error}"
            print(f"  FAILED: {type(error).__name__}: {error}", flush=True)
        took = time.monotonic() - began
        self.figures.end(took)
        print(f"  ({took:.0f} s)", flush=True)
