"""Chromium with a page, for the tests beside this file: drive.mjs drives it and answers one JSON
line to each JSON line that it is sent.
"""
import json
import os
import shutil
import subprocess
import tempfile


def lived(project, since):
    """The address of a server over what a replay since that day lived through; no loop goes on."""
    project.run("replay", "--into", "lived", "--from", since, check=0, timeout=300)
    up = project.start("-C", "lived", "up", "--no-loop", "--listen", "127.0.0.1:0")
    return up.stdout.readline().split(" answers at ")[1].split(" ")[0]


class Browser:
    """Chromium, with a page."""

    def __init__(self, source):
        self.home = tempfile.mkdtemp(prefix="rondo-browser-")
        self.process = subprocess.Popen(
            ["node", os.path.join(source, "tests", "browser", "drive.mjs"),
             os.path.join(source, "build", "browser", "node_modules"), self.home],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, act, **more):
        self.process.stdin.write(json.dumps(dict(more, act=act)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the browser ended at " + act)
        said = json.loads(line)
        if "error" in said:
            raise AssertionError("%s %s: %s" % (act, more, said["error"]))
        return said.get("value")

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.home, ignore_errors=True)

