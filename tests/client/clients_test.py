"""Clients that people use already, as they are: tritonclient (http, http.aio, grpc), the KServe
client (V1, V2, gRPC), grpcio with modules/grpc/inference.proto, pandas frames scored as MLflow's
users do, curl; each answer is that of `rondo predict`. And a validator of OpenAPI documents.

usage: clients_test.py PROGRAM SOURCE_DIR (tests/client/run makes the environment and calls it)
"""
import asyncio
import io
import json
import os
import shutil
import subprocess
import sys
import unittest

import jsonschema
import kserve
import numpy
import openapi_spec_validator
import pandas
import requests
import tritonclient.http
import tritonclient.http.aio
from tritonclient.utils import InferenceServerException

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows  # noqa: E402
from onnx_cases import Onnx  # noqa: E402
from script_cases import Scripts  # noqa: E402

Onnx.program, Onnx.source = PROGRAM, SOURCE
Scripts.program, Scripts.source = PROGRAM, SOURCE

TIME = "2024-02-01T09:00:00Z"
ROWS = [{"x": 1.5, "kind": "a"}, {"x": None, "kind": "b"}, {"x": 7.25, "kind": "never seen"},
        {"x": 0.1, "kind": "c"}]
FRAME = pandas.DataFrame(ROWS)


def tensors(module, frame, binary=True):
    """A column as FP64, a column as BYTES, and the time of each row."""
    n = len(frame)
    x = module.InferInput("x", [n], "FP64")
    x.set_data_from_numpy(frame["x"].to_numpy(dtype=numpy.float64), binary_data=binary)
    made = [x]
    for name, values in (("kind", list(frame["kind"])), ("_time", [TIME] * n)):
        tensor = module.InferInput(name, [n, 1], "BYTES")
        tensor.set_data_from_numpy(numpy.array(values, dtype=object).reshape(n, 1),
                                   binary_data=binary)
        made.append(tensor)
    return made


class Served(unittest.TestCase):
    """A project with a model behind `rondo up`, asked by each test of a class."""
    deploy = ()  # lines of rondo.toml
    more = ()    # for a client of gRPC

    @classmethod
    def prepare(cls):
        """What stands in the project before `up`."""

    @classmethod
    def setUpClass(cls):
        cls.project = Project(PROGRAM, rows(30), cool_down="0s")
        cls.addClassCleanup(cls.project.__exit__)
        with open(cls.project.path("rondo.toml")) as file:
            config = file.read()
        cls.project.write("rondo.toml", config.replace(
            "[deploy]\n", "\n".join(["[deploy]", "grpc = \"127.0.0.1:0\"", *cls.deploy, ""])))
        cls.prepare()
        cls.project.run("run", check=0)
        frame = FRAME.assign(at="2024-02-01 09:00:00")
        frame.to_csv(cls.project.path("ask.csv"), index=False)
        lines = cls.project.run("predict", "ask.csv", "--json", check=0).stdout.splitlines()
        cls.expected = [json.loads(line)["prediction"] for line in lines]
        cls.process, cls.base = cls.project.up()
        cls.curl = cls.process.stdout.readline().strip()
        cls.address = cls.process.stdout.readline().split("gRPC at ")[1].strip()
        cls.host = cls.base.split("//")[1]
        cls.token = {"Authorization": "Bearer " + cls.project.token()}

    def grpc(self, client):
        """Two makers of one protocol cannot be in one process."""
        done = subprocess.run(
            [sys.executable, os.path.join(SOURCE, "tests", "client", "grpc_client.py"), client,
             self.address, json.dumps(self.expected), self.token["Authorization"], SOURCE,
             *self.more], capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stdout), (0, "ok\n"), done.stderr[-3000:])


class Secure(Served):
    """With a certificate that signs itself; clients are told of it, and of nothing else."""
    deploy = ('tls = "tls"',)

    @classmethod
    def prepare(cls):
        os.mkdir(cls.project.path("tls"))
        cls.roots = cls.project.path("tls", "cert.pem")
        cls.more = (cls.roots,)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9",
                        "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", cls.project.path("tls", "key.pem"), "-out", cls.roots],
                       check=True, capture_output=True)

    def test_requests(self):
        with requests.Session() as session:
            for _ in range(3):
                said = session.post(self.base + "/invocations", timeout=30, verify=self.roots,
                                    json={"dataframe_records": [dict(r, _time=TIME) for r in ROWS]})
                self.assertEqual((said.status_code, said.json()["predictions"]),
                                 (200, self.expected))
        with self.assertRaises(requests.exceptions.SSLError):
            requests.get(self.base + "/ping", timeout=30, verify=True)

    def test_triton(self):
        with tritonclient.http.InferenceServerClient(
                self.host, ssl=True, ssl_options={"ca_certs": self.roots}) as client:
            self.assertTrue(client.is_model_ready("toy"))
            said = client.infer("toy", tensors(tritonclient.http, FRAME))
            self.assertEqual(said.as_numpy("prediction").tolist(), self.expected)

    def test_triton_grpc(self):
        self.grpc("triton")

    def test_grpcio_with_the_proto(self):
        self.grpc("grpcio")

    @unittest.skipUnless(shutil.which("curl"), "no curl here")
    def test_the_line_that_up_prints(self):
        done = subprocess.run(["sh", "-c", self.curl], capture_output=True, text=True, timeout=60,
                              cwd=self.project.folder)
        self.assertEqual(json.loads(done.stdout)["predictions"][0]["model_version"], 1)


class Clients(Served):
    # tritonclient ---------------------------------------------------------------------------------

    def test_triton_looks(self):
        with tritonclient.http.InferenceServerClient(self.host) as client:
            self.assertTrue(client.is_server_live())
            self.assertTrue(client.is_server_ready())
            self.assertTrue(client.is_model_ready("toy"))
            self.assertTrue(client.is_model_ready("toy", "1"))
            self.assertFalse(client.is_model_ready("nobody"))
            self.assertIn("binary_tensor_data", client.get_server_metadata()["extensions"])
            metadata = client.get_model_metadata("toy")
            self.assertEqual([i["name"] for i in metadata["inputs"]], ["x", "kind"])
            self.assertEqual(client.get_model_config("toy", "1")["max_batch_size"], 0)

    def test_triton_infers(self):
        module = tritonclient.http
        with module.InferenceServerClient(self.host) as client:
            for ask, answer in ((True, True), (True, False)):
                outputs = [module.InferRequestedOutput(name, binary_data=answer)
                           for name in ("prediction", "raw_score")]
                said = client.infer("toy", tensors(module, FRAME, ask), outputs=outputs,
                                    request_id="mine", timeout=30_000_000)
                self.assertEqual(said.as_numpy("prediction").tolist(), self.expected)
                self.assertEqual(said.as_numpy("raw_score").tolist(), self.expected)
                self.assertEqual(said.get_response()["id"], "mine")
                self.assertEqual(said.get_response()["model_version"], "1")
            whole = FRAME.dropna()  # JSON has no NaN
            expected = [y for y, row in zip(self.expected, ROWS) if row["x"] is not None]
            said = client.infer("toy", tensors(module, whole, False), model_version="1")
            self.assertEqual(said.as_numpy("prediction").tolist(), expected)
            with self.assertRaisesRegex(InferenceServerException, "missing_column.*kind"):
                client.infer("toy", tensors(module, FRAME)[:1])

    def test_triton_compresses(self):
        module = tritonclient.http
        with module.InferenceServerClient(self.host) as client:
            said = client.infer("toy", tensors(module, FRAME), request_compression_algorithm="gzip",
                                response_compression_algorithm="gzip")
            self.assertEqual(said.as_numpy("prediction").tolist(), self.expected)

    def test_triton_keeps_the_repository(self):
        with tritonclient.http.InferenceServerClient(self.host) as client:
            index = client.get_model_repository_index()
            self.assertEqual([(m["name"], m["version"], m["state"]) for m in index],
                             [("toy", "1", "READY")])
            client.load_model("toy", headers=self.token)
            with self.assertRaisesRegex(InferenceServerException, "answers"):
                client.unload_model("toy", headers=self.token)
            with self.assertRaisesRegex(InferenceServerException, "config"):
                client.load_model("toy", headers=self.token, config="{}")
            with self.assertRaisesRegex(InferenceServerException, "token"):
                client.load_model("toy")
            client.infer("toy", tensors(tritonclient.http, FRAME))
            stats = client.get_inference_statistics("toy", "1")["model_stats"][0]
            self.assertGreaterEqual(int(stats["inference_count"]), len(ROWS))
            self.assertGreaterEqual(int(stats["inference_stats"]["success"]["count"]), 1)
            self.assertEqual(len(client.get_inference_statistics()["model_stats"]), 1)

    def test_triton_asynchronously(self):
        async def ask():
            module = tritonclient.http.aio
            async with module.InferenceServerClient(self.host) as client:
                self.assertTrue(await client.is_server_ready())
                self.assertTrue(await client.is_model_ready("toy"))
                several = [client.infer("toy", tensors(module, FRAME)) for _ in range(8)]
                for said in await asyncio.gather(*several):
                    self.assertEqual(said.as_numpy("prediction").tolist(), self.expected)
        asyncio.run(ask())

    # KServe ---------------------------------------------------------------------------------------

    def kserve(self, protocol, ask):
        async def go():
            config = kserve.RESTConfig(protocol=protocol)
            async with kserve.InferenceRESTClient(config) as client:
                return await ask(client)
        return asyncio.run(go())

    def test_kserve_v2(self):
        def request(binary):
            frame = FRAME if binary else FRAME.dropna()
            n = len(frame)
            x = kserve.InferInput("x", [n], "FP64")
            x.set_data_from_numpy(frame["x"].to_numpy(), binary_data=binary)
            kind = kserve.InferInput("kind", [n], "BYTES")
            kind.set_data_from_numpy(frame["kind"].to_numpy(dtype=object), binary_data=binary)
            time = kserve.InferInput("_time", [n], "BYTES", [TIME] * n)
            return kserve.InferRequest("toy", [x, kind, time],
                                       parameters={"binary_data_output": binary})

        async def ask(client):
            self.assertTrue(await client.is_server_live(self.base))
            self.assertTrue(await client.is_server_ready(self.base))
            self.assertTrue(await client.is_model_ready(self.base, "toy"))
            self.assertFalse(await client.is_model_ready(self.base, "nobody"))
            said = await client.infer(self.base, request(True), model_name="toy")
            self.assertEqual(said.outputs[0].as_numpy().tolist(), self.expected)
            self.assertEqual(said.model_name, "toy")
            said = await client.infer(self.base, request(False), model_name="toy")
            self.assertEqual(said.outputs[0].data,
                             [y for y, row in zip(self.expected, ROWS) if row["x"] is not None])
        self.kserve("v2", ask)

    def test_kserve_grpc(self):
        async def ask():
            client = kserve.InferenceGRPCClient(self.address)
            self.assertTrue(await client.is_server_live())
            self.assertTrue(await client.is_server_ready())
            self.assertTrue(await client.is_model_ready("toy"))
            n = len(FRAME)
            x = kserve.InferInput("x", [n], "FP64")
            x.set_data_from_numpy(FRAME["x"].to_numpy(), binary_data=True)
            kind = kserve.InferInput("kind", [n], "BYTES")
            kind.set_data_from_numpy(FRAME["kind"].to_numpy(dtype=object), binary_data=True)
            at = kserve.InferInput("_time", [n], "BYTES")
            at.set_data_from_numpy(numpy.array([TIME] * n, dtype=object), binary_data=True)
            said = await client.infer(kserve.InferRequest("toy", [x, kind, at]))
            self.assertEqual(said.outputs[0].as_numpy().tolist(), self.expected)
            await client.close()
        asyncio.run(ask())

    # gRPC -----------------------------------------------------------------------------------------

    def test_triton_grpc(self):
        self.grpc("triton")

    def test_grpcio_with_the_proto(self):
        self.grpc("grpcio")

    def test_kserve_v1(self):
        async def ask(client):
            self.assertTrue(await client.is_server_live(self.base))
            self.assertTrue(await client.is_model_ready(self.base, "toy"))
            said = await client.infer(self.base, {"instances": ROWS, "parameters": {"time": TIME}},
                                      model_name="toy")
            self.assertEqual(said["predictions"], self.expected)
        self.kserve("v1", ask)

    # As MLflow's users score ----------------------------------------------------------------------

    def score(self, data, **more):
        reply = requests.post(self.base + "/invocations", data=data, timeout=30, **more)
        self.assertEqual(reply.status_code, 200, reply.text)
        self.assertEqual(reply.headers["Rondo-Model-Version"], "1")
        return reply.json()["predictions"]

    def test_frames(self):
        self.assertEqual(requests.get(self.base + "/ping", timeout=30).status_code, 200)
        for orient in ("split", "records"):
            table = json.loads(FRAME.to_json(orient=orient, double_precision=15))
            body = json.dumps({"dataframe_" + orient: table, "params": {"time": TIME}})
            self.assertEqual(self.score(body, headers={"Content-Type": "application/json"}),
                             self.expected, orient)
        text = io.StringIO()
        FRAME.assign(_time=TIME).to_csv(text, index=False)
        self.assertEqual(self.score(text.getvalue(), headers={"Content-Type": "text/csv"}),
                         self.expected)
        reply = requests.post(self.base + "/invocations", json={"dataframe_records": [{}]},
                              timeout=30)
        self.assertEqual((reply.status_code, reply.json()["error_code"]), (400, "BAD_REQUEST"))

    # OpenAPI --------------------------------------------------------------------------------------

    def test_openapi(self):
        """A public validator takes the document, and replies are of the shapes that it names."""
        document = requests.get(self.base + "/openapi.json", timeout=30).json()
        openapi_spec_validator.validate(document)
        checked = 0
        for path, operations in document["paths"].items():
            if path == "/api/v1/events":  # it has no end
                with requests.get(self.base + path, timeout=30, stream=True) as reply:
                    self.assertEqual(reply.headers["Content-Type"], "text/event-stream")
                    self.assertIn("200", operations["get"]["responses"])
            elif "get" in operations and not set("{") & set(path):
                self.check_shape(document, "get", path, requests.get(self.base + path, timeout=30))
                checked += 1
        self.assertGreater(checked, 18)
        rows_ = [dict(row, _time=TIME) for row in ROWS]
        bodies = {"/api/v1/predict": {"rows": rows_},
                  "/v2/models/{model}/infer": {"rows": rows_, "outputs": [{"name": "raw_score"}]},
                  "/v1/models/{model}:predict": {"instances": rows_},
                  "/invocations": {"dataframe_records": rows_},
                  "/v2/repository/index": {"ready": True},
                  "/v2/repository/models/{model}/load": {"parameters": {"version": "1"}},
                  "/api/v1/pause": {"why": "a test"}, "/api/v1/resume": {"why": "a test"},
                  "/api/v1/feedback": {"labels": []}}
        for path, body in bodies.items():
            schema = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
            self.validate(document, body, schema["schema"])
            reply = requests.post(self.base + path.replace("{model}", "toy"), json=body,
                                  headers=self.token, timeout=60)
            self.check_shape(document, "post", path, reply)
        for path in ("/api/v1/predict", "/v2/models/{model}/infer", "/invocations"):
            reply = requests.post(self.base + path.replace("{model}", "toy"), data=b"{",
                                  headers={"Content-Type": "application/json"}, timeout=30)
            self.check_shape(document, "post", path, reply, "default")

    def check_shape(self, document, method, path, reply, status="200"):
        if status == "200":
            self.assertEqual(reply.status_code, 200, path + " " + reply.text)
        content = document["paths"][path][method]["responses"][status]["content"]
        kind = reply.headers["Content-Type"].split(";")[0]
        self.assertIn(kind, content, path)
        value = reply.json() if kind == "application/json" else reply.text
        self.validate(document, value, content[kind]["schema"])

    @staticmethod
    def validate(document, value, schema):
        whole = dict(schema, components=document["components"])
        jsonschema.Draft202012Validator(whole).validate(value)

    # curl -----------------------------------------------------------------------------------------

    @unittest.skipIf(shutil.which("curl") is None, "curl is not installed")
    def test_curl(self):
        """What `up` prints, and what the guides of TensorFlow Serving tell people to type."""
        self.assertTrue(self.curl.startswith("curl -s "), self.curl)
        done = subprocess.run(["sh", "-c", self.curl], capture_output=True, text=True, timeout=30)
        self.assertIn("predictions", json.loads(done.stdout), done.stdout)
        body = json.dumps({"instances": ROWS, "parameters": {"time": TIME}})
        done = subprocess.run(["curl", "-s", "-d", body, self.base + "/v1/models/toy:predict"],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(json.loads(done.stdout)["predictions"], self.expected)
        body = json.dumps({"rows": ROWS, "time": TIME})
        done = subprocess.run(["curl", "-s", "--json", body, self.base + "/api/v1/predict"],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual([p["value"] for p in json.loads(done.stdout)["predictions"]],
                         self.expected)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
