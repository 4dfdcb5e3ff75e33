tensor_tests = %D%/npy %D%/safetensors
check_PROGRAMS += $(tensor_tests)
TESTS += $(tensor_tests)
