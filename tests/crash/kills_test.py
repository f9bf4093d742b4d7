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
from project import Project, rows  # noqa: E402

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

    @unittest.skipUnless(os.environ.get("RONDO_FULL"), "needs a training of some seconds")
    def test_predictions_go_on_while_the_worker_is_killed(self):
        with Project(PROGRAM, rows(30), rounds=3000, cool_down="0s") as project:
            project.run("run", check=0)
            _, base = project.up()
            from project import ask
            status, _ = ask(base, "/api/v1/trigger", {"why": "test"}, token=project.token())
            self.assertEqual(status, 200)
            killed = answered = 0
            row = {"x": 1.5, "kind": "a"}
            until = time.monotonic() + 20
            while time.monotonic() < until and killed < 2:
                status, said = ask(base, "/api/v1/predict", {"rows": [row]})
                self.assertEqual(status, 200, said)
                answered += 1
                listed = subprocess.run(["pgrep", "-f", "exe worker$"], capture_output=True,
                                        text=True).stdout.split()
                for pid in listed:
                    if self.is_child(int(pid), project.started[-1].pid):
                        os.kill(int(pid), signal.SIGKILL)
                        killed += 1
            self.assertGreater(killed, 0, "no worker was seen")
            self.assertGreater(answered, 5)

    @staticmethod
    def is_child(pid, parent):
        try:
            with open("/proc/%d/stat" % pid) as file:
                return int(file.read().rsplit(")", 1)[1].split()[1]) == parent
        except OSError:
            return False


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
