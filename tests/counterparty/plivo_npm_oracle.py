#!/usr/bin/env python3
"""Plivo's signatures against the validator of its official npm package, in both directions.

Usage: plivo_npm_oracle.py PROGRAM
For every case: the signature that the library makes is ours and is accepted by us, ours is accepted by the library, and with
one thing damaged both refuse. The package is installed by npm, pinned by plivo_npm/package-lock.json, into the build
directory; without npm, or without a network the first time, the comparison is skipped (77). protocols.md 2.5.
"""
import json
import pathlib
import random
import subprocess
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import npm  # noqa: E402  (tests/lib/npm.py)

TOKEN = "MAXXXXXXXXXXXXXXXXXX-token"
RANDOM_CASES = 300


class Peer:
    """A program that answers each line with a line."""

    def __init__(self, command, folder=None):
        self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"no answer to {line[:300]}")
        return answer.strip()

    def end(self):
        self.process.stdin.close()
        return self.process.wait(timeout=20)


class Both:
    def __init__(self, program, folder):
        self.ours = Peer([program])
        self.theirs = Peer(["node", "validate.js"], folder)

    def library(self, case, signature):
        """Whether the library takes it, and what it has signed itself."""
        fields = {}
        for name, value in case["fields"]:
            fields.setdefault(name, []).append(value)
        fields = {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
        question = {**case, "signature": signature, "fields": fields}
        answer = json.loads(self.theirs.ask(json.dumps(question)))
        return answer["valid"], answer["own"]

    def own(self, case, header):
        """Our signature, and whether we take this header."""
        body = urllib.parse.urlencode(case["fields"])
        words = [case["method"], case["token"], case["nonce"], case["url"], body, header]
        signature, taken = self.ours.ask(" ".join("." + word.encode().hex() for word in words)).split(" ")
        return signature, taken == "yes"


def fixed_cases():
    base = {"method": "POST", "token": TOKEN, "nonce": "05429567804466091622", "url": "https://answer.example.com/p",
            "fields": []}
    yield {**base, "fields": [("M", "b"), ("M", "a"), ("M", "b"), ("N", "")]}
    yield base
    yield {**base, "method": "GET"}
    yield {**base, "url": base["url"] + "?attempt=a-1&token=0f", "fields": [("CallUUID", "x"), ("Digits", "1")]}
    yield {**base, "url": base["url"] + "?attempt=a-1&token=0f"}
    yield {**base, "url": base["url"] + "?b=2&a=1&a=0&c=", "method": "GET"}
    yield {**base, "url": "https://answer.example.com:8443/webhooks/plivo/voice?z=%C3%BC+x%2B", "fields": [("Text", "ü & +1")]}
    yield {**base, "fields": [("a b", "c d"), ("A", "1"), ("a", "1"), ("_", "2")]}


def random_cases(source):
    letters = "abzAZ019_-. +&=%/?äß€"
    for _ in range(RANDOM_CASES):
        def word(least=0):
            return "".join(source.choice(letters) for _ in range(source.randint(least, 6)))
        query = urllib.parse.urlencode([(word(1), word()) for _ in range(source.randint(0, 4))])
        method = source.choice(["GET", "POST"])
        yield {"method": method, "token": TOKEN, "nonce": str(source.randint(0, 10**20)),
               "url": "https://t.example.com/webhooks/plivo/voice" + ("?" + query if query else ""),
               "fields": [(word(1), word()) for _ in range(source.randint(0, 5))] if method == "POST" else []}


def damaged(case):
    yield "nonce", {**case, "nonce": case["nonce"] + "1"}
    yield "token", {**case, "token": case["token"] + "x"}
    yield "path", {**case, "url": case["url"].replace(".com", ".com/x", 1)}
    yield "query", {**case, "url": case["url"] + ("&" if "?" in case["url"] else "?") + "extra=1"}
    if case["method"] == "POST":
        yield "fields", {**case, "fields": case["fields"] + [("extra", "1")]}


def differences(both, case):
    _, signed = both.library(case, "-")
    signature, taken = both.own(case, signed)
    if signature != signed:
        yield f"we sign {signature}, the library {signed}"
    if not taken:
        yield "we refuse what the library signed"
    if not both.library(case, signature)[0]:
        yield "the library refuses what we signed"
    if not both.own(case, "AAAA," + signed)[1]:
        yield "we refuse it as the second of two"
    for what, other in damaged(case):
        if both.own(other, signed)[1] or both.library(other, signature)[0]:
            yield f"accepted with another {what}"


def main():
    both = Both(sys.argv[1], npm.install("plivo_npm"))
    cases = [*fixed_cases(), *random_cases(random.Random(1))]
    wrong = 0
    for case in cases:
        for difference in differences(both, case):
            wrong += 1
            print(f"{difference}: {json.dumps(case)}")
    ended = [both.ours.end(), both.theirs.end()]
    print(f"plivo signatures: {len(cases)} compared in both directions, {wrong} differ")
    sys.exit(0 if cases and wrong == 0 and ended == [0, 0] else 1)


if __name__ == "__main__":
    main()
