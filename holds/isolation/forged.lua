-- Requests for wrk with a token each, from the file that is its first argument; each connection waits the second
-- argument's milliseconds before the next. The last line that it prints is JSON.

local made, next_one, pause = {}, 0, 0

function init(args)
  pause = tonumber(args[2])
  for token in io.lines(args[1]) do
    made[#made + 1] = wrk.format("GET", "/r00/1", { ["Host"] = "a.example", ["Authorization"] = "Bearer " .. token })
  end
end

function delay()
  return pause
end

function request()
  next_one = next_one % #made + 1
  return made[next_one]
end

function done(summary, latency)
  local failed = summary.errors
  print(string.format(
    '{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%d,"p99":%d,' ..
    '"not_ok":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    failed.status, failed.connect, failed.read, failed.write, failed.timeout))
end
