base_tests = %D%/arena %D%/error %D%/random %D%/text
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)
