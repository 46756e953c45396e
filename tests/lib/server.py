"""tests/lib/server.py: `tocsin serve` as a process that a test may stop, kill and start again, and the look behind it.

A Server keeps its folder over all its lives. What must never be logged is told to `keep_secret`; `check_logs` looks for it in
everything that all lives wrote. TAP points and the end of everything that was started are those of live.Checks.
"""
import http.client
import json
import re
import select
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.parse

import logs
from live import ADMIN_KEY, BUILD, PATIENCE_SECONDS, Answer, end_process, environment_of

STOP_SECONDS = 10


class Client:
    """One keep-alive connection. A broken one raises OSError or HTTPException; the next request opens another."""

    def __init__(self, port, seconds=60):
        self.port, self.seconds = port, seconds
        self.connection = None

    def send(self, method, target, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.seconds)
        try:
            self.connection.request(method, target, body=body, headers=headers)
            answer = self.connection.getresponse()
            if answer.status == 200 and answer.headers.get("Content-Type") == "text/event-stream":
                self.close()  # It has no end; tests/lib/stream.py reads such.
                return Answer(answer.status, answer.headers, b"")
            found = Answer(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if (answer.headers.get("Connection") or "").lower() == "close":
            self.close()
        return found

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def headers_of(key, body, more=None):
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    return {**headers, **(more or {})}


def bytes_of(body):
    """A body as it is sent: bytes and text are taken as they are, all else becomes JSON."""
    if body is None or isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


class Server:
    """A tocsin and its folder. `at` gives it the virtual clock; without, the real one. Settings are environment variables."""

    def __init__(self, checks, name, at=None, folder=None, **settings):
        self.folder = folder or checks.folder(name)
        self.settings = {"TOCSIN_DATA_DIR": str(self.folder), "TOCSIN_LISTEN": "127.0.0.1:0", "LOG_LEVEL": "debug", **settings}
        self.at, self.before = at, []  # Words in front of the command.
        self.program = BUILD / "tocsin"
        self.lines = []
        self.secrets = {ADMIN_KEY: "the admin key"}
        self.news = threading.Condition()
        self.readers = []
        self.process = self.port = self.url = self.first_line = None
        checks.at_end(self.end)

    def spawn(self):
        """Starts it, without waiting for anything."""
        clock = ["--clock", "virtual", "--at", self.at] if self.at else []
        self.process = subprocess.Popen([*self.before, str(self.program), "serve", *clock],
                                        env=environment_of(self.settings), cwd=self.folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
        logs.secrets_of_settings(self.settings)
        self._read(self.process.stderr, logs.Record("serve"))

    def start(self):
        """Starts it and waits until it says where it listens."""
        self.spawn()
        self.first_line = self.process.stdout.readline()
        found = re.search(r"http://[\d.]+:(\d+)", self.first_line)
        if not found:
            raise AssertionError(f"it did not start: {self.first_line!r}\n{self.log()[-3000:]}")
        self._read(self.process.stdout)
        self.port = int(found.group(1))
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def _read(self, stream, record=None):
        def read():
            for line in stream:
                if record is not None:
                    record.add(line)
                with self.news:
                    self.lines.append(line.rstrip("\n"))
                    self.news.notify_all()
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        self.readers.append(reader)

    def _ended(self):
        for reader in self.readers:
            reader.join(5)
        self.readers = []

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9, as a power cut would."""
        self.process.kill()
        self.process.wait()
        self._ended()

    def signal(self, which):
        self.process.send_signal(which)

    def stop(self):
        """SIGTERM: (exit code, seconds that it took)."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        code = self.process.wait(STOP_SECONDS * 3)
        took = time.monotonic() - began
        self._ended()
        return code, took

    def restart(self):
        self.stop()
        return self.start()

    def end(self):
        if self.process is not None:
            end_process(self.process)
            self._ended()

    def log(self):
        with self.news:
            return "\n".join(self.lines)

    def wait_log(self, pattern, seconds=PATIENCE_SECONDS, skipping=0):
        """The first line after the first `skipping` ones that matches; None when the time is over."""
        def find():
            return next((line for line in self.lines[skipping:] if re.search(pattern, line)), None)
        with self.news:
            self.news.wait_for(find, seconds)
            return find()

    def ask(self, method, path, body=None, key=ADMIN_KEY, headers=None, seconds=60, **query):
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        content = bytes_of(body)
        logs.secrets_of_body(content)
        client = Client(self.port, seconds)
        try:
            return client.send(method, target, content, headers_of(key, content, headers))
        finally:
            client.close()

    def get(self, path, **query):
        return self.ask("GET", f"/api/v1{path}", **query).data

    def post(self, path, body=None):
        return self.ask("POST", f"/api/v1{path}", body).data

    def advance(self, seconds):
        return self.post("/clock/advance", {"seconds": seconds})["now"]

    def add_user(self, **members):
        for member in ("phone", "whatsapp"):
            self.keep_secret(members.get(member), f"a {member}")
        contact = members.get("emergencyContact") or {}
        self.keep_secret(contact.get("phone"), "the phone of an emergency contact")
        return self.post("/users", {"name": "Ada", **members})["id"]

    def sync(self, user, **members):
        return self.ask("POST", "/calendar/sync", {"userId": user, **members})

    def push(self, user, name, starts_at, **members):
        """Pushes one meeting; its eventId."""
        answer = self.sync(user, events=[{"externalId": name, "title": name, "startsAt": starts_at, **members}])
        if answer.status != 200 or not answer.body["success"]:
            raise AssertionError(f"not taken: {answer.status} {answer.text[:300]}")
        return next(one["eventId"] for one in self.get("/meetings", userId=user, limit=1000)["meetings"]
                    if one["externalId"] == name)

    def calendar(self, user, calendar):
        found = self.get(f"/users/{user}/calendars")["calendars"]
        return next(one for one in found if one["id"] == calendar)

    def messages(self, **query):
        return self.get("/messages", limit=1000, **query)["messages"]

    def database(self):
        return self.folder / "tocsin.db"

    def query(self, sql, *parameters):
        """Reads the store behind the server's back, without ever writing to it."""
        connection = sqlite3.connect(f"file:{self.database()}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()

    def row_counts(self):
        names = [name for name, in self.query("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite%'")]
        return {name: self.query(f"SELECT count(*) FROM {name}")[0][0] for name in names}

    def sends(self):
        """The mock carrier's own record: (attempt, repeat) of each send that it accepted."""
        path = self.database().with_name("tocsin.db.mock")
        fields = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
        return [(line[5], int(line[6])) for line in fields if len(line) == 12 and line[1] == "send"]

    def keep_secret(self, text, what):
        """This must not show in any log."""
        if text:
            self.secrets[text] = what
            logs.secret(text, what)

    def check_logs(self, checks, name="the logs"):
        log = self.log()
        leaks = [f"{what} is in: {line}" for text, what in self.secrets.items() for line in log.splitlines() if text in line]
        tokens = [line for line in log.splitlines() if re.search(r"/l/[A-Za-z0-9_-]{8,}", line)]
        checks.ok(log and not leaks and not tokens, f"{name} hold no key, password, token or full number", *leaks[:5], *tokens[:5])


class PostgresServer(Server):
    """A Server whose store is a database of this postgres.Cluster."""

    def __init__(self, checks, name, cluster, **settings):
        self.cluster = cluster
        self.store_url = settings.pop("store_url", None) or cluster.create()
        super().__init__(checks, name, **{"DATABASE_URL": self.store_url, **settings})

    def query(self, sql, *parameters):
        for parameter in parameters:
            value = str(parameter) if isinstance(parameter, int) else "'" + parameter.replace("'", "''") + "'"
            sql = sql.replace("?", value, 1)
        return self.cluster.query(self.store_url, sql)

    def row_counts(self):
        names = self.query("SELECT tablename FROM pg_tables WHERE schemaname='public'")
        return {name: self.query(f"SELECT count(*) FROM {name}")[0][0] for name, in names}


def send_raw(port, head, body=b"", seconds=20):
    """Sends bytes, stops as soon as there is an answer, and gives (status, header text, body text)."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        pieces = [head] + [body[at:at + 65536] for at in range(0, len(body), 65536)]
        for piece in pieces:
            if select.select([connection], [], [], 0)[0]:
                break
            try:
                connection.sendall(piece)
            except OSError:
                break
        return read_answer(connection)


def read_answer(connection):
    data = b""
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            break
        data += piece
        top, has_body, rest = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length: (\d+)", top)
        if not piece or (has_body and length and len(rest) >= int(length.group(1))):
            break
    top, _, rest = data.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1\.1 (\d+)", top)
    return int(status.group(1)) if status else None, top.decode(errors="replace"), rest.decode(errors="replace")


def send_too_large(port, method, path, size, key=ADMIN_KEY):
    """A body of `size` bytes of white space and an object."""
    head = (f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {size}\r\n\r\n")
    return send_raw(port, head.encode(), b" " * (size - 2) + b"{}")


def run_commands(checks, name, **settings):
    """A function that runs commands of the binary in a folder of their own: (exit code, output, errors)."""
    folder = checks.work / name
    folder.mkdir(exist_ok=True)

    def run(*words, **more):
        environment = environment_of({"TOCSIN_DATA_DIR": str(folder), **settings, **more})
        environment = {key: value for key, value in environment.items() if value is not None}
        done = subprocess.run([str(BUILD / "tocsin"), *[str(word) for word in words]], env=environment, cwd=folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        logs.Record("command").add(done.stderr)
        return done.returncode, done.stdout, done.stderr
    return run
