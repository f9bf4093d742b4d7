"""What made features are worth and cost: california-housing in five folds with and without
`features = "auto"`, bikes replayed without a declared lag, the search beside a run without it, one
row through a transform; flights joined with the weather, or not. Housing and flights need
../shared/data and are left out aloud without it."""
import csv
import json
import os
import random
import subprocess
import sys
import tempfile

from bench_demo import FROM, answer
from common import BIKES, SOURCE, Bikes, figure, timed

HOUSING = os.path.join(SOURCE, "..", "shared", "data", "california-housing", "housing.csv")
SETTINGS = """[project]
name = "housing"
target = "median_house_value"

[collect]
source = "train.csv"

[prepare]
features = "%s"

[train]
budget = "1 candidate"
rate = 0.02
"""
TARGET, FOLDS = "median_house_value", 5
FLIGHTS = os.path.join(SOURCE, "..", "shared", "data", "nycflights13")


def write(path, head, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def rondo(program, folder, *words):
    done = subprocess.run([program, *words], cwd=folder, capture_output=True, text=True,
                          timeout=600)
    if done.returncode != 0:
        raise AssertionError("rondo %s: %s%s" % (" ".join(words), done.stdout, done.stderr))
    return done.stdout


def predicted(program, head, train, test, features):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "rondo.toml"), "w") as file:
            file.write(SETTINGS % features)
        write(os.path.join(folder, "train.csv"), head, train)
        at = head.index(TARGET)
        write(os.path.join(folder, "test.csv"), head[:at] + head[at + 1:],
              [row[:at] + row[at + 1:] for row in test])
        rondo(program, folder, "run")
        rondo(program, folder, "predict", "test.csv", "-o", "out.csv")
        with open(os.path.join(folder, "out.csv"), newline="") as file:
            return [float(row["prediction"]) for row in csv.DictReader(file)]


def r2(program, features):
    """Of all rows together, each predicted by the model of the other four folds."""
    with open(HOUSING, newline="") as file:
        head, *rows = list(csv.reader(file))
    random.Random(1).shuffle(rows)
    at = head.index(TARGET)
    label, said = [], []
    for fold in range(FOLDS):
        test = rows[fold::FOLDS]
        train = [row for i, row in enumerate(rows) if i % FOLDS != fold]
        said += predicted(program, head, train, test, features)
        label += [float(row[at]) for row in test]
    mean = sum(label) / len(label)
    return 1 - sum((a - b) ** 2 for a, b in zip(label, said)) / sum((a - mean) ** 2 for a in label)


def bikes_without_lags(program):
    """The example with `features = "auto"` and no lag of its own, replayed as the demo does."""
    with open(os.path.join(BIKES, "rondo.toml")) as file:
        text = file.read()
    begin, end = text.index("[[prepare.lag]]"), text.index("[train]")
    change = ((text[begin:end], ""), ("[prepare]\n", "[prepare]\nfeatures = \"auto\"\n"))
    with Bikes(program, change) as bikes:
        process = subprocess.Popen(
            [program, "backtest", "--policy", "own", "--from", FROM, "--into",
             os.path.join(bikes.folder, "into"), "--json"], cwd=bikes.folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        own = answer(process)["policies"][0]
        search = timed(lambda: bikes.run("run"))[0]
    with Bikes(program) as bikes:
        plain = timed(lambda: bikes.run("run"))[0]
    return own, search, plain


def late_flights(program, joined):
    """AUC of examples/flights on all flights of the year, the newest fifth: with the weather as of
    departure, or without."""
    example = os.path.join(SOURCE, "examples", "flights")
    with open(os.path.join(example, "rondo.toml")) as file:
        text = file.read()
    begin, end = text.index("[[prepare.join]]"), text.index("[train]")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, os.path.join(example, "make.py"),
                        os.path.join(FLIGHTS, "flights.csv.gz"),
                        os.path.join(FLIGHTS, "weather.csv"), folder], check=True)
        with open(os.path.join(folder, "rondo.toml"), "w") as file:
            file.write(text if joined else text[:begin] + text[end:])
        seconds = timed(lambda: rondo(program, folder, "run"))[0]
        facts = [json.loads(line)
                 for line in rondo(program, folder, "history", "--facts").splitlines()]
    judged = [fact["body"]["evidence"] for fact in facts
              if fact["body"].get("stage") == "Model Evaluation"
              and "value" in fact["body"].get("evidence", {})]
    assert judged[0]["metric"] == "auc", judged
    return judged[0]["value"], seconds


def measure(program):
    inner = os.path.join(os.path.dirname(program), "bench_features")
    said = json.loads(subprocess.run([inner], capture_output=True, text=True, check=True).stdout)
    yield figure("features", "one row of 20 columns, %d features" % said["features"],
                 said["row_us"], "us", "<= 2")
    yield figure("features", "a text of 100 bytes", said["text_us"], "us", "<= 5")
    own, search, plain = bikes_without_lags(program)
    yield figure("features", "bikes, no declared lag, mean absolute error", own["value"], "bikes",
                 "<= 42", "same hour last week", sum(
                     p["same_time_last_week"] * p["rows"] for p in own["periods"]) / sum(
                         p["rows"] for p in own["periods"]))
    yield figure("features", "bikes, first run with the search", search, "s", "<= 20",
                 "declared lags", plain)
    if not os.path.exists(HOUSING):
        print("features: no ../shared/data, housing and flights are left out", file=sys.stderr)
        return
    joined, seconds = late_flights(program, True)
    yield figure("features", "flights late by 15 min, weather joined, newest fifth", joined, "AUC",
                 ">= 0.68", "without weather", late_flights(program, False)[0])
    yield figure("features", "336,760 flights and 26,115 facts, first run", seconds, "s", "<= 120")
    yield figure("features", "housing, R2 of five folds", r2(program, "auto"), "R2", ">= 0.863",
                 "features = off", r2(program, "off"))
