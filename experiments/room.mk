experimentdir = $(pkgdatadir)/experiments
dist_experiment_DATA = \
	%D%/bootstrap.lua \
	%D%/coefficient_from_key.lua \
	%D%/critical_fraction.lua \
	%D%/effective_images.lua \
	%D%/embedding_geometry.lua \
	%D%/images.lua \
	%D%/latent_topography.lua \
	%D%/magnitude_only.lua \
	%D%/mixed_loop.lua \
	%D%/modular_transformer.lua \
	%D%/next_loop.lua \
	%D%/octuple.lua \
	%D%/permutation_s3.lua \
	%D%/phase_diagram.lua \
	%D%/positions.lua \
	%D%/quad.lua \
	%D%/relations.lua \
	%D%/sign_only.lua \
	%D%/strike_two.lua \
	%D%/toy_addition.lua \
	%D%/zero_classifier.lua
