"""Intervals of california-housing: 90 % of the labels are promised; of rows apart 89 to 91 % must
lie inside, and 85 % in each quarter of the districts by their income."""
import csv
import json
import os
import random
import subprocess
import tempfile

HOUSING = os.path.join("california-housing", "housing.csv")
TOML = """[project]
name = "housing"
target = "median_house_value"
task = "regression"
[collect]
source = "rows.csv"
[train]
budget = "2 candidates"
[evaluate]
interval = 0.9
"""
APART = 5000  # rows that the project never sees


def write(path, head, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head] + rows)


def run(program, data):
    """What is wrong, or None."""
    with open(os.path.join(data, HOUSING), newline="") as file:
        head, *rows = list(csv.reader(file))
    random.Random(1).shuffle(rows)
    apart, known = rows[:APART], rows[APART:]
    label, income = head.index("median_house_value"), head.index("median_income")
    with tempfile.TemporaryDirectory() as folder:
        def rondo(*words):
            done = subprocess.run([program, *words], cwd=folder, capture_output=True, text=True,
                                  timeout=1800)
            assert done.returncode == 0, done.stderr[-1500:]
            return done.stdout
        with open(os.path.join(folder, "rondo.toml"), "w") as out:
            out.write(TOML)
        write(os.path.join(folder, "rows.csv"), head, known)
        asked = [[cell for i, cell in enumerate(row) if i != label] for row in [head] + apart]
        write(os.path.join(folder, "apart.csv"), asked[0], asked[1:])
        rondo("run")
        card = json.loads(rondo("models", "show", "v1", "--json"))["evaluation"]["interval"]
        rondo("predict", "apart.csv", "-o", "said.csv", "--interval")
        with open(os.path.join(folder, "said.csv"), newline="") as file:
            said = list(csv.DictReader(file))
    inside = [float(line["interval_low"]) <= float(row[label]) <= float(line["interval_high"])
              for line, row in zip(said, apart, strict=True)]
    order = sorted(range(APART), key=lambda i: float(apart[i][income]))
    quarters = [order[i * APART // 4:(i + 1) * APART // 4] for i in range(4)]
    shares = [sum(inside[i] for i in quarter) / len(quarter) for quarter in quarters]
    whole = sum(inside) / APART
    print("%-20s +- %.0f holds %.1f %% of %d rows apart, by income %s; %.1f %% of %d test rows" % (
        "california-housing", card["reach"], 100 * whole, APART,
        " ".join("%.1f" % (100 * share) for share in shares), 100 * card["inside"]["value"],
        card["inside"]["rows"]))
    if not 0.89 <= whole <= 0.91:
        return "%.2f %% of the labels are inside, not 89 to 91" % (100 * whole)
    return None if min(shares) >= 0.85 else "a quarter by income has only %s" % shares
