#!/usr/bin/env python3
"""Rows that are pushed: taken durably before the reply, once each, judged, collected by the loop.

usage: push_test.py PROGRAM SOURCE_DIR
"""
import json
import os
import random
import signal
import sys
import threading
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows, stamp  # noqa: E402

FULL = bool(os.environ.get("RONDO_FULL"))
SETTINGS = """[project]
name = "toy"
target = "y"

[collect]
source = "push"
time = "at"
%s
[deploy]
listen = "127.0.0.1:0"

[train]
rounds = 10
"""
SECOND = "2024-01-01 %02d:%02d:%02d"


def project(more=""):
    made = Project(PROGRAM)
    made.write("rondo.toml", SETTINGS % more)
    return made


def row(number, **more):
    at = SECOND % (number // 3600, number // 60 % 60, number % 60)
    return dict({"id": number, "at": at, "x": number % 7, "kind": "ab"[number % 2],
                 "y": number % 5}, **more)


def push(base, token, body, key=None, kind="application/json"):
    headers = {"Content-Type": kind}
    if key:
        headers["Idempotency-Key"] = key
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return ask(base, "/api/v1/rows", body, token=token, headers=headers)


def collected(made):
    return [v["rows"] for v in made.json("data")]


def wait_for(call, wanted, at_most=60):
    end = time.monotonic() + at_most
    while call() != wanted and time.monotonic() < end:
        time.sleep(0.2)
    return call()


def shown(made, name):
    """The values of a column in the newest version."""
    return [r[name] for r in made.json("data", "show", "--rows", "1000000")["shown"]]


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(60)


class Push(unittest.TestCase):
    def test_rows_are_taken_judged_and_collected(self):
        with project('key = ["id"]\nmin_rows = 20\n') as made:
            process, base = made.up()
            token = made.token()
            status, said = push(base, token, [row(i) for i in range(15)])
            self.assertEqual((status, said["accepted"]), (200, 15), said)
            lines = "".join(json.dumps(row(i)) + "\n" for i in range(10, 20))
            bad = '{"id":20,"at":"soon","x":1,"kind":"a","y":1}\nnot JSON\n'
            status, said = push(base, token, (lines + bad).encode(), kind="application/x-ndjson")
            self.assertEqual(status, 200, said)
            self.assertEqual((said["accepted"], said["duplicate"], said["rejected"]), (5, 5, 2))
            self.assertEqual(said["duplicates"], [0, 1, 2, 3, 4])
            self.assertEqual([r["row"] for r in said["rejects"]], [10, 11])
            self.assertIn('"soon"', said["rejects"][0]["reason"])
            self.assertEqual(wait_for(lambda: collected(made), [20]), [20])
            self.assertEqual(shown(made, "id"), list(range(20)))
            # 20 rows teach nothing; that step ends here, or `run` below would end as it does.
            resting = lambda: ask(base, "/api/v1/status", token=token)[1]["resting"]  # noqa: E731
            self.assertEqual(wait_for(resting, True), True)
            # Known from the dataset now, or in conflict with it; the contract knows the types.
            other = [row(3), row(4, x=99), row(21), row(22, x="many")]
            status, said = push(base, token, other)
            self.assertEqual((said["duplicates"], said["accepted"]), ([0], 1), said)
            reasons = {r["row"]: r for r in said["rejects"]}
            self.assertIn("lies before", reasons[1]["reason"])
            self.assertEqual(reasons[3]["column"], "x")
            self.assertIn('"many"', reasons[3]["reason"])
            stop(process)
            made.run("run", check=0)  # without a server nothing waits for more rows
            self.assertEqual(collected(made), [20, 21])
            self.assertEqual(made.run("fsck").returncode, 0)
            self.assertIn("1 row from push", made.run("data").stdout)

    def test_a_request_is_taken_once(self):
        with project("min_rows = 1000\n") as made:
            process, base = made.up()
            token = made.token()
            first = push(base, token, [row(0), row(0)], key="one")
            self.assertEqual(first[1]["accepted"], 2, "without `key` equal rows are two rows")
            self.assertEqual(push(base, token, [row(0), row(0)], key="one"), first)
            status, said = push(base, token, [row(1)], key="one")
            self.assertEqual((status, said["error"]["code"]), (409, "conflict"), said)
            process.send_signal(signal.SIGKILL)
            process.wait()
            process, base = made.up()
            self.assertEqual(push(base, token, [row(0), row(0)], key="one"), first,
                             "after a kill too")
            self.assertEqual(push(base, token, [row(1)])[1]["accepted"], 1)
            stop(process)
            made.run("run", check=0)
            self.assertEqual(collected(made), [3])

    def test_refusals(self):
        with project() as made:
            process, base = made.up()
            token = made.token()
            self.assertEqual(push(base, None, [row(0)])[0], 401)
            self.assertEqual(push(base, token, [row(0)], kind="text/plain")[0], 415)
            self.assertEqual(push(base, token, b"hello")[0], 400)
            status, said = push(base, token, [{"at": "2024-01-01", "x": 1}])
            self.assertEqual(status, 400, said)
            self.assertIn('"y"', said["error"]["message"])
            self.assertEqual(push(base, token, [row(0)], key="k" * 300)[0], 400)
            stop(process)
        with Project(PROGRAM, rows(9), rounds=5) as made:
            made.run("run")
            process, base = made.up()
            status, said = push(base, made.token(), [row(0)])
            self.assertEqual(status, 409, said)
            self.assertIn('"push"', said["error"]["hint"])
            stop(process)

    def test_many_clients_with_the_same_rows(self):
        with project('key = ["id"]\nmin_rows = 1000000\n') as made:
            process, base = made.up()
            token = made.token()
            accepted = []

            def client(seed):
                order = list(range(40))
                random.Random(seed).shuffle(order)
                for part in range(0, 40, 8):
                    said = push(base, token, [row(i) for i in order[part:part + 8]])[1]
                    accepted.append(said["accepted"])
                    self.assertEqual(said["accepted"] + said["duplicate"], 8, said)
            threads = [threading.Thread(target=client, args=(seed,)) for seed in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(sum(accepted), 40, "each row was accepted by one reply")
            stop(process)
            made.run("run", check=0)
            self.assertEqual(sorted(shown(made, "id")), list(range(40)))

    def test_a_kill_loses_nothing_and_doubles_nothing(self):
        chance = random.Random(11)
        with project('key = ["id"]\nmin_rows = 30\n') as made:
            known, number = set(), 0
            for kill in range(30 if FULL else 6):
                process, base = made.up()
                token = made.token()
                killer = threading.Timer(chance.uniform(0.05, 1.5), process.kill)
                killer.start()
                pending = [row(number + i) for i in range(10)]
                try:
                    while True:
                        status, said = push(base, token, pending)
                        self.assertEqual((status, said["rejected"]), (200, 0), said)
                        known.update(one["id"] for one in pending)
                        number += 10
                        pending = [row(number + i) for i in range(10)]
                except OSError:
                    killer.join()
                process.wait()
            for _ in range(2):
                made.run("run")  # whether a model comes of it is another matter
            ids = shown(made, "id")
            self.assertEqual(len(ids), len(set(ids)), "no row stands twice")
            self.assertLessEqual(known, set(ids), "whatever was acknowledged is there")
            self.assertLessEqual(len(set(ids) - known), 10 * (kill + 1), "what was in flight")
            self.assertEqual(made.run("fsck").returncode, 0)

    def test_csv_is_read_as_a_file_of_it_would_be(self):
        """The dataset is the same as of a CSV file with these rows, to the digest of its rows."""
        head = "id,at,x,kind,y\n"
        lines = ["%(id)d,%(at)s,%(x)d,%(kind)s,%(y)d\n" % row(n) for n in range(40)]
        lines[5] = '5,2024-01-01 00:00:05,,"a, ""b""",007\n'
        bad = ["40,2024-01-01 00:01:00,1\n", "41,never,1,a,3\n"]
        contents = []
        for pushed in (True, False):
            with project('min_rows = 1000000\nmax_rejected = 0.5\nkey = ["id"]') as made:
                if pushed:
                    process, base = made.up()
                    say = lambda text, key=None: push(  # noqa: E731
                        base, made.token(), text.encode(), key, "text/csv")
                    status, said = say(head + "".join(lines[:20]), "first")
                    self.assertEqual((status, said["accepted"]), (200, 20), said)
                    self.assertEqual(say(head + "".join(lines[:20]), "first"), (200, said))
                    status, said = say(head + "".join(lines[10:] + bad))
                    self.assertEqual(status, 200, said)
                    self.assertEqual((said["accepted"], said["duplicate"], said["rejected"]),
                                     (20, 10, 2), said)
                    self.assertEqual([(r["row"], r["column"]) for r in said["rejects"]],
                                     [(30, ""), (31, "at")])
                    self.assertIn("3 fields, but the header has 5", said["rejects"][0]["reason"])
                    self.assertEqual(say("id,at,x\n1,2024-01-01 00:00:00,2\n")[0], 400)
                    stop(process)
                else:
                    with open(made.path("rondo.toml")) as file:
                        text = file.read()
                    made.write("rondo.toml", text.replace('"push"', '"rows.csv"'))
                    made.write("rows.csv", head + "".join(lines))
                made.run("run", check=0)
                self.assertEqual(collected(made), [40])
                contents.append(self.content_of(made))
        self.assertEqual(*contents)

    @staticmethod
    def content_of(made):
        """The digest of the rows of the first segment."""
        manifest = made.facts()[-1]["body"]["outputs"]["manifest"]
        with open(made.path(".rondo", "objects", manifest[:2], manifest[2:])) as file:
            return json.load(file)["segments"][0]["content"]

    def test_contract_toml_counts_before_the_first_version(self):
        with project("min_rows = 1000000") as made:
            made.write("contract.toml", '[columns.id]\ntype = "category"\n'
                                        '[columns.x]\ntype = "number"\nrange = [0, 5]\n')
            process, base = made.up()
            say = lambda *many: push(base, made.token(), list(many))[1]  # noqa: E731
            said = say(row(1), row(6), row(2))
            self.assertEqual((said["accepted"], said["rejected"]), (2, 1), said)
            self.assertIn("x", said["rejects"][0]["column"])
            self.assertEqual(said["rejects"][0]["row"], 1)
            said = say(row(3, x="high"), row(4))
            self.assertEqual([(r["row"], r["column"]) for r in said["rejects"]], [(0, "x")])
            made.write("contract.toml", '[columns.x]\ntype = "number"\nrange = [0, 6]\n')
            self.assertEqual(say(row(13))["accepted"], 1, "a file that changed counts at once")
            stop(process)
            made.run("run", check=0)
            self.assertEqual(collected(made), [4])

    def test_the_log_of_what_was_collected_has_an_end(self):
        wide = {"c%d" % n: "a text of some length, %d" % n for n in range(30)}
        with project('key = ["id"]\nmin_rows = 1000000\npush_log = "1MiB"') as made:
            def more(first):
                process, base = made.up()
                for part in range(first, first + 2000, 100):
                    status, said = push(base, made.token(),
                                        [row(part + i, **wide) for i in range(100)])
                    self.assertEqual((status, said["accepted"]), (200, 100), said)
                return process, base

            def size():
                folder = made.path(".rondo", "pushed")
                return sum(os.path.getsize(os.path.join(folder, name))
                           for name in os.listdir(folder) if name.endswith(".rlog"))
            stop(more(0)[0])
            stop(more(2000)[0])
            before = size()
            self.assertGreater(before, 3 << 20, "what is not collected stays")
            made.run("run", check=0)
            process, base = more(4000)
            self.assertLess(size(), before, "what was collected went, and as much came")
            status, said = push(base, made.token(), [row(3, **wide), row(5999, **wide)])
            self.assertEqual(said["duplicate"], 2, said)
            stop(process)
            made.run("run", check=0)
            process, base = made.up()
            self.assertEqual(push(base, made.token(), [row(6000, **wide)])[1]["accepted"], 1)
            self.assertLess(size(), 3 << 19)
            stop(process)
            made.run("run", check=0)
            self.assertEqual(sorted(shown(made, "id")), list(range(6001)))
            self.assertEqual(made.run("fsck").returncode, 0)

    def test_a_few_rows_are_collected_by_a_run_at_once(self):
        with project() as made:
            made.run("run", check=0)
            self.assertEqual(made.json("data"), [], "nothing was pushed yet")
            process, base = made.up()
            push(base, made.token(), [row(0), row(1)])
            stop(process)
            copy = made.path("copy")
            made.run("backup", copy, check=0)
            made.run("run", check=0)
            self.assertEqual(collected(made), [2])
            made.run("run", check=0)
            self.assertEqual(collected(made), [2], "nothing new, no version")
            fresh = made.path("fresh")
            os.makedirs(fresh)
            made.run("restore", copy, folder=fresh, check=0)
            made.run("run", folder=fresh, check=0)
            again = json.loads(made.run("data", "--json", folder=fresh, check=0).stdout)
            self.assertEqual([v["rows"] for v in again], [2], "the backup has what was pushed")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
