-- phases.lua - the four phases of learning: Liu et al., arXiv:2205.10343, Table C.1 of the thesis.
--
--   comprehension   training and validation accuracy pass the threshold, within `gap` steps of each other
--   grokking        both do, but validation later than that
--   memorization    training accuracy does, validation does not
--   confusion       neither does

local phases = { names = { "comprehension", "grokking", "memorization", "confusion" } }

phases.number = {}
for i, name in ipairs(phases.names) do phases.number[name] = i end

-- The phase of a run whose accuracies passed the threshold at these steps; nil: never. gap is 1,000.
function phases.classify(train, validation, gap)
  if not train then return "confusion" end
  if not validation then return "memorization" end
  return validation - train < (gap or 1000) and "comprehension" or "grokking"
end

-- The first step at which a series, { step = {...}, value = {...} }, is at least `threshold`; nil: never.
function phases.first(series, threshold)
  for i, value in ipairs(series.value) do
    if value >= threshold then return series.step[i] end
  end
end

return phases
