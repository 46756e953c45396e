"""script/bench timers: due timers whose handler has nothing to do, durable, beside the peers' jobs with nothing to do.

Ours is a real kind: the check, after the grace period, whether anybody joined a meeting, of meetings that were joined. It reads the
meeting and its person, decides that nothing is to be done, and writes that it was done; the queue's counters and its own end are in
the same commit. How many are still to run is read from the database beside the server, so that only what is committed counts.
"""
import contextlib
import json
import random
import time

from suite import figures, peers
from suite.calls import Turns
from suite.common import Failure, iso
from suite.server import PUSH, Server

MEETING = '{"externalId":"%s-{m}","title":"Joined {m}","startsAt":"{start}","endsAt":"{end}"}'
DUE = "FROM meetings WHERE check_at IS NOT NULL AND check_at<=?1"
PROBE = 500
SAMPLE = 500
# A stage that is over before any of these meetings is known: nothing is due of them but the check.
RULES = {"stages": [{"stage": 1, "alertType": "MEETING_UPCOMING_EMAIL", "minutesBefore": 20160, "validUntilMinutesBefore": 20159,
                     "channel": "EMAIL"}]}
LOOK_SECONDS = 0.02


class TimerServer(Server):
    """Its meetings have only the check at their start."""

    label = figures.OURS
    margin = 1.5  # Of the time that making the checks takes.

    def __init__(self, bench, name, **settings):
        rules = bench.folder / f"{name}.rules"
        rules.write_text(json.dumps(RULES))
        super().__init__(bench, name, TOCSIN_RULES_FILE=str(rules), GRACE_PERIOD_MINUTES="0", **settings)
        self.rounds, self.seconds_of_a_check = 0, None
        self.ids = None

    def __enter__(self):
        super().__enter__()
        self.ids = self.add_people()
        return self

    def freeze(self):
        """It sleeps by itself."""

    thaw = freeze

    def meetings_of(self, due):
        """The ids of the meetings that begin then, each with its person's."""
        found, cursor = [], ""
        while cursor is not None:
            page = self.ask(f"/api/v1/meetings?from={iso(due)}&to={iso(due + 1)}&limit=1000{cursor}")
            found += [f"{meeting['eventId']}\t{meeting['userId']}" for meeting in page["meetings"]]
            cursor = f"&cursor={page['cursor']}" if "cursor" in page else None
        return found

    def watch(self, due):
        """(seconds since they were due, the part that still waits), until none does. Looking at all of them would take the
        processor from the server, so a sample is watched; the end is when none waits at all."""
        at = due * 1000
        with self.database() as database:
            ids = [row[0] for row in database.execute(f"SELECT id {DUE}", (at,))]
            sample = random.Random(1).sample(ids, min(SAMPLE, len(ids)))
            still = f"SELECT count(*) FROM meetings WHERE id IN ({','.join('?' * len(sample))}) AND check_at IS NOT NULL"
            seen = []
            while not seen or seen[-1][1] > 0 or database.execute(f"SELECT EXISTS (SELECT 1 {DUE})", (at,)).fetchone()[0]:
                time.sleep(max(LOOK_SECONDS, due - 0.02 - time.time()))
                seen.append((time.time() - due, database.execute(still, sample).fetchone()[0] / len(sample)))
                if time.time() > due + 120:
                    raise Failure("checks still wait after two minutes")
        return [*seen, (time.time() - due, 0.0)]

    def join_meetings(self, count, due):
        """Meetings that begin then, and are joined already."""
        self.rounds += 1
        joined = self.folder / "joined"
        self.load(path="/calendar/sync", body=PUSH, item=MEETING % f"round{self.rounds}", ids=self.ids, count=count, first=iso(due),
                  step_us=1, cycle=1)
        joined.write_text("\n".join(self.meetings_of(due)))
        self.load(path="/api/v1/meetings/{id}/checkin", body='{"userId":"{id2}","status":"JOINED"}', ids=joined, count=count)

    def join_timed(self, count, due):
        """How long that takes, tried once with a few of them and then remembered."""
        began = time.time()
        self.join_meetings(count, due)
        self.seconds_of_a_check = (time.time() - began) / count

    def waiting(self, due):
        return self.rows(f"SELECT count(*) {DUE}", due * 1000)[0][0]

    def run_checks(self, count, around=contextlib.nullcontext()):
        """Rate, processor's time, and lateness of checks that are all due at one instant."""
        if self.seconds_of_a_check is None:
            self.join_timed(PROBE, int(time.time()) + 86400)
        due = int(time.time() + 4 + count * self.seconds_of_a_check * self.margin)
        self.join_timed(count, due)
        waiting = self.waiting(due)
        if time.time() > due - 0.5 or waiting != count:
            raise Failure(f"of {count} checks {waiting} wait {due - time.time():.1f} s before they are due: making them took too long")
        time.sleep(max(0, due - 0.5 - time.time()))
        worked = self.worked()
        with around:
            seen = self.watch(due)
        took = seen[-1][0]
        at = {part: next(when for when, left in seen if left <= 1 - part) for part in (0.5, 0.99)}
        return {"perSecond": count / took, "p50Ms": at[0.5] * 1000, "p99Ms": at[0.99] * 1000, "micros": (self.worked() - worked) * 1e6 / count}


def timers(bench):
    count, rounds = bench.pick((500, 1), (50000, 2), (100000, 5))
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(TimerServer(bench, "timers"))
        others = [stack.enter_context(peer(bench, "timers")) for peer in peers.available(bench)]
        told = []

        def measure(side):
            if side is ours:
                told.append(ours.run_checks(count))
                return told[-1]["perSecond"]
            result = side.run("work", count // 10 if side.label == "beanstalkd-f0" else count)
            return result["rows"] / result["seconds"]

        kept = Turns(bench, [ours, *others]).run(rounds, measure)
    bench.add("timers.run", f"{count:,} due timers that have nothing to do, durable", kept, aim=figures.least(100000))
    bench.add("timers.run.cpu", "  processor's time of each", {"tocsin": [one["micros"] for one in told]}, "µs")
    bench.add("timers.run.p50", "  from their instant to their committed end: p50", {"tocsin": [one["p50Ms"] for one in told]}, "ms")
    bench.add("timers.run.p99", "  p99", {"tocsin": [one["p99Ms"] for one in told]}, "ms", figures.most(250))
