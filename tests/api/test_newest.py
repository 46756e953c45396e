#!/usr/bin/env python3
"""Lists of messages and of the audit trail from their end: the same items in the other order, page by page, whatever they are narrowed to."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks  # noqa: E402
from server import Server  # noqa: E402

checks = Checks()


def pages_of(server, path, member, **query):
    """All items over pages of three."""
    items, cursor = [], {}
    while True:
        page = server.get(path, limit=3, **query, **cursor)
        items += page[member]
        if "cursor" not in page:
            return items, page["total"]
        cursor = {"cursor": page["cursor"]}


def agrees(server, path, member, order, **query):
    forward, total = pages_of(server, path, member, **query)
    back, back_total = pages_of(server, path, member, newest="true", **query)
    names = [one[order] for one in forward]
    checks.ok(len(names) > 3 and len(names) == total == back_total, f"{path} {sorted(query)}: there is more than a page, and all is counted", total, back_total)
    checks.equal([one[order] for one in back], names[::-1], f"{path} {sorted(query)}: the newest first is the same list from its end")


def main():
    server = Server(checks, "newest", at="2026-01-05T09:00:00Z").start()
    ana = server.add_user(name="Ana", email="ana@example.com", phone="+14155550101")
    bob = server.add_user(name="Bob", email="bob@example.com", phone="+14155550102")
    for person in (ana, bob):
        incident = server.post("/incidents", {"title": "Disk full", "userId": person, "policy": "missed-meeting", "escalate": True})["id"]
    server.advance(7200)
    for path, member, order in (("/messages", "messages", "id"), ("/audit", "events", "seq")):
        agrees(server, path, member, order)
        agrees(server, path, member, order, userId=ana)
        agrees(server, path, member, order, subjectId=incident)
    agrees(server, "/messages", "messages", "id", userId=bob, subjectId=incident)
    wrong = server.ask("GET", "/api/v1/messages", newest="perhaps")
    checks.equal((wrong.status, wrong.body["error"]["field"]), (400, "newest"), "what is neither true nor false is refused")
    server.check_logs(checks)


checks.run(main)
