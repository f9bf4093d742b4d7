"""Whether evaluation's claims hold on real rows: intervals on california-housing, a planted weak
part of adult, groups of adult beside Fairlearn.

Needs ../shared/data and is left out aloud without it. Fairlearn is asked if Python finds it, else
its definitions, written down here. The intervals are those of RONDO_BENCH_SPLITS (5) splits: one
split of 4,100 test rows says no more than +- 1.4 %.
"""
import collections
import csv
import json
import os
import subprocess
import sys
import tempfile

from bench_training import ADULT, DATA, read, rondo, write
from common import figure

SETTINGS = """[project]
name = "bench"
target = "%s"

[collect]
source = "rows.csv"

[prepare]
ignore = %s
leaks = "warn"

[train]
budget = "1 candidate"
seed = %d

[evaluate]
%s
"""
EDUCATION, SEX = "education", "sex"


def say(text):
    print("bench evaluate: " + text, file=sys.stderr, flush=True)


def evaluated(program, folder, head, rows, target, settings, seed=1, ignored=()):
    """The evidence of the evaluation of the first model on these rows."""
    write(os.path.join(folder, "rows.csv"), head, rows)
    with open(os.path.join(folder, "rondo.toml"), "w") as file:
        file.write(SETTINGS % (target, json.dumps(list(ignored)), seed, settings))
    rondo(program, folder, "run")
    done = subprocess.run([program, "models", "show", "v1", "--json"], cwd=folder,
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["evaluation"]


def intervals(program):
    head, rows = read(os.path.join(DATA, "california-housing/housing.csv"), None)
    all_rows, by_income = [], collections.defaultdict(list)
    for seed in range(1, 1 + int(os.environ.get("RONDO_BENCH_SPLITS", "5"))):
        with tempfile.TemporaryDirectory() as folder:
            found = evaluated(program, folder, head, rows, "median_house_value",
                              'slices = ["median_income"]', seed)
        all_rows.append(found["interval"]["inside"]["value"])
        parts = [part for part in found["by_slice"][0]["parts"] if part["judged"]]
        assert len(parts) == 4, parts
        for place, part in enumerate(parts):
            by_income[place].append(part["coverage"]["value"])
    mean = sum(all_rows) / len(all_rows)
    what = "of labels in 90 %% intervals, housing, %d splits" % len(all_rows)
    yield figure("evaluate", what, 100 * mean, "%", ">= 89")
    yield figure("evaluate", what, 100 * mean, "%", "<= 91")
    for place in sorted(by_income):
        own = 100 * sum(by_income[place]) / len(by_income[place])
        yield figure("evaluate", "the same, quarter %d of the incomes" % (place + 1), own, "%",
                     ">= 85")


def planted(program):
    """Labels of 3 % of the rows, told by two predicates, are flipped by chance, so often that the
    best answer there errs twice as often as the model does on all rows."""
    head, rows = read(os.path.join(DATA, "adult/adult-train.csv"), ADULT)
    places = head.index(EDUCATION), head.index(SEX)
    target = head.index("income")
    with tempfile.TemporaryDirectory() as folder:
        clean = evaluated(program, folder, head, rows, "income", "")
    counts = collections.Counter((row[places[0]], row[places[1]]) for row in rows)
    part = min(counts, key=lambda one: (abs(counts[one] / len(rows) - 0.03), one))
    error = 1 - clean["metrics"]["accuracy"]
    flip = error / (1 - 2 * error)  # e + q - 2 e q = 2 e
    state, mixed = 1, []
    for row in rows:
        row = list(row)
        if (row[places[0]], row[places[1]]) == part:
            state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
            if (state >> 11) / (1 << 53) < flip:
                row[target] = "<=50K" if row[target] == ">50K" else ">50K"
        mixed.append(row)
    with tempfile.TemporaryDirectory() as folder:
        found = evaluated(program, folder, head, mixed, "income", "")["slices"]["slices"]
    want = {"%s = %s" % (EDUCATION, part[0]), "%s = %s" % (SEX, part[1])}
    ranks = [place + 1 for place, one in enumerate(found) if set(one["conditions"]) == want]
    what = "rank of the planted part (%s, %s: %.1f %% of adult)" % (
        part[0], part[1], 100 * counts[part] / len(rows))
    yield figure("evaluate", what, ranks[0] if ranks else 99, "", "<= 1")


def shares(truth, answered, groups):
    """Fairlearn's rates by group: selected, of the positives, of the negatives."""
    out = []
    for group in sorted(set(groups)):
        rows = [i for i, one in enumerate(groups) if one == group]
        positives = [i for i in rows if truth[i]]
        negatives = [i for i in rows if not truth[i]]
        out.append([sum(answered[i] for i in some) / len(some)
                    for some in (rows, positives, negatives)])
    return list(zip(*out))


def by_definition(truth, answered, groups):
    selected, found, wrong = ((max(one) - min(one), min(one) / max(one))
                              for one in shares(truth, answered, groups))
    return {"demographic_parity": selected, "equal_opportunity": found,
            "equalized_odds": (max(found[0], wrong[0]), min(found[1], wrong[1]))}


def peer():
    """A name, and what answers as by_definition() does."""
    try:
        from fairlearn import __version__, metrics
    except ImportError:
        say("no Fairlearn; its definitions are used")
        return "its definitions", by_definition

    def fairlearn(truth, answered, groups):
        return {name: [getattr(metrics, "%s_%s" % (name, kind))(
            truth, answered, sensitive_features=groups) for kind in ("difference", "ratio")]
            for name in ("demographic_parity", "equal_opportunity", "equalized_odds")}
    return "Fairlearn " + __version__, fairlearn


def fairness(program):
    head, rows = read(os.path.join(DATA, "adult/adult-train.csv"), ADULT)
    with tempfile.TemporaryDirectory() as folder:
        evaluated(program, folder, head, rows, "income", "")
        rondo(program, folder, "predict", "rows.csv", "-o", "out.csv")
        with open(os.path.join(folder, "out.csv"), newline="") as file:
            answered = [int(row["prediction"] == ">50K") for row in csv.DictReader(file)]
    truth = [int(row[-1] == ">50K") for row in rows]
    assert len(answered) == len(truth)
    maker = os.path.join(os.path.dirname(program), "bench_fairness")
    name, asked = peer()
    for column in ("sex", "race"):
        groups = [row[head.index(column)].replace(" ", "_") for row in rows]
        text = "".join("%d %d %s\n" % one for one in zip(truth, answered, groups))
        done = subprocess.run([maker], input=text, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        own, theirs = json.loads(done.stdout), asked(truth, answered, groups)
        apart = max(abs(a - b) for key in own for a, b in zip(own[key], theirs[key]))
        yield figure("evaluate", "six figures by %s, adult, beyond %s" % (column, name),
                     apart * 1e9, "1e-9", "<= 1")


def measure(program):
    if not os.path.exists(DATA):
        say("no ../shared/data, all is left out")
        return
    for part in (intervals, planted, fairness):
        yield from part(program)
