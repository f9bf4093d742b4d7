#!/usr/bin/env python3
"""Policies measured on one history: what is told of each, how far from the best possible it stayed,
which of its cycles were false; none of them knows what comes.

usage: backtest_test.py PROGRAM SOURCE_DIR
"""
import os
import random
import sys
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, day, of_kind, rows  # noqa: E402


class Backtest(unittest.TestCase):
    def test_json_is_what_scripts_rely_on(self):
        with Project(PROGRAM, rows(40, shift=lambda d: max(0, d - 24)), rounds=20,
                     cool_down="0s") as project:
            said = project.json("backtest", "--policy", "never,cron:7d,own", "--from",
                                "2024-01-25", "--report", "report.html")
            self.assertEqual(said["metric"], "mae")
            by_name = {one["policy"]: one for one in said["policies"]}
            self.assertEqual(list(by_name), ["never", "cron:7d", "own"])
            self.assertEqual({one["rows"] for one in said["policies"]}, {said["rows"]})
            for one in said["policies"]:
                for key in ("value", "cycles", "promotions", "refusals", "alarms", "cpu_s", "low",
                            "high", "versus_first", "worst_week", "periods", "false_cycles",
                            "cycle_gains", "cost", "regret", "cost_ratio"):
                    self.assertIn(key, one)
                self.assertLessEqual(one["low"], one["value"])
                self.assertGreaterEqual(one["high"], one["value"])
            # The level rises by 1 a day from day 24 on: who never trains again falls behind.
            self.assertGreater(by_name["never"]["value"], 1.1 * by_name["cron:7d"]["value"])
            best = said["best_possible"]
            self.assertEqual(best["grid"]["policy"], "cron:7d")
            self.assertEqual(best["grid"]["candidates"], by_name["cron:7d"]["promotions"])
            for one in said["policies"]:
                self.assertAlmostEqual(one["regret"], one["cost"] - best["cost"], places=6)
                self.assertGreaterEqual(one["regret"], 0)
                self.assertAlmostEqual(one["cost_ratio"], one["cost"] / best["cost"], places=9)
            with open(project.path("report.html")) as file:
                html = file.read()
            for told in ("best possible", "<th>false cycles</th>", "<th>cost/best</th>"):
                self.assertIn(told, html)
            for banned in ("http://", "https://", "<script", "<link"):
                self.assertNotIn(banned, html.replace("http://www.w3.org/2000/svg", ""))
            self.assertIn("<svg", html)

    def test_what_is_best_in_hindsight_is_no_news_to_a_policy(self):
        # The level rises by 1 a day from day 24 on, so each later model is better for a while.
        table = rows(48, shift=lambda d: max(0, d - 24))
        planted = [dict(row) for row in table]
        for row in planted[44 * 24:]:
            row["y"] = 500
        words = ("backtest", "--policy", "schedule:9d,cron:4d", "--from", "2024-01-25", "--to")
        heads = {}
        for name, some in (("as it was", table), ("again", table), ("planted", planted)):
            with Project(PROGRAM, some, rounds=20, cool_down="0s", prepare="") as project:
                toml = project.text("rondo.toml")
                project.write("rondo.toml", toml.replace("[loop]", "[loop]\ncost_of_cycle = 3000"))
                before, whole = project.json(*words, day(44)), project.json(*words, day(48))
                for said in (before, whole):
                    for one in said["policies"]:
                        one.pop("cpu_s")
                heads[name] = (before, whole)
                if name == "as it was":
                    text = project.run(*words, day(44), check=0).stdout
        self.assertEqual(heads["as it was"], heads["again"])
        # Up to the planted labels all is the same, the best possible too, whose days they are not.
        self.assertEqual([one["value"] for one in heads["as it was"][0]["policies"]],
                         [one["value"] for one in heads["planted"][0]["policies"]])
        self.assertEqual(heads["as it was"][0]["best_possible"],
                         heads["planted"][0]["best_possible"])
        self.assertNotEqual(heads["as it was"][1]["best_possible"],
                            heads["planted"][1]["best_possible"])
        best = heads["as it was"][0]["best_possible"]
        self.assertLess(best["cycles"], best["grid"]["candidates"], "a cycle has a price")
        self.assertIn("best possible, in hindsight alone: the cheapest schedule of the cycles of "
                      "cron:4d, %d models" % best["grid"]["candidates"], text)

    def test_a_cycle_is_false_that_saves_less_than_it_costs(self):
        # As above. Both begin with the same model; never keeps it, so what the second one of the
        # crontab saved is the difference of both over the days that it served.
        table = rows(48, shift=lambda d: max(0, d - 24))
        words = ("backtest", "--policy", "never,schedule:9d,cron:4d", "--from", day(24), "--window",
                 "%s..%s" % (day(28), day(32)))
        with Project(PROGRAM, table, rounds=20, cool_down="0s", prepare="") as project:
            settings = project.text("rondo.toml")

            def at(price, *more):
                project.write("rondo.toml", settings.replace(
                    "[loop]", "[loop]\ncost_of_cycle = %r" % price))
                said = project.json(*words, *more)
                return said["best_possible"], {one["policy"]: one for one in said["policies"]}
            best, free = at(0)
            gains = [one["gain"] for one in free["cron:4d"]["cycle_gains"]]
            second = free["cron:4d"]["cycle_gains"][1]
            self.assertEqual((second["began"], second["version"]), (day(28) + "T00:00:00Z", 2))
            never, cron = (free[name]["window"] for name in ("never", "cron:4d"))
            self.assertEqual(never["rows"], 4 * 24)
            self.assertAlmostEqual(gains[1], never["rows"] * (never["value"] - cron["value"]),
                                   places=6)
            self.assertIsNone(gains[0], "nothing answered before the first model")
            self.assertEqual(len(gains), 6, "that of the last night serves no day")
            self.assertGreater(min(gains[1:]), 0)
            self.assertEqual(free["cron:4d"]["false_cycles"], 0)
            refused = free["schedule:9d"]["cycle_gains"][1:]
            self.assertEqual([one["version"] for one in refused], [None, None])
            self.assertEqual(free["schedule:9d"]["false_cycles"], 2, "what was not promoted")
            # Each model is better than the one before and costs nothing: the best possible has all
            # of them, and costs what the crontab did, which answered by the same ones.
            self.assertEqual((best["cycles"], best["policy"]), (6, None))
            self.assertAlmostEqual(best["cost"], free["cron:4d"]["cost"], places=6)
            best, noon = at(0, "--to", day(46) + "T12:00:00Z")
            self.assertAlmostEqual(best["cost"], noon["cron:4d"]["cost"], places=6,
                                   msg="it knows no row after the end")
            for price in ((min(gains[1:]) + max(gains[1:])) / 2, 3000):
                best, dear = at(price)
                self.assertEqual(dear["cron:4d"]["false_cycles"],
                                 sum(gain < price for gain in gains[1:]))
                self.assertEqual(dear["never"]["false_cycles"], 0)
                self.assertIsNone(best["policy"], "who acts at its checkpoints costs no less")
                self.assertLess(best["cost"], dear["cron:4d"]["cost"])
                self.assertLessEqual(best["cost"], dear["never"]["cost"] + 1e-6)
            text = project.run(*words, check=0).stdout
            head = text.splitlines()[0]
            self.assertIn("promotions  false cycles  refusals", head)
            self.assertTrue(head.endswith("beyond the best  cost/best"), head)
            self.assertIn("a false cycle promoted nothing, or its model saved less than", text)

    def test_labels_that_come_later_decide_nothing_before(self):
        table = rows(54, shift=lambda d: 0 if d < 36 else 12)
        noise = [dict(row) for row in table]
        chance = random.Random(3)
        for row in noise[43 * 24 + 1:]:  # labels come a day late: after the 44th began
            row["y"] = round(chance.uniform(0, 500), 3)
        policies = ("schedule:5d", "performance", "drift", "cost", "cron:6d")
        told = {}
        for name, some in (("as it was", table), ("noise", noise)):
            with Project(PROGRAM, some, rounds=10, cool_down="0s", new_data=0.08) as project:
                toml = project.text("rondo.toml")
                project.write("rondo.toml", toml.replace("[loop]", "[loop]\ncost_of_cycle = 50"))
                project.json("backtest", "--policy", ",".join(policies), "--from", day(24),
                             "--into", "lived")
                told[name] = {one: project.facts(project.path(
                    "lived/" + one.replace(":", "-"))) for one in policies}
        for one in policies:
            before = [[f for f in told[name][one] if f["at"] <= day(44) + "T00:00:00Z"]
                      for name in ("as it was", "noise")]
            self.assertGreater(len(of_kind(before[0], "step_finished")), 5, one)
            self.assertEqual(before[0], before[1], one)
            self.assertNotEqual(told["as it was"][one], told["noise"][one], one)

    def test_a_delay_that_was_asked_for_is_told(self):
        with Project(PROGRAM, rows(30), rounds=10, cool_down="0s", prepare="") as project:
            words = ("backtest", "--policy", "never,schedule:2d", "--from", day(20))

            def heads(*more):
                said = project.json(*words, *more)
                return [one["head"] for one in said["policies"]], said.get("label_delay")
            plain = heads()
            self.assertIsNone(plain[1])
            self.assertEqual(heads("--label-delay", "1d"), (plain[0], "1d"), "as rondo.toml says")
            at_once, delay = heads("--label-delay", "0", "--report", "report.html")
            self.assertNotEqual(at_once, plain[0])
            self.assertEqual(delay, "0s")
            sentence = "labels came with their rows (--label-delay 0)"
            self.assertIn(sentence, project.text("report.html"))
            self.assertIn(sentence, project.run(*words, "--label-delay", "0", check=0).stdout)
            self.assertIn("labels came 2d after their rows",
                          project.run(*words, "--label-delay", "2d", check=0).stdout)
            self.assertNotIn("after their rows", project.run(*words, check=0).stdout)
            for wrong in ("soon", "-1d", "1"):
                done = project.run(*words, "--label-delay=" + wrong, check=3)
                self.assertIn("is not a span of time", done.stderr)

    def test_the_best_policy_is_put_to_work_if_its_gain_is_clear(self):
        # The level rises by 1 a day from day 24 on: trees that never train again fall behind.
        with Project(PROGRAM, rows(80, shift=lambda d: max(0, d - 24)), rounds=20, cool_down="0s",
                     policy="never") as project:
            settings = project.text("rondo.toml")
            dear = settings.replace("[loop]", "[loop]\ncost_of_cycle = 1000000")
            project.write("rondo.toml", dear)
            words = ("backtest", "--policy", "schedule:7d", "--from", "2024-01-20")
            said = project.run(*words, "--adopt", "best", check=0).stdout
            self.assertIn("never stays: nothing was changed", said)
            self.assertEqual(project.text("rondo.toml"), dear)
            project.write("rondo.toml", settings.replace("[loop]", "[loop]\ncost_of_cycle = 1"))
            said = project.json(*words, "--adopt", "best")["adopt"]
            self.assertEqual((said["policy"], said["against"]), ("schedule:7d", "own"))
            self.assertTrue(said["adopted"] and said["clear"] and said["low"] > 0)
            self.assertIn('policy = "schedule:7d"', project.text("rondo.toml"))
            self.assertIn("cost_of_cycle = 1\n", project.text("rondo.toml"))
            worse = project.run("backtest", "--policy", "never", "--from", "2024-01-20", "--adopt",
                                "never", check=0).stdout
            self.assertIn("that is no gain\n", worse)
            self.assertIn('policy = "never"', project.text("rondo.toml"))

    def test_says_over_which_rows(self):
        # Of the first 12 days nothing can be learnt: a crontab deploys all the same.
        table = rows(24)
        labels = [row["y"] for row in table[:12 * 24]]
        random.Random(5).shuffle(labels)
        for row, label in zip(table, labels):
            row["y"] = label
        with Project(PROGRAM, table, rounds=10, prepare="") as project:
            words = ("backtest", "--policy", "cron:1d,never", "--from", "2024-01-08")
            said = project.json(*words)
            answered = {one["policy"]: one["answered"] for one in said["policies"]}
            self.assertGreater(answered["never"], 0)
            self.assertLess(answered["never"], answered["cron:1d"])
            self.assertEqual(said["rows"], min(answered.values()))
            for one in said["policies"]:
                self.assertEqual(sum(p["rows"] for p in one["periods"]), said["rows"])
            self.assertIn("mae over %d rows that all of them answered" % said["rows"],
                          project.run(*words, check=0).stdout)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
