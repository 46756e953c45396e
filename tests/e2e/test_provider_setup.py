#!/usr/bin/env python3
"""What an operator sees who sets up real providers: a wrong setting is named, what will not work as well as it could is said, and
the URLs to enter at the providers are shown, which the server then takes. Requirements K8, V2, V10."""
import pathlib
import re
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
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
    checks.ok(code == DONE and out.count("twilio: no public URL:") == 3, "check-config says what is degraded", out[-900:], errors)
    checks.like(out, r"WhatsApp: off.*TWILIO_WHATSAPP_FROM", "and what is off, and why")
    _, out, _ = run_tocsin(checks, "check-config", **ACCOUNTS, SMS_PROVIDER="twilio", CALL_PROVIDER="twilio",
                           TOCSIN_PUBLIC_URL=PUBLIC_URL, TWILIO_WHATSAPP_FROM="+14155550000")
    checks.ok("sound" in out.splitlines()[-1], "and nothing where nothing is", out[-300:])


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
    shows_the_urls()


checks.run(main)
