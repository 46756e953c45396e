#!/usr/bin/env python3
"""The node that sends is stopped for longer than its lease with mails on their way and wakes when another has sent them. What had not
left by then stays, also once it is a node among others again: it would be a second mail that nobody recorded. Requirements N1, N3."""
import collections
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "torture"))
import postgres  # noqa: E402
from live import Checks, wait_until  # noqa: E402
from mail import MailServer  # noqa: E402
from server import PostgresServer  # noqa: E402

LEASE = 3
MAILS, PEOPLE = 300, 30
SETTINGS = {"TOCSIN_CLUSTER": "true", "TOCSIN_NODE_LEASE": str(LEASE), "TOCSIN_DATA_KEY": "4" * 64, "LOG_LEVEL": "info",
            "EMAIL_PROVIDER": "smtp", "EMAIL_FROM": "alerts@example.com", "SMTP_HOST": "127.0.0.1", "SMTP_SECURE": "none",
            "EMAILS_PER_SECOND": "0", "TOCSIN_ALLOW_PRIVATE_FETCH": "true"}
checks = Checks()


def start(cluster):
    """Two nodes, each with a mail server of its own, so that it is known who sent; they take their time over each answer."""
    nodes, url = [], cluster.create()
    for number in range(2):
        post = MailServer()
        checks.at_end(post.end)
        post.pause = 0.2
        node = PostgresServer(checks, f"node{number}", cluster, store_url=url, SMTP_PORT=str(post.port), **SETTINGS)
        node.post_office = post
        nodes.append(node.start())
    return nodes


def sends(node):
    return [one["sending"] for one in node.get("/nodes")["nodes"]]


def open_incidents(node):
    people = [node.add_user(name=f"Person {number}", email=f"p{number}@example.org") for number in range(PEOPLE)]
    node.post("/policies", {"name": "mail", "steps": [{"channel": "EMAIL"}]})
    for number in range(MAILS):
        node.post("/incidents", {"title": f"incident {number}", "userId": people[number % PEOPLE], "policy": "mail", "escalate": True})


def stall(sender, other):
    first, second = sender.post_office, other.post_office
    checks.ok(wait_until(lambda: len(first.taken) >= 40, 30), "mails are on their way", len(first.taken))
    sender.signal(signal.SIGSTOP)
    checks.ok(wait_until(lambda: other.get("/nodes")["nodes"][-1]["sending"], LEASE * 5), "another node sends now", other.get("/nodes"))
    done = wait_until(lambda: other.query("SELECT count(*) FROM messages WHERE state IN ('QUEUED', 'SENDING')")[0][0] == 0, 90)
    checks.ok(done, f"and sends the rest: {len(first.taken)} and {len(second.taken)}", other.log()[-600:])
    taken = len(first.taken)
    checks.ok(taken < MAILS / 2, "most were left to it", taken)
    sender.signal(signal.SIGCONT)
    back = wait_until(lambda: "its work went to others" in sender.log() and sender.ask("GET", "/readyz", key=None).status == 200, LEASE * 5)
    checks.ok(back, "the node comes back", sender.log()[-600:])
    time.sleep(LEASE)
    checks.equal(len(first.taken), taken, "and sends nothing of what it was about to send")


def nothing_is_doubled(nodes):
    went = collections.Counter(attempt for node in nodes for _, attempt in node.post_office.taken)
    messages = {one["id"]: one for one in nodes[1].get("/messages", limit=1000)["messages"]}
    steps = collections.Counter()
    for one, count in went.items():
        steps[messages[one]["stepId"]] += count
    repeats = collections.Counter(one["stepId"] for one in messages.values() if one["repeatAfterUnknown"])
    checks.equal(len(steps), MAILS, "each went out")
    twice = [step for step, count in steps.items() if count > 1 + repeats[step]]
    checks.equal(twice, [], f"none twice but the {sum(repeats.values())} that are recorded as repeated after an unknown fate")
    checks.ok(sum(repeats.values()) <= 64, "which are those that were on their way", sum(repeats.values()))


def main():
    if postgres.missing():
        print(f"1..0 # SKIP {postgres.missing()}")
        sys.exit(0)
    with postgres.Cluster() as cluster:
        nodes = start(cluster)
        checks.ok(wait_until(lambda: sends(nodes[1]) == [True, False], 20), "the first node sends", sends(nodes[1]))
        open_incidents(nodes[1])
        stall(*nodes)
        nothing_is_doubled(nodes)
        for node in nodes:
            checks.equal(node.stop()[0], 0, "it stops well")


if __name__ == "__main__":
    checks.run(main)
