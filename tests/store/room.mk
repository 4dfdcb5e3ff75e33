store_tests = %D%/faults %D%/show %D%/store
check_PROGRAMS += $(store_tests)
TESTS += $(store_tests)
EXTRA_DIST += %D%/runs.h
tests_store_faults_LDADD = $(LDADD) $(SQLITE_LIBS)
tests_store_show_LDADD = $(LDADD) $(SQLITE_LIBS)
tests_store_store_LDADD = $(LDADD) $(SQLITE_LIBS)
