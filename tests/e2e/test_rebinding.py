#!/usr/bin/env python3
"""Names that mean something else by the time they are used, and redirects to the inside: nobody inside is ever asked (X4).

In a network of its own, with a resolver that answers what the test says and addresses that the open internet has: what is public
is reached without TOCSIN_ALLOW_PRIVATE_FETCH, and what only looks so is not, by calendars (ICS, CalDAV), event sinks, sign-in by
OpenID Connect and provider accounts.
"""
import http.server
import json
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import resolver  # noqa: E402
from live import Checks, calendar_text, event_text, run_tocsin, wait_until  # noqa: E402
from server import Server  # noqa: E402

# Addresses of the open internet that exist in this network alone, and what stands on the inside of it.
PUBLIC, DEAD, PRIVATE = "93.184.215.14", "93.184.215.15", "10.1.2.3"
PORT, OTHER_PORT, PROVIDER_PORT = 8101, 8102, 8103
START = "2026-03-02T06:00:00Z"
CALENDAR = calendar_text(event_text("morning", "20260302T100000Z"))


class Web:
    """One server at an address: `pages` by path, each (status, headers, body). `asked` is what it was asked."""

    def __init__(self, checks, address, port):
        web = self
        self.pages, self.asked = {}, []

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                web.asked.append((self.command, self.path))
                status, headers, body = web.pages.get(self.path, (200, {"Content-Type": "text/calendar"}, CALENDAR))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()  # HTTP/1.0: no connection is kept, so that each request asks for the name anew.
                self.wfile.write(body.encode())

            do_GET = do_POST = do_PROPFIND = do_REPORT = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((address, port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        checks.at_end(self.server.shutdown)

    def redirect(self, path, target, status=302):
        self.pages[path] = (status, {"Location": target}, "")


def read(server, url, name, **members):
    """A person with this one calendar, read at once: (person, how the reading answered, why it failed)."""
    person = server.add_user(name=name)
    calendar = server.post(f"/users/{person}/calendars", {"kind": "ics", "url": url, **members})["id"]
    return person, server.sync(person).body, server.calendar(person, calendar).get("lastError", "")


def is_refused(checks, answer, error, text):
    checks.ok(answer["success"] is False and "private or local" in error, text, answer, error)


def calendars(checks, server, names, web):
    names.set("good.example", PUBLIC)
    _, answer, error = read(server, f"http://good.example:{PORT}/good.ics", "Good")
    checks.ok(answer["success"] and answer["created"] == 1, "a calendar at a public address is read", answer, error)
    names.set("both.example", [DEAD, "127.0.0.1"])
    _, answer, error = read(server, f"http://both.example:{PORT}/x.ics", "Both")
    checks.ok(answer["success"] is False and error, "a name with a public address where nobody listens, and 127.0.0.1 beside it, leads nowhere", answer)
    names.set("six.example", ["::1"])
    is_refused(checks, *read(server, f"http://six.example:{PORT}/x.ics", "Six")[1:], "neither does one of ::1")
    names.set("inner.example", PRIVATE)
    is_refused(checks, *read(server, f"http://inner.example:{PORT}/x.ics", "Inner")[1:], "nor one of a private address")
    targets = (f"http://127.0.0.1:{PORT}/in", f"http://[::1]:{PORT}/in", f"http://inner.example:{PORT}/in", f"http://{PRIVATE}:{PORT}/in",
               "http://169.254.169.254/latest/meta-data/", f"http://[::ffff:127.0.0.1]:{PORT}/in", f"http://2130706433:{PORT}/in")
    for number, target in enumerate(targets):
        web.redirect(f"/to-{number}", target, (301, 302, 303, 307, 308)[number % 5])
        is_refused(checks, *read(server, f"http://good.example:{PORT}/to-{number}", f"To {number}")[1:], f"a redirect to {target} is not followed")
        checks.ok(web.asked[-1] == ("GET", f"/to-{number}"), "although the public server was asked", web.asked[-3:])
    # The same name twice in one reading: public the first time, inside the second, at a port that nobody has asked it about.
    names.set("turn.example", PUBLIC, "127.0.0.1")
    web.redirect("/turn", f"http://turn.example:{OTHER_PORT}/in")
    is_refused(checks, *read(server, f"http://turn.example:{PORT}/turn", "Turn")[1:], "a name that turns between a request and its redirect is not followed")
    checks.equal(names.asked.count("turn.example"), 2, "it was asked for twice, and had an address of ours the second time")


def rebound(checks, server, names):
    """Public while it was entered and read, and inside later."""
    names.set("later.example", PUBLIC)
    person, answer, _ = read(server, f"http://later.example:{PORT}/later.ics", "Later")
    checks.ok(answer["success"], "a name is public when it is entered", answer)
    names.set("later.example", "127.0.0.1")
    asked = names.asked.count("later.example")
    server.restart()
    answer = server.sync(person).body
    error = server.get(f"/users/{person}/calendars")["calendars"][0].get("lastError", "")
    is_refused(checks, answer, error, "when it has become one of ours it is refused")
    checks.ok(names.asked.count("later.example") > asked, "after it was asked for again")
    checks.equal(server.get("/meetings", userId=person)["total"], 1, "and what it had said stays")


def caldav(checks, server, names, web):
    names.set("dav.example", PUBLIC)
    more = {"kind": "caldav", "username": "ana", "password": "password of a calendar"}
    web.redirect("/dav/", f"http://127.0.0.1:{PORT}/in", 308)
    is_refused(checks, *read(server, f"http://dav.example:{PORT}/dav/", "Dav", **more)[1:], "a CalDAV server that leads inside is not followed")
    names.set("dav-turn.example", PUBLIC, "127.0.0.1")
    web.redirect("/dav-turn/", f"http://dav-turn.example:{OTHER_PORT}/in", 307)
    is_refused(checks, *read(server, f"http://dav-turn.example:{PORT}/dav-turn/", "Dav turn", **more)[1:], "nor one whose name turns")


def sinks(checks, server, names, web):
    names.set("hook.example", PUBLIC)
    names.set("hook-both.example", [DEAD, "127.0.0.1"])
    web.redirect("/redirects", f"http://127.0.0.1:{PORT}/in", 307)
    web.pages["/takes"] = (200, {}, "")
    made = {}
    for name, url in (("takes", f"http://hook.example:{PORT}/takes"), ("redirects", f"http://hook.example:{PORT}/redirects"),
                      ("both", f"http://hook-both.example:{PORT}/in"), ("inside", f"http://{PRIVATE}:{PORT}/in")):
        made[name] = server.post("/sinks", {"kind": "WEBHOOK", "name": name, "webhook": {"url": url}})["id"]
    server.post("/incidents", {"title": "One"})
    state = {}

    def all_known():
        state.update({name: server.get(f"/sinks/{sink}") for name, sink in made.items()})
        return ("POST", "/takes") in web.asked and all(state[name]["state"] == "FAILING" for name in ("redirects", "both", "inside"))
    checks.ok(wait_until(all_known), "a public sink gets its events; one that redirects inside, one of two addresses and a private one fail", state)
    checks.like(state["inside"].get("lastError"), "not allowed", "the reason of the private one says so")
    for sink in made.values():
        server.ask("DELETE", f"/api/v1/sinks/{sink}")


def sign_in(checks, names, provider):
    """Where people sign in is the operator's to say; what that server says is not."""
    issuer = f"http://127.0.0.1:{PROVIDER_PORT}"
    names.set("oidc.example", PRIVATE)
    server = Server(checks, "oidc", TOCSIN_OIDC_ISSUER=issuer, TOCSIN_OIDC_CLIENT_ID="tocsin", TOCSIN_PUBLIC_URL="http://127.0.0.1:8104",
                    TOCSIN_LISTEN="127.0.0.1:8104").start()
    place = "/.well-known/openid-configuration"
    document = {"issuer": issuer, "authorization_endpoint": f"{issuer}/auth", "token_endpoint": f"{issuer}/token", "jwks_uri": f"{issuer}/keys"}
    cases = [("a redirect of the discovery", (302, {"Location": f"http://{PRIVATE}:{PORT}/in"}, ""))]
    for member in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        named = {**document, member: f"http://oidc.example:{PORT}/in"}
        cases.append((f"a {member} on the inside", (200, {"Content-Type": "application/json"}, json.dumps(named))))
    for text, page in cases:
        provider.pages[place] = page
        answer = server.ask("GET", "/api/v1/session/oidc", key=None)
        checks.ok(answer.status >= 400, f"{text} ends the sign-in", answer.status, answer.text)
    checks.equal({path for _, path in provider.asked}, {place}, "the provider itself was asked")
    provider.pages[place] = (200, {"Content-Type": "application/json"}, json.dumps(document))
    answer = server.ask("GET", "/api/v1/session/oidc", key=None)
    checks.ok(answer.status in (302, 303) and answer.headers["Location"].startswith(f"{issuer}/auth"), "with the right document it goes on",
              answer.status, answer.text)
    server.stop()
    server.check_logs(checks, "the logs of the sign-in")


def provider_accounts(checks, provider):
    """A base URL is the operator's; where its server leads is not followed, with or without the account's token."""
    provider.asked.clear()
    for status in (301, 302, 307, 308):
        provider.pages = {}
        path = "/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json"
        provider.redirect(path, f"http://{PRIVATE}:{PORT}/in", status)
        code, out, errors = run_tocsin(checks, "send-test", "--channel", "sms", "--to", "+14155550101", SMS_PROVIDER="twilio",
                                       TWILIO_ACCOUNT_SID="AC00000000000000000000000000000001", TWILIO_AUTH_TOKEN="token of an account",
                                       TWILIO_FROM_NUMBER="+15005550006", TWILIO_API_BASE_URL=f"http://127.0.0.1:{PROVIDER_PORT}")
        checks.ok(code != 0 and provider.asked and provider.asked[-1] == ("POST", path), f"a provider that answers {status} was asked once, and it is a failure",
                  code, out, errors, provider.asked)
    checks.equal(len(provider.asked), 4, "each time once")


def main(checks):
    resolver.bring_up([PUBLIC, DEAD, PRIVATE])
    names = resolver.Resolver(checks)
    web, provider = Web(checks, PUBLIC, PORT), Web(checks, "127.0.0.1", PROVIDER_PORT)
    inside = [Web(checks, address, port) for address in ("127.0.0.1", PRIVATE) for port in (PORT, OTHER_PORT)]
    server = Server(checks, "guarded", at=START).start()
    calendars(checks, server, names, web)
    rebound(checks, server, names)
    caldav(checks, server, names, web)
    sinks(checks, server, names, web)
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks)
    sign_in(checks, names, provider)
    provider_accounts(checks, provider)
    checks.equal([one.asked for one in inside], [[]] * 4, "nobody on the inside was asked anything")
    # The same names where private addresses are allowed: the inside could have been reached, so that the checks above say something.
    names.set("proof.example", PRIVATE)
    allowed = Server(checks, "allowed", at=START, TOCSIN_ALLOW_PRIVATE_FETCH="true").start()
    checks.ok(read(allowed, f"http://proof.example:{PORT}/in", "Proof")[1]["success"] and inside[2].asked == [("GET", "/in")],
              "where it is allowed the inside is reached by name", inside[2].asked)
    web.redirect("/proof", f"http://127.0.0.1:{PORT}/in")
    checks.ok(read(allowed, f"http://good.example:{PORT}/proof", "Proof 2")[1]["success"] and inside[0].asked == [("GET", "/in")],
              "and by a redirect", inside[0].asked)
    allowed.stop()


resolver.enter()
every_check = Checks()
every_check.run(lambda: main(every_check))
