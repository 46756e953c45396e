"""tests/torture/load.py: clients as real ones are. They create and end everything there is, write down what they were promised,
and ask again with the same Idempotency-Key until they have an answer, however often the server dies meanwhile."""
import datetime
import heapq
import http.client
import itertools
import random
import threading
import time

from live import ADMIN_KEY
from server import Client, bytes_of, headers_of

CALLEES_AT, CALLEES_EACH = 5570000, 2000
PAUSE_SECONDS = 0.03
ANSWER_SECONDS = 8
GIVE_UP_SECONDS = 120
REPLAYED_SHARE = 0.06  # Of requests that are sent once more although they were answered.
AGAIN = (429, 500, 502, 503, 504)
# What may be refused, because somebody or something else was faster, or the clock was moved.
REFUSALS = {"acknowledge": (409,), "resolve": (409,), "cancel": (409,), "accept": (409,), "decline": (409,), "call off": (409,),
            "cancel call": (400,), "move call": (400,), "pause": (400, 409), "resume": (400, 409), "cancel campaign": (400, 409),
            "call": (400,), "series": (400,), "bulk": (400,)}


class Promise:
    """One request and its answer. `told` is the real time at which the first answer had come."""

    def __init__(self, kind, mark, key):
        self.kind, self.mark, self.key = kind, mark, key
        self.asked = self.told = self.answer = self.id = None
        self.tries = 0

    def is_kept(self):
        return self.answer is not None and self.answer.status in (200, 201)


class Ledger:
    """What all clients were told."""

    def __init__(self, address, axe):
        self.port, self.axe = address, axe
        self.lock = threading.Lock()
        self.promises, self.odd = [], []
        self.unanswered = self.replays = 0
        self.people, self.technicians, self.agents = [], [], []

    def add(self, promise):
        with self.lock:
            self.promises.append(promise)

    def kept(self, *kinds):
        return [one for one in self.promises if one.kind in kinds and one.is_kept()]


def text_of(seconds):
    at = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Caller(threading.Thread):
    """One client. What it does comes from the seed and its number; when, from how fast it is answered."""

    def __init__(self, ledger, seed, number):
        super().__init__(daemon=True, name=f"client {number}")
        self.ledger = ledger
        self.mark, self.index, self.callees = f"c{number}", number, itertools.count()
        self.chance = random.Random(f"{seed} client {number}")
        self.numbers = itertools.count(1)
        self.client = Client(ledger.port, ANSWER_SECONDS)
        self.later, self.order = [], itertools.count()
        self.is_over, self.pause = threading.Event(), threading.Event()

    def run(self):
        made = {self.push: 5, self.incident: 6, self.dispatch: 2, self.call: 5, self.series: 1, self.bulk: 1}
        while not self.is_over.is_set() or self.later:
            if self.later and (self.is_over.is_set() or self.later[0][0] <= time.monotonic()):
                _, _, act, words = heapq.heappop(self.later)
                act(*words)
            elif not self.is_over.is_set():
                self.chance.choices(list(made), list(made.values()))[0]()
            self.pause.wait(PAUSE_SECONDS)
        self.client.close()

    # --- Asking ---

    def new_mark(self):
        return f"{self.mark}-{next(self.numbers)}"

    def moment(self, seconds):
        return text_of(self.ledger.axe.now() + seconds)

    def send(self, method, path, body, key=None):
        content = bytes_of(body)
        more = {"Idempotency-Key": key} if key else None
        return self.client.send(method, path, content, headers_of(ADMIN_KEY, content, more))

    def persist(self, method, path, body, promise):
        """The answer, and how often it was asked for."""
        end = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < end:
            promise.tries += 1
            try:
                answer = self.send(method, path, body, promise.key)
                if answer.status not in AGAIN:
                    return answer
            except (OSError, http.client.HTTPException):
                self.ledger.unanswered += 1
            self.pause.wait(self.chance.uniform(0.01, 0.08))
        return None

    def post(self, kind, mark, path, body):
        """One thing that is wanted once: the promise."""
        promise = Promise(kind, mark, f"{kind}-{mark}".replace(" ", "-"))
        promise.asked = time.time()
        self.ledger.add(promise)
        promise.answer = answer = self.persist("POST", path, body, promise)
        promise.told = time.time()
        if answer is None:
            self.ledger.odd.append((promise.key, "no answer"))
        elif not promise.is_kept() and answer.status not in REFUSALS.get(kind, ()):
            self.ledger.odd.append((promise.key, answer.status, answer.text[:300]))
        elif promise.is_kept() and self.chance.random() < REPLAYED_SHARE:
            self.again(promise, path, body)
        return promise

    def again(self, promise, path, body):
        """A client that lost its note of the answer asks once more, and must be told the same."""
        answer = self.persist("POST", path, body, promise)
        self.ledger.replays += 1
        is_same = answer is not None and (answer.status, answer.text) == (promise.answer.status, promise.answer.text)
        if not is_same or answer.headers.get("Idempotency-Replayed") != "true":
            self.ledger.odd.append((promise.key, "told otherwise", promise.answer.text[:200], answer and answer.text[:200]))

    def soon(self, seconds, act, *words):
        heapq.heappush(self.later, (time.monotonic() + seconds, next(self.order), act, words))

    # --- Meetings ---

    def push(self):
        mark, user = self.new_mark(), self.chance.choice(self.ledger.people)
        ahead = self.chance.choice((120, 120, 120, 300, 10)) + self.chance.uniform(0.4, 5)
        event = {"externalId": mark, "title": f"meeting {mark}", "startsAt": self.moment(ahead)}
        promise = self.post("meeting", mark, "/calendar/sync", {"userId": user, "events": [event]})
        fate = self.chance.random()
        if not promise.is_kept():
            return
        if promise.answer.body["created"] != 1:
            self.ledger.odd.append((mark, promise.answer.text[:200]))
        elif fate < 0.3:
            self.soon(self.chance.uniform(0, 5), self.check_in, mark, user)
        elif fate < 0.4:
            self.soon(self.chance.uniform(0, 5), self.call_meeting_off, mark, user, event)

    def check_in(self, mark, user):
        try:
            answer = self.send("GET", f"/api/v1/meetings?userId={user}&limit=1000", None)
            found = [one["eventId"] for one in answer.data["meetings"] if one["externalId"] == mark]
        except (OSError, http.client.HTTPException, AssertionError):
            return self.soon(0.05, self.check_in, mark, user)
        if not found:
            return self.ledger.odd.append((mark, "is not listed"))
        promise = self.post("join", mark, f"/meetings/{found[0]}/checkin", {"userId": user, "status": "JOINED"})
        promise.id = found[0]

    def call_meeting_off(self, mark, user, event):
        self.post("meeting off", mark, "/calendar/sync", {"userId": user, "events": [{**event, "status": "CANCELLED"}]})

    # --- Incidents ---

    def incident(self):
        mark = self.new_mark()
        promise = self.post("incident", mark, "/api/v1/incidents",
                            {"title": f"incident {mark}", "userId": self.chance.choice(self.ledger.people), "policy": "torture",
                             "dedupKey": mark, "escalate": True})
        fate = self.chance.random()
        if not promise.is_kept():
            return
        promise.id = promise.answer.data["id"]
        for share, word in ((0.45, "acknowledge"), (0.52, "resolve"), (0.6, "cancel")):
            if fate < share:
                return self.soon(self.chance.uniform(0, 5), self.end_incident, word, mark, promise.id)

    def end_incident(self, word, mark, identity):
        self.post(word, mark, f"/api/v1/incidents/{identity}/{word}", {}).id = identity

    # --- Dispatches ---

    def dispatch(self):
        mark = self.new_mark()
        technicians = self.chance.sample(self.ledger.technicians, 2)
        self.post("dispatch", mark, "/api/dispatch",
                  {"callId": mark, "callerPhone": "+14155559000", "emergencyLevel": self.chance.choice(("NORMAL", "HIGH", "CRITICAL")),
                   "issueSummary": f"dispatch {mark}", "technicians": technicians})
        fate = self.chance.random()
        for share, kind, word, body in ((0.4, "accept", "accept", {"userId": technicians[0]}),
                                        (0.55, "decline", "decline", {"userId": technicians[0]}), (0.7, "call off", "cancel", {})):
            if fate < share:
                return self.soon(self.chance.uniform(0, 4), self.post, kind, mark, f"/api/dispatch/{mark}/{word}", body)

    # --- Scheduled calls ---

    def number(self):
        """Of a callee of its own, as far as they go; the last digit says how the phone behaves (see storm.py)."""
        return f"+1415{CALLEES_AT + self.index * CALLEES_EACH + next(self.callees) % CALLEES_EACH}"

    def body_of_call(self, mark):
        return {"phoneNumber": self.number(), "agentId": self.chance.choice(self.ledger.agents), "userId": mark,
                "scheduledFor": self.moment(self.chance.uniform(0.8, 6)), "respectBusinessHours": False, "timezone": "UTC",
                "metadata": {"mark": mark}}

    def call(self):
        mark = self.new_mark()
        promise = self.post("call", mark, "/api/v1/scheduling/schedule", self.body_of_call(mark))
        fate = self.chance.random()
        if not promise.is_kept():
            return
        promise.id = promise.answer.data["scheduledCallId"]
        if fate < 0.3:
            self.soon(self.chance.uniform(0, 4), self.end_call, mark, promise.id)
        elif fate < 0.45:
            self.soon(self.chance.uniform(0, 2), self.move_call, mark, promise.id)

    def end_call(self, mark, identity):
        self.post("cancel call", mark, f"/api/v1/scheduling/{identity}/cancel", {"userId": mark}).id = identity

    def move_call(self, mark, identity):
        self.post("move call", mark, f"/api/v1/scheduling/{identity}/reschedule",
                  {"userId": mark, "scheduledFor": self.moment(self.chance.uniform(1, 5))}).id = identity

    def series(self):
        mark = self.new_mark()
        body = {**self.body_of_call(mark), "recurring": {"frequency": "daily", "interval": 1, "maxOccurrences": 3}}
        promise = self.post("series", mark, "/api/v1/scheduling/schedule", body)
        if promise.is_kept():
            promise.id = promise.answer.data["scheduledCallId"]

    def bulk(self):
        mark, count = self.new_mark(), self.chance.randint(2, 10)
        body = {"campaign": {"name": mark}, "mode": "all", "calls": [self.body_of_call(mark) for _ in range(count)]}
        promise = self.post("bulk", mark, "/api/v1/scheduling/bulk", body)
        if not promise.is_kept():
            return
        promise.id = promise.answer.data["campaignId"]
        promise.count = count
        if promise.answer.data["scheduled"] != count:
            self.ledger.odd.append((mark, promise.answer.text[:200]))
        fate = self.chance.random()
        if fate < 0.3:
            self.soon(self.chance.uniform(0, 4), self.steer, "cancel campaign", "cancel", mark, promise.id)
        elif fate < 0.6:
            self.soon(self.chance.uniform(0, 1), self.steer, "pause", "pause", mark, promise.id)
            self.soon(self.chance.uniform(1, 3), self.steer, "resume", "resume", mark, promise.id)

    def steer(self, kind, word, mark, campaign):
        self.post(kind, mark, f"/api/v1/scheduling/campaigns/{campaign}/{word}", {}).id = campaign
