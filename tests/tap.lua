-- tap.lua - tests in Lua that speak TAP, with the words of tap.h; run under `mlrt run`.
local tap = {}

local run, failed = 0, 0

function tap.diag(text)
  print("# " .. tostring(text):gsub("\n", "\n# "))
end

function tap.ok(condition, name)
  run = run + 1
  if not condition then failed = failed + 1 end
  print(("%s %d - %s"):format(condition and "ok" or "not ok", run, name))
  return condition
end

function tap.is(got, want, name)
  if not tap.ok(got == want, name) then tap.diag(("got %s, want %s"):format(got, want)) end
  return got == want
end

-- Within tolerance * max(1, |want|), as is_close of tap.h.
function tap.is_close(got, want, tolerance, name)
  local close = got == want or math.abs(got - want) <= tolerance * math.max(1, math.abs(want))
  if not tap.ok(close, name) then tap.diag(("got %.9g, want %.9g within %g"):format(got, want, tolerance)) end
  return close
end

-- `pattern` (a Lua pattern) occurs in `got`.
function tap.like(got, pattern, name)
  local found = tostring(got):find(pattern) ~= nil
  if not tap.ok(found, name) then tap.diag(("got %s, want something like %s"):format(got, pattern)) end
  return found
end

-- f(...) fails with a message like `pattern`.
function tap.fails(pattern, name, f, ...)
  local done, message = pcall(f, ...)
  return tap.like(done and "no error" or message, pattern, name)
end

function tap.skip(reason)
  run = run + 1
  print(("ok %d # SKIP %s"):format(run, reason))
end

-- The end of the script: a plan, and an error when something failed.
function tap.done()
  print("1.." .. run)
  if failed > 0 then error(("%d of %d checks failed"):format(failed, run), 0) end
end

return tap
