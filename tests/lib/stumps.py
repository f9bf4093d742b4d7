"""A training script for `[train] command` that needs Python's standard library alone: stumps by
boosting, squared error, written as LightGBM's text. What it is asked to do wrong stands in its
first word, for tests.

usage: stumps.py [exit | nothing | garbage | fewer | other | binary | endless | outside | secret |
       chance]
"""
import csv
import json
import os
import random
import sys
import time

ROUNDS, RATE, CUTS = 60, 0.3, 12
IN, OUT = os.environ["RONDO_IN"], os.environ["RONDO_OUT"]


def read():
    with open(os.path.join(IN, "description.json"), encoding="utf-8") as file:
        description = json.load(file)
    with open(os.path.join(IN, "train.csv"), encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    names = [feature["column"] for feature in description["features"]]
    columns = [[float(row[name]) if row[name] else None for row in table] for name in names]
    return description, names, columns, [float(row["_target"]) for row in table]


def cuts_of(column):
    known = sorted({value for value in column if value is not None})
    step = max(len(known) // CUTS, 1)
    return [(a + b) / 2 for a, b in zip(known, known[1:])][::step]


def best_stump(columns, cuts, rest):
    """(gain, feature, cut, mean left, mean right, rows left); what is missing goes left."""
    total, best = sum(rest), None
    for feature, column in enumerate(columns):
        for cut in cuts[feature]:
            left = [r for value, r in zip(column, rest) if value is None or value <= cut]
            if not 0 < len(left) < len(rest):
                continue
            low, count = sum(left), len(left)
            high, others = total - low, len(rest) - count
            gain = low * low / count + high * high / others
            if best is None or gain > best[0]:
                best = (gain, feature, cut, low / count, high / others, count)
    return best


def boost(columns, target):
    base = sum(target) / len(target)
    rest = [y - base for y in target]
    cuts = [cuts_of(column) for column in columns]
    trees = []
    for tree in range(ROUNDS):
        gain, feature, cut, low, high, count = best_stump(columns, cuts, rest)
        low, high = RATE * low, RATE * high
        rest = [r - (low if value is None or value <= cut else high)
                for r, value in zip(rest, columns[feature])]
        first = base if tree == 0 else 0
        trees.append((feature, cut, first + low, first + high, count, len(rest) - count))
    return trees


def text_of(names, trees, objective="regression"):
    text = ["tree", "version=v4", "num_class=1", "num_tree_per_iteration=1", "label_index=0",
            "max_feature_idx=%d" % (len(names) - 1), "objective=" + objective,
            "feature_names=" + " ".join(names),
            "feature_infos=" + " ".join("[-1e308:1e308]" for _ in names), ""]
    for i, (feature, cut, low, high, left, right) in enumerate(trees):
        text += ["Tree=%d" % i, "num_leaves=2", "num_cat=0", "split_feature=%d" % feature,
                 "split_gain=1", "threshold=%r" % cut, "decision_type=10", "left_child=-1",
                 "right_child=-2", "leaf_value=%r %r" % (low, high),
                 "leaf_weight=%d %d" % (left, right), "leaf_count=%d %d" % (left, right),
                 "internal_value=0", "internal_weight=0", "internal_count=%d" % (left + right),
                 "is_linear=0", "shrinkage=1", "", ""]
    return "\n".join(text + ["end of trees", ""])


def leave(text):
    with open(os.path.join(OUT, "model.txt"), "w", encoding="utf-8") as file:
        file.write(text)


def main(wrong=""):
    print("training with", wrong or "nothing wrong")
    if wrong == "exit":
        print("there is no such column: age", file=sys.stderr)
        sys.exit(3)
    if wrong == "nothing":
        return
    if wrong == "garbage":
        return leave("tree\nthis is no model\n")
    if wrong == "endless":
        while True:
            time.sleep(0.05)
    if wrong == "outside":
        with open("stolen.txt", "w", encoding="utf-8") as file:
            file.write("written into the project")
    if wrong == "secret":
        with open(os.path.join(".rondo", "rondo.db"), "rb") as file:
            print(len(file.read()))
    description, names, columns, target = read()
    assert description["task"] == "regression" and len(target) == description["rows"]
    trees = boost(columns, target)
    if wrong == "fewer":
        used = sorted({tree[0] for tree in trees} | set(range(len(names) - 1)))[:-1]
        trees = [tree for tree in trees if tree[0] in used]
        names = [names[i] for i in used]
    if wrong == "other":
        names = ["weight"] + names[1:]
    if wrong == "chance":
        trees.append(trees[-1][:2] + (random.SystemRandom().random() / 1e6, 0.0) + trees[-1][4:])
    leave(text_of(names, trees, "binary sigmoid:1" if wrong == "binary" else "regression"))


if __name__ == "__main__":
    main(*sys.argv[1:])
