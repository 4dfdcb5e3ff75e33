train_tests = %D%/batches %D%/checkpoint %D%/denormals %D%/evaluate %D%/milestones %D%/optimize %D%/trainer
check_PROGRAMS += $(train_tests)
TESTS += $(train_tests)

check_LTLIBRARIES += %D%/libtiny.la
tests_train_libtiny_la_SOURCES = %D%/tiny.c %D%/tiny.h
TINY = %D%/libtiny.la $(FIXTURE)
tests_train_batches_LDADD = $(TINY)
tests_train_checkpoint_LDADD = $(TINY)
tests_train_denormals_LDADD = $(TINY)
tests_train_evaluate_LDADD = $(TINY)
tests_train_milestones_LDADD = $(TINY)
tests_train_optimize_LDADD = $(TINY)
tests_train_trainer_LDADD = $(TINY)
