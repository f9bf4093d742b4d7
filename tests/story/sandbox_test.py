#!/usr/bin/env python3
"""Workers reach their inputs alone: no other file, whatever a link says, and no network.

usage: sandbox_test.py PROGRAM SOURCE_DIR
"""
import os
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows, write_csv  # noqa: E402


def make(source):
    project = Project(PROGRAM, min_rows=100000)
    with open(project.path("rondo.toml")) as file:
        text = file.read()
    project.write("rondo.toml", text.replace('source = "rows.csv"', "source = " + source))
    os.makedirs(project.path("data"))
    os.makedirs(project.path("elsewhere"))
    write_csv(project.path("data", "a.csv"), rows(9))
    write_csv(project.path("elsewhere", "b.csv"), rows(9, seed=2, first=9))
    return project


class Sandbox(unittest.TestCase):
    def taken(self, project):
        done = [f["body"] for f in project.facts() if f["kind"] == "step_finished"]
        return done[-1]["evidence"].get("rows")

    def test_a_link_out_of_its_folder_is_refused(self):
        with make('"data/*.csv"') as project:
            os.symlink("../elsewhere/b.csv", project.path("data", "b.csv"))
            said = project.run("run", check=3).stderr
            self.assertIn("data/b.csv is a link out of its folder, to", said)
            self.assertIn("elsewhere/b.csv", said)
            self.assertIn('name it in [collect] source: ["data/*.csv", "data/b.csv"]', said)

    def test_a_link_that_is_named_or_stays_is_read(self):
        with make('["data", "named.csv"]') as project:
            os.symlink("elsewhere/b.csv", project.path("named.csv"))
            os.rename(project.path("data", "a.csv"), project.path("data", "a.csv.part"))
            os.symlink("a.csv.part", project.path("data", "linked.csv"))
            project.run("run", check=0)
            self.assertEqual(self.taken(project), 2 * 9 * 24)

    def test_a_worker_is_confined(self):
        """As the kernel tells it: no new privileges, a filter of system calls."""
        with make('"data/*.csv"') as project:
            running = project.start("run", env={"RONDO_FAILPOINTS": "segment_write=sleep:2000"})
            status = None
            while status is None and running.poll() is None:
                time.sleep(0.01)
                status = self.status_of_worker(running.pid)
            self.assertIsNotNone(status, "no worker was met")
            self.assertEqual(status["NoNewPrivs"], "1")
            self.assertEqual(status["Seccomp"], "2")
            self.assertEqual(running.wait(120), 0)

    def test_commands_that_look_at_files_do_so_in_a_worker(self):
        with make('"data/*.csv"') as project:
            os.symlink("../elsewhere/b.csv", project.path("data", "b.csv"))
            for words in (["check"], ["init", "data/*.csv", "--target", "y", "--force"]):
                said = project.run(*words, check=3).stderr
                self.assertIn("data/b.csv is a link out of its folder, to", said)
            os.remove(project.path("data", "b.csv"))
            project.run("run", check=0)
            with open(project.path("data", "a.csv"), "a") as file:
                for _ in range(20000):  # long enough to be met at work
                    file.write("2024-02-01 00:00:00,1.5,a,30\n")
            for words in (["check"], ["init", "data/*.csv", "--target", "y", "--force"],
                          ["feedback", "data/a.csv"], ["drift", "data/a.csv", "data/a.csv"]):
                running = project.start(*words)
                status = None
                while status is None and running.poll() is None:
                    time.sleep(0.01)
                    status = self.status_of_worker(running.pid, "\0%s\0" % words[0])
                self.assertIsNotNone(status, "no worker was met")
                self.assertEqual(status["Seccomp"], "2", words)
                said = running.communicate(timeout=120)[1]
                if words[0] == "feedback":
                    self.assertIn("needs the columns id and label", said)
                else:
                    self.assertEqual(running.returncode, 0, said)

    @staticmethod
    def status_of_worker(parent, words="\0worker\0"):
        for name in os.listdir("/proc"):
            try:
                with open("/proc/%s/status" % name) as file:
                    status = dict(line.rstrip("\n").split(":\t", 1) for line in file)
                with open("/proc/%s/cmdline" % name) as file:
                    worker = words in file.read()
            except (OSError, ValueError):
                continue
            if worker and status.get("PPid") == str(parent) and status["Seccomp"] == "2":
                return status
        return None


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
