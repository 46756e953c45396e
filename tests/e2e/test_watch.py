#!/usr/bin/env python3
"""The ping that says that Tocsin is alive (O9), by a real socket: it comes as often as it should, its failing stops nothing and
is shown, a server that was killed begins again with one, and its URL is in no log."""
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks, wait_until  # noqa: E402
from server import Server  # noqa: E402
from sinks import FakeServer  # noqa: E402

PATH = "/ping/5f0c2a90-secret-of-the-watcher"
checks = Checks()


class Watcher(FakeServer):
    status = 200

    def __init__(self, checks):
        super().__init__(checks)
        self.slow, self.may_answer = None, threading.Event()

    def answer(self, asked):
        return self.status, {}, b"OK"

    def dwell(self, asked):
        if self.slow == self.asked.index(asked) + 1:
            self.may_answer.wait()

    def has(self, count):
        wait_until(lambda: len(self.asked) >= count, 10)
        return len(self.asked) == count


def health(server):
    return server.ask("GET", "/health").body


def pings(server, watcher):
    checks.ok(watcher.has(1), "the first goes out at the start", len(watcher.asked))
    first = watcher.asked[0]
    checks.equal((first.method, first.path, first.text), ("GET", PATH, ""), "a GET of the URL, without a body")
    for number in range(2, 7):  # One at a time, so that each has its answer before the next.
        server.advance(60)
        watcher.has(number)
    checks.ok(watcher.has(6), "then one a minute", len(watcher.asked))
    checks.equal(health(server)["status"], "ok", "all is well")


def overtaken(server, watcher):
    """The answer to a ping comes after the next one's: it says nothing of now."""
    watcher.slow = len(watcher.asked) + 1
    server.advance(60)
    watcher.has(watcher.slow)
    server.advance(60)
    watcher.has(watcher.slow + 1)
    late = watcher.asked[watcher.slow - 1]
    wait_until(lambda: watcher.asked[watcher.slow].status is not None)
    time.sleep(0.2)  # Until that one was heard, which is nowhere shown.
    watcher.status = 200
    watcher.may_answer.set()
    checks.ok(wait_until(lambda: late.status is not None), "an answer comes late", late.status)
    time.sleep(0.2)
    watcher.status = 503
    checks.ok(health(server)["metrics"]["pingFailingSeconds"] > 0, "it does not count")
    checks.ok(not any("arrives again" in line for line in server.lines), "and nothing is said of it")


def fails(server, watcher):
    watcher.status = 503
    for number in (7, 8, 9):
        server.advance(60)
        watcher.has(number)
    found = wait_until(lambda: health(server)["metrics"]["pingFailingSeconds"] > 0 and health(server))
    checks.ok(found and found["status"] == "degraded" and "ping" in found["reason"], "one that fails is shown", found)
    checks.equal(sum("does not arrive" in line for line in server.lines), 1, "and said once")
    overtaken(server, watcher)
    watcher.hang()
    server.advance(60)
    user = server.add_user(name="Ana", email="ana@example.com", phone="+14155550101")
    server.post("/incidents", {"title": "Disk full", "userId": user, "policy": "missed-meeting", "escalate": True})
    server.advance(5)
    sent = wait_until(lambda: [one for one in server.messages(userId=user) if one["state"] == "DELIVERED"])
    checks.ok(sent, "alerts go out while it hangs", server.messages(userId=user))
    watcher.go_on()
    watcher.status = 200
    server.advance(60)
    wait_until(lambda: health(server)["metrics"]["pingFailingSeconds"] == 0 or server.advance(60) is None)
    checks.equal(health(server)["metrics"]["pingFailingSeconds"], 0, "it arrives again")
    checks.ok(server.wait_log("the ping to TOCSIN_PING_URL arrives again"), "and the log says so")


def begins_again(server, watcher):
    server.kill()
    count = len(watcher.asked)
    server.at = "2026-01-05T10:00:00Z"  # Away for a while: the first timers are late.
    server.start()
    checks.ok(server.wait_log("the ping is withheld: timers run"), "a server that is behind says nothing to the watcher")
    checks.equal(len(watcher.asked), count, "nothing went out")
    server.advance(6)
    checks.ok(watcher.has(count + 1), "then it goes on, with one", len(watcher.asked) - count)


def main():
    watcher = Watcher(checks)
    server = Server(checks, "watch", at="2026-01-05T09:00:00Z", TOCSIN_PING_URL=watcher.url + PATH)
    server.keep_secret(PATH, "the path of the ping")
    server.start()
    pings(server, watcher)
    fails(server, watcher)
    begins_again(server, watcher)
    server.check_logs(checks)


checks.run(main)
