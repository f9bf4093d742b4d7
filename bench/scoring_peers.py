"""Runs in the benchmark's own Python: makes data, models and peers, and measures the peers.

usage: scoring_peers.py prepare FOLDER           once: rows, models, what the peers compile
       scoring_peers.py measure FOLDER MODEL     prints {peer: {"us", "apart"}}, one thread
`us` is CPU time of all threads a row. `apart` is the greatest distance from LightGBM's answers in
units of their spread. A peer that is absent or fails is named on standard error.
"""
import json
import os
import statistics
import subprocess
import sys
import time

import lightgbm
import numpy

MODELS = {"100x31": (100, 31), "500x31": (500, 31), "100x255": (100, 255), "500x255": (500, 255)}
COLUMNS, TRAINED, ROWS, TURNS = 30, 60_000, 20_000, 5


def path(folder, name):
    return os.path.join(folder, name)


def rows_of(chance, count):
    rows = chance.normal(size=(count, COLUMNS))
    rows[:, 20:] = numpy.round(rows[:, 20:] * 4) / 4
    # Single-precision values, so that peers that read floats see the same numbers.
    return rows.astype(numpy.float32).astype(numpy.float64)


def target_of(chance, rows):
    value = chance.normal(size=len(rows)) * 0.3
    for i in range(COLUMNS):
        value += numpy.sin(rows[:, i] * (1 + i % 3)) * (1 + i % 4)
        value += rows[:, i] * rows[:, (i + 7) % COLUMNS] * 0.3
    return value


def absent(peer, error):
    print("bench scoring: %s is absent: %s" % (peer, str(error).strip()[-300:]), file=sys.stderr)


def train(folder, name, rows, target):
    trees, leaves = MODELS[name]
    model = lightgbm.train(
        {"objective": "regression", "num_leaves": leaves, "learning_rate": 0.1, "verbose": -1,
         "min_data_in_leaf": 20, "seed": 1, "deterministic": True, "force_row_wise": True},
        lightgbm.Dataset(rows, target), trees)
    model.save_model(path(folder, name + ".txt"))


def train_xgboost(folder, name, rows, target):
    import xgboost
    trees, leaves = MODELS[name]
    options = {"objective": "reg:squarederror", "tree_method": "hist", "grow_policy": "lossguide",
               "max_leaves": leaves, "max_depth": 0, "eta": 0.1, "seed": 1}
    model = xgboost.train(options, xgboost.DMatrix(rows.astype(numpy.float32), target), trees)
    model.save_model(path(folder, name + ".ubj"))


def compile_lleaves(folder, name):
    import lleaves
    trees, leaves = MODELS[name]
    if trees * leaves > 100_000:
        raise RuntimeError("its compiler takes tens of minutes at %s" % name)
    target = path(folder, name + ".lleaves")
    lleaves.Model(model_file=path(folder, name + ".txt")).compile(cache=target + ".o")
    subprocess.run(["gcc", "-shared", "-Wl,-z,notext", target + ".o", "-o", target + ".so", "-lm"],
                   check=True)


def export_onnx(folder, name):
    import onnxmltools
    from onnxmltools.convert.common.data_types import FloatTensorType
    model = lightgbm.Booster(model_file=path(folder, name + ".txt"))
    made = onnxmltools.convert_lightgbm(
        model, initial_types=[("x", FloatTensorType([None, COLUMNS]))], target_opset=15)
    with open(path(folder, name + ".onnx"), "wb") as file:
        file.write(made.SerializeToString())


def compile_tl2cgen(folder, name):
    import tl2cgen
    import treelite
    if MODELS[name][1] > 31:
        raise RuntimeError("its C takes too long to compile at %d leaves" % MODELS[name][1])
    model = treelite.frontend.load_lightgbm_model(path(folder, name + ".txt"))
    tl2cgen.export_lib(model, toolchain="gcc", libpath=path(folder, name + ".tl2cgen.so"),
                       params={"parallel_comp": 16}, nthread=2)


def prepare(folder):
    chance = numpy.random.default_rng(7)
    rows = rows_of(chance, TRAINED)
    target = target_of(chance, rows)
    rows_of(chance, ROWS).tofile(path(folder, "rows.f64"))
    for name in MODELS:
        train(folder, name, rows, target)
        for make in (export_onnx, compile_tl2cgen, compile_lleaves):
            try:
                make(folder, name)
            except Exception as error:  # whatever a peer does, the others are measured
                absent("%s of %s" % (make.__name__, name), error)
        try:
            train_xgboost(folder, name, rows, target)
        except Exception as error:
            absent("xgboost of " + name, error)


def xgboost_scorer(folder, name, rows):
    import xgboost
    model = xgboost.Booster({"nthread": 1}, model_file=path(folder, name + ".ubj"))
    model.set_param({"nthread": 1})
    values = rows.astype(numpy.float32)
    return lambda: model.inplace_predict(values)


def onnx_scorer(folder, name, rows):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path(folder, name + ".onnx"), options,
                                           providers=["CPUExecutionProvider"])
    values = rows.astype(numpy.float32)
    return lambda: session.run(None, {"x": values})[0].reshape(-1)


def tl2cgen_scorer(folder, name, rows):
    import tl2cgen
    predictor = tl2cgen.Predictor(path(folder, name + ".tl2cgen.so"), nthread=1)
    values = tl2cgen.DMatrix(rows)
    return lambda: predictor.predict(values, pred_margin=True).reshape(-1)


def measure(folder, name):
    rows = numpy.fromfile(path(folder, "rows.f64")).reshape(-1, COLUMNS)
    want = lightgbm.Booster(model_file=path(folder, name + ".txt")).predict(rows, num_threads=1)
    said = {}
    for peer, make in (("XGBoost", xgboost_scorer), ("ONNX Runtime", onnx_scorer),
                       ("TL2cgen", tl2cgen_scorer)):
        try:
            score = make(folder, name, rows)
            answer = score()
            spent = []
            for _ in range(TURNS):
                began = time.process_time()
                score()
                spent.append(1e6 * (time.process_time() - began) / len(rows))
            apart = float(numpy.max(numpy.abs(answer - want)) / numpy.ptp(want))
            said[peer] = {"us": statistics.median(spent), "apart": apart}
        except Exception as error:
            absent("%s at %s" % (peer, name), error)
    print(json.dumps(said))


if __name__ == "__main__":
    prepare(sys.argv[2]) if sys.argv[1] == "prepare" else measure(*sys.argv[2:])
