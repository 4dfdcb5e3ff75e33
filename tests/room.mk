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
LUA_LOG_COMPILER = ./with-mlrt mlrt run
# A team that waits must not take the processor from a test that runs beside it.
AM_TESTS_ENVIRONMENT = OMP_WAIT_POLICY=passive; export OMP_WAIT_POLICY; \
	MLRT_TESTS='$(abs_top_srcdir)/tests'; export MLRT_TESTS;

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
include tests/system/room.mk
