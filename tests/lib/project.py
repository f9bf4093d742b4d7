"""Small projects for tests: made-up hourly data with a known law, a rondo.toml, and the program.

Everything follows from a seed, so that a failure can be repeated; nothing outside of a scratch
folder is touched, and every process that was started is waited for.
"""
import json
import os
import random
import shutil
import sqlite3
import subprocess
import tempfile

START = "2024-01-01"

TOML = """[project]
name = "{name}"
target = "y"

[collect]
source = "rows.csv"
time = "at"
min_rows = {min_rows}

[prepare]
{prepare}
[train]
budget = "1 candidate"
rounds = {rounds}
threads = {threads}
min_leaf = 5
{train}
[evaluate]
metric = "{metric}"

[deploy]
listen = "127.0.0.1:0"
approve = "{approve}"

[monitor]
label_delay = "{label_delay}"

[loop]
policy = "{policy}"
new_data = {new_data}
cool_down = "{cool_down}"
"""

TREES = 'learners = ["trees"]\n'  # a line would go on with a trend

LAG = """
[[prepare.lag]]
column = "y"
by = "48h"
"""


def law(chance, hour, day, shift=0.0):
    """One row: y depends on the hour, on x and on the day before; noise of standard deviation 1."""
    x = chance.uniform(0, 10)
    kind = chance.choice(["a", "b", "c"])
    level = {"a": 0.0, "b": 5.0, "c": 9.0}[kind]
    y = 20 + 10 * (8 <= hour <= 18) + 2 * x + level + shift + chance.gauss(0, 1)
    return {"at": stamp(day, hour), "x": round(x, 3), "kind": kind, "y": round(y, 3)}


def stamp(day, hour):
    import datetime
    at = datetime.datetime(2024, 1, 1) + datetime.timedelta(days=day, hours=hour)
    return at.strftime("%Y-%m-%d %H:%M:%S")


def day(number):
    """The date of a day of rows(): day(0) is their first."""
    import datetime
    return (datetime.date(2024, 1, 1) + datetime.timedelta(days=number)).isoformat()


def of_kind(facts, kind, after=""):
    return [fact for fact in facts if fact["kind"] == kind and fact["at"] >= after]


def rows(days, seed=1, shift=lambda day: 0.0, first=0, hours=range(24)):
    chance = random.Random(seed)
    return [law(chance, hour, day, shift(day)) for day in range(first, first + days)
            for hour in hours]


def check_metrics(text):
    """What promtool has against a page of numbers; None where it is not installed."""
    if shutil.which("promtool") is None:
        return None
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                          capture_output=True)
    return done.stdout + done.stderr if done.returncode else ""


def write_csv(path, table, mode="w"):
    with open(path, mode) as out:
        if mode == "w":
            out.write(",".join(table[0]) + "\n")
        for row in table:
            out.write(",".join("" if v is None else str(v) for v in row.values()) + "\n")


class Project:
    """A project in a scratch folder. Use as a context manager."""

    def __init__(self, program, table=None, **settings):
        self.program = os.path.abspath(program)
        self.folder = tempfile.mkdtemp(prefix="rondo-test-")
        self.started = []
        self.ends = []  # exit codes of `run`, in their order
        self.errors = []  # and what each said on standard error
        values = {"name": "toy", "min_rows": 100, "rounds": 30, "threads": 0, "approve": "auto",
                  "label_delay": "1d", "policy": "performance", "new_data": 0.1,
                  "cool_down": "1d", "prepare": LAG, "metric": "mae", "train": TREES}
        values.update(settings)
        self.write("rondo.toml", TOML.format(**values))
        if table is not None:
            write_csv(self.path("rows.csv"), table)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def text(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "w") as out:
            out.write(text)

    def run(self, *words, env=None, check=None, timeout=120, folder=None, stdin=""):
        """Runs `rondo WORDS`; `check` is the expected exit code (None: any)."""
        done = subprocess.run([self.program, *words], cwd=folder or self.folder, timeout=timeout,
                              env=dict(os.environ, **(env or {})), input=stdin, capture_output=True,
                              text=True)
        self.ends.append(done.returncode)
        self.errors.append(done.stderr)
        if check is not None and done.returncode != check:
            raise AssertionError("rondo %s ended with %d, not %d\n%s%s" % (
                " ".join(words), done.returncode, check, done.stdout[-3000:], done.stderr[-3000:]))
        return done

    def json(self, *words, **more):
        return json.loads(self.run(*words, "--json", check=0, **more).stdout)

    def facts(self, folder=None):
        return [json.loads(line) for line in
                self.run("history", "--facts", check=0, folder=folder).stdout.splitlines()]

    def finished(self, stage):
        """How the last step of a stage ended."""
        return [fact["body"] for fact in self.facts()
                if fact["kind"] == "step_finished" and fact["body"]["stage"] == stage][-1]

    def start(self, *words, env=None):
        """Starts `rondo WORDS` in the background; it ends with the context."""
        process = subprocess.Popen([self.program, *words], cwd=self.folder,
                                   env=dict(os.environ, **(env or {})), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        return process

    def up(self, *words, env=None):
        """Starts `rondo up` on a free port; returns (process, base address)."""
        process = self.start("up", "--listen", "127.0.0.1:0", *words, env=env)
        first = process.stdout.readline()
        if " answers at " not in first:
            process.wait(60)
            raise AssertionError("up did not start: %s%s" % (first, process.stderr.read()))
        return process, first.split(" answers at ")[1].split(" ")[0]

    def query(self, sql, *values, folder=None):
        """Rows that the store answers, from a copy: what is looked at stays as it is."""
        with tempfile.TemporaryDirectory() as copy:
            for end in ("", "-wal"):
                path = os.path.join(folder or self.folder, ".rondo", "rondo.db" + end)
                if os.path.exists(path):
                    shutil.copy(path, copy)
            store = sqlite3.connect(os.path.join(copy, "rondo.db"))
            try:
                return store.execute(sql, values).fetchall()
            finally:
                store.close()

    def token(self):
        with open(self.path(".rondo", "token")) as file:
            return file.read().strip()


def ask(base, path, body=None, token=None, method=None, headers=None, timeout=30):
    """One HTTP request; returns (status, parsed JSON or text; of events the first line)."""
    import urllib.error
    import urllib.request
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data=data, method=method)
    if data is not None:
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            endless = reply.headers.get_content_type() == "text/event-stream"
            status, text = reply.status, (reply.readline() if endless else reply.read()).decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text
