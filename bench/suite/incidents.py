"""script/bench incidents, heartbeats, acknowledge."""
import collections
import re
import time

from suite import figures
from suite.common import Failure, iso
from suite.server import USERS, Server

INCIDENT = '{"title":"Disk {n} is full","severity":"HIGH","userId":"{id}","policy":"bench","escalate":true}'
ACKNOWLEDGED_STEPS = 20
HEARTBEAT = '{"name":"Beat {n}","everySeconds":3600}'


def open_incidents(server, ids, policy="bench", **options):
    return server.load(path="/api/v1/incidents", ids=ids, body=INCIDENT.replace('"bench"', f'"{policy}"'), **options)


def incidents(bench):
    runs, seconds = bench.pick(1, 3, 5), bench.pick(1, 4, 8)
    with Server(bench, "incidents") as server:
        ids = server.add_people()
        server.ask("/api/v1/policies", {"name": "bench", "steps": [
            {"after": 60, "channel": "EMAIL"}, {"after": 15, "channel": "MESSAGE"}, {"after": 60, "channel": "CALL"}]})
        results = [open_incidents(server, ids, seconds=seconds) for _ in range(runs)]
        total = server.ask("/api/v1/incidents?limit=1&state=ESCALATING")["total"]
    made = sum(result["answers"] for result in results)
    if total != made:
        raise Failure(f"{made} incidents were acknowledged and {total} escalate")
    bench.add("incidents.create", "durable incidents over HTTP, each with a ladder of 3", {"tocsin": [one["perSecond"] for one in results]},
              aim=figures.least(5000, "issue 4"))
    bench.add("incidents.create.p99", "  p99 of an answer", {"tocsin": [one["p99Ms"] for one in results]}, "ms")
    count, runs = bench.pick((200, 1), (10000, 1), (10000, 3))
    last = [due_steps(bench, f"due{run}", count, bench.pick(5, 15, 15)) for run in range(runs)]
    bench.add("incidents.steps", f"{count:,} steps due within a second: last on the wire", {"tocsin": last}, "s", figures.most(3, "issue 4"))
    last = [released(bench, f"released{run}", count) for run in range(runs)]
    bench.add("incidents.released", f"{count:,} ladders that begin at one instant: last first step on the wire", {"tocsin": last}, "s",
              better=figures.LESS)


def all_sends(server, count, end):
    server.wait_for_sends(count, end)
    time.sleep(0.5)  # Nothing more may come.
    accepted = [at for _, at in server.accepted()]
    if len(accepted) != count:
        raise Failure(f"{count} steps were due and {len(accepted)} were accepted")
    return accepted


def due_steps(bench, name, count, lead):
    """Opens incidents in two halves a second apart, whose policies differ by that second, so that all first steps are due within
    about a second. Returns the seconds from the first one's time until the last is on the wire to the mock provider."""
    with Server(bench, name) as server:
        ids = server.add_people()
        for half in (0, 1):
            server.ask("/api/v1/policies", {"name": f"bench{half}", "steps": [
                {"after": 0, "afterSeconds": lead - half, "channel": "EMAIL"}, {"after": 60, "channel": "MESSAGE"}]})
        begun = time.time()
        spans = []
        for half in (0, 1):
            time.sleep(max(0, begun + half - time.time()))
            at = time.time()
            open_incidents(server, ids, f"bench{half}", count=count // 2)
            spans.append((at + lead - half, time.time() + lead - half))
        first, last = min(span[0] for span in spans), max(span[1] for span in spans)
        return max(all_sends(server, count, last + 60)) - first


def released(bench, name, count):
    """Seconds from the end of a maintenance window until the first step of the last of the incidents that waited for it is on the
    wire to the mock provider."""
    with Server(bench, name) as server:
        ids = server.add_people()
        server.ask("/api/v1/policies", {"name": "bench", "steps": [{"after": 0, "channel": "EMAIL"}, {"after": 60, "channel": "MESSAGE"}]})
        end = int(time.time()) + bench.pick(4, 12, 12)
        server.ask("/api/v1/maintenance", {"name": "bench", "endsAt": iso(end)})
        open_incidents(server, ids, count=count)
        if time.time() > end - 0.5:
            raise Failure("opening the incidents took longer than the window")
        return max(all_sends(server, count, end + 60)) - end


def heartbeats(bench):
    runs, seconds = bench.pick(1, 3, 5), bench.pick(1, 4, 8)
    results, micros = [], []
    with Server(bench, "heartbeats") as server:
        tokens = server.folder / "tokens"
        server.load(path="/api/v1/heartbeats", body=HEARTBEAT, count=USERS, save="token", into=tokens)
        for _ in range(runs):
            before = server.worked()
            results.append(server.load(path="/heartbeats/{id}", body="{}", ids=tokens, seconds=seconds))
            micros.append((server.worked() - before) * 1e6 / results[-1]["answers"])
        counted = sum(one["beats"] for one in server.ask(f"/api/v1/heartbeats?limit={USERS}")["heartbeats"])
    made = sum(result["answers"] for result in results)
    if counted != made:
        raise Failure(f"{made} beats were acknowledged and {counted} are counted")
    bench.add("heartbeats", "durable beats of 1,000 heartbeats", {"tocsin": [one["perSecond"] for one in results]},
              aim=figures.least(10000, "issue 4"))
    bench.add("heartbeats.cpu", "  processor's time of a beat, all threads", {"tocsin": micros}, "µs")


def acknowledge(bench):
    """Incidents whose steps come every two seconds are acknowledged while these go out: how long after an acknowledgement's answer did a
    message about that incident still leave? Each incident has an email of its own person, so the mock's record tells."""
    count = bench.pick(100, 1000, 1000)
    with Server(bench, "acknowledge") as server:
        ids = server.add_people(count)
        steps = [{"after": 0, "afterSeconds": 4 if number == 0 else 2, "channel": "EMAIL"} for number in range(ACKNOWLEDGED_STEPS)]
        server.ask("/api/v1/policies", {"name": "bench", "steps": steps})
        made = server.folder / "incidents"
        open_incidents(server, ids, count=count, save="id", into=made)
        time.sleep(8)
        answered = server.folder / "answered"
        server.load(path="/api/v1/incidents/{id}/acknowledge", body="{}", ids=made, count=count, connections=8,
                    save_time=answered)
        time.sleep(8)
        at = [float(line) for line in answered.read_text().split()]
        sends = server.sends()
    after = []
    for to, when in ((to, when) for to, _, when in sends):
        person = int(re.match(r"bench-(\d+)@", to).group(1))
        if when > at[person]:
            after.append((when - at[person]) * 1000)
    most = max(collections.Counter(to for to, _, _ in sends).values())
    if len(sends) < count or most == ACKNOWLEDGED_STEPS:
        raise Failure(f"{len(sends)} messages about {count} incidents left, at most {most} about one: they were not acknowledged amid their ladders")
    bench.add("acknowledge.last", f"{count:,} acknowledged amid their ladders: last send after the answer", {"tocsin": [max(after, default=0.0)]},
              "ms", figures.most(1000), note=f"{len(sends):,} messages left in all")
    bench.add("acknowledge.after", "  messages that left after their acknowledgement was answered", {"tocsin": [len(after)]}, "messages",
              better=figures.LESS)
    bench.add("acknowledge.late", "  messages that left more than a second after it", {"tocsin": [sum(one > 1000 for one in after)]}, "messages",
              figures.most(0))
