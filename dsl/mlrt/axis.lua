-- axis.lua - the values a sweep gives to a parameter: lr=1e-5..1e-2@log:20 seed=0..4 order=a,b.
--
--   VALUE,VALUE        a list, whose items may be ranges
--   FIRST..LAST        whole numbers, both ends included
--   FIRST..LAST@N      N numbers at equal distances
--   FIRST..LAST@log:N  N numbers with equal ratios
--
-- Numbers of ranges have 12 digits, so that 1e-4 of a range is 1e-4 of the command line. For a parameter that is an
-- integer they are rounded, and those that are equal then count once.

local words = require "mlrt.words"
local experiments = require "mlrt.experiment"

local M = { MOST = 1000000 }

local function fail(name, message, ...) words.fail(nil, "axis '%s': " .. message, name, ...) end

-- ---- ranges ----

-- FIRST, LAST, "@..." without the @ (or nil) of a range.
local function parts(name, item)
  local ends, how = item:match "^([^@]*)@?(.*)$"
  local first, last = ends:match "^(.-)%.%.(.*)$"
  local low, high = tonumber(first), tonumber(last)
  if not low or not high then
    fail(name, "'%s' is no range: expected FIRST..LAST, FIRST..LAST@COUNT or FIRST..LAST@log:COUNT", item)
  end
  if low > high then fail(name, "'%s' is empty: it begins above its end", item) end
  return low, high, item:find("@", 1, true) and how or nil
end

local function count_of(name, item, how, low, high)
  if not how then
    if not math.tointeger(low) or not math.tointeger(high) then
      fail(name, "'%s' needs to say how many values, as in %s@10 or %s@log:10", item, item, item)
    end
    return high - low + 1, false
  end
  local log = how:match "^log:" ~= nil
  local count = math.tointeger(tonumber((how:gsub("^log:", ""))))
  if not count or count < 1 then
    fail(name, "'%s': expected a whole number of values after '%s', got '%s'", item, log and "log:" or "@",
      (how:gsub("^log:", "")))
  end
  if log and low <= 0 then fail(name, "'%s': a logarithmic range begins above 0", item) end
  if (count == 1) ~= (low == high) then
    fail(name, "'%s': %s", item, count == 1 and "one value cannot have two ends" or "its ends are equal")
  end
  return count, log
end

local function add_range(axis, item, whole)
  local low, high, how = parts(axis.name, item)
  local count, log = count_of(axis.name, item, how, low, high)
  if count > M.MOST then
    fail(axis.name, "'%s' has %.0f values, at most %d are possible", item, count, M.MOST)
  end
  axis.log = axis.log or log
  local last
  for i = 0, count - 1 do
    local part = count > 1 and i / (count - 1) or 0
    local value = not how and low + i or log and low * (high / low) ^ part or low + (high - low) * part
    if math.type(value) == "float" then value = tonumber(("%.12g"):format(value)) end
    if whole then value = math.floor(value + 0.5) end
    if not (whole and value == last) then axis.given[#axis.given + 1] = value end
    last = value
  end
end

-- ---- axes ----

local numeric = { integer = true, float = true }

-- The largest of some numbers over the least.
local function spread(numbers)
  return math.max(table.unpack(numbers)) / math.min(table.unpack(numbers))
end

-- Is a list of numbers better seen on a logarithmic axis? When its steps are more alike as ratios than as distances.
local function looks_logarithmic(values)
  if #values < 2 or #values > 100 then return false end
  local sorted, steps, ratios = table.move(values, 1, #values, 1, {}), {}, {}
  table.sort(sorted)
  if sorted[1] <= 0 then return false end
  for i = 2, #sorted do
    steps[i - 1], ratios[i - 1] = sorted[i] - sorted[i - 1], math.log(sorted[i] / sorted[i - 1])
  end
  if #sorted == 2 then return sorted[2] >= 10 * sorted[1] end
  return spread(ratios) < spread(steps)
end

-- An axis with the values as the experiment takes them: { name =, values =, number = , log = }.
function M.of_values(experiment, name, given)
  local axis = { name = name, values = {}, number = numeric[experiment:type_of(name)] or false }
  local seen = {}
  if #given == 0 then fail(name, "it has no values") end
  for i, item in ipairs(given) do
    local value = experiment:accept(name, item)
    local key = experiments.json(value)
    if seen[key] then fail(name, "it has %s twice", key) end
    seen[key], axis.values[i] = true, value
  end
  axis.log = axis.number and looks_logarithmic(axis.values)
  return axis
end

-- What stands behind "name=" on the command line. An axis of one value that is no range is one the user has fixed.
function M.parse(experiment, name, text)
  local kind = experiment:type_of(name)
  local read = { name = name, given = {}, log = false }
  if text == "" and kind ~= "string" then fail(name, "it is empty") end
  for item in (text .. ","):gmatch "([^,]*)," do
    if item == "" and kind ~= "string" then fail(name, "'%s' has an empty value", text) end
    if numeric[kind] and item:find("..", 1, true) then
      add_range(read, item, kind == "integer")
      read.ranged = true
    else
      read.given[#read.given + 1] = item
    end
    if #read.given > M.MOST then fail(name, "more than %d values", M.MOST) end
  end
  local axis = M.of_values(experiment, name, read.given)
  if read.ranged then axis.log = read.log end
  return axis
end

-- A value for people.
function M.text(value)
  return math.type(value) == "float" and ("%.6g"):format(value) or tostring(value)
end

return M
