"""tests/lib/route_cases.py: a small world, and for each route of ours a request that works in it.

test_routes.py derives from each case what must not work. A case says: the path and the body of a request that works, for the
person given; and what a person's own key may do there: OWN their own subjects, NOBODY nothing at all, ANYBODY everything.
"""
import re
import uuid

START = "2026-01-05T09:00:00Z"
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
        self.anna = Person(self, "Anna", 11111)
        self.bert = Person(self, "Bert", 22222)
        self.key = {person: self.new_key(person)["key"] for person in (self.anna, self.bert)}
        for person in (self.anna, self.bert):
            server.keep_secret(self.key[person], "a person's key")
            server.push(person.id, "missed", "2026-01-05T09:20:00Z", joinUrl="https://meet.example.org/x")
            self.new_calendar(person)
        server.advance(3600)
        self.texts = {person: server.messages(userId=person.id) for person in (self.anna, self.bert)}

    def number(self):
        self.count += 1
        return self.count

    def new_person(self):
        return self.server.add_user(name=f"Passing {self.number()}", phone=f"+34655{self.number():06d}")

    def new_key(self, person, **members):
        return self.server.post(f"/users/{person.id}/keys", {"name": f"key {self.number()}", **members})

    def new_calendar(self, person):
        return self.server.post(f"/users/{person.id}/calendars", {"kind": "upload", "ics": ICS})["id"]

    def new_meeting(self, person):
        return self.server.push(person.id, f"meeting {self.number()}", "2026-01-06T09:00:00Z")

    def new_incident(self, person, state=None):
        incident = self.server.post("/incidents", {"title": "Disk is full", "userId": person.id})["id"]
        if state:
            self.server.post(f"/incidents/{incident}/{state}")
        return incident

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
    """`path` and `body` are functions of the world and the person. `fresh` is the path for a request that uses something up."""

    def __init__(self, path, body=None, may=OWN, fresh=None):
        self.path, self.body, self.may = path, body or (lambda world, person: None), may
        self.fresh = fresh or path


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


V1 = "/api/v1"
CASES = {
    f"POST {V1}/users": Case(at(f"{V1}/users"), user_body, NOBODY),
    f"GET {V1}/users": Case(at(f"{V1}/users?limit=1000"), None, NOBODY),
    f"GET {V1}/users/{{id}}": Case(at(V1 + "/users/{}", person_id)),
    f"PATCH {V1}/users/{{id}}": Case(at(V1 + "/users/{}", person_id),
                                     lambda world, person: {"locale": "en", "quietHours": {"start": "22:30"}}),
    f"DELETE {V1}/users/{{id}}": Case(at(V1 + "/users/{}", person_id), None, NOBODY,
                                      at(V1 + "/users/{}", lambda world, person: world.new_person())),
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
    f"POST {V1}/calendar/sync": Case(at(f"{V1}/calendar/sync"),
                                     lambda world, person: {"userId": person.id, "events": [event(world)]}),
    f"GET {V1}/meetings": Case(at(V1 + "/meetings?userId={}", person_id)),
    f"GET {V1}/meetings/{{id}}": Case(at(V1 + "/meetings/{}", lambda world, person: world.new_meeting(person))),
    f"POST {V1}/meetings/{{id}}/checkin": Case(
        at(V1 + "/meetings/{}/checkin", lambda world, person: world.new_meeting(person)),
        lambda world, person: {"userId": person.id, "status": "MISSED", "force": False}),
    f"POST {V1}/incidents": Case(at(f"{V1}/incidents"), lambda world, person: {
        "title": "Disk is full", "details": "/var", "severity": "HIGH", "policy": "default", "userId": person.id}),
    f"GET {V1}/incidents": Case(at(V1 + "/incidents?userId={}&state=ESCALATING", person_id)),
    f"GET {V1}/incidents/escalations/{{id}}": Case(
        at(V1 + "/incidents/escalations/{}", lambda world, person: world.incident(person))),
    f"GET {V1}/incidents/{{id}}": Case(at(V1 + "/incidents/{}", lambda world, person: world.incident(person))),
    f"GET {V1}/messages": Case(at(V1 + "/messages?userId={}&channel=SMS", person_id)),
    f"GET {V1}/messages/{{id}}": Case(at(V1 + "/messages/{}", lambda world, person: world.message(person))),
    f"GET {V1}/providers": Case(at(f"{V1}/providers"), None, NOBODY),
    f"GET {V1}/analytics/failures": Case(at(f"{V1}/analytics/failures?provider=mock"), None, NOBODY),
    f"GET {V1}/incidents/{{id}}/cost": Case(at(V1 + "/incidents/{}/cost", lambda world, person: world.incident(person))),
    f"GET {V1}/users/{{id}}/suppressions": Case(at(V1 + "/users/{}/suppressions", person_id)),
    f"GET {V1}/audit": Case(at(V1 + "/audit?userId={}", person_id)),
    f"GET {V1}/clock": Case(at(f"{V1}/clock"), None, ANYBODY),
    f"POST {V1}/clock/advance": Case(at(f"{V1}/clock/advance"), lambda world, person: {"seconds": 1}, NOBODY),
    f"POST {V1}/mock/answers": Case(at(f"{V1}/mock/answers"), lambda world, person: {
        "phone": "+34666000999", "channel": "SMS", "do": "reply 1", "afterSeconds": 5}, NOBODY),
    f"GET {V1}/texts": Case(at(f"{V1}/texts"), None, ANYBODY),
    f"POST {V1}/texts/preview": Case(at(f"{V1}/texts/preview"), lambda world, person: {
        "key": "MEETING_URGENT_MESSAGE", "channel": "SMS", "language": "es", "template": "{{hello}}: {{title}}",
        "facts": {"name": "Ana", "minutes": 5}}, ANYBODY),
    "GET /health": Case(at("/health"), None, NO_KEY),
    "GET /u/{token}": Case(at("/u/{}", lambda world, person: world.unsubscribe(person)), None, NO_KEY),
    "POST /u/{token}": Case(at("/u/{}", lambda world, person: world.unsubscribe(person)),
                            lambda world, person: b"List-Unsubscribe=One-Click", NO_KEY),
    "GET /l/{token}": Case(at("/l/{}", lambda world, person: world.link(person)), None, NO_KEY),
    "POST /l/{token}": Case(at("/l/{}", lambda world, person: world.link(person)),
                            lambda world, person: b"answer=JOINED", NO_KEY),
}
for action in ("acknowledge", "escalate", "resolve", "cancel"):
    CASES[f"POST {V1}/incidents/{{id}}/{action}"] = Case(
        at(V1 + "/incidents/{}/" + action, lambda world, person: world.new_incident(person)))


def unknown_ids(world):
    """Ids that name nothing: one that we would never make, no id at all, and that of something else."""
    return [str(uuid.uuid4()), "01890000-0000-7000-8000-000000000000", "no-id", world.new_meeting(world.anna)]
