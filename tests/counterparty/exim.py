"""tests/counterparty/exim.py: the mail server of exim.sh for scripts: its settings for Tocsin, and the mail that arrives."""
import email
import email.policy
import os
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import live  # noqa: E402  (tests/lib/live.py)

HERE = pathlib.Path(__file__).resolve().parent
SECRET = "secret"


class Exim:
    """A mail server of our own. Its mail lies in maildir, in the order of arrival."""

    def __init__(self, checks, name):
        self.checks = checks
        self.folder = checks.folder(name)
        checks.work.chmod(0o755)  # Exim's own user must reach its folder.
        self.port, self.tls_port, self.clear_port = live.free_ports(3)
        self.seen = set()

    def start(self):
        words = ["sh", str(HERE / "exim.sh"), str(self.folder), str(self.port), str(self.tls_port), str(self.clear_port)]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        if done.returncode == live.SKIPPED:
            live.skip(done.stdout.strip())
        if done.returncode != 0 or not live.wait_until(lambda: live.listens(self.port)):
            raise AssertionError(f"Exim did not start: {done.stdout}{done.stderr}")
        self.checks.at_end(self.stop)

    def stop(self):
        file = self.folder / "exim.pid"
        if file.exists():
            os.kill(int(file.read_text()), signal.SIGTERM)
            # The daemon leaves its deliveries and connections to end by themselves.
            live.wait_until(lambda: not live.runs_with(self.folder / "exim.conf"))
            file.unlink(missing_ok=True)

    def settings(self, **others):
        return {"SMTP_HOST": "localhost", "SMTP_PORT": str(self.port), "SMTP_SECURE": "starttls", "SMTP_USER": "alice",
                "SMTP_PASSWORD": SECRET, "SMTP_CA_FILE": str(self.folder / "ca.pem"),
                "EMAIL_FROM": "Tocsin <alerts@tocsin.example>", **others}

    def news(self, to=None):
        """What has arrived since the last look, for one recipient or for all."""
        found = []
        fresh = [path for path in (self.folder / "mailbox/new").iterdir() if path.name not in self.seen]
        for path in sorted(fresh, key=lambda one: one.stat().st_mtime_ns):
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if to is None or mail["Envelope-To"].strip() == to:
                self.seen.add(path.name)
                found.append(mail)
        return found

    def wait_mail(self, to):
        found = live.wait_until(lambda: self.news(to))
        return found[0] if found else None

    def log(self):
        path = self.folder / "queue/main.log"
        return path.read_text(errors="replace") if path.exists() else ""
