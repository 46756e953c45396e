#!/usr/bin/env python3
"""Every route with every role: admin, operator, responder, reader, a person's own key, a key that has ended, one that was revoked, none
(X1). What each may is written down here by hand: a route that has no line fails, and so does a line that has no route."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import Checks  # noqa: E402
from route_cases import CASES, START, World  # noqa: E402
from schema import Schemas  # noqa: E402
from server import ADMIN_KEY, Server  # noqa: E402

# The least that a route asks for: `read` takes any key; `respond` one that may answer what happens; `change` an operator's;
# `administer` an admin's; `open` none, because the path itself is the secret, or there is none;
# `session` that of a person who has signed in, which no key is (test_sign_in.py). Then what a person's own key may there:
# their `own` subjects, `nobody`'s, or whatever `anybody` may.
TABLE = """
change nobody        POST /api/v1/users
read nobody          GET /api/v1/users
read own             GET /api/v1/users/{id}
change own           PATCH /api/v1/users/{id}
change nobody        DELETE /api/v1/users/{id}
administer own       GET /api/v1/users/{id}/export
administer nobody    POST /api/v1/users/{id}/erase
change own           POST /api/v1/users/{id}/calendars
read own             GET /api/v1/users/{id}/calendars
change own           DELETE /api/v1/users/{id}/calendars/{id2}
administer nobody    POST /api/v1/users/{id}/keys
read nobody          GET /api/v1/users/{id}/keys
administer nobody    DELETE /api/v1/users/{id}/keys/{id2}
administer nobody    POST /api/v1/keys
read nobody          GET /api/v1/keys
administer nobody    DELETE /api/v1/keys/{id}
administer nobody    POST /api/v1/keys/{id}/rotate
administer nobody    GET /api/v1/data-key
administer nobody    POST /api/v1/data-key/rotate
open                 POST /api/v1/session
open                 GET /api/v1/session/ways
open                 GET /api/v1/session/oidc
open                 GET /api/v1/session/oidc/callback
session              PUT /api/v1/session/password
read anybody         GET /api/v1/sessions
administer own       DELETE /api/v1/sessions/{id}
administer nobody    PUT /api/v1/users/{id}/account
read own             GET /api/v1/users/{id}/account
administer nobody    DELETE /api/v1/users/{id}/account
read anybody         GET /api/v1/session
read anybody         DELETE /api/v1/session
read own             GET /api/v1/users/{id}/suppressions
change own           POST /api/v1/calendar/sync
read own             GET /api/v1/meetings
read own             GET /api/v1/meetings/{id}
read own             GET /api/v1/meetings/{id}/timeline
respond own          POST /api/v1/meetings/{id}/checkin
respond own          DELETE /api/v1/meetings/{id}/checkin
respond own          POST /api/v1/incidents/{id}/release
read nobody          GET /api/v1/audit/verify
read nobody          GET /api/v1/metrics
read nobody          GET /api/v1/nodes
administer nobody    GET /api/v1/archives
read own             GET /api/v1/scheduling/calendar
change own           POST /api/v1/scheduling/{id}/restore
change nobody        POST /api/v1/messages/{id}/replay
respond own          POST /api/v1/incidents
read own             GET /api/v1/incidents
read own             GET /api/v1/incidents/escalations/{id}
read own             GET /api/v1/incidents/{id}
respond own          POST /api/v1/incidents/{id}/acknowledge
respond own          POST /api/v1/incidents/{id}/extend
respond own          POST /api/v1/incidents/{id}/escalate
respond own          POST /api/v1/incidents/{id}/resolve
respond own          POST /api/v1/incidents/{id}/cancel
respond nobody       POST /api/v1/dispatch
read own             GET /api/v1/dispatch
respond nobody       POST /api/v1/dispatch/manual
read own             GET /api/v1/dispatch/{callId}
read own             GET /api/v1/dispatch/{callId}/timeline
respond own          POST /api/v1/dispatch/{callId}/accept
respond own          POST /api/v1/dispatch/{callId}/decline
respond nobody       POST /api/v1/dispatch/{callId}/cancel
respond own          POST /api/v1/dispatch/{callId}/complete
change own           POST /api/v1/scheduling/schedule
read own             GET /api/v1/scheduling/scheduled-calls
read own             GET /api/v1/scheduling/scheduled-calls/{id}
change own           POST /api/v1/scheduling/{id}/cancel
change own           POST /api/v1/scheduling/{id}/reschedule
read own             GET /api/v1/scheduling/{id}/timeline
read nobody          GET /api/v1/analytics/retries
read nobody          GET /api/v1/scheduling/stats
change own           POST /api/v1/scheduling/bulk
change own           POST /api/v1/scheduling/campaigns
read own             GET /api/v1/scheduling/campaigns
read own             GET /api/v1/scheduling/campaigns/{id}
change own           PATCH /api/v1/scheduling/campaigns/{id}
change own           POST /api/v1/scheduling/campaigns/{id}/pause
change own           POST /api/v1/scheduling/campaigns/{id}/resume
change own           POST /api/v1/scheduling/campaigns/{id}/cancel
read own             GET /api/v1/scheduling/campaigns/{id}/results.csv
read own             POST /api/v1/scheduling/preview
change nobody        POST /api/v1/do-not-call
read nobody          GET /api/v1/do-not-call
change nobody        POST /api/v1/do-not-call/import
change nobody        DELETE /api/v1/do-not-call/{id}
change nobody        POST /api/v1/consents
read nobody          GET /api/v1/consents
change nobody        POST /api/v1/holidays
read nobody          GET /api/v1/holidays
read nobody          GET /api/v1/holidays/{id}
change nobody        PATCH /api/v1/holidays/{id}
change nobody        DELETE /api/v1/holidays/{id}
read nobody          GET /api/v1/queue
read nobody          GET /api/v1/queue/jobs
change nobody        POST /api/v1/queue/jobs/{id}/retry
change nobody        POST /api/v1/queue/{kind}/pause
change nobody        POST /api/v1/queue/{kind}/resume
change nobody        POST /api/v1/queue/{kind}/drain
change nobody        POST /api/v1/queue/{kind}/clean
change nobody        POST /api/v1/agents
read anybody         GET /api/v1/agents
read anybody         GET /api/v1/agents/{id}
change nobody        PATCH /api/v1/agents/{id}
change nobody        DELETE /api/v1/agents/{id}
read nobody          GET /api/v1/agents/{id}/versions
read anybody         POST /api/v1/agents/{id}/preview
change nobody        POST /api/v1/policies
read nobody          GET /api/v1/policies
read nobody          GET /api/v1/policies/{policy}
change nobody        PUT /api/v1/policies/{policy}
change nobody        DELETE /api/v1/policies/{policy}
read nobody          GET /api/v1/policies/{policy}/versions
read nobody          POST /api/v1/policies/{policy}/simulate
change own           POST /api/v1/drills
read own             GET /api/v1/drills
read own             GET /api/v1/drills/{id}
read anybody         GET /api/v1/reachability
read own             GET /api/v1/users/{id}/reachability
read nobody          GET /api/v1/lint
change nobody        POST /api/v1/schedules
read nobody          GET /api/v1/schedules
read nobody          POST /api/v1/schedules/preview
read nobody          GET /api/v1/schedules/{id}
change nobody        PUT /api/v1/schedules/{id}
change nobody        DELETE /api/v1/schedules/{id}
change nobody        POST /api/v1/schedules/{id}/overrides
read nobody          GET /api/v1/schedules/{id}/overrides
change nobody        DELETE /api/v1/schedules/{id}/overrides/{id2}
read nobody          GET /api/v1/schedules/{id}/spans
read nobody          GET /api/v1/schedules/{id}/gaps
change nobody        POST /api/v1/schedules/{id}/ical
read nobody          GET /api/v1/schedules/{id}/ical
change nobody        DELETE /api/v1/schedules/{id}/ical
change nobody        DELETE /api/v1/schedules/{id}/ical/{id2}
open                 GET /i/{token}
read nobody          GET /api/v1/oncall
read own             GET /api/v1/messages
read own             GET /api/v1/messages/{id}
read nobody          GET /api/v1/providers
read nobody          GET /api/v1/analytics/failures
read own             GET /api/v1/incidents/{id}/timeline
read own             GET /api/v1/incidents/{id}/cost
read nobody          GET /api/v1/verify
read own             GET /api/v1/audit
read anybody         GET /api/v1/clock
change nobody        POST /api/v1/clock/advance
change nobody        POST /api/v1/mock/answers
read anybody         GET /api/v1/texts
read anybody         POST /api/v1/texts/preview
read own             GET /api/v1/notifications
respond own          POST /api/v1/notifications/seen
respond own          POST /api/v1/notifications/{id}/seen
read own             GET /api/v1/stream
read anybody         GET /api/v1/events
administer nobody    POST /api/v1/sinks
read nobody          GET /api/v1/sinks
read nobody          GET /api/v1/sinks/{id}
administer nobody    PATCH /api/v1/sinks/{id}
administer nobody    DELETE /api/v1/sinks/{id}
change nobody        POST /api/v1/sinks/{id}/pause
change nobody        POST /api/v1/sinks/{id}/resume
change nobody        POST /api/v1/sinks/{id}/replay
read nobody          GET /api/v1/sinks/{id}/dead-letters
administer nobody    POST /api/v1/integrations
read nobody          GET /api/v1/integrations
read nobody          GET /api/v1/integrations/{id}
change nobody        PATCH /api/v1/integrations/{id}
administer nobody    DELETE /api/v1/integrations/{id}
administer nobody    POST /api/v1/integrations/{id}/rotate
read nobody          POST /api/v1/integrations/{id}/preview
open                 POST /api/v1/integrations/{key}/events
open                 POST /api/v1/integrations/{key}/alertmanager
open                 POST /api/v1/integrations/{key}/grafana
change nobody        POST /api/v1/heartbeats
read nobody          GET /api/v1/heartbeats
read nobody          GET /api/v1/heartbeats/{id}
change nobody        PATCH /api/v1/heartbeats/{id}
change nobody        DELETE /api/v1/heartbeats/{id}
change nobody        POST /api/v1/heartbeats/{id}/rotate
change nobody        POST /api/v1/heartbeats/{id}/pause
change nobody        POST /api/v1/heartbeats/{id}/resume
open                 POST /heartbeats/{token}
open                 GET /heartbeats/{token}
change nobody        POST /api/v1/maintenance
read nobody          GET /api/v1/maintenance
read nobody          GET /api/v1/maintenance/{id}
change nobody        POST /api/v1/maintenance/{id}/end
change nobody        DELETE /api/v1/maintenance/{id}
open                 GET /health
open                 GET /l/{token}
open                 GET /s/{token}
open                 POST /s/{token}
open                 GET /d/{token}
open                 POST /d/{token}
open                 GET /u/{token}
open                 POST /u/{token}
open                 POST /l/{token}
"""
RANKS = ("read", "respond", "change", "administer")
ROLES = {"READER": "read", "RESPONDER": "respond", "OPERATOR": "change", "ADMIN": "administer"}
REPLAY = "POST /api/v1/messages/{id}/replay"
checks = Checks()


def rows():
    """{route: (least rank, whose)}"""
    found = {}
    for line in TABLE.strip().splitlines():
        words, method, path = line.split()[:-2], *line.split()[-2:]
        assert f"{method} {path}" not in found, f"{method} {path} has two lines"
        found[f"{method} {path}"] = (words[0], words[1] if len(words) > 1 else "anybody")
    return found


class Walk:
    def __init__(self, world, schemas):
        self.world, self.schemas = world, schemas

    def ask(self, name, operation, person, key):
        """(status, what is wrong with the form of the answer)"""
        case, method = CASES[name], name.split()[0]
        # Only a post that failed can be made again; of any other message it is refused for what it is, not for who asks.
        is_replay = name == REPLAY
        path = f"/api/v1/messages/{self.world.message(person)}/replay" if is_replay else case.fresh(self.world, person)
        body = case.body(self.world, person)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if isinstance(body, bytes) else {}
        answer = self.world.server.ask(method, path, body, key, headers)
        return answer, self.schemas.answer_problems(operation, answer)

    def wanted(self, name, operation, person, key, status):
        answer, problems = self.ask(name, operation, person, key)
        if name == REPLAY and status == 200:
            status = 400
        if answer.status != status:
            problems = [f"wanted {status}, got {answer.status} {answer.text[:160]}", *problems]
        return problems

    def one(self, name, operation, least, whose):
        world, found = self.world, []
        success = next(int(status) for status in operation["responses"] if status.isdigit())
        is_open = least == "open"
        keys = {**world.scope_key, "ADMIN": ADMIN_KEY}
        for role, rank in ROLES.items():
            may = is_open or (least in RANKS and RANKS.index(rank) >= RANKS.index(least))
            found += [f"{role}: {one}" for one in self.wanted(name, operation, world.bert, keys[role], success if may else 403)]
        for what, person in (("own", world.anna), ("another's", world.bert)):
            may = is_open or (whose == "anybody" and least != "session") or (whose == "own" and what == "own")
            found += [f"a person's key, {what}: {one}"
                      for one in self.wanted(name, operation, person, world.key[world.anna], success if may else 403)]
        for what, key in (("ended", world.ended_key), ("revoked", world.revoked_key), ("unknown", "tocsin_" + 48 * "0"), ("no", None)):
            found += [f"{what} key: {one}" for one in self.wanted(name, operation, world.bert, key, success if is_open else 401)]
        checks.ok(not found, f"{name}: {least} {whose}", *found[:8])


def main():
    server = Server(checks, "roles", at=START).start()
    schemas = Schemas(server.ask("GET", "/openapi.json", key=None).body)
    table = rows()
    # Webhooks are signed by their providers: test_hooks.py.
    operations = {f"{method} {path}": operation for method, path, operation in schemas.operations() if not path.startswith("/webhooks/")}
    checks.equal(sorted(set(operations) - set(table)), [], "every route has its line")
    checks.equal(sorted(set(table) - set(operations)), [], "every line has its route")
    # Where nobody signs in elsewhere there is nothing to walk: tests/counterparty/test_oidc.py.
    walk = Walk(World(server), schemas)
    for name, operation in operations.items():
        if name in table and name in CASES:
            walk.one(name, operation, *table[name])
    checks.equal(server.stop()[0], 0, "it stops well")
    server.check_logs(checks)


checks.run(main)
