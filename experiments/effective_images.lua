-- Classes of images collapse, and nothing else does: the effective loss of the theory of grokking, applied to images,
-- draws together the representations of one class and keeps their size. Liu et al., arXiv:2205.10343, Appendix I;
-- Appendix C.9 of Kitouni's thesis, Eq. C.23 and Fig. C.11.
--
--   l_eff = l / Z,  l = sum over pairs of one class of |f(x) - f(y)|^2,  Z = sum over images of |f(x)|^2
--
-- The representations are free vectors, which begin as what a random network makes of the images. A gradient flow keeps
-- Z (Eq. C.24); Adam, which the thesis uses, does nearly.

local mlrt = require "mlrt"
local array, layer, plot = mlrt.array, mlrt.layer, mlrt.plot

-- Representations of images [n, pixels] by a network with random weights, one hidden layer; centre 0, mean square 1.
local function encode(images, p)
  local function weights(rows, columns, stream)
    return array.random.normal { rows, columns, std = 1 / math.sqrt(rows), seed = p.seed + stream }
  end
  local _, pixels = images:shape()
  local hidden = images:matmul(weights(pixels, p.width, 1)):maximum(0)
  local f = hidden:matmul(weights(p.width, p.dim, 2))
  f = f - f:mean(1, true)
  return f / math.sqrt(f:square():sum() / #f)
end

-- Images [n, pixels] and their classes.
local function read(p)
  local run = mlrt.run(mlrt.experiment "images_to_encode" {
    setup = function()
      return {
        task = mlrt.task.images.idx { p.data, train = p.images, test = 1, seed = p.seed },
        model = mlrt.chain { layer.flatten {}, layer.linear { 10 } }, loss = mlrt.loss.cross_entropy {},
        optimizer = mlrt.optimizer.sgd {}, train = { steps = 1, checkpoint = false },
      }
    end,
  }, {}, { quiet = true, store = false })
  local images, label = run:tap("image", { split = "train" }), run:tap("label", { split = "train" })
  run:close()
  return images:reshape(#images, -1), label
end

-- The centre of each row's class, and how many rows it has.
local function centres(f, label)
  local centre, size = f * 0, label * 0
  for _, c in ipairs(label:unique():totable()) do
    local is = label:eq(c)
    local n = is:sum()
    centre = centre + is:reshape(-1, 1) * ((is:reshape(-1, 1) * f):sum(1, true) / n)
    size = size + is * n
  end
  return centre, size:reshape(-1, 1)
end

-- l, Z, and the gradient of l_eff. The pairs of a class of n give n times the squares of the distances from its centre.
local function loss(f, label)
  local centre, size = centres(f, label)
  local l, z = (size * (f - centre):square()):sum(), f:square():sum()
  return l, z, (size * (f - centre)) * (2 / z) - f * (2 * l / z ^ 2)
end

-- The gradient flow after some time, solved exactly: distances from the centres shrink, and all is stretched to keep Z.
local function flow(f, label, time)
  local centre, size = centres(f, label)
  local _, z = loss(f, label)
  local g = centre + (f - centre) * (size * (-2 * time / z)):exp()
  return g * math.sqrt(z / g:square():sum())
end

-- What the thesis does: Adam on the representations. Gives those of the steps in `wanted`.
local function adam(f, label, p, wanted)
  local m, v, states = f * 0, f * 0, {}
  for t = 0, p.steps do
    states[#states + 1] = wanted[t] and f or nil
    local _, _, g = loss(f, label)
    m, v = m * 0.9 + g * 0.1, v * 0.999 + g:square() * 0.001
    f = f - m / (1 - 0.9 ^ (t + 1)) / ((v / (1 - 0.999 ^ (t + 1))):sqrt() + 1e-8) * p.lr
  end
  return states
end

-- The mean square distances of the representations from the centres of their classes, and of these from 0.
local function spread(f, label)
  local centre = centres(f, label)
  return (f - centre):square():sum() / #f, centre:square():sum() / #f
end

local function report(what, f, label, first)
  local within, between = spread(f, label)
  local l, z = loss(f, label)
  print(("%-14s %10.6f  %10.6f  %10.6f  %.3e"):format(what, within / first, between / first, l / z, z / #f))
  return { within = within / first, between = between / first, z = z / #f / first }
end

local function draw(p, name, f, label)
  local files, problem = plot.render(plot.points { f, color = label, color_label = "class", x_label = "first",
                                                   y_label = "second" }, ("%s_%s"):format(p.output, name))
  print(problem or "plot: " .. table.concat(files, " "))
end

return mlrt.experiment "effective_images" {
  doc   = "The effective loss on images: classes collapse, their centres do not, and the size stays.",
  paper = { "arXiv:2205.10343", section = "I" },

  params = {
    data = "/usr/share/datasets/fashion-mnist", images = 500, width = 200, dim = 2,
    size = 0.1,                               -- length of a representation at the start, in the mean square
    lr = 1e-3, steps = 100, seed = 0,
    output = "effective_images",
  },

  expect = { within = 0, z = 1, adam_within = 0, adam_z = 1 }, -- classes collapse (Fig. C.11), Z stays (Eq. C.24)

  run = function(p)
    local images, label = read(p)
    local f = encode(images, p) * p.size
    local z = f:square():sum()
    print("               within      between     l / Z       Z / images     (of the start's Z)")
    local first, flowed, learned = z / #f, nil, nil
    report("start", f, label, first)
    for _, time in ipairs { 0.01, 0.03, 0.1, 0.3 } do
      flowed = report(("flow, %g"):format(time), flow(f, label, time * z), label, first)
    end
    local quarter = p.steps // 4
    local wanted = { [quarter] = true, [2 * quarter] = true, [p.steps] = true }
    for i, state in ipairs(adam(f, label, p, wanted)) do
      local step = ({ quarter, 2 * quarter, p.steps })[i]
      learned = report(("Adam, %d"):format(step), state, label, first)
      if p.dim == 2 then draw(p, ("adam_%d"):format(step), state, label) end
    end
    if p.dim == 2 then
      draw(p, "start", f, label)
      draw(p, "flow", flow(f, label, 0.1 * z), label)
    end
    return { within = flowed.within, between = flowed.between, z = flowed.z,
             adam_within = learned.within, adam_between = learned.between, adam_z = learned.z }
  end,
}
