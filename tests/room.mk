# Tests by room, all of them speaking TAP. A room lists its own in tests/<room>/room.mk:
#   C:      check_PROGRAMS += %D%/arena        and  TESTS += %D%/arena       (from arena.c, with tap.h)
#   shell:  dist_check_SCRIPTS += %D%/rooms.t  and  TESTS += %D%/rooms.t     (executable, with tap.sh)
#   Lua:    dist_check_SCRIPTS += %D%/x.lua    and  TESTS += %D%/x.lua       (under mlrt run, with tap.lua)
LDADD = libmlrt.la -lm
AM_LDFLAGS = -no-install
EXTRA_DIST += %D%/tap.h %D%/tap.sh %D%/tap.lua

TEST_EXTENSIONS = .t .lua
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
T_LOG_DRIVER = $(TAP_DRIVER)
LUA_LOG_DRIVER = $(TAP_DRIVER)
LOG_COMPILER = ./with-mlrt
T_LOG_COMPILER = ./with-mlrt
LUA_LOG_COMPILER = ./with-mlrt
# A team that waits must not take the processor from a test that runs beside it.
AM_TESTS_ENVIRONMENT = OMP_WAIT_POLICY=passive; export OMP_WAIT_POLICY; \
	MLRT_TESTS='$(abs_top_srcdir)/tests'; MLRT_LUA_PATH=$$MLRT_TESTS; export MLRT_TESTS MLRT_LUA_PATH; \
	VALGRIND_TESTS='$(VALGRIND_TESTS)'; export VALGRIND_TESTS;

include tests/base/room.mk
include tests/tensor/room.mk
include tests/graph/room.mk
include tests/kernels/room.mk
include tests/program/room.mk
include tests/plugin/room.mk
include tests/train/room.mk
include tests/store/room.mk
include tests/dsl/room.mk
include tests/core/room.mk
include tests/amplitudes/room.mk
include tests/grokking/room.mk
include tests/images/room.mk
include tests/docs/room.mk
include tests/system/room.mk

# ---- beyond `make check` ----
# Every C program runs again under valgrind, and in a second build with ASan and UBSan, but these, which are too slow there.
NOT_VALGRIND = tests/core/gradient tests/amplitudes/bootstrap tests/amplitudes/loop5 tests/amplitudes/strike_two
NOT_SANITIZED =
C_TESTS = $(filter $(check_PROGRAMS), $(TESTS))
VALGRIND_TESTS = $(filter-out $(NOT_VALGRIND), $(C_TESTS))
# LeakSanitizer fails to look at threads' own memory of a library that is opened late, so here oneDNN is linked.
SANITIZED_LIBS = -Wl,--no-as-needed -ldnnl
SANITIZED_TESTS = $(filter-out $(NOT_SANITIZED), $(C_TESTS))
# What takes more than a minute: whole experiments, six loops.
TESTS_LONG = $(long_scripts) tests/amplitudes/loop6.t tests/amplitudes/loop7.t tests/amplitudes/parents.t tests/amplitudes/six_loops.lua

# Warnings are the other build's business: under sanitizers many are false.
SANITIZERS = -O1 -w -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

lint:
	@$(AM_TESTS_ENVIRONMENT) ./with-mlrt $(srcdir)/tests/system/lint.t

check-valgrind:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS=tests/system/valgrind.t VALGRIND_TESTS='$(VALGRIND_TESTS)'

check-long:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(TESTS_LONG)'

check-asan:
	@$(MKDIR_P) asan
	cd asan && { test -f Makefile || $(abs_top_srcdir)/configure -q CC='$(CC)' CFLAGS='-g $(SANITIZERS)' LIBS='$(SANITIZED_LIBS)'; }
	cd asan && ASAN_OPTIONS=allocator_may_return_null=1 LSAN_OPTIONS=suppressions=$(abs_top_srcdir)/tests/system/lsan.supp \
		UBSAN_OPTIONS=print_stacktrace=1 $(MAKE) $(AM_MAKEFLAGS) WERROR= check TESTS='$(SANITIZED_TESTS)'

clean-local:
	rm -rf tests/cache

distclean-local:
	rm -rf asan

# The same tests by hand, with perl's prove: make prove, or make prove TESTS=tests/base/arena
prove: all $(check_PROGRAMS) $(check_LTLIBRARIES)
	@$(AM_TESTS_ENVIRONMENT) for t in $(TESTS); do test -f $$t && echo $$t || echo $(srcdir)/$$t; done | \
		prove --exec ./with-mlrt -

.PHONY: lint prove check-valgrind check-asan check-long

include tests/bench/room.mk
