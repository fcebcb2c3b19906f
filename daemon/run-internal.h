#pragma once

/* What the files of the engine's life share: run.c makes and ends, run-events.c answers the outside world. */

#include "daemon/control.h"
#include "daemon/dns-real.h"
#include "daemon/engine.h"
#include "daemon/helper-real.h"
#include "daemon/http-real.h"
#include "daemon/loop-real.h"
#include "daemon/manager.h"
#include "daemon/prober-real.h"
#include "daemon/responder-real.h"
#include "daemon/run.h"
#include "daemon/store-real.h"

typedef struct Run {
        const Options *options; /* borrows */
        Loop *loop;             /* all owned */
        Http *http;
        Helper *signer;
        Helper *installer;
        Prober *prober;
        Dns *dns;
        Responder *responder;
        Store *store;
        Engine engine;
        Manager *manager;
        Control *control;
        sd_event_source *status_timer;
        sd_event_source *watchdog;
        sd_event_source *limit; /* of --once */
        sd_event_source *post;
        char *own_socket;  /* path of the control socket when it was not inherited */
        char *sentence;    /* as last shown */
        usec_t shown_usec; /* CLOCK_MONOTONIC; when */
        uint64_t progress; /* of the manager, at the last look */
} Run;

/* Signals, watchdog, status. After the manager was made. */
int run_add_events(Run *run);
void run_remove_events(Run *run);

/* For manager_new(). */
void run_changed(void *userdata);

/* For control_new(). */
int run_reload(Json **ret, void *userdata);

/* READY=1 or the end of a reload, with the sentence. */
void run_tell_ready(Run *run);

/* How it stands, for whoever ran us --once. */
void run_log_sentence(Run *run);

/* Logs all messages of a configuration; the manager does it for one that it takes. */
void run_log_config(const Config *config);
