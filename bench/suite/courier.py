"""script/bench courier: texts over HTTP to a peer on this machine that takes everything."""
import contextlib
import json
import subprocess
import time

from suite import figures
from suite.common import Failure, iso, percentile, seconds_of
from suite.server import Server


@contextlib.contextmanager
def provider(bench):
    """A peer that takes every message at once; yields its settings and where it writes down what came when."""
    record = bench.folder / "provider.record"
    process = subprocess.Popen([bench.program("tocsin-bench-provider"), str(record)], stdout=subprocess.PIPE, text=True)
    rules = bench.folder / "rules.json"
    rules.write_text(json.dumps({"stages": [{"stage": 1, "alertType": "MEETING_URGENT_MESSAGE", "minutesBefore": 15,
                                             "validUntilMinutesBefore": 5, "channel": "MESSAGE"}]}))
    try:
        yield {"SMS_PROVIDER": "twilio", "TWILIO_API_BASE_URL": f"http://127.0.0.1:{process.stdout.readline().strip()}",
               "TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "bench", "TWILIO_FROM_NUMBER": "+15005550006",
               "TOCSIN_PUBLIC_URL": "https://bench.example.test", "SMS_SEGMENTS_PER_SECOND": "0",
               "TOCSIN_RULES_FILE": str(rules)}, record
    finally:
        process.terminate()
        process.wait(10)


def sent(bench, name, count, span, lead):
    """When each request arrived after its message was claimed (ms, sorted), and the seconds from the due instant to the first and
    to the last arrival."""
    with provider(bench) as (settings, record), Server(bench, name, **settings) as server:
        ids = server.add_people(count)  # One text each: several open subjects of one person would cost short codes.
        due = int(time.time()) + lead
        step = int(span * 1e6 / count)
        server.push(ids, name, count=count, first=iso(due + 900), step_us=max(step, 1), cycle=count if step else 1)
        if time.time() > due - 0.5:
            raise Failure("pushing took longer than there was time")
        wait = due + span + 60
        arrived = {}
        while len(arrived) < count and time.time() < wait:
            time.sleep(0.5)
            whole = record.read_text().rpartition("\n")[0]  # The last line may still be being written.
            arrived = {line.split()[0]: int(line.split()[1]) / 1e6 for line in whole.splitlines()}
        share, cursor = [], ""
        while cursor is not None:
            page = server.ask(f"/api/v1/messages?limit=1000{cursor}")
            share += [(arrived[one["id"]] - seconds_of(one["claimedAt"])) * 1000 for one in page["messages"] if one["id"] in arrived]
            cursor = "&cursor=" + page["cursor"] if "cursor" in page else None
    if len(arrived) != count or len(share) != count:
        raise Failure(f"{count} messages were due, {len(arrived)} arrived, {len(share)} are known here")
    return sorted(share), min(arrived.values()) - due, max(arrived.values()) - due


def courier(bench):
    count, runs = bench.pick((200, 1), (10000, 1), (10000, 3))
    results = [sent(bench, f"sends{run}", count, 0, bench.pick(4, 8, 8)) for run in range(runs)]
    bench.add("courier.rate", f"{count:,} SMS due at one instant, from the first to the last", {"tocsin": [count / (run[2] - run[1]) for run in results]},
              aim=figures.least(5000, "issue 3"))
    bench.add("courier.last", "  the last at the provider", {"tocsin": [run[2] for run in results]}, "s", better=figures.LESS)
    count, span = bench.pick((100, 1), (5000, 5), (10000, 10))
    shares = [sent(bench, f"paced{run}", count, span, bench.pick(4, 8, 8))[0] for run in range(runs)]
    bench.add("courier.share.p99", f"claim to wire at {count // span:,} /s: p99", {"tocsin": [percentile(one, 0.99) for one in shares]}, "ms",
              figures.most(20, "issue 3"), note="claimedAt has whole milliseconds")
    bench.add("courier.share.p50", "  p50", {"tocsin": [percentile(one, 0.5) for one in shares]}, "ms")
