"""script/bench --self-test: are medians, ratios, verdicts, the page and its plots what they should be? TAP."""
import contextlib
import io
import json
import pathlib
import tempfile
import xml.etree.ElementTree as xml

from suite import calls, common, figures, report, svg
from suite.figures import Figures, least, most

FACTS = {"mode": "full", "date": "2026-11-21T10:00:00+00:00", "commit": "0123456789ab", "isChanged": False, "load": 0.1}
MACHINE = {"processor": "Some", "cores": 2, "memoryGB": 25, "kernel": "6.1", "system": "Debian", "disk": "ext4 /dev/x", "versions": {"tocsin": "1"}}
SVG = "{http://www.w3.org/2000/svg}"


def planted():
    kept = Figures(False)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        kept.begin("schedule", FACTS)
        # The third round had a bad quarter of an hour for both sides: the ratio of each round does not mind.
        kept.add("create.http.64.2000000", "creates", {"tocsin": [50000, 40000, 9000], "bullmq-always": [20000, 20000, 4000],
                                                       "beanstalkd-f50": [80000, 70000, 90000]}, aim=least(45000, times=2.2))
        kept.add("p99", "  p99 of an answer", {"tocsin": [4.0, 12.0, 8.0]}, "ms", most(10))
        kept.add("peers", "the peers alone", {"pgboss": [5], "graphile": [7]})
        kept.end(1)
    return kept, said.getvalue()


def is_svg_sound(text):
    root = xml.fromstring(text)
    width = float(root.get("width"))
    bars = [(float(one.get("x")), float(one.get("width"))) for one in root.iter(f"{SVG}rect") if one.get("class") != "panel"]
    return all(0 <= x and x + wide <= width for x, wide in bars), len(bars)


def cases(folder):
    kept, said = planted()
    creates, p99, alone = kept.benches["schedule"]["figures"]
    yield "the median, the lowest and the highest", creates["sides"]["tocsin"] == {
        "median": 40000, "low": 9000, "high": 50000, "runs": [50000, 40000, 9000]}
    yield "a ratio is the median of the rounds' ratios", creates["ratios"]["bullmq-always"]["median"] == 2.25
    yield "a missed aim is missed", creates["aim"] == {"at": 45000, "better": "more", "source": "issue 6", "met": False}
    yield "who is not durable is no equal", creates["timesAim"]["is"] == 2.25 and creates["timesAim"]["met"]
    yield "less may be better", p99["aim"]["met"] and p99["sides"]["tocsin"]["median"] == 8.0
    yield "sides without ours have no ratio to ours", "ratios" not in alone
    yield "what is printed says so", "aim >= 45,000 /s: MISSED" in said and "aim 2.20 times the best peer: met (2.25)" in said
    lonely = Figures(False)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        lonely.begin("create", FACTS)
        figure = lonely.add("x", "x", {"tocsin": [3], "beanstalkd-f50": [1]}, aim=least(2, times=2))
    lonely_said = printed.getvalue()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        figure = lonely.add("y", "y", {"tocsin": [3]}, aim=least(4), also=least(2, "issue 5"))
    yield "two issues may aim differently", (
        not figure["aim"]["met"] and figure["also"]["met"] and "aim >= 4 /s: MISSED; aim >= 2 /s: met" in printed.getvalue()
        and report.target_of(figure) == "≥ 4 /s; ≥ 2 /s (issue 5)" and report.verdict_of(figure) == "**missed**; met")
    figure = lonely.benches["create"]["figures"][0]
    yield "an aim beside peers of which none that counts ran is not measured, and says so", (
        figure["aim"]["met"] and "timesAim" not in figure and "2 times the best peer: NOT MEASURED" in lonely_said
        and "not measured" in report.verdict_of(figure))
    smoke = Figures(True)
    with contextlib.redirect_stdout(io.StringIO()):
        smoke.begin("create", FACTS)
        yield "a smoke run judges nothing", "aim" not in smoke.add("x", "x", {"tocsin": [1]}, aim=least(2))
    yield "a bulk is made of whole requests", [calls.part_of(count) for count in (18000, 90000, 20, 10007)] == [9000, 10000, 20, 1]
    yield "percentiles", common.lateness_of(range(100)) == {"p50Ms": 50, "p99Ms": 99, "maxMs": 99}
    yield "digits that matter", [figures.shown(value) for value in (12345.6, 12.34, 0.1234, 3.0)] == ["12,346", "12.3", "0.12", "3"]
    yield from saving(folder, kept)
    yield from the_page(folder)
    yield from plots()


def saving(folder, kept):
    results = folder / "bench/results/full.json"
    other = Figures(False)
    other.begin("create", FACTS)
    other.end(2)
    other.save(results, MACHINE)
    kept.save(results, MACHINE)
    benches = json.loads(results.read_text())["benches"]
    yield "benches that did not run are kept", set(benches) == {"create", "schedule"}
    with contextlib.suppress(common.Failure):
        kept.save(results, {**MACHINE, "processor": "Another"})
        yield "figures of two machines are not mixed", False
    yield "figures of two machines are not mixed", json.loads(results.read_text())["machine"]["processor"] == "Some"


def the_page(folder):
    results = folder / "bench/results/full.json"
    (folder / "docs").mkdir()
    (folder / "bench/results/reasons.json").write_text(json.dumps({"create.http.64.2000000": "The disk is the limit."}))
    with contextlib.redirect_stdout(io.StringIO()):
        before = report.write(folder, results, True)
        report.write(folder, results, False)
        after = report.write(folder, results, True)
        page = (folder / "docs/performance.md").read_text()
        (folder / "docs/performance.md").write_text(page + "x")
        changed = report.write(folder, results, True)
        (folder / "docs/performance.md").write_text(page)
        (folder / "docs/performance/old.svg").write_text("x")
        left = report.write(folder, results, True)
    yield "a page that is not there is stale", before == 1
    yield "a page that was just made is current", after == 0
    yield "a page that was changed is stale", changed == 1
    yield "a plot that nothing makes is stale", left == 1
    yield "the page has the verdicts", "| creates | 40,000 /s (9,000 - 50,000) | ≥ 45,000 /s; ≥ 2.20 × the best peer | **missed**; 2.25 ×: met |" in page
    yield "the best peer stands beside", "BullMQ, fsync each 20,000 /s (4,000 - 20,000): 2.25 × | 6 |" in page
    yield "what is missed is explained", "## What is not met\n\n- **creates**: 40,000 /s" in page and "The disk is the limit." in page
    yield "how many are met", "2 of 3 targets are met in this run." in page
    yield "the plot is there", "performance/create.svg" in page and (folder / "docs/performance/create.svg").exists()


def plots():
    side = figures.summary
    rows = [("a", "ours", side([5, 6, 7])), ("b & c", "peer", side([1])), ("zero", "weak", side([0]))]
    sound, count = is_svg_sound(svg.bars("bars", "x", "ms", rows, 4))
    yield "bars stay inside", sound and count == 3
    sound, count = is_svg_sound(svg.bars("wide", "x", "ms", [("a", "ours", side([0.05])), ("b", "peer", side([900, 1000]))]))
    yield "bars by powers of ten stay inside", sound and count == 2
    yield "longer bars mean more", lengths_of(svg.bars("x", "", "", rows))[0] > lengths_of(svg.bars("x", "", "", rows))[1] > 0
    text = svg.lines("lines", "x", "µs", [("one", [(10000, 5), (10000000, 6)]), ("two", [(10000, 50)])])
    yield "lines are sound", xml.fromstring(text) is not None and text.count("<circle") == 3


def lengths_of(text):
    return [float(one.get("width")) for one in xml.fromstring(text).iter(f"{SVG}rect") if one.get("class") != "panel"]


def main():
    with tempfile.TemporaryDirectory() as folder:
        found = list(cases(pathlib.Path(folder)))
    print(f"1..{len(found)}")
    for number, (name, passed) in enumerate(found, 1):
        print(f"{'ok' if passed else 'not ok'} {number} - {name}")
    return 0 if all(passed for _, passed in found) else 1
