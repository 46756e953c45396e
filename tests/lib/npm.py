"""tests/lib/npm.py: programs and libraries of others that tests are held against, installed by npm.

Each stands in a folder tests/counterparty/<name>_npm with package.json and package-lock.json, which pins all that comes along by
its hash. The lock files name no registry (omit-lockfile-registry-resolved), so that npm's own settings say where to look.
"""
import fcntl
import pathlib
import shutil
import subprocess

import live

COUNTERPARTY = pathlib.Path(__file__).resolve().parent.parent / "counterparty"
INSTALL_SECONDS = 200


def install(name):
    """The folder in the build directory in which the packages are, and copies of the other files. Skips where npm cannot."""
    npm = live.need("npm", "node")[0]
    source, folder = COUNTERPARTY / name, live.BUILD / f"counterparty-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    wanted, stamp = (source / "package-lock.json").read_bytes(), folder / "installed.json"
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for path in source.iterdir():
            shutil.copyfile(path, folder / path.name)
        if stamp.exists() and stamp.read_bytes() == wanted:
            return folder
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        try:
            done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=INSTALL_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            live.skip(f"npm did not install {name} in time")
        if done.returncode != 0:
            live.skip(f"npm cannot install {name} here: " + " ".join(done.stderr.split())[-200:])
        stamp.write_bytes(wanted)
    return folder
