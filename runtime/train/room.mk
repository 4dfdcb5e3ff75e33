libmlrt_la_SOURCES += %D%/train.h %D%/batches.c %D%/batches.h %D%/best.c %D%/best.h %D%/checkpoint.c %D%/checkpoint.h \
	%D%/evaluate.c %D%/evaluate.h %D%/metrics.c %D%/milestones.c %D%/milestones.h %D%/optimize.c %D%/optimize.h \
	%D%/padding.c %D%/padding.h %D%/step.c %D%/step.h %D%/tap.c %D%/trainer.c
