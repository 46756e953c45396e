#!/usr/bin/env python3
"""What RFC 9110 and RFC 9112 ask of a server, case by case, of `tocsin serve` by bytes on a socket."""
import json
import pathlib
import re
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ADMIN_KEY, Checks  # noqa: E402
from server import Server  # noqa: E402

USERS = "/api/v1/users"
AUTH = f"Authorization: Bearer {ADMIN_KEY}\r\n"
checks = Checks()


class Answer:
    def __init__(self, head, body):
        self.head, self.body = head, body
        lines = head.split("\r\n")
        found = re.fullmatch(r"HTTP/1\.1 (\d{3}) [ -~]+", lines[0])
        self.status = int(found.group(1)) if found else None
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.setdefault(name.lower(), []).append(value.strip())

    def get(self, name):
        return ", ".join(self.headers[name.lower()]) if name.lower() in self.headers else None

    def code(self):
        try:
            return json.loads(self.body)["error"]["code"]
        except (ValueError, KeyError, TypeError):
            return None


class Peer:
    """One connection. Reads answers as strictly as RFC 9112 lets a client be."""

    def __init__(self, server, seconds=15):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def _more(self):
        piece = self.socket.recv(65536)
        self.data += piece
        return bool(piece)

    def read(self, is_head=False):
        """The next answer; None at the end of the connection."""
        while b"\r\n\r\n" not in self.data:
            if not self._more():
                return None
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        answer = Answer(head.decode("latin-1"), b"")
        has_none = is_head or answer.status in (204, 304) or (answer.status or 0) < 200
        length = 0 if has_none else int(answer.get("Content-Length") or 0)
        while len(self.data) < length:
            if not self._more():
                raise AssertionError("a body that is cut off")
        answer.body, self.data = self.data[:length], self.data[length:]
        return answer

    def ask(self, data, is_head=False):
        self.send(data)
        return self.read(is_head)

    def is_at_end(self):
        try:
            return self.data == b"" and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.socket.close()


def once(server, data, is_head=False):
    """(the answer, whether the connection ended behind it)."""
    peer = Peer(server)
    try:
        answer = peer.ask(data, is_head)
        peer.socket.shutdown(socket.SHUT_WR)
        return answer, peer.is_at_end()
    finally:
        peer.close()


def get(target, more="", method="GET", version="HTTP/1.1", host="Host: h\r\n"):
    return f"{method} {target} {version}\r\n{host}{AUTH}{more}\r\n"


def post(body, more="", target=USERS):
    return f"POST {target} HTTP/1.1\r\nHost: h\r\n{AUTH}Content-Type: application/json\r\n{more}\r\n{body}"


def user(name):
    return json.dumps({"name": name})


def expect(server, text, data, status, code=None):
    answer, _ = once(server, data)
    seen = (answer.status, answer.code()) if answer else None
    return checks.ok(answer and answer.status == status and (code is None or answer.code() == code), text, seen)


def answers_are_well_formed(server):
    for text, data in (("200", get("/health")), ("404", get("/nothing")), ("401", "GET /api/v1/users HTTP/1.1\r\nHost: h\r\n\r\n"),
                       ("405", get("/health", method="PATCH")), ("400", "GET / HTTP/1.1\r\n\r\n"), ("505", get("/", version="HTTP/2.0"))):
        answer, _ = once(server, data)
        lines = answer.head.split("\r\n")[1:]
        is_date = re.fullmatch(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", answer.get("Date") or "")
        is_good = (str(answer.status) == text and is_date and all(re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t -~]*", line) for line in lines)
                   and len(answer.headers["content-length"]) == 1 and "transfer-encoding" not in answer.headers)
        checks.ok(is_good, f"{text}: a status line, headers of one line, a date, one length (RFC 9112 4, 6.2; RFC 9110 6.6.1)", answer.head)
    checks.ok(once(server, get("/api/v1/users", host="Host: h\r\n").replace(ADMIN_KEY, "x"))[0].get("WWW-Authenticate"),
              "401 says how to authenticate (RFC 9110 11.6.1)")


def methods(server):
    for target in ("/health", "/openapi.json", "/nothing", USERS):
        peer = Peer(server)
        plain, head = peer.ask(get(target)), peer.ask(get(target, method="HEAD"), is_head=True)
        again = peer.ask(get("/livez"))
        same = all(plain.get(name) == head.get(name) for name in ("Content-Type", "Content-Length", "Cache-Control"))
        checks.ok(plain.status == head.status and same and again.status == 200,
                  f"HEAD {target} has the headers of GET and no body, and the connection goes on (RFC 9110 9.3.2)", plain.head, head.head)
        peer.close()
    for method in ("OPTIONS", "TRACE", "PROPFIND", "get", "LONGWORD" * 20):
        answer, _ = once(server, get(USERS, method=method))
        named = (answer.get("Allow") or "").split(", ")
        checks.ok(answer.status == 405 and set(named) >= {"GET", "POST"} and "DELETE" not in named,
                  f"{method[:20]} is 405 with Allow (RFC 9110 15.5.6)", answer.head)
        for one in named:
            checks.ok(once(server, get(USERS, method=one), one == "HEAD")[0].status != 405, f"{one} of Allow is taken")
    expect(server, "OPTIONS * is answered (RFC 9110 9.3.7)", get("*", method="OPTIONS"), 404)
    expect(server, "CONNECT names no path (RFC 9112 3.2.3)", get("h:80", method="CONNECT"), 400)


def versions(server):
    answer, ended = once(server, "GET /livez HTTP/1.0\r\n\r\n")
    checks.ok(answer.status == 200 and ended and answer.head.startswith("HTTP/1.1"), "HTTP/1.0 needs no Host and ends the connection (RFC 9112 9.3)")
    peer = Peer(server)
    text = "GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    both = [peer.ask(text), peer.ask(text)]
    checks.ok(all(one and one.status == 200 and (one.get("Connection") or "").lower() == "keep-alive" for one in both),
              "but where it asks to be kept (RFC 9112 9.3)")
    peer.close()
    answer, _ = once(server, "GET /openapi.json HTTP/1.0\r\n\r\n")
    checks.ok("transfer-encoding" not in answer.headers, "HTTP/1.0 gets no chunks (RFC 9112 6.1)")
    expect(server, "HTTP/1.7 is a 1.1 (RFC 9110 2.5)", get("/livez", version="HTTP/1.7"), 200)
    expect(server, "HTTP/2.0 is 505 (RFC 9110 15.6.6)", get("/livez", version="HTTP/2.0"), 505)
    for version in ("http/1.1", "HTTP/1.1.1", "HTTP/11", "HTTP/1,1", "HTTP /1.1", "HTTP/1.1 ", "XTTP/1.1", ""):
        expect(server, f"the version {version!r} is 400 (RFC 9112 2.3)", get("/livez", version=version), 400)


def targets(server):
    for target in ("http://h/livez", "HTTP://other:1/livez", "https://h/livez?x=1", "http://[::1]/livez"):
        expect(server, f"the absolute form {target} is understood (RFC 9112 3.2.2)", get(target), 200 if "?" not in target else 200)
    for target in ("http:///livez", "http://u:p@h/livez", "http://", "livez", "//", "/a b", "/a\tb", "/#f", "/caf\u00e9", "/\x7f", "/a\x00b"):
        status = 404 if target == "//" else 400
        expect(server, f"the target {target!r} is {status} (RFC 9112 3.2, RFC 3986)", get(target), status)
    for target in ("/api/v1/users/../keys", "/api/v1/users/%2e%2e/keys", "/api/v1/./users", "/api/v1//users", "/api/v1/users/", "/%2fapi/v1/users",
                   "/api/v1/users%00", "/api/v1/users/%ff", "/api/v1/users/%zz", "/api/v1/users/%", "/API/V1/USERS", "/api/v1/users;x=1"):
        expect(server, f"{target} names nothing: no path climbs, folds or is repaired (RFC 3986 6.2)", get(target), 404)
    expect(server, "a query that is none is 400", get(USERS + "?%ff=%zz"), 400, "VALIDATION_ERROR")
    expect(server, "a target of 20 KiB is 414 (RFC 9112 3)", get("/" + "a" * 20000), 414)
    expect(server, "a target of 9 KiB is 414", get("/" + "a" * 9000), 414)
    expect(server, "a target of 7 KiB is looked for (RFC 9112 3)", get("/" + "a" * 7000), 404)
    expect(server, "a header of 9 KiB is 431 (RFC 6585 5)", get("/livez", f"X: {'a' * 9000}\r\n"), 431)
    expect(server, "a thousand headers are 431", get("/livez", "X: abcdefgh\r\n" * 1000), 431)


def hosts(server):
    expect(server, "no Host is 400 (RFC 9112 3.2)", get("/livez", host=""), 400)
    expect(server, "two Hosts are 400", get("/livez", host="Host: h\r\nHost: h\r\n"), 400)
    for host in ("a b", "a/b", "u@h", "a?b", "a#b", "\"a\""):
        expect(server, f"the Host {host!r} is 400 (RFC 9112 3.2)", get("/livez", host=f"Host: {host}\r\n"), 400)
    for host in ("", "h", "h:8080", "[::1]:80", "10.0.0.1", "H.EXAMPLE."):
        expect(server, f"the Host {host!r} is one", get("/livez", host=f"Host: {host}\r\n"), 200)


def headers(server):
    for text, line, status in (
            ("names in any case (RFC 9110 5.1)", "aCCept:  text/html \t", 200), ("an empty value", "X-Empty:", 200),
            ("bytes over 127 in a value (RFC 9110 5.5)", "X: caf\xe9", 200), ("a space before the colon (RFC 9112 5.1)", "X : a", 400),
            ("a folded line (RFC 9112 5.2)", "X: a\r\n b", 400), ("a line without a colon", "abc", 400), ("no name", ": a", 400),
            ("a NUL in a value (RFC 9110 5.5)", "X: a\x00b", 400), ("a NUL in a name", "X\x00Y: a", 400), ("a bell", "X: a\x07", 400),
            ("a vertical tab", "X: a\x0bb", 400), ("CR alone (RFC 9112 2.2)", "X: a\rb", 400), ("LF alone (RFC 9112 2.2)", "X: a\nY: b", 400),
            ("a name with brackets", "X(Y): a", 400), ("a name that is not ASCII", "caf\xe9: a", 400)):
        expect(server, f"a header with {text} is {status}", get("/livez", f"{line}\r\n"), status)
    expect(server, "two Authorizations are 400", get(USERS, AUTH), 400)
    peer = Peer(server)
    checks.equal(peer.ask("\r\n\r\n" + get("/livez")).status, 200, "empty lines before a request are passed over (RFC 9112 2.2)")
    peer.close()


def bodies(server):
    made = []
    for text, more, body in (
            ("a length", "Content-Length: {}\r\n", user("a")), ("a length with zeros", "Content-Length: 000{}\r\n", user("b")),
            ("one chunk", "Transfer-Encoding: chunked\r\n", "{:x}\r\n" + user("c").replace("{", "{{").replace("}", "}}") + "\r\n0\r\n\r\n"),
            ("chunks, extensions and a trailer (RFC 9112 7.1)", "transfer-encoding: CHUNKED\r\n",
             "1\r\n{{\r\n00C ;x=\"y z\"\r\n\"name\":\"dddd\r\n002\r\n\"}}\r\n0000;end\r\nX-Trailer: t\r\n\r\n")):
        content = body.format(len(user("c"))) if "\r\n" in body else body
        answer, _ = once(server, post(content, more.format(len(content))))
        made.append(checks.ok(answer.status == 201, f"a body by {text} is read", answer.status, answer.body))
    for number, continues in enumerate((True, False)):
        body = user(f"expect {number}")
        peer = Peer(server)
        first = peer.ask(post("", f"Content-Length: {len(body)}\r\n" + ("Expect: 100-Continue\r\n" if continues else "")) if continues
                         else post(body, f"Content-Length: {len(body)}\r\n"))
        last = peer.ask(body) if continues else first
        checks.ok((first.status == 100) == continues and last.status == 201, f"100 is said {'where' if continues else 'only where'} it is "
                  "expected (RFC 9110 10.1.1)", first.status, last.status)
        peer.close()
    answer, ended = once(server, post("", "Content-Length: 2000000\r\nExpect: 100-continue\r\n"))
    checks.ok(answer.status == 413 and ended, "what is too large is refused before it is sent (RFC 9110 10.1.1, 15.5.14)", answer.status)
    answer, _ = once(server, post("{}", "Content-Length: 2\r\nExpect: 100-continue\r\n").replace("HTTP/1.1", "HTTP/1.0"))
    checks.ok(answer.status == 400, "HTTP/1.0 expects nothing (RFC 9110 10.1.1)", answer.status)
    peer = Peer(server)
    both = [peer.ask(get("/livez", "Content-Length: 3\r\n") + "abc"), peer.ask(get("/livez"))]
    checks.equal([one.status for one in both], [200, 200], "a body that GET has is read and passed over (RFC 9110 9.3.1)")
    peer.close()


def pipelines(server):
    peer, count = Peer(server), 60
    text = ""
    for number in range(count):
        body = user(f"pipeline {number}")
        text += post(body, f"Content-Length: {len(body)}\r\n") if number % 3 == 0 else get(f"/nothing/{number}") if number % 3 == 1 else get("/livez")
    peer.send(text)
    found = [peer.read() for _ in range(count)]
    wanted = [(201, 404, 200)[number % 3] for number in range(count)]
    checks.equal([one and one.status for one in found], wanted, "sixty requests at once are answered in their order (RFC 9112 9.3.2)")
    names = [json.loads(one.body)["data"]["name"] for one in found[::3] if one and one.status == 201]
    checks.equal(names, [f"pipeline {number}" for number in range(0, count, 3)], "each by its own answer")
    peer.send(get("/livez") + get("/livez", "Connection: close\r\n") + get("/livez"))
    found = [peer.read(), peer.read()]
    checks.ok([one.status for one in found] == [200, 200] and peer.is_at_end(), "behind Connection: close nothing is answered (RFC 9112 9.6)")
    peer.close()
    peer = Peer(server)
    peer.send(get("/livez") + get(USERS))
    peer.socket.shutdown(socket.SHUT_WR)
    found = [peer.read(), peer.read()]
    checks.ok([one and one.status for one in found] == [200, 200] and peer.is_at_end(), "who has closed their side is answered, and then it ends")
    peer.close()


def connections(server):
    for line in ("close", "Close", "close, keep-alive", "keep-alive, close", "x, close", "close\r\nConnection: keep-alive",
                 "keep-alive\r\nConnection: close"):
        peer = Peer(server)
        answer = peer.ask(get("/livez", f"Connection: {line}\r\n"))
        checks.ok(answer.get("Connection") == "close" and peer.is_at_end(), f"Connection: {line!r} ends it (RFC 9112 9.3, 9.6)", answer.head)
        peer.close()
    for line in ("keep-alive", "x", "", "closed", "upgrade\r\nUpgrade: h2c"):
        peer = Peer(server)
        found = [peer.ask(get("/livez", f"Connection: {line}\r\n")), peer.ask(get("/livez"))]
        checks.ok(all(one and one.status == 200 for one in found), f"Connection: {line!r} does not")
        peer.close()
    answer, ended = once(server, "GET / HTTP/1.1\r\n\r\n" + get("/livez"))
    checks.ok(answer.status == 400 and answer.get("Connection") == "close" and ended, "a malformed request ends it, and says so (RFC 9112 9.6)")


def main():
    server = Server(checks, "conformance", at="2026-01-05T09:00:00Z").start()
    for part in (answers_are_well_formed, methods, versions, targets, hosts, headers, bodies, pipelines, connections):
        part(server)
    checks.equal(server.ask("GET", "/health").status, 200, "after all this it is well")
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks)


checks.run(main)
