kernels_tests = %D%/elementwise %D%/index %D%/lanes %D%/random %D%/reduce %D%/shape %D%/sort %D%/vmath
kernels_tests += %D%/attention %D%/conv %D%/linalg %D%/matmul %D%/norm %D%/softmax
check_PROGRAMS += $(kernels_tests)
TESTS += $(kernels_tests)
check_PROGRAMS += %D%/speed
EXTRA_DIST += %D%/call.h %D%/compare.h %D%/narrow.h
