#!/usr/bin/env python3
"""Models of other libraries come in, agree with their own predictions, and are refused when not.

usage: import_test.py PROGRAM SOURCE_DIR
"""
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows  # noqa: E402

FOREIGN = os.path.join(SOURCE, "tests", "data", "foreign")
MODELS = ("lightgbm_regression.txt", "lightgbm_binary.txt", "lightgbm_multiclass.txt",
          "lightgbm_poisson.txt", "xgboost_regression.json", "xgboost_binary.json",
          "xgboost_multiclass.json", "xgboost_poisson.json", "xgboost_regression.ubj",
          "xgboost_multiclass.ubj")


class Import(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="rondo-test-")
        self.addCleanup(self.folder.cleanup)

    def rondo(self, *words):
        return subprocess.run([PROGRAM, *words], cwd=self.folder.name, text=True,
                              capture_output=True, timeout=300)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def test_each_model_answers_as_its_library(self):
        for name in MODELS:
            golden = os.path.join(FOREIGN, os.path.splitext(name)[0] + ".csv")
            done = self.rondo("import", os.path.join(FOREIGN, name), "-o", name + ".rondo",
                              "--golden", golden, "--json")
            self.assertEqual(done.returncode, 0, name + "\n" + done.stdout + done.stderr)
            said = json.loads(done.stdout)
            self.assertEqual(said["compared"]["golden"], 60)
            lightgbm = name.startswith("lightgbm")
            self.assertEqual(said["compared"]["library"] >= 1000, lightgbm)
            self.assertEqual(said["compared"]["second_reading"] >= 1000, not lightgbm)
            if not lightgbm:
                self.assertLess(said["compared"]["rounding"], 1e-5)
            self.assertEqual(said["features"], ["temp", "hum", "hour", "sky"])
            self.assertTrue(said["explains"])
            with open(self.path(name + ".rondo"), "rb") as file:
                self.assertEqual(file.read(8), b"RONDOPL1")

    def test_it_says_what_it_was_compared_with(self):
        said = self.rondo("import", os.path.join(FOREIGN, "lightgbm_binary.txt"), "-o", "a.rondo")
        self.assertRegex(said.stdout, r"1,\d\d\d rows at its cuts score as LightGBM itself says")
        model = os.path.join(FOREIGN, "xgboost_binary.json")
        said = self.rondo("import", model, "-o", "b.rondo").stdout
        self.assertRegex(said, r"1,\d\d\d rows at its cuts score as its trees do in a second "
                               r"reading of the file")
        self.assertIn("XGBoost itself was not asked", said)
        said = self.rondo("import", model, "-o", "c.rondo", "--golden",
                          os.path.join(FOREIGN, "xgboost_binary.csv")).stdout
        self.assertIn("60 golden rows agree", said)
        self.assertNotIn("was not asked", said)

    def test_the_library_reads_the_file_in_a_process_of_its_own(self):
        """Where no worker can be started nothing is imported, and what is left of one is swept."""
        temp = self.path("temp")
        os.mkdir(temp)
        model = os.path.join(FOREIGN, "lightgbm_binary.txt")
        for point, code in (("worker_spawn=error", 1), ("worker_result=error", 1), ("", 0)):
            done = subprocess.run([PROGRAM, "import", model, "-o", "m.rondo"], text=True,
                                  cwd=self.folder.name, capture_output=True, timeout=300,
                                  env=dict(os.environ, RONDO_FAILPOINTS=point, TMPDIR=temp))
            self.assertEqual(done.returncode, code, point + done.stdout + done.stderr)
            self.assertEqual("asking LightGBM" in done.stderr, code == 1, done.stderr)
            self.assertEqual(os.path.exists(self.path("m.rondo")), code == 0)
            self.assertEqual(os.listdir(temp), [])

    def changed_golden(self, line, column, value):
        with open(os.path.join(FOREIGN, "xgboost_regression.csv")) as file:
            lines = file.read().splitlines()
        fields = lines[line - 1].split(",")
        fields[column] = value
        lines[line - 1] = ",".join(fields)
        with open(self.path("golden.csv"), "w") as file:
            file.write("\n".join(lines) + "\n")
        return self.rondo("import", os.path.join(FOREIGN, "xgboost_regression.json"),
                          "--golden", "golden.csv", "-o", "out.rondo")

    def test_a_difference_refuses_and_names_row_and_values(self):
        done = self.changed_golden(7, 4, "123.5")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("golden rows, line 7: the imported model answers", done.stderr)
        self.assertIn("expected is 123.5", done.stderr)
        self.assertFalse(os.path.exists(self.path("out.rondo")))
        done = self.changed_golden(1, 2, "minute")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn('lack the column "hour"', done.stderr)
        done = self.changed_golden(9, 0, "warm")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn('line 9, column "temp": "warm" is no number', done.stderr)

    def test_what_is_there_is_not_written_over(self):
        model = os.path.join(FOREIGN, "lightgbm_binary.txt")
        first = self.rondo("import", model, "--classes", "low,high", "-o", "m.rondo")
        self.assertEqual(first.returncode, 0, first.stderr)
        again = self.rondo("import", model, "-o", "m.rondo")
        self.assertIn("exists already", again.stderr)
        self.assertEqual(again.returncode, 1)
        self.assertEqual(self.rondo("import", model, "-o", "m.rondo", "--force").returncode, 0)
        refused = self.rondo("import", model, "--classes", "a,b,c", "-o", "other.rondo")
        self.assertIn("2 classes, 3 were named", refused.stderr)
        self.assertEqual(refused.returncode, 3)

    def test_what_is_no_model_is_refused(self):
        with open(self.path("model.txt"), "w") as file:
            file.write("tree\nversion=v4\n")
        done = self.rondo("import", "model.txt", "-o", "out.rondo")
        self.assertEqual(done.returncode, 3)
        self.assertIn("importing model.txt", done.stderr)
        self.assertEqual(self.rondo("import", "none.txt", "-o", "out.rondo").returncode, 3)
        nowhere = self.rondo("import", os.path.join(FOREIGN, "lightgbm_binary.txt"))
        self.assertEqual(nowhere.returncode, 3)
        self.assertIn("there is no project here", nowhere.stderr)
        self.assertIn("-o FILE.rondo", nowhere.stderr)

    def answers(self, base, name):
        """(what the server says with contributions, what the library says) of each golden row."""
        with open(os.path.join(FOREIGN, name + ".csv")) as file:
            rows = list(csv.DictReader(file))
        want = [float(row.pop("prediction")) for row in rows]
        for row in rows:
            for column in ("temp", "hum", "hour"):
                row[column] = float(row[column]) if row[column] else None
            row["sky"] = row["sky"] or None
        status, said = ask(base, "/api/v1/predict?explain=true", {"rows": rows})
        self.assertEqual(status, 200, said)
        return said["predictions"], want

    def test_a_model_of_another_task_is_refused_or_compared_with_nothing(self):
        labelled = [dict(row, y="yes" if row["y"] > 40 else "no") for row in rows(20)]
        model = os.path.join(FOREIGN, "xgboost_regression.json")
        with Project(PROGRAM, labelled, prepare="", metric="log_loss") as project:
            project.run("import", model, check=0)  # of the data nothing is known yet
            project.run("promote", "v1", check=0)
            done = project.run("run", check=0)
            self.assertIn("v1 is not compared: it answers another question", done.stdout)
            self.assertEqual(project.json("status")["champion"]["version"], 2)
            self.assertIn("v1 was imported", project.run("why", "v1", check=0).stdout)
            said = project.run("import", model, check=1).stderr
            self.assertIn("the model's task is regression, and this project's is binary", said)
            said = project.run("import", os.path.join(FOREIGN, "lightgbm_binary.txt"),
                               check=1).stderr
            self.assertIn("the model answers 0 and 1, and \"y\" is no and yes here", said)
            self.assertIn("--classes", said)

    def test_features_that_a_project_makes_are_no_columns_of_it(self):
        with Project(PROGRAM, rows(20), rounds=5) as project:
            project.run("run", check=0)
            project.run("export", "v1", "--to", "lightgbm", "--features", "-o", "v1.txt", check=0)
            said = project.run("import", "v1.txt", check=1).stderr
            self.assertRegex(said, r'reads "[^"]+", which is no column of the data: v1 makes it')
            self.assertIn("`rondo promote v1` lets v1 serve here", said)
            project.run("import", "v1.txt", "-o", "alone.rondo", check=0)

    def test_a_version_of_a_project_serves_explains_and_gives_way(self):
        with Project(PROGRAM) as project:
            model = os.path.join(FOREIGN, "lightgbm_regression.txt")
            done = project.run("import", model, check=0)
            self.assertIn("v1: LightGBM regression, 8 trees over 4 features", done.stdout)
            other = project.run("import", os.path.join(FOREIGN, "xgboost_regression.ubj"),
                                "--json", check=0)
            self.assertEqual(json.loads(other.stdout)["version"], "v2")
            self.assertIn("predicts", project.run("import", model, "--target", "z").stderr)
            self.assertIn("imported", project.run("models", check=0).stdout)
            for version, name, most in ((1, "lightgbm_regression", 0),
                                        (2, "xgboost_regression", 1e-5)):
                project.run("promote", "v%d" % version, check=0)
                process, base = project.up("--no-loop")
                said, want = self.answers(base, name)
                for one, value in zip(said, want):
                    self.assertEqual(one["model_version"], version)
                    self.assertLessEqual(abs(one["value"] - value), most * max(1, abs(value)))
                    whole = one["base"] + sum(one["contributions"].values())
                    self.assertAlmostEqual(whole, one["raw_score"], 9)
                process.terminate()
                process.wait(30)
            self.assertEqual(project.run("fsck").returncode, 0)

    def versions_of(self, base):
        row = {"temp": 1.0, "hum": 0.5, "hour": 3.0, "sky": None}
        status, said = ask(base, "/api/v1/predict", {"rows": [row]})
        self.assertEqual(status, 200, said)
        return said["predictions"][0]["model_version"]

    def until(self, base, version):
        end = time.monotonic() + 60
        while self.versions_of(base) != version:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def test_without_a_loop_it_follows_what_others_decide(self):
        with Project(PROGRAM, policy="never") as project:
            for name in ("lightgbm_regression.txt", "xgboost_regression.json"):
                project.run("import", os.path.join(FOREIGN, name), check=0)
            project.run("promote", "v1", check=0)
            process, base = project.up("--no-loop")
            self.assertEqual(self.versions_of(base), 1)
            project.run("promote", "v2", check=0)
            self.until(base, 2)
            process.terminate()
            process.wait(60)
            self.assertNotIn("token", process.stdout.read())  # there is none yet
            loop, whole = project.up()
            token = project.token()
            process, base = project.up("--no-loop")
            self.assertIn("/token", "".join(process.stdout.readline() for _ in range(4)))
            wish = {"version": 1, "why": "a test"}
            status, said = ask(base, "/api/v1/promote", wish, token=token)
            self.assertEqual(status, 200, said)  # the loop of the other program does it
            self.until(whole, 1)
            self.until(base, 1)
            loop.terminate()
            loop.wait(60)
            status, said = ask(base, "/api/v1/promote", dict(wish, version=2), token=token)
            self.assertEqual(status, 503, said)
            self.assertIn("no loop is there that could decide", said["error"]["message"])
            self.assertEqual(self.versions_of(base), 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
