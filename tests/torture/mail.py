"""tests/torture/mail.py: a mail server that writes down what it took before it says so, and has its own bad days.

Its faults: it is away (connections are closed at once), refuses for now (451), breaks off after it has taken a message and
before it says so, or answers late."""
import re
import socket
import threading
import time

SAYS = {"HELO": b"250 mail\r\n", "EHLO": b"250-mail\r\n250 8BITMIME\r\n", "MAIL": b"250 ok\r\n", "RCPT": b"250 ok\r\n",
        "RSET": b"250 ok\r\n", "NOOP": b"250 ok\r\n", "DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n"}
FAULTS = ("away", "refuse", "break", "late")
LATE_SECONDS = 0.7
ATTEMPT = re.compile(rb"(?im)^Message-ID:\s*<([^@>]+)@")


class MailServer:
    """`taken` holds (real seconds, attempt) of each message, in the order in which they came."""

    def __init__(self):
        self.taken = []
        self.fault, self.fault_until = None, 0.0
        self.pause = 0.0  # Seconds before each answer.
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def ail(self, fault, seconds):
        self.fault, self.fault_until = fault, time.monotonic() + seconds

    def _has(self, fault):
        return self.fault == fault and time.monotonic() < self.fault_until

    def _listen(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if self._has("away"):
                connection.close()
            else:
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection, connection.makefile("rb") as lines:
                connection.settimeout(60)
                self._talk(connection, lines)
        except OSError:
            pass  # The other side was killed.

    def _talk(self, connection, lines):
        connection.sendall(b"220 mail\r\n")
        for line in lines:
            word = line[:4].decode("ascii", "replace").upper()
            threading.Event().wait(self.pause)
            connection.sendall(SAYS.get(word, b"502 what?\r\n"))
            if word == "QUIT":
                return
            if word == "DATA" and not self._take(connection, lines):
                return

    def _take(self, connection, lines):
        """One message; False where the connection is to be broken off."""
        text = []
        for line in lines:
            if line == b".\r\n":
                break
            text.append(line)
        else:
            return False
        if self._has("refuse"):
            connection.sendall(b"451 not now\r\n")
            return True
        found = ATTEMPT.search(b"".join(text))
        self.taken.append((time.time(), found.group(1).decode() if found else None))
        if self._has("break"):
            return False
        if self._has("late"):
            threading.Event().wait(LATE_SECONDS)
        connection.sendall(b"250 taken\r\n")
        return True

    def end(self):
        self.listener.close()
