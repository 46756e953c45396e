"""tests/lib/resolver.py: a network of our own, where names mean what a test says from one question to the next.

`enter()` starts the script again in a network and a view of the file system that only it has (unshare): loopback alone, with
addresses that the open internet has, and /etc/resolv.conf that leads to a Resolver here. Where that is not allowed it is skipped.
"""
import fcntl
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading

import live

INSIDE = "TOCSIN_TEST_OWN_NETWORK"
SIOCSIFADDR, SIOCSIFFLAGS, SIOCSIFNETMASK, IFF_UP = 0x8916, 0x8914, 0x891C, 1
TYPE_A, TYPE_AAAA, CLASS_IN = 1, 28, 1


def enter():
    """Comes back only inside; outside the script has run there, and its exit code is ours."""
    if INSIDE in os.environ:
        return
    unshare = live.need("unshare")
    ways = ([unshare, "--net", "--mount"], [unshare, "--user", "--map-root-user", "--net", "--mount"])
    for way in ways:
        if subprocess.run([*way, "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0:
            done = subprocess.run([*way, sys.executable, *sys.argv], env={**os.environ, INSIDE: "1"}, stdin=subprocess.DEVNULL, check=False)
            sys.exit(done.returncode)
    live.skip("this machine does not allow a network of one's own (unshare)")


def set_address(control, name, address):
    """Gives an interface an address, as `ip address add` does."""
    def ask(request, text):
        fcntl.ioctl(control, request, struct.pack("16sHH4s8x", name.encode(), socket.AF_INET, 0, socket.inet_aton(text)))
    ask(SIOCSIFADDR, address)
    ask(SIOCSIFNETMASK, "255.255.255.255")


def bring_up(addresses):
    """Loopback, with these addresses beside its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
        for number, address in enumerate(addresses):
            set_address(control, f"lo:{number + 1}", address)


def put_over(target, text):
    """Another text under a name of the system's, for this process and its children alone."""
    path = pathlib.Path(target)
    if not path.exists():
        live.skip(f"{target} is not there to be replaced")
    with tempfile.NamedTemporaryFile("w", delete=False, encoding="utf-8") as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    subprocess.run(["mount", "--bind", file.name, str(path.resolve())], check=True)
    os.unlink(file.name)


class Resolver:
    """Answers for names on 127.0.0.1:53. `names` has, by name, one list of addresses for each question, the last for all that
    follow; a name that is not there does not exist. TTL is 0."""

    def __init__(self, checks):
        self.names, self.asked = {}, []
        self.lock = threading.Lock()
        put_over("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        if pathlib.Path("/etc/nsswitch.conf").exists():
            put_over("/etc/nsswitch.conf", "hosts: files dns\n")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._serve, daemon=True).start()
        checks.at_end(self.socket.close)

    def set(self, name, *answers):
        with self.lock:
            self.names[name] = [[one] if isinstance(one, str) else one for one in answers]

    def _addresses(self, name, kind):
        """One question is two: for A and for AAAA. What is told for A moves on."""
        with self.lock:
            if name not in self.names:
                return None
            turns = self.names[name]
            if kind == TYPE_AAAA:
                return [one for one in turns[0] if ":" in one]
            self.asked.append(name)
            return [one for one in (turns.pop(0) if len(turns) > 1 else turns[0]) if ":" not in one]

    def _serve(self):
        while True:
            try:
                question, who = self.socket.recvfrom(512)
                self.socket.sendto(self._answer(question), who)
            except OSError:
                return

    def _answer(self, question):
        number, = struct.unpack_from("!H", question)
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        kind, = struct.unpack_from("!H", question, at + 1)
        found = self._addresses(".".join(labels).lower(), kind)
        family = socket.AF_INET if kind == TYPE_A else socket.AF_INET6
        records = b"".join(struct.pack("!HHHIH", 0xC00C, kind, CLASS_IN, 0, len(raw)) + raw
                           for raw in (socket.inet_pton(family, one) for one in found or []))
        flags = 0x8183 if found is None else 0x8180
        return struct.pack("!HHHHHH", number, flags, 1, len(found or []), 0, 0) + question[12:at + 5] + records
