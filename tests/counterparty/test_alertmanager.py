#!/usr/bin/env python3
"""A real Alertmanager fires and resolves through us, and tries again whatever we refuse with 503: nothing is lost, nothing twice.

Requirement I4; protocols 7.1. What we cannot take: more than an integration may send, a store that takes no changes, and being
away. Alertmanager counts each request of ours that failed; each alert becomes one incident all the same.
"""
import datetime
import json
import pathlib
import re
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks, free_ports, need, request, wait_until  # noqa: E402
from server import Server  # noqa: E402

PROGRAM, AMTOOL = need("prometheus-alertmanager", "amtool")
CONFIGURATION = """
route: {{ receiver: tocsin, group_by: [alertname], group_wait: 100ms, group_interval: 1s, repeat_interval: {repeat} }}
receivers:
  - name: tocsin
    webhook_configs:
      - url: {url}
        send_resolved: true
"""
checks = Checks()


class Alertmanager:
    def __init__(self, url):
        folder = checks.folder("alertmanager")
        self.configuration = folder / "am.yml"
        self.write(url, "2s")
        port, = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        checks.start([PROGRAM, f"--config.file={self.configuration}", f"--storage.path={folder / 'data'}",
                      f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="], folder / "log")
        wait_until(lambda: self.answers("/-/ready"), 20)

    def answers(self, path):
        try:
            return request(self.url + path).status == 200
        except OSError:
            return False

    def write(self, url, repeat):
        self.configuration.write_text(CONFIGURATION.format(url=url, repeat=repeat))

    def post_to(self, url):
        """Where it posts from now on, and what fires is not said again before it changes."""
        self.write(url, "1h")
        return request(self.url + "/-/reload", "POST").status

    def send(self, name, instance="a", ends=None, **annotations):
        alert = {"labels": {"alertname": name, "instance": instance, "severity": "critical"}, "annotations": annotations}
        if ends is not None:
            alert["endsAt"] = ends.isoformat()
        headers = {"Content-Type": "application/json"}
        return request(self.url + "/api/v2/alerts", "POST", json.dumps([alert]).encode(), headers).status

    def resolve(self, name, instance="a", **annotations):
        return self.send(name, instance, datetime.datetime.now(datetime.timezone.utc), **annotations)

    def metric(self, name):
        text = request(self.url + "/metrics").text
        return sum(float(value) for value in re.findall(rf'^{name}{{integration="webhook"[^}}]*}} (\S+)$', text, re.M))


def incidents(server, **query):
    return server.get("/incidents", limit=1000, **query)["incidents"]


def titled(server, title):
    return [one for one in incidents(server) if one["title"] == title]


def states(server, title):
    return [one["state"] for one in titled(server, title)]


def fires_and_resolves(server, manager, integration):
    checks.equal(manager.send("DBDown", "db1", summary="db1 is down", runbook="http://wiki/r"), 200, "Alertmanager takes an alert")
    made = subprocess.run([AMTOOL, f"--alertmanager.url={manager.url}", "alert", "add", "alertname=DBDown", "instance=db2",
                           "severity=warning", "--annotation=summary=db2 is slow"], capture_output=True, text=True)
    checks.equal(made.returncode, 0, "and one of amtool", made.stderr)
    checks.ok(wait_until(lambda: states(server, "db1 is down") == ["ESCALATING"] and states(server, "db2 is slow")),
              "each is an incident whose ladder climbs", incidents(server))
    one, two = titled(server, "db1 is down")[0], titled(server, "db2 is slow")[0]
    checks.equal((one["severity"], two["severity"], one["kind"]), ("CRITICAL", "MEDIUM", "ALERT"), "as bad as its label says")
    checks.ok("labels.instance: db1" in one["details"] and "runbook: http://wiki/r" in one["details"], "with its labels and annotations",
              one["details"])
    heard = server.get(f"/integrations/{integration}")["received"]
    wait_until(lambda: server.get(f"/integrations/{integration}")["received"] >= heard + 4, 15)
    checks.equal([one["reports"] for one in incidents(server)], [1, 1], "said again and again, they stay what they are")
    manager.resolve("DBDown", "db1", summary="db1 is down")
    checks.ok(wait_until(lambda: states(server, "db1 is down") == ["RESOLVED"], 15), "what is over there is over here",
              incidents(server))
    checks.equal(titled(server, "db1 is down")[0]["resolution"], "resolved by its source, Prometheus", "and says why")
    checks.equal(states(server, "db2 is slow"), ["ESCALATING"], "while the other one goes on")
    checks.equal(manager.metric("alertmanager_notification_requests_failed_total"), 0, "none of its requests failed")


def over_the_limit(server, manager, url):
    """Four messages a second are taken, and ten groups come at once."""
    checks.equal(manager.post_to(url), 200, "from here on it repeats nothing")
    names = [f"Burst{number}" for number in range(10)]
    for name in names:
        manager.send(name, summary=name)
    checks.ok(wait_until(lambda: all(states(server, name) for name in names), 40), "over the limit all get through in the end",
              incidents(server))
    checks.ok(any(" 503" in line and "…/alertmanager" in line for line in server.lines), "after we said 503")
    checks.ok(manager.metric("alertmanager_notification_requests_failed_total") > 0, "which Alertmanager saw")
    checks.equal([len(titled(server, name)) for name in names], [1] * 10, "each is one incident")


def without_a_store(server, manager):
    """Somebody else holds the store's lock: nothing can be written, and 503 is the answer."""
    locker = sqlite3.connect(server.database(), isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    try:
        manager.send("NoStore", summary="while the store is locked")
        checks.ok(wait_until(lambda: server.ask("GET", "/health").status == 503, 30), "a store that cannot be written makes us ill")
        before = len(server.lines)
        checks.ok(server.wait_log(r"alertmanager 503", 30, before), "a store that takes no changes is 503", server.log()[-800:])
    finally:
        locker.execute("ROLLBACK")
        locker.close()
    checks.ok(wait_until(lambda: len(titled(server, "while the store is locked")) == 1, 40), "and the alert comes again",
              incidents(server))


def while_away(server, manager, key):
    server.kill()
    failed = manager.metric("alertmanager_notification_requests_failed_total")
    manager.send("Away", summary="while we were away")
    checks.ok(wait_until(lambda: manager.metric("alertmanager_notification_requests_failed_total") > failed, 20),
              "while we are away its requests fail")
    server.start()
    checks.equal(manager.post_to(f"{server.url}/api/v1/integrations/{key}/alertmanager"), 200, "it learns where we are now")
    checks.ok(wait_until(lambda: len(titled(server, "while we were away")) == 1, 40), "and the alert comes when we are back",
              incidents(server))


def nothing_lost(server, manager):
    firing = json.loads(request(manager.url + "/api/v2/alerts?active=true").text)
    shown = sorted(one["annotations"]["summary"] for one in firing)
    checks.ok(wait_until(lambda: sorted(one["title"] for one in incidents(server, state="ESCALATING")) == shown, 15),
              "what fires there escalates here, one for one", shown, incidents(server))


def main():
    server = Server(checks, "tocsin", TOCSIN_INTEGRATION_REQUESTS_PER_SECOND="4").start()
    made = server.post("/integrations", {"name": "Prometheus", "kind": "ALERTMANAGER"})
    key = made["key"]
    server.keep_secret(key, "the key of an integration")
    checks.ok(made["alertmanagerUrl"].startswith(server.url + "/"), "the URL is whole", made["alertmanagerUrl"].replace(key, "…"))
    manager = Alertmanager(made["alertmanagerUrl"])
    fires_and_resolves(server, manager, made["id"])
    over_the_limit(server, manager, made["alertmanagerUrl"])
    without_a_store(server, manager)
    while_away(server, manager, key)
    nothing_lost(server, manager)
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks)


checks.run(main)
