graph_tests = %D%/builders %D%/graph %D%/ops %D%/second
check_PROGRAMS += $(graph_tests)
TESTS += $(graph_tests)
%C%_ops_LDADD = $(FIXTURE)
%C%_second_LDADD = $(FIXTURE)
EXTRA_DIST += %D%/rows.h tests/golden/make_ops_golden.py tests/golden/ops.safetensors
