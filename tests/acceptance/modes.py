"""The dirty hospital table behind its clean one, under each answer of `[collect.contract] type`,
the contract frozen by the clean rows: what a typo did to a number is met as the contract says, and
no clean row is touched."""
import csv
import io
import json
import os
import subprocess
import tempfile

HOSPITAL = os.path.join("dirty-csv", "hospital")
TOML = """[project]
name = "hospital"
target = "emergency_service"
[collect]
source = "*.csv"
min_rows = 1
max_rejected = 1
[collect.contract]
type = "%s"
[prepare]
leaks = "warn"
[train]
budget = "1 candidate"
"""


def records(path):
    with open(path, newline="") as file:
        head, *rows = list(csv.reader(file))
    return head, rows


def write(path, head, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head] + rows)
    with open(path, "w") as file:
        file.write(text.getvalue())


def number(text):
    try:
        float(text)
        return True
    except ValueError:
        return False


def expected(head, clean, dirty):
    """{row of dirty, from 1: the columns of numbers whose cell is none any more}"""
    numbers = [i for i in range(len(head)) if all(number(row[i]) for row in clean)]
    assert len(numbers) >= 2, numbers
    bad = {at: [head[i] for i in numbers if not number(row[i])]
           for at, row in enumerate(dirty, 1)}
    return {at: columns for at, columns in bad.items() if columns}


def judge(answer, said, folder, bad, rondo):
    """What is wrong, or None."""
    if answer == "freeze":
        return None if said.returncode == 3 else "freeze: ended with %d" % said.returncode
    if said.returncode not in (0, 4):
        return "%s: ended with %d: %s" % (answer, said.returncode, said.stderr[-300:])
    newest = json.loads(rondo(folder, "data", "--json").stdout)[-1]
    if sum(newest[key] for key in ("added", "rejected", "duplicate")) != len(records(
            os.path.join(folder, "b.csv"))[1]):
        return "%s: the rows do not add up: %s" % (answer, newest)
    rejects = json.loads(rondo(folder, "data", "rejects", "--json").stdout)
    found = sorted(one["record"] for one in rejects)
    want = sorted(bad) if answer == "discard_row" else []
    return None if found == want else "%s: rejected %s and not %s" % (answer, found, want)


def check(program, data):
    """A sentence for each thing that is wrong."""
    head, dirty = records(os.path.join(data, HOSPITAL, "dirty.csv"))
    clean = records(os.path.join(data, HOSPITAL, "clean.csv"))[1]
    bad = expected(head, clean, dirty)
    assert bad, "no cell of a number was broken"

    def rondo(folder, *words):
        return subprocess.run([program, *words], cwd=folder, capture_output=True, text=True,
                              timeout=600)
    for answer in ("evolve", "freeze", "discard_row", "discard_value"):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "rondo.toml"), "w") as file:
                file.write(TOML % answer)
            write(os.path.join(folder, "a.csv"), head, clean)
            first = rondo(folder, "run")
            if first.returncode not in (0, 4):
                yield "%s: the clean rows ended with %d: %s" % (answer, first.returncode,
                                                               first.stderr[-300:])
                continue
            write(os.path.join(folder, "b.csv"), head, dirty)
            wrong = judge(answer, rondo(folder, "run"), folder, bad, rondo)
            if wrong:
                yield wrong
