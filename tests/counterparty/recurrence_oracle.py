#!/usr/bin/python3
"""Compares our recurrence engine with others on seeded random rules.

    recurrence_oracle.py OURS [LIBICAL]

OURS is the program of recurrence_oracle.c, LIBICAL that of recurrence_oracle_libical.c. The judge
is python3-dateutil. Rules that dateutil is known to read wrongly (`dateutil_fault` names each
fault) are not judged by it; where libical answers as we do, such a rule counts as compared.
libical alone never fails a rule, since it is wrong more often than dateutil; where it differs from
both, the difference is counted, and --show prints it. Any rule on which dateutil differs from ours
without a name for it fails the test. The seed is fixed, or given by RECURRENCE_SEED.
"""

import collections
import datetime
import os
import random
import signal
import subprocess
import sys

try:
    from dateutil.rrule import rrulestr
except ImportError:
    print("skipped: python3-dateutil is not installed")
    sys.exit(77)

RULES = 6500
COMPARED_MIN = 5000
INSTANCES = 24
# Processor time that dateutil may take for a rule; it walks to year 9999 if one never matches.
DATEUTIL_SECONDS = 0.015

DAYS = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"]
LONG = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
SHORT = ["SECONDLY", "MINUTELY", "HOURLY"]

Rule = collections.namedtuple("Rule", "dtstart parts")


def text_of(parts):
    return ";".join(f"{name}={value}" for name, value in parts.items())


def some(rng, values, most):
    """A list of one to `most` different values, in the order of chance."""
    values = list(values)
    return rng.sample(values, min(len(values), rng.randint(1, most)))


def joined(values):
    return ",".join(str(value) for value in values)


def signed(limit):
    return [n for n in range(-limit, limit + 1) if n != 0]


def random_dtstart(rng):
    day = datetime.datetime(rng.randint(1990, 2032), 1, 1) + datetime.timedelta(rng.randint(0, 364))
    if rng.random() < 0.15:
        # Days on which calendars go wrong.
        month, number = rng.choice([(1, 1), (1, 2), (1, 31), (2, 28), (3, 31), (12, 29), (12, 31)])
        day = day.replace(month=month, day=number)
        if (month, number) == (2, 28) and day.year % 4 == 0:
            day = day.replace(day=29)
    return day.replace(hour=rng.randint(0, 23), minute=rng.choice([0, 0, 15, 30, 45, 59]),
                       second=rng.choice([0, 0, 0, 0, 17]))


def add_end(rng, dtstart, parts):
    chance = rng.random()
    if chance < 0.25:
        parts["COUNT"] = rng.randint(1, 20)
    elif chance < 0.5:
        reach = {"SECONDLY": 0.001, "MINUTELY": 0.02, "HOURLY": 1, "DAILY": 30, "WEEKLY": 200,
                 "MONTHLY": 900, "YEARLY": 6000}[parts["FREQ"]]
        until = dtstart + datetime.timedelta(days=rng.random() * reach)
        parts["UNTIL"] = until.strftime(rng.choice(["%Y%m%d", "%Y%m%dT%H%M%S"]))


def calendar_rule(rng):
    """The shapes that Google Calendar, Outlook and Apple's calendar write."""
    dtstart = random_dtstart(rng)
    parts = {"FREQ": rng.choice(LONG)}
    if rng.random() < 0.4:
        parts["INTERVAL"] = rng.choice([1, 2, 2, 3, 4, 6, 12])
    if parts["FREQ"] == "WEEKLY" and rng.random() < 0.8:
        parts["BYDAY"] = joined(some(rng, DAYS, 5))
    elif parts["FREQ"] == "DAILY" and rng.random() < 0.3:
        parts["BYDAY"] = "MO,TU,WE,TH,FR"
    elif parts["FREQ"] == "MONTHLY":
        add_monthly_shape(rng, parts)
    elif parts["FREQ"] == "YEARLY" and rng.random() < 0.7:
        parts["BYMONTH"] = joined(some(rng, range(1, 13), 2))
        add_monthly_shape(rng, parts)
    if rng.random() < 0.4:
        parts["WKST"] = rng.choice(["SU", "MO", "MO", "SA"])
    add_end(rng, dtstart, parts)
    return Rule(dtstart, parts)


def add_monthly_shape(rng, parts):
    shape = rng.randint(0, 4)
    if shape == 0:
        parts["BYMONTHDAY"] = rng.choice([-1, 1, 13, 15, 28, 29, 30, 31])
    elif shape == 1:
        parts["BYDAY"] = rng.choice(["1", "2", "3", "4", "5", "-1", "-2"]) + rng.choice(DAYS)
    elif shape == 2:
        parts["BYDAY"] = rng.choice(["MO,TU,WE,TH,FR", "SA,SU", joined(DAYS), rng.choice(DAYS)])
        parts["BYSETPOS"] = rng.choice([1, 2, 3, 4, -1, -2])
    elif shape == 3:
        parts["BYMONTHDAY"] = "28,29,30,31"
        parts["BYSETPOS"] = -1


def add_times(rng, parts, chance):
    if rng.random() < chance:
        parts["BYHOUR"] = joined(some(rng, range(24), 4))
    if rng.random() < chance:
        parts["BYMINUTE"] = joined(some(rng, range(60), 4))
    if rng.random() < chance / 2:
        parts["BYSECOND"] = joined(some(rng, range(60), 3))


def random_byday(rng, freq, has_weeks):
    days = some(rng, DAYS, 4)
    if freq not in ("MONTHLY", "YEARLY") or has_weeks or rng.random() < 0.4:
        return joined(days)
    ordinals = signed(5 if freq == "MONTHLY" or rng.random() < 0.5 else 53)
    plain = 0.1 if rng.random() < 0.2 else 0
    return joined(day if rng.random() < plain else f"{rng.choice(ordinals)}{day}" for day in days)


def exotic_rule(rng):
    """Any mix of BYxxx that RFC 5545 allows for the frequency."""
    dtstart = random_dtstart(rng)
    freq = rng.choice(LONG + ["YEARLY", "MONTHLY"])
    parts = {"FREQ": freq}
    if rng.random() < 0.4:
        parts["INTERVAL"] = rng.randint(2, 12)
    if rng.random() < 0.3:
        parts["WKST"] = rng.choice(DAYS)
    if rng.random() < 0.3:
        parts["BYMONTH"] = joined(some(rng, range(1, 13), 4))
    if freq == "YEARLY" and rng.random() < 0.3:
        wide = rng.random() < 0.3
        parts["BYWEEKNO"] = joined(some(rng, signed(53) if wide else range(1, 54), 4))
    if freq == "YEARLY" and rng.random() < 0.25:
        parts["BYYEARDAY"] = joined(some(rng, signed(366), rng.choice([3, 40])))
    if freq != "WEEKLY" and rng.random() < 0.35:
        parts["BYMONTHDAY"] = joined(some(rng, signed(31), rng.choice([3, 12])))
    if rng.random() < 0.5:
        parts["BYDAY"] = random_byday(rng, freq, "BYWEEKNO" in parts)
    add_times(rng, parts, 0.2)
    if any(name.startswith("BY") for name in parts) and rng.random() < 0.3:
        parts["BYSETPOS"] = joined(some(rng, signed(rng.choice([3, 8, 366])), 3))
    add_end(rng, dtstart, parts)
    return Rule(dtstart, parts)


def short_rule(rng):
    """Frequencies shorter than a day, with limits of every kind."""
    dtstart = random_dtstart(rng)
    freq = rng.choice(SHORT)
    parts = {"FREQ": freq}
    if rng.random() < 0.6:
        parts["INTERVAL"] = rng.choice([2, 3, 5, 6, 7, 8, 12, 15, 20, 45, 90, 100, 1000])
    if rng.random() < 0.15:
        parts["BYMONTH"] = joined(some(rng, range(1, 13), 4))
    if rng.random() < 0.1:
        parts["BYYEARDAY"] = joined(some(rng, signed(366), 40))
    if rng.random() < 0.15:
        parts["BYMONTHDAY"] = joined(some(rng, signed(31), 12))
    if rng.random() < 0.3:
        parts["BYDAY"] = joined(some(rng, DAYS, 5))
    add_times(rng, parts, 0.3)
    if any(name.startswith("BY") for name in parts) and rng.random() < 0.2:
        parts["BYSETPOS"] = joined(some(rng, signed(3), 2))
    add_end(rng, dtstart, parts)
    return Rule(dtstart, parts)


def random_rule(rng):
    return rng.choices([calendar_rule, exotic_rule, short_rule], [5, 4, 1.5])[0](rng)


def numbers(parts, name):
    return [int(value) for value in str(parts[name]).split(",")] if name in parts else []


def dateutil_fault(rule):
    """The name of the fault for which dateutil cannot judge this rule, or None."""
    parts = rule.parts
    days = str(parts.get("BYDAY", "MO")).split(",")
    if len({len(day) > 2 for day in days}) == 2:
        # A day would have to satisfy both kinds; RFC 5545: each value adds its days.
        return "BYDAY mixes weekdays with and without an ordinal"
    if "BYMONTH" in parts and any(abs(int(day[:-2] or 0)) > 5 for day in days):
        # It looks the day up in a table of the year before it asks whether it is in the month.
        return "BYDAY with an ordinal beyond 5 in a month raises IndexError"
    weeks = numbers(parts, "BYWEEKNO")
    if any(week < -51 for week in weeks):
        # Said in its source: negative numbers of the next year's first week are not looked at.
        return "BYWEEKNO of -52 or -53 misses the days in the year before"
    if any(week in (52, 53) for week in weeks):
        # Whether the last year had 52 or 53 weeks is worked out from the length of this year.
        return "BYWEEKNO of 52 or 53 misjudges the days in the year after"
    at_the_ends = any(abs(week) in (1, 52, 53) for week in weeks)
    near_new_year = (rule.dtstart.month, rule.dtstart.day) >= (12, 28) or (
        rule.dtstart.month, rule.dtstart.day) <= (1, 4)
    if weeks and (at_the_ends or near_new_year) and (
            int(parts.get("INTERVAL", 1)) > 1 or "BYSETPOS" in parts):
        # A week that crosses the new year is cut in two, so the parts fall into different periods.
        return "BYWEEKNO at the new year, with INTERVAL or BYSETPOS"
    return None


def for_dateutil(rule):
    """The rule as dateutil must be told to answer what was meant, and how many to take. What is not
    said RFC 5545 takes from DTSTART, but dateutil takes all of a week where BYWEEKNO stands alone.
    And it counts BYSETPOS in the first week of WEEKLY from DTSTART, so that moves to the week's
    start."""
    parts = dict(rule.parts)
    dtstart = rule.dtstart
    weekday = dtstart.isoweekday() % 7
    has_days = bool({"BYDAY", "BYMONTHDAY", "BYYEARDAY"} & parts.keys())
    if "BYWEEKNO" in parts and not has_days:
        parts["BYDAY"] = DAYS[weekday]
    if parts["FREQ"] == "WEEKLY" and "BYSETPOS" in parts:
        parts.setdefault("BYDAY", DAYS[weekday])
        week_start = DAYS.index(parts.get("WKST", "MO"))
        dtstart -= datetime.timedelta((weekday - week_start) % 7)
    # What was added before DTSTART must not count.
    count = parts.pop("COUNT", INSTANCES) if dtstart != rule.dtstart else INSTANCES
    return Rule(dtstart, parts), count


class TookTooLong(Exception):
    pass


def stop(_signal, _frame):
    raise TookTooLong


def walk_dateutil(rule, found):
    """Adds the instances that dateutil finds; raises TookTooLong."""
    told, count = for_dateutil(rule)
    signal.setitimer(signal.ITIMER_VIRTUAL, DATEUTIL_SECONDS)
    try:
        for at in rrulestr(text_of(told.parts), dtstart=told.dtstart):
            if at >= rule.dtstart:
                found.append(at.strftime("%4Y%m%dT%H%M%S"))
            if len(found) == min(count, INSTANCES):
                break
    except ValueError as error:
        # It finds out by itself that an interval never meets BYHOUR and the like.
        if "empty" not in str(error):
            raise
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def ask_dateutil(rule):
    """The instances that dateutil finds, and whether that is all that were asked for."""
    found = []
    try:
        walk_dateutil(rule, found)  # Its time may end at the very moment at which it is through.
    except TookTooLong:
        return found, False
    return found, True


def ask_program(program, rules):
    lines = [f"{r.dtstart:%Y%m%dT%H%M%S}\t{text_of(r.parts)}\t{INSTANCES}\n" for r in rules]
    answer = subprocess.run([program], input="".join(lines), capture_output=True, text=True,
                            check=True, timeout=250)
    answers = [line.split() for line in answer.stdout.splitlines()]
    if len(answers) != len(rules):
        sys.exit(f"{program} answered {len(answers)} of {len(rules)} lines")
    return answers


def without_end(answer):
    return [word for word in answer if word not in ("END", "EXHAUSTED")]


def judge(rule, ours):
    """"same", "differ" or None where dateutil cannot tell; and what it found."""
    if dateutil_fault(rule):
        return None, []
    found, is_whole = ask_dateutil(rule)
    if is_whole:
        return "same" if ours == found else "differ", found
    if not found:
        return None, found
    return "same" if ours[:len(found)] == found else "differ", found


def shown(rule, **answers):
    lines = [f"{rule.dtstart:%Y%m%dT%H%M%S} {text_of(rule.parts)}"]
    lines += [f"  {name:8} {' '.join(answer[:8])}" for name, answer in answers.items()]
    return "\n".join(lines)


def main():
    show = "--show" in sys.argv
    programs = [arg for arg in sys.argv[1:] if not arg.startswith("--")]
    programs.sort(key=lambda program: "libical" in os.path.basename(program))
    if not 1 <= len(programs) <= 2:
        sys.exit(__doc__)
    rng = random.Random(int(os.environ.get("RECURRENCE_SEED", "5545")))
    rules = [random_rule(rng) for _ in range(RULES)]
    ours = ask_program(programs[0], rules)
    libical = ask_program(programs[1], rules) if len(programs) == 2 else [["ERROR"]] * RULES
    signal.signal(signal.SIGVTALRM, stop)

    counts = collections.Counter()
    compared = 0
    differ = 0
    for rule, our, their in zip(rules, ours, libical):
        if our and our[0] == "ERROR":
            sys.exit(shown(rule, ours=our))
        mine, other = without_end(our), without_end(their)
        verdict, found = judge(rule, mine)
        libical_agrees = other == mine
        if verdict == "differ":
            differ += 1
            print(shown(rule, ours=our, dateutil=found, libical=their))
        if verdict is None:
            counts[dateutil_fault(rule) or "dateutil found nothing in its time"] += 1
            if libical_agrees:
                counts["of those, judged by libical"] += 1
                verdict = "same"
            elif show and other[:1] not in (["ERROR"], ["TIMEOUT"]):
                print(shown(rule, ours=our, libical=their))
        elif len(programs) == 2:
            kind = "agrees" if libical_agrees else "gave up" if (
                other[:1] in (["ERROR"], ["TIMEOUT"])) else "differs from both"
            counts[f"libical {kind}"] += 1
            if show and kind == "differs from both":
                print(shown(rule, ours=our, libical=their))
        compared += verdict is not None

    for name, count in sorted(counts.items()):
        print(f"  {count:5} {name}")
    print(f"recurrence: {compared} rules compared, {differ} differ")
    if differ or compared < COMPARED_MIN:
        sys.exit(1)


if __name__ == "__main__":
    main()
