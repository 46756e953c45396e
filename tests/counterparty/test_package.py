#!/usr/bin/env python3
"""The Debian package of script/package: lintian finds nothing, twice made it is the same byte for byte; installed, upgraded,
removed and purged in a copy of this system that is thrown away, with the server started as its user each time; an
administrator's settings and the data survive what they should. The completions are typed into a real bash and a real zsh."""
import hashlib
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from live import BUILD, ROOT, Checks, free_ports, need, request, skip, wait_until  # noqa: E402

need("dpkg-deb", "lintian", "strip")
BASE = os.environ.get("TOCSIN_DEBIAN_ROOT", "/")  # What is installed into: the root of a Debian 12, by debootstrap, say.
checks = Checks()


def run(*words, seconds=300, **more):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=seconds, **more)
    return done.returncode, done.stdout + done.stderr


def makes(folder):
    digests = []
    for name in ("one", "two"):
        code, said = run(ROOT / "script/package", "--build", BUILD, "--out", folder / name, cwd=ROOT)
        checks.ok(code == 0 and "nobody looked" not in said, f"the package is made, and lintian finds nothing ({name})", said)
        packages = list((folder / name).glob("*.deb"))
        digests.append(hashlib.sha256(packages[0].read_bytes()).hexdigest())
    checks.equal(digests[0], digests[1], "twice made it is the same, byte for byte")
    _, listed = run("dpkg-deb", "-c", packages[0])
    for path, mode in (("./usr/bin/tocsin", "-rwxr-xr-x"), ("./etc/tocsin/tocsin.conf", "-rw-r-----"), ("./lib/systemd/system/tocsin.service", "-rw-r--r--"),
                       ("./usr/share/man/man1/tocsin.1.gz", "-rw-r--r--"), ("./usr/share/zsh/vendor-completions/_tocsin", "-rw-r--r--")):
        checks.ok(re.search(rf"^{mode} root/root .* {re.escape(path)}$", listed, re.M), f"{path[1:]} is in it", listed)
    _, depends = run("dpkg-deb", "-f", packages[0], "Depends")
    checks.ok(all(library in depends for library in ("libc6", "libcurl4", "libpq5", "libssl3", "libsqlite3-0", "adduser")), "it says what it needs", depends)
    return packages[0]


def later_version(package, folder):
    """The same package as a version that comes after it."""
    stage = folder / "later"
    run("dpkg-deb", "-R", package, stage)
    control = stage / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: (.*)$", r"Version: \1+later", control.read_text(), flags=re.M))
    conf = stage / "etc/tocsin/tocsin.conf"
    conf.write_text(conf.read_text() + "\n# A line that the later version brings.\n")
    out = folder / "later.deb"
    run("dpkg-deb", "--root-owner-group", "--build", stage, out)
    return out


class Elsewhere:
    """A system of its own over BASE: what is written in it is gone at the end. Each command comes into it anew."""

    def __init__(self, folder):
        self.folder, self.root = folder, folder / "over/root"
        (folder / "over").mkdir()
        script = (f"mount -t tmpfs -o mode=0755 tocsin-test {folder}/over && cd {folder}/over && mkdir up work root && "
                  f"mount -t overlay overlay -o lowerdir={BASE},upperdir=up,workdir=work root && "
                  "mount -t proc proc root/proc && mount --bind /dev root/dev && mount -t tmpfs tmpfs root/run && echo here && exec cat")
        self.holder = subprocess.Popen(["unshare", "-m", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.is_there = self.holder.stdout.readline().strip() == "here"
        checks.at_end(self.holder.kill)

    def command(self, *words):
        return ["nsenter", "-t", str(self.holder.pid), "-m", "chroot", str(self.root), *map(str, words)]

    def run(self, *words):
        return run(*self.command(*words), env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"})

    def put(self, path, name):
        run("nsenter", "-t", self.holder.pid, "-m", "cp", path, self.root / "tmp" / name)
        return f"/tmp/{name}"


def starts(system, what, port):
    """The server as the unit starts it: its user, its settings. What the first line says."""
    words = system.command("setpriv", "--reuid=tocsin", "--regid=tocsin", "--clear-groups", "env", "-i", "PATH=/usr/bin:/bin",
                           f"TOCSIN_LISTEN=127.0.0.1:{port}", "sh", "-c",
                           "cd /var/lib/tocsin && umask 077 && exec tocsin serve --config /etc/tocsin/tocsin.conf")
    server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    first = server.stdout.readline()
    second = server.stdout.readline()
    try:
        status = request(f"http://127.0.0.1:{port}/readyz").status
    except OSError as error:
        status = error
    checks.equal(status, 200, f"{what}: the server runs as tocsin")
    server.terminate()
    server.wait(20)
    return first + second


def lives(package, folder):
    system = Elsewhere(folder)
    if not system.is_there:
        print("# no overlay can be mounted here: the package is not installed")
        return
    port = free_ports(1)[0]
    first, later = system.put(package, "first.deb"), system.put(later_version(package, folder), "later.deb")
    if BASE == "/":
        # What stands at the place of its files here must not count.
        system.run("rm", "-rf", "/etc/tocsin", "/var/lib/tocsin", "/usr/bin/tocsin")
    code, said = system.run("dpkg", "-i", first)
    checks.ok(code == 0, "it is installed", said)
    _, facts = system.run("stat", "-c", "%U:%G %a", "/var/lib/tocsin", "/etc/tocsin/tocsin.conf")
    checks.equal(facts.split("\n")[:2], ["tocsin:tocsin 700", "root:tocsin 640"], "its folder and its settings are its own")
    _, shell = system.run("getent", "passwd", "tocsin")
    checks.ok("nologin" in shell, "its user cannot log in", shell)
    said = starts(system, "installed", port)
    checks.ok("Admin key, shown this once" in said, "the first start makes a key", said)
    code, said = system.run("man", "-w", "tocsin") if BASE == "/" and shutil.which("man") else (0, "")
    checks.ok(code == 0, "its manual page is found", said)
    system.run("sh", "-c", "echo 'GRACE_PERIOD_MINUTES = 7' >> /etc/tocsin/tocsin.conf && chmod 0600 /etc/tocsin/tocsin.conf && chown tocsin /etc/tocsin/tocsin.conf")
    code, said = system.run("dpkg", "--force-confold", "-i", later)
    checks.ok(code == 0, "it is upgraded", said)
    _, version = system.run("dpkg-query", "-W", "-f", "${Version}", "tocsin")
    _, conf = system.run("cat", "/etc/tocsin/tocsin.conf")
    _, mode = system.run("stat", "-c", "%U %a", "/etc/tocsin/tocsin.conf")
    checks.ok(version.endswith("+later") and "GRACE_PERIOD_MINUTES = 7" in conf and mode.strip() == "tocsin 600",
              "and the administrator's settings and rights stay", (version, mode))
    said = starts(system, "upgraded", port)
    checks.ok("the one that the first start showed" in said, "with the data of before", said)
    code, said = system.run("dpkg", "--remove", "tocsin")
    _, left = system.run("ls", "/etc/tocsin/tocsin.conf", "/var/lib/tocsin/tocsin.db")
    checks.ok(code == 0 and "No such" not in left, "removed, settings and data are still there", said + left)
    code, said = system.run("dpkg", "-i", first)
    said = starts(system, "installed again", port)
    checks.ok("the one that the first start showed" in said, "and are used again", said)
    code, said = system.run("dpkg", "--purge", "tocsin")
    _, left = system.run("sh", "-c", "ls -d /etc/tocsin /var/lib/tocsin /lib/systemd/system/tocsin.service /usr/bin/tocsin 2>/dev/null")
    checks.ok(code == 0 and left.strip() == "", "purged, nothing is left", said + left)
    _, state = system.run("dpkg-query", "-W", "-f", "${Status}", "tocsin")
    checks.ok("no packages found" in state, "and dpkg knows nothing of it any more", state)


def typed(shell, setup, text, seconds=20):
    """What a shell shows when `text` is typed into it."""
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update({"TERM": "dumb", "PS1": "$ ", "HOME": "/nonexistent"})
        os.execvp(shell[0], shell)
    shown = b""

    def wait_for(what):
        nonlocal shown
        until = time.monotonic() + seconds
        while what not in shown and time.monotonic() < until:
            if select.select([terminal], [], [], 0.2)[0]:
                try:
                    shown += os.read(terminal, 4096)
                except OSError:
                    break

    os.write(terminal, (setup + "; echo re''ady\n").encode())
    wait_for(b"ready\r\n")
    shown = b""
    os.write(terminal, text.encode() + b"\t\t")
    time.sleep(0.5)
    os.write(terminal, b"\x01: \x05 ;echo do''ne\n")  # To the start of the line, so that it is not run.
    wait_for(b"done\r\n")
    os.kill(process, 9)
    os.waitpid(process, 0)
    os.close(terminal)
    return shown.decode(errors="replace")


def completes():
    bash = f"source {ROOT}/docs/reference/tocsin.bash; bind 'set bell-style none'; bind 'set enable-bracketed-paste off'"
    folder = checks.folder("zsh")
    shutil.copy(ROOT / "docs/reference/tocsin.zsh", folder / "_tocsin")
    zsh = f"fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D; setopt no_beep; bindkey -e"
    cases = (("tocsin bac", ["backup"]), ("tocsin ke", ["keys"]), ("tocsin keys create x --scope op", ["operator"]),
             ("tocsin serve --cl", ["--clock"]), ("tocsin serve --clock vir", ["virtual"]), ("tocsin re", ["restore"]))
    for shell, setup in ((["bash", "--norc", "--noprofile", "-i"], bash), (["zsh", "-f", "-i"], zsh)):
        if not shutil.which(shell[0]):
            print(f"# {shell[0]} is not installed")
            continue
        for text, wanted in cases:
            shown = typed(shell, setup, text)
            checks.ok(all(word in shown for word in wanted), f"{shell[0]}: \"{text}\" becomes {wanted[0]}", shown)
        shown = typed(shell, setup, "tocsin ")
        checks.ok(all(word in shown for word in ("serve", "migrate", "backup", "restore", "verify")), f"{shell[0]}: all commands are offered", shown)


def main():
    if os.geteuid() != 0:
        skip("a package is installed as root")
    folder = checks.folder("package")
    lives(makes(folder), folder)
    completes()


checks.run(main)
