experimentdir = $(pkgdatadir)/experiments
dist_experiment_DATA = \
	%D%/bootstrap.lua \
	%D%/coefficient_from_key.lua \
	%D%/critical_fraction.lua \
	%D%/phase_diagram.lua \
	%D%/toy_addition.lua \
	%D%/zero_classifier.lua
