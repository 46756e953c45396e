"""tests/lib/redis_server.py: a redis-server of the tests' own, on a free loopback port and a socket, in a folder that goes with it.

`command` speaks the protocol itself, so that no client of Redis is needed.
"""
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE_SECONDS = 30


def missing():
    """Why there is no server, or None."""
    return None if shutil.which("redis-server") else "redis-server is not installed (script/setup test installs it)"


class Refused(Exception):
    """An error that Redis answered."""


def read_line(stream):
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("Redis ended the connection")
    return line[:-2]


def read_reply(stream):
    line = read_line(stream)
    kind, rest = line[:1], line[1:].decode(errors="replace")
    if kind == b"-":
        raise Refused(rest)
    if kind == b"+":
        return rest
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if rest == "-1" else stream.read(int(rest) + 2)[:-2].decode(errors="replace")
    return [read_reply(stream) for _ in range(int(rest))]


class Redis:
    """One server over several lives. It keeps nothing on disk: a new life is empty."""

    def __init__(self, password=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-redis-"))
        self.password = password
        self.process = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def url(self, database=0):
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}127.0.0.1:{self.port}/{database}"

    def start(self):
        words = ["--port", self.port, "--bind", "127.0.0.1", "--dir", self.folder, "--save", "", "--appendonly", "no",
                 "--unixsocket", self.folder / "socket"]
        words += ["--requirepass", self.password] if self.password else []
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(["redis-server", *[str(word) for word in words]], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)
        until = time.monotonic() + PATIENCE_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.02)
        return self

    def answers(self):
        try:
            return self.command("PING") == "PONG"
        except (OSError, Refused):
            return False

    def commands(self, commands):
        """All in one connection; the answers, with errors as Refused among them."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            stream = connection.makefile("rb")
            all_words = ([("AUTH", self.password)] if self.password else []) + list(commands)
            text = b""
            for words in all_words:
                words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
                text += b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
            connection.sendall(text)
            found = []
            for _ in all_words:
                try:
                    found.append(read_reply(stream))
                except Refused as refused:
                    found.append(refused)
            return found[1:] if self.password else found

    def command(self, *words):
        answer = self.commands([words])[0]
        if isinstance(answer, Refused):
            raise answer
        return answer

    def signal(self, which):
        self.process.send_signal(which)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(PATIENCE_SECONDS)

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.end()
