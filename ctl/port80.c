/* A listening socket is a line of /proc/net/tcp with its inode; the process that has it open has a
 * link "socket:[INODE]" below /proc/PID/fd. The lowest pid wins, which is the master of a web server
 * with workers; systemd itself (pid 1) only if nobody else shares its socket. */

#include "ctl/port80.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/file.h"

#define PROC_NET_MAX ((size_t) 16 * 1024 * 1024)
#define TCP_LISTEN   0x0a

size_t port_listeners_parse(const char *text, uint16_t port, uint64_t *inodes, size_t max) {
        size_t count = 0;

        for (const char *line = text; line && *line && count < max;) {
                unsigned local_port, state;
                unsigned long long inode;
                char address[33];

                /* sl local remote st tx:rx tr:when retrnsmt uid timeout inode */
                if (sscanf(line,
                           " %*u: %32[0-9A-Fa-f]:%4x %*32[0-9A-Fa-f]:%*4x %2x %*[0-9A-Fa-f]:%*[0-9A-Fa-f] "
                           "%*[0-9A-Fa-f]:%*[0-9A-Fa-f] %*[0-9A-Fa-f] %*u %*u %llu",
                           address, &local_port, &state, &inode) == 4 &&
                    local_port == port && state == TCP_LISTEN && inode != 0)
                        inodes[count++] = inode;
                line = strchr(line, '\n');
                if (line)
                        line++;
        }
        return count;
}

void port_owner_done(PortOwner *o) {
        free(o->program);
        *o = (PortOwner){};
}

static int read_listeners(
                const char *proc,
                const char *table,
                uint16_t port,
                uint64_t *inodes,
                size_t *count) {
        _cleanup_(bytes_done) Bytes text = { .limit = PROC_NET_MAX };
        _cleanup_free_ char *path = NULL;
        int r;

        r = str_printf(&path, "%s/net/%s", proc, table);
        if (r >= 0)
                r = file_read(path, PROC_NET_MAX, &text);
        if (r == -ENOENT) /* no IPv6 */
                return 0;
        if (r < 0)
                return r;
        *count += port_listeners_parse(
                        bytes_text(&text), port, inodes + *count, PORT_LISTENERS_MAX - *count);
        return 0;
}

static bool link_is_listener(int fd_dir, const char *name, const uint64_t *inodes, size_t count) {
        char target[64];
        unsigned long long inode;
        ssize_t n = readlinkat(fd_dir, name, target, sizeof target - 1);

        if (n <= 0)
                return false;
        target[n] = '\0';
        if (sscanf(target, "socket:[%llu]", &inode) != 1)
                return false;
        for (size_t i = 0; i < count; i++)
                if (inodes[i] == inode)
                        return true;
        return false;
}

static bool process_has(int proc_fd, const char *pid, const uint64_t *inodes, size_t count) {
        _cleanup_free_ char *path = NULL;
        bool found = false;
        struct dirent *e;
        DIR *d;
        int fd;

        if (str_printf(&path, "%s/fd", pid) < 0)
                return false;
        fd = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        d = fd >= 0 ? fdopendir(fd) : NULL;
        if (!d) {
                (void) close_fd(fd);
                return false;
        }
        while (!found && (e = readdir(d)))
                found = e->d_name[0] != '.' && link_is_listener(dirfd(d), e->d_name, inodes, count);
        (void) closedir(d);
        return found;
}

static int read_program(int proc_fd, pid_t pid, char **ret) {
        _cleanup_(bytes_done) Bytes name = {};
        _cleanup_free_ char *path = NULL, *text = NULL;
        int r;

        r = str_printf(&path, "%d", (int) pid);
        if (r < 0)
                return r;
        _cleanup_close_ int fd = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = file_read_at(fd, "comm", 256, &name);
        if (r < 0)
                return r;
        text = strndup(bytes_text(&name), strcspn(bytes_text(&name), "\n"));
        *ret = text ? str_escape(text, 64) : NULL;
        return *ret ? 0 : -ENOMEM;
}

/* 0: nobody that this user may look at. */
static pid_t find_process(int proc_fd, const uint64_t *inodes, size_t count) {
        _cleanup_(string_list_done) StringList entries = {};
        int64_t best = 0;

        if (dir_list(proc_fd, &entries) < 0)
                return 0;
        for (size_t i = 0; i < entries.count; i++) {
                int64_t pid;

                if (str_to_int64(entries.items[i], 1, INT32_MAX, &pid) < 0 ||
                    !process_has(proc_fd, entries.items[i], inodes, count))
                        continue;
                if (best == 0 || best == 1 || (pid != 1 && pid < best))
                        best = pid;
        }
        return (pid_t) best;
}

int port_owner_find(const char *proc, uint16_t port, PortOwner *ret) {
        uint64_t inodes[PORT_LISTENERS_MAX];
        size_t count = 0;
        PortOwner o = {};
        int r;

        r = read_listeners(proc, "tcp", port, inodes, &count);
        if (r >= 0)
                r = read_listeners(proc, "tcp6", port, inodes, &count);
        if (r < 0)
                return r;
        o.busy = count > 0;
        if (o.busy) {
                _cleanup_close_ int fd = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                o.pid = fd >= 0 ? find_process(fd, inodes, count) : 0;
                if (o.pid > 0 && read_program(fd, o.pid, &o.program) == -ENOMEM)
                        return -ENOMEM;
        }
        *ret = o;
        return 0;
}

static int try_bind(int family, const struct sockaddr *address, socklen_t size) {
        _cleanup_close_ int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int on = 1;

        if (fd < 0)
                return -errno;
        /* As systemd does: connections in TIME_WAIT do not count, listeners do. */
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
            bind(fd, address, size) < 0 || listen(fd, 1) < 0)
                return -errno;
        return 0;
}

int port_try_bind(uint16_t port) {
        const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
                                         .sin6_port = htons(port),
                                         .sin6_addr = IN6ADDR_ANY_INIT };
        const struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
        int r;

        r = try_bind(AF_INET6, (const struct sockaddr *) &v6, sizeof v6);
        if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL)
                r = try_bind(AF_INET, (const struct sockaddr *) &v4, sizeof v4);
        return r;
}
