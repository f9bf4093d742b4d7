#!/usr/bin/env python3
"""Whole lifecycles on a simulated clock: what the loop must do, and must never do.

usage: replay_test.py PROGRAM SOURCE_DIR
"""
import csv
import os
import random
import re
import sqlite3
import sys
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import LAG, Project, day, of_kind, rows, write_csv  # noqa: E402

DAYS, CHANGE = 70, 40
# The bound of the risk is proved by whole test days; a first model of 60 days has twelve of them.
LONG_FROM, LONG_CHANGE, LONG = "2024-03-01", 72, 112


def lived(table, into="lived", replay=(), start="2024-01-25", **settings):
    """Replays a table; returns (facts, result of replay --json)."""
    settings = {"rounds": 30, "cool_down": "0s", **settings}
    with Project(PROGRAM, table, **settings) as project:
        result = project.json("replay", "--into", into, "--from", start, *replay)
        return project.facts(project.path(into)), result


class Replay(unittest.TestCase):
    def test_twice_gives_the_same_bytes(self):
        table = rows(40, shift=lambda d: 0 if d < 30 else 20)
        a, b = lived(table), lived(table)
        self.assertEqual(a[0], b[0])
        self.assertEqual(a[1]["head"], b[1]["head"])
        self.assertTrue(of_kind(a[0], "deployed"))

    def test_what_comes_after_changes_nothing_before(self):
        table = rows(60, shift=lambda d: 0 if d < 45 else 20)
        chance = random.Random(3)
        noise = [dict(row) for row in table]
        for row in noise[50 * 24:]:
            row.update(x=chance.uniform(-99, 99), kind=chance.choice("xyz"),
                       y=round(chance.uniform(0, 500), 3))
        told, noised = lived(table)[0], lived(noise)[0]
        until = day(50)  # what happens up to here may read nothing of it
        before = [f for f in told if f["at"] <= until]
        self.assertGreater(len(before), 20)
        self.assertEqual(before, [f for f in noised if f["at"] <= until])
        self.assertNotEqual(told, noised)

    def test_labels_may_come_at_another_time(self):
        table = rows(40)
        said = lived(table, label_delay="0s")[0]
        self.assertEqual(said, lived(table, replay=("--label-delay", "0"))[0])
        self.assertNotEqual(said, lived(table)[0], "the project's own delay is a day")
        with Project(PROGRAM, table[:24 * 25]) as project:
            for asked in ("best", "never"):
                done = project.run("backtest", "--adopt", asked, "--label-delay", "0", check=3)
                self.assertIn("leave one of them out", done.stderr)

    def test_no_drift_is_quiet(self):
        facts, result = lived(rows(DAYS))
        self.assertEqual(result["alarms"], 0)
        self.assertFalse([f for f in of_kind(facts, "signal") if f["body"]["kind"] == "risk"])

    def test_shuffled_labels_alarm_and_the_old_model_stays(self):
        # G8: from the day of the change on nothing can be learnt.
        table = rows(LONG)
        labels = [row["y"] for row in table[LONG_CHANGE * 24:]]
        random.Random(5).shuffle(labels)
        for row, label in zip(table[LONG_CHANGE * 24:], labels):
            row["y"] = label
        facts, result = lived(table, prepare="", start=LONG_FROM, new_data=0)
        change = day(LONG_CHANGE)
        risk = [f for f in of_kind(facts, "signal", change) if f["body"]["kind"] == "risk"]
        self.assertTrue(risk, "no alarm")
        judged = [f for f in of_kind(facts, "step_finished", risk[0]["at"])
                  if f["body"]["stage"] == "Model Evaluation"]
        first = judged[0]
        self.assertEqual(first["body"]["result"], "not better", first["body"]["reason"])
        self.assertIn('the baseline "median"', first["body"]["reason"])
        self.assertFalse([f for f in of_kind(facts, "deployed", risk[0]["at"])
                          if f["at"] <= first["at"]], "the old model did not go on")

    def test_a_new_regime_alarms_retrains_and_promotes(self):
        facts, _ = lived(rows(LONG, shift=lambda d: 0 if d < LONG_CHANGE else 30), new_data=0,
                         start=LONG_FROM)
        change = day(LONG_CHANGE)
        risk = [f for f in of_kind(facts, "signal", change) if f["body"]["kind"] == "risk"]
        self.assertTrue(risk, "no alarm")
        self.assertLessEqual(risk[0]["at"][:10], day(LONG_CHANGE + 14))
        back = [f for f in of_kind(facts, "step_finished", risk[0]["at"])
                if f["body"]["result"] == "needed"]
        self.assertTrue(back, "the loop did not go back to collection")
        self.assertTrue(of_kind(facts, "deployed", risk[0]["at"]), "no better model was deployed")

    def test_a_broken_source_trains_nothing(self):
        table = rows(DAYS)
        fault = "y=0 from %s to %s" % (day(CHANGE), day(CHANGE + 12))
        facts, _ = lived(table, replay=("--fault", fault))
        kept = [f for f in of_kind(facts, "signal", day(CHANGE)) if f["body"]["quarantines"]]
        self.assertTrue(kept, "the zeros were not noticed")
        self.assertEqual(kept[0]["body"]["subject"], "y")
        self.assertLessEqual(kept[0]["at"][:10], day(CHANGE + 3))
        for fact in of_kind(facts, "deployed", day(CHANGE + 2)):
            self.assertGreater(fact["at"], day(CHANGE + 12), "a model was deployed meanwhile")

    def test_an_older_version_stands_in_while_a_column_is_broken(self):
        # The first model may not read x, and goes by w, which is x less exactly. The next one may,
        # until x is stuck for six days.
        chance = random.Random(4)
        table = [{**row, "w": round(row["x"] + chance.gauss(0, 1), 3)} for row in rows(DAYS)]
        fault = "x=3.21 from %s to %s" % (day(50), day(56))
        words = ("replay", "--into", "lived", "--from", day(24), "--fault", fault)
        with Project(PROGRAM, table, prepare='ignore = ["x"]' + LAG,
                     cool_down="0s") as project:
            project.run(*words, env={"RONDO_FAILPOINTS": "replay_tick=crash@4"})
            settings = project.text("rondo.toml")
            project.write("rondo.toml", settings.replace('ignore = ["x"]', ""))
            project.json(*words)
            into = project.path("lived")
            facts = project.facts(into)
            first = project.json("models", "show", "v1", folder=into)["preparation"]["features"]
            self.assertNotIn("x", first)
            rollouts = of_kind(facts, "rollout")
            self.assertEqual([f["body"]["act"] for f in rollouts], ["begin", "end"])
            begin, end = (f["body"] for f in rollouts)
            self.assertEqual((begin["challenger"], begin["stands_in"]), (1, "x"))
            losses = re.search(r'"x" is broken, and on the last [\d,]+ labelled rows before v1 '
                               r'errs less without it \(mae ([\d.]+)\) than v\d+ with it missing '
                               r'\(([\d.]+)\)', begin["why"])
            self.assertTrue(losses, begin["why"])
            self.assertLess(float(losses[1]), float(losses[2]))
            self.assertEqual(end["why"], '"x" is well again')
            self.assertLessEqual(rollouts[0]["at"][:10], day(52))
            self.assertGreater(rollouts[1]["at"], day(56))
            during = [f["body"]["stage"] for f in of_kind(facts, "step_started", rollouts[0]["at"])
                      if f["at"] < rollouts[1]["at"]]
            self.assertNotIn("Model Training", during)
            champion = str(begin["champion"])
            answers = project.run("answers", folder=into, check=0).stdout.splitlines()
            by_day = {}
            for row in csv.DictReader(answers):
                by_day.setdefault(row["time"][:10], set()).add(row["model_version"])
            self.assertEqual(by_day[day(49)], {champion})
            self.assertEqual(by_day[day(54)], {"1"}, "it answers while x is stuck")
            self.assertEqual(by_day[day(DAYS - 2)], {champion}, "and no longer")

    def test_a_source_that_falls_silent_is_told_once(self):
        table = [row for i, row in enumerate(rows(DAYS)) if not CHANGE <= i // 24 < CHANGE + 8]
        facts, result = lived(table)
        told = [f for f in of_kind(facts, "signal") if f["body"]["kind"] == "freshness"]
        self.assertEqual([f["body"]["open"] for f in told], [True, False])
        self.assertIn("no row came for", told[0]["body"]["sentence"])
        self.assertLess(told[0]["at"][:10], day(CHANGE + 8))
        self.assertEqual(result["alarms"], 0, "it is a notice, not an alarm")

    def test_a_spent_month_is_told_once(self):
        with Project(PROGRAM, rows(DAYS), rounds=10, cool_down="0s", new_data=0.08) as project:
            project.write("rondo.toml", project.text("rondo.toml").replace(
                "[loop]", "[loop]\ncycles_per_month = 2"))
            project.json("replay", "--into", "lived", "--from", day(24))
            facts = project.facts(project.path("lived"))
            said = project.json("alerts", "--all", folder=project.path("lived"))["alerts"]
            budget = sorted((alert for alert in said if alert["kinds"] == ["budget"]),
                            key=lambda alert: alert["opened"])
            trained = [f["at"] for f in of_kind(facts, "step_started")
                       if f["body"]["stage"] == "Model Training"]
            self.assertEqual([alert["closed"] is None for alert in budget], [False, True],
                             "one a month, though a cycle is wanted each day")
            told = budget[0]
            self.assertGreater(told["opened"], trained[1], "two trainings are the month's")
            self.assertEqual(told["closed"], trained[2], "it ends when a cycle has room again")
            self.assertGreaterEqual(told["closed"][:10], day(24 + 30))
            self.assertIn("the budget of the month is spent: 2 cycles", told["sentence"])
            refused = [f for f in of_kind(facts, "decision", told["opened"])
                       if f["at"] < told["closed"] and f["body"]["answer"] == "no"]
            self.assertGreater(len(refused), 10)

    def test_a_crontab_learns_the_zeros(self):
        table = rows(DAYS)
        fault = "y=0 from %s to %s" % (day(CHANGE), day(CHANGE + 20))
        facts, _ = lived(table, replay=("--fault", fault, "--policy", "cron:7d"))
        during = [f for f in of_kind(facts, "deployed", day(CHANGE + 2))
                  if f["at"] < day(CHANGE + 20)]
        self.assertGreaterEqual(len(during), 2)

    def test_never_trains_once(self):
        facts, result = lived(rows(40, shift=lambda d: max(0, d - 24)),
                              replay=("--policy", "never"))
        self.assertEqual((result["cycles"], result["promotions"]), (1, 1))
        self.assertEqual(len(of_kind(facts, "deployed")), 1)

    def test_status_counts_the_same_cycles(self):
        # Collections that find too little come before the first model and are no cycles.
        with Project(PROGRAM, rows(30), rounds=10, min_rows=400) as project:
            said = project.json("replay", "--into", "lived", "--from", "2024-01-08")
            status = project.json("status", folder=project.path("lived"))
            turns = {row["cycle"] for row in project.json("history", folder=project.path("lived"))}
            self.assertGreater(said["cycles"], 0)
            self.assertEqual(said["cycles"], status["cycles"])
            self.assertLess(said["cycles"], len(turns))

    def test_ids_follow_from_the_recorded_rows(self):
        def ids(table):
            with Project(PROGRAM, table, rounds=5) as project:
                project.json("replay", "--into", "lived", "--from", "2024-01-14", "--policy",
                             "never")
                store = sqlite3.connect(project.path("lived", ".rondo", "rondo.db"))
                found = {row[0] for row in store.execute("SELECT id FROM labels")}
                store.close()
                return found
        table = rows(16)
        other = [dict(row) for row in table]
        other[-1]["x"] += 1  # one cell; as many rows, the same first time
        self.assertTrue(ids(table))
        self.assertEqual(ids(table), ids(table))
        self.assertFalse(ids(table) & ids(other))

    def test_the_metric_is_the_projects(self):
        with Project(PROGRAM, rows(30), rounds=10) as project:
            with open(project.path("rondo.toml")) as file:
                text = file.read()
            for configured, shown in (("rmse", "rmse"), ("r2", "rmse")):
                project.write("rondo.toml", text.replace('"mae"', '"%s"' % configured))
                said = project.json("replay", "--into", configured, "--from", "2024-01-20")
                self.assertEqual(said["metric"], shown)
                self.assertEqual("note" in said, configured == "r2")
            done = project.run("replay", "--into", "r2", "--from", "2024-01-20", check=0)
            self.assertIn("rmse stands for r2", done.stdout)

    def test_an_unknown_policy_is_refused(self):
        with Project(PROGRAM, rows(40)) as project:
            done = project.run("replay", "--into", "x", "--policy", "sometimes", check=3)
            self.assertIn("performance", done.stderr)

    def test_outside_of_the_history(self):
        with Project(PROGRAM, rows(10)) as project:
            done = project.run("replay", "--into", "x", "--from", "2023-01-01", check=3)
            self.assertIn("2024-01-01", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
