#!/usr/bin/env python3
"""tests/lib/link.py: a connection between a process and its server that the test may hold, sever and mend.

  link.py PORT TARGET      passes on what comes to 127.0.0.1:PORT (0: any) to TARGET, a port of 127.0.0.1, until it is killed

A process of its own, so that it is held as a network is: nothing gets through and nobody is told; what was on its way arrives
when it goes on, late."""
import re
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
            far = socket.create_connection(("127.0.0.1", target), timeout=5)
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


class Link:
    def __init__(self, checks, target):
        self.target, self.port, self.process = target, 0, None
        self.mend()
        checks.at_end(self.sever)

    def mend(self):
        self.process = subprocess.Popen([sys.executable, __file__, str(self.port), str(self.target)], stdin=subprocess.DEVNULL,
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


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=100) as entrance:
        print(entrance.getsockname()[1], flush=True)
        pass_on(entrance, int(sys.argv[2]))
