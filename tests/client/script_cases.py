"""Training scripts with the libraries that people use: examples/script as it is, by LightGBM's
scikit-learn interface, and XGBoost's models in both of its formats. Run by clients_test.py."""
import os
import random
import shutil
import sys
import unittest

from project import Project, write_csv

XGBOOST = '''import json, os
import pandas, xgboost
about = json.load(open(os.path.join(os.environ["RONDO_IN"], "description.json")))
rows = pandas.read_csv(os.path.join(os.environ["RONDO_IN"], "train.csv"))
names = [feature["column"] for feature in about["features"]]
kinds = {"regression": xgboost.XGBRegressor, "binary": xgboost.XGBClassifier,
         "multiclass": xgboost.XGBClassifier}
model = kinds[about["task"]](n_estimators=about["rounds"] or 40, max_depth=4, learning_rate=0.3,
                             random_state=about["seed"], n_jobs=about["threads"])
model.fit(rows[names], rows["_target"])
model.get_booster().save_model(os.path.join(os.environ["RONDO_OUT"], "model.%s"))
'''
TOML = '''[project]
name = "script"
target = "y"
[collect]
source = "rows.csv"
[train]
command = "%s train.py"
'''


def law(chance, answer):
    """Numbers, some missing, and an answer that follows from them."""
    a, b = chance.uniform(-2, 2), None if chance.random() < .1 else chance.uniform(0, 5)
    level = 3 * abs(a) + (1 if b is None else b)
    return {"a": a, "b": b, "y": answer(level + chance.gauss(0, .3))}


class Scripts(unittest.TestCase):
    program = source = None  # set by clients_test.py

    def trained(self, project, folder=None):
        return [fact["body"]["evidence"] for fact in project.facts(folder)
                if fact["kind"] == "step_finished" and
                fact["body"]["stage"] == "Model Training"][0]

    def test_the_example_trains_with_lightgbm(self):
        with Project(self.program) as room:
            for name in ("script", "bikes"):
                shutil.copytree(os.path.join(self.source, "examples", name), room.path(name))
            folder = room.path("script")
            with open(os.path.join(folder, "rondo.toml")) as file:
                toml = file.read()
            with open(os.path.join(folder, "rondo.toml"), "w") as file:
                file.write(toml.replace("python3 train.py", sys.executable + " train.py"))
            room.run("run", folder=folder, check=0, timeout=600)
            step = self.trained(room, folder)
            self.assertEqual(step["library"], "LightGBM")
            self.assertGreater(step["inner_rows"], 100)
            self.assertTrue(room.json("reproduce", folder=folder)["same"])

    def test_xgboost_in_both_formats(self):
        answers = {"number": lambda y: round(y, 4), "two": lambda y: "yes" if y > 5 else "no",
                   "three": lambda y: "low" if y < 4 else "middle" if y < 7 else "high"}
        for kind, name in (("number", "json"), ("two", "ubj"), ("three", "json")):
            with self.subTest(kind=kind), Project(self.program) as room:
                chance = random.Random(4)
                room.write("rondo.toml", TOML % sys.executable)
                room.write("train.py", XGBOOST % name)
                write_csv(room.path("rows.csv"),
                          [law(chance, answers[kind]) for _ in range(1200)])
                room.run("run", check=0, timeout=300)
                self.assertEqual(self.trained(room)["library"], "XGBoost")
                self.assertEqual(len(room.json("models")), 1)
                self.assertTrue(room.json("reproduce")["same"])
