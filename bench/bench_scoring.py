"""Microseconds of CPU time a row, one thread on one core, beside the fastest peers in the same run.

The peers live in build/bench/venv, made at first use; data, models and what peers compile are kept
in build/bench/scoring. A peer that cannot be installed is named on standard error and left out.
"""
import json
import os
import statistics
import subprocess
import sys

from common import SOURCE, figure

FOLDER = os.path.join(SOURCE, "build", "bench")
PEERS = os.path.join(SOURCE, "bench", "scoring_peers.py")
LIGHTGBM = os.path.join(SOURCE, "build", "deps", "lib", "lib_lightgbm.so")
NEEDED = ("lightgbm==4.7.0", "numpy==2.4.6", "scipy==1.17.1")
# Each group is installed for itself, so that one that fails leaves the others.
PINS = (("xgboost-cpu==3.2.0",),
        ("onnxruntime==1.32.0", "onnx==1.23.2", "onnxmltools==1.16.0", "skl2onnx==1.20.0"),
        ("lleaves==1.3.0", "llvmlite==0.43.0"), ("treelite==4.8.1", "tl2cgen==1.0.0"))
MODELS = ("100x31", "500x31", "100x255", "500x255")
ROUNDS = 3
# Of the spread of the answers: some peers read and add floats, lleaves adds in another order.
MOST_APART = {"ONNX Runtime": 1e-4, "TL2cgen": 1e-9, "lleaves": 1e-9, "LightGBM": 0}


def say(text):
    print("bench scoring: " + text, file=sys.stderr, flush=True)


def run(*command, timeout=3600):
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


def make_python():
    """The Python of the peers; installed once for these pins."""
    python = os.path.join(FOLDER, "venv", "bin", "python")
    stamp, wanted = os.path.join(FOLDER, "venv", "pins"), repr((NEEDED, PINS))
    if os.path.exists(stamp):
        with open(stamp) as file:
            if file.read() == wanted:
                return python
    say("installs LightGBM and its peers in build/bench/venv")
    subprocess.run([sys.executable, "-m", "venv", "--clear", os.path.join(FOLDER, "venv")],
                   check=True)
    for group in (NEEDED,) + PINS:
        done = run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                   "--only-binary", ":all:", *group)
        if done.returncode != 0 and group is NEEDED:
            sys.exit("bench scoring: pip install %s failed:\n%s" % (" ".join(group), done.stderr))
        if done.returncode != 0:
            say("absent: pip install %s failed: %s" % (" ".join(group), done.stderr[-300:]))
    with open(stamp, "w") as file:
        file.write(wanted)
    return python


def make_models(python):
    folder = os.path.join(FOLDER, "scoring")
    stamp = os.path.join(folder, "made")
    with open(PEERS) as file:
        wanted = file.read() + repr((NEEDED, PINS))
    if os.path.exists(stamp):
        with open(stamp) as file:
            if file.read() == wanted:
                return folder
    say("trains the models and lets the peers compile them: minutes, once")
    os.makedirs(folder, exist_ok=True)
    done = run(python, PEERS, "prepare", folder)
    sys.stderr.write("".join(line + "\n" for line in done.stderr.splitlines() if "bench" in line))
    if done.returncode != 0:
        sys.exit("bench scoring: no models:\n" + done.stderr[-2000:])
    with open(stamp, "w") as file:
        file.write(wanted)
    return folder


def pinned(core, aloud, *command):
    done = run("taskset", "-c", str(core), *command)
    if aloud:
        sys.stderr.write("".join(l + "\n" for l in done.stderr.splitlines() if "bench" in l))
    if done.returncode != 0:
        sys.exit("bench scoring: %s failed:\n%s" % (command[0], done.stderr[-2000:]))
    return json.loads(done.stdout)


def check(name, one, model):
    """XGBoost has trees of its own, of the same number and size."""
    most = MOST_APART.get(name, 1)
    if one["apart"] > most:
        sys.exit("bench scoring: %s is %g apart from LightGBM at %s, more than %g" %
                 (name, one["apart"], model, most))


def measure_model(driver, python, folder, model):
    """({contestant: median us a row}, unequal bits of ours, scores compared)."""
    core = max(os.sched_getaffinity(0))
    lleaves = os.path.join(folder, model + ".lleaves.so")
    spent, wrong, compared = {}, 0, 0
    for turn in range(ROUNDS):
        said = pinned(core, turn == 0, driver, os.path.join(folder, model + ".txt"),
                      os.path.join(folder, "rows.f64"), LIGHTGBM,
                      *([lleaves] if os.path.exists(lleaves) else []))
        for name, one in said.items():
            spent.setdefault(name, []).append(one["us"])
            if name.split()[0] in ("scalar", "avx2", "avx512"):
                wrong, compared = wrong + one["wrong"], compared + one["rows"]
            check(name.split()[0], one, model)
        for name, one in pinned(core, turn == 0, python, PEERS, "measure", folder,
                                model).items():
            check(name, one, model)
            spent.setdefault(name + " batch", []).append(one["us"])
    return {name: statistics.median(times) for name, times in spent.items()}, wrong, compared


def against(what, ours, times, peers, factor):
    """Ours against the fastest of these peers that is there."""
    peer = min((name for name in peers if name in times), key=times.get)
    return figure("scoring", what, ours, "us", "<= %.6g" % (times[peer] / factor), peer,
                  times[peer])


def figures(model, times):
    leaves = int(model.split("x")[1])
    batch_peers = [n + " batch" for n in ("LightGBM", "XGBoost", "ONNX Runtime", "lleaves",
                                          "TL2cgen")]
    if "avx512 batch" in times:
        yield against("batch, %s" % model, times["avx512 batch"], times, batch_peers,
                      5 if leaves <= 32 else 3.5)
    if "avx2 batch" in times:
        yield against("batch, %s, AVX2" % model, times["avx2 batch"], times, batch_peers, 2)
    for kernel, suffix in (("avx512", ""), ("avx2", ", AVX2")):
        row = times.get(kernel + " row")
        if row is None:
            continue
        yield against("one row, %s%s" % (model, suffix), row, times, ["LightGBM row"],
                      10 if leaves <= 32 else 3)
        if leaves <= 32 and "lleaves row" in times:
            yield against("one row, %s%s, and lleaves" % (model, suffix), row, times,
                          ["lleaves row"], 4)


EXPLAINED = ("100x31", "500x31", "500x255")


def explain(driver, folder, model):
    """Contributions beside LightGBM's pred_contrib: time, distance, sums, bits."""
    said = pinned(max(os.sched_getaffinity(0)), False, driver, os.path.join(folder, model + ".txt"),
                  os.path.join(folder, "rows.f64"), LIGHTGBM, "explain")
    theirs = said.pop("LightGBM explain")["us"]
    say("%s, contributions: LightGBM %.4g, %s" % (model, theirs, ", ".join(
        "%s %.4g" % (name, one["us"]) for name, one in sorted(said.items()))))
    for name, one in sorted(said.items()):
        if not name.endswith(" row"):
            yield figure("scoring", "%s, contributions, %s" % (name.split()[0], model), one["us"],
                         "us", "<= %.6g" % (theirs / 2), "LightGBM", theirs)
    for key, what in (("apart", "from LightGBM's"), ("sum_apart", "of the sums from the scores")):
        yield figure("scoring", "contributions, %s, distance %s" % (model, what),
                     max(one[key] for one in said.values()), "spread", "<= 1e-09")
    yield figure("scoring", "contributions, %s, unequal among kernels and batches" % model,
                 sum(one["wrong"] for one in said.values()), "values", "<= 0")


def load(program, driver, folder, model):
    """The time of loading a pipeline of this model, imported by the program itself."""
    file = os.path.join(folder, model + ".rondo")
    done = run(program, "import", os.path.join(folder, model + ".txt"), "-o", file, "--force")
    if done.returncode != 0:
        sys.exit("bench scoring: import failed:\n" + done.stderr)
    said = pinned(max(os.sched_getaffinity(0)), False, driver, "load", file)
    return figure("scoring", "loading a pipeline, %s" % model, said["ms"], "ms", "<= 100")


def measure(program):
    driver = os.path.join(os.path.dirname(program), "bench_scoring")
    if not os.path.exists(driver):
        sys.exit("bench scoring: %s is not built; `make bench` builds it" % driver)
    os.makedirs(FOLDER, exist_ok=True)
    python = make_python()
    folder = make_models(python)
    for model in MODELS:
        times, wrong, compared = measure_model(driver, python, folder, model)
        say("%s: %s" % (model, ", ".join("%s %.4g" % pair for pair in sorted(times.items()))))
        yield from figures(model, times)
        yield figure("scoring", "unequal to LightGBM, %s, of %d scores" % (model, compared), wrong,
                     "scores", "<= 0")
        if model in EXPLAINED:
            yield from explain(driver, folder, model)
    yield load(program, driver, folder, "500x255")
