#!/usr/bin/env python3
"""A backtest over the API: begun, watched, one at a time, its result that of the command; stopped;
one of its policies put to work.

usage: backtest_api_test.py PROGRAM SOURCE_DIR
"""
import os
import sys
import time
import unittest

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows  # noqa: E402

PATIENCE = 240


class BacktestApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Project(PROGRAM, rows(60), rounds=5, prepare="")
        cls.addClassCleanup(cls.project.__exit__)
        cls.up, cls.base = cls.project.up()
        cls.token = cls.project.token()

    def ask(self, path, body=None):
        return ask(self.base, "/api/v1/backtest" + path, body,
                   token=self.token if body is not None else None)

    def until(self, state):
        end = time.monotonic() + PATIENCE
        seen = []
        while time.monotonic() < end:
            status, said = self.ask("")
            self.assertEqual(status, 200, said)
            seen.append(said)
            if said["state"] == state:
                return seen
            self.assertEqual(said["state"], "running", said)
            time.sleep(0.1)
        raise AssertionError("never %s: %s" % (state, seen[-1]))

    def test_1_what_is_no_backtest_is_refused(self):
        self.assertEqual(self.ask("")[1], {"state": "none"})
        self.assertEqual(self.ask("/stop", {})[0], 409)
        for body, about in (({}, "policies"), ({"policies": []}, "policies"),
                            ({"policies": ["sometimes"]}, "sometimes"),
                            ({"policies": ["never"], "from": "monday"}, "from"),
                            ({"policies": ["never"], "to": "x"}, "to")):
            status, said = self.ask("/start", body)
            self.assertEqual(status, 400, said)
            self.assertIn(about, str(said))
        self.assertEqual(ask(self.base, "/api/v1/backtest/start", {"policies": ["never"]})[0], 401)

    def test_2_it_is_watched_and_its_result_is_the_commands(self):
        wish = {"policies": ["never", "own"], "from": "2024-02-05"}
        status, said = self.ask("/start", wish)
        self.assertEqual((status, said["state"], said["policies"]), (200, "running",
                                                                      ["never", "own"]), said)
        self.assertEqual(self.ask("/start", wish)[0], 409, "one at a time")
        seen = self.until("done")
        shares = [one["progress"].get("own", 0) for one in seen]
        self.assertEqual(shares, sorted(shares))
        self.assertGreater(shares[-1], 0.9)
        told = self.project.json("backtest", "--policy", "never,own", "--from", "2024-02-05",
                                 timeout=300)
        mine = seen[-1]["result"]
        for ours, theirs in zip(mine["policies"], told["policies"]):
            for name in ("policy", "value", "low", "high", "cycles", "promotions"):
                self.assertEqual(ours[name], theirs[name], name)

    def test_3_it_is_stopped(self):
        self.assertEqual(self.ask("/start", {"policies": ["never", "cron:1d"]})[0], 200)
        self.assertEqual(self.ask("/stop", {})[0], 200)
        self.until("stopped")

    def test_3b_one_that_fails_says_why(self):
        toml = self.project.text("rondo.toml")
        self.project.write("rondo.toml", toml + "\n[nonsense]\n")
        try:
            self.assertEqual(self.ask("/start", {"policies": ["never"]})[0], 200)
            self.assertIn("nonsense", self.until("failed")[-1]["why"])
        finally:
            self.project.write("rondo.toml", toml)

    def test_4_one_is_put_to_work(self):
        status, said = self.ask("/adopt", {"policy": "cost"})
        self.assertEqual(status, 400, "it needs a reason")
        status, said = self.ask("/adopt", {"policy": "cost", "why": "cheapest of all"})
        self.assertEqual((status, said["policy"]), (200, "cost"), said)
        self.assertIn('policy = "cost"', self.project.text("rondo.toml"))
        people = [fact["body"] for fact in self.project.facts() if fact["kind"] == "person"]
        self.assertEqual((people[-1]["act"], people[-1]["why"], people[-1]["arguments"]),
                         ("adopt", "cheapest of all", {"policy": "cost"}))
        self.assertEqual(self.ask("/adopt", {"policy": "own", "why": "no"})[0], 409)

    def test_5_a_running_one_holds_up_no_end(self):
        self.assertEqual(self.ask("/start", {"policies": ["cron:1d"]})[0], 200)
        self.up.terminate()
        self.assertEqual(self.up.wait(60), 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
