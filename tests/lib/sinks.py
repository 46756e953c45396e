"""tests/lib/sinks.py: who events are told to: a table that is as strict as Airtable's, and a server that takes posts.

The table knows the rules of protocols 7.3: ten records a request, five requests a second for a base (over it 429 and a lock-out,
which a test may shorten), PATCH with performUpsert, columns that exist, a batch that fails as a whole, errors that are an object
or a text. Both write down everything that they were asked, and can be told to misbehave.
"""
import hashlib
import hmac
import http.server
import json
import re
import threading
import time
import urllib.parse

COLUMNS = ("EventId", "Type", "At", "SubjectType", "SubjectId", "UserId", "CallId", "Method", "SentAt", "DeliveryStatus",
           "AttemptNumber", "Result", "MessageSid", "Data")
CELL_CHARACTERS = 100000


class Asked:
    """One request as it came."""

    def __init__(self, method, path, headers, text):
        self.at, self.method, self.path, self.headers, self.text = time.monotonic(), method, path, headers, text
        self.status = None


class FakeServer:
    """`answer(asked)` says (status, headers, body); None hangs up without a word. While `is_stuck` is set nobody is answered."""

    def __init__(self, checks, port=0):
        fake = self
        self.asked, self.lock = [], threading.Lock()
        self.is_free = threading.Event()
        self.is_free.set()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                length = int(self.headers.get("Content-Length") or 0)
                asked = Asked(self.command, self.path, self.headers, self.rfile.read(length).decode())
                with fake.lock:
                    fake.asked.append(asked)
                fake.is_free.wait()
                fake.dwell(asked)
                with fake.lock:
                    found = fake.answer(asked)
                if found is None:
                    self.close_connection = True
                    return
                asked.status, headers, body = found
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                try:
                    self.send_response(asked.status)
                    for name, value in {"Content-Type": "application/json", **headers}.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    pass  # Whoever asked had gone.

            do_POST = do_PATCH = do_GET = do_PUT = serve

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            request_queue_size = 64

            def handle_error(self, *_):
                pass

        self.server = Quiet(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        checks.at_end(self.end)

    def end(self):
        self.is_free.set()
        self.server.shutdown()

    def last(self):
        """What was asked of late, for a failure's facts: how long ago, and the answer."""
        return [(round(time.monotonic() - asked.at, 2), asked.status) for asked in self.asked[-12:]]

    def hang(self):
        self.is_free.clear()

    def go_on(self):
        self.is_free.set()

    def dwell(self, asked):
        """Whatever holds this one answer up."""

    def answer(self, asked):
        raise NotImplementedError


class Airtable(FakeServer):
    """A base with one table. `records` are its rows by EventId; `created` counts rows that were made for each."""

    def __init__(self, checks, token="patTest.secret", base="appTest", table="Events", lockout_seconds=30.0, port=0):
        self.token, self.base, self.table, self.lockout_seconds = token, base, table, lockout_seconds
        self.columns = set(COLUMNS)
        self.records, self.created, self.log = {}, {}, []
        self.times, self.locked_until = [], 0.0
        self.broken = []          # Answers to be given first: (status, body), "hang up", "take and hang up" or "forget one".
        self.is_poisoned = lambda fields: False
        super().__init__(checks, port)

    def violations(self):
        """What the real one would have complained about, beyond what was provoked."""
        return [f"{asked.status} {asked.text[:100]}" for asked in self.asked if asked.status in (400, 413, 429)]

    def answer(self, asked):
        found = self.limit() or self.check_access(asked)
        if found:
            return found
        action = self.broken.pop(0) if self.broken else None
        if action == "hang up":
            return None
        if isinstance(action, tuple):
            return action[0], {}, action[1]
        found = self.upsert(asked)
        if action == "take and hang up":
            return None
        if action == "forget one" and found[0] == 200:
            gone = found[2]["records"].pop()
            self.drop(gone)
        return found

    def drop(self, record):
        event = record["fields"]["EventId"]
        self.records.pop(event, None)
        self.created.pop(event, None)

    def limit(self):
        now = time.monotonic()
        if now < self.locked_until:
            self.locked_until = now + self.lockout_seconds  # Who goes on asking stays out.
            return self.too_many()
        self.times = [at for at in self.times if now - at < 1.0] + [now]
        if len(self.times) > 5:
            self.locked_until = now + self.lockout_seconds
            return self.too_many()
        return None

    @staticmethod
    def too_many():
        return 429, {}, {"errors": [{"error": "RATE_LIMIT_REACHED", "message": "Rate limit exceeded. Please try again later"}]}

    def check_access(self, asked):
        if asked.headers.get("Authorization") != f"Bearer {self.token}":
            return 401, {}, {"error": {"type": "AUTHENTICATION_REQUIRED", "message": "Authentication required"}}
        parts = urllib.parse.urlsplit(asked.path).path.split("/")
        if parts[:3] != ["", "v0", self.base]:
            return 404, {}, {"error": "NOT_FOUND"}
        if len(parts) != 4 or urllib.parse.unquote(parts[3]) != self.table:
            return 403, {}, {"error": {"type": "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", "message": "Invalid permissions"}}
        if asked.method != "PATCH":
            return 405, {}, {"error": "METHOD_NOT_ALLOWED"}
        return None

    def refuse(self, kind, message):
        return 422, {}, {"error": {"type": kind, "message": message}}

    def upsert(self, asked):
        try:
            body = json.loads(asked.text)
        except ValueError:
            return 400, {}, {"error": "INVALID_JSON"}
        records = body.get("records")
        if not isinstance(records, list) or not 1 <= len(records) <= 10:
            return self.refuse("INVALID_REQUEST_UNKNOWN", "Invalid request: more than 10 records")
        if body.get("performUpsert") != {"fieldsToMergeOn": ["EventId"]}:
            return self.refuse("INVALID_REQUEST_UNKNOWN", "Only upserts by EventId are expected here")
        for record in records:
            problem = self.check(record.get("fields") or {})
            if problem:
                return problem
        if len({record["fields"]["EventId"] for record in records}) != len(records):
            return self.refuse("INVALID_REQUEST_UNKNOWN", "Cannot update more than one record for the same merge field")
        return 200, {}, self.write(records)

    def check(self, fields):
        unknown = sorted(set(fields) - self.columns)
        if unknown:
            return self.refuse("UNKNOWN_FIELD_NAME", f'Unknown field name: "{unknown[0]}"')
        if any(isinstance(value, str) and len(value) > CELL_CHARACTERS for value in fields.values()):
            return self.refuse("INVALID_VALUE_FOR_COLUMN", "Value is too long")
        if not fields.get("EventId") or self.is_poisoned(fields):
            return self.refuse("INVALID_VALUE_FOR_COLUMN", 'Field "Data" cannot accept the provided value')
        return None

    def write(self, records):
        shown, created, updated = [], [], []
        for record in records:
            fields = record["fields"]
            event = fields["EventId"]
            is_new = event not in self.records
            row = self.records.setdefault(event, {"id": f"rec{len(self.log):014d}", "fields": {}})
            row["fields"].update(fields)
            self.log.append(event)
            if is_new:
                self.created[event] = self.created.get(event, 0) + 1
            (created if is_new else updated).append(row["id"])
            shown.append({"id": row["id"], "createdTime": "2026-01-05T09:00:00.000Z", "fields": dict(row["fields"])})
        return {"records": shown, "createdRecords": created, "updatedRecords": updated}


class Posts(FakeServer):
    """Takes posts. `status` is what it answers; `events` what it took, in order; `bad` those whose signature was wrong."""

    def __init__(self, checks, secret="a secret of the tests"):
        self.secret, self.status, self.events, self.bad = secret, 200, [], []
        self.is_refused = lambda event: False
        super().__init__(checks)

    def answer(self, asked):
        found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", asked.headers.get("X-Tocsin-Signature") or "")
        wanted = found and hmac.new(self.secret.encode(), f"{found[1]}.{asked.text}".encode(), hashlib.sha256).hexdigest()
        event = json.loads(asked.text)
        if not found or not hmac.compare_digest(found[2], wanted) or asked.headers["Idempotency-Key"] != event["id"]:
            self.bad.append(asked.text)
            return 403, {}, {"error": "signature"}
        if self.status != 200:
            return self.status, {}, {}
        if self.is_refused(event):
            return 422, {}, {}
        self.events.append(event)
        return 200, {}, {}
