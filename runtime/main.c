/* main.c - the mlrt command: options, verbs, and what becomes of errors. */
#include "base/interrupt.h"
#include "base/text.h"
#include "dsl/command.h"
#include "kernels/kernel.h"
#include "plugin/inspect.h"
#include "plugin/loader.h"
#include "plugin/new.h"
#include "store/store.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130, MOST_FOLDERS = 32 };

typedef struct options {
    bool json, markdown, csv, quiet, resume, retry, fresh, explain, unsafe, traceback, quick, help;
    const char *store, *experiment, *status, *metric, *precision, *part, *export;
    const char *folder[MOST_FOLDERS];
    int32_t folders, threads, jobs, limit;
    char **arg; /* what is not an option */
    int32_t args;
} options;

/* ---- options: a row each ---- */

typedef struct option_row {
    const char *name, *value; /* "--store", "DIR"; NULL for a switch */
    const char *doc;
    const char *verbs; /* separated by blanks; NULL for all */
    size_t offset;
    enum { SWITCH, TEXT, NUMBER, FOLDER } type;
} option_row;

#define AT(member) offsetof(options, member)
static const option_row rows[] = {
    {"--plugins", "DIR", "look for plugins here first; may be given again", "run sweep check inspect bench predict", 0,
     FOLDER},
    {"--store", "DIR", "folder of runs (default $MLRT_STORE, else ./runs)", "run sweep runs show export predict",
     AT(store), TEXT},
    {"--resume", NULL, "go on with the interrupted run of these parameters", "run", AT(resume), SWITCH},
    {"--jobs", "N", "processes at a time (default: one for each core)", "sweep", AT(jobs), NUMBER},
    {"--retry", NULL, "run the points that failed again", "sweep", AT(retry), SWITCH},
    {"--fresh", NULL, "run all points again, also those that are done", "sweep", AT(fresh), SWITCH},
    {"--metric", "NAME", "what is drawn (default: what the experiment monitors)", "sweep", AT(metric), TEXT},
    {"--explain", NULL, "print the compiled schedule, timed on a batch, and stop", "run check", AT(explain), SWITCH},
    {"--threads", "N", "threads to use (default: all cores)", "run check bench predict", AT(threads), NUMBER},
    {"--quiet", NULL, "print nothing but errors", "run sweep check", AT(quiet), SWITCH},
    {"--unsafe", NULL, "let the script use files and commands (io, os)", "run sweep check predict", AT(unsafe), SWITCH},
    {"--traceback", NULL, "show where in Lua an error was raised", "run sweep check predict", AT(traceback), SWITCH},
    {"--experiment", "NAME", "only runs of this experiment (* and ? match)", "runs", AT(experiment), TEXT},
    {"--status", "WORD", "only runs that are running, done, stopped, failed or interrupted", "runs", AT(status), TEXT},
    {"--limit", "N", "only the newest N", "runs", AT(limit), NUMBER},
    {"--json", NULL, "for programs", "sweep inspect runs show bench", AT(json), SWITCH},
    {"--markdown", NULL, "a reference page", "inspect", AT(markdown), SWITCH},
    {"--precision", "NAME", "of the products: f32 or bf16", "bench", AT(precision), TEXT},
    {"--quick", NULL, "the shortest measurement: a trial, no result", "bench", AT(quick), SWITCH},
    {"--part", "NAME", "only one part, in this process, for a profiler: ceiling, steps, windows or machine", "bench",
     AT(part), TEXT},
    {"--export", "DIR", "write initial weights and the first ten batches for a peer, and print ten losses", "bench",
     AT(export), TEXT},
    {"--help", NULL, "this", NULL, AT(help), SWITCH},
};
enum { ROWS = sizeof rows / sizeof *rows };

static bool takes(const option_row *row, const char *verb) {
    const size_t length = strlen(verb);
    for (const char *v = row->verbs; v && *v;) {
        const size_t word = strcspn(v, " ");
        if (word == length && strncmp(v, verb, word) == 0) return true;
        v += word + (v[word] == ' ');
    }
    return !row->verbs;
}

static int usage_error(const char *format, const char *subject, const char *near) {
    fprintf(stderr, "mlrt: ");
    fprintf(stderr, format, subject);
    if (near) fprintf(stderr, " (did you mean '%s'?)", near);
    fprintf(stderr, "\n");
    return EXIT_USAGE;
}

static int unknown_option(const char *verb, const char *name) {
    const char *names[ROWS];
    int32_t count = 0;
    for (int32_t i = 0; i < ROWS; i++)
        if (takes(&rows[i], verb)) names[count++] = rows[i].name;
    return usage_error("no such option: %s", name, mlrt__nearest_of(name, names, count));
}

static int set_option(options *o, const option_row *row, const char *value) {
    char *end;
    switch (row->type) {
    case SWITCH: *(bool *)((char *)o + row->offset) = true; break;
    case TEXT: *(const char **)((char *)o + row->offset) = value; break;
    case FOLDER:
        if (o->folders == MOST_FOLDERS) return usage_error("too many folders: %s", value, NULL);
        o->folder[o->folders++] = value;
        break;
    case NUMBER: {
        errno = 0;
        const long n = strtol(value, &end, 10);
        if (*end || end == value || errno || n < 1 || n > 1 << 20)
            return usage_error("expected a whole number of at least 1, got '%s'", value, NULL);
        *(int32_t *)((char *)o + row->offset) = (int32_t)n;
    }
    }
    return EXIT_OK;
}

/* "--store DIR" and "--store=DIR" are the same; "--" ends the options. */
static int parse(const char *verb, int argc, char **argv, options *o) {
    o->arg = argv;
    for (int i = 0; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (strcmp(argv[i], "--") == 0) {
            while (++i < argc) o->arg[o->args++] = argv[i];
            break;
        }
        if (strncmp(argv[i], "--", 2) != 0) {
            o->arg[o->args++] = argv[i];
            continue;
        }
        const size_t length = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);
        const option_row *row = NULL;
        for (int32_t k = 0; k < ROWS && !row; k++)
            if (strncmp(rows[k].name, argv[i], length) == 0 && !rows[k].name[length] && takes(&rows[k], verb))
                row = &rows[k];
        if (!row) return unknown_option(verb, argv[i]);
        if (row->type == SWITCH && equals) return usage_error("%s takes no value", row->name, NULL);
        const char *value = row->type == SWITCH ? NULL : equals ? equals + 1 : i + 1 < argc ? argv[++i] : NULL;
        if (row->type != SWITCH && !value) return usage_error("%s needs a value", row->name, NULL);
        const int status = set_option(o, row, value);
        if (status != EXIT_OK) return status;
    }
    return EXIT_OK;
}

/* ---- outcomes ---- */

static int failed(const mlrt_error *err) {
    char text[2048];
    fprintf(stderr, "%s\n", mlrt_error_text(err, text, sizeof text));
    return EXIT_FAILED;
}

static int finish(mlrt_status status, const mlrt_error *err) {
    if (status != MLRT_OK) return failed(err);
    if (fflush(stdout) == 0 && !ferror(stdout)) return EXIT_OK;
    fprintf(stderr, "mlrt: unable to write the output: %s\n", strerror(errno));
    return EXIT_FAILED;
}

static void warn_refused(const mlrt__registry *r) {
    for (int32_t i = 0; i < r->refusals; i++)
        fprintf(stderr, "mlrt: plugin refused: %s: %s\n", r->refused[i].path, r->refused[i].reason);
}

/* ---- verbs ---- */

/* The first signal finishes the step and saves; one that comes some seconds later ends the process at once. Not sooner:
 * timeout(1) and job schedulers send the same signal twice, to the process and to its group. */
static void on_signal(int signal_number) {
    static volatile sig_atomic_t first;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!first) {
        first = (sig_atomic_t)now.tv_sec + 1;
        mlrt__interrupt();
    } else if (now.tv_sec > first) {
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
}

static void catch_signals(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like any other */
    signal(SIGPIPE, SIG_DFL);
}

static mlrt_status open_host(mlrt__host *host, const options *o, mlrt_error *err) {
    const mlrt__host_options host_options = {o->folder, o->folders, o->unsafe, o->traceback};
    if (o->threads) mlrt__set_threads(o->threads);
    if (mlrt__host_open(host, &host_options, err) == MLRT_OK) warn_refused(&host->registry);
    return err->status;
}

static int run_script(options *o, bool check, bool sweep) {
    mlrt_error err = {0};
    mlrt__host host;
    bool stopped = false;
    if (sweep) o->threads = 1; /* a process that has started a team must not fork */
    catch_signals();
    if (open_host(&host, o, &err) != MLRT_OK) return failed(&err);
    const mlrt__command_options command = {.sweep = sweep,
                                           .jobs = o->jobs,
                                           .retry = o->retry,
                                           .fresh = o->fresh,
                                           .json = o->json,
                                           .metric = o->metric,
                                           .check = check,
                                           .explain = o->explain ? 20 : 0,
                                           .resume = o->resume,
                                           .quiet = o->quiet,
                                           .store = o->store};
    mlrt__command_run(&host, o->arg[0], o->arg + 1, o->args - 1, &command, &stopped, &err);
    mlrt__host_close(&host);
    if (err.status != MLRT_OK) stopped = failed(&err) && mlrt__interrupted();
    if (err.status == MLRT_ARGUMENT) return EXIT_USAGE;
    return stopped ? EXIT_INTERRUPTED : err.status != MLRT_OK ? EXIT_FAILED : finish(MLRT_OK, NULL);
}

static int verb_run(options *o) { return run_script(o, false, false); }
static int verb_sweep(options *o) { return run_script(o, false, true); }
static int verb_check(options *o) { return run_script(o, true, false); }

static int verb_bench(options *o) {
    mlrt_error err = {0};
    mlrt__host host;
    if (open_host(&host, o, &err) != MLRT_OK) return failed(&err);
    const mlrt__bench_options bench = {o->json, o->quick, o->precision, o->part, o->export};
    mlrt__command_bench(&host, o->arg, o->args, &bench, &err);
    mlrt__host_close(&host);
    return err.status == MLRT_ARGUMENT ? (failed(&err), EXIT_USAGE) : finish(err.status, &err);
}

static int columns(void) {
    struct winsize size = {0};
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) return size.ws_col;
    return 100;
}

static int verb_inspect(options *o) {
    mlrt_error err = {0};
    mlrt__registry registry = {0};
    const mlrt__inspect_format format = o->json       ? MLRT__INSPECT_JSON
                                        : o->markdown ? MLRT__INSPECT_MARKDOWN
                                                      : MLRT__INSPECT_PLAIN;
    mlrt_status status = mlrt__plugins_load(&registry, o->folder, o->folders, &err);
    if (status == MLRT_OK)
        status = mlrt__inspect(&registry, o->args ? o->arg[0] : NULL, format, columns(), stdout, &err);
    mlrt__registry_free(&registry);
    return finish(status, &err);
}

static const char *store_folder(const options *o) {
    const char *set = getenv("MLRT_STORE");
    return o->store ? o->store : set && *set ? set : "runs";
}

static int verb_runs(options *o) {
    mlrt_error err = {0};
    mlrt__store *store;
    const mlrt__run_filter filter = {o->experiment, o->status, o->limit};
    mlrt_status status = mlrt__store_open(&store, store_folder(o), MLRT__STORE_READ, &err);
    if (status == MLRT_OK) status = mlrt__store_print_runs(store, &filter, o->json, stdout, &err);
    mlrt__store_close(store);
    return finish(status, &err);
}

static int with_run(options *o, mlrt_status (*print)(mlrt__store *, int64_t, const options *, mlrt_error *)) {
    mlrt_error err = {0};
    mlrt__store *store;
    char *end;
    const long long run = strtoll(o->arg[0], &end, 10);
    if (*end || end == o->arg[0]) return usage_error("expected the number of a run, got '%s'", o->arg[0], NULL);
    mlrt_status status = mlrt__store_open(&store, store_folder(o), MLRT__STORE_READ, &err);
    if (status == MLRT_OK) status = print(store, run, o, &err);
    mlrt__store_close(store);
    return finish(status, &err);
}

static mlrt_status print_run(mlrt__store *store, int64_t run, const options *o, mlrt_error *err) {
    return mlrt__store_print_run(store, run, o->json, stdout, err);
}
static mlrt_status print_csv(mlrt__store *store, int64_t run, const options *o, mlrt_error *err) {
    (void)o;
    return mlrt__store_export_csv(store, run, stdout, err);
}
static int verb_show(options *o) { return with_run(o, print_run); }
static int verb_export(options *o) { return with_run(o, print_csv); }

static int verb_predict(options *o) {
    mlrt_error err = {0};
    mlrt__host host;
    char *end;
    const long long run = strtoll(o->arg[0], &end, 10);
    if (*end || end == o->arg[0]) return usage_error("expected the number of a run, got '%s'", o->arg[0], NULL);
    if (open_host(&host, o, &err) != MLRT_OK) return failed(&err);
    mlrt__command_predict(&host, store_folder(o), run, o->arg + 1, o->args - 1, &err);
    mlrt__host_close(&host);
    return finish(err.status, &err);
}

static int verb_new(options *o) {
    mlrt_error err = {0};
    return finish(mlrt__new(o->arg[0], o->arg[1], o->args > 2 ? o->arg[2] : NULL, stdout, &err), &err);
}

static int verb_version(options *o) {
    (void)o;
    printf("mlrt %s\n", mlrt_version());
    return EXIT_OK;
}

static const struct verb {
    const char *name, *arguments, *doc;
    int32_t least, most;
    int (*run)(options *o);
} verbs[] = {
    {"run", "SCRIPT [name=value ...]", "train an experiment", 1, INT32_MAX, verb_run},
    {"sweep", "SCRIPT [name=values ...]", "train an experiment at every point of a grid", 1, INT32_MAX, verb_sweep},
    {"check", "SCRIPT [name=value ...]", "do all that run does before the first step", 1, INT32_MAX, verb_check},
    {"bench", "[WORKLOAD ...]", "the reference workloads beside this machine's matrix products", 0, INT32_MAX,
     verb_bench},
    {"inspect", "[NAME]", "what the plugins offer: a kind, a plugin or a class", 0, 1, verb_inspect},
    {"runs", "", "the stored runs", 0, 0, verb_runs},
    {"show", "RUN", "one stored run", 1, 1, verb_show},
    {"export", "RUN", "its metrics as CSV", 1, 1, verb_export},
    {"predict", "RUN [INPUT ...] [input=PATH] [verify=true]", "what a stored run answers to inputs", 1, INT32_MAX,
     verb_predict},
    {"new", "KIND NAME [DIR]", "the first version of a layer, loss, optimizer, schedule, task or experiment", 2, 3,
     verb_new},
    {"version", "", "the version", 0, 0, verb_version},
};
enum { VERBS = sizeof verbs / sizeof *verbs };

/* ---- help ---- */

static int help(void) {
    printf("usage: mlrt VERB [OPTIONS] ...\n\n");
    for (int32_t i = 0; i < VERBS; i++)
        printf("  mlrt %-8s %-26s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].doc);
    printf("\nmlrt VERB --help lists the options of a verb.\n");
    return EXIT_OK;
}

static int verb_help(const struct verb *v) {
    printf("usage: mlrt %s [OPTIONS] %s\n\n%s\n\n", v->name, v->arguments, v->doc);
    for (int32_t i = 0; i < ROWS; i++)
        if (takes(&rows[i], v->name))
            printf("  %-12s %-5s %s\n", rows[i].name, rows[i].value ? rows[i].value : "", rows[i].doc);
    return EXIT_OK;
}

int mlrt__main(int argc, char **argv); /* called by launch.c alone */

int mlrt__main(int argc, char **argv) {
    const char *names[VERBS];
    if (argc < 2) return help(), EXIT_USAGE;
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return help();
    const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
    for (int32_t i = 0; i < VERBS; i++) {
        const struct verb *v = &verbs[i];
        names[i] = v->name;
        if (strcmp(v->name, name) != 0) continue;
        options o = {0};
        const int status = parse(v->name, argc - 2, argv + 2, &o);
        if (status != EXIT_OK) return status;
        if (o.help) return verb_help(v);
        if (o.args >= v->least && o.args <= v->most) return v->run(&o);
        fprintf(stderr, "usage: mlrt %s %s\n", v->name, v->arguments);
        return EXIT_USAGE;
    }
    return usage_error("no verb '%s'", argv[1], mlrt__nearest_of(argv[1], names, VERBS));
}
