#!/usr/bin/env python3
"""tests/lib/logs.py: does any log of the whole run hold what no log may (requirements P6)?

  python3 tests/lib/logs.py FOLDER       searches what the tests left in FOLDER; what it finds fails
  python3 tests/lib/logs.py --self-test  proves on planted lines that each kind is found

script/test names a folder in TOCSIN_TEST_LOGS. Every Tocsin that a test starts writes its log into a file there as well, and the
tests write down what they planted: numbers, addresses, passwords and secrets of their settings and of the bodies that they send.
At the end every log is searched for all that any test planted, and for what looks like a key, a token, a number or an address.
"""
import itertools
import json
import os
import pathlib
import re
import sys
import tempfile
import threading

FOLDER = os.environ.get("TOCSIN_TEST_LOGS")
SECRET_BYTES_MIN = 8
TEXT_SHOWN_MAX = 50  # P6: messages are cut there.

PRIVATE_MEMBERS = re.compile(r"(?i)(phone|whatsapp|password|secret|token|email|credential)s?$")
PRIVATE_SETTINGS = re.compile(r"(_TOKEN|_SECRET|_PASSWORD|_KEY|_PASS)$")

# What looks like something that no log may hold, whoever planted it.
SHAPES = (
    ("a full number", re.compile(r"(?<![\w+])\+[1-9]\d{7,14}(?!\d)|%2B[1-9]\d{7,14}")),
    ("an address", re.compile(r"(?<![\w.+-])(?<!://)[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("a key", re.compile(r"\btocsin_[A-Za-z0-9_-]{20,}")),
    ("a one-tap link", re.compile(r"/l/[A-Za-z0-9_-]{8,}")),
    ("a bearer's token", re.compile(r"(?i)\bbearer +[A-Za-z0-9._~+/-]{8,}")),
    ("a password in a URL", re.compile(r"://(?!USER:PASSWORD@)[^/\s:@]+:[^@/\s]+@")),
)

# The number that messages of ours give as an example, which is nobody's (555-0100 to 555-0199).
EXAMPLE = "such as +14155550101"

numbers = itertools.count(1)
lock = threading.Lock()


class Record:
    """The copy of one process's log. Does nothing where nobody asked for one."""

    def __init__(self, name):
        self.file = None
        if FOLDER:
            path = pathlib.Path(FOLDER) / f"{pathlib.Path(sys.argv[0]).stem}-{os.getpid()}-{next(numbers)}-{name}.log"
            self.file = path.open("a", encoding="utf-8", errors="replace")

    def add(self, text):
        if self.file is not None and text:
            self.file.write(text if text.endswith("\n") else text + "\n")
            self.file.flush()


def secret(text, what):
    """No log of the run may hold this."""
    if FOLDER and isinstance(text, str) and len(text.strip()) >= SECRET_BYTES_MIN:
        path = pathlib.Path(FOLDER) / f"{pathlib.Path(sys.argv[0]).stem}-{os.getpid()}.planted"
        with lock, path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([text.strip(), what]) + "\n")


def secrets_of_settings(settings):
    for name, value in settings.items():
        if PRIVATE_SETTINGS.search(name) and name != "TOCSIN_TLS_KEY":  # That one is the name of a file.
            secret(value, name)


def secrets_of_body(body, member=""):
    """What a body that is sent plants: all its members whose names say that they are private, and long texts."""
    if isinstance(body, bytes):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            return  # What is no JSON to us plants nothing.
    if isinstance(body, dict):
        for name, value in body.items():
            secrets_of_body(value, name)
    elif isinstance(body, list):
        for value in body:
            secrets_of_body(value, member)
    elif isinstance(body, str) and PRIVATE_MEMBERS.search(member):
        secret(body, f"a {member}")


def planted_in(folder):
    """{text: what it is} of all tests. Of a number also the digits alone, as a provider may write them."""
    found = {}
    for path in sorted(folder.glob("*.planted")):
        for line in path.read_text(encoding="utf-8").splitlines():
            text, what = json.loads(line)
            found[text] = what
            if re.fullmatch(r"\+\d{8,15}", text):
                found[text[1:]] = what
    return found


def leaks_of(text, planted, finder):
    """(what, where) of one log: each thing once."""
    found = {}
    for match in finder.finditer(text) if finder else ():
        found.setdefault(f"{planted[match.group(0)]} that a test planted", line_around(text, match.start()))
    for what, shape in SHAPES:
        for match in shape.finditer(text):
            found.setdefault(what, line_around(text, match.start()))
    return found


def line_around(text, at):
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    return text[start:end if end >= 0 else len(text)][:400]


def either(texts):
    """An expression for the longest of these texts: what begins alike is looked at once, since there are thousands of them."""
    begun = {}
    for text in texts:
        if text:
            begun.setdefault(text[0], []).append(text)
    ways = []
    for first, same in sorted(begun.items()):
        start = os.path.commonprefix(same) if len(same) > 1 else same[0]
        ways.append(re.escape(start or first) + (either([text[len(start):] for text in same]) if len(same) > 1 else ""))
    return f"(?:{'|'.join(ways)}){'?' if '' in texts else ''}" if ways else ""


def search(folder):
    """(leaks, logs, lines, planted things)."""
    planted = planted_in(folder)
    finder = re.compile(either(sorted(planted))) if planted else None
    leaks, logs, lines = [], 0, 0
    for path in sorted(folder.glob("*.log")):
        text = path.read_text(encoding="utf-8", errors="replace").replace(EXAMPLE, "such as …")
        logs, lines = logs + bool(text), lines + text.count("\n")
        leaks += [(path.name, what, where) for what, where in leaks_of(text, planted, finder).items()]
    return leaks, logs, lines, len(planted)


CANARY = "canary-of-the-log-search-5d1f"
CANARIES = (
    ("WARN sent to +34600111222", "a full number"), ("GET /x?To=%2B34600111222", "a full number"),
    ("mail to ada@example.org refused", "an address"), ("key tocsin_abcdefghijklmnopqrstuv", "a key"),
    ("GET /l/abcdefghij 200", "a one-tap link"), ("Authorization: Bearer abcdefghijkl", "a bearer's token"),
    ("fetch https://ana:geheim@cal.example/x.ics", "a password in a URL"), (f"signed with {CANARY}", "a secret that a test planted"),
    ("to 34600999888 by sms", "a phone that a test planted"),
)
CLEAN = ("DATABASE_URL: it must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE", "postgresql://tocsin@127.0.0.1:1/x: refused", f"FROM: It must be a number {EXAMPLE} or a name.", "2026-01-05T08:00:00.000000+00:00 INFO sent to ***1222 in 1736064000000000 us", "GET /l/… 200", "listens on http://127.0.0.1:8080/")


def finds_canaries():
    """[(what, whether it is found)]: each planted line, by the same search, in a folder of its own."""
    results = []
    with tempfile.TemporaryDirectory(prefix="tocsin-canary-") as name:
        folder = pathlib.Path(name)
        (folder / "t.planted").write_text(json.dumps([CANARY, "a secret"]) + "\n" + json.dumps(["+34600999888", "a phone"]) + "\n", encoding="utf-8")
        for number, (line, what) in enumerate(CANARIES):
            path = folder / f"{number}.log"
            path.write_text(f"{CLEAN[-1]}\n{line}\n{CLEAN[-2]}\n", encoding="utf-8")
            found = search(folder)[0]
            results.append((f"{what} is found in: {line}", any(one[1] == what and one[2] == line for one in found)))
            path.unlink()
        (folder / "clean.log").write_text("\n".join(CLEAN) + "\n", encoding="utf-8")
        results.append(("nothing is found where nothing is", not search(folder)[0]))
    return results


def main():
    if sys.argv[1:] == ["--self-test"]:
        results = finds_canaries()
        print(f"1..{len(results)}")
        for number, (text, ok) in enumerate(results, 1):
            print(f"{'ok' if ok else 'not ok'} {number} - {text}")
        return 0 if all(ok for _, ok in results) else 1
    leaks, logs, lines, planted = search(pathlib.Path(sys.argv[1]))
    for name, what, where in leaks:
        print(f"{name}: {what} is in: {where}")
    blind = [text for text, ok in finds_canaries() if not ok]
    for text in blind:
        print(f"the search is blind: {text}: it is not")
    print(f"logs: {logs} logs of {lines} lines were searched for {planted} planted secrets and {len(SHAPES)} shapes; {len(leaks)} leaks")
    return 1 if leaks or blind or not lines or not planted else 0


if __name__ == "__main__":
    sys.exit(main())
