#!/usr/bin/env python3
"""Each entity has its own past: a shop's prediction follows the labels of this shop and no other,
online, in a file, after a restart, and when logged requests are answered again.

usage: entity_test.py PROGRAM SOURCE_DIR
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
name = "shops"
target = "sold"

[collect]
source = "rows.csv"
time = "at"
entity = ["shop"]

[prepare]
ignore = ["shop"]

[[prepare.lag]]
column = "sold"
rows = 1

[[prepare.window]]
column = "sold"
over = "3h"
take = ["mean", "count"]

[train]
budget = "1 candidate"
rounds = 100
min_leaf = 5

[monitor]
label_delay = "1h"

[deploy]
listen = "127.0.0.1:0"
"""
HOURS, SHOPS = 800, ("north", "south", "7")
LEVELS, NEAR = (1000.0, 2000.0, 3000.0), 450
# A label is known from the moment on at which it came, so the history ends now.
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def when(hours):
    """RFC 3339, so many hours from now."""
    return (NOW + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def history():
    """Each shop sells about what it sold the hour before, and 150 more where x is 1; now and then
    its level changes. Only its own past tells the level."""
    chance, rows = random.Random(5), []
    level = {shop: LEVELS[n] for n, shop in enumerate(SHOPS)}
    for hour in range(HOURS):
        for shop in SHOPS:
            if chance.random() < 0.02:
                level[shop] = chance.choice(LEVELS)
            x = chance.randrange(2)
            rows.append({"at": when(hour - HOURS), "shop": shop, "x": x,
                         "sold": level[shop] + 150 * x + chance.randrange(3)})
    return rows


class Entity(unittest.TestCase):
    def setUp(self):
        self.project = Project(PROGRAM)
        self.addCleanup(self.project.__exit__)
        self.project.write("rondo.toml", TOML)
        with open(self.project.path("rows.csv"), "w", newline="") as file:
            out = csv.DictWriter(file, ["at", "shop", "x", "sold"], lineterminator="\n")
            out.writeheader()
            out.writerows(history())
        self.project.run("run", check=0)

    def up(self):
        self.process, self.base = self.project.up()

    def down(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(60), 0)

    def asked(self, shop, at, x=1):
        row = {"x": x} if shop is None else {"shop": shop, "x": x}
        status, said = ask(self.base, "/api/v1/predict", {"rows": [row], "time": at})
        self.assertEqual(status, 200, said)
        return said["predictions"][0]

    def label(self, made, value):
        status, said = ask(self.base, "/api/v1/feedback",
                           {"labels": [{"id": made["id"], "label": value}]},
                           token=self.project.token())
        self.assertEqual(status, 200, said)

    def test_a_label_moves_its_own_shop_only(self):
        self.up()
        now = when(0)
        before = {shop: self.asked(shop, now) for shop in SHOPS}
        later_then = {shop: self.asked(shop, when(1))["value"] for shop in SHOPS}
        last = {shop: [r["sold"] for r in history() if r["shop"] == shop][-1] for shop in SHOPS}
        for shop in SHOPS:
            self.assertLess(abs(before[shop]["value"] - last[shop]), NEAR, (shop, before, last))
        nobody = self.asked("a new shop", now)["value"]
        self.assertEqual(self.asked("another new one", now)["value"], nobody)
        far = 3000.0 if last["north"] < 2000 else 1000.0
        self.label(before["north"], far)
        later = time.monotonic() + 30
        after = self.asked("north", when(1))["value"]
        while abs(after - far) > NEAR and time.monotonic() < later:
            time.sleep(0.2)
            after = self.asked("north", when(1))["value"]
        self.assertLess(abs(after - far), NEAR, "the label of north is not in its past")
        for shop in SHOPS[1:]:
            self.assertEqual(self.asked(shop, when(1))["value"], later_then[shop], shop)
        # A file, and the logged requests, have the bits of the requests; a restart keeps the past.
        self.project.write("ask.csv", "at,shop,x\n" + "".join(
            "%s,%s,1\n" % (when(1), shop) for shop in SHOPS))
        online = [self.asked(shop, when(1))["value"] for shop in SHOPS]
        self.down()
        lines = self.project.run("predict", "ask.csv", "--json", check=0).stdout.splitlines()
        self.assertEqual([json.loads(line)["prediction"] for line in lines], online)
        self.up()
        self.assertEqual([self.asked(shop, when(1))["value"] for shop in SHOPS], online)
        self.down()
        again = self.project.json("replay-requests", "--version", "v1")
        answered = again["answered_by"][0]
        self.assertEqual(answered["rows"], answered["bit_equal"])
        self.assertGreater(answered["rows"], 10)

    def test_a_label_of_a_version_without_a_past_counts_for_the_next(self):
        # Without the gate, so that both are deployed; the label comes by the log of answers alone.
        toml = TOML.replace('["shop"]\n\n[prepare]\nignore = ["shop"]',
                            '["shop"]\nserved = false\n\n[prepare]')
        toml += '[loop]\npolicy = "cron:7d"\n'
        shutil.rmtree(self.project.path(".rondo"))
        self.project.write("rondo.toml", toml[:toml.index("[[prepare.lag]]")] +
                           toml[toml.index("[train]"):])
        self.project.run("run", check=0)
        self.up()
        last = [r["sold"] for r in history() if r["shop"] == "north"][-1]
        far = 3000.0 if last < 2000 else 1000.0
        self.label(self.asked("north", when(0)), far)
        self.down()
        self.project.write("rondo.toml", toml)
        self.up()  # with the first version in memory, which has no past to tell shops apart in
        self.project.run("trigger", check=0)
        until = time.monotonic() + 60
        while self.asked("north", when(1))["model_version"] != 2:
            self.assertLess(time.monotonic(), until, "no second version")
            time.sleep(0.2)
        made = self.asked("north", when(1))
        self.assertLess(abs(made["value"] - far), NEAR, "the label is not in the past of north")
        self.down()

    def test_the_entity_is_asked_for(self):
        self.up()
        status, said = ask(self.base, "/api/v1/predict", {"rows": [{"x": 1}], "time": when(0)})
        self.assertEqual(status, 400, said)
        self.assertIn("shop", said["error"]["message"])
        self.down()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
