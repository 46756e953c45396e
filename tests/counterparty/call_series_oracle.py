"""Compares the chains of recurring calls over three years with dateutil and Python's zoneinfo.

Usage: call_series_oracle.py PROGRAM
PROGRAM is the built call_series_oracle. Wall clocks come from dateutil: relativedelta from the anchor for months (the last day of a
shorter month, and back), rrule for the rest and for RRULE texts. zoneinfo turns them into UTC: fold=0 is the offset before a gap,
and the first of two. Ends are a count, a local date, an instant, COUNT and UNTIL; in a third of the series the server is down for a
while, so that one call is late and what it missed is skipped. Beside these random ones each zone that there is has a daily series at
02:30, where clocks are changed, over the three years.
"""

import collections
import datetime
import itertools
import pathlib
import random
import sys
import zoneinfo

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import oracle  # noqa: E402  (tests/lib/oracle.py)

try:
    from dateutil.relativedelta import relativedelta
    from dateutil.rrule import DAILY, WEEKLY, rrule, rrulestr
except ImportError:
    print("skipped: python3-dateutil is not installed")
    sys.exit(77)

SERIES = 3000
DAY = 86400
UTC = datetime.timezone.utc
SPAN = 3 * 366 * DAY
# A zone and the year in which its chains begin: something happens to the clocks of each in the three years from then on.
ZONES = (("Europe/Berlin", 2025), ("America/New_York", 2026), ("Australia/Lord_Howe", 2025), ("Africa/Cairo", 2022),
         ("America/St_Johns", 2009), ("Pacific/Apia", 2010), ("Africa/Casablanca", 2025), ("Asia/Kathmandu", 2026),
         ("America/Sao_Paulo", 2017), ("Europe/Dublin", 2040), ("Pacific/Kwajalein", 1992), ("Asia/Gaza", 2026))
TIMES = ((2, 30, 0), (0, 0, 0), (0, 30, 0), (9, 0, 0), (1, 59, 59), (3, 0, 0), (23, 59, 59), (2, 0, 0), (1, 45, 0))
RULES = ("FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
         "FREQ=MONTHLY", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYDAY=2TU", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
         "FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU", "FREQ=HOURLY;INTERVAL=7", "FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=0,30",
         "FREQ=MONTHLY;BYMONTHDAY=29,30,31;BYHOUR=0,23", "FREQ=YEARLY;BYYEARDAY=364,365,366,1,2")


def second_of(zone, wall):
    return int(wall.replace(tzinfo=zone, fold=0).timestamp())


def walls_of(case):
    """The wall clocks from the anchor on, without an end but those of an RRULE."""
    anchor, kind = case["anchor"], case["kind"]
    if kind == "M":
        return (anchor + relativedelta(months=step * case["interval"]) for step in itertools.count())
    if kind in "DW":
        return iter(rrule(DAILY if kind == "D" else WEEKLY, interval=case["interval"], dtstart=anchor))
    ruled = iter(rrulestr(case["rule"], dtstart=anchor))
    return itertools.chain([anchor], (wall for wall in ruled if wall > anchor))


def ends_before(case, made, place, wall, second):
    """Why this occurrence is none any more: `made` calls were before it."""
    if case["most"] and made >= case["most"]:
        return "all"
    if "count" in case and place > case["count"]:
        return "all"
    if "until" in case and second > case["until"]:
        return "over"
    if "end_date" in case and wall.date() > case["end_date"]:
        return "past"
    if "end_at" in case and second > case["end_at"]:
        return "past"
    return ""


def over_at(case, second):
    """When a call that was due then has ended."""
    end = second + 1
    return case["down"][1] if "down" in case and case["down"][0] <= end < case["down"][1] else end


def chain(case, until):
    """The lines that the program should print."""
    zone = zoneinfo.ZoneInfo(case["zone"])
    lines, previous, over, skipped = [], None, None, 0
    for place, wall in enumerate(walls_of(case), 1):
        second = second_of(zone, wall)
        reason = ends_before(case, len(lines), place, wall, second) if place > 1 else ""
        if reason:
            return [*lines, f"end {reason}"]
        if previous is not None and second <= previous:
            continue
        if over is not None and second <= over:
            previous, skipped = second, skipped + 1
            continue
        if second > until:
            return [*lines, "end until"]
        lines.append(f"{len(lines) + 1} {place} {second} {skipped}")
        previous, over, skipped = second, over_at(case, second), 0
    return [*lines, "end over"]


def any_case(rng):
    zone, year = rng.choice(ZONES)
    day = datetime.date(year, 1, 1) + datetime.timedelta(days=rng.randrange(365))
    if rng.random() < 0.4:
        day = rng.choice((datetime.date(year, 1, 31), datetime.date(year, 8, 31), datetime.date(year, 12, 29), datetime.date(year, 1, 30)))
    anchor = datetime.datetime(day.year, day.month, day.day, *rng.choice(TIMES))
    start = second_of(zoneinfo.ZoneInfo(zone), anchor)
    case = {"zone": zone, "anchor": anchor, "kind": rng.choice("DDWMMMRRR"), "interval": rng.choice((1, 1, 2, 3, 5)), "most": 0}
    if case["kind"] == "R":
        case["rule"] = rng.choice(RULES)
    ends = rng.choice(("", "", "most", "end_date", "end_at", "rule"))
    reach = rng.randrange(start, start + SPAN)
    if ends == "most":
        case["most"] = rng.randint(1, 60)
    elif ends == "end_date":
        case["end_date"] = datetime.datetime.fromtimestamp(reach, UTC).date()
    elif ends == "end_at":
        case["end_at"] = reach
    elif ends == "rule" and case["kind"] == "R":
        if rng.random() < 0.5:
            case["count"] = rng.randint(1, 200)
            case["suffix"] = f";COUNT={case['count']}"
        else:
            case["until"] = reach
            case["suffix"] = datetime.datetime.fromtimestamp(reach, UTC).strftime(";UNTIL=%Y%m%dT%H%M%SZ")
    if rng.random() < 0.33:
        begin = rng.randrange(start, start + SPAN)
        case["down"] = (begin, begin + rng.choice((3600, 5 * DAY, 40 * DAY, 200 * DAY)))
    return case, start + SPAN


def in_every_zone():
    anchor = datetime.datetime(2026, 1, 1, 2, 30)
    for name in sorted(zoneinfo.available_timezones() - {"localtime", "posixrules", "build/etc/localtime"}):
        case = {"zone": name, "anchor": anchor, "kind": "D", "interval": 1, "most": 0}
        yield case, second_of(zoneinfo.ZoneInfo(name), anchor) + SPAN


def as_text(case, until):
    lines = [f"series {case['zone']} {case['anchor']:%Y %m %d %H %M %S}"]
    lines.append(f"rule {case['rule']}{case.get('suffix', '')}" if case["kind"] == "R" else f"every {case['kind']} {case['interval']}")
    if case["most"]:
        lines.append(f"most {case['most']}")
    if "end_date" in case:
        lines.append(f"enddate {case['end_date']:%Y %m %d}")
    if "end_at" in case:
        lines.append(f"endat {case['end_at']}")
    if "down" in case:
        lines.append("down {} {}".format(*case["down"]))
    return "\n".join([*lines, f"go {until}", ""])


def main():
    rng = random.Random(20111230)
    zones = list(in_every_zone())
    cases = [any_case(rng) for _ in range(SERIES)] + zones
    answers = oracle.ask_cases(sys.argv[1], "".join(as_text(*case) for case in cases))
    wanted = [chain(*case) for case in cases]
    calls = sum(len(lines) - 1 for lines in wanted)
    skipped = sum(int(line.split()[3]) for lines in wanted for line in lines[:-1])
    ends = collections.Counter(lines[-1] for lines in wanted)
    differ = oracle.count_wrong(cases, answers, wanted)
    print(f"series: {len(cases)} in {len(ZONES)} zones and one in each of {len(zones)}, {calls} calls, {skipped} skipped, ends {dict(ends)}, {differ} differ")
    if differ or calls < 100_000 or skipped < 1000 or len(ends) < 4 or len(zones) < 300:
        sys.exit(1)


if __name__ == "__main__":
    main()
