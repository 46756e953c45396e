"""The peers: other queues that keep jobs until they are due, each with a store of its own on free ports of this machine.

  bullmq-always    BullMQ on Redis, appendfsync always: durable when it answers
  bullmq-everysec  the same with one fsync a second: up to a second may be lost
  pgboss           pg-boss on PostgreSQL, synchronous_commit on: durable
  graphile         Graphile Worker on PostgreSQL, synchronous_commit on: durable
  beanstalkd-f0    beanstalkd with its log, an fsync each: durable
  beanstalkd-f50   the same with an fsync every 50 ms: these may be lost

The Node programs are in bench/peers; npm installs their libraries, and a Node that all of them accept, from the lock file into the
build's folder. redis-server, beanstalkd and PostgreSQL 15 are Debian's. Whoever lacks one gets the figures of the others.
"""
import contextlib
import glob
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

from suite import common
from suite.common import Failure

SOURCES = pathlib.Path(__file__).resolve().parent.parent / "peers"
AGENT = "00000000-0000-4000-8000-000000000000"
START_SECONDS_MAX = 120
COMMAND_SECONDS_MAX = 1800


def install(bench):
    """The folder that has the programs and their libraries; they are installed once a lock file."""
    folder = bench.build / "bench-peers"
    stamp = folder / "installed"
    lock = (SOURCES / "package-lock.json").read_text()
    folder.mkdir(exist_ok=True)
    for path in SOURCES.iterdir():
        shutil.copy(path, folder)
    if not stamp.exists() or stamp.read_text() != lock:
        subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stamp.write_text(lock)
    return folder


def node_of(folder):
    """The Node that npm brought, else the machine's."""
    brought = glob.glob(str(folder / "node_modules/node-linux-*/bin/node"))
    if brought:
        os.chmod(brought[0], 0o755)
    return brought[0] if brought else "node"


def postgres_program(name):
    found = glob.glob(f"/usr/lib/postgresql/15/bin/{name}")
    return found[0] if found else shutil.which(name)


class Peer:
    """One queue with its store. `label` is its name among the figures."""

    label = queue = ""
    programs = ("npm",)
    memory_note = "of memory"

    def __init__(self, bench, name):
        self.bench = bench
        self.folder = bench.folder / f"{name}-{self.label}"
        self.folder.mkdir()
        self.folder.chmod(0o711)
        self.modules = install(bench)
        self.store_port = common.free_port()
        self.store = self.http = self.port = None
        self.key = "none"

    @classmethod
    def missing(cls):
        """Why it cannot be measured; empty where it can."""
        for program in cls.programs:
            if shutil.which(program) is None and postgres_program(program) is None:
                return f"{program} is not installed"
        return ""

    @classmethod
    def blocked(cls, folder):
        """Why its store cannot stand in that folder; empty where it can."""
        return ""

    def __enter__(self):
        try:
            self.prepare()
            self.start_store()
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process, how in ((self.http, signal.SIGTERM), (self.store, self.stop_signal)):
            if process is not None:
                common.signal_all(common.children_of(process.pid), signal.SIGCONT)
                common.stop_process(process, how)
        shutil.rmtree(self.folder)

    stop_signal = signal.SIGTERM

    def prepare(self):
        """What has to be there before the store first starts."""

    def command(self):
        raise NotImplementedError

    def is_ready(self):
        return common.is_answering(self.store_port)

    def start_store(self):
        """Returns the seconds from exec until it answers."""
        with open(self.folder / "store.log", "ab") as log:
            begun = time.monotonic()
            self.store = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/")
        try:
            common.wait_until(lambda: self.store.poll() is None and self.is_ready(), START_SECONDS_MAX, f"the start of {self.label}")
        except Failure as error:
            raise Failure(f"{error}: {(self.folder / 'store.log').read_text()[-800:]}") from None
        return time.monotonic() - begun

    def crash_and_start(self):
        """kill -9, nothing in the page cache, and from exec until it answers again."""
        if self.http is not None:
            common.stop_process(self.http)
            self.http = None
        common.signal_all(common.children_of(self.store.pid)[1:], signal.SIGKILL)
        self.store.kill()
        self.store.wait()
        common.drop_from_cache(common.files_below(self.folder))
        return self.start_store()

    def host(self):
        return "127.0.0.1"

    def environment(self):
        return {"PATH": "/usr/bin:/bin:/usr/local/bin", "AGENTS": AGENT, "PEER_HOST": self.host(), "PEER_PORT": str(self.store_port),
                "NODE_OPTIONS": "--max-old-space-size=4096"}

    def arguments(self, *given):
        return [node_of(self.modules), "peer.js", self.queue, *map(str, given)]

    def serve(self):
        """Starts its HTTP API, warm: code that has run for a while is compiled well, and that is the peer's speed."""
        with open(self.folder / "http.log", "ab") as log:
            self.http = subprocess.Popen(self.arguments("serve"), cwd=self.modules, env=self.environment(), stdout=subprocess.PIPE,
                                         stderr=log, text=True)
        line = self.http.stdout.readline().strip()
        if not line.isdigit():
            raise Failure(f"{self.label} does not serve: {(self.folder / 'http.log').read_text()[-800:]}")
        self.port = int(line)

    def run(self, *given):
        """One command of peer.js; its line of JSON."""
        done = subprocess.run(self.arguments(*given), cwd=self.modules, env=self.environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False, timeout=COMMAND_SECONDS_MAX)
        if done.returncode != 0:
            raise Failure(f"{self.label} {' '.join(map(str, given))}: {done.stderr[-800:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def fill(self, count):
        """Calls that are due in some days, in any way that is quick; returns the seconds."""
        return self.run("fill", count)["seconds"]

    def pids(self):
        return [pid for process in (self.store, self.http) if process is not None for pid in common.children_of(process.pid)]

    def freeze(self):
        """It takes no processor while others are measured."""
        common.signal_all(self.pids(), signal.SIGSTOP)

    def thaw(self):
        common.signal_all(self.pids(), signal.SIGCONT)

    def worked(self):
        """The processor's seconds of its store and its HTTP server so far."""
        return sum(common.processor_seconds(pid) for pid in self.pids())

    def held(self):
        """Bytes that it holds for its jobs."""
        return common.memory_of(self.store.pid)

    def jobs(self):
        """How many it keeps, by its store's own count: what it acknowledged must be there."""
        raise NotImplementedError


class Redis(Peer):
    queue = "bullmq"
    programs = ("npm", "redis-server", "redis-cli")
    policy = "always"

    def command(self):
        return ["redis-server", "--bind", "127.0.0.1", "--port", str(self.store_port), "--save", "", "--appendonly", "yes",
                "--appendfsync", self.policy, "--auto-aof-rewrite-percentage", "0", "--dir", str(self.folder)]

    def redis(self, *command):
        done = subprocess.run(["redis-cli", "-p", str(self.store_port), *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, check=False)
        return done.stdout.strip()

    def is_ready(self):
        return common.is_answering(self.store_port) and self.redis("ping") == "PONG"

    def set(self, name, value):
        if self.redis("config", "set", name, value) != "OK":
            raise Failure(f"redis-cli cannot set {name}")

    def fill(self, count):
        self.set("appendfsync", "no")
        took = super().fill(count)
        self.set("appendfsync", self.policy)
        return took

    def jobs(self):
        return int(self.redis("zcard", "bull:calls:delayed") or 0)


class BullMqAlways(Redis):
    label = "bullmq-always"


class BullMqEverysec(Redis):
    label = "bullmq-everysec"
    policy = "everysec"


class Postgres(Peer):
    programs = ("npm", "postgres", "initdb", "psql")
    memory_note = "of tables and indexes, on disk"
    stop_signal = signal.SIGINT  # A fast shutdown.
    table = ""

    @staticmethod
    def owner():
        """PostgreSQL does not run as root: who does it run as?"""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise Failure("PostgreSQL needs a user other than root")

    @classmethod
    def as_owner(cls):
        user = cls.owner()
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"] if user else []

    @classmethod
    def blocked(cls, folder):
        done = subprocess.run([*cls.as_owner(), "test", "-x", str(folder)], cwd="/", check=False)
        return "" if done.returncode == 0 else f"PostgreSQL's user may not enter {folder}: name another place with --folder"

    def prepare(self):
        user = self.owner()
        if user:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        done = subprocess.run([*self.as_owner(), postgres_program("initdb"), "-D", str(self.folder / "data"), "-U", "bench", "-A", "trust",
                               "-E", "UTF8", "--no-locale", "--no-instructions"], cwd="/", stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"initdb says: {done.stdout[-500:]}")

    def command(self):
        settings = {"port": self.store_port, "unix_socket_directories": self.folder, "listen_addresses": "", "shared_buffers": "1GB",
                    "max_wal_size": "4GB", "synchronous_commit": "on", "max_connections": 100}
        return [*self.as_owner(), postgres_program("postgres"), "-D", str(self.folder / "data"),
                *(f"--{name}={value}" for name, value in settings.items())]

    def host(self):
        return str(self.folder)

    def sql(self, text, database="bench"):
        done = subprocess.run(["psql", "-h", str(self.folder), "-p", str(self.store_port), "-U", "bench", "-d", database, "-Atqc", text],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    def is_ready(self):
        return (self.folder / f".s.PGSQL.{self.store_port}").exists() and self.sql("SELECT 1", "postgres") == "1"

    def __enter__(self):
        super().__enter__()
        self.sql("CREATE DATABASE bench", "postgres")
        return self

    def held(self):
        return int(self.sql(f"SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c JOIN pg_namespace n ON "
                            f"n.oid=c.relnamespace WHERE c.relkind='r' AND n.nspname='{self.schema}'"))

    schema = ""

    def jobs(self):
        return int(self.sql(f"SELECT count(*) FROM {self.schema}.{self.table}") or 0)


class PgBoss(Postgres):
    label = queue = "pgboss"
    schema, table = "pgboss", "job"


class Graphile(Postgres):
    label = queue = "graphile"
    schema, table = "graphile_worker", "_private_jobs"


class Beanstalkd(Peer):
    queue = "beanstalk"
    programs = ("npm", "beanstalkd")
    flush_ms = 0

    def command(self):
        return ["beanstalkd", "-l", "127.0.0.1", "-p", str(self.store_port), "-b", str(self.folder), "-f", str(self.flush_ms)]

    def fill(self, count):
        """With an fsync each it would take minutes; what the log holds is the same."""
        wanted, self.flush_ms = self.flush_ms, 50
        self.restart()
        took = super().fill(count)
        self.flush_ms = wanted
        self.restart()
        return took

    def run(self, *given):
        """By a program of our own: a Node program takes longer for a job than beanstalkd does."""
        done = subprocess.run([self.bench.program("tocsin-bench-beanstalk"), str(self.store_port), *map(str, given)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False, timeout=COMMAND_SECONDS_MAX)
        if done.returncode != 0:
            raise Failure(f"{self.label} {' '.join(map(str, given))}: {done.stderr[-800:]}")
        return json.loads(done.stdout)

    def restart(self):
        common.stop_process(self.store)
        self.start_store()

    def stats(self):
        with socket.create_connection(("127.0.0.1", self.store_port), 30) as connection:
            connection.sendall(b"stats\r\n")
            text = b""
            while not text.endswith(b"\r\n") or b"current-jobs-delayed" not in text:
                text += connection.recv(65536)
        return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in text.decode().splitlines())}

    def is_ready(self):
        return common.is_answering(self.store_port) and "current-jobs-delayed" in self.stats()

    def jobs(self):
        return int(self.stats()["current-jobs-delayed"])


class BeanstalkdF0(Beanstalkd):
    label = "beanstalkd-f0"


class BeanstalkdF50(Beanstalkd):
    label = "beanstalkd-f50"
    flush_ms = 50


ALL = (BullMqAlways, BullMqEverysec, PgBoss, Graphile, BeanstalkdF0, BeanstalkdF50)


def available(bench, wanted=ALL):
    """The peers that can be measured here; says of the others why not."""
    found = []
    for peer in wanted:
        why = peer.missing() or peer.blocked(bench.folder)
        if not why:
            try:
                install(bench)
            except (OSError, subprocess.SubprocessError) as error:
                why = f"npm cannot install it: {error}"
        if why:
            print(f"  {peer.label}: not measured: {why}", flush=True)
        else:
            found.append(peer)
    return found


def versions(bench):
    """What each is, for the record."""
    packages = json.loads((SOURCES / "package.json").read_text())["dependencies"]
    node = node_of(bench.build / "bench-peers")
    told = {name: packages[name] for name in ("bullmq", "fastify", "pg-boss", "graphile-worker")}
    for name, command in (("node", [node, "--version"]), ("redis", ["redis-server", "--version"]), ("beanstalkd", ["beanstalkd", "-v"]),
                          ("postgresql", [postgres_program("postgres") or "postgres", "--version"])):
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            told[name] = done.stdout.strip().split(" sha=")[0]
        except OSError:
            told[name] = "not installed"
    return told
