#!/usr/bin/env python3
"""What is installed finds all that it opens beside itself, and nothing in the folder of its build.

usage: install_test.py PROGRAM SOURCE_DIR
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = os.path.dirname(os.path.abspath(sys.argv[1]))
SOURCE = sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows  # noqa: E402

GLIBC = {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1",
         "ld-linux-x86-64.so.2"}


def needed(path):
    said = subprocess.run(["readelf", "-d", path], check=True, capture_output=True, text=True)
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", said.stdout))


class Install(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rondo-install-")
        self.addCleanup(shutil.rmtree, self.folder)
        subprocess.run(["cmake", "--install", BUILD, "--prefix", self.folder], check=True,
                       capture_output=True)
        self.program = os.path.join(self.folder, "bin", "rondo")
        self.carried = os.path.join(self.folder, "lib", "rondo")

    def test_each_library_is_carried_once_and_with_what_it_needs(self):
        names = set(os.listdir(self.carried))
        wanted = {"libduckdb.so", "lib_lightgbm.so", "librondo_grpc.so",
                  "libadbc_driver_postgresql.so", "libadbc_driver_sqlite.so"}
        for name in sorted(names):
            self.assertLessEqual(needed(os.path.join(self.carried, name)) - GLIBC, names)
            wanted |= needed(os.path.join(self.carried, name)) - GLIBC
        wanted |= {name for name in needed(self.program) if "simdjson" in name}
        self.assertEqual(names, wanted)

    def test_what_is_carried_is_what_is_opened(self):
        with Project(self.program, rows(20), rounds=5) as project:
            env = {"LD_DEBUG": "libs", "LD_DEBUG_OUTPUT": project.path("opened")}
            project.run("run", env=env, check=0)
            project.run("data", "show", env=env, check=0)
            # Workers, which open it, may not write down what they open: here the program does.
            project.run("version", env=dict(
                env, LD_PRELOAD=os.path.join(self.carried, "lib_lightgbm.so"),
                ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0"), check=0)
            opened = set()
            for path in glob.glob(project.path("opened.*")):
                with open(path) as file:
                    opened |= set(re.findall(r"calling init: (\S+)", file.read()))
        names = ["libstdc++.so.6", "libgomp.so.1"]  # by RPATH
        if not any(name.startswith("libasan") for name in needed(self.program)):
            names.append("libduckdb.so")  # else it is libasan that opens, $ORIGIN
        for name in names:
            found = {os.path.dirname(os.path.realpath(path)) for path in opened
                     if os.path.basename(path) == name}
            self.assertEqual(found, {os.path.realpath(self.carried)}, name)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
