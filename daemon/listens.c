#include "daemon/listens.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "base/log.h"
#include "daemon/responder-real.h"

/* An inherited socket goes by the path it has, so that Listen= of the same path is not opened again. */
int listens_adopt(Listens *l, int fd) {
        struct sockaddr_un address = {};
        socklen_t size = sizeof(address);
        const char *name = "inherited";

        if (getsockname(fd, (struct sockaddr *) &address, &size) >= 0 &&
            address.sun_family == AF_UNIX && address.sun_path[0] == '/')
                name = address.sun_path;
        return stranger_server_listen(l->server, fd, name);
}

static int open_listen(Listens *l, const char *text) {
        int k, fd;

        fd = responder_socket(text);
        if (fd < 0)
                return fd;
        k = stranger_server_listen(l->server, fd, text);
        return k < 0 ? k : string_list_add(&l->names, text);
}

static void close_unlisted(Listens *l, const StringList *wanted) {
        StringList kept = {};

        for (size_t i = 0; i < l->names.count; i++) {
                const char *name = l->names.items[i];
                /* Out of memory: it is forgotten but goes on serving, which does no harm. */
                if (string_list_contains(wanted, name))
                        (void) string_list_add(&kept, name);
                else
                        stranger_server_unlisten(l->server, name);
        }
        string_list_done(&l->names);
        l->names = kept;
}

void listens_configure(Listens *l, const StringList *wanted) {
        close_unlisted(l, wanted);
        for (size_t i = 0; i < wanted->count; i++) {
                const char *name = wanted->items[i];
                int k = stranger_server_listens(l->server, name) ? 0 : open_listen(l, name);
                if (k == -EINVAL)
                        log_error("[%s] Listen=%s: neither a path nor an address of loopback with a port; "
                                  "for others use %s",
                                  l->section, name, l->unit);
                else if (k < 0)
                        log_error("[%s] Listen=%s: cannot listen there: %s", l->section, name,
                                  errno_text(k));
        }
}

void listens_done(Listens *l) {
        string_list_done(&l->names);
        *l = (Listens){};
}
