#!/usr/bin/env python3
"""One row, one answer: the same rows by every protocol and by `rondo predict`, bit for bit, with
missing values and categories that training never saw; for a regression and for two classes.

usage: same_bits_test.py PROGRAM SOURCE_DIR
"""
import csv
import json
import math
import os
import struct
import subprocess
import sys
import unittest
import urllib.request

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows  # noqa: E402

TIME = "2024-02-01T09:00:00Z"
ROWS = [{"x": 1.5, "kind": "a"}, {"x": None, "kind": "b"}, {"x": 9.87654321e-3, "kind": None},
        {"x": 7, "kind": "never seen"}, {"x": None, "kind": None},
        {"x": -1e300, "kind": "c, \"d\""}]


class SameBits:
    """Mixed into a class a task; `table` and `settings` make the project."""

    @classmethod
    def setUpClass(cls):
        cls.project = Project(PROGRAM, cls.table(), **cls.settings)
        cls.addClassCleanup(cls.project.__exit__)
        cls.project.run("run", check=0)
        _, cls.base = cls.project.up()
        with open(cls.project.path("ask.csv"), "w", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(["at", "x", "kind"])
            for row in ROWS:
                out.writerow(["2024-02-01 09:00:00"] + [row["x"], row["kind"]])
        lines = cls.project.run("predict", "ask.csv", "--json", check=0).stdout.splitlines()
        cls.expected = [json.loads(line)["prediction"] for line in lines]
        cls.classes = "probabilities" in json.loads(lines[0])
        cls.probabilities = [list(json.loads(line).get("probabilities", {}).values())
                             for line in lines]

    def say(self, path, body, **more):
        status, said = ask(self.base, path, body, **more)
        self.assertEqual(status, 200, said)
        return said

    def arrays(self):
        return [[row["x"], row["kind"]] for row in ROWS]

    def columns(self):
        return {name: [row[name] for row in ROWS] for name in ("x", "kind")}

    def test_our_own(self):
        said = self.say("/api/v1/predict", {"rows": ROWS, "time": TIME})["predictions"]
        self.assertEqual([one["value"] for one in said], self.expected)
        self.assertEqual([list(one.get("probabilities", {}).values()) for one in said],
                         self.probabilities)

    def test_mlflow(self):
        forms = {"dataframe_split": {"columns": ["x", "kind"], "data": self.arrays()},
                 "dataframe_records": ROWS, "instances": self.arrays(), "inputs": self.columns()}
        for name, form in forms.items():
            said = self.say("/invocations", {name: form, "params": {"time": TIME}})
            self.assertEqual(said["predictions"], self.expected, name)
        if self.classes:
            said = self.say("/invocations", {"instances": ROWS, "params": {
                "time": TIME, "output": "probabilities"}})
            self.assertEqual(said["predictions"], self.probabilities)
        with open(self.project.path("ask.csv")) as file:
            text = file.read().replace("at,", "_time,", 1)
        said = self.say("/invocations", text.encode(), headers={"Content-Type": "text/csv"})
        self.assertEqual(said["predictions"], self.expected)

    def test_serving(self):
        time = {"parameters": {"time": TIME}}
        for form in (ROWS, self.arrays()):
            said = self.say("/v1/models/toy:predict", {"instances": form, **time})
            self.assertEqual(said["predictions"], self.expected)
        said = self.say("/v1/models/toy/labels/champion:predict",
                        {"inputs": self.columns(), **time})
        self.assertEqual(said["outputs"], self.expected)

    def infer(self, inputs, tail=b"", binary=False):
        body = json.dumps({"inputs": inputs, "parameters": {"time": TIME}, "outputs": [
            {"name": "prediction", "parameters": {"binary_data": binary}}]}).encode()
        request = urllib.request.Request(
            self.base + "/v2/models/toy/infer", body + tail,
            {"Content-Type": "application/octet-stream",
             "Inference-Header-Content-Length": str(len(body))})
        with urllib.request.urlopen(request, timeout=30) as reply:
            said = reply.read()
            length = int(reply.headers.get("Inference-Header-Content-Length", len(said)))
        return json.loads(said[:length])["outputs"][0], said[length:]

    def test_inference_protocol(self):
        x, kind = self.columns()["x"], self.columns()["kind"]
        n = len(ROWS)
        text = {"name": "kind", "shape": [n, 1], "datatype": "BYTES", "data": [[k] for k in kind]}
        output, _ = self.infer([{"name": "x", "shape": [n], "datatype": "FP64", "data": x}, text])
        self.assertEqual(output["data"], self.expected)
        bits = struct.pack("<%dd" % n, *(float("nan") if v is None else v for v in x))
        output, tail = self.infer([{"name": "x", "shape": [n], "datatype": "FP64", "parameters": {
            "binary_data_size": len(bits)}}, text], bits, binary=True)
        self.assertEqual(output["parameters"]["binary_data_size"], len(tail))
        if self.classes:
            said = []
            while tail:
                size = struct.unpack("<I", tail[:4])[0]
                said.append(tail[4:4 + size].decode())
                tail = tail[4 + size:]
        else:
            said = list(struct.unpack("<%dd" % n, tail))
        self.assertEqual(said, self.expected)
        self.assertEqual(self.say("/v2/models/toy/infer", {"rows": ROWS, "time": TIME})
                         ["outputs"][0]["data"], self.expected)

    def test_what_was_logged_is_what_was_sent(self):
        one = self.say("/api/v1/predict", {"rows": [ROWS[5]], "time": TIME})["predictions"][0]
        for _ in range(50):
            status, said = ask(self.base, "/api/v1/predictions/" + one["id"])
            if status == 200:
                break
            subprocess.run(["sleep", "0.1"], check=True)
        self.assertEqual((status, said["row"]), (200, ROWS[5]), said)


class Regression(SameBits, unittest.TestCase):
    settings = {}

    @staticmethod
    def table():
        return rows(30)


class MadeFeatures(SameBits, unittest.TestCase):
    """Features that are made of columns, and some that the program looked for."""
    settings = {"prepare": """features = "auto"
[[prepare.combine]]
columns = ["kind", "x"]
by = "&"
[[prepare.encode]]
column = "kind"
[[prepare.encode]]
column = "x"
[[prepare.text]]
column = "kind"
"""}

    @staticmethod
    def table():
        return rows(60, shift=lambda day: 20 * math.sin(day / 2))

    def test_the_deployed_model_has_the_features_of_the_measured_one(self):
        steps = {fact["body"]["stage"]: fact["body"] for fact in self.project.facts()
                 if fact["kind"] == "step_finished"}
        prepared = steps["Data Preparation"]["evidence"]
        found = [name for family in prepared["search"]["families"] for name in family["kept"]]
        self.assertGreater(len(found), 0, prepared["search"])
        self.assertLessEqual(set(found + ["y_by_kind"]), set(prepared["features"]))
        with open(self.project.path("out.onnx"), "w") as out:
            listed = self.project.json("export", "--to", "onnx", "--features", "-o", out.name,
                                       "--force")["features"]
        self.assertEqual([one["feature"] for one in listed], prepared["features"])


class Classes(SameBits, unittest.TestCase):
    settings = {"prepare": "", "metric": "log_loss"}

    @staticmethod
    def table():
        return [dict(row, y="high" if row["y"] > 38 else "low") for row in rows(30)]


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
