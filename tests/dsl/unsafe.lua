-- unsafe.lua - what --unsafe allows, files and commands, and what it does not: code that is not text.
local plot = require "plot"
local tap = require "tap"
local ok, is, fails = tap.ok, tap.is, tap.fails

local folder = ...

local function write(name, content)
  local file <close> = io.open(folder .. "/" .. name, "wb")
  file:write(content)
end

is(os.execute "true", true, "commands run")
is(type(debug.getinfo(1).currentline), "number", "debug is there")
fails("unknown variable 'tabel'", "names are still checked", function() return tabel end) -- luacheck: ignore tabel
fails("randomseed: give a seed", "random numbers still have a seed", math.randomseed)

local bytecode = string.dump(function() return 1 end)
write("bytecode.lua", bytecode)
write("library.so", "\127ELF")
write("module.lua", "return { value = 5, name = ... }")
write("broken.lua", "return {")
fails("attempt to load a binary chunk", "require refuses bytecode", require, "bytecode")
fails("attempt to load a binary chunk", "so does dofile", dofile, folder .. "/bytecode.lua")
local chunk, why = loadfile(folder .. "/bytecode.lua")
ok(not chunk and why:find "attempt to load a binary chunk", "and loadfile")
ok(not loadfile(folder .. "/bytecode.lua", "b"), "also when asked to")
fails("attempt to load a binary chunk", "and load", function() assert(load(bytecode)) end)
fails("unable to find module 'library'", "require finds no C library", require, "library")
ok(rawget(package, "loadlib") == nil, "and there is no other way to one")
is(require("module").value, 5, "a module of the script's folder is found")
is(require("module").name, "module", "and told its name")
fails("broken.lua:1: unexpected symbol", "a mistake in a module is shown with its line", require, "broken")
is(loadfile(folder .. "/module.lua", "t", {})().value, 5, "loadfile takes text")
is(dofile(folder .. "/module.lua").value, 5, "so does dofile")

-- A description that its own finalizers take apart while it is read: the collector may run at any step.
do
  local p = plot.curves { y = { 1, 2 }, name = ("x"):rep(100), title = ("t"):rep(200), y_label = ("y"):rep(300) }
  local function dismantle()
    p.title, p.y.label, p.series[1].name = nil, nil, nil
    setmetatable({}, { __gc = dismantle })
  end
  setmetatable({}, { __gc = dismantle })
  collectgarbage("generational")
  collectgarbage("step")
  ok(pcall(plot.render, p, folder .. "/dismantled"), "a plot survives finalizers that take it apart")
  dismantle = nil
end

tap.done()
