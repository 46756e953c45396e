#!/usr/bin/env python3
"""Messages are looked for at the server: more of them than a page looks through, on both stores (--postgres; tests/scenario/message_search.scn
has what is looked at in one)."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import postgres  # noqa: E402
from live import Checks, free_ports, skip  # noqa: E402
from server import PostgresServer, Server  # noqa: E402

WINDOW = 1000  # MESSAGE_SEARCH_ROWS of service/message_internal.h.
checks = Checks()


def crowd(server, person):
    """One message of its kind, then more than a page looks through."""
    server.post("/policies", {"name": "mail", "steps": [{"channel": "EMAIL"}]})
    for title in ("Needle in the hay",) + ("Hay",) * (WINDOW + 50):
        server.post("/incidents", {"title": title, "userId": person, "policy": "mail", "escalate": True})
    server.advance(60)


def pages_of(server, **query):
    pages, cursor = [], {}
    while True:
        page = server.get("/messages", **query, **cursor)
        pages.append(page)
        if "cursor" not in page:
            return pages
        cursor = {"cursor": page["cursor"]}


def looks(server):
    server.start()
    ana = server.add_user(name="Ana", email="ana@example.com", phone="+14155550101")
    crowd(server, ana)
    total = server.get("/messages", limit=1)["total"]
    checks.ok(total > WINDOW, "there are more messages than a page looks through", total)
    pages = pages_of(server, text="needle", newest="true")
    checks.equal([(len(page["messages"]), page["searched"]) for page in pages], [(0, WINDOW), (1, total - WINDOW)],
                 "the oldest is found on the second page; the first says how many it has looked through")
    checks.equal({page["total"] for page in pages}, {total}, "and among how many")
    pages = pages_of(server, text="needle")
    checks.equal([(len(page["messages"]), page["searched"]) for page in pages], [(1, WINDOW), (0, total - WINDOW)], "from the other end it is on the first")
    found = [one["id"] for page in pages_of(server, text="hay", limit=300) for one in page["messages"]]
    checks.equal((len(found), len(set(found))), (total, total), "what all have is found in all, each once")
    checks.equal(len([one for page in pages_of(server, text="ANA@example.com", limit=1000) for one in page["messages"]]), total, "a whole address")
    server.check_logs(checks)


def main():
    settings = {"at": "2026-01-05T09:00:00Z", "TOCSIN_LISTEN": f"127.0.0.1:{free_ports(1)[0]}"}
    if "--postgres" not in sys.argv:
        looks(Server(checks, "search", **settings))
        return
    if postgres.missing():
        skip(postgres.missing())
    with postgres.Cluster() as cluster:
        looks(PostgresServer(checks, "search", cluster, **settings))


checks.run(main)
