#!/usr/bin/env python3
"""Email through a real Exim, from the real binary: the main job with its mail, and every way in which a mail can fail.

Requirements: A1, A3, A5, K9 (no secrets in the log), O1 (send-test), O2 (SMTP_*, *_FILE), V1; protocols.md 4.
Exim is started by exim.sh, whose recipients choose the answer by their names.
"""
import datetime
import email.utils
import pathlib
import re
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import live  # noqa: E402  (tests/lib/live.py)
from exim import SECRET, Exim  # noqa: E402  (beside this file)

checks = live.Checks()
MORNING = "2026-03-02T09:00:00Z"
NOON = "2026-03-02T12:00:00Z"
STAGE_1 = 12 * 3600 - 9 * 3600 - 15 * 60  # from MORNING to the mail of a meeting at NOON


def ics_lines(part):
    text = part.get_payload(decode=True).decode()
    return text.replace("\r\n ", "").split("\r\n")


def check_headers(mail, message, event):
    checks.equal(mail["Subject"], "Coming up at 13:00: Board: Q1, Größe & <b>", "the subject, in the person's own time")
    checks.equal(str(mail["To"]), "ada@example.org", "the recipient")
    checks.equal(str(mail["From"]), "Tocsin <alerts@tocsin.example>", "the sender")
    checks.equal(mail["Message-ID"], f"<{message['id']}@tocsin.example>", "the Message-ID carries the attempt's id")
    checks.equal(mail["Auto-Submitted"], "auto-generated", "Auto-Submitted says that no person wrote it")
    checks.equal(mail["X-Auto-Response-Suppress"], "All", "and out-of-office answers are not asked for")
    checks.equal(mail["References"], f"<{event}@tocsin.example>", "all mails about one meeting are one thread")
    checks.equal(email.utils.parsedate_to_datetime(mail["Date"]).isoformat(), "2026-03-02T11:45:00+00:00",
                 "the date is the instant of the stage, by the server's clock")
    checks.equal(str(mail["Return-Path"]).strip("<>"), f"bounce+{message['id']}@bounce.tocsin.example",
                 "with EMAIL_BOUNCE_DOMAIN bounces come back to an address of this attempt's own")
    checks.like(str(mail["List-Unsubscribe"]), r"^<http://127\.0\.0\.1:\d+/u/[\w-]{32}>$", "a link that ends these mails")
    checks.equal(mail["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click", "which takes one click (RFC 8058)")
    checks.like(str(mail["Received"]), r"esmtpsa", "it came over TLS with a login")


def check_bodies(mail):
    checks.equal(mail.get_content_type(), "multipart/mixed", "it is a mixed mail")
    kinds = [part.get_content_type() for part in mail.walk()]
    checks.equal(kinds, ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar",
                         "application/ics"], "its parts, the plainest first")
    checks.equal([part.defects for part in mail.walk() if part.defects], [], "no part has a defect")
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    checks.ok("Board: Q1, Größe & <b>" in text and "https://meet.google.com/abc-defg-hij" in text,
              "the text names the meeting and where to join", text)
    checks.ok("Board: Q1, Größe &amp; &lt;b&gt;" in html and "<b>" not in html,
              "so does the formatted text, where a title cannot bring in markup", html)
    links = [set(re.findall(r"http://127\.0\.0\.1:\d+/l/[\w-]+", body)) for body in (text, html)]
    checks.ok(len(links[0]) == 1 and links[0] == links[1], "both carry the same one-tap link", text, html)
    return links[0].pop()


def check_invite(mail):
    parts = {part.get_content_type(): part for part in mail.walk()}
    attached, shown = parts["application/ics"], parts["text/calendar"]
    lines = ics_lines(attached)
    checks.equal(attached.get_filename(), "invite.ics", "invite.ics is attached")
    checks.equal(attached.get_payload(decode=True), shown.get_payload(decode=True), "and is what calendars read inline")
    checks.equal(shown.get_param("method"), "REQUEST", "the method is in the content type")
    wanted = ["METHOD:REQUEST", "UID:board-7@example.org", "DTSTART:20260302T120000Z", "DTEND:20260302T123000Z",
              "SUMMARY:Board: Q1\\, Größe & <b>"]
    checks.equal([line for line in wanted if line not in lines], [], "the invite's UID, times and title", "\n".join(lines))


def check_link(server, exim, link, event):
    page = live.request(link)
    checks.equal(page.status, 200, "the link shows a page without a login")
    checks.ok("<form" in page.text and "JOINED" in page.text, "with buttons", page.text)
    checks.equal(server.meeting(event).get("checkin"), None, "a mail scanner that opens it checks nobody in")
    answer = live.request(link, "POST", urllib.parse.urlencode({"answer": "JOINED"}),
                          {"Content-Type": "application/x-www-form-urlencoded"})
    checks.equal(answer.status, 200, "the button is answered")
    checkin = server.meeting(event).get("checkin") or {}
    checks.equal((checkin.get("status"), checkin.get("source")), ("JOINED", "LINK"), "and checks the person in")
    stages = server.stages(event)
    checks.equal([stages[1][0], stages[2][0], stages[3][0]], ["DELIVERED", "CANCELLED", "CANCELLED"],
                 "every stage still ahead is cancelled")
    server.advance(3600)
    kinds = [one["channel"] for one in server.messages(subjectId=event)]
    checks.equal(kinds, ["EMAIL"], "nothing more goes out about this meeting")
    checks.equal(server.meeting(event).get("incidentId"), None, "and no incident opens")
    checks.equal(exim.news("ada@example.org"), [], "no second mail arrives")
    bad = live.request(link[:-1] + ("A" if link[-1] != "A" else "B"), "POST", "answer=JOINED",
                       {"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": "fr;q=0.9, de-AT;q=0.8, en;q=0.5"})
    checks.equal(bad.status, 404, "a link that was tampered with is refused")
    checks.ok('<html lang="de">' in bad.text and "Das hat nicht geklappt" in bad.text,
              "in the language that the browser asks for, since the link names nobody", bad.text)


def main_job(exim):
    password = checks.work / "password"
    password.write_text(SECRET + "\n")
    settings = exim.settings(SMTP_PASSWORD_FILE=str(password), EMAIL_BOUNCE_DOMAIN="bounce.tocsin.example")
    del settings["SMTP_PASSWORD"]
    server = live.Tocsin(checks, "main", at=MORNING, **settings)
    ada = server.add_user("Ada", email="ada@example.org", phone="+14155550111", timezone="Europe/Berlin")
    event = server.push(ada, "board-7@example.org", NOON, endsAt="2026-03-02T12:30:00Z", title="Board: Q1, Größe & <b>",
                        joinUrl="https://meet.google.com/abc-defg-hij")
    server.advance(STAGE_1 - 1)
    checks.equal(server.messages(userId=ada), [], "nothing goes out a second too early")
    server.advance(1)
    message = server.messages(userId=ada)[0]
    checks.equal((message["state"], message["provider"], message["sentAt"]), ("SENT", "smtp", "2026-03-02T11:45:00Z"),
                 "Exim took the mail of stage 1, at its instant")
    mail = exim.wait_mail("ada@example.org")
    if checks.ok(mail is not None, "it arrives in the maildir", exim.log()):
        check_headers(mail, message, event)
        link = check_bodies(mail)
        check_invite(mail)
        check_link(server, exim, link, event)
    nobody_answers(server, exim)
    checks.ok(SECRET not in server.log() and "Größe" not in server.log(), "neither password nor text is logged")
    checks.equal(server.end(), 0, "it stops well")


def nobody_answers(server, exim):
    """Nobody joins: the ladder's mail goes the same way, and a check-in stops what is left of it."""
    eve = server.add_user("Eve", email="eve@example.org", phone="+14155550112")
    event = server.push(eve, "review", "2026-03-02T14:00:00Z")
    server.advance(5 * 3600 - STAGE_1 - 3600 + 300)
    checks.equal([server.stages(event)[stage][0] for stage in (1, 2, 3)], ["DELIVERED"] * 3,
                 "nobody answers: mail by SMTP, message and call by the mock")
    incident = server.meeting(event).get("incidentId")
    steps = server.get(f"/incidents/escalations/{incident}")["steps"]
    checks.equal((steps[0]["stepType"], steps[0]["status"]), ("EMAIL", "EXECUTED"), "the ladder's first step is a mail")
    mails = live.wait_until(lambda: [*exim.news("eve@example.org")] if exim.log().count("=> eve") > 1 else None) or []
    checks.equal(len(mails), 2, "both mails arrive", exim.log())
    if len(mails) == 2:
        checks.equal(mails[1]["Message-ID"], f"<{steps[0]['messageId']}@tocsin.example>", "the second is the ladder's")
    answer = server.ask("POST", f"/meetings/{event}/checkin", {"userId": eve, "status": "JOINED"}).body
    checks.equal(answer["action"], "JOINED_CONFIRMED", "the check-in is taken")
    steps = server.get(f"/incidents/escalations/{incident}")["steps"]
    checks.equal([one["status"] for one in steps[1:]], ["CANCELLED"] * 3, "and the ladder stops at once")


def unsubscribe(exim):
    """One click ends the mails to an address, and nothing else."""
    server = live.Tocsin(checks, "unsubscribe", at=MORNING, **exim.settings(OPERATOR_EMAIL="operator@example.org"))
    ida = server.add_user("Ida", email="ida@example.org", phone="+14155550170", locale="es-MX")
    first = server.push(ida, "first", NOON)
    server.advance(STAGE_1)
    mail = exim.wait_mail("ida@example.org")
    checks.equal(mail and str(mail["Return-Path"]).strip("<>"), "alerts@tocsin.example",
                 "without EMAIL_BOUNCE_DOMAIN bounces come back to the sender's address")
    checks.equal(mail and mail["Subject"], "Empieza pronto, a las 12:00: first", "the mail is in the person's language")
    url = str(mail["List-Unsubscribe"]).strip("<>")
    page = live.request(url)
    checks.equal(page.status, 200, "the link shows a page")
    checks.ok('<html lang="es">' in page.text, "in the person's language", page.text)
    checks.ok("<form" in page.text and "i…@example.org" in page.text and "ida@" not in page.text,
              "with a button, and the address in part", page.text)
    checks.equal(server.stages(server.push(ida, "looked", "2026-03-02T13:00:00Z"))[1][0], "PENDING", "a look ends nothing")
    for _ in range(2):
        done = live.request(url, "POST", "List-Unsubscribe=One-Click", {"Content-Type": "application/x-www-form-urlencoded"})
        checks.equal(done.status, 200, "one click is taken, as often as it comes")
    checks.ok("<form" not in done.text and "Ya no se enviará correo" in done.text, "and said to be done", done.text)
    second = server.push(ida, "second", "2026-03-02T14:00:00Z")
    server.advance(2 * 3600 + 15 * 60)
    checks.equal(server.stages(second)[1], ("DELIVERED", "suppressed:opted_out"), "a later stage takes another channel")
    checks.equal(server.messages(subjectId=second, channel="EMAIL"), [], "no mail goes out any more")
    checks.equal([server.stages(second)[stage][0] for stage in (2, 3)], ["DELIVERED"] * 2, "message and call do")
    checks.equal([server.stages(first)[stage][0] for stage in (1, 2, 3)], ["DELIVERED"] * 3, "as before")
    checks.equal(exim.news("ida@example.org"), [], "nothing arrives")
    told = exim.news("operator@example.org")
    checks.equal([one["List-Unsubscribe"] for one in told], [None] * len(told), "mail to the operator has no such link")
    bad = live.request(url[:-1] + ("A" if url[-1] != "A" else "B"), "POST")
    checks.equal(bad.status, 404, "a link that was tampered with is refused")
    crossed = live.request(url.replace("/u/", "/l/"))
    checks.equal(crossed.status, 404, "and it is no link to a meeting")
    server.end()


def moved(exim):
    """A meeting that moves is mailed again, and its invite counts more than the one before: calendars keep the newer one."""
    server = live.Tocsin(checks, "moved", at=MORNING, **exim.settings())
    user = server.add_user("Mia", email="mia@example.org", phone="+14155550142")
    server.push(user, "moved-1@example.org", NOON)
    server.advance(STAGE_1)
    first = exim.wait_mail("mia@example.org")
    server.push(user, "moved-1@example.org", "2026-03-02T13:00:00Z")
    server.advance(3600)
    second = exim.wait_mail("mia@example.org")
    if checks.ok(first is not None and second is not None, "both mails arrive", exim.log()):
        found = [[line for part in mail.walk() if part.get_content_type() == "application/ics" for line in ics_lines(part)
                  if line.startswith(("UID", "SEQUENCE", "DTSTART"))] for mail in (first, second)]
        checks.equal([sorted(lines) for lines in found],
                     [["DTSTART:20260302T120000Z", "SEQUENCE:0", "UID:moved-1@example.org"],
                      ["DTSTART:20260302T130000Z", "SEQUENCE:1", "UID:moved-1@example.org"]], "the same UID, one SEQUENCE more")
        checks.ok(first["Message-ID"] != second["Message-ID"] and first["References"] == second["References"],
                  "a mail of its own in the same thread")
    server.end()


def seconds_between(messages):
    times = [datetime.datetime.fromisoformat(one["createdAt"].replace("Z", "+00:00")) for one in messages]
    return [round((after - before).total_seconds()) for before, after in zip(times, times[1:])]


def attempts(server, user):
    return [one for one in server.messages(userId=user, channel="EMAIL") if one["subjectType"] == "MEETING"]


def refusals(exim):
    """What a refusal means is told by the row; the stage goes on by another channel, and the later ones fire (V3)."""
    server = live.Tocsin(checks, "refusals", at=MORNING, **exim.settings())
    rows = [
        # local part, attempts, category, words of the reason, class, code
        ("greylisted", 4, "rate_limited", "451", "AGAIN", "451 4.7.1"),
        ("full", 2, "unreachable", "452", "AGAIN", "452 4.2.2"),
        ("over", 2, "unreachable", "552", "AGAIN", "552 5.2.2"),
        ("busy", 4, "provider_error", "450", "AGAIN", "450 4.3.2"),
        ("closing", 4, "provider_error", "421", "AGAIN", "421 4.3.2"),
        ("nobody", 1, "invalid_number", "550", "RECIPIENT", "550 5.1.1"),
        ("policy", 1, "carrier_rejected", "550", "OURS", "550 5.7.1"),
        ("spam", 1, "carrier_rejected", "554", "OURS", "554 5.7.1"),
    ]
    people = {name: server.add_user(name, email=f"{name}@example.org", phone=f"+1415555020{i}")
              for i, (name, *_) in enumerate(rows)}
    events = {name: server.push(user, f"m-{name}", NOON) for name, user in people.items()}
    server.advance(STAGE_1 + 1)
    checks.equal(server.stages(events["greylisted"])[1][0], "SENDING", "after a 4xx the stage is not given up")
    # The mail server's own failures may open its breaker, in whatever order the answers come: then the rest waits for its turn.
    server.advance(29 + 240)
    for name, count, category, words, what, code in rows:
        tries = attempts(server, people[name])
        checks.equal(len(tries), count, f"{name}: {count} attempts")
        pauses = [20] if category == "unreachable" else [2, 4, 8][:count - 1]
        # The third failure in a row of the server's own opens its breaker for 30 s, then 60 and 120; the order is up to Exim.
        allowed = [pauses] + ([[2, 4, 34], [2, 4, 94], [2, 4, 214]] if count == 4 else [])
        checks.ok(seconds_between(tries) in allowed, f"{name}: with back-off", seconds_between(tries))
        checks.equal({(one["state"], one.get("category")) for one in tries}, {("FAILED", category)},
                     f"{name}: each is FAILED with its category", [one.get("error") for one in tries])
        checks.like(tries[-1].get("error"), words, f"{name}: the reason quotes the server")
        checks.equal({(one.get("failureClass"), one.get("code")) for one in tries}, {(what, code)},
                     f"{name}: with what to do about it, and the server's codes")
        checks.equal(len({one["id"] for one in tries}), count, f"{name}: each attempt is a row of its own")
        status, reason = server.stages(events[name])[1]
        checks.equal((status, reason), ("DELIVERED", f"email_failed:{category}"),
                     f"{name}: the stage goes on by the next channel, and says why")
    server.advance(14 * 60)
    for name, *_ in rows:
        stages = server.stages(events[name])
        checks.equal([stages[2][0], stages[3][0]], ["DELIVERED", "DELIVERED"], f"{name}: the later stages fire all the same")
    # One of before may still be on its way into the mailbox.
    arrived = [str(mail["To"]) for mail in exim.news()]
    checks.equal([to for to in arrived if any(f"{name}@example.org" in to for name in people)], [], "no mail of these arrived", arrived)
    server.end()


def patience(exim):
    """A retry ends with its stage's interval, not later."""
    server = live.Tocsin(checks, "patience", at=MORNING,
                         **exim.settings(QUEUE_RETRY_ATTEMPTS="10", QUEUE_RETRY_BACKOFF_DELAY="60000"))
    user = server.add_user("Gil", email="greylisted@example.org", phone="+14155550130")
    event = server.push(user, "m", NOON)
    server.advance(STAGE_1 + 8 * 60)
    checks.equal(seconds_between(attempts(server, user)), [60, 120], "retries go on while the stage is valid")
    status, reason = server.stages(event)[1]
    checks.equal((status, reason), ("DELIVERED", "email_failed:rate_limited"), "and then another channel takes over")
    server.advance(6 * 60)
    checks.equal([server.stages(event)[stage][0] for stage in (2, 3)], ["DELIVERED"] * 2, "the later stages fire")
    server.end()


def wrong_password(exim):
    server = live.Tocsin(checks, "login", at=MORNING, **exim.settings(SMTP_PASSWORD="wrong-Passw0rd"))
    user = server.add_user("Ada", email="ada@example.org", phone="+14155550140")
    event = server.push(user, "m", NOON)
    server.advance(STAGE_1 + 60)
    tries = attempts(server, user)
    checks.equal([(one["state"], one.get("category")) for one in tries], [("FAILED", "auth")],
                 "a wrong password is category auth and is not tried again", tries)
    checks.equal(server.stages(event)[1], ("DELIVERED", "email_failed:auth"), "another channel takes over")
    shown = server.log() + str(tries) + str(server.stages(event)) + str(server.get("/audit", subjectId=event))
    checks.ok("wrong-Passw0rd" not in shown, "the password is told nowhere")
    server.end()


def no_tls(exim):
    """No TLS that we accept is a matter of settings: one attempt, another channel, and the operator is told by another channel."""
    cases = [
        # name, settings, words of curl
        ("untrusted", {"SMTP_CA_FILE": ""}, "certificate"),
        ("not offered", {"SMTP_PORT": str(exim.clear_port)}, "STARTTLS"),
        ("wrong port", {"SMTP_PORT": str(exim.clear_port), "SMTP_SECURE": "tls"}, "SSL"),
    ]
    for name, settings, words in cases:
        server = live.Tocsin(checks, f"tls-{name.replace(' ', '-')}", at=MORNING,
                             **exim.settings(OPERATOR_EMAIL="operator@example.org", OPERATOR_PHONE="+14155550199", **settings))
        user = server.add_user("Ada", email="ada@example.org", phone="+14155550141")
        event = server.push(user, "m", NOON)
        server.advance(STAGE_1 + 60)
        tries = attempts(server, user)
        checks.equal([(one["state"], one.get("category"), one.get("failureClass"), one.get("code")) for one in tries],
                     [("FAILED", "auth", "OURS", "TLS")], f"{name}: a fault of settings, which is not tried again", tries)
        checks.like(tries[0].get("error"), f"no TLS that we accept: .*{words}", f"{name}: with the reason")
        checks.equal(server.stages(event)[1], ("DELIVERED", "email_failed:auth"), f"{name}: another channel takes over")
        told = [one["channel"] for one in server.messages() if one.get("target") == "OPERATOR"]
        checks.equal(told, ["SMS"], f"{name}: the operator is told, and not by mail", server.messages())
        checks.like(server.log(), "smtp cannot be used with our settings: .*no TLS", f"{name}: in so many words")
        server.end()
    checks.equal(exim.news(), [], "no mail went out without TLS")


def server_down():
    """Nobody listens: nothing was sent, so it is tried again, and the mail arrives when the server is back."""
    exim = Exim(checks, "later")
    exim.start()  # Makes its certificates, which Tocsin reads at its start.
    exim.stop()
    server = live.Tocsin(checks, "down", at=MORNING, **exim.settings())
    user = server.add_user("Ada", email="ada@example.org", phone="+14155550150")
    server.push(user, "m", NOON)
    server.advance(STAGE_1 + 2)
    tries = attempts(server, user)
    checks.equal([(one["state"], one.get("category")) for one in tries], [("FAILED", "network")] * 2,
                 "a server that is down is category network, and is tried again", tries)
    exim.start()
    server.advance(4)
    tries = attempts(server, user)
    checks.equal([one["state"] for one in tries], ["FAILED", "FAILED", "SENT"], "the third attempt is taken", tries[-1])
    mail = exim.wait_mail("ada@example.org")
    checks.ok(mail is not None and mail["Message-ID"] == f"<{tries[-1]['id']}@tocsin.example>",
              "and its mail arrives, once", exim.log())
    live.wait_until(lambda: exim.log().count("=> ") > 0)
    checks.equal(exim.log().count("=> "), 1, "no other copy was taken", exim.log())
    server.end()
    exim.stop()


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def slow_server(exim):
    """By the real clock: Exim takes 8 s over one person's mail, and nobody else notices."""
    server = live.Tocsin(checks, "slow", FEATURE_SCHEDULER_ENABLED="false", **exim.settings())
    slow = server.add_user("Sal", email="slower@example.org", phone="+14155550160")
    quick = server.add_user("Quinn", email="quinn@example.org", phone="+14155550161")
    now = datetime.datetime.now(datetime.timezone.utc)

    def in_seconds(seconds):
        return (now + datetime.timedelta(seconds=seconds)).isoformat()
    mail = server.push(slow, "mail", in_seconds(720))  # Inside stage 1: it goes out at once.
    others = [server.push(quick, "mail", in_seconds(720)), server.push(slow, "message", in_seconds(240)),
              server.push(quick, "message", in_seconds(240)), server.push(quick, "call", in_seconds(100))]
    sent = live.wait_until(lambda: server.stages(mail)[1][0] == "DELIVERED", 30)
    checks.ok(sent, "the slow mail is taken in the end", server.messages(subjectId=mail), server.log())

    def sent_at(event):
        times = [instant(one["sentAt"]) for one in server.messages(subjectId=event) if "sentAt" in one]
        return max(times) if times else None
    took = sent_at(mail) - instant(server.messages(subjectId=mail)[0]["createdAt"])
    checks.ok(took.total_seconds() >= 8, "Exim took its 8 s", took)
    for event in others:
        meeting = server.meeting(event)
        checks.ok(sent_at(event) is not None and sent_at(event) < sent_at(mail) - datetime.timedelta(seconds=2),
                  f"long before, the {meeting['externalId']} of {'Sal' if meeting['userId'] == slow else 'Quinn'} went out",
                  server.messages(subjectId=event))
    checks.ok(exim.wait_mail("slower@example.org") is not None, "the slow mail arrives")
    checks.ok(exim.wait_mail("quinn@example.org") is not None, "so does the other")
    server.end()


def burst(exim):
    """A hundred mails at one instant: each is taken, and arrives once."""
    count = 100
    server = live.Tocsin(checks, "burst", at=MORNING, **exim.settings())
    people = [server.add_user(f"Person {number}", email=f"burst{number}@example.org") for number in range(count)]
    for user in people:
        server.push(user, "m", NOON)
    server.advance(STAGE_1)
    sent = server.messages(channel="EMAIL")
    checks.equal({one["state"] for one in sent}, {"SENT"}, f"{count} mails at one instant are all taken")
    checks.equal([one["attempt"] for one in sent], [1] * count, "each at its first attempt")
    mails = []
    live.wait_until(lambda: mails.extend(exim.news()) or len(mails) >= count)
    checks.equal(sorted(mail["Message-ID"] for mail in mails), sorted(f"<{one['id']}@tocsin.example>" for one in sent),
                 "and arrive once each")
    server.end()


def send_test(exim):
    def send(*words, **others):
        return live.run_tocsin(checks, "send-test", *words, **exim.settings(**others))
    code, out, err = send("--channel", "email", "--to", "test@example.org")
    checks.equal(code, 0, "send-test ends with 0 when the mail is taken", out, err)
    checks.like(out, r"smtp took it: [0-9a-f-]{36}", "and names the attempt")
    mail = exim.wait_mail("test@example.org")
    checks.ok(mail is not None and out.split("took it: ")[-1].split()[0] in mail["Message-ID"], "which is the mail that arrives")
    code, out, err = send("--channel", "email", "--to", "implicit@example.org", SMTP_SECURE="tls",
                          SMTP_PORT=str(exim.tls_port))
    checks.equal(code, 0, "TLS from the first byte", out, err)
    mail = exim.wait_mail("implicit@example.org")
    checks.like(str(mail and mail["Received"]), "esmtpsa", "its mail arrives over TLS with a login")
    for to, words in (("nobody@example.org", "invalid_number.*550"), ("greylisted@example.org", "rate_limited.*451")):
        code, out, err = send("--channel", "email", "--to", to)
        checks.equal(code, 1, f"{to}: 1 when the server refuses it", out, err)
        checks.like(err, words, f"{to}: with category and reason")
    code, out, err = send("--channel", "email", "--to", "test@example.org", SMTP_PASSWORD="wrong-Passw0rd")
    checks.ok(code == 1 and "auth" in err and "wrong-Passw0rd" not in out + err, "1 on a wrong password, not shown", code,
              err)
    code, out, err = send("--channel", "email", "--to", "test@example.org", SMTP_CA_FILE="")
    checks.ok(code == 1 and re.search("certificate|TLS|SSL", err, re.I),
              "1 where the certificate's authority is not trusted", err)
    code, out, err = send("--channel", "email", "--to", "test@example.org", SMTP_PORT=str(exim.clear_port),
                          SMTP_SECURE="tls")
    checks.equal(code, 1, "1 where TLS is spoken to a port without", out, err)
    code, out, err = send("--channel", "email", "--to", "test@example.org", SMTP_PORT=str(live.free_ports(1)[0]))
    checks.ok(code == 1 and "network" in err, "1 where nobody listens", code, err)
    code, out, err = send("--channel", "email", "--to", "x@y> NOTIFY=NEVER")
    checks.equal(code, 1, "1 for an address that would add commands", out, err)
    checks.equal(send("--channel", "email")[0], 2, "2 without --to")
    checks.equal(send("--channel", "pigeon", "--to", "a@example.org")[0], 2, "2 for a channel that does not exist")
    checks.equal(send("--channel", "email", "--to", "a@example.org", "--loud")[0], 2, "2 for an option that does not exist")
    code, out, err = send("--channel", "email", "--to", "a@example.org", SMTP_PASSWORD="")
    checks.ok(code in (1, 2) and "SMTP_PASSWORD" in err, "a missing password is named", code, err)
    for name, value in (("SMTP_USER", ""), ("SMTP_CA_FILE", "/no/such/file")):
        code, out, err = live.run_tocsin(checks, "check-config", **exim.settings(**{name: value}))
        checks.ok(code != 0 and name in err, f"check-config names {name} that is {value or 'missing'}", code, out, err)
    checks.equal(exim.news(), [], "none of those arrived")


def main():
    exim = Exim(checks, "exim")
    exim.start()
    main_job(exim)
    unsubscribe(exim)
    moved(exim)
    refusals(exim)
    patience(exim)
    wrong_password(exim)
    no_tls(exim)
    server_down()
    slow_server(exim)
    burst(exim)
    send_test(exim)
    exim.stop()


checks.run(main)
