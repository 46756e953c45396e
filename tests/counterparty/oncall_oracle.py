"""Compares who is on call with a brute force, minute by minute over two years in six zones with DST.

Usage: oncall_oracle.py PROGRAM
PROGRAM is the built oncall_oracle. The brute force shares nothing with it: it takes the zones from Python's zoneinfo, walks over
every minute, and remembers for each rotation and window whether its next wall-clock boundary has been seen. The schedules are made
from a fixed seed, with handoffs that lie in gaps and folds, windows over midnight, overrides that overlap, and people who were
removed.
"""

import datetime
import pathlib
import random
import sys
import zoneinfo

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import oracle  # noqa: E402  (tests/lib/oracle.py)

DAY = 1440
EPOCH = datetime.datetime(1970, 1, 1)
SCHEDULES_A_ZONE = 1
# The years are those in which each zone did something worth a look; the times of day lie in its gaps and folds, or beside them.
ZONES = (
    ("America/New_York", 2025, (0, 60, 90, 120, 150, 180, 540)),
    ("Europe/Berlin", 2025, (0, 60, 120, 150, 179, 180, 480)),
    ("Australia/Lord_Howe", 2025, (0, 90, 105, 120, 135, 150, 1020)),
    ("Africa/Cairo", 2023, (0, 30, 60, 1380, 1410, 1439, 600)),  # DST came back; its gap is at midnight.
    ("America/St_Johns", 2010, (0, 1, 30, 61, 120, 150, 1380)),  # Changed at 00:01, from 2011 on at 02:00.
    ("Pacific/Apia", 2011, (0, 180, 210, 240, 300, 720, 1439)),  # No 30 December 2011.
)


def minute_of(year, month=1, day=1):
    return (datetime.datetime(year, month, day) - EPOCH) // datetime.timedelta(minutes=1)


def walls_reached(name, first, last):
    """For each minute the latest wall clock, in minutes, that was ever shown by then."""
    zone = zoneinfo.ZoneInfo(name)
    local = datetime.datetime.fromtimestamp
    known = {}
    reached, latest = [], -1
    for minute in range(first, last):
        offset = local(minute * 60, zone).utcoffset()
        ahead = known.get(offset)
        if ahead is None:
            ahead = known[offset] = offset // datetime.timedelta(minutes=1)
        if minute + ahead > latest:
            latest = minute + ahead
        reached.append(latest)
    return reached


def weekday(wall):
    """0 is Sunday; 1970-01-01 was a Thursday."""
    return (wall // DAY + 4) % 7


def first_boundary(layer, wall):
    """The handoff before or at the layer's start, by going back minute by minute."""
    while wall % DAY != layer["handoff"] or (layer["kind"] == "W" and weekday(wall) != layer["day"]):
        wall -= 1
    return wall


def turns(layer, reached, first):
    """Whose turn it is at each minute, by name; 0 outside of the layer's time."""
    step = layer["interval"] * {"H": 60, "D": DAY, "W": 7 * DAY}[layer["kind"]]
    start, end = layer["start"], layer["end"] or first + len(reached)
    names = [max(member, 0) for member in layer["members"]]
    out = [0] * (start - first)
    clocks = range(first, first + len(reached)) if layer["kind"] == "H" else reached
    boundary = (start if layer["kind"] == "H" else first_boundary(layer, reached[start - first])) + step
    place = 0
    for at in range(start - first, end - first):
        while clocks[at] >= boundary:
            boundary += step
            place += 1
            if place == len(names):
                place = 0
        out.append(names[place])
    return out + [0] * (len(reached) - len(out))


def days_open(window, wall_first, wall_last):
    """Every minute of wall clock in which the window is open, as a set of pieces [from, until)."""
    start, end, days = window
    length = end - start if end > start else end - start + DAY
    for midnight in range(wall_first // DAY * DAY - DAY, wall_last + DAY, DAY):
        if days >> weekday(midnight) & 1:
            yield midnight + start, midnight + start + length


def opened(layer, reached):
    """For each minute whether the layer covers it."""
    if not layer["windows"]:
        return None
    base = reached[0]
    flags = bytearray(reached[-1] - base + 1)
    for window in layer["windows"]:
        for start, end in days_open(window, base, reached[-1]):
            for wall in range(max(start - base, 0), min(end - base, len(flags))):
                flags[wall] = 1
    return [flags[wall - base] for wall in reached]


def brute_force(case, reached, first, begin):
    """The changes [(minute, member)] from `begin` on."""
    final = [0] * len(reached)
    for layer in case["layers"]:
        names, is_open = turns(layer, reached, first), opened(layer, reached)
        if is_open is not None:
            names = [name if flag else 0 for name, flag in zip(names, is_open)]
        final = [name or below for name, below in zip(names, final)]
    for start, end, member in case["overrides"]:
        if member >= 0:
            for minute in range(max(start, first), min(end, first + len(final))):
                final[minute - first] = member
    changes, before = [], -1
    for at in range(begin - first, len(final)):
        if final[at] != before:
            before = final[at]
            changes.append((first + at, before))
    return changes


def new_layer(rng, times, begin, end, is_base):
    kind = rng.choice("HDDWW")
    members = [rng.randint(1, 9) for _ in range(rng.randint(1, 5))]
    if len(members) > 1 and rng.random() < 0.4:
        members[rng.randrange(len(members))] *= -1
    windows = [] if is_base else [
        (rng.choice(times), rng.choice(times), rng.choice((127, 62, 65, 1 << rng.randrange(7), rng.randint(1, 127))))
        for _ in range(rng.randint(0, 3))]
    start = begin - rng.randint(0, 30 * DAY) if is_base else begin + rng.randint(-20 * DAY, 120 * DAY)
    return {"kind": kind, "interval": rng.choice((1, 1, 2, 3, 7, 12) if kind == "H" else (1, 1, 2, 3)),
            "handoff": rng.choice(times), "day": rng.choice((0, 0, 4, 5, 6, rng.randrange(7))), "start": start,
            "end": rng.choice((0, 0, end - rng.randint(0, 300 * DAY))), "members": members, "windows": windows}


def new_case(rng, times, begin, end):
    layers = [new_layer(rng, times, begin, end, place == 0) for place in range(rng.randint(3, 4))]
    overrides = []
    for _ in range(8):
        start = begin + rng.randint(0, end - begin - 1)
        overrides.append((start, start + rng.randint(1, 40 * DAY), rng.choice((0, 11, 12, 13, 14, -15))))
    middle = begin + (end - begin) // 2
    overrides += [(middle, middle + 10 * DAY, 16), (middle + DAY, middle + 3 * DAY, 17), (middle + 2 * DAY, middle + 12 * DAY, 18)]
    rng.shuffle(overrides)
    return {"layers": layers, "overrides": overrides}


def as_text(name, case, begin, end):
    lines = [f"zone {name}"]
    for layer in case["layers"]:
        lines.append(" ".join(map(str, ("layer", layer["kind"], layer["interval"], layer["handoff"], layer["day"], layer["start"],
                                        layer["end"], *layer["members"], 0))))
        lines += [f"window {start} {until} {days}" for start, until, days in layer["windows"]]
    lines += [f"override {start} {until} {member}" for start, until, member in case["overrides"]]
    return "\n".join(lines + [f"go {begin} {end}", ""])


def main():
    rng = random.Random(20111230)
    cases, wanted, texts, minutes = [], [], [], 0
    for name, year, times in ZONES:
        begin, end = minute_of(year), minute_of(year + 2)
        first = begin - 60 * DAY
        reached = walls_reached(name, first, end)
        for _ in range(SCHEDULES_A_ZONE):
            case = new_case(rng, times, begin, end)
            cases.append((name, case))
            wanted.append([f"{minute} {member}" for minute, member in brute_force(case, reached, first, begin)] + ["end"])
            texts.append(as_text(name, case, begin, end))
            minutes += end - begin
    changes = sum(len(lines) - 1 for lines in wanted)
    differ = oracle.count_wrong(cases, oracle.ask_cases(sys.argv[1], "".join(texts)), wanted)
    print(f"on call: {minutes} minutes in {len(ZONES)} zones, {changes} changes, {differ} of {len(cases)} schedules differ")
    if differ or changes < 1000:
        sys.exit(1)


if __name__ == "__main__":
    main()
