"""tests/lib/stream.py: a reader of the event stream on a socket of its own, which takes the chunks and the lines apart by itself."""
import json
import socket
import threading
import time
import urllib.parse

from live import ADMIN_KEY, PATIENCE_SECONDS


def request_of(port, key, headers=None, method="GET", **query):
    target = "/api/v1/stream" + ("?" + urllib.parse.urlencode(query) if query else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Authorization: Bearer {key}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Event:
    """`at` is when it was here."""

    def __init__(self, fields, at):
        self.id, self.kind, self.text, self.at = fields.get("id"), fields.get("event"), fields.get("data"), at
        self.body = json.loads(self.text)
        self.data = json.loads(self.body.get("data") or "{}")


class Decoder:
    """Bytes of an answer to events, comments and the last id, as the specification of Server-Sent Events has it."""

    def __init__(self):
        self.raw = self.text = b""
        self.head = None
        self.is_complete = False  # The last chunk has come.
        self.events, self.comments, self.last_id, self.retry = [], [], None, None

    @property
    def status(self):
        return int(self.head.split(" ")[1])

    def header(self, name):
        found = [line.split(":", 1)[1].strip() for line in self.head.split("\r\n")[1:]
                 if line.lower().startswith(name.lower() + ":")]
        return found[0] if found else None

    def feed(self, piece):
        self.raw += piece
        if self.head is None and b"\r\n\r\n" in self.raw:
            head, self.raw = self.raw.split(b"\r\n\r\n", 1)
            self.head = head.decode()
        while self.head is not None and self.header("Transfer-Encoding") == "chunked" and b"\r\n" in self.raw:
            size, rest = self.raw.split(b"\r\n", 1)
            length = int(size, 16)
            if len(rest) < length + 2:
                return
            if rest[length:length + 2] != b"\r\n":
                raise AssertionError(f"a chunk does not end where it says: {rest[:80]!r}")
            self.is_complete = self.is_complete or length == 0
            self.text += rest[:length]
            self.raw = rest[length + 2:]
            self._lines()

    def _lines(self):
        while b"\n\n" in self.text:
            block, self.text = self.text.split(b"\n\n", 1)
            fields = {}
            for line in block.decode().split("\n"):
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if name == "":
                    self.comments.append((value, time.monotonic()))
                elif name in fields:
                    raise AssertionError(f"{name} stands twice in {block!r}")
                else:
                    fields[name] = value
            self.last_id = fields.get("id", self.last_id)
            self.retry = fields.get("retry", self.retry)
            if "data" in fields:
                self.events.append(Event(fields, time.monotonic()))


class Stream:
    """Reads on a thread of its own until the other side ends it."""

    def __init__(self, port, key=ADMIN_KEY, headers=None, **query):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.decoder = Decoder()
        self.news = threading.Condition()
        self.is_over = False
        self.connection.sendall(request_of(port, key, headers, **query))
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        self.wait(lambda: self.decoder.last_id is not None or self.is_over)

    def _read(self):
        piece = b"-"
        while piece:
            try:
                piece = self.connection.recv(65536)
            except OSError:
                piece = b""
            with self.news:
                self.decoder.feed(piece)
                self.is_over = not piece
                self.news.notify_all()

    def wait(self, condition, seconds=PATIENCE_SECONDS):
        with self.news:
            return self.news.wait_for(condition, seconds)

    def wait_events(self, count, seconds=PATIENCE_SECONDS):
        self.wait(lambda: len(self.events) >= count or self.is_over, seconds)
        return self.events

    def wait_end(self, seconds=PATIENCE_SECONDS):
        return bool(self.wait(lambda: self.is_over, seconds))

    @property
    def events(self):
        return self.decoder.events

    @property
    def kinds(self):
        return [event.kind for event in self.decoder.events]

    @property
    def ids(self):
        return [event.id for event in self.decoder.events]

    def close(self):
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # The other side was faster.
        self.thread.join(5)
        self.connection.close()
