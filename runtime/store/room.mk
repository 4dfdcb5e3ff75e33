libmlrt_la_SOURCES += %D%/db.c %D%/db.h %D%/export.c %D%/identity.c %D%/json.c %D%/json.h %D%/process.c %D%/process.h %D%/query.c \
	%D%/record.c %D%/rows.h %D%/show.c %D%/store.c %D%/store.h %D%/table.c %D%/table.h %D%/wide.c %D%/wide.h
