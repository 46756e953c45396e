#!/usr/bin/env python3
"""Many calls in one request, campaigns and their results, and Idempotency-Key: with real bytes against a real server.
Requirements S7, S10, X3; rows "Bulk" of issue 5."""
import csv
import hashlib
import io
import json
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import ADMIN_KEY, Checks  # noqa: E402
from server import Server, send_raw  # noqa: E402

START = "2026-01-05T09:00:00Z"  # A Monday.
UNKNOWN = "01890000-0000-7000-8000-000000000000"
BULK, CAMPAIGNS = "/api/v1/scheduling/bulk", "/api/v1/scheduling/campaigns"
LINES = {"Content-Type": "application/x-ndjson"}
NASTY = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", 'say "hi", please', "plain", "it's", "a;b", "ünïcödé"]
checks = Checks()


class World:
    def __init__(self, name="bulk", **settings):
        self.server = Server(checks, name, at=START, **settings).start()
        self.server.keep_secret("+14155550199", "the number of a callee")
        self.server.keep_secret("Order 4711 of Ann", "metadata of a call")
        self.plain = self.server.post("/agents", {"name": "Bob", "script": "Hello."})["id"]
        self.named = self.server.post("/agents", {"name": "Ava", "script": "Hello {{name}}."})["id"]

    def call(self, **members):
        body = {"phoneNumber": "+14155550199", "agentId": self.plain, "userId": "u1", "scheduledFor": "2026-01-06T10:00:00Z",
                **members}
        return {name: value for name, value in body.items() if value is not ...}

    def ask(self, body, headers=None, key=ADMIN_KEY, **query):
        return self.server.ask("POST", BULK, body, key, headers, **query)

    def lines(self, *calls, **query):
        """Each one an object, or the text of a line."""
        text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in calls)
        return self.ask(text.encode(), LINES, **query)


def errors_of(answer):
    """{line: (code, field)} of what was refused."""
    return {one["line"]: (one["error"]["code"],
                          one["error"].get("field")) for one in answer.data["results"] if not one["success"]}


def takes_all_forms(world):
    server = world.server
    before = server.get("/scheduling/stats")["scheduler"]["total"]
    calls = [world.call(), world.call(metadata={"order": "Order 4711 of Ann"}), world.call(priority="high")]
    for text, answer in (("an object", world.ask({"calls": calls})), ("a list", world.ask(calls)),
                         ("lines", world.lines(*calls)), ("lines that end with CR LF", world.ask("\r\n".join(map(json.dumps,
                             calls)).encode() + b"\r\n", LINES)),
                         ("a byte order mark before an object",
                          world.ask(b"\xef\xbb\xbf" + json.dumps({"calls": calls}).encode())),
                         ("a byte order mark before lines",
                          world.ask(b"\xef\xbb\xbf" + b"\n".join(json.dumps(one).encode() for one in calls), LINES))):
        good = answer.status == 201 and answer.data["scheduled"] == 3 and answer.data["refused"] == 0 and \
            [one["line"] for one in answer.data["results"]] == [1, 2, 3] and \
            all(one["scheduledFor"] == "2026-01-06T10:00:00Z" for one in answer.data["results"])
        checks.ok(good, f"{text} of three calls is taken", answer.status, answer.text[:300])
        first = server.get(f"/scheduling/scheduled-calls/{answer.data['results'][1]['scheduledCallId']}")
        checks.equal((first["status"], first["phoneNumber"], first["metadata"], first["agentId"]["_id"]),
                     ("pending", "+14155550199", {"order": "Order 4711 of Ann"},
                      world.plain), f"{text}: the call is what was asked for")
    checks.equal(server.get("/scheduling/stats")["scheduler"]["total"], before + 18, "each is counted once")
    answer = world.lines("", json.dumps(world.call()), "   ", "", json.dumps(world.call()), "")
    checks.equal([one["line"] for one in answer.data["results"]], [2, 5], "blank lines count and are passed over")
    padded = world.ask(b" \n\t{ \"mode\" : \"each\" ,\r\n \"calls\" : [ " + json.dumps(world.call()).encode() + b" \n ] } \n")
    checks.equal(padded.status, 201, "white space does no harm", padded.text[:200])


def tells_of_each(world):
    """mode each: what is right is scheduled, and of the rest each has its code (S7) and member."""
    good = world.call()
    wrong = [(world.call(phoneNumber="4155550199"), "VALIDATION_ERROR", "phoneNumber"),
             (world.call(phoneNumber=...), "VALIDATION_ERROR", "phoneNumber"),
             (world.call(agentId=UNKNOWN), "AGENT_NOT_FOUND", "agentId"),
             (world.call(agentId=...), "VALIDATION_ERROR", "agentId"), (world.call(userId=...), "VALIDATION_ERROR", "userId"),
             (world.call(timezone="Mars/Olympus"), "INVALID_TIMEZONE", "timezone"),
             (world.call(scheduledFor="2026-01-05T09:00:00Z"), "INVALID_SCHEDULED_TIME", "scheduledFor"),
             (world.call(scheduledFor="soon"), "VALIDATION_ERROR", "scheduledFor"),
             (world.call(agentId=world.named), "VALIDATION_ERROR", "metadata.name"),
             (world.call(surprise=1), "VALIDATION_ERROR", "surprise"), (world.call(metadata=[]), "VALIDATION_ERROR", "metadata"),
             (world.call(businessHours={"daysOfWeek": [7]}), "VALIDATION_ERROR", "businessHours.daysOfWeek[0]"),
             (world.call(recurring={"interval": 1}), "VALIDATION_ERROR", "recurring.frequency"),
             ([], "VALIDATION_ERROR", None), (7, "VALIDATION_ERROR", None), (None, "VALIDATION_ERROR", None)]
    calls = [one for body, _, _ in wrong for one in (good, body)]
    wanted = {2 * index + 2: (code, field) for index, (_, code, field) in enumerate(wrong)}
    for text, answer in (("an object", world.ask({"calls": calls})), ("lines", world.ask("\n".join(map(json.dumps,
        calls)).encode(), LINES))):
        checks.equal(errors_of(answer), wanted, f"{text}: each wrong call has its code and member")
        checks.equal((answer.status, answer.data["scheduled"], answer.data["refused"]), (201, len(wrong), len(wrong)),
                     f"{text}: the others are scheduled")
    before = world.server.row_counts()
    nothing = world.ask({"calls": [body for body, _, _ in wrong], "campaign": {"name": "none"}})
    checks.equal((nothing.status, nothing.data["scheduled"], "campaignId" in nothing.data), (200, 0, False),
                 "where none is right nothing is created, and it is 200")
    checks.equal(world.server.row_counts(), before, "and nothing is written")


def is_as_alone(world):
    """What calls have in common is worked out once; each is still what it would be by itself."""
    hours = [None, {}, {"start": "00:00", "end": "24:00"}, {"start": "08:00", "end": "12:00"}, {"start": "22:00", "end": "06:00"},
             {"daysOfWeek": [6]},
             {"daysOfWeek": [0, 6]}, {"daysOfWeek": [6, 0]}, {"timezone": "Asia/Kathmandu"}, {"holidays": ["2026-01-10"]},
             {"holidays": ["2026-01-10", "2026-01-12"]}, {"windows": [{"start": "10:00", "end": "11:00"}]},
             {"windows": [{"start": "10:00", "end": "11:00"}, {"start": "15:00", "end": "16:00"}]},
             {"windows": [{"start": "10:00", "end": "11:00", "daysOfWeek": [2]}]}]
    zones = [..., "Europe/Madrid", "America/New_York", "Australia/Lord_Howe"]
    calls = [world.call(scheduledFor=when, timezone=zone, businessHours=one, respectBusinessHours=keeps)
             for one in hours for zone in zones for when in ("2026-01-10T03:30", "2026-01-07T09:30:00Z") for keeps in (True,
                 False)]
    calls = calls[::2] + calls[1::2] + calls[::3]
    alone = [world.server.post("/scheduling/schedule", one) for one in calls]
    answer = world.ask({"calls": calls, "mode": "all"})
    differ = [(call, one["scheduledFor"], other["scheduledFor"]) for call, one, other in zip(calls, alone, answer.data["results"])
              if one["scheduledFor"] != other["scheduledFor"]]
    checks.ok(len(alone) == len(calls) and not differ,
              f"{len(calls)} calls with hours of {len(hours) * len(zones)} kinds are due as each would be alone", *differ[:3])
    shown = ("requestedFor", "scheduledFor", "timezone", "businessHours", "respectBusinessHours", "priority")
    for at in range(0, len(calls), 17):
        one, other = (world.server.get(f"/scheduling/scheduled-calls/{identity}") for identity in
                      (alone[at]["scheduledCallId"], answer.data["results"][at]["scheduledCallId"]))
        checks.equal([one.get(name) for name in shown], [other.get(name) for name in shown],
                     f"call {at} is kept as it would be alone")


def all_or_nothing(world):
    good = world.call()
    for bad, status, code, field in ((world.call(phoneNumber="x"), 400, "VALIDATION_ERROR", "phoneNumber"),
                                     (world.call(agentId=UNKNOWN), 404, "AGENT_NOT_FOUND", "agentId"),
                                     (world.call(timezone="Mars/Olympus"), 400, "INVALID_TIMEZONE", "timezone"),
                                     (world.call(scheduledFor="2020-01-01T00:00:00Z"), 400, "INVALID_SCHEDULED_TIME",
                                      "scheduledFor")):
        calls = [good] * 6 + [bad, good]
        before = world.server.row_counts()
        answers = (world.ask({"calls": calls, "mode": "all"}), world.ask(calls, mode="all"), world.ask("\n".join(map(json.dumps,
            calls)).encode(), LINES, mode="all"))
        for answer, place in zip(answers, (f"calls[6].{field}", f"[6].{field}", field)):
            error = answer.body.get("error", {})
            checks.ok((answer.status, error.get("code"), error.get("field")) == (status, code, place) and "7" in error["message"],
                      f"all or nothing: {code} at {place}", answer.status, answer.text[:300])
        checks.equal(world.server.row_counts(), before, f"all or nothing: {code}: nothing is written")


def refuses_what_is_no_json(world):
    """JSON as a whole is refused as a whole, with the place of the fault; of lines only the one is."""
    line = json.dumps(world.call())
    broken = line[:-1]  # No closing brace.
    pretty = "{\"calls\":[\n" + ",\n".join([line] * 6 + [line.replace(": \"u1\"", ": u1")] + [line] * 2) + "\n]}"
    cases = [("a fault in call 7", pretty, r"line 8,"), ("a brace that is missing", f"[{line},{broken}]", r"not valid JSON"),
             ("no end", f"[{line},{line}", r"not valid JSON"), ("something behind it", f"[{line}] {line}", r"not valid JSON"),
             ("something behind the object", json.dumps({"calls": [world.call()]}) + "]", r"not valid JSON"),
             ("a comma too many", f"[{line},]", r"."), ("two commas", f"[{line},,{line}]", r"."), ("two calls without a comma",
                 f"[{line} {line}]", r"not valid JSON"),
             ("the member calls twice", "{\"calls\":[" + line + "],\"calls\":[" + line + "]}", r"duplicate"),
             ("calls that are no list", "{\"calls\":{}}", r"calls must be"), ("no calls", "{}",
                                                                              r"calls is required"), ("an empty list",
                                                                                  "{\"calls\":[]}", r"calls must have"),
             ("an unknown member", "{\"calls\":[" + line + "],\"call\":1}", r"call is not known"), ("nothing", "",
                 r"empty"), ("an empty list alone", "[]", r"from 1 to 10000"),
             ("a mode that is none", "{\"calls\":[" + line + "],\"mode\":\"some\"}", r"mode"), ("a fault behind the calls",
                 "{\"calls\":[" + line + "\n,\n" + line + "],\n\"mode\":all}", r"line 4, column"),
             ("a bracket for a brace", "{\"calls\":[{\"phoneNumber\":\"x\"]}", r"not valid JSON"), ("UTF-8 that is none",
                 b'[{"userId":"\xff"}]', r"UTF-8"),
             ("a raw NUL", b'[{"userId":"a\x00b"}]', r"not valid JSON"),
             ("deep nesting", '[{"metadata":{"a":' + "[" * 100 + "]" * 100 + "}}]", r"nested"), ("very deep nesting",
                 "[" * 200000, r"not valid JSON"),
             ("very deep nesting in an object", '{"a":' * 10000, r"."), ("escaped calls", '{"c\\u0061lls":[' + line + "]}",
                                                                         r"escapes")]
    before = world.server.row_counts()
    for text, body, pattern in cases:
        answer = world.ask(body if isinstance(body, bytes) else body.encode())
        error = (answer.body or {}).get("error", {})
        checks.ok(answer.status == 400 and error.get("code") == "VALIDATION_ERROR", f"{text} is refused as a whole",
                  answer.status, answer.text[:300])
        checks.like(error.get("message"), pattern, f"{text}: it is said why")
    checks.equal(world.server.row_counts(), before, "nothing of them is written")
    answer = world.lines(line, line, line, line, line, line, broken, line, '{"userId":"a\\u0000b"}', '{"a":1,"a":2}', "x",
                         '{"metadata":' + "[" * 40 + "]" * 40 + "}")
    checks.equal({number: code for number, (code, _) in errors_of(answer).items()}, dict.fromkeys((7, 9, 10, 11, 12),
        "VALIDATION_ERROR"), "of lines only the broken ones are refused")
    checks.equal(answer.data["scheduled"], 7, "and the others are scheduled")
    answer = world.ask(line.encode() + b"\n" + b'{"userId":"\xff\xfe"}\n' + b'{"userId":"\x00"}\n' + line.encode(), LINES)
    checks.equal((answer.data["scheduled"], sorted(errors_of(answer))), (2, [2, 3]),
                 "bytes that are no text spoil their line alone")
    for kind in ("text/xml", "text/csv", "application/x-ndjson2"):
        checks.equal(world.ask(line.encode(), {"Content-Type": kind}).status, 415, f"{kind} is not taken")


def knows_its_limits(world):
    line = json.dumps(world.call(phoneNumber="x")).encode()
    for text, headers, most, more in (("lines", LINES, b"\n".join([line] * 10000), b"\n".join([line] * 10001)),
                                      ("a list", None, b"[" + b",".join([line] * 10000) + b"]",
                                       b"[" + b",".join([line] * 10001) + b"]")):
        answer = world.ask(most, headers)
        checks.equal((answer.status, answer.data["refused"]), (200, 10000), f"{text} of 10,000 is read")
        answer = world.ask(more, headers)
        checks.equal((answer.status, answer.body["error"].get("field")), (400, "calls"), f"{text} of 10,001 is refused")
    size = 10 << 20
    head = f"POST {BULK} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_KEY}\r\nContent-Type: application/x-ndjson\r\nContent-Length: "
    call = json.dumps(world.call()).encode()
    status, _, text = send_raw(world.server.port, f"{head}{size}\r\n\r\n".encode(), call + b"\n" + b" " * (size - len(call) - 1))
    checks.ok(status == 201, "10 MiB are read", status, text[:200])
    status, _, text = send_raw(world.server.port, f"{head}{size + 1}\r\n\r\n".encode(), b" " * (size + 1))
    checks.ok(status == 413 and "PAYLOAD_TOO_LARGE" in text, "10 MiB and a byte are not", status, text[:200])
    long = world.lines(json.dumps(world.call(metadata={"x": "y" * 70000})), json.dumps(world.call(metadata={"x": "y" * 16300})))
    checks.equal((long.data["scheduled"], errors_of(long)), (1, {1: ("VALIDATION_ERROR", None)}),
                 "a call of more than 64 KiB is refused")
    checks.equal(world.ask(b'{"x":"' + b"y" * 70000 + b'","calls":[' + call + b"]}").status, 400,
                 "much beside the calls is refused")


def ten_thousand(world):
    """A real one: every row is there, is counted, and the audit event can be made again from the rows."""
    server = world.server
    calls = [world.call(phoneNumber=f"+1415555{number:04d}", userId=f"owner {number % 7}",
                        metadata={"n": number}) for number in range(10000)]
    answer = world.ask({"calls": calls, "mode": "all", "campaign": {"name": "ten thousand", "callsPerMinute": 600}})
    ids = [one["scheduledCallId"] for one in answer.data["results"]]
    checks.equal((answer.status, answer.data["scheduled"], len(set(ids))), (201, 10000, 10000),
                 "ten thousand calls are scheduled")
    campaign = server.get(f"/scheduling/campaigns/{answer.data['campaignId']}")
    checks.equal((campaign["progress"]["total"], campaign["progress"]["pending"], campaign["percent"]), (10000, 10000, 0),
                 "their campaign counts them")
    checks.equal((campaign["firstPlannedAt"], campaign["lastPlannedAt"], campaign["expectedEndAt"]),
                 ("2026-01-06T10:00:00Z", "2026-01-06T10:00:00Z",
                  "2026-01-06T10:16:39.900Z"), "and says when it will be over at its pace")
    event = [one for one in server.get("/audit", subjectId=campaign["id"],
                                       limit=1000)["events"] if one["action"] == "CALLS_SCHEDULED"]
    checks.equal(len(event), 1, "there is one audit event")
    facts = event[0]["after"] if isinstance(event[0]["after"], dict) else json.loads(event[0]["after"])
    rows = server.query("SELECT id, phone_hash, agent_id, user_id, scheduled_for, priority FROM scheduled_calls WHERE campaign_id="
                        "(SELECT max(id) FROM campaigns WHERE name='ten thousand') ORDER BY id")
    text = "".join(f"{id},{hash.hex()},{agent},{user},{at},{priority}\n" for id, hash, agent, user, at, priority in rows)
    checks.equal((facts["count"], facts["sha256"], facts["firstScheduledCallId"], facts["lastScheduledCallId"]),
                 (10000, hashlib.sha256(text.encode()).hexdigest(), ids[0], ids[-1]), "whose digest is that of the rows")
    checks.equal(server.get("/verify")["countersWrong"], 0, "the counters are what the rows say")
    sealed = server.query("SELECT count(*) FROM scheduled_calls WHERE instr(phone, '+1415') > 0 OR instr(metadata, '\"n\"') > 0")
    checks.equal(sealed, [(0,)], "numbers and metadata are sealed in every row")
    return campaign["id"]


def campaigns_live(world, ten):
    server = world.server
    made = server.post("/scheduling/campaigns", {"name": "Spring", "agentId": world.plain, "userId": "u7", "callsPerMinute": 60})
    answer = world.lines({"phoneNumber": "+14155550199", "scheduledFor": "2026-01-06T10:00:00Z"},
                         world.call(userId="u8", scheduledFor="2026-01-08T10:00:00Z"), campaignId=made["id"])
    calls = [server.get(f"/scheduling/scheduled-calls/{one['scheduledCallId']}") for one in answer.data["results"]]
    checks.equal([(one["userId"], one["agentId"]["_id"], one["campaignId"]) for one in calls], [("u7", world.plain, made["id"]),
        ("u8", world.plain, made["id"])],
                 "what a call leaves out comes from its campaign")
    shown = server.get(f"/scheduling/campaigns/{made['id']}")
    checks.equal((shown["firstPlannedAt"], shown["lastPlannedAt"]), ("2026-01-06T10:00:00Z", "2026-01-08T10:00:00Z"),
                 "its span grows with its calls")

    def step(word, status, code=None):
        answer = server.ask("POST", f"{CAMPAIGNS}/{made['id']}/{word}")
        checks.equal((answer.status, answer.body.get("error", {}).get("code")), (status, code), f"{word} is {status}",
                     answer.text[:200])
        return answer
    step("resume", 400, "INVALID_OPERATION")
    checks.equal(step("pause", 200).data["state"], "PAUSED", "a campaign is paused")
    step("pause", 400, "INVALID_OPERATION")
    checks.ok("expectedEndAt" not in server.get(f"/scheduling/campaigns/{made['id']}"), "while it is paused no end is expected")
    checks.equal(step("resume", 200).data["state"], "ACTIVE", "and goes on")
    changed = server.ask("PATCH", f"{CAMPAIGNS}/{made['id']}", {"name": "Summer", "callsPerMinute": 1})
    checks.equal((changed.data["name"], changed.data["callsPerMinute"], changed.data["expectedEndAt"]), ("Summer", 1,
        "2026-01-08T10:00:00Z"), "its name and pace change")
    checks.equal(server.ask("PATCH", f"{CAMPAIGNS}/{made['id']}", {"agentId": UNKNOWN}).body["error"]["code"],
                 "AGENT_NOT_FOUND", "but not to an agent that is not there")
    step("cancel", 200)
    server.advance(1)
    shown = server.get(f"/scheduling/campaigns/{made['id']}")
    checks.equal((shown["state"], shown["progress"]["cancelled"], shown["progress"]["pending"], shown["percent"]), ("CANCELLED",
        2, 0, 100), "its calls are cancelled")
    for word in ("pause", "resume", "cancel"):
        step(word, 400, "INVALID_OPERATION")
    late = world.ask({"calls": [world.call()], "campaignId": made["id"]})
    checks.equal((late.status, late.body["error"]["code"], late.body["error"].get("field")), (400, "INVALID_OPERATION",
        "campaignId"), "no call joins a cancelled campaign")
    for body, field in (({"calls": [world.call()], "campaignId": UNKNOWN}, "campaignId"), ({"calls": [world.call()],
        "campaignId": ten, "campaign": {"name": "x"}}, "campaignId"),
                        ({"calls": [world.call()], "campaign": {}}, "campaign.name"), ({"calls": [world.call()],
                            "campaign": {"name": "x", "state": "PAUSED"}}, "campaign.state")):
        answer = world.ask(body)
        checks.ok(answer.status in (400, 404) and answer.body["error"].get("field") == field, f"{field} is refused",
                  answer.text[:200])
    checks.equal(world.ask({"calls": [world.call()]}, mode="all").status, 400, "options of the query do not go with an object")
    listed = server.get("/scheduling/campaigns", limit=1)
    checks.ok(listed["total"] == 2 and listed["campaigns"][0]["id"] == made["id"] and listed["cursor"],
              "campaigns are listed, the newest first", listed)


def cancels_ten_thousand(world, ten):
    server = world.server
    answer = server.ask("POST", f"{CAMPAIGNS}/{ten}/cancel")
    checks.equal(answer.data["state"], "CANCELLED", "a campaign of ten thousand is cancelled")
    server.advance(1)
    shown = server.get(f"/scheduling/campaigns/{ten}")["progress"]
    checks.equal((shown["pending"], shown["cancelled"]), (0, 10000), "all of its calls are")
    checks.equal(server.get("/verify")["countersWrong"], 0, "and the counters know")


def tells_results(world):
    server = world.server
    calls = [world.call(userId=f"owner {index}" if text[0] in "+-@=" else text, metadata={"note": text}) for index,
             text in enumerate(NASTY)]
    calls += [world.call(userId=text) for text in NASTY if text[0] in "+-@="]
    made = world.ask({"calls": calls, "campaign": {"name": "=Results"}})
    checks.equal(made.data["refused"], 0, "owners may be called what they like", made.text[:300])
    path = f"{CAMPAIGNS}/{made.data['campaignId']}/results.csv"
    answer = server.ask("GET", path)
    checks.equal((answer.status, answer.headers.get("Content-Type").split(";")[0]), (200, "text/csv"), "results are CSV")
    checks.like(answer.headers.get("Content-Disposition"), r'^attachment; filename="campaign-[0-9a-f-]{36}\.csv"$',
                "as a file to be kept")
    text = answer.text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    checks.equal([row["userId"].removeprefix("'") for row in rows], [one["userId"] for one in calls],
                 "each call has its row, in their order")
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    checks.ok(not any(cell[:1] in ("=", "+", "-", "@", "\t", "\r") for cell in cells), "no cell is a formula",
              [cell for cell in cells if cell[:1] in "=+-@"][:5])
    checks.equal([json.loads(row["metadata"]) for row in rows if row["metadata"]], [{"note": text} for text in NASTY],
                 "metadata comes back as it was given")
    checks.ok(all(row["phoneNumber"] == "****0199" for row in rows), "numbers show their last four digits (P6)")
    checks.ok(text.count("\r\n") == len(calls) + 1, "lines end with CR LF (RFC 4180)")
    parts, query = [], "?limit=4"
    while query:
        parts.append(server.ask("GET", path + query))
        query = (parts[-1].headers.get("Link") or "").removeprefix("<").partition(">")[0]
    checks.equal("".join(part.text for part in parts), text, "the parts, joined, are the same table")
    checks.equal([part.headers.get("Content-Type").rpartition("=")[2] for part in parts], ["present"] + ["absent"] * (len(parts) - 1),
                 "the first alone has the names of the columns")
    checks.equal(server.ask("GET", f"{CAMPAIGNS}/{UNKNOWN}/results.csv").status, 404, "of no campaign there are none")
    checks.equal(server.ask("GET", path, key=None).status, 401, "and none without a key")


def keeps_people_apart(world):
    server = world.server
    ann, ben = (server.add_user(name=name, phone=f"+3460013333{digit}") for name, digit in (("Ann", 1), ("Ben", 2)))
    key = server.post(f"/users/{ann}/keys", {"name": "ann"})["key"]
    server.keep_secret(key, "a person's key")
    answer = world.ask({"calls": [world.call(userId=ann), world.call(userId=ben)], "campaign": {"name": "Ann's"}}, key=key)
    checks.equal((answer.data["scheduled"], errors_of(answer)), (1, {2: ("FORBIDDEN", None)}),
                 "a person's key schedules for the person alone")
    mine = server.ask("GET", f"{CAMPAIGNS}/{answer.data['campaignId']}", key=key)
    checks.equal((mine.status, mine.data["userId"]), (200, ann), "what it makes is theirs")
    other = server.post("/scheduling/campaigns", {"name": "Ben's", "userId": ben})["id"]
    statuses = [server.ask(method, f"{CAMPAIGNS}/{other}{end}", body, key).status for method, end, body in
                (("GET", "", None), ("PATCH", "", {"name": "x"}), ("POST", "/pause", None), ("POST", "/cancel", None), ("GET",
                    "/results.csv", None))]
    statuses.append(world.ask({"calls": [world.call(userId=ann)], "campaignId": other}, key=key).status)
    checks.equal(statuses, [403] * 6, "another's campaign is not theirs")
    seen = server.ask("GET", CAMPAIGNS, key=key).data
    checks.equal([one["name"] for one in seen["campaigns"]], ["Ann's"], "and not in their list")


def agents_change_meanwhile(world):
    server = world.server
    agent = server.post("/agents", {"name": "Cyd", "script": "Hello {{name}}."})["id"]
    body = {"calls": [world.call(agentId=agent, metadata={"name": "Ann"})] * 100}
    checks.equal(world.ask(body).data["scheduled"], 100, "an agent's placeholders are filled")
    server.ask("PATCH", f"/api/v1/agents/{agent}", {"script": "Hello {{nickname}}."})
    checks.equal(world.ask(body).data["refused"], 100, "those of its new version are not")
    server.ask("DELETE", f"/api/v1/agents/{agent}")
    checks.equal(errors_of(world.ask(body))[1], ("AGENT_NOT_FOUND", "agentId"), "one that was archived speaks no more")


def with_key(key):
    return {"Idempotency-Key": key}


def does_once(world):
    """Every POST that changes something: the same key, the same answer, once."""
    server = world.server
    body = world.call()
    first = server.ask("POST", "/api/v1/scheduling/schedule", body, headers=with_key("a-1"))
    again = server.ask("POST", "/api/v1/scheduling/schedule", body, headers=with_key("a-1"))
    checks.equal((first.status, again.status, again.text), (201, 201, first.text), "the same key has the same bytes")
    checks.equal((first.headers.get("Idempotency-Replayed"), again.headers.get("Idempotency-Replayed")), (None, "true"),
                 "and says that they are repeated")
    other = server.ask("POST", "/api/v1/scheduling/schedule", {**body, "priority": "low"}, headers=with_key("a-1"))
    checks.equal((other.status, other.body["error"]["code"]), (409, "IDEMPOTENCY_KEY_REUSED"), "with another body it is 409")
    for text in (json.dumps(body, indent=4), "\r\n\t " + json.dumps(body, separators=(",", ":")) + " \n"):
        laid_out = server.ask("POST", "/api/v1/scheduling/schedule", text, headers=with_key("a-1"))
        checks.equal((laid_out.status, laid_out.text), (201, first.text), "white space between tokens does not make it another request")
    spaced = {**body, "metadata": {"name": "Ann  \"Lee\" {x: 1}"}}
    kept = server.ask("POST", "/api/v1/scheduling/schedule", spaced, headers=with_key("a-0"))
    for text, status in ((json.dumps(spaced, indent=1), 201), (json.dumps(spaced).replace("Ann  ", "Ann "), 409),
                         (json.dumps(spaced).replace("{x: 1}", "{x:1}"), 409), (json.dumps(spaced).replace('Lee\\"', 'Lee'), 409)):
        answer = server.ask("POST", "/api/v1/scheduling/schedule", text, headers=with_key("a-0"))
        checks.ok(answer.status == status and (answer.text == kept.text) == (status == 201), f"white space within a text does: {status}",
                  answer.status, answer.text[:200])
    other = server.ask("POST", "/api/v1/incidents", body, headers=with_key("a-1"))
    checks.ok(other.status in (400, 409), "and on another path", other.text[:200])
    fresh = server.ask("POST", "/api/v1/scheduling/schedule", body, headers=with_key("a-2"))
    checks.ok(fresh.status == 201 and fresh.text != first.text, "another key is another call")
    before = server.row_counts()
    refused = [server.ask("POST", "/api/v1/scheduling/schedule", world.call(phoneNumber="x"),
                          headers=with_key("a-3")) for _ in range(2)]
    checks.ok(all(one.status == 400 and "Idempotency-Replayed" not in one.headers for one in refused), "a refusal is not kept")
    gone = server.ask("POST", "/api/v1/scheduling/schedule", world.call(agentId=UNKNOWN), headers=with_key("a-3"))
    checks.equal((gone.status, server.row_counts()), (404, before), "nor is one that was found out by the operation")
    checks.equal(server.ask("POST", "/api/v1/scheduling/schedule", body, headers=with_key("a-3")).status, 201,
                 "so its key can be used")
    for bad in ("", "x" * 256, "a\tb", "ä"):
        answer = server.ask("POST", "/api/v1/scheduling/schedule", body, headers={"Idempotency-Key": bad.encode("latin-1")})
        checks.ok(answer.status == 400, f"the key {bad[:5]!r} is none", answer.status, answer.text[:200])
    longest = [server.ask("POST", "/api/v1/scheduling/schedule", body, headers=with_key("x y" * 85)) for _ in range(2)]
    checks.ok(longest[0].status == 201 and longest[0].text == longest[1].text, "255 characters are one")
    cases = [("/incidents", {"title": "Disk is full", "userId": server.add_user(name="Dan", phone="+34600144444")}), ("/users",
        {"name": "Eve"}),
             ("/agents", {"name": "Eve", "script": "Hi."}), ("/policies", {"name": "once", "steps": [{"channel": "EMAIL"}]}),
             ("/scheduling/campaigns", {"name": "once"}), ("/calendar/sync", {"userId": server.add_user(name="Fay"),
                                                                              "events": []}),
             ("/scheduling/bulk", {"calls": [body] * 100}), ("/scheduling/bulk", {"calls": [body]}), ("/clock/advance",
                 {"seconds": 1})]
    for number, (path, content) in enumerate(cases):
        first, then = (server.ask("POST", f"/api/v1{path}", content, headers=with_key(f"case {number}")) for _ in range(2))
        checks.ok(first.status in (200,
                                   201) and then.status == first.status and then.text == first.text and then.headers.get("Idempotency-Replayed") == "true",
                  f"POST {path} is done once", first.status, first.text[:200], then.status, then.text[:200])
    key = server.post(f"/users/{server.add_user(name='Gil')}/keys", {"name": "gil"})["key"]
    server.keep_secret(key, "a person's key")
    theirs = server.ask("POST", "/api/v1/scheduling/schedule", body, key=key, headers=with_key("a-1"))
    checks.equal(theirs.status, 403, "another API key has keys of its own")
    read = server.ask("POST", f"/api/v1/agents/{world.plain}/preview", {}, headers=with_key("a-1"))
    checks.equal(read.status, 200, "what changes nothing looks at none")


def many_at_once(world):
    server = world.server
    body = world.call(userId="at once")
    answers = []
    begin = threading.Barrier(8)

    def ask():
        begin.wait()
        answers.append(server.ask("POST", "/api/v1/scheduling/schedule", body, headers=with_key("at once")))
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    checks.equal((len(answers), {one.text for one in answers} - {answers[0].text}, {one.status for one in answers}), (8, set(),
        {201}), "eight at once have one answer")
    checks.equal(server.get("/scheduling/scheduled-calls", userId="at once")["total"], 1, "and one call")


def outlives_a_crash(world):
    """Killed after the commit, whoever asks again gets the same; after a day the key is free."""
    server = world.server
    body = {"calls": [world.call(userId="crash", scheduledFor="2026-01-05T12:00:00Z", respectBusinessHours=False)] * 50,
            "mode": "all"}
    first = world.ask(body, with_key("crash"))
    server.kill()
    server.start()
    again = world.ask(body, with_key("crash"))
    checks.equal((again.status, again.text, again.headers.get("Idempotency-Replayed")), (201, first.text, "true"),
                 "a restart keeps the answer")
    server.advance(23 * 3600)
    again = world.ask(body, with_key("crash"))
    checks.equal((again.status, again.text), (201, first.text), "it is repeated although the times of the calls are over")
    server.advance(3600 + 1)
    again = world.ask(body, with_key("crash"))
    checks.equal((again.status, again.body["error"]["code"]), (400, "INVALID_SCHEDULED_TIME"), "after a day the key is forgotten")
    server.advance(2 * 3600)
    checks.equal(server.query("SELECT count(*) FROM idempotency_keys"), [(0,)], "and so are the rows")


def main():
    world = World()
    takes_all_forms(world)
    tells_of_each(world)
    is_as_alone(world)
    all_or_nothing(world)
    refuses_what_is_no_json(world)
    knows_its_limits(world)
    tells_results(world)
    keeps_people_apart(world)
    agents_change_meanwhile(world)
    checks.equal(world.server.get("/verify")["countersWrong"], 0, "after all this the counters are what the rows say")
    world.server.stop()
    world.server.check_logs(checks)
    large = World("large")
    ten = ten_thousand(large)
    campaigns_live(large, ten)
    cancels_ten_thousand(large, ten)
    large.server.stop()
    large.server.check_logs(checks, "the logs of ten thousand")
    once = World("once")
    does_once(once)
    many_at_once(once)
    outlives_a_crash(once)
    checks.equal(once.server.stop()[0], 0, "it stops well")
    once.server.check_logs(checks, "the logs of keys")


checks.run(main)
