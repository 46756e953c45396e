"""tests/torture/storm.py: the server under the axe: what is started, each stroke, and how everything comes to rest."""
import collections
import http.client
import json
import os
import random
import signal
import subprocess
import threading
import time

import carrier as fake
import plan
from axe import Axe
from live import BUILD, free_ports, wait_until
from load import CALLEES_AT, CALLEES_EACH, Caller, Ledger, text_of
from mail import MailServer
from server import Client, Server

CLIENTS = 4
PEOPLE, TECHNICIANS, AGENTS = 24, 8, 3
SPEED = 10  # Of the carrier's time: a call takes a second or two.
DISK_MEGABYTES, DISK_MEGABYTES_A_MINUTE = 256, 16
REST_SECONDS = 420
STUCK_JUMPS = 30  # After so many in which nothing changed nobody waits any longer: an unknown fate is asked for a minute.
JUMP_SECONDS = 600
BUSY_SECONDS = 2  # After which time passes although something is under way: it may wait for its time.
ENDLESS = ("CLEAN", "NIGHTLY", "INBOX", "CALENDAR_SYNC", "PING", "CANARY", "SINK", "HEARTBEAT", "MAINTENANCE")
# A call of a cancelled campaign ends when the campaign's own timer comes to it.
WAITS = ("(status='pending' OR next_run IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM campaigns WHERE campaigns.id=scheduled_calls.campaign_id"
         " AND campaigns.state='CANCELLED')")
STEPS = [{"afterSeconds": 1, "channel": channel} for channel in ("EMAIL", "MESSAGE", "CALL")]
STAGES = [{"stage": 1, "alertType": "MEETING_UPCOMING_EMAIL", "minutesBefore": 15, "validUntilMinutesBefore": 10, "channel": "EMAIL"},
          {"stage": 2, "alertType": "MEETING_URGENT_MESSAGE", "minutesBefore": 5, "validUntilMinutesBefore": 2, "channel": "MESSAGE"},
          {"stage": 3, "alertType": "MEETING_CRITICAL_CALL", "minutesBefore": 2, "validUntilMinutesBefore": 0, "channel": "CALL"}]
RULES = {"stages": STAGES,
         "callRetries": [{"outcome": outcome, "retries": retries, "firstSeconds": seconds, "doubles": False, "anotherTimeOfDay": False}
                         for outcome, retries, seconds in (("busy", 1, 3), ("no_answer", 1, 3), ("voicemail", 1, 2), ("failed", 2, 2),
                                                           ("rate_limited", 6, 2))]}
HANDSETS = {1: "CALL always ignore", 2: "CALL always press 1", 3: "CALL always busy", 4: "SMS always undelivered 30003",
            5: "CALL always voicemail"}


class Probe(threading.Thread):
    """How long the provider takes to say anything, again and again: `seen` holds (real seconds, seconds that it took)."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.client, self.seen, self.pause = Client(port, 30), [], threading.Event()

    def run(self):
        while True:
            began = time.time()
            try:
                self.client.send("GET", "/_control/none", None, {})
            except (OSError, http.client.HTTPException):
                return  # It has ended.
            self.seen.append((began, time.time() - began))
            self.pause.wait(0.05)



class Storm:
    def __init__(self, checks, seed, minutes):
        self.checks, self.seed = checks, seed
        self.disk = self.mount(checks.folder("disk"), minutes)
        self.folder = self.disk / "data"
        self.folder.mkdir()
        self.axe = Axe(checks.folder("axe"), BUILD / "tocsin-axe.so")
        self.mail = MailServer()
        checks.at_end(self.mail.end)
        port = free_ports(1)[0]
        self.carrier = fake.Carrier(checks, f"http://127.0.0.1:{port}", SPEED)
        rules = checks.work / "rules.json"
        rules.write_text(json.dumps(RULES))
        self.server = Server(checks, "torture", folder=self.folder, LOG_LEVEL="info", TOCSIN_LISTEN=f"127.0.0.1:{port}",
                             TOCSIN_PUBLIC_URL=f"http://127.0.0.1:{port}", TWILIO_API_BASE_URL=self.carrier.url,
                             EMAIL_PROVIDER="smtp", SMTP_HOST="127.0.0.1", SMTP_PORT=str(self.mail.port), SMTP_SECURE="none",
                             CALLS_PER_SECOND="0", SMS_SEGMENTS_PER_SECOND="0", CALL_RING_SECONDS="5", CALL_MACHINE_DETECTION="false",
                             QUEUE_RETRY_BACKOFF_DELAY="500", DISPATCH_FOLLOWUPS_NORMAL="1,2", DISPATCH_FOLLOWUPS_HIGH="1,2",
                             DISPATCH_FOLLOWUPS_CRITICAL="1", TOCSIN_RULES_FILE=str(rules), **fake.ACCOUNT, **self.axe.environment)
        self.ledger = Ledger(port, self.axe)
        self.counts, self.took = collections.Counter(), collections.Counter()
        self.stopped, self.heals = [], []
        self.trouble = []  # What a server must not do: die by itself, not start, not stop.
        self.unsure = self.gone = 0
        self.crowd = 0.0
        self.pause = threading.Event()
        self.began = time.time()

    def mount(self, folder, minutes):
        """A small file system where that may be had; else axe.c says that the disk is full."""
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES + int(minutes * DISK_MEGABYTES_A_MINUTE)}m,mode=0700", "tmpfs", str(folder)], capture_output=True)
        self.is_mounted = done.returncode == 0
        if self.is_mounted:
            self.checks.at_end(lambda: subprocess.run(["umount", "-l", str(folder)], check=True))
        return folder

    # --- The beginning ---

    def begin(self):
        self.start()
        server, ledger = self.server, self.ledger
        server.post("/policies", {"name": "torture", "steps": STEPS})
        ledger.people = [server.add_user(name=f"Person {n}", email=f"p{n}@example.org", phone=f"+1415551{n:04}") for n in range(PEOPLE)]
        ledger.technicians = [server.add_user(name=f"Technician {n}", email=f"t{n}@example.org", phone=f"+1415552{n:04}")
                              for n in range(TECHNICIANS)]
        ledger.agents = [server.post("/agents", {"name": f"Agent {n}", "script": "Hello {{mark}}.", "language": "en"})["id"]
                         for n in range(AGENTS)]
        behave = [f"phone +1415551{n:04} {HANDSETS[n % 8]}" for n in range(PEOPLE) if n % 8 in HANDSETS]
        behave += [f"phone +1415552{n:04} SMS always reply {1 + n % 2}" for n in range(0, TECHNICIANS, 3)]
        behave += [f"phone +1415{CALLEES_AT + n} CALL always {'busy' if n % 20 == 3 else 'ignore'}" for n in range(CLIENTS * CALLEES_EACH)
                   if n % 20 in (3, 17)]
        self.carrier.say(*behave)
        self.probe = Probe(self.carrier.port)
        self.probe.start()
        self.callers = [Caller(ledger, self.seed, number) for number in range(CLIENTS)]
        for caller in self.callers:
            caller.start()

    def start(self):
        """A start that fails is told, and tried again, so that the rest is still seen."""
        for _ in range(3):
            try:
                began = time.monotonic()
                self.server.start()
                self.took["starts"] += time.monotonic() - began
                self.counts["starts"] += 1
                return
            except AssertionError as error:
                self.trouble.append(f"it did not start ({self.server.process.poll()}): {str(error)[-600:]}")
                self.server.kill()
        raise AssertionError("\n".join(self.trouble))

    # --- The strokes ---

    def run(self, kills, seconds):
        """Until so many kills, or for so many seconds at the most."""
        end = time.monotonic() + seconds
        for number, stroke in enumerate(plan.strokes(self.seed), 1):
            if self.kills() >= kills or time.monotonic() > end:
                break
            self.pause.wait(stroke["wait"])
            self.heal()
            self.look_after()
            self.counts[stroke["kind"]] += 1
            began = time.monotonic()
            getattr(self, f"do_{stroke['kind']}")(stroke, random.Random(stroke["seed"]))
            self.took[stroke["kind"]] += time.monotonic() - began
            self.crowd = max(self.crowd, os.getloadavg()[0] / os.cpu_count())
            if number % 25 == 0:
                print(f"# {self.kills()} kills, {len(self.ledger.promises)} requests, {time.time() - self.began:.0f} s, under way: {self.under_way()}", flush=True)
        self.look_after()

    def kills(self):
        return self.counts["killed"]

    def look_after(self):
        if not self.server.is_running():
            self.trouble.append(f"it ended by itself with {self.server.process.returncode}: {self.server.log()[-600:]}")
            self.server.kill()
            self.axe.forget()
            self.start()

    def kill(self, chance=None):
        """With `chance`, what was not durable goes with it."""
        self.server.kill()
        self.counts["killed"] += 1
        if chance is None:
            self.axe.forget()
        else:
            unsure, gone = self.axe.cut_power(self.server.database(), chance)
            self.unsure, self.gone = self.unsure + unsure, self.gone + gone

    def do_kill(self, stroke, chance):
        self.kill()
        self.start()

    def do_power(self, stroke, chance):
        self.kill(chance)
        self.start()

    def do_birth(self, stroke, chance):
        self.kill(chance)
        for _ in range(stroke["births"]):
            self.server.spawn()
            self.pause.wait(stroke["after"])
            self.kill(chance)
        self.start()

    def do_term(self, stroke, chance):
        code, took = self.server.stop()
        self.axe.forget()
        if code != 0 or took > 10:
            self.trouble.append(f"SIGTERM: exit {code} after {took:.1f} s: {self.server.log()[-600:]}")
        self.start()

    def do_stop(self, stroke, chance):
        began = time.time()
        self.server.signal(signal.SIGSTOP)
        self.pause.wait(stroke["seconds"])
        if stroke["ends"] == "kill":
            self.do_power(stroke, chance)
        else:
            self.server.signal(signal.SIGCONT)
        self.stopped.append((began, time.time()))

    def do_full(self, stroke, chance):
        filler = self.disk / "filler"
        self.axe.fill(not self.is_mounted)
        if self.is_mounted:
            with open(filler, "ab", buffering=0) as file:
                for size in (1 << 22, 1 << 12, 1):
                    self.fill(file, bytes(size))
        self.pause.wait(stroke["seconds"])
        if stroke["ends"] == "kill":
            self.kill()
            self.start()  # It starts on a full disk.
            self.pause.wait(stroke["seconds"] / 2)
        self.axe.fill(False)
        filler.unlink(missing_ok=True)

    @staticmethod
    def fill(file, piece):
        while True:
            try:
                if file.write(piece) < len(piece):
                    return
            except OSError:
                return

    def do_clock(self, stroke, chance):
        self.axe.step(stroke["step"])
        self.pause.wait(stroke["seconds"])
        if stroke["ends"] == "kill":
            self.kill(chance)
            self.axe.step(0)
            self.start()
        else:
            self.axe.step(0)

    def do_carrier(self, stroke, chance):
        self.carrier.say(stroke["say"])
        self.heals.append(time.monotonic() + stroke["seconds"])

    def do_mail(self, stroke, chance):
        self.mail.ail(stroke["fault"], stroke["seconds"])

    def heal(self, at_once=False):
        if self.heals and (at_once or max(self.heals) <= time.monotonic()):
            self.heals = []
            self.carrier.say("twilio well", "twilio up", "twilio callbacks ok")

    # --- The rest ---

    def come_to_rest(self):
        """Everybody goes home, and time passes as fast as there is nothing to do."""
        self.heal(at_once=True)
        for caller in self.callers:
            caller.is_over.set()
        for caller in self.callers:
            caller.join(60)
        self.storm_seconds = time.time() - self.began
        end = time.monotonic() + REST_SECONDS
        self.is_home = not any(caller.is_alive() for caller in self.callers)
        busy_since, seen, jumps = time.monotonic(), None, 0
        while time.monotonic() < end and self.server.is_running():
            if not self.under_way():
                ahead = self.next_due()
                if ahead is None:
                    return True
                self.axe.step(max(ahead, self.axe.offset()) + JUMP_SECONDS)
                busy_since = time.monotonic()
            elif time.monotonic() > busy_since + BUSY_SECONDS:
                self.axe.step(max(self.next_due() or 0, self.axe.offset()) + 1)
                busy_since = time.monotonic()
                jumps = jumps + 1 if self.under_way() == seen else 0
                seen = self.under_way()
                if jumps >= STUCK_JUMPS:
                    break
            self.pause.wait(0.1)
        self.trouble.append(f"it does not come to rest: {self.under_way()}, next due {self.next_due()}")
        return False

    def under_way(self):
        """What is due or with a provider now, by kind. What was taken up while the clock was ahead may be due later."""
        now = int(self.axe.now() * 1000)
        found = dict(self.server.query(
            "SELECT 'messages', count(*) FROM messages WHERE state IN ('QUEUED', 'SENDING') AND max(due_at, created_at)<=?"
            " UNION ALL SELECT 'rings', count(*) FROM messages WHERE state IN ('SENT', 'ANSWERED') AND channel='CALL' AND ended_at IS NULL"
            " AND sent_at BETWEEN ?-4000 AND ?"
            " UNION ALL SELECT 'alerts', count(*) FROM alerts WHERE status IN ('PENDING', 'SENDING') AND due_at<=?"
            " UNION ALL SELECT 'steps', count(*) FROM steps WHERE status='PENDING' AND scheduled_at<=?"
            " UNION ALL SELECT 'checks', count(*) FROM meetings WHERE check_at<=?"
            f" UNION ALL SELECT 'timers', count(*) FROM timers WHERE ended_at IS NULL AND due_at<=? AND kind NOT IN {ENDLESS}"
            f" UNION ALL SELECT 'calls', count(*) FROM scheduled_calls WHERE {WAITS} AND coalesce(next_run, scheduled_for)<=?",
            *[now] * 8))
        return {kind: count for kind, count in found.items() if count}

    def next_due(self):
        """By how many seconds the clock must be ahead of ours for the next thing to be due; None where nothing is left."""
        due, = self.server.query(
            "SELECT min(due) FROM (SELECT due_at AS due FROM alerts WHERE status IN ('PENDING', 'SENDING') UNION ALL SELECT scheduled_at"
            " FROM steps WHERE status='PENDING' UNION ALL SELECT due_at FROM messages WHERE state='QUEUED' UNION ALL SELECT check_at"
            " FROM meetings WHERE check_at IS NOT NULL UNION ALL SELECT coalesce(next_run, scheduled_for) FROM"
            f" scheduled_calls WHERE {WAITS} UNION ALL SELECT due_at FROM timers WHERE ended_at IS NULL"
            f" AND kind NOT IN {ENDLESS})")[0]
        return None if due is None else due / 1000 - time.time()

    def end(self):
        """Stops everything and keeps what the providers wrote down."""
        self.rested_at = self.axe.now() - 2
        self.first_day = text_of(self.began - 4000)
        self.last_day = text_of(self.axe.now() + 60)
        if self.server.is_running() and self.server.stop()[0] != 0:
            self.trouble.append(f"it does not stop well: {self.server.log()[-600:]}")
        self.facts = self.carrier.facts()
