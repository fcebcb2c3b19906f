/* The directory may be shared with others: only files whose content begins with their own name and a dot, as a key
 * authorization does, are taken for ours. */

#include "daemon/challenge-files.h"

#include <string.h>

#include "base/file.h"
#include "base/strings.h"

#define AUTHORIZATION_MAX ((size_t) 256)
#define TOKEN_MIN         22 /* 128 bits (RFC 8555 §8.1) */

struct ChallengeFiles {
        int dir_fd; /* owns */
        char *path; /* owns */
};

static bool is_ours(int dir_fd, const char *name) {
        _cleanup_(bytes_done) Bytes content = {};

        if (strlen(name) < TOKEN_MIN || !str_is_base64url(name) ||
            file_read_at(dir_fd, name, AUTHORIZATION_MAX, &content) < 0)
                return false;
        const char *rest = str_skip_prefix(bytes_text(&content), name);
        return rest && rest[0] == '.' && str_is_base64url(rest + 1);
}

static int remove_leftovers(int dir_fd) {
        _cleanup_(string_list_done) StringList names = {};
        int r;

        r = dir_remove_temporaries(dir_fd);
        if (r >= 0)
                r = dir_list(dir_fd, &names);
        for (size_t i = 0; r >= 0 && i < names.count; i++)
                if (is_ours(dir_fd, names.items[i]))
                        r = file_remove_at(dir_fd, names.items[i]);
        return r;
}

static int open_or_make(const char *path) {
        _cleanup_free_ char *parent = NULL;
        _cleanup_close_ int parent_fd = -1;
        const char *slash = strrchr(path, '/');
        int fd = dir_open(path);

        if (fd != -ENOENT || !slash || slash == path)
                return fd;
        parent = strndup(path, (size_t) (slash - path));
        if (!parent)
                return -ENOMEM;
        parent_fd = dir_open(parent);
        return parent_fd < 0 ? parent_fd : dir_open_at(parent_fd, slash + 1, 0755);
}

int challenge_files_open(const char *path, ChallengeFiles **ret) {
        _cleanup_(challenge_files_freep) ChallengeFiles *f = calloc(1, sizeof(*f));
        int r;

        if (!f)
                return -ENOMEM;
        f->dir_fd = open_or_make(path);
        r = f->dir_fd < 0 ? f->dir_fd : str_replace(&f->path, path);
        if (r >= 0)
                r = remove_leftovers(f->dir_fd);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(f);
        return 0;
}

ChallengeFiles *challenge_files_free(ChallengeFiles *f) {
        if (!f)
                return NULL;
        (void) close_fd(f->dir_fd);
        free(f->path);
        free(f);
        return NULL;
}

const char *challenge_files_path(const ChallengeFiles *f) {
        return f->path;
}

int challenge_files_show(ChallengeFiles *f, const char *token, const char *authorization) {
        FileRights rights = { .mode = 0644, .uid = (uid_t) -1, .gid = (gid_t) -1 };

        return file_replace_at(f->dir_fd, token, authorization, strlen(authorization), rights);
}

int challenge_files_hide(ChallengeFiles *f, const char *token) {
        return file_remove_at(f->dir_fd, token);
}
