"""tests/counterparty/nginx.py: a real nginx as a server of calendars, with each kind of validator, redirect and failure."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import live  # noqa: E402  (tests/lib/live.py)

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
    types {{ text/calendar ics; }}
    log_format seen escape=none
        '$request_method|$uri|$status|$http_if_none_match|$http_if_modified_since|$sent_http_etag|'
        '$sent_http_content_encoding|$remote_user';
    access_log {folder}/seen.log seen;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    root {folder}/www;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location /strong/ {{ }}
        location /weak/ {{ gzip on; gzip_types text/calendar; gzip_min_length 1; gzip_http_version 1.0; }}
        location /dated/ {{ etag off; }}
        location /bare/ {{ etag off; if_modified_since off; add_header Last-Modified ""; }}
        location /private/ {{ auth_basic "calendars"; auth_basic_user_file {folder}/users; }}
        location /many/ {{ }}
        location = /moved.ics {{ return 301 /strong/target.ics; }}
        location = /elsewhere.ics {{ return 302 http://localhost:{port}/strong/target.ics; }}
        location = /see-other.ics {{ absolute_redirect off; return 307 /moved.ics; }}
        location = /behind.ics {{ return 308 /private/team.ics; }}
        location = /loop.ics {{ return 302 /loop2.ics; }}
        location = /loop2.ics {{ return 301 /loop.ics; }}
        location = /gone.ics {{ return 410; }}
        location = /later.ics {{ add_header Retry-After 600 always; return 429; }}
        location = /down.ics {{ return 503; }}
        location = /page.ics {{ default_type text/html; return 200 '<!doctype html><title>Sign in</title>'; }}
        location = /empty.ics {{ default_type text/calendar; return 200 ''; }}
    }}
    server {{
        listen 127.0.0.1:{tls_port} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.key;
        location /strong/ {{ }}
    }}
}}
"""


class Nginx:
    """Serves the folder www; each file's time is ours, because nginx makes its validators of time and size."""

    def __init__(self, checks):
        program = live.need("nginx")
        live.need("openssl")
        self.folder = checks.folder("nginx")
        self.port, self.tls_port = live.free_ports(2)
        self.clock = 1_770_000_000
        self.marks = 0
        self.make_certificates()
        (self.folder / "users").write_text("alice:{PLAIN}secret\n")
        (self.folder / "www").mkdir()
        self.write("mark.txt", "here\n")
        (self.folder / "nginx.conf").write_text(
            CONFIGURATION.format(folder=self.folder, port=self.port, tls_port=self.tls_port))
        checks.work.chmod(0o755)
        checks.start([program, "-p", self.folder, "-e", self.folder / "error.log", "-c", self.folder / "nginx.conf"],
                     self.folder / "start.log")
        if not live.wait_until(lambda: live.listens(self.port)):
            raise AssertionError((self.folder / "start.log").read_text())

    def make_certificates(self):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        where = self.folder
        (where / "names").write_text("subjectAltName=DNS:localhost\n")
        for words in (["req", "-x509", *key, "-keyout", where / "ca.key", "-out", where / "ca.pem", "-days", "2",
                       "-subj", "/CN=tests"],
                      ["req", *key, "-keyout", where / "server.key", "-out", where / "server.csr", "-subj", "/CN=localhost"],
                      ["x509", "-req", "-in", where / "server.csr", "-CA", where / "ca.pem", "-CAkey", where / "ca.key",
                       "-set_serial", "1", "-days", "2", "-extfile", where / "names", "-out", where / "server.pem"]):
            subprocess.run(["openssl", *map(str, words)], check=True, stdin=subprocess.DEVNULL, capture_output=True)

    def write(self, name, text):
        path = self.folder / "www" / name
        path.parent.mkdir(exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        fresh.write_bytes(text.encode())
        self.clock += 60
        os.utime(fresh, (self.clock, self.clock))
        fresh.replace(path)

    def remove(self, name):
        (self.folder / "www" / name).unlink()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def seen(self, uri):
        """The requests for one path so far: those before the mark that is asked for here."""
        self.marks += 1
        live.request(self.url("/mark.txt"))

        def lines():
            found = [line.split("|") for line in (self.folder / "seen.log").read_text().splitlines()]
            return found if sum(words[1] == "/mark.txt" for words in found) >= self.marks else None
        names = ("method", "uri", "status", "if_none_match", "if_modified_since", "etag", "encoding", "user")
        found = [dict(zip(names, words)) for words in live.wait_until(lines)]
        return [one for one in found if one["uri"] == uri]
