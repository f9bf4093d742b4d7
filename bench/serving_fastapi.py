"""The peer of bench/run serving: what teams write themselves, FastAPI with uvicorn, one process.

usage: serving_fastapi.py MODEL.txt PORT    the same protocol, bodies and form of the answer
       serving_fastapi.py train ROWS.csv MODEL.txt    500 trees of 31 leaves; the target is last
"""
import sys
import uuid

import lightgbm
import numpy


def train(rows, model):
    table = numpy.loadtxt(rows, delimiter=",", skiprows=1)
    lightgbm.train({"objective": "regression", "num_leaves": 31, "learning_rate": 0.1,
                    "verbose": -1, "seed": 1},
                   lightgbm.Dataset(table[:, :-1], table[:, -1]), 500).save_model(model)


def serve(path, port):
    import uvicorn
    from fastapi import FastAPI

    model = lightgbm.Booster(model_file=path)
    app = FastAPI()

    @app.post("/v2/models/wide/infer")
    async def infer(body: dict) -> dict:
        tensor = body["inputs"][0]
        rows = numpy.array(tensor["data"], dtype=numpy.float64).reshape(tensor["shape"])
        answer = model.predict(rows, num_threads=1)
        return {
            "model_name": "wide", "model_version": "1",
            "parameters": {"prediction_id": uuid.uuid4().hex},
            "outputs": [{"name": "prediction", "shape": [len(answer)], "datatype": "FP64",
                         "data": answer.tolist()}]}

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    if sys.argv[1] == "train":
        train(sys.argv[2], sys.argv[3])
    else:
        serve(sys.argv[1], int(sys.argv[2]))
