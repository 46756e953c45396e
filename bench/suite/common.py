"""What all benches share: times, percentiles, ports, processes."""
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import signal
import socket
import time


class Failure(Exception):
    """What makes a figure worthless."""


def iso(seconds):
    at = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def percentile(sorted_values, part):
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * part))]


def lateness_of(milliseconds):
    """The three figures that are told of many lateness values."""
    late = sorted(milliseconds)
    return {"p50Ms": percentile(late, 0.5), "p99Ms": percentile(late, 0.99), "maxMs": late[-1]}


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_answering(port):
    with contextlib.closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(is_done, seconds, what):
    """Looks every 5 ms; what is not so in time is a Failure."""
    end = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > end:
            raise Failure(f"{what} took longer than {seconds:.0f} s")
        time.sleep(0.005)


def processor_seconds(pid):
    """The processor's seconds of a process so far, of all threads that it has; 0 where it has ended."""
    nanoseconds = 0
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):
            nanoseconds += int(task.read_text().split()[0])
    return nanoseconds / 1e9


def children_of(pid):
    """The process and all that descend from it."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                found += children_of(int(child))
    return found


def memory_of(pid, name="VmRSS"):
    """Bytes that a process holds in memory; VmHWM for the most that it ever held."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise Failure(f"/proc/{pid}/status does not tell {name}")


def signal_all(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def stop_process(process, how=signal.SIGTERM, seconds=60):
    """Ends a process that this bench started, at last by force."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.send_signal(how)
        try:
            process.wait(seconds)
        except Exception:  # Whatever keeps it from ending must not keep the others from being ended.
            process.kill()
            process.wait()


def drop_from_cache(paths):
    """Writes files out and asks the kernel to forget their pages: the next reader finds a cold cache."""
    for path in paths:
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def files_below(folder):
    return [path for path in pathlib.Path(folder).rglob("*") if path.is_file()]


def size_of(paths):
    return sum(path.stat().st_size for path in paths if path.exists())


def request(port, key, path, body=None):
    """(status, text) of one request; a body makes it a POST."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
