"""script/bench sync: calendars that nginx serves on this machine, unchanged, all read in one tick."""
import contextlib
import datetime
import json
import os
import shutil
import subprocess
import time

from suite import common, figures
from suite.common import Failure, seconds_of
from suite.server import Server

EVENTS = 10


def write_feeds(folder, count):
    """A calendar of ten meetings a person."""
    day = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    folder.mkdir(parents=True)
    for number in range(count):
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//bench//bench//EN"]
        for event in range(EVENTS):
            start = (day + datetime.timedelta(hours=25 * event)).strftime("%Y%m%dT%H0000Z")
            lines += ["BEGIN:VEVENT", f"UID:{number}-{event}@bench", f"DTSTAMP:{start}", f"DTSTART:{start}", "DURATION:PT1H",
                      f"SUMMARY:Feed meeting {event}", "END:VEVENT"]
        (folder / f"{number}.ics").write_text("\r\n".join([*lines, "END:VCALENDAR", ""]))


@contextlib.contextmanager
def feeds(bench, count):
    folder = bench.folder / "feeds"
    write_feeds(folder / "www", count)
    port = common.free_port()
    user = "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(f"""{user}daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{ types {{ text/calendar ics; }} log_format brief '$status $msec'; access_log {folder}/access.log brief;
client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
server {{ listen 127.0.0.1:{port}; root {folder}/www; keepalive_requests 100000; }} }}
""")
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        common.wait_until(lambda: common.is_answering(port), 20, "the start of nginx")
        yield port, folder / "access.log"
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def read_rate(bench, port, count):
    done = subprocess.run([bench.program("tocsin-bench-load"), "--port", str(port), "--path", "/{n}.ics", "--count", str(count)],
                          check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)["perSecond"]


def sync(bench):
    if shutil.which("nginx") is None:
        print("  not measured: nginx-light is not installed", flush=True)
        return
    for count in bench.pick((100,), (1000,), (1000, 10000)):
        measure(bench, count)


def measure(bench, count):
    interval = 20 if count <= 1000 else 40
    ticks = bench.pick(1, 2, 3)
    with feeds(bench, count) as (port, access), Server(bench, "sync", TOCSIN_ALLOW_PRIVATE_FETCH="true",
                                                      CALENDAR_SYNC_INTERVAL_SECONDS=str(interval)) as server:
        ids = server.add_people(count)
        server.load(path="/api/v1/users/{id}/calendars", ids=ids, count=count,
                    body='{"kind":"ics","url":"http://127.0.0.1:%d/{n}.ics"}' % port)
        took, worked = [], []
        # The tick after next is the first that finds everything unchanged.
        tick = (int(time.time()) // interval + 2) * interval
        for _ in range(ticks):
            time.sleep(max(0, tick - 1 - time.time()))
            before = server.worked()
            time.sleep(max(0, tick + interval / 2 - time.time()))
            worked.append((server.worked() - before) * 1e6 / count)
            took.append(last_read(server, ids, count, tick) - tick)
            tick += interval
        statuses = [line.split()[0] for line in access.read_text().splitlines()]
        raw = read_rate(bench, port, count)
    if statuses.count("304") < ticks * count:
        raise Failure(f"nginx said 304 only {statuses.count('304')} times")
    aim = figures.most(5, "issue 2") if count == 1000 else None
    bench.add(f"sync.{count}", f"{count:,} unchanged feeds in one tick", {"tocsin": took}, "s", aim, better=figures.LESS)
    bench.add(f"sync.{count}.cpu", "  processor's time of a feed", {"tocsin": worked}, "µs")
    bench.add(f"sync.{count}.raw", "  the same files from nginx, 64 connections", {"machine": [count / raw]}, "s", better=figures.LESS)


def last_read(server, ids, count, tick):
    """When the last of the calendars was read; all must have been since `tick`."""
    saved = server.folder / "synced"
    server.load(path="/api/v1/users/{id}/calendars", ids=ids, count=count, save="lastSyncedAt", into=saved)
    last = [seconds_of(line) for line in saved.read_text().split()]
    if len(last) != count or min(last) < tick:
        raise Failure(f"half an interval after the tick not every calendar is read: {sum(one >= tick for one in last)} of {count}")
    return max(last)
