#include "tests/unit/test-live.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "acme/certinfo.h"
#include "base/file.h"
#include "hooks/publish.h"
#include "tests/unit/test-chain.h"
#include "tests/unit/test.h"

const char *test_path(const TestLive *t, const char *path) {
        static char buffers[8][1024];
        static unsigned next;
        char *buffer = buffers[next++ % 8];

        (void) snprintf(buffer, sizeof buffers[0], "%s%s%s", *path == '/' ? "" : t->root,
                        *path == '/' ? "" : "/", path);
        return buffer;
}

static void make(const TestLive *t, const char *path) {
        if (mkdir(test_path(t, path), 0755) < 0 && errno != EEXIST) {
                perror(path);
                exit(99);
        }
}

void test_live_init(TestLive *t) {
        static const char *const directories[] = {
                "state",        "state/engine",      "state/engine/certificates",
                "state/signer", "state/signer/keys", "etc",
        };

        *t = (TestLive){};
        (void) snprintf(t->root, sizeof t->root, "%s", test_directory());
        (void) snprintf(t->state, sizeof t->state, "%s/state", t->root);
        t->paths = paths_default();
        t->paths.state = t->state;
        for (size_t i = 0; i < ELEMENTSOF(directories); i++)
                make(t, directories[i]);
}

const char *test_content(const TestLive *t, const char *path) {
        static Bytes contents[4];
        static unsigned next;
        Bytes *content = &contents[next++ % 4];

        bytes_done(content);
        (void) file_read(test_path(t, path), 1024 * 1024, content); /* "" then */
        return bytes_text(content);
}

int test_write(const TestLive *t, const char *path, const char *text, mode_t mode) {
        int fd = open(test_path(t, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode), r = 0;

        if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) < 0)
                r = -errno;
        (void) close_fd(fd);
        return r;
}

bool test_exists(const TestLive *t, const char *path) {
        struct stat st;

        return lstat(test_path(t, path), &st) == 0;
}

int test_issue(TestLive *t, const char *certificate, int64_t from, int64_t until) {
        static unsigned attempt;
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(bytes_done) Bytes chain = {}, pem = { .secret = true };
        _cleanup_(certinfo_done) CertInfo info = {};
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        TestChainSpec spec = { .names = &names,
                               .not_before = time(NULL) + from,
                               .not_after = time(NULL) + until,
                               .intermediates = 1 };
        char path[512];
        int r;

        r = string_list_add(&names, "a.example.org");
        if (r >= 0)
                r = key_generate(KEY_ECDSA_P256, &key);
        if (r >= 0)
                r = key_to_pem(key, &pem);
        if (r >= 0)
                r = test_chain_make(&spec, key, &chain);
        if (r >= 0)
                r = certinfo_parse(chain.data, chain.size, &info, NULL);
        if (r < 0)
                return r;
        memcpy(t->leaf, info.leaf_sha256, sizeof t->leaf);
        (void) snprintf(path, sizeof path, "state/signer/keys/%s", certificate);
        make(t, path);
        (void) snprintf(path, sizeof path, "state/signer/keys/%s/attempt-%u.pem", certificate,
                        attempt++);
        r = test_write(t, path, bytes_text(&pem), 0600);
        (void) snprintf(path, sizeof path, "state/engine/certificates/%s.chain.pem", certificate);
        return r < 0 ? r : test_write(t, path, bytes_text(&chain), 0600);
}

int test_issue_live(TestLive *t, const char *certificate) {
        _cleanup_free_ char *version = NULL, *error = NULL;
        int r = test_issue(t, certificate, -3600, 86400);

        if (r >= 0)
                r = publish(&t->paths, certificate, t->leaf, &version, &error);
        if (r < 0)
                printf("# publish: %s\n", error ? error : "?");
        return r;
}
