#!/usr/bin/env python3
"""tests/lib/link.py: connections between processes that the test may hold, sever and mend.

  link.py ADDRESS:PORT TARGET:PORT      passes on what comes to the first (port 0: any) to the second, until it is killed

A Link is a process of its own, so that it is held as a network is: nothing gets through and nobody is told; what was on its way
arrives when it goes on, late. A Namespace is a network of its own with one cable out of it, which can be unplugged: that takes
root, and a kernel that allows it."""
import os
import re
import shutil
import selectors
import signal
import socket
import subprocess
import sys

PIECE = 65536


def pass_on(listener, target):
    watched, other = selectors.DefaultSelector(), {}
    watched.register(listener, selectors.EVENT_READ)

    def join():
        near, _ = listener.accept()
        try:
            far = socket.create_connection(target, timeout=5)
        except OSError:
            near.close()
            return
        for one, another in ((near, far), (far, near)):
            one.settimeout(30)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            other[one] = another
            watched.register(one, selectors.EVENT_READ)

    def carry(one):
        try:
            data = one.recv(PIECE)
            if data:
                other[one].sendall(data)
                return
        except OSError:
            pass
        for end in (one, other[one]):
            watched.unregister(end)
            del other[end]
            end.close()

    while True:
        for key, _ in watched.select():
            if key.fileobj is listener:
                join()
            elif key.fileobj in other:
                carry(key.fileobj)


def address_of(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


class Link:
    """From a port of `at` to a port of `host`."""

    def __init__(self, checks, target, at="127.0.0.1", host="127.0.0.1"):
        self.at, self.target, self.port, self.process = at, f"{host}:{target}", 0, None
        self.mend()
        checks.at_end(self.sever)

    def mend(self):
        self.process = subprocess.Popen([sys.executable, __file__, f"{self.at}:{self.port}", self.target], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(re.search(r"(\d+)", self.process.stdout.readline()).group(1))

    def sever(self):
        """Both sides are told: their connections are closed."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def hold(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


class Namespace:
    """Its end of the cable has the address `inside`, ours has `outside`; both are of the range for tests of networks. While the
    cable is out, what is sent there goes nowhere, rather than by whatever other way this machine has."""

    def __init__(self, checks, number):
        self.name, self.cable = f"tocsin-{os.getpid()}-{number}", f"tc{os.getpid() % 1000000}-{number}"
        net = f"198.18.{os.getpid() % 256}"
        self.outside, self.inside, self.net = f"{net}.{number * 4 + 1}", f"{net}.{number * 4 + 2}", f"{net}.{number * 4}/30"
        checks.at_end(self.end)
        ip("netns", "add", self.name)
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        ip("addr", "add", f"{self.outside}/30", "dev", self.cable)
        ip("link", "set", self.cable, "up")
        ip("route", "add", "blackhole", self.net, "metric", "4000")
        for words in (("link", "set", "lo", "up"), ("addr", "add", f"{self.inside}/30", "dev", "eth0"), ("link", "set", "eth0", "up")):
            ip("-n", self.name, *words)
        self.before = [program("ip"), "netns", "exec", self.name]

    def unplug(self):
        ip("link", "set", self.cable, "down")

    def plug(self):
        ip("link", "set", self.cable, "up")

    def end(self):
        for words in (("link", "del", self.cable), ("route", "del", "blackhole", self.net, "metric", "4000"), ("netns", "del", self.name)):
            subprocess.run([program("ip"), *words], capture_output=True, check=False)


def program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def ip(*words):
    done = subprocess.run([program("ip"), *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def no_namespaces():
    """Why there can be none, or None."""
    if os.getuid() != 0:
        return "only root makes network namespaces"
    if program("ip") is None:
        return "ip is not installed (script/setup test installs iproute2)"
    name = f"tocsin-trial-{os.getpid()}"
    try:
        ip("netns", "add", name)
        ip("link", "add", f"tt{os.getpid() % 1000000}", "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "del", f"tt{os.getpid() % 1000000}")
    except RuntimeError as error:
        return f"this kernel gives no network namespace: {error}"
    finally:
        subprocess.run([program("ip"), "netns", "del", name], capture_output=True, check=False)
    return None


if __name__ == "__main__":
    with socket.create_server(address_of(sys.argv[1]), backlog=100) as entrance:
        print(entrance.getsockname()[1], flush=True)
        pass_on(entrance, address_of(sys.argv[2]))
