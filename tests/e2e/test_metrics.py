#!/usr/bin/env python3
"""GET /metrics (O4): Prometheus' own promtool reads it and finds nothing wrong, every family of the table is there, the numbers
are those of what was done; the alert rules pass their tests, and fail them where a limit is moved; the Grafana dashboard asks
for metrics that exist, and Prometheus can read each of its questions; each alert has a section in docs/operations.md."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ROOT, Checks, need, wait_until  # noqa: E402
from server import Server  # noqa: E402

PROMTOOL = need("promtool")
RULES = ROOT / "contrib/prometheus"
DASHBOARD = ROOT / "contrib/grafana/tocsin.json"
checks = Checks()


def families_of_table():
    text = (ROOT / "src/service/metrics.def").read_text()
    return dict(re.findall(r"^METRIC\((\w+),\s+(\w+)", text, re.M))


def scrape(server):
    answer = server.ask("GET", "/metrics")
    assert answer.status == 200, answer
    return answer.text if hasattr(answer, "text") else answer.body


def samples(text):
    """{name{labels}: number}"""
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line and line[0] != "#"}


def tool(*words, given=None, folder=None):
    done = subprocess.run([PROMTOOL, *map(str, words)], input=given, capture_output=True, text=True, cwd=folder, timeout=60)
    return done.returncode, done.stdout + done.stderr


def has_format(server):
    text = scrape(server)
    code, said = tool("check", "metrics", given=text)
    checks.ok(code == 0 and not said.strip(), "promtool finds nothing wrong", said)
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    wanted = {name: kind.lower() for name, kind in families_of_table().items()}
    checks.equal(types, wanted, f"each of the {len(wanted)} families of the table is there, once, with its type")
    helped = re.findall(r"^# HELP (\S+) .+$", text, re.M)
    checks.equal(sorted(helped), sorted(wanted), "and its help")
    broken, said = tool("check", "metrics", given=text.replace("# TYPE tocsin_ready gauge", "# TYPE tocsin_ready gouge"))
    checks.ok(broken != 0, "promtool would say so if it were not", said)


def counts(server):
    user = server.add_user(name="Ana", email="ana@example.com", phone="+14155550101")
    before = samples(scrape(server))
    gets = 'tocsin_http_request_seconds_count{method="GET",code="2xx"}'
    for _ in range(5):
        server.get("/users")
    server.ask("GET", "/users/00000000-0000-0000-0000-000000000000")
    server.post("/incidents", {"title": "Disk full", "userId": user, "policy": "missed-meeting", "escalate": True})
    taken = 'tocsin_sends_total{channel="EMAIL",provider="mock",outcome="accepted"}'
    wait_until(lambda: samples(scrape(server)).get('tocsin_timers_fired_total{kind="STEP"}', 0) > 0)
    after = wait_until(lambda: (lambda s: sum(v for k, v in s.items() if k.startswith("tocsin_sends_total") and "accepted" in k) and s)(
        samples(scrape(server)))) or samples(scrape(server))
    checks.ok(after[gets] - before[gets] >= 6, "requests are counted", (before.get(gets), after.get(gets)))
    missing = 'tocsin_http_request_seconds_count{method="GET",code="4xx"}'
    checks.equal(after.get(missing), before.get(missing, 0) + 1, "a refusal counts by its class")
    checks.ok(taken in before, "a provider that is used shows its zeros from the start", [k for k in before if "sends" in k])
    sent = {k: v for k, v in after.items() if k.startswith("tocsin_sends_total") and v > 0}
    rows = server.query("SELECT count(*) FROM messages WHERE state NOT IN ('QUEUED','SENDING')")
    checks.equal(sum(sent.values()), float(rows[0][0]), "as many sends are counted as messages went out", sent)
    commits = after["tocsin_commit_seconds_count"]
    checks.ok(commits > before["tocsin_commit_seconds_count"], "commits are measured", commits)
    checks.ok(after["tocsin_commit_seconds_sum"] > 0, "and take time", after["tocsin_commit_seconds_sum"])
    provider = [k for k, v in after.items() if k.startswith("tocsin_provider_seconds_count") and v > 0]
    checks.ok(provider, "how long providers take is measured", sent)
    return after


def agrees(server, after):
    grown = True
    for name in {k.split("_bucket{")[0] for k in after if "_bucket{" in k}:
        last = {}
        for key, value in after.items():
            if key.startswith(name + "_bucket{"):
                labels = re.sub(r',?le="[^"]*"', "", key)
                grown = grown and value >= last.get(labels, 0)
                last[labels] = value
        for labels, total in last.items():
            rest = labels.split("{")[1].rstrip("}")
            count = f"{name}_count{{{rest}}}" if rest else f"{name}_count"
            grown = grown and after[count] == total
    checks.ok(grown, "buckets add up to the count")
    health = server.ask("GET", "/health").body["metrics"]
    checks.equal(int(after["tocsin_dispatches_pending"]), health["pendingDispatches"], "what /health says, it says, too")
    began = after["process_start_time_seconds"]
    checks.ok(abs(began - time.time()) < 120, "the process began just now", began)
    checks.ok(1e6 < after["process_resident_memory_bytes"] < 1e9, "its memory is a number of bytes", after["process_resident_memory_bytes"])
    folder = pathlib.Path(f"/proc/{server.process.pid}/fd")
    checks.ok(abs(len(list(folder.iterdir())) - after["process_open_fds"]) <= 2, "its descriptors are counted",
              (len(list(folder.iterdir())), after["process_open_fds"]))


def needs_key(server):
    answer = server.ask("GET", "/metrics", key=None)
    checks.equal(answer.status, 401, "nobody reads it without a key")
    user = server.add_user(name="Own", email="own@example.com")
    own = server.post(f"/users/{user}/keys", {"name": "own"})["key"]
    checks.equal(server.ask("GET", "/metrics", key=own).status, 403, "nor with one of a person's own subjects")
    reader = server.post("/keys", {"name": "prometheus", "scope": "READER"})["key"]
    checks.equal(server.ask("GET", "/metrics", key=reader).status, 200, "a reader's key is enough")


def has_rules():
    code, said = tool("check", "rules", RULES / "tocsin.rules.yml")
    checks.ok(code == 0, "promtool reads the alert rules", said)
    code, said = tool("test", "rules", "tocsin.test.yml", folder=RULES)
    checks.ok(code == 0, "the alert rules pass their tests", said)
    rules = (RULES / "tocsin.rules.yml").read_text()
    tests = (RULES / "tocsin.test.yml").read_text()
    alerts = re.findall(r"- alert: (\w+)", rules)
    untested = [one for one in alerts if f"{one} fires" not in tests or f"{one} is silent" not in tests]
    checks.equal(untested, [], f"each of the {len(alerts)} alerts is seen to fire and to be silent")
    folder = checks.folder("moved")
    shutil.copy(RULES / "tocsin.test.yml", folder)
    missed = []
    for limit in ("tocsin_oldest_due_seconds > 10", "tocsin_store_broken == 1", "tocsin_messages_undelivered >= 10"):
        (folder / "tocsin.rules.yml").write_text(rules.replace(limit, limit.split()[0] + " > 100000"))
        missed += [limit] if tool("test", "rules", "tocsin.test.yml", folder=folder)[0] == 0 else []
    checks.equal(missed, [], "and the tests fail where a limit is moved")
    headings = re.findall(r"^### (\w+)$", (ROOT / "docs/operations.md").read_text(), re.M)
    checks.equal([one for one in alerts if one not in headings], [], "each alert has a section in docs/operations.md")
    check_names("the rules ask for", re.findall(r"\b(?:tocsin|process)_\w+", "\n".join(re.findall(r"expr: ((?:.|\n        )+)", rules))))


def check_names(what, asked):
    table = families_of_table()
    known = set()
    for name, kind in table.items():
        known |= {f"{name}_{end}" for end in ("bucket", "sum", "count")} if kind == "HISTOGRAM" else {name}
    unknown = sorted(set(asked) - known)
    checks.equal(unknown, [], f"{what} {len(set(asked))} metrics, and all of them exist")
    return set(asked)


def has_dashboard():
    dashboard = json.loads(DASHBOARD.read_text())
    targets = [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel.get("targets", [])]
    asked = check_names("the dashboard asks for",
                        [name for _, expr in targets for name in re.findall(r"\b(?:tocsin|process)_\w+", expr)])
    shown = {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked}
    hidden = sorted(set(families_of_table()) - shown - {"tocsin_build_info", "process_start_time_seconds"})
    checks.equal(hidden, [], "and shows each that there is")
    rules = {"groups": [{"name": "dashboard", "rules": [
        {"record": f"dashboard:{number}", "expr": expr.replace("$__rate_interval", "5m").replace("$instance", ".*")}
        for number, (_, expr) in enumerate(targets)]}]}
    path = checks.folder("dashboard") / "rules.yml"
    path.write_text(json.dumps(rules))
    code, said = tool("check", "rules", path)
    checks.ok(code == 0, f"Prometheus can read each of its {len(targets)} questions", said)
    ids = [panel["id"] for panel in dashboard["panels"]]
    checks.equal(len(ids), len(set(ids)), "its panels have ids of their own")


def main():
    server = Server(checks, "metrics").start()
    has_format(server)
    needs_key(server)
    after = counts(server)
    agrees(server, after)
    server.stop()
    has_rules()
    has_dashboard()


checks.run(main)
