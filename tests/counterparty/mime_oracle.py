#!/usr/bin/env python3
"""Reads the mails that mime_oracle writes with Python's email package and compares.

Usage: mime_oracle.py PROGRAM
Prints "mime: N messages compared, 0 differ" and ends with 0 when nothing differs and something was
compared.
"""

import email
import email.header
import email.policy
import email.utils
import subprocess
import sys


def unhex(field):
    if field == "-":
        return None
    return "" if field == "." else bytes.fromhex(field).decode("utf-8")


def as_lines(text):
    """Line ends as a mail has them: one kind, and one at the end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.endswith("\n") else text + "\n"


def from_part(part):
    """A text part as lines. A blank line before a boundary belongs to the boundary."""
    return part.get_content().replace("\r\n", "\n")


def name_by_rfc_2047(raw, header):
    """The display name by the older half of the package.

    The address parser of policy.default (in Python 3.11 at least) puts a space between adjacent
    encoded words, which RFC 2047 6.2 forbids, and collapses white space inside of one. So it is
    asked for the name without its white space, and the exact name is taken from email.utils and
    email.header.
    """
    value = email.message_from_bytes(raw, policy=email.policy.compat32)[header]
    name, _ = email.utils.parseaddr(value.replace("\r\n", ""))
    return str(email.header.make_header(email.header.decode_header(name))) if name else ""


def check_names(message, raw, to_name, from_name):
    for header, wanted in (("to", to_name or ""), ("from", from_name or "")):
        yield f"{header} name", name_by_rfc_2047(raw, header), wanted
        parsed = message[header].addresses[0].display_name
        yield f"{header} name without spaces", "".join(parsed.split()), "".join(wanted.split())


def check_headers(message, number, subject):
    yield "subject", message["subject"], subject
    yield "to", message["to"].addresses[0].addr_spec, "anna.o'neil+x@mail.example.org"
    yield "to count", len(message["to"].addresses), 1
    yield "from", message["from"].addresses[0].addr_spec, "alerts@example.com"
    yield "message id", message["message-id"], f"<a1-{number}@example.com>"
    thread = "<t-1@example.com>" if number % 2 == 0 else None
    yield "in reply to", message["in-reply-to"], thread
    yield "references", message["references"], thread
    yield "date", message["date"].datetime.isoformat(), "2026-01-05T09:00:00+00:00"
    yield "auto-submitted", message["auto-submitted"], "auto-generated"
    yield "suppress", message["x-auto-response-suppress"], "All"
    yield "headers", len(message.keys()), len(set(message.keys()))
    yield "bcc", message["bcc"], None


def check_bodies(message, text, html, invite):
    plain = message.get_body(("plain",))
    yield "text", from_part(plain), as_lines(text)
    rich = message.get_body(("html",))
    yield "html", rich and from_part(rich), html and as_lines(html)
    kinds = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
    wanted = ["text/plain"] + (["text/html"] if html else [])
    yield "kinds", kinds, wanted + (["text/calendar", "application/ics"] if invite else [])
    attachments = list(message.iter_attachments()) if message.is_multipart() and invite else []
    yield "attachments", len(attachments), 1 if invite else 0
    if invite:
        calendar = [p for p in message.walk() if p.get_content_type() == "text/calendar"][0]
        method = [line[7:] for line in invite.split("\r\n") if line.startswith("METHOD:")][0]
        yield "calendar", calendar.get_payload(decode=True), invite.encode()
        yield "method", calendar.get_param("method"), method
        yield "attachment", attachments[0].get_content(), invite.encode()
        yield "filename", attachments[0].get_filename(), "invite.ics"


def check_bytes(raw):
    rest = raw.replace(b"\r\n", b"")
    yield "bare line ends", rest.count(b"\r") + rest.count(b"\n"), 0
    yield "ascii", raw.isascii(), True
    yield "long lines", [line for line in raw.split(b"\r\n") if len(line) > 78], []


def compare(number, fields):
    raw = bytes.fromhex(fields[0])
    subject, to_name, from_name, text, html, invite = map(unhex, fields[1:])
    message = email.message_from_bytes(raw, policy=email.policy.default)
    checks = list(check_bytes(raw))
    checks += check_headers(message, number, subject)
    checks += check_names(message, raw, to_name, from_name)
    checks += check_bodies(message, text, html, invite)
    defects = [defect for part in message.walk() for defect in part.defects]
    checks.append(("defects", defects, []))
    bad = [check for check in checks if check[1] != check[2]]
    for name, got, wanted in bad:
        print(f"mail {number}: {name}: got {got!r}, wanted {wanted!r}")
    return not bad


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    run = subprocess.run([sys.argv[1]], capture_output=True, text=True, check=False)
    lines = run.stdout.splitlines()
    different = sum(not compare(number, line.split(" ")) for number, line in enumerate(lines))
    print(f"mime: {len(lines)} messages compared, {different} differ")
    if run.returncode != 0:
        print(run.stderr)
    sys.exit(0 if lines and different == 0 and run.returncode == 0 else 1)


if __name__ == "__main__":
    main()
