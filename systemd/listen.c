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

int listen_connection(void) {
        int count = sd_listen_fds(1), r;

        if (count < 0)
                return count;
        if (count == 0)
                return -ENOENT;
        if (count > 1)
                return -EINVAL;
        r = sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 0, NULL, 0);
        if (r < 0)
                return r;
        return r > 0 ? SD_LISTEN_FDS_START : -EINVAL;
}
