#!/usr/bin/env python3
"""`rondo predict`: files of every kind in, predictions out, in the order of the rows and with the
bits of the server; cut into parts, killed and gone on with, refused with the place of a bad cell.

usage: predict_test.py PROGRAM SOURCE_DIR
"""
import csv
import glob
import gzip
import json
import os
import random
import resource
import signal
import shutil
import subprocess
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows, write_csv  # noqa: E402

TOML = """[project]
name = "flat"
target = "y"

[collect]
source = "rows.csv"
key = "id"
null = ["", "NA"]

[train]
budget = "1 candidate"
rounds = 20
min_leaf = 5
"""


def table(count, first=0):
    """Rows without a clock; some cells are missing, numbers are spelled in many ways."""
    chance = random.Random(7 + first)
    made = []
    for number in range(first, first + count):
        x, n = chance.uniform(-10, 10), chance.randrange(100)
        kind = chance.choice(["a", "b", "\u00e7"])
        spelled = chance.choice([repr(x), "%.3f" % x, "%.17g" % x, "%.4e" % x, "%d" % x, "", "NA"])
        made.append({"id": "r%d" % number, "x": spelled, "n": n, "kind": kind,
                     "on": chance.choice(["true", "false", ""]),
                     "y": round(5 * abs(x) + n / 10 + {"a": 0, "b": 5, "\u00e7": 9}[kind], 3)})
    return made


def lines_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


class Flat(unittest.TestCase):
    """A project without a clock, where rows go straight from bytes to features."""

    @classmethod
    def setUpClass(cls):
        cls.project = Project(PROGRAM, table(600))
        cls.addClassCleanup(cls.project.__exit__)
        cls.project.write("rondo.toml", TOML)
        cls.project.run("run", check=0)
        cls.rows = table(3000, first=5000)
        write_csv(cls.project.path("new.csv"), cls.rows)
        cls.project.run("predict", "new.csv", "-o", "new.out", check=0)
        with open(cls.project.path("new.out")) as file:
            cls.expected = file.read()

    def predict(self, *words, check=0, **more):
        return self.project.run("predict", *words, check=check, **more)

    def test_reasons_add_up_to_the_raw_score(self):
        """Of a regression the raw score is the answer; the server tells the same reasons."""
        write_csv(self.project.path("few.csv"), self.rows[:40])
        self.predict("few.csv", "--explain", "-o", "why.csv")
        columns = ["contribution_x", "contribution_n", "contribution_kind", "contribution_on"]
        explained = lines_of(self.project.path("why.csv"))
        for line, plain in zip(explained, csv.DictReader(self.expected.splitlines())):
            self.assertEqual({k: line[k] for k in plain}, plain)
            total = sum(float(line[k]) for k in columns + ["base_score"])
            self.assertAlmostEqual(total, float(line["prediction"]), places=9)
        self.assertGreater(len({line["contribution_x"] for line in explained}), 5)
        said = [json.loads(line) for line in
                self.predict("few.csv", "--explain", "--json").stdout.splitlines()]
        for line, one in zip(explained, said):
            self.assertEqual([one["contributions"][c[13:]] for c in columns] + [one["base_score"]],
                             [float(line[c]) for c in columns + ["base_score"]])
        self.predict("few.csv", "--explain", "-o", "why.parquet")
        back = self.predict("why.parquet", "--json", check=3).stderr  # its columns are told
        self.assertIn("lacks the column", back)

    def test_a_file_in_place_of_a_version(self):
        self.project.run("export", "-o", "flat.rondo", "--force", check=0)
        with Project(PROGRAM) as away:
            os.remove(away.path("rondo.toml"))
            for name in ("flat.rondo", "new.csv"):
                shutil.copy(self.project.path(name), away.path(name))
            away.run("predict", "new.csv", "--model", "flat.rondo", "-o", "out.csv", check=0)
            values = lambda path: [row["prediction"] for row in lines_of(path)]  # noqa: E731
            self.assertEqual(values(away.path("out.csv")), values(self.project.path("new.out")))
            said = away.run("predict", "new.csv", "--model", "none.rondo", check=2)
            self.assertIn("no version, and no file", said.stderr)

    def test_names_are_told_apart_by_case(self):
        write_csv(self.project.path("upper.csv"), [dict(x=1, n=2, Kind="a", on="true")])
        said = self.predict("upper.csv", check=3).stderr
        self.assertIn('lacks the column "kind"', said)
        self.assertIn('did you mean "Kind"? Upper and lower case are told apart', said)

    def text(self, name):
        with open(self.project.path(name)) as file:
            return file.read()

    def test_the_same_bits_as_online(self):
        _, base = self.project.up()
        types = {"x": float, "n": int}
        asked = [{name: None if row[name] in ("", "NA") else types.get(name, str)(row[name])
                  for name in ("x", "n", "kind", "on")} for row in self.rows]
        said = []
        for at in range(0, len(asked), 1000):
            status, answer = ask(base, "/api/v1/predict", {"rows": asked[at:at + 1000]})
            self.assertEqual(status, 200, answer)
            said += answer["predictions"]
        lines = lines_of(self.project.path("new.out"))
        self.assertEqual(list(lines[0]), ["id", "prediction", "model_version"])
        self.assertEqual([line["id"] for line in lines], [row["id"] for row in self.rows])
        self.assertEqual([float(line["prediction"]) for line in lines],
                         [one["value"] for one in said])
        self.assertEqual({line["model_version"] for line in lines}, {"1"})

    def test_every_kind_of_file_gives_the_same(self):
        text = self.text("new.csv")
        with gzip.open(self.project.path("new.csv.gz"), "wt") as file:
            file.write(text)
        head, rest = text.split("\n", 1)
        self.project.write("quoted.csv", '"id",%s\r\n%s' % (
            head.split(",", 1)[1],
            "".join('"%s",%s\r\n' % tuple(line.split(",", 1)) for line in rest.splitlines())))
        names = ("on", "kind", "x", "n", "id")
        with open(self.project.path("new.jsonl"), "w") as file:
            for row in self.rows:
                typed = {name: row[name] for name in names}
                for name in ("x", "on"):
                    typed[name] = json.loads(row[name]) if row[name] not in ("", "NA") else None
                file.write(json.dumps(typed) + "\n")
        with open(self.project.path("array.json"), "w") as file:
            file.write("[%s]" % ",\n".join(self.text("new.jsonl").splitlines()))
        for name in ("new.csv.gz", "quoted.csv", "new.jsonl", "array.json"):
            self.predict(name, "-o", "kind.out")
            self.assertEqual(self.text("kind.out"), self.expected, name)
        said = subprocess.run([PROGRAM, "predict", "-"], cwd=self.project.folder, timeout=120,
                              input=text, capture_output=True, text=True)
        self.assertEqual((said.returncode, said.stdout), (0, self.expected), said.stderr)

    def test_json_lines_out(self):
        self.predict("new.csv", "-o", "new.out.jsonl")
        said = [json.loads(line) for line in self.text("new.out.jsonl").splitlines()]
        self.assertEqual([(one["id"], one["prediction"]) for one in said],
                         [(line["id"], float(line["prediction"]))
                          for line in lines_of(self.project.path("new.out"))])

    def test_parquet_in_and_out(self):
        segments = []
        for path in glob.glob(self.project.path(".rondo", "objects", "*", "*")):
            with open(path, "rb") as file:
                if file.read(4) == b"PAR1":
                    segments.append(path)
        self.assertEqual(len(segments), 1)  # the rows of the first run
        shutil.copy(segments[0], self.project.path("rows.parquet"))
        self.predict("rows.parquet", "-o", "from_parquet.csv")
        self.predict("rows.csv", "-o", "from_csv.csv")
        self.assertEqual(self.text("from_parquet.csv"), self.text("from_csv.csv"))
        self.predict("rows.csv", "-o", "to.parquet")
        with Project(PROGRAM) as other:
            shutil.copy(self.project.path("to.parquet"), other.path("rows.parquet"))
            other.write("rondo.toml", TOML.replace("rows.csv", "rows.parquet")
                        .replace('"y"', '"prediction"'))
            ended = other.run("run")
            self.assertIn("600 rows from rows.parquet", ended.stdout + ended.stderr)
        done = self.predict("rows.csv", "-o", "to.parquet", "--json", check=3)
        self.assertIn("leave --json away", done.stderr)

    def test_several_files_are_one(self):
        os.makedirs(self.project.path("days"), exist_ok=True)
        text = self.text("new.csv").splitlines(True)
        self.project.write("days/1.csv", "".join(text[:1000]))
        self.project.write("days/2.csv", "".join(text[:1] + text[1000:]))
        self.predict("days/*.csv", "-o", "days.out")
        self.assertEqual(self.text("days.out"), self.expected)

    def test_a_bad_cell_is_named_and_nothing_is_left(self):
        text = self.text("new.csv").splitlines(True)
        for place in (1, 40_000):  # in the first part, and in a later one
            many = text + text[1:] * (place // 3000)
            fields = many[place].split(",")
            many[place] = ",".join([fields[0], "1,5".replace(",", ";")] + fields[2:])
            self.project.write("bad.csv", "".join(many))
            done = self.predict("bad.csv", "-o", "bad.out", check=3)
            self.assertIn('bad.csv:%d:2: row %d: the column "x" takes a number, not "1;5"'
                          % (place + 1, place), done.stderr)
            self.assertFalse(glob.glob(self.project.path("bad.out*")))
        self.project.write("short.csv", "".join(text[:5]) + "r9,1\n" + "".join(text[5:]))
        done = self.predict("short.csv", check=3)
        self.assertIn("short.csv:6: 2 fields, but the header has 6 (row 5)", done.stderr)

    def test_a_kill_loses_no_whole_part(self):
        text = self.text("new.csv").splitlines(True)
        self.project.write("many.csv", "".join(text + text[1:] * 12))
        self.predict("many.csv", "-o", "whole.out")
        killed = self.predict("many.csv", "-o", "again.out", check=1,
                              env={"RONDO_FAILPOINTS": "predict_rename=crash@1"})
        self.assertEqual(killed.stdout, "")
        self.assertIn("the worker that read many.csv was ended by signal 9", killed.stderr)
        self.assertIn("goes on where it was", killed.stderr)
        self.assertFalse(os.path.exists(self.project.path("again.out")))
        with open(self.project.path("again.out.partial", "rows"), "a") as file:
            file.write("half a li")  # as a kill in the middle of a write leaves it
        done = self.predict("many.csv", "-o", "again.out")
        self.assertRegex(done.stdout, r"39,000 rows scored by v1 to again.out "
                                      r"\(the first \d\d,\d\d\d by an earlier run\)")
        self.assertEqual(self.text("again.out"), self.text("whole.out"))
        self.assertFalse(os.path.exists(self.project.path("again.out.partial")))

    def test_who_is_killed_takes_the_worker_along(self):
        process = self.project.start("predict", "new.csv", "-o", "left.out",
                                     env={"RONDO_FAILPOINTS": "predict_rename=sleep:600000"})
        children = "/proc/%d/task/%d/children" % (process.pid, process.pid)
        worker, end = "", time.monotonic() + 60
        while not worker:
            self.assertLess(time.monotonic(), end)
            with open(children) as file:
                worker = file.read().strip()
        process.kill()
        process.wait()
        while self.runs(worker):
            self.assertLess(time.monotonic(), end)
        self.predict("new.csv", "-o", "left.out")

    @staticmethod
    def runs(pid):
        try:
            with open("/proc/%s/stat" % pid) as file:
                return file.read().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def test_who_waits_for_standard_input_is_stopped_at_once(self):
        """By one signal, not by the second: also in the middle of the rows."""
        head = b"at,x,kind\n"
        for begun in (b"", head, head + b"2024-02-01 00:00:00,1.5,a\n"):
            process = subprocess.Popen([PROGRAM, "predict", "-"], cwd=self.project.folder,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
            process.stdin.write(begun)
            process.stdin.flush()
            worker = None
            while worker is None and process.poll() is None:
                worker = self.child_that_catches(process.pid)
            process.send_signal(signal.SIGINT)
            said = self.end_of(process)
            self.assertIn(b"stopped", said)
            self.assertNotEqual(process.returncode, 0)

    @staticmethod
    def end_of(process):
        """What it says on standard error; its input stays open until it has ended."""
        try:
            process.wait(60)
        finally:
            process.kill()
            said = process.stderr.read()
            for stream in (process.stdin, process.stdout, process.stderr):
                stream.close()
        return said

    @staticmethod
    def child_that_catches(parent):
        """The worker of `parent`, once it catches signals itself."""
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/status" % name) as file:
                    status = dict(line.rstrip("\n").split(":\t", 1) for line in file)
            except (OSError, ValueError):
                continue
            caught = int(status.get("SigCgt", "0"), 16) >> (signal.SIGINT - 1) & 1
            if status.get("PPid") == str(parent) and status["Name"] == "exe" and caught:
                return int(name)
        return None

    def test_another_input_begins_again(self):
        self.project.write("other.csv", self.text("new.csv"))
        self.predict("other.csv", "-o", "other.out", check=1,
                     env={"RONDO_FAILPOINTS": "predict_rename=crash@1"})
        self.project.write("other.csv", "".join(self.text("new.csv").splitlines(True)[:11]))
        self.assertEqual(self.predict("other.csv", "-o", "other.out").stdout,
                         "10 rows scored by v1 to other.out\n")

    def test_memory_does_not_grow_with_the_file(self):
        text = self.text("new.csv").splitlines(True)
        peaks = []
        for times in (8, 200):
            self.project.write("long.csv", "".join(text) + "".join(text[1:]) * times)
            peaks.append(self.peak_of("long.csv"))
        self.assertGreater(os.path.getsize(self.project.path("long.csv")), 15 << 20)
        self.assertLess(peaks[1] - peaks[0], 12 << 20, peaks)

    def peak_of(self, name):
        """The most memory that a run had, in bytes."""
        # The address sanitizer keeps freed memory for a while; not so much here.
        options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
        process = subprocess.Popen([PROGRAM, "predict", name, "-o", "long.out"],
                                   cwd=self.project.folder, stdout=subprocess.DEVNULL,
                                   env=dict(os.environ, ASAN_OPTIONS=options))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        self.assertIsInstance(usage, resource.struct_rusage)
        return usage.ru_maxrss << 10


class Timed(unittest.TestCase):
    """A project whose model reads the past: rows are read by Data Collection's own readers."""

    def test_order_is_that_of_the_file(self):
        with Project(PROGRAM, rows(20)) as project:
            project.run("run", check=0)
            asked = [{"at": row["at"], "x": row["x"], "kind": row["kind"]}
                     for row in rows(1, seed=3, first=20)]
            write_csv(project.path("up.csv"), asked)
            write_csv(project.path("down.csv"), asked[::-1])
            up = project.run("predict", "up.csv", check=0).stdout.splitlines()
            down = project.run("predict", "down.csv", check=0).stdout.splitlines()
            self.assertEqual(up[0], "row,prediction,model_version")
            self.assertEqual([line.split(",")[0] for line in up[1:]],
                             [str(number) for number in range(1, 25)])
            answers = [[line.split(",", 1)[1] for line in lines[1:]] for lines in (up, down)]
            self.assertEqual(answers[0], answers[1][::-1])
            self.assertGreater(len(set(answers[0])), 12)
            asked[4]["at"] = ""
            write_csv(project.path("timeless.csv"), asked)
            said = project.run("predict", "timeless.csv", check=3).stderr
            self.assertIn("timeless.csv:6:1: row 5: it has no time (at)", said)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
