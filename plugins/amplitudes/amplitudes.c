/* amplitudes.c - the plugin set of the papers on scattering amplitudes. */
#include <mlrt/plugin.h>

extern const mlrt_task_class coefficient_class, mixed_loop_class, next_loop_class, relations_class, strike_two_class,
    symbol_class;

MLRT_PLUGIN("amplitudes", "Symbols of scattering amplitudes", &coefficient_class.base, &mixed_loop_class.base,
            &next_loop_class.base, &relations_class.base, &strike_two_class.base, &symbol_class.base);
