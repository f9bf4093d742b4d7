#!/usr/bin/env python3
"""What keeps a project whole: a backup beside a server under load, a full disk, flipped bytes.

usage: care_test.py PROGRAM SOURCE_DIR
"""
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows  # noqa: E402

ROW = {"x": 1.5, "kind": "a"}


def predict(base, count=1):
    return ask(base, "/api/v1/predict", {"rows": [ROW] * count})


def label(base, token, ids, value=30):
    return ask(base, "/api/v1/feedback", {"labels": [{"id": i, "label": value} for i in ids]},
               token=token)


class Backup(unittest.TestCase):
    def test_under_load_it_holds_what_was_acknowledged_before(self):
        with Project(PROGRAM, rows(30), rounds=10) as project:
            project.run("run", check=0)
            _, base = project.up()
            token = project.token()
            stop, acked, lock = threading.Event(), [], threading.Lock()

            def load():
                while not stop.is_set():
                    ids = [one["id"] for one in predict(base, 5)[1]["predictions"]]
                    if label(base, token, ids)[0] == 200:
                        with lock:
                            acked.extend(ids)
            clients = [threading.Thread(target=load) for _ in range(2)]
            for client in clients:
                client.start()
            while len(acked) < 50:
                time.sleep(0.01)
            with lock:
                before = list(acked)
            project.run("backup", project.path("copy"), check=0)
            stop.set()
            for client in clients:
                client.join()
            fresh = project.path("fresh")
            os.makedirs(fresh)
            project.run("restore", project.path("copy"), folder=fresh, check=0)
            with open(project.path("rondo.toml")) as was, open(fresh + "/rondo.toml") as file:
                self.assertEqual(file.read(), was.read())
            project.run("fsck", folder=fresh, check=0)
            self.assertEqual(project.facts(fresh), project.facts())
            restored = subprocess.Popen([PROGRAM, "up", "--listen", "127.0.0.1:0"], cwd=fresh,
                                        stdout=subprocess.PIPE, text=True)
            project.started.append(restored)
            there = restored.stdout.readline().split(" answers at ")[1].split(" ")[0]
            status, said = label(there, token_of(fresh), before)
            self.assertEqual((status, said["duplicate"]), (200, len(before)), said)


def token_of(folder):
    with open(os.path.join(folder, ".rondo", "token")) as file:
        return file.read().strip()


class DamagedChampion(unittest.TestCase):
    def test_predict_names_the_damage(self):
        with Project(PROGRAM, rows(30), rounds=10) as project:
            project.run("run", check=0)
            digest = project.json("models")[-1]["pipeline"]
            path = project.path(".rondo", "objects", digest[:2], digest[2:])
            os.chmod(path, 0o644)
            with open(path, "r+b") as file:
                file.seek(200)
                file.write(b"X")
            done = project.run("predict", "rows.csv", check=3)
            self.assertIn(digest[:12], done.stderr)
            project.run("report", check=0)
            with open(project.path("report.html")) as file:
                page = file.read()
            self.assertRegex(page, r'<p class="alert">v1 cannot be loaded: object ' + digest[:12])


class EmptiedStore(unittest.TestCase):
    def test_a_database_without_a_byte_is_no_new_project(self):
        """What a copy on a full disk leaves: objects, a log, a token, and nothing in rondo.db."""
        with Project(PROGRAM, rows(30), rounds=10) as project:
            project.run("run", check=0)
            for end in ("-wal", "-shm"):
                if os.path.exists(project.path(".rondo", "rondo.db" + end)):
                    os.remove(project.path(".rondo", "rondo.db" + end))
            os.truncate(project.path(".rondo", "rondo.db"), 0)
            self.assertIn("rondo.db", project.run("run", check=3).stderr)
            self.assertEqual(os.stat(project.path(".rondo", "rondo.db")).st_size, 0)


class BrokenStore(unittest.TestCase):
    def test_check_looks_at_settings_and_source_all_the_same(self):
        with Project(PROGRAM, rows(9)) as project:
            project.run("run", check=0)
            with open(project.path(".rondo", "rondo.db"), "r+b") as file:
                file.write(b"no store of ours")
            said = project.run("check", check=0).stdout
            self.assertIn("delays were not compared: ", said)
            self.assertIn("the source has 216 rows", said)


class FullDisk(unittest.TestCase):
    def test_predictions_go_on_writes_get_507_and_it_recovers(self):
        """The project lies on a file system of its own, in a namespace where one may mount."""
        if "RONDO_SMALL_DISK" not in os.environ:
            inside = ["unshare", "--mount", "--map-root-user", "env", "RONDO_SMALL_DISK=1",
                      sys.executable, __file__, PROGRAM, SOURCE]
            if subprocess.run(inside[:3] + ["true"], capture_output=True).returncode != 0:
                self.skipTest("this machine lets nobody mount a file system of their own")
            done = subprocess.run(inside, capture_output=True, text=True, timeout=600)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return
        with Project(PROGRAM, rows(30), rounds=10) as project:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", project.folder],
                           check=True)
            try:
                self.fill_and_free(project)
            finally:
                for process in project.started:
                    process.kill()
                    process.wait()
                subprocess.run(["umount", project.folder], check=True)

    def fill_and_free(self, project):
        fresh = Project(PROGRAM, rows(30), rounds=10)
        for name in ("rondo.toml", "rows.csv"):
            shutil.copy(fresh.path(name), project.path(name))
        fresh.__exit__()
        project.run("run", check=0)
        process, base = project.up()
        token = project.token()
        acked = [one["id"] for one in predict(base, 20)[1]["predictions"]]
        self.assertEqual(label(base, token, acked)[0], 200)
        ballast = project.path("ballast")
        with open(ballast, "wb") as file:
            try:
                while True:
                    file.write(b"x" * 65536)
                    file.flush()
            except OSError:
                pass
        refused = 0
        for _ in range(200):
            status, said = predict(base, 100)
            self.assertEqual(status, 200, said)
            ids = [one["id"] for one in said["predictions"]]
            status, said = label(base, token, ids)
            self.assertIn(status, (200, 507), said)
            if status == 200:
                acked += ids
            else:
                refused += 1
                self.assertEqual(said["error"]["code"], "disk_full", said)
                if refused > 3:
                    break
        self.assertGreater(refused, 0, "the disk never was full")
        # Longer than the lease: who could not renew it must take it again, or still have it.
        full_until = time.monotonic() + 14
        while time.monotonic() < full_until:
            self.assertEqual(predict(base)[0], 200)
            time.sleep(0.5)
        os.remove(ballast)
        self.wait(lambda: label(base, token, ids)[0] == 200, "labels are not taken again")
        self.turns(project, base, lambda: self.assertEqual(
            ask(base, "/api/v1/trigger", {"why": "free again"}, token=token)[0], 200))
        self.turns(project, base, lambda: project.run("trigger", "--why", "from outside", check=0))
        self.wait(lambda: re.search(r"^rondo_degraded(\{[^}]*\})? 0$", ask(base, "/metrics")[1],
                                    re.M), "it goes on saying that it is degraded")
        self.assertEqual(ask(base, "/health/ready")[0], 200)
        status, said = label(base, token, acked)
        self.assertEqual((status, said["duplicate"]), (200, len(acked)), said)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)
        project.run("fsck", check=0)


    def wait(self, true, otherwise, seconds=30):
        until = time.monotonic() + seconds
        while not true():
            self.assertLess(time.monotonic(), until, otherwise)
            time.sleep(0.1)

    def turns(self, project, base, trigger):
        """A trigger makes a step that ends."""
        ended = lambda: [row for row in ask(base, "/api/v1/history")[1]  # noqa: E731
                         if row["result"]]
        before = len(ended())
        trigger()
        self.wait(lambda: len(ended()) > before, "the loop does not turn")
        self.wait(lambda: ask(base, "/api/v1/status")[1]["resting"], "the loop does not rest", 60)


class ReadOnly(unittest.TestCase):
    MADE = ("error: ./.rondo is read-only (while opening the store in ./.rondo)\n"
            "hint: make the project's folder writable, or work on a copy of it\n")
    NOT_MADE = ("error: cannot make the folder ./.rondo: Read-only file system\n"
                "hint: this file system is read-only; use another folder\n")

    def test_what_only_looks_works_and_the_rest_says_why_not(self):
        with Project(PROGRAM, rows(30), rounds=10) as project:
            self.refused(project, self.NOT_MADE, ("run",), ("up", "--listen", "127.0.0.1:0"))
            project.run("run", check=0)
            kept = project.facts()
            for words in (("status",), ("history",), ("models",), ("why",), ("data",), ("check",)):
                done = self.frozen(project, *words)
                self.assertEqual((done.returncode, done.stderr), (0, ""), words)
            self.refused(project, self.MADE, ("run",), ("trigger",), ("pause",), ("gc",),
                         ("up", "--listen", "127.0.0.1:0"))
            self.assertEqual(project.facts(), kept)
            project.run("trigger", check=0)  # writable again

    def refused(self, project, text, *commands):
        for words in commands:
            done = self.frozen(project, *words)
            self.assertEqual(done.stderr, text, words)
            self.assertNotEqual(done.returncode, 0, words)

    def test_one_cause_has_one_exit_code(self):
        with Project(PROGRAM, rows(30), rounds=10) as project:
            self.assertEqual(self.frozen(project, "run").returncode, 3)
            project.run("run", check=0)
            self.assertEqual(self.frozen(project, "run").returncode, 3)

    def frozen(self, project, *words):
        """`rondo WORDS` in a namespace where the project's folder is read-only."""
        inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec",
                  'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; cd "$1"; shift; '
                  'exec "$@"', "sh", project.folder]
        if subprocess.run(inside + ["true"], capture_output=True).returncode != 0:
            self.skipTest("this machine lets nobody make a folder read-only for themselves")
        return subprocess.run(inside + [PROGRAM, *words], capture_output=True, text=True,
                              timeout=60)


class FlippedBytes(unittest.TestCase):
    def test_one_in_each_kind_of_file_is_named(self):
        with Project(PROGRAM, rows(30), rounds=10) as project:
            self.fill(project)
            store = project.path(".rondo")
            kinds = {"objects": 0, "log": 0, "rondo.db": 0, "token": 0}
            for folder, _, names in os.walk(store):
                for name in names:
                    path = os.path.join(folder, name)
                    kind = os.path.relpath(path, store).split(os.sep)[0]
                    if kind in kinds:
                        at = 40 if kind == "rondo.db" else os.stat(path).st_size // 2
                        self.flip(project, path, at, name[:10])
                        kinds[kind] += 1
            self.assertTrue(all(kinds.values()), kinds)
            self.assertGreaterEqual(sum(kinds.values()), 9)

    def test_one_in_a_page_of_each_table_is_named(self):
        with Project(PROGRAM, rows(30), rounds=10) as project:
            self.fill(project)
            try:  # the last page of each table and index: a leaf, or what overflows
                pages = project.query("SELECT name, max(pageno) FROM dbstat GROUP BY name")
            except sqlite3.OperationalError:  # Python's SQLite knows the first pages alone
                pages = project.query("SELECT name, rootpage FROM sqlite_master")
            self.assertLessEqual({"facts", "journal", "labels", "requests", "leases", "projections",
                                  "secrets", "meta"}, {name for name, _ in pages})
            for name, page in pages:
                with self.subTest(table=name):
                    self.flip(project, project.path(".rondo", "rondo.db"),
                              (page - 1) * 4096 + 2048, "rondo.db", r"[Pp]age %d\b" % page)

    def fill(self, project):
        """Something in each kind of file and each table, and nothing in the write-ahead log."""
        project.run("run", check=0)
        process, base = project.up()
        ids = [one["id"] for one in predict(base, 50)[1]["predictions"]]
        self.assertEqual(label(base, project.token(), ids)[0], 200)
        project.run("pause", check=0)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)
        project.run("fsck", check=0)  # it moves the write-ahead log into the database

    def flip(self, project, path, at, *named):
        mode = os.stat(path).st_mode
        os.chmod(path, 0o644)
        with open(path, "r+b") as file:
            whole = file.read()
            self.assertGreater(len(whole), at, path)
            file.seek(at)
            file.write(bytes([whole[at] ^ 0x10]))
        done = project.run("fsck")
        self.assertEqual(done.returncode, 1, "%s: %s%s" % (path, done.stdout, done.stderr))
        for pattern in named:
            self.assertRegex(done.stdout, pattern, path)
        self.assertIn("DAMAGED", done.stdout)
        with open(path, "r+b") as file:
            file.write(whole)
        os.chmod(path, mode)
        self.assertEqual(project.run("fsck").returncode, 0, path)


if __name__ == "__main__":
    wanted = ["FullDisk"] if "RONDO_SMALL_DISK" in os.environ else []
    unittest.main(argv=[sys.argv[0]] + wanted)
