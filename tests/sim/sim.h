#pragma once

/* Simulations of the whole core under virtual time. A case prints what it found and returns true if all held. */

#include "tests/fake/world.h"

typedef struct SimOptions {
        uint64_t seed;
        size_t certificates;
        int64_t days;
        bool verbose;
} SimOptions;

#define DAY ((int64_t) SEC_PER_DAY)

extern unsigned sim_failures; /* of the running case */
void sim_fail(const World *w, const char *format, ...) _printf_(2, 3);

#define SIM_CHECK(w, cond, ...)                     \
        do {                                        \
                if (!(cond))                        \
                        sim_fail((w), __VA_ARGS__); \
        } while (0)

/* sim-year.c */
void sim_year(const SimOptions *o);
void sim_short_lives(const SimOptions *o);
void sim_rehearsals(const SimOptions *o);

/* sim-failures.c */
void sim_refused_name(const SimOptions *o);
void sim_failed_validation(const SimOptions *o);
void sim_server_errors(const SimOptions *o);
void sim_rate_limits(const SimOptions *o);
void sim_useless_chains(const SimOptions *o);
void sim_ca_down(const SimOptions *o);

/* sim-fallback.c */
void sim_fallback_503(const SimOptions *o);
void sim_fallback_down(const SimOptions *o);
void sim_fallback_while_ordering(const SimOptions *o);

/* sim-one-name.c */
void sim_one_name(const SimOptions *o);
void sim_optional_name(const SimOptions *o);

/* sim-deploys.c */
void sim_failing_deploy(const SimOptions *o);
void sim_windows(const SimOptions *o);
void sim_canary(const SimOptions *o);
void sim_groups(const SimOptions *o);

/* sim-nonces.c */
void sim_half_of_the_nonces(const SimOptions *o);
void sim_all_of_the_nonces(const SimOptions *o);

/* sim-counts.c */
void sim_fresh_order(const SimOptions *o);
void sim_ready_order(const SimOptions *o);
void sim_idle(const SimOptions *o);
