"""A year of a million rows, day by day, under six policies in one backtest, one of which trains
each week; its law changes twice, each time for good. A cycle trains 40 trees of 31 leaves. The
right answer is known: who never trains again pays for both changes (a law that came back would be
the one that it still knows), and a second run tells the same."""
import json
import os
import random
import time

from common import figure, made_project, told

ROWS, DAYS = 1_000_000, 365
POLICIES = "never,schedule:30d,cron:7d,drift,performance,cost"
CHANGES = (0.45, 0.75)  # of the year: from each on one more column has the opposite effect
TOML = """[project]
name = "clicks"
target = "bought"

[collect]
source = "clicks.csv"
time = "at"

[train]
budget = "1 candidate"
learners = ["trees"]
rounds = 40

[monitor]
label_delay = "1d"

[loop]
policy = "performance"
cost_of_cycle = 2000
"""


def write_year(path):
    """Eight numbers, two categories; the noise of the answer leaves the best model with a log-loss
    of about a half."""
    from datetime import datetime, timedelta
    chance, start = random.Random(5), datetime(2024, 1, 1)
    with open(path, "w") as out:
        out.write("at,%s,shop,device,bought\n" % ",".join("x%d" % i for i in range(8)))
        for row in range(ROWS):
            share = row / ROWS
            first, second = (-1 if share >= change else 1 for change in CHANGES)
            xs = [chance.random() for _ in range(8)]
            shop, device = chance.randrange(20), chance.randrange(3)
            score = 3 * first * (xs[0] - 0.5) + 2 * second * (xs[1] > 0.7) + 0.1 * (
                shop - 10) + (device == 1) - 1
            bought = "yes" if chance.random() < 1 / (1 + 2.718281828 ** -score) else "no"
            at = start + timedelta(seconds=int(share * DAYS * 86400))
            out.write("%s,%s,s%d,%s,%s\n" % (at, ",".join("%.4f" % x for x in xs), shop,
                                             ("phone", "desk", "tablet")[device], bought))


def backtest(program, folder):
    began = time.perf_counter()
    said = told(program, folder, "backtest", "--policy", POLICIES, "--from", "2024-02-01", "--json")
    return time.perf_counter() - began, said


def without_cpu(said):
    """What it tells, but for the CPU seconds, which are measured."""
    told_again = json.loads(said)
    for one in told_again["policies"]:
        del one["cpu_s"]
    return json.dumps(told_again)


def measure(program):
    with made_project(TOML) as folder:
        write_year(os.path.join(folder, "clicks.csv"))
        spent, said = backtest(program, folder)
        by = {one["policy"]: one for one in json.loads(said)["policies"]}
        yield figure("backtest", "a year of days, 1,000,000 rows, 6 policies", spent, "s", "<= 600")
        for name in POLICIES.split(",")[1:]:
            yield figure("backtest", "%s: loss to that of never, %d cycles" %
                         (name, by[name]["cycles"]), by[name]["value"] / by["never"]["value"],
                         "ratio", "<= 1")
        again, repeated = backtest(program, folder)
        yield figure("backtest", "again, %.0f s: the same but for CPU seconds" % again,
                     float(without_cpu(said) == without_cpu(repeated)), "", ">= 1")
