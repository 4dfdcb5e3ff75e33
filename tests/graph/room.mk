graph_tests = %D%/ops
check_PROGRAMS += $(graph_tests)
TESTS += $(graph_tests)
%C%_ops_LDADD = $(FIXTURE)
EXTRA_DIST += %D%/rows.h tests/golden/make_ops_golden.py tests/golden/ops.safetensors
