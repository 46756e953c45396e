#!/usr/bin/env python3
"""A full disk: writes are refused with 503, health is red, nothing crashes, nothing acknowledged is lost, and when there is room
again it goes on by itself. On a small tmpfs, which needs root. Requirements D6, O5; issue "Bad input, faults"."""
import datetime
import http.client
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ADMIN_KEY, Checks, skip, wait_until  # noqa: E402
from server import Client, Server, bytes_of, headers_of, run_commands  # noqa: E402

SIZE = "64m"  # Three times what a run writes into the journal, which is only emptied into the database at 64 MB.
RECOVERY_SECONDS = 5
checks = Checks()


def mount_small():
    """A file system of a few megabytes, or the whole script is skipped."""
    folder = checks.folder("disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(folder)], capture_output=True,
                             text=True)
    if mounted.returncode != 0:
        shutil.rmtree(checks.work)
        who = "" if os.geteuid() == 0 else ", and only root may"
        skip(f"no small file system can be mounted here{who}: {mounted.stderr.splitlines()[0]}")
    checks.at_end(lambda: subprocess.run(["umount", "-l", str(folder)], check=True))
    return folder


def fill(folder):
    """Leaves not a single byte."""
    with open(folder / "filler", "ab", buffering=0) as filler:
        for size in (1 << 20, 1 << 12, 1):
            while True:
                try:
                    filler.write(b"x" * size)
                except OSError:
                    break


def moment(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Pusher(threading.Thread):
    """Pushes meetings without a pause; an answer is a success, or 503 UNAVAILABLE."""

    def __init__(self, server, user, name):
        super().__init__(daemon=True)
        self.server, self.user, self.name = server, user, name
        self.taken, self.odd, self.refused = [], [], 0
        self.is_over = threading.Event()

    def run(self):
        client, number = Client(self.server.port, 20), 0
        while not self.is_over.is_set():
            number += 1
            event = f"{self.name}-{number}"
            body = {"userId": self.user, "events": [{"externalId": event, "title": event * 20, "startsAt": "2031-01-06T09:00:00Z"}]}
            try:
                answer = client.send("POST", "/calendar/sync", bytes_of(body), headers_of(ADMIN_KEY, b""))
            except (OSError, http.client.HTTPException) as error:
                self.odd.append((event, repr(error)))
                return
            if answer.status == 200:
                self.taken.append(event)
            elif answer.status == 503 and answer.body["error"]["code"] == "UNAVAILABLE":
                self.refused += 1
                self.is_over.wait(0.01)
            else:
                self.odd.append((event, answer.status, answer.text[:200]))


def status(server, path):
    return server.ask("GET", path, key=None).status


def is_red(server, name):
    # What the journal has room for without growing is still taken: some hundred small writes, without a pause between them.
    refused = wait_until(lambda: any(server.ask("POST", "/api/v1/users", {"name": "Late"}).status == 503 for _ in range(200)), 10)
    checks.ok(refused, f"{name}: writes are refused")
    answer = server.ask("POST", "/api/v1/users", {"name": "Late"})
    checks.ok(answer.body["error"]["code"] == "UNAVAILABLE" and len(answer.body["error"]["message"]) > 10,
              f"{name}: with a clear 503", answer.text)
    health = server.ask("GET", "/health", key=None)
    checks.ok(health.status == 503 and health.body["status"] == "failing" and health.body["reason"], f"{name}: health is failing",
              health.text)
    checks.equal((status(server, "/readyz"), status(server, "/livez")), (503, 200), f"{name}: not ready, but alive")
    checks.equal(server.ask("GET", "/api/v1/users").status, 200, f"{name}: reading goes on")


def is_green_again(server, name):
    began = time.monotonic()
    is_back = wait_until(lambda: server.ask("POST", "/api/v1/users", {"name": "Back"}).status == 201, 20)
    took = time.monotonic() - began
    checks.ok(is_back and took < RECOVERY_SECONDS, f"{name}: writes are taken again after {took:.1f} s", server.log()[-800:])
    green = wait_until(lambda: (status(server, "/health"), status(server, "/readyz")) == (200, 200), 3)
    checks.ok(green, f"{name}: healthy and ready", server.ask("GET", "/health").text)
    checks.ok(server.is_running(), f"{name}: it is still the same process")


def stages_wait_for_room(server, folder, round_number):
    """A call that falls due while the disk is full goes out as soon as there is room."""
    person = server.add_user(name="Prompt", email="prompt@example.org", phone=f"+3460019{round_number:04d}")
    event = server.push(person, f"due {round_number}", moment(121.5))
    fill(folder)
    is_red(server, f"round {round_number}")
    due = server.query("SELECT a.due_at FROM alerts a JOIN meetings m ON m.id=a.meeting_id WHERE m.external_id=? AND a.stage=3",
                       f"due {round_number}")[0][0]
    wait_until(lambda: time.time() * 1000 > due + 300)
    alert = server.get(f"/meetings/{event}")["alerts"][-1]
    checks.ok(alert["status"] in ("PENDING", "SENDING"), f"round {round_number}: a call that is due waits", alert)
    (folder / "filler").unlink()
    is_green_again(server, f"round {round_number}")
    sent = wait_until(lambda: server.get(f"/meetings/{event}")["alerts"][-1]["status"] == "DELIVERED", 5)
    checks.ok(sent, f"round {round_number}: and goes out when there is room", server.get(f"/meetings/{event}")["alerts"])
    calls = [one for one in server.messages(userId=person) if one["channel"] == "CALL"]
    checks.equal(len(calls), 1, f"round {round_number}: once")


def acknowledged_is_there(server, pushers):
    stored = {event for event, in server.query("SELECT external_id FROM meetings")}
    taken = [event for pusher in pushers for event in pusher.taken]
    checks.equal([event for event in taken if event not in stored], [], f"all {len(taken)} acknowledged meetings are stored")
    checks.equal([odd for pusher in pushers for odd in pusher.odd], [], "every answer was a success or a clear 503")
    refused = sum(pusher.refused for pusher in pushers)
    checks.ok(taken and refused, f"some were taken ({len(taken)}), some refused ({refused})")
    ours = {event for event in stored if event.startswith("p")}
    checks.equal(sorted(ours - set(taken)), [], "and what was refused left nothing behind")


def restarts_on_a_full_disk(server, folder):
    fill(folder)
    is_red(server, "before the restart")
    code, took = server.stop()
    checks.ok(code == 0 and took < 10, f"it stops well on a full disk ({took:.1f} s)", server.log()[-800:])
    fill(folder)  # Stopping has made some room.
    server.start()
    is_red(server, "started on a full disk")
    (folder / "filler").unlink()
    is_green_again(server, "after that")


def starts_full_with_much_to_do(server, folder):
    """Killed on a full disk, with more due than the journal has room for: it starts all the same, and does it when it can."""
    person = server.add_user(name="Much", email="much@example.org", phone="+34600198888")
    events = [{"externalId": f"much-{number}", "title": f"much {number}", "startsAt": moment(121.5)} for number in range(300)]
    checks.equal(server.sync(person, events=events).body["created"], 300, "300 calls are due in a moment")
    fill(folder)
    is_red(server, "before the kill")
    due = server.query("SELECT max(due_at) FROM alerts WHERE stage=3 AND meeting_id IN (SELECT id FROM meetings WHERE external_id LIKE 'much-%')")[0][0]
    server.kill()
    (folder / "tocsin.db-shm").unlink()  # As a power cut leaves it: what the journal's index needs is to be had anew.
    fill(folder)
    wait_until(lambda: time.time() * 1000 > due)
    server.start()
    is_red(server, "killed and started on a full disk")
    for turn in range(3):
        server.kill()
        (folder / "tocsin.db-shm").unlink()
        fill(folder)
        server.start()
        is_red(server, f"killed and started on it again ({turn})")
    (folder / "filler").unlink()
    is_green_again(server, "after that kill")
    sent = "SELECT count(*) FROM alerts a JOIN meetings m ON m.id=a.meeting_id WHERE m.external_id LIKE 'much-%' AND a.stage=3 AND a.status<>'PENDING'"
    checks.ok(wait_until(lambda: server.query(sent)[0][0] == 300, 10), "and all 300 are taken up", server.query(sent))


def main():
    folder = mount_small()
    server = Server(checks, "full", folder=folder).start()
    user = server.add_user(name="Load")
    pushers = [Pusher(server, user, f"p{number}") for number in range(3)]
    for pusher in pushers:
        pusher.start()
    wait_until(lambda: all(len(pusher.taken) > 20 for pusher in pushers))
    for round_number in range(1, 4):
        stages_wait_for_room(server, folder, round_number)
    for pusher in pushers:
        pusher.is_over.set()
        pusher.join(20)
    acknowledged_is_there(server, pushers)
    restarts_on_a_full_disk(server, folder)
    starts_full_with_much_to_do(server, folder)
    acknowledged_is_there(server, pushers)
    checks.equal(server.query("PRAGMA integrity_check")[0][0], "ok", "the database is whole")
    checks.equal(server.stop()[0], 0, "it stops well")
    whole = run_commands(checks, "full-audit", TOCSIN_DATA_DIR=str(folder))("audit", "verify")
    checks.ok(whole[0] == 0, f"audit verify: {whole[1].strip()}", whole)
    server.check_logs(checks)


checks.run(main)
