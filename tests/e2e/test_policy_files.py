#!/usr/bin/env python3
"""Policies from files: put in force at start and on SIGHUP, all or none; a wrong one is named with its member, and changes nothing.

Requirements E1, O5.
"""
import json
import pathlib
import signal
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks, run_tocsin  # noqa: E402
from server import Server  # noqa: E402

START = "2026-01-05T09:00:00Z"
DONE, FAILED, FOUND = 0, 1, 3
checks = Checks()


def policy(name, *steps, **members):
    return json.dumps({"name": name, "steps": list(steps) or [{"channel": "EMAIL"}, {"after": 5, "channel": "SMS"}], **members})


# What is wrong with a file, and what is said of it. Nothing here needs the store.
WRONG = [
    ("no JSON", "{", r"b\.json: .*not valid JSON"),
    ("an unknown member", policy("b", colour="red"), r"b\.json: colour "),
    ("a channel that is none", policy("b", {"channel": "PIGEON"}), r"b\.json: steps\[0\]\.channel must be one of"),
    ("a target without its id", policy("b", {"channel": "SMS", "targets": [{"type": "USER"}]}),
     r"b\.json: steps\[0\]\.targets\[0\]\.id: is required"),
    ("a name that another file has", policy("a"), r'b\.json: name: "a" is the name in a\.json too'),
    ("a name that is none", policy("Not A Slug"), r"b\.json: name must be lower-case"),
    ("too much", " " * 70000, r"b\.json: is longer than 64 KiB"),
]
# This needs it.
STRANGER = policy("b", {"channel": "SMS", "targets": [{"type": "USER", "id": str(uuid.uuid4())}]})


def reload(server, pattern):
    before = len(server.lines)
    server.signal(signal.SIGHUP)
    return server.wait_log(pattern, skipping=before)


def versions(server):
    return {one["name"]: one["version"] for one in server.get("/policies", limit=1000)["policies"]}


def is_named_by_commands(folder):
    file = folder / "b.json"
    for name, text, wanted in WRONG:
        file.write_text(text)
        code, _, errors = run_tocsin(checks, "check-config", POLICIES_DIR=str(folder))
        checks.equal(code, FOUND, f"check-config finds {name}")
        checks.like(errors, f"POLICIES_DIR: {wanted}", f"{name}: check-config names file and member")
        code, out, errors = run_tocsin(checks, "serve", POLICIES_DIR=str(folder), TOCSIN_LISTEN="127.0.0.1:0")
        checks.ok(code == FAILED and "listens" not in out, f"{name}: it does not start", code, out)
        checks.like(errors, wanted, f"{name}: and says why")
    file.write_text(STRANGER)
    code, _, errors = run_tocsin(checks, "check-config", POLICIES_DIR=str(folder))
    checks.equal(code, DONE, "check-config asks no store whether a person exists", errors)
    code, out, errors = run_tocsin(checks, "serve", POLICIES_DIR=str(folder), TOCSIN_LISTEN="127.0.0.1:0")
    checks.ok(code == FAILED and "listens" not in out, "the start does: it does not start", code, out)
    checks.like(errors, r"b\.json: steps\[0\]\.targets\[0\]\.id names no person", "and says why")
    file.unlink()
    for missing in (folder / "nowhere", folder / "a.json"):
        code, _, errors = run_tocsin(checks, "check-config", POLICIES_DIR=str(missing))
        checks.ok(code == FOUND and "POLICIES_DIR" in errors, f"{missing.name} is no folder: it is named", code, errors)


def is_read_at_start_and_again(folder):
    (folder / "note.txt").write_text("no policy")
    (folder / ".hidden.json").write_text("{")
    server = Server(checks, "files", at=START, POLICIES_DIR=str(folder)).start()
    built_in = {"default": 0, "missed-meeting": 0}
    checks.equal(versions(server), {**built_in, "a": 1}, "the start puts a file in force")
    shown = server.get("/policies", name="a")["policies"][0]
    checks.equal((shown["description"], shown["updatedBy"]), ("Files", "file"), "as the file has it")
    server.restart()
    checks.equal(versions(server)["a"], 1, "the next start makes no new version of what has not changed")
    checks.ok(reload(server, r"\[RULE_ENGINE\] policies read: 1 files, 0 of them new"), "nor does SIGHUP", server.log()[-500:])
    (folder / "a.json").write_text(policy("a", {"after": 1, "channel": "CALL"}))
    (folder / "b.json").write_text(policy("missed-meeting", {"after": 1, "channel": "SMS"}))
    checks.ok(reload(server, r"\[RULE_ENGINE\] policies read: 2 files, 2 of them new or changed"), "SIGHUP reads them again")
    now = {**built_in, "a": 2, "missed-meeting": 1}
    checks.equal(versions(server), now, "what changed has a new version; a built-in name is taken over")
    return server, now


def changes_nothing_when_wrong(folder, server, now):
    (folder / "a.json").write_text(policy("a", {"after": 3, "channel": "CALL"}))
    for name, text, wanted in [*WRONG, ("a stranger", STRANGER, r"b\.json: steps\[0\]\.targets\[0\]\.id names no person")]:
        (folder / "b.json").write_text(text)
        line = reload(server, rf"error \[RULE_ENGINE\] the policies stay as they were: POLICIES_DIR: {wanted}")
        checks.ok(line, f"SIGHUP: {name}: an error in the log that names file and member", server.log()[-500:])
        checks.equal(versions(server), now, f"SIGHUP: {name}: the files beside it change nothing either")
    (folder / "b.json").unlink()
    checks.ok(reload(server, r"policies read: 1 files, 1 of them new"), "mended, they are taken")
    checks.equal(versions(server), {**now, "a": 3}, "and a policy whose file is gone stays")


def goes_over_what_the_api_says(server):
    shown = server.get("/policies", name="a")["policies"][0]
    changed = server.ask("PUT", f"/api/v1/policies/{shown['id']}", {"name": "a", "steps": [{"channel": "EMAIL"}]})
    checks.equal((changed.status, changed.data["version"]), (200, 4), "the API may change it")
    checks.ok(reload(server, r"policies read: 1 files, 1 of them new"), "the next SIGHUP puts the file in force again")
    checks.equal(server.get("/policies", name="a")["policies"][0]["steps"][0]["channel"], "CALL", "as a version of its own")
    checks.equal(versions(server)["a"], 5, "the fifth")
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks)


def main():
    folder = checks.folder("policies")
    (folder / "a.json").write_text(policy("a", description="Files"))
    is_named_by_commands(folder)
    server, now = is_read_at_start_and_again(folder)
    changes_nothing_when_wrong(folder, server, now)
    goes_over_what_the_api_says(server)


checks.run(main)
