"""What a model is worth after 60 s of training: four shared sets, a fifth of the rows held out.

Needs ../shared/data and is left out aloud without it. RONDO_BENCH_SECONDS=5 gives less time; the
bounds are those of 60 s.
"""
import csv
import json
import os
import random
import subprocess
import sys
import tempfile

from common import SOURCE, figure, timed

DATA = os.path.join(SOURCE, "..", "shared", "data")
ADULT = ("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation",
         "relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week",
         "native_country", "income")
# name, file, column names (of a file without a line of them), target, ignored, positive class
# (None: a number), what must hold
SETS = (("adult", "adult/adult-train.csv", ADULT, "income", (), ">50K", ">= 0.93"),
        ("bank-full", "bank-full/bank-full.csv", None, "deposit", (), "yes", ">= 0.936"),
        ("california-housing", "california-housing/housing.csv", None, "median_house_value", (),
         None, ">= 0.865"),
        ("telco-churn", "telco-churn/Telco-Customer-Churn.csv", None, "Churn", ("customerID",),
         "Yes", ">= 0.839"))
SETTINGS = """[project]
name = "bench"
target = "%s"

[collect]
source = "train.csv"

[prepare]
ignore = %s
leaks = "warn"
features = "auto"

[train]
budget = "%ds"
"""


def say(text):
    print("bench training: " + text, file=sys.stderr, flush=True)


def read(path, head):
    """Cells without the blanks around them; "?" is adult's way to say that one is missing."""
    with open(path, newline="") as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
    if head is None:
        head, rows = rows[0], rows[1:]
    return list(head), [["" if cell == "?" else cell for cell in row] for row in rows]


def write(path, head, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def auc(truth, scores):
    """Mann and Whitney's share of pairs in the right order; ties count half, by midranks."""
    assert len(truth) == len(scores), (len(truth), len(scores))
    order = sorted(range(len(scores)), key=lambda i: scores[i])
    ranks, begin = 0.0, 0
    while begin < len(order):
        end = begin
        while end < len(order) and scores[order[end]] == scores[order[begin]]:
            end += 1
        ranks += (begin + 1 + end) / 2 * sum(truth[i] for i in order[begin:end])
        begin = end
    positives = sum(truth)
    negatives = len(truth) - positives
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)


def r2(truth, scores):
    mean = sum(truth) / len(truth)
    assert len(truth) == len(scores)
    return 1 - (sum((a - b) ** 2 for a, b in zip(truth, scores)) /
                sum((a - mean) ** 2 for a in truth))


def rondo(program, folder, *words):
    done = subprocess.run([program, *words], cwd=folder, capture_output=True, text=True,
                          timeout=3600)
    if done.returncode != 0:
        raise AssertionError("rondo %s: %s%s" % (" ".join(words), done.stdout, done.stderr))


def ours(program, folder, target, ignored, positive, seconds):
    """Scores of test.csv, by the model that one run of all six stages deployed."""
    with open(os.path.join(folder, "rondo.toml"), "w") as file:
        file.write(SETTINGS % (target, json.dumps(ignored), seconds))
    rondo(program, folder, "run")
    rondo(program, folder, "predict", "test.csv", "-o", "out.csv")
    column = "prediction" if positive is None else "probability_" + positive
    with open(os.path.join(folder, "out.csv"), newline="") as file:
        return [float(row[column]) for row in csv.DictReader(file)]


def measure(program):
    seconds = int(os.environ.get("RONDO_BENCH_SECONDS", "60"))
    if not os.path.exists(DATA):
        say("no ../shared/data, all is left out")
        return
    for name, path, names, target, ignored, positive, must in SETS:
        head, rows = read(os.path.join(DATA, path), names)
        random.Random(1).shuffle(rows)
        at = head.index(target)
        test = rows[:len(rows) // 5]
        kept = [i for i in range(len(head)) if i != at]
        truth = [float(row[at]) if positive is None else float(row[at] == positive)
                 for row in test]
        worth, unit = (r2, "R2") if positive is None else (auc, "AUC")
        with tempfile.TemporaryDirectory() as folder:
            write(os.path.join(folder, "train.csv"), head, rows[len(rows) // 5:])
            write(os.path.join(folder, "test.csv"), [head[i] for i in kept],
                  [[row[i] for i in kept] for row in test])
            took, said = timed(lambda: ours(program, folder, target, ignored, positive, seconds))
            own = worth(truth, said)
            what = "%s, %d s (all six stages took %.0f s)" % (name, seconds, took)
        yield figure("training", what, own, unit, must)
