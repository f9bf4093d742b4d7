#!/usr/bin/env python3
"""Rows joined with another table: what a row is joined with is what was known at its time, in
training, in a file and online, bit for bit; a running server learns new facts; the other table is
part of a dataset version for everybody who looks at one.

usage: join_test.py PROGRAM SOURCE_DIR
"""
import csv
import datetime
import json
import os
import random
import shutil
import signal
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask  # noqa: E402

TOML = """[project]
name = "taxi"
target = "minutes"

[collect]
source = "rows.csv"
time = "at"

[collect.table.weather]
source = "weather.csv"
time = "at"
delay = "10m"
max_rejected = 0.5

[[prepare.join]]
table = "weather"
on = ["town"]
ttl = "3h"
take = ["rain", "sky"]

[train]
budget = "1 candidate"
rounds = 60
min_leaf = 5

[monitor]
label_delay = "1h"

[loop]
policy = "performance"
cool_down = "0s"

[deploy]
listen = "127.0.0.1:0"
"""
HOURS, TOWNS = 600, ("north", "south")
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, minute=0, second=0)


def when(hours):
    """RFC 3339, so many hours from now."""
    return (NOW + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def made():
    """Rain of each hour and town, and a trip half an hour later, which takes 10 minutes and 100
    more for each unit of rain. Nothing else tells the rain."""
    chance, rows, weather = random.Random(3), [], []
    for hour in range(-HOURS, 0):
        for town in TOWNS:
            rain = chance.randrange(4)
            weather.append({"at": when(hour), "town": town, "rain": rain,
                            "sky": "dry" if rain == 0 else "wet"})
            rows.append({"at": when(hour + 0.5), "town": town, "x": chance.randrange(3),
                         "minutes": 10 + 100 * rain + chance.randrange(2)})
    return rows, weather


def write(path, rows):
    with open(path, "w", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


class Join(unittest.TestCase):
    def setUp(self):
        self.project = Project(PROGRAM)
        self.addCleanup(self.project.__exit__)
        self.project.write("rondo.toml", TOML)
        self.rows, self.weather = made()
        write(self.project.path("rows.csv"), self.rows)
        write(self.project.path("weather.csv"), self.weather)
        self.first = self.project.run("run", check=0)

    def more_weather(self, hour, town, rain):
        with open(self.project.path("weather.csv"), "a") as file:
            file.write("%s,%s,%d,%s\n" % (when(hour), town, rain, "wet" if rain else "dry"))

    def predicted(self, rows):
        write(self.project.path("ask.csv"), rows)
        self.project.run("predict", "ask.csv", "-o", "out.csv", check=0)
        with open(self.project.path("out.csv"), newline="") as file:
            return [float(row["prediction"]) for row in csv.DictReader(file)]

    def asked(self, base, at, town):
        status, said = ask(base, "/api/v1/predict", {"rows": [{"town": town, "x": 1}], "time": at})
        self.assertEqual(status, 200, said)
        return said["predictions"][0]["value"]

    def test_a_file_and_a_server_see_the_same_newest_fact(self):
        rain = {(w["at"], w["town"]): w["rain"] for w in self.weather}
        asks, expected = [], []
        for hour in range(-300, -200):
            asks.append({"at": when(hour + 0.25), "town": "north", "x": 1})
            expected.append(10 + 100 * rain[(when(hour), "north")])
            asks.append({"at": when(hour + 0.1), "town": "north", "x": 1})  # not known yet
            expected.append(10 + 100 * rain[(when(hour - 1), "north")])
        in_file = self.predicted(asks)
        wrong = [a for a, b in zip(in_file, expected) if abs(a - b) > 20]
        self.assertLess(len(wrong), 4, wrong)
        process, base = self.project.up()
        online = [self.asked(base, row["at"], row["town"]) for row in asks]
        self.assertEqual(online, in_file)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)

    def test_a_running_server_learns_new_facts(self):
        process, base = self.project.up()
        at = when(1.5)
        nothing = self.asked(base, when(40), "south")  # all facts are too old by then
        self.more_weather(1, "south", 3)
        self.more_weather(1, "north", 0)
        deadline = time.monotonic() + 120
        south, north = 0.0, 0.0
        while (abs(south - 310) > 20 or abs(north - 10) > 20) and time.monotonic() < deadline:
            time.sleep(0.2)
            south, north = self.asked(base, at, "south"), self.asked(base, at, "north")
        self.assertLess(abs(south - 310), 20)
        self.assertLess(abs(north - 10), 20)
        self.assertEqual(self.asked(base, when(40), "south"), nothing)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)
        said = self.predicted([{"at": at, "town": "south", "x": 1},
                               {"at": at, "town": "north", "x": 1}])
        self.assertEqual(said, [south, north])

    def test_rows_that_find_nothing_are_counted_by_table(self):
        process, base = self.project.up()
        line = 'rondo_join_missing_total{model="taxi",table="weather"}'
        self.asked(base, when(-100), "north")
        self.assertNotIn(line, ask(base, "/metrics")[1])
        self.asked(base, when(40), "north")  # all facts are too old by then
        self.asked(base, when(-100), "east")  # no fact is of this town
        self.assertIn(line + " 2\n", ask(base, "/metrics")[1])
        status, said = ask(base, "/api/v1/predict?explain=true",
                           {"rows": [{"town": "north", "x": 1}], "time": when(-100)})
        self.assertEqual(status, 200, said)
        names = set(said["predictions"][0]["contributions"])
        self.assertLessEqual({"weather_rain", "weather_sky", "x", "town"}, names)
        self.assertNotIn("weather.rain", names)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)

    def test_a_version_names_its_tables_for_everybody(self):
        self.assertIn("weather: 1,200 rows from weather.csv\n", self.first.stdout)
        self.more_weather(0.1, "north", 1)
        with open(self.project.path("weather.csv"), "a") as file:
            file.write("some day,north,1,wet\n")
        self.project.run("run")
        self.project.run("fsck", check=0)
        self.project.run("gc", check=0)
        self.project.run("fsck", check=0)
        reproduced = self.project.run("reproduce", "v1", check=0).stdout
        self.assertIn("same", reproduced)
        self.project.run("backup", "copy.rondo", check=0)
        facts = [json.loads(line)
                 for line in self.project.run("history", "--facts", check=0).stdout.splitlines()]
        outputs = [fact["body"]["outputs"] for fact in facts if "outputs" in fact["body"]]
        segments = {o["weather.segment"] for o in outputs if "weather.segment" in o}
        self.assertEqual(len(segments), 2)
        gone = sorted(segments)[0]
        for folder, _, files in os.walk(self.project.path(".rondo/objects")):
            for name in files:
                if gone.endswith(name) or name == gone:
                    os.remove(os.path.join(folder, name))
        broken = self.project.run("fsck")
        self.assertNotEqual(broken.returncode, 0)
        self.assertIn(gone[:8], broken.stdout + broken.stderr)

    def test_check_says_what_is_wrong_with_a_join(self):
        for old, new, said in (
                ("table = \"weather\"", "table = \"wether\"", "did you mean \"weather\""),
                ("on = [\"town\"]", "on = [\"city\"]", "joined on \"city\", which is not"),
                ("take = [\"rain\", \"sky\"]", "take = [\"snow\"]", "no such column; it has"),
                ("ttl = \"3h\"", "ttl = \"0s\"", "a ttl of more than nothing"),
                ("source = \"weather.csv\"\ntime = \"at\"", "source = \"weather.csv\"",
                 "collect.table.weather.time: is missing")):
            self.project.write("rondo.toml", TOML.replace(old, new))
            done = self.project.run("check")
            self.assertIn(said, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
