# The reference workloads, installed for `mlrt bench`.
benchdir = $(luadir)/bench
dist_bench_DATA = %D%/W1.lua %D%/W2.lua %D%/W3.lua %D%/W4.lua %D%/W6.lua
figuresdir = $(benchdir)/figures
dist_figures_DATA = %D%/figures/x86-64-v4-amx.json %D%/figures/x86-64-v4-bf16.json
EXTRA_DIST += %D%/figures.py %D%/peer.py %D%/peers.py

# The same work in PyTorch, and the figures that are kept: WORKLOADS="W1 W3" does some only; see peers.py and figures.py.
PYTHON = /usr/bin/python3
bench-record bench-peers: all
bench-record:
	./with-mlrt $(PYTHON) -B $(srcdir)/tests/bench/figures.py record $(WORKLOADS)
bench-peers:
	./with-mlrt $(PYTHON) -B $(srcdir)/tests/bench/peers.py $(WORKLOADS)
performance:
	$(PYTHON) -B $(srcdir)/tests/bench/figures.py page

.PHONY: bench-record bench-peers performance
