#!/usr/bin/env python3
"""[train] window, as a person meets it: after a change of the law the step, the card and the
comparison of versions say since when rows were learned from, what serves answers by the new law,
and it comes out the same when it is made again.

usage: window_test.py PROGRAM SOURCE_DIR
"""
import os
import sys
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows, stamp, write_csv  # noqa: E402

DAYS, CHANGE = 160, 80


def changed():
    """Up to the change an answer falls as x grows, afterwards it rises."""
    return [dict(row, x=10 - row["x"]) if row["at"] < stamp(CHANGE, 0) else row
            for row in rows(DAYS)]


def answers(project):
    """For an x of 0 and of 10."""
    write_csv(project.path("ask.csv"), [{"at": stamp(DAYS, 12), "x": x, "kind": "a"}
                                        for x in (0, 10)])
    project.run("predict", "ask.csv", "-o", "said.csv", check=0)
    head, *lines = [line.split(",") for line in project.text("said.csv").splitlines()]
    return [float(line[head.index("prediction")]) for line in lines]


class Window(unittest.TestCase):
    def test_what_was_before_a_change_is_not_learned(self):
        with Project(PROGRAM, changed(), rounds=40) as project:
            said = project.run("run", check=0).stdout
            self.assertIn(" rows only those since ", said)
            window = project.finished("Model Training")["evidence"]["window"]
            self.assertGreaterEqual(window["since"], stamp(CHANGE, 0).replace(" ", "T")[:13])
            self.assertLess(window["loss"], window["loss_of_all"])
            low, high = answers(project)
            self.assertGreater(high - low, 10)
            card = project.run("models", "show", "v1", check=0).stdout
            self.assertRegex(card, r"from [\d,]+ rows, those since \S+ alone of [\d,]+")
            project.run("report", "v1", "-o", "page.html", check=0)
            self.assertIn("those since " + window["since"], project.text("page.html"))
            self.assertTrue(project.json("reproduce")["same"])

    def test_all_rows_are_learned_from_where_that_is_set(self):
        with Project(PROGRAM, changed(), rounds=40) as project:
            text = project.text("rondo.toml")
            project.write("rondo.toml", text.replace("[train]\n", '[train]\nwindow = "all"\n'))
            self.assertNotIn("only those since", project.run("run", check=0).stdout)
            self.assertNotIn("window", project.finished("Model Training")["evidence"])

    def test_versions_are_compared_by_it(self):
        table = changed()
        with Project(PROGRAM, table[:24 * 140], rounds=40, cool_down="0s") as project:
            text = project.text("rondo.toml")
            project.write("rondo.toml", text.replace("[train]\n", '[train]\nwindow = "all"\n'))
            project.run("run", check=0)
            project.write("rondo.toml", text)
            write_csv(project.path("rows.csv"), table)
            project.run("run", check=0)
            since = project.finished("Model Training")["evidence"]["window"]["since"]
            said = project.run("models", "diff", "v1", "v2", check=0).stdout
            self.assertRegex(said, r"since\s+\S+\s+" + since)

    def test_after_an_alarm_half_of_the_time_since_tests(self):
        with Project(PROGRAM, changed(), rounds=40, new_data=0) as project:
            begin = stamp(CHANGE - 20, 0)[:10]
            project.run("replay", "--into", "past", "--from", begin, check=0)
            facts = project.facts(project.path("past"))
        at, = [fact["at"] for fact in facts if fact["kind"] == "deployed"][1:]
        steps = {fact["body"]["stage"]: fact["body"] for fact in facts
                 if fact["kind"] == "step_finished" and fact["at"] == at}
        change = stamp(CHANGE, 0).replace(" ", "T") + "Z"
        self.assertIn("half of the time since the law changed on " + change,
                      steps["Data Preparation"]["reason"])
        self.assertIn("since %s, when the law changed by the alarm" % change,
                      steps["Model Training"]["reason"])
        self.assertLess(steps["Model Evaluation"]["evidence"]["value"], 3)  # by both laws 7

    def test_a_stretch_that_is_none_is_told(self):
        with Project(PROGRAM, rows(20)) as project:
            text = project.text("rondo.toml")
            project.write("rondo.toml", text.replace("[train]\n", '[train]\nwindow = "much"\n'))
            said = project.run("check", check=3).stderr
            self.assertIn('train.window: "much" is no stretch of time', said)
            self.assertIn('as "90d"', said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
