#!/usr/bin/env python3
"""The curl lines of docs/API.md and README.md, run as they are printed against examples/bikes.

usage: docs_test.py PROGRAM SOURCE_DIR
What is not known before stands in their place: the port, the token (its file is that of the
project), and the id of the newest prediction.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask  # noqa: E402

LIVED = "/tmp/lived"  # as the page says


def blocks(page):
    """[(command, lines of its output)] of each block of code, in the order of the page."""
    with open(os.path.join(SOURCE, page)) as file:
        text = file.read()
    found = []
    for language, block in re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", text):
        if language not in ("", "sh"):
            continue
        prompts = "\n$ " in "\n" + block
        lines = block.split("\n")[:-1]
        while lines:
            line = lines.pop(0)
            if prompts and not line.startswith("$ "):
                found[-1][1].append(line)
                continue
            command = line[2:] if prompts else line
            while open_ended(command) and lines:
                command += "\n" + lines.pop(0)
            found.append((command, []))
    return found


def open_ended(command):
    """Whether the shell would read on: a quote is open, or the line ends with a backslash."""
    return command.endswith("\\") or subprocess.run(["sh", "-n", "-c", command],
                                                    capture_output=True).returncode != 0


class Docs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which("curl") is None:
            raise unittest.SkipTest("curl is not installed")
        cls.project = Project(PROGRAM)
        cls.addClassCleanup(cls.project.__exit__)
        cls.folder = cls.project.path("lived")
        cls.programs = tempfile.mkdtemp(prefix="rondo-test-")
        cls.addClassCleanup(shutil.rmtree, cls.programs)
        os.symlink(PROGRAM, os.path.join(cls.programs, "rondo"))
        for command, _ in blocks("docs/API.md"):
            if command.startswith("rondo ") or command.startswith("cd "):
                done = cls.shell(command.replace(LIVED, cls.folder)
                                 .replace(" && rondo up", ""), SOURCE)
                assert done.returncode == 0, command + "\n" + done.stdout + done.stderr
        cls.project.folder, outer = cls.folder, cls.project.folder
        try:
            _, cls.base = cls.project.up()
        finally:
            cls.project.folder = outer

    @classmethod
    def shell(cls, command, folder):
        return subprocess.run(["sh", "-c", command], cwd=folder, text=True, capture_output=True,
                              timeout=600, env=dict(os.environ, PATH=cls.programs + ":" +
                                                    os.environ["PATH"]))

    def run_curls(self, page):
        newest, count = None, 0
        for command, expected in blocks(page):
            if not command.startswith("curl "):
                continue
            count += 1
            typed = command.replace("localhost:8080", self.base.split("//")[1])
            if newest:
                typed = re.sub(r'("id": ?)"[^"]*"', lambda m: m[1] + '"%s"' % newest, typed)
            done = self.shell(typed + " -w '\\n%{http_code}'", self.folder)
            body, _, status = done.stdout.rpartition("\n")
            self.assertEqual(status, "200", command + "\n" + done.stdout + done.stderr)
            said = json.loads(body)
            if "predictions" in said and isinstance(said["predictions"][0], dict):
                newest = said["predictions"][0]["id"]
            if "accepted" in said:
                self.assertEqual(said["accepted"], 1, command + body)
            printed = set(re.findall(r'"(\w+)":', "\n".join(expected)))
            self.assertLessEqual(printed, set(re.findall(r'"(\w+)":', body)), command)
            with self.subTest(command=command):
                self.same_values("\n".join(expected), said)
        return count

    def same_values(self, printed, said):
        """What is printed without an omission is what came, but for ids, digests and scores."""
        if "..." in printed or not printed:
            return
        if isinstance(said, list):
            self.assertEqual(json.loads(printed), said)
            return
        for name, value in json.loads(printed).items():
            if name not in ("predictions", "parameters", "outputs", "receipt"):
                self.assertEqual(value, said[name], name)

    def test_api(self):
        self.assertGreaterEqual(self.run_curls("docs/API.md"), 8)

    def test_readme(self):
        self.assertGreaterEqual(self.run_curls("README.md"), 2)

    def test_the_example_serves_after_one_run(self):
        """README, "Serve, ask, tell it the truth", and what the demo says to try next."""
        folder = self.project.path("bikes")
        shutil.copytree(os.path.join(SOURCE, "examples", "bikes"), folder)
        self.project.run("run", folder=folder, check=0, timeout=600)
        models = json.loads(self.project.run("models", "--json", folder=folder, check=0).stdout)
        self.assertTrue(models, self.project.run("why", folder=folder).stdout)

    def test_what_is_asked_is_listed(self):
        """Each path that the page calls is a route of its table."""
        with open(os.path.join(SOURCE, "docs", "API.md")) as file:
            routes = [re.sub(r"\{\w+\}", "[^/]+", path)
                      for path in re.findall(r"^\| (?:GET|POST) \| `([^`]+)`", file.read(), re.M)]
        for page in ("docs/API.md", "README.md"):
            for command, _ in blocks(page):
                for path in re.findall(r"localhost:8080(/[\w/.]*)", command):
                    self.assertTrue(any(re.fullmatch(route, path) for route in routes), path)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
