#!/usr/bin/env python3
"""Under a supervisor (O5): what systemd is told by its notify socket, in order; the watchdog is fed only while both the executor
and the HTTP thread turn, each being stopped alone; a reload that finds a broken file changes nothing and still ends; the unit
file is sound, its exposure is what docs/operations.md says, and its filter of system calls lets the server do its work."""
import ctypes
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import BUILD, ROOT, Checks, environment_of, wait_until  # noqa: E402
from server import ADMIN_KEY, Server  # noqa: E402

UNIT = ROOT / "contrib/systemd/tocsin.service"
PATIENCE_MS = 900  # The supervisor's; the watchdog is fed every third of it.
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 17, 0x4206, 0x4207, 0x40000000
checks = Checks()
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class Supervisor:
    """A notify socket, and what was said to it: (when, {VARIABLE: value})."""

    def __init__(self, folder, is_abstract=False):
        self.path = f"@tocsin-test-{os.getpid()}-{folder.name}" if is_abstract else str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.path[1:] if is_abstract else self.path)
        self.said = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            text = self.socket.recv(4096).decode()
            self.said.append((time.monotonic(), dict(line.split("=", 1) for line in text.splitlines())))

    def read(self):
        return list(self.said)

    def has(self, variable):
        return [one for _, one in self.read() if variable in one]

    def fed(self, since):
        return sum("WATCHDOG" in one for at, one in self.read() if at > since)


def supervised(name, supervisor, **settings):
    server = Server(checks, name, **settings)
    server.settings.update({"NOTIFY_SOCKET": supervisor.path, **settings})
    return server


def tells_its_life():
    folder = checks.folder("life")
    supervisor = Supervisor(folder)
    rules = folder / "rules.json"
    rules.write_text("{}")
    server = supervised("life-data", supervisor, TOCSIN_RULES_FILE=str(rules)).start()
    wait_until(lambda: supervisor.has("READY"))
    checks.equal(len(supervisor.has("READY")), 1, "it says once that it is ready")
    checks.equal(server.ask("GET", "/readyz").status, 200, "and is")
    checks.equal(supervisor.has("WATCHDOG"), [], "without WATCHDOG_USEC no watchdog is fed")
    server.signal(signal.SIGHUP)
    wait_until(lambda: len(supervisor.has("READY")) == 2)
    order = [key for _, one in supervisor.read() for key in ("READY", "RELOADING", "STOPPING") if key in one]
    checks.equal(order, ["READY", "RELOADING", "READY"], "a reload is begun and ended")
    told = int(supervisor.has("RELOADING")[0]["MONOTONIC_USEC"])
    checks.ok(abs(told / 1e6 - time.monotonic()) < 30, "with the instant that systemd asks for", told)
    rules.write_text("{ not JSON")
    server.signal(signal.SIGHUP)
    wait_until(lambda: len(supervisor.has("READY")) == 3)
    checks.ok(len(supervisor.has("READY")) == 3 and "stay as they were" in server.log(), "one that finds a broken file ends, too", server.log()[-300:])
    code, _ = server.stop()
    last = [one for _, one in supervisor.read() if "WATCHDOG" not in one][-1]
    checks.ok(code == 0 and last.get("STOPPING") == "1", "it says that it stops", last)


def stop_thread(tid):
    """True once this thread, and no other, stands still."""
    if libc.ptrace(PTRACE_SEIZE, tid, None, None) != 0 or libc.ptrace(PTRACE_INTERRUPT, tid, None, None) != 0:
        return False
    os.waitpid(tid, WALL)
    return True


def feeds_the_watchdog(is_virtual):
    name = "virtual" if is_virtual else "real"
    supervisor = Supervisor(checks.folder(f"watchdog-{name}"), is_abstract=True)
    server = supervised(f"watchdog-{name}-data", supervisor, WATCHDOG_USEC=str(PATIENCE_MS * 1000))
    server.at = "2026-01-05T09:00:00Z" if is_virtual else None
    server.start()
    wait_until(lambda: supervisor.has("READY"))
    time.sleep(3 * PATIENCE_MS / 1000)
    times = [at for at, one in supervisor.read() if "WATCHDOG" in one]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    checks.ok(len(times) >= 6 and max(gaps) < PATIENCE_MS / 1000, f"{name} clock: an idle server is fed well in time", gaps)
    checks.ok(len(times) < 40, f"{name} clock: and not all the time", len(times))
    server.ask("GET", "/livez")
    if not is_virtual:
        stands_still(server, supervisor)
    server.stop()


def stands_still(server, supervisor):
    threads = sorted(int(one) for one in os.listdir(f"/proc/{server.process.pid}/task"))
    silent = []
    for tid in threads:
        if not stop_thread(tid):
            print(f"# a thread cannot be stopped here: {os.strerror(ctypes.get_errno())}")
            return
        time.sleep(PATIENCE_MS / 1000)  # What was asked before is answered, or not.
        since = time.monotonic()
        time.sleep(1.5 * PATIENCE_MS / 1000)
        silent += [tid] if supervisor.fed(since) == 0 else []
        libc.ptrace(PTRACE_DETACH, tid, None, None)
        since = time.monotonic()
        checks.ok(wait_until(lambda: supervisor.fed(since) > 0, 5), f"thread {threads.index(tid) + 1} of {len(threads)} goes on")
    checks.equal(len(silent), 2, f"of {len(threads)} threads two let the watchdog starve when they hang: the executor's and HTTP's")


def ignores_what_is_not_for_it():
    supervisor = Supervisor(checks.folder("other"))
    server = supervised("other-data", supervisor, WATCHDOG_USEC="300000", WATCHDOG_PID="1").start()
    wait_until(lambda: supervisor.has("READY"))
    time.sleep(0.5)
    checks.equal(supervisor.has("WATCHDOG"), [], "a watchdog of another process is not fed")
    server.stop()
    for number, (socket_name, watchdog) in enumerate((("nonsense", "1000"), ("/nowhere/at/all", "x"), ("/" + "x" * 300, "-5"))):
        odd = Server(checks, f"odd-{number}", NOTIFY_SOCKET=socket_name, WATCHDOG_USEC=watchdog).start()
        checks.equal((odd.ask("GET", "/readyz").status, odd.stop()[0]), (200, 0), f"a notify socket that is none ({socket_name[:10]}) is no harm")


def words_of(filter_name):
    done = subprocess.run(["systemd-analyze", "syscall-filter", filter_name], capture_output=True, text=True, timeout=60)
    words = set()
    for word in re.findall(r"^\s+(@?\w[\w-]*)$", done.stdout, re.M):
        words |= words_of(word) if word[0] == "@" else {word}
    return words


def has_sound_unit():
    if not shutil.which("systemd-analyze"):
        print("# systemd-analyze is not installed: the unit file is not read")
        return
    copy = checks.folder("unit") / "tocsin.service"
    copy.write_text(UNIT.read_text().replace("/usr/bin/tocsin", str(BUILD / "tocsin")).replace("Documentation=man:tocsin(1)\n", ""))
    done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, timeout=60)
    checks.ok(done.returncode == 0 and not done.stderr.strip(), "systemd reads the unit and finds nothing wrong", done.stderr)
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)], capture_output=True, text=True, timeout=60)
    level = re.search(r"exposure level for tocsin.service: ([\d.]+)", done.stdout)
    said = re.search(r"exposure level as \**([\d.]+)", (ROOT / "docs/operations.md").read_text())
    checks.ok(level and float(level.group(1)) <= 1.5, "its exposure is at most 1.5 of 10", done.stdout[-200:])
    checks.equal(said and said.group(1), level and level.group(1), "and is what docs/operations.md says")
    fits_its_filter()


def fits_its_filter():
    """What the server calls while it starts, works and stops is all let through: a filter that is too narrow shows at night."""
    if not shutil.which("strace"):
        print("# strace is not installed: the filter of system calls is not tried")
        return
    folder = checks.folder("calls")
    trace = folder / "trace"
    listen = socket.socket()
    listen.bind(("127.0.0.1", 0))
    port = listen.getsockname()[1]
    listen.close()
    settings = environment_of({"TOCSIN_DATA_DIR": str(folder / "data"), "TOCSIN_LISTEN": f"127.0.0.1:{port}"})
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", str(trace), str(BUILD / "tocsin"), "serve"], env=settings,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    checks.at_end(lambda: tracer.poll() is None and tracer.kill())
    line = tracer.stdout.readline()
    server = Server(checks, "calls-client")
    server.port = port
    user = server.add_user(name="Ana", email="ana@example.com", phone="+14155550101")
    server.post("/incidents", {"title": "Disk full", "userId": user, "policy": "missed-meeting", "escalate": True})
    server.post(f"/users/{user}/calendars", {"kind": "ics", "url": "http://feed.invalid/calendar.ics"})
    server.ask("GET", "/metrics")
    time.sleep(1)
    child = int(pathlib.Path(f"/proc/{tracer.pid}/task/{tracer.pid}/children").read_text().split()[0])
    os.kill(child, signal.SIGTERM)
    tracer.wait(30)
    called = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(errors="replace"), re.M))
    allowed = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.M):
        names = set().union(*(words_of(word) for word in line.lstrip("~").split()))
        allowed = allowed - names if line[0] == "~" else allowed | names
    # As root, SQLite gives its files to the owner of the database; the unit is not root.
    as_root = {"fchown"} if os.geteuid() == 0 else set()
    checks.ok(len(called) > 40 and len(allowed) > 150, f"{len(called)} system calls were seen, {len(allowed)} are let through", (line, len(called)))
    checks.equal(sorted(called - allowed - as_root), [], "none that was made is refused by the unit's filter")


def main():
    tells_its_life()
    feeds_the_watchdog(is_virtual=False)
    feeds_the_watchdog(is_virtual=True)
    ignores_what_is_not_for_it()
    has_sound_unit()


checks.run(main)
