"""The figures of a run: printed as they come, judged by their aims, kept as JSON.

A figure is one question with the answers of one or several sides ("tocsin", "bullmq-always", …). Each side has all its runs;
what is told and judged is the median, with the lowest and the highest beside it. Where several sides ran in turns, the ratio
of two sides is the median of the ratios of each round, because the two runs of a round had the same quarter of an hour.
"""
import dataclasses
import datetime
import json
import statistics

from suite.common import Failure

OURS = "tocsin"
# They may lose what they acknowledged: shown, but no equals.
NOT_DURABLE = ("bullmq-everysec", "beanstalkd-f50")
MORE, LESS = "more", "less"


@dataclasses.dataclass(frozen=True)
class Aim:
    """What a figure should be: at least (MORE) or at most (LESS) `at`; `times` the best peer, where one is asked for."""
    at: float | None = None
    better: str = MORE
    times: float | None = None
    source: str = "issue 6"

    def is_met(self, value):
        return value >= self.at if self.better == MORE else value <= self.at


def least(at, source="issue 6", times=None):
    return Aim(at, MORE, times, source)


def most(at, source="issue 6"):
    return Aim(at, LESS, None, source)


def shown(value, unit=""):
    """A number as people read it: three digits that matter, thousands with commas."""
    digits = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{digits}f}"
    return f"{text} {unit}".strip()


def summary(runs):
    return {"median": statistics.median(runs), "low": min(runs), "high": max(runs), "runs": [round(run, 4) for run in runs]}


def ratios(ours, theirs, better):
    pairs = [(a, b) if better == MORE else (b, a) for a, b in zip(ours, theirs)]
    return summary([a / b if b else float("inf") for a, b in pairs])


class Figures:
    """All figures of one call of script/bench, by bench."""

    def __init__(self, is_smoke):
        self.is_smoke = is_smoke
        self.benches = {}
        self.current = None

    def begin(self, bench, facts):
        """Facts: what of the machine may differ from bench to bench (date, commit, load)."""
        self.current = {**facts, "figures": []}
        self.benches[bench] = self.current

    def end(self, seconds):
        self.current["seconds"] = round(seconds, 1)

    def add(self, key, title, sides, unit="/s", aim=None, better=None, note="", also=None):
        """`sides` has the runs of each side; the first is what is judged, by `aim` and, of another issue, by `also`. Returns what is kept."""
        better = better or (aim.better if aim else MORE if unit.endswith("/s") else LESS)
        kept = {name: summary(runs) for name, runs in sides.items() if runs}
        first = next(iter(kept))
        figure = {"key": key, "title": title, "unit": unit, "better": better, "sides": kept}
        if note:
            figure["note"] = note
        if len(kept) > 1 and first == OURS:
            figure["ratios"] = {name: ratios(sides[first], runs, better) for name, runs in sides.items() if runs and name != first}
        if aim and aim.at is not None and not self.is_smoke:
            figure["aim"] = {"at": aim.at, "better": better, "source": aim.source, "met": aim.is_met(kept[first]["median"])}
        if also and not self.is_smoke:
            figure["also"] = {"at": also.at, "better": better, "source": also.source, "met": also.is_met(kept[first]["median"])}
        equals = [one["median"] for name, one in figure.get("ratios", {}).items() if name not in NOT_DURABLE]
        if aim and aim.times is not None and equals and not self.is_smoke:
            lowest = min(equals)
            figure["timesAim"] = {"at": aim.times, "source": aim.source, "met": lowest >= aim.times, "is": lowest}
        elif aim and aim.times is not None and not self.is_smoke:
            figure["timesNotMeasured"] = aim.times  # No peer that counts was there.
        self.current["figures"].append(figure)
        self.show(figure)
        return figure

    def show(self, figure):
        first = True
        for name, side in figure["sides"].items():
            what = figure["title"] if first and name in (OURS, "machine") else f"{figure['title']}: {name}" if first else f"    {name}"
            runs = f"{shown(side['low'])} - {shown(side['high'])}" if len(side["runs"]) > 1 else ""
            times = figure.get("ratios", {}).get(name)
            beside = self.verdict(figure) if first else f"tocsin is {shown(times['median'])} times as good" if times else ""
            note = figure.get("note", "") if first else ""
            print(f"  {what:<58} {shown(side['median'], figure['unit']):>16}  {runs:<22} {beside}{'; ' if beside and note else ''}{note}".rstrip(),
                  flush=True)
            first = False

    def verdict(self, figure):
        said = []
        for aim in (figure[name] for name in ("aim", "also") if name in figure):
            sign = ">=" if aim["better"] == MORE else "<="
            said.append(f"aim {sign} {shown(aim['at'], figure['unit'])}: {'met' if aim['met'] else 'MISSED'}")
        if "timesAim" in figure:
            aim = figure["timesAim"]
            said.append(f"aim {shown(aim['at'])} times the best peer: {'met' if aim['met'] else 'MISSED'} ({shown(aim['is'])})")
        if "timesNotMeasured" in figure:
            said.append(f"aim {shown(figure['timesNotMeasured'])} times the best peer: NOT MEASURED, no durable peer ran")
        return "; ".join(said)

    def save(self, path, machine):
        """Benches that did not run this time keep what the file has of them."""
        kept = json.loads(path.read_text()) if path.exists() else {"machine": machine, "benches": {}}
        if any(kept["machine"][name] != machine[name] for name in ("processor", "cores")):
            raise Failure(f"{path} has the figures of another machine: name another file with --results")
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = {"machine": machine, "written": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
                 "benches": {**kept["benches"], **self.benches}}
        path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
