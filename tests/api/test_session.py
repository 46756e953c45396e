#!/usr/bin/env python3
"""A browser signs in: its cookie, where it may be used from, and its end. The files of the dashboard and their headers.
Requirements X1, U1."""
import gzip
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ADMIN_KEY, Checks  # noqa: E402
from server import Server  # noqa: E402

START = "2026-01-05T09:00:00Z"
SESSION = "/api/v1/session"
checks = Checks()


class Browser:
    """Keeps its cookie, and says where its requests come from."""

    def __init__(self, server, site="same-origin"):
        self.server, self.site, self.cookie = server, site, None

    def ask(self, method, path, body=None, **headers):
        sent = {"Sec-Fetch-Site": self.site, **headers} if self.site else dict(headers)
        if self.cookie:
            sent["Cookie"] = f"theme=dark; {self.cookie}; other=1"
        answer = self.server.ask(method, path, body, key=None, headers=sent)
        cookie = answer.headers.get("Set-Cookie")
        if cookie:
            self.cookie = cookie.split(";")[0]
            self.server.keep_secret(self.cookie.partition("=")[2] or None, "the secret of a session")
        return answer

    def sign_in(self, key):
        return self.ask("POST", SESSION, {"key": key})


def signs_in(server):
    browser = Browser(server)
    checks.equal(browser.ask("GET", SESSION).status, 401, "without a cookie nobody is signed in")
    checks.equal(browser.sign_in("not-a-key").status, 401, "a wrong key signs nobody in")
    checks.equal(browser.ask("POST", SESSION, {}).body["error"]["field"], "key", "the key must be given")
    answer = browser.sign_in(ADMIN_KEY)
    checks.ok(answer.status == 201 and answer.data["scope"] == "ADMIN" and answer.data["hasVirtualClock"] is True and
              ADMIN_KEY not in answer.text and browser.cookie.partition("=")[2] not in answer.text, "a key signs in", answer.text)
    attributes = {part.strip() for part in answer.headers["Set-Cookie"].split(";")[1:]}
    checks.equal(attributes, {"Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=43200"}, "the cookie is kept from scripts and other sites")
    who = browser.ask("GET", SESSION)
    checks.ok(who.status == 200 and who.data["now"] == "2026-01-05T09:00:00Z" and who.data["name"] == "admin",
              "the session says who asks, and the time", who.text)
    made = browser.ask("POST", "/api/v1/users", {"name": "Ana"})
    checks.equal(made.status, 201, "its pages change things")
    return browser


def other_sites(server, browser):
    before = server.get("/users")["total"]
    for site, headers in (("cross-site", {}), ("same-site", {}), (None, {}), (None, {"Origin": "http://evil.test"}),
                          (None, {"Origin": "null"}), (None, {"Origin": f"http://127.0.0.1:{server.port}.evil.test"}),
                          ("cross-site", {"Origin": f"http://127.0.0.1:{server.port}"})):
        other = Browser(server, site)
        other.cookie = browser.cookie
        answer = other.ask("POST", "/api/v1/users", {"name": "Eve"}, **headers)
        checks.equal(answer.status, 403, f"a change from elsewhere is refused: {site}, {headers}")
    checks.equal(server.get("/users")["total"], before, "and changed nothing")
    own = Browser(server, None)
    own.cookie = browser.cookie
    answer = own.ask("POST", "/api/v1/users", {"name": "Bea"}, Origin=f"http://127.0.0.1:{server.port}")
    checks.equal(answer.status, 201, "an older browser says its origin alone")


def ends(server, browser):
    keys = server.get("/keys")["keys"]
    checks.ok(len(keys) == 1 and keys[0]["name"] == "session of admin" and "expiresAt" in keys[0], "a session is listed as a key", keys)
    secret = browser.cookie.partition("=")[2]
    answer = server.ask("POST", SESSION, {"key": secret}, key=None)
    checks.equal(answer.status, 401, "a session begins no other one")
    kept = browser.cookie
    answer = browser.ask("DELETE", SESSION)
    checks.ok(answer.status == 200 and "Max-Age=0" in answer.headers["Set-Cookie"], "it signs out", answer.text)
    browser.cookie = kept
    checks.equal(browser.ask("GET", SESSION).status, 401, "what it showed is good no more")
    checks.equal(server.ask("DELETE", SESSION).status, 200, "a key that is no session stays")
    checks.equal(server.ask("GET", SESSION).data["name"], "admin", "and goes on")


def ends_with_its_key(server):
    made = server.post("/keys", {"name": "night", "scope": "OPERATOR"})
    server.keep_secret(made["key"], "a key")
    browser = Browser(server)
    checks.equal(browser.sign_in(made["key"]).data["scope"], "OPERATOR", "a session may what its key may")
    checks.equal(browser.ask("POST", "/api/v1/keys", {"name": "x", "scope": "ADMIN"}).status, 403, "and no more")
    server.ask("DELETE", f"/api/v1/keys/{made['id']}")
    checks.equal(browser.ask("GET", SESSION).status, 401, "it ends with its key")


def ends_in_time(server):
    browser = Browser(server)
    browser.sign_in(ADMIN_KEY)
    server.advance(12 * 3600 - 1)
    checks.equal(browser.ask("GET", SESSION).status, 200, "it holds for half a day")
    server.advance(1)
    checks.equal(browser.ask("GET", SESSION).status, 401, "and ends then")


def of_a_person(server):
    ana = server.get("/users")["users"][0]["id"]
    key = server.post(f"/users/{ana}/keys", {"name": "phone"})["key"]
    server.keep_secret(key, "a person's key")
    browser = Browser(server)
    answer = browser.sign_in(key)
    checks.ok(answer.data["scope"] == "USER" and answer.data["userId"] == ana, "a person signs in as themselves", answer.text)
    checks.equal(browser.ask("GET", "/api/v1/keys").status, 403, "and sees their own alone")


def files(server):
    page = server.ask("GET", "/", key=None, headers={"Accept-Encoding": "gzip"})
    html = gzip.decompress(page.raw).decode()
    paths = re.findall(r'(?:src|href)="(/assets/[^"]+)"', html)
    checks.ok(page.status == 200 and len(paths) == 2, "the page names a script and a style", html)
    policy = page.headers["Content-Security-Policy"]
    checks.ok("default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy, "a strict policy", policy)
    size = len(page.raw)
    for path in paths:
        packed = server.ask("GET", path, key=None, headers={"Accept-Encoding": "gzip, br"})
        plain = server.ask("GET", path, key=None)
        size += len(packed.raw)
        checks.ok(packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.raw) == plain.raw and
                  "immutable" in plain.headers["Cache-Control"] and plain.headers["X-Content-Type-Options"] == "nosniff",
                  f"{path.split('.')[-1]}: compressed and plain are the same, and kept", dict(packed.headers))
        known = server.ask("GET", path, key=None, headers={"If-None-Match": plain.headers["ETag"]})
        checks.ok(known.status == 304 and not known.raw, "what is known is not sent again", known.status)
    checks.ok(size <= 100 * 1024, "the first load is at most 100 KiB", size)
    head = server.ask("HEAD", "/", key=None)
    checks.ok(head.status == 200 and not head.raw, "HEAD answers the same without a body", head.status)
    checks.equal(server.ask("POST", "/", {}, key=None).status, 405, "it is only read")
    checks.equal(server.ask("GET", "/assets/none.js", key=None).status, 404, "there is nothing else")


def main():
    server = Server(checks, "session", at=START).start()
    browser = signs_in(server)
    other_sites(server, browser)
    ends(server, browser)
    ends_with_its_key(server)
    of_a_person(server)
    ends_in_time(server)
    files(server)
    server.check_logs(checks, "the log")


checks.run(main)
