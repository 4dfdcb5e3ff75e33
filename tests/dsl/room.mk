dsl_tests = %D%/scripts
dsl_scripts = %D%/array.lua %D%/estimates.lua %D%/files.lua %D%/linalg.lua %D%/plot_missing.lua %D%/plots.lua \
	%D%/random.lua %D%/sandbox.lua %D%/unsafe.lua
check_PROGRAMS += $(dsl_tests)
TESTS += $(dsl_tests)
EXTRA_DIST += $(dsl_scripts)
tests_dsl_scripts_CPPFLAGS = $(AM_CPPFLAGS) $(LUA_CFLAGS)
tests_dsl_scripts_LDADD = $(LDADD) $(LUA_LIBS)

dsl_lua = %D%/milestones.lua %D%/own_data.lua %D%/own_model.lua %D%/sizes.lua %D%/theory.lua
dsl_shell = %D%/computed.t %D%/script_errors.t
dist_check_SCRIPTS += $(dsl_lua) $(dsl_shell)
TESTS += $(dsl_lua) $(dsl_shell)
