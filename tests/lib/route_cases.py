"""tests/lib/route_cases.py: a small world, and for each route of ours a request that works in it.

test_routes.py derives from each case what must not work. A case says: the path and the body of a request that works, for the
person given; and what a person's own key may do there: OWN their own subjects, NOBODY nothing at all, ANYBODY everything.
"""
import re
import sqlite3
import uuid

from source_cases import add_cases

START = "2026-01-05T09:00:00Z"
PASSWORD = "a pass phrase of a test"
OWN, NOBODY, ANYBODY, NO_KEY = "own", "nobody", "anybody", "no key"
ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Test//EN
BEGIN:VEVENT
UID:upload-1@example.org
DTSTAMP:20260101T000000Z
DTSTART:20260107T090000Z
DTEND:20260107T100000Z
SUMMARY:Uploaded
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


class Person:
    def __init__(self, world, name, number):
        self.name = name
        self.phone = f"+346001{number:05d}"
        self.whatsapp = f"+346002{number:05d}"
        self.contact = f"+346003{number:05d}"
        self.id = world.server.add_user(
            name=name, email=f"{name.lower()}@example.org", phone=self.phone, whatsapp=self.whatsapp, timezone="Europe/Madrid",
            emergencyContact={"name": "Eve", "phone": self.contact, "email": "eve@example.org"})
        world.server.keep_secret(self.contact, "the phone of an emergency contact")


class World:
    """Anna and Bert, each with meetings, messages, an incident, a calendar and a key."""

    def __init__(self, server):
        self.server = server
        self.count = 0
        self.session = None
        self.the_sink = None
        self.the_agent = None
        self.notified = {}
        self.anna = Person(self, "Anna", 11111)
        self.bert = Person(self, "Bert", 22222)
        self.key = {person: self.new_key(person)["key"] for person in (self.anna, self.bert)}
        self.scope_key = {scope: self.new_scope_key(scope)["key"] for scope in ("READER", "RESPONDER", "OPERATOR")}
        self.ended_key = self.new_scope_key("ADMIN", expiresAt="2026-01-05T09:30:00Z")["key"]
        revoked = self.new_scope_key("ADMIN")
        self.revoked_key = revoked["key"]
        server.ask("DELETE", f"{V1}/keys/{revoked['id']}")
        for person in (self.anna, self.bert):
            server.keep_secret(self.key[person], "a person's key")
            server.push(person.id, "missed", "2026-01-05T09:20:00Z", joinUrl="https://meet.example.org/x")
            self.new_calendar(person)
        # Nobody takes it, which whoever runs Tocsin is told; the post does not arrive.
        server.post("/incidents", {"title": "Of nobody", "escalate": True, "policy": "missed-meeting"})
        server.advance(3600)
        self.texts = {person: server.messages(userId=person.id) for person in (self.anna, self.bert)}

    def number(self):
        self.count += 1
        return self.count

    def new_person(self):
        return self.server.add_user(name=f"Passing {self.number()}", phone=f"+34655{self.number():06d}")

    def new_key(self, person, **members):
        return self.server.post(f"/users/{person.id}/keys", {"name": f"key {self.number()}", **members})

    def idle_data_key(self):
        """Waits for the end of a change that is under way: the next one may begin."""
        for _ in range(20):
            if not self.server.get("/data-key")["isChanging"]:
                break
            self.server.advance(10)
        return "rotate"

    def new_scope_key(self, scope="READER", **members):
        made = self.server.post("/keys", {"name": f"key {self.number()}", "scope": scope, **members})
        self.server.keep_secret(made["key"], f"a key of scope {scope}")
        return made

    def new_session(self, person):
        """The id of a session of the person."""
        cookie = self.server.ask("POST", f"{V1}/session", {"key": self.key[person]}, key=None).headers["Set-Cookie"]
        self.server.keep_secret(cookie.partition("=")[2].split(";")[0], "the secret of a session")
        return [one["id"] for one in self.server.get("/sessions", limit=1000)["sessions"] if one.get("userId") == person.id][-1]

    def account(self, person):
        """The id of a person who has an account."""
        self.server.ask("PUT", f"{V1}/users/{person.id}/account", {"role": "READER", "password": PASSWORD})
        return person.id

    def signed_in(self):
        """The secret of a session that Anna began with her password; one for all, since each costs a while."""
        if self.session is None:
            self.account(self.anna)
            answer = self.server.ask("POST", f"{V1}/session", {"login": "anna@example.org", "password": PASSWORD}, key=None)
            self.session = answer.headers["Set-Cookie"].partition("=")[2].split(";")[0]
            self.server.keep_secret(self.session, "the secret of a session")
        return self.session

    def calls_queue(self, before):
        """The kind of job that people hold, after that was done to it."""
        self.server.ask("POST", f"{V1}/queue/SCHEDULED_CALL/{before}")
        return "SCHEDULED_CALL"

    def failed_job(self):
        """The id of a job that was given up; there is no way to make one but in the store."""
        row = (1767600000000 << 12) + 2048 + self.number()
        with sqlite3.connect(self.server.database(), timeout=10) as store:
            store.execute("INSERT INTO timers (id, kind, due_at, priority, state, attempts, stalled, ended_at, error) VALUES "
                          "(?, 'CLEAN', 1767600000000, 10, 'FAILED', 4, 0, 1767600000000, 'INTERNAL_ERROR: planted')", (row,))
            store.execute("UPDATE queue_counts SET failed=failed+1 WHERE kind='CLEAN'")
        store.close()
        return self.server.get("/queue/jobs", kind="CLEAN", state="failed", limit=1000)["jobs"][-1]["id"]

    def failed_webhook(self):
        """The id of a post to whoever runs Tocsin that nobody took: whoever is at OPERATOR_WEBHOOK_URL takes nothing at first."""
        failed = [one for one in self.server.messages(channel="WEBHOOK") if one["state"] == "FAILED"]
        return failed[-1]["id"]

    def restorable_call(self, person):
        body = {name: value for name, value in call_body(self, person).items() if name != "recurring"}
        call = self.server.post("/scheduling/schedule", body)["scheduledCallId"]
        self.server.post(f"/scheduling/{call}/cancel", {"userId": person.id})
        return call

    def joined_meeting(self, person):
        meeting = self.new_meeting(person)
        self.server.ask("POST", f"{V1}/meetings/{meeting}/checkin", {"userId": person.id, "status": "JOINED"})
        return meeting

    def released_incident(self, person):
        """One whose ladder stopped when somebody took it."""
        incident = self.server.post("/incidents", {"title": "Disk is full", "userId": person.id, "escalate": True})["id"]
        self.server.post(f"/incidents/{incident}/acknowledge")
        return incident

    def new_calendar(self, person):
        return self.server.post(f"/users/{person.id}/calendars", {"kind": "upload", "ics": ICS})["id"]

    def new_meeting(self, person):
        return self.server.push(person.id, f"meeting {self.number()}", "2026-01-06T09:00:00Z")

    def new_incident(self, person, state=None):
        incident = self.server.post("/incidents", {"title": "Disk is full", "userId": person.id})["id"]
        if state:
            self.server.post(f"/incidents/{incident}/{state}")
        return incident

    def new_drill(self, person):
        return self.server.post("/drills", {"userId": person.id, "channels": ["EMAIL"]})["id"]

    def leased_incident(self, person):
        """One that somebody has taken for an hour."""
        if not self.server.get("/policies", name="leased")["policies"]:
            self.server.post("/policies", {"name": "leased", "steps": [{"channel": "SMS"}], "acknowledgementLease": {"minutes": 60}})
        incident = self.server.post("/incidents", {"title": "Disk is full", "userId": person.id, "policy": "leased"})["id"]
        self.server.post(f"/incidents/{incident}/acknowledge")
        return incident

    def step_link(self, person):
        """The token of the link in the text of a ladder's first step."""
        if not self.server.get("/policies", name="at-once")["policies"]:
            self.server.post("/policies", {"name": "at-once", "steps": [{"channel": "EMAIL"}]})
        incident = self.server.post("/incidents", {"title": "Disk is full", "userId": person.id, "policy": "at-once",
                                                   "escalate": True})["id"]
        self.server.advance(1)
        text = self.server.messages(subjectId=incident)[0]["text"]
        token = re.search(r"/s/(\S+)", text).group(1)
        self.server.keep_secret(token, "the token of a step's link")
        return token

    def new_dispatch(self, person, accepted=False):
        """The call id of a dispatch that asks the person."""
        body = dispatch_body(self, person)
        self.server.post("/dispatch", body)
        if accepted:
            self.server.post(f"/dispatch/{body['callId']}/accept", {"userId": person.id})
        return body["callId"]

    def agent(self):
        """The id of an agent that others may use."""
        self.the_agent = self.the_agent or self.new_agent()
        return self.the_agent

    def new_agent(self):
        return self.server.post("/agents", agent_body(self, None))["id"]

    def new_call(self, person):
        """The id of a scheduled call that the person owns."""
        return self.server.post("/scheduling/schedule", call_body(self, person))["scheduledCallId"]

    def callee(self):
        """A number of somebody whom nobody calls."""
        return f"+4930{self.number():07d}"

    def new_bar(self):
        return self.server.post("/do-not-call", {"phoneNumber": self.callee()})["id"]

    def new_consent(self):
        return self.server.post("/consents", consent_body(self, None))["id"]

    def new_holidays(self):
        return self.server.post("/holidays", holidays_body(self, None))["id"]

    def new_campaign(self, person, **members):
        return self.server.post("/scheduling/campaigns", {"name": f"Campaign {self.number()}", "userId": person.id, **members})["id"]

    def paused_campaign(self, person):
        campaign = self.new_campaign(person)
        self.server.post(f"/scheduling/campaigns/{campaign}/pause")
        return campaign

    def dispatch_link(self, person):
        """The token of the link in the text that asks a technician."""
        dispatch = self.server.get(f"/dispatch/{self.new_dispatch(person)}")
        self.server.advance(1)
        token = re.search(r"/d/(\S+)", self.server.messages(subjectId=dispatch["id"])[0]["text"]).group(1)
        self.server.keep_secret(token, "the token of a technician's link")
        return token

    def new_policy(self):
        """Two versions of it."""
        name = f"policy-{self.number()}"
        policy = self.server.post("/policies", {"name": name, "steps": [{"channel": "EMAIL"}, {"after": 5, "channel": "SMS"}]})
        self.server.ask("PUT", f"/api/v1/policies/{policy['id']}", {"name": name, "steps": [{"channel": "SMS"}]})
        return policy["id"]

    def replaceable_policy(self):
        """The one of this name, which PUT gives one version after the other."""
        found = self.server.get("/policies", name="replaceable")["policies"]
        return (found or [self.server.post("/policies", {"name": "replaceable", "steps": [{"channel": "EMAIL"}]})])[0]["id"]

    def new_sink(self):
        return self.server.post("/sinks", sink_body(self, None))["id"]

    def sink(self):
        """One that is always there; there may be fifty at most."""
        if self.the_sink is None:
            self.the_sink = self.new_sink()
        return self.the_sink

    def new_schedule(self, person):
        return self.server.post("/schedules", schedule_body(self, person))["id"]

    def new_override(self, person):
        """The paths' ends of a schedule and of an override of it."""
        schedule = self.new_schedule(person)
        return f"{schedule}/overrides/{self.server.post(f'/schedules/{schedule}/overrides', override_body(self, person))['id']}"

    def new_feed(self, person):
        """The end of a schedule's path, and the address of a calendar of it."""
        schedule = self.new_schedule(person)
        feed = self.server.post(f"/schedules/{schedule}/ical", {"userId": person.id})
        name = feed["url"].split("/")[-1]
        self.server.keep_secret(name.removesuffix(".ics"), "the secret address of a calendar")
        return f"{schedule}/ical/{feed['id']}", f"/i/{name}"

    def notification(self, person):
        """One that a ladder wrote; a minute is enough for its first step."""
        if person not in self.notified:
            name = f"inside-{self.number()}"
            self.server.post("/policies", {"name": name, "steps": [{"channel": "IN_APP"}]})
            self.server.post("/incidents", {"title": "Disk is full", "userId": person.id, "policy": name, "escalate": True})
            self.server.advance(1)
            self.notified[person] = self.server.get("/notifications", userId=person.id)["notifications"][0]["id"]
        return self.notified[person]

    def incident(self, person):
        return self.server.get("/incidents", userId=person.id)["incidents"][-1]["id"]

    def message(self, person):
        return self.texts[person][0]["id"]

    def link(self, person):
        token = re.search(r"/l/(\S+)", self.texts[person][0]["text"]).group(1)
        self.server.keep_secret(token, "the token of a link")
        return token

    def unsubscribe(self, person):
        mail = self.server.get("/messages", userId=person.id, channel="EMAIL")["messages"][0]
        token = re.search(r"/u/(\S+)", mail["text"]).group(1)
        self.server.keep_secret(token, "the token of a link that ends emails")
        return token


class Case:
    """`path` and `body` are functions of the world and the person. `fresh` is the path for a request that uses something up, `key` makes
    what a request shows that no key may do."""

    def __init__(self, path, body=None, may=OWN, fresh=None, key=None):
        self.path, self.body, self.may = path, body or (lambda world, person: None), may
        self.fresh, self.key = fresh or path, key


def at(path, *parts):
    """A path of a route with its placeholders filled in by functions of the world and the person."""
    return lambda world, person: path.format(*[part(world, person) for part in parts])


def person_id(world, person):
    return person.id


def event(world, name="pushed"):
    return {"externalId": f"{name} {world.number()}", "title": "Pushed", "startsAt": "2026-01-06T10:00:00+01:00",
            "endsAt": "2026-01-06T11:00:00+01:00", "timezone": "Europe/Madrid", "joinUrl": "https://meet.example.org/y",
            "status": "CONFIRMED"}


def user_body(world, person):
    return {"name": "Cleo", "email": "cleo@example.org", "phone": "+34666000111", "whatsapp": "+34666000222",
            "timezone": "Asia/Kolkata", "locale": "es", "callOptIn": False, "quietHours": {"start": "22:00", "end": "07:30"},
            "emergencyContact": {"name": "Dora", "phone": "+34666000333", "email": "dora@example.org"},
            "calendarEnabled": True, "preferredChannel": "WHATSAPP"}


def policy_body(world, person, name=None):
    return {"name": name or f"policy-{world.number()}", "description": "Whoever is near", "ownerId": person.id,
            "steps": [{"channel": "IN_APP"},
                      {"after": 5, "afterSeconds": 30, "since": "START", "channel": "CALL", "overrideQuietHours": True,
                       "targets": [{"type": "PERSON"}, {"type": "USER", "id": person.id}],
                       "repeat": {"times": 3, "everyMinutes": 2}}],
            "repeatLadder": {"times": 1, "afterMinutes": 30}, "acknowledgementLease": {"minutes": 60, "answerMinutes": 10}}


def sink_body(world, person):
    return {"kind": "WEBHOOK", "name": f"sink {world.number()}", "enabled": False,
            "webhook": {"url": "https://hooks.example.org/events", "secret": "a secret of theirs"}}


def schedule_body(world, person):
    return {"name": f"Schedule {world.number()}", "description": "Who carries the phone", "timezone": "Europe/Berlin",
            "alarmGaps": False, "layers": [{
                "name": "Week", "members": [{"userId": world.anna.id}, {"userId": world.bert.id}],
                "rotation": {"type": "WEEKLY", "interval": 2, "handoffTime": "09:00", "handoffDay": "MON",
                             "start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"},
                "restrictions": [{"from": "18:00", "until": "08:00", "days": "MON-FRI"}]}]}


def dispatch_body(world, person):
    return {"callId": f"call-{world.number()}", "callerPhone": "+34666000888", "emergencyLevel": "NORMAL",
            "issueSummary": "Water in the cellar", "technicians": [person.id]}


def agent_body(world, person):
    return {"name": f"Agent {world.number()}", "fromNumber": "+14155550100", "voice": "alice", "language": "en",
            "greeting": "Hello {{name|there}}.", "script": "Your order {{order|of last week}} is ready.",
            "onMachine": "LEAVE_MESSAGE", "machineMessage": "Please call us.", "optOutKey": "9", "callsPerMinute": 60}


def call_body(world, person):
    return {"phoneNumber": "+14155550101", "agentId": world.agent(), "userId": person.id,
            "scheduledFor": "2026-02-02T10:00:00Z", "timezone": "Europe/Madrid", "respectBusinessHours": True,
            "businessHours": {"start": "09:00", "end": "17:30", "timezone": "Europe/Madrid", "daysOfWeek": [1, 2, 3, 4, 5],
                              "holidays": ["2026-12-24"]},
            "recurring": {"frequency": "weekly", "interval": 2, "endDate": "2026-12-31", "maxOccurrences": 10},
            "metadata": {"name": "Ann"}, "priority": "high"}


def call_preview_body(world, person):
    return {**call_body(world, person), "count": 10}


def import_body(world, person):
    return {"numbers": [world.callee(), "nonsense"], "reason": "a list that we bought"}


def consent_body(world, person):
    return {"phoneNumber": world.callee(), "state": "GIVEN", "evidence": "the form of 5 January"}


def holidays_body(world, person):
    return {"name": f"office-{world.number()}", "dates": ["2026-12-24", "2026-12-25"]}


def campaign_body(world, person):
    return {"name": f"Campaign {world.number()}", "agentId": world.agent(), "userId": person.id, "callsPerMinute": 30}


def bulk_body(world, person):
    return {"calls": [call_body(world, person)], "mode": "all",
            "campaign": {"name": f"Campaign {world.number()}", "callsPerMinute": 30}}


def override_body(world, person):
    return {"start": "2026-02-01T10:00:00Z", "end": "2026-02-01T12:00:00Z", "userId": person.id, "nobody": False, "reason": "swap"}


def preview_body(world, person):
    return {"schedule": schedule_body(world, person), "overrides": [override_body(world, person)],
            "from": "2026-01-05T00:00:00Z", "to": "2026-02-05T00:00:00Z"}


V1 = "/api/v1"
CASES = {
    f"POST {V1}/users": Case(at(f"{V1}/users"), user_body, NOBODY),
    f"GET {V1}/users": Case(at(f"{V1}/users?limit=1000"), None, NOBODY),
    f"GET {V1}/users/{{id}}": Case(at(V1 + "/users/{}", person_id)),
    f"PATCH {V1}/users/{{id}}": Case(at(V1 + "/users/{}", person_id),
                                     lambda world, person: {"locale": "en", "quietHours": {"start": "22:30"}}),
    f"DELETE {V1}/users/{{id}}": Case(at(V1 + "/users/{}", person_id), None, NOBODY,
                                      at(V1 + "/users/{}", lambda world, person: world.new_person())),
    f"GET {V1}/users/{{id}}/export": Case(at(V1 + "/users/{}/export", person_id)),
    f"POST {V1}/users/{{id}}/erase": Case(at(V1 + "/users/{}/erase", lambda world, person: world.new_person()), None, NOBODY),
    f"POST {V1}/users/{{id}}/calendars": Case(at(V1 + "/users/{}/calendars", person_id),
                                              lambda world, person: {"kind": "upload", "ics": ICS}),
    f"GET {V1}/users/{{id}}/calendars": Case(at(V1 + "/users/{}/calendars", person_id)),
    f"DELETE {V1}/users/{{id}}/calendars/{{id2}}": Case(
        at(V1 + "/users/{}/calendars/{}", person_id, lambda world, person: world.new_calendar(person))),
    f"POST {V1}/users/{{id}}/keys": Case(at(V1 + "/users/{}/keys", person_id),
                                         lambda world, person: {"name": "Phone", "expiresAt": "2026-06-01T00:00:00Z"}, NOBODY),
    f"GET {V1}/users/{{id}}/keys": Case(at(V1 + "/users/{}/keys", person_id), None, NOBODY),
    f"DELETE {V1}/users/{{id}}/keys/{{id2}}": Case(
        at(V1 + "/users/{}/keys/{}", person_id, lambda world, person: world.new_key(person)["id"]), None, NOBODY),
    f"POST {V1}/keys": Case(at(f"{V1}/keys"), lambda world, person: {
        "name": "Wall", "scope": "READER", "expiresAt": "2026-06-01T00:00:00Z"}, NOBODY),
    f"GET {V1}/keys": Case(at(f"{V1}/keys?scope=READER&limit=1000"), None, NOBODY),
    f"DELETE {V1}/keys/{{id}}": Case(at(V1 + "/keys/{}", lambda world, person: world.new_scope_key()["id"]), None, NOBODY),
    f"POST {V1}/keys/{{id}}/rotate": Case(at(V1 + "/keys/{}/rotate", lambda world, person: world.new_scope_key()["id"]), None, NOBODY),
    f"GET {V1}/data-key": Case(at(f"{V1}/data-key"), None, NOBODY),
    f"POST {V1}/data-key/rotate": Case(at(V1 + "/data-key/{}", lambda world, person: world.idle_data_key()), None, NOBODY),
    f"POST {V1}/calendar/sync": Case(at(f"{V1}/calendar/sync"),
                                     lambda world, person: {"userId": person.id, "events": [event(world)]}),
    f"GET {V1}/meetings": Case(at(V1 + "/meetings?userId={}", person_id)),
    f"GET {V1}/meetings/{{id}}/timeline": Case(at(V1 + "/meetings/{}/timeline", lambda world, person: world.new_meeting(person))),
    f"GET {V1}/meetings/{{id}}": Case(at(V1 + "/meetings/{}", lambda world, person: world.new_meeting(person))),
    f"POST {V1}/meetings/{{id}}/checkin": Case(
        at(V1 + "/meetings/{}/checkin", lambda world, person: world.new_meeting(person)),
        lambda world, person: {"userId": person.id, "status": "MISSED", "force": False}),
    f"DELETE {V1}/meetings/{{id}}/checkin": Case(at(V1 + "/meetings/{}/checkin", lambda world, person: world.joined_meeting(person))),
    f"POST {V1}/incidents": Case(at(f"{V1}/incidents"), lambda world, person: {
        "title": "Disk is full", "details": "/var", "severity": "HIGH", "policy": "default", "userId": person.id,
        "dedupKey": f"disk {world.number()}", "escalate": True}),
    f"GET {V1}/incidents": Case(at(V1 + "/incidents?userId={}&state=ESCALATING&severity=HIGH&policy=missed-meeting", person_id)),
    f"GET {V1}/incidents/escalations/{{id}}": Case(
        at(V1 + "/incidents/escalations/{}", lambda world, person: world.incident(person))),
    f"GET {V1}/incidents/{{id}}": Case(at(V1 + "/incidents/{}", lambda world, person: world.incident(person))),
    f"POST {V1}/policies": Case(at(f"{V1}/policies"), policy_body, NOBODY),
    f"GET {V1}/policies": Case(at(f"{V1}/policies?limit=1000"), None, NOBODY),
    f"GET {V1}/policies/{{policy}}": Case(at(V1 + "/policies/{}?version=1", lambda world, person: world.new_policy()), None, NOBODY),
    f"PUT {V1}/policies/{{policy}}": Case(
        at(V1 + "/policies/{}", lambda world, person: world.replaceable_policy()),
        lambda world, person: policy_body(world, person, "replaceable"), NOBODY),
    f"DELETE {V1}/policies/{{policy}}": Case(at(V1 + "/policies/{}", lambda world, person: world.new_policy()), None, NOBODY),
    f"GET {V1}/policies/{{policy}}/versions": Case(at(V1 + "/policies/{}/versions", lambda world, person: world.new_policy()), None,
                                               NOBODY),
    f"POST {V1}/policies/{{policy}}/simulate": Case(
        at(V1 + "/policies/{}/simulate", lambda world, person: world.new_policy()),
        lambda world, person: {"userId": person.id, "start": START, "incident": {"title": "Disk is full", "severity": "HIGH"},
                               "answers": [{"person": person.name, "channel": "SMS", "do": "reply 1", "afterSeconds": 30}],
                               "faults": [{"channel": "SMS", "kind": "SLOW", "seconds": 20}]}, NOBODY),
    f"POST {V1}/drills": Case(at(f"{V1}/drills"), lambda world, person: {
        "name": "Fire drill", "userId": person.id, "channels": ["EMAIL", "CALL"], "everybody": True}),
    f"GET {V1}/drills": Case(at(V1 + "/drills?userId={}", person_id)),
    f"GET {V1}/drills/{{id}}": Case(at(V1 + "/drills/{}", lambda world, person: world.new_drill(person))),
    f"GET {V1}/reachability": Case(at(f"{V1}/reachability?limit=10"), None, ANYBODY),
    f"GET {V1}/users/{{id}}/reachability": Case(at(V1 + "/users/{}/reachability", person_id)),
    f"GET {V1}/lint": Case(at(f"{V1}/lint?subjectType=USER"), None, NOBODY),
    f"GET {V1}/notifications": Case(at(V1 + "/notifications?userId={}&unseen=true", person_id)),
    f"POST {V1}/notifications/seen": Case(at(f"{V1}/notifications/seen"),
                                          lambda world, person: {"ids": [], "all": True, "userId": person.id, "operators": False}),
    f"POST {V1}/notifications/{{id}}/seen": Case(
        at(V1 + "/notifications/{}/seen", lambda world, person: world.notification(person))),
    f"GET {V1}/stream": Case(at(V1 + "/stream?userId={}", person_id)),
    f"GET {V1}/events": Case(at(f"{V1}/events?limit=1000"), None, ANYBODY),
    f"POST {V1}/sinks": Case(at(f"{V1}/sinks"), sink_body, NOBODY),
    f"GET {V1}/sinks": Case(at(f"{V1}/sinks?limit=1000"), None, NOBODY),
    f"GET {V1}/sinks/{{id}}": Case(at(V1 + "/sinks/{}", lambda world, person: world.sink()), None, NOBODY),
    f"PATCH {V1}/sinks/{{id}}": Case(at(V1 + "/sinks/{}", lambda world, person: world.sink()),
                                     lambda world, person: {"name": "Renamed", "webhook": {"secret": "another secret"}}, NOBODY),
    f"DELETE {V1}/sinks/{{id}}": Case(at(V1 + "/sinks/{}", lambda world, person: world.new_sink()), None, NOBODY),
    f"POST {V1}/sinks/{{id}}/pause": Case(at(V1 + "/sinks/{}/pause", lambda world, person: world.sink()), None, NOBODY),
    f"POST {V1}/sinks/{{id}}/resume": Case(at(V1 + "/sinks/{}/resume", lambda world, person: world.sink()), None, NOBODY),
    f"POST {V1}/sinks/{{id}}/replay": Case(
        at(V1 + "/sinks/{}/replay", lambda world, person: world.sink()),
        lambda world, person: {"from": "2026-01-05T09:00:00Z", "deadLetters": True}, NOBODY),
    f"GET {V1}/sinks/{{id}}/dead-letters": Case(
        at(V1 + "/sinks/{}/dead-letters?limit=10", lambda world, person: world.sink()), None, NOBODY),
    f"GET {V1}/messages": Case(at(V1 + "/messages?userId={}&channel=SMS", person_id)),
    f"GET {V1}/messages/{{id}}": Case(at(V1 + "/messages/{}", lambda world, person: world.message(person))),
    f"GET {V1}/nodes": Case(at(f"{V1}/nodes"), None, NOBODY),
    f"GET {V1}/archives": Case(at(f"{V1}/archives?limit=10"), None, NOBODY),
    f"GET {V1}/providers": Case(at(f"{V1}/providers"), None, NOBODY),
    f"GET {V1}/analytics/failures": Case(at(f"{V1}/analytics/failures?provider=mock"), None, NOBODY),
    f"GET {V1}/incidents/{{id}}/timeline": Case(at(V1 + "/incidents/{}/timeline", lambda world, person: world.incident(person))),
    f"GET {V1}/incidents/{{id}}/cost": Case(at(V1 + "/incidents/{}/cost", lambda world, person: world.incident(person))),
    f"GET {V1}/users/{{id}}/suppressions": Case(at(V1 + "/users/{}/suppressions", person_id)),
    f"POST {V1}/dispatch": Case(at(f"{V1}/dispatch"), lambda world, person: dispatch_body(world, person), NOBODY),
    f"GET {V1}/dispatch": Case(at(V1 + "/dispatch?userId={}", person_id)),
    f"POST {V1}/dispatch/manual": Case(at(f"{V1}/dispatch/manual"), lambda world, person: {
        "callId": world.new_dispatch(person), "attempt": 2}, NOBODY),
    f"GET {V1}/dispatch/{{callId}}": Case(at(V1 + "/dispatch/{}", lambda world, person: world.new_dispatch(person))),
    f"GET {V1}/dispatch/{{callId}}/timeline": Case(at(V1 + "/dispatch/{}/timeline", lambda world, person: world.new_dispatch(person))),
    f"POST {V1}/dispatch/{{callId}}/accept": Case(
        at(V1 + "/dispatch/{}/accept", lambda world, person: world.new_dispatch(person)), lambda world, person: {"userId": person.id}),
    f"POST {V1}/dispatch/{{callId}}/decline": Case(
        at(V1 + "/dispatch/{}/decline", lambda world, person: world.new_dispatch(person)), lambda world, person: {"userId": person.id}),
    f"POST {V1}/dispatch/{{callId}}/cancel": Case(
        at(V1 + "/dispatch/{}/cancel", lambda world, person: world.new_dispatch(person)), None, NOBODY),
    f"POST {V1}/dispatch/{{callId}}/complete": Case(
        at(V1 + "/dispatch/{}/complete", lambda world, person: world.new_dispatch(person, True))),
    f"POST {V1}/agents": Case(at(f"{V1}/agents"), agent_body, NOBODY),
    f"GET {V1}/agents": Case(at(f"{V1}/agents?archived=true&limit=1000"), None, ANYBODY),
    f"GET {V1}/agents/{{id}}": Case(at(V1 + "/agents/{}?version=1", lambda world, person: world.agent()), None, ANYBODY),
    f"PATCH {V1}/agents/{{id}}": Case(at(V1 + "/agents/{}", lambda world, person: world.agent()),
                                      lambda world, person: {"script": "Your order is ready.", "optOutKey": None}, NOBODY),
    f"DELETE {V1}/agents/{{id}}": Case(at(V1 + "/agents/{}", lambda world, person: world.new_agent()), None, NOBODY),
    f"GET {V1}/agents/{{id}}/versions": Case(at(V1 + "/agents/{}/versions", lambda world, person: world.agent()), None, NOBODY),
    f"POST {V1}/agents/{{id}}/preview": Case(
        at(V1 + "/agents/{}/preview", lambda world, person: world.agent()),
        lambda world, person: {"metadata": {"name": "Ann"}, "version": 1}, ANYBODY),
    f"POST {V1}/scheduling/schedule": Case(at(f"{V1}/scheduling/schedule"), call_body),
    f"GET {V1}/scheduling/scheduled-calls": Case(at(
        V1 + "/scheduling/scheduled-calls?userId={}&status=pending&startDate=2026-01-01&endDate=2027-01-01T00:00:00Z", person_id)),
    f"GET {V1}/scheduling/scheduled-calls/{{id}}": Case(
        at(V1 + "/scheduling/scheduled-calls/{}", lambda world, person: world.new_call(person))),
    f"POST {V1}/scheduling/{{id}}/cancel": Case(
        at(V1 + "/scheduling/{}/cancel", lambda world, person: world.new_call(person)),
        lambda world, person: {"userId": person.id, "onlyThis": True}),
    f"POST {V1}/scheduling/{{id}}/restore": Case(
        at(V1 + "/scheduling/{}/restore", lambda world, person: world.restorable_call(person)), lambda world, person: {"userId": person.id}),
    f"GET {V1}/scheduling/calendar": Case(
        at(V1 + "/scheduling/calendar?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&userId={}", person_id)),
    f"POST {V1}/scheduling/{{id}}/reschedule": Case(
        at(V1 + "/scheduling/{}/reschedule", lambda world, person: world.new_call(person)),
        lambda world, person: {"userId": person.id, "scheduledFor": "2026-02-03T10:00:00Z"}),
    f"POST {V1}/scheduling/bulk": Case(at(f"{V1}/scheduling/bulk"), bulk_body),
    f"POST {V1}/scheduling/campaigns": Case(at(f"{V1}/scheduling/campaigns"), campaign_body),
    f"GET {V1}/scheduling/campaigns": Case(at(V1 + "/scheduling/campaigns?userId={}", person_id)),
    f"GET {V1}/scheduling/campaigns/{{id}}": Case(
        at(V1 + "/scheduling/campaigns/{}", lambda world, person: world.new_campaign(person))),
    f"PATCH {V1}/scheduling/campaigns/{{id}}": Case(
        at(V1 + "/scheduling/campaigns/{}", lambda world, person: world.new_campaign(person)),
        lambda world, person: {"name": "Renamed", "callsPerMinute": 5, "agentId": None}),
    f"POST {V1}/scheduling/campaigns/{{id}}/pause": Case(
        at(V1 + "/scheduling/campaigns/{}/pause", lambda world, person: world.new_campaign(person))),
    f"POST {V1}/scheduling/campaigns/{{id}}/resume": Case(
        at(V1 + "/scheduling/campaigns/{}/resume", lambda world, person: world.paused_campaign(person))),
    f"POST {V1}/scheduling/campaigns/{{id}}/cancel": Case(
        at(V1 + "/scheduling/campaigns/{}/cancel", lambda world, person: world.new_campaign(person))),
    f"GET {V1}/scheduling/campaigns/{{id}}/results.csv": Case(
        at(V1 + "/scheduling/campaigns/{}/results.csv?limit=10", lambda world, person: world.new_campaign(person))),
    f"GET {V1}/queue": Case(at(f"{V1}/queue"), None, NOBODY),
    f"GET {V1}/queue/jobs": Case(at(f"{V1}/queue/jobs?kind=CLEAN&state=delayed&limit=1000"), None, NOBODY),
    f"POST {V1}/queue/jobs/{{id}}/retry": Case(
        at(V1 + "/queue/jobs/{}/retry", lambda world, person: world.failed_job()), None, NOBODY),
    f"POST {V1}/queue/{{kind}}/pause": Case(
        at(V1 + "/queue/{}/pause", lambda world, person: world.calls_queue("resume")), None, NOBODY),
    f"POST {V1}/queue/{{kind}}/resume": Case(
        at(V1 + "/queue/{}/resume", lambda world, person: world.calls_queue("pause")), None, NOBODY),
    f"POST {V1}/queue/{{kind}}/drain": Case(
        at(V1 + "/queue/{}/drain", lambda world, person: world.calls_queue("resume")), None, NOBODY),
    f"POST {V1}/queue/{{kind}}/clean": Case(
        at(V1 + "/queue/{}/clean", lambda world, person: world.calls_queue("resume")),
        lambda world, person: {"olderThanHours": 0}, NOBODY),
    f"GET {V1}/scheduling/{{id}}/timeline": Case(
        at(V1 + "/scheduling/{}/timeline?limit=10", lambda world, person: world.new_call(person))),
    f"GET {V1}/analytics/retries": Case(at(f"{V1}/analytics/retries"), None, NOBODY),
    f"GET {V1}/scheduling/stats": Case(at(f"{V1}/scheduling/stats"), None, NOBODY),
    f"POST {V1}/scheduling/preview": Case(at(f"{V1}/scheduling/preview"), call_preview_body),
    f"POST {V1}/do-not-call": Case(at(f"{V1}/do-not-call"), lambda world, person: {
        "phoneNumber": world.callee(), "reason": "asked us on the telephone"}, NOBODY),
    f"GET {V1}/do-not-call": Case(at(f"{V1}/do-not-call?phoneNumber=%2B49301234567&limit=1000"), None, NOBODY),
    f"POST {V1}/do-not-call/import": Case(at(f"{V1}/do-not-call/import"), import_body, NOBODY),
    f"DELETE {V1}/do-not-call/{{id}}": Case(at(V1 + "/do-not-call/{}", lambda world, person: world.new_bar()), None, NOBODY),
    f"POST {V1}/consents": Case(at(f"{V1}/consents"), consent_body, NOBODY),
    f"GET {V1}/consents": Case(at(f"{V1}/consents?limit=1000"), None, NOBODY),
    f"POST {V1}/holidays": Case(at(f"{V1}/holidays"), holidays_body, NOBODY),
    f"GET {V1}/holidays": Case(at(f"{V1}/holidays?limit=1000"), None, NOBODY),
    f"GET {V1}/holidays/{{id}}": Case(at(V1 + "/holidays/{}", lambda world, person: world.new_holidays()), None, NOBODY),
    f"PATCH {V1}/holidays/{{id}}": Case(at(V1 + "/holidays/{}", lambda world, person: world.new_holidays()),
                                        lambda world, person: {"dates": ["2026-12-31"]}, NOBODY),
    f"DELETE {V1}/holidays/{{id}}": Case(at(V1 + "/holidays/{}", lambda world, person: world.new_holidays()), None, NOBODY),
    "GET /d/{token}": Case(at("/d/{}", lambda world, person: world.dispatch_link(person)), None, NO_KEY),
    "POST /d/{token}": Case(at("/d/{}", lambda world, person: world.dispatch_link(person)),
                            lambda world, person: b"answer=ACCEPT", NO_KEY),
    f"GET {V1}/verify": Case(at(f"{V1}/verify?from=2026-01-01T00:00:00Z&to=2026-01-05T00:00:00Z"), None, NOBODY),
    f"GET {V1}/audit/verify": Case(at(f"{V1}/audit/verify"), None, NOBODY),
    f"POST {V1}/messages/{{id}}/replay": Case(at(V1 + "/messages/{}/replay", lambda world, person: world.failed_webhook()), None, NOBODY),
    f"GET {V1}/metrics": Case(at(f"{V1}/metrics"), None, NOBODY),
    f"GET {V1}/audit": Case(at(V1 + "/audit?userId={}", person_id)),
    f"GET {V1}/clock": Case(at(f"{V1}/clock"), None, ANYBODY),
    f"POST {V1}/clock/advance": Case(at(f"{V1}/clock/advance"), lambda world, person: {"seconds": 1}, NOBODY),
    f"POST {V1}/mock/answers": Case(at(f"{V1}/mock/answers"), lambda world, person: {
        "phone": "+34666000999", "channel": "SMS", "do": "reply 1", "afterSeconds": 5}, NOBODY),
    f"GET {V1}/texts": Case(at(f"{V1}/texts"), None, ANYBODY),
    f"POST {V1}/texts/preview": Case(at(f"{V1}/texts/preview"), lambda world, person: {
        "key": "MEETING_URGENT_MESSAGE", "channel": "SMS", "language": "es", "template": "{{hello}}: {{title}}",
        "facts": {"name": "Ana", "minutes": 5}}, ANYBODY),
    f"POST {V1}/schedules": Case(at(f"{V1}/schedules"), schedule_body, NOBODY),
    f"GET {V1}/schedules": Case(at(f"{V1}/schedules?limit=5"), None, NOBODY),
    f"POST {V1}/schedules/preview": Case(at(f"{V1}/schedules/preview"), preview_body, NOBODY),
    f"GET {V1}/schedules/{{id}}": Case(at(V1 + "/schedules/{}", lambda world, person: world.new_schedule(person)), None, NOBODY),
    f"PUT {V1}/schedules/{{id}}": Case(at(V1 + "/schedules/{}", lambda world, person: world.new_schedule(person)),
                                       schedule_body, NOBODY),
    f"DELETE {V1}/schedules/{{id}}": Case(at(V1 + "/schedules/{}", lambda world, person: world.new_schedule(person)), None, NOBODY),
    f"POST {V1}/schedules/{{id}}/overrides": Case(
        at(V1 + "/schedules/{}/overrides", lambda world, person: world.new_schedule(person)), override_body, NOBODY),
    f"GET {V1}/schedules/{{id}}/overrides": Case(
        at(V1 + "/schedules/{}/overrides", lambda world, person: world.new_schedule(person)), None, NOBODY),
    f"DELETE {V1}/schedules/{{id}}/overrides/{{id2}}": Case(
        at(V1 + "/schedules/{}", lambda world, person: world.new_override(person)), None, NOBODY),
    f"GET {V1}/schedules/{{id}}/spans": Case(
        at(V1 + "/schedules/{}/spans?from=2026-01-05T00:00:00Z&to=2026-03-05T00:00:00Z&limit=3",
           lambda world, person: world.new_schedule(person)), None, NOBODY),
    f"GET {V1}/schedules/{{id}}/gaps": Case(
        at(V1 + "/schedules/{}/gaps", lambda world, person: world.new_schedule(person)), None, NOBODY),
    f"POST {V1}/schedules/{{id}}/ical": Case(
        at(V1 + "/schedules/{}/ical", lambda world, person: world.new_schedule(person)),
        lambda world, person: {"userId": person.id}, NOBODY),
    f"GET {V1}/schedules/{{id}}/ical": Case(
        at(V1 + "/schedules/{}/ical", lambda world, person: world.new_schedule(person)), None, NOBODY),
    f"DELETE {V1}/schedules/{{id}}/ical": Case(
        at(V1 + "/schedules/{}/ical", lambda world, person: world.new_schedule(person)), None, NOBODY),
    f"DELETE {V1}/schedules/{{id}}/ical/{{id2}}": Case(
        at(V1 + "/schedules/{}", lambda world, person: world.new_feed(person)[0]), None, NOBODY),
    "GET /i/{token}": Case(at("{}", lambda world, person: world.new_feed(person)[1]), None, NO_KEY),
    f"GET {V1}/oncall": Case(at(V1 + "/oncall?schedule={}&at=2026-01-12T20:00:00Z&explain=1",
                                lambda world, person: world.new_schedule(person)), None, NOBODY),
    "GET /health": Case(at("/health"), None, NO_KEY),
    "GET /u/{token}": Case(at("/u/{}", lambda world, person: world.unsubscribe(person)), None, NO_KEY),
    "POST /u/{token}": Case(at("/u/{}", lambda world, person: world.unsubscribe(person)),
                            lambda world, person: b"List-Unsubscribe=One-Click", NO_KEY),
    f"POST {V1}/incidents/{{id}}/extend": Case(
        at(V1 + "/incidents/{}/extend", lambda world, person: world.leased_incident(person))),
    f"POST {V1}/incidents/{{id}}/release": Case(
        at(V1 + "/incidents/{}/release", lambda world, person: world.released_incident(person))),
    f"POST {V1}/session": Case(at(f"{V1}/session"), lambda world, person: {"key": world.key[person]}, NO_KEY),
    f"GET {V1}/session/ways": Case(at(f"{V1}/session/ways"), None, NO_KEY),
    f"PUT {V1}/session/password": Case(at(f"{V1}/session/password"), lambda world, person: {
        "current": PASSWORD, "password": PASSWORD}, NOBODY, key=lambda world: world.signed_in()),
    f"GET {V1}/sessions": Case(at(f"{V1}/sessions?limit=1000"), None, ANYBODY),
    f"DELETE {V1}/sessions/{{id}}": Case(at(V1 + "/sessions/{}", lambda world, person: world.new_session(person))),
    f"PUT {V1}/users/{{id}}/account": Case(at(V1 + "/users/{}/account", person_id), lambda world, person: {
        "login": f"login {world.number()}", "role": "READER", "password": PASSWORD}, NOBODY,
        at(V1 + "/users/{}/account", lambda world, person: world.new_person())),
    f"GET {V1}/users/{{id}}/account": Case(at(V1 + "/users/{}/account", lambda world, person: world.account(person))),
    f"DELETE {V1}/users/{{id}}/account": Case(at(V1 + "/users/{}/account", lambda world, person: world.account(person)), None, NOBODY),
    f"GET {V1}/session": Case(at(f"{V1}/session"), None, ANYBODY),
    f"DELETE {V1}/session": Case(at(f"{V1}/session"), None, ANYBODY),
    "GET /s/{token}": Case(at("/s/{}", lambda world, person: world.step_link(person)), None, NO_KEY),
    "POST /s/{token}": Case(at("/s/{}", lambda world, person: world.step_link(person)),
                            lambda world, person: b"answer=ACKNOWLEDGE", NO_KEY),
    "GET /l/{token}": Case(at("/l/{}", lambda world, person: world.link(person)), None, NO_KEY),
    "POST /l/{token}": Case(at("/l/{}", lambda world, person: world.link(person)),
                            lambda world, person: b"answer=JOINED", NO_KEY),
}
add_cases(CASES, Case, NOBODY, NO_KEY)
for action in ("acknowledge", "escalate", "resolve", "cancel"):
    CASES[f"POST {V1}/incidents/{{id}}/{action}"] = Case(
        at(V1 + "/incidents/{}/" + action, lambda world, person: world.new_incident(person)))


def unknown_ids(world):
    """Ids that name nothing: one that we would never make, no id at all, and that of something else."""
    return [str(uuid.uuid4()), "01890000-0000-7000-8000-000000000000", "no-id", world.new_meeting(world.anna)]
