-- How little must one know to write down a scattering amplitude? Letters, where they may stand, a symmetry, and how the
-- amplitude behaves in a few limits: after each condition fewer numbers are free, until none is.
-- Dixon, Gurdogan, McLeod, Wilhelm, arXiv:2204.11901; the data of Cai et al., arXiv:2405.06107, Sec. 2.

local mlrt = require "mlrt"

return mlrt.experiment "bootstrap" {
  doc   = "Compute the symbol of the three-gluon form factor from that of two loops and physics.",
  paper = { "arXiv:2204.11901" },

  params = {
    loop = mlrt.range(1, 7) { 5 },
    form = mlrt.one_of { "word", "quad", "octuple" }, -- all words, or those that end in a few suffixes: for seven loops
    output = "", -- a file for the words and their coefficients
  },

  run = function(p)
    mlrt.open(mlrt.task.amplitudes.symbol { loop = p.loop, form = p.form, fresh = true, output = p.output })
  end,
}
