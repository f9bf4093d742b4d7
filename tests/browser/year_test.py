#!/usr/bin/env python3
"""A page that is left open for a simulated year, an event for each of its hours: what it holds in
memory has an end.

usage: year_test.py PROGRAM SOURCE_DIR
"""
import os
import sys
import unittest

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from browser import Browser, lived  # noqa: E402
from project import Project, rows  # noqa: E402

HOURS, STEP = 365 * 24, 73 * 24  # looked at five times
MOST_MB = 100


class Year(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        project = Project(PROGRAM, rows(60), rounds=20, cool_down="0s")
        cls.addClassCleanup(project.__exit__)
        cls.base = lived(project, "2024-02-01")
        cls.browser = Browser(SOURCE)
        cls.addClassCleanup(cls.browser.close)

    def live(self, page, each):
        said = self.browser("year", url=self.base + "/#/" + page, hours=HOURS, step=STEP,
                            each=each)
        first, last = said["parts"][0], said["parts"][-1]
        print("%s: %d answers in a year; it holds %.1f MB, its process %.0f MB, with %d nodes and "
              "%d listeners" % (page or "lifecycle", said["asked"], last["held_mb"],
                                last["process_mb"], last["nodes"], last["listeners"]))
        for part in said["parts"]:
            self.assertGreater(part["process_mb"], 0)
            self.assertLess(part["process_mb"], MOST_MB, said["parts"])
        self.assertLess(last["nodes"], 2 * first["nodes"])
        self.assertLess(last["listeners"], 2 * first["listeners"])
        return said, first, last

    def test_the_lifecycle_an_event_an_hour(self):
        said, first, last = self.live("", 1)
        self.assertIn("step 8,760", said["text"])  # the page came along to the last hour
        self.assertLess(last["held_mb"], first["held_mb"] + 10)

    def test_monitoring_an_event_a_day(self):
        """Its charts hold the whole year, so it grows with what it shows."""
        said, _, _ = self.live("monitoring", 24)
        self.assertIn("210,240", said["text"])  # rows judged, 24 an hour


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
