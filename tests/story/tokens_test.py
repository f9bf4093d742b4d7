#!/usr/bin/env python3
"""Tokens beside a running `rondo up`: each route by each role, news within a second, an end, names.

usage: tokens_test.py PROGRAM SOURCE_DIR
The routes are those of docs/API.md, which tests/tidy holds to the table in the code.
"""
import os
import re
import subprocess
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows  # noqa: E402

ROLES = ("viewer", "predictor", "labeler", "trainer", "deployer", "admin")
ROUTES = re.compile(r"^\| (GET|POST) \| `([^`]+)` \| (\w+) \|", re.M)
# The console's files and the way to sign in: whoever may look may have them, and so may others.
ANYBODY = {"/", "/console/{file}", "/api/v1/session", "/api/v1/login", "/api/v1/logout"}


def routes():
    """[(method, path with its names filled in, role)]"""
    with open(os.path.join(SOURCE, "docs", "API.md")) as file:
        return [(method, path.replace("{model}", "toy").replace("{version}", "1")
                 .replace("{subject}", "1").replace("{id}", "x"), role)
                for method, path, role in ROUTES.findall(file.read())]


class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Project(PROGRAM, rows(10), cool_down="0s", rounds=10)
        cls.addClassCleanup(cls.project.__exit__)
        cls.project.run("run", check=0)
        cls.process, cls.base = cls.project.up()

    def create(self, name, *roles, expires=None):
        words = [word for role in roles for word in ("--role", role)]
        more = ["--expires", expires] if expires else []
        return self.project.run("token", "create", name, *words, *more, check=0).stdout.strip()

    def status(self, token, path="/api/v1/feedback", body=b"{}", method="POST"):
        return ask(self.base, path, None if method == "GET" else body, token=token, method=method)

    def within_a_second(self, token, status):
        """The status, as soon as it is that one; a second after the command at the latest."""
        until = time.monotonic() + 1
        while True:
            got, said = self.status(token)
            if got == status or time.monotonic() > until:
                self.assertEqual(got, status, said)
                return said
            time.sleep(0.02)

    def test_each_route_by_each_role(self):
        table = routes()
        self.assertGreater(len(table), 30)
        self.assertEqual({role for _, _, role in table}, set(ROLES[:-1]), "each is needed")
        tokens = {role: self.create("only-" + role, role) for role in ROLES}
        self.within_a_second(tokens["labeler"], 400)
        for method, path, needed in table:
            for role, token in tokens.items():
                got, said = self.status(token, path, method=method)
                with self.subTest(route=method + " " + path, role=role):
                    if role in (needed, "admin") or path in ANYBODY:
                        self.assertNotIn(got, (401, 403), said)
                        continue
                    self.assertEqual(got, 403, said)
                    text = str(said.get("error") or said["message"])
                    self.assertIn('this needs the role %s; the token "only-%s" has %s'
                                  % (needed, role, role), text)
            got, said = self.status(None, path, method=method)
            free = needed in ("viewer", "predictor")
            self.assertEqual(got == 401, not free, (path, said))
            self.assertEqual(self.status("wrong", path, method=method)[0], 401, path)

    def test_news_of_tokens_need_no_restart(self):
        token = self.create("short-lived", "labeler")
        self.within_a_second(token, 400)  # admitted; {} is no list of labels
        self.project.run("token", "revoke", "short-lived", check=0)
        said = self.within_a_second(token, 401)
        self.assertEqual(said["error"]["message"], "the token is not valid")
        again = self.create("short-lived", "labeler")
        self.within_a_second(again, 400)
        self.assertEqual(self.status(token)[0], 401, "the name is back, the secret is not")

    def test_a_token_ends(self):
        token = self.create("ends", "labeler", expires="2s")
        self.within_a_second(token, 400)
        until = time.monotonic() + 10
        while self.status(token)[0] != 401:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)
        message = self.status(token)[1]["error"]["message"]
        self.assertRegex(message, r'^the token "ends" expired at 20\S+Z$')
        listed = {one["name"]: one for one in self.project.json("token", "list")}
        self.assertTrue(listed["ends"]["expired"])

    def test_acts_are_recorded_under_its_name(self):
        token = self.create("night-shift", "trainer")
        self.within_a_second(token, 403)  # it is no labeler
        got, said = self.status(token, "/api/v1/pause", b'{"why": "tonight"}')
        self.assertEqual(got, 200, said)
        self.assertEqual(self.status(token, "/api/v1/rollback", b'{"why": "x"}')[0], 403)
        self.assertEqual(self.status(token, "/api/v1/resume", b'{"why": "morning"}')[0], 200)
        asked = [fact["body"] for fact in self.project.facts() if fact["kind"] == "person"]
        self.assertEqual([(one["act"], one["who"], one["why"]) for one in asked],
                         [("pause", "night-shift", "tonight"),
                          ("resume", "night-shift", "morning")])
        facts = self.project.run("history", "--facts", check=0).stdout
        self.assertNotIn(token, facts)
        with open(self.project.path(".rondo", "tokens")) as file:
            for one in re.findall(r'"sha256":"(\w+)"', file.read()):
                self.assertNotIn(one, facts)

    def test_a_damaged_list_holds_nobody_until_it_is_mended(self):
        token = self.create("careful", "labeler")
        self.within_a_second(token, 400)
        path = self.project.path(".rondo", "tokens")
        with open(path) as file:
            whole = file.read()
        try:
            with open(path, "w") as file:
                file.write(whole.replace('"labeler"', '"admin"'))
            self.within_a_second(token, 503)
            self.assertEqual(self.status(self.project.token())[0], 400, "the administrator's")
            self.assertEqual(ask(self.base, "/health/live")[0], 200)
            self.assertIn("tokens is damaged", str(ask(self.base, "/api/v1/status")[1]["alerts"]))
        finally:
            with open(path, "w") as file:
                file.write(whole)
        self.within_a_second(token, 400)

    def test_without_the_loop_too(self):
        with Project(PROGRAM, rows(10), rounds=10) as project:
            project.run("run", check=0)
            _, base = project.up("--no-loop")
            token = project.run("token", "create", "ci", "--role", "labeler",
                                check=0).stdout.strip()
            until = time.monotonic() + 1
            label = {"labels": []}
            while ask(base, "/api/v1/feedback", label, token=token)[0] == 401:
                self.assertLess(time.monotonic(), until)
                time.sleep(0.02)

    def test_commands_at_once_lose_nothing(self):
        with Project(PROGRAM, rows(2)) as project:
            project.run("run")
            running = [project.start("token", "create", "t%d" % i, "--role", "viewer")
                       for i in range(8)]
            for process in running:
                self.assertEqual(process.wait(60), 0)
            secrets = {process.stdout.read() for process in running}
            self.assertEqual(len(secrets), 8)
            self.assertEqual(len(project.json("token", "list")), 8)
            self.assertEqual(os.stat(project.path(".rondo", "tokens")).st_mode & 0o777, 0o600)
            whole = subprocess.run(["grep", "-rlF", next(iter(secrets)).strip(), project.folder],
                                   capture_output=True, text=True)
            self.assertEqual(whole.stdout, "", "a secret is kept nowhere")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
