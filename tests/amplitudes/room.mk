amplitudes_tests = %D%/coefficient %D%/symbol
check_PROGRAMS += $(amplitudes_tests)
TESTS += $(amplitudes_tests)
tests_amplitudes_coefficient_LDADD = $(FIXTURE)
tests_amplitudes_symbol_SOURCES = %D%/symbol.c plugins/amplitudes/symbol.c
