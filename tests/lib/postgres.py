#!/usr/bin/env python3
"""tests/lib/postgres.py: a PostgreSQL server of the tests' own, in a folder that goes with it.

  postgres.py COMMAND…    runs COMMAND with TOCSIN_TEST_POSTGRES and TOCSIN_WORLD_DATABASE set to its URL

It listens on a unix socket, and on a free loopback port where it is asked for TLS. Root may not run a server: then it runs
as the user `postgres`, or as nobody. Where there is no PostgreSQL 13 or newer, `missing()` says so and the command is run
without; what needs it is skipped.
"""
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

FOLDERS = ("/usr/lib/postgresql", "/usr/pgsql", "/usr/local/pgsql")
OLDEST = 13
PATIENCE_SECONDS = 60
# Nothing that these hold outlives the tests.
CARELESS = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "synchronous_commit": "on"}
SMALL = {"max_connections": "60", "shared_buffers": "64MB", "max_wal_senders": "2", "unix_socket_permissions": "0777",
         "log_min_messages": "warning"}


def programs():
    """The folder with the newest initdb that is here, or None."""
    found = []
    for folder in FOLDERS:
        for path in pathlib.Path(folder).glob("*/bin/initdb"):
            version = path.parent.parent.name
            if version.isdigit() and int(version) >= OLDEST:
                found.append((int(version), path.parent))
    if found:
        return max(found)[1]
    path = shutil.which("initdb")
    return pathlib.Path(path).parent if path else None


def missing():
    """Why there is no server, or None."""
    return None if programs() else "PostgreSQL is not installed (script/setup test installs it)"


def server_user():
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is no user that may run a PostgreSQL server")


class Cluster:
    """One server. `durable` keeps fsync on; `certificate` is (certificate file, key file) for TLS on a loopback port; `address`
    is where else it listens than on its socket, on a port that is free there."""

    def __init__(self, durable=False, certificate=None, address=None, **settings):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-postgres-"))
        self.data, self.sockets = self.folder / "data", self.folder / "run"
        self.user = server_user()
        self.process = None
        self.port = 5432
        self.databases = 0
        self.settings = {**SMALL, **({} if durable else CARELESS), **settings}
        self.sockets.mkdir()
        self.folder.chmod(0o755)
        self.address = address or ("127.0.0.1" if certificate else "")
        if self.address:
            with socket.socket() as free:
                free.bind((self.address, 0))
                self.port = free.getsockname()[1]
        if certificate:
            self.take_certificate(certificate)
        self._give(self.folder, self.sockets)
        self._run("initdb", "-D", str(self.data), "-U", "tocsin", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8", "--no-sync")

    def _give(self, *paths):
        for path in paths:
            if self.user:
                os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def take_certificate(self, certificate):
        """Shown from the next start on."""
        for name, source in zip(("server.crt", "server.key"), certificate):
            shutil.copy(source, self.folder / name)
            (self.folder / name).chmod(0o600)
            self._give(self.folder / name)
        self.settings.update({"ssl": "on", "ssl_cert_file": str(self.folder / "server.crt"),
                              "ssl_key_file": str(self.folder / "server.key")})

    def _who(self):
        if not self.user:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def _run(self, program, *arguments):
        done = subprocess.run([str(programs() / program), *arguments], cwd=self.folder, capture_output=True, text=True, **self._who())
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr.strip()[-2000:]}")

    def start(self):
        words = [f"-c{name}={value}" for name, value in self.settings.items()]
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen([str(programs() / "postgres"), "-D", str(self.data), f"-k{self.sockets}", f"-p{self.port}",
                                         f"-clisten_addresses={self.address}", *words],
                                        cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                        **self._who())
        log.close()
        until = time.monotonic() + PATIENCE_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.05)
        return self

    def answers(self):
        asked = subprocess.run([str(programs() / "psql"), "-d", self.url(), "-Atqc", "SELECT 1"], capture_output=True, text=True)
        return asked.stdout.strip() == "1"

    def stop(self, how="fast"):
        """`fast` ends the sessions, `immediate` is a crash: the next start recovers."""
        which = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "smart": signal.SIGTERM}[how]
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(which)
            self.process.wait(PATIENCE_SECONDS)

    def restart(self, how="fast"):
        self.stop(how)
        return self.start()

    def url(self, database="postgres", **parameters):
        """Over the socket."""
        more = "".join(f"&{name}={value}" for name, value in parameters.items())
        return f"postgresql://tocsin@/{database}?host={self.sockets}&port={self.port}{more}"

    def create(self, name=None):
        """A new database. Returns its URL."""
        self.databases += 1
        name = name or f"d{self.databases}"
        self.query("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    def query(self, database, sql):
        """Rows as tuples, numbers as numbers. What gives no rows gives none."""
        asks = sql.lstrip().upper().startswith(("SELECT", "WITH"))
        text = f"SELECT coalesce(json_agg(row_to_json(rows)), '[]') FROM ({sql}) AS rows" if asks else sql
        url = database if "://" in database else self.url(database)
        done = subprocess.run([str(programs() / "psql"), "-v", "ON_ERROR_STOP=1", "-d", url, "-Atqc", text], capture_output=True,
                              text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{sql}: {done.stderr.strip()}")
        return json.loads(done.stdout, object_pairs_hook=lambda pairs: tuple(value for _, value in pairs)) if asks else []

    def end(self):
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.end()


def main():
    command = sys.argv[1:]
    if not command or command[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if command else 2
    if missing():
        print(f"# {missing()}")
        return subprocess.run(command, check=False).returncode
    with Cluster() as cluster:
        environment = {**os.environ, "TOCSIN_TEST_POSTGRES": cluster.url(), "TOCSIN_WORLD_DATABASE": cluster.url()}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
