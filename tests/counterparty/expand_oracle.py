"""expand_oracle: our expansion of calendars against python-dateutil's rules and Python's own zones.

Random events of the shapes that Google, Outlook and Apple write: a zone, a rule, exclusions, additions and overrides. What
they mean is worked out here from RFC 5545 by means of others: dateutil names the wall-clock times, zoneinfo converts them
(PEP 495 with fold=0 is the RFC's reading of gaps and folds).
Usage: expand_oracle.py PROGRAM [CASES] [SEED]. Exit code 77: skipped, the last line says why.
"""
import datetime as dt
import random
import subprocess
import sys

try:
    from dateutil.rrule import rrulestr
    from zoneinfo import ZoneInfo
    ZoneInfo("Europe/Berlin")
except Exception as error:  # no dateutil, or no tzdata
    print(f"skipped: {error} (apt: python3-dateutil tzdata)")
    sys.exit(77)

UTC = dt.timezone.utc
ZONES = ["Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata",
         "Africa/Cairo", "Europe/Dublin", "Pacific/Auckland", "America/St_Johns", "UTC"]
WINDOWS = {"Europe/Berlin": "W. Europe Standard Time", "America/New_York": "Eastern Standard Time",
           "Asia/Kolkata": "India Standard Time"}
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
DAY = dt.timedelta(days=1)


def rule(rng):
    kind = rng.choice(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY"])
    parts = [f"FREQ={kind}"]
    if rng.random() < 0.4:
        parts.append(f"INTERVAL={rng.randint(1, 4)}")
    if kind == "WEEKLY" and rng.random() < 0.8:
        parts.append("BYDAY=" + ",".join(sorted(rng.sample(DAYS, rng.randint(1, 4)), key=DAYS.index)))
        if rng.random() < 0.3:
            parts.append("WKST=" + rng.choice(["MO", "SU"]))
    elif kind == "MONTHLY":
        shape = rng.randint(0, 3)
        if shape == 0:
            parts.append("BYMONTHDAY=" + rng.choice(["1", "15", "31", "-1", "28,29,30"]))
        elif shape == 1:
            parts.append("BYDAY=" + rng.choice(["1", "2", "3", "4", "5", "-1"]) + rng.choice(DAYS))
        elif shape == 2:
            parts.append("BYDAY=MO,TU,WE,TH,FR;BYSETPOS=" + rng.choice(["1", "-1", "2"]))
    elif kind == "YEARLY" and rng.random() < 0.5:
        parts.append(f"BYMONTH={rng.choice([3, 10, 11])};BYDAY={rng.choice(['1SU', '2SU', '-1SU'])}")
    return ";".join(parts)


def stamp(wall):
    return wall.strftime("%Y%m%dT%H%M%S")


def instant(wall, zone):
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def text(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def named(name, wall, zone, written):
    """A property in one of the ways to say one instant."""
    if zone == "UTC" or written == "utc":
        return f"{name}:{stamp(instant(wall, zone))}Z"
    return f"{name};TZID={WINDOWS[zone] if written == 'windows' and zone in WINDOWS else zone}:{stamp(wall)}"


def is_plain(wall, zone):
    """Neither in a gap nor in a fold, so that it may be written in UTC and read back."""
    aware = wall.replace(tzinfo=ZoneInfo(zone))
    return aware.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall and \
        aware.utcoffset() == aware.replace(fold=1).utcoffset()


class Case:
    def __init__(self, rng):
        self.rng = rng
        self.zone = rng.choice(ZONES)
        self.start = dt.datetime(rng.randint(2015, 2026), rng.randint(1, 12), rng.randint(1, 28),
                                 rng.choice([0, 1, 1, 2, 2, 3, 9, 17, 23]), rng.choice([0, 15, 30]))
        self.rule = rule(rng)
        if rng.random() < 0.8:  # Mostly a start that the rule names, as real programs write it.
            self.start = next(iter(rrulestr(self.rule, dtstart=self.start)))
        year = rng.randint(min(max(2018, self.start.year), 2027), 2027)
        self.begin = dt.datetime(year, rng.randint(1, 12), rng.randint(1, 28), rng.randint(0, 23), tzinfo=UTC)
        self.end = self.begin + rng.choice([3, 15, 45, 200]) * DAY
        self.bound()
        self.length()

    def bound(self):
        self.limit = None
        choice = self.rng.random()
        if choice < 0.25:
            self.rule += f";COUNT={self.rng.randint(1, 60)}"
        elif choice < 0.5:
            self.limit = self.start + self.rng.randint(0, 1500) * DAY
            if not is_plain(self.limit, self.zone):
                self.limit = None
                return
            self.rule_text = self.rule + f";UNTIL={stamp(instant(self.limit, self.zone))}Z"
            return
        self.rule_text = self.rule

    def length(self):
        if not hasattr(self, "rule_text"):
            self.rule_text = self.rule
        if self.rng.random() < 0.5:
            until = self.start + self.rng.choice([0, 30, 60, 24 * 60, 40 * 60]) * dt.timedelta(minutes=1)
            self.exact = max(instant(until, self.zone) - instant(self.start, self.zone), 0 * DAY)
            self.days = 0
            self.length_line = named("DTEND", until, self.zone, "zone")
        else:
            self.days = self.rng.choice([0, 0, 1, 2])
            minutes = self.rng.choice([0, 30, 90])
            self.exact = minutes * dt.timedelta(minutes=1)
            self.length_line = f"DURATION:P{f'{self.days}D' if self.days or not minutes else ''}" + \
                (f"T{minutes}M" if minutes else "")

    def end_of(self, wall):
        at = instant(wall, self.zone)
        return (instant(wall + self.days * DAY, self.zone) if self.days else at) + self.exact

    def walls(self):
        """Wall-clock starts up to a little behind the window."""
        last = self.end.replace(tzinfo=None) + 3 * DAY
        found = {self.start}
        for wall in rrulestr(self.rule, dtstart=self.start):
            if wall > last or (self.limit is not None and wall > self.limit):
                break
            found.add(wall)
        return found

    def build(self):
        walls = self.walls()
        lines = [named("DTSTART", self.start, self.zone, self.rng.choice(["zone", "windows"])), self.length_line,
                 f"RRULE:{self.rule_text}"]
        plain = sorted(wall for wall in walls if is_plain(wall, self.zone))
        rdates = [self.start + self.rng.randint(1, 900) * DAY + dt.timedelta(hours=3)
                  for _ in range(self.rng.choice([0, 0, 1, 3]))]
        rdates = [wall for wall in rdates if is_plain(wall, self.zone)]
        lines += [named("RDATE", wall, self.zone, self.rng.choice(["zone", "utc", "windows"])) for wall in rdates]
        excluded = self.rng.sample(plain, min(len(plain), self.rng.choice([0, 0, 1, 4])))
        walls |= set(rdates)
        for wall in excluded:
            if self.rng.random() < 0.3:
                lines.append("EXDATE;VALUE=DATE:" + wall.strftime("%Y%m%d"))
                walls -= {other for other in walls if other.date() == wall.date()}
            else:
                lines.append(named("EXDATE", wall, self.zone, self.rng.choice(["zone", "utc", "windows"])))
                walls.discard(wall)
        # Two wall clocks may be one instant: what a gap swallowed, and the time behind it.
        starts = {}
        for wall in sorted(walls):
            starts.setdefault(instant(wall, self.zone), (instant(wall, self.zone), self.end_of(wall)))
        return self.finish(lines, starts, sorted(walls & set(plain)))

    def finish(self, lines, starts, plain):
        overrides = []
        for wall in self.rng.sample(plain, min(len(plain), self.rng.choice([0, 0, 1, 3]))):
            original = instant(wall, self.zone)
            moved = original + self.rng.choice([-2, 1, 24 * 40]) * dt.timedelta(hours=1)
            starts[original] = (moved, moved + dt.timedelta(minutes=20))
            overrides += ["BEGIN:VEVENT", "UID:u",
                          named("RECURRENCE-ID", wall, self.zone, self.rng.choice(["zone", "utc", "windows"])),
                          f"DTSTART:{stamp(moved)}Z", "DURATION:PT20M", "END:VEVENT"]
        master = ["BEGIN:VEVENT", "UID:u", *lines, "END:VEVENT"]
        parts = master + overrides if self.rng.random() < 0.5 else overrides + master
        calendar = ["BEGIN:VCALENDAR", *parts, "END:VCALENDAR"]
        expected = sorted(f"{text(start)} {text(end)} u/{stamp(original)}Z"
                          for original, (start, end) in starts.items()
                          if start < self.end and (end > self.begin or (start == end and start >= self.begin)))
        return calendar, expected


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1500
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20260105
    rng = random.Random(seed)
    cases = []
    for _ in range(count):
        case = Case(rng)
        calendar, expected = case.build()
        cases.append((f"{text(case.begin)} {text(case.end)} Asia/Tokyo", calendar, expected))
    asked = "".join("\n".join([head, *calendar, "."]) + "\n" for head, calendar, _ in cases)
    answers = subprocess.run([program], input=asked, capture_output=True, text=True, check=True).stdout
    got = [part.splitlines() for part in answers.split(".\n")][:-1]
    if len(got) != count:
        print(f"asked for {count} calendars, got {len(got)} answers")
        return 1
    wrong = 0
    total = 0
    for (head, calendar, expected), answer in zip(cases, got):
        total += len(expected)
        if sorted(answer) != expected:
            wrong += 1
            if wrong <= 3:
                print(head, *calendar, "only expected:", *sorted(set(expected) - set(answer)), "only got:",
                      *sorted(set(answer) - set(expected)), sep="\n  ")
    print(f"{count} calendars, {total} occurrences, {wrong} differ (seed {seed})")
    return 1 if wrong or total < count else 0


if __name__ == "__main__":
    sys.exit(main())
