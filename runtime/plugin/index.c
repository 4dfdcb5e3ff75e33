/* index.c - what a folder of plugins held the last time: a text in the cache.
 *
 *     mlrt plugins 0.1.0, abi 2, STAMP of libmlrt, FOLDER
 *     plugin core STAMP core.so
 *     layer linear
 */
#define _GNU_SOURCE /* dladdr */
#include "plugin/index.h"
#include "plugin/kinds.h"
#include "plugin/value.h"
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { TICK = 2, CACHE_NAME = 32 };

/* ---- files ---- */

bool mlrt__file_stamp(const char *path, char stamp[MLRT__STAMP], bool *settled) {
    struct stat s;
    if (stat(path, &s) != 0) return false;
    snprintf(stamp, MLRT__STAMP, "%llx:%llx:%llx:%llx.%lx:%llx.%lx", (unsigned long long)s.st_dev,
             (unsigned long long)s.st_ino, (unsigned long long)s.st_size, (unsigned long long)s.st_mtim.tv_sec,
             (unsigned long)s.st_mtim.tv_nsec, (unsigned long long)s.st_ctim.tv_sec, (unsigned long)s.st_ctim.tv_nsec);
    if (settled) *settled = time(NULL) - s.st_mtim.tv_sec > TICK;
    return true;
}

/* ---- a folder's index in the cache ---- */

static void cache_name(const char *folder, char name[CACHE_NAME]) {
    snprintf(name, CACHE_NAME, "plugins-%016llx", (unsigned long long)mlrt_stream(folder));
}

/* The first line of an index that this libmlrt wrote for this folder, or NULL when nobody can say which that is. */
static const char *first_line(mlrt__arena *arena, const char *folder) {
    Dl_info library;
    char stamp[MLRT__STAMP];
    if (!dladdr(&mlrt__kinds, &library) || !mlrt__file_stamp(library.dli_fname, stamp, NULL)) return NULL;
    return mlrt__arena_printf(arena, "mlrt plugins %s, abi %d, %s, %s\n", mlrt_version(), MLRT_ABI_VERSION, stamp,
                              folder);
}

/* The word at *at, which ends at the byte `end` and not before; *at moves behind it. NULL when there is none. */
static char *cut(char **at, char end) {
    char *word = *at, *stop = word + strcspn(word, " \n");
    if (stop == word || *stop != end) return NULL;
    *stop = 0;
    *at = stop + 1;
    return word;
}

static bool read_plugin(mlrt__index *index, char **at) {
    mlrt__indexed f = {0};
    if (!(f.outline.name = cut(at, ' ')) || !(f.stamp = cut(at, ' ')) || !(f.file = cut(at, '\n'))) return false;
    if (!mlrt__is_identifier(f.outline.name)) return false;
    mlrt__index_add(index, f);
    return true;
}

static bool read_word(mlrt__index *index, mlrt__word *word, const char *kind, char **at) {
    word->name = cut(at, '\n');
    while (word->kind < MLRT_KIND_COUNT && strcmp(mlrt__kinds[word->kind].name, kind) != 0) word->kind++;
    if (!index->files || word->kind == MLRT_KIND_COUNT || !mlrt__is_identifier(word->name)) return false;
    mlrt__outline *o = &index->file[index->files - 1].outline;
    if (!o->words++) o->word = word;
    return true;
}

static bool parse(mlrt__index *index, mlrt__arena *arena, char *text) {
    int32_t lines = 0, words = 0;
    for (const char *c = text; *c; c++) lines += *c == '\n';
    mlrt__word *word = MLRT__NEWS(arena, mlrt__word, lines);
    while (*text) {
        const char *what = cut(&text, ' ');
        if (!what ||
            !(strcmp(what, "plugin") == 0 ? read_plugin(index, &text) : read_word(index, &word[words++], what, &text)))
            return false;
    }
    return true;
}

void mlrt__index_read(mlrt__index *index, mlrt__arena *arena, const char *folder) {
    char name[CACHE_NAME], *own = realpath(folder, NULL);
    void *data = NULL;
    size_t size;
    const char *first = own ? first_line(arena, own) : NULL;
    if (first) {
        cache_name(own, name);
        const size_t length = strlen(first);
        if (mlrt_cache_read(name, &data, &size) && size > length && memcmp(data, first, length) == 0) {
            char *text = mlrt__arena_alloc(arena, size - length + 1);
            memcpy(text, (const char *)data + length, size - length);
            if (!parse(index, arena, text)) index->files = 0;
        }
        free(data);
    }
    free(own);
}

static bool is_kept(const char *name, const char *text, size_t size) {
    void *data = NULL;
    size_t has = 0;
    const bool same = mlrt_cache_read(name, &data, &has) && has == size && memcmp(data, text, size) == 0;
    free(data);
    return same;
}

void mlrt__index_write(const mlrt__index *index, const char *folder) {
    mlrt__arena arena = {0};
    char name[CACHE_NAME], *text = NULL, *own = realpath(folder, NULL);
    size_t size;
    const char *first = own ? first_line(&arena, own) : NULL;
    FILE *out = first ? open_memstream(&text, &size) : NULL;
    if (out) {
        fputs(first, out);
        for (const mlrt__indexed *f = index->file; f < index->file + index->files; f++) {
            fprintf(out, "plugin %s %s %s\n", f->outline.name, f->stamp, f->file);
            for (int32_t i = 0; i < f->outline.words; i++)
                fprintf(out, "%s %s\n", mlrt__kinds[f->outline.word[i].kind].name, f->outline.word[i].name);
        }
        cache_name(own, name);
        if (fclose(out) == 0 && !is_kept(name, text, size)) mlrt_cache_write(name, text, size);
    }
    free(text);
    free(own);
    mlrt__arena_free(&arena);
}

/* ---- an index ---- */

static int compare(const void *file, const void *indexed) {
    return strcmp(file, ((const mlrt__indexed *)indexed)->file);
}

const mlrt__indexed *mlrt__index_find(const mlrt__index *index, const char *file, const char *stamp) {
    const mlrt__indexed *found =
        index->files ? bsearch(file, index->file, (size_t)index->files, sizeof *index->file, compare) : NULL;
    return found && strcmp(found->stamp, stamp) == 0 ? found : NULL;
}

void mlrt__index_add(mlrt__index *index, mlrt__indexed file) {
    if (file.file[strcspn(file.file, " \n")]) return; /* a name that no line can hold */
    MLRT__ROOM(index->file, index->files, index->capacity);
    index->file[index->files++] = file;
}

void mlrt__index_free(mlrt__index *index) {
    free(index->file);
    *index = (mlrt__index){0};
}
