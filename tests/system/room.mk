long_scripts = %D%/phases_long.t
system_scripts = %D%/bench.t %D%/with-mlrt.t %D%/rooms.t %D%/lint.t %D%/autogen.t %D%/install.t %D%/resume.t %D%/disk.t %D%/predict.t %D%/phases.t %D%/precision.t \
	%D%/sweep.t %D%/start.t %D%/waiting.t %D%/determinism.t
dist_check_SCRIPTS += $(system_scripts) $(long_scripts) %D%/valgrind.t
TESTS += $(system_scripts)
EXTRA_DIST += %D%/curve.sh %D%/study.lua %D%/sums.lua %D%/study.sh %D%/cppcheck.cfg %D%/cppcheck.supp %D%/valgrind.supp %D%/lsan.supp
