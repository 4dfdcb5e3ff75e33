-- predict.lua - asking a trained model: texts in, answers with their probabilities out.
--
-- A model that decodes does so greedily, taking the likeliest token each time; the probability of an answer is the
-- product of the probabilities of its tokens, the end included. Of classes it is that of the likeliest.

local core = select(2, ...)
local words = require "mlrt.words"
local array = require "mlrt.array"
local arrays = require "mlrt.arrays"

local M = {}

local PROBABILITY = "mlrt.probability"

local function target_of(facts)
  for i, field in ipairs(facts.fields) do
    if field.target then return field, i end
  end
end

-- The place of a token's name, counted from 0, or nil.
local function token(field, name)
  for i, text in ipairs(field.tokens or {}) do
    if text == name then return i - 1 end
  end
end

-- ---- the model ----

-- A node: how probable is each answer? `tokens` [batch, ...] are what the logits [batch, ..., classes] say at most.
local function probability(field, tokens, logits)
  local dims, last = { tokens:shape() }, token(field, "end")
  local batch = dims[1]
  dims[#dims + 1] = 1
  local spoken = logits:log_softmax():take_along(tokens:reshape(table.unpack(dims)), -1):reshape(batch, -1)
  if last and #dims > 2 then
    local is_end = tokens:cast "f32":eq(last):reshape(batch, -1)
    spoken = core.node.where(is_end:cumsum(2) - is_end, 0, spoken)
  end
  return spoken:sum(2):exp()
end

-- Let a recipe's model also say how probable its answers are.
function M.prepare(recipe)
  local field, place = target_of(recipe.facts)
  local answer = recipe.predict
  if not field or not field.classes then return end
  recipe.predict = function(...)
    local nodes, prediction = { ... }, answer(...)
    local logits, tokens = prediction, prediction
    if core.adopt(prediction, nodes[place]) then
      nodes[place] = prediction
      logits = recipe.forward(table.unpack(nodes)) -- what it said to each token of its own answer
    else
      tokens = logits:argmax()
    end
    if select("#", logits:shape()) == select("#", nodes[place]:shape()) + 1 then
      probability(field, tokens, logits):named(PROBABILITY)
    end
    return prediction
  end
end

-- ---- questions ----

-- A task of the examples that texts describe, and its fields' numbers, one after the other.
local function questions(run, facts, texts)
  local columns, fields, classes = {}, {}, {}
  for f in ipairs(facts.fields) do columns[f] = {} end
  for _, text in ipairs(texts) do
    for f, numbers in ipairs(core.read_example(run.task, text)) do
      table.move(numbers, 1, #numbers, #columns[f] + 1, columns[f])
    end
  end
  local inputs = {}
  for f, field in ipairs(facts.fields) do
    if not field.target then
      local dims = { #texts }
      for size in field.shape:gmatch "%d+" do dims[#dims + 1] = math.tointeger(size) end
      fields[field.name] = array(columns[f]):reshape(table.unpack(dims))
      classes[field.name], inputs[#inputs + 1] = field.classes, field.name
    end
  end
  return arrays.task { fields = fields, classes = classes, inputs = inputs, shuffle = false }, columns
end

-- Answers to texts, a list of { input =, answer =, tokens =, probability = }, and the numbers of each field.
function M.answers(run, texts)
  if type(texts) ~= "table" or #texts == 0 then
    words.fail(core.line(), "run:predict takes a list of texts, got %s", words.a(words.kind(texts)))
  end
  local facts = core.task_facts(run.task)
  local field, place = target_of(facts)
  if not field then words.fail(core.line(), "the task has no target that could be predicted") end
  local task, columns = questions(run, facts, texts)
  core.open_task(task)
  local function ask(name) return run.trainer:tap(name, "train", 1, #texts, task) end
  local said, list = ask(nil), {}
  local each = 1
  for size in field.shape:gmatch "%d+" do each = each * math.tointeger(size) end
  if field.classes and said:size() > #texts * each then said = said:reshape(#texts, each, -1):argmax(3) - 1 end
  local known, sure = pcall(ask, PROBABILITY)
  local numbers = said:flatten():totable()
  for i, text in ipairs(texts) do
    local tokens = table.move(numbers, (i - 1) * each + 1, i * each, 1, {})
    list[i] = { input = text, tokens = tokens, answer = core.field_text(run.task, place, tokens),
                probability = known and sure:get(i) or nil }
  end
  columns[place] = numbers
  return list, columns
end

-- ---- the verb ----

-- Words and name=value of the command line: texts, and whether to verify.
local function arguments(list)
  local texts, input, verify = {}, nil, false
  for _, word in ipairs(list) do
    local name, value = word:match "^(%a+)=(.*)$"
    if name == "input" then
      input = value
    elseif name == "verify" and (value == "true" or value == "false") then
      verify = value == "true"
    elseif name then
      words.fail(nil, "predict takes input=PATH and verify=true, got '%s'", word)
    else
      texts[#texts + 1] = word
    end
  end
  if input or #texts == 0 then
    for _, line in ipairs(core.read_lines(input or "-")) do
      line = line:match "^%s*(.-)%s*$"
      if line ~= "" and line:sub(1, 1) ~= "#" then texts[#texts + 1] = line end
    end
  end
  if #texts == 0 then words.fail(nil, "there is nothing to predict") end
  return texts, verify
end

local function table_of(rows)
  local width, lines = {}, {}
  for _, row in ipairs(rows) do
    for k, cell in ipairs(row) do width[k] = math.max(width[k] or 0, #cell) end
  end
  for i, row in ipairs(rows) do
    local cells = {}
    for k, cell in ipairs(row) do cells[k] = ("%" .. (k == 1 and "-" or "") .. width[k] .. "s"):format(cell) end
    lines[i] = table.concat(cells, "  "):gsub("%s+$", "")
  end
  return table.concat(lines, "\n") .. "\n"
end

local function say_claims(run, count, columns)
  local claims = core.verify(run.task, count, columns)
  if not claims then
    words.fail(nil, "nothing is known of the answers of task.%s that could be verified", run.task.class)
  end
  if #claims == 0 then return core.write("out", "\nno relation joins these inputs\n") end
  local rows = { { "relation", "seen", "satisfied" } }
  for _, claim in ipairs(claims) do
    rows[#rows + 1] = { claim.name, ("%d"):format(claim.seen), ("%d"):format(claim.held) }
  end
  core.write("out", "\n", table_of(rows))
end

-- What `mlrt predict RUN` does.
function M.command(id, list, options)
  local texts, verify = arguments(list)
  local run = require("mlrt.stored").open(id, { store = options.store })
  local facts = core.task_facts(run.task)
  local answers, columns = M.answers(run, texts)
  local heads = {}
  for _, field in ipairs(facts.fields) do
    if not field.target then heads[#heads + 1] = field.name end
  end
  local rows = { { table.concat(heads, " "), target_of(facts).name, "probability" } }
  for _, a in ipairs(answers) do
    rows[#rows + 1] = { a.input, a.answer, a.probability and ("%.4f"):format(a.probability) or "-" }
  end
  core.write("out", table_of(rows))
  if verify then say_claims(run, #texts, columns) end
  run:close()
end

return M
