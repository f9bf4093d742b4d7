#!/usr/bin/env python3
"""Expectations of the data: one that is broken stops the cycle at Data Preparation and the old
model goes on; one that warns is told; what `check --suggest` learns holds where it was learnt.

usage: expect_test.py PROGRAM SOURCE_DIR
"""
import json
import os
import sys
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows, write_csv  # noqa: E402

RULES = """
[[prepare.expect]]
column = "x"
between = [0, 10]

[[prepare.expect]]
column = "kind"
in = ["a", "b"]
mostly = 0.9
else = "warn"
where = { column = "x", at_least = 5 }
"""


class Expect(unittest.TestCase):
    def test_a_broken_one_stops_the_cycle_and_the_old_model_goes_on(self):
        with Project(PROGRAM, rows(20), prepare=RULES, cool_down="0s") as p:
            done = p.run("run", check=0)
            self.assertIn("warning: expected of kind: one of a and b where x is at least 5: ",
                          done.stdout)
            before = p.json("models")
            worse = rows(10, seed=2, first=20)
            worse[7]["x"] = 99.5
            write_csv(p.path("rows.csv"), worse, "a")
            done = p.run("run", check=3)
            told = "x: between 0 and 10: 1 of 720 values do not fit: 99.5"
            self.assertIn(told, done.stdout + done.stderr)
            self.assertEqual(p.json("models"), before)
            self.assertEqual(p.json("status")["champion"]["version"], 1)
            steps = [f for f in p.facts() if f["kind"] == "step_finished"]
            self.assertEqual(steps[-1]["body"]["result"], "contract broken")
            results = steps[-1]["body"]["evidence"]["expectations"]
            self.assertEqual([one["success"] for one in results], [False, False])
            self.assertEqual(results[0]["result"]["partial_unexpected_index_list"], [487])
            # check says the same, and how often.
            said = p.run("check", check=3).stdout
            self.assertRegex(said, r"(?m)^broken +x: between 0 and 10: 1 of 720")
            self.assertRegex(said, r"(?m)^warning +kind: one of a and b where")
            found = json.loads(p.run("check", "--json", "--level", "COMPLETE", check=3).stdout)
            self.assertEqual(found["expectations"]["statistics"]["evaluated_expectations"], 2)
            self.assertEqual(found["expectations"]["results"][0]["result"]["unexpected_index_list"],
                             [487])
            p.run("check", "--level", "ALL", check=2)

    def test_what_is_suggested_holds(self):
        with Project(PROGRAM, rows(20), prepare="") as p:
            said = p.run("check", "--suggest", check=0).stdout
            self.assertIn("# no value is negative\n[[prepare.expect]]\nat_least = 0\n"
                          "column = \"x\"\n", said)
            with open(p.path("rondo.toml"), "a") as file:
                file.write(said)
            text = p.run("check", check=0).stdout
            self.assertRegex(text, r"(?m)^met +kind: one of ")
            self.assertNotRegex(text, r"(?m)^(broken|warning) ")
            listed = p.json("check", "--suggest")
            self.assertEqual(len(listed), said.count("[[prepare.expect]]"))
            self.assertTrue(all(one["reason"] for one in listed))

    def test_mistakes_have_their_line(self):
        with Project(PROGRAM, rows(20), prepare=RULES.replace("[0, 10]", "[10, 0]")) as p:
            said = p.run("check", check=3).stderr
            self.assertRegex(said, r"rondo.toml:\d+:\d+: prepare.expect\[0\]: .*wrong way round")
        with Project(PROGRAM, rows(20), prepare=RULES.replace('"kind"', '"kinds"')) as p:
            self.assertIn('did you mean "kind"?', p.run("check", check=3).stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
