PLUGIN_TESTS = %D%/inspect %D%/loader %D%/new %D%/props %D%/registry
check_PROGRAMS += $(PLUGIN_TESTS)
TESTS += $(PLUGIN_TESTS)
EXTRA_DIST += %D%/fixture.c

# These two build plugins while they run.
tests_plugin_loader_CPPFLAGS = $(AM_CPPFLAGS) -DMLRT_CC='"$(CC)"'
tests_plugin_new_CPPFLAGS = $(AM_CPPFLAGS) -DMLRT_CC='"$(CC)"'
