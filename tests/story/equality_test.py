#!/usr/bin/env python3
"""What a server's history answers is what the definition says: each logged feature of the past
equals a naive evaluator, with labels that are late, out of order and corrected, four clients, two
versions, restarts, and rows that were served before they were collected.

usage: equality_test.py PROGRAM SOURCE_DIR
"""
import csv
import datetime
import gzip
import json
import math
import os
import random
import signal
import struct
import sys
import threading
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask  # noqa: E402

HOUR = 3_600_000_000
TOML = """[project]
name = "bikes"
target = "cnt"

[collect]
source = "rows.csv"
time = "at"

[prepare]
ignore = ["at"]

[[prepare.lag]]
column = "cnt"
by = "48h"

[[prepare.lag]]
column = "cnt"
rows = 1

[[prepare.window]]
column = "cnt"
over = "5d"
take = ["count", "min", "max", "age", "distinct"]

[train]
budget = "1 candidate"
rounds = 100

[monitor]
label_delay = "24h"

[deploy]
listen = "127.0.0.1:0"
"""
LAGS = [("by", 48), ("rows", 1)] + [(take, 120) for take in
                                    ("count", "min", "max", "age", "distinct")]
ROWS = 900


def naive(facts, p):
    """facts: (t, k, sequence, value), a later k of the same (t, sequence) corrects. data.md 28:
    t < p and k <= q, and a request's q is its p."""
    seen = {}
    for t, k, sequence, value in sorted(facts, key=lambda fact: fact[1]):
        if t < p and k <= p:
            seen[t, sequence] = value
    order = sorted(seen.items())
    out = []
    for kind, size in LAGS:
        if kind == "rows":
            out.append(order[-size][1] if len(order) >= size else math.nan)
            continue
        if kind == "by":
            fit = [v for (t, _), v in order if p - 2 * size * HOUR < t <= p - size * HOUR]
            out.append(fit[-1] if fit else math.nan)
            continue
        fit = [(t, v) for (t, _), v in order if t >= p - size * HOUR]
        values = [v for _, v in fit]
        out.append({"count": lambda: len(values), "distinct": lambda: len(set(values)),
                    "min": lambda: min(values), "max": lambda: max(values),
                    "age": lambda: (p - fit[-1][0]) * 1e-6,
                    }[kind]() if fit or kind in ("count", "distinct") else math.nan)
    return [struct.pack("<d", value) if value == value else b"missing" for value in out]


class Equality(unittest.TestCase):
    def setUp(self):
        self.project = Project(PROGRAM)
        self.addCleanup(self.project.__exit__)
        now = datetime.datetime.now(datetime.timezone.utc)
        self.now = now.replace(minute=0, second=0, microsecond=0)
        self.epoch = int(self.now.timestamp()) * 1_000_000
        with gzip.open(os.path.join(SOURCE, "examples", "bikes", "hour.csv.gz"), "rt") as file:
            rows = list(csv.DictReader(file))[-ROWS:]
        self.facts = []
        lines = ["at,hr,temp,cnt"]
        chance = random.Random(7)
        self.hours = [(int(row["hr"]), float(row["temp"])) for row in rows]
        for place, row in enumerate(rows):
            hours = place - ROWS
            cnt = round(self.law(hours) + chance.gauss(0, 15))
            lines.append("%s,%s,%s,%s" % (self.at(hours), row["hr"], row["temp"], cnt))
            t = self.epoch + hours * HOUR
            self.facts.append((t, t + 24 * HOUR, 0, float(cnt)))
        self.write_toml()
        self.project.write("rows.csv", "\n".join(lines) + "\n")
        self.project.run("run", check=0)

    def law(self, hours):
        """What a small model learns, so that one is deployed and nothing seems out of order."""
        hour, temp = self.hours[int(hours) % ROWS]
        return 200 * temp + 6 * (hour * 7 % 24)

    def write_toml(self, more=""):
        self.project.write("rondo.toml", TOML + more)

    def at(self, hours):
        return (self.now + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def up(self):
        self.process, self.base = self.project.up()

    def down(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(60), 0)

    def asked(self, hours):
        hour, temp = self.hours[int(hours) % ROWS]
        status, said = ask(self.base, "/api/v1/predict", {
            "rows": [{"hr": hour, "temp": temp}], "time": self.at(hours)})
        self.assertEqual(status, 200, said)
        return said["predictions"][0]["id"]

    def label(self, items, correction=False):
        labels = [dict({"id": one, "label": value}, **({"correction": True} if correction else {}))
                  for one, value in items]
        status, said = ask(self.base, "/api/v1/feedback", {"labels": labels},
                           token=self.project.token())
        self.assertEqual((status, said["accepted"]), (200, len(items)), said)

    def logged(self):
        """By id: version, prediction time and what the history answered, of docs/FORMATS.md."""
        folder, out = self.project.path(".rondo", "log"), {}
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            place = 0
            while place + 9 <= len(data):
                length = int.from_bytes(data[place:place + 4], "little")
                if data[place + 8] in (1, 2):
                    self.records(data[place + 9:place + 9 + length], out)
                place += 9 + length
        return out

    def records(self, payload, out):
        place = 0
        while place < len(payload):
            size = int.from_bytes(payload[place:place + 4], "little")
            row, place = payload[place + 4:place + 4 + size], place + 4 + size
            p, _, version, _, id_length = struct.unpack_from("<qqqdB", row)
            at = 33 + id_length
            name = row[33:at].decode()
            at += 2 + int.from_bytes(row[at:at + 2], "little")
            at += 2 + 8 * int.from_bytes(row[at:at + 2], "little")
            at += 4 + int.from_bytes(row[at:at + 4], "little")
            count = int.from_bytes(row[at:at + 2], "little")
            lags = [row[at + 2 + 8 * i:at + 10 + 8 * i] for i in range(count)]
            out[name] = version, p, [b"missing" if math.isnan(struct.unpack("<d", lag)[0]) else lag
                                     for lag in lags]

    def check(self, ids):
        log = self.logged()
        for one in ids:
            version, p, lags = log[one]
            self.assertEqual(lags, naive(self.facts, p), "%s of v%d" % (one, version))

    def until_it_knows(self):
        """The labels that were acknowledged are learnt a moment later."""
        until = time.monotonic() + 60
        while True:
            one = self.asked(2)
            while one not in (log := self.logged()):
                self.assertLess(time.monotonic(), until, "an answer is not written")
                time.sleep(0.05)
            if log[one][2] == naive(self.facts, log[one][1]):
                return
            self.assertLess(time.monotonic(), until, (log[one], naive(self.facts, log[one][1])))
            time.sleep(0.2)

    def four_clients(self, ids, labels):
        """Two ask of times before any label came, two send the labels, out of order."""
        failed, lock = [], threading.Lock()

        def guarded(work):
            try:
                work()
            except Exception as error:  # told in the main thread
                failed.append(error)

        def asks(seed):
            chance = random.Random(seed)
            for _ in range(25):
                one = self.asked(-chance.randrange(30, ROWS) + 0.5)
                with lock:
                    ids.append(one)

        def sends(part):
            for at in range(0, len(part), 5):
                self.label(part[at:at + 5])

        clients = [threading.Thread(target=guarded, args=(work,)) for work in
                   (lambda: asks(1), lambda: asks(2), lambda: sends(labels[::2]),
                    lambda: sends(labels[1::2]))]
        for client in clients:
            client.start()
        for client in clients:
            client.join(120)
        self.assertEqual(failed, [])

    def know(self, labels):
        """Labels as facts: known since they came, which is before what lies ahead."""
        lines = self.project.run("answers", "--json", check=0).stdout.splitlines()
        answers = {said["id"]: said for said in map(json.loads, lines)}
        log = self.logged()
        for one, value in labels:
            self.assertEqual(answers[one]["label"], value)
            self.facts.append((log[one][1], self.epoch + HOUR, one, value))

    def test_each_logged_feature_is_what_the_definition_says(self):
        self.up()
        old = [self.asked(0.5 - hours) for hours in range(30, 60)]
        labels = [(one, float(round(self.law(-29.5 - place)) + place % 11))
                  for place, one in enumerate(old)]
        random.Random(3).shuffle(labels)
        self.four_clients(old, labels)
        corrected = [(one, value + 1) for one, value in labels[:6]]
        self.label(corrected, correction=True)
        self.facts = [fact[:2] + ("",) + fact[3:] for fact in self.facts]
        self.know(corrected + labels[6:])
        self.until_it_knows()
        ahead = [self.asked(hours) for hours in (2, 3.5, 20, 24, 30, 72, 100)]
        self.down()
        self.check(old + ahead)

        # A restart builds the same past, and so does one after the rows were collected.
        self.up()
        again = [self.asked(hours) for hours in (2, 3.5, 20, 24, 30, 72, 100)]
        self.down()
        self.check(again)
        self.write_toml('\n[loop]\npolicy = "cron:7d"\n')
        self.project.run("trigger", check=0)
        self.project.run("run", check=0)
        evidence = [fact["body"].get("evidence") for fact in self.project.facts()
                    if fact["kind"] == "step_finished"]
        served = [one["served"] for one in evidence if "served" in one]
        self.assertEqual(served, [len(labels)], "the labelled answers became rows")
        self.up()
        third = [self.asked(hours) for hours in (2, 3.5, 20, 24, 30, 72, 100)]
        self.project.run("rollback", check=0)
        third += [self.asked(hours) for hours in (2, 24, 72)]
        self.down()
        self.check(third)
        self.assertEqual({self.logged()[one][0] for one in third}, {1, 2})


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
