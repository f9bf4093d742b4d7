#!/usr/bin/env python3
"""What a person sees of inputs that changed: each column by window, the bins of one beside its
training, and the notice of two columns that go together otherwise.

usage: shifts_test.py PROGRAM SOURCE_DIR
"""
import base64
import datetime
import os
import random
import sys
import unittest

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask  # noqa: E402

FLIPS, MOVES, DAYS = 60, 110, 130


def history(seed=3):
    """100 rows a day: x and z correlate by .9, from a day on by -.9; later z moves up by itself."""
    chance, table = random.Random(seed), []
    for day in range(DAYS):
        for row in range(100):
            at = datetime.datetime(2024, 1, 1) + datetime.timedelta(days=day, seconds=864 * row)
            x = chance.gauss(0, 1)
            sign = -1 if day >= FLIPS else 1
            z = sign * 0.9 * x + 0.436 * chance.gauss(0, 1) + (3 if day >= MOVES else 0)
            table.append({"at": at.strftime("%Y-%m-%d %H:%M:%S"), "x": round(x, 3),
                          "z": round(z, 3), "w": round(chance.uniform(0, 1), 3),
                          "y": round(5 * x + chance.gauss(0, 1), 3)})
    return table


def day(number):
    at = datetime.datetime(2024, 1, 1) + datetime.timedelta(days=number)
    return at.strftime("%Y-%m-%dT00:00:00Z")


class Shifts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Project(PROGRAM, history(), prepare="", policy="never")
        cls.project.run("replay", "--into", "past", "--from", "2024-02-10", check=0)
        cls.past = cls.project.path("past")
        process = cls.project.start("-C", cls.past, "up", "--listen", "127.0.0.1:0")
        cls.base = process.stdout.readline().split(" answers at ")[1].split(" ")[0]

    @classmethod
    def tearDownClass(cls):
        cls.project.__exit__()

    def windows(self, query=""):
        status, said = ask(self.base, "/api/v1/shifts" + query)
        self.assertEqual(status, 200, said)
        for window in said["windows"]:
            padded = window["beyond"] + "=" * (-len(window["beyond"]) % 4)
            window["beyond"] = dict(zip(said["columns"], base64.urlsafe_b64decode(padded)))
        return said

    def test_a_pair_that_broke_is_a_notice(self):
        alerts = self.project.json("alerts", "--all", folder=self.past)["alerts"]
        together = [one for one in alerts if "(columns together)" in one["sentence"]]
        self.assertEqual(len(together), 1, alerts)
        self.assertEqual(together[0]["severity"], "drift")
        self.assertIn("x and z go together otherwise", together[0]["sentence"])
        self.assertGreaterEqual(together[0]["since"], day(FLIPS - 3))
        self.assertLess(together[0]["since"], day(FLIPS + 20))
        watch = self.project.json("status", folder=self.past)["watch"]
        self.assertEqual(watch["together"]["columns"], 3)

    def test_each_day_is_kept_once(self):
        said = self.windows()
        self.assertEqual(set(said["columns"]) >= {"x", "z", "w"}, True, said["columns"])
        starts = [window["from"] for window in said["windows"]]
        self.assertEqual(starts, sorted(set(starts)), "in order, none twice")
        self.assertGreaterEqual(len(starts), DAYS - 45)
        self.assertLess(starts[0], day(50))
        z = [window["beyond"]["z"] for window in said["windows"]]
        still = [v for v, at in zip(z, starts) if at < day(MOVES)]
        moved = [v for v, at in zip(z, starts) if at >= day(MOVES)]
        self.assertLess(max(still), said["steps"] / 10)
        self.assertGreater(moved[0], said["steps"] / 2, "three deviations away")
        w = [v for v in (window["beyond"]["w"] for window in said["windows"]) if v < 254]
        self.assertLess(max(w), said["steps"] / 10)
        part = self.windows("?from=%s&until=%s" % (day(70), day(80)))["windows"]
        self.assertEqual([one["from"] for one in part], [day(n) for n in range(70, 80)])
        self.assertEqual(self.windows("?clock=7d")["windows"], [])
        self.assertEqual(ask(self.base, "/api/v1/shifts?from=monday")[0], 400)

    def test_the_bins_of_a_column(self):
        path = "/api/v1/shifts/z?from=%s&until=%s" % (day(MOVES), day(MOVES + 5))
        status, said = ask(self.base, path)
        self.assertEqual((status, said["rows"], said["column"]), (200, 500, "z"), said)
        self.assertAlmostEqual(sum(one["live"] for one in said["bins"]), 1)
        high = {one["text"]: one for one in said["bins"] if one["text"].startswith("more than")}
        self.assertGreater(sum(one["live"] for one in high.values()), 0.7)
        status, said = ask(self.base, "/api/v1/shifts/nothing")
        self.assertEqual(status, 404, said)


class FewDays(unittest.TestCase):
    def test_a_test_of_fewer_days_than_their_clock_needs(self):
        """Six days test: the law of answers is known by the hour, and learned by the day."""
        chance = random.Random(4)
        begin = datetime.datetime(2024, 1, 1)
        table = []
        for row in range(30 * 24 * 24):
            at = begin + datetime.timedelta(seconds=150 * row)
            x = chance.uniform(0, 10)
            table.append({"at": at.strftime("%Y-%m-%d %H:%M:%S"), "x": round(x, 3),
                          "y": round(3 * x + chance.gauss(0, 1), 3)})
        with Project(PROGRAM, table, prepare="", policy="never") as project:
            project.run("run", check=0)
            self.assertEqual(project.finished("Model Deployment")["result"], "deployed")
            project.run("replay", "--into", "past", "--from", "2024-01-28", check=0)
            status = project.json("status", folder=project.path("past"))
            clocks = {one["clock"]: one for one in status["watch"]["shifts"]}
            self.assertEqual(sorted(clocks), ["1d", "1h"])
            self.assertGreater(clocks["1h"]["windows"], 24)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
