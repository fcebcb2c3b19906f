#pragma once

/* One certificate in a world, and what became of it. */

#include "tests/fake/world.h"

#define NAME "a.example.org"
#define DAY  ((int64_t) SEC_PER_DAY)

extern const char *const bench_one[];

void bench_init(World *w);
void bench_start(World *w);

/* One certificate, valid and served. */
void bench_init_valid(World *w);

/* Its target. */
FakeTarget *bench_web(World *w);

/* How often an order was asked for. */
unsigned bench_orders(World *w);

/* The sentence has this; else it is printed. */
bool bench_sentence_has(World *w, const char *text);
