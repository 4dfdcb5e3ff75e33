-- plot_missing.lua - without gnuplot a plot says so in one line, and its data are kept. Run with an empty PATH.
local array = require "mlrt.array"
local plot = require "plot"
local tap = require "tap"

local folder = ... .. "/plot_missing"

local files, why = plot.render(plot.curves { y = array { 1, 2, 3 } }, folder .. "/loss")
tap.is(table.concat(files, " "), folder .. "/loss.csv " .. folder .. "/loss.gp", "no gnuplot is no error of the script")
tap.like(why, "^unable to run 'gnuplot': [^(]+ %(the data are in '" .. folder:gsub("%p", "%%%0") .. "/loss.csv'; "
  .. "draw them with 'gnuplot loss.gp' there%)$", "but is said, with where the data are")
for _, extension in ipairs { ".csv", ".gp" } do
  local file <close> = io.open(folder .. "/loss" .. extension)
  tap.ok(file and #file:read "a" > 0, extension .. " is kept")
end

files, why = plot.render(plot.curves { y = { 1 } }, "/dev/null/loss")
tap.is(#files, 0, "nor is a folder that cannot be made")
tap.like(why, "^unable to .*'/dev/null", "it is named")

tap.done()
