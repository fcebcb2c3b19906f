/* usage: sim [--full] [--seed N] [--certificates N] [--days N] [--verbose] [CASE] */

#include "tests/sim/sim.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

#define FAILURES_SHOWN 20
#define SEED           20270101

typedef struct SimCase {
        const char *name;
        void (*fn)(const SimOptions *o);
} SimCase;

static const SimCase cases[] = {
        { "X-02: seven POSTs for a fresh order", sim_fresh_order },
        { "X-01: four POSTs for an order that comes back ready", sim_ready_order },
        { "D8: nothing wakes up in a minute when all is verified", sim_idle },
        { "D1, R1.6: 400 days of a refused name", sim_refused_name },
        { "D1: 400 days of failed validation", sim_failed_validation },
        { "D1: 400 days of server errors", sim_server_errors },
        { "D1: 400 days of a limit without Retry-After", sim_rate_limits },
        { "D1, S-08: 400 days of useless chains", sim_useless_chains },
        { "CA-03: the first CA answers 503 for three days", sim_fallback_503 },
        { "CA-03: the first CA is down for three days", sim_fallback_down },
        { "CA-03: the first CA goes silent in the middle of orders", sim_fallback_while_ordering },
        { "R1.59: 400 days of one refused name among others", sim_one_name },
        { "Q-05: an optional name fails for 400 days", sim_optional_name },
        { "DESIGN 1.3: a deploy fails for a month, in three ways", sim_failing_deploy },
        { "S6.5: 400 days of renewals with restart windows", sim_windows },
        { "S6.5: a canary, good, failing for days, and for too long", sim_canary },
        { "S6.5: the targets of a group take turns", sim_groups },
        { "D-07: half of all nonces are refused", sim_half_of_the_nonces },
        { "D-07: all nonces are refused", sim_all_of_the_nonces },
        { "S-06: the CA is down for five days", sim_ca_down },
        { "D4, D10: certificates of 160 hours, faults of every kind", sim_short_lives },
        { "D10: 200 days of faults, renewals are rehearsed", sim_rehearsals },
        { "D10: a year of faults of every kind", sim_year },
};

unsigned sim_failures;

void sim_fail(const World *w, const char *format, ...) {
        va_list args;

        if (sim_failures++ >= FAILURES_SHOWN)
                return;
        (void) fflush(stderr);
        printf("# after %.2f days: ",
               (double) (fake_loop_true_sec(w->loop) - WORLD_START) / (double) DAY);
        va_start(args, format);
        (void) vprintf(format, args);
        va_end(args);
        printf("\n");
}

static double seconds(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static int parse(int argc, char *argv[], SimOptions *o) {
        static const struct option options[] = {
                { "full", no_argument, NULL, 'f' },
                { "seed", required_argument, NULL, 's' },
                { "certificates", required_argument, NULL, 'c' },
                { "days", required_argument, NULL, 'd' },
                { "verbose", no_argument, NULL, 'v' },
                { NULL, 0, NULL, 0 },
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case 'f':
                        o->certificates = 500;
                        break;
                case 's':
                        o->seed = strtoull(optarg, NULL, 10);
                        break;
                case 'c':
                        o->certificates = strtoul(optarg, NULL, 10);
                        break;
                case 'd':
                        o->days = strtol(optarg, NULL, 10);
                        break;
                case 'v':
                        o->verbose = true;
                        break;
                default:
                        return -EINVAL;
                }
        return 0;
}

static bool run(const SimCase *sim, const SimOptions *o, const char *program) {
        double start = seconds();

        sim_failures = 0;
        sim->fn(o);
        printf("%s %s (%.1f s)\n", sim_failures ? "not ok" : "ok", sim->name, seconds() - start);
        if (sim_failures)
                printf("# repeat: %s --seed %llu --certificates %zu --days %lld '%s'\n", program,
                       (unsigned long long) o->seed, o->certificates, (long long) o->days,
                       sim->name);
        (void) fflush(stdout);
        return sim_failures == 0;
}

/* The same each time, so that a run judges the change; the tests' --full looks for new ones. */
static uint64_t default_seed(void) {
        const char *full = getenv("RENEWD_TEST_FULL");

        return full && *full ? (uint64_t) time(NULL) : SEED;
}

int main(int argc, char *argv[]) {
        SimOptions o = { .seed = default_seed(), .certificates = 60, .days = 365 };
        unsigned passed = 0, failed = 0;

        if (parse(argc, argv, &o) < 0)
                return 2;
        log_set_max_level(o.verbose ? LOG_DEBUG : LOG_EMERG);
        printf("# seed %llu\n", (unsigned long long) o.seed);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                if (optind < argc && !strstr(cases[i].name, argv[optind]))
                        continue;
                if (run(&cases[i], &o, argv[0]))
                        passed++;
                else
                        failed++;
        }
        printf("%u passed, %u failed\n", passed, failed);
        return failed ? 1 : 0;
}
