#!/usr/bin/env python3
"""PostgreSQL over TLS with verify-full: a certificate of a CA of the test's own for the right name is taken; one for another name,
of another CA, or past its time is refused, and so is a server without TLS, at the start and when a server comes back with it; what
is wrong is said. Connections are made again over TLS when the server restarts. Requirements N1, N3."""
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import live  # noqa: E402
import postgres  # noqa: E402
from live import Checks, need, wait_until  # noqa: E402
from server import PostgresServer, run_commands  # noqa: E402

OPENSSL = need("openssl")
EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
BACK_SECONDS = 20
SEALED = {"TOCSIN_DATA_KEY": "6" * 64}
checks = Checks()


def openssl(*words):
    subprocess.run([OPENSSL, *[str(word) for word in words]], check=True, capture_output=True, timeout=60)


class Authority:
    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.certificate, self.key = folder / f"{name}.crt", folder / f"{name}.key"
        openssl("req", "-x509", *EC, "-days", 2, "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def sign(self, subject, days=2):
        """(certificate, key) for a name; -1 day: it ended before it began."""
        stem = self.folder / f"{self.name}-{subject}-{days}"
        files = stem.with_suffix(".crt"), stem.with_suffix(".key")
        request = stem.with_suffix(".csr")
        openssl("req", *EC, "-subj", f"/CN={subject}", "-addext", f"subjectAltName=DNS:{subject}", "-keyout", files[1], "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", days,
                "-copy_extensions", "copy", "-out", files[0])
        return files


def url_of(cluster, ours, host="localhost", who="tocsin"):
    return f"postgresql://{who}@{host}:{cluster.port}/secure?sslmode=verify-full&sslrootcert={ours.certificate}"


def at_the_start(cluster, ours, other):
    run = run_commands(checks, "start", **SEALED)
    code, _, errors = run("migrate", DATABASE_URL=url_of(cluster, ours))
    checks.equal(code, 0, "the right name by the right CA connects", errors)
    shown = "SELECT ssl, version FROM pg_stat_ssl WHERE pid=pg_backend_pid()"
    checks.like(str(cluster.query(url_of(cluster, ours), shown)), r"True, 'TLSv1\.[23]'", "and it is TLS")
    for what, certificate, words in (("another name", ours.sign("db.example.org"), "does not match host name \"localhost\""),
                                     ("another CA", other.sign("localhost"), "certificate verify failed"),
                                     ("the past", ours.sign("localhost", -1), "certificate (has )?expired|certificate verify failed")):
        cluster.take_certificate(certificate)
        cluster.restart()
        code, _, errors = run("migrate", DATABASE_URL=url_of(cluster, ours))
        checks.ok(code == 1, f"a certificate of {what} is refused", errors)
        checks.like(errors, f"DATABASE_URL.*{words}|{words}", "which says why", errors)
    cluster.take_certificate(ours.sign("localhost"))
    cluster.restart()
    code, _, errors = run("migrate", DATABASE_URL=url_of(cluster, ours, host="127.0.0.1"))
    checks.ok(code == 1 and "does not match" in errors, "an address that the certificate does not name is refused", errors)


def with_a_password(cluster, ours):
    run = run_commands(checks, "password", **SEALED)
    cluster.query("postgres", "ALTER ROLE tocsin PASSWORD 'the right one'")
    rules = cluster.data / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text("local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n")
    cluster.query("postgres", "SELECT pg_reload_conf()")
    code, _, errors = run("migrate", DATABASE_URL=url_of(cluster, ours, who="tocsin:wrong"))
    checks.ok(code == 1 and "password authentication failed" in errors, "a wrong password is told", errors)
    checks.equal(run("migrate", DATABASE_URL=url_of(cluster, ours, who="tocsin:the%20right%20one"))[0], 0, "the right one connects")
    rules.write_text(before)
    cluster.query("postgres", "SELECT pg_reload_conf()")


def takes_changes(server):
    return wait_until(lambda: server.ask("POST", "/api/v1/users", {"name": "Ada"}).status == 201, BACK_SECONDS)


def restarts(cluster, ours, other):
    """A server that runs connects again, over TLS, and to nobody who cannot show that they are the one."""
    server = PostgresServer(checks, "server", cluster, store_url=url_of(cluster, ours), LOG_LEVEL="info", **SEALED).start()
    checks.ok(takes_changes(server), "it works over TLS", server.log()[-1000:])
    for how in ("fast", "immediate"):
        cluster.restart(how)
        began = time.monotonic()
        checks.ok(takes_changes(server), f"a restart, {how}: changes again after {time.monotonic() - began:.1f} s", server.log()[-1000:])
    for what, certificate, words in (("of another CA", other.sign("localhost"), "certificate verify failed"),
                                     ("for another name", ours.sign("db.example.org"), "does not match host name"),
                                     ("past its time", ours.sign("localhost", -1), "certificate verify failed")):
        before = len(server.lines)
        cluster.take_certificate(certificate)
        cluster.restart()
        checks.equal((server.ask("POST", "/api/v1/users", {"name": "Bo"}).status, server.ask("GET", "/health", key=None).status),
                     (503, 503), "changes are refused, and it is not well")
        checks.ok(server.wait_log(words, BACK_SECONDS, skipping=before), f"it comes back with one {what}: the log says why",
                  "\n".join(server.lines[before:])[-1000:])
    cluster.take_certificate(ours.sign("localhost"))
    cluster.restart()
    checks.ok(takes_changes(server), "with the right one again it goes on", server.log()[-1000:])
    sessions = "SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE application_name='tocsin' AND NOT ssl"
    checks.equal(cluster.query("postgres", sessions), [(0,)], "none of its sessions is without TLS")
    names = {one["name"] for one in server.get("/users", limit=1000)["users"]}
    checks.equal(names, {"Ada"}, "what was refused is not there")
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks)


def without_tls(ours):
    with postgres.Cluster(address="127.0.0.1") as cluster:
        cluster.create("secure")
        code, _, errors = run_commands(checks, "plain")("migrate", DATABASE_URL=url_of(cluster, ours))
        checks.ok(code == 1 and "does not support SSL" in errors, "a server without TLS is refused", errors)


def main():
    if postgres.missing():
        live.skip(postgres.missing())
    folder = checks.folder("certificates")
    folder.chmod(0o755)
    ours, other = Authority(folder, "ours"), Authority(folder, "other")
    with postgres.Cluster(certificate=ours.sign("localhost")) as cluster:
        cluster.create("secure")
        at_the_start(cluster, ours, other)
        with_a_password(cluster, ours)
        restarts(cluster, ours, other)
    without_tls(ours)


checks.run(main)
