/* The engine's own state: small files, each replaced whole and durable. What cannot be read as what it should be is set
 * aside for a person and counts as not there: the CA knows the truth. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "daemon/store-real.h"

#define OBJECT_MAX ((size_t) 1024 * 1024)
#define CHAIN_MAX  ((size_t) 1024 * 1024)

struct Store {
        int root_fd; /* owns; STATE/engine; the lock hangs on it */
        int accounts_fd;
        int certificates_fd;
        int budgets_fd, zones_fd, rehearsals_fd, pins_fd, watches_fd;
};

static int directory_of(const Store *s, StoreKind kind) {
        switch (kind) {
        case STORE_ACCOUNT:
                return s->accounts_fd;
        case STORE_BUDGET:
                return s->budgets_fd;
        case STORE_ZONE:
                return s->zones_fd;
        case STORE_REHEARSAL:
                return s->rehearsals_fd;
        case STORE_PINS:
                return s->pins_fd;
        case STORE_WATCH:
                return s->watches_fd;
        case STORE_CERTIFICATE:
                break;
        }
        return s->certificates_fd;
}

static int open_state(const char *state) {
        int fd = dir_open(state);

        if (fd != -ENOENT)
                return fd;
        if (mkdir(state, 0755) < 0 && errno != EEXIST)
                return -errno;
        return dir_open(state);
}

static int open_directories(Store *s, const char *state) {
        _cleanup_close_ int state_fd = open_state(state);
        int r;

        if (state_fd < 0)
                return state_fd;
        s->root_fd = dir_open_at(state_fd, "engine", 0700);
        if (s->root_fd < 0)
                return s->root_fd;
        r = dir_lock(s->root_fd, false);
        if (r < 0)
                return r;
        s->accounts_fd = dir_open_at(s->root_fd, "accounts", 0700);
        s->certificates_fd = dir_open_at(s->root_fd, "certificates", 0700);
        s->budgets_fd = dir_open_at(s->root_fd, "budgets", 0700);
        s->zones_fd = dir_open_at(s->root_fd, "zones", 0700);
        s->rehearsals_fd = dir_open_at(s->root_fd, "rehearsals", 0700);
        s->pins_fd = dir_open_at(s->root_fd, "pins", 0700);
        s->watches_fd = dir_open_at(s->root_fd, "watches", 0700);
        r = MIN(MIN(s->accounts_fd, s->certificates_fd), MIN(s->budgets_fd, s->zones_fd));
        r = MIN(r, s->rehearsals_fd);
        r = MIN(r, MIN(s->pins_fd, s->watches_fd));
        if (r < 0)
                return r;
        r = dir_remove_temporaries(s->accounts_fd);
        if (r >= 0)
                r = dir_remove_temporaries(s->budgets_fd);
        if (r >= 0)
                r = dir_remove_temporaries(s->zones_fd);
        if (r >= 0)
                r = dir_remove_temporaries(s->rehearsals_fd);
        if (r >= 0)
                r = dir_remove_temporaries(s->pins_fd);
        if (r >= 0)
                r = dir_remove_temporaries(s->watches_fd);
        return r < 0 ? r : dir_remove_temporaries(s->certificates_fd);
}

int store_new(const char *state, Store **ret) {
        _cleanup_(store_freep) Store *s = NULL;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        *s = (Store){ .root_fd = -1,
                      .accounts_fd = -1,
                      .certificates_fd = -1,
                      .budgets_fd = -1,
                      .zones_fd = -1,
                      .rehearsals_fd = -1,
                      .pins_fd = -1,
                      .watches_fd = -1 };
        r = open_directories(s, state);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

Store *store_free(Store *s) {
        if (!s)
                return NULL;
        (void) close_fd(s->budgets_fd);
        (void) close_fd(s->zones_fd);
        (void) close_fd(s->rehearsals_fd);
        (void) close_fd(s->pins_fd);
        (void) close_fd(s->watches_fd);
        (void) close_fd(s->certificates_fd);
        (void) close_fd(s->accounts_fd);
        (void) close_fd(s->root_fd);
        free(s);
        return NULL;
}

/* An older one set aside is overwritten: the newest damage says most, and the directory stays small. */
static int set_aside(int dir_fd, const char *name) {
        _cleanup_free_ char *aside = NULL;
        int r;

        r = str_printf(&aside, "%s.damaged", name);
        if (r < 0)
                return r;
        if (renameat(dir_fd, name, dir_fd, aside) < 0)
                return -errno;
        return dir_sync(dir_fd);
}

int store_load(Store *s, StoreKind kind, const char *name, Json **ret) {
        _cleanup_(bytes_done) Bytes content = {};
        _cleanup_(json_freep) Json *object = NULL;
        _cleanup_free_ char *file = NULL;
        int dir_fd = directory_of(s, kind);
        int r;

        *ret = NULL;
        r = str_printf(&file, "%s.json", name);
        if (r < 0)
                return r;
        r = file_read_at(dir_fd, file, OBJECT_MAX, &content);
        if (r >= 0)
                r = json_parse(content.data, content.size, &object);
        if (r >= 0 && !json_is_object(object))
                r = -EBADMSG;
        if (r >= 0)
                *ret = TAKE_PTR(object);
        if (r != -EBADMSG && r != -E2BIG)
                return r;
        r = set_aside(dir_fd, file);
        return r < 0 ? r : -EBADMSG;
}

int store_save(Store *s, StoreKind kind, const char *name, const Json *object) {
        _cleanup_free_ char *file = NULL, *text = NULL;
        FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        int r;

        r = str_printf(&file, "%s.json", name);
        if (r >= 0)
                r = json_to_string_pretty(object, &text);
        return r < 0 ? r : file_replace_at(directory_of(s, kind), file, text, strlen(text), rights);
}

int store_load_chain(Store *s, const char *name, Bytes *ret) {
        _cleanup_free_ char *file = NULL;
        int r;

        r = str_printf(&file, "%s.chain.pem", name);
        return r < 0 ? r : file_read_at(s->certificates_fd, file, CHAIN_MAX, ret);
}

/* Readable for the installer only because that is root: the directory is 0700. */
int store_save_chain(Store *s, const char *name, const void *pem, size_t size) {
        _cleanup_free_ char *file = NULL;
        FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        int r;

        r = str_printf(&file, "%s.chain.pem", name);
        return r < 0 ? r : file_replace_at(s->certificates_fd, file, pem, size, rights);
}
