#!/usr/bin/env python3
"""Every failpoint, armed to fail, to write short or to die; then a restart without it.

usage: failpoints_test.py PROGRAM SOURCE_DIR [POINT...]
Each point once (the action goes round); RONDO_FULL=1: every action at the 1st, 2nd and 5th hit.
After the fault: `run` goes on, `fsck` is clean, each acknowledged label is there. A point that no
story hits fails the test, and so does one whose attacks did not fire: what was not reached was not
survived. A process notes the points that it hits (RONDO_FAILPOINT_LOG), so an attack at the 1st hit
fired when its point stands there; at a later hit a crash shows in who was killed, and the others
are counted with the crash at the same hit of the same story.
"""
import concurrent.futures
import os
import re
import shutil
import signal
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
WANTED = sys.argv[3:]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows, write_csv  # noqa: E402

FULL = bool(os.environ.get("RONDO_FULL"))
ACTIONS = ("crash", "error", "short")
ROW = {"x": 1.5, "kind": "a"}


def points():
    with open(os.path.join(SOURCE, "src", "base", "failpoints.def")) as file:
        names = re.findall(r"FAILPOINT\(k(\w+),", file.read())
    return [re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower() for name in names]


def project():
    return Project(PROGRAM, rows(9), rounds=3, cool_down="0s")


# Stories: each gets a project and an environment with the armed point. `acked` gathers the labels
# that were acknowledged. None checks an exit code: under a fault anything but a lie is right.

def run_story(p, env, acked):
    p.run("run", env=env)
    write_csv(p.path("rows.csv"), rows(4, seed=2, first=9), "a")
    with open(p.path("rows.csv"), "a") as file:
        file.write("2024-01-14 00:00:00,low,a,30\n")  # a row that is rejected
    p.run("run", env=env)


def input_story(p, env, acked):
    """What was piped in and not taken is piped in again."""
    p.write("rondo.toml", p.text("rondo.toml").replace('"rows.csv"', '"-"'))
    table = p.text("rows.csv")
    p.run("run", env=env, stdin=table)
    p.run("trigger")
    p.run("run", stdin=table, check=0)
    assert {version["rows"] for version in p.json("data")} == {9 * 24}


def search_story(p, env, acked):
    p.write("rondo.toml", p.text("rondo.toml").replace('"1 candidate"', '"3 candidates"'))
    p.run("run", env=env)
    p.run("trigger", check=0)  # a step that failed in all its attempts waits for somebody
    p.run("run")
    tried = [fact["body"]["evidence"]["tried"] for fact in p.facts()
             if fact["kind"] == "step_finished" and "tried" in fact["body"]["evidence"]]
    assert tried and all(len(one) == 3 for one in tried), tried


def replay_story(p, env, acked):
    write_csv(p.path("rows.csv"), rows(6, seed=2, first=9), "a")  # days that can be judged
    p.run("replay", "--into", p.path("replayed"), "--from", "2024-01-07", env=env)
    p.run("replay", "--into", p.path("replayed"), "--from", "2024-01-07", check=0)
    assert p.run("fsck", folder=p.path("replayed")).returncode == 0


def up_story(p, env, acked):
    p.run("run")
    try:
        process, base = p.up(env=env)
    except AssertionError:
        return
    try:
        token = p.token()
        for number in range(3):
            status, said = ask(base, "/api/v1/predict", {"rows": [ROW, ROW]})
            labels = [{"id": one["id"], "label": 30 + number} for one in said["predictions"]]
            status, said = ask(base, "/api/v1/feedback", {"labels": labels}, token=token)
            if status == 200 and said["accepted"] == 2:
                acked.extend(labels)
        write_csv(p.path("rows.csv"), rows(4, seed=2, first=9), "a")
        ask(base, "/api/v1/trigger", {"why": "test"}, token=token)
        p.run("pause", env=env)
        p.run("resume", env=env)
        ask(base, "/api/v1/rollback", {"why": "test"}, token=token)
    except (OSError, KeyError, TypeError, AttributeError):
        pass  # the server died in the middle: that is what this is about
    process.send_signal(signal.SIGTERM)
    process.wait(60)


def decide_story(p, env, acked):
    p.run("run")
    write_csv(p.path("rows.csv"), rows(30, seed=2, first=9), "a")
    p.run("trigger")
    p.run("run")
    p.run("pause", env=env)
    p.run("resume", env=env)
    p.run("rollback", env=env)
    p.run("promote", "v1", env=env)


def care_story(p, env, acked):
    p.run("run")
    left = p.path(".rondo", "objects", "00")
    os.makedirs(left, exist_ok=True)
    old = os.path.join(left, "0" * 62)
    with open(old, "w") as file:
        file.write("left behind")
    os.utime(old, (1, 1))
    p.run("gc", env=env)
    if p.run("backup", p.path("copy"), env=env).returncode != 0:
        shutil.rmtree(p.path("copy"), ignore_errors=True)
        p.run("backup", p.path("copy"), check=0)
    if os.path.exists(old):
        p.run("gc", check=0)
    fresh = p.path("fresh")
    os.makedirs(fresh)
    shutil.copy(p.path("rondo.toml"), fresh)
    if p.run("restore", p.path("copy"), env=env, folder=fresh).returncode != 0:
        shutil.rmtree(os.path.join(fresh, ".rondo"), ignore_errors=True)
        p.run("restore", p.path("copy"), folder=fresh, check=0)
    assert p.run("fsck", folder=fresh).returncode == 0


def predict_story(p, env, acked):
    p.run("run")
    whole = p.run("predict", "rows.csv", check=0).stdout
    p.run("predict", "rows.csv", "-o", "scored.csv", env=env)
    if os.path.exists(p.path("scored.csv")):  # whole or not there
        with open(p.path("scored.csv")) as file:
            assert file.read() == whole
    p.run("predict", "rows.csv", "-o", "scored.csv", check=0)
    with open(p.path("scored.csv")) as file:
        assert file.read() == whole


def torn_story(p, env, acked):
    p.run("run")
    process, base = p.up()
    ask(base, "/api/v1/predict", {"rows": [ROW]})
    time.sleep(0.5)  # the log is written behind the reply
    process.kill()
    process.wait()
    p.started.remove(process)  # whoever else ends by a signal met the failpoint
    process.stdout.close()
    process.stderr.close()
    logs = sorted(os.listdir(p.path(".rondo", "log")))
    segments = [name for name in logs if name.endswith(".rlog")]
    if segments:
        with open(p.path(".rondo", "log", segments[-1]), "ab") as file:
            file.write(b"\x01\x02\x03 a torn record")
    up_story(p, env, acked)


def lease_story(p, env, acked):
    """The lease is renewed each 3 s; the others are over by then."""
    p.run("run")
    try:
        process, _ = p.up(env=env)
    except AssertionError:
        return
    time.sleep(3.5)
    process.send_signal(signal.SIGTERM)
    process.wait(60)


def log_story(p, env, acked):
    """The log of the first server is larger than it may be for the second."""
    p.run("run")
    process, base = p.up()
    for _ in range(3):
        ask(base, "/api/v1/predict", {"rows": [ROW] * 400})
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    with open(p.path("rondo.toml")) as file:
        text = file.read()
    p.write("rondo.toml", text.replace("[deploy]\n", '[deploy]\nlog_size = "64KiB"\n'))
    try:
        process, base = p.up(env=env)
    except AssertionError:
        return
    try:
        ask(base, "/api/v1/predict", {"rows": [ROW]})  # begins the next segment
    except OSError:
        pass
    time.sleep(3)
    process.send_signal(signal.SIGTERM)
    process.wait(60)


# They stop a server in the middle of whatever its loop is doing, so how far it gets is chance.
CUT_SHORT = (up_story, torn_story)
STORIES = (run_story, input_story, search_story, replay_story, up_story, decide_story,
           care_story, predict_story, torn_story, lease_story, log_story)


def names_in(log):
    if not os.path.exists(log):
        return set()
    with open(log) as file:
        return set(file.read().split())


def hits_of(story):
    with project() as p:
        log = p.path("hits")
        story(p, {"RONDO_FAILPOINT_LOG": log}, [])
        return names_in(log)


def somebody_was_killed(p):
    """Whether the program, or a worker of it, ended by SIGKILL."""
    if -signal.SIGKILL in p.ends + [process.poll() for process in p.started]:
        return True
    if any("ended by signal 9" in said for said in p.errors):  # of the worker of `predict`
        return True
    for folder in (p.folder, p.path("replayed")):
        if os.path.exists(os.path.join(folder, ".rondo", "rondo.db")) and p.query(
                "SELECT 1 FROM journal WHERE kind = 'attempt_failed' AND "
                "body LIKE '%ended with signal 9%'", folder=folder):
            return True
    return False


def attack(story, point, action, count):
    """Returns a sentence about what went wrong, or nothing; and whether the armed hit was reached
    (None: nobody can tell)."""
    what = "%s=%s@%d in %s" % (point, action, count, story.__name__)
    fired = None
    with project() as p:
        acked = []
        try:
            log = p.path("hits")
            story(p, {"RONDO_FAILPOINTS": "%s=%s@%d" % (point, action, count),
                      "RONDO_FAILPOINT_LOG": log}, acked)
            if count == 1:
                fired = point in names_in(log)
            if action == "crash":
                killed = somebody_was_killed(p)
                if count == 1 and killed != fired:
                    return "%s: hit %s, killed %s" % (what, fired, killed), fired
                fired = killed
            done = p.run("run", timeout=120)
            if done.returncode not in (0, 4):
                return "%s: run after it ended with %d: %s" % (what, done.returncode,
                                                               done.stderr), fired
            done = p.run("fsck")
            if done.returncode != 0:
                return "%s: fsck: %s%s" % (what, done.stdout, done.stderr), fired
            if acked:
                process, base = p.up()
                status, said = ask(base, "/api/v1/feedback", {"labels": acked}, token=p.token())
                if status != 200 or said["duplicate"] != len(acked):
                    return "%s: %d labels were acknowledged, now %s" % (what, len(acked),
                                                                        said), fired
                process.send_signal(signal.SIGTERM)
                process.wait(60)
        except Exception as error:  # noqa: BLE001: every kind of end is a finding with its place
            return "%s: %s: %s" % (what, type(error).__name__, error), fired
    return None, fired


class Failpoints(unittest.TestCase):
    def test_every_point(self):
        names = points()
        self.assertGreaterEqual(len(names), 40)
        self.assertFalse([name for name in WANTED if name not in names])
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            hits = dict(zip(STORIES, pool.map(hits_of, STORIES)))
            never = [n for n in names if not any(n in found for found in hits.values())]
            jobs = []
            for place, point in enumerate(WANTED or names):
                stories = [story for story in STORIES if point in hits[story]]
                if point == "lease_renew":  # others last for 3 s only on a busy machine
                    stories = [lease_story]
                if FULL:
                    jobs += [(s, point, a, n) for s in stories for a in ACTIONS
                             for n in (1, 2, 5)]
                elif stories:
                    jobs.append((stories[0], point, ACTIONS[place % 3], 1))
            said = dict(zip(jobs, pool.map(lambda job: attack(*job), jobs)))
        wrong = [sentence for sentence, _ in said.values() if sentence]
        fired = self.fired(said)
        print("%d points, %d attacks, %d of them fired" % (len(names), len(jobs), len(fired)))
        reached = {(point, action) for _, point, action, count in fired if count == 1}
        idle = ["%s=%s@%d in %s" % (point, action, count, story.__name__)
                for story, point, action, count in jobs
                if count == 1 and (story, point, action, count) not in fired and
                (story not in CUT_SHORT or (point, action) not in reached)]
        spared = {point for _, point, _, _ in jobs} - {point for _, point, _, _ in fired}
        self.assertFalse(wrong, "\n".join(wrong))
        self.assertFalse(never, "no story hits these points: %s" % ", ".join(never))
        self.assertFalse(idle, "armed for the 1st hit, and it never came:\n" + "\n".join(idle))
        self.assertFalse(spared, "no attack on these fired: %s" % ", ".join(sorted(spared)))

    @staticmethod
    def fired(said):
        """The attacks whose hit came; at a later hit `error` and `short` stand with `crash`."""
        sure = {job for job, (_, fired) in said.items() if fired}
        return sure | {(story, point, action, count) for story, point, action, count in said
                       if (story, point, "crash", count) in sure}


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
