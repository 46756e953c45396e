#!/usr/bin/env python3
"""Two hundred people's feeds from a real nginx in one tick of the real clock, while another server hangs.

Requirements: M2 (many at once, nobody delays anybody), O5 (stopping while a request is under way).
"""
import datetime
import pathlib
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import live  # noqa: E402  (tests/lib/live.py)
from live import calendar_text, event_text  # noqa: E402
from nginx import Nginx  # noqa: E402  (beside this file)

checks = live.Checks()


class Hanging:
    """A server that takes a request and never answers."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.connections = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        checks.at_end(self.end)

    def _run(self):
        while True:
            try:
                self.connections.append(self.listener.accept()[0])
            except OSError:
                return

    def end(self):
        self.listener.close()
        for connection in self.connections:
            connection.close()


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def crowd(nginx):
    """By the real clock: two hundred people and one feed that hangs, in one tick."""
    count = 200
    hanging = Hanging()
    server = live.Tocsin(checks, "many", TOCSIN_ALLOW_PRIVATE_FETCH="true", CALENDAR_SYNC_INTERVAL_SECONDS="10")
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%Y%m%dT%H%M%SZ")
    stuck = server.add_user("Stuck", email="stuck@example.org")
    stuck_calendar = server.add_calendar(stuck, kind="ics", url=f"http://127.0.0.1:{hanging.port}/x.ics")
    people = []
    for number in range(count):
        nginx.write(f"many/{number}.ics", calendar_text(event_text(f"m{number}", soon)))
        user = server.add_user(f"Person {number}")
        people.append((user, server.add_calendar(user, kind="ics", url=nginx.url(f"/many/{number}.ics"))))

    def synced(times):
        # Asked from the last one back: mostly one question.
        return all((server.calendar(*one).get("lastSyncedAt") or "") > times for one in reversed(people))
    live.wait_until(lambda: synced(""), 25)
    first = [server.calendar(*one) for one in people]
    checks.equal({one["status"] for one in first}, {"OK"}, f"{count} feeds are read")
    checks.equal({len(server.meetings(user)) for user, _ in people}, {1}, "each gives its person a meeting")

    def lateness(shown):
        at = instant(shown["lastSyncedAt"]).timestamp()
        return at % 10
    late = sorted(lateness(one) for one in first)
    checks.ok(late[-1] < 5, f"all within the tick (the last {late[-1]:.1f} s after it)", late[-5:])
    latest = max(one["lastSyncedAt"] for one in first)
    checks.equal(server.calendar(stuck, stuck_calendar)["status"], "PENDING", "while one feed hangs")
    checks.ok(len(hanging.connections) >= 1, "which was asked")
    checks.ok(live.wait_until(lambda: synced(latest), 25), "the next tick reads all of them again, while it still hangs")
    requests = [nginx.seen(f"/many/{number}.ics") for number in (0, count // 2, count - 1)]
    checks.ok(all([one["status"] for one in found][:2] == ["200", "304"] for found in requests),
              "and finds them unchanged", requests)
    push = server.push(stuck, "pushed",
                       (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=12)).isoformat())
    checks.ok(live.wait_until(lambda: server.stages(push)[1][0] == "DELIVERED"), "meanwhile an alert goes out",
              server.stages(push))
    checks.equal(server.end(), 0, "it stops within its time although a feed hangs")


def main():
    crowd(Nginx(checks))


checks.run(main)
