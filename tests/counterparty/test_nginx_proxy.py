#!/usr/bin/env python3
"""Tocsin behind a real nginx, with contrib/nginx/tocsin.conf as it is shipped but for names and ports: HTTPS outside, plain
inside; event streams arrive as they happen, ten megabytes go through, /metrics does not; many clients behind one proxy are not
taken for one, and what a client writes into X-Forwarded-For is not believed."""
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ADMIN_KEY, ROOT, Checks, free_ports, need, wait_until  # noqa: E402
from server import Server  # noqa: E402

NGINX, OPENSSL = need("nginx", "openssl")
PER_ADDRESS = 4
checks = Checks()


def start_nginx(folder, server_port, port):
    subprocess.run([OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)
    shipped = (ROOT / "contrib/nginx/tocsin.conf").read_text()
    ours = shipped.replace("127.0.0.1:8080", f"127.0.0.1:{server_port}").replace("listen 443", f"listen 127.0.0.1:{port}")
    ours = re.sub(r"/etc/letsencrypt/\S*/fullchain.pem", str(folder / "cert.pem"), ours)
    ours = re.sub(r"/etc/letsencrypt/\S*/privkey.pem", str(folder / "key.pem"), ours)
    places = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;\n"
                                       f"events {{ worker_connections 512; }}\nhttp {{ access_log off; {places}\n{ours}\n}}\n")
    checked = subprocess.run([NGINX, "-t", "-c", folder / "nginx.conf", "-e", folder / "error.log"], capture_output=True, text=True)
    checks.ok(checked.returncode == 0, "nginx reads the file that is shipped", checked.stderr)
    process = subprocess.Popen([NGINX, "-c", folder / "nginx.conf", "-e", folder / "error.log"], stderr=subprocess.PIPE)
    checks.at_end(lambda: process.poll() is None and (process.terminate(), process.wait(10)))
    context = ssl.create_default_context(cafile=str(folder / "cert.pem"))
    wait_until(lambda: connects(port))
    return context


def connects(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


class Client:
    def __init__(self, port, context):
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=30), server_hostname="localhost")

    def ask(self, method, path, body=b"", **headers):
        lines = [f"{method} {path} HTTP/1.1", "Host: alerts.example.org", f"Authorization: Bearer {ADMIN_KEY}", f"Content-Length: {len(body)}",
                 "Content-Type: application/json", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self.read()

    def read(self):
        text = b""
        while b"\r\n\r\n" not in text:
            text += self.socket.recv(65536)
        head, rest = text.split(b"\r\n\r\n", 1)
        status = int(head.split()[1])
        length = re.search(rb"content-length: (\d+)", head, re.I)
        while length and len(rest) < int(length.group(1)):
            rest += self.socket.recv(65536)
        return status, rest


def main():
    port = free_ports(1)[0]
    server = Server(checks, "behind", TOCSIN_TRUSTED_PROXIES="127.0.0.1", TOCSIN_CONNECTIONS_PER_ADDRESS=str(PER_ADDRESS)).start()
    context = start_nginx(checks.folder("nginx"), server.port, port)
    client = Client(port, context)
    status, body = client.ask("GET", "/openapi.json")
    checks.equal((status, json.loads(body)["openapi"][:3]), (200, "3.1"), "a reply comes through")
    checks.equal(client.ask("GET", "/metrics")[0], 404, "the metrics do not")
    status, _ = client.ask("POST", "/api/v1/scheduling/bulk", json.dumps([{"metadata": {"x": "y" * 900}}] * 9000).encode())
    checks.ok(status in (200, 400), "eight megabytes of calls do", status)
    stream = Client(port, context)
    stream.socket.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_KEY}\r\n\r\n".encode())
    text = b""
    while b"\r\n\r\n" not in text:
        text += stream.socket.recv(4096)
    began = time.monotonic()
    user = server.add_user(name="Streamed", email="streamed@example.com")
    server.post("/incidents", {"title": "Disk full", "userId": user, "policy": "missed-meeting"})
    while b"event: INCIDENT" not in text and time.monotonic() - began < 20:
        text += stream.socket.recv(4096)
    took = time.monotonic() - began
    checks.ok(b"event: INCIDENT" in text and took < 5, f"an event arrives as it happens, after {took:.2f} s", text[-200:])
    many = [Client(port, context) for _ in range(5 * PER_ADDRESS)]
    streams = []
    for one in many:  # Streams keep their connections to Tocsin open, all from one address.
        one.socket.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_KEY}\r\n\r\n".encode())
        text = b""
        while b"\r\n\r\n" not in text:
            text += one.socket.recv(4096)
        streams.append(int(text.split()[1]))
    checks.equal(set(streams), {200}, f"{len(many)} clients at once behind one proxy are not refused as one")
    server.stop()
    counted = Server(checks, "counted", TOCSIN_CONNECTIONS_PER_ADDRESS=str(PER_ADDRESS)).start()
    sockets = [socket.create_connection(("127.0.0.1", counted.port), timeout=10) for _ in range(PER_ADDRESS + 1)]
    sockets[-1].settimeout(10)
    checks.ok(b"503" in sockets[-1].recv(4096), "without the setting a fifth connection from one address is refused")
    counted.stop()


checks.run(main)
