dist_check_SCRIPTS += %D%/idx.t
TESTS += %D%/idx.t
