// The shapes of requests and replies, as JSON Schema; routes.cc names them. A shape that other
// programs defined (the inference protocol's) is described as far as this one reads or writes it.
#include "api/openapi.h"

namespace rondo::api {
namespace {

constexpr std::string_view kSchemas = R"json({
"Error": {"type": "object", "required": ["error"], "properties": {"error": {"type": "object",
  "required": ["code", "message", "hint"], "properties": {"code": {"type": "string"},
    "message": {"type": "string"}, "hint": {"type": "string"}}}}},
"ProtocolError": {"type": "object", "required": ["error"], "properties": {
  "error": {"type": "string", "description": "code: message; hint"}}},
"MlflowError": {"type": "object", "required": ["error_code", "message"], "properties": {
  "error_code": {"type": "string"}, "message": {"type": "string"}}},
"Time": {"type": "string", "format": "date-time"},
"Value": {"type": ["number", "string"], "description": "a number, or the name of a class"},
"Version": {"type": "integer", "minimum": 1},
"Text": {"type": "string"},
"Card": {"type": "object", "description": "as the command prints it with --json"},
"Nothing": {"type": "object"},

"PredictRequest": {"type": "object", "required": ["rows"], "additionalProperties": false,
  "properties": {"rows": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}},
    "time": {"$ref": "#/components/schemas/Time"}}},
"Predicted": {"type": "object", "required": ["id", "value", "model_version"], "properties": {
  "id": {"type": "string"}, "value": {"$ref": "#/components/schemas/Value"},
  "low": {"type": "number", "description": "of its interval, with ?interval=true"},
  "high": {"type": "number"},
  "probabilities": {"type": "object", "additionalProperties": {"type": "number"}},
  "quantiles": {"type": "object", "description": "by level, of a model of quantiles",
    "additionalProperties": {"type": "number"}},
  "model_version": {"$ref": "#/components/schemas/Version"},
  "raw_score": {"$ref": "#/components/schemas/ByClass"},
  "base": {"$ref": "#/components/schemas/ByClass"},
  "contributions": {"$ref": "#/components/schemas/Contributions"}}},
"ByClass": {"type": ["number", "object"], "description": "by class where each has a score",
  "additionalProperties": {"type": "number"}},
"Contributions": {"type": "object",
  "description": "{column: value}, or that by class; with the base they add up to the raw score"},
"Explanation": {"type": "object", "required": ["raw_score", "base", "contributions"],
  "properties": {"raw_score": {"$ref": "#/components/schemas/ByClass"},
    "base": {"$ref": "#/components/schemas/ByClass"},
    "contributions": {"$ref": "#/components/schemas/Contributions"}}},
"ExplainReply": {"type": "object", "required": ["explanations"], "properties": {"explanations": {
  "type": "array", "items": {"$ref": "#/components/schemas/Explanation"}}}},
"PredictReply": {"type": "object", "required": ["predictions"], "properties": {
  "predictions": {"type": "array", "items": {"$ref": "#/components/schemas/Predicted"}}}},
"FeedbackRequest": {"type": "object",
  "description": "as JSON lines each label alone; as CSV columns id, label, time?, correction?",
  "required": ["labels"], "additionalProperties": false,
  "properties": {"labels": {"type": "array", "items": {"type": "object",
    "required": ["id", "label"], "additionalProperties": false, "properties": {
      "id": {"type": "string"}, "label": {"type": ["number", "string", "boolean"]},
      "time": {"$ref": "#/components/schemas/Time"}, "correction": {"type": "boolean"}}}}}},
"FeedbackReply": {"type": "object",
  "required": ["accepted", "duplicate", "unknown", "conflicting", "receipt"], "properties": {
    "accepted": {"type": "integer"}, "duplicate": {"type": "integer"},
    "unknown": {"type": "integer"}, "conflicting": {"type": "integer"},
    "receipt": {"type": "string"}}},

"PushRequest": {"type": "array", "items": {"type": "object"},
  "description": "objects of column: value; as JSON lines too"},
"PushReply": {"type": "object",
  "required": ["accepted", "duplicate", "rejected", "duplicates", "rejects"], "properties": {
    "accepted": {"type": "integer"}, "duplicate": {"type": "integer"},
    "rejected": {"type": "integer"},
    "duplicates": {"type": "array", "items": {"type": "integer"}},
    "rejects": {"type": "array", "items": {"type": "object", "required": ["row", "reason"],
      "properties": {"row": {"type": "integer"}, "column": {"type": "string"},
        "reason": {"type": "string"}, "hint": {"type": "string"}}}}}},

"Parameters": {"type": "object", "description": "unknown ones are ignored"},
"Tensor": {"type": "object", "required": ["name", "shape", "datatype"], "properties": {
  "name": {"type": "string"}, "shape": {"type": "array", "items": {"type": "integer"}},
  "datatype": {"enum": ["BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32",
    "UINT64", "FP16", "BF16", "FP32", "FP64", "BYTES"]},
  "parameters": {"$ref": "#/components/schemas/Parameters"},
  "data": {"type": "array", "description": "row-major, flat or nested; absent when binary"}}},
"InferRequest": {"type": "object", "properties": {"id": {"type": "string"},
  "parameters": {"type": "object", "properties": {"time": {"$ref": "#/components/schemas/Time"},
    "timeout": {"type": "integer", "description": "microseconds"},
    "binary_data_output": {"type": "boolean"}}},
  "inputs": {"type": "array", "items": {"$ref": "#/components/schemas/Tensor"}},
  "rows": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}},
  "outputs": {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {
    "name": {"enum": ["prediction", "probabilities", "quantiles", "raw_score", "contributions",
      "interval_low", "interval_high"]},
    "parameters": {"$ref": "#/components/schemas/Parameters"}}}}}},
"InferReply": {"type": "object",
  "required": ["model_name", "model_version", "parameters", "outputs"], "properties": {
    "model_name": {"type": "string"}, "model_version": {"type": "string"},
    "id": {"type": "string"}, "parameters": {"type": "object", "required": ["prediction_id"],
      "properties": {"prediction_id": {"type": "string"}}},
    "outputs": {"type": "array", "items": {"$ref": "#/components/schemas/Tensor"}},
    "predictions": {"type": "array", "items": {"$ref": "#/components/schemas/Predicted"}}}},
"ServerMetadata": {"type": "object", "required": ["name", "version", "extensions"],
  "properties": {"name": {"type": "string"}, "version": {"type": "string"},
    "extensions": {"type": "array", "items": {"type": "string"}}}},
"Live": {"type": "object", "required": ["live"], "properties": {"live": {"type": "boolean"},
  "ready": {"type": "boolean"}}},
"ModelMetadata": {"type": "object",
  "required": ["name", "versions", "platform", "inputs", "outputs"], "properties": {
    "name": {"type": "string"}, "versions": {"type": "array", "items": {"type": "string"}},
    "platform": {"type": "string"},
    "inputs": {"type": "array", "items": {"$ref": "#/components/schemas/Tensor"}},
    "outputs": {"type": "array", "items": {"$ref": "#/components/schemas/Tensor"}}}},
"ModelReady": {"type": "object", "required": ["name", "ready"], "properties": {
  "name": {"type": "string"}, "ready": {"type": "boolean"}}},
"ConfiguredTensor": {"type": "object", "required": ["name", "data_type", "dims"], "properties": {
  "name": {"type": "string"}, "data_type": {"type": "string"},
  "dims": {"type": "array", "items": {"type": "integer"}}}},
"ModelConfig": {"type": "object", "required": ["name", "max_batch_size", "input", "output"],
  "properties": {"name": {"type": "string"}, "max_batch_size": {"type": "integer"},
    "input": {"type": "array", "items": {"$ref": "#/components/schemas/ConfiguredTensor"}},
    "output": {"type": "array", "items": {"$ref": "#/components/schemas/ConfiguredTensor"}}}},
"ModelStats": {"type": "object", "required": ["model_stats"], "properties": {"model_stats": {
  "type": "array", "items": {"type": "object", "required": ["name", "version", "last_inference",
    "inference_count", "execution_count", "inference_stats", "batch_stats"], "properties": {
      "name": {"type": "string"}, "version": {"type": "string"},
      "last_inference": {"type": "integer", "description": "milliseconds since 1970"},
      "inference_count": {"type": "integer"}, "execution_count": {"type": "integer"},
      "inference_stats": {"type": "object", "additionalProperties": {"type": "object",
        "required": ["count", "ns"], "properties": {"count": {"type": "integer"},
          "ns": {"type": "integer"}}}}, "batch_stats": {"type": "array"}}}}}},
"IndexRequest": {"type": "object", "properties": {"ready": {"type": "boolean"}}},
"Index": {"type": "array", "items": {"type": "object",
  "required": ["name", "version", "state", "reason"], "properties": {"name": {"type": "string"},
    "version": {"type": "string"}, "state": {"enum": ["READY", "LOADING", "UNAVAILABLE"]},
    "reason": {"type": "string"}}}},
"LoadRequest": {"type": "object", "properties": {"parameters": {"type": "object", "properties": {
  "version": {"type": ["string", "integer"]}}}}},

"FrameOptions": {"type": "object", "properties": {
  "output": {"enum": ["prediction", "probabilities", "quantiles", "raw_score", "contributions",
    "interval_low", "interval_high"]},
  "time": {"$ref": "#/components/schemas/Time"}}},
"Rows": {"type": "array", "description": "objects by name, or arrays by position"},
"Columns": {"type": ["object", "array"], "description": "{column: [value, ...]}, or rows"},
"Invocation": {"type": "object", "additionalProperties": false, "properties": {
  "dataframe_split": {"type": "object", "required": ["columns", "data"], "properties": {
    "columns": {"type": "array", "items": {"type": "string"}}, "index": {"type": "array"},
    "data": {"type": "array", "items": {"type": "array"}}}},
  "dataframe_records": {"$ref": "#/components/schemas/Rows"},
  "instances": {"$ref": "#/components/schemas/Rows"},
  "inputs": {"$ref": "#/components/schemas/Columns"},
  "params": {"$ref": "#/components/schemas/FrameOptions"}}},
"Values": {"type": "array", "description": "a value, or a list of values, a row"},
"Predictions": {"type": "object", "required": ["predictions"], "properties": {
  "predictions": {"$ref": "#/components/schemas/Values"}}},
"ServingRequest": {"type": "object", "properties": {
  "instances": {"$ref": "#/components/schemas/Rows"},
  "inputs": {"$ref": "#/components/schemas/Columns"},
  "parameters": {"$ref": "#/components/schemas/FrameOptions"}}},
"ServingReply": {"type": "object", "description": "predictions for instances, outputs for inputs",
  "properties": {"predictions": {"$ref": "#/components/schemas/Values"},
    "outputs": {"$ref": "#/components/schemas/Values"}}},
"ServingModels": {"type": "object", "required": ["models"], "properties": {
  "models": {"type": "array", "items": {"type": "string"}}}},
"ServingStatus": {"type": "object", "required": ["name", "ready", "model_version_status"],
  "properties": {"name": {"type": "string"}, "ready": {"type": "boolean"},
    "model_version_status": {"type": "array", "items": {"type": "object",
      "required": ["version", "state", "status"]}}}},

"Status": {"type": "object", "required": ["project", "stage", "tracker", "champion", "resting",
  "waiting_for", "performs", "paused", "approval", "alerts"]},
"Plan": {"type": "object", "required": ["now", "begins", "reason", "decision", "held", "waits_for",
  "news", "steps", "total", "gate", "approve", "policy"], "properties": {
  "begins": {"type": ["string", "null"]}, "steps": {"type": "array", "items": {"type": "object",
    "required": ["stage", "action", "runs", "when", "reuses", "cost", "may_end_in"], "properties": {
    "runs": {"enum": ["yes", "perhaps", "no"]}}}}}},
"Steps": {"type": "array", "items": {"type": "object", "required": ["step", "stage", "action",
  "result", "next", "reason", "started"]}},
"Models": {"type": "array", "items": {"type": "object", "required": ["name", "version",
  "stage_of_life"]}},
"Datasets": {"type": "array", "items": {"type": "object", "required": ["version", "rows"]}},
"List": {"type": "array", "items": {"type": "object"}},
"Deployments": {"type": "object"},
"Projects": {"type": "object", "required": ["projects"], "properties": {"projects": {
  "type": "array", "items": {"type": "object", "required": ["name", "state", "version", "url"],
  "properties": {"state": {"enum": ["serving", "no model yet", "closed"]}}}}}},
"Why": {"type": "object", "required": ["subject", "paragraph", "facts"], "properties": {
  "subject": {"type": "string"}, "paragraph": {"type": "string"}, "facts": {"type": "array"},
  "again": {"type": "array", "description": "with ?again=true: each decision made anew",
    "items": {"type": "object", "required": ["sequence", "same"]}}}},
"Logged": {"type": "object", "required": ["id", "time", "answered", "model_version", "value",
  "label"]},
"LoginRequest": {"type": "object", "additionalProperties": false,
  "description": "one of both", "properties": {"token": {"type": "string"},
    "code": {"type": "string"}}},
"Session": {"type": "object", "required": ["who", "roles", "csrf", "project"],
  "properties": {"project": {"type": "string"},
  "who": {"type": "string"}, "roles": {"type": "array", "items": {"type": "string"}},
  "csrf": {"type": "string", "description": "what changes by the cookie name in Rondo-Csrf"}}},
"ActRequest": {"type": "object", "required": ["why"], "additionalProperties": false,
  "properties": {"why": {"type": "string"}, "version": {"type": ["string", "integer", "null"]},
    "key": {"type": "string", "description": "makes a retry one act"}}},
"BacktestRequest": {"type": "object", "required": ["policies"], "additionalProperties": false,
  "properties": {"policies": {"type": "array", "minItems": 1, "maxItems": 12,
    "items": {"type": "string"}}, "from": {"type": "string", "description": "the first decision"}}},
"StopRequest": {"type": "object"},
"AdoptRequest": {"type": "object", "required": ["policy", "why"], "additionalProperties": false,
  "properties": {"policy": {"type": "string"}, "why": {"type": "string"}}},
"SnoozeRequest": {"type": "object", "required": ["why", "for"], "additionalProperties": false,
  "properties": {"why": {"type": "string"}, "for": {"type": "string", "description": "like 7d"},
    "key": {"type": "string", "description": "makes a retry one act"}}},
"Alert": {"type": "object", "required": ["id", "severity", "state", "since", "seen", "came",
  "subjects", "more", "signals"], "properties": {"id": {"type": "string"},
    "severity": {"enum": ["risk", "quality", "drift"]},
    "state": {"enum": ["open", "acknowledged", "snoozed", "closed"]},
    "subjects": {"type": "array", "maxItems": 5, "items": {"type": "string"}},
    "next": {"type": "string", "description": "what the loop does about an open one"},
    "more": {"type": "integer"}, "signals": {"type": "integer"}, "came": {"type": "integer"}}},
"Alerts": {"type": "object", "required": ["alerts", "budget"], "properties": {
  "alerts": {"type": "array", "items": {"$ref": "#/components/schemas/Alert"}},
  "budget": {"type": "object", "required": ["false_alarms_per_year", "expected", "opened"]}}},
"Audits": {"type": "object", "required": ["per_day", "version", "asked", "judged"], "properties": {
  "per_day": {"type": "integer"}, "version": {"type": "integer"},
  "asked": {"type": "array", "items": {"type": "object", "required": ["id", "time", "probability",
    "due", "labelled"], "properties": {"id": {"type": "string"}, "labelled": {"type": "boolean"},
    "probability": {"type": "number", "exclusiveMinimum": 0, "maximum": 1}}}},
  "judged": {"type": ["object", "null"]}}},
"ActReply": {"type": "object"},
"Health": {"type": "object", "required": ["status"], "properties": {
  "status": {"enum": ["alive", "ready", "not ready", "starting"]}, "what": {"type": "string"},
  "done": {"type": "integer"}, "of": {"type": "integer"}}},
"ProgramVersion": {"type": "object", "required": ["version"], "properties": {
  "version": {"type": "string"}}},
"OpenApi": {"type": "object", "required": ["openapi", "info", "paths"]}
})json";

}  // namespace

std::string_view openapi_schemas() noexcept { return kSchemas; }

}  // namespace rondo::api
