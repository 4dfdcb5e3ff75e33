/* plugin.h - the plugin ABI, version 2: how a .so adds layers, losses, optimizers, schedules and tasks to mlrt.
 *
 * A plugin exports one symbol, which MLRT_PLUGIN defines: a guard that says what it was built against, and a list of
 * classes. Everything is static data, so `mlrt inspect` prints a plugin's documentation without running it.
 *
 * A class has a kind, a name, a struct of properties and a table that describes them; from that table come the range
 * checks, the error messages, the words of the Lua language, `mlrt inspect` and the reference pages. An *instance* is a
 * class with its properties filled in; functions get it as `self` and read the properties with mlrt_props(self).
 *
 * Ownership: the host owns every instance, node, tensor and property value; a plugin owns what its task's `open` leaves
 * in `self->state`, until `close`. Plugins are never unloaded.
 *
 *   cc -shared -fPIC my_layer.c -o my_layer.so $(pkg-config --cflags --libs mlrt)
 */
#ifndef MLRT_PLUGIN_H
#define MLRT_PLUGIN_H

#include <mlrt/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MLRT_ABI_VERSION 2

/* ---- initial values of a parameter ---- */

/* Fan-in and fan-out of a weight [out, in, ...] are in * (rest) and out * (rest). */
#define MLRT_INITS(X)                                                                                                  \
    X(CONSTANT, "constant", "every element a")                                                                         \
    X(UNIFORM, "uniform", "uniform in [a, b)")                                                                         \
    X(NORMAL, "normal", "normal with mean a and standard deviation b")                                                 \
    X(XAVIER_UNIFORM, "xavier_uniform", "uniform in +-sqrt(6 / (fan_in + fan_out)); Glorot and Bengio 2010, Eq. 16")   \
    X(XAVIER_NORMAL, "xavier_normal", "normal, standard deviation sqrt(2 / (fan_in + fan_out)); ibid.")                \
    X(KAIMING_UNIFORM, "kaiming_uniform", "uniform in +-sqrt(6 / fan_in); He et al., arXiv:1502.01852, Eq. 10")        \
    X(KAIMING_NORMAL, "kaiming_normal", "normal, standard deviation sqrt(2 / fan_in); ibid.")                          \
    X(ORTHOGONAL, "orthogonal", "orthonormal rows or columns; Saxe et al., arXiv:1312.6120")                           \
    X(FAN_IN, "fan_in", "uniform in +-1 / sqrt(a), or +-1 / sqrt(fan_in) when a is 0: PyTorch's default for linear")

typedef enum mlrt_init_kind {
#define X(name, ...) MLRT_INIT_##name,
    MLRT_INITS(X)
#undef X
} mlrt_init_kind;

typedef struct mlrt_init {
    mlrt_init_kind kind;
    float a, b;
    float scale; /* multiplies the result; 0 means 1 */
    bool given;  /* set by the host when the script chose it; a class may have a better default of its own */
} mlrt_init;

#define MLRT_ZEROS ((mlrt_init){.kind = MLRT_INIT_CONSTANT, .a = 0})
#define MLRT_ONES  ((mlrt_init){.kind = MLRT_INIT_CONSTANT, .a = 1})

/* ---- properties ---- */

typedef enum mlrt_prop_type {
    MLRT_PROP_END = 0,
    MLRT_PROP_TYPE_INT,    /* int32_t */
    MLRT_PROP_TYPE_F32,    /* float */
    MLRT_PROP_TYPE_F64,    /* double */
    MLRT_PROP_TYPE_BOOL,   /* bool */
    MLRT_PROP_TYPE_STRING, /* const char *, NULL when not given */
    MLRT_PROP_TYPE_ENUM,   /* int32_t: which of `choices` */
    MLRT_PROP_TYPE_SHAPE,  /* mlrt_shape: a list of integers */
    MLRT_PROP_TYPE_INIT,   /* mlrt_init */
    MLRT_PROP_TYPES
} mlrt_prop_type;

/* One property: a row that binds a name to a member of the class's struct. All members but the
 * first three are given by name, those that are wanted: .init = 1e-3, .range = "[0, inf)", .doc = "...". */
typedef struct mlrt_prop {
    const char *name;
    mlrt_prop_type type;
    uint32_t offset;
    bool required;
    double init;                /* default of numbers, booleans and enums */
    const char *init_text;      /* default of strings; of a shape, as in a script: "{3, 3}" */
    const char *range;          /* of numbers, as an interval: "[0, 1)", "[1, inf)", "(0, inf)"; NULL for no limit */
    const char *const *choices; /* of an enum, NULL-terminated */
    mlrt_init init_value;       /* default of an initialiser; all zeros: the class has its own */
    const char *doc;            /* one phrase, lower case, no full stop */
} mlrt_prop;

/* A member of the wrong C type is a compile-time error. */
#define MLRT_PROP_(owner, member, ctype, kind, ...)                                                                    \
    {                                                                                                                  \
        .name = #member, .type = (mlrt_prop_type)(kind + 0 * sizeof(*(ctype **)0 = &((owner *)0)->member)),            \
        .offset = offsetof(owner, member), __VA_ARGS__                                                                 \
    }
#define MLRT_PROP_INT(owner, member, ...)    MLRT_PROP_(owner, member, int32_t, MLRT_PROP_TYPE_INT, __VA_ARGS__)
#define MLRT_PROP_F32(owner, member, ...)    MLRT_PROP_(owner, member, float, MLRT_PROP_TYPE_F32, __VA_ARGS__)
#define MLRT_PROP_F64(owner, member, ...)    MLRT_PROP_(owner, member, double, MLRT_PROP_TYPE_F64, __VA_ARGS__)
#define MLRT_PROP_BOOL(owner, member, ...)   MLRT_PROP_(owner, member, bool, MLRT_PROP_TYPE_BOOL, __VA_ARGS__)
#define MLRT_PROP_STRING(owner, member, ...) MLRT_PROP_(owner, member, const char *, MLRT_PROP_TYPE_STRING, __VA_ARGS__)
#define MLRT_PROP_ENUM(owner, member, ...)   MLRT_PROP_(owner, member, int32_t, MLRT_PROP_TYPE_ENUM, __VA_ARGS__)
#define MLRT_PROP_SHAPE(owner, member, ...)  MLRT_PROP_(owner, member, mlrt_shape, MLRT_PROP_TYPE_SHAPE, __VA_ARGS__)
#define MLRT_PROP_INIT(owner, member, ...)   MLRT_PROP_(owner, member, mlrt_init, MLRT_PROP_TYPE_INIT, __VA_ARGS__)

/* ---- classes and instances ---- */

/* kind, its name in the language and in `mlrt inspect` */
#define MLRT_KINDS(X)                                                                                                  \
    X(LAYER, "layer")                                                                                                  \
    X(LOSS, "loss")                                                                                                    \
    X(OPTIMIZER, "optimizer")                                                                                          \
    X(SCHEDULE, "schedule")                                                                                            \
    X(TASK, "task")

typedef enum mlrt_kind {
#define X(name, text) MLRT_KIND_##name,
    MLRT_KINDS(X)
#undef X
        MLRT_KIND_COUNT
} mlrt_kind;

/* A case that the tests run on the class, without listing it anywhere: built with `props`, its outputs and gradients
 * are compared with PyTorch's and with finite differences. */
typedef struct mlrt_case {
    const char *props;  /* as in a script: "out = 3, bias = false" */
    const char *inputs; /* comma-separated dtypes and shapes: "f32[2,5,4], i32[2,5]<7" (integers below 7), "f32[4]<2" (0
                         * and 1), "i32[2,5]<7(pad end)" (names of the first tokens) */
    const char *torch;  /* a PyTorch expression of x (list of inputs) and p (dict of parameters by name) */
    bool rough;         /* not smooth everywhere: compare with PyTorch, but not with finite differences */
} mlrt_case;

/* What every class begins with; members of a class can be given directly (.summary = ...). */
#define MLRT_CLASS_MEMBERS                                                                                             \
    mlrt_kind kind;                                                                                                    \
    uint32_t size; /* of the whole class struct, so that later versions can add members at its end */                  \
    const char *name;                                                                                                  \
    const char *summary;    /* one line: a formula or a phrase */                                                      \
    const char *doc;        /* more, in full sentences, or NULL */                                                     \
    const char *source;     /* paper and equation, or NULL */                                                          \
    const mlrt_prop *props; /* ends with {0}; NULL for none */                                                         \
    const char *positional; /* the property that an unnamed value sets, layer.linear { 64 }, or NULL */                \
    const mlrt_case *cases; /* ends with {0}; NULL for none */

typedef struct mlrt_class {
    MLRT_CLASS_MEMBERS
} mlrt_class;

#define MLRT_CLASS                                                                                                     \
    union {                                                                                                            \
        mlrt_class base;                                                                                               \
        struct {                                                                                                       \
            MLRT_CLASS_MEMBERS                                                                                         \
        };                                                                                                             \
    };

/* What every instance begins with: mlrt_layer, mlrt_loss, mlrt_optimizer, mlrt_schedule and mlrt_task can be passed
 * where `const void *self` is asked for. */
typedef struct mlrt_object {
    const mlrt_class *cls;
    const void *props; /* the class's struct, filled and checked */
    const char *name;  /* "query": given by the script or its parent, or made from the class's name; may be NULL */
    const char *where; /* "experiments/x.lua:14", or "" */
} mlrt_object;

static inline const void *mlrt_props(const void *self) { return ((const mlrt_object *)self)->props; }

/* ---- layers: nodes in, a node out ---- */

typedef struct mlrt_layer {
    mlrt_object object;
    mlrt_graph *graph; /* the one being built */
} mlrt_layer;

/* What goes into a layer, for its documentation: {"x", "[..., in]", "features"}. */
typedef struct mlrt_port {
    const char *name, *shape, *doc;
} mlrt_port;

typedef struct mlrt_layer_class {
    MLRT_CLASS
    int32_t min_inputs, max_inputs;
    const mlrt_port *inputs; /* `max_inputs` of them, or NULL */
    const mlrt_port *output; /* one, or NULL */
    /* in[i] is NULL for an input that was not given. Called once for the training step and once for evaluation, and
     * again each time the script calls the layer: parameters of one name are the same parameter. */
    mlrt_node *(*build)(const mlrt_layer *self, mlrt_node *const in[]);
    /* The answer when nobody gives the target: a seq2seq decodes. NULL: the same as build. */
    mlrt_node *(*predict)(const mlrt_layer *self, mlrt_node *const in[]);
    /* The inputs from this one on are the task's targets (a decoder reads its own target); 0: none are. */
    int32_t first_target;
} mlrt_layer_class;

/* A learned f32 parameter of this layer, created at the first call and found again later; another shape is an error. The
 * name "" is the layer's own. */
MLRT_API mlrt_node *mlrt_param(const mlrt_layer *self, const char *name, mlrt_shape shape, mlrt_init init);
/* A buffer that is kept and saved like a parameter but not trained (a running mean), and its next value: the update takes
 * effect after each training step. */
MLRT_API mlrt_node *mlrt_state(const mlrt_layer *self, const char *name, mlrt_shape shape, mlrt_init init);
MLRT_API void mlrt_update(const mlrt_layer *self, const char *name, mlrt_node *value);
/* Build another layer inside this one, under `name`: its parameters are self's path + name + their own. `props` is a
 * filled struct of that class and must outlive the call only. */
MLRT_API mlrt_node *mlrt_child(const mlrt_layer *self, const char *name, const mlrt_layer_class *cls, const void *props,
                               mlrt_node *const in[]);
/* Open and close a part of a layer that is not a layer itself: what is built between gets the name in its path. */
MLRT_API void mlrt_enter(const mlrt_layer *self, const char *name);
MLRT_API void mlrt_leave(const mlrt_layer *self);

/* ---- losses: prediction and target in, a scalar node out ---- */

typedef struct mlrt_loss {
    mlrt_object object;
    mlrt_graph *graph;
} mlrt_loss;

typedef struct mlrt_loss_class {
    MLRT_CLASS
    mlrt_node *(*build)(const mlrt_loss *self, mlrt_node *prediction, mlrt_node *target);
} mlrt_loss_class;

/* ---- optimizers: a step over flat ranges ---- */

typedef struct mlrt_optimizer {
    mlrt_object object;
} mlrt_optimizer;

enum { MLRT_MAX_SLOTS = 4 };

/* A part of the one parameter buffer, inside one parameter group. Ranges of a step are run by several threads and do not
 * overlap. */
typedef struct mlrt_range {
    float *param;
    const float *grad;
    float *slot[MLRT_MAX_SLOTS]; /* zero before the first step */
    size_t count;
    float lr;  /* the learning rate of this step: the property times the schedule */
    int64_t t; /* 1 in the first step */
} mlrt_range;

typedef struct mlrt_optimizer_class {
    MLRT_CLASS
    int32_t slots;
    void (*step)(const mlrt_optimizer *self, const mlrt_range *range);
} mlrt_optimizer_class;

/* ---- schedules: a factor on the learning rate ---- */

typedef struct mlrt_schedule {
    mlrt_object object;
} mlrt_schedule;

typedef struct mlrt_schedule_class {
    MLRT_CLASS
    double (*factor)(const mlrt_schedule *self, int64_t t, int64_t total); /* t = 1 .. total */
} mlrt_schedule_class;

/* ---- tasks: data and what counts as right ---- */

typedef enum mlrt_split { MLRT_TRAIN, MLRT_VALID, MLRT_TEST, MLRT_SPLITS } mlrt_split;

enum { MLRT_MAX_FIELDS = 16 };

/* One tensor of an example. Inputs come first, then targets. */
typedef struct mlrt_field {
    const char *name;
    mlrt_dtype dtype;                  /* f32 or i32 */
    mlrt_shape shape;                  /* of one example; a batch puts its size in front */
    const mlrt_vocabulary *vocabulary; /* of i32 tokens or classes, or NULL */
    bool target;
    const char *doc;
} mlrt_field;

typedef struct mlrt_task {
    mlrt_object object;
    void *state; /* the task's own */
    int64_t size[MLRT_SPLITS];
    int32_t fields;
    mlrt_field field[MLRT_MAX_FIELDS];
} mlrt_task;

/* Some evaluated examples, as a metric sees them. */
typedef struct mlrt_batch {
    mlrt_split split;
    int64_t count;
    mlrt_tensor prediction;   /* what the model's predict gave: [count, ...] */
    const mlrt_tensor *field; /* one a field, [count, ...] */
} mlrt_batch;

/* Adds to a sum and a weight; the metric's value is sum / weight over the split. */
typedef struct mlrt_metric {
    const char *name;
    const char *doc;
    void (*score)(const mlrt_task *self, const mlrt_batch *batch, double *sum, double *weight);
} mlrt_metric;

/* Something that is known to hold for true answers, by name: how often it could be looked for among predictions, and how
 * often it held there. */
typedef struct mlrt_claim {
    char name[80];
    int64_t seen, held;
} mlrt_claim;

typedef struct mlrt_task_class {
    MLRT_CLASS
    /* Make or read the data: fill self->size, fields and field. Called once. */
    mlrt_status (*open)(mlrt_task *self, mlrt_error *err);
    void (*close)(mlrt_task *self); /* may be NULL; also called after a failed open */
    /* Write examples index[0 .. count) of a split into buffer[f], one a field. Called by several threads. */
    void (*fetch)(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t count, void *const buffer[]);
    const mlrt_metric *metrics; /* ends with {0}; NULL: "accuracy" for a single target with a vocabulary */
    /* One field of one example for people ("+ 15 360"), into text; may be NULL. */
    void (*decode)(const mlrt_task *self, int32_t field, const void *example, char *text, size_t size);
    /* The inputs of one example as people write them ("aabbcdff"), into buffer[f], one an input. NULL: names of tokens, or
     * numbers, between blanks. */
    mlrt_status (*encode)(const mlrt_task *self, const char *text, void *const buffer[], mlrt_error *err);
    /* A target as an answer ("15360"), where decode tells its tokens; NULL: the same as decode. */
    void (*answer)(const mlrt_task *self, int32_t field, const void *example, char *text, size_t size);
    /* What is known of the answers to these inputs together; the batch's targets are not. Fills at most `most` claims and
     * returns how many. NULL: nothing is known. */
    int32_t (*verify)(const mlrt_task *self, const mlrt_batch *batch, mlrt_claim *claim, int32_t most);
} mlrt_task_class;

/* The path of a data file that mlrt ships or the user has: `name` as it is if that exists, else in each folder of
 * $MLRT_DATA_PATH and the installed data folder. Fails with every path tried. */
MLRT_API mlrt_status mlrt_find_data(const char *name, char *path, size_t size, mlrt_error *err);

/* ---- work that takes long ---- */

MLRT_API bool mlrt_interrupted(void); /* the user asked to stop: leave with MLRT_STOPPED */
/* A line for the user who waits, like "after the soft limit: 81 parameters"; not for results. */
MLRT_API void mlrt_say(const char *format, ...) MLRT_PRINTF(1, 2);
/* What is expensive to make again, kept between processes under a file's name, compressed and checksummed, in
 * $MLRT_CACHE, $XDG_CACHE_HOME/mlrt or ~/.cache/mlrt. A cache that is damaged or cannot be written only costs time. The
 * caller frees *data. */
MLRT_API bool mlrt_cache_read(const char *name, void **data, size_t *size);
MLRT_API bool mlrt_cache_write(const char *name, const void *data, size_t size);

/* ---- random numbers for tasks: Philox 4x32-10, Salmon et al. 2011. The same (seed, stream, index) gives the same
 * number on every machine. ---- */
MLRT_API uint32_t mlrt_random_u32(uint64_t seed, uint64_t stream, uint64_t index);
MLRT_API double mlrt_random_f64(uint64_t seed, uint64_t stream, uint64_t index); /* [0, 1) */
MLRT_API double mlrt_random_gauss(uint64_t seed, uint64_t stream, uint64_t index);
MLRT_API uint64_t mlrt_random_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t n); /* 0 .. n-1 */
MLRT_API void mlrt_random_shuffle(uint64_t seed, uint64_t stream, int64_t *items, int64_t count);
MLRT_API uint64_t mlrt_stream(const char *name); /* a stream number from a name */

/* ---- the plugin itself ---- */

/* What a plugin was built against; the loader compares it field by field and says which differs. */
#define MLRT_GUARD_FIELDS(X)                                                                                           \
    X(abi, MLRT_ABI_VERSION)                                                                                           \
    X(pointer_bits, 8 * sizeof(void *))                                                                                \
    X(class_size, sizeof(mlrt_class))                                                                                  \
    X(prop_size, sizeof(mlrt_prop))                                                                                    \
    X(tensor_size, sizeof(mlrt_tensor))                                                                                \
    X(call_size, sizeof(mlrt_call))                                                                                    \
    X(task_size, sizeof(mlrt_task))                                                                                    \
    X(max_rank, MLRT_MAX_RANK)

typedef struct mlrt_guard {
    char magic[8]; /* "mlrtplug" */
#define X(name, value) uint32_t name;
    MLRT_GUARD_FIELDS(X)
#undef X
} mlrt_guard;

#define MLRT_GUARD_VALUE(name, value) (uint32_t)(value),
#define MLRT_GUARD                                                                                                     \
    { {'m', 'l', 'r', 't', 'p', 'l', 'u', 'g'}, MLRT_GUARD_FIELDS(MLRT_GUARD_VALUE) }

typedef struct mlrt_plugin {
    mlrt_guard guard;
    const char *name, *summary;
    const char *version;              /* the plugin's own, or NULL */
    const mlrt_class *const *classes; /* NULL-terminated */
} mlrt_plugin;

#define MLRT_PLUGIN_SYMBOL "mlrt_plugin_v"

/* MLRT_PLUGIN("core", "General layers, losses and optimizers", &linear_class.base, &mse_class.base); */
#define MLRT_PLUGIN(plugin_name, plugin_summary, ...)                                                                  \
    MLRT_API const mlrt_plugin mlrt_plugin_v = {.guard = MLRT_GUARD,                                                   \
                                                .name = plugin_name,                                                   \
                                                .summary = plugin_summary,                                             \
                                                .classes = (const mlrt_class *const[]){__VA_ARGS__, NULL}}

/* MLRT_LAYER(linear, .summary = "y = x W^T + b", .props = linear_props, .build = linear_build, ...); defines
 * linear_class, which a plugin of several files can declare extern in a header of its own. */
#define MLRT_CLASS_OF(type, id, class_name, ...)                                                                       \
    extern const type class_name##_class;                                                                              \
    const type class_name##_class = {.kind = id, .size = sizeof(type), .name = #class_name, __VA_ARGS__}
#define MLRT_LAYER(name, ...)     MLRT_CLASS_OF(mlrt_layer_class, MLRT_KIND_LAYER, name, __VA_ARGS__)
#define MLRT_LOSS(name, ...)      MLRT_CLASS_OF(mlrt_loss_class, MLRT_KIND_LOSS, name, __VA_ARGS__)
#define MLRT_OPTIMIZER(name, ...) MLRT_CLASS_OF(mlrt_optimizer_class, MLRT_KIND_OPTIMIZER, name, __VA_ARGS__)
#define MLRT_SCHEDULE(name, ...)  MLRT_CLASS_OF(mlrt_schedule_class, MLRT_KIND_SCHEDULE, name, __VA_ARGS__)
#define MLRT_TASK(name, ...)      MLRT_CLASS_OF(mlrt_task_class, MLRT_KIND_TASK, name, __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
