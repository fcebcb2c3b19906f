#pragma once

/* One certificate at a CA that says when to renew, and what was asked and recorded of it. */

#include "tests/fake/world.h"

#define NAME "a.example.org"
#define DAY  ((int64_t) SEC_PER_DAY)
#define HOUR ((int64_t) SEC_PER_HOUR)

extern const char *const bench_one[];

void bench_init(World *w);
void bench_start(World *w);
void bench_restart(World *w, Config *config);
FakeCaOptions *bench_options(World *w);
FakeCaCounts *bench_counts(World *w);

/* How often renewal information was asked for. */
unsigned bench_infos(World *w);

/* A number of the record's renewal_info; -1: there is none. */
int64_t bench_recorded(World *w, const char *key);
int64_t bench_now(World *w);

/* A fault hook: renewal information fails as the CaFault at userdata says. */
CaFault bench_no_info(CaRequest request, const char *identifier, void *userdata);
