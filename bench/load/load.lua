-- Requests for wrk, all made before the first is sent, so that wrk only writes them out.
-- Arguments: items ROUTES TENANTS | get PATH | post PATH BYTES | tokens FILE [PAUSE] | put PATH BYTES, to as many things as there are requests
-- The last line that it prints is JSON, for bench/load/wrk.py.

local REQUESTS = 20000
local made, next_one = {}, 0

local function head(tenant)
  return {
    ["Host"] = "crm.example.com",
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    ["Accept"] = "application/json, text/plain, */*",
    ["Accept-Language"] = "en-GB,en;q=0.7,de;q=0.3",
    ["Accept-Encoding"] = "gzip, deflate, br",
    ["Referer"] = "https://crm.example.com/orders",
    ["Cookie"] = "session=5b1f0c3a9d7e4f62; theme=dark; consent=1",
    ["X-Tenant-Id"] = string.format("tenant-%04d", tenant),
  }
end

local function items(routes, tenants)
  math.randomseed(20817)
  for n = 1, REQUESTS do
    local path = string.format("/svc%04d/items/%d", math.random(0, routes - 1), math.random(1, 99999))
    made[n] = wrk.format("GET", path, head(math.random(0, tenants - 1)))
  end
end

function init(args)
  if args[1] == "items" then
    items(tonumber(args[2]), tonumber(args[3]))
  elseif args[1] == "post" then
    local headers = head(0)
    headers["Content-Type"] = "application/octet-stream"
    made[1] = wrk.format("POST", args[2], headers, string.rep("x", tonumber(args[3])))
  elseif args[1] == "tokens" then
    if args[3] then
      function delay() return tonumber(args[3]) end -- milliseconds of each connection; wrk waits only where there is one
    end
    for token in io.lines(args[2]) do
      local headers = head(#made % 1000)
      headers["Authorization"] = "Bearer " .. token
      made[#made + 1] = wrk.format("GET", "/items/1", headers)
    end
  elseif args[1] == "put" then
    for n = 1, REQUESTS do
      made[n] = wrk.format("PUT", args[2] .. n, head(n % 1000), string.rep("x", tonumber(args[3])))
    end
  else
    made[1] = wrk.format("GET", args[2], head(0))
  end
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
