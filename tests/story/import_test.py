#!/usr/bin/env python3
"""Models of other libraries come in, agree with their own predictions, and are refused when not.

usage: import_test.py PROGRAM SOURCE_DIR
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
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
            self.assertEqual(said["compared"]["library"] > 100, name.startswith("lightgbm"))
            self.assertEqual(said["features"], ["temp", "hum", "hour", "sky"])
            self.assertTrue(said["explains"])
            with open(self.path(name + ".rondo"), "rb") as file:
                self.assertEqual(file.read(8), b"RONDOPL1")

    def changed_golden(self, line, column, value):
        with open(os.path.join(FOREIGN, "xgboost_regression.csv")) as file:
            lines = file.read().splitlines()
        fields = lines[line - 1].split(",")
        fields[column] = value
        lines[line - 1] = ",".join(fields)
        with open(self.path("golden.csv"), "w") as file:
            file.write("\n".join(lines) + "\n")
        return self.rondo("import", os.path.join(FOREIGN, "xgboost_regression.json"),
                          "--golden", "golden.csv")

    def test_a_difference_refuses_and_names_row_and_values(self):
        done = self.changed_golden(7, 4, "123.5")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("golden rows, line 7: the imported model answers", done.stderr)
        self.assertIn("expected is 123.5", done.stderr)
        self.assertFalse(os.path.exists(self.path("xgboost_regression.rondo")))
        done = self.changed_golden(1, 2, "minute")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn('lack the column "hour"', done.stderr)
        done = self.changed_golden(9, 0, "warm")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn('line 9, column "temp": "warm" is no number', done.stderr)

    def test_what_is_there_is_not_written_over(self):
        model = os.path.join(FOREIGN, "lightgbm_binary.txt")
        self.assertEqual(self.rondo("import", model, "--classes", "low,high").returncode, 0)
        again = self.rondo("import", model)
        self.assertIn("exists already", again.stderr)
        self.assertEqual(again.returncode, 1)
        self.assertEqual(self.rondo("import", model, "--force").returncode, 0)
        refused = self.rondo("import", model, "--classes", "a,b,c", "-o", "other.rondo")
        self.assertIn("2 classes, 3 were named", refused.stderr)
        self.assertEqual(refused.returncode, 3)

    def test_what_is_no_model_is_refused(self):
        with open(self.path("model.txt"), "w") as file:
            file.write("tree\nversion=v4\n")
        done = self.rondo("import", "model.txt")
        self.assertEqual(done.returncode, 3)
        self.assertIn("importing model.txt", done.stderr)
        self.assertEqual(self.rondo("import", "none.txt").returncode, 3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
