"""script/bench cluster: one, two and three nodes on one PostgreSQL, beside the peers that keep their jobs there.

Each number of nodes has a database of its own on one server, and all of them stay: nodes that have nothing to do are what is
measured last. Clients are spread over the nodes. The peers are one process each, and a worker where jobs are run.
"""
import concurrent.futures
import contextlib
import re
import time

from suite import common, figures, peers
from suite.calls import CALL, CallServer, Turns, column, spread
from suite.common import Failure, iso, lateness_of
from suite.timers import TimerServer

NODES = (1, 2, 3)
CONNECTIONS = 60  # Divides by each of them.
AHEAD = figures.Aim(times=1, source="issue 7")  # Of every peer.
SETTINGS = {"TOCSIN_CLUSTER": "true", "TOCSIN_DATA_KEY": "5" * 64}


class Store(peers.Postgres):
    """PostgreSQL for ours, with the settings of the peers'; it counts statements."""

    label = "store"

    def command(self):
        return [*super().command(), "--shared_preload_libraries=pg_stat_statements"]

    def __enter__(self):
        super().__enter__()
        self.sql("CREATE EXTENSION pg_stat_statements")
        return self

    def url(self, database):
        self.sql(f"CREATE DATABASE {database}", "postgres")
        return f"postgresql://bench@/{database}?host={self.folder}&port={self.store_port}"

    def checks_due(self, database, due):
        """How many checks of meetings still wait whose instant has come by then."""
        return int(self.sql(f"SELECT count(*) FROM meetings WHERE check_at<={due * 1000}", database))

    def statements(self, database):
        """How many were run in a database since the server was started."""
        return int(self.sql("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_database d ON d.oid=s.dbid "
                            f"WHERE d.datname='{database}'"))


class TimerNode(TimerServer):
    """What still waits is asked of the database beside the nodes. A question takes some milliseconds, so only the end is told."""
    margin = 2.5  # A few are made much faster than many.

    def __init__(self, bench, name, store, database, url):
        super().__init__(bench, name, DATABASE_URL=url, **SETTINGS)
        self.store, self.database = store, database

    def __enter__(self):
        self.start()
        return self

    def waiting(self, due):
        return self.store.checks_due(self.database, due)

    def watch(self, due):
        time.sleep(max(0, due - time.time()))
        common.wait_until(lambda: self.waiting(due) == 0, 300, "checks that are due")
        return [(time.time() - due, 0.0)]


class Node(CallServer):
    """The agent is the cluster's, which the first one makes."""

    def __init__(self, bench, name, agent, **settings):
        super().__init__(bench, name, **settings)
        self.known_agent = agent

    def __enter__(self):
        if self.known_agent is None:
            return super().__enter__()
        self.start()
        self.agent = self.known_agent
        return self


class Nodes:
    """So many nodes that share a database. Nodes at rest take next to nothing, so nobody is stopped."""

    def __init__(self, bench, store, count, database):
        self.bench, self.store, self.count = bench, store, count
        self.label, self.database = f"tocsin-{count}", f"{database}{count}"
        self.stack, self.nodes, self.ids = contextlib.ExitStack(), [], None

    def __enter__(self):
        url = self.store.url(self.database)
        with contextlib.ExitStack() as stack:
            for number in range(self.count):
                self.nodes.append(stack.enter_context(self.node(f"{self.database}-{number}", url)))
            common.wait_until(self.is_shared_out, 60, f"the shares of {self.count} nodes")
            self.ids = self.nodes[0].add_people()
            self.stack = stack.pop_all()
        return self

    def node(self, name, url):
        raise NotImplementedError

    def __exit__(self, *_):
        self.stack.close()

    def is_shared_out(self):
        """Each has its part of the timers, and one of them sends."""
        found = self.nodes[0].ask("/api/v1/nodes")["nodes"]
        parts = [node["timerShards"] for node in found]
        return len(found) == self.count and sum(parts) == 63 and max(parts) - min(parts) <= 1 and sum(node["sending"] for node in found) == 1

    def freeze(self):
        """They sleep by themselves."""

    thaw = freeze


class TimerCluster(Nodes):
    """Nodes that have only checks of meetings to do: the timers that have nothing to do."""

    def __init__(self, bench, store, count):
        super().__init__(bench, store, count, "timers")

    def node(self, name, url):
        return TimerNode(self.bench, name, self.store, self.database, url)

    def run(self, count):
        first = self.nodes[0]
        first.ids = self.ids
        return {"perSecond": first.run_checks(count)["perSecond"]}


class Cluster(Nodes):
    """Nodes with scheduled calls and meetings. Whether anybody came to these is not asked while the bench runs: nobody did, and
    their incidents would be work that is not measured."""

    def __init__(self, bench, store, count):
        super().__init__(bench, store, count, "nodes")
        self.rounds = 0

    def node(self, name, url):
        return Node(self.bench, name, self.nodes[0].agent if self.nodes else None, DATABASE_URL=url,
                    GRACE_PERIOD_MINUTES="1440", **SETTINGS)

    def sends(self):
        return [send for node in self.nodes for send in node.sends()]

    def wait_for_sends(self, count, until):
        while sum(node.send_count() for node in self.nodes) < count:
            if time.time() > until:
                raise Failure(f"{self.label}: {count} messages should have been accepted")
            time.sleep(0.05)

    def create(self, seconds):
        """Creates one by one over HTTP at all nodes; what was acknowledged must be there."""
        before = self.nodes[0].jobs()

        def load(node):
            return node.load(path="/api/v1/scheduling/schedule", ids=node.owners,
                             **spread(CALL % ("n", node.agent, "n"), seconds=seconds, connections=CONNECTIONS // self.count))

        with concurrent.futures.ThreadPoolExecutor(self.count) as pool:
            results = list(pool.map(load, self.nodes))
        made = sum(result["answers"] for result in results)
        if self.nodes[-1].jobs() - before != made:
            raise Failure(f"{self.label} acknowledged {made} and has {self.nodes[-1].jobs() - before} more")
        return {"perSecond": sum(result["perSecond"] for result in results), "p99Ms": max(result["p99Ms"] for result in results)}

    def execute(self, count):
        """Calls that are due at one instant, to the mock provider: message, claim and verdict, all durable. One node sends."""
        known = len(self.sends())
        node = self.nodes[-1]
        first = int(node.lead_for(count) + time.time())
        node.schedule_due(count, first)
        self.wait_for_sends(known + count, first + 300)
        return {"perSecond": count / (sorted(at for _, _, at in self.sends()[known:])[-1] - first)}

    def late(self, count, span):
        """Stages of meetings that one node was told of; each is due at the node that has its timer, and is sent by the one that sends."""
        self.rounds += 1
        known = {attempt for _, attempt, _ in self.sends()}
        node = self.nodes[-1]
        before, _ = node.first_stage_before(self.ids)
        due, step = int(time.time()) + 6, int(span * 1e6 / count)
        node.push(self.ids, f"late{self.rounds}", count=count, first=iso(due + before), step_us=step, cycle=count)
        if time.time() > due - 0.5:
            raise Failure("pushing took longer than there was time")
        time.sleep(max(0, due + span - time.time()))
        self.wait_for_sends(len(known) + count, due + span + 60)
        new = sorted(((to, at) for to, attempt, at in self.sends() if attempt not in known), key=lambda send: send[1])
        numbers = [int(re.match(r"bench-(\d+)@", to).group(1)) for to, _ in new]
        if sorted(numbers) != list(range(count)):
            raise Failure(f"{count} stages were due and {len(new)} were accepted")
        return lateness_of([(at - due - number * step / 1e6) * 1000 for number, (_, at) in zip(numbers, new)])

    def idle(self, seconds):
        """Statements a second and node while nothing happens: once all calls have ended, which take their time after they were answered."""
        under_way = "SELECT count(*) FROM messages WHERE channel='CALL' AND ended_at IS NULL"
        common.wait_until(lambda: int(self.store.sql(under_way, self.database)) == 0, 600, "the ends of all calls")
        before = self.store.statements(self.database)
        time.sleep(seconds)
        return (self.store.statements(self.database) - before) / seconds / self.count


def of_peer(side, seconds):
    """As the bench `schedule` asks it."""
    owners = side.folder / "owners"
    owners.write_text("".join(f"bench-{number}\n" for number in range(1000)))
    return side.bench.load(side.port, side.key, path="/api/v1/scheduling/schedule", ids=owners,
                           **spread(CALL % ("n", peers.AGENT, "n"), seconds=seconds, connections=CONNECTIONS))


def nodes_of(count):
    return "1 node" if count == 1 else f"{count} nodes"


def add(bench, kept, key, say, name, **options):
    """A figure for each number of nodes, beside what the peers did in the same rounds."""
    sides = column(kept, name)
    others = {label: runs for label, runs in sides.items() if not label.startswith("tocsin-")}
    for count in NODES:
        bench.add(f"cluster.{key}.{count}", say % nodes_of(count), {figures.OURS: sides[f"tocsin-{count}"], **others}, **options)


def calls_and_rest(bench, turns, ours, rounds, due):
    kept = turns.run(rounds, lambda side: side.execute(due), ours)
    for side in ours:
        bench.add(f"cluster.run.{side.count}", f"due calls executed to the mock provider, {nodes_of(side.count)}",
                  {figures.OURS: [one["perSecond"] for one in kept[side.label]]}, note="eight rows each; the peers' jobs have one")
    turns.thaw()
    for side in ours:
        bench.add(f"cluster.idle.{side.count}", f"statements a second and node, {nodes_of(side.count)} at rest",
                  {figures.OURS: [side.idle(bench.pick(5, 20, 60))]}, "", figures.most(2, "issue 7"))


def run(bench):
    rounds, seconds = bench.pick(1, 2, 5), bench.pick(1, 4, 8)
    due, late, span = bench.pick((200, 50, 1), (5000, 500, 5), (10000, 1000, 10))
    wanted = peers.available(bench, (peers.PgBoss, peers.Graphile))
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(Store(bench, "cluster"))
        ours = [stack.enter_context(Cluster(bench, store, count)) for count in NODES]
        others = [stack.enter_context(peer(bench, "cluster")) for peer in wanted]
        for other in others:
            other.serve()
        idlers = [stack.enter_context(TimerCluster(bench, store, count)) for count in NODES]
        turns = Turns(bench, [*ours, *others])

        def create(side):
            return side.create(seconds) if side in ours else of_peer(side, seconds)

        def work(side):
            if side in idlers:
                return side.run(due)
            result = side.run("work", due)
            return {"perSecond": result["rows"] / result["seconds"]}

        kept = turns.run(rounds, create)
        add(bench, kept, "create", "durable creates over HTTP, %s", "perSecond", aim=AHEAD)
        add(bench, kept, "create.p99", "durable creates over HTTP, %s: p99 of an answer", "p99Ms", unit="ms")
        kept = turns.run(rounds, lambda side: side.late(late, span) if side in ours else side.run("late", late, span))
        add(bench, kept, "late.p50", f"{late:,} due over {span} s, %s: p50 on the wire", "p50Ms", unit="ms", better=figures.LESS)
        add(bench, kept, "late.p99", f"{late:,} due over {span} s, %s: p99 on the wire", "p99Ms", unit="ms", aim=figures.Aim(20, figures.LESS, 1, "issue 7"),
            note="the peers: when the worker has the job")
        kept = Turns(bench, [*idlers, *others]).run(rounds, work)
        add(bench, kept, "timers", f"{due:,} due timers that have nothing to do, %s", "perSecond", aim=AHEAD)
        calls_and_rest(bench, turns, ours, rounds, due)
