#!/usr/bin/env python3
"""A version leaves its project as a file, and `rondo serve` answers from it with the same bits.

usage: file_test.py PROGRAM SOURCE_DIR
"""
import json
import os
import shutil
import signal
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, check_metrics, rows, write_csv  # noqa: E402

ROWS = [{"x": 1.5, "kind": "a", "_time": "2024-02-01T09:00:00Z"},
        {"x": 7.25, "kind": None, "_time": "2024-02-01T20:00:00Z"}]
NEEDS_A_PROJECT = [("/api/v1/status", None), ("/api/v1/history", None), ("/api/v1/why", None),
                   ("/api/v1/predictions/x.0", None),
                   ("/api/v1/feedback", {"labels": [{"id": "x.0", "label": 1}]}),
                   ("/api/v1/promote", {"why": "a test", "version": 1}),
                   ("/v2/repository/models/toy/load", {"parameters": {"version": "1"}})]


def serve(project, *words, env=None):
    process = project.start("serve", *words, "--listen", "127.0.0.1:0", env=env)
    first = process.stdout.readline()
    if " answers at " not in first:
        process.wait(60)
        raise AssertionError("serve did not start: " + first + process.stderr.read())
    return process, first.split(" answers at ")[1].split(" ")[0]


class File(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Project(PROGRAM, rows(12), prepare="", cool_down="0s")
        cls.project.run("run", check=0)
        cls.project.run("export", "-o", "v1.rondo", check=0)
        write_csv(cls.project.path("rows.csv"), rows(18, first=12, shift=lambda day: 8.0), "a")
        cls.project.run("run", check=0)
        if len(cls.project.json("models")) < 2:
            raise AssertionError(cls.project.run("history").stdout)
        cls.project.run("export", "v2", "-o", "v2.rondo", check=0)

    @classmethod
    def tearDownClass(cls):
        cls.project.__exit__()

    def predict(self, base):
        status, said = ask(base, "/api/v1/predict", {"rows": ROWS})
        self.assertEqual(status, 200, said)
        return [(one["model_version"], one["value"]) for one in said["predictions"]]

    def until(self, wanted, look):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            got = look()
            if wanted(got):
                return got
            time.sleep(0.05)
        self.fail("not within a minute: %r" % (got,))

    def test_the_same_bits_as_the_project(self):
        up, base = self.project.up("--no-loop")
        expected = {}
        for version in ("1", "2"):
            loaded = ask(base, "/v2/models/toy/versions/%s/infer" % version, {"rows": ROWS})
            expected[version] = loaded
        up.send_signal(signal.SIGTERM)
        self.assertEqual(up.wait(60), 0)
        compared = 0
        for version, (status, said) in expected.items():
            if status != 200:
                continue  # not in memory there
            process, base = serve(self.project, "v%s.rondo" % version)
            status, ours = ask(base, "/v2/models/toy/infer", {"rows": ROWS})
            self.assertEqual((status, ours["model_version"]), (200, version), ours)
            self.assertEqual(ours["outputs"], said["outputs"])
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(60), 0)
            compared += 1
        self.assertGreater(compared, 0)

    def test_protocols_health_and_what_needs_a_project(self):
        with open(self.project.path("alone.rondo"), "wb") as out:
            with open(self.project.path("v1.rondo"), "rb") as file:
                out.write(file.read())
        _, base = serve(self.project, "alone.rondo", env={"HOME": "/"})
        values = [value for _, value in self.predict(base)]
        body = {"instances": ROWS}
        status, said = ask(base, "/v1/models/toy:predict", body)
        self.assertEqual((status, said["predictions"]), (200, values), said)
        status, said = ask(base, "/invocations", body)
        self.assertEqual((status, said["predictions"]), (200, values), said)
        for path in ("/health/live", "/health/ready", "/ping", "/v2/health/ready", "/v2/models/toy",
                     "/v1/models/toy"):
            self.assertEqual(ask(base, path)[0], 200, path)
        numbers = ask(base, "/metrics")[1]
        self.assertIn('rondo_predictions_total{model="toy",version="1",arm="champion"} 6', numbers)
        self.assertIn(check_metrics(numbers), ("", None))
        status, said = ask(base, "/v2/repository/index", b"", method="POST")
        self.assertEqual([one["version"] for one in said], ["1"], said)
        for path, body in NEEDS_A_PROJECT:
            status, said = ask(base, path, body)
            self.assertEqual(status, 501, (path, said))
            self.assertIn("answers from a pipeline file", json.dumps(said), path)
        paths = ask(base, "/openapi.json")[1]["paths"]
        self.assertIn("/api/v1/predict", paths)
        self.assertNotIn("/api/v1/feedback", paths)
        self.assertEqual(ask(base, "/api/v1/projects")[1]["projects"][0]["version"], 1)
        status, page = ask(base, "/", headers={"Accept": "text/html"})
        self.assertIn('src="console/app.js"', page)
        status, said = ask(base, "/api/v1/predict", {"rows": [dict(ROWS[0], y=1)]})
        self.assertEqual((status, said["error"]["code"]), (400, "unknown_column"), said)
        self.assertIn("what the model predicts", said["error"]["hint"])

    def alerts(self, base):
        return " ".join(ask(base, "/api/v1/projects")[1]["projects"][0]["alerts"])

    def test_a_replaced_file_answers_and_a_damaged_one_does_not(self):
        path = self.project.path("live.rondo")
        shutil.copy(self.project.path("v1.rondo"), path)
        process, base = serve(self.project, path)
        self.assertEqual({version for version, _ in self.predict(base)}, {1})
        before = self.predict(base)
        process.send_signal(signal.SIGHUP)  # what a script sends that replaced the file
        with open(self.project.path("v2.rondo"), "rb") as file:
            bad = bytearray(file.read())
        bad[len(bad) // 2] ^= 1
        self.put(path, bytes(bad))
        alert = self.until(lambda text: "rondo_degraded{model=\"toy\"} 1" in text,
                           lambda: ask(base, "/metrics")[1])
        self.assertTrue(alert)
        self.assertEqual(self.predict(base), before)
        self.assertIn("v1 goes on", self.alerts(base))
        shutil.copy(self.project.path("v2.rondo"), path + ".new")
        os.rename(path + ".new", path)
        self.until(lambda got: {version for version, _ in got} == {2}, lambda: self.predict(base))
        self.assertIn("rondo_degraded{model=\"toy\"} 0", ask(base, "/metrics")[1])
        os.remove(path)
        self.until(lambda text: "rondo_degraded{model=\"toy\"} 1" in text,
                   lambda: ask(base, "/metrics")[1])
        self.assertEqual({version for version, _ in self.predict(base)}, {2})
        os.mkfifo(path)  # whoever opens it waits for a writer; the server must not
        self.until(lambda told: "is a pipe or a device" in told, lambda: self.alerts(base))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)
        said = process.stderr.read()
        self.assertIn("warning: v1 goes on: ", said)
        self.assertEqual(said.count("is gone"), 1, said)

    def test_another_model_does_not_take_over(self):
        path = self.project.path("same.rondo")
        shutil.copy(self.project.path("v1.rondo"), path)
        process, base = serve(self.project, path)
        before = self.predict(base)
        foreign = os.path.join(SOURCE, "tests", "data", "foreign")
        for name, words, why in (
                ("lightgbm_multiclass.txt", ["--target", "z"], 'it predicts "z", not "y"'),
                ("lightgbm_multiclass.txt", ["--target", "y", "--classes", "a,b,c"],
                 "it answers the classes a, b, c, not a number"),
                ("lightgbm_regression.txt", ["--target", "y"],
                 'it reads the column "temp", which was no input')):
            self.project.run("import", os.path.join(foreign, name), *words, "-o", "other.rondo",
                             "--force", check=0)
            os.rename(self.project.path("other.rondo"), path)
            self.until(lambda told: why in told, lambda: self.alerts(base))
            self.assertEqual(self.predict(base), before)
        self.assertIn('rondo_swaps_total{model="toy",result="promoted"} 0',
                      ask(base, "/metrics")[1])
        shutil.copy(self.project.path("v2.rondo"), path + ".new")
        os.rename(path + ".new", path)
        self.until(lambda got: {version for version, _ in got} == {2}, lambda: self.predict(base))
        self.assertIn('rondo_swaps_total{model="toy",result="promoted"} 1',
                      ask(base, "/metrics")[1])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)
        self.assertEqual(process.stderr.read().count("was replaced and is refused: "), 3)

    def test_a_newer_version_may_read_another_column(self):
        path = self.project.path("wider.rondo")
        shutil.copy(self.project.path("v1.rondo"), path)
        _, base = serve(self.project, path)
        table = [dict(row, more=index % 7) for index, row in enumerate(rows(12))]
        with Project(PROGRAM, table, prepare="") as same_name:
            same_name.run("run", check=0)
            same_name.run("export", "-o", path + ".new", check=0)
        os.rename(path + ".new", path)
        self.until(lambda names: "more" in names, lambda: [
            one["name"] for one in ask(base, "/v2/models/toy")[1]["inputs"]])

    def put(self, path, data):
        with open(path + ".new", "wb") as out:
            out.write(data)
        os.rename(path + ".new", path)

    def test_what_is_refused_at_the_start(self):
        with open(self.project.path("v1.rondo"), "rb") as file:
            good = file.read()
        for name, data in (("cut", good[:-7]), ("flipped", good[:-9] + bytes([good[-9] ^ 4]) +
                                                 good[-8:]), ("foreign", b"tree\nversion=v4\n")):
            self.put(self.project.path(name + ".rondo"), data)
            done = self.project.run("serve", name + ".rondo", "--listen", "127.0.0.1:0", check=3)
            self.assertIn("pipeline file", done.stderr)
            if name == "flipped":
                self.assertRegex(done.stderr, r"section 7 \(provenance\) at offset [0-9]+")
        done = self.project.run("serve", "nowhere.rondo", check=3)
        self.assertIn("rondo export", done.stderr)
        done = self.project.run("serve", "v1.rondo", "--tokens", ".", check=3)
        self.assertIn("has no file tokens", done.stderr)
        done = self.project.run("export", "-o", "v1.rondo", check=1)
        self.assertIn("--force", done.stderr)
        self.assertIn("there is no v9", self.project.run("export", "v9", "-o", "x", check=3).stderr)

    def test_lags_need_their_project(self):
        with Project(PROGRAM, rows(20)) as project:
            project.run("run", check=0)
            said = project.json("export", "-o", "lags.rondo")
            self.assertEqual((said["version"], said["model"]), (1, "toy"))
            done = project.run("serve", "lags.rondo", "--listen", "127.0.0.1:0", check=3)
            self.assertIn("1 lag from the past", done.stderr)
            _, base = serve(project, "lags.rondo", "--no-history")
            self.assertEqual(len(self.predict(base)), 2)

    def test_quotas_and_terse_refusals(self):
        _, base = serve(self.project, "v1.rondo", "--quota-requests", "0.001", "--quota-burst",
                        "1h", "--terse")  # 3.6 at once
        wrong = {"rows": [{"x": 1.5, "kind": 7}]}
        status, said = ask(base, "/api/v1/predict", wrong)
        self.assertEqual((status, said["error"]["code"]), (400, "wrong_type"), said)
        self.assertEqual(said["error"]["message"], "row 0: a value is not of its column's type")
        self.predict(base)
        self.predict(base)
        status, said = ask(base, "/api/v1/predict", {"rows": ROWS})
        self.assertEqual((status, said["error"]["code"]), (429, "quota"), said)
        for words in (("--quota-requests", "0"), ("--quota-rows", "many"),
                      ("--quota-burst", "2d")):
            done = self.project.run("serve", "v1.rondo", "--listen", "127.0.0.1:0", *words, check=3)
            self.assertIn(words[0], done.stderr)

    def test_tokens_come_from_a_folder(self):
        secret = self.project.run("token", "create", "far", "--role", "viewer", check=0).stdout
        _, base = serve(self.project, "v1.rondo", "--tokens", ".rondo")
        said = ask(base, "/api/v1/predict", {"rows": ROWS}, token=secret.strip())
        self.assertEqual((said[0], said[1]["error"]["code"]), (403, "forbidden"))
        self.project.run("token", "revoke", "far", check=0)
        self.until(lambda got: got[0] == 401,
                   lambda: ask(base, "/v2/models/toy", token=secret.strip()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
