#!/usr/bin/env python3
"""tests/lib/run.py: runs all checks and tests and counts them. script/test calls it when everything is installed.

A test is one TAP point: a cmocka case, a scenario, a check of a script. A program that writes no TAP is one test by its exit
code, where 77 means skipped and its last line says why. What runs in both builds is counted once and passes only when it
passed in both. The last line that is printed is the count.
"""
import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import postgres

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HOME = pathlib.Path(os.environ.get("TOCSIN_BUILD_HOME", ROOT)).resolve()

PASSED, SKIPPED, FAILED = "passed", "skipped", "failed"
WORSE = (PASSED, SKIPPED, FAILED)
SKIP_CODE = 77
FUZZ_SECONDS_EACH, FUZZ_SECONDS_ALL = 5, 80
SCRIPT_SECONDS_MAX = 900
DETAIL_LINES = 40
POSTGRES_EACH_QUICK = 6  # Each sixth scenario runs on PostgreSQL too where time is short.

PLAN = re.compile(r"^1\.\.(\d+)\s*(?:#\s*skip\S*\s*(.*))?$", re.I)
POINT = re.compile(r"^(not )?ok\b\s*(\d+)?\s*(?:-\s*)?(.*)$")
SKIP = re.compile(r"#\s*skip\S*\s*(.*)$", re.I)
UNDONE = re.compile(r"#\s*to" + r"do\b", re.I)


class Tally:
    """The worst result of each test over all its runs, and why."""

    def __init__(self):
        self.results = {}
        self.reasons = {}

    def take(self, other):
        """Adds what one run found to what all runs found."""
        for (program, case), status in other.results.items():
            self.add(program, case, status, other.reasons[program, case])

    def add(self, program, case, status, reason=""):
        key = (program, case)
        if WORSE.index(status) > WORSE.index(self.results.get(key, PASSED)) or key not in self.results:
            self.results[key] = status
            self.reasons[key] = reason

    def count(self, status):
        return sum(result == status for result in self.results.values())


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it gave no reason"


def read_tap(out, err):
    """(cases, planned): each case is [name, status, reason, detail lines]; planned is None where there was no plan."""
    cases, planned, between = [], None, []
    for line in out.splitlines():
        plan, point = PLAN.match(line), POINT.match(line)
        if plan:
            planned = (planned or 0) + int(plan.group(1))
            if plan.group(1) == "0":
                cases.append(["all", SKIPPED, plan.group(2) or last_line("\n".join(between) + "\n" + err), []])
                planned += 1
        elif point:
            skip = SKIP.search(point.group(3))
            status = SKIPPED if skip else FAILED if point.group(1) or UNDONE.search(point.group(3)) else PASSED
            name = point.group(3)
            reason = ""
            if skip:
                # cmocka writes the case's name where TAP has the reason; the test printed that just before.
                said = [text for text in between if text.strip()]
                name = name[:skip.start()].strip() or skip.group(1)
                reason = said[-1].strip() if said else skip.group(1) or last_line(err)
            cases.append([f"{len(cases) + 1} {name}".strip(), status, reason.lstrip("# "), between])
            between = []
        elif line.startswith("#") and cases and cases[-1][1] == FAILED:
            cases[-1][3].append(line)
        else:
            between.append(line)
    return cases, planned


def judge(tally, program, out, err, code):
    """Adds what one run of a program says. `code` is None when it took too long. Returns the lines to show of failures."""
    cases, planned = read_tap(out, err)
    tail = (out + "\n" + err).strip().splitlines()[-DETAIL_LINES:]
    if not cases and planned is None:
        status = PASSED if code == 0 else SKIPPED if code == SKIP_CODE else FAILED
        tally.add(program, "", status, last_line(out or err) if status == SKIPPED else "")
        return tail if status == FAILED else []
    shown = []
    for name, status, reason, detail in cases:
        tally.add(program, name, status, reason)
        if status == FAILED:
            shown += [f"not ok {name}"] + detail[-DETAIL_LINES:]
    ended = "took too long" if code is None else f"ended with {code}"
    if planned != len(cases):
        tally.add(program, "plan", FAILED)
        shown += [f"planned {planned} tests, ran {len(cases)}, {ended}"] + tail
    elif code != 0 and not shown:
        tally.add(program, "end", FAILED)
        shown += [f"all its tests passed, but it {ended}"] + tail
    return shown


class Runner:
    def __init__(self, arguments):
        self.quick = arguments.quick
        self.names = arguments.names
        self.tally = Tally()
        self.environment = {**os.environ, "TOCSIN_ROOT": str(ROOT), "CMOCKA_MESSAGE_OUTPUT": "TAP",
                            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
        if self.quick:
            self.environment.setdefault("TOCSIN_SIM_SEEDS", "100")
            self.environment.setdefault("TOCSIN_MUTANTS", "1")
            self.environment.setdefault("TOCSIN_TORTURE_KILLS", "40")

    def is_wanted(self, program):
        return not self.names or any(name in program for name in self.names)

    def report(self, run, label, shown, seconds):
        """Counts one run. Prints one line, then what failed in it and why it skipped."""
        self.tally.take(run)
        counts = [f"{run.count(status)} {status}" for status in WORSE if run.count(status)]
        verdict = "FAIL" if run.count(FAILED) else "ok"
        print(f"{verdict:4} {label}: {', '.join(counts)} ({seconds:.1f} s)", flush=True)
        for line in shown:
            print(f"     {line}")
        for (program, case), status in run.results.items():
            if status == SKIPPED:
                print(f"     skipped {case or 'all'}: {run.reasons[program, case]}")

    def execute(self, command, seconds=None, environment=None):
        """(output, errors, exit code or None, seconds). A command that takes too long ends with its own group."""
        started = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], cwd=ROOT, env=environment or self.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        try:
            out, err = process.communicate(timeout=seconds)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            code = None
        return out.decode(errors="replace"), err.decode(errors="replace"), code, time.monotonic() - started

    def run(self, program, command, seconds=None, environment=None):
        """Runs one program that is one or many tests."""
        if not self.is_wanted(program):
            return
        run = Tally()
        out, err, code, took = self.execute(command, seconds, environment)
        shown = judge(run, program, out, err, code)
        self.report(run, program, shown, took)

    def check(self, program, command):
        """A check is one test; what it read stands in its last line."""
        if not self.is_wanted(program):
            return
        out, err, code, took = self.execute(command)
        run = Tally()
        run.add(program, "", PASSED if code == 0 else FAILED)
        lines = (out + err).strip().splitlines()
        self.report(run, program, lines[-400:] if code != 0 else lines[-1:], took)

    def build(self, kind):
        out, err, code, took = self.execute([ROOT / "script/build", kind])
        print(f"{'ok' if code == 0 else 'FAIL':4} {kind} ({took:.0f} s)", flush=True)
        if code != 0:
            self.tally.add(kind, "did not build", FAILED)
            print("     " + (out + err).strip().replace("\n", "\n     "))

    def run_meson(self, kind):
        directory = HOME / kind
        listed = self.execute(["meson", "introspect", "--tests", directory])
        if listed[2] != 0:
            self.tally.add(kind, "tests", FAILED)
            print(f"FAIL {kind}: its tests cannot be listed\n     {last_line(listed[1])}")
            return
        chosen = []
        for test in json.loads(listed[0]):
            # meson names a program absolutely, but a program that is handed to another relative to the root.
            programs = [path for path in (ROOT / word for word in test["cmd"]) if directory in path.parents]
            missing = [path for path in programs if not path.exists()]
            is_counterparty = "tocsin:counterparty" in test["suite"]
            # An oracle asks thousands of questions of plain arithmetic, whose unit tests run under the sanitizers.
            is_slow = kind == "build-test" and test["name"].endswith("_oracle")
            if not self.is_wanted(test["name"]) or (self.quick and is_counterparty) or is_slow:
                continue
            if missing:
                self.tally.add(test["name"], "", FAILED)
                print(f"FAIL {test['name']} ({kind}): was not built")
            else:
                chosen.append(test["name"])
        if chosen:
            self.run_chosen(kind, directory, chosen)

    def run_chosen(self, kind, directory, chosen):
        log = directory / "meson-logs" / "counted.json"
        log.unlink(missing_ok=True)
        slower = "4" if kind == "build-test" else "1"
        out, err, code, _ = self.execute(["meson", "test", "-C", directory, "--no-rebuild", "--logbase", "counted",
                                          "--timeout-multiplier", slower, *chosen])
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        seen = set()
        for line in lines:
            entry = json.loads(line)
            name = entry["name"].split(" / ")[-1]
            seen.add(name)
            run = Tally()
            code = None if entry["result"] == "TIMEOUT" else entry["returncode"]
            shown = judge(run, name, entry.get("stdout", ""), entry.get("stderr", ""), code)
            self.report(run, f"{name} ({kind})", shown, entry["duration"])
        for name in sorted(set(chosen) - seen):
            self.tally.add(name, "", FAILED)
            print(f"FAIL {name} ({kind}): meson did not run it\n     {last_line(out + err)}")

    def run_scenarios(self, kind):
        files = [path.relative_to(ROOT) for path in sorted((ROOT / "tests/scenario").rglob("*.scn"))]
        files = [path for path in files if self.is_wanted(f"scenario/{path.name}")]
        if not files:
            return
        run = Tally()
        program = HOME / kind / "tocsin-scenario"
        if not program.exists():
            run.add("scenario", "all", SKIPPED, f"there is no program to run the {len(files)} scenarios yet")
            self.report(run, f"scenario ({kind})", [], 0)
            return
        out, err, code, took = self.execute([program, *files], SCRIPT_SECONDS_MAX)
        shown = judge(run, "scenario", out, err, code)
        reported = len(read_tap(out, err)[0])
        if reported != len(files):
            run.add("scenario", "count", FAILED)
            shown.append(f"{len(files)} scenarios were handed over, {reported} reported")
        self.report(run, f"scenario ({kind})", shown, took)

    def run_scenarios_on_postgres(self, kind, cluster):
        """The same files on PostgreSQL, in two halves, one a core."""
        files = [path.relative_to(ROOT) for path in sorted((ROOT / "tests/scenario").rglob("*.scn"))]
        if not self.names:
            files = files[::POSTGRES_EACH_QUICK if self.quick else 1]
        files = [path for path in files if self.is_wanted(f"scenario-postgres/{path.name}")]
        program = HOME / kind / "tocsin-scenario"
        run = Tally()
        if not files or not program.exists():
            return
        if cluster is None:
            run.add("scenario-postgres", "all", SKIPPED, postgres.missing())
            self.report(run, "scenario-postgres", [], 0)
            return
        # Few rows and many new sessions: plans are not worth making twice.
        url = cluster.url(options="-cplan_cache_mode%3Dforce_generic_plan")
        environment = {**self.environment, "TOCSIN_WORLD_DATABASE": url}
        halves = [files[::2], files[1::2]]
        with concurrent.futures.ThreadPoolExecutor(len(halves)) as pool:
            ends = list(pool.map(lambda half: self.execute([program, *half], SCRIPT_SECONDS_MAX, environment) if half else None, halves))
        shown, reported = [], 0
        for half, end in zip(halves, ends):
            if half:
                shown += judge(run, f"scenario-postgres {halves.index(half) + 1}", *end[:3])
                reported += len(read_tap(end[0], end[1])[0])
        if reported != len(files):
            run.add("scenario-postgres", "count", FAILED)
            shown.append(f"{len(files)} scenarios were handed over, {reported} reported")
        self.report(run, f"scenario-postgres ({kind})", shown, max(end[3] for end in ends if end))

    def run_units_on_postgres(self, kind, cluster):
        """The unit tests of what stands on a store, on PostgreSQL; in short runs those of the store alone."""
        if cluster is None:
            return
        environment = {**self.environment, "TOCSIN_TEST_STORE": "postgres"}
        for layer in ("store",) if self.quick else ("store", "service"):
            for path in sorted((ROOT / "tests/unit" / layer).glob("test_*.c")):
                program = HOME / kind / f"unit-{layer}-{path.stem}"
                if program.exists() and "store_set_up_memory" in path.read_text() + self.beside(path):
                    self.run(f"{layer}-postgres/{path.stem}", [program], SCRIPT_SECONDS_MAX, environment)

    @staticmethod
    def beside(path):
        """The other sources of its folder, where the test uses a fixture of theirs."""
        if "op_fixture" not in path.read_text():
            return ""
        return (path.parent / "op_fixture.c").read_text()

    def run_scripts(self, folder):
        environment = {**self.environment, "TOCSIN_BUILD": str(HOME / "build")}
        for path in sorted((ROOT / "tests" / folder).glob("*")):
            # Beside the tests against other servers stand the scripts that start those servers.
            is_test = folder != "counterparty" or path.name.startswith("test_")
            if is_test and path.suffix in (".sh", ".py"):
                shell = "bash" if path.suffix == ".sh" else "python3"
                self.run(f"{folder}/{path.name}", [shell, path], SCRIPT_SECONDS_MAX, environment)

    def run_fuzz(self):
        names = [path.stem for path in sorted((ROOT / "tests/fuzz").glob("fuzz_*.c"))]
        names = [name for name in names if self.is_wanted(f"fuzz/{name}")]
        if not names:
            return
        each = max(1, min(FUZZ_SECONDS_EACH, FUZZ_SECONDS_ALL // len(names)))
        run = Tally()
        out, err, code, took = self.execute([ROOT / "script/fuzz", "--seconds", each, *names])
        shown = judge(run, "fuzz", out, err, code)
        self.report(run, "fuzz", shown, took)

    def check_logs(self, folder):
        """What all Tocsins of the run logged, once all have ended. A part of the tests may have started none."""
        if not self.names or any(pathlib.Path(folder).glob("*.log")):
            self.names = []
            self.check("check/logs", [sys.executable, ROOT / "tests/lib/logs.py", folder])

    def all(self):
        for kind in ("build", "build-test"):
            self.build(kind)
        self.check("check/limits", [ROOT / "script/limits", "--build", HOME / "build"])
        self.run("check/limits-self-test", [ROOT / "script/limits", "--self-test"])
        self.check("check/layers", [ROOT / "script/layers", "--build", HOME / "build"])
        self.run("check/layers-self-test", [ROOT / "script/layers", "--self-test"])
        self.check("check/hardening", [ROOT / "script/hardening", "--build", HOME / "build"])
        self.run("check/hardening-self-test", [ROOT / "script/hardening", "--self-test"])
        self.check("check/sbom", [ROOT / "script/sbom", "--check", "--build", HOME / "build"])
        self.run("check/run-self-test", [sys.executable, __file__, "--self-test"])
        self.run("check/logs-self-test", [sys.executable, ROOT / "tests/lib/logs.py", "--self-test"])
        self.run("check/analyzers-self-test", [ROOT / "script/check", "--self-test"])
        self.run("check/bench-self-test", [ROOT / "script/bench", "--self-test"])
        if (ROOT / "bench/results/full.json").exists():
            self.check("check/performance", [ROOT / "script/bench", "--report", "--check"])
        self.check("check/format", [ROOT / "script/format", "--check"])
        if not self.quick:  # clang-tidy takes minutes: it is run by hand.
            self.check("check/analyzers", [ROOT / "script/check", "--build", HOME / "build", "--only", "gcc", "--only", "cppcheck"])
        with contextlib.ExitStack() as stack:
            cluster = None if postgres.missing() else stack.enter_context(postgres.Cluster())
            self.environment["TOCSIN_TEST_POSTGRES"] = cluster.url() if cluster else ""
            for kind in ("build", "build-test"):
                self.run_meson(kind)
                self.run_scenarios(kind)
            self.run_units_on_postgres("build", cluster)
            self.run_scenarios_on_postgres("build", cluster)
        self.run_scripts("api")
        self.run_scripts("e2e")
        if not self.quick:
            self.run_scripts("counterparty")
            self.run_fuzz()


SELF_TESTS = [
    # name, output, errors, exit code, (passed, failed, skipped)
    ("cases", "1..2\nok 1 - a\nok 2 - b\n", "", 0, (2, 0, 0)),
    ("a case fails", "1..2\nok 1 - a\nnot ok 2 - b\n# 1 != 2\n", "", 1, (1, 1, 0)),
    ("two groups", "1..1\nok 1 - a\n# done\n1..1\nok 1 - a\n", "", 0, (2, 0, 0)),
    ("cmocka's skip", "1..1\nno shared folder\nnot ok 1 # SKIP a\n", "", 0, (0, 0, 1)),
    ("all skipped", "1..0 # SKIP no browser\n", "", 0, (0, 0, 1)),
    ("ended early", "1..3\nok 1 - a\n", "", 0, (1, 1, 0)),
    ("no plan", "ok 1 - a\n", "", 0, (1, 1, 0)),
    ("fell at the end", "1..1\nok 1 - a\n", "leak", 23, (1, 1, 0)),
    ("took too long", "1..1\nok 1 - a\n", "", None, (1, 1, 0)),
    ("exit code 0", "fine\n", "", 0, (1, 0, 0)),
    ("exit code 77", "no such server\n", "", 77, (0, 0, 1)),
    ("exit code 1", "", "broken", 1, (0, 1, 0)),
    ("unfinished", "1..1\nok 1 - a # TO" + "DO later\n", "", 0, (0, 1, 0)),
]


def self_test():
    results = []
    for name, out, err, code, wanted in SELF_TESTS:
        tally = Tally()
        shown = judge(tally, "x", out, err, code)
        counts = tuple(tally.count(status) for status in (PASSED, FAILED, SKIPPED))
        results.append((name, counts == wanted and bool(shown) == bool(wanted[1])))
    tally = Tally()
    judge(tally, "x", "1..1\nno shared folder\nnot ok 1 # SKIP a\n", "", 0)
    results.append(("the reason of a skip", list(tally.reasons.values()) == ["no shared folder"]))
    tally = Tally()
    judge(tally, "x", "1..1\nok 1 - a\n", "", 0)
    judge(tally, "x", "1..1\nnot ok 1 - a\n", "", 1)
    judge(tally, "x", "1..1\nok 1 - a\n", "", 0)
    results.append(("the worst of two builds", tally.count(FAILED) == 1 and tally.count(PASSED) == 0))
    print(f"1..{len(results)}")
    for number, (name, passed) in enumerate(results, 1):
        print(f"{'ok' if passed else 'not ok'} {number} - {name}")
    return 0 if all(passed for _, passed in results) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    runner = Runner(arguments)
    with tempfile.TemporaryDirectory(prefix="tocsin-logs-") as folder:
        runner.environment["TOCSIN_TEST_LOGS"] = folder
        runner.all()
        runner.check_logs(folder)
    tally = runner.tally
    passed, failed, skipped = (tally.count(status) for status in (PASSED, FAILED, SKIPPED))
    for (program, case), status in tally.results.items():
        if status == FAILED:
            print(f"failed: {program} {case}".rstrip())
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
