"""Compares when a call may go out with two brute forces that share nothing with it.

Usage: business_hours_oracle.py PROGRAM
PROGRAM is the built business_hours_oracle. The zones are Python's zoneinfo. The first brute force cuts time where a zone's offset
changes, lays the open minutes of each local date onto the pieces, and takes the first second that lies in all guards' pieces: 100,000
random cases of a time, a zone and hours, with nights, holidays and legal hours in several zones. The second walks second by second
of wall clock, a minute at a time: each zone's next two changes of the clock, with hours that open and close beside and inside them.
Where both can answer they are compared with each other, too.
"""

import bisect
import datetime
import functools
import pathlib
import random
import sys
import zoneinfo

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import oracle  # noqa: E402  (tests/lib/oracle.py)

CASES = 100_000
MINUTE, HOUR, DAY = 60, 3600, 86400
EPOCH = datetime.date(1970, 1, 1)
UTC = datetime.timezone.utc
EVERY_DAY = 127
NOW = 1795824000  # 2026-11-28, as good as any other day.
# Years with skipped days, with unusual rules, of the present, and beyond the tables of the zones. Few, since each costs a search.
YEARS = (1971, 1974, 1982, 1993, 1994, 2005, 2011, 2018, 2023, 2025, 2026, 2027, 2037, 2044)
SEARCHED_DAYS = (2, 10, 60, 368)
# Zones in which clocks did something unusual, taken more often than the others.
ODD = ("Pacific/Apia", "Australia/Lord_Howe", "Africa/Cairo", "America/St_Johns", "Asia/Kathmandu", "Europe/Dublin",
       "America/Nuuk", "Asia/Gaza", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Tehran", "Antarctica/Troll",
       "Pacific/Kwajalein", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "Pacific/Chatham", "Asia/Manila")


@functools.cache
def zone_of(name):
    return zoneinfo.ZoneInfo(name)


def offset_at(name, second):
    return int(datetime.datetime.fromtimestamp(second, zone_of(name)).utcoffset().total_seconds())


@functools.cache
def changes_of(name, year):
    """The seconds in a year of UTC at which the offset changes, found by halving."""
    first = int(datetime.datetime(year, 1, 1, tzinfo=UTC).timestamp())
    last = int(datetime.datetime(year + 1, 1, 1, tzinfo=UTC).timestamp())
    changes = []
    before = offset_at(name, first)
    for start in range(first, last, DAY):
        low, high = start, start + DAY
        after = offset_at(name, high)
        if before != after:
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset_at(name, middle) == before else (low, middle)
            changes.append(high)
        before = after
    return tuple(changes)


def pieces_of(name, first, last):
    """[first, last) cut where the offset changes: (start, end, offset)."""
    years = range(datetime.datetime.fromtimestamp(first, UTC).year, datetime.datetime.fromtimestamp(last, UTC).year + 1)
    cuts = [cut for year in years for cut in changes_of(name, year) if first < cut < last]
    for start, end in zip([first, *cuts], [*cuts, last]):
        yield start, end, offset_at(name, start)


def date_of_day(day):
    return EPOCH + datetime.timedelta(days=day)


def lasts_to_midnight(day, holidays):
    """Such a holiday takes the rest of the night with it."""
    return any(date == date_of_day(day) and end == 1440 for date, _, end in holidays)


def open_minutes(day, windows, holidays):
    """The open pieces of a local date, in minutes, as a sorted list of [from, until)."""
    weekday, before = (day + 4) % 7, (day + 3) % 7
    pieces = []
    for start, end, days in windows:
        end = end or 1440
        over_night = end <= start
        if days >> weekday & 1:
            pieces.append((start, 1440 if over_night else end))
        if over_night and days >> before & 1 and not lasts_to_midnight(day - 1, holidays):
            pieces.append((0, end))
    closed = [(start, end) for date, start, end in holidays if date == date_of_day(day)]
    for start, end in closed:
        pieces = [cut for low, high in pieces for cut in ((low, min(high, start)), (max(low, end), high)) if cut[0] < cut[1]]
    return sorted(pieces)


def open_seconds(name, windows, holidays, first, last):
    """All open pieces of UTC in [first, last)."""
    out = []
    for start, end, offset in pieces_of(name, first, last):
        for day in range((start + offset) // DAY, (end - 1 + offset) // DAY + 1):
            for low, high in open_minutes(day, windows, holidays):
                low = max(day * DAY + low * MINUTE - offset, start)
                high = min(day * DAY + high * MINUTE - offset, end)
                if low < high:
                    out.append((low, high))
    return sorted(out)


def common(some, others):
    """The pieces that lie in both."""
    out, ends = [], [end for _, end in others]
    reached = []  # The latest end so far: pieces of one list may overlap, which only unions make possible.
    for end in ends:
        reached.append(max(end, reached[-1]) if reached else end)
    for low, high in some:
        for start, end in others[bisect.bisect_right(reached, low):]:
            if start >= high:
                break
            if max(low, start) < min(high, end):
                out.append((max(low, start), min(high, end)))
    return sorted(out)


def by_pieces(case):
    """The first second at or after that all guards allow; None where there is none in a year."""
    guards = [(case["zone"], case["windows"], case["holidays"])] if case["windows"] else []
    guards += [(name, [(*case["legal"], EVERY_DAY)], []) for name in case["legal_zones"] if case["legal"]]
    first = case["from"]
    for days in SEARCHED_DAYS:
        together = [(first, first + days * DAY)]
        for name, windows, holidays in guards:
            together = common(together, open_seconds(name, windows, holidays, first, first + days * DAY))
        if together:
            return together[0][0]
    return None


def is_open(name, windows, holidays, second):
    local = datetime.datetime.fromtimestamp(second, zone_of(name))
    minute, weekday = local.hour * 60 + local.minute, local.isoweekday() % 7
    if any(date == local.date() and start <= minute < end for date, start, end in holidays):
        return False
    yesterday = local.date() - datetime.timedelta(days=1)
    is_off = any(date == yesterday and end == 1440 for date, _, end in holidays)
    for start, end, days in windows:
        end = end or 1440
        today, since_yesterday = days >> weekday & 1, days >> (weekday - 1) % 7 & 1 and not is_off
        if start < end and today and start <= minute < end:
            return True
        if start >= end and ((today and minute >= start) or (since_yesterday and minute < end)):
            return True
    return False


def by_minutes(case):
    """The same by looking at each minute's beginning, for zones whose offsets are whole minutes."""
    second = case["from"]
    while not is_open(case["zone"], case["windows"], case["holidays"], second):
        second += MINUTE - second % MINUTE
        if second > case["from"] + 9 * DAY:
            return None
    return second


def any_window(rng):
    kind = rng.random()
    if kind < 0.5:
        start = rng.choice((0, 480, 540, 570, 600, rng.randrange(0, 1380)))
        return start, rng.choice((1440, 1020, 1080, rng.randrange(start + 1, 1441))), rng.choice((62, 62, 127, rng.randint(1, 127)))
    if kind < 0.8:  # Over night, or a whole day round.
        start = rng.randrange(1, 1440)
        return start, rng.choice((start, rng.randrange(0, start + 1))), rng.choice((62, 127, rng.randint(1, 127)))
    start = rng.choice((0, 30, 60, 90, 119, 120, 121, 150, 1410))  # Where clocks are changed.
    return start, min(start + rng.choice((1, 15, 30, 60, 600)), 1440), rng.choice((127, 1, 64, 65, rng.randint(1, 127)))


def any_case(rng, names):
    zone = rng.choice(ODD if rng.random() < 0.4 else names)
    year = rng.choice(YEARS)
    second = int(datetime.datetime(year, 1, 1, tzinfo=UTC).timestamp()) + rng.randrange(365 * DAY)
    changes = changes_of(zone, year)
    if changes and rng.random() < 0.6:
        second = rng.choice(changes) + rng.choice((-1, 0, 1, rng.randint(-2 * DAY, 2 * DAY), rng.randint(-3 * HOUR, 3 * HOUR)))
    windows = [any_window(rng) for _ in range(rng.choice((1, 1, 1, 2, 3, 5)))]
    today = datetime.datetime.fromtimestamp(second, zone_of(zone)).date()
    holidays = []
    for _ in range(rng.choice((0, 0, 1, 3, 12))):
        start = rng.choice((0, 0, 0, rng.randrange(1440)))
        holidays.append((today + datetime.timedelta(days=rng.randint(-1, 10)), start,
                         rng.choice((1440, rng.randint(start + 1, 1440)))))
    case = {"zone": zone, "windows": windows, "holidays": holidays, "from": second, "legal": None, "legal_zones": []}
    if rng.random() < 0.1:
        start = rng.choice((480, 540, rng.randrange(1440)))
        end = rng.choice((1260, 1200, rng.randrange(1, 1441)))
        if start != end:
            case["legal"] = (start, end)
            case["legal_zones"] = [rng.choice(names) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
            case["windows"] = windows if rng.random() < 0.7 else []
    return case


def next_changes(name, second, count):
    year, found = datetime.datetime.fromtimestamp(second, UTC).year, []
    while len(found) < count and year < 2030:
        found += [change for change in changes_of(name, year) if change > second]
        year += 1
    return found[:count]


def cases_beside(name, change):
    """Hours of a minute, of half an hour and over night around what clocks show before and after a change."""
    for shown in {offset_at(name, change - 1), offset_at(name, change)}:
        minute = (change + shown) % DAY // MINUTE
        for start, length in ((minute, 1), (minute - 30, 30), (minute - 1, 2), (minute + 30, 45), (minute - 90, 20), (minute, 1440)):
            start %= 1440
            window = (start, (start + length) % 1440 or 1440, EVERY_DAY)
            for begin in (-2 * HOUR, -30 * MINUTE, -1, 0, 40 * MINUTE):
                yield {"zone": name, "windows": [window], "holidays": [], "from": change + begin, "legal": None, "legal_zones": []}


def as_text(case):
    lines = [f"zone {case['zone']}"]
    lines += ["window {} {} {}".format(*window) for window in case["windows"]]
    lines += [f"holiday {date.year} {date.month} {date.day} {start} {end}" for date, start, end in case["holidays"]]
    if case["legal"]:
        lines.append("legal {} {}".format(*case["legal"]))
        lines += [f"legalzone {name}" for name in case["legal_zones"]]
    return "\n".join([*lines, f"go {case['from']}", ""])


def compare(title, program, cases, brute_force):
    """How many differ; the first few are shown."""
    answers = oracle.ask(program, "".join(map(as_text, cases)))
    wanted = ["never" if second is None else str(second) for second in map(brute_force, cases)]
    broken = [line for line in answers if line.startswith("X")]
    wrong = oracle.count_wrong(cases, [[line] for line in answers if not line.startswith("X")], [[right] for right in wanted])
    moved = sum(str(case["from"]) != right for case, right in zip(cases, wanted))
    never = wanted.count("never")
    print(f"{title}: {len(cases)} cases, {moved} moved, {never} never open, {wrong} differ, {len(broken)} unsound {broken[:3]}")
    return wrong + len(broken), moved


def main():
    rng = random.Random(20111230)
    program = sys.argv[1]
    known = zoneinfo.available_timezones()
    names = [name for name in oracle.ask(program, "names\n")[:-1] if name in known]
    cases = [any_case(rng, names) for _ in range(CASES)]
    beside = [case for name in names for change in next_changes(name, NOW, 2) for case in cases_beside(name, change)]
    differ, moved = compare("random times, zones and hours", program, cases, by_pieces)
    differ_beside, moved_beside = compare("the next two changes of each zone", program, beside, by_minutes)
    both = rng.sample(beside, min(len(beside), 2000))
    disagree = [case for case in both if by_minutes(case) != by_pieces(case)]
    print(f"{len(names)} zones; the two brute forces disagree on {len(disagree)} of {len(both)} {disagree[:3]}")
    if differ or differ_beside or disagree or moved < CASES // 3 or moved_beside < 1000 or len(names) < 300:
        sys.exit(1)


if __name__ == "__main__":
    main()
