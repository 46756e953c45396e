#!/usr/bin/env python3
"""HTTPS of Tocsin's own (TOCSIN_TLS_LISTEN): openssl and curl speak with it, old versions are refused, bodies and replies of all
sizes go through, event streams too; handshakes that drip or never come end in time and keep nobody out; a new certificate is
taken on SIGHUP while clients go on without one lost request; what cannot be used changes nothing; nothing is left open."""
import errno
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ADMIN_KEY, BUILD, Checks, environment_of, need, wait_until  # noqa: E402
from server import Server  # noqa: E402

OPENSSL, CURL = need("openssl", "curl")
CLIENTS = 6
HANDSHAKE_SECONDS = 10
checks = Checks()


def make_certificate(folder, name, days=90):
    """Signed by itself, for localhost and 127.0.0.1; (certificate, key, SHA-256 of the certificate)."""
    folder.mkdir(exist_ok=True)
    cert, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run([OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days),
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True, timeout=60)
    return cert, key, hashlib.sha256(ssl.PEM_cert_to_DER_cert(cert.read_text())).hexdigest()


def context_for(*certificates):
    context = ssl.create_default_context()
    for one in certificates:
        context.load_verify_locations(one)
    return context


class Https:
    """One connection; `seen` is the certificate that it was shown."""

    def __init__(self, port, context, seconds=30):
        self.connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=seconds, context=context)
        self.connection.connect()
        self.seen = hashlib.sha256(self.connection.sock.getpeercert(binary_form=True)).hexdigest()

    def ask(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {ADMIN_KEY}", **({"Content-Type": "application/json"} if body else {})}
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def close(self):
        self.connection.close()


def speaks(server, port, cert, context):
    done = subprocess.run([CURL, "-sS", "--cacert", cert, f"https://localhost:{port}/livez"], capture_output=True, text=True, timeout=30)
    checks.equal(done.stdout, '{"status":"alive"}', "curl trusts the certificate and reads an answer")
    versions = {}
    for flag in ("-tls1_1", "-tls1_2", "-tls1_3"):
        done = subprocess.run([OPENSSL, "s_client", "-connect", f"127.0.0.1:{port}", flag, "-cipher", "DEFAULT@SECLEVEL=0", "-alpn", "h2,http/1.1"],
                              input="", capture_output=True, text=True, timeout=30)
        versions[flag] = "Verify return code" in done.stdout and "Cipher is (NONE)" not in done.stdout and "ALPN protocol: h2" not in done.stdout
    checks.equal(versions, {"-tls1_1": False, "-tls1_2": True, "-tls1_3": True}, "TLS 1.2 and 1.3 are spoken, 1.1 is not")
    weak = subprocess.run([OPENSSL, "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2", "-cipher", "AES128-SHA:ECDHE-ECDSA-AES128-SHA"],
                          input="", capture_output=True, text=True, timeout=30)
    checks.ok("Cipher is (NONE)" in weak.stdout, "nor a cipher without authentication of its data", weak.stdout[-300:])
    client = Https(port, context)
    plain = server.ask("GET", "/openapi.json").raw
    checks.ok(all(client.ask("GET", "/openapi.json") == (200, plain) for _ in range(20)), f"twenty replies of {len(plain)} bytes come whole over one connection")
    status, _ = client.ask("POST", "/api/v1/users", json.dumps({"name": "A" * 90}).encode())
    checks.equal(status, 201, "a change is made")
    status, text = client.ask("POST", "/api/v1/users", b'{"name":"' + b"x" * (1 << 20) + b'"}')
    checks.equal(status, 413, "a body over the limit is refused", text[:100])
    client.close()
    lines = [{"phoneNumber": "+14155550101", "agentId": "none", "userId": "u", "scheduledFor": "2031-01-06T09:00:00Z", "metadata": {"x": "y" * 800}}] * 9000
    large = Https(port, context)
    status, _ = large.ask("POST", "/api/v1/scheduling/bulk", json.dumps(lines).encode())
    checks.ok(status in (200, 400, 404), "eight megabytes are read to their end", status)
    large.close()
    stream = Https(port, context)
    stream.connection.request("GET", "/api/v1/stream", headers={"Authorization": f"Bearer {ADMIN_KEY}"})
    answer = stream.connection.getresponse()
    user = server.add_user(name="Streamed", email="streamed@example.com")
    server.post("/incidents", {"title": "Disk full", "userId": user, "policy": "missed-meeting"})
    seen, until = b"", time.monotonic() + 20
    while b"event: INCIDENT" not in seen and time.monotonic() < until:
        seen += answer.read1(4096)
    checks.ok(answer.status == 200 and b"event: INCIDENT" in seen, "an event stream tells what happens", seen[:200])
    stream.close()


def pipelines(port, context):
    raw = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=30), server_hostname="localhost")
    raw.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
    raw.settimeout(10)
    text = b""
    while text.count(b"alive") < 200:
        text += raw.recv(65536)
    checks.equal(text.count(b"HTTP/1.1 200"), 200, "two hundred requests at once are answered, in one connection")
    raw.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    rest = b""
    while piece := raw.recv(65536):
        rest += piece
    checks.ok(b"alive" in rest, "the last one ends it in order: with close_notify, or Python would complain", rest[-100:])
    raw.close()


def bears_bad_handshakes(server, port, context):
    hello = ssl.MemoryBIO()
    session = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    first = hello.read()
    dripping = [socket.create_connection(("127.0.0.1", port), timeout=HANDSHAKE_SECONDS * 3) for _ in range(50)]
    began = time.monotonic()
    for number, one in enumerate(dripping):
        one.sendall(first[:number * 3])
    for text in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", os.urandom(2000), b"\x16\x03\x01\xff\xff" + b"\x00" * 100, b""):
        odd = socket.create_connection(("127.0.0.1", port), timeout=20)
        try:
            odd.sendall(text)
            odd.shutdown(socket.SHUT_WR)
            while odd.recv(4096):
                pass
        except OSError as error:  # It has been closed already.
            if error.errno not in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN):
                raise
        odd.close()
    checks.ok(True, "plain HTTP, nonsense and nothing are answered with the end")
    began_other = time.monotonic()
    client = Https(port, context)
    checks.ok(client.ask("GET", "/livez")[0] == 200 and time.monotonic() - began_other < 2, "others are served meanwhile")
    client.close()
    for step in range(6):  # A byte now and then does not buy time.
        time.sleep(1)
        for one in dripping:
            try:
                one.sendall(b"\x01" if step % 2 else b"")
            except OSError:
                pass
    ended = []
    for one in dripping:
        try:
            while one.recv(4096):
                pass
        except OSError:
            pass
        ended.append(time.monotonic() - began)
        one.close()
    checks.ok(max(ended) < HANDSHAKE_SECONDS + 3, f"handshakes that drip end in time: after {max(ended):.1f} s at most", ended[-5:])


class Caller(threading.Thread):
    """Asks without a pause, every tenth time over a new connection."""

    def __init__(self, port, context):
        super().__init__(daemon=True)
        self.port, self.context = port, context
        self.answered, self.failed, self.seen, self.is_over = 0, [], [], threading.Event()

    def run(self):
        client, number = None, 0
        while not self.is_over.is_set():
            try:
                if client is None or number % 10 == 0:
                    if client:
                        client.close()
                    client = Https(self.port, self.context)
                    self.seen.append((time.monotonic(), client.seen))
                number += 1
                status, _ = client.ask("GET", "/api/v1/clock")
                self.answered += status == 200
                if status != 200:
                    self.failed.append(status)
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                client = None


def takes_a_new_certificate(server, port, folder, live, old, new):
    context = context_for(old[0], new[0])
    kept = Https(port, context)
    callers = [Caller(port, context) for _ in range(CLIENTS)]
    for caller in callers:
        caller.start()
    wait_until(lambda: all(caller.answered > 50 for caller in callers))
    for source, target in zip(new[:2], live):
        shutil.copy(source, target)
    before = sum(caller.answered for caller in callers)
    server.signal(signal.SIGHUP)
    changed = wait_until(lambda: all(caller.seen[-1][1] == new[2] for caller in callers), 20)
    time.sleep(0.3)
    for caller in callers:
        caller.is_over.set()
    for caller in callers:
        caller.join(20)
    failed = [error for caller in callers for error in caller.failed]
    after = sum(caller.answered for caller in callers)
    checks.ok(changed, "new connections get the new certificate", [caller.seen[-1][1][:8] for caller in callers])
    checks.equal(failed[:3], [], f"not one of {after} requests is lost ({after - before} since the reload)")
    checks.ok(kept.seen == old[2] and kept.ask("GET", "/livez")[0] == 200, "a connection that was open goes on with the old one")
    kept.close()
    live[1].write_text("no key")
    server.signal(signal.SIGHUP)
    server.wait_log("the certificate stays as it was")
    client = Https(port, context)
    checks.ok(client.seen == new[2], "files that cannot be used change nothing")
    client.close()


def refuses_settings(folder, good):
    other = make_certificate(folder, "other")
    locked = folder / "locked.key"
    subprocess.run([OPENSSL, "ec", "-in", good[1], "-aes128", "-passout", "pass:secret", "-out", locked], check=True, capture_output=True, timeout=60)
    cases = (({"TOCSIN_TLS_CERT": str(good[0]), "TOCSIN_TLS_KEY": str(good[1])}, "TOCSIN_TLS_LISTEN"),
             ({"TOCSIN_TLS_LISTEN": "127.0.0.1:0"}, "TOCSIN_TLS_CERT"),
             ({"TOCSIN_TLS_LISTEN": "nonsense", "TOCSIN_TLS_CERT": str(good[0]), "TOCSIN_TLS_KEY": str(good[1])}, "ADDRESS:PORT"),
             ({"TOCSIN_TLS_LISTEN": "127.0.0.1:0", "TOCSIN_TLS_CERT": "/nowhere", "TOCSIN_TLS_KEY": str(good[1])}, "/nowhere"),
             ({"TOCSIN_TLS_LISTEN": "127.0.0.1:0", "TOCSIN_TLS_CERT": str(good[0]), "TOCSIN_TLS_KEY": str(other[1])}, "other.key"),
             ({"TOCSIN_TLS_LISTEN": "127.0.0.1:0", "TOCSIN_TLS_CERT": str(good[0]), "TOCSIN_TLS_KEY": str(locked)}, "locked.key"),
             ({"TOCSIN_TRUSTED_PROXIES": "10.0.0.0/33"}, "TOCSIN_TRUSTED_PROXIES"))
    for number, (settings, word) in enumerate(cases):
        data = folder / f"data-{number}"
        done = subprocess.run([str(BUILD / "tocsin"), "serve"], capture_output=True, text=True, timeout=30,
                              env=environment_of({"TOCSIN_DATA_DIR": str(data), "TOCSIN_LISTEN": "127.0.0.1:0", **settings}))
        checks.ok(done.returncode != 0 and word in done.stderr and done.stdout == "", f"it does not start, and says why: {done.stderr.strip()[-110:]}", done.stderr)


def main():
    folder = checks.folder("certificates")
    old, new = make_certificate(folder, "old"), make_certificate(folder, "new")
    live = [folder / "live.crt", folder / "live.key"]
    for source, target in zip(old[:2], live):
        shutil.copy(source, target)
    server = Server(checks, "tls", TOCSIN_TLS_LISTEN="127.0.0.1:0", TOCSIN_TLS_CERT=str(live[0]), TOCSIN_TLS_KEY=str(live[1])).start()
    said = wait_until(lambda: [line for line in server.lines if line.startswith("HTTPS is spoken at port")])
    port = int(said[0].rsplit(" ", 1)[1])
    context = context_for(old[0])
    fds = pathlib.Path(f"/proc/{server.process.pid}/fd")
    server.ask("GET", "/livez")
    opened = len(list(fds.iterdir()))
    speaks(server, port, old[0], context)
    pipelines(port, context)
    bears_bad_handshakes(server, port, context)
    ends = [line for line in server.ask("GET", "/metrics").text.splitlines() if line.startswith("tocsin_certificate_ends_seconds ")]
    checks.ok(abs(float(ends[0].split()[1]) - time.time() - 90 * 86400) < 86400, "the metrics say until when it is valid", ends)
    takes_a_new_certificate(server, port, folder, live, old, new)
    left = wait_until(lambda: len(list(fds.iterdir())) <= opened + 1)
    checks.ok(left, "no descriptor is left open", (opened, len(list(fds.iterdir()))))
    code, took = server.stop()
    checks.ok(code == 0 and took < 10, f"it stops in {took:.1f} s")
    refuses_settings(folder, old)


checks.run(main)
