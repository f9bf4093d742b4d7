#!/usr/bin/env python3
"""`rondo up DIR...`: several projects behind one port, each by its name, each as it is alone.

usage: projects_test.py PROGRAM SOURCE_DIR
"""
import json
import os
import signal
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, check_metrics, rows  # noqa: E402

ROW = {"x": 1.5, "kind": "a", "_time": "2024-02-01T09:00:00Z"}


class Projects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.two = [Project(PROGRAM, rows(12, seed=seed), name=name, prepare="", cool_down="0s")
                   for seed, name in ((1, "one"), (2, "two"))]
        cls.empty = Project(PROGRAM, rows(1), name="empty")
        cls.broken = Project(PROGRAM, rows(12), name="mended", prepare="")
        cls.broken.write("rondo.toml", "[project]\nname = \"mended\"\ntarget = \n")
        cls.odd = Project(PROGRAM, rows(1), name="a/b <c>")
        cls.all = cls.two + [cls.empty, cls.broken, cls.odd]
        for project in cls.two:
            project.run("run", check=0)
        cls.process = cls.two[0].start("up", *[p.folder for p in cls.all], "--listen",
                                       "127.0.0.1:0")
        first = cls.process.stdout.readline()
        if " answer at " not in first:
            cls.process.wait(60)
            raise AssertionError(first + cls.process.stderr.read())
        if not first.startswith("4 of 5 projects answer at "):
            raise AssertionError(first)
        cls.base = first.split(" answer at ")[1].split(" ")[0]
        cls.links = dict(cls.process.stdout.readline().strip().split(" at ") for _ in range(4))

    @classmethod
    def tearDownClass(cls):
        for project in cls.all:
            project.__exit__()

    def ask(self, path, body=None, **more):
        return ask(self.base, path, body, **more)

    def value(self, path, body):
        status, said = self.ask(path, body)
        self.assertEqual(status, 200, said)
        if "outputs" in said:
            return said["outputs"][0]["data"][0]
        one = said["predictions"][0]
        return one["value"] if isinstance(one, dict) else one

    def test_a_link_for_each_signs_in_to_it_alone_and_once(self):
        codes = {name: self.links[name].split("#login=")[1] for name in ("one", "two")}
        self.assertTrue(self.links["one"].startswith(self.base + "/p/one/#login="), self.links)
        login = "/p/one/api/v1/login"
        self.assertEqual(self.ask(login, {"code": codes["two"]})[0], 401)
        status, said = self.ask(login, {"code": codes["one"]})
        self.assertEqual((status, said["who"], said["project"]), (200, "admin", "one"))
        self.assertEqual(self.ask(login, {"code": codes["one"]})[0], 401)

    def alone(self, project):
        """What the project says by itself, from its file."""
        with open(project.path("one.csv"), "w") as file:
            file.write("at,x,kind\n2024-02-01 09:00:00,1.5,a\n")
        line = project.run("predict", "one.csv", "--json", check=0).stdout
        return json.loads(line)["prediction"]

    def test_each_answers_by_its_name_in_each_protocol(self):
        values = [self.alone(project) for project in self.two]
        self.assertNotEqual(values[0], values[1])
        for name, value in zip(("one", "two"), values):
            self.assertEqual(self.value("/v2/models/%s/infer" % name, {"rows": [ROW]}), value)
            self.assertEqual(self.value("/v1/models/%s:predict" % name, {"instances": [ROW]}),
                             value)
            self.assertEqual(self.value("/p/%s/api/v1/predict" % name, {"rows": [ROW]}), value)
            self.assertEqual(self.value("/p/%s/invocations" % name, {"instances": [ROW]}), value)
            self.assertEqual(self.value("/p/%s/v2/models/%s/infer" % (name, name),
                                        {"rows": [ROW]}), value)
            self.assertEqual(self.ask("/p/%s/health/ready" % name)[0], 200)
            self.assertEqual(self.ask("/p/%s/api/v1/status" % name)[1]["project"], name)
            self.assertIn('src="console/app.js"',
                          self.ask("/p/%s/" % name, headers={"Accept": "text/html"})[1])
            self.assertEqual(self.ask("/p/%s/console/app.js" % name)[0], 200)
        status, said = self.ask("/p/one/v2/models/two/infer", {"rows": [ROW]})
        self.assertEqual(status, 404, said)

    def test_what_names_no_project(self):
        for path in ("/api/v1/predict", "/invocations", "/api/v1/feedback"):
            status, said = self.ask(path, {"rows": [ROW]})
            self.assertEqual(status, 404, said)
            self.assertIn("/p/NAME" + path, json.dumps(said))
        status, said = self.ask("/api/v1/status")
        self.assertIn("/p/NAME/api/v1/status", said["error"]["hint"])
        status, said = self.ask("/p/none/api/v1/status")
        self.assertEqual(status, 404)
        self.assertIn("one, two", said["error"]["hint"])
        status, said = self.ask("/v2/models/none")
        self.assertEqual(status, 404)
        for path in ("/health/live", "/health/ready", "/v2/health/ready", "/ping", "/version"):
            self.assertEqual(self.ask(path)[0], 200, path)

    def test_lists_and_numbers_of_all(self):
        self.value("/v2/models/one/infer", {"rows": [ROW]})
        self.value("/v2/models/two/infer", {"rows": [ROW]})
        self.assertEqual(set(self.ask("/v1/models")[1]["models"]) & {"one", "two", "empty"},
                         {"one", "two", "empty"})
        index = self.ask("/v2/repository/index", b"", method="POST")[1]
        self.assertIn(("two", "1", "READY"),
                      [(one["name"], one["version"], one["state"]) for one in index])
        text = self.ask("/metrics")[1]
        self.assertIn(check_metrics(text), ("", None))
        heads = [line for line in text.splitlines() if line.startswith("# TYPE")]
        self.assertEqual(len(heads), len(set(heads)))
        for name in ("one", "two"):
            self.assertRegex(text, r'rondo_predictions_total\{model="%s",version="1"' % name)
        at = text.index("# TYPE rondo_predictions_total")
        self.assertIn('model="two"', text[at:text.index("# HELP", at)])
        stats = self.ask("/v2/models/stats")[1]["model_stats"]
        self.assertEqual({one["name"] for one in stats}, {"one", "two"})
        self.assertIn('src="console/app.js"', self.ask("/", headers={"Accept": "text/html"})[1])
        self.assertEqual(self.ask("/v2/models/empty/ready")[0], 503)
        projects = {p["name"]: p for p in self.ask("/api/v1/projects")[1]["projects"]}
        self.assertEqual((projects["one"]["state"], projects["one"]["version"]), ("serving", 1))
        self.assertEqual(projects["empty"]["state"], "no model yet")
        url = projects["a/b <c>"]["url"]
        self.assertEqual(url, "/p/a%2Fb%20%3Cc%3E/")
        self.assertEqual(self.ask(url + "api/v1/status")[1]["project"], "a/b <c>")

    def test_tokens_labels_and_acts_stay_with_their_project(self):
        first, second = [project.token() for project in self.two]
        self.assertEqual(self.ask("/p/one/api/v1/pause", {"why": "a test"}, token=second)[0], 401)
        self.assertEqual(self.ask("/p/one/api/v1/pause", {"why": "a test"}, token=first)[0], 200)
        self.assertTrue(self.ask("/p/one/api/v1/status")[1]["paused"])
        self.assertFalse(self.ask("/p/two/api/v1/status")[1]["paused"])
        asked = self.ask("/p/one/api/v1/predict", {"rows": [ROW]})[1]["predictions"][0]["id"]
        body = {"labels": [{"id": asked, "label": 30}]}
        said = self.ask("/p/two/api/v1/feedback", body, token=second)[1]
        self.assertEqual((said["accepted"], said["unknown"]), (0, 1), said)
        said = self.ask("/p/one/api/v1/feedback", body, token=first)[1]
        self.assertEqual((said["accepted"], said["unknown"]), (1, 0), said)
        self.assertEqual(self.two[0].run("resume", "--why", "done").returncode, 0)

    def test_x_a_broken_one_tells_why_and_comes_back(self):
        """x: after the others, since it mends what they see."""
        name = os.path.basename(self.broken.folder)
        status, said = self.ask("/p/%s/api/v1/predict" % name, {"rows": [ROW]})
        self.assertEqual((status, said["error"]["code"]), (503, "unavailable"), said)
        self.assertIn("rondo.toml", said["error"]["message"])
        closed = [p for p in self.ask("/api/v1/projects")[1]["projects"] if p["state"] == "closed"]
        self.assertEqual(len(closed), 1)
        self.assertIn("rondo.toml:3", closed[0]["reason"])
        with Project(PROGRAM, name="mended", prepare="") as like:
            os.replace(like.path("rondo.toml"), self.broken.path("rondo.toml"))
        end = time.monotonic() + 90
        while self.ask("/p/mended/health/ready")[0] != 200 and time.monotonic() < end:
            time.sleep(0.2)
        self.assertEqual(self.ask("/p/mended/health/ready")[0], 200, self.ask("/api/v1/projects"))
        self.assertGreater(self.value("/v2/models/mended/infer", {"rows": [ROW]}), 0)
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(60), 0)
        said = self.process.stderr.read()
        self.assertRegex(said, "warning: .* is not served, and tried again: .*rondo.toml:3")

    def test_a_lease_that_another_holds(self):
        one, two = self.two
        process = one.start("up", one.folder, two.folder, "--listen", "127.0.0.1:0")
        first = process.stdout.readline()
        self.assertTrue(first.startswith("0 of 2 projects answer at "), first)
        base = first.split(" answer at ")[1].split(" ")[0]
        name = os.path.basename(one.folder)
        status, said = ask(base, "/p/%s/health/ready" % name)
        self.assertEqual(status, 503, said)
        self.assertRegex(said["error"]["message"],
                         r"up \(process %d\) holds its lease" % self.process.pid)
        self.assertIn("stop it, or let it do the work", said["error"]["message"])
        self.assertNotIn("mend", said["error"]["hint"])
        self.assertIn("served once this is over", said["error"]["hint"])
        time.sleep(6)  # it was tried again, and is the same reason
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)
        self.assertEqual(process.stderr.read().count("holds its lease"), 2)

    def test_while_their_stores_are_read_each_page_says_how_far_that_is(self):
        with Project(PROGRAM, rows(12), name="slow", prepare="", cool_down="0s") as slow, \
                Project(PROGRAM, rows(1), name="idle") as idle:
            slow.run("run", check=0)
            process = slow.start("up", slow.folder, idle.folder, "--listen", "127.0.0.1:0",
                                 env={"RONDO_FAILPOINTS": "pipeline_load=sleep:3000@1"})
            told = process.stderr.readline()
            self.assertIn("the stores are being read; http", told)
            base = told.split("; ")[1].split(" ")[0]
            page = {"Accept": "text/html"}
            for path in ("/", "/p/slow/", "/p/slow/console/app.js"):
                self.assertEqual(ask(base, path, headers=page)[0], 200, path)
            for path in ("", "/p/slow"):
                status, said = ask(base, path + "/health/ready")
                self.assertEqual((status, said["status"], said["what"]),
                                 (503, "starting", "facts"), path)
                status, said = ask(base, path + "/api/v1/session")
                self.assertEqual((status, said["error"]["code"]), (503, "starting"), path)
            first = process.stdout.readline()
            self.assertTrue(first.startswith("2 projects answer at %s " % base), first)
            self.assertEqual(ask(base, "/p/slow/health/ready")[0], 200)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(60), 0)

    def test_words(self):
        one = self.two[0]
        done = one.run("up", one.folder, one.folder, check=3)
        self.assertIn("named twice", done.stderr)
        done = one.run("up", "--tls", "x", check=2)
        self.assertIn("[deploy] tls", done.stderr)
        with Project(PROGRAM, rows(2), name="alone") as alone:
            process = one.start("up", alone.folder, "--listen", "127.0.0.1:0")
            self.assertTrue(process.stdout.readline().startswith("alone answers at "))
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(60), 0)


class Workers(unittest.TestCase):
    @staticmethod
    def workers(parent):
        """How many children of a process are there, but for those that have ended."""
        count = 0
        for pid in os.listdir("/proc"):
            try:
                with open("/proc/%s/stat" % pid) as file:
                    state, owner = file.read().rpartition(") ")[2].split()[:2]
            except OSError:
                continue
            count += int(owner) == parent and state != "Z" if pid.isdigit() else 0
        return count

    def test_no_more_work_at_once_than_there_are_cores(self):
        projects = [Project(PROGRAM, rows(12, seed=i), name="p%d" % i, prepare="")
                    for i in range(len(os.sched_getaffinity(0)) + 4)]
        try:
            up = projects[0].start("up", *[p.folder for p in projects], "--listen", "127.0.0.1:0")
            base = up.stdout.readline().split(" answer at ")[1].split(" ")[0]
            most, left, end = 0, set(range(len(projects))), time.monotonic() + 300
            while left and time.monotonic() < end:
                for _ in range(100):
                    most = max(most, self.workers(up.pid))
                    time.sleep(.003)
                left -= {i for i in left if ask(base, "/p/p%d/health/ready" % i)[0] == 200}
            self.assertEqual(left, set())
            self.assertTrue(1 <= most <= len(os.sched_getaffinity(0)), most)
            up.terminate()
            self.assertEqual(up.wait(60), 0)
        finally:
            for project in projects:
                project.__exit__()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
