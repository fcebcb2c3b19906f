/* One small JSON file each: ACTION.NAME, with the time it was given. What is too old, from the future (the clock was set back),
 * or unreadable is none. */

#include "signer/grant.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"

#define DIRECTORY "grants"
#define GRANT_MAX ((size_t) 32 * 1024)

static const char *const names[GRANT_ACTION_MAX] = {
        [GRANT_ROLLOVER] = "rollover",
        [GRANT_NEW_KEY] = "new-key",
        [GRANT_DEACTIVATE] = "deactivate",
        [GRANT_REVOKE] = "revoke",
};

GrantAction grant_action_from_string(const char *text) {
        for (int a = 0; a < GRANT_ACTION_MAX; a++)
                if (str_equal(text, names[a]))
                        return (GrantAction) a;
        return GRANT_ACTION_INVALID;
}

static int file_of(const Grant *g, char **ret) {
        return str_printf(ret, "%s.%s", names[g->action], g->name);
}

static int save(int store_fd, const Grant *g, const Json *j) {
        const FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_close_ int dir_fd = dir_open_at(store_fd, DIRECTORY, 0700);
        _cleanup_free_ char *file = NULL, *text = NULL;
        int r = dir_fd;

        if (r >= 0)
                r = file_of(g, &file);
        if (r >= 0)
                r = json_to_string(j, &text);
        if (r >= 0)
                r = file_replace_at(dir_fd, file, text, strlen(text), rights);
        if (text)
                OPENSSL_cleanse(text, strlen(text)); /* perhaps with a key */
        return r;
}

int grant_give(int store_fd, const Grant *g, const char *key_pem, int64_t now) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? json_set_int64(j, "at", now) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "leaf", g->leaf);
        if (r >= 0)
                r = json_set_string(j, "key", key_pem);
        return r < 0 ? r : save(store_fd, g, j);
}

/* -EPERM: there is none that counts. */
static int load(int store_fd, const Grant *g, int64_t now, Json **ret) {
        _cleanup_close_ int dir_fd = openat(
                        store_fd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        _cleanup_(bytes_done) Bytes text = { .secret = true };
        _cleanup_(json_freep) Json *j = NULL;
        _cleanup_free_ char *file = NULL;
        const char *leaf = NULL;
        int64_t at;
        int r;

        r = dir_fd < 0 ? -EPERM : file_of(g, &file);
        if (r >= 0)
                r = file_read_at(dir_fd, file, GRANT_MAX, &text);
        if (r >= 0)
                r = json_parse(bytes_text(&text), text.size, &j);
        if (r < 0)
                return r == -ENOMEM ? r : -EPERM;
        if (json_get_int64(j, "at", &at) < 0 || at > now || now - at > GRANT_AGE_MAX_SEC)
                return -EPERM;
        (void) json_get_string(j, "leaf", &leaf); /* absent: of another action */
        if (!str_equal(leaf, g->leaf))
                return -EPERM;
        *ret = TAKE_PTR(j);
        return 0;
}

static int digest(const char *url, const char *payload, char **ret) {
        unsigned char octets[EVP_MAX_MD_SIZE];
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = str_printf(&text, "%s\n%s", url, payload);
        if (r < 0)
                return r;
        if (!EVP_Q_digest(NULL, "SHA256", NULL, text, strlen(text), octets, &size))
                return -EIO;
        return hex_encode(octets, size, ret);
}

int grant_use(int store_fd, const Grant *g, const char *url, const char *payload, int64_t now) {
        _cleanup_(json_freep) Json *j = NULL;
        _cleanup_free_ char *what = NULL;
        const char *used;
        int r;

        r = load(store_fd, g, now, &j);
        if (r >= 0)
                r = digest(url, payload, &what);
        if (r < 0)
                return r;
        if (json_get_string(j, "used", &used) == 0)
                return str_equal(used, what) ? 0 : -EPERM;
        r = json_set_string(j, "used", what);
        return r < 0 ? r : save(store_fd, g, j);
}

int grant_check(int store_fd, const Grant *g, int64_t now, EVP_PKEY **ret_key) {
        _cleanup_(json_freep) Json *j = NULL;
        const char *pem;
        int r;

        r = load(store_fd, g, now, &j);
        if (r < 0)
                return r;
        if (json_get_string(j, "key", &pem) < 0) {
                *ret_key = NULL;
                return 0;
        }
        return key_from_pem(pem, strlen(pem), ret_key);
}

int grant_drop(int store_fd, const Grant *g) {
        _cleanup_close_ int dir_fd = openat(
                        store_fd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        _cleanup_free_ char *file = NULL;
        int r;

        if (dir_fd < 0)
                return errno == ENOENT ? 0 : -errno;
        r = file_of(g, &file);
        return r < 0 ? r : file_remove_at(dir_fd, file);
}
