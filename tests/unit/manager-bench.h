#pragma once

/* A manager with two certificates, what it says, and the steps that it tells. */

#include "tests/fake/world.h"

#define DAY ((int64_t) SEC_PER_DAY)

extern const char *const bench_two[];

/* With nothing started. */
void bench_init(World *w);

/* Both certificates are valid. */
void bench_init_valid(World *w);
void bench_check_sentence(World *w, const char *expected);

/* The sentence has this; else it is printed. */
bool bench_has(World *w, const char *text);

typedef struct Steps {
        unsigned count;
        bool done, ok;
        char last[256];
        RenewWatch *free_this;
} Steps;

void bench_on_step(const char *step, bool done, bool ok, void *userdata);
