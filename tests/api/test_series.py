#!/usr/bin/env python3
"""Chains of recurring calls over three years of virtual time, through the whole server, which is killed on the way: each call of each
series is the one that dateutil and zoneinfo name (tests/counterparty/call_series_oracle.py), linked to the one before, none lost and
none twice. Requirements S6, S9."""
import datetime
import pathlib
import random
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HERE / "lib"), str(HERE / "counterparty")]
from live import Checks, skip  # noqa: E402
from server import Server  # noqa: E402
try:
    import dateutil.rrule  # noqa: F401
    from call_series_oracle import any_case, chain
except ImportError:
    skip("python3-dateutil is not installed")

YEARS = ((2010, ("Pacific/Apia", "America/St_Johns")), (2025, ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
                                                               "Asia/Kathmandu", "Asia/Gaza")))
SERIES = 20  # In each of two servers.
SPAN = 3 * 366 * 86400
KILLS = 12
FREQUENCIES = {"D": "daily", "W": "weekly", "M": "monthly"}
UTC = datetime.timezone.utc
checks = Checks()


def cases_of(rng, year, zones):
    """Series as the oracle makes them, that begin in this year in these zones, each with one or two thousand calls at most."""
    cases = []
    while len(cases) < SERIES:
        case, _ = any_case(rng)
        rule = case.get("rule", "")
        if "down" in case or rule.startswith("FREQ=HOURLY") or "BYHOUR" in rule:
            continue  # A server that is away is the oracle's own; the last two are many calls and prove the same.
        case["zone"] = rng.choice(zones)
        moved = case["anchor"].replace(year=year, day=min(case["anchor"].day, 28) if case["anchor"].month == 2 else case["anchor"].day)
        years = datetime.timedelta(days=(moved - case["anchor"]).days)
        case["anchor"] = moved
        for name in ("end_date", "end_at", "until"):
            if name in case:
                case[name] += years if name == "end_date" else years.days * 86400
        if "until" in case:
            case["suffix"] = datetime.datetime.fromtimestamp(case["until"], UTC).strftime(";UNTIL=%Y%m%dT%H%M%SZ")
        cases.append(case)
    return cases


def body_of(case, agent, number):
    recurring = {"frequency": FREQUENCIES[case["kind"]], "interval": case["interval"]} if case["kind"] in FREQUENCIES else \
        {"rrule": case["rule"] + case.get("suffix", "")}
    if case["most"]:
        recurring["maxOccurrences"] = case["most"]
    if "end_date" in case:
        recurring["endDate"] = str(case["end_date"])
    if "end_at" in case:
        recurring["endDate"] = datetime.datetime.fromtimestamp(case["end_at"], UTC).isoformat()
    return {"phoneNumber": f"+1415555{number:04d}", "agentId": agent, "userId": f"series-{number}", "timezone": case["zone"],
            "scheduledFor": case["anchor"].isoformat(), "respectBusinessHours": False, "recurring": recurring}


def walk(server, seconds):
    """Three years in portions, with a kill -9 after each; the clock goes on where it was."""
    for _ in range(KILLS):
        server.at = server.advance(seconds // KILLS)
        server.kill()
        server.start()


def calls_of(server, first):
    """(number, place, second) of each call, and whether each is linked to the one before it and to the first."""
    rows = server.query("SELECT id, parent_id, previous_id, occurrence_number, place, nominal_for, status FROM scheduled_calls "
                        "WHERE id=? OR parent_id=? ORDER BY occurrence_number", first, first)
    linked = all((row[1], row[2]) == ((None, None) if at == 0 else (first, rows[at - 1][0])) for at, row in enumerate(rows))
    ended = all(row[6] == "completed" for row in rows[:-1])
    return [(row[3], row[4], row[5] // 1000) for row in rows], linked and ended, rows[-1][6]


def compare(server, case, first, now):
    """The rows against the oracle, up to the one that is pending."""
    lines = chain(case, now)
    wanted = [tuple(int(word) for word in line.split()[:3]) for line in lines[:-1]]
    calls, is_linked, last = calls_of(server, first)
    done = calls[:-1] if last == "pending" else calls
    is_over = lines[-1] != "end until"
    ends = server.query("SELECT series_ended FROM scheduled_calls WHERE (id=? OR parent_id=?) AND series_ended IS NOT NULL", first, first)
    same = done == wanted and is_linked and (last == "pending") != is_over and len(ends) == is_over
    differ = next(((got, right) for got, right in zip(done, wanted) if got != right), None)
    checks.ok(same, f"{case['zone']} {case['anchor']} {case.get('rule', case['kind'])}{case.get('suffix', '')} every {case['interval']}: "
              f"{len(wanted)} calls, {lines[-1]}", f"{len(done)} calls, linked {is_linked}, last {last}, ended {ends}", differ)
    return len(wanted)


def folder_in_memory():
    """Where there is one: three years are 26,000 timers of the house alone, and kill -9 needs no disk to be one."""
    memory = pathlib.Path("/dev/shm")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-series-", dir=memory if memory.is_dir() else None))
    checks.at_end(lambda: shutil.rmtree(folder, ignore_errors=True))
    return folder


def three_years(year, zones):
    rng = random.Random(year)
    cases = cases_of(rng, year, zones)
    server = Server(checks, f"series-{year}", folder=folder_in_memory(), at=f"{year - 1}-12-30T00:00:00Z", LOG_LEVEL="warn").start()
    agent = server.post("/agents", {"name": "Ava", "script": "Hello."})["id"]
    firsts = []
    for number, case in enumerate(cases):
        server.post("/scheduling/schedule", body_of(case, agent, number))
        firsts.append(server.query("SELECT max(id) FROM scheduled_calls")[0][0])
    walk(server, SPAN)
    now = int(datetime.datetime.fromisoformat(server.at.replace("Z", "+00:00")).timestamp())
    calls = sum(compare(server, case, first, now) for case, first in zip(cases, firsts))
    checks.ok(calls > 2000, f"{year}: {calls} calls in all", calls)
    found = server.get("/verify")
    checks.equal((found["countersWrong"], found["lost"]), (0, 0), f"{year}: counters are what the rows say, and nothing is lost")
    server.stop()


def main():
    for year, zones in YEARS:
        three_years(year, zones)


checks.run(main)
