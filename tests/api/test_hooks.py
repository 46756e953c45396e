#!/usr/bin/env python3
"""What Twilio tells us over HTTP, signed as Twilio signs it: pick-ups, keys, receipts and texts are taken once; what is forged,
unknown or too large is refused and changes nothing. Requirements V2, V4, K7, C1, P4; protocols.md 1.4, 1.6, 1.9, 1.10.
"""
import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import sys
import threading
import urllib.parse
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks  # noqa: E402
from server import Server  # noqa: E402

START = "2026-01-05T09:00:00Z"
TOKEN, SECOND_TOKEN = "a-token-of-the-tests-0123456789ab", "a-second-token-of-the-tests-01234"
ACCOUNT = "AC" + "0" * 32
# The proxy in front takes /tocsin away, so that what is signed is not the path that we see.
PUBLIC_URL = "https://alerts.example.com:8443/tocsin"
OURS, ANA = "+15550000001", "+34600111222"
checks = Checks()


class Carrier(http.server.BaseHTTPRequestHandler):
    """Takes every call and message, as Twilio answers it."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = dict(urllib.parse.parse_qsl(body))
        kind = "CA" if "/Calls" in self.path else "SM"
        sid = kind + hashlib.md5(body.encode()).hexdigest()
        self.server.requests.append((self.path, fields, sid))
        answer = json.dumps({"sid": sid, "status": "queued"}).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *words):
        pass


def signature(url, fields, token=TOKEN):
    """protocols.md 1.10: the URL, then each name with its value, by name; HMAC-SHA1 with the account's token."""
    text = url + "".join(name + value for name, value in sorted(fields.items()))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def hook(server, target, fields, token=TOKEN, base=PUBLIC_URL, method="POST", signed=None):
    """One call of Twilio's to /webhooks/twilio/…"""
    body = urllib.parse.urlencode(fields).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded",
               "X-Twilio-Signature": signed or signature(base + target, fields, token),
               "X-Forwarded-Host": "evil.example.net", "X-Forwarded-Proto": "http"}
    return server.ask(method, target, body, key=None, headers=headers)


def text(server, sid, words, sender=ANA, **more):
    fields = {"MessageSid": sid, "SmsSid": sid, "AccountSid": ACCOUNT, "From": sender, "To": OURS, "Body": words, "NumMedia": "0"}
    return hook(server, "/webhooks/twilio/sms", {**fields, **more.pop("fields", {})}, **more)


def answer_of(answer):
    """What is written back: None for nothing."""
    root = ElementTree.fromstring(answer.text)
    message = root.find("Message")
    return None if message is None else "".join(message.itertext())


def checkin(server, meeting):
    return server.get(f"/meetings/{meeting}").get("checkin", {}).get("status")


def changes_nothing(server, what, status, send, code=None):
    before = server.row_counts()
    answer = send()
    same = server.row_counts() == before
    error = (answer.body or {}).get("error", {}) if isinstance(answer.body, dict) else {}
    checks.ok(answer.status == status and same and (code is None or error.get("code") == code),
              f"{what}: {status} and nothing changes", answer.status, answer.text[:200], same)
    return answer


def refuses(server):
    fields = {"MessageSid": "SM1", "From": ANA, "To": OURS, "Body": "1", "AccountSid": ACCOUNT}
    target = "/webhooks/twilio/sms"
    for what, more in (("a forged signature", {"signed": "0/KCTR6DLpKmkAf8muzZqo1nDgQ="}), ("an empty signature", {"signed": " "}),
                       ("a signature with another token", {"token": "x" * 32}), ("one with no token at all", {"token": ""}),
                       ("a signature over the host that was asked", {"base": f"http://127.0.0.1:{server.port}"}),
                       ("a signature over what a proxy says", {"base": "http://evil.example.net"}),
                       ("a signature over the path without its prefix", {"base": "https://alerts.example.com:8443"})):
        changes_nothing(server, what, 403, lambda more=more: hook(server, target, fields, **more), "FORBIDDEN")
    good = signature(PUBLIC_URL + target, fields)
    changes_nothing(server, "a changed field", 403, lambda: hook(server, target, {**fields, "Body": "2"}, signed=good))
    changes_nothing(server, "an added query", 403, lambda: hook(server, target + "?a=b", fields, signed=good))
    bare = {"X-Twilio-Signature": signature(PUBLIC_URL + target, {})}
    for what, kind, body in (("a body that is no form", "application/json", json.dumps(fields)),
                             ("a form that says it is none", "text/plain", urllib.parse.urlencode(fields))):
        changes_nothing(server, f"{what}, signed by its URL alone", 403, lambda kind=kind, body=body: server.ask(
            "POST", target, body.encode(), key=None, headers={**bare, "Content-Type": kind}))
    changes_nothing(server, "a hash of another body", 403, lambda: server.ask(
        "POST", f"{target}?bodySHA256={'0' * 64}", json.dumps(fields).encode(), key=None,
        headers={"Content-Type": "application/json", "X-Twilio-Signature": signature(f"{PUBLIC_URL}{target}?bodySHA256={'0' * 64}", {})}))
    changes_nothing(server, "no signature", 403,
                    lambda: server.ask("POST", target, b"a=b", key=None, headers={"Content-Type": "text/plain"}))
    for what, path in (("an unknown provider", "/webhooks/nobody/sms"), ("one that is not configured", "/webhooks/plivo/sms"),
                       ("an unknown webhook", "/webhooks/twilio/fax"), ("a longer path", "/webhooks/twilio/sms/more")):
        changes_nothing(server, what, 404, lambda path=path: hook(server, path, fields), "NOT_FOUND")
    large = {**fields, "Body": "1" * (256 * 1024)}
    changes_nothing(server, "a body over 256 KiB", 413, lambda: hook(server, target, large), "PAYLOAD_TOO_LARGE")
    for method in ("PUT", "DELETE", "PATCH"):
        answer = hook(server, target, fields, method=method)
        checks.ok(answer.status == 405 and "POST" in answer.headers.get("Allow", ""), f"{method} is 405 with Allow", answer.status)
    for what, path, status in (("a webhook", target, 200), ("an unknown provider", "/webhooks/nobody/sms", 404)):
        changes_nothing(server, f"HEAD of {what}", status, lambda path=path: server.ask("HEAD", path, key=None))
    checks.equal(server.ask("HEAD", target, key=None).headers.get("Content-Type"), "text/plain", "as plain text")
    lines = [line for line in server.log().splitlines() if "not signed by twilio" in line]
    checks.ok(1 <= len(lines) <= 2, "refusals are logged, but not each of them", len(lines))


def takes_texts(server, ana):
    meeting = server.push(ana, "texts", "2026-01-05T09:10:00Z")
    server.advance(6 * 60)
    checks.ok(any(fields.get("To") == ANA for path, fields, _ in server.carrier.requests if "/Messages" in path),
              "the message went to the carrier")
    first = text(server, "SM0001", "ok, on my way!")
    checks.ok(first.status == 200 and answer_of(first), "a text is answered", first.status, first.text)
    checks.equal(checkin(server, meeting), "JOINED", "and it was a check-in")
    checks.equal(server.get(f"/meetings/{meeting}")["checkin"]["source"], "MANUAL_SMS", "by text")
    again = changes_nothing(server, "the same text told again", 200, lambda: text(server, "SM0001", "ok, on my way!"))
    checks.equal(again.text, first.text, "it is answered the same")
    checks.equal(text(server, "SM0002", "Gracias, bye", token=SECOND_TOKEN).status, 200, "the second token signs as well")
    stop = text(server, "SM0003", "STOP")
    checks.ok(stop.status == 200 and answer_of(stop) is None, "STOP is not answered", stop.text)
    start = text(server, "SM0004", "START", fields={"OptOutType": "START"})
    checks.ok(start.status == 200 and answer_of(start) is None, "nor is START", start.text)
    stranger = text(server, "SM0005", "1", sender="+15550009999")
    checks.ok(stranger.status == 200 and answer_of(stranger) is None, "strangers get no answer", stranger.text)
    replies = [answer_of(text(server, f"SM01{number:02}", "I am out of the office")) for number in range(8)]
    checks.ok(replies[0] and replies[-1] is None, "two machines do not talk for ever", replies)
    strange = text(server, "SM0200", "\u0000\u0001\ud7ff<Response>&amp;")
    checks.equal(strange.status, 200, "what no phone writes is taken, too")


def speaks(server, ana):
    """The call is picked up, a key is pressed, twice, and once too late."""
    meeting = server.push(ana, "call", "2026-01-05T10:00:00Z")
    server.advance(53 * 60)
    call = next(((fields, sid) for path, fields, sid in reversed(server.carrier.requests) if "/Calls" in path), None)
    checks.ok(call is not None and call[0].get("Url", "").startswith(PUBLIC_URL), "a call was placed, with our URL", call)
    if call is None:
        return
    fields, sid = call
    target = fields["Url"].split("#")[0][len(PUBLIC_URL):]
    common = {"CallSid": sid, "AccountSid": ACCOUNT, "From": OURS, "To": ANA, "Direction": "outbound-api", "ApiVersion": "2010-04-01"}
    page = hook(server, target, {**common, "CallStatus": "in-progress"})
    checks.ok(page.status == 200 and "xml" in page.headers.get("Content-Type", ""), "the document is XML", page.status, page.text)
    gather = ElementTree.fromstring(page.text).find("Gather")
    checks.ok(gather is not None and gather.get("action", "").startswith(PUBLIC_URL), "it asks for a key", page.text)
    if gather is None:
        return
    action = gather.get("action")[len(PUBLIC_URL):]
    pressed = {**common, "CallStatus": "in-progress", "Digits": "1"}
    changes_nothing(server, "a forged key", 403, lambda: hook(server, action, pressed, token="x" * 32))
    checks.equal(checkin(server, meeting), None, "nobody has answered yet")
    thanks = hook(server, action, pressed)
    checks.ok(thanks.status == 200 and "Thank you" in thanks.text and "<Gather" not in thanks.text, "the key is thanked for", thanks.text)
    checks.equal(checkin(server, meeting), "JOINED", "it was a check-in")
    checks.equal(server.get(f"/meetings/{meeting}")["checkin"]["source"], "AUTO_CALL", "by key")
    again = changes_nothing(server, "the same key again", 200, lambda: hook(server, action, pressed))
    checks.equal(again.text, thanks.text, "it is thanked the same")
    late = hook(server, target, {**common, "CallStatus": "in-progress"})
    checks.ok("<Gather" not in late.text and "<Say" in late.text, "what is over asks nothing", late.text)
    done = {**common, "CallStatus": "completed", "CallDuration": "12", "CallbackSource": "call-progress-events", "SequenceNumber": "3"}
    status = "/webhooks/twilio/call-status?" + target.split("?", 1)[1]
    checks.ok(hook(server, status, done).status in (200, 204), "the end of the call is taken")
    changes_nothing(server, "the end told again", hook(server, status, done).status, lambda: hook(server, status, done))


def without_public_url():
    server = Server(checks, "no_public_url", at=START).start()
    answer = hook(server, "/webhooks/mock/sms", {"Body": "1"})
    checks.ok(answer.status == 404 and "TOCSIN_PUBLIC_URL" in answer.text, "without a public URL there are no webhooks", answer.text)
    checks.equal(server.stop()[0], 0, "it stops well")


def main():
    carrier = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Carrier)
    carrier.requests = []
    threading.Thread(target=carrier.serve_forever, daemon=True).start()
    server = Server(checks, "hooks", at=START, TOCSIN_PUBLIC_URL=PUBLIC_URL, CALL_PROVIDER="twilio", SMS_PROVIDER="twilio",
                    TWILIO_ACCOUNT_SID=ACCOUNT, TWILIO_AUTH_TOKEN=TOKEN, TWILIO_AUTH_TOKEN_SECONDARY=SECOND_TOKEN,
                    TWILIO_FROM_NUMBER=OURS, TWILIO_API_BASE_URL=f"http://127.0.0.1:{carrier.server_address[1]}").start()
    server.carrier = carrier
    for secret in (TOKEN, SECOND_TOKEN):
        server.keep_secret(secret, "a token of Twilio's")
    ana = server.add_user(name="Ana", email="ana@example.org", phone=ANA)
    refuses(server)
    takes_texts(server, ana)
    speaks(server, ana)
    checks.equal(server.ask("GET", "/health").status, 200, "after all this it is well")
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks)
    carrier.shutdown()
    without_public_url()


checks.run(main)
