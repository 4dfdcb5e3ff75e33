amplitudes_tests = %D%/bootstrap %D%/coefficient %D%/loop5 %D%/symbol
check_PROGRAMS += $(amplitudes_tests) %D%/loop6
TESTS += $(amplitudes_tests)
tests_amplitudes_coefficient_LDADD = $(FIXTURE)
tests_amplitudes_symbol_LDADD = $(FIXTURE)
tests_amplitudes_bootstrap_SOURCES = %D%/bootstrap.c %D%/loops.h $(AMPLITUDES_BOOTSTRAP)
tests_amplitudes_loop5_SOURCES = %D%/loop5.c %D%/loops.h $(AMPLITUDES_BOOTSTRAP)
tests_amplitudes_loop6_SOURCES = %D%/loop6.c %D%/loops.h $(AMPLITUDES_BOOTSTRAP)
tests_amplitudes_symbol_SOURCES = %D%/symbol.c %D%/loops.h plugins/amplitudes/source.c plugins/amplitudes/source.h \
	$(AMPLITUDES_BOOTSTRAP)
