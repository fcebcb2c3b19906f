/* What the engine wrote is judged again here: it has the network and might be somebody else's by now.
 * It cannot choose the key (found by the leaf's SPKI among the signer's), nor make a pair that does
 * not match, nor an unordered or unsigned chain.
 *
 * The version directory is named by its leaf and filled before the link is flipped, so that half of
 * it is never visible and repeating it meets its own work. Dates are not judged: a chain that has
 * expired while we slept is still what was live, and serves better than nothing. */

#include "hooks/publish.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "acme/certinfo.h"
#include "base/file.h"
#include "base/log.h"
#include "hooks/live.h"
#include "hooks/store.h"

#define KEY_FILE_MAX ((size_t) 32 * 1024)
#define KEYS_MAX     1000 /* files looked at for one certificate */

static int explain(char **ret_error, int error, const char *text) {
        if (*ret_error)
                return error;
        (void) str_printf(ret_error, "%s: %s", text, errno_text(error));
        return error;
}

/* Enters `steps` below STATE without following links. */
static int enter(const Paths *paths, const char *const steps[], size_t count) {
        _cleanup_close_ int fd = store_open(paths);

        for (size_t i = 0; fd >= 0 && i < count; i++) {
                int next = store_enter(fd, steps[i]);

                (void) close_fd(fd);
                fd = next;
        }
        return TAKE_FD(fd);
}

static int read_chain(
                const Paths *paths,
                const char *certificate,
                const char *leaf,
                Live *live,
                char **ret_error) {
        _cleanup_close_ int fd = enter(paths, (const char *[]){ "engine", "certificates" }, 2);
        _cleanup_(bytes_done) Bytes pem = {};
        _cleanup_free_ char *name = NULL;
        const char *reason = NULL;
        int r = fd;

        if (r >= 0)
                r = str_printf(&name, "%s.chain.pem", certificate);
        if (r >= 0)
                r = file_read_at(fd, name, CHAIN_MAX_SIZE, &pem);
        if (r < 0)
                return explain(ret_error, r, "the engine's chain cannot be read");
        r = chain_split(pem.data, pem.size, &live->bundle.cert, &live->bundle.chain,
                        &live->bundle.fullchain, &reason);
        if (r >= 0)
                r =
                                certinfo_parse(live->bundle.fullchain.data,
                                               live->bundle.fullchain.size, &live->info, &reason);
        if (r < 0) {
                (void) explain(ret_error, r, reason ? reason : "the engine's chain is no good");
                return r == -EBADMSG ? -EKEYREJECTED : r;
        }
        if (str_equal(live->info.leaf_sha256, leaf))
                return 0;
        (void) str_printf(
                        ret_error, "the engine's chain is of another leaf, '%s'",
                        live->info.leaf_sha256);
        return -ENOENT;
}

/* 1: it is the key. What is no key is no reason to stop: another file may be it. */
static int take_key(int dir_fd, const char *name, Live *live) {
        _cleanup_(bytes_done) Bytes pem = { .secret = true };
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        char spki[SHA256_HEX_SIZE];

        if (file_read_at(dir_fd, name, KEY_FILE_MAX, &pem) < 0 ||
            key_from_pem(pem.data, pem.size, &key) < 0 || key_spki_sha256(key, spki) < 0 ||
            !str_equal(spki, live->info.spki_sha256))
                return 0;
        live->bundle.key.secret = true;
        return key_to_pem(key, &live->bundle.key) < 0 ? -ENOMEM : 1;
}

static int find_key(const Paths *paths, const char *certificate, Live *live, char **ret_error) {
        _cleanup_close_ int fd = enter(paths, (const char *[]){ "signer", "keys", certificate }, 3);
        _cleanup_(string_list_done) StringList names = {};
        int r = fd;

        if (r >= 0)
                r = dir_list(fd, &names);
        if (r < 0 && r != -ENOENT)
                return explain(ret_error, r, "the signer's keys cannot be read");
        for (size_t i = 0; i < names.count && i < KEYS_MAX; i++) {
                if (!str_ends_with(names.items[i], ".pem"))
                        continue;
                r = take_key(fd, names.items[i], live);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        (void) str_printf(ret_error, "the signer has no key of leaf '%s'", live->info.leaf_sha256);
        return -EKEYREJECTED;
}

static int check_chain(const Live *live, char **ret_error) {
        CertExpectation expectation = {
                .spki_sha256 = live->info.spki_sha256,
                .now = live->info.not_before, /* dates are not judged */
        };
        const char *reason = NULL;
        int r;

        r = chain_check(live->bundle.fullchain.data, live->bundle.fullchain.size, &expectation,
                        &reason);
        if (r < 0)
                (void) str_replace(ret_error, reason ? reason : "the chain is no good");
        return r;
}

static int version_name(const CertInfo *info, char **ret) {
        time_t not_before = (time_t) info->not_before;
        char stamp[32];
        struct tm tm;

        if (!gmtime_r(&not_before, &tm) ||
            strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm) == 0)
                return -EBADMSG;
        return str_printf(ret, "%s-%.8s", stamp, info->leaf_sha256);
}

/* Writes one file unless it is there already: a repeated call must not touch what is being read. */
static int write_file(int dir_fd, const char *name, const Bytes *content, mode_t mode) {
        FileRights rights = { .mode = mode, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_(bytes_done) Bytes there = { .secret = true };
        struct stat st;

        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & 07777) == mode &&
            file_read_at(dir_fd, name, LIVE_FILE_MAX, &there) >= 0 && there.size == content->size &&
            (there.size == 0 || memcmp(there.data, content->data, there.size) == 0))
                return 0;
        return file_replace_at(dir_fd, name, bytes_text(content), content->size, rights);
}

static int write_version(int versions_fd, const char *version, const Live *live) {
        _cleanup_close_ int fd = store_make(versions_fd, version, 0755);
        int r;

        if (fd < 0)
                return fd;
        r = dir_remove_temporaries(fd); /* of a process that was killed here */
        if (r >= 0 && live->bundle.key.size > 0)
                r = write_file(fd, "privkey.pem", &live->bundle.key, 0600);
        if (r >= 0)
                r = write_file(fd, "cert.pem", &live->bundle.cert, 0644);
        if (r >= 0)
                r = write_file(fd, "chain.pem", &live->bundle.chain, 0644);
        if (r >= 0)
                r = write_file(fd, "fullchain.pem", &live->bundle.fullchain, 0644);
        return r;
}

static int flip(int live_fd, const char *certificate, const char *version) {
        _cleanup_free_ char *now = NULL, *target = NULL;
        int r = live_version(live_fd, certificate, &now);

        store_remove_temporaries_of(live_fd, certificate);
        if (r >= 0 && str_equal(now, version))
                return 0;
        r = str_printf(&target, "../versions/%s/%s", certificate, version);
        return r < 0 ? r : link_replace_at(live_fd, certificate, target);
}

/* "20270103T120000Z-1f3a5b7c" and nothing else is ours to remove. */
static bool is_version_name(const char *name) {
        static const char form[] = "ddddddddTddddddZ-xxxxxxxx";

        if (strlen(name) != sizeof form - 1)
                return false;
        for (size_t i = 0; form[i]; i++) {
                const char *allowed = form[i] == 'd'   ? "0123456789"
                                      : form[i] == 'x' ? "0123456789abcdef"
                                                       : (const char[]){ form[i], 0 };

                if (!strchr(allowed, name[i]))
                        return false;
        }
        return true;
}

/* Their names sort by time. What cannot be removed today is removed after the next renewal. */
static void prune(int versions_fd, const char *live) {
        _cleanup_(string_list_done) StringList names = {};
        size_t kept = 0;

        if (dir_list(versions_fd, &names) < 0)
                return;
        for (size_t i = names.count; i > 0; i--) {
                const char *name = names.items[i - 1];

                if (!is_version_name(name))
                        continue;
                /* One place is the live one's, however old it is. */
                if (str_equal(name, live))
                        continue;
                if (++kept > VERSIONS_KEPT - 1)
                        (void) dir_remove_flat_at(versions_fd, name);
        }
}

static int make_live(
                const Paths *paths,
                const char *certificate,
                const char *version,
                const Live *live) {
        _cleanup_close_ int state_fd = store_open(paths), all_fd = -1, fd = -1, live_fd = -1;
        int r;

        if (state_fd < 0)
                return state_fd;
        all_fd = store_make(state_fd, "versions", 0755);
        if (all_fd < 0)
                return all_fd;
        fd = store_make(all_fd, certificate, 0755);
        if (fd < 0)
                return fd;
        live_fd = store_make(state_fd, "live", 0755);
        if (live_fd < 0)
                return live_fd;
        r = dir_lock(fd, true); /* held by nobody for longer than these few writes */
        if (r >= 0)
                r = write_version(fd, version, live);
        if (r >= 0)
                r = flip(live_fd, certificate, version);
        if (r >= 0)
                prune(fd, version);
        return r;
}

/* The leaf of a configured request must be for the request's key. */
static int check_spki(const Live *live, const char *spki_sha256, char **ret_error) {
        if (str_equal(live->info.spki_sha256, spki_sha256))
                return 0;
        (void) str_printf(
                        ret_error, "leaf '%s' is not for the key of CertificateRequest=",
                        live->info.leaf_sha256);
        return -EKEYREJECTED;
}

/* `spki_sha256` NULL: the key is the signer's. */
static int publish_leaf(
                const Paths *paths,
                const char *certificate,
                const char *leaf,
                const char *spki_sha256,
                char **ret_version,
                char **ret_error) {
        _cleanup_(live_done) Live live = { .bundle.key.secret = true };
        _cleanup_free_ char *version = NULL;
        int r;

        *ret_error = NULL;
        r = read_chain(paths, certificate, leaf, &live, ret_error);
        if (r >= 0)
                r = spki_sha256 ? check_spki(&live, spki_sha256, ret_error)
                                : find_key(paths, certificate, &live, ret_error);
        if (r >= 0)
                r = check_chain(&live, ret_error);
        if (r >= 0)
                r = version_name(&live.info, &version);
        if (r < 0)
                return explain(ret_error, r, "publishing");
        r = make_live(paths, certificate, version, &live);
        if (r < 0)
                return explain(ret_error, r, "the version cannot be written");
        *ret_version = TAKE_PTR(version);
        return 0;
}

int publish(const Paths *paths,
            const char *certificate,
            const char *leaf,
            char **ret_version,
            char **ret_error) {
        return publish_leaf(paths, certificate, leaf, NULL, ret_version, ret_error);
}

int publish_without_key(
                const Paths *paths,
                const char *certificate,
                const char *leaf,
                const char *spki_sha256,
                char **ret_version,
                char **ret_error) {
        return publish_leaf(paths, certificate, leaf, spki_sha256, ret_version, ret_error);
}
