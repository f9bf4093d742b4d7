-- Sends prepared requests round and round: lines of "BODY<TAB>VERSION VALUE" from a file.
-- args: FILE PATH [check] [paced]. With "paced" each connection waits a millisecond after its
-- answer, so that the server is not always full. With "check" each answer is held against what is
-- expected for the version that says it answered; that costs the client more than the server needs
-- to answer, so times are taken without, and then only statuses count. Prints one line of JSON.
local bodies, expected = {}, {}
local at, wrong = 0, 0

local function check(status, headers, body)
  -- An answer is right if it is one of those that the rows have: version and value together.
  local version = body:match('"model_version":"?(%d+)')
  local value = body:match('"data":%[([^%]]*)%]') or body:match('"value":([^,}]*)')
  if status ~= 200 or not expected[tostring(version) .. " " .. tostring(value)] then
    wrong = wrong + 1
  end
  wrong_total = wrong
end

function init(args)
  local file = assert(io.open(args[1]))
  for line in file:lines() do
    local body, want = line:match("^(.-)\t(.*)$")
    bodies[#bodies + 1] = wrk.format("POST", args[2], {["Content-Type"] = "application/json"}, body)
    expected[want] = true
  end
  file:close()
  for i = 3, #args do
    if args[i] == "check" then response = check end
    if args[i] == "paced" then delay = function() return 1 end end
  end
end

function request()
  at = at % #bodies + 1
  return bodies[at]
end

local threads = {}
function setup(thread)
  threads[#threads + 1] = thread
end

function done(summary, latency, requests)
  local all = 0
  for _, thread in ipairs(threads) do all = all + (thread:get("wrong_total") or 0) end
  local errors = summary.errors
  local form = '{"requests": %d, "seconds": %f, "wrong": %d, "p50_ms": %f, "p99_ms": %f, ' ..
               '"errors": %d}\n'
  io.write(string.format(form,
    summary.requests, summary.duration / 1e6, all, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
