/* messages.c - what the core classes say when they are given what they cannot take. */
#include "fixture.h"
#include "tap.h"

static const struct row {
    mlrt_kind kind;
    const char *cls, *props, *inputs, *message; /* "" when it is fine */
} rows[] = {
    {MLRT_KIND_LAYER, "linear", "", "f32[2,3]", "'out' is required: number of output features"},
    {MLRT_KIND_LAYER, "linear", "out = 0", "f32[2,3]", "'out' must be in [1, inf), got 0"},
    {MLRT_KIND_LAYER, "linear", "oot = 1", "f32[2,3]", "unknown property 'oot' (did you mean 'out'?)"},
    {MLRT_KIND_LAYER, "embedding", "dim = 4", "i32[2]<5", ""},
    {MLRT_KIND_LAYER, "embedding", "dim = 4, entries = 3", "i32[2]<5",
     "'entries' is 3, but the input's vocabulary has 5 tokens"},
    {MLRT_KIND_LAYER, "embedding", "dim = 4", "f32[2]", "'entries' must be given: the input has no vocabulary"},
    {MLRT_KIND_LAYER, "position", "length = 3", "f32[1,4,2]", "a sequence of 4 tokens, but positions end at 3"},
    {MLRT_KIND_LAYER, "attention", "position = rotary", "f32[1,4,2], f32[1,3,2]",
     "position 'rotary' is for attention to itself, not to a memory"},
    {MLRT_KIND_LAYER, "attention", "heads = 2, position = xpos", "f32[1,4,6]",
     "positions turn pairs of features, and a head has 3"},
    {MLRT_KIND_LAYER, "position", "", "f32[2]", "expected [batch, tokens, dim], got [2]"},
    {MLRT_KIND_LAYER, "position", "kind = sinusoid", "f32[1,4,2]",
     "'kind' must be one of 'learned', 'sinusoidal', got 'sinusoid' (did you mean 'sinusoidal'?)"},
    {MLRT_KIND_LAYER, "batch_norm", "", "f32[4]", "expected [batch, features, ...], got [4]"},
    {MLRT_KIND_LAYER, "batch_norm", "", "f32[1,4]", "needs more than one value of each feature in a batch"},
    {MLRT_KIND_LAYER, "conv2d", "out = 2, size = 3", "f32[2,5,5]",
     "expected [batch, channels, height, width], got [2, 5, 5]"},
    {MLRT_KIND_LAYER, "max_pool2d", "size = 2, padding = 2", "f32[1,1,4,4]",
     "'padding' must be at most half of 'size' (2), got 2"},
    {MLRT_KIND_LAYER, "attention", "heads = 3", "f32[1,2,8]", "8 features cannot be split in 3 heads"},
    {MLRT_KIND_LAYER, "attention", "", "f32[2,8]", "expected [batch, tokens, dim], got [2, 8]"},
    {MLRT_KIND_LAYER, "seq2seq", "", "i32[2,3]<5(pad end)", "layer 'seq2seq' takes 2 inputs, got 1"},
    {MLRT_KIND_LAYER, "seq2seq", "", "f32[2,3], i32[2,3]<5(end)", "the source must be tokens: i32 with a vocabulary"},
    {MLRT_KIND_LAYER, "seq2seq", "", "i32[2,3]<5, i32[2,3]<5",
     "the target's vocabulary has no token 'begin' or 'end' to start from"},
    {MLRT_KIND_LAYER, "seq2seq", "dim = 10, heads = 4", "i32[2,3]<5, i32[2,3]<5(end)",
     "encoder.1.attention: 10 features cannot be split in 4 heads"},
    {MLRT_KIND_LAYER, "seq2seq", "max_length = 2, heads = 1", "i32[2,3]<5, i32[2,2]<5(end)",
     "encoder.position: a sequence of 3 tokens, but positions end at 2"},
    {MLRT_KIND_LOSS, "mse", "", "f32[4,3], f32[4,2]", "mse: prediction [4, 3] and target [4, 2] have different shapes"},
    {MLRT_KIND_LOSS, "mse", "", "f32[4,1], i32[4]<9", ""},
    {MLRT_KIND_LOSS, "cross_entropy", "", "f32[4,3], f32[4]", "targets must be class numbers, i32; got f32"},
    {MLRT_KIND_LOSS, "cross_entropy", "", "f32[4,3], i32[5]<3",
     "logits [4, 3] need targets of all but their last axis, got [5]"},
    {MLRT_KIND_LOSS, "cross_entropy", "", "f32[4,3], i32[4]<5", "3 logits for the 5 classes of the target"},
    {MLRT_KIND_LOSS, "cross_entropy", "ignore = padd", "f32[4,3], i32[4]<3(pad)",
     "'ignore': the target has no token 'padd'"},
    {MLRT_KIND_LOSS, "cross_entropy", "temperature = 0", "f32[4,3], i32[4]<3",
     "'temperature' must be in (0, inf), got 0"},
};

int main(void) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        fixture f = {0};
        fixture_build(&f, fixture_class(r->kind, r->cls), r->props, r->inputs, true);
        if (*r->message)
            has_str(fixture_error(&f), r->message, "%s { %s } of %s", r->cls, r->props, r->inputs);
        else
            is_str(fixture_error(&f), "", "%s { %s } of %s is fine", r->cls, r->props, r->inputs);
        fixture_free(&f);
    }
    return done_testing();
}
