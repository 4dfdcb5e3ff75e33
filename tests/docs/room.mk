docs_scripts = %D%/blocks.t %D%/language.t %D%/links.t %D%/new.t %D%/performance.t %D%/reference.t
dist_check_SCRIPTS += $(docs_scripts)
TESTS += $(docs_scripts)
EXTRA_DIST += %D%/blocks.awk %D%/transcript.awk
