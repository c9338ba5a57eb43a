"""What wrk asks, and what it says of the answers."""

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

LUA = """
local n = {start}
local items = {items}
local queries = {queries}
local headers = {headers}
local function id() n = (n + 7919) % items; return string.format("item-%06d", n) end
{request}
done = function(summary, latency, requests)
  io.write(string.format("RESULT %f %f %f %d %d\\n", summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout, summary.requests))
end
"""
ASKING = """
request = function()
  return wrk.format("GET", "/similar/" .. id() .. queries[n % #queries + 1], headers)
end
"""
SESSION = """
headers["Content-Type"] = "application/json"
request = function()
  local ids = {}
  for i = 1, 10 do ids[i] = '"' .. id() .. '"' end
  return wrk.format("POST", "/recommend", headers, '{"items":[' .. table.concat(ids, ",") .. "]}")
end
"""
CANDIDATES = """
headers["Content-Type"] = "application/json"
local function ids(many)
  local found = {}
  for i = 1, many do found[i] = '"' .. id() .. '"' end
  return "[" .. table.concat(found, ",") .. "]"
end
request = function()
  local body = '{"candidates":' .. ids(200)
  for _, name in ipairs({"clicked", "long_clicked", "skipped", "wishlisted", "contacted", "converted"}) do
    body = body .. ',"' .. name .. '":' .. ids(50)
  end
  return wrk.format("POST", "/rank", headers, body .. "}")
end
"""


@dataclass(frozen=True)
class Load:
    """request: in Lua. queries: one for each request, in turn."""

    request: str
    queries: Sequence[str] = ("",)

    def with_queries(self, queries: Sequence[str]) -> "Load":
        return replace(self, queries=queries)


GET, RECOMMEND, RANK = Load(ASKING), Load(SESSION), Load(CANDIDATES)


class Result(NamedTuple):
    """rate: answers a second. p50, p99: ms."""

    rate: float
    requests: float
    p50: float
    p99: float
    errors: float


def run_wrk(port: int, load: Load, seconds: int, connections: int, items: int, key: str | None, start: int) -> Result:
    headers = f'{{["Authorization"]="Bearer {key}"}}' if key else "{}"
    queries = "{" + ",".join(json.dumps(query) for query in load.queries) + "}"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        lua = LUA.replace("{request}", load.request)
        for name, value in (("start", start), ("items", items), ("queries", queries), ("headers", headers)):
            lua = lua.replace("{" + name + "}", str(value))
        script.write(lua)
        script.flush()
        command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name]
        out = subprocess.run([*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"RESULT (\S+) (\S+) (\S+) (\d+) (\d+)", out)
    assert found, out
    rate, p50, p99, errors, requests = map(float, found.groups())
    return Result(rate, requests, p50, p99, errors)
