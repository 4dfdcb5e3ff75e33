# The reference workloads, installed for `mlrt bench`.
benchdir = $(luadir)/bench
dist_bench_DATA = %D%/W1.lua
EXTRA_DIST += %D%/compare.sh %D%/peer.py
