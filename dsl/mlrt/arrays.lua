-- arrays.lua - task.arrays: examples from the script's own arrays and tables.
--
--   task.arrays { fields = { word = words, label = labels }, target = "label", classes = { label = 10 }, train = 0.8 }
--   task.arrays { train = { x = a, y = b }, test = { x = c, y = d }, target = "y" }

local core = select(2, ...)
local words = require "mlrt.words"

local M = {}

local known = {
  fields = "table",         -- all examples: arrays by name; `train`, `valid` and `test` are then numbers ...
  train = "number table",   -- ... or the fields of each split
  valid = "number table",
  test = "number table",
  inputs = "string table",  -- the fields that the model is given, in this order
  target = "string table",  -- the fields that the loss is given
  classes = "table",        -- of integer fields: how many classes, their names, or true
  seed = "number",
  shuffle = "boolean",
}

local splits = { "train", "valid", "test" }

local function fail(message, ...) words.fail(core.line(), "task.arrays: " .. message, ...) end

-- The tables of fields, one or one a split, and whether they are splits.
local function parts_of(properties)
  if properties.fields then
    for _, split in ipairs(splits) do
      if type(properties[split]) == "table" then
        fail("with 'fields', '%s' is a share or a number of their examples, got a table", split)
      end
    end
    return { properties.fields }, false
  end
  local parts = {}
  for i, split in ipairs(splits) do
    if type(properties[split]) == "number" then
      fail("'%s' is a number of examples of 'fields', which is missing", split)
    end
    parts[i] = properties[split] or false
  end
  if not parts[1] then fail("'fields' is required, or a table of fields for 'train'") end
  return parts, true
end

-- Every part has the same fields.
local function check_parts(parts)
  for name in pairs(parts[1]) do
    if type(name) ~= "string" then fail("fields are given by name, fields = { x = ... }") end
  end
  for i, part in ipairs(parts) do
    for _, name in ipairs(words.sorted_keys(part or parts[1])) do
      if parts[1][name] == nil then fail("train has no field '%s', and %s has", name, splits[i]) end
    end
    for _, name in ipairs(words.sorted_keys(parts[1])) do
      if part and part[name] == nil then fail("%s has no field '%s', and train has", splits[i], name) end
    end
  end
end

-- A list of names of fields from a name, a list or nothing.
local function names_of(word, value, fields)
  if type(value) ~= "table" then value = { value } end
  for _, name in ipairs(value) do
    if fields[name] == nil then
      fail("'%s': there is no field '%s'%s", word, tostring(name), words.suggestion(name, words.sorted_keys(fields)))
    end
  end
  return value
end

-- Inputs, by default all that are no targets in the order of their names, and targets.
local function chosen(properties, fields)
  local targets, is_target = names_of("target", properties.target, fields), {}
  for _, name in ipairs(targets) do is_target[name] = true end
  local inputs = names_of("inputs", properties.inputs, fields)
  for _, name in ipairs(inputs) do
    if is_target[name] then fail("field '%s' is both an input and a target", name) end
  end
  if properties.inputs == nil then
    for _, name in ipairs(words.sorted_keys(fields)) do
      if not is_target[name] then inputs[#inputs + 1] = name end
    end
  end
  if #inputs == 0 then fail("there are no inputs") end
  return inputs, targets
end

-- ---- classes ----

local function is_text(values) return type(values) == "table" and type(values[1]) == "string" end

-- The distinct texts of all parts, in order.
local function distinct(name, parts)
  local set = {}
  for _, part in ipairs(parts) do
    for _, text in ipairs(part and part[name] or {}) do set[text] = true end
  end
  return words.sorted_keys(set)
end

-- Texts as numbers of classes.
local function numbered(name, values, tokens)
  local number, list = {}, {}
  for i, token in ipairs(tokens) do number[token] = i - 1 end
  for i, text in ipairs(values) do
    list[i] = number[text]
    if not list[i] then
      fail("field '%s', example %d: there is no class '%s'%s", name, i, tostring(text), words.suggestion(text, tokens))
    end
  end
  return list
end

-- How many classes a field has, and their names; nothing for a field of numbers.
local function classes_of(name, value, parts)
  local text = is_text(parts[1][name])
  if value == nil and text then
    fail("field '%s' holds texts: give its classes, classes = { %s = true } or a list of them", name, name)
  elseif value == nil or type(value) == "table" and #value > 0 then
    return nil, value
  elseif value == true and text then
    return nil, distinct(name, parts)
  elseif math.type(value) == "integer" and value >= 1 and not text then
    return value, nil
  end
  fail("'classes' of field '%s' must be %s, got %s", name,
    text and "a list of texts or true" or "how many there are or a list of their names", tostring(value))
end

local function field_of(name, target, parts, classes)
  local field = { name = name, target = target, parts = {} }
  field.classes, field.tokens = classes_of(name, classes[name], parts)
  for i, part in ipairs(parts) do
    local values = part and part[name] or nil
    field.parts[i] = is_text(values) and numbered(name, values, field.tokens) or values
  end
  return field
end

-- The task, filled.
function M.task(properties)
  words.check_table(core.line(), "task.arrays", properties, known)
  local parts, split = parts_of(properties)
  check_parts(parts)
  local inputs, targets = chosen(properties, parts[1])
  local classes, list = properties.classes or {}, {}
  names_of("classes", words.sorted_keys(classes), parts[1])
  for _, name in ipairs(inputs) do list[#list + 1] = field_of(name, false, parts, classes) end
  for _, name in ipairs(targets) do list[#list + 1] = field_of(name, true, parts, classes) end
  local own = { seed = properties.seed, shuffle = properties.shuffle }
  if not split then own.train, own.valid, own.test = properties.train, properties.valid, properties.test end
  local task = core.object("task", "arrays", own)
  core.fill_arrays(task, list, split)
  return task
end

return M
