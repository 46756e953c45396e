#!/usr/bin/env python3
"""`tocsin keys` beside a running server, which it asks with a pass made of the data key, and without one, in the store: the server knows
within a second; the audit trail stays whole whoever writes; the first key of an installation is not locked out (X1, X2, O1)."""
import json
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import BUILD, Checks, environment_of, free_ports, wait_until  # noqa: E402
from server import Server  # noqa: E402

checks = Checks()


def tocsin(server, *words):
    """The command's exit code, standard output and standard error."""
    done = subprocess.run([str(BUILD / "tocsin"), *words], env=environment_of(server.settings), cwd=server.folder,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def listed(server):
    code, text, _ = tocsin(server, "keys", "list", "--json")
    checks.equal(code, 0, "keys list ends well")
    return [json.loads(line) for line in text.splitlines()]


def status(server, key, method="GET", path="/api/v1/incidents", body=None):
    return server.ask(method, path, body, key=key).status


def trail_is_whole(server, when):
    code, text, error = tocsin(server, "audit", "verify")
    checks.ok(code == 0 and "is whole" in text, f"the audit trail is whole {when}", text, error)


def beside_a_server(server, first):
    """A key that the command makes is good at once; between its writes and the server's the trail has one order."""
    code, key, said = tocsin(server, "keys", "create", "desk", "--scope", "operator", "--expires", "2099-01-01T00:00:00Z")
    server.keep_secret(key, "a key of the command")
    checks.ok(code == 0 and re.fullmatch(r"tocsin_\S{30,}", key) and key not in said, "keys create shows the key on its output alone",
              code, said)
    checks.equal(status(server, key), 200, "the running server knows it")
    checks.equal(status(server, key, "POST", "/api/v1/incidents", {"title": "One"}), 201, "and the server writes on after it")
    checks.equal(status(server, key, "POST", "/api/v1/keys", {"name": "x", "scope": "ADMIN"}), 403, "an operator makes no keys")
    for number in range(5):
        tocsin(server, "keys", "create", f"more {number}", "--scope", "reader")
        checks.equal(status(server, key, "POST", "/api/v1/incidents", {"title": f"Between {number}"}), 201,
                     f"command and server write by turns ({number})")
    trail_is_whole(server, "after both have written by turns")
    said = server.ask("GET", "/api/v1/audit?limit=1000", key=first).data["events"]
    checks.ok({"cli", "api:desk"} <= {one["actor"] for one in said}, "the trail tells the command from the API")
    keys = listed(server)
    desk = next(one for one in keys if one["name"] == "desk")
    checks.equal((desk["scope"], desk["expiresAt"], desk["prefix"]), ("OPERATOR", "2099-01-01T00:00:00Z", key[:12]), "keys list shows it")
    checks.ok(not any("key" in one for one in keys), "and no secret")
    checks.equal(server.ask("GET", "/api/v1/keys", key=first).data["total"], len(keys), "the API lists the same")
    checks.equal(len({one["id"] for one in keys}), len(keys), "each with an id of its own")
    status(server, key)
    began = time.monotonic()
    checks.equal(tocsin(server, "keys", "revoke", desk["id"])[0], 0, "keys revoke ends well")
    done = time.monotonic()
    checks.ok(wait_until(lambda: status(server, key) == 401, 3), "the server refuses it")
    checks.ok(time.monotonic() - done < 1.5, "within a second", f"{time.monotonic() - began:.2f} s")
    rotates(server)
    audit = [one["action"] for one in server.ask("GET", "/api/v1/audit", key=first, subjectId=desk["id"]).data["events"]]
    checks.equal(audit, ["KEY_CREATED", "KEY_REVOKED"], "both are in the audit trail")


def rotates(server):
    """A key in place of another one, of which nobody reads more than the new one."""
    old = tocsin(server, "keys", "create", "pager", "--scope", "responder")[1]
    known = next(one for one in listed(server) if one["name"] == "pager")
    code, new, said = tocsin(server, "keys", "rotate", known["id"])
    for key in (old, new):
        server.keep_secret(key, "a key of the command")
    checks.ok(code == 0 and re.fullmatch(r"tocsin_\S{30,}", new) and new != old and new not in said, "keys rotate shows the new key",
              code, said)
    checks.equal(status(server, new), 200, "which is good")
    checks.ok(wait_until(lambda: status(server, old) == 401, 3), "and the old one is refused")
    checks.equal(tocsin(server, "keys", "rotate", known["id"])[0], 1, "once")


def a_pass_is_made_with_the_data_key(server):
    """Neither without the data key nor for long."""
    now = int(time.time())
    for word in (f"tocsin-host.{now}.", f"tocsin-host.{now}.{'0' * 64}", "tocsin-host.", f"tocsin-host.{now}", "tocsin-host..x"):
        checks.equal(status(server, word), 401, f"a made-up pass is 401: {word[:30]}")
    other = Server(checks, "other", TOCSIN_ADMIN_KEY="", TOCSIN_LISTEN=server.settings["TOCSIN_LISTEN"])
    other.settings["TOCSIN_DATA_KEY"] = "another data key, of another store"
    (other.folder / "tocsin.db").write_bytes(b"")
    code, _, error = tocsin(other, "keys", "create", "x", "--scope", "admin")
    checks.ok(code == 1 and error, "who has another store makes no key here", code, error)


def the_last_one_stays(server, first):
    mine = next(one for one in listed(server) if one["scope"] == "ADMIN")
    code, _, error = tocsin(server, "keys", "revoke", mine["id"])
    checks.ok(code == 1 and "last key of scope ADMIN" in error, "the command keeps the last key of scope ADMIN", code, error)
    checks.equal(server.ask("DELETE", f"/api/v1/keys/{mine['id']}", key=first).status, 409, "so does the API")
    checks.equal(status(server, first), 200, "and it goes on")


def is_called_wrongly(server):
    for words, code in ((["keys"], 2), (["keys", "create", "x", "--scope", "god"], 1), (["keys", "create", "x"], 1),
                        (["keys", "create", "x", "--scope", "user"], 1), (["keys", "revoke", "no-id"], 1),
                        (["keys", "create", "", "--scope", "reader"], 1), (["keys", "list", "surprise"], 2),
                        (["keys", "create", "x", "--scope", "reader", "--expires", "2001-01-01T00:00:00Z"], 1),
                        (["keys", "create", "x", "--scope", "reader", "--expires", "soon"], 1), (["keys", "list", "create", "x"], 2)):
        found, out, error = tocsin(server, *words)
        checks.ok(found == code and error and "tocsin_" not in out, f"tocsin {' '.join(words)}: exit {code}, said why", found, out, error)


def main():
    server = Server(checks, "keys", TOCSIN_ADMIN_KEY="", TOCSIN_LISTEN=f"127.0.0.1:{free_ports(1)[0]}")
    checks.equal(tocsin(server, "keys", "list")[0], 1, "without a store it fails")
    server.start()
    line = server.wait_log(r"tocsin_\S+", 10)
    first = re.search(r"tocsin_[A-Za-z0-9_-]+", line or server.first_line).group(0)
    checks.equal(status(server, first), 200, "the first start shows a key, and it works")
    beside_a_server(server, first)
    a_pass_is_made_with_the_data_key(server)
    the_last_one_stays(server, first)
    is_called_wrongly(server)
    checks.equal(server.stop()[0], 0, "it stops well")
    # Whoever lost the first key makes another: the store and the data key are enough.
    code, key, _ = tocsin(server, "keys", "create", "spare", "--scope", "ADMIN")
    server.keep_secret(key, "a key of the command")
    checks.equal(code, 0, "a key is made while no server runs")
    trail_is_whole(server, "without a server")
    server.start()
    checks.equal(status(server, key), 200, "the server that starts then knows it")
    checks.equal(status(server, key, "POST", "/api/v1/incidents", {"title": "Two"}), 201, "and writes")
    trail_is_whole(server, "at the end")
    server.stop()
    server.check_logs(checks)


checks.run(main)
