#!/usr/bin/env python3
"""Cycles that end without a new model, and what they leave: each ended wrongly once.

usage: loop_test.py PROGRAM SOURCE_DIR
"""
import os
import random
import re
import signal
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows, write_csv  # noqa: E402

ROW = {"x": 1.5, "kind": "a"}
NO_CLOCK = """[project]
name = "toy"
target = "y"

[collect]
source = "rows.csv"

[train]
budget = "1 candidate"
rounds = 60
min_leaf = 1

[evaluate]
metric = "mae"

[loop]
cool_down = "0s"
"""


def noise(count, seed):
    """Rows whose target is mostly chance, so that a model knows the rows that it was trained on."""
    chance = random.Random(seed)
    return [dict({"x%d" % i: round(chance.uniform(0, 1), 6) for i in range(4)},
                 y=round(chance.gauss(0, 10), 4)) for _ in range(count)]


def worker_limits(parent):
    """/proc/PID/limits of the worker that `parent` started, or nothing."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as file:
                if int(file.read().rsplit(")", 1)[1].split()[1]) != parent:
                    continue
            with open("/proc/%s/cmdline" % pid) as file:
                if "worker" not in file.read().split("\0"):
                    continue
            with open("/proc/%s/limits" % pid) as file:
                return file.read()
        except OSError:
            pass
    return None


class Cycles(unittest.TestCase):
    def test_without_a_clock_the_champion_is_judged_on_rows_that_it_never_saw(self):
        table = noise(600, 1)
        for row in table:
            row["y"] = round(row["y"] + 80 * abs(row["x0"] - 0.5), 4)
        with Project(PROGRAM) as project:
            project.write("rondo.toml", NO_CLOCK)
            write_csv(project.path("rows.csv"), table)
            project.run("run", check=0)
            honest = project.json("models")[0]["metrics"]["mae"]
            more = noise(400, 2)
            for row in more:
                row["y"] = round(row["y"] + 80 * abs(row["x0"] - 0.5), 4)
            write_csv(project.path("rows.csv"), more, "a")
            project.run("run")
            reason = [step["reason"] for step in project.json("history")
                      if step["stage"] == "Model Evaluation"][-1]
            said = re.search(r"v1's ([0-9.]+) on the same", reason)
            self.assertTrue(said, reason)
            self.assertGreater(float(said.group(1)), 0.9 * honest, reason)

    def test_one_old_prediction_does_not_starve_the_loop(self):
        with Project(PROGRAM, rows(20), rounds=10, cool_down="0s") as project:
            project.run("run", check=0)
            process, base = project.up()
            self.assertEqual(ask(base, "/api/v1/predict",
                                 {"rows": [dict(ROW, _time="2024-01-10T09:00:00Z")]})[0], 200)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(30), 0)
            write_csv(project.path("rows.csv"), rows(20, seed=2, first=20), "a")
            project.run("run")
            last = [step for step in project.json("history")
                    if step["stage"] == "Model Evaluation"]
            self.assertEqual(len(last), 2, project.json("history")[-3:])

    def test_a_broken_contract_is_not_tried_again_on_the_same_rows(self):
        with Project(PROGRAM, rows(20), rounds=10, cool_down="0s",
                     prepare='missing = "reject"\n') as project:
            project.run("run", check=0)
            missing = [dict(row, x=None) for row in rows(20, seed=2, first=20)]
            write_csv(project.path("rows.csv"), missing, "a")
            done = project.run("run", timeout=60)
            self.assertIn(done.returncode, (1, 3, 4), done.stdout)
            before = len(project.json("history"))
            project.run("run", timeout=60)
            self.assertEqual(len(project.json("history")), before)
            problem = project.json("status")["problem"]
            self.assertEqual(problem["stage"], "Data Preparation")
            self.assertIn("has missing values", problem["reason"])
            self.assertIn("Step %d " % problem["step"], project.run("why", check=0).stdout)

    def test_a_clock_that_only_orders_makes_no_dates(self):
        chance = random.Random(1)
        table = [{"n": i, "x": round(chance.uniform(0, 9), 3)} for i in range(1000)]
        for row in table:
            row["y"] = round(7 * abs(row["x"] - 4.5) + (row["n"] % 24) + chance.gauss(0, 1), 3)
        with Project(PROGRAM, table, prepare='ignore = ["n"]\n') as project:
            with open(project.path("rondo.toml")) as file:
                toml = file.read()
            project.write("rondo.toml", toml.replace('time = "at"', 'time = "n"'))
            project.run("run", check=0)
            prepared = [step["reason"] for step in project.json("history")
                        if step["stage"] == "Data Preparation"][0]
            self.assertIn("; 1 feature", prepared)
            self.assertNotIn("_time", prepared)
            process, base = project.up()
            self.assertEqual(ask(base, "/api/v1/predict", {"rows": [{"x": 1.5}]})[0], 200)
            project.run("trigger", check=0)
            self.assertEqual(project.json("status")["champion"]["version"], 1)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(30), 0)
            self.assertFalse([f for f in project.facts() if f["kind"] == "signal"])

    def test_a_person_lets_rows_train_that_were_kept_out(self):
        with Project(PROGRAM, rows(60), rounds=10) as project:
            lived = project.path("lived")
            project.run("replay", "--into", lived, "--from", "2024-01-20", "--fault",
                        "y=0 from 2024-02-05 to 2024-02-12", check=0)
            kept = [f for f in project.facts(folder=lived) if f["kind"] == "signal"
                    and f["body"]["quarantines"]]
            self.assertTrue(kept)
            column = kept[0]["body"]["subject"]
            refused = project.run("data", "rejects", "--retry", "--column", "x", folder=lived)
            self.assertEqual(refused.returncode, 5, refused.stdout)
            project.run("data", "rejects", "--retry", "--column", column, folder=lived, check=0)
            person = [f for f in project.facts(folder=lived) if f["kind"] == "person"][-1]["body"]
            self.assertEqual((person["act"], person["column"]), ("accept_rows", column))
            again = project.run("data", "rejects", "--retry", folder=lived)
            self.assertEqual(again.returncode, 5)
            self.assertIn("no rows are kept out", again.stderr)

    def test_after_a_rollback_status_has_no_evidence_of_the_other_version(self):
        with Project(PROGRAM, rows(40), rounds=10) as project:
            lived = project.path("lived")
            project.run("replay", "--into", lived, "--from", "2024-01-12", "--policy", "cron:20d",
                        check=0)
            said = project.run("status", folder=lived, check=0).stdout
            self.assertIn("performs well: mean absolute error", said)
            project.run("rollback", "--why", "odd answers", folder=lived, check=0)
            said = project.run("status", folder=lived, check=0).stdout
            self.assertIn("no labels have been judged yet", said)
            self.assertEqual(project.json("status", folder=lived)["watch"], {},
                             "what was known of the version before is not of this one")
            # Whoever asks is told, and nobody undoes it by doing it too.
            now = project.json("status", folder=lived)["champion"]["version"]
            for subject in ([], ["v%d" % now]):
                told = project.run("why", *subject, folder=lived, check=0).stdout
                self.assertRegex(told, r"v%d took over from v\d+ \(\S+: odd answers\)" % now)
            again = project.run("rollback", folder=lived, check=5).stderr
            self.assertIn("v%d came back by a rollback already" % now, again)
            self.assertIn("rondo promote v", again)

    def test_served_predictions_with_labels_become_rows(self):
        served = rows(6, seed=2, first=20)
        with Project(PROGRAM, rows(20), cool_down="0s", label_delay="1h") as project:
            project.run("run", check=0)
            process, base = project.up()
            token = project.token()
            asked = [{"x": row["x"], "kind": row["kind"], "time": row["at"].replace(" ", "T") + "Z"}
                     for row in served]
            ids = []
            for row in asked:  # each at its own time
                status, said = ask(base, "/api/v1/predict",
                                   {"rows": [{"x": row["x"], "kind": row["kind"]}],
                                    "time": row["time"]})
                self.assertEqual(status, 200, said)
                ids.append(said["predictions"][0]["id"])
            labels = [{"id": i, "label": row["y"]} for i, row in zip(ids, served)]
            now = ask(base, "/api/v1/predict", {"rows": [ROW]})[1]["predictions"][0]["id"]
            labels.append({"id": now, "label": 30})  # not known before an hour is over
            self.assertEqual(ask(base, "/api/v1/feedback", {"labels": labels}, token=token)[0], 200)
            for _ in range(300):
                done = [row for row in project.json("history") if row["cycle"] == 2]
                if [row for row in done if row["stage"] == "Model Evaluation"]:
                    break
                time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            data = project.json("data")
            self.assertEqual([row["rows"] for row in data], [480, 480 + 144])
            self.assertEqual(data[1]["labelled"], 480 + 144)
            self.assertEqual(done[0]["reason"], "144 predictions that got their label")
            self.assertEqual([row["stage"] for row in done[:4]],
                             ["Data Collection", "Data Preparation", "Model Training",
                              "Model Evaluation"], "trained and judged on them alone")
            self.assertEqual(project.run("fsck").returncode, 0)

            # The source has most of them too, one with another label: it is right, and no row is
            # there twice.
            served[5]["y"] += 1
            write_csv(project.path("rows.csv"), served[:140], "a")
            project.run("run", check=0)
            data = project.json("data")
            self.assertEqual(data[2]["rows"], 480 + 144 + 1)
            self.assertEqual(data[2]["added"], 140)
            self.assertEqual(data[2]["until"], "2024-01-26T23:00:00Z", "a served row is newest")
            self.assertEqual(project.run("fsck").returncode, 0)

            # A correction of what was collected makes no second row.
            process, base = project.up()
            ask(base, "/api/v1/feedback", {"labels": [
                {"id": ids[0], "label": 0, "correction": True}]}, token=token)
            ask(base, "/api/v1/trigger", {"why": "look"}, token=token)
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            project.run("trigger", check=0)
            project.run("run")
            self.assertEqual(project.json("data")[-1]["rows"], 480 + 144 + 1)

    def test_labels_that_are_not_known_yet_start_no_cycles(self):
        with Project(PROGRAM, rows(20), cool_down="0s") as project:
            project.run("run", check=0)
            process, base = project.up()
            said = ask(base, "/api/v1/predict", {"rows": [ROW] * 500})[1]["predictions"]
            labels = [{"id": one["id"], "label": 30} for one in said]  # known in a day
            self.assertEqual(ask(base, "/api/v1/feedback", {"labels": labels},
                                 token=project.token())[0], 200)
            def collections():
                return [row for row in project.json("history")[6:]
                        if row["stage"] == "Data Collection"]
            until = time.monotonic() + 60
            while not collections() and time.monotonic() < until:
                time.sleep(0.2)
            time.sleep(3)  # thirty looks of the loop
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            steps = [(row["stage"], row["result"]) for row in project.json("history")][6:]
            self.assertLessEqual(len(steps), 3, steps)
            self.assertEqual({result for stage, result in steps if stage == "Data Collection"},
                             {"unchanged"})
            self.assertEqual([row["rows"] for row in project.json("data")], [480])

    def test_a_worker_is_limited(self):
        with Project(PROGRAM, rows(60), rounds=2000) as project:
            process = project.start("run")
            limits = None
            while process.poll() is None and not limits:
                limits = worker_limits(process.pid)
            process.terminate()
            process.wait(60)
            self.assertTrue(limits, "no worker was seen")
            for name in ("Max cpu time", "Max open files", "Max file size"):
                line = [line for line in limits.splitlines() if line.startswith(name)][0]
                self.assertNotIn("unlimited", line[:40], line)

    def test_asked_with_nothing_to_test_on(self):
        with Project(PROGRAM, rows(20), rounds=10) as project:
            project.run("run", check=0)
            project.run("trigger", check=0)
            project.run("run", check=0)
            step = [step for step in project.json("history")
                    if step["stage"] == "Data Collection"][-1]
            self.assertEqual(step["result"], "unchanged")
            self.assertIn("no labelled row is newer than v1's training", step["reason"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
