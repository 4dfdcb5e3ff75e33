base_tests = %D%/arena %D%/error %D%/file %D%/library %D%/random %D%/text %D%/workers
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)
EXTRA_DIST += tests/scratch.h
