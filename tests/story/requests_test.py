#!/usr/bin/env python3
"""What was answered: kept in part or durably, scored again, dropped in its time.

usage: requests_test.py PROGRAM SOURCE_DIR
"""
import csv
import json
import os
import shutil
import signal
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows, write_csv  # noqa: E402

ROW = {"x": 1.5, "kind": "a"}


def project(deploy="", **more):
    made = Project(PROGRAM, rows(9), rounds=3, cool_down="0s", **more)
    with open(made.path("rondo.toml")) as file:
        text = file.read()
    made.write("rondo.toml", text.replace("[deploy]\n", "[deploy]\n" + deploy))
    return made


def end(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def numbers(base):
    text = ask(base, "/metrics")[1]
    out = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            out[name.replace('model="toy",', "").replace('{model="toy"}', "")] = float(value)
    return out


def predict(base, *rows_):
    status, said = ask(base, "/api/v1/predict", {"rows": list(rows_)})
    assert status == 200, said
    return [one["id"] for one in said["predictions"]]


def label(p, base, ids, value=30):
    said = ask(base, "/api/v1/feedback", {"labels": [{"id": one, "label": value} for one in ids]},
               token=p.token())[1]
    return {key: said[key] for key in ("accepted", "unknown")}


def wait(true, seconds=30):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


class Requests(unittest.TestCase):
    def test_the_log_is_answered_again_with_its_bits(self):
        with project() as p:
            p.run("run", check=0)
            process, base = p.up()
            ids = []
            for hour in range(24):  # some lags are known, some are not
                at = "2024-01-%02dT%02d:00:00Z" % (20 + hour % 12, hour)
                said = ask(base, "/api/v1/predict",
                           {"rows": [dict(ROW, x=hour / 3), dict(ROW, kind="new")], "time": at})[1]
                ids += [one["id"] for one in said["predictions"]]
            wait(lambda: numbers(base)["rondo_skew_checked_total"] > 0)
            self.assertEqual(numbers(base)["rondo_skew_mismatches_total"], 0)
            end(process)
            said = p.json("replay-requests", "--version", "v1")
            self.assertEqual(said["answered_by"], [{"version": 1, "rows": 48, "bit_equal": 48}])
            self.assertEqual(said["passed_over"], {})
            self.assertNotIn("difference", said)
            self.assertNotIn("loss", said)
            self.assertIn("48 rows, 48 with the same bits",
                          p.run("replay-requests", "--version", "1", check=0).stdout)
            self.assertEqual(p.json("replay-requests", "--version", "1", "--to",
                                    "2024-01-01")["rows"], 0)
            self.by_another_version(p, ids[:10])
            self.as_a_table(p, ids)
            self.with_another_bit(p)

    def by_another_version(self, p, labelled):
        write_csv(p.path("rows.csv"), rows(9, seed=2, first=9, shift=lambda day: 5), "a")
        p.run("trigger", check=0)
        p.run("run", check=0)
        p.write("labels.csv", "id,label\n" + "".join("%s,30\n" % one for one in labelled))
        p.run("feedback", "labels.csv", check=0)
        said = p.json("replay-requests", "--version", "v1")
        self.assertEqual(said["loss"]["rows"], 10)
        self.assertEqual(said["loss"]["logged"], said["loss"]["replayed"])
        said = p.json("replay-requests", "--version", "v2")
        self.assertEqual([one["version"] for one in said["answered_by"]], [1], said)
        self.assertEqual(said["rows"], 48)
        self.assertLess(said["answered_by"][0]["bit_equal"], 48)
        spread = said["difference"]
        self.assertEqual(spread["rows"], 48)
        self.assertTrue(0 <= spread["p50"] <= spread["p90"] <= spread["p99"] <= spread["max"])
        self.assertGreater(spread["mean"], 0)
        self.assertEqual(said["loss"]["rows"], 10)
        self.assertNotEqual(said["loss"]["logged"], said["loss"]["replayed"])
        self.assertIn("there is no v9", p.run("replay-requests", "--version", "9", check=3).stderr)

    def as_a_table(self, p, ids):
        table = list(csv.DictReader(p.run("answers", check=0).stdout.splitlines()))
        self.assertEqual([row["id"] for row in table], ids)
        for i, row in enumerate(table):
            self.assertEqual(row["model_version"], "1")
            self.assertEqual(row["arm"], "champion")
            self.assertEqual(row["label"], "30" if i < 10 else "")
            self.assertEqual(row["label_received"] != "", i < 10)
            self.assertEqual(row["time"][:13], "2024-01-%02dT%02d" % (20 + i // 2 % 12, i // 2))
            self.assertEqual(float(row["input_x"]), i // 2 / 3 if i % 2 == 0 else 1.5)
            self.assertEqual(row["input_kind"], "a" if i % 2 == 0 else "new")
        lines = p.run("answers", "--json", check=0).stdout.splitlines()
        for line, row in zip(lines, table, strict=True):
            said = json.loads(line)
            self.assertEqual(said["prediction"], float(row["prediction"]))
            self.assertEqual(said["label"], 30 if row["label"] else None)
        self.assertEqual(p.run("answers", "--to", "2024-01-01", "--json", check=0).stdout, "")
        self.assertEqual(p.run("answers", "--version", "v2", "--json", check=0).stdout, "")
        self.assertIn("there is no v9", p.run("answers", "--version", "v9", check=3).stderr)
        for out, why in (("a.csv.gz", ".gz"), ("a.json", ".jsonl"),
                         ("none/a.csv", "no folder none")):
            self.assertIn(why, p.run("answers", "-o", out, check=3).stderr)
            self.assertFalse(os.path.exists(p.path(out.split("/")[0])))
        self.assertIn("--from is not before --to",
                      p.run("answers", "--from", "2024-02-01", "--to", "2024-02-01",
                            check=2).stderr)
        self.assertIn("48 answers to a.parquet", p.run("answers", "-o", "a.parquet",
                                                       check=0).stdout)
        with Project(PROGRAM) as other:  # read back as rows of another project
            shutil.copy(p.path("a.parquet"), other.path("rows.parquet"))
            other.write("rondo.toml", """[project]
name = "back"
target = "prediction"
[collect]
source = "rows.parquet"
time = "time"
""")
            ended = other.run("run")
            self.assertIn("48 rows from rows.parquet", ended.stdout + ended.stderr)

    def with_another_bit(self, p):
        """The value of one logged answer gets another last bit, under a right checksum."""
        folder = p.path(".rondo", "log")
        name = os.path.join(folder, sorted(os.listdir(folder))[0])
        with open(name, "rb") as file:
            data = bytearray(file.read())
        place = 0
        while place < len(data):  # records: length u32, CRC-32C u32, type u8, payload
            length = int.from_bytes(data[place:place + 4], "little")
            if data[place + 8] == 1:
                break
            place += 9 + length
        data[place + 9 + 4 + 24] ^= 1  # behind the row's size, its times and its version
        crc = crc32c(data[place + 8:place + 9 + length])
        data[place + 4:place + 8] = crc.to_bytes(4, "little")
        os.chmod(name, 0o644)
        with open(name, "wb") as file:
            file.write(data)
        done = p.run("replay-requests", "--version", "1", "--json", check=1)
        self.assertEqual(json.loads(done.stdout)["answered_by"][0]["bit_equal"], 47)
        self.assertIn("1 answer of v1 came out with other bits", done.stderr)

    def test_a_planted_bit_alerts(self):
        with project() as p:
            p.run("run", check=0)
            process, base = p.up(env={"RONDO_FAILPOINTS": "skew_check=error"})
            one = predict(base, ROW)[0]
            wait(lambda: numbers(base)["rondo_skew_mismatches_total"] > 0)
            self.assertEqual(numbers(base)["rondo_degraded"], 1)
            alerts = ask(base, "/api/v1/status")[1]["alerts"]
            self.assertTrue([a for a in alerts if "other bits" in a and one in a], alerts)
            end(process)

    def test_a_share_is_kept_and_the_rest_is_unknown(self):
        with project("log = 0.25\n") as p:
            p.run("run", check=0)
            process, base = p.up()
            ids = [predict(base, ROW)[0] for _ in range(120)]
            said = label(p, base, ids)
            self.assertEqual(said["accepted"] + said["unknown"], 120)
            self.assertTrue(10 <= said["accepted"] <= 55, said)  # 30, 5 standard deviations
            wait(lambda: numbers(base)['rondo_log_records_total{result="written"}'] > 0)
            end(process)
            process, base = p.up()
            got = numbers(base)
            self.assertEqual(got['rondo_log_records_total{result="left_out"}'], 0)
            again = ask(base, "/api/v1/feedback",
                        {"labels": [{"id": one, "label": 30} for one in ids]}, token=p.token())[1]
            self.assertEqual(again["duplicate"], said["accepted"])
            self.assertEqual(again["unknown"], said["unknown"])
            end(process)
            self.assertEqual(p.json("replay-requests", "--version", "1")["rows"], said["accepted"])

    def test_durable_answers_survive_a_kill(self):
        with project('log_ack = "durable"\n') as p:
            p.run("run", check=0)
            process, base = p.up()
            ids = [one for _ in range(5) for one in predict(base, ROW, ROW)]
            process.kill()
            process.wait()
            process, base = p.up(env={"RONDO_FAILPOINTS": "log_sync=error"})
            self.assertEqual(label(p, base, ids), {"accepted": 10, "unknown": 0})
            status, said = ask(base, "/api/v1/predict", {"rows": [ROW]})
            self.assertEqual((status, said["error"]["code"]), (503, "unavailable"))
            wait(lambda: [a for a in ask(base, "/api/v1/status")[1]["alerts"]
                          if "the prediction log cannot be written" in a])
            process.kill()
            process.wait()

    def test_a_full_disk_does_not_stop_queued_answers(self):
        with project() as p:
            p.run("run", check=0)
            process, base = p.up(env={"RONDO_FAILPOINTS": "log_sync=error"})
            predict(base, ROW)
            wait(lambda: [a for a in ask(base, "/api/v1/status")[1]["alerts"]
                          if "the prediction log cannot be written" in a])
            predict(base, ROW)
            wait(lambda: [a for a in ask(base, "/api/v1/status")[1]["alerts"]
                          if "1 answers found no room" in a or "2 answers found no room" in a])
            process.kill()
            process.wait()

    def test_old_segments_go_and_labels_stay(self):
        with project('log_size = "64KiB"\n') as p:
            p.run("run", check=0)
            process, base = p.up()
            first = predict(base, *[ROW] * 300)
            self.assertEqual(label(p, base, first[:5]), {"accepted": 5, "unknown": 0})
            wait(lambda: os.listdir(p.path(".rondo", "log")))
            oldest = sorted(os.listdir(p.path(".rondo", "log")))[0]
            for _ in range(6):
                last = predict(base, *[ROW] * 300)
                written = numbers(base)
                wait(lambda: numbers(base)['rondo_log_records_total{result="written"}']
                     > written['rondo_log_records_total{result="written"}'] - 1)
            wait(lambda: numbers(base)['rondo_log_records_total{result="written"}'] == 2100)

            def size():
                total = 0
                for name in os.listdir(p.path(".rondo", "log")):
                    try:
                        total += os.path.getsize(p.path(".rondo", "log", name))
                    except FileNotFoundError:
                        pass  # it went meanwhile
                return total

            wait(lambda: size() <= (64 << 10) + (32 << 10))
            wait(lambda: oldest not in os.listdir(p.path(".rondo", "log")))
            # What is kept in memory of the log goes a moment later.
            asked, kept, tries = [], [], iter(range(5, 295, 3))

            def forgotten():
                asked[:] = first[next(tries):][:3]
                said = label(p, base, asked)
                kept.append(said["accepted"])
                return said == {"accepted": 0, "unknown": 3}

            wait(forgotten)
            self.assertEqual(label(p, base, last[-3:]), {"accepted": 3, "unknown": 0})
            end(process)
            process, base = p.up()
            self.assertEqual(label(p, base, asked[:2]), {"accepted": 0, "unknown": 2})
            self.assertEqual(label(p, base, last[-6:-3]), {"accepted": 3, "unknown": 0})
            end(process)
            self.assertEqual(p.query("SELECT count(*) FROM labels"), [(11 + sum(kept),)])
            p.run("run", check=0)
            p.run("fsck", check=0)
            said = p.json("replay-requests", "--version", "1")
            self.assertLess(said["rows"], 1200)
            self.assertEqual(said["answered_by"][0]["bit_equal"], said["rows"])

    def test_a_log_that_is_kept_too_short_is_refused(self):
        with project('log_keep = "1d"\n') as p:
            done = p.run("check", check=3)
            self.assertIn("deploy.log_keep", done.stderr)
            self.assertIn("must be kept so long", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
