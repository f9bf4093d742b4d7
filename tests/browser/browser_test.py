#!/usr/bin/env python3
"""A person's story with the console, in a real browser: an empty project, its first cycle watched
while it happens, predictions, late labels, an alarm, the retraining that follows, a canary and a
rollback; every page in three widths and two colours, and what must not work.

usage: browser_test.py PROGRAM SOURCE_DIR [--shots FOLDER] [Story.TEST...]
"""
import os
import random
import re
import socket
import sys
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
from browser import Browser  # noqa: E402
from project import Project, ask, law, rows, stamp, write_csv  # noqa: E402

PAGES = ("", "data", "data/d1", "data/d1/rejects", "data/d1/contract", "data/d1/profile",
         "data/d1/diff", "models", "models/v1", "models/v1/v2", "serving", "monitoring",
         "decisions", "why", "why/4", "why/v1", "backtest", "login", "nowhere")
WIDTHS = (360, 1280, 2560)
DAYS = 30  # that are there at the beginning
CANARY = """[deploy]
canary = [50]
canary_rows = 60
canary_time = "1s"
guard_errors = 0.2
guard_latency = 1000
"""


def clock(text):
    return text.replace(" ", "T") + "Z"


class Story(unittest.TestCase):
    """The tests are one story, told in the order of their names."""

    @classmethod
    def setUpClass(cls):
        # A cycle needs 20 days of labels, so that the days on which it is tested are not all that
        # it has of what changed.
        cls.project = Project(PROGRAM, new_data=0, cool_down="0s", min_rows=20 * 24)
        cls.addClassCleanup(cls.project.__exit__)
        cls.project.write("rondo.toml", cls.project.text("rondo.toml").replace(
            "[deploy]\n", CANARY))
        cls.day, cls.chance = DAYS + 6, random.Random(5)
        write_csv(cls.project.path("waits.csv"), rows(DAYS))
        cls.up, cls.base = cls.project.up()
        cls.link = ""
        for _ in range(6):
            line = cls.up.stdout.readline()
            if "console at" in line:
                cls.link = line.split()[-1]
                break
        cls.browser = Browser(SOURCE)
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
        self.browser("press", key="Escape")
        self.act("Start a cycle", "the first rows are there", "Start")
        self.see("v1 serves", timeout=120)  # nothing is loaded again: the page follows by itself
        self.see("deployed")
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
        for day in range(DAYS, DAYS + 6):
            last = day == DAYS + 5
            wanted = [{"x": 9 + h / 26 if last else (h * 7 % 24) / 2.4, "kind": "abc"[h % 3],
                       "_time": clock(stamp(day, h))} for h in range(24)]
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
        self.see("false cycles")
        self.see("cost/best")
        self.see("The best possible, in hindsight alone, costs")
        self.browser("click", text="Adopt cron:7d", role="button")
        self.see("is written into rondo.toml")
        self.shot("adopt")
        self.browser("press", key="Escape")
        self.assertEqual(self.browser("axe"), [])
        self.shot("backtest")
        self.quiet()

    def live_a_day(self, shift=0.0):
        """A day of rows is asked for, and its labels come; both long after it by the clock."""
        day = [law(self.chance, hour, Story.day, shift) for hour in range(24)]
        Story.day += 1
        wanted = [{"x": row["x"], "kind": row["kind"],
                   "_time": clock(row["at"])} for row in day]
        status, said = ask(self.base, "/api/v1/predict", {"rows": wanted})
        self.assertEqual(status, 200, said)
        labels = [{"id": one["id"], "label": row["y"]}
                  for one, row in zip(said["predictions"], day)]
        status, said = ask(self.base, "/api/v1/feedback", {"labels": labels},
                           token=self.project.token())
        self.assertEqual(status, 200, said)

    def status(self):
        return ask(self.base, "/api/v1/status")[1]

    def until(self, what, true, act=lambda: None, timeout=90):
        end = time.monotonic() + timeout
        while not true():
            if time.monotonic() > end:
                raise AssertionError("never: %s; %s" % (what, self.status()))
            act()
            time.sleep(0.2)

    def act(self, button, why, send):
        """A person presses a button and says why."""
        self.browser("click", text=button, role="button")
        self.browser("fill", label="Why", text=why)
        self.browser("click", text=send, role="button", inside="dialog")
        self.see("Recorded, with your reason")
        self.browser("click", text="Close", role="button")
        self.assertIn(why, [f["body"].get("why") for f in self.project.facts()
                            if f["kind"] == "person"])

    def test_5_late_labels_tell_how_it_does(self):
        self.browser("open", url=self.base + "/", width=1280)
        self.see("Nothing is known from production yet")
        self.until("labels are judged", lambda: self.status()["watch"].get("judged_rows"),
                   self.live_a_day)
        self.see("How this is known")  # the page follows by itself
        self.see("met their labels")
        self.quiet()

    def test_5b_an_alarm_is_on_the_page_and_the_loop_retrains(self):
        self.browser("open", url=self.base + "/", width=1280)
        self.see("performs well")
        self.until("an alarm", lambda: any(
            a["severity"] == "risk" for a in ask(self.base, "/api/v1/alerts")[1]["alerts"]),
            lambda: self.live_a_day(12))
        self.see("open alert")
        self.shot("alarm")
        self.until("a challenger", lambda: self.status()["rollout"], lambda: self.live_a_day(12))
        self.see("v2 is being rolled out")
        self.shot("canary")
        self.browser("open", url=self.base + "/#/monitoring", width=1280)
        self.act("Acknowledge", "somebody looks at it", "Acknowledge")
        self.see("somebody looks at it")
        self.assertEqual(self.browser("axe"), [])
        self.quiet()

    def test_5c_a_canary_is_watched_and_takes_over(self):
        self.browser("open", url=self.base + "/#/serving", width=1280)
        self.see("v2, 50 %")
        self.assertEqual(self.browser("axe"), [])
        self.shot("canary-serving")
        self.browser("open", url=self.base + "/", width=1280)
        self.see("It answers 50 % of the requests")
        rows_asked = [{"x": n / 3, "kind": "abc"[n % 3]} for n in range(30)]

        def load():
            for row in rows_asked:
                ask(self.base, "/api/v1/predict", {"rows": [row]})
        self.until("v2 serves", lambda: self.status()["champion"]["version"] == 2, load)
        self.see("v2 took over and is watched")
        self.quiet()

    def test_5d_it_is_rolled_back_from_the_page(self):
        self.browser("open", url=self.base + "/", width=1280)
        self.browser("wait_for", selector='.facts a[href="#/models/v2"]')
        self.act("Roll back to v1", "v1 was good enough", "Roll back")
        self.browser("wait_for", selector='.facts a[href="#/models/v1"]')
        self.assertEqual(self.status()["champion"]["version"], 1)
        self.browser("open", url=self.base + "/#/why/v2", width=1280)
        self.see("v1 was good enough")
        self.quiet()

    def test_5e_every_page_in_every_width_and_both_colours(self):
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
        if (width, colour) in ((360, "dark"), (1280, "light")):
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
        self.quiet("421|503")
        self.browser("open", url=self.base + "/", width=1280)

    def test_9_the_end_of_the_server_is_told(self):
        self.browser("open", url=self.base + "/", width=1280)
        self.browser("wait_mode", text="live")
        self.up.terminate()
        self.assertEqual(self.up.wait(60), 0, "a page that listens holds up no end")
        self.browser("wait_mode", text="no connection")
        self.quiet("503|ERR_")

    def test_9b_a_start_that_takes_long_is_watched_on_the_same_page(self):
        facts = self.project.facts()[-1]["seq"]
        self.project.start("up", "--listen", self.base.split("//")[1],
                           env={"RONDO_FAILPOINTS": "pipeline_load=sleep:5000@1"})
        self.see("Rondo is starting")
        self.see("facts are read")
        status, said = ask(self.base, "/health/ready")
        self.assertEqual((status, said), (503, {
            "status": "starting", "what": "facts", "done": facts, "of": facts}))
        status, said = ask(self.base, "/api/v1/status")
        self.assertEqual((status, said["error"]["code"]), (503, "starting"))
        self.assertEqual(self.browser("axe"), [])
        self.shot("starting")
        self.browser("wait_for", selector='.facts a[href="#/models/v1"]')
        self.browser("wait_mode", text="live")
        self.quiet("503|ERR_")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + WORDS[2:])
