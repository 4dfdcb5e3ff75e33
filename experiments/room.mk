experimentdir = $(pkgdatadir)/experiments
dist_experiment_DATA = %D%/coefficient_from_key.lua
