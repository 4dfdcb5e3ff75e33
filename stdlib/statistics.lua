-- statistics.lua - estimates with their errors: of a mean, of anything by resampling, of a straight line.
--
-- Arrays have the statistics of what they hold (a:mean(), a:std(), a:quantile(q)); here the numbers are a sample, and
-- the question is what it says about where it came from.

local array = require "mlrt.array"
local random = require "mlrt.random"

local statistics = {}

local function sample(what, values, least)
  local a = array(values)
  if a:rank() ~= 1 then error(("%s: expected a list of numbers, got %d dimensions"):format(what, a:rank()), 3) end
  if #a < least then error(("%s: %d values are too few: %d are needed"):format(what, #a, least), 3) end
  return a
end

-- The standard deviation of the population, from a sample of it: divided by n - 1.
function statistics.std(values)
  local a = sample("statistics.std", values, 2)
  return math.sqrt(a:var() * #a / (#a - 1))
end

-- The mean and its standard error.
function statistics.mean(values)
  local a = sample("statistics.mean", values, 2)
  return a:mean(), math.sqrt(a:var() / (#a - 1))
end

-- An interval that holds f of the population with a probability of `level`: percentiles of f over samples drawn with
-- replacement (Efron 1979). f takes an array and gives a number; without it, the mean.
--   local low, high = statistics.bootstrap(accuracies, array.median, { level = 0.95, resamples = 2000, seed = 0 })
function statistics.bootstrap(values, f, options)
  local a = sample("statistics.bootstrap", values, 2)
  f, options = f or array.mean, options or {}
  local level, resamples, r = options.level or 0.95, options.resamples or 2000, random(options.seed or 0, "bootstrap")
  local found, indices = {}, {}
  for i = 1, resamples do
    for k = 1, #a do indices[k] = r:int(#a) end
    found[i] = f(a:take(indices))
  end
  local interval = array(found):quantile { (1 - level) / 2, (1 + level) / 2 }
  return interval[1], interval[2]
end

-- Least squares of y = intercept + slope x, the error of y being unknown and the same everywhere:
--   { slope, intercept, slope_error, intercept_error, r2, residual }
-- r2 is the explained share of the variance, residual the standard deviation of y about the line.
function statistics.line(x, y)
  x, y = sample("statistics.line", x, 3), sample("statistics.line", y, 3)
  if #x ~= #y then error(("statistics.line: %d values of x, but %d of y"):format(#x, #y), 2) end
  local n, dx, dy = #x, x - x:mean(), y - y:mean()
  local sxx = dx:dot(dx)
  if sxx == 0 then error("statistics.line: all x are the same", 2) end
  local slope = dx:dot(dy) / sxx
  local rest = dy - slope * dx
  local variance = rest:dot(rest) / (n - 2)
  return {
    slope = slope, slope_error = math.sqrt(variance / sxx),
    intercept = y:mean() - slope * x:mean(), intercept_error = math.sqrt(variance * (1 / n + x:mean() ^ 2 / sxx)),
    r2 = 1 - rest:dot(rest) / dy:dot(dy), residual = math.sqrt(variance),
  }
end

return statistics
