"""Trains LightGBM by its scikit-learn interface on what Rondo prepared.

RONDO_IN holds the rows and their description, RONDO_OUT takes the model; docs/SCRIPTS.md has both.
Needs lightgbm, pandas and scikit-learn, and pyarrow for Parquet (train.csv has the same rows).
"""
import json
import os

import lightgbm
import pandas

IN, OUT = os.environ["RONDO_IN"], os.environ["RONDO_OUT"]

with open(os.path.join(IN, "description.json"), encoding="utf-8") as file:
    about = json.load(file)
rows = pandas.read_csv(os.path.join(IN, "train.csv"))
names = [feature["column"] for feature in about["features"]]
codes = [feature["column"] for feature in about["features"] if feature["kind"] == "category"]
inner = rows["_inner"] == 1

kinds = {"regression": lightgbm.LGBMRegressor, "binary": lightgbm.LGBMClassifier,
         "multiclass": lightgbm.LGBMClassifier}
settings = {"learning_rate": 0.05, "num_leaves": 31, "random_state": about["seed"],
            "n_jobs": about["threads"], "deterministic": True, "force_row_wise": True,
            "verbosity": -1}


def fit(chosen, rounds, **more):
    model = kinds[about["task"]](n_estimators=rounds, **settings)
    model.fit(chosen[names], chosen["_target"], categorical_feature=codes or "auto", **more)
    return model


rounds = about["rounds"]  # of the model that was measured, when this is its twin on newer rows
if rounds is None:
    stop = lightgbm.early_stopping(50, verbose=False)
    held = rows[inner]
    rounds = fit(rows[~inner], 2000, eval_set=[(held[names], held["_target"])],
                 callbacks=[stop]).best_iteration_
print("rounds:", rounds)
fit(rows, rounds).booster_.save_model(os.path.join(OUT, "model.txt"))
