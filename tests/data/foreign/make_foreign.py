"""Makes the files of this folder anew: small models, rows, and the libraries' own predictions.

usage: make_foreign.py FOLDER
"""
import os
import sys

import lightgbm
import numpy
import pandas
import xgboost

ROWS = 1500
KINDS = ["clear", "cloudy", "rain", "snow"]
TASKS = (("regression", "regression", "reg:squarederror", {}),
         ("binary", "binary", "binary:logistic", {}),
         ("multiclass", "multiclass", "multi:softprob", {"num_class": 3}),
         ("poisson", "poisson", "count:poisson", {}))


def frame(chance, count):
    data = pandas.DataFrame({
        "temp": chance.normal(15, 8, count).round(2), "hum": chance.uniform(0, 1, count).round(3),
        "hour": chance.integers(0, 24, count).astype(float),
        "sky": pandas.Categorical(chance.choice(KINDS, count), KINDS)})
    data.loc[chance.random(count) < 0.1, "temp"] = numpy.nan
    data.loc[chance.random(count) < 0.1, "sky"] = numpy.nan
    return data


def score(data):
    sky = data.sky.cat.codes.map({-1: 1, 0: 3, 1: 1.5, 2: -2, 3: -4})
    temp = numpy.nan_to_num(data.temp, nan=5)
    return temp * 0.3 + numpy.sin(data.hour / 4) * 4 + sky + data.hum * 2


def write_rows(path, rows, said):
    said = numpy.asarray(said)
    columns = {"prediction": said} if said.ndim == 1 else {
        "p%d" % i: said[:, i] for i in range(said.shape[1])}
    rows = rows.copy()
    for name, values in columns.items():
        rows[name] = [repr(float(x)) for x in values]
    rows.to_csv(path, index=False)


def main(folder):
    chance = numpy.random.default_rng(11)
    data = frame(chance, ROWS)
    value = score(data) + chance.normal(0, 1, ROWS)
    labels = {"regression": value, "binary": (value > value.median()).astype(int),
              "multiclass": pandas.qcut(value, 3, labels=False),
              "poisson": numpy.exp(value / 6).round()}
    rows = frame(chance, 60)
    for task, ours, theirs, more in TASKS:
        model = lightgbm.train(
            dict(objective=ours, num_leaves=7, learning_rate=0.2, verbose=-1, seed=1, num_threads=1,
                 min_data_per_group=10, cat_smooth=1, **more),
            lightgbm.Dataset(data, labels[task]), 8)
        model.save_model(os.path.join(folder, "lightgbm_%s.txt" % task))
        write_rows(os.path.join(folder, "lightgbm_%s.csv" % task), rows, model.predict(rows))
        model = xgboost.train(
            dict(objective=theirs, max_depth=3, eta=0.3, seed=1, nthread=1, tree_method="hist",
                 max_cat_to_onehot=9 if task == "binary" else 1, **more),
            xgboost.DMatrix(data, labels[task], enable_categorical=True), 8)
        model.save_model(os.path.join(folder, "xgboost_%s.json" % task))
        if task in ("regression", "multiclass"):
            model.save_model(os.path.join(folder, "xgboost_%s.ubj" % task))
        write_rows(os.path.join(folder, "xgboost_%s.csv" % task), rows,
                   model.predict(xgboost.DMatrix(rows, enable_categorical=True)))


if __name__ == "__main__":
    main(sys.argv[1])
