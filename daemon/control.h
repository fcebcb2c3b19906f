#pragma once

/* io.renewd.Manager: what renewctl and monitoring may ask the engine, and root may tell it. */

#include "daemon/loop-real.h"
#include "daemon/manager.h"

typedef struct Control Control;

/* Reads the configuration again; *ret: an array of texts. Negative: it was not taken. */
typedef int (*control_reload_fn)(Json **ret, void *userdata);

int control_new(Loop *loop,
                Manager *manager,
                control_reload_fn reload,
                void *userdata,
                Control **ret);

/* Before the manager. */
Control *control_free(Control *c);
DEFINE_CLEANUP(Control *, control_free)

/* Serves a listening socket; takes the descriptor, also on error. */
int control_listen(Control *c, int fd);
