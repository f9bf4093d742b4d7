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
