# The pages, installed as they lie here. `make reference` writes docs/reference.md anew from the plugins' own tables.
dist_doc_DATA = README.md
pagesdir = $(docdir)/docs
dist_pages_DATA = %D%/amplitudes.md %D%/architecture.md %D%/grokking.md %D%/language.md %D%/performance.md %D%/plugins.md %D%/reference.md %D%/tutorial.md
resultsdir = $(docdir)/docs/results
dist_results_DATA = %D%/results/coefficient_from_key.csv %D%/results/coefficient_from_key_seed1.csv %D%/results/coefficient_from_key_seed2.csv %D%/results/strike_two_five.csv %D%/results/positions.csv
dist_results_DATA += %D%/results/strike_two_six.csv %D%/results/strike_two_six_35.csv %D%/results/strike_two_six_all.csv %D%/results/strike_two_six_seed1.csv %D%/results/strike_two_six_seed2.csv %D%/results/strike_two_six_k1.csv %D%/results/strike_two_six_k1_seed1.csv %D%/results/strike_two_six_k1_seed2.csv \
	%D%/results/strike_two_six_shuffled.csv %D%/results/strike_two_six_shuffled_none.csv %D%/results/strike_two_six_signs.csv %D%/results/strike_two_six_signs_sorted.csv
imagesdir = $(docdir)/docs/images
dist_images_DATA = %D%/images/coefficient_from_key.svg %D%/images/coefficient_five_loops.svg %D%/images/strike_two.svg %D%/images/strike_two_five.svg %D%/images/strike_two_six.svg %D%/images/positions.svg %D%/images/phase_diagram.svg %D%/images/toy_trajectory.svg \
	%D%/images/toy_trajectory_theory.svg
dist_results_DATA += %D%/results/toy_addition.csv %D%/results/transformer_seeds.csv
dist_results_DATA += %D%/results/phases_lr.csv %D%/results/phases_permute.csv %D%/results/phases_regression.csv
dist_results_DATA += %D%/results/transformer_dropout.csv
dist_results_DATA += %D%/results/phases_batch.csv %D%/results/phases_batch_regression.csv %D%/results/phases_init.csv \
	%D%/results/phases_init_regression.csv %D%/results/phases_decay_regression.csv %D%/results/phases_transformer.csv
dist_images_DATA += %D%/images/phases_decay.svg %D%/images/phases_images.svg %D%/images/images_time.svg
dist_images_DATA += %D%/images/phases_batch_regression.svg %D%/images/phases_init_regression.svg %D%/images/phases_decay_regression.svg
dist_images_DATA += %D%/images/phases_paper.svg %D%/images/permutation_s3.svg
dist_results_DATA += %D%/results/phase_diagram.csv %D%/results/phases_paper.csv %D%/results/permutation_s3.csv
dist_results_DATA += %D%/results/phases_decay.csv %D%/results/phases_images.csv
dist_images_DATA += %D%/images/phases_batch.svg %D%/images/phases_init.svg %D%/images/phases_transformer.svg
dist_images_DATA += %D%/images/critical_lambda3.svg %D%/images/critical_steps.svg
dist_images_DATA += %D%/images/phases_lr.svg %D%/images/phases_permute.svg %D%/images/phases_regression.svg
dist_images_DATA += %D%/images/toy_accuracy.svg %D%/images/toy_bounds.svg \
	%D%/images/transformer_memorized.svg %D%/images/transformer_generalized.svg %D%/images/transformer_components.svg

REFERENCE = env HOME=/nonexistent MLRT_PLUGIN_PATH= ./with-mlrt mlrt inspect --markdown

reference: $(bin_PROGRAMS) $(plugin_LTLIBRARIES)
	@$(REFERENCE) > $(srcdir)/docs/reference.md.new
	@mv $(srcdir)/docs/reference.md.new $(srcdir)/docs/reference.md

.PHONY: reference
