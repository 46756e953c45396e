"""What the figures were measured on, and what that machine does without Tocsin."""
import datetime
import os
import pathlib
import platform
import re
import subprocess


def version_of(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout.strip().splitlines()[0]
    except (OSError, IndexError):
        return f"{command[0]} is not there"


def describe(build, folder, peers):
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1)) / 1e6
    system = re.search(r'PRETTY_NAME="?([^"\n]*)', pathlib.Path("/etc/os-release").read_text())
    return {"processor": cpu.group(1).strip() if cpu else platform.machine(), "cores": os.cpu_count(), "memoryGB": round(memory),
            "kernel": platform.release(), "system": system.group(1) if system else "",
            "disk": " ".join(version_of("findmnt", "-no", "FSTYPE,SOURCE", "--target", str(folder)).split()),
            "versions": {"tocsin": version_of(str(build / "tocsin"), "version"),
                         "sqlite": version_of("pkg-config", "--modversion", "sqlite3"), "nginx": version_of("nginx", "-v"), **peers}}


def facts(root, mode):
    """What may differ from one bench to the next."""
    def git(*words):
        done = subprocess.run(["git", *words], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        return done.stdout.strip()
    return {"mode": mode, "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "commit": git("rev-parse", "--short=12", "HEAD") or "none", "isChanged": bool(git("status", "--porcelain", "-uno")),
            "load": round(os.getloadavg()[0], 2)}
