#!/usr/bin/env python3
"""A person's story with the console, in a real browser: an empty project, its first cycle watched
while it happens, predictions, every page in three widths and two colours, and what must not work.

The browser is driven by drive.mjs, which answers one JSON line to each JSON line that it is sent.
usage: browser_test.py PROGRAM SOURCE_DIR [--shots FOLDER] [Story.TEST...]
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

WORDS = sys.argv[1:]
SHOTS = None
if "--shots" in WORDS:
    at = WORDS.index("--shots")
    SHOTS = os.path.abspath(WORDS[at + 1])
    del WORDS[at:at + 2]
PROGRAM, SOURCE = os.path.abspath(WORDS[0]), WORDS[1]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows, write_csv  # noqa: E402

PAGES = ("", "data", "data/d1", "data/d1/rejects", "data/d1/contract", "data/d1/profile",
         "data/d1/diff", "models", "models/v1", "models/v1/v2", "serving", "monitoring",
         "decisions", "why", "why/4", "why/v1", "backtest", "login", "nowhere")
WIDTHS = (360, 1280, 2560)


class Browser:
    """Chromium, with a page."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="rondo-browser-")
        self.process = subprocess.Popen(
            ["node", os.path.join(SOURCE, "tests", "browser", "drive.mjs"),
             os.path.join(SOURCE, "build", "browser", "node_modules"), self.home],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, act, **more):
        self.process.stdin.write(json.dumps(dict(more, act=act)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the browser ended at " + act)
        said = json.loads(line)
        if "error" in said:
            raise AssertionError("%s %s: %s" % (act, more, said["error"]))
        return said.get("value")

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.home, ignore_errors=True)


class Story(unittest.TestCase):
    """The tests are one story, told in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.project = Project(PROGRAM, new_data=0.5, policy="never")
        cls.addClassCleanup(cls.project.__exit__)
        cls.project.write("rondo.toml", cls.project.text("rondo.toml").replace(
            'policy = "never"', 'policy = "performance"'))
        write_csv(cls.project.path("waits.csv"), rows(12))
        cls.up, cls.base = cls.project.up()
        cls.link = ""
        for _ in range(6):
            line = cls.up.stdout.readline()
            if "console at" in line:
                cls.link = line.split()[-1]
                break
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def quiet(self, but="(503|Service Unavailable)"):
        """Nothing was told on the browser's console. A busy server may send a page away for a
        second (503); the page then asks again by itself."""
        faults = [f for f in self.browser("faults") if not re.search(but, f)]
        self.assertEqual(faults, [])

    def see(self, text, **more):
        self.browser("wait_text", text=text, **more)

    def shot(self, name):
        if SHOTS:
            self.browser("shot", path=os.path.join(SHOTS, name + ".png"))

    def test_1_an_empty_project_tells_how_to_begin(self):
        self.browser("open", url=self.base + "/", width=1280)
        self.see("no model serves yet")
        self.see("How to begin")
        self.shot("empty")
        for page in PAGES[1:]:
            self.browser("open", url=self.base + "/#/" + page, width=1280)
            self.browser("settled")
        self.quiet("404|503")  # what is not there yet is told so, and nothing else

    def test_2_a_button_needs_a_token_and_the_link_signs_in_once(self):
        self.browser("open", url=self.base + "/", width=1280)
        self.browser("click", text="Start a cycle")
        self.see("This needs the role trainer")
        self.browser("press", key="Escape")
        self.assertIn("/#login=", self.link)
        self.browser("open", url=self.link, width=1280)
        self.see("Sign out")
        self.assertNotIn("login", self.browser("url"))
        self.assertEqual(self.browser("cookies_readable"), "")
        self.quiet()
        self.browser("new_person")
        self.browser("open", url=self.link, width=1280)
        self.see("The link was used already")
        self.quiet("401|503")
        self.browser("fill", label="Token", text=self.project.token())
        self.browser("click", text="Sign in", role="button")
        self.see("Sign out")

    def test_3_the_first_cycle_is_watched_while_it_happens(self):
        os.rename(self.project.path("waits.csv"), self.project.path("rows.csv"))
        self.browser("open", url=self.base + "/", width=1280)
        self.browser("click", text="Start a cycle")
        self.see("A cycle begins at the loop's next turn")
        self.browser("fill", label="Why", text="the first rows are there")
        self.browser("click", text="Start", role="button", exact=True)
        self.see("Recorded, with your reason")
        self.browser("click", text="Close", role="button")
        self.see("v1 serves", timeout=120)  # nothing is loaded again: the page follows by itself
        self.see("deployed")
        whys = [f["body"].get("why") for f in self.project.facts() if f["kind"] == "person"]
        self.assertIn("the first rows are there", whys)
        self.quiet()

    def test_4_the_model_is_tried_and_says_why(self):
        self.browser("open", url=self.base + "/#/serving", width=1280)
        self.see("Try the model")
        self.browser("click", text="Predict", role="button")
        self.see("What each column adds")
        self.see("Prediction")
        self.shot("tried")
        self.quiet()

    def test_4b_columns_by_window_open_into_their_bins(self):
        """Six days of requests, x at the upper end of what it was on the last of them."""
        for day in range(13, 19):
            wanted = [{"x": 9 + h / 26 if day == 18 else (h * 7 % 24) / 2.4, "kind": "abc"[h % 3],
                       "_time": "2024-01-%02dT%02d:00:00Z" % (day, h)} for h in range(24)]
            status, said = ask(self.base, "/api/v1/predict", {"rows": wanted})
            self.assertEqual(status, 200, said)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            windows = ask(self.base, "/api/v1/shifts")[1]["windows"]
            if len(windows) >= 6:
                break
            time.sleep(0.2)
        self.assertEqual(len(windows), 6, windows)
        self.browser("open", url=self.base + "/#/monitoring", width=1280)
        self.see("Columns by window")
        self.browser("click", text="x", role="button", exact=True)
        self.see("24 rows from")
        self.see("beside the training of v1")
        self.assertIn("column=x", self.browser("url"))
        self.assertEqual(self.browser("axe"), [])
        self.shot("columns")
        self.quiet()

    def test_4c_a_backtest_is_started_from_the_page(self):
        self.browser("open", url=self.base + "/#/backtest", width=1280)
        self.browser("click", text="Measure", role="button", exact=True)
        self.see("Costs and deeds", timeout=240)
        self.browser("click", text="Adopt cron:7d", role="button")
        self.see("is written into rondo.toml")
        self.shot("adopt")
        self.browser("press", key="Escape")
        self.assertEqual(self.browser("axe"), [])
        self.shot("backtest")
        self.quiet()

    def test_5_every_page_in_every_width_and_both_colours(self):
        write_csv(self.project.path("rows.csv"), rows(12, seed=2, first=12), mode="a")
        status = ask(self.base, "/api/v1/trigger", {"why": "a second version"},
                     token=self.project.token())
        self.assertEqual(status[0], 200, status)
        end = time.monotonic() + 120
        while len(ask(self.base, "/api/v1/models")[1]) < 2 and time.monotonic() < end:
            time.sleep(0.2)
        self.assertEqual(len(ask(self.base, "/api/v1/models")[1]), 2)
        for page in PAGES:
            for width in WIDTHS:
                for colour in ("light", "dark"):
                    with self.subTest(page=page, width=width, colour=colour):
                        self.look_at(page, width, colour)
        self.quiet()

    def look_at(self, page, width, colour):
        self.browser("open", url=self.base + "/#/" + page, width=width, colour=colour)
        self.browser("settled")
        self.assertLessEqual(self.browser("overflow"), 0, "wider than the window")
        if width != 2560:
            self.assertEqual(self.browser("axe"), [])
        self.shot("%s-%d-%s" % (page.replace("/", "_") or "home", width, colour))

    def test_6_by_keyboard(self):
        self.browser("open", url=self.base + "/", width=1280)
        self.browser("settled")
        self.browser("press", key="Tab")
        self.assertEqual(self.browser("focused"), "Skip to the page")
        for _ in range(3):
            self.browser("press", key="Tab")
        self.assertEqual(self.browser("focused"), "Data")
        self.browser("press", key="Enter")
        self.see("Versions of the dataset")

    def test_7_filters_stand_in_the_address(self):
        self.browser("open", url=self.base + "/#/decisions?about=cycle&answer=no", width=1280)
        self.browser("settled")
        self.assertIn("answer=no", self.browser("url"))
        self.quiet()

    def test_8_another_name_and_another_site_are_refused(self):
        port = self.base.rsplit(":", 1)[1]
        self.assertEqual(self.browser("status", url="http://rebound.test:%s/" % port), 421)
        self.assertEqual(
            ask(self.base, "/console/app.js", headers={"Host": "rebound.test"})[0], 421)
        with socket.create_server(("127.0.0.1", 0)) as elsewhere:
            there = elsewhere.getsockname()[1]
            said = self.browser("cross_site", page="http://127.0.0.1:%d/" % there,
                                url=self.base + "/api/v1/pause")
        self.assertNotEqual(said, 200)
        self.assertFalse(ask(self.base, "/api/v1/status")[1]["paused"])
        self.browser("open", url=self.base + "/", width=1280)

    def test_9_the_end_of_the_server_is_told(self):
        self.browser("open", url=self.base + "/", width=1280)
        self.browser("wait_mode", text="live")
        self.up.terminate()
        self.assertEqual(self.up.wait(60), 0, "a page that listens holds up no end")
        self.browser("wait_mode", text="no connection")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + WORDS[2:])
