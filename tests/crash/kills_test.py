#!/usr/bin/env python3
"""kill -9 at random moments: the next start goes on, without a flag, and ends with the same facts.

usage: kills_test.py PROGRAM SOURCE_DIR     20 kills; RONDO_FULL=1: 200
The oracle is an undisturbed replay of the same project: facts, digests and models must be equal.
"""
import collections
import os
import random
import signal
import subprocess
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows, write_csv  # noqa: E402

KILLS = 200 if os.environ.get("RONDO_FULL") else 20
REPLAY = ("replay", "--from", "2024-01-12", "--into")


def make(**settings):
    # The level rises after day 20, so that an alarm, a refusal or a second model is in the story.
    return Project(PROGRAM, rows(28, shift=lambda day: 0 if day < 20 else 25), rounds=10,
                   cool_down="0s", **settings)


class Kills(unittest.TestCase):
    def test_replay_ends_with_the_same_facts(self):
        with make() as project:
            began = time.monotonic()
            project.run(*REPLAY, "whole", check=0)
            length = time.monotonic() - began
            whole = project.facts(project.path("whole"))
            self.assertTrue(any(f["kind"] == "deployed" for f in whole))
            chance = random.Random(7)
            kills = 0
            turn = 0
            while kills < KILLS:
                turn += 1
                into = project.path("cut%d" % turn)
                done = False
                while not done:
                    process = subprocess.Popen([project.program, *REPLAY, into],
                                               cwd=project.folder, stdout=subprocess.DEVNULL,
                                               stderr=subprocess.PIPE)
                    try:
                        process.wait(chance.uniform(0.02, length))
                        self.assertEqual(process.returncode, 0, process.stderr.read().decode())
                        done = True
                    except subprocess.TimeoutExpired:
                        process.send_signal(signal.SIGKILL)
                        process.wait()
                        kills += 1
                    process.stderr.close()
                self.same(whole, project.facts(into))
                self.assertEqual(project.run("fsck", folder=into).returncode, 0)
        print("%d kills, %d replays finished with the same facts" % (kills, turn))

    def same(self, whole, cut):
        for a, b in zip(whole, cut):
            self.assertEqual(a, b)
        self.assertEqual(len(whole), len(cut))
        finished = collections.Counter(f["step"] for f in cut if f["kind"] == "step_finished")
        self.assertTrue(all(count == 1 for count in finished.values()), finished)

    def test_threads_do_not_change_the_facts(self):
        seen = []
        for threads in (1, 2):
            with make(threads=threads) as project:
                project.run(*REPLAY, "lived", check=0)
                seen.append(project.facts(project.path("lived")))
        self.same(*seen)

    def test_predictions_go_on_while_the_worker_is_killed(self):
        """The training is killed once, RONDO_FULL=1: twice; its third attempt may live."""
        kills = 2 if os.environ.get("RONDO_FULL") else 1
        with Project(PROGRAM, rows(30), rounds=10, cool_down="0s") as project:
            project.run("run", check=0)
            # Each worker that trains sleeps before it writes, so that it can be met.
            up, base = project.up(env={"RONDO_FAILPOINTS": "candidate_write=sleep:2500"})
            write_csv(project.path("rows.csv"), rows(10, seed=2, first=30), "a")
            status, said = ask(base, "/api/v1/trigger", {"why": "test"}, token=project.token())
            self.assertEqual(status, 200, said)
            killed, answered, ended = set(), 0, []
            until = time.monotonic() + 60
            while not ended:
                self.assertLess(time.monotonic(), until, "%d workers were killed" % len(killed))
                status, said = ask(base, "/api/v1/predict", {"rows": [{"x": 1.5, "kind": "a"}]})
                self.assertEqual(status, 200, said)
                answered += 1
                training = [pid for pid in self.workers(up.pid) if pid not in killed]
                if len(killed) < kills and training:
                    os.kill(training[0], signal.SIGKILL)
                    killed.add(training[0])
                ended = [row for row in ask(base, "/api/v1/history")[1][6:]
                         if row["stage"] == "Model Training" and row["result"]]
            self.assertEqual(len(killed), kills)
            self.assertGreater(answered, 5)
            self.assertEqual(ended[0]["result"], "trained", ended)
            failed = project.query("SELECT body FROM journal WHERE kind = 'attempt_failed' AND "
                                   "step = ?", ended[0]["step"])
            self.assertEqual(len(failed), kills, failed)
            self.assertTrue(all("signal 9" in body for body, in failed), failed)
            up.send_signal(signal.SIGTERM)
            self.assertEqual(up.wait(60), 0)
            self.assertEqual(project.run("fsck").returncode, 0)

    @staticmethod
    def workers(parent):
        """The children of `parent` that train."""
        found = []
        for name in os.listdir("/proc"):
            try:
                with open("/proc/%s/stat" % name) as file:
                    of = int(file.read().rsplit(")", 1)[1].split()[1])
                with open("/proc/%s/environ" % name) as file:
                    inside = file.read()
                if of == parent and "-train" in inside:
                    found.append(int(name))
            except (OSError, ValueError):
                continue
        return found


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
