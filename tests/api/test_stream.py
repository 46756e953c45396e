#!/usr/bin/env python3
"""The event stream on real sockets: what it says, to whom, from where on, and what it costs everybody else.

Requirements U1, U2, X1, O5.
"""
import json
import pathlib
import selectors
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ADMIN_KEY, Checks, wait_until  # noqa: E402
from server import Client, Server, headers_of  # noqa: E402
from stream import Decoder, Stream, request_of  # noqa: E402

HEARTBEAT = 1
STREAMS_MAX = 220
MANY = 200
STREAMS_PER_KEY = 20
checks = Checks()


def new_incident(server, user=None, **members):
    return server.post("/incidents", {"title": "Disk is full", **({"userId": user} if user else {}), **members})["id"]


def page(server, user):
    """An incident whose ladder writes to its person inside Tocsin at once."""
    return new_incident(server, user, policy="inside", escalate=True)


def has_a_head(server):
    stream = Stream(server.port)
    got = {name: stream.decoder.header(name) for name in ("Content-Type", "Cache-Control", "X-Accel-Buffering", "Transfer-Encoding")}
    checks.equal((stream.decoder.status, got), (200, {"Content-Type": "text/event-stream", "Cache-Control": "no-store",
                                                      "X-Accel-Buffering": "no", "Transfer-Encoding": "chunked"}),
                 "a stream says what it is, and that no proxy may keep it back")
    checks.ok(stream.decoder.header("X-Request-Id") and stream.decoder.retry == "2000", "it has a request id, and says when to come back")
    stream.close()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request_of(server.port, ADMIN_KEY, method="HEAD"))
        head = connection.recv(65536).decode()
        checks.like(head, r"^HTTP/1.1 200(?s:.)*text/event-stream", "HEAD gets the head alone")
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        checks.like(connection.recv(65536).decode(), r"^HTTP/1.1 200", "and its connection goes on")


def refuses(server):
    for query, field in (({"kinds": "INCIDENT_OPENED,NOTHING"}, "kinds"), ({"after": "yesterday"}, "after"), ({"userId": "x"}, "userId"),
                         ({"surprise": "1"}, "surprise")):
        answer = server.ask("GET", "/api/v1/stream", **query)
        checks.equal((answer.status, (answer.body or {}).get("error", {}).get("field")), (400, field), f"{query} is 400", answer.text)
    answer = server.ask("GET", "/api/v1/stream", headers={"Last-Event-ID": "x"})
    checks.equal((answer.status, answer.body["error"]["field"]), (400, "after"), "a bad Last-Event-ID is 400", answer.text)
    checks.equal(server.ask("GET", "/api/v1/stream", key="wrong").status, 401, "without a key of ours it is 401")
    checks.equal(server.ask("POST", "/api/v1/stream").status, 405, "another method is 405")


def tells_at_once(server, ana):
    stream, other = Stream(server.port), Stream(server.port)
    lateness = []
    for _ in range(20):
        count = len(stream.events)
        incident = new_incident(server, ana)
        answered = time.monotonic()
        stream.wait_events(count + 1)
        lateness.append(stream.events[-1].at - answered)
    checks.ok(sorted(lateness)[10] < 0.05, "an event is there within milliseconds of its answer",
              [f"{one * 1000:.1f} ms" for one in sorted(lateness)])
    last = stream.events[-1]
    listed = server.get("/events", subjectId=incident)["events"]
    checks.equal((last.kind, last.body), ("INCIDENT_OPENED", listed[-1]), "it says what GET /events says")
    checks.equal((last.id, last.body["subjectId"], last.data["title"]), (last.body["id"], incident, "Disk is full"),
                 "and by its id")
    other.wait_events(20)
    checks.equal(other.ids, stream.ids, "two readers are told the same")
    stream.close()
    other.close()


def filters(server, ana, bert, key):
    everything = Stream(server.port)
    kinds = Stream(server.port, kinds="INCIDENT_RESOLVED,NOTIFICATION_ADDED")
    about = Stream(server.port, userId=bert)
    own = Stream(server.port, key=key)
    for person in (ana, bert):
        incident = page(server, person)
        wait_until(lambda: server.get("/notifications", userId=person, unseen="true")["unseenCount"] > 0)
        server.post(f"/incidents/{incident}/resolve")
    wanted = [incident for incident in server.get("/incidents", userId=bert)["incidents"]][0]["id"]
    everything.wait(lambda: [event for event in everything.events
                             if event.kind == "INCIDENT_RESOLVED" and event.body["subjectId"] == wanted])
    checks.ok({event.body.get("userId") for event in everything.events} >= {ana, bert}, "an admin's stream is about everybody")
    kinds.wait_events(4)
    checks.equal(set(kinds.kinds), {"INCIDENT_RESOLVED", "NOTIFICATION_ADDED"}, "kinds= tells these only", kinds.kinds)
    wanted = [event.id for event in everything.events if event.body.get("userId") == bert]
    about.wait_events(len(wanted))
    checks.ok(about.ids == wanted and wanted, "userId= tells what is about one person", about.kinds)
    wanted = [event.id for event in everything.events if event.body.get("userId") == ana]
    own.wait_events(len(wanted))
    checks.ok(own.ids == wanted and "NOTIFICATION_ADDED" in own.kinds, "a person's key hears what is about them only", own.kinds)
    checks.equal(server.ask("GET", "/api/v1/stream", key=key, userId=bert).status, 403, "and may not ask for another's")
    checks.ok("/s/" not in "".join(event.text for event in everything.events), "no event holds the link that takes an incident")
    for stream in (everything, kinds, about, own):
        stream.close()


def tells_of_messages(server, ana):
    """Receipts are told to whoever asks for it, once a second at most, and to nobody else."""
    plain, asked = Stream(server.port), Stream(server.port, messages="true")
    began = time.monotonic()
    for number in range(5):
        new_incident(server, ana, policy="mail", escalate=True, dedupKey=f"mail {number}")
    wait_until(lambda: len([one for one in server.messages(userId=ana, channel="EMAIL") if one["state"] == "DELIVERED"]) >= 5)
    asked.wait(lambda: "MESSAGES_CHANGED" in asked.kinds)
    told = [event for event in asked.events if event.kind == "MESSAGES_CHANGED"]
    took = time.monotonic() - began
    checks.ok(told and len(told) <= took + 2, "that messages changed is told, once a second at most", len(told), took)
    checks.ok(all("subjectId" not in event.text and "messageId" not in event.text for event in told), "and names none", [event.text for event in told])
    checks.ok("MESSAGES_CHANGED" not in plain.kinds and "STEP_ENDED" in plain.kinds, "to whoever asks for it only", plain.kinds)
    plain.close()
    asked.close()


def resumes(server, ana):
    """Whoever comes back by the last id that they saw misses nothing and hears nothing twice."""
    stream = Stream(server.port)
    begun_at = stream.decoder.last_id
    for _ in range(5):
        new_incident(server, ana)
    stream.wait_events(5)
    stream.close()
    for _ in range(5):
        new_incident(server, ana)
    back = Stream(server.port, headers={"Last-Event-ID": stream.ids[2]}, after=begun_at)
    new_incident(server, ana)
    back.wait_events(8)
    whole = Stream(server.port, after=begun_at)
    whole.wait_events(11)
    checks.equal(len(whole.ids), 11, "the id that a stream begins with is a place to go on from", whole.kinds)
    checks.equal((stream.ids, stream.ids[:3] + back.ids), (whole.ids[:5], whole.ids), "Last-Event-ID goes on without loss or repeat")
    back.close()
    whole.close()
    everything = Stream(server.port, after="0")
    listed = server.get("/events", limit=1000)["events"]
    everything.wait_events(len(listed))
    checks.equal(everything.ids, [event["id"] for event in listed], "after=0 tells all that there is")
    everything.close()
    page(server, ana)
    seen = wait_until(lambda: server.get("/notifications", userId=ana, unseen="true")["notifications"])[0]["id"]
    quiet = Stream(server.port, kinds="DISPATCH_OPENED")
    refused = server.ask("POST", "/api/v1/notifications/seen", {"ids": [seen, begun_at]})
    checks.equal(refused.status, 404, "an operation that told an event is refused", refused.text)
    quiet.wait(lambda: len(quiet.decoder.comments) >= 2, 10)
    place = quiet.decoder.last_id
    quiet.close()
    new_incident(server, ana)
    back = Stream(server.port, headers={"Last-Event-ID": place})
    back.wait_events(1)
    checks.equal(back.kinds[:1], ["INCIDENT_OPENED"], "and whoever was told their place meanwhile has lost nothing")
    back.close()
    unknown = server.get("/incidents")["incidents"][0]["id"]
    lost = Stream(server.port, after=unknown)
    lost.wait_events(1)
    checks.equal(lost.kinds[:1], ["EVENTS_LOST"], "whoever comes back by an id that is not kept is told so")
    lost.close()


def says_that_it_is_there(server, ana):
    narrow = Stream(server.port, kinds="DISPATCH_OPENED")
    new_incident(server, ana)
    newest = server.get("/events", limit=1000)["events"][-1]["id"]
    narrow.wait(lambda: len(narrow.decoder.comments) >= 3, 10)
    times = [at for _, at in narrow.decoder.comments]
    gaps = [late - early for early, late in zip(times, times[1:])]
    checks.ok(len(gaps) >= 2 and all(0.7 * HEARTBEAT < gap < 2.5 * HEARTBEAT for gap in gaps), "a silent stream has a heartbeat", gaps)
    checks.equal(narrow.decoder.last_id, newest, "which takes the place on that was reached, whatever the stream tells")
    narrow.close()


def leaves_room(server, ana, bert):
    """One key does not take the places of all others."""
    greedy, modest = (server.post(f"/users/{user}/keys", {"name": "many"})["key"] for user in (ana, bert))
    for key in (greedy, modest):
        server.keep_secret(key, "a person's key")
    streams = [Stream(server.port, key=greedy) for _ in range(STREAMS_PER_KEY)]
    answer = server.ask("GET", "/api/v1/stream", key=greedy)
    checks.equal((answer.status, (answer.body or {}).get("error", {}).get("code")), (429, "RATE_LIMITED"), "one over the most of a key is 429",
                 answer.text)
    checks.ok(answer.headers.get("Retry-After") and str(STREAMS_PER_KEY) in answer.text, "and says how many there are", answer.text)
    other, admins = Stream(server.port, key=modest), Stream(server.port)
    checks.equal((other.decoder.status, admins.decoder.status), (200, 200), "others have theirs")
    for stream in [*streams, other, admins]:
        stream.close()
    checks.ok(wait_until(lambda: server.ask("GET", "/api/v1/stream", key=greedy).status == 200, 5 * HEARTBEAT), "places become free again")


def ends_with_its_key(server, ana):
    made = server.post(f"/users/{ana}/keys", {"name": "passing"})
    server.keep_secret(made["key"], "a person's key")
    stream = Stream(server.port, key=made["key"])
    new_incident(server, ana)
    stream.wait_events(1)
    server.ask("DELETE", f"/api/v1/users/{ana}/keys/{made['id']}")
    began = time.monotonic()
    checks.ok(stream.wait(lambda: stream.decoder.is_complete, 5), "a revoked key ends its stream")
    checks.ok(time.monotonic() - began < 2.5 * HEARTBEAT, "within two heartbeats", time.monotonic() - began)
    new_incident(server, ana)
    checks.equal(stream.kinds, ["INCIDENT_OPENED"], "and nothing else is told")
    checks.equal(server.ask("GET", "/api/v1/stream", key=made["key"]).status, 401, "and does not come back")
    stream.close()


def cuts_off_the_slow(server, ana):
    """A reader that takes nothing costs a few kilobytes, delays nobody, is cut off, and goes on by its last id."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.settimeout(60)
    slow.connect(("127.0.0.1", server.port))
    begun_at = server.get("/events", limit=1000)["events"][-1]["id"]
    slow.sendall(request_of(server.port, ADMIN_KEY, after=begun_at))
    live = Stream(server.port)
    before = memory_of(server)
    took, client = [], Client(server.port)
    body = json.dumps({"title": "Disk is full", "userId": ana, "details": "x" * 9900}).encode()
    while len(took) < 1200:
        began = time.monotonic()
        client.send("POST", "/api/v1/incidents", body, headers_of(ADMIN_KEY, body))
        took.append(time.monotonic() - began)
    client.close()
    checks.ok(server.wait_log("its reader takes nothing", 6 * HEARTBEAT), "a reader that takes nothing is cut off")
    checks.ok(sorted(took)[len(took) * 99 // 100] < 0.5, "and delays nobody meanwhile", max(took), len(took))
    text, grown = "nor does what it left lie in memory", memory_of(server) - before
    if before < 60 * 1024:
        checks.ok(grown < 32 * 1024, text, before, grown)
    else:
        checks.skip(text, "this build's own memory is more than that")
    got = Decoder()
    while True:
        try:
            piece = slow.recv(65536)
        except OSError:
            break
        if not piece:
            break
        got.feed(piece)
    slow.close()
    checks.ok(not got.is_complete, "its answer breaks off", len(got.events))
    back = Stream(server.port, after=got.last_id or begun_at)
    back.wait_events(len(took) - len(got.events))
    ids = [event.id for event in got.events] + back.ids
    whole = Stream(server.port, after=begun_at)
    whole.wait_events(len(took))
    live.wait_events(len(took))
    checks.ok(ids == whole.ids and len(ids) == len(took), "and by its last id it misses nothing", len(ids), len(whole.ids), len(took))
    checks.ok(live.ids == whole.ids, "as does who was there all the time", len(live.ids), len(whole.ids))
    live.close()
    back.close()
    whole.close()


def memory_of(server):
    """Resident, in KiB."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def open_many(server, count):
    """So many streams on this thread: (selector, decoder by socket)."""
    selector, decoders = selectors.DefaultSelector(), {}
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        connection.sendall(request_of(server.port, ADMIN_KEY))
        decoders[connection] = Decoder()
        selector.register(connection, selectors.EVENT_READ)
    read_many(selector, decoders, lambda decoder: decoder.last_id is not None)
    return selector, decoders


def read_many(selector, decoders, is_done, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until and not all(map(is_done, decoders.values())):
        for key, _ in selector.select(0.1):
            decoders[key.fileobj].feed(key.fileobj.recv(65536))


def serves_many(server, ana):
    time.sleep(3 * HEARTBEAT)  # Readers that have left are noticed when something is sent to them.
    quiet = latency_of(server, ana, 100)
    selector, decoders = open_many(server, MANY)
    checks.equal({decoder.status for decoder in decoders.values()}, {200}, f"{MANY} streams at once")
    busy = latency_of(server, ana, 100)
    read_many(selector, decoders, lambda decoder: len(decoder.events) >= 100)
    ids = {tuple(event.id for event in decoder.events) for decoder in decoders.values()}
    checks.ok(len(ids) == 1 and len(next(iter(ids))) == 100, "each is told everything, in order", [len(one) for one in ids])
    checks.ok(busy[50] < quiet[50] + 0.03 and busy[95] < 0.5, "and ordinary requests are as fast as before",
              f"median {quiet[50] * 1000:.1f} ms, then {busy[50] * 1000:.1f} ms; 95 % {quiet[95] * 1000:.1f}, {busy[95] * 1000:.1f}")
    print(f"# median {quiet[50] * 1000:.2f} ms, with {MANY} streams {busy[50] * 1000:.2f} ms; 95 % {quiet[95] * 1000:.2f}, {busy[95] * 1000:.2f}")
    more, extra = open_many(server, STREAMS_MAX - MANY)
    answer = server.ask("GET", "/api/v1/stream")
    code = (answer.body or {}).get("error", {}).get("code")
    checks.equal((answer.status, code), (503, "UNAVAILABLE"), "one over STREAMS_MAX is 503", answer.text, server.log()[-1500:],
                 [decoder.status for decoder in extra.values()])
    checks.ok(answer.headers.get("Retry-After"), "and says when to come again")
    for connection in [*extra, *decoders]:
        connection.close()
    more.close()
    selector.close()
    checks.ok(wait_until(lambda: server.ask("GET", "/api/v1/stream").status == 200, 5 * HEARTBEAT), "places become free again")


def latency_of(server, ana, count):
    took = []
    for _ in range(count):
        began = time.monotonic()
        new_incident(server, ana)
        took.append(time.monotonic() - began)
    return sorted(took)


def ends_with_the_server(server, ana):
    streams = [Stream(server.port) for _ in range(5)]
    code, took = server.stop()
    checks.ok(code == 0 and took < 2, "SIGTERM does not wait for streams", code, took)
    checks.ok(all(stream.wait_end(5) for stream in streams), "they end")
    checks.ok(all(stream.decoder.is_complete for stream in streams), "in order")
    last = streams[0].decoder.last_id
    server.start()
    new_incident(server, ana)
    back = Stream(server.port, headers={"Last-Event-ID": last})
    back.wait_events(1)
    checks.equal(back.kinds, ["INCIDENT_OPENED"], "and go on after the next start")
    server.kill()
    checks.ok(back.wait_end(5) and not back.decoder.is_complete, "a power cut ends them too")


def follows_the_virtual_clock():
    server = Server(checks, "virtual", at="2026-01-05T09:00:00Z", STREAM_HEARTBEAT_SECONDS=str(HEARTBEAT)).start()
    ana = server.add_user(name="Ana", email="ana@example.org")
    stream = Stream(server.port)
    server.push(ana, "missed", "2026-01-05T09:20:00Z")
    server.advance(3600)
    stream.wait(lambda: "ESCALATION_EXHAUSTED" in stream.kinds)
    opened = [event for event in stream.events if event.kind == "INCIDENT_OPENED"]
    checks.equal([event.body["at"] for event in opened], ["2026-01-05T09:25:00Z"], "what an advance of the clock does is told", stream.kinds)
    checks.ok(stream.wait(lambda: stream.decoder.comments, 5), "heartbeats come though the clock stands still")
    checks.equal(server.stop()[0], 0, "it stops well")
    stream.close()


def main():
    server = Server(checks, "stream", STREAM_HEARTBEAT_SECONDS=str(HEARTBEAT), STREAMS_MAX=str(STREAMS_MAX), LOG_LEVEL="info").start()
    ana = server.add_user(name="Ana", email="ana@example.org")
    bert = server.add_user(name="Bert", email="bert@example.org")
    key = server.post(f"/users/{ana}/keys", {"name": "own"})["key"]
    server.keep_secret(key, "a person's key")
    server.post("/policies", {"name": "inside", "steps": [{"channel": "IN_APP"}]})
    server.post("/policies", {"name": "mail", "steps": [{"channel": "EMAIL"}]})
    has_a_head(server)
    refuses(server)
    tells_at_once(server, ana)
    filters(server, ana, bert, key)
    tells_of_messages(server, ana)
    resumes(server, ana)
    says_that_it_is_there(server, ana)
    leaves_room(server, ana, bert)
    ends_with_its_key(server, ana)
    serves_many(server, ana)
    cuts_off_the_slow(server, ana)
    ends_with_the_server(server, ana)
    server.check_logs(checks)
    follows_the_virtual_clock()


checks.run(main)
