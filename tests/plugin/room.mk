PLUGIN_TESTS = %D%/abi %D%/cache %D%/index %D%/inspect %D%/loader %D%/new %D%/op %D%/props %D%/registry
check_PROGRAMS += $(PLUGIN_TESTS)
TESTS += $(PLUGIN_TESTS)
EXTRA_DIST += %D%/fixture.c

# These build plugins while they run.
tests_plugin_loader_CPPFLAGS = $(AM_CPPFLAGS) -DMLRT_CC='"$(CC)"'
tests_plugin_index_CPPFLAGS = $(AM_CPPFLAGS) -DMLRT_CC='"$(CC)"'
tests_plugin_new_CPPFLAGS = $(AM_CPPFLAGS) -DMLRT_CC='"$(CC)"'

# A plugin that only op.c loads: -rpath makes it shared although it is never installed.
check_LTLIBRARIES += %D%/ecdf.la
tests_plugin_ecdf_la_SOURCES = %D%/ecdf.c
tests_plugin_ecdf_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
tests_plugin_ecdf_la_LIBADD = libmlrt.la
