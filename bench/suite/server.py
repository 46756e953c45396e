"""One `tocsin serve` on a folder of its own."""
import contextlib
import json
import os
import re
import select
import shutil
import sqlite3
import subprocess
import time

from suite import common
from suite.common import Failure, iso, seconds_of

KEY = "bench-admin-key-0123456789"
USERS = 1000
EVENT = '{"externalId":"%s-{m}","title":"Planning {m}","startsAt":"{start}","endsAt":"{end}","joinUrl":"https://meet.example.test/{m}"}'
PUSH = '{"userId":"{id}","events":[{items}]}'
PERSON = '{"name":"Bench Person {n}","email":"bench-{n}@example.test","phone":"+14155550100"}'
TIMERS_PER_MEETING = 4  # Three stages and the check afterwards.


class Server:
    """It may be stopped and started again on the same folder."""

    name = "tocsin"

    def __init__(self, bench, name, **settings):
        self.bench, self.settings, self.key = bench, settings, KEY
        self.folder = bench.folder / name
        self.folder.mkdir()
        self.process = self.port = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder)

    def start(self):
        """Returns the seconds from exec until /readyz says so."""
        environment = {**os.environ, "TOCSIN_DATA_DIR": str(self.folder), "TOCSIN_ADMIN_KEY": KEY,
                       "TOCSIN_LISTEN": "127.0.0.1:0", **self.settings}
        with open(self.folder / "log", "ab") as log:
            begun = time.monotonic()
            self.process = subprocess.Popen([self.bench.program("tocsin"), "serve"], env=environment, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log, cwd=self.folder)
        ready, _, _ = select.select([self.process.stdout], [], [], 120)
        line = self.process.stdout.readline().decode() if ready else ""
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        if not found:
            raise Failure(f"tocsin did not start: {(self.folder / 'log').read_text()[-2000:]}")
        self.port = int(found.group(1))
        while self.get("/readyz") != 200:
            time.sleep(0.001)
        return time.monotonic() - begun

    def stop(self):
        if self.process is not None:
            common.stop_process(self.process)
            self.process = None

    def kill(self):
        """As a crash would: nothing is written that is not there yet."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def files(self):
        return list(self.folder.glob("tocsin.db*"))

    def start_cold(self):
        """Starts with nothing of the files in the page cache; returns the seconds until ready."""
        common.drop_from_cache(self.files())
        return self.start()

    def get(self, path):
        return common.request(self.port, KEY, path)[0]

    def ask(self, path, body=None):
        """The answer's data; a body makes it a POST. Any answer but a good one is a Failure."""
        status, text = common.request(self.port, KEY, path, body)
        if status not in (200, 201, 202):
            raise Failure(f"{path} answers {status}: {text[:500]}")
        return json.loads(text)["data"]

    def worked(self):
        """The processor's seconds of all its threads so far."""
        return common.processor_seconds(self.process.pid)

    def resident(self):
        return common.memory_of(self.process.pid)

    def resident_mb(self):
        """What it holds now and what it held at most, in MB (10^6)."""
        return self.resident() / 1e6, common.memory_of(self.process.pid, "VmHWM") / 1e6

    def load(self, *arguments, **options):
        return self.bench.load(self.port, KEY, *arguments, **options)

    def add_people(self, count=USERS):
        ids = self.folder / "people"
        self.load(path="/api/v1/users", body=PERSON, count=count, save="id", into=ids)
        return ids

    def push(self, ids, tag, **options):
        return self.load(path="/calendar/sync", body=PUSH, item=EVENT % tag, ids=ids, **options)

    def first_stage_before(self, ids):
        """How long before the start the first stage is due, and how many stages there are, by the server's own rules."""
        start = int(time.time()) + 5 * 86400
        self.push(ids, "probe", count=1, first=iso(start))
        person = ids.read_text().split()[0]
        meeting = self.ask(f"/api/v1/meetings?userId={person}&from={iso(start)}")["meetings"][0]
        due = [seconds_of(alert["dueAt"]) for alert in meeting["alerts"]]
        return start - min(due), len(due)

    def fill_meetings(self, timers):
        """Meetings over ten days whose stages and checks are about so many timers."""
        each = 20
        self.push(self.add_people(), "fill", count=timers // TIMERS_PER_MEETING // each, items=each,
                  first=iso(int(time.time()) + 86400), step_us=1000000, cycle=86400 * 10)

    def sends(self):
        """What the mock provider accepted, from its own record: (recipient, attempt's id, seconds), in order."""
        found = []
        for path in self.folder.glob("*.mock"):
            for line in path.read_text().splitlines():
                fields = line.split("\t")
                if len(fields) > 5 and fields[1] == "send":
                    found.append((fields[4], fields[5], int(fields[2]) / 1e6))
        return found

    def accepted(self):
        return [(to, at) for to, _, at in self.sends()]

    def send_count(self):
        """How many lines of sends() there are, for who only waits: it takes little of the processor."""
        return sum(path.read_bytes().count(b"\tsend\t") for path in self.folder.glob("*.mock"))

    def wait_for_sends(self, count, until, pause=0.25):
        """Until so many were accepted; a Failure after the instant `until`."""
        while self.send_count() < count:
            if time.time() > until:
                raise Failure(f"{count} messages should have been accepted and {self.send_count()} were")
            time.sleep(pause)

    def database(self):
        """For reading beside the server: nothing that is sealed, nothing that is not committed."""
        return contextlib.closing(sqlite3.connect(f"file:{self.folder / 'tocsin.db'}?mode=ro", uri=True, timeout=30, isolation_level=None))

    def rows(self, sql, *values):
        with self.database() as database:
            return database.execute(sql, values).fetchall()
