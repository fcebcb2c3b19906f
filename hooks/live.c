/* The link is read, not followed: its text must be exactly of the form that publish makes, so that
 * nothing outside the versions of this certificate is ever installed. */

#include "hooks/live.h"

#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "hooks/store.h"

void live_done(Live *l) {
        free(l->version);
        l->version = NULL;
        bundle_done(&l->bundle);
        certinfo_done(&l->info);
}

int live_version(int live_fd, const char *certificate, char **ret) {
        _cleanup_free_ char *prefix = NULL;
        char target[PATH_MAX];
        const char *version;
        ssize_t n;
        int r;

        n = readlinkat(live_fd, certificate, target, sizeof target - 1);
        if (n < 0)
                return errno == EINVAL ? -EBADMSG : -errno;
        target[n] = 0;
        r = str_printf(&prefix, "../versions/%s/", certificate);
        if (r < 0)
                return r;
        version = str_skip_prefix(target, prefix);
        if (!version || !*version || *version == '.' || strchr(version, '/'))
                return -EBADMSG;
        return str_replace(ret, version);
}

static int check_pair(const Bundle *bundle) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        int r = key_from_pem(bundle->key.data, bundle->key.size, &key);

        if (r < 0)
                return r;
        r = chain_matches_key(bundle->fullchain.data, bundle->fullchain.size, key);
        return r < 0 ? r : r > 0 ? 0 : -EKEYREJECTED;
}

int live_read_version(int versions_fd, const char *version, bool with_key, Live *ret) {
        _cleanup_close_ int fd = store_enter(versions_fd, version);
        _cleanup_(live_done) Live live = { .bundle.key.secret = true };
        int r;

        if (fd < 0)
                return fd;
        r = file_read_at(fd, "privkey.pem", LIVE_FILE_MAX, &live.bundle.key);
        if (r == -ENOENT && !with_key)
                r = 0;
        if (r >= 0)
                r = file_read_at(fd, "cert.pem", LIVE_FILE_MAX, &live.bundle.cert);
        if (r >= 0)
                r = file_read_at(fd, "chain.pem", LIVE_FILE_MAX, &live.bundle.chain);
        if (r >= 0)
                r = file_read_at(fd, "fullchain.pem", LIVE_FILE_MAX, &live.bundle.fullchain);
        if (r >= 0)
                r =
                                certinfo_parse(live.bundle.fullchain.data,
                                               live.bundle.fullchain.size, &live.info, NULL);
        if (r >= 0)
                r = live.bundle.key.size > 0 || with_key ? check_pair(&live.bundle) : 0;
        if (r >= 0)
                r = str_replace(&live.version, version);
        if (r < 0)
                return r;
        *ret = live;
        live = (Live){};
        return 0;
}

int live_load(const Paths *paths, const char *certificate, bool with_key, Live *ret) {
        _cleanup_close_ int state_fd = store_open(paths), live_fd = -1, all_fd = -1, fd = -1;
        _cleanup_free_ char *version = NULL;
        int r;

        if (state_fd < 0)
                return state_fd;
        live_fd = store_enter(state_fd, "live");
        if (live_fd < 0)
                return live_fd;
        r = live_version(live_fd, certificate, &version);
        if (r < 0)
                return r;
        all_fd = store_enter(state_fd, "versions");
        if (all_fd < 0)
                return all_fd;
        fd = store_enter(all_fd, certificate);
        if (fd < 0)
                return fd;
        return live_read_version(fd, version, with_key, ret);
}
