/* A socket left behind by a process that was killed is in the way of the next one; whether it is that, a connection
 * attempt tells. */

#include "daemon/listen-unix.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 512

static int new_socket(void) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        return fd < 0 ? -errno : fd;
}

static int remove_stale(const struct sockaddr_un *address) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (lstat(address->sun_path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISSOCK(st.st_mode))
                return -EEXIST;
        fd = new_socket();
        if (fd < 0)
                return fd;
        if (connect(fd, (const struct sockaddr *) address, sizeof(*address)) >= 0 ||
            errno == EAGAIN)
                return -EADDRINUSE;
        if (errno != ECONNREFUSED)
                return -errno;
        return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

/* Born closed to all others; the mode is widened when it stands. */
static int bind_closed(int fd, const struct sockaddr_un *address) {
        mode_t before = umask(0177);
        int r = bind(fd, (const struct sockaddr *) address, sizeof(*address)) < 0 ? -errno : 0;

        (void) umask(before);
        return r;
}

int listen_unix(const char *path, mode_t mode) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = -1;
        size_t length = strlen(path);
        int r;

        if (length >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, length + 1);
        r = remove_stale(&address);
        if (r < 0)
                return r;
        fd = new_socket();
        if (fd < 0)
                return fd;
        r = bind_closed(fd, &address);
        if (r < 0)
                return r;
        if (chmod(path, mode) < 0 || listen(fd, BACKLOG) < 0)
                return -errno;
        return TAKE_FD(fd);
}
