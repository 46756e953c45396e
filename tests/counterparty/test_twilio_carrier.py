#!/usr/bin/env python3
"""The real server, Prism as a validating proxy with Twilio's own OpenAPI, and the fake carrier behind it.

Each request of ours and each answer of the fake is held against the spec while whole calls and texts live: one that does not
fit is refused by Prism, and the call or the text never takes place. Prism is installed by npm,
pinned by prism_npm/package-lock.json, into the build folder, once; skipped where that can't be had."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import carrier as fake  # noqa: E402  (tests/lib/carrier.py)
import live  # noqa: E402
import npm  # noqa: E402

TWILIO = live.SHARED / "counterparties" / "twilio"
SPEC = TWILIO / "twilio_proxy.json"
START_SECONDS = 60
checks = live.Checks()


def complaints(log):
    """What Prism found wrong. At its start it lists the paths it knows with made-up values ([CLI]), which may be any word."""
    return [line for line in log.read_text(errors="replace").splitlines()
            if "[CLI]" not in line and re.search(r"violation|did not pass|error", line, re.IGNORECASE)]


def main():
    if not SPEC.exists():
        live.skip(f"{SPEC} is not there")
    prism = npm.install("prism_npm") / "node_modules" / ".bin" / "prism"
    port, proxy = live.free_ports(2)
    carrier = fake.Carrier(checks, f"http://127.0.0.1:{port}")
    log = checks.work / "prism.log"
    checks.start([prism, "proxy", "-h", "127.0.0.1", "-p", proxy, "--errors", SPEC, carrier.url], log)
    if not live.wait_until(lambda: live.listens(proxy), START_SECONDS):
        raise AssertionError(log.read_text(errors="replace"))
    server = fake.serve(checks, "server", port, f"http://127.0.0.1:{proxy}")
    fake.live_through(checks, server, carrier)
    text = log.read_text(errors="replace")
    checks.ok(len(re.findall(r"/Accounts/AC", text)) >= 3, "Prism saw our requests", text)
    checks.equal(complaints(log), [], "and found no fault with a request or an answer", text)
    live.request(f"http://127.0.0.1:{proxy}/2010-04-01/Accounts/{fake.ACCOUNT['TWILIO_ACCOUNT_SID']}/Calls.json", "POST",
                 b"From=%2B15005550006", {"Content-Type": "application/x-www-form-urlencoded"})
    checks.ok(live.wait_until(lambda: complaints(log)), "as it does with one that is wrong", log.read_text(errors="replace"))
    checks.equal(server.end(), 0, "the server stops well")


checks.run(main)
