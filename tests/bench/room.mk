# The reference workloads, installed for `mlrt bench`.
benchdir = $(luadir)/bench
dist_bench_DATA = %D%/W1.lua %D%/W2.lua %D%/W3.lua %D%/W4.lua
EXTRA_DIST += %D%/compare.sh %D%/peer.py
