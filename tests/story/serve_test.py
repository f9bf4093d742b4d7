#!/usr/bin/env python3
"""`rondo up` as its clients meet it: answers, ids, labels, acts, errors, limits, a clean end.

usage: serve_test.py PROGRAM SOURCE_DIR
"""
import contextlib
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, check_metrics, rows, write_csv  # noqa: E402

ROW = {"x": 1.5, "kind": "a"}
TIME = "2024-02-01T09:00:00Z"
# What 400 may say of a valid document (docs/API.md, Errors).
BAD_REQUESTS = {"invalid_shape", "duplicate_key", "missing_column", "unknown_column", "wrong_type",
                "invalid_input"}


class Serve(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Project(PROGRAM, rows(30), cool_down="0s")
        cls.project.run("run", check=0)
        cls.process, cls.base = cls.project.up()
        cls.admin = cls.project.token()

    @classmethod
    def tearDownClass(cls):
        cls.project.__exit__()

    def ask(self, path, body=None, **more):
        return ask(self.base, path, body, **more)

    def refused(self, status, code, path, body=None, **more):
        got, said = self.ask(path, body, **more)
        self.assertEqual(got, status, said)
        self.assertEqual(said["error"]["code"], code, said)
        self.assertTrue(said["error"]["message"])
        return said["error"]

    def predict(self, *rows_):
        status, said = self.ask("/api/v1/predict", {"rows": list(rows_)})
        self.assertEqual(status, 200, said)
        return said["predictions"]

    def test_the_same_row_gives_the_same_bits_everywhere(self):
        row = dict(ROW, _time=TIME)
        one = self.predict(row)[0]
        self.assertEqual(one["model_version"], 1)
        status, said = self.ask("/v2/models/toy/infer", {"inputs": [
            {"name": "x", "shape": [1], "datatype": "FP64", "data": [1.5]},
            {"name": "kind", "shape": [1], "datatype": "BYTES", "data": ["a"]},
            {"name": "_time", "shape": [1], "datatype": "BYTES", "data": [TIME]}]})
        self.assertEqual(status, 200, said)
        outputs = {out["name"]: out for out in said["outputs"]}
        self.assertEqual(outputs["prediction"]["data"], [one["value"]])
        self.assertEqual(said["model_version"], "1")
        status, said = self.ask("/v2/models/toy/infer", {"rows": [row]})
        self.assertEqual(status, 200, said)
        with open(self.project.path("one.csv"), "w") as file:
            file.write("at,x,kind\n2024-02-01 09:00:00,1.5,a\n")
        line = self.project.run("predict", "one.csv", "--json", check=0).stdout
        self.assertEqual(json.loads(line)["prediction"], one["value"])

    def test_binary_tensors(self):
        """By hand, as the page says: JSON, then the bytes of each input in order."""
        kinds = b"".join(struct.pack("<I", len(k)) + k for k in (b"a", b"never seen"))
        tail = struct.pack("<2d", 1.5, float("nan")) + kinds
        header = json.dumps({"inputs": [
            {"name": "x", "shape": [2], "datatype": "FP64",
             "parameters": {"binary_data_size": 16}},
            {"name": "kind", "shape": [2, 1], "datatype": "BYTES",
             "parameters": {"binary_data_size": len(kinds)}}],
            "parameters": {"time": TIME, "binary_data_output": True},
            "outputs": [{"name": "prediction"}, {"name": "raw_score"}]}).encode()
        request = urllib.request.Request(self.base + "/v2/models/toy/infer", header + tail, {
            "Inference-Header-Content-Length": str(len(header)),
            "Content-Type": "application/octet-stream"})
        with urllib.request.urlopen(request, timeout=30) as reply:
            body = reply.read()
            length = int(reply.headers["Inference-Header-Content-Length"])
        self.assertEqual([o["name"] for o in json.loads(body[:length])["outputs"]],
                         ["prediction", "raw_score"])
        ours = self.predict(dict(ROW, _time=TIME), {"x": None, "kind": "never seen",
                                                    "_time": TIME})
        expected = [one["value"] for one in ours]
        self.assertEqual(list(struct.unpack("<4d", body[length:])), expected + expected)

    def test_bodies_in_gzip(self):
        body = json.dumps({"rows": [dict(ROW, _time=TIME)]}).encode()
        packed = {"Content-Encoding": "gzip"}
        status, said = self.ask("/api/v1/predict", gzip.compress(body), headers=packed)
        self.assertEqual(status, 200, said)
        self.assertEqual(said["predictions"][0]["value"],
                         self.predict(dict(ROW, _time=TIME))[0]["value"])
        bomb = gzip.compress(body + b" " * (17 << 20))
        self.refused(413, "too_large", "/api/v1/predict", bomb, headers=packed)
        self.refused(400, "bad_request", "/api/v1/predict", body, headers=packed)

    def test_openapi_names_each_route_of_the_page(self):
        with open(os.path.join(SOURCE, "docs", "API.md")) as file:
            page = set(re.findall(r"^\| (GET|POST) \| `([^`]+)`", file.read(), re.M))
        status, said = self.ask("/openapi.json")
        self.assertEqual(status, 200)
        self.assertEqual({(method.upper(), path) for path, ways in said["paths"].items()
                          for method in ways}, page)
        self.assertEqual(set(said["components"]["schemas"]["Row"]["required"]), {"x", "kind"})

    def test_versions_load_and_unload(self):
        status, said = self.ask("/v2/repository/index", b"", method="POST")
        self.assertEqual((status, said[0]["state"], said[0]["version"]), (200, "READY", "1"))
        body = {"parameters": {"version": "1"}}
        self.assertEqual(self.ask("/v2/repository/models/toy/load", body)[0], 401)
        load = lambda what, b: self.ask("/v2/repository/models/toy/" + what, b,  # noqa: E731
                                        token=self.admin)[0]
        self.assertEqual(load("load", body), 200)
        self.assertEqual(load("unload", body), 400)
        self.assertEqual(load("load", {"parameters": {"version": "77"}}), 404)
        status, said = self.ask("/v2/models/stats")
        self.assertEqual(said["model_stats"][0]["version"], "1")
        self.assertEqual(self.ask("/v2/models/toy/config")[1]["max_batch_size"], 0)

    def test_protocol_metadata_and_health(self):
        for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/toy/ready", "/v2",
                     "/health/live", "/health/ready"):
            self.assertEqual(self.ask(path)[0], 200, path)
        status, said = self.ask("/v2/models/toy")
        self.assertEqual(status, 200)
        self.assertEqual(said["name"], "toy")
        self.assertEqual({i["name"] for i in said["inputs"]}, {"x", "kind"})

    def test_rows_that_do_not_fit(self):
        error = self.refused(400, "missing_column", "/api/v1/predict", {"rows": [{"x": 1}]})
        self.assertIn("kind", error["message"])
        error = self.refused(400, "unknown_column", "/api/v1/predict",
                             {"rows": [dict(ROW, knd="a")]})
        self.assertIn("knd", error["message"])
        self.assertIn("kind", error["hint"])
        error = self.refused(400, "wrong_type", "/api/v1/predict", {"rows": [dict(ROW, x="1.5")]})
        self.assertIn("x", error["message"])
        self.refused(400, "invalid_json", "/api/v1/predict", b'{"rows": [')
        self.refused(400, "invalid_shape", "/api/v1/predict", {"row": [ROW]})
        self.assertEqual(self.ask("/v2/models/nobody/infer", {"rows": [ROW]})[0], 404)

    def test_method_path_type_size(self):
        self.assertEqual(self.ask("/nowhere")[0], 404)
        self.assertEqual(self.ask("/api/v1/predict")[0], 405)
        self.assertEqual(self.ask("/api/v1/predict", b"{}", headers={"Content-Type": "text/x"})[0],
                         415)
        self.assertEqual(self.ask("/api/v1/predict", b"{}" + b" " * (17 << 20))[0], 413)

    def test_who_may(self):
        self.assertEqual(self.ask("/api/v1/trigger", {"why": "x"})[0], 401)
        self.assertEqual(self.ask("/api/v1/trigger", {"why": "x"}, token="wrong")[0], 401)
        self.assertEqual(self.ask("/api/v1/status", headers={"Host": "evil.example"})[0], 421)
        status, _ = self.ask("/api/v1/predict", {"rows": [ROW]},
                             headers={"Origin": "https://evil.example"})
        self.assertEqual(status, 403)

    def test_labels(self):
        one = self.predict(ROW)[0]["id"]
        label = {"id": one, "label": 31.5}
        say = lambda *labels: self.ask("/api/v1/feedback", {"labels": list(labels)},  # noqa: E731
                                       token=self.admin)
        for wrong in ("many", True):  # taken in, it would stand in the way of the true one
            status, said = say({"id": one, "label": wrong})
            self.assertEqual((status, said["error"]["code"]), (400, "invalid_input"), said)
        self.project.write("labels.csv", "id,label\n%s,many\n" % one)
        self.project.run("feedback", "labels.csv", check=3)
        status, said = say(label)
        self.assertEqual((status, said["accepted"]), (200, 1), said)
        self.assertEqual(say({"id": one[:one.index(".")] + ".7", "label": 1})[1]["unknown"], 1)
        self.assertEqual(say(label)[1]["duplicate"], 1)
        self.assertEqual(say(label)[1]["receipt"], say(label)[1]["receipt"])
        self.assertEqual(say({"id": one, "label": 99})[1]["conflicting"], 1)
        self.assertEqual(say({"id": one, "label": 99, "correction": True})[1]["accepted"], 1)
        forged = one[:20] + ("A" if one[20] != "A" else "B") + one[21:]
        self.assertEqual(say({"id": forged, "label": 1})[1]["unknown"], 1)
        self.assertEqual(self.ask("/api/v1/feedback", {"labels": [label]})[0], 401)
        lines = "".join('{"id": "%s", "label": 30}\n\n' % self.predict(ROW)[0]["id"]
                        for _ in range(3))
        by_line = {"Content-Type": "application/x-ndjson"}
        status, said = self.ask("/api/v1/feedback", lines.encode(), token=self.admin,
                                headers=by_line)
        self.assertEqual((status, said.get("accepted")), (200, 3), said)
        status, said = self.ask("/api/v1/feedback", (lines + '{"id": 7}\n').encode(),
                                token=self.admin, headers=by_line)
        self.assertEqual(status, 400, said)
        self.assertIn("line 7: ", said["error"]["message"])
        table = "id,label,correction\n%s,33,true\n%s,34,\n" % (one, self.predict(ROW)[0]["id"])
        status, said = self.ask("/api/v1/feedback", table.encode(), token=self.admin,
                                headers={"Content-Type": "text/csv"})
        self.assertEqual((status, said.get("accepted")), (200, 2), said)

    def test_views(self):
        status, said = self.ask("/api/v1/status")
        self.assertEqual(status, 200)
        self.assertEqual(said["champion"]["version"], 1)
        self.assertEqual(said["tracker"][0], "Data Collection")
        for path in ("history", "models", "data", "signals", "decisions", "deployments", "why"):
            self.assertEqual(self.ask("/api/v1/" + path)[0], 200, path)
        self.assertNotIn("again", self.ask("/api/v1/why")[1])
        status, why = self.ask("/api/v1/why?again=true")
        self.assertEqual(status, 200)
        self.assertGreater(len(why["again"]), 0)
        self.assertTrue(all(one["same"] for one in why["again"]), why["again"])
        self.assertEqual(self.ask("/api/v1/why?again=perhaps")[0], 400)

    def test_metrics(self):
        self.predict(ROW, dict(ROW, kind="never seen"), dict(ROW, x=None))
        status, text = self.ask("/metrics")
        self.assertEqual(status, 200)
        for name in ("rondo_http_requests_total", "rondo_predictions_total",
                     "rondo_loop_last_progress", "rondo_cycles_total", "rondo_step_failures_total",
                     "rondo_open_alerts", "rondo_newest_row", "rondo_late_labels",
                     "rondo_store_bytes", "rondo_input_unseen_total", "rondo_input_missing_total",
                     "rondo_input_out_of_range_total", "rondo_score_seconds_bucket",
                     "rondo_shed_total", "rondo_deployment_share", "rondo_build_info"):
            self.assertIn(name, text)
        self.assertRegex(text, r'rondo_build_info\{[^}]*kernel="(scalar|avx2|avx512)"\} 1')
        wrong = check_metrics(text)
        if wrong is None:
            self.skipTest("promtool is not installed")
        self.assertEqual(wrong, "")

    def test_json_test_suite(self):
        """A valid document is never called invalid JSON, another one always is: on each route that
        reads a body, over one connection each."""
        folder = os.path.join(SOURCE, "tests", "data", "json-test-suite")
        names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
        self.assertGreater(len(names), 300)
        for path in ("/api/v1/predict", "/v2/models/toy/infer", "/api/v1/feedback",
                     "/invocations", "/v1/models/toy:predict"):
            with contextlib.closing(http.client.HTTPConnection(self.base.split("//")[1])) as line:
                for name in names:
                    with open(os.path.join(folder, name), "rb") as file:
                        self.judge_document(line, path, name, file.read())
            self.assertIsNone(self.process.poll(), path)
        self.predict(ROW)

    def judge_document(self, line, path, name, body):
        line.request("POST", path, body, {"Content-Type": "application/json",
                                          "Authorization": "Bearer " + self.admin})
        with line.getresponse() as reply:
            status, said = reply.status, json.loads(reply.read())
        # Other protocols than ours write "code: message; hint".
        error = said.get("error", said.get("message", "")) if isinstance(said, dict) else ""
        code = error.split(":")[0] if isinstance(error, str) else error["code"]
        if name == "n_number_NaN.json":  # as Python writes what is missing; read as null
            self.assertEqual((status, code), (400, "invalid_shape"), (path, said))
        elif name.startswith("n_"):
            self.assertEqual((status, code), (400, "invalid_json"), (path, name, said))
        elif name.startswith("y_"):
            self.assertTrue(status == 200 or (status == 400 and code in BAD_REQUESTS),
                            (path, name, status, said))
        else:
            self.assertTrue(status == 200 or (status == 400 and code in BAD_REQUESTS
                                              | {"invalid_json"}), (path, name, status, said))

    def test_commands_work_beside_it(self):
        status = self.project.json("status")
        self.assertEqual(status["champion"]["version"], 1)
        self.project.run("pause", "--why", "beside", check=0)
        self.assertTrue(self.ask("/api/v1/status")[1]["paused"])
        self.project.run("resume", check=0)
        done = self.project.run("run")
        self.assertEqual(done.returncode, 1)
        self.assertIn("up", done.stderr)

    def test_a_second_up_and_a_taken_port(self):
        done = self.project.run("up", "--listen", "127.0.0.1:0", timeout=30)
        self.assertEqual(done.returncode, 1)
        self.assertIn("lease", done.stderr + done.stdout)
        port = self.base.rsplit(":", 1)[1]
        with Project(PROGRAM, rows(10), cool_down="0s") as other:
            other.run("run", check=0)
            done = other.run("up", "--listen", "127.0.0.1:" + port, timeout=30)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(port, done.stderr)


class Alone(unittest.TestCase):
    def test_swaps_under_load_and_a_clean_end(self):
        with Project(PROGRAM, rows(30), cool_down="0s") as project:
            project.run("run", check=0)
            write_csv(project.path("rows.csv"), rows(30, seed=9, first=30,
                                                     shift=lambda d: 15), "a")
            project.run("trigger")
            project.run("run")
            models = {m["version"] for m in project.json("models")}
            process, base = project.up()
            token = project.token()
            golden = {}
            for version in models:
                status, said = ask(base, "/v2/models/toy/versions/%d/infer" % version,
                                   {"rows": [dict(ROW, _time=TIME)]})
                self.assertEqual(status, 200, said)
                golden[version] = said["outputs"][0]["data"]
            stop, wrong, answered = threading.Event(), [], [0]

            def load():
                while not stop.is_set():
                    status, said = ask(base, "/api/v1/predict", {"rows": [dict(ROW, _time=TIME)]})
                    one = said["predictions"][0] if status == 200 else None
                    if one is None or [one["value"]] != golden[one["model_version"]]:
                        wrong.append((status, said))
                    answered[0] += 1
            clients = [threading.Thread(target=load) for _ in range(2)]
            for client in clients:
                client.start()
            if len(models) > 1:
                former = ask(base, "/api/v1/deployments")[1]["champion"]
                for number in range(10):  # once back, only by name: nobody undoes a rollback by one
                    wish = {"why": str(number)}
                    if number % 2:
                        status, said = ask(base, "/api/v1/rollback", wish, token=token)
                        self.assertEqual(status, 409, said)
                        wish["version"] = "v%d" % former
                    act = "promote" if number % 2 else "rollback"
                    status, said = ask(base, "/api/v1/" + act, wish, token=token)
                    self.assertEqual(status, 200, said)
            else:
                time.sleep(1)
            stop.set()
            for client in clients:
                client.join()
            self.assertGreater(len(models), 1)
            self.assertFalse(wrong[:3])
            self.assertGreater(answered[0], 10)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(30), 0)

    def test_a_version_is_loaded_beside_those_that_answer(self):
        with Project(PROGRAM, rows(30), cool_down="0s", rounds=10) as project:
            project.run("run", check=0)
            for turn in (1, 2):
                if turn == 2:
                    project.run("rollback", check=0)
                write_csv(project.path("rows.csv"), rows(30, seed=9 + turn, first=30 * turn,
                                                         shift=lambda d: 15), "a")
                project.run("trigger")
                project.run("run")
            self.assertEqual(len(project.json("models")), 3, project.run("why").stdout)
            _, base = project.up()
            token = project.token()
            path, row = "/v2/models/toy/versions/2/infer", {"rows": [dict(ROW, _time=TIME)]}
            self.assertEqual(ask(base, path, row)[0], 503)
            body = {"parameters": {"version": "2"}}
            load, unload = ("/v2/repository/models/toy/" + word for word in ("load", "unload"))
            self.assertEqual(ask(base, load, body, token=token)[0], 200)
            status, said = ask(base, path, row)
            self.assertEqual((status, said["model_version"]), (200, "2"), said)
            project.write("one.csv", "at,x,kind\n2024-02-01 09:00:00,1.5,a\n")
            line = project.run("predict", "one.csv", "--model", "v2", "--json", check=0).stdout
            self.assertEqual(said["outputs"][0]["data"], [json.loads(line)["prediction"]])
            self.assertEqual(ask(base, "/api/v1/rollback", {"why": "x"}, token=token)[0], 200)
            self.assertEqual(ask(base, path, row)[0], 200, "it stays loaded over a switch")
            self.assertEqual(ask(base, unload, body, token=token)[0], 200)
            self.assertEqual(ask(base, path, row)[0], 503)
            former = {"parameters": {"version": "3"}}
            self.assertEqual(ask(base, unload, former, token=token)[0], 400)

    def test_who_slept_through_the_lease_writes_nothing(self):
        """Stopped in the middle of a step, awake after somebody took over: while the new holder is
        stopped for less than its lease, whatever appears in the store would be the old one's."""
        with Project(PROGRAM, rows(30), cool_down="0s") as project:
            project.run("run", check=0)
            first, old_base = project.up(env={"RONDO_FAILPOINTS": "candidate_write=sleep:4000"})
            token = project.token()
            ids = [one["id"] for one in
                   ask(old_base, "/api/v1/predict", {"rows": [ROW] * 2})[1]["predictions"]]
            label = lambda base, one: ask(  # noqa: E731
                base, "/api/v1/feedback", {"labels": [{"id": one, "label": 30}]}, token=token)
            self.assertEqual(label(old_base, ids[0])[0], 200)
            write_csv(project.path("rows.csv"), rows(30, seed=9, first=30), "a")
            status, said = ask(old_base, "/api/v1/trigger", {"why": "sleep"}, token=token)
            self.assertEqual(status, 200, said)
            self.wait(lambda: project.facts()[-1]["body"].get("stage") == "Model Training", 60)
            first.send_signal(signal.SIGSTOP)
            epoch = self.epoch(project)
            second, base = self.successor(project)
            self.assertEqual(self.epoch(project), epoch + 1)
            self.wait(lambda: ask(base, "/api/v1/status")[1]["resting"], 60)
            second.send_signal(signal.SIGSTOP)
            slept = time.monotonic()
            before = self.rows_of(project)
            first.send_signal(signal.SIGCONT)
            old_status, _ = label(old_base, ids[1])  # and its worker's result waits for it
            time.sleep(2)
            after = self.rows_of(project)
            slept = time.monotonic() - slept
            second.send_signal(signal.SIGCONT)
            lease = "rondo_lease_held{model=\"toy\"} %d"
            self.assertIn(lease % 0, ask(old_base, "/metrics")[1])
            if after != before and slept > 6.5:
                self.skipTest("the machine is too slow to say who wrote")
            self.assertEqual(after, before)
            self.assertEqual(self.epoch(project), epoch + 1)
            # A label needs no lease; what was acknowledged to anybody is there.
            status, said = label(base, ids[1])
            known = "duplicate" if old_status == 200 else "accepted"
            self.assertEqual((status, said[known]), (200, 1), said)
            self.assertIn(lease % 1, ask(base, "/metrics")[1])
            self.assertEqual(ask(base, "/api/v1/trigger", {"why": "on"}, token=token)[0], 200)
            for process in (second, first):
                process.send_signal(signal.SIGTERM)
                process.wait(30)
            for name, found in self.rows_of(project).items():
                self.assertEqual(found[:len(before[name])], before[name], name)
            self.assertEqual(project.run("fsck").returncode, 0)
            ended = [f["step"] for f in project.facts() if f["kind"] == "step_finished"]
            self.assertEqual(len(ended), len(set(ended)), "a step was finished twice")

    def test_an_answer_that_a_kill_took_is_unknown(self):
        with Project(PROGRAM, rows(30), cool_down="0s") as project:
            project.run("run", check=0)
            process, base = project.up()
            token = project.token()
            kept = ask(base, "/api/v1/predict", {"rows": [ROW]})[1]["predictions"][0]["id"]
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            process, base = project.up(env={"RONDO_FAILPOINTS": "prediction_flush=sleep:20000"})
            lost = [one["id"] for one in
                    ask(base, "/api/v1/predict", {"rows": [ROW] * 2})[1]["predictions"]]
            label = lambda *ids: ask(base, "/api/v1/feedback", {  # noqa: E731
                "labels": [{"id": one, "label": 30} for one in ids]}, token=token)[1]
            self.assertEqual(label(lost[0])["accepted"], 1)
            process.kill()
            process.wait()
            process, base = project.up()
            said = label(kept, *lost)
            self.assertEqual((said["accepted"], said["duplicate"], said["unknown"]), (1, 1, 1),
                             "one that was acknowledged stays so")
            fresh = ask(base, "/api/v1/predict", {"rows": [ROW]})[1]["predictions"][0]["id"]
            self.assertEqual(label(fresh)["accepted"], 1)
            process.send_signal(signal.SIGTERM)
            process.wait(30)

    def successor(self, project):
        until = time.monotonic() + 40
        while time.monotonic() < until:
            try:
                return project.up()
            except AssertionError:
                time.sleep(1)
        return self.fail("nobody could take over")

    def wait(self, true, seconds):
        until = time.monotonic() + seconds
        while not true():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)

    @staticmethod
    def epoch(project):
        return project.query("SELECT epoch FROM leases WHERE name = 'conductor'")[0][0]

    @staticmethod
    def rows_of(project):
        return {"facts": project.query("SELECT seq, digest FROM facts ORDER BY seq"),
                "journal": project.query("SELECT id, kind, step, body FROM journal ORDER BY id")}

    def test_a_damaged_champion_is_replaced_by_the_last_good_one(self):
        with Project(PROGRAM, rows(30), cool_down="0s") as project:
            project.run("run", check=0)
            write_csv(project.path("rows.csv"), rows(30, seed=9, first=30,
                                                     shift=lambda d: 15), "a")
            project.run("trigger")
            project.run("run")
            models = project.json("models")
            champion = [m for m in models if m["stage_of_life"] == "champion"][0]
            self.assertEqual(champion["version"], 2)
            digest = champion["pipeline"]
            self.flip(project, digest)
            done = project.run("fsck")
            self.assertEqual(done.returncode, 1)
            self.assertIn(digest[:12], done.stdout + done.stderr)
            told = "v2 cannot be loaded: object " + digest
            said = project.json("status")
            self.assertIn(told, said["performs"])
            self.assertIn(told, said["alerts"][0])
            process, base = project.up()
            status, said = ask(base, "/api/v1/predict", {"rows": [ROW]})
            self.assertEqual((status, said["predictions"][0]["model_version"]), (200, 1), said)
            said = ask(base, "/api/v1/status")[1]
            self.assertEqual((said["champion"]["version"], said["answers"]), (2, 1))
            self.assertIn("v1 answers in its place", said["alerts"][0])
            self.assertIn(told, said["performs"])
            self.flip(project, digest)  # as a backup has it
            self.until(lambda: ask(base, "/api/v1/predict", {"rows": [ROW]})[1], lambda got:
                       got["predictions"][0]["model_version"] == 2)
            said = ask(base, "/api/v1/status")[1]
            self.assertEqual(said["answers"], 2)
            self.assertNotIn("cannot be loaded", json.dumps(said))
            process.terminate()
            process.wait(60)
            out, err = process.stdout.read(), process.stderr.read()
            self.assertEqual(err.count("warning: " + told), 1, err)
            self.assertIn("v2 answers again", out)

    def test_a_damaged_only_version_is_told_and_comes_back(self):
        with Project(PROGRAM, rows(10), rounds=10) as project:
            project.run("run", check=0)
            digest = project.json("models")[0]["pipeline"]
            self.flip(project, digest)
            process, base = project.up()
            told = "v1 cannot be loaded: object " + digest
            status, said = ask(base, "/api/v1/predict", {"rows": [ROW]})
            self.assertEqual(status, 503)
            self.assertIn(told, said["error"]["message"])
            self.assertIn("no version answers", said["error"]["message"])
            self.assertIsNone(ask(base, "/api/v1/status")[1]["answers"])
            self.flip(project, digest)
            self.until(lambda: ask(base, "/api/v1/predict", {"rows": [ROW]}),
                       lambda got: got[0] == 200)
            process.terminate()
            process.wait(60)
            out, err = process.stdout.read(), process.stderr.read()
            self.assertEqual(err.count("warning: " + told), 1, err)
            self.assertIn("no model answers yet", out)
            self.assertNotIn("curl", out)

    def flip(self, project, digest):
        """Another bit in a byte of an object; twice: as it was."""
        path = project.path(".rondo", "objects", digest[:2], digest[2:])
        os.chmod(path, 0o644)
        with open(path, "r+b") as file:
            file.seek(200)
            byte = file.read(1)
            file.seek(200)
            file.write(bytes([byte[0] ^ 1]))

    def until(self, look, wanted):
        end = time.monotonic() + 60
        while not wanted(got := look()):
            self.assertLess(time.monotonic(), end, got)
            time.sleep(0.05)

    def test_the_printed_call_is_answered_and_reads_well(self):
        table = [dict(row, count=i % 7) for i, row in enumerate(rows(10))]
        with Project(PROGRAM, table, rounds=10) as project:
            project.run("run", check=0)
            process = subprocess.Popen([project.program, "up", "--listen", "127.0.0.1:0"],
                                       cwd=project.folder, stdout=subprocess.PIPE, text=True)
            project.started.append(process)
            base = process.stdout.readline().split(" answers at ")[1].split(" ")[0]
            body = json.loads(process.stdout.readline().split("-d '")[1].rstrip("'\n"))
            row = body["rows"][0]
            self.assertIsInstance(row["count"], int)
            self.assertLessEqual(len(str(row["x"])), 8)
            self.assertEqual(ask(base, "/api/v1/predict", body)[0], 200)
            with Project(PROGRAM, rows(2)) as other:
                done = other.run("up", "--listen", base.split("//")[1])
                self.assertEqual(done.returncode, 1)
                self.assertIn("up --listen", done.stderr)

    def test_nothing_is_deployed_yet(self):
        with Project(PROGRAM, rows(2)) as project:
            _, base = project.up()
            self.assertEqual(ask(base, "/api/v1/predict", {"rows": [ROW]})[0], 503)
            self.assertEqual(ask(base, "/health/live")[0], 200)
            self.assertEqual(ask(base, "/health/ready")[0], 503)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
