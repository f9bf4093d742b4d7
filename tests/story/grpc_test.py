#!/usr/bin/env python3
"""gRPC where no single project is behind it: of a pipeline file, and of many projects on one port.

usage: grpc_test.py PROGRAM SOURCE_DIR
(the client is grpc_ask, which stands beside the program)
"""
import base64
import json
import os
import struct
import subprocess
import sys
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows  # noqa: E402

TIME = "2024-02-01T09:00:00Z"
OK, INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED, UNAUTHENTICATED = 0, 3, 5, 12, 16
SERVICE, HEALTH = "inference.GRPCInferenceService/", "grpc.health.v1.Health/Check"


def address_of(process):
    """What the program says of its gRPC server."""
    for _ in range(20):
        line = process.stdout.readline()
        if "gRPC at " in line:
            return line.split("gRPC at ")[1].strip()
    process.kill()
    raise AssertionError("no gRPC server was named: " + process.stderr.read())


def column(name, datatype, contents):
    return {"name": name, "datatype": datatype, "shape": ["1"], "contents": contents}


def text(value):
    return {"bytes_contents": [base64.b64encode(value.encode()).decode()]}


def row_for(model):
    return {"model_name": model, "parameters": {"time": {"string_param": TIME}},
            "inputs": [column("x", "FP64", {"fp64_contents": [1.5]}),
                       column("kind", "BYTES", text("a"))]}


def predicted(project):
    """What the project says of the same row, from a file."""
    project.write("one.csv", "at,x,kind\n2024-02-01 09:00:00,1.5,a\n")
    return json.loads(project.run("predict", "one.csv", "--json", check=0).stdout)["prediction"]


class Grpc(unittest.TestCase):
    address = ""

    def call(self, code, method, request, *metadata):
        done = subprocess.run(
            [os.path.join(os.path.dirname(PROGRAM), "grpc_ask"), self.address, method, *metadata],
            input=json.dumps(request), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual(said["code"], code, said)
        return said

    def ask(self, method, request):
        return self.call(OK, SERVICE + method, request)["reply"]

    def infer(self, model):
        said = self.call(OK, SERVICE + "ModelInfer", row_for(model))
        reply = said["reply"]
        self.assertEqual(reply["model_name"], model)
        self.assertEqual(reply["model_version"], said["trailing"]["rondo-model-version"])
        self.assertEqual(reply["parameters"]["prediction_id"]["string_param"],
                         said["trailing"]["rondo-prediction-id"])
        return reply["outputs"][0]["contents"]["fp64_contents"][0]


class OfAFile(Grpc):
    @classmethod
    def setUpClass(cls):
        cls.project = Project(PROGRAM, rows(12), prepare="", cool_down="0s")
        cls.addClassCleanup(cls.project.__exit__)
        cls.project.run("run", check=0)
        cls.project.run("export", "-o", "v1.rondo", check=0)
        process = cls.project.start("serve", "v1.rondo", "--listen", "127.0.0.1:0", "--grpc",
                                    "127.0.0.1:0")
        cls.address = address_of(process)

    def test_it_answers_with_the_bits_of_the_project(self):
        self.assertEqual(self.infer("toy"), predicted(self.project))

    def test_raw_tensors_come_back_raw(self):
        request = row_for("toy")
        for one in request["inputs"]:
            del one["contents"]
        request["raw_input_contents"] = [
            base64.b64encode(raw).decode()
            for raw in (struct.pack("<d", 1.5), struct.pack("<I", 1) + b"a")]
        raw = self.ask("ModelInfer", request)["raw_output_contents"][0]
        self.assertEqual(struct.unpack("<d", base64.b64decode(raw))[0], predicted(self.project))

    def test_it_is_ready_and_describes_its_model(self):
        self.assertEqual(self.call(OK, HEALTH, {})["reply"], {"status": "SERVING"})
        self.assertEqual(self.ask("ModelReady", {"name": "toy"}), {"ready": True})
        inputs = self.ask("ModelMetadata", {"name": "toy"})["inputs"]
        self.assertEqual([one["name"] for one in inputs], ["x", "kind"])

    def test_what_needs_a_project_is_not_there(self):
        said = self.call(UNIMPLEMENTED, SERVICE + "RepositoryModelLoad", {"model_name": "toy"})
        self.assertIn("needs a project", said["message"])

    def test_what_is_wrong_is_named(self):
        request = row_for("toy")
        request["inputs"].pop()
        said = self.call(INVALID_ARGUMENT, SERVICE + "ModelInfer", request)
        self.assertIn('"kind"', said["message"])
        self.call(NOT_FOUND, SERVICE + "ModelInfer", row_for("nobody"))


class OfManyProjects(Grpc):
    @classmethod
    def setUpClass(cls):
        cls.two = [Project(PROGRAM, rows(12, seed=seed), name=name, prepare="", cool_down="0s")
                   for seed, name in ((1, "one"), (2, "two"))]
        cls.empty = Project(PROGRAM, rows(1), name="empty")
        for project in [*cls.two, cls.empty]:
            cls.addClassCleanup(project.__exit__)
        for project in cls.two:
            project.run("run", check=0)
        process = cls.two[0].start("up", *[p.folder for p in [*cls.two, cls.empty]], "--listen",
                                   "127.0.0.1:0", "--grpc", "127.0.0.1:0")
        cls.address = address_of(process)

    def test_the_name_of_the_model_picks_its_project(self):
        values = [predicted(project) for project in self.two]
        self.assertNotEqual(values[0], values[1])
        self.assertEqual([self.infer("one"), self.infer("two")], values)
        self.call(NOT_FOUND, SERVICE + "ModelInfer", row_for("three"))

    def test_each_is_ready_by_itself_and_one_of_them_is_enough(self):
        self.assertEqual(self.ask("ModelReady", {"name": "two"}), {"ready": True})
        self.assertEqual(self.ask("ModelReady", {"name": "empty"}), {})
        self.assertEqual(self.ask("ServerReady", {}), {"ready": True})
        self.assertEqual(self.call(OK, HEALTH, {"service": SERVICE[:-1]})["reply"],
                         {"status": "SERVING"})

    def test_the_index_has_the_models_of_all(self):
        models = self.ask("RepositoryIndex", {})["models"]
        self.assertEqual(sorted(one["name"] for one in models if one["state"] == "READY"),
                         ["one", "two"])

    def test_a_token_is_one_of_its_own_project(self):
        load = {"model_name": "two", "parameters": {"version": {"string_param": "1"}}}
        method = SERVICE + "RepositoryModelLoad"
        self.call(UNAUTHENTICATED, method, load)
        self.call(UNAUTHENTICATED, method, load,
                  "authorization=Bearer " + self.two[0].token())
        self.call(OK, method, load, "authorization=Bearer " + self.two[1].token())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
