#!/usr/bin/env python3
"""Pages as they were approved, of a project that lived on a simulated clock: an alarm, the model
that it brought, the decisions. What is measured (times, sizes, digests) is frozen on its way to the
page. A page that looks otherwise fails with the number of pixels and the path of a picture in which
they are red; --approve keeps how the pages look now.

usage: shots_test.py PROGRAM SOURCE_DIR [--approve]
"""
import os
import sys
import time
import unittest
from datetime import datetime
from urllib.parse import parse_qs

APPROVE = "--approve" in sys.argv
WORDS = [word for word in sys.argv[1:] if word != "--approve"]
PROGRAM, SOURCE = os.path.abspath(WORDS[0]), os.path.abspath(WORDS[1])
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from browser import Browser, lived  # noqa: E402
from project import Project, rows  # noqa: E402

PAGES = ("", "data/d1", "models", "models/v2", "serving", "monitoring", "decisions", "why/v2")
SIZES = ((360, 1300, 1), (1280, 1100, 0.7), (2560, 1400, 0.5))  # the scale keeps pictures small
COLOURS = ("light", "dark")
TOLERANCE = 0.0004  # of the pixels of a page: a few digits
MEASURED = r"(_ms|_us|_s|_bytes|bytes|cpu|seconds|wall|size)$"
APPROVED = os.path.join(SOURCE, "tests", "browser", "approved")
SEEN = os.path.join(SOURCE, "build", "browser", "seen")


class Shots(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        project = Project(PROGRAM, rows(112, shift=lambda day: 0 if day < 72 else 30),
                          cool_down="0s", new_data=0)
        cls.addClassCleanup(project.__exit__)
        cls.base = lived(project, "2024-03-01")
        cls.browser = Browser(SOURCE)
        cls.addClassCleanup(cls.browser.close)
        for folder in (APPROVED, SEEN):
            os.makedirs(folder, exist_ok=True)

    def test_pages_look_as_they_were_approved(self):
        names = set()
        for width, height, scale in SIZES:
            self.browser("new_person", scale=scale)
            self.browser("freeze", measured=MEASURED, now="2024-04-22T12:00:00Z")
            for page in PAGES:
                for colour in COLOURS:
                    name = "%s-%d-%s.png" % (page.replace("/", "_") or "home", width, colour)
                    names.add(name)
                    self.browser("open", url=self.base + "/#/" + page, width=width,
                                 height=height, colour=colour)
                    self.browser("settled")
                    self.browser("wait_mode", text="live")
                    self.browser("shot", path=os.path.join(SEEN, name), whole=False,
                                 instead=[self.base, "http://127.0.0.1:8080"])
                    with self.subTest(page=page, width=width, colour=colour):
                        self.judge(name)
        with self.subTest("no console errors"):
            self.assertEqual(self.browser("faults"), [])
        left = set(os.listdir(APPROVED)) - names
        self.assertEqual(left, set(), "approved pictures of no page")

    def stretch(self, unlike=None):
        """What the address says is in view, once it says something else: the view comes to rest."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            query = parse_qs(self.browser("url").partition("?")[2])
            found = [query[key][0] for key in ("since", "to") if key in query]
            if found != unlike:
                return found
            time.sleep(0.1)
        raise AssertionError("the address still says %s" % unlike)

    def test_the_strip_of_columns_is_looked_at_closer_and_panned(self):
        def days(stretch):
            since, to = (datetime.fromisoformat(one.replace("Z", "+00:00")) for one in stretch)
            return (to - since).total_seconds() / 86400

        self.browser("new_person", scale=1)
        self.browser("open", url=self.base + "/#/monitoring", width=1280)
        self.browser("settled")
        self.browser("click", text="Closer", role="button", exact=True)
        closer = self.stretch(unlike=[])
        self.browser("click", text="Earlier", role="button", exact=True)
        earlier = self.stretch(unlike=closer)
        self.assertAlmostEqual(days(earlier), days(closer), delta=1)
        self.assertLess(earlier[0], closer[0])
        self.browser("open", url=self.browser("url"), width=1280)  # as who got the link
        self.browser("settled")
        self.assertEqual(self.stretch(), earlier)
        self.browser("click", text="Later", role="button", exact=True)
        self.assertAlmostEqual(days([earlier[0], self.stretch(unlike=earlier)[0]]),
                               days(earlier) / 2, delta=1)
        self.browser("click", text="All", role="button", exact=True)
        end = time.monotonic() + 10
        while self.stretch() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(self.stretch(), [])
        self.assertEqual(self.browser("faults"), [])

    def judge(self, name):
        seen, approved = os.path.join(SEEN, name), os.path.join(APPROVED, name)
        if APPROVE:
            self.browser("shrink", **{"from": seen, "to": approved})
            return
        self.assertTrue(os.path.exists(approved), "nobody approved %s yet: --approve" % name)
        into = seen[:-len(".png")] + "-difference.png"
        said = self.browser("compare", approved=approved, actual=seen, into=into)
        wide, high = said["size"]
        self.assertIsNone(said.get("other"), "%s had %dx%d pixels" % (name, wide, high))
        self.assertLessEqual(
            said["differ"], TOLERANCE * wide * high,
            "%s: %d of %d pixels differ, red in %s; now it is %s; --approve keeps that" % (
                name, said["differ"], wide * high, into, seen))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + WORDS[2:])
