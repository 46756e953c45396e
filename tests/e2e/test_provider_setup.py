#!/usr/bin/env python3
"""What an operator sees who sets up real providers: a wrong setting is named, what will not work as well as it could is said, and
the URLs to enter at the providers are shown, which the server then takes. Requirements K8, V2, V10."""
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import carrier as fake  # noqa: E402  (tests/lib/carrier.py)
import live  # noqa: E402
from live import Checks, run_tocsin  # noqa: E402

checks = Checks()
DONE, FAILED, FOUND = 0, 1, 3
PUBLIC_URL = "https://tocsin.example.com"
ACCOUNTS = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 31 + "1", "TWILIO_AUTH_TOKEN": "token-of-twilio", "TWILIO_FROM_NUMBER": "+14155550000",
    "PLIVO_AUTH_ID": "MA000000000000000001", "PLIVO_AUTH_TOKEN": "token-of-plivo", "PLIVO_FROM_NUMBER": "+14155550009",
    "EXOTEL_ACCOUNT_SID": "tocsin1", "EXOTEL_API_KEY": "key-of-exotel", "EXOTEL_API_TOKEN": "token-of-exotel",
    "EXOTEL_CALLER_ID": "08030752522", "EXOTEL_SMS_FROM": "08030752522", "EXOTEL_APP_ID": "29281"}
WRONG = [
    # What is wrong with a value is said of its variable, whoever says it. tests/e2e/test_accounts.py has the rest.
    ("twilio", {"TWILIO_ACCOUNT_SID": "AC12"}, "TWILIO_ACCOUNT_SID: It must be"), ("plivo", {"PLIVO_AUTH_ID": "a/b"}, "PLIVO_AUTH_ID: It must be"),
    ("exotel", {"EXOTEL_ACCOUNT_SID": "a b"}, "EXOTEL_ACCOUNT_SID: It must be"), ("twilio", {"TWILIO_ACCOUNT_SID": ""}, " TWILIO_ACCOUNT_SID is")]


def names_the_variable():
    for provider, change, wanted in WRONG:
        settings = {**ACCOUNTS, "TOCSIN_PUBLIC_URL": PUBLIC_URL, "CALL_PROVIDER": provider, **change}
        code, _, errors = run_tocsin(checks, "check-config", **settings)
        checks.ok(code == FOUND and wanted in errors, f"{provider} with {change}: {wanted}…", code, errors)
    code, _, errors = run_tocsin(checks, "send-test", "--channel", "sms", "--to", "415-555-0101", **ACCOUNTS, SMS_PROVIDER="twilio",
                                 TEST_MODE="true")
    checks.ok(code == FAILED and "to: It must be" in errors, "send-test says what is wrong with --to", code, errors)
    code, _, errors = run_tocsin(checks, "send-test", "--channel", "whatsapp", "--to", "+14155550101", **ACCOUNTS, SMS_PROVIDER="twilio")
    checks.ok(code == FAILED and "check-config says why" in errors, "and where a channel is off, where to look", code, errors)


def says_what_is_degraded():
    code, out, errors = run_tocsin(checks, "check-config", **ACCOUNTS, SMS_PROVIDER="twilio", CALL_PROVIDER="twilio")
    checks.ok(code == DONE and out.count("twilio: no public URL:") == 4, "check-config says what is degraded", out[-900:], errors)
    checks.like(out, r"WhatsApp: off.*TWILIO_WHATSAPP_FROM", "and what is off, and why")
    _, out, _ = run_tocsin(checks, "check-config", **ACCOUNTS, SMS_PROVIDER="twilio", CALL_PROVIDER="twilio",
                           TOCSIN_PUBLIC_URL=PUBLIC_URL, TWILIO_WHATSAPP_FROM="+14155550000")
    checks.ok("sound" in out.splitlines()[-1], "and nothing where nothing is", out[-300:])


def says_what_reaches_nobody():
    code, _, errors = run_tocsin(checks, "check-config", **ACCOUNTS, SMS_PROVIDER="twillio")
    checks.ok(code == FOUND and 'SMS_PROVIDER: "twillio" is none of its providers: mock, twilio, plivo, exotel' in errors,
              "a provider that there is not is answered with those that there are", errors)
    _, out, _ = run_tocsin(checks, "check-config", **ACCOUNTS, SMS_PROVIDER="twilio,mock", TWILIO_WHATSAPP_FROM="+14155550000",
                           TOCSIN_PUBLIC_URL=PUBLIC_URL, TEST_MODE="true")
    checks.like(out, "messages by twilio then mock, calls by mock", "the order of fail-over is shown")
    checks.like(out, "mock: it stands in a list with others", "the mock behind a real provider is told")
    checks.ok("webhook: " not in out, "and nothing of a webhook that is not set", out[-500:])


def sends_for_a_test():
    """The exit code tells whether it got there; what is never used is not used for a test either."""
    carrier = fake.Carrier(checks, "http://127.0.0.1:1", speed=20)
    carrier.say("phone +14155550702 CALL busy", "phone +14155550703 SMS undelivered 30003")
    settings = {**ACCOUNTS, "TWILIO_API_BASE_URL": carrier.url, "PLIVO_API_BASE_URL": carrier.url, "TOCSIN_PUBLIC_URL": PUBLIC_URL,
                "SMS_PROVIDER": "twilio", "CALL_PROVIDER": "twilio"}
    for channel, number, wanted, said in (("sms", "+14155550701", DONE, "now DELIVERED"), ("sms", "+14155550703", FAILED, "now UNDELIVERED"),
                                          ("call", "+14155550702", FAILED, "now BUSY"), ("sms", "+19005550100", FAILED, "")):
        code, out, errors = run_tocsin(checks, "send-test", "--channel", channel, "--to", number, **settings)
        checks.ok(code == wanted and said in out, f"send-test --channel {channel} --to {number}: {said}", code, out, errors)
    checks.ok("BLOCKED_PREFIXES" in errors and not carrier.facts(number="+19005550100"), "a blocked prefix is not written to", errors)
    code, out, _ = run_tocsin(checks, "send-test", "--channel", "call", "--to", "+14155550701", **{**settings, "CALL_PROVIDER": "plivo"})
    checks.ok("request:" not in out, "an id is shown as its provider has it", out)
    checks.ok(code == DONE and "cannot be asked" in out, "and where nothing more is heard, that is said", code, out)


def leaves_settings_to_the_file():
    """script/serve sets no provider: the environment goes before the file of --config, and whoever has set it there would be
    called by the mock."""
    folder = checks.folder("serve")
    for name, text in (("script/setup", ""), ("script/build", ""), ("build/tocsin", "env"),
                       ("script/serve", (live.ROOT / "script/serve").read_text())):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    out = subprocess.run([folder / "script/serve"], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True).stdout
    checks.ok("TOCSIN_DATA_DIR=" in out and "_PROVIDER=" not in out, "script/serve leaves the providers to the settings", out)


def shows_the_urls():
    settings = {**ACCOUNTS, "TOCSIN_PUBLIC_URL": PUBLIC_URL, "SMS_PROVIDER": "twilio,plivo,exotel", "CALL_PROVIDER": "exotel"}
    server = live.Tocsin(checks, "urls", **settings)
    settings["TOCSIN_DATA_DIR"] = str(server.folder)
    code, out, errors = run_tocsin(checks, "webhooks", **settings)
    urls = re.findall(re.escape(PUBLIC_URL) + r"(\S+)", out)
    checks.equal((code, [urllib.parse.urlparse(url).path for url in urls]),
                 (DONE, [f"/webhooks/{name}" for name in ("twilio/sms", "plivo/sms", "exotel/sms", "exotel/voice", "exotel/gather")]),
                 "webhooks shows what is entered at the providers", out, errors)
    secret = next((url for url in urls if "token=" in url), "")
    query = urllib.parse.urlencode({"SmsSid": "a1", "From": "09876500301", "To": "08030752522", "Body": "hello"})
    answer = live.request(f"{server.url}{secret}&{query}")
    checks.ok(answer.status in (200, 204), "the secret one is taken by the server", answer.status, answer.text)
    wrong = re.sub(r"token=.", "token=x", secret)
    checks.equal(live.request(f"{server.url}{wrong}&{query}").status, 403, "and a wrong one is not")
    checks.ok(server.wait_log(re.escape(f"not signed by exotel for {PUBLIC_URL}/webhooks/exotel/sms,")),
              "and the log says over which URL it should have been signed", server.log())
    code, _, errors = run_tocsin(checks, "webhooks", **{**settings, "CALL_PROVIDER": "mock", "SMS_PROVIDER": "mock",
                                                        "TOCSIN_PUBLIC_URL": ""})
    checks.ok(code == FAILED and "TOCSIN_PUBLIC_URL" in errors, "without a public URL there are none", code, errors)


def main():
    names_the_variable()
    says_what_is_degraded()
    says_what_reaches_nobody()
    sends_for_a_test()
    leaves_settings_to_the_file()
    shows_the_urls()


checks.run(main)
