check_PROGRAMS += %D%/arena
TESTS += %D%/arena
