#!/usr/bin/env python3
"""A step that fails for good: three attempts, then it is said, the champion answers, and nothing
starts again by itself until there is new data or a person asks.

usage: failure_test.py PROGRAM SOURCE_DIR
"""
import os
import shutil
import signal
import sys
import time
import unittest

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows, write_csv  # noqa: E402

ROW = {"x": 1.5, "kind": "a"}
TRAINING = {"RONDO_FAILPOINTS": "candidate_write=error"}  # at every hit


class Failure(unittest.TestCase):
    def setUp(self):
        self.project = Project(PROGRAM, rows(30), rounds=10, cool_down="0s")
        self.addCleanup(self.project.__exit__)
        self.project.run("run", check=0)

    def up(self, env=None):
        self.process, self.base = self.project.up(env=env)

    def ended(self, stage):
        """Steps of a stage that ended, oldest first."""
        return [row for row in ask(self.base, "/api/v1/history")[1]
                if row["stage"] == stage and row["result"]]

    def more(self, stage, than, seconds=60):
        """Waits until more than `than` steps of a stage ended; returns the newest one."""
        until = time.monotonic() + seconds
        while len(self.ended(stage)) <= than:
            self.assertLess(time.monotonic(), until, "no further step of " + stage)
            time.sleep(0.2)
        return self.ended(stage)[-1]

    def stays(self, seconds):
        """Rests, appends nothing, and the first model answers."""
        until = time.monotonic() + 30
        while not ask(self.base, "/api/v1/status")[1]["resting"]:
            self.assertLess(time.monotonic(), until, "it does not rest")
            time.sleep(0.2)
        facts = self.project.facts()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            status, said = ask(self.base, "/api/v1/predict", {"rows": [ROW]})
            self.assertEqual((status, said["predictions"][0]["model_version"]), (200, 1), said)
            time.sleep(0.5)
        self.assertEqual(self.project.facts(), facts, "it went on by itself")

    def down(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(60), 0)

    def new_rows(self, first, days=10):
        write_csv(self.project.path("rows.csv"), rows(days, seed=first, first=first), "a")

    def test_a_training_that_fails(self):
        self.up(TRAINING)
        self.new_rows(30)
        failed = self.more("Model Training", 1)
        self.assertEqual((failed["result"], failed["next"]), ("failed", "Monitoring & Maintenance"))
        self.stays(5)
        self.assertEqual(self.attempts(failed["step"]), [1, 2, 3])
        for words in (("why",), ("why", str(failed["step"])), ("history",)):
            told = self.project.run(*words, check=0).stdout
            self.assertIn("Model Training", told, words)
            self.assertIn("failed", told, words)
        self.assertIn("candidate_write", self.project.run("why", check=0).stdout)
        self.assertRegex(ask(self.base, "/metrics")[1],
                         r'rondo_step_failures_total\{[^}]*stage="train"\} 1\n')
        # New data is a reason to try again, and so is a person.
        self.new_rows(40)
        self.assertEqual(self.more("Model Training", 2)["result"], "failed")
        self.stays(3)
        self.project.run("trigger", check=0)
        self.assertEqual(self.more("Model Training", 3)["result"], "failed")
        self.stays(3)
        self.down()
        # A start is none; with the fault gone, one trigger ends well.
        self.up()
        self.stays(3)
        self.project.run("trigger", check=0)
        self.assertEqual(self.more("Model Training", 4)["result"], "trained")
        self.assertIn(self.more("Model Evaluation", 1)["result"],
                      ("good", "not better", "undecided"))
        self.down()
        self.project.run("fsck", check=0)

    def attempts(self, step):
        return [number for number, in self.project.query(
            "SELECT json_extract(body, '$.attempt') FROM journal WHERE kind = 'attempt_failed' AND "
            "step = ? ORDER BY id", step)]

    def test_status_names_the_step_that_failed(self):
        self.up(TRAINING)
        self.new_rows(30)
        step = self.more("Model Training", 1)["step"]
        self.stays(1)
        alerts = ask(self.base, "/api/v1/status")[1]["alerts"]
        self.assertEqual(len(alerts), 1, alerts)
        for told in (str(alerts[0]), self.project.run("status", check=0).stdout):
            self.assertIn("Model Training", told)
            self.assertIn("step %d" % step, told)

    def test_a_source_that_became_garbage(self):
        self.up()
        source = self.project.path("rows.csv")
        shutil.copy(source, self.project.path("kept.csv"))
        # In one move: a file seen half written would fail too, and the whole one be news again.
        with open(source + ".part", "wb") as file:
            file.write(bytes(range(256)) * 40)
        os.replace(source + ".part", source)
        failed = self.more("Data Collection", 1)
        self.assertEqual((failed["result"], failed["next"]), ("failed", "Monitoring & Maintenance"))
        self.assertIn("rows.csv", failed["reason"])
        self.stays(5)
        self.assertIn("rows.csv", self.project.run("why", check=0).stdout)
        self.assertEqual([f for f in self.project.facts() if f["kind"] == "step_started"
                          and f["step"] > failed["step"]
                          and f["body"]["stage"] == "Data Collection"], [])
        # The same bytes again say nothing new; the mended file, with more rows, does.
        shutil.copy(self.project.path("kept.csv"), source)
        self.new_rows(30)
        self.assertEqual(self.more("Model Training", 1)["result"], "trained")
        self.down()
        self.project.run("fsck", check=0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
