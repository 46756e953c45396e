#!/usr/bin/env python3
"""tests/fuzz/seed_routes.py FOLDER: writes what fuzz_routes and fuzz_records start from: a request of each route that works.

The requests are those of tests/lib/route_cases.py, as the tests of the API make them on a server that runs for it; ids become
the names that fuzz_routes has for them. TOCSIN_BUILD names the build.
"""
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ROOT, Checks  # noqa: E402
from route_cases import CASES, START, World  # noqa: E402
from server import Server  # noqa: E402

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MEMBERS = {"agentId": "agents", "source": "integrations", "campaignId": "campaigns", "subjectId": "incidents", "policy": "policies"}
# Where the path alone does not say what stands for a placeholder.
WORDS = {"take_events": "$integrationKey", "take_alertmanager": "$integrationKey", "take_grafana": "$integrationKey",
         "take_beat": "$beat", "take_hook": "twilio sms-status", "show_queue": "SCHEDULED_CALL",
         "drain_queue": "SCHEDULED_CALL", "pause_queue": "SCHEDULED_CALL", "resume_queue": "SCHEDULED_CALL"}
checks = Checks()


def named(text):
    """A body or query with names in the place of ids."""
    for member, name in MEMBERS.items():
        text = re.sub(rf'("{member}": ?"){UUID.pattern}', rf"\1${name}", text)
    return UUID.sub("$users", text)


def body_text(body):
    if body is None:
        return ""
    return named(body if isinstance(body, str) else body.decode() if isinstance(body, bytes) else json.dumps(body))


def main():
    folder = pathlib.Path(sys.argv[1])
    for name in ("fuzz_routes", "fuzz_records"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    server = Server(checks, "seeds", at=START).start()
    world, document = World(server), server.ask("GET", "/openapi.json").body
    rows = re.findall(r"^ROUTE\((\w+), +\"([^\"]+)\", +\w+, +(\w+)", (ROOT / "src/api/routes.def").read_text(), re.M)
    for index, (method, path, operation) in enumerate(rows):
        key = next((key for key in (f"{method} /api/v1{path}", f"{method} {path}") if key in CASES), None)
        target, body = (CASES[key].path(world, world.anna), body_text(CASES[key].body(world, world.anna))) if key else ("", "")
        query = "?" + named(target.split("?", 1)[1]) if "?" in target else ""
        is_page = path.startswith(("/l/", "/s/", "/d/"))
        line = f"{WORDS.get(operation, '')}{query}"
        flags = "f" if is_page else "n" if operation in WORDS else ""
        text = f"{operation} {flags}\n{line}\n{'answer=yes' if is_page and method == 'POST' else body}"
        (folder / "fuzz_routes" / f"{method.lower()}-{operation}").write_text(text)
        if body:
            (folder / "fuzz_records" / f"{method.lower()}-{operation}").write_bytes(bytes((index % 256, 0)) + body.encode())
    checks.ok(document["openapi"], f"{len(rows)} routes are written")
    server.stop()


checks.run(main)
