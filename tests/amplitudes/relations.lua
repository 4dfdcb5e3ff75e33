-- relations.lua - instances of relations, and what answers of which one knows how wrong they are say of them.
local tap = require "tap"
local mlrt = require "mlrt"
local relations = require "linear_relations"
local layer, task = mlrt.layer, mlrt.task

-- A run whose model answers what `answer` makes of the true coefficients, and measures relations once.
local function measured(instances, answer)
  local run = mlrt.run(mlrt.experiment "oracle" {
    setup = function()
      return {
        task = task.amplitudes.coefficient { loop = 4 },
        model = function(_, coefficient) return answer(coefficient:cast "f32"):cast "i32" end,
        loss = function() return layer.parameter { { 1 } } ():square():sum() end,
        optimizer = mlrt.optimizer.sgd { lr = 0.1 },
        train = { steps = 1, evaluate = 1 }, metrics = { "accuracy" },
        watch = instances and relations.watch(instances),
      }
    end,
  }, {}, { store = false, quiet = true })
  return run
end

local function truth(coefficient) return coefficient + 0 end
local instances = task.amplitudes.relations { loop = 4, instances = 40 }

-- ---- the instances ----

local run = measured(instances, truth)
local names = mlrt.open(instances).names
tap.is(table.concat(names.relation, ", "), "triple 0, integ 0, integ 1, final 16, final 17, final 18", "as in Fig. 4")
local function field(name, of) return run:tap(name, { task = of or instances }):totable() end

-- Words and coefficients of instance after instance, checked without the code that made them.
local function spelled(tokens)
  local text = {}
  for i, token in ipairs(tokens) do text[i] = string.char(97 + token) end
  return table.concat(text)
end
local function value(tokens)
  local v = 0
  for k = 2, #tokens do
    if tokens[k] == 0 then break end
    v = v * 1000 + tokens[k] - 4
  end
  return tokens[1] == 3 and -v or v
end
local function sums(of)
  local word, coefficient, factor, instance = field("word", of), field("coefficient", of), field("factor", of),
    field("instance", of)
  local list = {}
  for i = 1, #word do
    local at = instance[i] + 1
    list[at] = list[at] or { sum = 0, nonzero = 0, words = {} }
    list[at].sum = list[at].sum + factor[i] * value(coefficient[i])
    list[at].nonzero = list[at].nonzero + (value(coefficient[i]) ~= 0 and 1 or 0)
    table.insert(list[at].words, spelled(word[i]))
  end
  return list
end
local bad, zeros, seen, twice = 0, 0, {}, 0
for _, instance in ipairs(sums()) do
  if instance.sum ~= 0 then bad = bad + 1 end
  if instance.nonzero < #instance.words then zeros = zeros + 1 end
  table.sort(instance.words)
  local key = table.concat(instance.words, " ")
  if seen[key] then twice = twice + 1 end
  seen[key] = true
end
tap.is(#sums(), 6 * 40, "forty instances each")
tap.is(bad, 0, "true coefficients cancel in all")
tap.is(zeros, 0, "zeros = none: none of them is zero")
tap.is(twice, 0, "no instance comes twice")
tap.is(spelled(field "word" [1]):match "a[abc]b" ~= nil, true, "the first is of aab + abb + acb")

local all = task.amplitudes.relations { loop = 4, which = "all", zeros = "nontrivial", instances = 10 }
local counts, bad_all, empty = {}, 0, 0
for _, instance in ipairs(sums(all)) do
  if instance.sum ~= 0 then bad_all = bad_all + 1 end
  if #instance.words > 1 and instance.nonzero == 0 then empty = empty + 1 end
end
local relation, group = field("relation", all), field("group", all)
for i in ipairs(relation) do counts[mlrt.open(all).names.relation[relation[i] + 1]] = group[i] end
tap.is(bad_all, 0, "every relation holds in every instance")
tap.is(empty, 0, "sums of zeros alone are not asked for")
tap.is(counts["any db-dc-bd+cd+ec-ea-ce+ae+fa-fb-af+bf+2cb-2bc"], 3, "the longest is of the third group")
tap.is(counts["last abd"], 0, "a zero is of none")
tap.is(counts["cycle"] + counts["flip"], 2, "the dihedral symmetries are of the first")
tap.is(counts["any de"], nil, "words that are trivially zero are left out")

local held_out = task.amplitudes.relations { loop = 4, instances = 40, held_out = true, test = 3000 }
local tested = task.amplitudes.coefficient { loop = 4, test = 3000 }
mlrt.open(tested)
local test_words, trained = {}, 0
for _, word in ipairs(field("word", tested)) do test_words[spelled(word)] = true end
for _, word in ipairs(field("word", held_out)) do trained = trained + (test_words[spelled(word)] and 0 or 1) end
tap.is(trained, 0, "held_out: no word is among those that the other task trains on")

-- ---- what is measured ----

local function metrics(of, name)
  local list = {}
  for i, metric in ipairs(relations.metrics) do list[i] = ("%.4g"):format(of:metric(name .. " " .. metric)) end
  return table.concat(list, " ")
end
tap.is(metrics(run, "integ 0"), "1 1 1 1", "right answers satisfy everything")

local flipped = measured(instances, function(coefficient)
  return mlrt.where(coefficient:eq(2), 3, mlrt.where(coefficient:eq(3), 2, coefficient))
end)
tap.is(metrics(flipped, "integ 1"), "1 1 0 0", "with all signs wrong, the relation still holds")
tap.is(metrics(flipped, "triple 0"), "1 1 0 0", "also where signs must differ")

local plus = measured(instances, function(coefficient)
  return mlrt.where(coefficient:eq(3), 2, coefficient)
end)
tap.is(metrics(plus, "final 16"):sub(1, 3), "1 1", "where all signs are +, equal coefficients stay equal")
tap.is(metrics(plus, "final 17"), "0 0 0 0", "and opposite ones do not")
tap.ok(plus:metric "integ 0 satisfied" > 0 and plus:metric "integ 0 satisfied" < 1, "mixed relations hold in part")

local ones = measured(instances, function(coefficient)
  local column = coefficient:slice(2, 1, 1) * 0
  return mlrt.concat { column + 2, column + 5, column, axis = 2 }
end)
tap.is(metrics(ones, "final 18"), ("1 0 %s 0"):format(metrics(plus, "final 18"):match "^%S+ %S+ (%S+)"),
  "a model that always says 1 has found out that they are equal")

-- ---- errors ----

local ok_run, message = pcall(function() run:tap(nil, { task = task.amplitudes.relations { loop = 3 } }) end)
tap.ok(not ok_run and message:find "field 'word' of task.relations: expected i32%[8%] of 6 classes, got i32%[6%] of 6",
  "words of another length: " .. tostring(message))
ok_run, message = pcall(measured, task.grokking.binary_operation {}, truth)
tap.ok(not ok_run, "another task: " .. tostring(message))
tap.done()
