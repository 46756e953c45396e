#!/usr/bin/env python3
"""Backup and restore (O10): a copy is made while eight clients write without a pause; all that was acknowledged before it began
is in it, of what came during it no part without the rest; it is restored elsewhere, where `tocsin verify` and `tocsin audit
verify` find all in order and the server starts with it; what is damaged, of another key or newer is refused and changes
nothing; nothing is overwritten."""
import os
import pathlib
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ADMIN_KEY, BUILD, Checks, environment_of, wait_until  # noqa: E402
from server import Client, Server, bytes_of, headers_of  # noqa: E402

CLIENTS = 8
checks = Checks()


def tocsin(*words, folder, **settings):
    done = subprocess.run([str(BUILD / "tocsin"), *map(str, words)], capture_output=True, text=True, timeout=120,
                          env=environment_of({"TOCSIN_DATA_DIR": str(folder), **settings}))
    return done.returncode, done.stdout, done.stderr


class Writer(threading.Thread):
    """Opens one incident after another; `taken` is what was acknowledged, with the instant of the answer."""

    def __init__(self, server, user, name):
        super().__init__(daemon=True)
        self.server, self.user, self.name = server, user, name
        self.taken, self.slowest, self.is_over = [], 0, threading.Event()

    def run(self):
        client, number = Client(self.server.port, 30), 0
        while not self.is_over.is_set():
            number += 1
            title = f"{self.name}-{number}"
            began = time.monotonic()
            answer = client.send("POST", "/incidents", bytes_of({"title": title, "userId": self.user, "policy": "missed-meeting",
                                                                "escalate": True}), headers_of(ADMIN_KEY, b""))
            ended = time.monotonic()
            self.slowest = max(self.slowest, ended - began)
            if answer.status == 201:
                self.taken.append((ended, title))


def incidents_in(path):
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT count(*) FROM incidents").fetchone()[0]
    finally:
        connection.close()


def under_load(server, user, place):
    writers = [Writer(server, user, f"w{number}") for number in range(CLIENTS)]
    for writer in writers:
        writer.start()
    wait_until(lambda: sum(len(writer.taken) for writer in writers) > 500, 60)
    promised = [title for writer in writers for _, title in list(writer.taken)]
    began = time.monotonic()
    code, out, err = tocsin("backup", place, folder=server.folder)
    took = time.monotonic() - began
    after = sum(len(writer.taken) for writer in writers)
    time.sleep(0.5)
    for writer in writers:
        writer.is_over.set()
    for writer in writers:
        writer.join(30)
    checks.equal((code, err), (0, ""), f"a backup is made under load, in {took:.2f} s")
    copies = [path for path in place.iterdir() if path.suffix == ".db"] if place.is_dir() else [place]
    checks.equal(len(copies), 1, "it is one file, named by its time")
    copy = copies[0]
    checks.ok(after > len(promised), f"{after - len(promised)} more were acknowledged while it was made", (len(promised), after))
    slowest = max(writer.slowest for writer in writers)
    checks.ok(slowest < 5, f"no writer had to wait long: {slowest * 1000:.0f} ms at most")
    checks.equal(sorted(path.name for path in copy.parent.iterdir()), [copy.name], "nothing else is left beside it")
    checks.equal(stat.S_IMODE(copy.stat().st_mode), 0o600, "nobody else may read it")
    checks.ok("Not in it: the data key" in out, "it says what is not in it", out)
    return copy, promised


def is_restored(server, copy, promised):
    elsewhere = checks.folder("elsewhere")
    code, _, err = tocsin("restore", copy, folder=elsewhere)
    checks.ok(code == 1 and "key" in err, "without the data key nothing is restored", err)
    checks.equal([path.name for path in elsewhere.iterdir() if path.suffix == ".db"], [], "and no database is left")
    (elsewhere / "tocsin.db.key").write_bytes(b"0" * 64)
    code, _, err = tocsin("restore", copy, folder=elsewhere)
    checks.ok(code == 1 and "is not the key" in err, "nor with another one", err)
    shutil.copy(server.folder / "tocsin.db.key", elsewhere / "tocsin.db.key")
    code, out, err = tocsin("restore", copy, folder=elsewhere)
    checks.equal((code, err), (0, ""), "with its key it is restored elsewhere")
    code, out, err = tocsin("audit", "verify", folder=elsewhere)
    checks.ok(code == 0 and "is whole" in out, "the audit trail is whole there", out + err)
    again = Server(checks, "elsewhere-server", folder=elsewhere).start()
    found, cursor = set(), None
    while True:
        page = again.get("/incidents", limit=200, **({"cursor": cursor} if cursor else {}))
        found |= {one["title"] for one in page["incidents"]}
        cursor = page.get("cursor")
        if not cursor:
            break
    missing = sorted(set(promised) - found)
    checks.equal(missing[:5], [], f"all {len(promised)} that were acknowledged before the backup began are there")
    checks.equal(again.query("PRAGMA foreign_key_check"), [], "no row is there without what it belongs to")
    half = again.query("SELECT count(*) FROM incidents i WHERE NOT EXISTS (SELECT 1 FROM steps s WHERE s.incident_id=i.id)")
    checks.equal(half, [(0,)], "and no incident without its ladder")
    checks.ok(wait_until(lambda: again.ask("GET", "/health").body["metrics"]["oldestDueSeconds"] == 0, 60), "what was due is run")
    code, out, err = tocsin("verify", folder=elsewhere)
    checks.ok(code == 0 and " 0 lost" in out, "tocsin verify accounts for all", out + err)
    code, _, err = tocsin("restore", copy, "--replace", folder=elsewhere)
    checks.ok(code == 1 and "another process" in err, "beside a server nothing is restored", err)
    again.stop()
    code, _, err = tocsin("restore", copy, folder=elsewhere)
    checks.ok(code == 1 and "--replace" in err, "nor over a database", err)
    before = incidents_in(elsewhere / "tocsin.db")
    code, out, err = tocsin("restore", copy, "--replace", folder=elsewhere)
    aside = [path for path in elsewhere.iterdir() if ".replaced-" in path.name and path.name[-1].isdigit()]
    checks.ok(code == 0 and len(aside) == 1 and incidents_in(aside[0]) == before, "unless it is told to: what was there is put aside", out + err)


def refuses(server, copy):
    folder = checks.folder("refused")
    shutil.copy(server.folder / "tocsin.db.key", folder / "tocsin.db.key")
    whole = copy.read_bytes()
    damaged = folder / "damaged"
    middle = len(whole) // 2 // 4096 * 4096
    damaged.write_bytes(whole[:middle] + os.urandom(8192) + whole[middle + 8192:])
    nonsense = folder / "nonsense"
    nonsense.write_bytes(b"no database" * 1000)
    newer, other, trail = folder / "newer", folder / "other", folder / "trail"
    shutil.copy(copy, newer)
    shutil.copy(copy, trail)
    with sqlite3.connect(newer) as connection:
        connection.execute("INSERT INTO schema_migrations (number, checksum) VALUES (9999, 'of a later version')")
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE t (a)")
    with sqlite3.connect(trail) as connection:
        for name, in connection.execute("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='audit_events'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit_events SET action='NOTHING' WHERE seq=3")
    for path, word in ((damaged, ""), (nonsense, "not a database"), (newer, "schema"), (other, "no database of Tocsin"),
                       (trail, "event 3 was changed"), (folder / "absent", "absent")):
        code, out, err = tocsin("restore", path, folder=folder)
        left = [one.name for one in folder.iterdir() if one.name.startswith("tocsin.db") and one.suffix in (".db", ".partial")]
        checks.ok(code == 1 and word in err and left == [], f"a file that is {path.name} is refused: {err.strip()[-90:]}", out + err)
    code, _, err = tocsin("backup", copy, folder=server.folder)
    checks.ok(code == 1 and "overwrites nothing" in err, "a backup overwrites nothing", err)
    code, _, err = tocsin("backup", folder / "no" / "such" / "file", folder=server.folder)
    checks.ok(code == 1 and "cannot be made" in err, "a place that is not there is named", err)
    code, _, err = tocsin("backup", folder / "x.db", folder=server.folder, DATABASE_URL="postgresql://x@127.0.0.1/x")
    checks.ok(code == 1 and "pg_dump" in err, "of PostgreSQL it says what to do", err)
    code, _, err = tocsin("backup", folder=server.folder)
    checks.ok(code == 2 and "usage" in err, "without a place it says how it is called", err)


def main():
    server = Server(checks, "written").start()
    user = server.add_user(name="Ana", email="ana@example.com", phone="+14155550101")
    copy, promised = under_load(server, user, checks.folder("backups"))
    is_restored(server, copy, promised)
    refuses(server, copy)
    server.stop()


checks.run(main)
