dist_check_SCRIPTS += %D%/experiments.t %D%/idx.t
TESTS += %D%/experiments.t %D%/idx.t
