"""docs/performance.md and its plots, from the figures that script/bench kept.

  bench/results/full.json      the figures (script/bench)
  bench/results/profiles.json  where the processor's time goes (script/bench profile --keep)
  bench/results/reasons.json   written by people: by the key of a figure, why its target is missed and what the limit is
"""
import json
import re

from suite import svg
from suite.figures import MORE, NOT_DURABLE, OURS, shown

TITLES = {
    "create": "Meetings over HTTP", "schedule": "Scheduled calls over HTTP and in bulk", "timers": "Due timers that have nothing to do",
    "lateness": "Lateness", "burst": "Bursts at one instant", "pending": "Memory and starts", "growth": "Growth",
    "queries": "Queries", "acknowledge": "Acknowledgement to last send", "courier": "SMS over HTTP to a provider",
    "incidents": "Incidents", "heartbeats": "Heartbeats", "memory": "Memory with meetings", "start": "Starts with meetings",
    "sync": "Calendars", "cluster": "Several nodes on PostgreSQL", "simulate": "Rehearsals", "limits": "The machine alone",
}
# Figures with a plot of bars: (key or the begin of it, name of the file).
PLOTS = (("create.http.64.", "create"), ("create.bulk", "bulk"), ("timers.run", "timers"), ("lateness.wire.p50", "lateness-p50"),
         ("lateness.wire.p99", "lateness-p99"), ("burst.compared.p99", "burst"), ("pending.bytes.compared", "memory"),
         ("pending.start.compared", "start"))
SIDES = {"bullmq-always": "BullMQ, fsync each", "bullmq-everysec": "BullMQ, fsync a second", "pgboss": "pg-boss", "graphile": "Graphile Worker",
         "beanstalkd-f0": "beanstalkd -f0", "beanstalkd-f50": "beanstalkd -f50", OURS: "Tocsin", "machine": "this machine"}
HEAD = """# Performance

<!-- Made by `script/bench --report` from bench/results; not edited by hand. -->

How fast Tocsin is on one small machine, beside its peers and beside what the machine can do, measured by `script/bench`, which anybody
can run. Medians of alternating runs, with the lowest and the highest in brackets; a target is judged by the median. Targets are those of the
project's issues; one that is missed says so. All figures of Tocsin are with durability, validation, encryption at rest and the audit trail on.
"""
PEERS = """
## Who is compared, and how

| side | durable when it answers | settings |
| --- | --- | --- |
| Tocsin | yes, `synchronous=FULL`: each answer waits for its fsync | none but `CALLS_PER_SECOND=0` (no pacing) |
| BullMQ, fsync each | yes | Redis `appendfsync always`, 3 attempts, exponential backoff; worker: 200 at a time |
| BullMQ, fsync a second | no: up to a second is lost | Redis `appendfsync everysec` |
| pg-boss | yes | PostgreSQL 15, `synchronous_commit=on`, `shared_buffers=1GB`; two loops that fetch and complete 500; lateness: `work`, polled every 0.5 s, its minimum |
| Graphile Worker | yes | the same PostgreSQL; `localQueue` 500, `completeJobBatchDelay` 0, polled every 0.1 s |
| beanstalkd -f0 | yes | its log with an fsync each; asked by a C program: 64 puts at a time, 16 connections that reserve and delete |
| beanstalkd -f50 | no: up to 50 ms are lost | its log, an fsync every 50 ms |

Each has its own store on the same disk. Sides take turns in each round; whoever is not measured is stopped. The HTTP API of the peers is fastify (one Node process) that
checks the same body as Tocsin does and moves the time into business hours; it keeps no counters and no audit trail. Where they are asked in bulk or run
jobs, they are asked by their own libraries without HTTP. The load generator shares the cores with all sides. Only peers that are durable when they answer count for a
target in "times the best peer"; the others are shown in the tables and paler in the plots.
"""


def read(path, default=None):
    return json.loads(path.read_text()) if path.exists() else default


def spread(side, unit):
    text = shown(side["median"], unit)
    return f"{text} ({shown(side['low'])} - {shown(side['high'])})" if len(side["runs"]) > 1 else text


def side_name(label):
    return SIDES.get(label, label)


def target_of(figure):
    told = []
    for name in ("aim", "also"):
        if name in figure:
            source = f" ({figure[name]['source']})" if name == "also" else ""
            told.append(f"{'≥' if figure[name]['better'] == MORE else '≤'} {shown(figure[name]['at'], figure['unit'])}{source}")
    if "timesAim" in figure:
        told.append(f"≥ {shown(figure['timesAim']['at'])} × the best peer")
    return "; ".join(told)


def verdict_of(figure):
    told = []
    told += ["met" if figure[name]["met"] else "**missed**" for name in ("aim", "also") if name in figure]
    if "timesAim" in figure:
        told.append(f"{shown(figure['timesAim']['is'])} ×: {'met' if figure['timesAim']['met'] else '**missed**'}")
    if "timesNotMeasured" in figure:
        told.append(f"≥ {shown(figure['timesNotMeasured'])} × the best peer: not measured")
    return "; ".join(told)


def best_peer(figure):
    equals = {label: ratio["median"] for label, ratio in figure.get("ratios", {}).items() if label not in NOT_DURABLE}
    if not equals:
        return ""
    label = min(equals, key=equals.get)
    return f"{side_name(label)} {spread(figure['sides'][label], figure['unit'])}: {shown(equals[label])} ×"


def title_of(figures, at):
    """A title that begins with spaces goes on from the last that does not."""
    title = figures[at]["title"]
    if not title.startswith(" "):
        return title
    first = next(figures[i]["title"] for i in range(at, -1, -1) if not figures[i]["title"].startswith(" "))
    return f"{first.rsplit(': ', 1)[0]}: {title.strip()}"


class Report:
    def __init__(self, results, reasons, profiles):
        self.results, self.reasons, self.profiles = results, reasons or {}, profiles or {}
        self.benches = {name: results["benches"][name] for name in TITLES if name in results["benches"]}
        self.files = {}
        self.lines = [HEAD]

    def make(self):
        self.machine()
        self.targets()
        self.missed()
        self.lines.append(PEERS)
        for name, bench in self.benches.items():
            self.bench(name, bench)
        self.profile()
        self.how()
        self.files["performance.md"] = "\n".join(self.lines).rstrip() + "\n"
        return self.files

    def machine(self):
        told = self.results["machine"]
        versions = ", ".join(f"{name} {re.sub(r'^[A-Za-z -]*(version: |server v=|[(]PostgreSQL[)] |(?=[0-9]))', '', version)}"
                             for name, version in told["versions"].items())
        modes = sorted({bench["mode"] for bench in self.benches.values()})
        loads = [bench["load"] for bench in self.benches.values()]
        commits = sorted({bench["commit"] + (" with changes" if bench["isChanged"] else "") for bench in self.benches.values()})
        dates = sorted(bench["date"][:10] for bench in self.benches.values())
        self.lines.append(f"**Machine**: {told['processor']}, {told['cores']} cores, {told['memoryGB']} GB, {told['system']}, Linux {told['kernel']}, "
                          f"{told['disk'].split()[0]}.  \n**Versions**: {versions}.  \n**Run**: {' to '.join(sorted({dates[0], dates[-1]}))}, "
                          f"{' and '.join(modes)}, commit {', '.join(commits)}; load before each bench {min(loads)} to {max(loads)}.\n")
        if max(loads) > 1.5:
            self.lines.append("The machine was not quiet in some of these runs: read the figures as what it did amid other work.\n")

    def targets(self):
        self.lines.append("## Targets\n\n| what | measured | target | | best durable peer, same run | issue |\n| --- | --- | --- | --- | --- | --- |")
        count = met = 0
        for bench in self.benches.values():
            for at, figure in enumerate(bench["figures"]):
                if "aim" in figure or "timesAim" in figure:
                    verdicts = [figure[name]["met"] for name in ("aim", "also", "timesAim") if name in figure]
                    count, met = count + len(verdicts), met + sum(verdicts)
                    side = next(iter(figure["sides"].values()))
                    source = (figure.get("aim") or figure["timesAim"])["source"].removeprefix("issue ")
                    self.lines.append(f"| {title_of(bench['figures'], at)} | {spread(side, figure['unit'])} | {target_of(figure)} | {verdict_of(figure)} | "
                                      f"{best_peer(figure)} | {source} |")
        self.lines.append(f"\n{met} of {count} targets are met in this run.\n")

    def missed(self):
        told = []
        for bench in self.benches.values():
            for at, figure in enumerate(bench["figures"]):
                if any(name in figure and not figure[name]["met"] for name in ("aim", "timesAim")):
                    why = self.reasons.get(figure["key"], "Not explained yet.")
                    side = next(iter(figure["sides"].values()))
                    told.append(f"- **{title_of(bench['figures'], at)}**: {spread(side, figure['unit'])}, target {target_of(figure)}. {why}")
        failed = [f"- **{TITLES[name]}** could not be measured: {bench['failed']}" for name, bench in self.benches.items() if "failed" in bench]
        if told or failed:
            self.lines += ["## What is not met\n", *told, *failed, ""]

    def bench(self, name, bench):
        self.lines.append(f"## {TITLES[name]}\n")
        for figure in bench["figures"]:
            self.plot(figure)
        if name == "growth":
            self.growth(bench)
        self.lines.append("| what | side | median | lowest - highest | tocsin is |\n| --- | --- | --- | --- | --- |")
        for at, figure in enumerate(bench["figures"]):
            for label, side in figure["sides"].items():
                runs = f"{shown(side['low'])} - {shown(side['high'])}, {len(side['runs'])} runs" if len(side["runs"]) > 1 else "1 run"
                times = f"{shown(figure['ratios'][label]['median'])} × as good" if label in figure.get("ratios", {}) else ""
                what = title_of(bench["figures"], at) if side is next(iter(figure["sides"].values())) else ""
                self.lines.append(f"| {what} | {side_name(label)} | {shown(side['median'], figure['unit'])} | {runs} | {times} |")
        notes = [f"{title_of(bench['figures'], at)}: {figure['note']}." for at, figure in enumerate(bench["figures"]) if figure.get("note")]
        self.lines += ["", *([" ".join(notes), ""] if notes else [])]

    def plot(self, figure):
        name = next((file for begin, file in PLOTS if figure["key"] == begin or (begin.endswith(".") and re.fullmatch(re.escape(begin) + r"[1-9]\d*", figure["key"]))), None)
        if name is None:
            return
        rows = [(side_name(label), "ours" if label == OURS else "weak" if label in NOT_DURABLE else "peer", side)
                for label, side in figure["sides"].items()]
        title = figure["title"].strip()
        if figure["key"].startswith("lateness.wire"):
            title = f"Lateness of 1,000 over 10 s, idle: {title}"
        subtitle = "more is better" if figure["better"] == MORE else "less is better"
        if any(kind == "weak" for _, kind, _ in rows):
            subtitle += "; pale: not durable when it answers"
        self.files[f"performance/{name}.svg"] = svg.bars(title[0].upper() + title[1:], subtitle, figure["unit"], rows, figure.get("aim", {}).get("at"))
        self.lines.append(f"![{title}](performance/{name}.svg)\n")

    def growth(self, bench):
        for name, unit, title in (("cpu", "µs", "Processor's time of a create and of a due call"), ("rate", "/s", "Creates and due calls a second")):
            series = []
            for kind, label in (("create", "create"), ("run", "due call")):
                points = [(int(figure["key"].rsplit(".", 1)[1]), figure["sides"][OURS]["median"]) for figure in bench["figures"]
                          if figure["key"].startswith(f"growth.{kind}.{name}.")]
                if points:
                    series.append((label, points))
            if series:
                self.files[f"performance/growth-{name}.svg"] = svg.lines(title, "by the number of pending calls", unit, series)
                self.lines.append(f"![{title} by the number of pending calls](performance/growth-{name}.svg)\n")

    def profile(self):
        if not self.profiles:
            return
        self.lines.append("## Where the processor's time goes\n\n`script/bench profile`, samples of all threads of the server while one thing is done; the share is of "
                          "that thing's samples.\n")
        for name, one in self.profiles.items():
            split = " ".join(f"By {kind}: {', '.join(f'{where} {share:.0f} %' for where, share in one[kind + 's'].items())}." for kind in ("thread", "object"))
            self.lines.append(f"### {one['title']}\n\n{one['samples']:,} samples at commit {one['commit']}; {one['rate']}. {split}\n\n| share | function | in |\n| --- | --- | --- |")
            self.lines += [f"| {entry['share']:.1f} % | `{entry['symbol']}` | {entry['object']} |" for entry in one["top"]]
            done = self.reasons.get(f"profile.{name}")
            self.lines += ["", *([done, ""] if done else [])]

    def how(self):
        minutes = sum(bench["seconds"] for bench in self.benches.values()) / 60
        self.lines.append(f"""## Measure it yourself

```
script/setup bench        # Redis, beanstalkd, PostgreSQL 15, nginx, perf: Debian's packages; npm brings the peers' libraries
script/bench --quick      # about half an hour, figures in bench/results/quick.json
script/bench              # all of it, figures in bench/results/full.json ({minutes:.0f} minutes here)
script/bench --report     # this page from these figures
```

`script/bench NAME…` measures some of it again and keeps the other figures; `script/bench --help` names what there is.""")


def write(root, results, is_check):
    """Writes the page and its plots; with is_check only says whether they are as they would be written."""
    kept = read(results)
    if kept is None:
        print(f"there are no figures in {results}: script/bench writes them")
        return 1
    folder = results.parent
    files = Report(kept, read(folder / "reasons.json"), read(folder / "profiles.json")).make()
    docs = root / "docs"
    stale = [name for name, text in files.items() if not (docs / name).exists() or (docs / name).read_text() != text]
    known = {path.relative_to(docs).as_posix() for path in (docs / "performance").glob("*.svg")}
    stale += sorted(known - set(files))
    if is_check:
        print(f"report: compared {len(files)} files: " + (f"stale: {', '.join(stale)}; run script/bench --report" if stale else "current"))
        return 1 if stale else 0
    (docs / "performance").mkdir(exist_ok=True)
    for name in known - set(files):
        (docs / name).unlink()
    for name, text in files.items():
        (docs / name).write_text(text)
    print(f"report: wrote {len(files)} files, {len(stale)} of them changed")
    return 0
