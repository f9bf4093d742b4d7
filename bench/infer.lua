-- Sends prepared requests round and round and checks each answer against what is expected for the
-- version that says it answered. Prints "wrong N" at the end.
local bodies, expected = {}, {}
local at, asked, wrong = 0, {}, 0

function init(args)
  local file = assert(io.open(args[1]))
  for line in file:lines() do
    local body, want = line:match("^(.-)\t(.*)$")
    bodies[#bodies + 1] = wrk.format("POST", args[2], {["Content-Type"] = "application/json"}, body)
    expected[want] = true
  end
  file:close()
end

function request()
  at = at % #bodies + 1
  return bodies[at]
end

function response(status, headers, body)
  -- An answer is right if it is one of those that the rows have: version and value together.
  local version = body:match('"model_version":"?(%d+)')
  local value = body:match('"data":%[([^%]]*)%]') or body:match('"value":([^,}]*)')
  if status ~= 200 or not expected[tostring(version) .. " " .. tostring(value)] then
    wrong = wrong + 1
  end
  wrong_total = wrong
end

local threads = {}
function setup(thread)
  threads[#threads + 1] = thread
end

function done(summary, latency, requests)
  local all = 0
  for _, thread in ipairs(threads) do all = all + (thread:get("wrong_total") or 0) end
  local errors = summary.errors
  local form = '{"requests": %d, "seconds": %f, "wrong": %d, "p99_ms": %f, "errors": %d}\n'
  io.write(string.format(form,
    summary.requests, summary.duration / 1e6, all, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
