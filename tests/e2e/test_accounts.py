#!/usr/bin/env python3
"""Accounts of providers: what is missing or contradicts itself is named by `check-config` and stops `serve`. Requirement K8."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks  # noqa: E402
from server import run_commands  # noqa: E402

DONE, FAILED, USAGE, FOUND = 0, 1, 2, 3
PUBLIC = {"TOCSIN_PUBLIC_URL": "https://tocsin.example.org/alerts"}
TWILIO = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 31 + "1", "TWILIO_AUTH_TOKEN": "hunter2-of-twilio", "TWILIO_FROM_NUMBER": "+15005550006"}
PLIVO = {"PLIVO_AUTH_ID": "MA" + "X" * 18, "PLIVO_AUTH_TOKEN": "hunter2-of-plivo", "PLIVO_FROM_NUMBER": "+14155550101", **PUBLIC}
EXOTEL = {"EXOTEL_ACCOUNT_SID": "acme1", "EXOTEL_API_KEY": "key", "EXOTEL_API_TOKEN": "hunter2-of-exotel", "EXOTEL_APP_ID": "4711",
          "EXOTEL_CALLER_ID": "08012345678", **PUBLIC}
SERVICE = "MG" + "0" * 31 + "1"
KEY = {"TWILIO_API_KEY_SID": "SK" + "0" * 31 + "1", "TWILIO_API_KEY_SECRET": "hunter2-of-key"}

# Which settings are right, and what they are used for.
SOUND = [
    ("twilio for all", {**TWILIO, **PUBLIC, "CALL_PROVIDER": "twilio", "SMS_PROVIDER": "twilio"}),
    ("twilio without inbound HTTP", {**TWILIO, "CALL_PROVIDER": "twilio", "SMS_PROVIDER": "twilio"}),
    ("twilio by an API key alone, where nobody can call us",
     {**TWILIO, **KEY, "TWILIO_AUTH_TOKEN": "", "SMS_PROVIDER": "twilio"}),
    ("texts by a messaging service",
     {**TWILIO, "TWILIO_FROM_NUMBER": "", "TWILIO_MESSAGING_SERVICE_SID": SERVICE, "SMS_PROVIDER": "twilio"}),
    ("plivo for calls and texts", {**PLIVO, "CALL_PROVIDER": "plivo", "SMS_PROVIDER": "plivo"}),
    ("plivo for texts, without inbound HTTP", {**PLIVO, "TOCSIN_PUBLIC_URL": "", "SMS_PROVIDER": "plivo"}),
    ("plivo for texts from a name", {**PLIVO, "PLIVO_FROM_NUMBER": "Tocsin", "SMS_PROVIDER": "plivo"}),
    ("plivo for texts from a short code", {**PLIVO, "PLIVO_FROM_NUMBER": "55501", "SMS_PROVIDER": "plivo"}),
    ("exotel for calls and texts", {**EXOTEL, "CALL_PROVIDER": "exotel", "SMS_PROVIDER": "exotel"}),
    ("three in a row", {**TWILIO, **PLIVO, **EXOTEL, "CALL_PROVIDER": "twilio, plivo,exotel"}),
    ("exotel from an international number", {**EXOTEL, "EXOTEL_CALLER_ID": "+918012345678", "CALL_PROVIDER": "exotel"}),
    ("a public address with a port", {**TWILIO, "TOCSIN_PUBLIC_URL": "http://[2001:db8::1]:65535/", "CALL_PROVIDER": "twilio"}),
    ("a base URL with a slash at its end", {**TWILIO, "TWILIO_API_BASE_URL": "https://api.dublin.ie1.twilio.com/", "SMS_PROVIDER": "twilio"}),
]

# The account, what is changed in it, what uses it, and what must be named.
WRONG = [
    (TWILIO, {"TWILIO_ACCOUNT_SID": ""}, "SMS_PROVIDER", "twilio", "TWILIO_ACCOUNT_SID"),
    (TWILIO, {"TWILIO_ACCOUNT_SID": "AC1"}, "SMS_PROVIDER", "twilio", "TWILIO_ACCOUNT_SID"),
    (TWILIO, {"TWILIO_AUTH_TOKEN": ""}, "CALL_PROVIDER", "twilio", "TWILIO_AUTH_TOKEN"),
    (TWILIO, {**KEY, **PUBLIC, "TWILIO_AUTH_TOKEN": ""}, "CALL_PROVIDER", "twilio", "TWILIO_AUTH_TOKEN"),
    (TWILIO, {**KEY, "TWILIO_API_KEY_SECRET": ""}, "CALL_PROVIDER", "twilio", "TWILIO_API_KEY_SECRET"),
    (TWILIO, {"TWILIO_FROM_NUMBER": ""}, "SMS_PROVIDER", "twilio", "TWILIO_FROM_NUMBER"),
    (TWILIO, {"TWILIO_FROM_NUMBER": "5550100"}, "SMS_PROVIDER", "twilio", "TWILIO_FROM_NUMBER"),
    (TWILIO, {"TWILIO_PHONE_NUMBER": "+15005550007"}, "SMS_PROVIDER", "twilio", "TWILIO_PHONE_NUMBER"),
    (TWILIO, {"TWILIO_FROM_NUMBER": "", "TWILIO_MESSAGING_SERVICE_SID": SERVICE}, "CALL_PROVIDER", "twilio", "TWILIO_FROM_NUMBER"),
    (TWILIO, {"TWILIO_MESSAGING_SERVICE_SID": "MG1"}, "SMS_PROVIDER", "twilio", "TWILIO_MESSAGING_SERVICE_SID"),
    (TWILIO, {}, "WHATSAPP_PROVIDER", "twilio", "TWILIO_WHATSAPP_FROM"),
    (TWILIO, {"TWILIO_API_BASE_URL": "https://"}, "SMS_PROVIDER", "twilio", "TWILIO_API_BASE_URL"),
    (TWILIO, {"TOCSIN_PUBLIC_URL": "https://my_host.example.org"}, "CALL_PROVIDER", "twilio", "TOCSIN_PUBLIC_URL"),
    (TWILIO, {"TOCSIN_PUBLIC_URL": "https://"}, "CALL_PROVIDER", "twilio", "TOCSIN_PUBLIC_URL"),
    (TWILIO, {"TOCSIN_PUBLIC_URL": "https://a.example.org/?x=1"}, "CALL_PROVIDER", "twilio", "TOCSIN_PUBLIC_URL"),
    (TWILIO, {"TOCSIN_PUBLIC_URL": "https://a.example.org/#x"}, "CALL_PROVIDER", "twilio", "TOCSIN_PUBLIC_URL"),
    (TWILIO, {"TOCSIN_PUBLIC_URL": "https://a.example.org/a b"}, "CALL_PROVIDER", "twilio", "TOCSIN_PUBLIC_URL"),
    (TWILIO, {"TOCSIN_PUBLIC_URL": "https://a.example.org:65536"}, "CALL_PROVIDER", "twilio", "TOCSIN_PUBLIC_URL"),
    (TWILIO, {"TOCSIN_PUBLIC_URL": "https://a.example.org:0/x"}, "CALL_PROVIDER", "twilio", "TOCSIN_PUBLIC_URL"),
    (TWILIO, {"TOCSIN_PUBLIC_URL": "https://a.example.org:8a"}, "CALL_PROVIDER", "twilio", "TOCSIN_PUBLIC_URL"),
    (TWILIO, {"TOCSIN_PUBLIC_URL": "https://:8080"}, "CALL_PROVIDER", "twilio", "TOCSIN_PUBLIC_URL"),
    # It would stand in every link that people get.
    (TWILIO, {"TOCSIN_PUBLIC_URL": "https://user:pass@a.example.org"}, "CALL_PROVIDER", "twilio", "TOCSIN_PUBLIC_URL"),
    (TWILIO, {**PUBLIC, "CALL_WEBHOOK_URL": "https://b.example.org"}, "CALL_PROVIDER", "twilio", "CALL_WEBHOOK_URL"),
    (PLIVO, {"PLIVO_AUTH_ID": ""}, "CALL_PROVIDER", "plivo", "PLIVO_AUTH_ID"),
    (PLIVO, {"PLIVO_AUTH_TOKEN": ""}, "SMS_PROVIDER", "plivo", "PLIVO_AUTH_TOKEN"),
    (PLIVO, {"PLIVO_FROM_NUMBER": ""}, "SMS_PROVIDER", "plivo", "PLIVO_FROM_NUMBER"),
    (PLIVO, {"PLIVO_FROM_NUMBER": "", "PLIVO_POWERPACK_UUID": "pp-1"}, "CALL_PROVIDER", "plivo", "PLIVO_FROM_NUMBER"),
    (PLIVO, {"PLIVO_FROM_NUMBER": "Tocsin"}, "CALL_PROVIDER", "plivo", "PLIVO_FROM_NUMBER"),
    (PLIVO, {"PLIVO_FROM_NUMBER": "4155550101"}, "SMS_PROVIDER", "plivo", "PLIVO_FROM_NUMBER: It must be"),
    (PLIVO, {"PLIVO_FROM_NUMBER": "TocsinAlerts"}, "SMS_PROVIDER", "plivo", "PLIVO_FROM_NUMBER: It must be"),
    (PLIVO, {"TOCSIN_PUBLIC_URL": ""}, "CALL_PROVIDER", "plivo", "TOCSIN_PUBLIC_URL"),
    (EXOTEL, {"EXOTEL_ACCOUNT_SID": ""}, "CALL_PROVIDER", "exotel", "EXOTEL_ACCOUNT_SID"),
    (EXOTEL, {"EXOTEL_API_KEY": ""}, "SMS_PROVIDER", "exotel", "EXOTEL_API_KEY"),
    (EXOTEL, {"EXOTEL_API_TOKEN": ""}, "SMS_PROVIDER", "exotel", "EXOTEL_API_TOKEN"),
    (EXOTEL, {"EXOTEL_CALLER_ID": "", "EXOTEL_SMS_FROM": "ACMEAL"}, "CALL_PROVIDER", "exotel", "EXOTEL_CALLER_ID"),
    (EXOTEL, {"EXOTEL_CALLER_ID": "abc"}, "CALL_PROVIDER", "exotel", "EXOTEL_CALLER_ID: It must be"),
    (EXOTEL, {"EXOTEL_CALLER_ID": "abc", "EXOTEL_SMS_FROM": "ACMEAL"}, "SMS_PROVIDER", "exotel", "EXOTEL_CALLER_ID: It must be"),
    (EXOTEL, {"EXOTEL_SMS_FROM": "AC ME"}, "SMS_PROVIDER", "exotel", "EXOTEL_SMS_FROM: It must be"),
    (EXOTEL, {"EXOTEL_APP_ID": "x/y"}, "CALL_PROVIDER", "exotel", "EXOTEL_APP_ID: It must be"),
    (EXOTEL, {"EXOTEL_APP_ID": ""}, "CALL_PROVIDER", "exotel", "EXOTEL_APP_ID"),
    (EXOTEL, {"TOCSIN_PUBLIC_URL": ""}, "CALL_PROVIDER", "exotel", "TOCSIN_PUBLIC_URL"),
    ({}, {"DATABASE_URL": "mysql://x"}, "SMS_PROVIDER", "mock", "DATABASE_URL must be sqlite:PATH or postgresql://"),
    ({}, {"DATABASE_URL": "sqlite:"}, "SMS_PROVIDER", "mock", "DATABASE_URL must be sqlite:PATH"),
    ({}, {"QUEUE_RETRY_ATTEMPTS": "-1"}, "SMS_PROVIDER", "mock", "QUEUE_RETRY_ATTEMPTS must be a whole number of 0 or more"),
    ({}, {"SPEND_MAX_PER_DAY": "99999999999999999999"}, "SMS_PROVIDER", "mock", "SPEND_MAX_PER_DAY must be a whole number of 0 or more"),
    # A route and a place in the list count as a use.
    (PLIVO, {"TOCSIN_PUBLIC_URL": "", "PROVIDER_ROUTES": "call:+91=plivo"}, "CALL_PROVIDER", "mock", "TOCSIN_PUBLIC_URL"),
    ({**TWILIO, **PLIVO}, {"TOCSIN_PUBLIC_URL": ""}, "CALL_PROVIDER", "twilio,plivo", "TOCSIN_PUBLIC_URL"),
    ({}, {}, "CALL_PROVIDER", "twilio,twilio", "CALL_PROVIDER"),
]

checks = Checks()


def main():
    run = run_commands(checks, "settings")
    for text, settings in SOUND:
        code, out, errors = run("check-config", **settings)
        checks.equal((code, "hunter2" in out + errors), (DONE, False), text, errors)
    for account, change, setting, provider, named in WRONG:
        settings = {**account, **change, setting: provider}
        text = f"{setting}={provider} with {change or account} names {named}"
        code, out, errors = run("check-config", **settings)
        checks.ok(code == FOUND and named in errors and "hunter2" not in out + errors, f"check-config: {text}", code, errors)
        code, out, errors = run("serve", TOCSIN_LISTEN="127.0.0.1:0", **settings)
        checks.ok(code in (FAILED, USAGE) and named in errors and "listens" not in out, f"serve: {text}", code, out, errors)


checks.run(main)
