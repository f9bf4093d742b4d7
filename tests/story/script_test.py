#!/usr/bin/env python3
"""A training script of the project's own: its model passes the gate, serves, is explained and is
made again; a script that fails is told with what it printed, and reaches nothing that is not its.

usage: script_test.py PROGRAM SOURCE_DIR
"""
import glob
import os
import shutil
import signal
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows, write_csv  # noqa: E402

TABLE = rows(30)
SCRIPT = os.path.join(SOURCE, "tests", "lib", "stumps.py")
ONE = 'budget = "1 candidate"'


class Script(unittest.TestCase):
    def project(self, words="", program=sys.executable, budget=ONE, **settings):
        project = Project(PROGRAM, TABLE, cool_down="0s", **settings)
        self.addCleanup(project.__exit__)
        shutil.copy(SCRIPT, project.path("train.py"))
        self.command(project, "%s train.py %s" % (program, words), budget)
        return project

    @staticmethod
    def command(project, command, budget=ONE):
        lines = [line for line in project.text("rondo.toml").splitlines(True)
                 if not line.startswith(("command", "budget"))]
        at = lines.index("[train]\n") + 1
        lines[at:at] = ["command = '%s'\n" % command, budget + "\n"]
        project.write("rondo.toml", "".join(lines))

    def refused(self, words, *expected, program=sys.executable, **settings):
        """Runs a script that is to fail; each of `expected` stands in the error."""
        project = self.project(words, program, **settings)
        done = project.run("run")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        for text in expected:
            self.assertIn(text, done.stderr)
        self.assertEqual(project.json("models"), [])
        return project, done.stderr

    @staticmethod
    def trained(project):
        return [fact["body"] for fact in project.facts() if fact["kind"] == "step_finished" and
                fact["body"]["stage"] == "Model Training"]

    def test_a_script_trains_and_the_loop_goes_on(self):
        project = self.project()
        project.run("run", check=0)
        step, = self.trained(project)
        self.assertEqual(step["evidence"]["learner"], "script")
        self.assertEqual(step["evidence"]["library"], "LightGBM")
        self.assertEqual(step["evidence"]["trees"], 60)
        self.assertGreater(step["evidence"]["inner_rows"], 20)
        version, = project.json("models")
        self.assertIn("train.py", project.run("models", "show", "v1", check=0).stdout)
        self.is_made_again(project)
        self.serves(project)
        self.is_not_trained_twice(project)
        self.twin_is_of_the_same_file(project, version)

    def is_made_again(self, project):
        made = project.json("reproduce")
        self.assertTrue(made["same"], made)
        self.assertEqual([job["kind"] for job in made["jobs"]].count("train"), 2)

    def serves(self, project):
        process, base = project.up()
        row = {"_time": "2024-01-31T10:00:00Z", "x": 5.0, "kind": "c"}
        status, said = ask(base, "/api/v1/predict?explain=true", {"rows": [row]})
        self.assertEqual(status, 200, said)
        answer, = said["predictions"]
        self.assertTrue(30 < answer["value"] < 60, "the law gives 49 at this row: %s" % answer)
        total = answer["base"] + sum(answer["contributions"].values())
        self.assertAlmostEqual(total, answer["value"], places=6)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)

    def is_not_trained_twice(self, project):
        project.run("trigger", check=0)
        project.run("run")
        self.assertEqual(len(self.trained(project)), 1, "nothing new: nothing is trained")

    def twin_is_of_the_same_file(self, project, version):
        with open(project.path("train.py"), "a", encoding="utf-8") as file:
            file.write("# another file\n")
        done = project.run("reproduce", "v%d" % version["version"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("train.py is not the file any more that the model was trained by",
                      done.stderr)

    def test_chance_in_a_script_is_told(self):
        project = self.project("chance")
        project.run("run", check=0)
        done = project.run("reproduce")
        self.assertEqual(done.returncode, 1)
        self.assertIn("not reproduced", done.stdout)
        self.assertIn("the script is not deterministic", done.stderr)

    def test_what_a_script_does_wrong_is_told(self):
        self.refused("exit", "exit code 3", "it printed last:", "there is no such column: age",
                     "script.log")
        self.refused("nothing", "left no model: in RONDO_OUT is nothing",
                     "training with nothing", "model.txt")
        self.refused("garbage", "model.txt", "LightGBM's model text")
        self.refused("fewer", "were prepared",
                     "it does not read")
        self.refused("other", "not prepared: \"weight\"", "it does not read")
        self.refused("binary", "objective is \"binary sigmoid:1\"", "the target \"y\"",
                     "reg:squarederror")

    def test_a_program_that_is_not_there(self):
        self.refused("", "no program \"pythonn\" is on the PATH", program="pythonn")
        self.refused("", "there is no program", ".venv/bin/python", program=".venv/bin/python")

    def test_a_command_that_cannot_be_read(self):
        project = self.project()
        text = project.text("rondo.toml")
        start = text.index("command = ")
        end = text.index("\n", start)
        project.write("rondo.toml", text[:start] + "command = \"python 'train.py\"" + text[end:])
        done = project.run("check")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("stays open", done.stderr)

    def test_a_script_ends_at_its_deadline(self):
        began = time.monotonic()
        _, said = self.refused("endless", "took too long and was ended", "[train] budget",
                               "training with endless", budget='budget = "3s"')
        self.assertLess(time.monotonic() - began, 60)
        self.assertIn("took too long", said)

    def test_ctrl_c_ends_the_script(self):
        project = self.project("endless")
        process = project.start("run")
        until = time.monotonic() + 60
        while not glob.glob(project.path(".rondo", "attempts", "*-train", "script.log")):
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), 130)
        self.assertEqual(self.of_script(project), [])

    @staticmethod
    def of_script(project):
        """Processes that still run the project's script."""
        found = []
        for place in glob.glob("/proc/[0-9]*"):
            try:
                if os.readlink(place + "/cwd") == os.path.realpath(project.folder):
                    found.append(place)
            except OSError:
                continue
        return found

    def test_it_reaches_its_own_folders_alone(self):
        if "Landlock" not in Project(PROGRAM).run("doctor").stdout:
            self.skipTest("the kernel confines no files")
        project, said = self.refused("outside", "exit code 1", "PermissionError", "stolen.txt")
        self.assertFalse(os.path.exists(project.path("stolen.txt")))
        self.refused("secret", "exit code 1", "PermissionError", "rondo.db")

    def test_mended_it_is_tried_again(self):
        project, _ = self.refused("exit", "exit code 3")
        self.command(project, sys.executable + " train.py")
        project.run("trigger", check=0)
        project.run("run", check=0)
        self.assertEqual(len(project.json("models")), 1)

    def test_more_rows_are_another_training(self):
        project = self.project()
        project.run("run", check=0)
        write_csv(project.path("rows.csv"), rows(10, seed=2, first=30), "a")
        project.run("trigger", check=0)
        project.run("run")
        self.assertEqual(len(self.trained(project)), 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
