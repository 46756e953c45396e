"""tests/lib/meetings.py: meetings of people in a storm over several nodes, and what must hold of them at its end.

An Organizer pushes meetings through whichever node answers, and afterwards joins, moves or calls off some of them through others.
The clock is real, so that whatever is to happen happens within seconds of the push (RULES):
  ahead   starts in three minutes and some seconds: the mail is due at once, message and call within the storm, the check long after;
  soon    starts in some seconds: found too late for the mail, message and call are due at once, the check within the storm.
At the end the database, the record of the carrier and that of the mail server are asked; none of them knows the others."""
import collections
import heapq
import http.client
import itertools
import threading
import time

from carrier import moment
from live import ADMIN_KEY, wait_until
from server import Client, bytes_of, headers_of

RULES = {"stages": [
    {"stage": 1, "alertType": "MEETING_UPCOMING_EMAIL", "minutesBefore": 4, "validUntilMinutesBefore": 1, "channel": "EMAIL"},
    {"stage": 2, "alertType": "MEETING_URGENT_MESSAGE", "minutesBefore": 3, "validUntilMinutesBefore": 0, "channel": "MESSAGE"},
    {"stage": 3, "alertType": "MEETING_CRITICAL_CALL", "minutesBefore": 3, "validUntilMinutesBefore": 0, "channel": "CALL"}]}
STAGES = len(RULES["stages"])
LADDER = [{"channel": "EMAIL"}, {"afterSeconds": 1, "channel": "MESSAGE"}, {"afterSeconds": 1, "channel": "CALL"},
          {"afterSeconds": 1, "channel": "CALL"}, {"afterSeconds": 1, "channel": "REPEAT_CALL"}]
SETTINGS = {"GRACE_PERIOD_MINUTES": "0", "FEATURE_EMAIL": "true", "EMAIL_PROVIDER": "smtp", "SMTP_SECURE": "none"}
AHEAD_SECONDS = 180
# What begins as what, what is done about it, and after how many seconds.
FATES = [("ahead", "stays", 0), ("soon", "missed", 0), ("ahead", "joined", 0), ("soon", "missed", 0), ("ahead", "moved to soon", 2),
         ("soon", "joined", 1), ("ahead", "stays", 0), ("soon", "joined late", 0), ("ahead", "called off", 1), ("soon", "missed", 0),
         ("ahead", "moved", 1), ("soon", "moved to ahead", 2), ("ahead", "joined", 8), ("soon", "called off", 2),
         ("ahead", "moved to soon", 9), ("soon", "missed", 0)]
PEOPLE, ORGANIZERS = 30, 3
KEYS = {7: 1, 8: 2}  # By the last digit of a person's number: who presses what when the phone rings.
OUT_OF_TIME = ("found_too_late", "interval_passed")
OPEN = "('OPEN', 'ESCALATING', 'ACKNOWLEDGED')"
QUIET_SECONDS = 60  # So long nothing may be due once the storm is at rest, or the looks at it would see halves.


def row_of(text):
    """The row that an id of the API names."""
    digits = text.replace("-", "")
    return (int(digits[:12], 16) << 12) | int(digits[13:16], 16)


class Caller(threading.Thread):
    """Asks any node, and the next one when it gets no answer."""

    def __init__(self, storm, number, pause_seconds):
        super().__init__(daemon=True)
        self.storm, self.at, self.pause_seconds = storm, number, pause_seconds
        self.clients = {}
        self.pause = threading.Event()

    def send(self, path, body, method="POST", key=None):
        """With a `key` it is done once: a node that was stopped and wakes may still find the first of the requests before it."""
        content, storm = bytes_of(body), self.storm
        headers = headers_of(ADMIN_KEY, content, {"Idempotency-Key": key} if key else None)
        while True:
            place = self.at % len(storm.nodes)
            client = self.clients.setdefault(place, Client(storm.nodes[place].port, 4))
            client.port = storm.nodes[place].port
            try:
                answer = client.send(method, path, content, headers)
                if answer.status not in (503, 504):
                    return answer
                storm.refused += 1
            except (OSError, http.client.HTTPException):
                storm.unanswered += 1
            self.at += 1
            self.pause.wait(self.pause_seconds)


class Meeting:
    def __init__(self, number, person, kind, fate):
        self.number, self.person, self.kind, self.fate = number, person, kind, fate
        self.name, self.event = f"meeting-{number}", None
        self.is_joined = False
        self.place(kind)

    def place(self, kind):
        """Not quite the same seconds for all of them."""
        later = self.number % 7
        self.starts_at = moment(AHEAD_SECONDS + 3 + later if kind == "ahead" else 8 + later / 2).replace(".000Z", "Z")

    def body(self, **more):
        return {"userId": self.person, "events": [{"externalId": self.name, "title": f"Meeting {self.number}", "startsAt": self.starts_at,
                                                   **more}]}


class Organizer(Caller):
    """One who plans: pushes every so many of the meetings, each at its time, and does about those before what is to be done."""

    def __init__(self, storm, plan, number):
        super().__init__(storm, number, 0.05)
        self.plan, self.number = plan, number
        self.later, self.order = [], itertools.count()

    def run(self):
        for number in range(self.number, self.plan.count, ORGANIZERS):
            self.soon(self.plan.seconds * number / self.plan.count, self.begin, number)
        while self.later:
            at, _, act, subject = heapq.heappop(self.later)
            self.pause.wait(max(0, at - time.monotonic()))
            self.at += 1  # Another node than the one before.
            act(subject)

    def soon(self, seconds, act, subject):
        heapq.heappush(self.later, (time.monotonic() + seconds, next(self.order), act, subject))

    def begin(self, number):
        kind, fate, seconds = FATES[number % len(FATES)]
        meeting = Meeting(number, self.plan.people[number % len(self.plan.people)], kind, fate)
        self.plan.meetings.append(meeting)
        if self.push(meeting, "created") and fate not in ("stays", "missed"):
            # Whoever joins late does so once the check was due, and the ladder climbs.
            self.soon(10.5 + number % 7 / 2 if fate == "joined late" else seconds, self.go_on, meeting)

    def push(self, meeting, did, **more):
        answer = self.send("/calendar/sync", meeting.body(**more), key=f"{meeting.name}-{did}")
        is_taken = answer.status == 200 and answer.body["success"] and answer.body[did] == 1
        if not is_taken:
            self.storm.odd.append((meeting.name, did, answer.status, answer.text[:200]))
        return is_taken

    def go_on(self, meeting):
        if meeting.fate.startswith("joined"):
            self.join_it(meeting)
        elif meeting.fate == "called off":
            self.push(meeting, "cancelled", status="CANCELLED")
        else:
            meeting.place("soon" if meeting.fate == "moved to soon" else "ahead")
            self.push(meeting, "updated")

    def join_it(self, meeting):
        """What one node was told to plan every other shows."""
        answer = self.send(f"/api/v1/meetings?userId={meeting.person}&limit=1000", None, "GET")
        found = [one["eventId"] for one in answer.data["meetings"] if one["externalId"] == meeting.name]
        if len(found) != 1:
            self.storm.odd.append((meeting.name, "is not listed", found))
            return
        self.at += 1
        answer = self.send(f"/api/v1/meetings/{found[0]}/checkin", {"userId": meeting.person, "status": "JOINED"},
                           key=f"{meeting.name}-join")
        if answer.status != 200 or answer.body["status"] != "JOINED":
            self.storm.odd.append((meeting.name, answer.status, answer.text[:200]))
        meeting.is_joined = True


class Plan:
    """`count` meetings within `seconds`."""

    def __init__(self, storm, carrier, count, seconds):
        self.storm, self.carrier, self.count, self.seconds = storm, carrier, count, seconds
        self.meetings = []
        self.people = [self.add_person(number) for number in range(PEOPLE)]
        carrier.say(*[f"phone {self.phone(number)} CALL always press {KEYS[number % 10]}" for number in range(PEOPLE) if number % 10 in KEYS])
        storm.nodes[0].post("/policies", {"name": "missed-meeting", "steps": LADDER})
        self.organizers = [Organizer(storm, self, number) for number in range(ORGANIZERS)]

    @staticmethod
    def phone(number):
        return f"+1415557{number:04d}"

    def answers(self, person):
        """Whether it is one whose phone presses a key."""
        return self.people.index(person) % 10 in KEYS

    def add_person(self, number):
        contact = {"emergencyContact": {"name": "Eva", "phone": f"+1415558{number:04d}"}} if number % 3 == 0 else {}
        node = self.storm.nodes[number % len(self.storm.nodes)]
        return node.add_user(name=f"Guest {number}", phone=self.phone(number), email=f"guest{number}@example.org", **contact)

    def start(self):
        for organizer in self.organizers:
            organizer.start()

    def join(self, seconds):
        for organizer in self.organizers:
            organizer.join(seconds)

    def is_settled(self):
        soon = int((time.time() + QUIET_SECONDS) * 1000)
        left = self.storm.ask("SELECT (SELECT count(*) FROM alerts WHERE status='SENDING' OR (status='PENDING' AND "
                              f"due_at<{soon})) + (SELECT count(*) FROM meetings WHERE check_at<{soon}) AS count")
        return left == [(0,)]


# --- What must hold ---

def what_was_told_is_there(checks, storm, plan):
    checks.equal(len(plan.meetings), plan.count, f"all {plan.count} meetings were pushed")
    shown = [{one["externalId"]: one for one in storm.all_of(node, "/meetings", "meetings").values()} for node in storm.nodes]
    wrong = []
    for meeting in plan.meetings:
        status = "CANCELLED" if meeting.fate == "called off" else "SCHEDULED"
        answers = {"JOINED"} if meeting.is_joined else {None, "JOINED", "MISSED"} if plan.answers(meeting.person) else {None}
        for one in (found.get(meeting.name, {}) for found in shown):
            said = (one.get("checkin") or {}).get("status")
            if (one.get("startsAt"), one.get("status")) != (meeting.starts_at, status) or said not in answers:
                wrong.append((meeting.name, meeting.fate, meeting.starts_at, one))
    checks.equal(wrong[:3], [], "each is as the last answer about it said, at every node")
    checks.equal([len(found) for found in shown], [plan.count] * len(shown), "and there once")


def every_stage_is_accounted_for(checks, storm, plan):
    now = int(time.time() * 1000)
    rows = storm.ask("SELECT m.external_id, a.generation, m.generation AS last, a.stage, a.status, a.reason, a.due_at, a.claimed_at, "
                     "a.valid_until FROM alerts a JOIN meetings m ON m.id=a.meeting_id ORDER BY 1, 2, 4")
    plans = collections.defaultdict(list)
    for row in rows:
        plans[row[:2]].append(row[3])
    torn = [place for place, stages in plans.items() if stages != list(range(1, STAGES + 1))]
    checks.equal(torn[:3], [], f"each of {len(plans)} plans has its {STAGES} stages, once")
    fates = {one.name: one.fate for one in plan.meetings}
    bare = [name for name, fate in fates.items() if not plans[name, 1] or (fate.startswith("moved") and not plans[name, 2])]
    checks.equal(bare[:3], [], "none that was planned or moved is without one")
    print(f"# stages: {dict(collections.Counter((row[4], row[5]) for row in rows))}")
    due = [row for row in rows if row[6] <= now]
    checks.equal([row for row in due if row[4] not in ("DELIVERED", "SKIPPED", "CANCELLED")][:3], [],
                 f"all {len(due)} stages due were sent, skipped or cancelled")
    checks.equal([row for row in rows if row[4] in ("SKIPPED", "CANCELLED") and not row[5]][:3], [], "with a reason where they were not sent")
    checks.equal([row for row in rows if row[5] in OUT_OF_TIME and (row[7] or 0) < row[8]][:3], [], "none was called too late that was not")
    checks.equal([row for row in rows if row[4] == "PENDING" and row[6] > now and row[1] != row[2]], [], "no plan that was replaced still waits")
    for node in storm.nodes:
        group = next(one for one in node.get("/verify")["groups"] if one["kind"] == "ALERT")
        parts = sum(group[name] for name in ("onTime", "late", "skipped", "cancelled", "failed"))
        checks.equal((group["due"], parts, group["underWay"], group["lost"]), (len(due), len(due), 0, 0),
                     "which is a node's own account of them, too", group)
    undisturbed(checks, plan, rows)


def undisturbed(checks, plan, rows):
    """About whom nobody did anything, and who pressed no key: whatever was not sent was out of time, by the clock."""
    quiet = {one.name for one in plan.meetings if one.fate in ("stays", "missed") and not plan.answers(one.person)}
    wrong = [row for row in rows if row[0] in quiet and row[4] != "DELIVERED" and row[5] not in OUT_OF_TIME]
    checks.equal(wrong[:3], [], f"of {len(quiet)} meetings that were left alone every stage was sent that could be")


def no_stage_went_twice(checks, storm, carrier, mail):
    """A1. A message's row stands for one attempt; a mail that is repeated has the name of the first."""
    rows = storm.ask("SELECT step_id, target, attempt, count(*) FROM messages WHERE step_id IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*)>1")
    checks.equal(rows, [], "there is one row a stage and attempt")
    messages = storm.all_of(storm.nodes[0], "/messages", "messages")
    went = collections.Counter(fact["attempt"] for fact in carrier.facts("accepted")) + collections.Counter(one for _, one in mail.taken)
    repeats = collections.Counter(one["stepId"] for one in messages.values() if one["repeatAfterUnknown"] and one.get("stepId"))
    taken = collections.Counter()
    for one in (one for one in messages.values() if one.get("stepId") and one.get("eventId")):
        taken[one["stepId"]] += went[one["id"]]
    twice = [(step, count, repeats[step]) for step, count in taken.items() if count > 1 + repeats[step]]
    checks.equal(twice[:3], [], f"{sum(taken.values())} sends of {len(taken)} stages and steps about meetings: none went twice, but "
                 f"{sum(repeats.values())} repeats of an unknown fate")
    delivered = {one for one, in storm.ask("SELECT id FROM alerts WHERE status='DELIVERED'")}
    checks.equal(sorted(delivered - {row_of(step) for step, count in taken.items() if count})[:3], [],
                 f"and all {len(delivered)} did that the database calls delivered")
    mails = [one for one in messages.values() if one["channel"] == "EMAIL" and one["state"] in ("SENT", "DELIVERED")]
    names = {one["id"]: one["stepId"] for one in messages.values() if one.get("stepId")}
    at_post = {names.get(one) for _, one in mail.taken}
    checks.equal([one["id"] for one in mails if one["stepId"] not in at_post][:3], [], f"the mail server took all {len(mails)} mails that were sent")
    checks.equal([one for _, one in mail.taken if one not in names][:3], [], "and none that nobody knows of")


def nobody_is_called_too_often(checks, storm, carrier):
    """K2, by what the carrier took."""
    messages = storm.all_of(storm.nodes[0], "/messages", "messages")
    rang = collections.Counter()
    for fact in carrier.facts("accepted"):
        one = messages.get(fact["attempt"], {})
        if fact["channel"] == "CALL" and one.get("eventId"):
            rang[one["eventId"], one["userId"], one["target"]] += 1
    checks.equal([who for who, count in rang.items() if count > 2][:3], [], f"nobody had more than two calls about one of {len(rang)} meetings")
    refused = storm.ask("SELECT count(*) FROM steps WHERE status='SKIPPED' AND reason='max_calls_exceeded'")[0][0]
    most = sum(count == 2 for count in rang.values())
    checks.ok(most and refused, f"{most} times there were two, and {refused} times a third was refused", rang.most_common(3))


def each_missed_meeting_has_one_incident(checks, storm):
    """E4. One that was moved is another meeting to whoever missed it before."""
    many = storm.ask("SELECT meeting_id, user_id, generation, count(*) FROM incidents WHERE meeting_id IS NOT NULL GROUP BY 1, 2, 3 "
                     "HAVING count(*)>1")
    checks.equal(many[:3], [], "a person has at most one incident about a meeting")
    now = int(time.time() * 1000)
    # The mail is found too late at the moment of the plan: of one that began before that nobody is accused.
    missed = storm.ask("SELECT m.external_id, (SELECT count(*) FROM incidents i WHERE i.meeting_id=m.id AND i.generation=m.generation) AS "
                       "incidents FROM meetings m JOIN alerts a ON a.meeting_id=m.id AND a.generation=m.generation AND a.stage=1 WHERE "
                       f"m.status='SCHEDULED' AND m.starts_at<{now} AND m.checkin_status IS NULL AND a.claimed_at<=m.starts_at")
    checks.equal([row for row in missed if row[1] != 1][:3], [], f"each of {len(missed)} that nobody joined has its incident")
    checks.ok(len(missed) > 0, "there are such")
    early = storm.ask("SELECT i.id FROM incidents i JOIN meetings m ON m.id=i.meeting_id AND m.generation=i.generation WHERE "
                      "m.checkin_status IS NULL AND i.created_at<m.starts_at")
    checks.equal(early[:3], [], "and no check was made before its time")


def who_joined_is_left_alone(checks, storm):
    """C2. Ids grow with the turns in which they were given, whichever node's turn it was."""
    joined = storm.ask("SELECT id FROM meetings WHERE checkin_status='JOINED'")
    for table, state in (("incidents", f"state IN {OPEN}"), ("alerts", "status IN ('PENDING', 'SENDING')")):
        left = storm.ask(f"SELECT t.id FROM {table} t JOIN meetings m ON m.id=t.meeting_id WHERE m.checkin_status='JOINED' AND t.{state}")
        checks.equal(left[:3], [], f"of {len(joined)} meetings that were joined none has {table} that are open")
    steps = storm.ask("SELECT s.id FROM steps s JOIN incidents i ON i.id=s.incident_id JOIN meetings m ON m.id=i.meeting_id WHERE "
                      "m.checkin_status='JOINED' AND s.status='PENDING'")
    checks.equal(steps[:3], [], "nor a step that waits")
    after = storm.ask("SELECT t.id FROM messages t JOIN checkins c ON c.meeting_id=t.meeting_id AND c.status='JOINED' JOIN meetings m ON "
                      "m.id=c.meeting_id AND m.checkin_status='JOINED' WHERE t.id>c.id AND NOT EXISTS (SELECT 1 FROM checkins l WHERE "
                      "l.meeting_id=c.meeting_id AND l.id>c.id)")
    checks.equal(after[:3], [], "no node made a message about one after it was joined")
    resolved = storm.ask("SELECT count(*) FROM incidents i JOIN meetings m ON m.id=i.meeting_id WHERE m.checkin_status='JOINED' AND "
                         "i.state='RESOLVED'")[0][0]
    by_key = storm.ask("SELECT count(*) FROM checkins WHERE source='AUTO_CALL'")[0][0]
    checks.ok(resolved and by_key, f"{resolved} incidents ended so, and {by_key} answers were keys of a phone")


def queue_by_rows(storm):
    """(kind, what is counted, how many), by the rows alone."""
    found = collections.Counter()
    for kind, state, count in storm.ask("SELECT kind, state, count(*) FROM timers GROUP BY 1, 2"):
        is_subject = kind in ("ALERT", "STEP", "MISSED_CHECK", "SCHEDULED_CALL")
        if not is_subject or state not in ("COMPLETED", "CANCELLED"):
            found[kind, {"PENDING": "waits"}.get(state, state.lower())] += count
    for kind, table, waits, ran in (
            ("ALERT", "alerts", "status='PENDING'", "claimed_at IS NOT NULL AND coalesce(reason, '') NOT IN ('found_too_late', 'already_sent')"),
            ("STEP", "steps", "status='PENDING' AND claimed_at IS NULL", "claimed_at IS NOT NULL"),
            ("MISSED_CHECK", "meetings", "check_at IS NOT NULL", None)):
        found[kind, "waits"] = storm.ask(f"SELECT count(*) FROM {table} WHERE {waits}")[0][0]
        if ran:
            found[kind, "completed"] += storm.ask(f"SELECT count(*) FROM {table} WHERE {ran}")[0][0]
    return {key: count for key, count in found.items() if count}


def queue_by(node):
    found = {}
    for one in node.get("/queue")["kinds"]:
        found[one["kind"], "waits"] = one["waiting"] + one["delayed"]
        found.update({(one["kind"], name): one[name] for name in ("active", "completed", "failed", "cancelled")})
    # How often a check ran stands in no row: of one whose meeting was moved nothing is left.
    return {key: count for key, count in found.items() if count and key != ("MISSED_CHECK", "completed")}


def the_queue_is_counted(checks, storm):
    """Timers of the house go on meanwhile, so that it may take a second look."""
    for node in storm.nodes:
        seen = []

        def agrees():
            seen[:] = [queue_by_rows(storm), queue_by(node)]
            return seen[0] == seen[1]
        is_right = wait_until(agrees, 5)
        checks.ok(is_right, f"{sum(seen[1].values())} jobs in the queue that a node shows are those of the rows", *seen)
        checks.equal(node.get("/verify")["countersWrong"], 0, "and it finds no counter wrong")


def what_is_called_off_waits_no_more(checks, storm, plan):
    """What still lies ahead, each by another node."""
    left = [one for one in plan.meetings if one.fate != "called off"]
    waiting = storm.ask("SELECT count(*) FROM meetings WHERE check_at IS NOT NULL")[0][0]
    for number, person in enumerate(plan.people):
        events = [one.body(status="CANCELLED")["events"][0] for one in left if one.person == person]
        answer = storm.nodes[number % len(storm.nodes)].sync(person, events=events)
        if answer.status != 200 or answer.body["cancelled"] != len(events):
            checks.equal((answer.status, answer.body), (200, len(events)), "meetings are called off")
    ours = (("ALERT", "waits"), ("MISSED_CHECK", "waits"))
    waits = [(key, count) for node in storm.nodes for key, count in queue_by(node).items() if key in ours]
    checks.ok(not waits, f"{waiting} that lay ahead are called off, and no node waits for any", waits)


def check_all(checks, storm, plan, mail):
    what_was_told_is_there(checks, storm, plan)
    every_stage_is_accounted_for(checks, storm, plan)
    no_stage_went_twice(checks, storm, plan.carrier, mail)
    nobody_is_called_too_often(checks, storm, plan.carrier)
    each_missed_meeting_has_one_incident(checks, storm)
    who_joined_is_left_alone(checks, storm)
    the_queue_is_counted(checks, storm)
    what_is_called_off_waits_no_more(checks, storm, plan)
