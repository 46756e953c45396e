#!/usr/bin/env python3
"""People sign in with a password: accounts, roles, wrong passwords and how many of them, sessions, changes and resets, the audit trail,
and what the store holds of it all (X1, P6). Sessions of keys and their cookies are test_session.py's."""
import pathlib
import sqlite3
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ADMIN_KEY, Checks  # noqa: E402
from server import Server  # noqa: E402

START = "2026-01-05T09:00:00Z"
V1 = "/api/v1"
FIRST, SECOND, THIRD = "a first pass phrase", "another pass phrase", "ñandú ñandú ñandú"
checks = Checks()


class Browser:
    def __init__(self, server):
        self.server, self.cookie = server, None

    def ask(self, method, path, body=None):
        headers = {"Sec-Fetch-Site": "same-origin", **({"Cookie": self.cookie} if self.cookie else {})}
        answer = self.server.ask(method, V1 + path, body, key=None, headers=headers)
        if answer.headers.get("Set-Cookie"):
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
            self.server.keep_secret(self.cookie.partition("=")[2] or None, "the secret of a session")
        return answer

    def sign_in(self, login, password):
        return self.ask("POST", "/session", {"login": login, "password": password})


def audit(server, user=None):
    query = {"userId": user} if user else {}
    return [one["action"] for one in server.get("/audit", limit=1000, **query)["events"]]


def makes_accounts(server, ana):
    def put(body, user=ana):
        return server.ask("PUT", f"{V1}/users/{user}/account", body)
    for body, field in (({"role": "OPERATOR", "password": "short"}, "password"), ({"role": "OPERATOR", "password": "eleven char"}, "password"),
                        ({"role": "OPERATOR", "password": "ñ" * 11}, "password"), ({"role": "GOD", "password": FIRST}, "role"),
                        ({"password": FIRST}, "role"), ({"role": "OPERATOR", "login": "ana@example.org", "password": "Ana@example.org"},
                                                        "password"), ({"role": "OPERATOR", "password": "x" * 257}, "password")):
        answer = put(body)
        checks.ok(answer.status == 400 and answer.body["error"]["field"] == field, f"refused: {field} of {body}"[:60], answer.text[:200])
    for easy in ("password1234", "Passw0rd2026!", "qwertyuiop12", "123456789012", "ana@example.org1", "tocsintocsin", "xyxyxyxyxyxyxyxy"):
        answer = put({"role": "OPERATOR", "password": easy})
        checks.ok(answer.status == 400 and answer.body["error"]["field"] == "password" and "easy to guess" in answer.body["error"]["message"],
                  f"easy to guess: {easy}", answer.text)
    checks.equal(server.ask("GET", f"{V1}/users/{ana}/account").status, 404, "a person has no account until one is made")
    answer = put({"role": "OPERATOR", "password": FIRST})
    checks.ok(answer.status == 200 and answer.data["login"] == "ana@example.org" and answer.data["role"] == "OPERATOR" and
              FIRST not in answer.text and "argon2" not in answer.text, "an admin makes an account with the person's email", answer.text)
    other = server.add_user(name="Bert", phone="+34600155501")
    checks.equal(put({"role": "READER", "password": FIRST}, other).body["error"]["field"], "login", "who has no email needs a login")
    taken = put({"role": "READER", "login": "ANA@example.org", "password": FIRST}, other)
    checks.ok(taken.status == 409 and taken.body["error"]["field"] == "login", "a login is one person's", taken.text)
    return other


def signs_in(server, ana):
    browser = Browser(server)
    answer = browser.sign_in("Ana@Example.org", FIRST)
    checks.ok(answer.status == 201 and answer.data["name"] == "Ana" and answer.data["scope"] == "OPERATOR" and answer.data["userId"] == ana
              and answer.data["signIn"] == "PASSWORD" and browser.cookie.partition("=")[2] not in answer.text, "a person signs in", answer.text)
    who = browser.ask("GET", "/session")
    checks.ok(who.data["name"] == "Ana" and who.data["userId"] == ana, "the session says who it is", who.text)
    incident = browser.ask("POST", "/incidents", {"title": "Disk is full", "userId": ana}).data["id"]
    taken = browser.ask("POST", f"/incidents/{incident}/acknowledge")
    checks.ok(taken.status == 200 and taken.data["acknowledgedBy"] == ana, "who takes an incident is known by name", taken.text[:300])
    checks.equal(browser.ask("POST", "/keys", {"name": "x", "scope": "ADMIN"}).status, 403, "the role is the limit")
    return browser


def refuses(server, ana):
    browser = Browser(server)
    texts = set()
    for login, password in (("ana@example.org", "wrong pass phrase"), ("nobody@example.org", FIRST), ("ana@example.org", FIRST + " ")):
        answer = browser.sign_in(login, password)
        texts.add(answer.body["error"]["message"])
        checks.ok(answer.status == 401 and "Set-Cookie" not in answer.headers, f"refused: {login}", answer.text)
    checks.equal(len(texts), 1, "whether the login exists is not said")
    for body in ({}, {"login": "ana@example.org"}, {"password": FIRST}, {"key": "x", "login": "a", "password": "b"}):
        answer = browser.ask("POST", "/session", body)
        checks.ok(answer.status == 400 and answer.body["error"]["field"] == "key", f"one way to sign in: {sorted(body)}", answer.text)
    checks.ok(audit(server, ana).count("SIGN_IN_REFUSED") == 2, "what was refused is in the audit trail", audit(server, ana))


def takes_as_long(server):
    """Of a login that nobody has as of one that somebody has: the same hash is made. (The work is counted by CPU, not by the clock.)"""
    def spent(login):
        stat = pathlib.Path(f"/proc/{server.process.pid}/stat")
        before = sum(map(int, stat.read_text().rsplit(")", 1)[1].split()[11:13]))
        for _ in range(3):
            Browser(server).sign_in(login, "wrong pass phrase")
        return sum(map(int, stat.read_text().rsplit(")", 1)[1].split()[11:13])) - before
    known, unknown = spent("carl"), spent("nobody")
    checks.ok(unknown > 0.5 * known > 0, "an unknown login costs what a known one does", known, unknown)


def limits(server):
    """Ten wrong ones of one login in ten minutes, then none, right or wrong, until they are over; others go on."""
    browser = Browser(server)
    statuses = [browser.sign_in("carl", f"wrong pass phrase {number}").status for number in range(12)]
    checks.equal(statuses, [401] * 10 + [429] * 2, "ten attempts at one login")
    answer = browser.sign_in("CARL", FIRST)
    checks.ok(answer.status == 429 and 0 < int(answer.headers["Retry-After"]) <= 601, "the right one waits, too", answer.text)
    checks.equal(Browser(server).sign_in("ana@example.org", FIRST).status, 201, "another person signs in")
    server.advance(601)
    checks.equal(browser.sign_in("carl", FIRST).status, 201, "and after ten minutes he does")
    for _ in range(3):
        checks.equal([Browser(server).sign_in("carl", "wrong pass phrase").status for _ in range(4)] +
                     [Browser(server).sign_in("carl", FIRST).status], [401] * 4 + [201], "who gets it right begins anew")
    server.advance(601)
    statuses = [Browser(server).ask("POST", "/session", {"key": f"guess {number}"}).status for number in range(102)]
    checks.equal((statuses.count(401), statuses[100:]), (100, [429, 429]), "a hundred attempts from one address")
    checks.equal(Browser(server).sign_in("ana@example.org", FIRST).status, 429, "whoever is at that address")
    server.advance(601)


def looks_after_sessions(server, ana, carl):
    one, two = Browser(server), Browser(server)
    one.sign_in("carl", FIRST)
    two.sign_in("carl", FIRST)
    listed = one.ask("GET", "/sessions").data["sessions"]
    checks.ok(len(listed) >= 2 and {item["userId"] for item in listed} == {carl} and not any("key" in item for item in listed),
              "a person sees their own sessions", listed)
    everybody = server.get("/sessions", limit=1000)
    checks.ok({ana, carl} <= {item.get("userId") for item in everybody["sessions"]} and everybody["total"] == len(everybody["sessions"]),
              "an admin sees all", everybody)
    hers = next(item["id"] for item in everybody["sessions"] if item.get("userId") == ana)
    checks.equal(one.ask("DELETE", f"/sessions/{hers}").status, 403, "nobody ends another's session")
    key = server.post("/keys", {"name": "wall", "scope": "READER"})
    server.keep_secret(key["key"], "a key")
    checks.equal(server.ask("DELETE", f"{V1}/sessions/{key['id']}").status, 404, "a key is no session")
    for item in reversed(one.ask("GET", "/sessions").data["sessions"]):
        checks.ok(one.ask("DELETE", f"/sessions/{item['id']}").status in (200, 401), "a person ends their own")
    checks.equal((one.ask("GET", "/session").status, two.ask("GET", "/session").status), (401, 401), "and they are over")


def changes(server, ana, browser):
    other = Browser(server)
    other.sign_in("ana@example.org", FIRST)
    for body, status, field in (({"current": "wrong pass phrase", "password": SECOND}, 403, "current"),
                                ({"current": FIRST, "password": "short"}, 400, "password"),
                                ({"current": FIRST, "password": "ana@example.org"}, 400, "password"),
                                ({"current": FIRST, "password": "correct password"}, 400, "password")):
        answer = browser.ask("PUT", "/session/password", body)
        checks.ok(answer.status == status and answer.body["error"]["field"] == field, f"no change: {field} {status}", answer.text)
    checks.equal(server.ask("PUT", f"{V1}/session/password", {"current": FIRST, "password": SECOND}).status, 403, "a key has no password")
    checks.equal(browser.ask("PUT", "/session/password", {"current": FIRST, "password": SECOND}).status, 200, "a person changes it")
    checks.equal((browser.ask("GET", "/session").status, other.ask("GET", "/session").status), (200, 401),
                 "the session that changed it goes on, the others end")
    checks.equal((other.sign_in("ana@example.org", FIRST).status, other.sign_in("ana@example.org", SECOND).status), (401, 201),
                 "the new one counts")
    server.ask("PUT", f"{V1}/users/{ana}/account", {"role": "READER", "password": THIRD})
    checks.equal((browser.ask("GET", "/session").status, other.ask("GET", "/session").status), (401, 401), "a reset ends all sessions")
    answer = browser.sign_in("ana@example.org", THIRD)
    checks.ok(answer.status == 201 and answer.data["scope"] == "READER", "a reset sets password and role", answer.text)
    server.ask("PUT", f"{V1}/users/{ana}/account", {"role": "USER"})
    checks.equal(browser.ask("GET", "/session").status, 401, "another role ends the sessions")
    checks.equal(browser.sign_in("ana@example.org", THIRD).data["scope"], "USER", "and the password stays")
    checks.equal((browser.ask("GET", f"/users/{ana}").status, browser.ask("GET", "/users").status), (200, 403), "of her own subjects")
    told = [(one["channel"], one["subjectType"]) for one in server.messages(userId=ana) if "password" in one.get("subject", "")]
    checks.equal(told, [("EMAIL", "USER")] * 3, "she has a mail for each time her password was set or changed")


def ends(server, ana, carl):
    browser, his = Browser(server), Browser(server)
    browser.sign_in("ana@example.org", THIRD)
    his.sign_in("carl", FIRST)
    checks.equal(server.ask("DELETE", f"{V1}/users/{ana}/account").status, 200, "an admin ends an account")
    checks.equal((browser.ask("GET", "/session").status, browser.sign_in("ana@example.org", THIRD).status), (401, 401), "nobody signs in")
    server.ask("DELETE", f"{V1}/users/{carl}")
    checks.equal((his.ask("GET", "/session").status, his.sign_in("carl", FIRST).status), (401, 401), "nor does who was removed")
    wanted = {"ACCOUNT_CREATED", "ACCOUNT_CHANGED", "ACCOUNT_REMOVED", "SIGN_IN_REFUSED", "PASSWORD_REFUSED", "PASSWORD_CHANGED",
              "KEY_CREATED", "KEY_REVOKED"}
    checks.equal(sorted(wanted - set(audit(server, ana)) - set(audit(server))), [], "all of it is in the audit trail")


def is_sealed(server):
    """The store holds neither login nor hash in the clear: without the data key there is nothing to try passwords on."""
    with sqlite3.connect(server.database()) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    # The mock provider's own record is beside it: a carrier knows whom it writes to.
    found = b"".join(path.read_bytes() for path in server.folder.glob("tocsin.db*") if path.suffix != ".mock")
    hits = [word for word in (b"argon2", b"ana@example.org", FIRST.encode(), SECOND.encode()) if word in found]
    checks.equal(hits, [], "the store shows no login, password or hash")


def with_a_real_clock():
    """Attempts that come at once are counted when they come."""
    import threading
    server = Server(checks, "real").start()
    dora = server.add_user(name="Dora", phone="+34600155502")
    server.ask("PUT", f"{V1}/users/{dora}/account", {"role": "READER", "login": "dora", "password": FIRST})
    statuses = []
    began = time.monotonic()
    threads = [threading.Thread(target=lambda: statuses.append(Browser(server).sign_in("dora", "wrong pass phrase").status))
               for _ in range(25)]
    for thread in threads:
        thread.start()
    slow = max(timed(server) for _ in range(5))
    for thread in threads:
        thread.join()
    checks.equal((statuses.count(401), statuses.count(429)), (10, 15), "of 25 at once ten are looked at")
    checks.ok(slow < 1, "meanwhile others are served", f"{slow:.2f} s of {time.monotonic() - began:.2f} s")
    server.stop()
    server.check_logs(checks, "the logs of the real clock")


def timed(server):
    began = time.monotonic()
    server.get("/clock")
    server.post("/incidents", {"title": "Meanwhile"})
    return time.monotonic() - began


def behind_https():
    """A browser lets nobody else set the cookies of a server whose address is https (RFC 6265bis)."""
    server = Server(checks, "https", TOCSIN_PUBLIC_URL="https://tocsin.example.org").start()
    answer = server.ask("POST", f"{V1}/session", {"key": ADMIN_KEY}, key=None, headers={"Sec-Fetch-Site": "same-origin"})
    cookie, _, attributes = answer.headers["Set-Cookie"].partition("; ")
    name, _, secret = cookie.partition("=")
    server.keep_secret(secret, "the secret of a session")
    checks.equal((name, "Path=/" in attributes, "Secure" in attributes), ("__Host-tocsin_session", True, True), "the cookie is this host's")
    for sent, status in ((cookie, 200), (f"tocsin_session={secret}", 401), (f"x={secret}", 401)):
        checks.equal(server.ask("GET", f"{V1}/session", key=None, headers={"Cookie": sent}).status, status, f"{sent.partition('=')[0]}: {status}")
    server.stop()
    server.check_logs(checks, "the logs behind https")


def main():
    server = Server(checks, "sign-in", at=START).start()
    ways = server.ask("GET", f"{V1}/session/ways", key=None)
    checks.equal((ways.status, ways.body), (200, {"password": False}), "where nobody has a password, the door asks for none")
    for password in (FIRST, SECOND, THIRD, "wrong pass phrase"):
        server.keep_secret(password, "a password")
    ana = server.add_user(name="Ana", email="ana@example.org", phone="+34600155500")
    carl = server.add_user(name="Carl", phone="+34600155503")
    makes_accounts(server, ana)
    server.ask("PUT", f"{V1}/users/{carl}/account", {"role": "RESPONDER", "login": "carl", "password": FIRST})
    checks.equal(server.ask("GET", f"{V1}/session/ways", key=None).body, {"password": True}, "and where somebody has one, it does")
    browser = signs_in(server, ana)
    refuses(server, ana)
    takes_as_long(server)
    server.advance(601)
    limits(server)
    looks_after_sessions(server, ana, carl)
    browser = Browser(server)
    browser.sign_in("ana@example.org", FIRST)
    changes(server, ana, browser)
    ends(server, ana, carl)
    checks.equal(server.stop()[0], 0, "it stops well")
    is_sealed(server)
    server.check_logs(checks)
    with_a_real_clock()
    behind_https()


checks.run(main)
