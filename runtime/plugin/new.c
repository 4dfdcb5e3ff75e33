/* new.c - writes the templates of this folder, with @NAME@ and @KIND@ filled in. */
#include "plugin/new.h"
#include "base/arena.h"
#include "base/text.h"
#include "plugin/value.h"
#include "plugin/templates.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { FILES = 2 };

#define PLUGIN_FILES(template)                                                                                         \
    {                                                                                                                  \
        {".c", template, 0666}, { ".t", plugin_t_in, 0777 }                                                            \
    }
#define PLUGIN_ADVICE                                                                                                  \
    "build: cc -shared -fPIC -O2 @FOLDER@/@NAME@.c -o @FOLDER@/@NAME@.so $(pkg-config --cflags --libs mlrt)\n"         \
    "look:  mlrt inspect --plugins @FOLDER@ @KIND@.@NAME@\n"                                                           \
    "test:  prove @FOLDER@/@NAME@.t\n"

/* The files of a kind, named NAME and an ending, and what is said when they are written. */
static const struct sort {
    const char *kind;
    struct {
        const char *ending, *text;
        mode_t mode;
    } file[FILES];
    const char *advice;
} sorts[] = {
    {"layer", PLUGIN_FILES(layer_c_in), PLUGIN_ADVICE},
    {"loss", PLUGIN_FILES(loss_c_in), PLUGIN_ADVICE},
    {"optimizer", PLUGIN_FILES(optimizer_c_in), PLUGIN_ADVICE},
    {"schedule", PLUGIN_FILES(schedule_c_in), PLUGIN_ADVICE},
    {"task", PLUGIN_FILES(task_c_in), PLUGIN_ADVICE},
    {"experiment",
     {{".lua", experiment_lua_in, 0666}},
     "check: mlrt check @FOLDER@/@NAME@.lua\n"
     "run:   mlrt run @FOLDER@/@NAME@.lua\n"},
};
enum { SORTS = sizeof sorts / sizeof *sorts };

static const char *nth_kind(const void *list, int32_t i) {
    (void)list;
    return i < SORTS ? sorts[i].kind : NULL;
}

static const struct sort *find_sort(const char *kind, mlrt_error *err) {
    for (int i = 0; i < SORTS; i++)
        if (strcmp(sorts[i].kind, kind) == 0) return &sorts[i];
    mlrt_fail(err, MLRT_NAME, "unknown kind '%s': expected layer, loss, optimizer, schedule, task or experiment", kind);
    const char *nearest = mlrt__nearest(kind, nth_kind, NULL);
    if (nearest) mlrt_hint(err, "did you mean '%s'?", nearest);
    return NULL;
}

/* ---- filling in ---- */

typedef struct blanks {
    const char *kind, *name, *folder;
} blanks;

static void fill(FILE *out, const char *text, const blanks *b) {
    const struct {
        const char *mark, *value;
    } marks[] = {{"@NAME@", b->name}, {"@KIND@", b->kind}, {"@FOLDER@", b->folder}};
    while (*text) {
        const char *before = text;
        for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
            const size_t length = strlen(marks[i].mark);
            if (strncmp(text, marks[i].mark, length) != 0) continue;
            fputs(marks[i].value, out);
            text += length;
        }
        if (text == before) fputc(*text++, out);
    }
}

static mlrt_status write_file(const char *path, const char *text, mode_t mode, const blanks *b, mlrt_error *err) {
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *out = file >= 0 ? fdopen(file, "w") : NULL;
    if (!out) return mlrt_fail(err, MLRT_FILE, "unable to write '%s': %s", path, strerror(errno));
    fill(out, text, b);
    const bool failed = ferror(out);
    return fclose(out) != 0 || failed ? mlrt_fail(err, MLRT_FILE, "unable to write '%s': %s", path, strerror(errno))
                                      : MLRT_OK;
}

/* All of the files or none: nothing is written when one of them is there already. */
static mlrt_status write_files(const struct sort *sort, char *const path[], int files, const blanks *b,
                               mlrt_error *err) {
    for (int i = 0; i < files; i++)
        if (access(path[i], F_OK) == 0) return mlrt_fail(err, MLRT_FILE, "'%s' is already there", path[i]);
    for (int i = 0; i < files; i++)
        if (write_file(path[i], sort->file[i].text, sort->file[i].mode, b, err) != MLRT_OK) return MLRT_FILE;
    return MLRT_OK;
}

mlrt_status mlrt__new(const char *kind, const char *name, const char *folder, FILE *out, mlrt_error *err) {
    const struct sort *sort = find_sort(kind, err);
    if (!sort) return MLRT_NAME;
    if (!mlrt__is_identifier(name))
        return mlrt_fail(err, MLRT_NAME,
                         "'%s' cannot be a name: expected letters, digits and underscores, no word of Lua's own", name);
    mlrt__arena arena = {0};
    const blanks b = {kind, name, folder ? folder : "."};
    char *path[FILES];
    int files = 0;
    for (; files < FILES && sort->file[files].ending; files++)
        path[files] = mlrt__arena_printf(&arena, "%s/%s%s", b.folder, name, sort->file[files].ending);
    const mlrt_status status = write_files(sort, path, files, &b, err);
    for (int i = 0; status == MLRT_OK && i < files; i++) fprintf(out, "wrote: %s\n", path[i]);
    if (status == MLRT_OK) fill(out, sort->advice, &b);
    mlrt__arena_free(&arena);
    return status;
}
