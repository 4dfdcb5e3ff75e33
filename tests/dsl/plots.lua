-- plots.lua - plots become files; mistakes in them are explained. Run with files allowed.
local array = require "mlrt.array"
local plot = require "plot"
local tap = require "tap"
local ok, is, fails, like = tap.ok, tap.is, tap.fails, tap.like

if not os.execute "gnuplot --version >/dev/null 2>&1" then
  tap.skip "no gnuplot here"
  return tap.done()
end

local folder = ... .. "/plots"

local function content(name)
  local file <close> = io.open(folder .. "/" .. name, "rb")
  return file and file:read "a" or ""
end

local function draws(p, name, what)
  local files, problem = plot.render(p, folder .. "/" .. name)
  is(#files .. " " .. tostring(problem), "4 nil", what .. ": drawn")
  ok(content(name .. ".png"):sub(2, 4) == "PNG", what .. ": a PNG")
  ok(content(name .. ".svg"):find("<svg", 1, true), what .. ": an SVG")
  ok(content(name .. ".csv"):find "^series,", what .. ": the data")
end

-- kinds

draws(plot.curves { y = { 1, 3, 2 }, name = "loss", x_label = "epoch" }, "curve", "a curve")
is(content "curve.csv", 'series,x,y\n"loss",1,1\n"loss",2,3\n"loss",3,2\n', "data are a table")
like(content "curve.gp", "set ylabel 'loss'", "a single curve names the axis")
like(content "curve.gp", "plot './curve.csv' index 0 using 2:3 with linespoints", "the script draws them again")
is(os.execute("cd " .. folder .. " && cp curve.png first.png && gnuplot curve.gp && cmp curve.png first.png"), true,
  "to the same bytes")

draws(plot.curves {
  { x = { 1, 10, 100 }, y = { 0.1, 0.2, 0.3 }, low = { 0, 0.1, 0.2 }, high = { 0.2, 0.3, 0.4 }, name = "a_b" },
  { y = array { 1, 0 / 0, 1 / 3 } },
  x_log = true, y_range = { 0, 1 }, title = "Two", guides = { { y = 0.5, label = "chance" }, { x = 10 } },
}, "two", "two curves")
is(content "two.csv", 'series,x,y,low,high\n"a b",1,0.1,0,0.2\n"a b",10,0.2,0.1,0.3\n"a b",100,0.3,0.2,0.4\n\n\n'
  .. '"2",1,1,,\n"2",2,NaN,,\n"2",3,0.33333333333333331,,\n', "a block for each series")
like(content "two.gp", "set key outside", "two curves have a legend")

draws(plot.scatter { x = { 1, 2 }, y = { 3, 4 }, color = { 5, 6 }, labels = { 'say "x"', "#1" } }, "points",
  "a scatter")
is(content "points.csv", 'series,x,y,color,label\n"1",1,3,5,"say ""x"""\n"1",2,4,6,"#1"\n', "texts are quoted")
draws(plot.points { array { { 0, 1 }, { 1, 0 } }, labels = true }, "embedding", "points")
like(content "embedding.gp", "set size ratio %-1", "points have equal axes")
draws(plot.heatmap { { { 1, 2 }, { 3, 4 } }, x = { 1, 100 }, x_log = true, y = { "up", "down" } }, "heat", "a heat map")
is(content "heat.csv", "series,x,y,x_low,x_high,y_low,y_high,color\n"
  .. '"1",1,1,0.1,10,0.5,1.5,1\n"1",100,1,10,1000,0.5,1.5,2\n"1",1,2,0.1,10,1.5,2.5,3\n"1",100,2,10,1000,1.5,2.5,4\n',
  "cells meet half-way, on a logarithmic axis too")
draws(plot.heatmap { array.random.normal { 70, 70, seed = 1 }, palette = "diverging" }, "image", "a large heat map")
like(content "image.gp", "with image", "is an image")
draws(plot.heatmap { { { 1, 2, 3 } }, x = { "one", "two", "an axis' share is too little" } }, "long", "long names")
like(content "long.gp", "set xtics noenhanced scale 0 rotate by 30 right %('one' 1%)", "stand aslant")
draws(plot.heatmap { { { 1, 2 }, { 3, 1 } }, categories = { "ice", "water", "steam" } }, "phases", "categories")
like(content "phases.gp", "set cbrange %[0.5:3.5%]", "each has its place")
like(content "phases.gp", "set palette maxcolors 3\n", "and its colour")
like(content "phases.gp", "set cbtics add %('steam' 3%)", "and its name")
draws(plot.histogram { array { 1, 2, 2, 3 }, bins = 2 }, "bars", "a histogram")
is(content "bars.csv", 'series,low,high,count\n"1",1,2,1\n"1",2,3,3\n', "its counts")
draws(plot.histogram { { values = { 1, 2 }, name = "a" }, { values = { 2, 3, 3 } }, bins = 2, density = true }, "both",
  "two histograms")
like(content "both.csv", '"a",1,2,0.5\n"a",2,3,0.5\n\n\n"2",1,2,0\n"2",2,3,1\n', "as densities, in the same bins")

-- the curves of a run

local deferred = plot.curves { "accuracy", "sign_accuracy", x = "step", y_range = { 0, 1 } }
is(table.concat(deferred.metrics, " "), "accuracy sign_accuracy", "names of metrics are kept")
is(deferred.over, "step", "and what they are drawn over")
fails("the curves of a run are drawn by the run", "nothing to draw yet", plot.render, deferred, folder .. "/x")
draws(plot.curves_of(deferred, { { "accuracy", { 10, 20 }, { 0, 1 } }, { "sign_accuracy", { 10, 20 }, { 0.5, 1 } } }),
  "run", "the curves of a run")
ok(deferred.metrics and #deferred.series == 0, "a description can be drawn again")
draws(plot.curves_of(deferred, { { "accuracy", { 1 }, { 0.5 } }, { "sign_accuracy", {}, {} } }), "short", "one epoch")
is(select(2, plot.render(plot.curves_of(deferred, { { "accuracy", {}, {} } }), "none")), "nothing to draw in 'none'",
  "or none")

-- words that gnuplot must not obey

draws(plot.scatter {
  x = { 1, 2 }, y = { 1, 2 }, labels = { "`touch pwned`", "@x" }, title = "`touch pwned` 'it' \\",
  x_label = "'; system('touch pwned'); '", y_label = "\n!touch pwned\n",
}, "< touch pwned; ", "hostile words")
is(content "pwned", "", "are only words")
ok(not io.open(folder .. "/pwned"), "and run nothing")
fails("a name has neither quotes nor control characters", "a quote in a name", plot.render, deferred.series and
  plot.curves { y = { 1, 2 } }, folder .. "/it's")
fails("is no path for a plot", "a folder", plot.render, plot.curves { y = { 1, 2 } }, folder .. "/")

-- mistakes

fails("^[^:]*plots.lua:%d+: plot.curves: no option 'titel' %(did you mean 'title'%?%)$", "an unknown option",
  function() plot.curves { y = { 1 }, titel = "x" } end)
fails("plot.curves: series 2: no option 'Y' %(did you mean '[xy]'%?%)", "in a series",
  plot.curves, { { y = { 1 } }, { Y = 1 } })
fails("plot.curves: 'y' must be a list of numbers, got number", "a number", plot.curves, { y = 3 })
fails("plot.curves: y is missing", "no data", plot.curves, { x = { 1 } })
fails("plot.curves: y is empty", "nothing in the data", plot.curves, { y = {} })
fails("plot.curves: 2 values of y, but 3 of x", "lengths", plot.curves, { x = { 1, 2, 3 }, y = { 1, 2 } })
fails("plot.curves: low and high go together", "half a band", plot.curves, { y = { 1 }, low = { 1 } })
fails("plot.curves: a range is { low, high } with low below high", "an empty range", plot.curves,
  { y = { 1 }, y_range = { 1, 0 } })
fails("plot.curves: a logarithmic axis begins above 0, got 0", "log of nothing", plot.curves,
  { y = { 1 }, y_log = true, y_range = { 0, 1 } })
fails("plot.curves: a guide has an x or a y", "a guide nowhere", plot.curves, { y = { 1 }, guides = { {} } })
fails("plot.curves: 1 names of metrics, then a number", "a number among names", plot.curves, { "accuracy", 3 })
fails("plot.scatter: 2 points, but 1 labels", "labels", plot.scatter, { x = { 1, 2 }, y = { 1, 2 }, labels = { "a" } })
fails("plot.scatter: series 2 has no color, others have", "colors", plot.scatter,
  { { x = { 1 }, y = { 1 }, color = { 1 } }, { x = { 1 }, y = { 1 } } })
fails("plot.points: expected an array %[n, 2%], got %[2, 3%]", "three columns", plot.points, { array.zeros(2, 3) })
fails("plot.heatmap: 3 values of x for 2 cells", "cells", plot.heatmap, { { { 1, 2 } }, x = { 1, 2, 3 } })
fails("plot.heatmap: no palette 'jet' %(viridis, diverging%)", "jet", plot.heatmap, { { { 1, 2 } }, palette = "jet" })
fails("plots.lua:%d+: array: element %[2%] must be a table of 2, got a table of 1", "ragged rows",
  function() plot.heatmap { { { 1, 2 }, { 3 } } } end)
fails("plot.histogram: values are missing", "nothing to count", plot.histogram, {})
fails("plot.render: expected a plot, got string", "no plot", plot.render, "x", "y")

tap.done()
