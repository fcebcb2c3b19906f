#pragma once

/* Restart windows and their deadline (S6.5). Pure. */

#include "config/config.h"

typedef struct WindowFacts {
        const TargetConfig *config;
        int64_t not_after;    /* of the certificate that the service still has; 0: not known */
        int64_t lifetime_sec; /* of certificates of this kind; 0: not known */
        int64_t now;
        calendar_offset_fn offset;
} WindowFacts;

typedef struct WindowPlan {
        bool open;                   /* the service may be told now */
        int64_t at;                  /* else: when it may be */
        const RestartWindow *window; /* that begins then; borrowed; NULL: it is the deadline */
} WindowPlan;

/* The instant from which on nothing is waited for; 0 when it is not known what expires. */
int64_t window_deadline(const WindowFacts *f);

/* Without windows it is always open, and when it is not known what expires, since nothing may expire for a window. */
WindowPlan window_plan(const WindowFacts *f);
