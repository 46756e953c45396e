"""tests/torture/bugs.py: bugs that are planted in a copy of the tree, to see that script/torture finds each (script/torture --prove)."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

KILLS = 20
# Name, file, what stands there, what is put in its place.
BUGS = (
    ("an answer goes out before its commit is durable", "src/service/executor.c",
     "    if (owes || !has_anything(executor, NULL)) {\n        flush(executor);\n    }\n", "    (void)owes;\n    tell_events(executor);\n"),
    ("a restart forgets the steps that wait", "src/store/timers.c",
     "        if (subjects[kind].is_known) {\n", "        if (subjects[kind].is_known && kind != timer_kind_STEP) {\n"),
    ("the answer to an Idempotency-Key is not kept", "src/api/once.c",
     "    return idempotency_keep(op, &call->once, &call->kept);\n", "    (void)op;\n    return OK;\n"),
    ("everything is done a second before it is due", "src/service/executor.c",
     "    return executor->site->clock.now(executor->site->clock.context);\n",
     "    return instant_add(executor->site->clock.now(executor->site->clock.context), SECONDS(1));\n"),
)


def run(words, folder, **environment):
    return subprocess.run([str(word) for word in words], cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True)


def must(words, folder):
    done = run(words, folder)
    if done.returncode != 0:
        raise SystemExit(f"{words}: {(done.stdout + done.stderr)[-2000:]}")


def copy_tree(root, tree):
    for name in run(["git", "ls-files"], root).stdout.split():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, tree / name)


def try_bug(tree, bug, seed, kills):
    """What failed; nothing where the bug was not found."""
    _, name, right, wrong = bug
    path = tree / name
    text = path.read_text(encoding="utf-8")
    if text.count(right) != 1:
        raise SystemExit(f"{name} has changed: {right!r} stands there {text.count(right)} times")
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    must(["ninja", "-C", "build", "tocsin"], tree)
    done = run(["script/torture", "--kills", kills, "--seed", seed], tree, TOCSIN_BUILD=str(tree / "build"), TOCSIN_ROOT=str(tree))
    path.write_text(text, encoding="utf-8")
    return re.findall(r"^not ok \d+ - (.*)$", done.stdout, re.M)


def prove(root, seed, kills=KILLS, only=None):
    chosen = [bug for number, bug in enumerate(BUGS, 1) if only in (None, number)]
    tree = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-proof-"))
    try:
        copy_tree(root, tree)
        must(["meson", "setup", "build", "."], tree)
        must(["ninja", "-C", "build", "tocsin", "tocsin-carrier", "tocsin-axe.so"], tree)
        missed = 0
        print(f"1..{len(chosen)}")
        for number, bug in enumerate(chosen, 1):
            found = try_bug(tree, bug, seed, kills)
            missed += not found
            print(f"{'ok' if found else 'not ok'} {number} - {bug[0]}", flush=True)
            for line in found:
                print(f"#   {line}", flush=True)
    finally:
        shutil.rmtree(tree)
    sys.exit(1 if missed else 0)
