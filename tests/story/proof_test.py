#!/usr/bin/env python3
"""A challenger that the gate cannot tell from the champion is scored unseen, and labels of live
requests let it take over; when the risk rises later, the version that served before proves itself
again. Cycles go on beside either.

usage: proof_test.py PROGRAM SOURCE_DIR
"""
import datetime
import math
import os
import random
import signal
import sys
import time
import unittest

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows, write_csv  # noqa: E402

PATIENCE = 120  # seconds, for what the loop does in a few
ROWS = [{"x": x / 2 + 0.25, "kind": kind} for x in range(20) for kind in "abc"]


def until(what, true, load):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = true()
        if value:
            return value
        for _ in range(5):
            load()
        time.sleep(0.3)
    raise AssertionError("never: " + what)


class Proof(unittest.TestCase):
    def setUp(self):
        self.project = Project(PROGRAM, rows(60), rounds=30, cool_down="0s", prepare="",
                               label_delay="0s", policy="schedule")
        self.addCleanup(self.project.__exit__)
        text = self.project.text("rondo.toml")
        text = text.replace("[deploy]\n", '[deploy]\nprove_labels = 3000\nguard_latency = 1000\n'
                            'guard_errors = 0.2\n').replace('[loop]\n', '[loop]\nevery = "9999d"\n')
        self.project.write("rondo.toml", text.replace("[evaluate]\n", "[evaluate]\n"
                                                      "min_effect = 0.000001\n"))
        self.project.run("run", check=0)
        write_csv(self.project.path("rows.csv"), rows(15, seed=2, first=60), "a")
        self.project.run("trigger", check=0)
        self.project.run("run", check=0)
        self.day, self.chance = datetime.datetime(2024, 3, 21, 9), random.Random(5)

    def learn_answers(self):
        """What either version answers to each of ROWS; asked once, as who is asked is judged."""
        self.answers = {}
        for version in (1, 2):
            wanted = [dict(row, _time="2024-03-14T09:00:00Z") for row in ROWS]
            status, said = ask(self.base, "/v2/models/toy/versions/%d/infer" % version,
                               {"rows": wanted})
            self.assertEqual(status, 200, said)
            self.answers[version] = [one["value"] for one in said["predictions"]]

    def live_a_day(self, right, wrong, away=0.0):
        """24 rows of a Thursday's morning with labels: what the version `right` answers, or so far
        away from what `wrong` does, on the other side of `right`. Labels follow at once, as the
        day is long over by the clock."""
        places = [self.chance.randrange(len(ROWS)) for _ in range(24)]
        times = [self.day + datetime.timedelta(minutes=minute) for minute in range(24)]
        wanted = [dict(ROWS[place], _time=at.strftime("%Y-%m-%dT%H:%M:00Z"))
                  for place, at in zip(places, times)]
        answered = []
        for first in range(0, 24, 4):
            status, said = ask(self.base, "/api/v1/predict", {"rows": wanted[first:first + 4]})
            self.assertEqual(status, 200, said)
            answered += said["predictions"]
        labels = []
        for place, one in zip(places, answered):
            apart = self.answers[right][place] - self.answers[wrong][place]
            label = self.answers[wrong][place] + math.copysign(max(away, abs(apart)), apart)
            labels.append({"id": one["id"], "label": label})
        ask(self.base, "/api/v1/feedback", {"labels": labels}, token=self.project.token())
        self.day += datetime.timedelta(days=7)  # weekday and hour may be features

    def test_labels_prove_what_the_gate_could_not(self):
        p = self.project
        history = {row["stage"]: row for row in p.json("history")}
        self.assertEqual(history["Model Evaluation"]["result"], "undecided, to prove itself")
        self.assertEqual(history["Model Evaluation"]["next"], "Model Deployment")
        status = p.json("status")
        self.assertEqual(status["champion"]["version"], 1)
        self.assertEqual((status["rollout"]["phase"], status["rollout"]["challenger"]),
                         ("proves", 2))
        self.assertNotIn("being rolled out", status["waiting_for"], "cycles go on beside it")
        process, self.base = p.up()
        self.learn_answers()
        until("v2 serves", lambda: p.json("status")["champion"]["version"] == 2,
              lambda: self.live_a_day(2, 1))
        told = p.json("why", "v2")["paragraph"]
        self.assertIn("v2 takes over from v1: it proved to be better", told)
        self.assertEqual(p.json("status")["rollout"]["phase"], "watched")

        with self.subTest("an old time comes back"):
            # The trial's own watch must not be what goes back.
            ask(self.base, "/api/v1/rollback", {"why": "to begin anew"}, token=p.token())
            ask(self.base, "/api/v1/promote", {"why": "v2 serves", "version": "v2"},
                token=p.token())
            self.assertIsNone(p.json("status")["rollout"])
            until("v1 is tried", lambda: p.json("status")["rollout"],
                  lambda: self.live_a_day(1, 2, 2.8))
            rollout = p.json("status")["rollout"]
            self.assertEqual((rollout["phase"], rollout["challenger"], rollout["champion"]),
                             ("proves", 1, 2))
            self.assertTrue([one for one in p.json("alerts")["alerts"]
                             if one["severity"] == "risk"])
            until("v1 serves", lambda: p.json("status")["champion"]["version"] == 1,
                  lambda: self.live_a_day(1, 2, 2.8))
            self.assertIn("v1, which served before, may fit again", p.json("why", "v1")["paragraph"]
                          + str(p.facts()))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
