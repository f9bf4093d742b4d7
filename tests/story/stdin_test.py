#!/usr/bin/env python3
"""Standard input as a source: what is piped to `rondo run` is kept, collected once, and lived
through again in a replay.

usage: stdin_test.py PROGRAM SOURCE_DIR
"""
import gzip
import io
import os
import shutil
import subprocess
import sys
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows  # noqa: E402


def csv(table):
    return "".join(",".join(str(v) for v in row) + "\n"
                   for row in [table[0].keys()] + [row.values() for row in table])


def project(source='"-"'):
    made = Project(PROGRAM, rounds=3, cool_down="0s")
    made.write("rondo.toml", made.text("rondo.toml").replace('"rows.csv"', source))
    return made


def counts(made):
    return [(v["rows"], v["rejected"]) for v in made.json("data")]


class StandardInput(unittest.TestCase):
    def test_each_input_is_collected_once(self):
        with project() as made:
            for command in ("run", "check"):
                said = made.run(command, check=3).stderr
                self.assertIn("nothing came from standard input yet", said)
            made.run("run", stdin=csv(rows(9)), check=0)
            self.assertIn("nothing new", made.run("run", check=0).stdout)
            again = made.run("run", stdin=csv(rows(9)), check=0)
            self.assertEqual(counts(made), [(216, 0)], again.stdout)
            more = csv(rows(5, seed=2, first=9)) + "2024-01-14 23:30:00,low,a,30\n"
            made.run("run", stdin=more, check=0)
            self.assertEqual([v["rows"] for v in made.json("data")][-1], 9 * 24 + 5 * 24)
            reject = made.json("data", "rejects")[0]
            self.assertEqual((reject["file"], reject["line"]), (".rondo/stdin/000003", 122))
            self.assertIn("nothing new", made.run("run", check=0).stdout)
            self.assertEqual(made.run("fsck").returncode, 0)
            made.run("replay", "--into", made.path("again"), "--from", "2024-01-08", check=0)
            made.run("backup", made.path("copy"), check=0)
            fresh = made.path("fresh")
            os.makedirs(fresh)
            shutil.copy(made.path("rondo.toml"), fresh)
            made.run("restore", made.path("copy"), folder=fresh, check=0)
            self.assertIn("nothing new", made.run("run", folder=fresh, check=0).stdout)

    def test_packed_input_and_a_file_beside_it(self):
        with project('["-", "more.csv"]') as made:
            made.write("more.csv", csv(rows(1, seed=3, first=9)))
            packed = io.BytesIO()
            with gzip.GzipFile(fileobj=packed, mode="wb") as out:
                out.write(csv(rows(9)).encode())
            done = subprocess.run([PROGRAM, "run"], cwd=made.folder, input=packed.getvalue(),
                                  capture_output=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(counts(made), [(240, 0)])

    def test_a_kill_before_it_is_kept_takes_nothing_and_one_behind_it_loses_nothing(self):
        table = csv(rows(9))
        with project() as made:
            made.run("run", stdin=table, env={"RONDO_FAILPOINTS": "spool_rename=crash"})
            self.assertEqual(os.listdir(made.path(".rondo", "stdin")), ["000001.part"])
            made.run("run", stdin=table, env={"RONDO_FAILPOINTS": "step_start=crash"})
            self.assertEqual(os.listdir(made.path(".rondo", "stdin")), ["000001"])
            made.run("run", check=0)
            self.assertEqual(counts(made), [(216, 0)])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
