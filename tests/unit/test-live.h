#pragma once

/* A state directory for the installer's tests: what engine and signer would have left there. */

#include "acme/key.h"
#include "config/config.h"

typedef struct TestLive {
        char root[256]; /* scratch directory */
        char state[300];
        Paths paths;
        char leaf[SHA256_HEX_SIZE]; /* of the last test_issue() */
} TestLive;

void test_live_init(TestLive *t);

/* A new key with the signer, its chain with the engine. Dates in seconds from now. */
int test_issue(TestLive *t, const char *certificate, int64_t from, int64_t until);

/* The same and published. */
int test_issue_live(TestLive *t, const char *certificate);

/* Files by path below the scratch directory (or absolute). "" when it cannot be read; static storage,
 * good for the next four calls. */
const char *test_content(const TestLive *t, const char *path);
int test_write(const TestLive *t, const char *path, const char *text, mode_t mode);
bool test_exists(const TestLive *t, const char *path);
const char *test_path(const TestLive *t, const char *path);
