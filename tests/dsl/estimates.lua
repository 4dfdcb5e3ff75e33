-- estimates.lua - estimates and their errors against known ones.
local array = require "mlrt.array"
local statistics = require "statistics"
local tap = require "tap"
local ok, is, is_close, fails = tap.ok, tap.is, tap.is_close, tap.fails

is_close(statistics.std { 1, 2, 3, 4 }, math.sqrt(5 / 3), 1e-15, "the standard deviation of a sample")
local mean, err = statistics.mean { 1, 2, 3, 4 }
is(mean, 2.5, "a mean")
is_close(err, math.sqrt(5 / 12), 1e-15, "and its error")

-- Anscombe 1973: four sets with one line. Table and values from the paper.
local x = { 10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5 }
local line = statistics.line(x, { 8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68 })
is_close(line.slope, 0.5001, 1e-4, "Anscombe's slope")
is_close(line.slope_error, 0.118, 1e-3, "its error")
is_close(line.intercept, 3.0001, 1e-4, "intercept")
is_close(line.intercept_error, 1.125, 1e-3, "its error")
is_close(line.r2, 0.667, 1e-3, "the explained share")
is_close(line.residual, 1.237, 1e-3, "the rest")

local values = array.random.normal { 200, mean = 3, std = 2, seed = 4 }
local low, high = statistics.bootstrap(values)
local middle, error_of_mean = statistics.mean(values)
is_close(low, middle - 1.96 * error_of_mean, 0.05, "a bootstrap of the mean is near the normal interval")
is_close(high, middle + 1.96 * error_of_mean, 0.05, "on both sides")
is(statistics.bootstrap(values), low, "and comes again")
local median_low, median_high = statistics.bootstrap(values, array.median, { level = 0.5, resamples = 500, seed = 1 })
ok(median_low < values:median() and values:median() < median_high and median_high - median_low < high - low,
  "of the median, at another level")

fails("^[^:]*estimates.lua:%d+: statistics.mean: 1 values are too few: 2 are needed$", "one value",
  function() statistics.mean { 1 } end)
fails("statistics.std: expected a list of numbers, got 2 dimensions", "a matrix", statistics.std, array.eye(2))
fails("statistics.line: 3 values of x, but 4 of y", "lengths", statistics.line, { 1, 2, 3 }, { 1, 2, 3, 4 })
fails("statistics.line: all x are the same", "a vertical line", statistics.line, { 1, 1, 1 }, { 1, 2, 3 })

tap.done()
