"""What a model is worth after 60 s of training: four shared sets, a fifth of the rows held out;
beside FLAML and AutoGluon with the same seconds, cores and rows, and scikit-learn's boosted trees
as they come. They run one after the other, from a virtual environment in build/bench/training.

Needs ../shared/data and is left out aloud without it. RONDO_BENCH_SECONDS=5 gives less time; the
bounds are those of 60 s. RONDO_BENCH_PEERS="" leaves the peers out, "FLAML" all others.
"""
import csv
import json
import os
import random
import subprocess
import sys
import tempfile

from common import SOURCE, figure, peer_says, timed

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


PINS = ("flaml[automl]==2.8.0", "autogluon.tabular[lightgbm,catboost,xgboost]==1.6.3",
        "scikit-learn==1.9.1", "pandas==2.3.3", "numpy==2.4.6")
PEERS = {
    "FLAML": """
from flaml import AutoML
model = AutoML()
model.fit(X_train=x, y_train=y, task="classification" if positive else "regression",
          time_budget=seconds, metric="roc_auc" if positive else "r2", n_jobs=2, seed=1, verbose=0)
""",
    "AutoGluon": """
from autogluon.tabular import TabularPredictor
model = TabularPredictor(label=target, path="ag", verbosity=0,
                         eval_metric="roc_auc" if positive else "r2")
model.fit(train, time_limit=seconds, num_cpus=2)
""",
    "scikit-learn": """
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
make = HistGradientBoostingClassifier if positive else HistGradientBoostingRegressor
model = make(categorical_features="from_dtype", random_state=1)
for column in x.columns:
    if x[column].dtype == object:
        x[column] = x[column].astype("category")
        test[column] = pandas.Categorical(test[column], categories=x[column].cat.categories)
model.fit(x, y)
""",
}
BEFORE = """
import json, sys, time
import pandas
target, positive, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
train, test = pandas.read_csv("train.csv"), pandas.read_csv("test.csv")
began = time.monotonic()
x, y = train.drop(columns=[target, *sys.argv[4:]]), train[target]
train, test = pandas.concat([x, y], axis=1), test[x.columns]
"""
AFTER = """
took = time.monotonic() - began
if positive:
    said = model.predict_proba(test)
    named = hasattr(said, "columns")
    said = said[positive] if named else said[:, list(model.classes_).index(positive)]
else:
    said = model.predict(test)
print()
print(json.dumps({"took": took, "said": [float(one) for one in said]}))
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


def peers(folder, target, ignored, positive, seconds):
    """(name, seconds, scores of test.csv) of each that can be had."""
    wanted = os.environ.get("RONDO_BENCH_PEERS", " ".join(PEERS)).split()
    for name in wanted:
        told = peer_says("training", name, PINS, BEFORE + PEERS[name] + AFTER, target,
                         positive or "", str(seconds), *ignored, cwd=folder)
        if told:
            yield name, told["took"], told["said"]


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
            for peer, spent, scores in peers(folder, target, ignored, positive, seconds):
                theirs = worth(truth, scores)
                yield figure("training", "  ahead of %s, which took %.0f s" % (peer, spent),
                             own - theirs, unit, ">= 0", peer, theirs)
