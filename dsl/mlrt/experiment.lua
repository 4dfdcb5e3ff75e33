-- experiment.lua - what an experiment file returns, and its parameters.
--
--   return mlrt.experiment "name" { doc =, paper =, params = { lr = 1e-3 }, setup = function(p) ... end, finish = ... }
--   return mlrt.experiment "name" { doc =, params = { n = 3 }, run = function(p) ... end }  -- trains nothing

local core = select(2, ...)
local words = require "mlrt.words"

local fail, suggestion, sorted_keys = words.fail, words.suggestion, words.sorted_keys

local M = {}

local declared = {} -- experiments by name
local looking -- "at" a script, or "left" when it came to a run

local Experiment = {}
Experiment.__index = Experiment

-- ---- parameters with limits ----

local Limited = {} -- { default =, low =, high = } or { default =, choices = }, and the line that said so

function M.range(low, high)
  local where = core.line()
  if type(low) ~= "number" or type(high) ~= "number" or low > high then
    fail(where, "range takes the lowest and the highest value, got %s and %s", tostring(low), tostring(high))
  end
  return function(default)
    local value = type(default) == "table" and default[1] or default
    if type(value) ~= "number" then fail(where, "the default in a range must be a number, got %s", tostring(value)) end
    return setmetatable({ default = value, low = low, high = high, where = where }, Limited)
  end
end

function M.one_of(choices)
  if type(choices) ~= "table" or #choices == 0 then fail(core.line(), "one_of takes a list of values") end
  return setmetatable({ default = choices.default or choices[1], choices = choices, where = core.line() }, Limited)
end

local function is_limited(value) return getmetatable(value) == Limited end

-- The choice that is written like a value: on the command line all are texts.
local function choose(name, spec, value)
  local names = {}
  for i, choice in ipairs(spec.choices) do
    names[i] = tostring(choice)
    if names[i] == tostring(value) then return choice end
  end
  fail(spec.where, "parameter '%s' must be one of %s, got %s%s", name, table.concat(names, ", "), tostring(value),
    suggestion(tostring(value), names))
end

local function check_range(name, spec, value)
  if not (value >= spec.low and value <= spec.high) then
    fail(spec.where, "parameter '%s' must lie in %s .. %s, got %s", name, spec.low, spec.high, value)
  end
  return value
end

local wanted = { integer = "an integer", float = "a number", string = "a text", boolean = "true or false" }

local function type_of(value) return math.type(value) or type(value) end

-- A value given as text, or as a Lua value, as the type of the default.
local function convert(where, name, default, given)
  local kind, value = type_of(default), given
  if type(given) == "string" and kind ~= "string" then
    if kind == "boolean" then
      value = ({ ["true"] = true, ["false"] = false, yes = true, no = false })[given]
    else
      value = tonumber(given)
    end
  elseif kind == "string" and type(given) == "number" then
    value = tostring(given)
  end
  if kind == "integer" then value = math.tointeger(value) end
  if kind == "float" then value = type(value) == "number" and math.abs(value) < math.huge and value + 0.0 or nil end
  if type_of(value) ~= kind then
    fail(where, "parameter '%s' must be %s, got '%s'", name, wanted[kind], tostring(given))
  end
  return value
end

-- A given value for a parameter as it was declared.
local function accept(where, name, spec, given)
  if not is_limited(spec) then return convert(where, name, spec, given) end
  if spec.choices then return choose(name, spec, given) end
  return check_range(name, spec, convert(spec.where, name, spec.default, given))
end

-- ---- experiments ----

function M.is(value) return getmetatable(value) == Experiment end

-- Sizes are named values of several parameters: `size` is a parameter that chooses them, in the place of the defaults.
local function declare_sizes(self, sizes)
  local names = sorted_keys(sizes)
  if self.params.size ~= nil or sizes.small ~= nil then
    fail(self.where, "sizes declare the parameter 'size', whose default 'small' means params as they stand")
  end
  for _, size in ipairs(names) do
    if type(sizes[size]) ~= "table" then
      fail(self.where, "size '%s' must be a table of parameters, got %s", tostring(size), words.a(type(sizes[size])))
    end
    local values = {}
    for _, name in ipairs(sorted_keys(sizes[size])) do values[name] = self:accept(name, sizes[size][name]) end
    self.sizes[size] = values
  end
  self.params.size = setmetatable({ default = "small", choices = { "small", table.unpack(names) },
                                    where = self.where }, Limited)
end

function M.define(name)
  local where = core.line() -- here: `return mlrt.experiment "x" { ... }` has left its line when the table comes
  if type(name) ~= "string" or not name:match "^[%a_][%w_]*$" then
    fail(where, "an experiment's name is letters, digits and '_', got '%s'", tostring(name))
  end
  return function(t)
    words.check_table(where, ("experiment '%s'"):format(name), t, {
      doc = "string", paper = "table", params = "table", setup = "function", finish = "function",
      sweep = "table function", run = "function", sizes = "table", expect = "table function",
    })
    if not t.setup and not t.run then fail(where, "experiment '%s' has no setup function", name) end
    if t.setup and t.run then
      fail(where, "experiment '%s' has setup, which trains, and run, which replaces it: leave one out", name)
    end
    local self = setmetatable({ name = name, doc = t.doc, paper = t.paper, setup = t.setup, finish = t.finish,
                                sweep = t.sweep, run = t.run, where = where, params = {}, sizes = {},
                                expect = t.expect }, Experiment)
    for key, value in pairs(t.params or {}) do self.params[key] = value end
    if self.params.seed == nil then self.params.seed = 0 end
    for _, key in ipairs(sorted_keys(self.params)) do
      local value = self.params[key]
      local default = is_limited(value) and value.default or value
      if not wanted[type_of(default)] then
        fail(where, "parameter '%s' must be a number, a text or true or false, got %s", tostring(key),
          words.a(type(default)))
      end
      if is_limited(value) then accept(where, key, value, default) end
    end
    if not math.tointeger(self.params.seed) then fail(where, "parameter 'seed' must be an integer") end
    if t.sizes then declare_sizes(self, t.sizes) end
    declared[name] = self
    return self
  end
end

-- The experiment of that name which a script has declared last, or nil.
function M.declared(name) return declared[name] end

-- A script that is only looked at is loaded, by `f`, for what it declares, and left before it runs anything. Gives what
-- it returned; nil when it was left.
function M.look(f, ...)
  local outer <const> = looking
  looking = "at"
  local fine, result = pcall(f, ...)
  local left = looking == "left"
  looking = outer
  if not fine and not left then error(result, 0) end
  return fine and result or nil
end

-- Something is to be run: those who only look have seen enough.
function M.begin_work()
  if not looking then return end
  looking = "left"
  error("this script is only looked at", 0)
end

function Experiment:script() return (self.where:gsub(":%d+$", "")) end

local function missing(self, where, name)
  fail(where, "no parameter '%s'%s", tostring(name), suggestion(tostring(name), sorted_keys(self.params)))
end

-- A given value of a parameter, as the type of its default and within its limits.
function Experiment:accept(name, given)
  if self.params[name] == nil then missing(self, self:script(), name) end
  return accept(self:script(), name, self.params[name], given)
end

-- "integer", "float", "string", "boolean"; "choice" for one of a list.
function Experiment:type_of(name)
  local spec = self.params[name]
  if spec == nil then missing(self, self:script(), name) end
  if not is_limited(spec) then return type_of(spec) end
  return spec.choices and "choice" or type_of(spec.default)
end

-- The parameters with some given: values, and a list of { name =, value = JSON, given = } in the order of names.
function Experiment:resolve(overrides)
  local script = self:script()
  -- p.rl for p.lr would be nil, and a property that is given nil has its default
  local values = setmetatable({}, { __index = function(_, name) missing(self, core.line(), name) end })
  local list = {}
  for _, name in ipairs(sorted_keys(overrides)) do
    if self.params[name] == nil then missing(self, script, name) end
  end
  local sized = self.sizes[overrides.size] or {}
  for i, name in ipairs(sorted_keys(self.params)) do
    local spec, given = self.params[name], overrides[name]
    if given ~= nil then
      values[name] = accept(script, name, spec, given)
    elseif sized[name] ~= nil then
      values[name] = sized[name]
    elseif is_limited(spec) then
      values[name] = spec.default
    else
      values[name] = spec
    end
    list[i] = { name = name, value = M.json(values[name]), given = given ~= nil }
  end
  return values, list
end

-- A number, text or boolean as JSON, which has no name for what is no finite number.
function M.json(value)
  if type(value) == "string" then
    return '"' .. value:gsub('[%c"\\]', function(c)
      return ({ ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n" })[c] or ("\\u%04x"):format(c:byte())
    end) .. '"'
  end
  if value ~= value or value == math.huge or value == -math.huge then return ('"%s"'):format(value) end
  if math.type(value) == "float" then
    local short = ("%.15g"):format(value)
    return tonumber(short) == value and short or ("%.17g"):format(value)
  end
  return tostring(value)
end

-- A value that was stored as JSON: a number, a text, true or false.
function M.decoded(json)
  local text = json:match '^"(.*)"$'
  if not text then return json == "true" or json ~= "false" and tonumber(json) end
  local odd = ({ nan = 0 / 0, ["-nan"] = 0 / 0, inf = math.huge, ["-inf"] = -math.huge })[text]
  if odd then return odd end
  text = text:gsub("\\u(%x%x%x%x)", function(code) return utf8.char(tonumber(code, 16)) end)
  return (text:gsub('\\(["\\n])', { ['"'] = '"', ["\\"] = "\\", n = "\n" }))
end

return M
