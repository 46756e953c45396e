"""Compares Tocsin's time zones with Python's zoneinfo, on the same tzdata.

Usage: zones_oracle.py PROGRAM [DIRECTORY]
PROGRAM is the built test_zones_oracle, DIRECTORY holds tzdata (by default the system's). Both read
the same files, by code that has nothing in common. fold=0 is our rule for local times: the offset
before a gap, and the first of two.
"""

import datetime
import subprocess
import sys
import zoneinfo

COMPARED_MIN = 100_000
SHOWN_MAX = 20
EPOCH = datetime.datetime(1970, 1, 1)
EPOCH_UTC = EPOCH.replace(tzinfo=datetime.timezone.utc)
SECOND = datetime.timedelta(seconds=1)


def utc_line(zone, second):
    """What the program should have printed for an instant."""
    local = (EPOCH_UTC + second * SECOND).astimezone(zone)
    return f"U {second} {local.utcoffset() // SECOND} {local.tzname()}"


def wall_line(zone, wall):
    """What the program should have printed for a wall clock."""
    local = EPOCH + wall * SECOND
    first = wall - local.replace(tzinfo=zone, fold=0).utcoffset() // SECOND
    other = wall - local.replace(tzinfo=zone, fold=1).utcoffset() // SECOND
    if first == other:
        return f"L {wall} {first} {first} u"
    # In a gap fold=1 takes the later offset, and so the earlier instant.
    if first > other:
        return f"L {wall} {first} {first} g"
    return f"L {wall} {first} {other} f"


def expected_line(zone, line):
    """The line that Python's zone would give for the same point."""
    kind, point = line.split(" ", 2)[:2]
    if kind == "U":
        return utc_line(zone, int(point))
    if kind == "L":
        return wall_line(zone, int(point))
    return "a conversion"


def compare(lines, known):
    """Counts conversions and differences, and prints the first few of these."""
    name, zone, compared, differ, seen = None, None, 0, 0, set()
    for line in lines:
        if line.startswith("Z "):
            name = line[2:]
            zone = zoneinfo.ZoneInfo(name)
            seen.add(name)
            continue
        expected = expected_line(zone, line)
        compared += 1
        if line != expected:
            differ += 1
            if differ <= SHOWN_MAX:
                print(f"{name}: got {line}, expected {expected}")
    missing = sorted(known - seen)
    if missing:
        print(f"{len(missing)} zones known to Python were not printed: {missing[:SHOWN_MAX]}")
    return compared, differ + len(missing)


def main():
    """Runs the program and compares all that it prints."""
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    directory = sys.argv[2] if len(sys.argv) == 3 else "/usr/share/zoneinfo"
    zoneinfo.reset_tzpath(to=[directory])
    # These lie beside the zones but are none, or only follow the machine's settings.
    known = zoneinfo.available_timezones() - {"localtime", "posixrules"}
    arguments = [sys.argv[1], directory]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as program:
        compared, differ = compare((line.rstrip("\n") for line in program.stdout), known)
    print(f"zones: {compared} conversions compared, {differ} differ")
    if program.returncode != 0 or differ > 0 or compared < COMPARED_MIN:
        sys.exit(1)


if __name__ == "__main__":
    main()
