-- sandbox.lua - what an experiment cannot do, however it tries.
local tap = require "tap"
local ok, is, fails = tap.ok, tap.is, tap.fails

-- files and commands

fails("^[^:]*sandbox.lua:%d+: 'io.open' is not available to experiments "
  .. "%(run with %-%-unsafe to allow files and commands%)$", "io.open", function() return io.open("/etc/passwd") end)
fails("'os.execute' is not available", "os.execute", function() os.execute("true") end)
fails("'os.time' is not available", "os.time", function() return os.time() end)
fails("'debug.getregistry' is not available", "debug", function() return debug.getregistry() end)
is(type(os.clock()), "number", "os.clock is")
is(getmetatable(io), "io", "the metatable of what is not there is out of reach")
fails("cannot change a protected metatable", "and stays", setmetatable, io, {})
for _, name in ipairs { "io", "os", "debug" } do
  ok(package.loaded[name] == nil, name .. " is not in package.loaded")
  fails("unable to find module '" .. name .. "'", "nor does require know it", require, name)
end
ok(rawget(package, "loadlib") == nil and rawget(package, "searchers") == nil, "nothing loads C libraries")
ok(rawget(_G, "popen") == nil, "no commands by another name")

-- bytecode

local bytecode = string.dump(function() return 1 end)
local chunk, why = load(bytecode)
ok(not chunk and why:find("attempt to load a binary chunk"), "load refuses bytecode")
chunk, why = load(bytecode, "x", "b")
ok(not chunk and why == "bytecode is not loaded: only text chunks", "also when asked to")
ok(not load(bytecode, "x", "bt"), "or allowed to")
local piece = bytecode
chunk = load(function() local p = piece piece = nil return p end)
ok(not chunk, "or given in pieces")
is(load("return 1 + 1")(), 2, "load takes text")
is(load("return x", "x", "t", { x = 5 })(), 5, "with an environment")
is(select("#", pcall(load("return 1, 2, 3"))), 4, "and all results")
ok(not load("return ="), "a mistake in it is a value")
chunk, why = load("return x", "x", "t", nil)
fails("attempt to index a nil value", "an environment of nil is nil", chunk)
ok(why == nil, "and no mistake")
fails("unable to find module", "loadfile of a binary is no way in", require, "libmlrt")
fails("unable to open '/nonexistent.lua': no such file", "dofile of what is not there", dofile, "/nonexistent.lua")
fails("bad argument", "dofile does not read the terminal", dofile)

-- require

fails("unable to find module 'tapp' %(did you mean 'tap'%?%): "
  .. "no '[^']+/tapp.lua', no '[^']*/tests/tapp.lua', no '[^']*/stdlib/tapp.lua'",
  "a missing module: where it was looked for, and what is there", require, "tapp")
fails("did you mean 'mlrt.array'", "the modules in C are among it", require, "mlrt.aray")
fails("'../../etc/x' is no name of a module", "a path is no name", require, "../../etc/x")
fails("'/etc/passwd' is no name of a module", "nor is this", require, "/etc/passwd")
is(require "tap", tap, "a module is loaded once")
package.preload["made up"] = function(name) return name .. "!" end
is(require "made up", "made up!", "package.preload is asked first")

-- names

fails("^[^:]*sandbox.lua:%d+: unknown variable 'tabel' %(did you mean 'table'%?%)$", "a name nobody defined",
  function() return tabel.concat {} end) -- luacheck: ignore tabel
fails("unknown variable 'xyzzy'$", "one that is like no other", function() return xyzzy end) -- luacheck: ignore xyzzy

-- shared metatables

is(getmetatable(""), "string", "the metatable of strings is out of reach")
ok(not pcall(function() getmetatable("").__index.rep = nil end), "and cannot be changed")
is(("x"):rep(2), "xx", "its methods work")
ok(not pcall(setmetatable, "", {}), "a string gets no other")

local mlrt_array = require "mlrt.array"
fails("table expected", "arrays keep theirs", setmetatable, mlrt_array { 1 }, nil)

tap.done()
