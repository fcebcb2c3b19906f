#pragma once

/* One certificate with a CA and its staging CA, and what reaches it from there. */

#include "tests/fake/world.h"

#define NAME "a.example.org"
#define TWIN NAME ".rsa-2048"
#define DAY  ((int64_t) SEC_PER_DAY)

extern const char *const bench_one[];

typedef struct Outside {
        bool broken; /* nothing reaches the name from the staging CA */
        CaFault staging;
        CaRequest when;
        unsigned real, staged; /* issued */
} Outside;

void bench_init(World *w, Outside *o);

/* One certificate whose CA has a staging CA. */
Config *bench_staged(void);

/* What is told of a certificate: a text, malloc'ed ("none": no such object); a number, -1 if absent. */
char *bench_text_of(World *w, const char *name, const char *object, const char *member);
int64_t bench_number_of(World *w, const char *name, const char *member);
int64_t bench_now(World *w);

/* A first certificate, valid. */
void bench_start(World *w, Config *c);

/* Up to `days` before the renewal. */
void bench_run_until(World *w, int64_t days);

/* Or it prints what is missing. */
bool bench_contains(const char *text, const char *part);

typedef struct Steps {
        unsigned told;
        bool done, ok;
        char *last;
} Steps;

void bench_on_step(const char *step, bool done, bool ok, void *userdata);
int bench_rehearse(World *w, const char *name, Steps *s, RenewWatch **ret, char **ret_message);
