"""tests/lib/oracle.py: how an oracle's script asks its program, and compares what it says with what it should say."""
import itertools
import subprocess
import sys

SHOWN_MAX = 10


def ask(program, text):
    """The lines that the program answers. Skips where it cannot know."""
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=False)
    if done.returncode == 77:
        print("skipped: no time zones on this machine")
        sys.exit(77)
    if done.returncode != 0:
        sys.exit(f"the program failed: {done.stderr}")
    return done.stdout.splitlines()


def ask_cases(program, text):
    """What the program says to each case: lists of lines, of which the last begins with "end"."""
    answers = [[]]
    for line in ask(program, text):
        answers[-1].append(line)
        if line.startswith("end"):
            answers.append([])
    return answers[:-1]


def count_wrong(cases, answers, wanted):
    """How many answers, each a list of lines, are not as wanted; the first few are shown."""
    wrong = [row for row in zip(cases, answers, wanted, strict=True) if row[1] != row[2]]
    for case, lines, right in wrong[:SHOWN_MAX]:
        pairs = [pair for pair in itertools.zip_longest(lines, right) if pair[0] != pair[1]]
        print(f"{case}\n  got and wanted: {pairs[:3]}")
    return len(wrong)
