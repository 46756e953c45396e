#!/usr/bin/env python3
"""The README's session, run as a newcomer would: each command of its console blocks prints what the README shows.

The server is started as the README says (virtual clock, its key), on a free port. TAP: one point a command that prints.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ.get("TOCSIN_ROOT", ".")).resolve()
BUILD = pathlib.Path(os.environ.get("TOCSIN_BUILD", ROOT / "build"))


def steps(text):
    """(command, expected output) pairs of the console blocks."""
    for block in re.findall(r"```console\n(.*?)```", text, re.S):
        command, expected = None, []
        for line in block.splitlines():
            if line.startswith("$ "):
                if command is not None:
                    yield command, "\n".join(expected)
                command, expected = line[2:], []
            else:
                expected.append(line)
        if command is not None:
            yield command, "\n".join(expected)


def main():
    text = (ROOT / "README.md").read_text()
    start = re.search(r"TOCSIN_ADMIN_KEY=(\S+) script/serve (--clock virtual --at \S+)", text)
    if start is None:
        print("not ok 1 - the README shows how to start with a virtual clock\n1..1")
        return 1
    failed = number = 0
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.environ["PATH"], "TOCSIN_ADMIN_KEY": start[1], "TOCSIN_DATA_DIR": folder}
        server = subprocess.Popen([BUILD / "tocsin", "serve", "--listen", "127.0.0.1:0", *start[2].split()],
                                  env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        port = re.search(r":(\d+)$", server.stdout.readline().strip())[1]
        shell = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            for command, expected in steps(text):
                shell.stdin.write(command.replace("8080", port) + "\nprintf '\\036\\n'\n")
                shell.stdin.flush()
                lines = []
                while not (line := shell.stdout.readline()).endswith("\x1e\n"):
                    lines.append(line)
                lines.append(line[:-2])
                seen = "".join(lines).strip("\n")
                if not expected and not seen:
                    continue
                number += 1
                is_same = seen == expected
                failed += not is_same
                print(f"{'ok' if is_same else 'not ok'} {number} - {command[:70]}")
                if not is_same:
                    print(f"# expected {expected!r}\n# seen     {seen!r}")
        finally:
            shell.stdin.close()
            shell.wait(timeout=10)
            server.terminate()
            server.wait(timeout=15)
    if number < 6:
        failed += 1
        print(f"# only {number} commands of the README print anything")
    print(f"1..{number}")
    return 1 if failed else 0


sys.exit(main())
