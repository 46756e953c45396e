#!/usr/bin/env python3
"""People sign in at a real OpenID Connect provider (oidc-provider): code flow with PKCE, its forms filled in as a browser would, keys that
change, roles by a claim, people with and without an account, answers that belong to nobody or come twice, a provider that is away (X1)."""
import html
import http.client
import http.cookies
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import npm  # noqa: E402
from live import Checks, free_ports  # noqa: E402
from server import Server  # noqa: E402

V1 = "/api/v1"
# The provider has the real clock; ours may be moved from there.
NOW = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
SECRET = "a client secret with : and %"
PEOPLE = {
    "ana": {"email": "ana@example.org", "email_verified": True, "groups": ["staff", "on-call"]},
    "bert": {"email": "bert@example.org", "email_verified": False, "groups": ["staff"]},
    "mallory": {"email": "ana@example.org", "email_verified": True, "groups": ["sre"]},
    "zoe": {"email": "zoe@example.org", "email_verified": True, "groups": ["sre", "on-call"]},
}
checks = Checks()


class Provider:
    def __init__(self, folder, port, redirect):
        self.folder, self.port, self.redirect = folder, port, redirect
        self.process = None
        checks.at_end(self.stop)

    def start(self, kind="rsa"):
        self.stop()
        environment = {"PATH": os.environ["PATH"], "PORT": str(self.port), "REDIRECT": self.redirect, "CLIENT_SECRET": SECRET,
                       "PEOPLE": json.dumps(PEOPLE), "KEY_KIND": kind}
        self.process = subprocess.Popen(["node", "provider.mjs"], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout.readline().strip() == "ready", "the provider did not start"

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None


class Browser:
    """Keeps the cookies of both hosts apart by their ports, follows redirects, fills in the provider's forms."""

    def __init__(self, server, provider):
        self.server, self.provider, self.jars = server, provider, {}

    def ask(self, method, url, form=None):
        parts = urllib.parse.urlsplit(url)
        jar = self.jars.setdefault(parts.port, http.cookies.SimpleCookie())
        shown = "; ".join(f"{name}={item.value}" for name, item in jar.items() if parts.path.startswith(item["path"] or "/"))
        headers = {**({"Cookie": shown} if shown else {}), **({"Content-Type": "application/x-www-form-urlencoded"} if form else {})}
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), urllib.parse.urlencode(form) if form else None, headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie") or []:
            one = http.cookies.SimpleCookie(line)
            for name, item in one.items():
                jar.pop(name, None)
                if item.value and "1970" not in item["expires"] and item["max-age"] != "0":
                    jar[name] = item.value
                    jar[name]["path"] = item["path"]
                    self.server.keep_secret(item.value, "a cookie")
        connection.close()
        return answer, body

    def begin(self):
        return self.ask("GET", f"{self.server.url}{V1}/session/oidc")[0].headers["Location"]

    def callback_of(self, name, url):
        """Signs in at the provider, and says where it sends the browser back to."""
        for _ in range(12):
            if url.startswith(self.server.url):
                self.server.keep_secret(urllib.parse.parse_qs(urllib.parse.urlsplit(url).query).get("code", [None])[0], "a code")
                return url
            answer, body = self.ask("GET", url)
            if answer.status in (302, 303):
                url = urllib.parse.urljoin(url, answer.headers["Location"])
                continue
            action = html.unescape(re.search(r'action="([^"]+)"', body).group(1))
            form = {"prompt": "login", "login": name, "password": "x"} if 'name="login"' in body else {"prompt": "consent"}
            answer, body = self.ask("POST", urllib.parse.urljoin(url, action), form)
            url = urllib.parse.urljoin(url, answer.headers["Location"])
        raise AssertionError("the provider goes round in circles")

    def sign_in(self, name):
        return self.ask("GET", self.callback_of(name, self.begin()))

    def who(self):
        answer, body = self.ask("GET", f"{self.server.url}{V1}/session")
        return json.loads(body).get("data") if answer.status == 200 else None


def asks_as_it_must(server, provider):
    browser = Browser(server, provider)
    answer, _ = browser.ask("GET", f"{server.url}{V1}/session/oidc")
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)
    checks.ok(answer.status == 302 and query["response_type"] == ["code"] and query["code_challenge_method"] == ["S256"] and
              len(query["code_challenge"][0]) == 43 and len(query["state"][0]) >= 32 and len(query["nonce"][0]) >= 32 and
              query["redirect_uri"] == [f"{server.url}{V1}/session/oidc/callback"], "the code flow with PKCE, state and nonce", query)
    cookie = answer.headers["Set-Cookie"]
    checks.ok("HttpOnly" in cookie and "SameSite=Lax" in cookie and f"Path={V1}/session/oidc/callback" in cookie and
              query["state"][0] not in cookie and query["nonce"][0] not in cookie, "the cookie in between is sealed", cookie)
    again = urllib.parse.parse_qs(urllib.parse.urlsplit(Browser(server, provider).begin()).query)
    checks.ok(again["state"] != query["state"] and again["nonce"] != query["nonce"] and again["code_challenge"] != query["code_challenge"],
              "each sign-in has its own")


def signs_in(server, provider, ana):
    browser = Browser(server, provider)
    answer, body = browser.sign_in("ana")
    checks.ok(answer.status == 302 and answer.headers["Location"] == "/", "back to the dashboard", answer.status, body)
    who = browser.who()
    checks.ok(who and who["userId"] == ana and who["name"] == "Ana" and who["scope"] == "RESPONDER", "as the person that she is", who)
    session = server.get("/sessions", limit=1000)["sessions"][-1]
    checks.equal((session["signIn"], session["userId"]), ("OIDC", ana), "the session is listed")
    checks.ok("ACCOUNT_LINKED" in [one["action"] for one in server.get("/audit", userId=ana, limit=1000)["events"]],
              "her account is linked to who she is there")
    again = Browser(server, provider)
    again.sign_in("ana")
    checks.ok(again.who() and again.who()["userId"] == ana, "the next time she is known by that")
    for name, why in (("bert", "an email that is not verified"), ("mallory", "another one's email, once she is linked"), ("zoe", "no account")):
        other = Browser(server, provider)
        answer, body = other.sign_in(name)
        checks.ok(answer.status == 403 and other.who() is None, f"refused: {why}", answer.status, body)
    refused = [one for one in server.get("/audit", limit=1000)["events"] if one["action"] == "SIGN_IN_REFUSED"]
    checks.equal([one["reason"] for one in refused], ["oidc"] * 3, "what was refused is in the audit trail")


def answers_belong_to_their_browser(server, provider):
    victim, thief = Browser(server, provider), Browser(server, provider)
    url = victim.callback_of("ana", victim.begin())
    checks.equal(thief.ask("GET", url)[0].status, 401, "an answer is of no use to a browser that did not begin")
    thief.begin()
    checks.equal(thief.ask("GET", url)[0].status, 401, "nor to one that began another")
    bad = re.sub(r"state=[^&]+", "state=x", url)
    checks.equal(victim.ask("GET", bad)[0].status, 401, "a state that is not ours is refused")
    checks.equal(victim.ask("GET", re.sub(r"code=[^&]+", "code=x", url))[0].status, 401, "a code that is none, too")
    checks.equal(victim.ask("GET", url + "&extra=1")[0].status, 302, "the right one signs in")
    checks.equal(victim.ask("GET", url)[0].status, 401, "once")
    fresh = Browser(server, provider)
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(fresh.begin()).query)["state"][0]
    answer, body = fresh.ask("GET", f"{server.url}{V1}/session/oidc/callback?error=access_denied&state={state}")
    checks.ok(answer.status == 401 and "access_denied" not in body, "the provider's refusal is one", body)


def keys_change(server, provider, ana):
    """The provider has another key, of another kind: known without a restart."""
    provider.start("rsa")
    server.advance(61)
    browser = Browser(server, provider)
    answer, body = browser.sign_in("ana")
    checks.ok(answer.status == 302 and browser.who()["userId"] == ana, "a new key is fetched", body)
    provider.start("ec")
    browser = Browser(server, provider)
    answer, body = browser.sign_in("ana")
    checks.ok(answer.status == 302 and browser.who()["userId"] == ana, "one of another kind, too", body)


def is_away(server, provider):
    browser = Browser(server, provider)
    url = browser.callback_of("ana", browser.begin())
    provider.stop()
    answer, body = browser.ask("GET", url)
    checks.ok(answer.status == 502 and json.loads(body)["error"]["code"] == "UPSTREAM_FAILED", "a provider that is away is said", body)
    checks.equal(server.ask("GET", "/health").status, 200, "all else goes on")
    server.advance(3700)
    checks.equal(browser.ask("GET", f"{server.url}{V1}/session/oidc")[0].status, 502, "nobody is sent to one that cannot be asked")


def maps_roles(folder, provider, settings):
    server = Server(checks, "roles", at=NOW, **settings, TOCSIN_OIDC_ROLE_CLAIM="groups",
                    TOCSIN_OIDC_ROLES="on-call=RESPONDER, sre=OPERATOR", TOCSIN_OIDC_SCOPES="openid email groups").start()
    provider.start()
    for name, scope in (("ana", "RESPONDER"), ("zoe", "OPERATOR"), ("mallory", "OPERATOR")):
        browser = Browser(server, provider)
        browser.sign_in(name)
        who = browser.who()
        checks.ok(who and who["scope"] == scope and "userId" not in who, f"{name} is {scope} by what the provider says", who)
    browser = Browser(server, provider)
    answer, _ = browser.sign_in("bert")
    checks.ok(answer.status == 403 and browser.who() is None, "who has none of the roles is refused", answer.status)
    server.stop()
    server.check_logs(checks, "the logs of roles")


def checks_settings(settings):
    for more, name in (({"TOCSIN_OIDC_ISSUER": "http://login.example.org"}, "TOCSIN_OIDC_ISSUER"), ({"TOCSIN_OIDC_CLIENT_ID": ""}, "TOCSIN_OIDC_CLIENT_ID"),
                       ({"TOCSIN_OIDC_ROLE_CLAIM": "groups"}, "TOCSIN_OIDC_ROLE_CLAIM"),
                       ({"TOCSIN_OIDC_ROLE_CLAIM": "groups", "TOCSIN_OIDC_ROLES": "sre=GOD"}, "TOCSIN_OIDC_ROLES")):
        server = Server(checks, f"bad-{name}", **{**settings, **more})
        server.spawn()
        server.process.wait(20)
        server._ended()
        checks.ok(server.process.returncode != 0 and name in server.log(), f"refused at start: {name}", server.log()[-300:])


def main():
    folder = npm.install("oidc_npm")
    port, own = free_ports(2)
    provider = Provider(folder, port, f"http://127.0.0.1:{own}{V1}/session/oidc/callback")
    settings = {"TOCSIN_OIDC_ISSUER": f"http://127.0.0.1:{port}", "TOCSIN_OIDC_CLIENT_ID": "tocsin", "TOCSIN_OIDC_CLIENT_SECRET": SECRET,
                "TOCSIN_LISTEN": f"127.0.0.1:{own}"}
    provider.start()
    server = Server(checks, "oidc", at=NOW, **settings).start()
    server.keep_secret(SECRET, "the client's secret")
    ana = server.add_user(name="Ana", email="ana@example.org", phone="+34600177701")
    bert = server.add_user(name="Bert", email="bert@example.org", phone="+34600177702")
    for user in (ana, bert):
        server.ask("PUT", f"{V1}/users/{user}/account", {"role": "RESPONDER"})
    asks_as_it_must(server, provider)
    signs_in(server, provider, ana)
    answers_belong_to_their_browser(server, provider)
    keys_change(server, provider, ana)
    is_away(server, provider)
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks)
    maps_roles(folder, provider, settings)
    checks_settings(settings)
    plain = Server(checks, "plain", at=NOW).start()
    checks.equal(plain.ask("GET", f"{V1}/session/oidc", key=None).status, 404, "where it is not set up there is nothing")


checks.run(main)
