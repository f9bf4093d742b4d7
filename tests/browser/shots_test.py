#!/usr/bin/env python3
"""Pages as they were approved, of a project that lived on a simulated clock: an alarm, the model
that it brought, the decisions. What is measured (times, sizes, digests) is frozen on its way to the
page. A page that looks otherwise fails with the number of pixels and the path of a picture in which
they are red; --approve keeps how the pages look now.

usage: shots_test.py PROGRAM SOURCE_DIR [--approve]
"""
import os
import sys
import unittest

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
