#!/usr/bin/env python3
"""Finds the configurations that a search tries first: 200 random ones on the shared sets, greedily
the one that lowers the mean regret most (Wistuba, Schilling, Schmidt-Thieme 2015, "Sequential
model-free hyperparameter tuning", ICDM; TabArena's portfolios are made in this way). Each set is
left out once, to see what the portfolio is worth on data that it was not chosen on.

usage: bench/portfolio.py [--configurations 200] [--size 16] [--threads 1]

Takes hours; what was measured stands in build/bench/portfolio/measured.jsonl, and a run that was
cut off goes on. Needs ../shared/data. Prints lines for kSpread in src/train/proposals.cc.
"""
import argparse
import json
import math
import os
import random
import subprocess
import sys
import time

SOURCE = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
DATA = os.path.join(SOURCE, "..", "shared", "data")
HOME = os.path.join(SOURCE, "build", "bench", "portfolio")
PINS = ("lightgbm==4.6.0", "numpy==2.4.6", "scipy==1.17.0", "pandas==2.3.3")
ROUNDS, HELD_OUT = 2000, 4000
SIZES = {500: 3, 2000: 2, 8000: 1}  # training rows: how many draws of them

# name, file, target, left out, positive class (None: a number)
SETS = (("adult", "adult/adult-train.csv", 14, (), ">50K"),
        ("bank-full", "bank-full/bank-full.csv", "deposit", (), "yes"),
        ("california-housing", "california-housing/housing.csv", "median_house_value", (), None),
        ("telco-churn", "telco-churn/Telco-Customer-Churn.csv", "Churn", ("customerID",), "Yes"),
        ("bike-sharing", "bike-sharing/hour.csv", "cnt",
         ("instant", "dteday", "casual", "registered"), None),
        ("elec2", "elec2/elec2.csv", "class", ("date",), "UP"))

# What the settings say, and what stood in the program before anything was measured.
KNOWN = [{"rate": 0.05, "leaves": 31, "min_leaf": 20, "columns": 1.0, "rows": 1.0, "l1": 0.0,
          "l2": 0.0},
         {"rate": 0.05, "leaves": 8, "min_leaf": 20, "columns": 1.0, "rows": 1.0, "l1": 0, "l2": 1},
         {"rate": 0.05, "leaves": 31, "min_leaf": 20, "columns": .6, "rows": .8, "l1": 0, "l2": 1},
         {"rate": 0.05, "leaves": 4, "min_leaf": 5, "columns": .5, "rows": 1.0, "l1": 0, "l2": 0},
         {"rate": 0.03, "leaves": 64, "min_leaf": 10, "columns": .6, "rows": .8, "l1": 0, "l2": 0},
         {"rate": 0.03, "leaves": 16, "min_leaf": 50, "columns": .8, "rows": .8, "l1": 0, "l2": 10},
         {"rate": 0.03, "leaves": 128, "min_leaf": 5, "columns": .5, "rows": .9, "l1": 0, "l2": 1}]


def drawn(count):
    """Random ones: of shares uniform, of all else uniform in the logarithm."""
    chance = random.Random(16)

    def log(low, high):
        return math.exp(chance.uniform(math.log(low), math.log(high)))

    return [{"rate": round(log(0.01, 0.1), 4), "leaves": round(log(2, 200)),
             "min_leaf": round(log(1, 100)), "columns": round(chance.uniform(0.4, 1), 2),
             "rows": round(chance.uniform(0.7, 1), 2), "l1": round(log(1e-4, 10), 4),
             "l2": round(log(1e-4, 10), 4)} for _ in range(count)]


def read(file, target, left_out, positive):
    import numpy
    import pandas
    head = None if isinstance(target, int) else "infer"
    table = pandas.read_csv(os.path.join(DATA, file), header=head, skipinitialspace=True,
                            na_values=["?"])
    y = table.pop(target)
    y = (y == positive).astype(float) if positive else y.astype(float)
    table = table.drop(columns=list(left_out))
    for column in table.columns:
        if table[column].dtype == object:
            table[column] = table[column].astype("category")
    kept = ~numpy.isnan(y.to_numpy())
    return table[kept].reset_index(drop=True), y[kept].to_numpy()


def loss_of(configuration, parts, positive, threads):
    """The least loss on the held-out rows, as a search sees it."""
    import lightgbm
    (x, y), (x_out, y_out) = parts
    options = {"objective": "binary" if positive else "regression", "num_threads": threads,
               "learning_rate": configuration["rate"], "num_leaves": configuration["leaves"],
               "min_data_in_leaf": configuration["min_leaf"],
               "feature_fraction": configuration["columns"],
               "bagging_fraction": configuration["rows"],
               "bagging_freq": int(configuration["rows"] < 1), "lambda_l1": configuration["l1"],
               "lambda_l2": configuration["l2"], "seed": 1, "verbose": -1,
               "deterministic": True, "force_row_wise": True}
    train = lightgbm.Dataset(x, y, params={"min_data_in_bin": 3, "verbose": -1})
    grown = lightgbm.train(options, train, ROUNDS, [lightgbm.Dataset(x_out, y_out, train)],
                           callbacks=[lightgbm.early_stopping(300, verbose=False)])
    return list(grown.best_score["valid_0"].values())[0], grown.best_iteration


def tasks():
    import numpy
    for name, file, target, left_out, positive in SETS:
        x, y = read(file, target, left_out, positive)
        for size, draws in SIZES.items():
            for draw in range(draws):
                order = numpy.random.default_rng(1000 * size + draw).permutation(len(y))
                held, used = order[:min(HELD_OUT, len(y) - size)], order[-size:]
                yield "%s/%d/%d" % (name, size, draw), positive, (
                    (x.iloc[used], y[used]), (x.iloc[held], y[held]))


def measure(configurations, threads):
    path = os.path.join(HOME, "measured.jsonl")
    done = {}
    if os.path.exists(path):
        with open(path) as file:
            for line in file:
                one = json.loads(line)
                done[(one["task"], json.dumps(one["configuration"]))] = one["loss"]
    everything = list(tasks())
    began, fresh = time.monotonic(), 0
    with open(path, "a") as out:
        for number, configuration in enumerate(configurations):
            for task, positive, parts in everything:
                key = (task, json.dumps(configuration))
                if key in done:
                    continue
                done[key], rounds = loss_of(configuration, parts, positive, threads)
                out.write(json.dumps({"task": task, "configuration": configuration,
                                      "loss": done[key], "rounds": rounds}) + "\n")
                out.flush()
                fresh += 1
            if fresh:
                print("%d of %d configurations, %.0f s" % (number + 1, len(configurations),
                                                          time.monotonic() - began), flush=True)
    return done, [task for task, _, _ in everything]


def regrets(done, names, configurations):
    """[configuration][task]: 0 is the best of all, 1 the median one or worse. Draws of one size are
    one task, by the mean of their losses."""
    groups = {}
    for name in names:
        groups.setdefault(name.rsplit("/", 1)[0], []).append(name)
    out = [{} for _ in configurations]
    for group, members in groups.items():
        losses = [sum(done[(m, json.dumps(c))] for m in members) / len(members)
                  for c in configurations]
        best, middle = min(losses), sorted(losses)[len(losses) // 2]
        for one, loss in zip(out, losses):
            one[group] = min(1.0, (loss - best) / (middle - best))
    return out, list(groups)


def worth(chosen, regret, groups):
    """The mean over the tasks of the least regret among the chosen."""
    return sum(min(regret[c][g] for c in chosen) for g in groups) / len(groups)


def greedy(regret, groups, size, first=(0,)):
    chosen = list(first)
    while len(chosen) < size:
        rest = [c for c in range(len(regret)) if c not in chosen]
        chosen.append(min(rest, key=lambda c: worth(chosen + [c], regret, groups)))
    return chosen


def line(one):
    return ("    Growth{.rate = %g, .leaves = %d, .min_leaf = %d, .columns = %g, .rows = %g, "
            ".l1 = %g, .l2 = %g}," % (one["rate"], one["leaves"], one["min_leaf"], one["columns"],
                                      one["rows"], one["l1"], one["l2"]))


def report(regret, groups, configurations, size):
    chosen = greedy(regret, groups, size + 1)
    for count in sorted({2, 4, 7, 10, size + 1}):
        print("the first %2d: mean regret %.3f" % (count, worth(chosen[:count], regret, groups)))
    hand = range(len(KNOWN))
    print("the %d by hand: %.3f" % (len(KNOWN), worth(hand, regret, groups)))
    better = []
    for name, *_ in SETS:
        out = [g for g in groups if g.startswith(name + "/")]
        kept = [g for g in groups if g not in out]
        without = greedy(regret, kept, size + 1)
        by = [worth(without[:count], regret, out) for count in (len(KNOWN), size + 1)]
        better.append(by[0])
        print("without %-20s the first %d of them there: %.3f, all %d: %.3f; by hand %.3f" % (
            name, len(KNOWN), by[0], size + 1, by[1], worth(hand, regret, out)))
    print("left out: mean regret %.3f" % (sum(better) / len(better)))
    print("\n".join(line(configurations[c]) for c in chosen[1:]))


def main():
    wish = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    wish.add_argument("--configurations", type=int, default=200)
    wish.add_argument("--size", type=int, default=16)
    wish.add_argument("--threads", type=int, default=1)
    wish = wish.parse_args()
    if not os.path.isdir(DATA):
        sys.exit("bench/portfolio.py: without ../shared/data there is nothing to measure")
    python = os.path.join(HOME, "bin", "python")
    if os.path.realpath(sys.prefix) != os.path.realpath(HOME):
        if not os.path.exists(python):
            subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
            subprocess.run([python, "-m", "pip", "install", "-q", *PINS], check=True)
        os.execv(python, [python, "-W", "ignore", *sys.argv])
    configurations = KNOWN + drawn(wish.configurations)
    done, names = measure(configurations, wish.threads)
    regret, groups = regrets(done, names, configurations)
    report(regret, groups, configurations, wish.size)


if __name__ == "__main__":
    main()
