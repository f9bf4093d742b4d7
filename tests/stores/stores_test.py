#!/usr/bin/env python3
"""Stores that released formats left behind are still opened, whole, by this program; one that a
newer program wrote is refused and stays as it was.

usage: stores_test.py PROGRAM SOURCE_DIR [--make N]

tests/stores/N.tar.gz is a project whose store has format N, and N.json what was read from it when
it was made. --make N makes both, once, with the program that first writes format N.
"""
import hashlib
import json
import os
import signal
import sqlite3
import sys
import tarfile
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows, write_csv  # noqa: E402

HERE = os.path.join(SOURCE, "tests", "stores")
ROW = {"x": 1.5, "kind": "a", "_time": "2024-02-05T09:00:00Z"}


def reading(project):
    """What a person and a program read of a store."""
    with open(project.path("ask.csv"), "w") as file:
        file.write("at,x,kind\n2024-02-05 09:00:00,1.5,a\n2024-02-05 10:00:00,,never seen\n")
    said = {name: project.json(name) for name in ("status", "history", "models", "data")}
    said["facts"] = project.facts()
    said["answers"] = [json.loads(line)["prediction"] for line in
                       project.run("predict", "ask.csv", "--json", check=0).stdout.splitlines()]
    return said


def make(number):
    with Project(PROGRAM, rows(30), rounds=10, cool_down="0s") as project:
        project.run("run", check=0)
        write_csv(project.path("rows.csv"), rows(8, seed=2, first=30, shift=lambda day: 9), "a")
        with open(project.path("rows.csv"), "a") as file:
            file.write("2024-02-20 00:00:00,low,a,30\n")
        project.run("run")
        process, base = project.up()
        ids = [one["id"] for one in ask(base, "/api/v1/predict", {"rows": [ROW] * 3})[1]
               ["predictions"]]
        status, _ = ask(base, "/api/v1/feedback", {"labels": [{"id": i, "label": 31} for i in ids]},
                        token=project.token())
        assert status == 200
        project.run("pause", "--why", "to keep it as it is", check=0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        said = dict(reading(project), labels=ids)
        with open(os.path.join(HERE, "%d.json" % number), "w") as file:
            json.dump(said, file, indent=1, sort_keys=True)
            file.write("\n")
        os.remove(project.path("ask.csv"))
        with tarfile.open(os.path.join(HERE, "%d.tar.gz" % number), "w:gz") as archive:
            archive.add(project.folder, arcname=".")


def digest_of(folder):
    whole = hashlib.sha256()
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith(("-wal", "-shm")):
                continue  # SQLite makes them, empty, for each reader
            with open(os.path.join(place, name), "rb") as file:
                whole.update(name.encode() + file.read())
    return whole.hexdigest()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def seal_page(path, number):
    """Sets the tail of a page as the program does (docs/FORMATS.md, "Page tail")."""
    with open(path, "r+b") as file:
        file.seek((number - 1) * 4096)
        page = file.read(4088)
        file.write(crc32c(page + number.to_bytes(4, "little")).to_bytes(4, "little"))


def known(value, expected):
    """`value` without the members that views got since."""
    if isinstance(expected, dict):
        return {key: known(value.get(key), expected[key]) for key in expected}
    if isinstance(expected, list) and len(value) == len(expected):
        return [known(a, b) for a, b in zip(value, expected)]
    return value


class Stores(unittest.TestCase):
    def unpacked(self, number):
        project = Project(PROGRAM)
        with tarfile.open(os.path.join(HERE, "%d.tar.gz" % number)) as archive:
            archive.extractall(project.folder)
        return project

    def test_each_format_is_read_and_goes_on(self):
        numbers = sorted(int(name[:-7]) for name in os.listdir(HERE) if name.endswith(".tar.gz"))
        self.assertTrue(numbers)
        for number in numbers:
            with open(os.path.join(HERE, "%d.json" % number)) as file:
                expected = json.load(file)
            with self.unpacked(number) as project:
                project.run("fsck", check=0)
                said = reading(project)
                for name, value in said.items():
                    self.assertEqual(known(value, expected[name]), expected[name],
                                     "format %d: %s" % (number, name))
                process, base = project.up()
                labels = [{"id": i, "label": 31} for i in expected["labels"]]
                status, said = ask(base, "/api/v1/feedback", {"labels": labels},
                                   token=project.token())
                self.assertEqual((status, said["duplicate"]), (200, len(labels)), said)
                status, said = ask(base, "/api/v1/predict", {"rows": [ROW]})
                self.assertEqual((status, said["predictions"][0]["value"]),
                                 (200, expected["answers"][0]))
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(60), 0)
                project.run("doctor", "--accept-clock")  # the store is as old as its format
                project.run("resume", check=0)
                write_csv(project.path("rows.csv"), rows(5, seed=3, first=51), "a")
                project.run("trigger", check=0)
                done = project.run("run")
                self.assertIn(done.returncode, (0, 4), done.stderr)
                self.assertGreater(len(project.json("history")), len(expected["history"]))
                project.run("fsck", check=0)

    def test_a_newer_store_is_refused_and_stays_as_it_was(self):
        with self.unpacked(1) as project:
            database = sqlite3.connect(project.path(".rondo", "rondo.db"))
            database.execute("PRAGMA user_version=99")
            database.close()
            for name in ("rondo.db-wal", "rondo.db-shm"):
                if os.path.exists(project.path(".rondo", name)):
                    os.remove(project.path(".rondo", name))
            seal_page(project.path(".rondo", "rondo.db"), 1)
            before = digest_of(project.path(".rondo"))
            for command in (("run",), ("status",), ("up",), ("gc",)):
                done = project.run(*command, timeout=30)
                self.assertEqual(done.returncode, 3, (command, done.stdout, done.stderr))
                self.assertIn("was written by a newer Rondo", done.stderr)
            self.assertEqual(digest_of(project.path(".rondo")), before)


if __name__ == "__main__":
    if "--make" in sys.argv:
        make(int(sys.argv[sys.argv.index("--make") + 1]))
    else:
        unittest.main(argv=[sys.argv[0]])
