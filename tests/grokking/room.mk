grokking_tests = %D%/binary_operation
check_PROGRAMS += $(grokking_tests)
TESTS += $(grokking_tests)
tests_grokking_binary_operation_LDADD = $(FIXTURE)

dist_check_SCRIPTS += %D%/experiments.t %D%/representations.t
TESTS += %D%/experiments.t %D%/representations.t
