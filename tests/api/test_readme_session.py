#!/usr/bin/env python3
"""The session of docs/session-scheduled-calls.md, run as a newcomer would.

Each command of its console blocks prints what the page shows, byte for byte but for ids, which are made anew each time: two that
are the same on the page are the same here. The clock is virtual, so that times are compared as they stand. TAP: one point a
command that prints. With --show it prints the page as it would have to be.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import BUILD, Checks  # noqa: E402
from server import Server  # noqa: E402
from session import Shell, steps  # noqa: E402

PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "session-scheduled-calls.md"
COMMANDS_LEAST = 10
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Names:
    """The first id of a page is <1>, the next one <2>."""

    def __init__(self):
        self.known = {}

    def put(self, text):
        return UUID.sub(lambda found: self.known.setdefault(found[0], f"<{len(self.known) + 1}>"), text)


def main(checks, shows):
    page = PAGE.read_text()
    start = re.search(r"TOCSIN_ADMIN_KEY=(\S+) script/serve --clock virtual --at (\S+)", page)
    server = Server(checks, "session", at=start[2], TOCSIN_ADMIN_KEY=start[1]).start()
    server.keep_secret("+14155550171", "the number of the session")
    shell = Shell(server.port, BUILD / "tocsin")
    checks.at_end(shell.end)
    there, here, printed = Names(), Names(), 0
    for command, expected in steps(page):
        seen = shell.run(command)
        if shows:
            print("\n".join(filter(None, (f"$ {command}", seen))))
        elif expected or seen:
            printed += 1
            checks.equal(here.put(seen), there.put(expected), command[:70])
    if not shows:
        checks.ok(printed >= COMMANDS_LEAST, f"at least {COMMANDS_LEAST} commands print something")
        server.check_logs(checks)


CHECKS = Checks()
sys.exit(CHECKS.run(lambda: main(CHECKS, "--show" in sys.argv)))
