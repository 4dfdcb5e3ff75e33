plugin_LTLIBRARIES += %D%/images.la
%C%_images_la_SOURCES = %D%/idx.c %D%/idx_file.c %D%/idx_file.h %D%/images.c
%C%_images_la_CFLAGS = $(AM_CFLAGS) $(ZLIB_CFLAGS) -O2 -fvisibility=hidden
%C%_images_la_LDFLAGS = $(PLUGIN_LINK)
%C%_images_la_LIBADD = $(ZLIB_LIBS)
%C%_images_la_DEPENDENCIES = libmlrt.la
