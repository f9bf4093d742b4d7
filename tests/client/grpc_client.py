"""One client of the gRPC server, as it is: what it says is held against `rondo predict`.

usage: grpc_client.py triton|grpcio ADDRESS EXPECTED AUTHORIZATION SOURCE_DIR [CERTIFICATE]
(clients_test.py calls it: the messages of two clients have the same names and cannot be in one
process; with a certificate the server must have it, and TLS)
"""
import json
import os
import subprocess
import sys
import tempfile

import grpc
import numpy

CLIENT, ADDRESS, EXPECTED, AUTHORIZATION, SOURCE, *ROOTS = sys.argv[1:]
EXPECTED = json.loads(EXPECTED)
TIME = "2024-02-01T09:00:00Z"
X, KIND = [1.5, float("nan"), 7.25, 0.1], ["a", "b", "never seen", "c"]


def equal(got, expected):
    if got != expected:
        sys.exit("got %r, expected %r" % (got, expected))


def triton():
    import tritonclient.grpc as module
    from tritonclient.utils import InferenceServerException

    def refused(code, call):
        try:
            call()
        except InferenceServerException as error:
            return equal(error.status(), "StatusCode." + code)
        sys.exit("nothing was refused with %s" % code)

    secure = {"ssl": True, "root_certificates": ROOTS[0]} if ROOTS else {}
    with module.InferenceServerClient(ADDRESS, **secure) as client:
        equal((client.is_server_live(), client.is_server_ready(),
               client.is_model_ready("toy", "1")), (True, True, True))
        equal(client.get_server_metadata().name, "rondo")
        equal([i.name for i in client.get_model_metadata("toy").inputs], ["x", "kind"])
        made = []
        for name, type_, values in (("x", "FP64", numpy.array(X)),
                                    ("kind", "BYTES", numpy.array(KIND, dtype=object)),
                                    ("_time", "BYTES", numpy.array([TIME] * 4, dtype=object))):
            made.append(module.InferInput(name, [4], type_))
            made[-1].set_data_from_numpy(values)
        said = client.infer("toy", made, request_id="mine", client_timeout=30,
                            outputs=[module.InferRequestedOutput("prediction")])
        equal(said.as_numpy("prediction").tolist(), EXPECTED)
        equal(said.get_response().id, "mine")
        equal(client.get_inference_statistics("toy").model_stats[0].inference_count >= 4, True)
        first = client.get_model_repository_index().models[0]
        equal((first.version, first.state), ("1", "READY"))
        refused("NOT_FOUND", lambda: client.infer("nobody", made))
        refused("UNAUTHENTICATED", lambda: client.load_model("toy"))
        client.load_model("toy", headers={"authorization": AUTHORIZATION})


def grpcio():
    with tempfile.TemporaryDirectory() as made:
        subprocess.run(["protoc", "-I", os.path.join(SOURCE, "modules", "grpc"), "--python_out",
                        made, "inference.proto"], check=True)
        sys.path.insert(0, made)
        import inference_pb2 as wire
    def connected():
        if not ROOTS:
            return grpc.insecure_channel(ADDRESS)
        with open(ROOTS[0], "rb") as file:
            return grpc.secure_channel(ADDRESS, grpc.ssl_channel_credentials(file.read()))

    with connected() as channel:
        infer = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer",
                                    request_serializer=wire.ModelInferRequest.SerializeToString,
                                    response_deserializer=wire.ModelInferResponse.FromString)
        request = wire.ModelInferRequest(model_name="toy")
        request.parameters["time"].string_param = TIME
        x = request.inputs.add(name="x", datatype="FP64", shape=[1])
        x.contents.fp64_contents.append(X[0])
        kind = request.inputs.add(name="kind", datatype="BYTES", shape=[1])
        kind.contents.bytes_contents.append(b"a")
        said, call = infer.with_call(request, timeout=30)
        equal(list(said.outputs[0].contents.fp64_contents), EXPECTED[:1])
        trailing = dict(call.trailing_metadata())
        equal(trailing["rondo-model-version"], "1")
        equal(trailing["rondo-prediction-id"], said.parameters["prediction_id"].string_param)
        request.raw_input_contents.extend([b"", b""])
        try:
            infer(request, timeout=30)
            sys.exit("raw and typed contents together were taken")
        except grpc.RpcError as error:
            equal(error.code(), grpc.StatusCode.INVALID_ARGUMENT)
        health = channel.unary_unary("/grpc.health.v1.Health/Check")
        equal(health(b"", timeout=30), b"\x08\x01")


{"triton": triton, "grpcio": grpcio}[CLIENT]()
print("ok")
