#!/usr/bin/env python3
"""The real server with Twilio's settings, against the fake carrier over real sockets, by the real clock.

Requirements: K5, K7, V1, V2, V4, V8, C1. The fake is sim/carrier served by tocsin-carrier, whose time runs faster."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import carrier as fake  # noqa: E402  (tests/lib/carrier.py)
import live  # noqa: E402

checks = live.Checks()


def main():
    port = live.free_ports(1)[0]
    carrier = fake.Carrier(checks, f"http://127.0.0.1:{port}")
    server = fake.serve(checks, "server", port, carrier.url)
    fake.live_through(checks, server, carrier)
    secrets = [line for line in server.log().splitlines() if "token-of-twilio" in line or "+14155550" in line]
    checks.equal(secrets, [], "the log tells no token and no whole number")
    checks.equal(server.end(), 0, "the server stops well")


checks.run(main)
