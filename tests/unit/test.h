#pragma once

/* A unit test program: cases in a table, one line per case, a non-zero exit when one fails. A failure
 * prints the case, file and line, and the command that repeats it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

typedef struct TestCase {
        const char *name; /* states behaviour, with the requirement it shows */
        void (*fn)(void);
} TestCase;

extern int test_failures; /* of the running case */

#define CHECK(cond)                                                                   \
        do {                                                                          \
                if (!(cond)) {                                                        \
                        test_failures++;                                              \
                        printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #cond); \
                }                                                                     \
        } while (0)

#define CHECK_INT(a, b)                                                                            \
        do {                                                                                       \
                long long _a = (long long) (a), _b = (long long) (b);                              \
                if (_a != _b) {                                                                    \
                        test_failures++;                                                           \
                        printf("# %s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #a, _a, _b); \
                }                                                                                  \
        } while (0)

#define CHECK_STR(a, b)                                                                   \
        do {                                                                              \
                const char *_a = (a), *_b = (b);                                          \
                if (!_a || !_b || strcmp(_a, _b) != 0) {                                  \
                        test_failures++;                                                  \
                        printf("# %s:%d: %s is '%s', not '%s'\n", __FILE__, __LINE__, #a, \
                               _a ? _a : "(null)", _b ? _b : "(null)");                   \
                }                                                                         \
        } while (0)

/* Use when going on makes no sense. */
#define REQUIRE(cond)                                                               \
        do {                                                                        \
                if (!(cond)) {                                                      \
                        test_failures++;                                            \
                        printf("# %s:%d: needed: %s\n", __FILE__, __LINE__, #cond); \
                        return;                                                     \
                }                                                                   \
        } while (0)

/* Makes an empty scratch directory below $TMPDIR, removed at exit; static storage. */
const char *test_directory(void);

/* Runs the cases (or those whose name contains argv[1]); prints "ok NAME" / "not ok NAME" each and at
 * the end "N passed, N failed". */
int test_run(int argc, char *argv[], const TestCase *cases, size_t count);

#define TEST_MAIN(...)                                                           \
        static const TestCase test_cases[] = { __VA_ARGS__ };                    \
        int main(int argc, char *argv[]) {                                       \
                return test_run(argc, argv, test_cases, ELEMENTSOF(test_cases)); \
        }
