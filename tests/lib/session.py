"""tests/lib/session.py: the console blocks of a page of ours, run as a newcomer would.

A block is fenced as ```console; a line that begins with "$ " is a command, what stands under it is what it prints.
"""
import os
import re
import subprocess


def steps(text):
    """(command, expected output) pairs of the console blocks."""
    for block in re.findall(r"```console\n(.*?)```", text, re.S):
        command, expected = None, []
        for line in block.splitlines():
            if line.startswith("$ "):
                if command is not None:
                    yield command, "\n".join(expected)
                command, expected = line[2:], []
            else:
                expected.append(line)
        if command is not None:
            yield command, "\n".join(expected)


class Shell:
    """One bash for all commands of a page, whose variables last. 8080 stands for the server's port."""

    def __init__(self, port, program):
        self.port, self.program = str(port), str(program)
        environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "LC_ALL")}
        self.process = subprocess.Popen(["bash"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

    def run(self, command):
        command = command.replace("8080", self.port).replace("build/tocsin", self.program)
        self.process.stdin.write(command + "\nprintf '\\036\\n'\n")
        self.process.stdin.flush()
        lines = []
        while not (line := self.process.stdout.readline()).endswith("\x1e\n"):
            if not line:
                raise EOFError(f"the shell ended at {command!r}")
            lines.append(line)
        return "".join([*lines, line[:-2]]).strip("\n")

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
