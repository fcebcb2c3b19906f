/* An inherited descriptor is trusted by being inherited: whoever started the program chose it. */

#include "systemd/listen.h"

#include <sys/socket.h>
#include <systemd/sd-daemon.h>

static char **names_free(char **names) {
        for (char **name = names; name && *name; name++)
                free(*name);
        free(names);
        return NULL;
}
DEFINE_CLEANUP(char **, names_free)

ListenSocket *listen_sockets_free(ListenSocket *sockets, size_t count) {
        for (size_t i = 0; sockets && i < count; i++) {
                sockets[i].fd = close_fd(sockets[i].fd);
                free(sockets[i].name);
        }
        free(sockets);
        return NULL;
}

int listen_inherited(ListenSocket **ret, size_t *ret_count) {
        _cleanup_(names_freep) char **names = NULL;
        ListenSocket *sockets;
        int count = sd_listen_fds_with_names(1, &names); /* sets FD_CLOEXEC */

        if (count < 0)
                return count;
        if (count == 0) {
                *ret = NULL;
                *ret_count = 0;
                return 0;
        }
        sockets = calloc((size_t) count, sizeof *sockets);
        if (!sockets)
                return -ENOMEM;
        for (int i = 0; i < count; i++)
                sockets[i] = (ListenSocket){ .fd = SD_LISTEN_FDS_START + i,
                                             .name = TAKE_PTR(names[i]) };
        free(names);
        names = NULL; /* its strings have moved */
        *ret = sockets;
        *ret_count = (size_t) count;
        return 0;
}

int listen_connection(ListenSocket **ret, size_t *ret_count) {
        ListenSocket *all = NULL;
        size_t count = 0;
        int r, fd;

        r = listen_inherited(&all, &count);
        if (r < 0)
                return r;
        if (count == 0)
                return -ENOENT;
        fd = all[0].fd;
        all[0].fd = -1;
        r = count > 1 && !ret ? -EINVAL : sd_is_socket_unix(fd, SOCK_STREAM, 0, NULL, 0);
        if (r <= 0 || !ret) {
                (void) listen_sockets_free(all, count);
                if (r <= 0)
                        (void) close_fd(fd);
                return r < 0 ? r : r == 0 ? -EINVAL : fd;
        }
        *ret = all; /* the connection's own entry has no descriptor any more */
        *ret_count = count;
        return fd;
}
