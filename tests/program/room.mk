program_tests = %D%/allocation %D%/fuse %D%/memory %D%/narrow %D%/params %D%/plan %D%/recompute %D%/run %D%/unpad
check_PROGRAMS += $(program_tests)
TESTS += $(program_tests)
EXTRA_DIST += %D%/random_graph.h
%C%_allocation_LDADD = $(FIXTURE)
%C%_allocation_LDFLAGS = -export-dynamic # its functions come before those of libraries that are opened later
%C%_memory_LDADD = $(FIXTURE)
