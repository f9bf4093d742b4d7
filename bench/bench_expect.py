"""Expectations learnt from the training half of UCI's Adult: how many of them its test half meets,
and how many of 20 corruptions of that half they notice. ADULT names the folder with adult-train.csv
and adult-test.csv as UCI gives them, without a header."""
import csv
import os
import random
import shutil
import subprocess
import tempfile

from bench_scoring import say
from common import figure

COLUMNS = ("age", "workclass", "fnlwgt", "education", "education_num", "marital_status",
           "occupation", "relationship", "race", "sex", "capital_gain", "capital_loss",
           "hours_per_week", "native_country", "income")


def each(share, column, change):
    def corrupt(rows, chance):
        for row in rows:
            if chance.random() < share:
                row[column] = change(row[column])
        return rows
    return corrupt


def swapped(a, b):
    def corrupt(rows, _):
        for row in rows:
            row[a], row[b] = row[b], row[a]
        return rows
    return corrupt


CORRUPTIONS = {
    "age in months": each(1, "age", lambda v: str(12 * int(v))),
    "age negative": each(.02, "age", lambda v: "-" + v),
    "age with a unit": each(.05, "age", lambda v: v + " years"),
    "age missing": each(.3, "age", lambda v: ""),
    "hours 999": each(.03, "hours_per_week", lambda v: "999"),
    "hours in minutes": each(1, "hours_per_week", lambda v: str(60 * int(v))),
    "sex in capitals": each(1, "sex", str.upper),
    "sex as codes": each(1, "sex", lambda v: "1" if v == "Male" else "2"),
    "race misspelt": each(.02, "race", lambda v: "Wite"),
    "a new workclass": each(.05, "workclass", lambda v: "Gig"),
    "workclass missing": each(.2, "workclass", lambda v: "?"),
    "occupation with a suffix": each(1, "occupation", lambda v: v + " x"),
    "education for occupation": swapped("education", "occupation"),
    "age for weight": swapped("age", "fnlwgt"),
    "age for hours": swapped("age", "hours_per_week"),
    "gain negative": each(.03, "capital_gain", lambda v: str(-int(v) - 1)),
    "education shifted": each(.1, "education_num", lambda v: str(int(v) + 10)),
    "countries shortened": each(1, "native_country", lambda v: v[:2]),
    "labels with a full stop": each(1, "income", lambda v: v + "."),
    "two thirds lost": lambda rows, _: rows[:len(rows) // 3],
}


def read(path):
    with open(path) as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file)]
    return [dict(zip(COLUMNS, row[:-1] + [row[-1].rstrip(".")])) for row in rows
            if len(row) == len(COLUMNS)]


def write(path, rows):
    with open(path, "w") as file:
        out = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


def measure(program):
    source = os.environ.get("ADULT", "")
    if not source:
        say("expect: ADULT names no folder with adult-train.csv and adult-test.csv")
        return
    folder = tempfile.mkdtemp(prefix="rondo-bench-")

    def rondo(*words):
        return subprocess.run([program, *words], cwd=folder, capture_output=True, text=True,
                              timeout=300)
    try:
        rows = os.path.join(folder, "rows.csv")
        write(rows, read(os.path.join(source, "adult-train.csv")))
        assert rondo("init", "rows.csv", "--target", "income").returncode == 0
        learnt = rondo("check", "--suggest").stdout
        with open(os.path.join(folder, "rondo.toml"), "a") as file:
            file.write(learnt)
        test = read(os.path.join(source, "adult-test.csv"))
        write(rows, test)
        lines = rondo("check").stdout.splitlines()
        met = sum(line.startswith("met ") for line in lines)
        all_of_them = learnt.count("[[prepare.expect]]")
        assert all_of_them > 0
        yield figure("expect", "of %d learnt expectations the test half meets" % all_of_them,
                     100 * met / all_of_them, "%", ">= 95")
        caught = 0
        for name, corrupt in CORRUPTIONS.items():
            write(rows, corrupt([dict(row) for row in test], random.Random(1)))
            done = rondo("check")
            told = [line for line in (done.stdout + done.stderr).splitlines()
                    if line.startswith(("broken", "warning", "error"))]
            caught += bool(told)
            if not told:
                say("not noticed: " + name)
        yield figure("expect", "of %d corruptions noticed" % len(CORRUPTIONS), caught, "", ">= 19")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
