"""script/bench create, lateness, burst, memory, start: meetings with their stages, and calls that are due."""
import contextlib
import re
import time

from suite import common, figures, peers
from suite.calls import CallServer, Turns
from suite.common import Failure, iso, lateness_of
from suite.server import USERS, Server


def create(bench):
    """Durable creates a second over HTTP, each a meeting with its three stages."""
    runs, seconds = bench.pick(1, 3, 5), bench.pick(1, 4, 8)
    results = []
    with Server(bench, "create") as server:
        ids = server.add_people()
        _, stages = server.first_stage_before(ids)
        for run in range(runs):
            # Due times spread over ten days, in no order.
            results.append(server.push(ids, f"run{run}", seconds=seconds, first=iso(int(time.time()) + 86400),
                                       step_us=7919 * 1000000, cycle=109))
        made = sum(result["answers"] for result in results) + 1
        total = server.ask("/api/v1/meetings?limit=1")["total"]
        live = server.load(path="/livez", seconds=bench.pick(1, 2, 3))
    if total != made:
        raise Failure(f"{made} creates were acknowledged and {total} meetings are there")
    bench.add("create.meeting", f"durable creates, each a meeting and {stages} alerts", {"tocsin": [one["perSecond"] for one in results]},
              aim=figures.least(15000, "issue 2"))
    bench.add("create.meeting.p99", "  p99 of an answer", {"tocsin": [one["p99Ms"] for one in results]}, "ms")
    bench.add("create.livez", "GET /livez, the HTTP server alone", {"machine": [live["perSecond"]]})


def stages_due(bench, name, count, span, lead):
    """Pushes meetings whose first stages (email to the mock provider) are due over `span` seconds; how late each was on the wire."""
    with Server(bench, name) as server:
        ids = server.add_people(min(count, USERS))
        before, _ = server.first_stage_before(ids)
        due = int(time.time()) + lead
        step = int(span * 1e6 / count)
        server.push(ids, name, count=count, first=iso(due + before), step_us=max(step, 1), cycle=count if step else 1)
        if time.time() > due - 0.5:
            raise Failure("pushing took longer than there was time")
        time.sleep(max(0, due + span - time.time()))
        server.wait_for_sends(count, due + span + 60)
        time.sleep(0.5)  # Nothing more may come.
        accepted = server.accepted()
    if len(accepted) != count:
        raise Failure(f"{count} stages were due and {len(accepted)} were accepted")
    late = []
    for to, at in accepted:
        number = int(re.match(r"bench-(\d+)@", to).group(1))
        late.append((at - due - (number * step / 1e6 if step else 0)) * 1000)
    return lateness_of(late)


def told_of_calls(server, known, first):
    """How late the calls were that were due from `first` on: as their timers ran, and on the wire. A timer's row tells whole
    milliseconds, rounded down, so it may have been up to one later: that one is added."""
    rows = server.rows("SELECT due_at, created_at FROM messages WHERE channel='CALL' AND due_at>=?", first * 1000)
    sends = sorted(at for _, _, at in server.sends()[known:])
    if len(rows) != len(sends):
        raise Failure(f"{len(rows)} messages are there and {len(sends)} were accepted")
    due = sorted(row[0] / 1e3 for row in rows)
    return {"fired": lateness_of([made - when + 1 for when, made in rows]),
            "wire": lateness_of([(at - when) * 1000 for at, when in zip(sends, due)]), "last": sends[-1] - first}


def measure_calls(server, count, span):
    """Calls due over `span` seconds, 0 for at one instant."""
    known = server.send_count()
    first = int(server.lead_for(count) + time.time())
    server.schedule_due(count, first, int(span * 1e6 / count))
    time.sleep(max(0, first + span - time.time()))
    server.wait_for_sends(known + count, first + span + 120)
    return told_of_calls(server, known, first)


def lateness(bench):
    count, span, runs = bench.pick((50, 1, 1), (1000, 10, 1), (1000, 10, 3))
    late = [stages_due(bench, f"lateness{run}", count, span, bench.pick(4, 5, 5)) for run in range(runs)]
    bench.add("lateness.stages.p99", f"{count:,} stages due over {span} s, idle: p99 on the wire", {"tocsin": [one["p99Ms"] for one in late]},
              "ms", figures.most(5, "issue 2"))
    compare_lateness(bench, count, span, runs)
    under_load(bench, count, span, runs)


def compare_lateness(bench, count, span, runs):
    """Calls of ours and jobs of the peers. BullMQ depends on how often an idle Redis looks: hz 500 is better than the usual 10."""
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(CallServer(bench, "late"))
        others = [stack.enter_context(peer(bench, "late")) for peer in peers.available(bench)]
        for other in others:
            if other.queue == "bullmq":
                other.set("hz", "500")
        fired = []

        def measure(side):
            if side is not ours:
                return side.run("late", count, span)
            result = measure_calls(ours, count, span)
            fired.append(result["fired"])
            return result["wire"]

        kept = Turns(bench, [ours, *others]).run(runs, measure)
    say = f"{count:,} due over {span} s, idle"
    bench.add("lateness.timer.p99", f"{say}: p99 of the timer, at most", {"tocsin": [one["p99Ms"] for one in fired]}, "ms", figures.most(1),
              note="its row tells whole milliseconds")
    for name, aim in (("p50Ms", figures.most(0.2)), ("p99Ms", figures.most(1)), ("maxMs", None)):
        sides = {label: [run[name] for run in results] for label, results in kept.items()}
        bench.add(f"lateness.wire.{name[:3]}", f"  {name[:3]} on the wire, after a durable intent", sides, "ms", aim, better=figures.LESS,
                  note="the peers: when the worker has the job" if name == "p50Ms" else "")


def under_load(bench, count, span, runs):
    """The same while 5,000 creates a second come in."""
    rate = bench.pick(500, 5000, 5000)
    late = []
    with CallServer(bench, "loaded") as server:
        for _ in range(runs):
            known = server.send_count()
            first = int(server.lead_for(count) + time.time())
            server.schedule_due(count, first, int(span * 1e6 / count))
            load = server.background_load(rate, first - 1 - time.time() + span + 2)
            server.wait_for_sends(known + count, first + span + 60)
            told = load.result()
            if told["perSecond"] < rate * 0.9:
                print(f"  the load was {told['perSecond']:,.0f} /s and should have been {rate:,}", flush=True)
            late.append(told_of_calls(server, known, first))
    say = f"{count:,} calls due over {span} s, under {rate:,} creates/s"
    bench.add("lateness.loaded.timer.p99", f"{say}: p99 of the timer", {"tocsin": [one["fired"]["p99Ms"] for one in late]}, "ms", figures.most(5))
    bench.add("lateness.loaded.wire.p99", "  p99 on the wire", {"tocsin": [one["wire"]["p99Ms"] for one in late]}, "ms", figures.most(5))


def burst(bench):
    count, runs = bench.pick((200, 1), (10000, 1), (10000, 3))
    late = [stages_due(bench, f"burst{run}", count, 0, bench.pick(4, 8, 8)) for run in range(runs)]
    bench.add("burst.stages", f"{count:,} stages due at one instant: last on the wire", {"tocsin": [one["maxMs"] for one in late]}, "ms",
              figures.most(2000, "issue 2"))
    compare_burst(bench, bench.pick(200, 20000, 20000), runs)
    whole_burst(bench, bench.pick(1000, 100000, 100000), runs)


def compare_burst(bench, count, runs):
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(CallServer(bench, "burst"))
        others = [stack.enter_context(peer(bench, "burst")) for peer in peers.available(bench)]
        kept = Turns(bench, [ours, *others]).run(
            runs, lambda side: measure_calls(ours, count, 0)["wire"] if side is ours else side.run("late", count, 0))
    for name in ("p50Ms", "p99Ms"):
        sides = {label: [run[name] for run in results] for label, results in kept.items()}
        bench.add(f"burst.compared.{name[:3]}", f"{count:,} due at one instant: {name[:3]}; ours on the wire", sides, "ms", better=figures.LESS,
                  note="the peers: when the worker has the job" if name == "p50Ms" else "")


def whole_burst(bench, count, runs):
    """100,000 calls at one instant, a tenth of them of high priority and added last: these must go first."""
    fired, last, overtaken, last_high = [], [], [], []
    for run in range(runs):
        with CallServer(bench, f"whole{run}") as server:
            first = int(server.lead_for(count) + time.time()) + 1
            server.schedule_due(count - count // 10, first)
            server.schedule_due(count // 10, first, priority="high")
            time.sleep(max(0, first - time.time()))
            server.wait_for_sends(count, first + 180)
            told = told_of_calls(server, 0, first)
            claims = server.rows("SELECT c.priority, m.claimed_at FROM messages m JOIN scheduled_calls c ON c.id=m.subject_id "
                                 "WHERE m.channel='CALL'")
        fired.append(told["fired"])
        last.append(told["last"])
        high = [at for priority, at in claims if priority == 1]
        other = [at for priority, at in claims if priority != 1]
        last_high.append(max(high) - first * 1000)
        overtaken.append(sum(1 for at in other if at < max(high)))
    say = f"{count:,} calls due at one instant"
    bench.add("burst.whole.timer.p99", f"{say}: p99 of the timers", {"tocsin": [one["p99Ms"] for one in fired]}, "ms",
              better=figures.LESS, note="each begins its call: a message row; timers that have nothing to do are in the bench timers")
    bench.add("burst.whole.last", "  the last on the wire", {"tocsin": last}, "s", figures.most(5))
    bench.add("burst.whole.rate", "  calls on the wire, from the instant to the last", {"tocsin": [count / one for one in last]}, "/s",
              figures.least(20000), also=figures.least(10000, "issue 5"), note="a message row, SENDING and the verdict are durable for each")
    bench.add("burst.whole.high", "  the last of high priority is claimed", {"tocsin": last_high}, "ms")
    bench.add("burst.whole.order", "  others that were claimed before the last of high priority", {"tocsin": overtaken}, "calls",
              figures.most(0))


def memory(bench):
    timers = bench.pick(8000, 100000, 100000)
    with Server(bench, "memory") as server:
        server.fill_meetings(timers)
        created = server.resident_mb()
        server.stop()
        server.start()
        time.sleep(0.5)
        again = server.resident_mb()
    aim = figures.most(64, "issue 2")
    bench.add("memory.meetings.created", f"RSS, {timers:,} pending timers of meetings just made", {"tocsin": [created[0]]}, "MB", aim,
              note=f"at most {created[1]:.1f}")
    bench.add("memory.meetings.restarted", "  the same after a restart", {"tocsin": [again[0]]}, "MB", aim)


def start(bench):
    timers, runs = bench.pick((8000, 1), (1000000, 3), (1000000, 5))
    with Server(bench, "start") as server:
        server.fill_meetings(timers)
        server.stop()
        size = common.size_of(server.files())
        warm, cold = [], []
        for _ in range(runs):
            warm.append(server.start())
            server.stop()
            cold.append(server.start_cold())
            server.stop()
    aim = figures.most(2, "issue 2")
    bench.add("start.meetings.warm", f"start, {timers:,} pending timers of meetings, files cached", {"tocsin": warm}, "s", aim,
              note=f"{size / 1e6:,.0f} MB of files")
    bench.add("start.meetings.cold", "  nothing in the page cache", {"tocsin": cold}, "s", aim)
