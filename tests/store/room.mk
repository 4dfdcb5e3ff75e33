store_tests = %D%/show %D%/store
check_PROGRAMS += $(store_tests)
TESTS += $(store_tests)
tests_store_show_LDADD = $(LDADD) $(SQLITE_LIBS)
tests_store_store_LDADD = $(LDADD) $(SQLITE_LIBS)
