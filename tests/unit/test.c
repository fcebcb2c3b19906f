#include "tests/unit/test.h"

#include <ftw.h>

int test_failures;

static char scratch[256];

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;
        return remove(path);
}

static void scratch_remove(void) {
        (void) nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS); /* best effort at exit */
}

const char *test_directory(void) {
        const char *base = getenv("TMPDIR");

        if (scratch[0])
                scratch_remove();
        else
                (void) atexit(scratch_remove);
        (void) snprintf(scratch, sizeof scratch, "%s/renewd-test-XXXXXX", base ? base : "/tmp");
        if (!mkdtemp(scratch)) {
                perror(scratch);
                exit(99);
        }
        return scratch;
}

int test_run(int argc, char *argv[], const TestCase *cases, size_t count) {
        int passed = 0, failed = 0;

        for (size_t i = 0; i < count; i++) {
                if (argc > 1 && !strstr(cases[i].name, argv[1]))
                        continue;
                test_failures = 0;
                cases[i].fn();
                printf("%s %s\n", test_failures ? "not ok" : "ok", cases[i].name);
                if (test_failures)
                        printf("# repeat: %s '%s'\n", argv[0], cases[i].name);
                test_failures ? failed++ : passed++;
        }
        printf("%d passed, %d failed\n", passed, failed);
        return failed ? 1 : 0;
}
