#!/usr/bin/env python3
"""Every route of /openapi.json: what works, and each way in which it must not; every answer is held against our own schemas.

The routes come from the document itself: one without a case in tests/lib/route_cases.py fails. Requirements X1, X3, P6, U3.
"""
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks, wait_until  # noqa: E402
from route_cases import ANYBODY, CASES, NO_KEY, NOBODY, OWN, START, World, unknown_ids  # noqa: E402
from schema import Schemas  # noqa: E402
from server import ADMIN_KEY, Server, send_too_large  # noqa: E402
from sinks import FakeServer  # noqa: E402

# Scheduled calls and agents have codes of their own (S7).
UNKNOWN_CODES = {"/api/v1/agents/": "AGENT_NOT_FOUND", "/api/v1/scheduling/scheduled-calls/": "SCHEDULED_CALL_NOT_FOUND",
                 "/api/v1/scheduling/{id}": "SCHEDULED_CALL_NOT_FOUND"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WRONG = {"string": [7, True, ["x"], {}], "integer": ["x", 1.5, True, []], "boolean": ["yes", 1, {}], "array": [{}, "x", 3],
         "object": [[], "x", 3]}
checks = Checks()


class Operator(FakeServer):
    """Takes nothing at first."""
    status = 503

    def answer(self, asked):
        return self.status, {}, b"{}"


class Route:
    """One operation of the document, and the world that it is tried in."""

    def __init__(self, schemas, world, method, path, operation):
        self.schemas, self.world, self.method, self.path, self.operation = schemas, world, method, path, operation
        self.name = f"{method} {path}"
        self.case = CASES[self.name]
        self.is_page = path.startswith(("/d/", "/l/", "/s/", "/u/"))
        self.is_file = path.startswith("/i/")
        # Sources of alerts may append what they like to the URL that they were given.
        self.is_source = "{key}" in path or path == "/heartbeats/{token}"
        self.body_schema = schemas.body_schema(operation)
        self.parameters = {one["name"]: one for one in operation["parameters"] if one["in"] == "query"}
        self.success = next(int(status) for status in operation["responses"] if status.isdigit())

    def ask(self, path, body=None, key=ADMIN_KEY, headers=None):
        """The answer, and what is wrong with its form."""
        more = {**(FORM if self.is_page and body is not None else {}), **(headers or {})}
        key = self.case.key(self.world) if self.case.key and key == ADMIN_KEY else key
        answer = self.world.server.ask(self.method, path, body, None if self.case.may == NO_KEY else key, more)
        return answer, self.schemas.answer_problems(self.operation, answer)

    def try_case(self, person, key=ADMIN_KEY):
        path = (self.case.path if key != ADMIN_KEY else self.case.fresh)(self.world, person)
        return self.ask(path, self.case.body(self.world, person), key)

    def refusal(self, answer, problems, status, code, field=None):
        """What is wrong with a refusal, as a list."""
        found = list(problems)
        error = (answer.body or {}).get("error", {}) if not self.is_page else {}
        is_zone = code == "VALIDATION_ERROR" and (field or "").split(".")[-1] == "timezone"
        codes = (code, "INVALID_TIMEZONE") if is_zone else (code,)  # Whatever is no zone at all is a wrong one.
        if answer.status != status or (error and error.get("code") not in codes):
            found.append(f"wanted {status} {code}, got {answer.status} {answer.text[:200]}")
        if not self.is_page and field is not None and error.get("field") != field:
            found.append(f"wanted the field {field}, got {answer.text[:200]}")
        return found

    def check(self, found, text):
        checks.ok(not found, f"{self.name}: {text}", *found[:6])


def unknown_code(path):
    return next((code for prefix, code in UNKNOWN_CODES.items() if path.startswith(prefix)), "NOT_FOUND")


def is_lost(data):
    """A first page without an item of a list that has some."""
    lists = [value for value in data.values() if isinstance(value, list)] if isinstance(data, dict) else []
    return len(lists) == 1 and isinstance(data.get("total"), int) and data["total"] > 0 and not lists[0]


def works(route):
    answer, problems = route.try_case(route.world.anna)
    if route.method == "GET" and isinstance(answer.body, dict) and is_lost(answer.body.get("data")):
        problems.append(f"a list of {answer.body['data']['total']} shows none")
    wanted = "private, no-cache" if route.is_file else "no-store"
    if answer.status != route.success:
        problems.append(f"wanted {route.success}, got {answer.status} {answer.text[:300]}")
    if "X-Request-Id" not in answer.headers or answer.headers.get("Cache-Control") != wanted:
        problems.append(f"headers: {dict(answer.headers)}")
    route.check(problems, "works, and the answer is as documented")


def needs_a_key(route):
    if route.case.may == NO_KEY:
        return
    path, body = route.case.path(route.world, route.world.anna), route.case.body(route.world, route.world.anna)
    found = []
    for key, headers in ((None, {}), ("wrong", {}), (None, {"Authorization": "Basic YTpi"}), (None, {"Authorization": "Bearer "}),
                         ("x" * 300, {})):
        answer, problems = route.ask(path, body, key, headers)
        found += route.refusal(answer, problems, 401, "UNAUTHENTICATED")
        if not (answer.headers.get("WWW-Authenticate") or "").startswith("Bearer"):
            found.append("401 does not say how to authenticate (RFC 9110 11.6.1)")
    route.check(found, "without a key of ours it is 401")


def refuses_malformed(route):
    if route.body_schema is None:
        return
    path = route.case.path(route.world, route.world.anna)
    found = []
    is_optional = not route.operation["requestBody"]["required"]
    for text in (() if is_optional else ("",)) + ("{", '{"a":', "[]", "null", '"x"', "7", "{} {}", "{'a':1}", "{,}"):
        answer, problems = route.ask(path, text.encode())
        found += [f"{text!r}: {one}" for one in route.refusal(answer, problems, 400, "VALIDATION_ERROR")]
    answer, problems = route.ask(path, b"<a/>", headers={"Content-Type": "text/xml"})
    found += route.refusal(answer, problems, 415, "UNSUPPORTED_MEDIA_TYPE")
    route.check(found, "malformed JSON is 400, another type 415")


def kinds_of(schemas, schema):
    """The types that a member takes, by its schema."""
    options = [schemas.resolve(one) for one in schema.get("anyOf", [schema])]
    kinds = []
    for option in options:
        kind = option.get("type", [])
        kinds += kind if isinstance(kind, list) else [kind]
    return kinds


def wrong_bodies(schemas, schema, body, where=""):
    """(body with one member of a wrong type, the name of that member)."""
    schema = schemas.resolve(schema)
    for name, member in schema.get("properties", {}).items():
        at = f"{where}{name}"
        kinds = kinds_of(schemas, member)
        kind = next(one for one in kinds if one != "null")
        welcome = tuple(python for word, python in (("array", list), ("object", dict)) if word in kinds)
        values = [value for value in WRONG[kind] if kind != "string" or not isinstance(value, welcome)]
        values += ([] if "null" in kinds else [None]) + (["NO SUCH"] if "enum" in schemas.resolve(member) else [])
        for value in values:
            yield {**body, name: value}, at
        inner = schemas.resolve(member)
        inner = next((one for one in map(schemas.resolve, inner.get("anyOf", [])) if one.get("type") != "null"), inner)
        if kind == "object" and isinstance(body.get(name), dict):
            for wrong, field in wrong_bodies(schemas, inner, body[name], f"{at}."):
                yield {**body, name: wrong}, field
        items = schemas.resolve(inner["items"]) if kind == "array" else {}
        if kind == "array" and "properties" not in items:
            for value in WRONG[items["type"]] + [None]:
                yield {**body, name: [value]}, f"{at}[0]"
        if "properties" in items and body.get(name):
            for wrong, field in wrong_bodies(schemas, inner["items"], body[name][0], f"{at}[0]."):
                yield {**body, name: [wrong]}, field


def refuses_wrong_types(route):
    if route.body_schema is None:
        return
    path, body = route.case.path(route.world, route.world.anna), route.case.body(route.world, route.world.anna)
    found, count = [], 0
    for wrong, field in wrong_bodies(route.schemas, route.body_schema, body):
        answer, problems = route.ask(path, wrong)
        found += [f"{wrong}: {one}" for one in route.refusal(answer, problems, 400, "VALIDATION_ERROR", field)]
        count += 1
    for name in route.body_schema.get("required", []):
        answer, problems = route.ask(path, {key: value for key, value in body.items() if key != name})
        found += [f"without {name}: {one}" for one in route.refusal(answer, problems, 400, "VALIDATION_ERROR", name)]
        count += 1
    route.check(found or ([] if count else ["nothing was tried"]), f"each of {count} wrong members is 400 and named")


def refuses_unknown_members(route):
    found = []
    path, body = route.case.path(route.world, route.world.anna), route.case.body(route.world, route.world.anna)
    if route.body_schema is not None:
        shown = route.schemas.resolve(route.operation["responses"][str(route.success)]["content"]["application/json"]["schema"])
        data = route.schemas.resolve(shown.get("properties", {}).get("data", {}))
        read_only = [name for name in data.get("properties", {}) if name not in route.body_schema["properties"]]
        for name in ["surprise", "__proto__", "a.b", *read_only]:
            answer, problems = route.ask(path, {**body, name: "x"})
            found += [f"{name}: {one}" for one in route.refusal(answer, problems, 400, "VALIDATION_ERROR", name)]
    separator = "&" if "?" in path else "?"
    if not route.is_page and not route.is_file and not route.is_source:
        answer, problems = route.ask(f"{path}{separator}surprise=1", body)
        found += route.refusal(answer, problems, 400, "VALIDATION_ERROR", "surprise")
    for name, parameter in route.parameters.items():
        found += bad_parameter(route, path.split("?")[0], name, parameter["schema"])
    route.check(found, "unknown members and bad parameters are 400 and named")


def bad_parameter(route, path, name, schema):
    kind = kinds_of(route.schemas, schema)[0]
    values = ["x", "", "%00", "1e3"] if kind == "integer" else ["%FF", ""]
    if "enum" in route.schemas.resolve(schema):
        values += ["NO_SUCH"]
    if schema.get("format") in ("date-time", "uuid"):
        values += ["yesterday"]
    values += [str(schema["minimum"] - 1), str(schema["maximum"] + 1)] if "minimum" in schema else []
    values += ["no-cursor"] if name == "cursor" else []
    found = []
    for value in values + ["TWICE"]:
        query = f"{name}=1&{name}=1" if value == "TWICE" else f"{name}={value}"
        answer, problems = route.ask(f"{path}?{query}")
        found += [f"{query}: {one}" for one in route.refusal(answer, problems, 400, "VALIDATION_ERROR", name)]
    return found


def knows_what_there_is(route):
    """Every placeholder in turn names nothing."""
    if "{" not in route.path:
        return
    good = route.case.path(route.world, route.world.anna).split("?")[0].split("/")
    names = route.path.split("/")
    body, found = route.case.body(route.world, route.world.anna), []
    for index, name in enumerate(names):
        unknown = unknown_ids(route.world) if name.startswith("{id") else ["x", "A" * 32, "A" * 33, "%00"]
        if route.path == "/heartbeats/{token}":
            unknown = [f"hb_{other}" for other in unknown]
        if name == "{id}" and "/meetings/" in route.path:
            unknown[-1] = route.world.anna.id
        for other in unknown if name.startswith("{") else []:
            answer, problems = route.ask("/".join([*good[:index], other, *good[index + 1:]]), body)
            found += [f"{other}: {one}" for one in route.refusal(answer, problems, 404, unknown_code(route.path))]
    route.check(found, "an unknown id is 404")


def knows_its_methods(route):
    allowed = {name.upper() for name in route.schemas.document["paths"][route.path]}
    path = route.case.path(route.world, route.world.anna).split("?")[0]
    found = []
    for method in sorted(set(METHODS) - allowed):
        answer = route.world.server.ask(method, path, None, ADMIN_KEY)
        problems = route.schemas.answer_problems(route.operation, answer) if not route.is_page else []
        if not route.is_page:
            problems = route.refusal(answer, problems, 405, "METHOD_NOT_ALLOWED")
        elif answer.status != 405:
            problems = [f"wanted 405, got {answer.status}"]
        named = {one.strip() for one in (answer.headers.get("Allow") or "").split(",")}
        if named - {"HEAD"} != allowed:
            problems.append(f"{method}: Allow is {named}, not {allowed}")
        found += problems
    route.check(found, "another method is 405 with Allow")


def bounds_its_body(route):
    if "requestBody" not in route.operation:
        return
    path = route.case.path(route.world, route.world.anna).split("?")[0]
    is_bulk = path.endswith(("/calendar/sync", "/calendars", "/scheduling/bulk"))
    status, _, text = send_too_large(route.world.server.port, route.method, path, ((10 if is_bulk else 1) << 20) + 1)
    found = [] if status == 413 and '"PAYLOAD_TOO_LARGE"' in text else [f"wanted 413, got {status} {text[:200]}"]
    status, _, text = send_too_large(route.world.server.port, route.method, path, 1 << 20)
    found += [] if status in (400, 200, 201) else [f"1 MiB must pass, got {status} {text[:200]}"]
    route.check(found, "a body over its limit is 413")


def keeps_people_apart(route):
    """A person's own key: their own subjects, never another's (X1)."""
    may, anna, bert = route.case.may, route.world.anna, route.world.bert
    if may == NO_KEY:
        return
    key = route.world.key[anna]
    own, problems = route.try_case(anna, key)
    if may == NOBODY:
        problems = route.refusal(own, problems, 403, "FORBIDDEN")
    elif own.status != route.success:
        problems.append(f"own: wanted {route.success}, got {own.status} {own.text[:200]}")
    if may in (OWN, NOBODY):
        other, more = route.try_case(bert, key)
        problems += route.refusal(other, more, 403, "FORBIDDEN")
        if bert.name in other.text or bert.phone in other.text:
            problems.append(f"another person shows: {other.text[:200]}")
    route.check(problems, {OWN: "a person's key reaches their own subjects only", NOBODY: "a person's key may not do this",
                           ANYBODY: "a person's key may do this"}[may])


def is_reachable_without_version(world, schemas):
    """The names of requirements C1, I2, M6 and D6."""
    found = []
    for method, path, operation in schemas.operations():
        short = path.removeprefix("/api/v1")
        if not re.match(r"/(meetings/|calendar/|incidents|health)", short):
            continue
        route = Route(schemas, world, method, path, operation)
        long = route.case.path(world, world.anna)
        for prefix in ("", "/api/v1"):
            concrete = prefix + long.removeprefix("/api/v1")
            answer, problems = route.ask(concrete, route.case.body(world, world.anna))
            if answer.status not in (200, 201, 409) or problems:
                found.append(f"{method} {concrete}: {answer.status} {answer.text[:100]} {problems[:2]}")
    checks.ok(not found, "meetings, calendar, incidents and health answer with and without /api/v1", *found[:6])
    statuses = [world.server.ask("GET", path, None, ADMIN_KEY).status for path in ("/api/dispatch", "/api/v1/dispatch", "/dispatch")]
    checks.equal(statuses, [200, 200, 404], "dispatches answer under /api and /api/v1")


def pages_of(server, path, member, limit, **query):
    """Every page of a list, by its cursors."""
    pages, cursor = [], None
    while len(pages) < 5000:
        more = {"cursor": cursor} if cursor else {}
        data = server.get(path, limit=limit, **query, **more)
        pages.append(data)
        cursor = data.get("cursor")
        if cursor is None:
            return pages
    raise AssertionError(f"{path} has no last page")


def lists_page(world):
    server, anna = world.server, world.anna
    for _ in range(4):
        world.new_incident(anna)
        world.new_key(anna)
        world.new_calendar(anna)
        world.new_dispatch(anna)
        world.new_campaign(anna)
        server.post("/agents", {"name": "Bot", "script": "Hello."})
        world.new_bar()
        world.new_consent()
        world.new_holidays()
    lists = [("/users", "users", "id", {}), ("/meetings", "meetings", "eventId", {"userId": anna.id}),
             ("/meetings", "meetings", "eventId", {}), ("/incidents", "incidents", "id", {}),
             ("/incidents", "incidents", "id", {"userId": anna.id}), ("/messages", "messages", "id", {}),
             ("/messages", "messages", "id", {"userId": anna.id}), ("/schedules", "schedules", "id", {}),
             ("/oncall", "oncall", "scheduleId", {}), ("/audit", "events", "seq", {}),
             ("/audit", "events", "seq", {"userId": anna.id}), ("/dispatch", "dispatches", "id", {}),
             ("/dispatch", "dispatches", "id", {"userId": anna.id}),
             ("/scheduling/campaigns", "campaigns", "id", {}), ("/scheduling/campaigns", "campaigns", "id", {"userId": anna.id}),
             ("/integrations", "integrations", "id", {}), ("/heartbeats", "heartbeats", "id", {}),
             ("/maintenance", "windows", "id", {}), ("/sinks", "sinks", "id", {}), ("/events", "events", "id", {}),
             ("/notifications", "notifications", "id", {}),
             ("/events", "events", "id", {"subjectId": world.incident(anna)}),
             ("/audit", "events", "seq", {"subjectId": anna.id}), (f"/users/{anna.id}/keys", "keys", "id", {}),
             (f"/users/{anna.id}/calendars", "calendars", "id", {}), ("/keys", "keys", "id", {}),
             ("/keys", "keys", "id", {"scope": "READER"}),
             (f"/incidents/escalations/{world.incident(anna)}", "steps", "id", {}),
             ("/agents", "agents", "id", {}), ("/agents", "agents", "id", {"archived": "true"}),
             ("/do-not-call", "numbers", "id", {}), ("/consents", "consents", "id", {}), ("/holidays", "holidays", "id", {}),
             ("/policies", "policies", "id", {}), (f"/policies/{world.new_policy()}/versions", "policies", "version", {})]
    for path, member, name, query in lists:
        whole = pages_of(server, path, member, 1000, **query)
        ids = [one[name] for page in whole for one in page[member]]
        total = whole[-1]["total"]
        found = [] if len(ids) == total == len(set(ids)) > 1 else [f"{len(ids)} of {total}"]
        for limit in (1, 2, len(ids) - 1, len(ids)) if len(ids) <= 500 else (97, 1000):
            pages = pages_of(server, path, member, limit, **query)
            walked = [one[name] for page in pages for one in page[member]]
            if walked != ids or len(pages) != -(-len(ids) // limit):
                found.append(f"limit {limit}: {len(pages)} pages, {len(walked)} of {len(ids)}")
            if any(page["total"] != total for page in pages):
                found.append("a page has another total")
        checks.ok(not found, f"GET {re.sub('[0-9a-f-]{36}', '…', path)} {list(query)} goes by limit, cursor and total", *found[:6])


def masks_numbers(world):
    """P6: lists and audit show four digits; what was given in confidence is never shown again."""
    server, anna = world.server, world.anna
    numbers = (anna.phone, anna.whatsapp, anna.contact)
    for path in ("/users?limit=1000", "/messages?limit=1000", "/audit?limit=1000", f"/messages/{world.message(anna)}",
                 f"/users/{anna.id}/calendars", f"/users/{anna.id}/keys"):
        text = server.ask("GET", f"/api/v1{path}").text
        checks.ok(not any(number in text for number in numbers), f"no full number in {path.split('?')[0][:20]}", text[:300])
    listed = next(one for one in server.get("/users", limit=1000)["users"] if one["id"] == anna.id)
    shown = [listed["phone"], listed["whatsapp"], listed["emergencyContact"]["phone"]]
    checks.equal(shown, [f"****{number[-4:]}" for number in numbers], "a list shows the last four digits")
    checks.equal(server.get(f"/users/{anna.id}")["phone"], anna.phone, "the person alone is shown whole")
    secret = {"kind": "caldav", "url": "http://127.0.0.1:9/secret-path/", "username": "anna", "password": "hunter2-secret"}
    for part in ("hunter2-secret", "secret-path"):
        server.keep_secret(part, "a calendar's secret")
    added = server.ask("POST", f"/api/v1/users/{anna.id}/calendars", secret).text
    added += server.ask("GET", f"/api/v1/users/{anna.id}/calendars").text + server.ask("GET", "/api/v1/audit?limit=1000").text
    checks.ok("hunter2" not in added and "secret-path" not in added, "a calendar's address and password are not shown again")
    keys = server.ask("GET", f"/api/v1/users/{anna.id}/keys").text
    checks.ok(world.key[anna] not in keys and '"key":' not in keys, "a key is shown once only", keys[:300])


def keys_end(world):
    server, anna = world.server, world.anna
    past = server.ask("POST", f"/api/v1/users/{anna.id}/keys", {"name": "x", "expiresAt": server.get("/clock")["now"]})
    checks.ok(past.status == 400 and past.body["error"]["field"] == "expiresAt", "a key cannot end before it begins", past.text)
    ends = server.get("/clock")["now"][:11] + "23:00:00Z"
    short = world.new_key(anna, expiresAt=ends)["key"]
    later = world.new_key(anna, expiresAt="2026-02-01T00:00:00Z")
    for key in (short, later["key"]):
        server.keep_secret(key, "a person's key")
    mine = f"/api/v1/users/{anna.id}"
    checks.equal(server.ask("GET", mine, key=short).status, 200, "a key works until it ends")
    server.advance(14 * 3600)
    checks.equal(server.ask("GET", mine, key=short).status, 401, "a key that has ended is 401")
    checks.equal(server.ask("GET", mine, key=later["key"]).status, 200, "a key that has not ended works")
    server.ask("DELETE", f"{mine}/keys/{later['id']}")
    checks.equal(server.ask("GET", mine, key=later["key"]).status, 401, "a revoked key is 401 although the clock stands still")
    statuses = {server.ask("GET", mine, key=world.key[anna]).status for _ in range(150)}
    checks.equal(statuses, {200}, "a clock that stands still does not run out of requests")
    gone = world.new_person()
    key = server.post(f"/users/{gone}/keys", {"name": "gone"})["key"]
    server.keep_secret(key, "a person's key")
    server.ask("DELETE", f"/api/v1/users/{gone}")
    checks.equal(server.ask("GET", f"/api/v1/users/{gone}", key=key).status, 401, "a removed person's key is 401")
    checks.equal(server.ask("GET", f"/api/v1/users/{gone}").status, 404, "a removed person is 404")


def with_a_real_clock():
    server = Server(checks, "real", TOCSIN_KEY_REQUESTS_PER_SECOND="5").start()
    anna = server.add_user(name="Anna", phone="+34600133333")
    made = [server.post(f"/users/{anna}/keys", {"name": name}) for name in ("a", "b")]
    for key in made:
        server.keep_secret(key["key"], "a person's key")
    answers = [server.ask("GET", f"/api/v1/users/{anna}", key=made[0]["key"]) for _ in range(12)]
    refused = [one for one in answers if one.status == 429]
    checks.ok(5 <= 12 - len(refused) <= 8, "a key asks five times a second", [one.status for one in answers])
    checks.ok(refused and all(one.body["error"]["code"] == "RATE_LIMITED" and int(one.headers["Retry-After"]) >= 1
                              for one in refused), "more is 429 with Retry-After", refused and refused[0].text)
    checks.equal({server.ask("GET", f"/api/v1/users/{anna}").status for _ in range(30)}, {200}, "an admin's key is not slowed")
    checks.ok(wait_until(lambda: server.ask("GET", f"/api/v1/users/{anna}", key=made[0]["key"]).status == 200, 3),
              "and a second later it goes on")
    checks.equal(server.ask("GET", f"/api/v1/users/{anna}", key=made[1]["key"]).status, 200, "the other key was not slowed")
    server.ask("DELETE", f"/api/v1/users/{anna}/keys/{made[1]['id']}")
    began = time.monotonic()
    wait_until(lambda: server.ask("GET", f"/api/v1/users/{anna}", key=made[1]["key"]).status == 401, 3)
    took = time.monotonic() - began
    checks.ok(took < 1.3, "a revoked key is 401 within a second", f"{took:.2f} s")
    for method, path in (("POST", "/clock/advance"),):
        answer = server.ask(method, f"/api/v1{path}", {"seconds": 1})
        checks.equal(answer.status, 404, "the real clock cannot be moved")
    checks.equal(server.get("/clock")["virtual"], False, "the clock says that it is the real one")
    server.stop()
    server.check_logs(checks, "the logs of the real clock")


def stands_beside_the_routes(world):
    """What is no route of the document."""
    server = world.server
    for path, status in (("/livez", 200), ("/readyz", 200), ("/openapi.json", 200), ("/none", 404), ("/api/v1", 404),
                         ("/api/v1/users/", 404), ("/users", 404), ("/api/v2/users", 404), ("/api/v1//users", 404)):
        answer = server.ask("GET", path)
        checks.ok(answer.status == status and answer.body is not None, f"GET {path} is {status}", answer.status, answer.text[:200])
    head = server.ask("HEAD", "/health", key=None)
    checks.ok(head.status == 200 and head.text == "", "HEAD is answered like GET, without a body")
    for path in ("/livez", "/readyz", "/openapi.json"):
        answer = server.ask("POST", path, {})
        checks.ok(answer.status == 405 and answer.headers.get("Allow"), f"POST {path} is 405 with Allow", answer.status)


def knows_nobody_by_another_id(world):
    """A UUID that is not ours names nobody: a list about nobody is empty, and nobody's business is nobody's."""
    stranger, anna = "01890000-0000-7000-8000-000000000000", world.anna
    for path, member in (("/meetings", "meetings"), ("/incidents", "incidents"), ("/messages", "messages"), ("/audit", "events")):
        data = world.server.get(path, userId=stranger)
        checks.ok(data[member] == [] and data["total"] == 0, f"GET {path} about nobody is empty", data)
        theirs = world.server.ask("GET", f"/api/v1{path}", key=world.key[anna], userId=stranger)
        checks.equal(theirs.status, 403, f"GET {path} about nobody is 403 with a person's key")
        mine = world.server.ask("GET", f"/api/v1{path}", key=world.key[anna])
        others = [one for one in mine.data[member] if one.get("userId") not in (None, anna.id)]
        checks.ok(mine.data[member] and not others, f"GET {path} shows a person their own", others[:1])


ASPECTS = (works, needs_a_key, refuses_malformed, refuses_wrong_types, refuses_unknown_members, knows_what_there_is,
           knows_its_methods, bounds_its_body, keeps_people_apart)


def main():
    operator = Operator(checks)
    server = Server(checks, "routes", at=START, OPERATOR_WEBHOOK_URL=f"{operator.url}/told").start()
    answer = server.ask("GET", "/openapi.json", key=None)
    schemas = Schemas(answer.body)
    # Webhooks are neither JSON nor ask for a key: test_hooks.py. Sign-in elsewhere is for browsers: tests/counterparty/test_oidc.py.
    names = {f"{method} {path}" for method, path, _ in schemas.operations()
             if not path.startswith(("/webhooks/", "/api/v1/session/oidc"))}
    checks.equal(sorted(set(CASES) - names), [], "every case has its route")
    checks.equal(sorted(names - set(CASES)), [], "every route has a case")
    checks.equal(answer.body["openapi"], "3.1.0", "the document is of OpenAPI 3.1")
    world = World(server)
    operator.status = 200
    for method, path, operation in schemas.operations():
        if f"{method} {path}" not in CASES:
            continue
        route = Route(schemas, world, method, path, operation)
        for aspect in ASPECTS:
            aspect(route)
    is_reachable_without_version(world, schemas)
    lists_page(world)
    knows_nobody_by_another_id(world)
    masks_numbers(world)
    keys_end(world)
    stands_beside_the_routes(world)
    server.advance(3600)  # What was posted to the operator once more has arrived by then.
    health = server.ask("GET", "/health").body
    checks.equal((health["status"], health.get("reason")), ("ok", None), "after all this it is well")
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks)
    with_a_real_clock()


checks.run(main)
