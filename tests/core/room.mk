# Shared with other rooms: what builds a class from text, runs it and differentiates it.
check_LTLIBRARIES += tests/libfixture.la
tests_libfixture_la_SOURCES = tests/derivative.c tests/derivative.h tests/fixture.c tests/fixture.h \
	tests/golden/golden.c tests/golden/golden.h
FIXTURE = tests/libfixture.la $(LDADD)

check_PROGRAMS += tests/golden/cases
tests_golden_cases_LDADD = $(FIXTURE)

core_tests = %D%/behaviour %D%/golden %D%/gradient %D%/messages %D%/optimizer %D%/schedule %D%/transformer
check_PROGRAMS += $(core_tests)
TESTS += $(core_tests)
%C%_behaviour_LDADD = $(FIXTURE)
%C%_golden_LDADD = $(FIXTURE)
%C%_gradient_LDADD = $(FIXTURE)
%C%_messages_LDADD = $(FIXTURE)
%C%_optimizer_LDADD = $(FIXTURE)
%C%_schedule_LDADD = $(FIXTURE)
%C%_transformer_LDADD = $(FIXTURE)

EXTRA_DIST += tests/golden/make_golden.py tests/golden/layer.safetensors tests/golden/loss.safetensors \
	tests/golden/optimizer.safetensors tests/golden/schedule.safetensors tests/golden/transformer.safetensors
