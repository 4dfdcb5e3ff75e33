/* vet.h - is a plugin what it says it is? Nothing of it runs before these say yes. */
#ifndef MLRT__VET_H
#define MLRT__VET_H

#include "base/arena.h"
#include <mlrt/plugin.h>

/* Was it built against this mlrt? Nothing but the guard is read. */
mlrt_status mlrt__vet_guard(const mlrt_guard *guard, mlrt_error *err);
/* Are its names, classes and property tables right? */
mlrt_status mlrt__vet_plugin(mlrt__arena *arena, const mlrt_plugin *plugin, mlrt_error *err);
/* May this file or folder be trusted: is it root's or the user's, and writable by no one else? */
mlrt_status mlrt__vet_owner(const char *path, mlrt_error *err);

#endif
