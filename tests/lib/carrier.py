"""tests/lib/carrier.py: the fake carrier (sim/carrier_main.c) as a process beside a real Tocsin."""
import json
import re
import subprocess
import time

import live

ACCOUNT = {"TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000001", "TWILIO_AUTH_TOKEN": "token-of-twilio",
           "TWILIO_FROM_NUMBER": "+15005550006", "CALL_PROVIDER": "twilio", "SMS_PROVIDER": "twilio"}


class Carrier:
    def __init__(self, checks, public, speed=4):
        program = live.BUILD / "tocsin-carrier"
        if not program.exists():
            raise AssertionError(f"{program} is not built")
        self.process = subprocess.Popen([str(program), "--port", "0", "--public", public, "--speed", str(speed)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        checks.at_end(self.end)
        first = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", first)
        if not found:
            raise AssertionError(f"it did not start: {first!r}")
        self.port = int(found.group(1))
        self.url = f"http://127.0.0.1:{self.port}"

    def end(self):
        code = live.end_process(self.process)
        self.process.stdout.close()
        return code

    def say(self, *sentences):
        answer = live.request(f"{self.url}/_control/script", "POST", "\n".join(sentences).encode())
        if answer.status != 200:
            raise AssertionError(answer.text)

    def facts(self, kind=None, number=None):
        facts = json.loads(live.request(f"{self.url}/_control/journal").text)
        return [fact for fact in facts if kind in (None, fact["kind"]) and number in (None, fact["number"])]

    def wait(self, kind, number, count=1, seconds=live.PATIENCE_SECONDS):
        """The facts of a kind, once there are so many."""
        return live.wait_until(lambda: (found := self.facts(kind, number)) and len(found) >= count and found, seconds)


def moment(seconds):
    at = time.time() + seconds
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at * 1000) % 1000:03}Z"


def serve(checks, name, port, base_url, **settings):
    """A real server on a port that is known before, so that its public URL is."""
    return live.Tocsin(checks, name, TOCSIN_LISTEN=f"127.0.0.1:{port}", TOCSIN_PUBLIC_URL=f"http://127.0.0.1:{port}",
                       TWILIO_API_BASE_URL=base_url, **ACCOUNT, **settings)


def check_in_of(server, event):
    found = live.wait_until(lambda: server.meeting(event).get("checkin"))
    return (found or {}).get("status"), (found or {}).get("source")


def live_through(checks, server, carrier):
    """A call that is confirmed by key, a text that is answered, and a call that is stopped while it rings."""
    numbers = {"ada": "+14155550111", "bob": "+14155550112", "eve": "+14155550113"}
    users = {name: server.add_user(name, phone=number) for name, number in numbers.items()}
    carrier.say(f"phone {numbers['ada']} CALL press 1", f"phone {numbers['bob']} SMS reply in",
                f"phone {numbers['eve']} CALL ignore")
    calls = server.push(users["ada"], "board", moment(122), title="Board meeting")
    checks.ok(carrier.wait("pressed", numbers["ada"]), "the phone rang, was picked up, and a key was pressed",
              carrier.facts(), server.log())
    checks.equal(check_in_of(server, calls), ("JOINED", "AUTO_CALL"), "which is a check-in", server.log())
    spoken = " ".join(fact["text"] for fact in carrier.facts("spoke", numbers["ada"]))
    checks.like(spoken, "Board meeting", "the call says what it is about")

    texts = server.push(users["bob"], "review", moment(302), title="Review")
    checks.ok(carrier.wait("wrote", numbers["bob"]), "the text arrived, and was answered", carrier.facts(), server.log())
    checks.equal(check_in_of(server, texts), ("JOINED", "MANUAL_SMS"), "which is a check-in", server.log())
    message = live.wait_until(lambda: next((one for one in server.messages(userId=users["bob"], channel="SMS")
                                            if one["state"] == "DELIVERED"), None))
    checks.ok(message, "its receipt is known", server.messages(userId=users["bob"]))

    stopped = server.push(users["eve"], "lunch", moment(122), title="Lunch")
    checks.ok(carrier.wait("rang", numbers["eve"]), "a phone rings", server.log())
    answer = server.ask("POST", f"/meetings/{stopped}/checkin", {"userId": users["eve"], "status": "JOINED"})
    if answer.status == 404:
        answer = live.request(f"{server.url}/meetings/{stopped}/checkin", "POST",
                              json.dumps({"userId": users["eve"], "status": "JOINED"}).encode(),
                              {"Authorization": f"Bearer {live.ADMIN_KEY}", "Content-Type": "application/json"})
    checks.equal(answer.status, 200, "its person checks in", answer.text)
    checks.ok(carrier.wait("stopped", numbers["eve"]), "and it stops", carrier.facts(), server.log())
    checks.equal(carrier.facts("picked-up", numbers["eve"]), [], "before anybody picked it up")
    checks.equal(carrier.facts("wrong"), [], "the provider holds nothing against us")
    checks.equal([len(carrier.facts("rang", number)) for number in numbers.values()], [1, 0, 1],
                 "no phone rang more often than it should")
