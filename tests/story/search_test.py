#!/usr/bin/env python3
"""A search of Model Training that is killed goes on after the candidates that it finished, Ctrl-C
ends it with the best so far, and the model is the one of an undisturbed search of as many.

usage: search_test.py PROGRAM SOURCE_DIR
"""
import glob
import json
import os
import random
import signal
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows  # noqa: E402

TABLE = rows(40)


class Search(unittest.TestCase):
    def project(self, budget):
        project = Project(PROGRAM, TABLE, rounds=200, cool_down="0s")
        self.addCleanup(project.__exit__)
        text = project.text("rondo.toml")
        one = 'budget = "1 candidate"'
        self.assertIn(one, text)
        project.write("rondo.toml", text.replace(one, 'budget = "%s"' % budget))
        return project

    @staticmethod
    def kept(project):
        return sorted(glob.glob(project.path(".rondo", "attempts", "*-train", "kept-*", "0*")))

    def until_tried(self, project, process, count):
        until = time.monotonic() + 100
        while len(self.kept(project)) < count:
            self.assertIsNone(process.poll(), "it ended before %d were tried" % count)
            self.assertLess(time.monotonic(), until)
            time.sleep(0.01)

    @staticmethod
    def trained(project):
        """Evidence of the trainings, in their order."""
        return [fact["body"]["evidence"] for fact in project.facts()
                if fact["kind"] == "step_finished" and fact["body"]["stage"] == "Model Training"]

    def test_what_was_killed_goes_on_and_finds_the_same(self):
        whole = self.project("14 candidates")
        said = whole.run("run", "--json", check=0)
        expected, = self.trained(whole)
        self.assertEqual(len(expected["tried"]), 14)
        self.assertEqual(self.kept(whole), [], "what was kept is swept")
        events = [json.loads(line) for line in said.stderr.splitlines()]
        told = [event["tried"] for event in events if event.get("what") == "training"
                and "tried" in event]
        self.assertEqual(told, sorted(told))
        self.assertGreater(told[-1], 2, "a search tells how far it is")
        chance = random.Random(5)
        killed = self.project("14 candidates")
        for count in (1, 4, 9):
            process = killed.start("run")
            self.until_tried(killed, process, count)
            time.sleep(chance.random() * 0.2)
            process.kill()
            process.wait()
        with open(self.kept(killed)[2], "r+b") as file:
            file.truncate(40)
        killed.run("run", check=0)
        self.assertEqual(self.trained(killed), [expected])
        resumed = [json.loads(body).get("resumed") for body, in killed.query(
            "select body from journal where kind = 'attempt_ended' order by id")]
        self.assertIn(2, resumed, "those before the damaged one were taken over")

    def test_ctrl_c_ends_it_with_the_best_so_far(self):
        project = self.project("10m")
        process = project.start("run")
        self.until_tried(project, process, 3)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), 130)
        evidence, = self.trained(project)
        self.assertGreaterEqual(len(evidence["tried"]), 3)
        project.run("run", check=0)
        self.assertEqual(len(self.trained(project)), 1, "it is not trained again")
        self.assertEqual(len(project.json("models")), 1)
        self.assertTrue(project.json("reproduce")["same"])
        self.tells_of_it(project, evidence)

    def tells_of_it(self, project, evidence):
        card = project.json("models", "show")
        self.assertEqual(card["training"], evidence)
        self.assertEqual([step["stage"] for step in card["steps"]], [
            "Data Collection", "Data Preparation", "Model Training", "Model Evaluation",
            "Model Deployment"])
        self.assertIn("slices", card["evaluation"])
        text = project.run("models", "show", "v1", check=0).stdout
        for words in ("v1  champion", "%d candidates on" % len(evidence["tried"]), "verdict: ",
                      "Where it fails", "Model Training"):
            self.assertIn(words, text)
        self.assertIn("there are v1", project.run("models", "show", "v2", check=3).stderr)
        self.assertIn("v1", project.run("models", "diff", "v1", check=0).stdout)
        self.assertEqual(project.run("models", "shew").returncode, 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
