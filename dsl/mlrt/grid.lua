-- grid.lua - a sweep while it works, on stderr, for those who wait.
--
-- On a terminal a sign for every point, in a grid that is kept up to date, what runs, and how long it takes; elsewhere
-- a line when a point ends.

local core = select(2, ...)
local axis = require "mlrt.axis"
local progress = require "mlrt.progress"

local M = {}

local Grid = {}
Grid.__index = Grid

local signs = { waiting = ".", running = "o", done = "#", failed = "x", crashed = "x", stopped = "-", elsewhere = "~" }
local ROOM, MOST_WORKERS = 6, 8 -- lines for what is not the grid; workers that are listed

-- ---- what is known ----

-- `sweep` has axes, total and label(i); `plan` the state of each point, how many are in each state, and a list of those
-- to run.
function M.new(sweep, plan, jobs, quiet)
  local width = not quiet and core.terminal "err" or nil
  return setmetatable({
    sweep = sweep, plan = plan, todo = #plan.todo, jobs = jobs, quiet = quiet, width = width,
    at = {}, ended_count = 0, spent = 0, drawn = 0, last = 0,
  }, Grid)
end

-- How much of a running point is done, from 0 to 1.
local function share(worker) return worker.steps > 0 and worker.step / worker.steps or 0 end

-- Seconds until the end: what points took, or what those that run seem to take; nil when that is unknown, or over.
function Grid:remaining()
  local each, running, now = nil, 0, core.now()
  for _, worker in pairs(self.at) do
    running = running + share(worker)
    if share(worker) > 0.02 then each = math.max(each or 0, (now - worker.began) / share(worker)) end
  end
  if self.ended_count > 0 then each = self.spent / self.ended_count end
  local left = self.todo - self.ended_count - running
  return each and left > 0 and left * each / self.jobs or nil
end

-- ---- the terminal ----

-- The grid: the first axis along the line, the others down, each row with its values; or nothing, when it does not fit.
local function grid_rows(self)
  local axes, state, lines = self.sweep.axes, self.plan.state, {}
  local columns, longest = #axes[1].values, 0
  local down = self.sweep.total // columns
  if #axes == 1 or down + ROOM > self.height then return end
  for row = 1, down do longest = math.max(longest, #self.sweep:label(row, 2)) end
  if longest + 2 + columns > self.width then return end
  local gap = longest + 2 + 2 * columns <= self.width and " " or ""
  for row = down, 1, -1 do -- as in a picture: upwards
    local cells = {}
    for column = 1, columns do cells[column] = signs[state[(column - 1) * down + row]] end
    lines[#lines + 1] = ("%" .. longest .. "s  %s"):format(self.sweep:label(row, 2), table.concat(cells, gap))
  end
  lines[#lines + 1] = (" "):rep(longest + 2) .. ("%s %s .. %s"):format(axes[1].name, axis.text(axes[1].values[1]),
    axis.text(axes[1].values[columns]))
  return lines
end

-- All points one after the other; or nothing, when they do not fit either.
local function point_rows(self)
  local lines, width = {}, self.width - 1
  if self.sweep.total > width * (self.height - ROOM) then return lines end
  for from = 1, self.sweep.total, width do
    local cells = {}
    for i = from, math.min(self.sweep.total, from + width - 1) do cells[#cells + 1] = signs[self.plan.state[i]] end
    lines[#lines + 1] = table.concat(cells)
  end
  return lines
end

local function worker_lines(self, lines)
  for slot = 1, self.jobs <= MOST_WORKERS and #lines + self.jobs + 2 <= self.height and self.jobs or 0 do
    local worker = self.at[slot]
    lines[#lines + 1] = not worker and "" or ("  %s  step %s/%s"):format(self.sweep:label(worker.point),
      progress.grouped(worker.step), progress.grouped(worker.steps))
  end
end

function Grid:summary()
  local words = {}
  for _, word in ipairs { "done", "running", "failed", "crashed", "stopped", "elsewhere" } do
    local n = self.plan.count[word] or 0
    if n > 0 or word == "done" then words[#words + 1] = ("%s %s"):format(progress.grouped(n), word) end
  end
  local left = self:remaining()
  return ("%s points: %s%s"):format(progress.grouped(self.sweep.total), table.concat(words, ", "),
    left and ("  %s left"):format(progress.duration(left)) or "")
end

function Grid:clear()
  if self.drawn > 0 then core.write("err", ("\27[%dA\27[J"):format(self.drawn)) end
  self.drawn = 0
end

function Grid:draw()
  self.width, self.height = core.terminal "err" -- it may have another size now
  if not self.width then return end
  local lines = grid_rows(self) or point_rows(self)
  worker_lines(self, lines)
  lines[#lines + 1] = self:summary()
  for i, line in ipairs(lines) do lines[i] = line:sub(1, self.width - 1) .. "\27[K\n" end
  local up = self.drawn > 0 and ("\27[%dA"):format(self.drawn) or ""
  core.write("err", up, table.concat(lines), "\27[J")
  self.drawn, self.last = #lines, core.now()
end

-- ---- what happens ----

function Grid:started(slot, point) self.at[slot] = { point = point, began = core.now(), step = 0, steps = 0 } end

function Grid:ended(slot, message)
  local worker = self.at[slot]
  local word, seconds = self.plan.state[worker.point], core.now() - worker.began
  self.at[slot] = nil
  self.ended_count, self.spent = self.ended_count + 1, self.spent + seconds
  if self.quiet or self.width and word == "done" then return end
  self:clear()
  core.write("err", ("%d/%d  %s  %s%s  %s\n"):format(self.ended_count, self.todo, self.sweep:label(worker.point), word,
    message ~= "" and ": " .. message or "", progress.duration(seconds)))
end

-- Now and then: `look(slot)` gives the step and the number of steps of a worker.
function Grid:update(look)
  if not self.width or core.now() - self.last < 0.2 then return end
  for slot, worker in pairs(self.at) do worker.step, worker.steps = look(slot) end
  self:draw()
end

-- The grid as it was last stays on the screen.
function Grid:close()
  self.jobs = 0
  if self.width then self:draw() end
end

return M
