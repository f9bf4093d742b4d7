#!/usr/bin/env python3
"""What a shell completes is what the help of the program lists: one table makes both.

usage: completion_test.py PROGRAM SOURCE_DIR
"""
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]


def said(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60,
                          check=True).stdout


def commands():
    return re.findall(r"^  ([a-z-]+) +\S", said("--help"), re.M)


def flags(command):
    part = said(command, "--help").partition("\nFlags\n")[2].partition("\nExamples\n")[0]
    return re.findall(r"^  (-[-a-zA-Z]+)", part, re.M)


class Completion(unittest.TestCase):
    def in_bash(self, *typed):
        """What bash offers for the last of the words."""
        script = said("completion", "bash") + (
            'COMP_WORDS=(rondo "$@"); COMP_CWORD=$#; _rondo; printf "%s\\n" "${COMPREPLY[@]}"')
        with tempfile.TemporaryDirectory() as empty:
            done = subprocess.run(["bash", "-c", script, "bash", *typed], capture_output=True,
                                  text=True, timeout=60, cwd=empty)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash_knows_each_command_and_flag(self):
        self.assertGreater(len(commands()), 30)
        self.assertLessEqual(set(commands()), set(self.in_bash("")))
        for command in commands():
            self.assertLessEqual(set(flags(command)), set(self.in_bash(command, "-")), command)

    def test_bash_in_detail(self):
        self.assertEqual(self.in_bash("compl"), ["completion"])
        self.assertEqual(self.in_bash("-C", "x", "rollb"), ["rollback"])
        self.assertEqual(self.in_bash("token", "cr"), ["create"])
        self.assertLessEqual({"bash", "zsh", "fish"}, set(self.in_bash("completion", "")))
        self.assertEqual(self.in_bash("status", "--color", "al"), ["always"])
        self.assertNotIn("worker", self.in_bash(""))

    def test_zsh_and_fish_name_each_command_and_flag(self):
        zsh, fish = said("completion", "zsh"), said("completion", "fish")
        for command in commands():
            self.assertIn("'%s:" % command, zsh)
            line = next(one for one in zsh.splitlines() if one.strip().startswith(command + ")"))
            own = [one for one in fish.splitlines()
                   if "__fish_seen_subcommand_from %s'" % command in one]
            self.assertIn("-a %s -d" % command, fish)
            for flag in flags(command):
                self.assertIn(flag + "[", line)
                name = "-l " + flag[2:] if flag.startswith("--") else "-s " + flag[1:]
                self.assertTrue(any(name + " " in one for one in own), (command, flag))

    def test_the_shells_read_them(self):
        for shell in ("bash", "zsh", "fish"):
            if shutil.which(shell) is None:
                continue
            done = subprocess.run([shell, "-n"], input=said("completion", shell), text=True,
                                  capture_output=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""), shell)

    def test_another_shell_is_refused(self):
        done = subprocess.run([PROGRAM, "completion", "csh"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("bash, zsh or fish", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
