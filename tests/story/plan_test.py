#!/usr/bin/env python3
"""A plan says what the next turn does, and making one changes no byte.

usage: plan_test.py PROGRAM SOURCE_DIR
"""
import hashlib
import os
import signal
import sys
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows, write_csv  # noqa: E402


def files(project):
    """Digest of every file of a project by its path, but of SQLite's memory of locks."""
    out = {}
    for folder, _, names in os.walk(project.folder):
        for name in names:
            if name == "rondo.db-shm":
                continue
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                out[os.path.relpath(path, project.folder)] = hashlib.sha256(file.read()).hexdigest()
    return out


def steps(plan, *runs):
    return [step["stage"] for step in plan["steps"] if step["runs"] in runs]


def history(project, after):
    return [row for row in project.json("history") if row["step"] > after]


class Plan(unittest.TestCase):
    def plan(self, project):
        """The plan, after a look that it changed nothing and says the same twice."""
        before, facts = files(project), project.facts()
        plan = project.json("plan")
        text = project.run("plan", check=0).stdout
        self.assertEqual(files(project), before)
        self.assertEqual(project.facts(), facts)
        self.assertEqual(project.json("plan"), plan)
        self.assertIn(plan["now"], text)
        return plan

    def test_says_what_happens_then(self):
        with Project(PROGRAM, rows(20), rounds=10, cool_down="0s") as project:
            self.assertEqual(project.run("plan").returncode, 3)  # before the first turn
            project.run("run", check=0)
            last = project.json("status")["steps"]

            rest = self.plan(project)
            self.assertIsNone(rest["begins"])
            self.assertEqual((rest["steps"], rest["decision"]["answer"]), ([], "no"))
            self.assertEqual(history(project, last), [])

            few = rows(1, seed=2, first=20)  # fewer than a tenth more
            write_csv(project.path("rows.csv"), few, "a")
            plan = self.plan(project)
            self.assertIn("rows.csv", plan["news"]["source"])
            self.assertEqual(steps(plan, "yes"), ["Monitoring & Maintenance", "Data Collection",
                                                  "Monitoring & Maintenance"])
            self.assertEqual("100 more labelled rows, 580 in all; there are 480",
                             plan["steps"][2]["when"])
            self.assertIn("d1: its 480 rows are not read again", plan["steps"][1]["reuses"])
            project.run("run", check=0)
            then = history(project, last)
            self.assertEqual([row["stage"] for row in then], steps(plan, "yes"))
            self.assertEqual(then[1]["result"], "too few rows")
            last = then[-1]["step"]

            write_csv(project.path("rows.csv"), rows(10, seed=3, first=21), "a")
            plan = self.plan(project)
            self.assertEqual(len(steps(plan, "yes", "perhaps")), 7)
            for step in plan["steps"][1:-1]:
                self.assertGreater(step["cost"]["wall_s"], 0, step)
                self.assertLessEqual(step["cost"]["least_s"], step["cost"]["wall_s"])
            self.assertEqual(plan["total"]["unknown"], [])
            project.run("run", check=0)
            then = history(project, last)
            self.assertEqual([row["stage"] for row in then][:3],
                             [step["stage"] for step in plan["steps"]][:3])
            for row, step in zip(then, plan["steps"]):
                self.assertIn((row["result"], row["next"]),
                              [(end["result"], end["next"]) for end in step["may_end_in"]])

    def test_a_pause_and_a_persons_cycle(self):
        with Project(PROGRAM, rows(20), rounds=10) as project:
            project.run("run", check=0)
            project.run("pause", "--why", "holidays", check=0)
            write_csv(project.path("rows.csv"), rows(10, seed=2, first=20), "a")
            plan = self.plan(project)
            self.assertIsNone(plan["begins"])
            self.assertIn("rondo resume", plan["waits_for"])
            project.run("resume", check=0)
            plan = self.plan(project)
            self.assertIn("cools down", plan["held"])
            self.assertEqual(steps(plan, "no"), ["Data Preparation", "Model Training",
                                                 "Model Evaluation", "Model Deployment"])
            project.run("trigger", "--why", "new sensor", check=0)
            plan = self.plan(project)
            self.assertEqual(plan["reason"], "asked: new sensor")
            self.assertEqual(steps(plan, "no"), [])

    def test_a_training_that_was_killed_goes_on(self):
        with Project(PROGRAM, rows(40), rounds=10, cool_down="0s") as project:
            toml = project.text("rondo.toml")
            project.write("rondo.toml", toml.replace('"1 candidate"', '"400 candidates"'))
            process = project.start("run")
            kept = project.path(".rondo", "attempts", "3-train")
            found = 0
            for _ in range(600):
                names = [n for _, _, some in os.walk(kept) for n in some if n.isdigit()]
                found = len(names)
                if found >= 2:
                    break
                try:
                    process.wait(0.1)
                    break
                except Exception:  # noqa: BLE001, it still runs
                    pass
            process.kill()
            process.wait(60)
            self.assertGreaterEqual(found, 2, "no candidate was kept in time")
            plan = project.json("plan")
            self.assertTrue(plan["resumes"])
            self.assertEqual(plan["begins"], "Model Training")
            reuses = plan["steps"][0]["reuses"]
            self.assertEqual(len(reuses), 1, reuses)
            self.assertGreaterEqual(int(reuses[0].split()[0]), found)
            self.assertIn("finished candidates of the search that was cut off", reuses[0])

    def test_a_model_that_is_there_is_told(self):
        with Project(PROGRAM, rows(20), rounds=10) as project:
            project.run("run", check=0)
            project.run("trigger", check=0)
            training = [s for s in self.plan(project)["steps"] if s["stage"] == "Model Training"]
            self.assertIn("if the prepared rows come out the same", training[0]["reuses"][0])
            toml = project.text("rondo.toml")
            project.write("rondo.toml", toml.replace("rounds = 10", "rounds = 11"))
            training = [s for s in self.plan(project)["steps"] if s["stage"] == "Model Training"]
            self.assertEqual(training[0]["reuses"], [])

    def test_a_server_tells_it_too(self):
        with Project(PROGRAM, rows(20), rounds=10) as project:
            project.run("run", check=0)
            process, base = project.up("--no-loop")
            status, plan = ask(base, "/api/v1/plan")
            self.assertEqual(status, 200)
            self.assertEqual(plan["decision"]["answer"], "no")
            self.assertEqual(plan["now"], project.json("plan")["now"])
            process.send_signal(signal.SIGTERM)
            process.wait(60)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
