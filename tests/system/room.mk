dist_check_SCRIPTS += %D%/with-mlrt.t
TESTS += %D%/with-mlrt.t
