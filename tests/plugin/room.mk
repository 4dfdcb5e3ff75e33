check_PROGRAMS += %D%/inspect %D%/loader %D%/props %D%/registry
TESTS += %D%/inspect %D%/loader %D%/props %D%/registry
tests_plugin_loader_CPPFLAGS = $(AM_CPPFLAGS) -DMLRT_CC='"$(CC)"'
EXTRA_DIST += %D%/fixture.c
