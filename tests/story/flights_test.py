#!/usr/bin/env python3
"""The flights of examples/flights: joined with the weather as they leave, labels that come a day
late or never, and a life lived through again, in which nothing is known before its time.

usage: flights_test.py PROGRAM SOURCE_DIR
"""
import csv
import gzip
import os
import sys
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
EXAMPLE = os.path.join(SOURCE, "examples", "flights")
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project  # noqa: E402

TAKEN = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure",
         "visib"]
CARRIERS, UNTIL = ("UA", "B6", "EV"), "2013-02-20"
STORM = "2013-02-08"  # most flights of this day never left


def read(name):
    with gzip.open(os.path.join(EXAMPLE, name), "rt", newline="") as file:
        return [row for row in csv.DictReader(file) if row["time"] < UNTIL]


def write(path, rows):
    with gzip.open(path, "wt", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


class Flights(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.flights = [row for row in read("flights.csv.gz") if row["carrier"] in CARRIERS]
        cls.weather = read("weather.csv.gz")

    def make(self, weather):
        project = Project(PROGRAM)
        self.addCleanup(project.__exit__)
        with open(os.path.join(EXAMPLE, "rondo.toml")) as file:
            text = file.read()
        project.write("rondo.toml", text.replace("[train]\n", "[train]\nrounds = 10\n"))
        write(project.path("flights.csv.gz"), self.flights)
        write(project.path("weather.csv.gz"), weather)
        return project

    def prepared(self, project, folder=None):
        return [fact["body"]["evidence"] for fact in project.facts(folder)
                if fact["kind"] == "step_finished" and fact["body"]["stage"] == "Data Preparation"]

    def test_a_cycle_joins_as_of_departure_and_counts_what_is_missing(self):
        # An airport without weather for three days: its flights find nothing within 3 hours.
        silent = [row for row in self.weather
                  if not (row["origin"] == "LGA" and "2013-01-10" <= row["time"] < "2013-01-13")]
        project = self.make(silent)
        said = project.run("run", check=0).stdout
        self.assertIn("; weather: %s rows from weather.csv.gz" % format(len(silent), ","), said)
        unlabelled = sum(row["delayed"] == "" for row in self.flights)
        self.assertGreater(unlabelled, 0)
        self.assertIn("; %d without a label yet; 17 features, 9 of them joined" % unlabelled, said)
        joins = self.prepared(project)[0]["joins"]
        self.assertEqual([join["feature"] for join in joins], ["weather_" + name for name in TAKEN])
        self.assertEqual({(join["table"], join["ttl"], tuple(join["on"])) for join in joins},
                         {("weather", "3h", ("origin",))})
        labelled = [row for row in self.flights if row["delayed"]]
        self.assertEqual({join["rows"] for join in joins}, {len(labelled)})
        temperature = {(row["origin"], row["time"]) for row in silent if row["temp"]}
        newest = {}
        for origin in ("EWR", "JFK", "LGA"):
            newest[origin] = sorted(at for of, at in temperature if of == origin)
        self.assertEqual(joins[0]["missing"],
                         sum(not self.found(newest, row) for row in labelled))
        self.assertGreater(joins[0]["missing"], 10)

    @staticmethod
    def found(newest, row):
        """Whether some measurement is at most 3 hours older than the flight."""
        import datetime
        at = datetime.datetime.strptime(row["time"], "%Y-%m-%dT%H:%M:%SZ")
        first = (at - datetime.timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return any(first < time <= row["time"] for time in newest[row["origin"]])

    def test_a_life_lived_again_tells_late_labels_and_knows_no_later_weather(self):
        asked = ("replay", "--into", "lived", "--from", "2013-02-01")
        one = self.make(self.weather)
        said = one.run(*asked, check=0, timeout=600).stdout
        self.assertIn("MISSING delayed, since %sT00:00:00Z" % STORM, said)
        self.assertRegex(said, r"had not come after label_delay = \"1d\"")
        lived = one.facts(one.path("lived"))
        cycles = self.prepared(one, one.path("lived"))
        self.assertGreater(len(cycles), 1)
        for cycle in cycles:
            self.assertEqual(len(cycle["joins"]), len(TAKEN))
        # Another weather from the 12th on changes nothing of what came to pass before.
        until = "2013-02-12"
        later = [dict(row, temp="0", visib="0", precip="9") if row["time"] >= until else row
                 for row in self.weather]
        other = self.make(later)
        other.run(*asked, check=0, timeout=600)
        changed = other.facts(other.path("lived"))
        before = [fact for fact in lived if fact["at"] <= until]
        self.assertGreater(len(before), 10)
        self.assertEqual(before, [fact for fact in changed if fact["at"] <= until])
        self.assertNotEqual(lived, changed)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
