kernels_tests = %D%/elementwise %D%/matmul %D%/norm %D%/softmax %D%/vmath
check_PROGRAMS += $(kernels_tests)
TESTS += $(kernels_tests)
EXTRA_DIST += %D%/call.h %D%/compare.h
