#!/usr/bin/env python3
"""A rollout over a real `up`: shares grow under load until the new version serves all, each reply
is its named version's own answer, a kill in the middle changes nothing, and people may end it.

usage: rollout_test.py PROGRAM SOURCE_DIR
"""
import os
import shutil
import signal
import sys
import threading
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows, write_csv  # noqa: E402

CANARY = """[deploy]
canary = {canary}
shadow_rows = {shadow_rows}
canary_rows = {canary_rows}
canary_time = "1s"
guard_errors = 0.2
guard_latency = 1000
rollback_window = "1h"
"""
TIME = "2024-02-20T09:00:00Z"
ROWS = [{"x": x / 2, "kind": kind, "_time": TIME} for x in range(8) for kind in "abc"]
PATIENCE = 120  # seconds, for what the loop does in a few


MADE = {}  # two versions, by their rollout: training them takes longest


def two_versions(canary="[50]", canary_rows=1000000, shadow_rows=0):
    """A project in which v1 serves; v2 is registered and waits for traffic."""
    if (canary, shadow_rows) not in MADE:
        made = Project(PROGRAM, rows(20), rounds=5, cool_down="0s", prepare="", label_delay="0s")
        MADE[canary, shadow_rows] = made
        settle(made, canary, canary_rows, shadow_rows)
        made.run("run", check=0)
        write_csv(made.path("rows.csv"), rows(20, seed=2, first=20), "a")
        made.run("trigger", check=0)
        made.run("run", check=0)
        status = made.json("status")
        assert status["champion"]["version"] == 1, status
        assert status["rollout"]["challenger"] == 2, status["rollout"]
        assert "v2 is being rolled out" in status["waiting_for"], status
    copy = Project(PROGRAM)
    shutil.copytree(MADE[canary, shadow_rows].folder, copy.folder, dirs_exist_ok=True)
    settle(copy, canary, canary_rows, shadow_rows)
    return copy


def settle(p, canary, canary_rows, shadow_rows):
    with open(p.path("rondo.toml")) as file:
        before, rest = file.read().split("[deploy]\n")
    rest = rest[rest.index("listen ="):]
    p.write("rondo.toml", before + CANARY.format(
        canary=canary, shadow_rows=shadow_rows, canary_rows=canary_rows) + rest)


def tearDownModule():
    for made in MADE.values():
        made.__exit__()


def golden(base, version):
    """What a version answers to each of ROWS, asked by its name."""
    status, said = ask(base, "/v2/models/toy/versions/%d/infer" % version, {"rows": ROWS})
    assert status == 200, said
    return [one["value"] for one in said["predictions"]]


def until(what, true, load=None):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = true()
        if value:
            return value
        if load:
            load()
        time.sleep(0.05)
    raise AssertionError("never: " + what)


class Load:
    """Threads that ask for one row after another, each under its own key, and hold every reply
    against the answer of the version that it names."""

    def __init__(self, base, answers, threads=3):
        self.base, self.answers = base, answers
        self.stop, self.wrong, self.versions, self.by_key = threading.Event(), [], set(), {}
        self.threads = [threading.Thread(target=self.run, args=(n,)) for n in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        sent = number
        while not self.stop.is_set():
            place, key = sent % len(ROWS), "caller-%d" % (sent % 50)
            try:
                status, said = ask(self.base, "/api/v1/predict", {"rows": [ROWS[place]]},
                                   headers={"Rondo-Split-Key": key})
                one = said["predictions"][0]
                version = one["model_version"]
                if status != 200 or one["value"] != self.answers[version][place]:
                    self.wrong.append((status, said))
                self.versions.add(version)
                self.by_key.setdefault(key, []).append(version)
            except Exception as error:  # noqa: BLE001 - whatever it is, a request failed
                self.wrong.append(repr(error))
            sent += 3

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(60)


class Rollout(unittest.TestCase):
    def test_shares_grow_under_load_and_labels_can_take_it_back(self):
        with two_versions("[20, 60, 100]", 40, 30) as p:
            process, base = p.up()
            answers = {version: golden(base, version) for version in (1, 2)}
            self.assertNotEqual(answers[1], answers[2])
            load = Load(base, answers)
            try:
                until("v2 serves", lambda: p.json("status")["champion"]["version"] == 2)
            finally:
                load.end()
            self.assertEqual(load.wrong, [])
            self.assertEqual(load.versions, {1, 2})
            for key, versions in load.by_key.items():
                grown = sorted(versions) == versions  # who got v2 keeps it
                self.assertTrue(grown, (key, versions))
            why = p.json("why", "v2")["paragraph"]
            for sentence in ("began to score unseen beside v1", "v2 got 20 % of the requests",
                             "v2 got 60 % of the requests", "v2 takes over from v1",
                             "v2 stays at 20 % until it has answered 40 rows"):
                self.assertIn(sentence, why)
            decisions = [f["body"] for f in p.facts() if f["kind"] == "decision" and
                         f["body"].get("about") == "rollout"]
            self.assertEqual([d["answer"] for d in decisions if d["answer"] != "hold"],
                             ["advance", "advance", "promote"])
            for decision in decisions:
                for guard in ("errors", "latency", "scores", "loss"):
                    self.assertIn(guard + "_evidence", decision["numbers"])
            # The former model still scores what is asked; labels that only it foresaw arrive.
            status, said = ask(base, "/api/v1/deployments")
            self.assertEqual((status, said["rollout"]["phase"], said["champion"]),
                             (200, "watched", 2))
            token = p.token()

            def tell_labels():
                _, got = ask(base, "/api/v1/predict", {"rows": [ROWS[0]]})
                label = {"id": got["predictions"][0]["id"], "label": answers[1][0]}
                far = abs(answers[2][0] - answers[1][0])
                self.assertGreater(far, 0)
                ask(base, "/api/v1/feedback", {"labels": [label]}, token=token)
            tell_labels()
            _, metrics = ask(base, "/metrics", token=token)
            self.assertIn('guard="loss"', metrics)
            self.assertIn('rondo_swaps_total{model="toy",result="promoted"} 2', metrics)
            record = until("a paired record", lambda: self.record_of(base, token, answers))
            self.assertEqual(record["shadow"]["model_version"], 1)
            self.assertEqual(record["shadow"]["value"], answers[1][3])
            self.assertEqual(record["share_percent"], 100)
            p.run("rollback", "--why", "I do not like it", check=0)
            status, said = ask(base, "/api/v1/predict", {"rows": [ROWS[0]]})
            until("v1 answers again", lambda: ask(base, "/api/v1/predict", {"rows": [ROWS[0]]})[1]
                  ["predictions"][0]["model_version"] == 1)
            self.assertIsNone(p.json("status")["rollout"])
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(60), 0)
            p.run("fsck", check=0)

    def record_of(self, base, token, answers):
        _, got = ask(base, "/api/v1/predict", {"rows": [ROWS[3]]})
        name = got["predictions"][0]["id"]
        time.sleep(0.5)  # a record is written behind its reply
        status, said = ask(base, "/api/v1/predictions/" + name, token=token)
        return said if status == 200 and "shadow" in said else None

    def test_labels_that_a_new_model_misses_take_it_back(self):
        with two_versions() as p:
            with open(p.path("rondo.toml")) as file:
                text = file.read()
            p.write("rondo.toml", text.replace("guard_errors", "guard_loss = 0.0\nguard_errors"))
            process, base = p.up()
            answers = {version: golden(base, version) for version in (1, 2)}
            token = p.token()
            far = max(range(len(ROWS)), key=lambda i: abs(answers[1][i] - answers[2][i]))

            def labelled():
                _, got = ask(base, "/api/v1/predict", {"rows": [ROWS[far]] * 1})
                ask(base, "/api/v1/feedback", {"labels": [
                    {"id": one["id"], "label": answers[1][far]} for one in got["predictions"]]},
                    token=token)
            until("v2 is taken back", lambda: p.json("status")["rollout"] is None,
                  lambda: [labelled() for _ in range(40)])
            status = p.json("status")
            self.assertEqual(status["champion"]["version"], 1)
            self.assertIn("v2 is taken back: its loss is", p.json("why", "v2")["paragraph"])
            states = {m["version"]: m["stage_of_life"] for m in p.json("models")}
            self.assertEqual(states, {1: "champion", 2: "retired"})
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(60), 0)

    def test_what_took_over_at_once_is_taken_back_by_its_labels(self):
        with Project(PROGRAM, rows(20), rounds=5, cool_down="0s", prepare="",
                     label_delay="0s") as p:
            settle(p, "[]", 1000, 0)
            with open(p.path("rondo.toml")) as file:
                text = file.read()
            p.write("rondo.toml", text.replace("guard_errors", "guard_loss = 0.0\nguard_errors"))
            p.run("run", check=0)
            self.assertIsNone(p.json("status")["rollout"], "there is nothing to go back to")
            write_csv(p.path("rows.csv"), rows(20, seed=2, first=20), "a")
            p.run("trigger", check=0)
            p.run("run", check=0)
            status = p.json("status")
            self.assertEqual((status["champion"]["version"], status["rollout"]["phase"]),
                             (2, "watched"))
            process, base = p.up()
            answers = {version: golden(base, version) for version in (1, 2)}
            token = p.token()
            far = max(range(len(ROWS)), key=lambda i: abs(answers[1][i] - answers[2][i]))

            def labelled():
                _, got = ask(base, "/api/v1/predict", {"rows": [ROWS[far]]})
                self.assertIn(got["predictions"][0]["model_version"], (1, 2))
                ask(base, "/api/v1/feedback", {"labels": [
                    {"id": one["id"], "label": answers[1][far]} for one in got["predictions"]]},
                    token=token)
            until("v1 serves again", lambda: p.json("status")["champion"]["version"] == 1,
                  lambda: [labelled() for _ in range(40)])
            self.assertIsNone(p.json("status")["rollout"])
            said = p.json("why", "v2", "--again")
            self.assertIn("v2 is taken back: its loss is", said["paragraph"])
            self.assertIn("roll back", {one["answer"] for one in said["again"]})
            every = p.json("why", "--again")["again"]
            self.assertGreater(len(every), len(said["again"]), "Monitoring decided too")
            for one in every:
                self.assertEqual((one["same"], one["snapshot"]), (True, True), one)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(60), 0)

    def test_a_kill_in_the_middle_changes_nothing(self):
        with two_versions(canary_rows=60) as p:
            seen = []
            for turn in range(3):
                process, base = p.up()
                answers = {version: golden(base, version) for version in (1, 2)}
                rollout = p.json("status")["rollout"]
                self.assertEqual((rollout["challenger"], rollout["share_percent"]), (2, 50))
                for n in range(30):
                    place = n % len(ROWS)
                    status, said = ask(base, "/api/v1/predict", {"rows": [ROWS[place]]},
                                       headers={"Rondo-Split-Key": "k%d" % n})
                    one = said["predictions"][0]
                    self.assertEqual(one["value"], answers[one["model_version"]][place])
                    if turn == 0:
                        seen.append(one["model_version"])
                    else:
                        self.assertEqual(one["model_version"], seen[n], "the split is the same")
                time.sleep(0.5)  # records are written behind the reply
                process.kill()
                process.wait()
            self.assertEqual(set(seen), {1, 2})
            process, base = p.up()
            answers = {version: golden(base, version) for version in (1, 2)}
            load = Load(base, answers)
            try:
                until("v2 serves", lambda: p.json("status")["champion"]["version"] == 2)
            finally:
                load.end()
            self.assertEqual(load.wrong, [])
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(60), 0)

    def test_people_end_it_in_their_name(self):
        for act, champion in (("rollback", 1), ("promote", 2)):
            with two_versions() as p:
                process, base = p.up()
                status, said = ask(base, "/v2/repository/models/toy/unload",
                                   {"parameters": {"version": "2"}}, token=p.token())
                self.assertEqual(status, 400, said)
                self.assertIn("is being rolled out", said["error"])
                write_csv(p.path("rows.csv"), rows(20, seed=3, first=40), "a")
                p.run("trigger", check=0)
                p.run(act, "--why", "we know better", check=0)
                until("one version serves", lambda: ask(
                    base, "/api/v1/predict", {"rows": [ROWS[0]]})[1]["predictions"][0]
                    ["model_version"] == champion)
                paragraph = p.json("why", "v2")["paragraph"]
                said = [f for f in p.facts() if f["kind"] == "person" and
                        f["body"]["act"] == act][0]
                self.assertEqual(said["body"]["why"], "we know better")
                if act == "rollback":
                    self.assertIn("the rollout of v2 ended (%s: we know better)" %
                                  said["body"]["who"], paragraph)
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(60), 0)


ATTACKS = [(point, "promote") for point in (
    "promote_begin", "promote_after_commit", "swap", "facts_before_commit", "facts_after_commit",
    "pipeline_load", "decision_append")] + [(point, "rollback") for point in (
        "rollback", "promote_after_commit", "facts_after_commit")]


class Kills(unittest.TestCase):
    """Killed at each point of a promotion and of a rollback: one champion, and it is served."""

    def test_one_champion_always_served(self):
        died = set()
        for point, act in ATTACKS:
            with self.subTest(point=point, act=act), two_versions() as p:
                armed = {"RONDO_FAILPOINTS": "%s=crash@1" % point}
                try:
                    process, base = p.up(env=armed)
                    ask(base, "/api/v1/predict", {"rows": [ROWS[0]]})
                    ask(base, "/api/v1/" + act, {"why": "test"}, token=p.token())
                    process.send_signal(signal.SIGTERM)
                except (OSError, AssertionError, KeyError):
                    process = p.started[-1]
                if process.wait(60) != 0:
                    died.add((point, act))
                process, base = p.up()
                # A request that a kill left open is answered now, at the latest.
                until("what was asked is done", lambda: p.query(
                    "SELECT count(*) FROM requests WHERE result IS NULL") == [(0,)])
                said = until("what was decided serves", lambda: self.settled(base))
                for _ in range(20):
                    status, got = ask(base, "/api/v1/predict", {"rows": [ROWS[0]]})
                    self.assertEqual(status, 200, got)
                    allowed = {said["champion"]}
                    if said["rollout"]:
                        allowed |= {said["rollout"]["challenger"]}
                    self.assertIn(got["predictions"][0]["model_version"], allowed)
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(60), 0)
                self.assertEqual(p.json("status")["champion"]["version"], said["champion"])
                p.run("fsck", check=0)
        self.assertEqual(set(ATTACKS) - died, set(), "attacks that killed nothing")

    def settled(self, base):
        status, said = ask(base, "/api/v1/deployments")
        self.assertEqual(status, 200, said)
        status, got = ask(base, "/api/v1/predict", {"rows": [ROWS[0]]})
        self.assertEqual(status, 200, got)
        version = got["predictions"][0]["model_version"]
        challenger = said["rollout"]["challenger"] if said["rollout"] else None
        return said if version in (said["champion"], challenger) else None


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
