#!/usr/bin/env python3
"""The sessions of README.md and docs/providers.md, run as a newcomer would: each command of their console blocks prints what the
page shows.

The server is started as the README says (virtual clock, its key), on a free port. TAP: one point a command that prints.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ.get("TOCSIN_ROOT", ".")).resolve()
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from session import Shell, steps  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TOCSIN_BUILD", ROOT / "build"))


class Count:
    number = failed = 0


def run_page(text, port, count):
    """The points of one page: how many of its commands print anything."""
    before = count.number
    shell = Shell(port, BUILD / "tocsin")
    try:
        for command, expected in steps(text):
            seen = shell.run(command)
            if not expected and not seen:
                continue
            count.number += 1
            count.failed += seen != expected
            print(f"{'ok' if seen == expected else 'not ok'} {count.number} - {command[:70]}")
            if seen != expected:
                print(f"# expected {expected!r}\n# seen     {seen!r}")
    finally:
        shell.end()
    return count.number - before


def main():
    text = (ROOT / "README.md").read_text()
    start = re.search(r"TOCSIN_ADMIN_KEY=(\S+) script/serve (--clock virtual --at \S+)", text)
    if start is None:
        print("not ok 1 - the README shows how to start with a virtual clock\n1..1")
        return 1
    count = Count()
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.environ["PATH"], "TOCSIN_ADMIN_KEY": start[1], "TOCSIN_DATA_DIR": folder}
        server = subprocess.Popen([BUILD / "tocsin", "serve", "--listen", "127.0.0.1:0", *start[2].split()],
                                  env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            port = re.search(r":(\d+)$", server.stdout.readline().strip())[1]
            for page, least in (("README.md", 10), ("docs/providers.md", 4)):
                if run_page((ROOT / page).read_text(), port, count) < least:
                    count.failed += 1
                    print(f"# fewer than {least} commands of {page} print anything")
        finally:
            server.terminate()
            server.wait(timeout=15)
    print(f"1..{count.number}")
    return 1 if count.failed else 0


sys.exit(main())
