#!/usr/bin/env python3
"""Runs the cases of tests/golden: what is typed, what comes back, the exit code.

usage: golden_test.py PROGRAM SOURCE_DIR [--update] [NAME...]

A case is a text file:
    # what it shows
    --- file NAME        the lines up to the next mark are a file in the case's own empty folder;
    ...                  \\x00 and \\r in them are bytes, a last line "\\c" leaves its line feed out
    --- run              shell lines, each behind "$ "; below each what it prints (both streams),
    $ rondo run          then "[exit N]" when N is not 0
    --- up               `rondo up` runs from here on, at $PORT; beside shell lines stand requests:
    > POST /v2/predict   method and path,
    > Host: some.where   headers in place of the usual ones ("Name: -" leaves one out),
    > | {"rows": []}     and a body; below each the status, headers that matter, the body
$TOKEN in a request is the administrator's token, $(FILE) what a file holds, $ID the id of the
newest prediction, $BLANKS 100,000 blanks.
`...` in an expected line stands for anything. --update writes what came back in place of what was
expected, keeping lines that still match.
"""
import http.client
import os
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
UPDATE = "--update" in sys.argv
WANTED = [word for word in sys.argv[3:] if not word.startswith("-")]
FOLDER = os.path.join(SOURCE, "tests", "golden")
# What may differ from run to run is written as a word; blanks between columns are two.
VARIES = ((r"20(?:2[5-9]|[3-9]\d)-\d\d-\d\dT[\d:.]+Z", "NOW"), (r"\b[0-9a-f]{12,64}\b", "DIGEST"),
          (r'"id":"[\w-]+\.\d+"', '"id":"ID"'),
          (r"(?m)(?<=  )[\d.,]+ (?:us|ms|s|min)$", "TOOK"),
          (r"(?<=\S) {3,}(?=\S)", "  "),
          (r"(?m) +$", ""))


def matches(expected, line):
    pattern = "(?s)" + ".*?".join(re.escape(part) for part in expected.split("...")) + r"\Z"
    return re.match(pattern, line) is not None


# Headers that a refusal is not understood without.
TELLING = ("Allow", "WWW-Authenticate", "Retry-After", "Connection")
UP = "--- up"


def parse(text):
    """Returns (head, files, steps): steps are [what is typed, expected lines]; what is typed is
    "$ " and a shell line, the lines of a request, or "--- up"."""
    head, files, steps, name = [], [], [], None
    for line in text.split("\n"):
        if line.startswith("--- file "):
            name = line[9:]
            files.append([name, []])
        elif line == "--- run":
            name = None
            steps = [] if not steps else steps
        elif name is not None:
            files[-1][1].append(line)
        elif line.startswith("$ ") or line == UP:
            steps.append([line, []])
        elif re.match("> [A-Z]+ /", line):
            steps.append([line, []])
        elif line.startswith("> "):
            steps[-1][0] += "\n" + line
        elif steps:
            steps[-1][1].append(line)
        else:
            head.append(line)
    return head, files, steps


def content(lines):
    if lines and lines[-1] == "\\c":
        text = "\n".join(lines[:-1])
    else:
        text = "\n".join(lines) + "\n"
    data = text.encode()
    return (data.replace(b"\\x00", b"\0").replace(b"\\r", b"\r").replace(b"\\xff", b"\xff"))


class Up:
    """`rondo up` in a folder, from first use to stop()."""

    def __init__(self, folder):
        self.folder, self.newest = folder, ""
        self.process = subprocess.Popen([PROGRAM, "up", "--listen", "127.0.0.1:0"], cwd=folder,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        self.port = re.search(r" answers at http://127\.0\.0\.1:(\d+)", first).group(1)
        with open(os.path.join(folder, ".rondo", "token")) as file:
            self.token = file.read().strip()

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=60)

    def ask(self, typed):
        """Sends the lines of a request; returns those of its reply."""
        for word, value in (("$TOKEN", self.token), ("$ID", self.newest),
                            ("$BLANKS", " " * 100000), ("$PORT", self.port)):
            typed = typed.replace(word, value)
        for name in re.findall(r"\$\((\w+)\)", typed):
            with open(os.path.join(self.folder, name)) as file:
                typed = typed.replace("$(%s)" % name, file.read().strip())
        lines = [line[2:] for line in typed.split("\n")]
        method, path = lines[0].split(" ")
        body = "\n".join(line[2:] for line in lines[1:] if line.startswith("| "))
        headers = {"Host": "127.0.0.1:" + self.port}
        if body:
            headers.update({"Content-Type": "application/json", "Content-Length": str(len(body))})
        headers.update(line.split(": ", 1) for line in lines[1:] if not line.startswith("| "))
        line = http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=60)
        try:
            line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if value != "-":
                    line.putheader(name, value)
            line.endheaders(body.encode())
            with line.getresponse() as reply:
                told = ["%s: %s" % (name, reply.getheader(name)) for name in TELLING
                        if reply.getheader(name)]
                text = reply.read().decode()
                self.newest = (re.findall(r'"id":"([\w.-]+)"', text) or [self.newest])[0]
                return worded(["%d %s" % (reply.status, reply.reason)] + told +
                              text.rstrip("\n").split("\n"), self)
        finally:
            line.close()


def worded(lines, up):
    text = "\n".join(lines)
    if up:
        text = re.sub(r"\b%s\b" % up.port, "PORT", text)
    for pattern, instead in VARIES:
        text = re.sub(pattern, instead, text)
    return text.split("\n")


def carry_out(command, folder, up):
    environment = dict(os.environ, PATH=os.path.dirname(PROGRAM) + ":" + os.environ["PATH"],
                       NO_COLOR="1", LC_ALL="C", BIKES=os.path.join(SOURCE, "examples", "bikes"),
                       TOY="python3 -B " + os.path.join(SOURCE, "tests", "lib", "toy.py"),
                       PORT=up.port if up else "")
    done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, timeout=120,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    text = done.stdout.decode("utf-8", "backslashreplace").replace(folder, "DIR")
    lines = worded([text], up)
    while lines and not lines[-1]:
        lines.pop()
    if done.returncode != 0:
        lines.append("[exit %d]" % done.returncode)
    return lines


def agrees(expected, lines):
    return len(expected) == len(lines) and all(map(matches, expected, lines))


class Golden(unittest.TestCase):
    pass


def add(case):
    def test(self):
        path = os.path.join(FOLDER, case)
        with open(path) as file:
            head, files, steps = parse(file.read())
        self.assertTrue(steps, "%s does nothing" % case)
        out = head + sum([["--- file " + n] + lines for n, lines in files], []) + ["--- run"]
        wrong = []
        with tempfile.TemporaryDirectory(prefix="rondo-golden-") as folder:
            for name, lines in files:
                place = os.path.join(folder, name)
                os.makedirs(os.path.dirname(place), exist_ok=True)
                with open(place, "wb") as file:
                    file.write(content(lines))
            up = None
            for command, expected in steps:
                while expected and not expected[-1]:
                    expected.pop()
                if command == UP:
                    up = Up(folder)
                    self.addCleanup(up.stop)
                    lines = []
                elif command.startswith("> "):
                    lines = up.ask(command)
                else:
                    lines = carry_out(command[2:], folder, up)
                if not agrees(expected, lines):
                    wrong.append("%s\nexpected:\n%s\ncame:\n%s" % (
                        command, "\n".join(expected), "\n".join(lines)))
                    kept = [e if i < len(expected) and matches(e, line) else line
                            for i, (line, e) in enumerate(
                                zip(lines, expected + [""] * len(lines)))]
                    expected = [k if k else line for k, line in zip(kept, lines)]
                out += [command] + expected
        if UPDATE and wrong:
            with open(path, "w") as file:
                file.write("\n".join(out) + "\n")
        elif wrong:
            self.fail("%s\n%s\n(run with --update to accept)" % (case, "\n\n".join(wrong)))
    name = "test_" + re.sub(r"\W", "_", case[:-5])
    setattr(Golden, name, test)


for entry in sorted(os.listdir(FOLDER)):
    if entry.endswith(".case") and (not WANTED or entry[:-5] in WANTED):
        add(entry)

if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
