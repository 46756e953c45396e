"""tests/torture/truth.py: what the clients were told, what the store says and what the providers wrote down must agree."""
import collections
import json
import re
import sqlite3

from live import ROOT, BUILD
from server import run_commands

GRACE_SECONDS = 1.0  # How long after the answer to an acknowledgement something may still go out.
CLAIM_SECONDS = 20  # A send is judged by the furthest that the clock was ahead within so long before it.
RULE = re.compile(r'INVARIANT\((\w+), "((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)"\)')
# Rules that compare times across steps of the clock; here that is done by the machine's clock (see `early` and `overtaken`).
OF_TIME = re.compile(r"\bat\s*[<>]")
TABLES = """
CREATE TEMP TABLE journal (n INTEGER, kind TEXT, at INTEGER, channel TEXT, wire_id INTEGER, repeat INTEGER, quiet INTEGER,
 is_claimed INTEGER, is_excused INTEGER, outside INTEGER);
CREATE TEMP TABLE sends (n INTEGER, at INTEGER, channel TEXT, step_id INTEGER, meeting_id INTEGER, user_id INTEGER, target TEXT,
 due_at INTEGER, valid_until INTEGER, is_repeat INTEGER, message_id INTEGER);
CREATE TEMP TABLE world (now INTEGER, grace INTEGER, paced INTEGER, has_account INTEGER, stages INTEGER);
CREATE TEMP TABLE look (journal_from INTEGER, sends_from INTEGER, audit_from INTEGER, pace_from INTEGER);
INSERT INTO look VALUES (0, 0, 0, 0);
CREATE TEMP VIEW new_journal AS SELECT * FROM journal;
CREATE TEMP VIEW new_sends AS SELECT * FROM sends;
CREATE TEMP TABLE ways (kind TEXT, a TEXT, b TEXT);
CREATE TEMP TABLE was (kind TEXT, id INTEGER, state TEXT);
CREATE TEMP TABLE present (kind TEXT, id INTEGER, state TEXT);
CREATE TEMP TABLE archived (source TEXT, id INTEGER, meeting_id INTEGER);
CREATE TEMP TABLE ranks (kind TEXT, state TEXT, rank INTEGER, is_end INTEGER);
"""
CROWDED = 4  # Load by processor from which a second says nothing of the server.
UNKNOWN = "its fate is unknown"
SENT = ("SENT", "DELIVERED", "ANSWERED", "UNDELIVERED", "NO_ANSWER", "BUSY")


def row_of(text):
    """The row that an id of the API names."""
    digits = text.replace("-", "")
    return (int(digits[:12], 16) << 12) | int(digits[13:16], 16)


class Truth:
    def __init__(self, checks, storm):
        self.checks, self.storm, self.ledger, self.axe = checks, storm, storm.ledger, storm.axe
        self.database = sqlite3.connect(storm.server.database())
        self.database.row_factory = sqlite3.Row
        self.messages = {row["id"]: row for row in self.rows("SELECT * FROM messages")}
        self.chains = collections.defaultdict(list)
        for row in self.messages.values():
            self.chains[row["wire_id"]].append(row)
        self.record = self.read_record()

    def rows(self, sql, *values):
        return self.database.execute(sql, values).fetchall()

    def read_record(self):
        """(real seconds, row of the attempt, channel) of each thing that a provider took, as the providers wrote it down."""
        facts = [(one["realAt"] / 1e6, one["attempt"], one["channel"]) for one in self.storm.facts if one["kind"] == "accepted"]
        facts += [(at, attempt, "EMAIL") for at, attempt in self.storm.mail.taken]
        self.nameless = [one for one in facts if not one[1]]
        return sorted((at, row_of(attempt), channel) for at, attempt, channel in facts if attempt)

    def none(self, found, text, *facts):
        return self.checks.ok(not found, text, f"{len(found)} are wrong:", *[str(self.plain(one))[:900] for one in list(found)[:8]], *facts)

    def plain(self, found):
        """Without what is sealed."""
        if isinstance(found, sqlite3.Row):
            found = dict(found)
        if isinstance(found, dict):
            return {name: value for name, value in found.items() if value is not None and not isinstance(value, bytes)}
        return [self.plain(one) for one in found] if isinstance(found, (tuple, list)) else found

    def all(self):
        self.calm()
        self.promises()
        self.ends()
        self.wire()
        self.early()
        self.overtaken()
        self.series()
        self.rules()
        self.accounts()

    # --- What clients were told ---

    def calm(self):
        storm, ledger = self.storm, self.ledger
        self.none(storm.trouble, "it never died, refused to start or to stop, and came to rest")
        self.none(ledger.odd, f"{len(ledger.promises)} requests were answered as they should be, {ledger.unanswered} tries were not")
        self.checks.ok(storm.is_home, "every client had its answer")
        self.none([one for one in storm.facts if one["kind"] == "wrong"], "the provider holds nothing against us")
        errors = [line for line in storm.server.log().splitlines() if " error [" in line]
        known = ("ESCALATION_EXHAUSTED", "No space", "is full", "full disk", "disk is full", "does not take changes", "not written", "technician is left", "could not be settled: UNAVAILABLE")
        self.none([line for line in errors if not any(word in line for word in known)], "nothing was logged as an error but what was done to it")

    def counted(self, kind, sql):
        """Each mark that was promised is there once."""
        count = dict(tuple(row) for row in self.rows(sql))
        told = self.ledger.kept(kind)
        wrong = [(one.key, count.get(one.mark, 0)) for one in told if count.get(one.mark, 0) != getattr(one, "count", 1)]
        self.lost += sum(count.get(one.mark, 0) < getattr(one, "count", 1) for one in told)
        self.none(wrong, f"each {kind} of {len(told)} that was promised is there, and once")
        asked = {one.mark for one in self.ledger.promises if one.kind == kind}
        refused = {one.mark for one in self.ledger.promises if one.kind == kind and not one.is_kept()}
        self.none([mark for mark in asked & refused if mark in count], f"no {kind} that was refused is there")

    def promises(self):
        self.lost = 0
        self.counted("meeting", "SELECT external_id, count(*) FROM meetings GROUP BY 1")
        self.counted("incident", "SELECT dedup_key, count(*) FROM incidents WHERE dedup_key IS NOT NULL GROUP BY 1")
        self.counted("dispatch", "SELECT call_id, count(*) FROM dispatches GROUP BY 1")
        self.counted("call", "SELECT user_id, count(*) FROM scheduled_calls GROUP BY 1")
        self.counted("bulk", "SELECT g.name, (SELECT count(*) FROM scheduled_calls c WHERE c.campaign_id=g.id) FROM campaigns g")
        self.none(self.rows("SELECT name FROM campaigns GROUP BY name HAVING count(*)>1"), "no bulk request made two campaigns")
        self.identities()
        self.plans()

    def identities(self):
        wrong = []
        for kind, table, column in (("incident", "incidents", "dedup_key"), ("call", "scheduled_calls", "user_id"),
                                    ("series", "scheduled_calls", "user_id"), ("bulk", "campaigns", "name")):
            for one in self.ledger.kept(kind):
                found = self.rows(f"SELECT {column} FROM {table} WHERE id=?", row_of(one.id))
                if [row[0] for row in found] != [one.mark]:
                    wrong.append((one.key, one.id, found))
        self.none(wrong, "each id that was told is the one of what was asked for")

    def plans(self):
        self.none(self.rows("SELECT m.external_id FROM meetings m WHERE (SELECT count(*) FROM alerts a WHERE a.meeting_id=m.id)<>3"), "no meeting has half a plan")
        self.none(self.rows("SELECT dedup_key FROM incidents i WHERE dedup_key IS NOT NULL AND ladder_started_at IS NOT NULL AND"
                            " (SELECT count(*) FROM steps s WHERE s.incident_id=i.id)<>3"), "no incident has half a ladder")
        for table, status, ends in (("alerts", "status", ("DELIVERED", "SKIPPED", "CANCELLED", "FAILED")),
                                    ("steps", "status", ("EXECUTED", "SKIPPED", "CANCELLED", "FAILED")),
                                    ("scheduled_calls", "status", ("completed", "failed", "cancelled"))):
            found = {row[0]: row[1] for row in self.rows(f"SELECT {status}, count(*) FROM {table} GROUP BY 1")}
            print(f"# {table}: {found}")
            left = {name: count for name, count in found.items() if name not in ends}
            self.lost += sum(left.values())
            self.none(left, f"all {sum(found.values())} {table} have come to an end", left)
        self.none(self.rows("SELECT external_id FROM meetings WHERE check_at IS NOT NULL"), "every meeting was looked after")

    STATES = {"acknowledge": ("incidents", "state", ("ACKNOWLEDGED", "RESOLVED", "CANCELLED")), "resolve": ("incidents", "state", ("RESOLVED",)),
              "cancel": ("incidents", "state", ("CANCELLED",)), "join": ("meetings", "checkin_status", ("JOINED",)),
              "cancel call": ("scheduled_calls", "status", ("cancelled",)), "cancel campaign": ("campaigns", "state", ("CANCELLED",))}

    def ends(self):
        for kind, (table, column, states) in self.STATES.items():
            wrong = []
            for one in self.ledger.kept(kind):
                found = self.rows(f"SELECT {column} FROM {table} WHERE id=?", row_of(one.id))
                right = (one.answer.data["status"],) if kind == "cancel call" else states  # One that waited for another attempt fails.
                if not found or found[0][0] not in right:
                    wrong.append((one.key, found))
            self.lost += len(wrong)
            self.none(wrong, f"each {kind} of {len(self.ledger.kept(kind))} that was promised holds")
        states = {row[0]: row[1] for row in self.rows("SELECT call_id, state FROM dispatches")}
        for kind, right in (("accept", ("ACCEPTED", "COMPLETED", "CANCELLED")), ("call off", ("CANCELLED",))):
            self.none([(one.key, states.get(one.mark)) for one in self.ledger.kept(kind) if states.get(one.mark) not in right],
                      f"each {kind} of {len(self.ledger.kept(kind))} dispatches holds")

    # --- What the providers wrote down ---

    def wire(self):
        taken = collections.Counter(row for _, row, _ in self.record)
        self.none(self.nameless, "everything that a provider took names its attempt")
        self.none([row for row in taken if row not in self.chains], f"all {len(self.record)} sends that the providers took are known to the store")
        twice = [(row, count, self.chains[row]) for row, count in taken.items()
                 if count > 1 + any(one["is_repeat"] for one in self.chains[row])]
        self.double = len(twice)
        self.repeats = sum(count - 1 for count in taken.values()) - sum(count - 1 for _, count, _ in twice)
        self.none(twice, f"none of {len(taken)} attempts was taken twice, but {self.repeats} that say that they repeat an unknown fate")
        ids = {one["id"] for one in self.storm.facts if one["kind"] == "accepted"}  # A call may be found by its number only.
        ours = [one for one in self.messages.values() if one["channel"] in ("SMS", "CALL", "EMAIL")]
        self.none([one for one in ours if one["state"] in SENT and one["wire_id"] not in taken and one["provider_id"] not in ids],
                  "whatever the store calls sent, a provider took")
        self.none([(row, self.chains[row]) for row in taken if row in self.chains and
                   not any(one["sent_at"] or UNKNOWN in (one["error"] or "") or one["state"] == "CANCELLED" for one in self.chains[row])],
                  "whatever a provider took, the store calls sent, or ended while it was on its way, or of unknown fate")

    def early(self):
        """Nothing leaves before it is due: by the furthest that the server's clock was ahead meanwhile."""
        wrong, sure = [], 0
        schedule = {row[0]: row[1] for row in self.rows("SELECT id, due_at FROM alerts UNION ALL SELECT id, scheduled_at FROM steps")}
        for at, row, _ in self.record:
            for one in (one for one in self.chains.get(row, []) if one["attempt"] == 1):
                due = max(one["due_at"], schedule.get(one["step_id"], 0)) / 1000
                sure += self.axe.is_steady(at - CLAIM_SECONDS, at)
                if at + self.axe.latest(at - CLAIM_SECONDS, at) < due - 0.002:
                    wrong.append((due - at - self.axe.latest(at - CLAIM_SECONDS, at), one))
        self.none(wrong, f"nothing left before it was due ({sure} of {len(self.record)} sends while the clock stood still)")
        self.none(self.rows("SELECT m.id FROM messages m JOIN steps s ON s.id=m.step_id WHERE m.attempt=1 AND m.created_at<s.scheduled_at UNION ALL SELECT m.id FROM"
                            " messages m JOIN alerts a ON a.id=m.step_id WHERE m.attempt=1 AND m.created_at<a.due_at"), "nor was it made before, by the server's own clock")

    def slow(self, since, until):
        """By how much the provider itself was late then."""
        return max([took for at, took in self.storm.probe.seen if since - 2 <= at <= until + 2], default=0)

    def running(self, since, until):
        """How many of these seconds the server was not stopped."""
        return until - since - sum(max(0, min(until, end) - max(since, begin)) for begin, end in self.storm.stopped)

    def overtaken(self):
        """Nothing leaves after its end was promised, but within the second that is documented."""
        told = {}
        for one in self.ledger.kept("acknowledge", "resolve", "cancel", "join", "cancel call", "cancel campaign"):
            told[row_of(one.id)] = min(one.told, told.get(row_of(one.id), one.told))
        by_call = {row[1]: row[0] for row in self.rows("SELECT id, call_id FROM dispatches")}
        told.update({by_call[one.mark]: one.told for one in self.ledger.kept("accept", "call off") if one.mark in by_call})
        by_name = {row[1]: row[0] for row in self.rows("SELECT id, external_id FROM meetings")}
        told.update({by_name[one.mark]: one.told for one in self.ledger.kept("meeting off") if one.mark in by_name})
        campaigns = {row[0]: row[1] for row in self.rows("SELECT id, campaign_id FROM scheduled_calls WHERE campaign_id IS NOT NULL")}
        late, last, judged, claimed = [], 0.0, 0, []
        for at, row, _ in self.record:
            for one in self.chains.get(row, [])[:1]:
                subjects = (one["subject_id"], one["meeting_id"], campaigns.get(one["subject_id"]))
                ends = [told[subject] for subject in subjects if subject in told]
                if not ends or one["target"] == "OPERATOR" or (one["step_id"] is None):
                    continue
                judged += 1
                after = self.running(min(ends), at) if at > min(ends) else 0
                if self.axe.is_steady(min(ends) - 5, at) and one["claimed_at"] / 1000 - self.axe.latest(at, at) > min(ends):
                    claimed.append(one)
                last = max(last, after)
                if after > GRACE_SECONDS + self.slow(min(ends), at):
                    late.append((after, one))
        self.after = len(late)
        self.none(claimed, f"nothing was taken up after one of {len(told)} ends was promised")
        text = f"nothing left later than {GRACE_SECONDS:.0f} s after it ({judged} sends about them, the last one {last * 1000:.0f} ms after)"
        if self.storm.crowd > CROWDED:
            print(f"# {len(late)} of {judged} left later than that")
            self.checks.skip(text, f"the machine has {self.storm.crowd:.0f} times as many to run as processors: nobody is in time")
        else:
            self.none(late, text)
        self.checks.ok(judged > len(told) // 10, "and enough was sent before to tell")

    # --- What the store says of itself ---

    def series(self):
        kept = self.ledger.kept("series")
        wrong = []
        for one in kept:
            calls = self.rows("SELECT id, occurrence_number, previous_id, status FROM scheduled_calls WHERE user_id=? ORDER BY occurrence_number", one.mark)
            numbers = [row["occurrence_number"] for row in calls]
            chain = [row["previous_id"] for row in calls][1:] == [row["id"] for row in calls][:-1]
            if numbers != sorted(set(numbers)) or not calls or numbers[0] != 1 or not chain or numbers[-1] > 3:
                wrong.append((one.key, [tuple(row) for row in calls]))
        lengths = collections.Counter(len(self.rows("SELECT id FROM scheduled_calls WHERE user_id=?", one.mark)) for one in kept)
        self.none(wrong, f"all {len(kept)} series are unbroken (calls in each: {dict(lengths)})")

    def rules(self):
        """The simulation's own invariants, over the providers' record and the store as it is at the end."""
        execute = self.database.execute
        self.database.executescript(TABLES)
        execute("INSERT INTO world VALUES (?, 300000, 0, 1, 0)", (int(self.storm.rested_at * 1000),))
        seen = collections.Counter()
        for number, (at, row, channel) in enumerate(self.record):
            seen[row] += 1
            claimed = any(one["claimed_at"] for one in self.chains.get(row, []))
            execute("INSERT INTO journal VALUES (?, 'send', ?, ?, ?, ?, 0, ?, 0, 0)", (number, int(at * 1000), channel, row, seen[row], claimed))
            execute("INSERT INTO sends SELECT ?, ?, channel, step_id, meeting_id, user_id, target, due_at, valid_until, is_repeat, id FROM messages"
                    " WHERE wire_id=? ORDER BY id LIMIT 1", (number, int(at * 1000), row))
        execute("CREATE INDEX temp.sends_by_step ON sends (step_id)")
        found = RULE.findall((ROOT / "sim/invariants.def").read_text(encoding="utf-8"))
        rules = [(sentence, sql.replace('\\"', '"')) for _, sentence, sql in found if not OF_TIME.search(sql)]
        broken = []
        for sentence, sql in rules:
            wrong = [row[0] for row in execute(sql).fetchall()]
            if wrong:
                broken.append((sentence, wrong[:5], len(wrong)))
        self.none(broken, f"{len(rules)} of the simulation's {len(found)} invariants hold over all of it")
        self.checks.ok(len(rules) > 30, "which are most of them")

    def accounts(self):
        plain = {name: value for name, value in self.storm.server.settings.items() if name not in self.axe.environment}
        run = run_commands(self.checks, "accounts", **plain)
        code, out, err = run("verify", "--json", "--from", self.storm.first_day, "--to", self.storm.last_day)
        account = json.loads(out) if out else {}
        self.account = account
        self.checks.equal((code, account.get("lost"), account.get("isWhole"), account.get("countersWrong"), account.get("quarantined")),
                          (0, 0, True, 0, 0), "tocsin verify: whole, nothing lost, counters right, nothing given up", out[-800:], err)
        code, out, err = run("audit", "verify")
        self.checks.ok(code == 0, f"tocsin audit verify: {out.strip()}", err)
        self.checks.equal(self.rows("PRAGMA integrity_check")[0][0], "ok", "the database is whole")
