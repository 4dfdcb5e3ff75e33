check_PROGRAMS += %D%/props
TESTS += %D%/props
