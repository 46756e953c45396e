"""tests/lib/source_cases.py: route_cases.py for the sources of alerts: integrations, heartbeats, maintenance windows."""

V1 = "/api/v1"
ALERT = {"status": "firing", "labels": {"alertname": "DBDown"}, "annotations": {"summary": "db1 is down"},
         "startsAt": "2026-01-05T09:00:00Z", "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "7bb7ca204d493843"}


def integration_body(world, person):
    return {"name": f"Checker {world.number()}", "kind": "ANY", "policy": "default", "userId": person.id, "severity": "HIGH",
            "enabled": True, "secret": "a secret of theirs", "timestampHeader": "X-Signed-At", "mapping": {
                "items": "/events", "title": "{/host}: {/what}", "severity": "/level", "dedupKey": "/key", "status": "/level",
                "details": "/more", "severityWords": [{"word": "red", "severity": "CRITICAL"}],
                "statusWords": [{"word": "green", "means": "RESOLVED"}]}}


def new_integration(world, person, **members):
    made = world.server.post("/integrations", {"name": f"Checker {world.number()}", **members})
    world.server.keep_secret(made["key"], "the key of an integration")
    return made


def heartbeat_body(world, person):
    return {"name": f"Backup {world.number()}", "everySeconds": 86400, "graceSeconds": 600, "policy": "default", "userId": person.id,
            "severity": "LOW"}


def new_heartbeat(world, person):
    made = world.server.post("/heartbeats", heartbeat_body(world, person))
    world.server.keep_secret(made["token"], "the token of a heartbeat")
    return made


def window_body(world, person):
    return {"name": f"Upgrade {world.number()}", "startsAt": "2026-02-01T10:00:00+01:00", "minutes": 30,
            "source": new_integration(world, person)["id"]}


def new_window(world, person):
    return world.server.post("/maintenance", window_body(world, person))["id"]


def add_cases(cases, case, nobody, no_key):
    def path(text, make=None, member=None):
        def fill(world, person):
            made = make(world, person) if make else None
            return text.format(made[member] if member else made)
        return fill

    def add(route, *more):
        cases[route] = case(*more)

    integration = [new_integration, "id"]
    add(f"POST {V1}/integrations", path(f"{V1}/integrations"), integration_body, nobody)
    add(f"GET {V1}/integrations", path(f"{V1}/integrations?limit=1000"), None, nobody)
    for method, end, body in (("GET", "", None), ("PATCH", "", lambda world, person: {"name": "Other", "mapping": {"title": "/x"}}),
                              ("DELETE", "", None), ("POST", "/rotate", None)):
        add(f"{method} {V1}/integrations/{{id}}{end}", path(f"{V1}/integrations/{{}}{end}", *integration), body, nobody)
    add(f"POST {V1}/integrations/{{id}}/preview", path(V1 + "/integrations/{}/preview?as=GENERIC", *integration),
        lambda world, person: [{"title": "Disk is full", "id": 7, "more": {"free": 0}}], nobody)
    for end, body in (("events", {"title": "Disk is full", "level": [1, None]}), ("alertmanager", {"version": "4", "alerts": [ALERT]}),
                      ("grafana", {"version": "1", "orgId": 1, "alerts": [ALERT]})):
        add(f"POST {V1}/integrations/{{key}}/{end}", path(f"{V1}/integrations/{{}}/{end}", new_integration, "key"),
            lambda world, person, body=body: body, no_key)
    heartbeat = [new_heartbeat, "id"]
    add(f"POST {V1}/heartbeats", path(f"{V1}/heartbeats"), heartbeat_body, nobody)
    add(f"GET {V1}/heartbeats", path(f"{V1}/heartbeats?limit=1000"), None, nobody)
    for method, end, body in (("GET", "", None), ("PATCH", "", lambda world, person: {"everySeconds": 60, "policy": None}),
                              ("DELETE", "", None), ("POST", "/rotate", None), ("POST", "/pause", None), ("POST", "/resume", None)):
        add(f"{method} {V1}/heartbeats/{{id}}{end}", path(f"{V1}/heartbeats/{{}}{end}", *heartbeat), body, nobody)
    for method in ("GET", "POST"):
        add(f"{method} /heartbeats/{{token}}", path("/heartbeats/{}", new_heartbeat, "token"), None, no_key)
    add(f"POST {V1}/maintenance", path(f"{V1}/maintenance"), window_body, nobody)
    add(f"GET {V1}/maintenance", path(f"{V1}/maintenance?state=PLANNED"), None, nobody)
    for method, end in (("GET", ""), ("DELETE", ""), ("POST", "/end")):
        add(f"{method} {V1}/maintenance/{{id}}{end}", path(f"{V1}/maintenance/{{}}{end}", new_window), None, nobody)
