#!/usr/bin/env python3
"""The process: signals, locks, settings, secrets, commands and their exit codes. Requirements O1, O2, O5, X2, P5, E5."""
import http.client
import json
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import stat
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import BUILD, Checks, run_tocsin, wait_until  # noqa: E402
from server import ADMIN_KEY, Client, Server, bytes_of, headers_of, run_commands  # noqa: E402

START = "2026-01-05T09:00:00Z"
CLIENTS = 8
DONE, FAILED, USAGE, FOUND = 0, 1, 2, 3
checks = Checks()


class Load(threading.Thread):
    """Pushes one meeting after another over one connection. What was answered stands in `taken`, what was not in `lost`."""

    def __init__(self, server, user, name):
        super().__init__(daemon=True)
        self.server, self.user, self.name = server, user, name
        self.taken, self.refused, self.lost = [], [], []
        self.is_over = threading.Event()

    def run(self):
        client, number = Client(self.server.port, 15), 0
        while not self.is_over.is_set():
            number += 1
            event = f"{self.name}-{number}"
            body = {"userId": self.user, "events": [{"externalId": event, "title": event, "startsAt": "2031-01-06T09:00:00Z"}]}
            began = time.monotonic()
            try:
                answer = client.send("POST", "/calendar/sync", bytes_of(body), headers_of(ADMIN_KEY, b""))
            except (OSError, http.client.HTTPException) as error:
                self.lost.append((began, repr(error)))
                return
            (self.taken if answer.status == 200 and answer.body["created"] == 1 else self.refused).append((event, answer.status))


def stops_under_load(which):
    name = signal.Signals(which).name
    server = Server(checks, f"stop-{name}").start()
    user = server.add_user(name="Load")
    loads = [Load(server, user, f"c{number}") for number in range(CLIENTS)]
    for load in loads:
        load.start()
    enough = wait_until(lambda: sum(len(load.taken) for load in loads) > 400, 20)
    told_at = time.monotonic()
    server.signal(which)
    code = server.process.wait(30)
    took = time.monotonic() - told_at
    for load in loads:
        load.is_over.set()
        load.join(15)
    taken = {event for load in loads for event, _ in load.taken}
    checks.ok(enough and code == 0 and took < 10, f"{name} under load: exit {code} after {took:.2f} s", server.log()[-500:])
    early = [(round(began - told_at, 4), error) for load in loads for began, error in load.lost if began < told_at - 0.05]
    checks.equal(early, [], f"{name}: every request that was under way is answered")
    odd = [status for load in loads for _, status in load.refused if status != 503]
    checks.equal(odd, [], f"{name}: an answer is a success, or 503")
    left = [one.name for one in server.folder.iterdir() if one.name.endswith("-wal")]
    checks.equal(left, [], f"{name}: the log of the store is folded in")
    stored = {event for event, in server.query("SELECT external_id FROM meetings")}
    checks.ok(taken <= stored, f"{name}: all {len(taken)} that were acknowledged are stored", sorted(taken - stored)[:5])
    checks.ok("stopping on" in server.log() and server.log().rstrip().endswith("stopped"), f"{name}: the log says so")
    server.start()
    checks.equal(server.get("/meetings", userId=user, limit=1)["total"], len(stored), f"{name}: and it starts again with them")
    server.stop()
    server.check_logs(checks, f"{name}: the logs")


def stops_during_an_advance():
    server = Server(checks, "advance", at=START).start()
    user = server.add_user(name="Ada", email="ada@example.org", phone="+34600166666")
    events = [{"externalId": str(number), "title": "x", "startsAt": f"2026-01-{6 + number % 20:02}T{number % 24:02}:00:00Z"}
              for number in range(2000)]
    checks.equal(server.sync(user, events=events).body["created"], 2000, "2,000 meetings lie ahead")
    answers = []

    def advance():
        try:
            answers.append(server.ask("POST", "/api/v1/clock/advance", {"seconds": 40 * 86400}))
        except (OSError, http.client.HTTPException) as error:
            answers.append(error)
    mover = threading.Thread(target=advance, daemon=True)
    mover.start()
    server.wait_log(r"stage 1 MEETING_UPCOMING_EMAIL goes out")
    code, took = server.stop()
    mover.join(10)
    told = answers[0] if answers else None
    checks.ok(code == 0 and took < 10, f"SIGTERM while the clock is moved: exit {code} after {took:.2f} s")
    checks.ok(getattr(told, "status", None) in (200, 503), "and whoever moved it is answered", told)
    server.check_logs(checks, "the logs of the moved clock")


def stages(*rows):
    return json.dumps({"stages": [{"stage": number, "alertType": kind, "minutesBefore": due, "validUntilMinutesBefore": until,
                                   "channel": channel} for number, kind, due, until, channel in rows]})


def reloads_rules():
    rules = checks.work / "rules.json"
    rules.write_text(stages((1, "MEETING_UPCOMING_EMAIL", 20, 10, "EMAIL"), (2, "EXTRA", 8, 1, "MESSAGE")))
    server = Server(checks, "rules", TOCSIN_RULES_FILE=str(rules)).start()
    user = server.add_user(name="Ada")

    def planned(name):
        event = server.push(user, name, "2031-01-06T09:00:00Z")
        return [(one["alertType"], one["dueAt"][11:16]) for one in server.get(f"/meetings/{event}")["alerts"]]

    def reload(text, pattern):
        before = len(server.lines)
        if text is None:
            rules.unlink()
        else:
            rules.write_text(text)
        server.signal(signal.SIGHUP)
        return server.wait_log(pattern, skipping=before)
    first = [("MEETING_UPCOMING_EMAIL", "08:40"), ("EXTRA", "08:52")]
    second = [("ONLY", "08:30")]
    checks.equal(planned("before"), first, "SIGHUP: the stages of the first file")
    checks.ok(reload(stages((7, "ONLY", 30, 5, "CALL")), r"\[RULE_ENGINE\] rules read: 1 stages"), "SIGHUP: a new file is read")
    checks.equal(planned("after"), second, "SIGHUP: and its stages are planned")
    for name, text in (("no JSON", "{"), ("a stage twice", stages((1, "A", 9, 1, "CALL"), (1, "B", 8, 1, "CALL"))),
                       ("a channel that is none", stages((1, "A", 9, 1, "PIGEON"))), ("no stages", '{"stages":[]}'),
                       ("an end before its time", stages((1, "A", 5, 9, "CALL"))), ("nothing at all", None)):
        line = reload(text, r"error \[RULE_ENGINE\] the rules stay as they were")
        checks.ok(line, f"SIGHUP: {name}: an error in the log", server.log()[-500:])
    wrong = {**json.loads(stages((1, "A", 9, 1, "CALL"))), "texts": [{"key": "MISSED_EMAIL", "language": "en", "sms": "{{nmae}}"}]}
    checks.ok(reload(json.dumps(wrong), r"stay as they were: texts\[0\]\.sms: There is no placeholder \{\{nmae\}\}\.$"),
              "SIGHUP: a placeholder that there is not is named, and where", server.log()[-500:])
    checks.equal(planned("at last"), second, "SIGHUP: and the rules stay as they were")
    for _ in range(20):
        server.signal(signal.SIGHUP)
    checks.equal(server.ask("GET", "/health").status, 200, "SIGHUP: twenty more change nothing")
    checks.equal(server.stop()[0], 0, "SIGHUP: it stops well")
    server.check_logs(checks, "SIGHUP: the logs")
    rules.write_text("{")
    code, _, errors = run_tocsin(checks, "serve", TOCSIN_RULES_FILE=str(rules), TOCSIN_LISTEN="127.0.0.1:0")
    checks.ok(code == FAILED and "JSON" in errors, "a broken file at the start: it does not start", code, errors)


def one_process_at_a_time():
    server = Server(checks, "lock").start()
    run = run_commands(checks, "lock-commands", TOCSIN_DATA_DIR=str(server.folder), TOCSIN_LISTEN="127.0.0.1:0")
    for command in ("serve", "migrate"):
        code, out, errors = run(command)
        checks.ok(code == FAILED and "another process is using" in errors and str(server.folder) in errors and "listens" not in out,
                  f"a second `{command}` on the same database is refused", code, errors)
    code, out, errors = run("audit", "verify")
    checks.ok(code == DONE and "whole" in out, "`audit verify` reads beside it", code, out, errors)
    checks.equal(server.ask("GET", "/health").status, 200, "and the first is well")
    code, _, errors = run_tocsin(checks, "serve", TOCSIN_DATA_DIR=str(checks.folder("other")),
                                 TOCSIN_LISTEN=f"127.0.0.1:{server.port}", TOCSIN_ADMIN_KEY="x")
    checks.ok(code == FAILED and str(server.port) in errors, "a port that is taken is named", code, errors)
    server.kill()
    server.start()
    checks.ok(server.is_running(), "a killed process leaves no lock behind")
    server.stop()


WRONG_SETTINGS = [
    # setting, value, what the message must name
    ("TOCSIN_NO_SUCH", "1", "TOCSIN_NO_SUCH"), ("FEATURE_CALLS", "true", "FEATURE_CALLS"), ("FEATURE_CALL", "maybe", "FEATURE_CALL"),
    ("TWILIO_ACOUNT_SID", "AC", "is it TWILIO_ACCOUNT_SID?"), ("TWILIO_TOKEN", "x", "is it TWILIO_AUTH_TOKEN?"),
    ("TWILIO_NUMBER", "+14155550000", "is it TWILIO_FROM_NUMBER?"), ("PLIVO_AUTH_ID_FILE", "/x", "is it PLIVO_AUTH_ID?"),
    ("EXOTEL_KEY", "k", "is it EXOTEL_API_KEY?"), ("SMTP_PASS", "secret", "is it SMTP_PASSWORD?"),
    ("SMTP_FROM", "a@example.com", "is it EMAIL_FROM?"), ("SMTP_ZONE", "1", "there is no setting SMTP_ZONE"),
    ("GRACE_PERIOD_MINUTES", "soon", "GRACE_PERIOD_MINUTES"), ("GRACE_PERIOD_MINUTES", "-1", "GRACE_PERIOD_MINUTES"),
    ("GRACE_PERIOD_MINUTES", "99999999", "GRACE_PERIOD_MINUTES"), ("QUEUE_RETRY_ATTEMPTS", "1000", "QUEUE_RETRY_ATTEMPTS"),
    ("DISPATCH_FOLLOWUPS_NORMAL", "5,3", "DISPATCH_FOLLOWUPS_NORMAL must be growing"),
    ("DISPATCH_FOLLOWUPS_HIGH", "soon", "DISPATCH_FOLLOWUPS_HIGH"),
    ("QUEUE_RETRY_BACKOFF_DELAY", "0", "QUEUE_RETRY_BACKOFF_DELAY"), ("LOG_LEVEL", "loud", "LOG_LEVEL"),
    ("LOG_FORMAT", "xml", "LOG_FORMAT"), ("TOCSIN_LISTEN", "nonsense", "TOCSIN_LISTEN"), ("TOCSIN_LISTEN", "127.0.0.1:70000", "TOCSIN_LISTEN"),
    ("SMTP_SECURE", "perhaps", "SMTP_SECURE"), ("EMAIL_PROVIDER", "pigeon", "EMAIL_PROVIDER"), ("EMAIL_PROVIDER", "smtp", "SMTP_HOST"),
    ("CALL_PROVIDER", "smtp", "CALL_PROVIDER"), ("SMS_PROVIDER", "", None), ("DEFAULT_TIMEZONE", "Mars/Olympus", "DEFAULT_TIMEZONE"),
    ("TOCSIN_PUBLIC_URL", "ftp://example.org", "TOCSIN_PUBLIC_URL"), ("TOCSIN_RULES_FILE", "/no/such/file", "/no/such/file"),
    ("CALENDAR_SYNC_INTERVAL_SECONDS", "1", "CALENDAR_SYNC_INTERVAL_SECONDS"), ("TOCSIN_CONFIG", "/no/such/file", "/no/such/file"),
    ("TOCSIN_LISTEN_FILE", "/etc/hostname", "TOCSIN_LISTEN_FILE"), ("SMTP_PASSWORD_FILE", "/no/such/file", "SMTP_PASSWORD_FILE"),
    ("TOCSIN_DATA_KEY", "short", "TOCSIN_DATA_KEY")]
WRONG_AT_START = [("DATABASE_URL", "mysql://localhost/x", "DATABASE_URL"), ("TOCSIN_DATA_DIR", "/proc/no/such", "/proc/no/such"),
                  ("DATABASE_URL", "sqlite:/no/such/folder/x.db", "/no/such/folder/x.db")]


def names_wrong_settings():
    run = run_commands(checks, "settings")
    for name, value, named in WRONG_SETTINGS:
        code, out, errors = run("check-config", **{name: value})
        if named is None:
            checks.equal(code, DONE, f"{name} that is empty counts as absent", errors)
            continue
        checks.ok(code == FOUND and named in errors, f"check-config: {name}={value} is 3 and names {named}", code, errors)
        code, out, errors = run("serve", **{"TOCSIN_LISTEN": "127.0.0.1:0", name: value})
        checks.ok(code in (FAILED, USAGE) and named in errors and "listens" not in out, f"serve: {name}={value} does not start", code,
                  out, errors)
    for name, value, named in WRONG_AT_START:
        code, out, errors = run("serve", **{"TOCSIN_LISTEN": "127.0.0.1:0", name: value})
        checks.ok(code == FAILED and named in errors, f"serve: {name}={value} does not start", code, out, errors)
    for words in (["--listen", "nowhere"], ["--clock", "sundial"], ["--clock", "virtual", "--at", "yesterday"], ["--at", START],
                  ["--loud"], ["--listen"], ["extra"]):
        code, out, errors = run("serve", *words)
        checks.ok(code in (FAILED, USAGE) and len(errors) > 20, f"serve {' '.join(words)} is refused", code, errors)
    file = checks.work / "tocsin.conf"
    for text, named in (("[section]\nLOG_LEVEL = info\n", "section"), ("NO_SUCH = 1\n", "NO_SUCH"), ("LOG_LEVEL\n", "line 1"),
                        ("LOG_LEVEL = loud\n", "LOG_LEVEL")):
        file.write_text(text)
        code, _, errors = run("check-config", "--config", file)
        checks.ok(code == FOUND and named in errors, f"a file with {text.splitlines()[0]!r} is refused", code, errors)
    file.write_text("# ours\nLOG_LEVEL = warn\nGRACE_PERIOD_MINUTES = 7\nSMTP_PASSWORD = from-the-file\n")
    code, out, errors = run("check-config", "--config", file, GRACE_PERIOD_MINUTES="9")
    checks.ok(code == DONE and "LOG_LEVEL=warn" in out and "GRACE_PERIOD_MINUTES=9" in out and "SMTP_PASSWORD=(set)" in out,
              "a good file counts, and the environment counts more", out, errors)
    checks.ok("from-the-file" not in out + errors and ADMIN_KEY not in out + errors, "check-config shows no secret", out)


def takes_secrets_from_files():
    key = checks.work / "admin.key"
    key.write_text("a-key-from-a-file-0123456789\n")
    server = Server(checks, "secret", TOCSIN_ADMIN_KEY="", TOCSIN_ADMIN_KEY_FILE=str(key))
    server.keep_secret("a-key-from-a-file-0123456789", "the admin key")
    server.start()
    checks.equal(server.ask("GET", "/api/v1/users", key="a-key-from-a-file-0123456789").status, 200, "TOCSIN_ADMIN_KEY_FILE counts")
    checks.equal(server.ask("GET", "/api/v1/users", key=ADMIN_KEY).status, 401, "and no other key")
    server.stop()
    server.check_logs(checks, "the logs with a key from a file")
    run = run_commands(checks, "secrets", TOCSIN_ADMIN_KEY="")
    empty, long = checks.work / "empty", checks.work / "long"
    empty.write_text("\n")
    long.write_text("x" * 5000)
    for name, path in (("an empty file", empty), ("a folder", checks.work), ("a file of 5,000 bytes", long), ("no file", "/no/such/file")):
        code, _, errors = run("check-config", TOCSIN_ADMIN_KEY_FILE=str(path))
        checks.ok(code == FOUND and "TOCSIN_ADMIN_KEY_FILE" in errors, f"a secret in {name} is an error", code, errors)
    code, _, errors = run("check-config", TOCSIN_ADMIN_KEY="x", TOCSIN_ADMIN_KEY_FILE=str(key))
    checks.ok(code == FOUND and "not both" in errors, "a secret that is given twice is an error", code, errors)


def makes_keys_at_the_first_start():
    server = Server(checks, "first", TOCSIN_ADMIN_KEY="").start()
    shown = server.wait_log(r"Admin key, shown this once: (\S+)")
    key = shown.split()[-1]
    checks.ok(len(key) >= 32, "the first start shows a key", shown)
    checks.equal(server.ask("GET", "/api/v1/users", key=key).status, 200, "and it opens")
    user = server.ask("POST", "/api/v1/users", {"name": "Ada", "phone": "+34600177777"}, key=key).data["id"]
    server.stop()
    before = len(server.lines)
    server.start()
    again = server.wait_log("Admin key", skipping=before)
    checks.ok(again and key not in again, "the second start does not show it", again)
    checks.equal(server.ask("GET", "/api/v1/users", key=key).status, 200, "and it opens still")
    server.stop()
    raw = b"".join(path.read_bytes() for path in server.folder.iterdir() if path.is_file())
    checks.ok(key.encode() not in raw and b"34600177777" not in raw and b"Ada" not in raw, "neither key nor number is readable on disk")
    for name in ("tocsin.db.key", "tocsin.db.mock"):
        mode = stat.S_IMODE((server.folder / name).stat().st_mode)
        checks.equal(oct(mode), "0o600", f"{name} is for its owner only")
    stderr = [line for line in server.lines if "shown this once" not in line]
    checks.ok(not any(key in line or "34600177777" in line for line in stderr), "and nothing of it is in the logs")
    keeps_its_data_key(server, key, user)


def keeps_its_data_key(server, key, user):
    """A lost or wrong data key is said, not papered over (P5)."""
    kept = server.folder / "kept.key"
    shutil.move(server.folder / "tocsin.db.key", kept)
    run = run_commands(checks, "data-key", TOCSIN_DATA_DIR=str(server.folder), TOCSIN_LISTEN="127.0.0.1:0", TOCSIN_ADMIN_KEY="")
    code, _, errors = run("serve")
    checks.ok(code == FAILED and "tocsin.db.key" in errors and not (server.folder / "tocsin.db.key").exists(),
              "a database without its key file does not start, and makes no other", code, errors)
    code, _, errors = run("serve", TOCSIN_DATA_KEY="another key of enough length")
    checks.ok(code == FAILED and "TOCSIN_DATA_KEY" in errors, "another data key does not start", code, errors)
    (server.folder / "tocsin.db.key").write_text("half")
    code, _, errors = run("serve")
    checks.ok(code == FAILED and "not whole" in errors, "half a key file does not start", code, errors)
    shutil.move(kept, server.folder / "tocsin.db.key")
    server.start()
    checks.equal(server.ask("GET", f"/api/v1/users/{user}", key=key).data["phone"], "+34600177777", "with its own key all is there")
    server.stop()


def commands():
    run = run_commands(checks, "commands")
    for words in (["version"], ["--version"]):
        code, out, errors = run(*words)
        checks.ok(code == DONE and re.fullmatch(r"tocsin \d+\.\d+\.\d+\n", out) and not errors, f"tocsin {words[0]}", out, errors)
    for words in (["help"], ["--help"], ["-h"]):
        code, out, _ = run(*words)
        checks.ok(code == DONE and all(name in out for name in ("serve", "migrate", "audit", "exit codes")), f"tocsin {words[0]}", out)
    for name in ("serve", "migrate", "check-config", "send-test", "audit", "docs", "version"):
        code, out, _ = run(name, "--help")
        checks.ok(code == DONE and f"usage: tocsin {name}" in out, f"tocsin {name} --help", out)
    for words in ([], ["fly"], ["version", "extra"], ["migrate", "extra"], ["audit"], ["audit", "falsify"], ["docs"],
                  ["send-test"], ["send-test", "--channel", "pigeon", "--to", "x"], ["send-test", "--channel", "sms"]):
        code, _, errors = run(*words)
        checks.ok(code == USAGE and (errors or not words), f"tocsin {' '.join(words)}: called wrongly", code, errors)
    for channel, to in (("email", "ada@example.org"), ("sms", "+34600188888"), ("whatsapp", "+34600188888"), ("CALL", "+34600188888")):
        code, out, errors = run("send-test", "--channel", channel, "--to", to)
        checks.ok(code == DONE and re.match(r"mock took it: MOCK-", out) and "34600188888" not in out + errors,
                  f"send-test by {channel}", code, out, errors)
    for more, said in (({}, "smtp did not take it (network)"), ({"SMTP_USER": "ada", "SMTP_PASSWORD": "geheim"}, "only sent over TLS")):
        code, out, errors = run("send-test", "--channel", "email", "--to", "a@example.org", EMAIL_PROVIDER="smtp",
                                SMTP_HOST="127.0.0.1", SMTP_PORT="1", SMTP_SECURE="none", **more)
        checks.ok(code == FAILED and said in errors and "geheim" not in errors, f"send-test: {said}", code, errors)
    for _ in range(2):
        code, out, errors = run("migrate")
        checks.ok(code == DONE and "schema" in out, "migrate, again and again", out, errors)
    code, _, errors = run("audit", "verify", TOCSIN_DATA_DIR=str(checks.folder("nothing")))
    checks.ok(code == FAILED and errors, "audit verify where there is nothing", code, errors)


def documents():
    run = run_commands(checks, "docs")
    folder = checks.folder("reference")
    checks.equal(run("docs", folder)[0], DONE, "docs writes")
    checks.equal(run("docs", "--check", folder)[0], DONE, "docs --check: all is current")
    names = sorted(path.name for path in folder.iterdir())
    checks.ok(len(names) >= 5, "there are documents", names)
    for name in names:
        text = (folder / name).read_text()
        (folder / name).write_text(text + "x")
        code, _, errors = run("docs", "--check", folder)
        checks.ok(code == FOUND and name in errors, f"docs --check: {name} is not current", code, errors)
        (folder / name).write_text(text)
    (folder / names[0]).unlink()
    checks.equal(run("docs", "--check", folder)[0], FOUND, "docs --check: a missing one is found")
    checks.equal(run("docs", "/no/such/folder")[0], FAILED, "docs: a folder that is none")


def edits_show():
    server = Server(checks, "audit", at=START).start()
    user = server.add_user(name="Ada", email="ada@example.org")
    server.push(user, "one", "2026-01-05T09:30:00Z")
    server.advance(3600)
    server.stop()
    kept = server.database().read_bytes()
    run = run_commands(checks, "edits", TOCSIN_DATA_DIR=str(server.folder))

    def verify():
        code, out, errors = run("audit", "verify")
        return code, out + errors
    checks.equal(verify()[0], DONE, "audit verify: the trail is whole")
    for name, sql, said in (("an actor", "UPDATE audit_events SET actor='nobody' WHERE seq=3", "event 3 was changed"),
                            ("a time", "UPDATE audit_events SET at=at+1 WHERE seq=4", "event 4 was changed"),
                            ("a reason", "UPDATE audit_events SET reason='x' WHERE seq=5", "event 5 was changed"),
                            ("a hash", "UPDATE audit_events SET hash=replace(hash, substr(hash, 1, 1), 'z') WHERE seq=6",
                             "event 6 was changed"),
                            ("a sealed text", "UPDATE audit_events SET after=zeroblob(60) WHERE seq=2", "event 2 cannot be read"),
                            ("the text of another", "UPDATE audit_events SET after=(SELECT after FROM audit_events WHERE seq=1) "
                             "WHERE seq=2", "event 2 cannot be read"),
                            ("a row that is gone", "DELETE FROM audit_events WHERE seq=4", "event 4 is missing"),
                            ("the first row", "DELETE FROM audit_events WHERE seq=1", "event 1 is missing")):
        server.database().write_bytes(kept)
        database = sqlite3.connect(server.database())
        database.execute(sql)
        database.commit()
        database.close()
        code, text = verify()
        checks.ok(code == FOUND and said in text, f"audit verify sees {name}: {said}", code, text)
    server.database().write_bytes(kept)
    checks.equal(verify()[0], DONE, "and as it was it is whole again")
    database = sqlite3.connect(server.database())
    database.execute("UPDATE schema_migrations SET number=999 WHERE number=(SELECT max(number) FROM schema_migrations)")
    database.commit()
    database.close()
    code, _, errors = run("serve", TOCSIN_LISTEN="127.0.0.1:0")
    checks.ok(code == FAILED and "999" in errors, "a database of a newer Tocsin is refused", code, errors)
    server.database().write_bytes(b"This is no database." * 500)
    code, _, errors = run("serve", TOCSIN_LISTEN="127.0.0.1:0")
    checks.ok(code == FAILED and "tocsin.db" in errors or "not a database" in errors, "a file that is no database is refused", code,
              errors)


def listens_on_six():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        print(f"# no IPv6 here: {error}")
        return
    server = Server(checks, "six", TOCSIN_LISTEN="[::1]:0")
    try:
        server.start()
    except AssertionError:
        pass
    checks.like(server.first_line, r"http://\[::1\]:\d+\n", "an IPv6 address is shown as one can open it")


def main():
    checks.ok((BUILD / "tocsin").exists(), "the program is built", BUILD)
    for which in (signal.SIGTERM, signal.SIGINT):
        stops_under_load(which)
    stops_during_an_advance()
    reloads_rules()
    one_process_at_a_time()
    names_wrong_settings()
    takes_secrets_from_files()
    makes_keys_at_the_first_start()
    commands()
    documents()
    edits_show()
    listens_on_six()


checks.run(main)
