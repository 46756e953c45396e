#!/usr/bin/env python3
"""Who means no good: requests hidden in requests, slow ones, endless ones, and crowds, against `tocsin serve`.

Each attack is bounded, answered as RFC 9110 and 9112 say, changes nothing, and others are served meanwhile.
"""
import json
import pathlib
import re
import resource
import select
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ADMIN_KEY, Checks, wait_until  # noqa: E402
from server import Server  # noqa: E402

IDLE_WANTED, IDLE_LEAST, CONNECTIONS_MAX = 10000, 5000, 4096
REQUEST_SECONDS = 10  # src/app/front.c
BODIES, BODY_BYTES, BODIES_MAX_KIB = 45, 10 << 20, 256 << 10  # The last is that of src/app/front.c.
BODIES_HELD = (BODIES_MAX_KIB << 10) // (BODY_BYTES - (1 << 20))  # As much of each as the test sends before it waits.
START = "2026-01-05T09:00:00Z"
checks = Checks()


def connect(server, source="127.0.0.1", seconds=20):
    peer = socket.socket()
    peer.settimeout(seconds)
    peer.bind((source, 0))
    peer.connect(("127.0.0.1", server.port))
    return peer


def read_all(peer):
    """Everything up to the end, or up to a silence."""
    data = b""
    try:
        while piece := peer.recv(65536):
            data += piece
    except OSError:
        pass
    return data


def statuses(data):
    return [int(one) for one in re.findall(rb"(?m)^HTTP/1\.1 (\d{3}) ", data)]


def rss_kib(server):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{server.process.pid}/status").read_text()).group(1))


def descriptors(server):
    return len(list(pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()))


def unsent(server):
    """Bytes that the system holds for peers that do not take them."""
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(int(row[4].split(":")[0], 16) for row in rows if int(row[1].split(":")[1], 16) == server.port and row[3] == "01")


def is_served(server, source="127.0.0.99", seconds=2):
    """Whether somebody else gets an answer, and in how many seconds."""
    began = time.monotonic()
    try:
        with connect(server, source, seconds) as peer:
            peer.sendall(b"GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            return statuses(read_all(peer)) == [200], time.monotonic() - began
    except OSError:
        return False, time.monotonic() - began


def user(name):
    return json.dumps({"name": name})


def request(more, body="", method="POST", target="/api/v1/users"):
    return (f"{method} {target} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {ADMIN_KEY}\r\nContent-Type: application/json\r\n"
            f"{more}\r\n{body}").encode("latin-1")


def hidden():
    """The request that an attacker wants to be taken for one."""
    body = user("smuggled")
    return request(f"Content-Length: {len(body)}\r\n", body).decode()


def smuggling(server):
    inner, chunked = hidden(), "Transfer-Encoding: chunked\r\n"
    length = len(inner)
    cases = [
        ("a length and chunks", f"Content-Length: {length + 5}\r\n{chunked}", "0\r\n\r\n" + inner, 400),
        ("chunks and a length", f"{chunked}Content-Length: 6\r\n", "0\r\n\r\n" + inner, 400),
        ("two lengths that differ", f"Content-Length: 0\r\nContent-Length: {length}\r\n", inner, 400),
        ("two lengths that agree", "Content-Length: 2\r\nContent-Length: 2\r\n", "{}" + inner, 400),
        ("a list of lengths", "Content-Length: 2, 2\r\n", "{}" + inner, 400),
        ("a length with a plus", "Content-Length: +2\r\n", "{}" + inner, 400), ("a negative length", "Content-Length: -2\r\n", inner, 400),
        ("a length in hexadecimal", "Content-Length: 0x2\r\n", "{}" + inner, 400), ("a length with a space inside", "Content-Length: 1 2\r\n", inner, 400),
        ("an empty length", "Content-Length:\r\n", inner, 400), ("a length with a dot", "Content-Length: 2.0\r\n", "{}" + inner, 400),
        ("a length beyond 64 bits", "Content-Length: 18446744073709551618\r\n", "{}" + inner, 413),
        ("a space before the colon", f"Transfer-Encoding : chunked\r\nContent-Length: {length}\r\n", inner, 400),
        ("a folded line", f"X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n", inner, 400),
        ("a folded encoding", f"Transfer-Encoding:\r\n chunked\r\nContent-Length: {length}\r\n", inner, 400),
        ("CR alone in a header", f"X: y\rTransfer-Encoding: chunked\r\nContent-Length: {length}\r\n", inner, 400),
        ("LF alone in a header", f"X: y\nTransfer-Encoding: chunked\r\nContent-Length: {length}\r\n", inner, 400),
        ("LF alone at the end", "Content-Length: 2\r\n\n", "{}" + inner, 400),
        ("two encodings", chunked * 2, "0\r\n\r\n" + inner, 400), ("chunked twice", "Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n" + inner, 400),
        ("another encoding first", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n" + inner, 501),
        ("another encoding last", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n" + inner, 400),
    ]
    cases += [(f"the encoding {value!r}", f"Transfer-Encoding: {value}\r\n", "0\r\n\r\n" + inner, 400)
              for value in ("identity", "xchunked", "chunkedx", "\"chunked\"", "chunked;q=0", "chunked\x0b", "\x0bchunked", "x", "", "chunk")]
    cases += [(f"the chunk size {size!r}", chunked, f"{size}\r\n{{}}\r\n0\r\n\r\n{inner}", 400)
              for size in ("+2", "-2", "0x2", "2 2", "\u00b2", "2_0", "", " 2", "\t2", "g", "2.0", "10000000000000002", "ffffffffffffffff",
                           "fffffffffffffffff", "00000000000000002", "2" + " " * 2000, "2;" + "x" * 2000, "2\n", "2;a\nb", "2;a\rb", "2\r")]
    cases += [("no line end behind a chunk", chunked, "2\r\n{}0\r\n\r\n" + inner, 400), ("a chunk that is longer than it says", chunked, "2\r\n{}  \r\n0\r\n\r\n" + inner, 400),
              ("LF alone behind a chunk", chunked, "2\r\n{}\n0\r\n\r\n" + inner, 400), ("LF alone behind a size", chunked, "2\n{}\r\n0\r\n\r\n" + inner, 400),
              ("a trailer without end", chunked, "2\r\n{}\r\n0\r\n" + "X: y\r\n" * 3000, 400)]
    before = server.row_counts()
    for text, more, body, status in cases:
        with connect(server) as peer:
            peer.sendall(request(more, body))
            data = read_all(peer)
        said = re.search(rb"(?m)^HTTP/1.1 \d{3} [^\r]*\r\n(?:[^\r]+\r\n)*Connection: close\r\n", data)
        checks.ok(statuses(data) == [status] and said, f"a request with {text} is {status}, once, and the end", data[:300], statuses(data))
    checks.equal(server.row_counts(), before, "and nothing that was hidden in one has happened")


def control_bytes(server):
    """Each byte where it may stand nowhere."""
    wrong = []
    for byte in [*range(0, 0x20), 0x7f]:
        for place, text in (("target", f"GET /a{chr(byte)}b HTTP/1.1\r\nHost: h\r\n\r\n"), ("name", f"GET / HTTP/1.1\r\nHost: h\r\nX{chr(byte)}Y: a\r\n\r\n"),
                            ("value", f"GET / HTTP/1.1\r\nHost: h\r\nX: a{chr(byte)}b\r\n\r\n"), ("method", f"G{chr(byte)}T / HTTP/1.1\r\nHost: h\r\n\r\n")):
            if (place, byte) == ("value", 9):
                continue
            with connect(server) as peer:
                peer.sendall(text.encode("latin-1"))
                peer.shutdown(socket.SHUT_WR)
                data = read_all(peer)
            wrong += [] if statuses(data) == [400] else [(place, byte, statuses(data))]
    checks.equal(wrong, [], "no control byte is taken in a method, a target, a header's name or value (RFC 9110 5.5, RFC 9112 2.2)")


def oversize(server):
    for text, data, status in (
            ("a header block that never ends", b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: y\r\n" * 100000, 431),
            ("a target that never ends", b"GET /" + b"a" * 1000000, 414),
            ("a length of 1 GB", request("Content-Length: 1000000000\r\n"), 413),
            ("a body of 2 MB", request("Content-Length: 2000000\r\n", " " * 2000000), 413),
            ("chunks of 2 MB", request("Transfer-Encoding: chunked\r\n", "1e8480\r\n" + " " * 2000000 + "\r\n0\r\n\r\n"), 413)):
        with connect(server) as peer:
            try:
                peer.sendall(data)
            except OSError:
                pass  # It has heard enough.
            checks.equal(statuses(read_all(peer)), [status], f"{text} is {status}, and the end")
    with connect(server) as peer:
        sent = 0
        try:
            peer.sendall(request("Transfer-Encoding: chunked\r\n"))
            for sent in range(200):
                peer.sendall(b"100000\r\n" + b" " * 0x100000 + b"\r\n")
        except OSError:
            pass
        checks.ok(30 <= sent <= 60, "a body without end is cut off at 32 MiB", sent)


def drip(server, first, then, found, name):
    """Sends a byte a second until somebody answers or hangs up: (seconds, statuses)."""
    began = time.monotonic()
    with connect(server) as peer:
        peer.sendall(first)
        while time.monotonic() - began < 3 * REQUEST_SECONDS and not select.select([peer], [], [], 1)[0]:
            try:
                peer.sendall(then)
            except OSError:
                break
        found[name] = (time.monotonic() - began, statuses(read_all(peer)))


def slow_requests(server):
    """All at once, since each takes its ten seconds."""
    found = {}
    attacks = {"the head": (b"GET / HTTP/1.1\r\nHost: h\r\nX: ", b"x"), "the request line": (b"GE", b"T"), "headers": (b"GET / HTTP/1.1\r\n", b"X: y\r\n"),
               "a body": (request("Content-Length: 100000\r\n", "{"), b" "),
               "chunks": (request("Transfer-Encoding: chunked\r\n", "1\r\n{\r\n"), b"1\r\n \r\n"),
               "a chunk's size": (request("Transfer-Encoding: chunked\r\n"), b"0")}
    threads = [threading.Thread(target=drip, args=(server, *attack, found, name)) for name, attack in attacks.items()]
    for thread in threads:
        thread.start()
    served = [is_served(server) for _ in range(20)]
    for thread in threads:
        thread.join()
    for name, (seconds, seen) in sorted(found.items()):
        checks.ok(seen == [408] and seconds < REQUEST_SECONDS + 3, f"{name} at a byte a second gets 408 within ten seconds (RFC 9110 15.5.9)",
                  f"{seconds:.1f} s", seen)
    checks.ok(len(found) == len(attacks) and all(ok for ok, _ in served), "and others are served meanwhile", served)


def readers_that_read_nothing(server):
    before, peers = rss_kib(server), []
    text = b"GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n" * 400
    for _ in range(60):
        peer = connect(server)
        peer.setblocking(False)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        try:
            peer.send(text)
        except BlockingIOError:
            pass
        peers.append(peer)
    wait_until(lambda: unsent(server) > 0, 5)
    ok, seconds = is_served(server, seconds=20)
    more, waiting = rss_kib(server) - before, unsent(server)
    checks.ok(ok and seconds < 1, f"others are served in {1000 * seconds:.0f} ms while sixty ask for 400 documents each and read nothing", ok)
    checks.ok(more < 64 * 1024 and waiting < 60 * 640 * 1024, f"who hold {more} KiB of ours and {waiting >> 10} KiB of the system's", more, waiting)
    for peer in peers:
        peer.close()


def crowd_of_bodies(server):
    """Bodies of 10 MiB that are nearly whole for a while: of what is over the bound of all bodies nothing is kept, and it gets 503."""
    before, most, peers = rss_kib(server), 0, []
    head = (f"POST /api/v1/scheduling/bulk HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-ndjson\r\nContent-Length: {BODY_BYTES}\r\n"
            "Connection: close\r\n\r\n").encode()
    last = b" " * (1 << 20)
    for number in range(BODIES):
        peer = connect(server, f"127.0.2.{1 + number}")
        peer.sendall(head + b" " * (BODY_BYTES - len(last)))
        peers.append(peer)
        most = max(most, rss_kib(server) - before)
    ok, seconds = is_served(server)
    small = server.ask("POST", "/api/v1/users", {"name": "small"}).status
    answers = []
    for peer in peers:
        peer.sendall(last)
        answers.append(read_all(peer))
        peer.close()
    busy = [answer for answer in answers if statuses(answer) == [503]]
    taken = sum(statuses(answer) == [401] for answer in answers)
    checks.ok(taken and busy and taken + len(busy) == BODIES and taken <= BODIES_HELD,
              f"of {BODIES} bodies of 10 MiB at once {taken} are taken, {len(busy)} get 503", [statuses(answer) for answer in answers])
    checks.ok(busy and all(b"Retry-After: " in answer and b"UNAVAILABLE" in answer for answer in busy), "with Retry-After, as an error of the API",
              busy[:1])
    checks.ok(ok and seconds < 1 and small == 201, f"others are served meanwhile, in {1000 * seconds:.0f} ms, and their small bodies taken", ok, small)
    checks.ok(most < BODIES_MAX_KIB + 32 * 1024, f"the memory grows by {most >> 10} MiB, with a bound of {BODIES_MAX_KIB >> 10}", most)
    checks.ok(wait_until(lambda: rss_kib(server) - before < 64 * 1024, 10), "and is given back when they go", f"{rss_kib(server) - before} KiB")


def resets(server):
    for number in range(500):
        peer = connect(server)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        if number % 2:
            peer.sendall(request("Content-Length: 50\r\n", "{") if number % 4 == 1 else b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n")
        peer.close()
    checks.ok(is_served(server)[0] and wait_until(lambda: descriptors(server) < 100, 5), "five hundred resets in every state leave nothing behind",
              descriptors(server))


def crowd_of_one_address(server, most):
    """More connections than an address may have; and goodbyes that are not heard."""
    peers = [connect(server) for _ in range(most + 20)]
    refused = 0
    for peer in peers:
        if select.select([peer], [], [], 0.2 if refused < 20 else 0)[0]:
            refused += statuses(read_all(peer)) == [503]
    checks.equal(refused, 20, f"over {most} connections of one address are 503")
    checks.ok(is_served(server)[0], "another address is served meanwhile")
    for peer in peers:
        peer.close()
    wait_until(lambda: is_served(server, "127.0.0.1")[0], 5)
    base, peers = descriptors(server), []
    for _ in range(5 * most):
        peer = connect(server, "127.0.0.2")
        peer.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
        read_all(peer)
        peers.append(peer)
    wait_until(lambda: descriptors(server) - base <= most, 5)  # The last one may be on its way out.
    held = descriptors(server) - base
    checks.ok(held <= most, f"{5 * most} who were told goodbye and stay hold {held} descriptors, at most {most}", held)
    for peer in peers:
        peer.close()


def idle_crowd(server):
    """Ten thousand who say nothing, from many addresses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(IDLE_WANTED, hard - 500 if hard != resource.RLIM_INFINITY else IDLE_WANTED)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted + 500), hard))
    if wanted < IDLE_LEAST:
        checks.skip("ten thousand idle connections", f"only {hard} descriptors are allowed here")
        return
    before, peers, slowest, failed = rss_kib(server), [], 0, 0
    for number in range(wanted):
        peers.append(connect(server, f"127.0.1.{1 + number // 500}"))
        if number % 1000 == 999:
            ok, seconds = is_served(server)
            slowest, failed = max(slowest, seconds), failed + (not ok)
    held, more = descriptors(server), rss_kib(server) - before
    checks.ok(not failed and slowest < 2, f"with {wanted} idle connections others are served, in {1000 * slowest:.0f} ms at most", failed, slowest)
    checks.ok(held < CONNECTIONS_MAX + 100, f"of them {held} descriptors are held", held)
    checks.ok(more < 96 * 1024, f"and {more} KiB of memory", more)
    ended = sum(bool(select.select([peer], [], [], 0)[0]) for peer in peers if peer.fileno() < 1024)
    checks.ok(ended > 100 or wanted <= CONNECTIONS_MAX, "those that were idle for longest have gone", ended)
    last = peers[-1]
    last.sendall(b"GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    checks.equal(statuses(read_all(last)), [200], "the last of them is served as soon as it asks")
    for peer in peers:
        peer.close()
    checks.ok(wait_until(lambda: descriptors(server) < 100, 10), "and all is given back when they go", descriptors(server))


def few_descriptors(server):
    """The system gives no more descriptors, long before there are as many connections as there may be."""
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    checks.equal(limits[0], limits[1], "it takes as many descriptors as it may have")
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (200, limits[1]))
    peers = [connect(server) for _ in range(400)]
    served = [is_served(server) for _ in range(5)]
    checks.ok(all(ok for ok, _ in served), "with 200 descriptors and 400 idle connections others are served", served)
    checks.ok(descriptors(server) <= 200, "within its limit", descriptors(server))
    for peer in peers:
        peer.close()
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, limits)


def main():
    server = Server(checks, "abuse", at=START, LOG_LEVEL="info").start()
    for part in (smuggling, control_bytes, oversize, slow_requests, readers_that_read_nothing, crowd_of_bodies, resets, idle_crowd):
        part(server)
    checks.equal(server.ask("GET", "/health").status, 200, "after all this it is well")
    checks.ok(rss_kib(server) < 300 * 1024, "its memory has not run away", rss_kib(server))
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks)
    narrow = Server(checks, "narrow", at=START, TOCSIN_CONNECTIONS_PER_ADDRESS="40", LOG_LEVEL="info").start()
    crowd_of_one_address(narrow, 40)
    few_descriptors(Server(checks, "few", at=START, TOCSIN_CONNECTIONS_PER_ADDRESS="0", LOG_LEVEL="info").start())
    checks.equal(narrow.stop()[0], 0, "the other stops well, too")


checks.run(main)
