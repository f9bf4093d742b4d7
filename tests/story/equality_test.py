#!/usr/bin/env python3
"""What a server's history answers is what the definition says: each logged feature of the past
equals a naive evaluator, with labels that are late, out of order and corrected, four clients, two
versions, restarts, and rows that were served before they were collected.

usage: equality_test.py PROGRAM SOURCE_DIR [ELEC2.csv]
"""
import csv
import datetime
import fractions
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
ELEC2 = sys.argv[3] if len(sys.argv) > 3 else None
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask  # noqa: E402

HOUR = 3_600_000_000
TAKES = ("count", "sum", "mean", "std", "min", "max", "last", "age", "distinct")
TOML = """[project]
name = "equality"
target = "%s"

[collect]
source = "rows.csv"
time = "at"

[prepare]
ignore = ["at"]

[[prepare.lag]]
column = "%s"
by = "48h"

[[prepare.lag]]
column = "%s"
rows = 2

[[prepare.window]]
column = "%s"
over = "5d"
take = %s

[train]
budget = "1 candidate"
rounds = 100

[monitor]
label_delay = "24h"

[deploy]
listen = "127.0.0.1:0"
"""
LAGS = [("by", 48), ("rows", 2)] + [(take, 120) for take in TAKES]
ROWS = 900


class Scale:
    """The units that a version's sums are exact in: rule 32 of docs/STATISTICS.md."""

    def __init__(self, scale):
        self.center, self.step = scale["center"], math.ldexp(1, scale["exponent"])

    def moments(self, values):
        steps = [int(round((value - self.center) / self.step)) for value in values]
        count, total = len(steps), sum(steps)
        middle = int(fractions.Fraction(total, count))
        rest = float(total - count * middle)
        apart = float(sum((i - middle) ** 2 for i in steps)) - rest * rest / count
        return {"sum": count * self.center + float(total) * self.step,
                "mean": self.center + float(total) / count * self.step,
                "std": math.sqrt(apart / (count - 1)) * self.step if count > 1 else math.nan}


def naive(facts, p, scale):
    """facts: (t, k, sequence, value), a later k of the same (t, sequence) corrects. Only what has
    t < p and k <= q is seen, and a request's q is its p (docs/ARCHITECTURE.md)."""
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
        if not fit:
            out.append(0 if kind in ("count", "distinct") else math.nan)
            continue
        out.append(scale.moments(values)[kind] if kind in ("sum", "mean", "std") else
                   {"count": len(values), "distinct": len(set(values)), "min": min(values),
                    "max": max(values), "last": values[-1],
                    "age": (p - fit[-1][0]) * 1e-6}[kind])
    return [struct.pack("<d", value) if value == value else b"missing" for value in out]


class Bikes:
    """The newest hours of examples/bikes, a law and chance in place of the counts."""
    target = "cnt"

    def __init__(self):
        with gzip.open(os.path.join(SOURCE, "examples", "bikes", "hour.csv.gz"), "rt") as file:
            rows = list(csv.DictReader(file))[-ROWS:]
        self.cells = [{"hr": int(row["hr"]), "temp": float(row["temp"])} for row in rows]

    def law(self, hours):
        """What a small model learns, so that one is deployed and nothing seems out of order."""
        cells = self.cells[int(hours) % ROWS]
        return 900 * cells["temp"] + 6 * (cells["hr"] * 7 % 24)

    def observed(self, hours, chance):
        return round(self.law(hours) + chance.gauss(0, 5))

    def label(self, hours, place):
        return round(self.law(hours)) + place % 11

    @staticmethod
    def corrected(label):
        return label + 1

    @staticmethod
    def value(label):
        return float(label)


class Elec2:
    """Prices that went up or down, as they were: every half hour counts as one here."""
    target = "class"

    def __init__(self):
        with open(ELEC2) as file:
            rows = list(csv.DictReader(file))[20_000:20_000 + ROWS]
        names = ("nswprice", "nswdemand", "vicprice", "vicdemand", "transfer")
        self.cells = [{name: float(row[name]) for name in names} for row in rows]
        self.labels = [row["class"] for row in rows]

    def observed(self, hours, chance):
        return self.labels[int(hours) % ROWS]

    def label(self, hours, place):
        return self.labels[int(hours) % ROWS]

    @staticmethod
    def corrected(label):
        return "DOWN" if label == "UP" else "UP"

    @staticmethod
    def value(label):
        return float(label == "UP")


class Equality(unittest.TestCase):
    def begin(self, world):
        self.world = world
        self.project = Project(PROGRAM)
        self.addCleanup(self.project.__exit__)
        now = datetime.datetime.now(datetime.timezone.utc)
        self.now = now.replace(minute=0, second=0, microsecond=0)
        self.epoch = int(self.now.timestamp()) * 1_000_000
        self.facts = []
        names = list(world.cells[0])
        lines = [",".join(["at", *names, world.target])]
        chance = random.Random(7)
        for place, cells in enumerate(world.cells):
            hours = place - ROWS
            label = world.observed(hours, chance)
            lines.append(",".join([self.at(hours), *map(str, cells.values()), str(label)]))
            t = self.epoch + hours * HOUR
            self.facts.append((t, t + 24 * HOUR, "", world.value(label)))
        self.write_toml()
        self.project.write("rows.csv", "\n".join(lines) + "\n")
        self.project.run("run", check=0)
        self.scales = {}

    def write_toml(self, more=""):
        target = self.world.target
        self.project.write("rondo.toml", TOML % (*[target] * 4, json.dumps(TAKES)) + more)

    def scale(self, version):
        """Out of the version's pipeline file."""
        if version not in self.scales:
            digest, = [fact["body"]["pipeline"] for fact in self.project.facts()
                       if fact["kind"] == "version" and fact["body"]["version"] == version]
            with open(self.project.path(".rondo", "objects", digest[:2], digest[2:]), "rb") as file:
                data = file.read()
            sections = [struct.unpack_from("<HHIQQ", data, 64 + 64 * i)
                        for i in range(struct.unpack_from("<I", data, 12)[0])]
            text, = [data[at:at + size] for kind, _, _, at, size in sections if kind == 2]
            one, = json.loads(text)["history"]["scales"]
            self.scales[version] = Scale(one)
        return self.scales[version]

    def at(self, hours):
        return (self.now + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def up(self):
        self.process, self.base = self.project.up()

    def down(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(60), 0)

    def asked(self, hours):
        status, said = ask(self.base, "/api/v1/predict", {
            "rows": [self.world.cells[int(hours) % ROWS]], "time": self.at(hours)})
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
            self.assertEqual(lags, naive(self.facts, p, self.scale(version)),
                             "%s of v%d" % (one, version))

    def until_it_knows(self):
        """The labels that were acknowledged are learnt a moment later."""
        until = time.monotonic() + 60
        while True:
            one = self.asked(2)
            while one not in (log := self.logged()):
                time.sleep(0.05)
            version, p, lags = log[one]
            expected = naive(self.facts, p, self.scale(version))
            if lags == expected:
                return
            self.assertLess(time.monotonic(), until, (lags, expected))
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
            self.facts.append((log[one][1], self.epoch + HOUR, one, self.world.value(value)))

    def test_bikes(self):
        self.live(Bikes())

    @unittest.skipUnless(ELEC2, "without the data of Elec2")
    def test_elec2(self):
        self.live(Elec2())

    def live(self, world):
        """Each logged feature is what the definition says."""
        self.begin(world)
        self.up()
        old = [self.asked(0.5 - hours) for hours in range(30, 60)]
        labels = [(one, self.world.label(-29.5 - place, place))
                  for place, one in enumerate(old)]
        random.Random(3).shuffle(labels)
        self.four_clients(old, labels)
        corrected = [(one, world.corrected(value)) for one, value in labels[:6]]
        self.label(corrected, correction=True)
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
