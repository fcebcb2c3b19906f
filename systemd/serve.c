/* The common end of renewd-signer and renewd-installer: who is asking, and answering until they go. */

#include "systemd/serve.h"

#include <pwd.h>

#include "base/log.h"
#include "base/strings.h"
#include "systemd/listen.h"

bool peer_may_ask(const VarlinkPeer *peer) {
        const struct passwd *engine;
        int64_t number;

        if (peer->uid == 0 || peer->uid == geteuid())
                return true;
        if (str_to_int64(RENEWD_ENGINE_USER, 0, UINT32_MAX - 1, &number) >= 0)
                return peer->uid == (uid_t) number;
        engine = getpwnam(RENEWD_ENGINE_USER);
        return engine && engine->pw_uid == peer->uid;
}

int serve_inherited(const VarlinkService *service, void *userdata) {
        return serve_connection(listen_connection(NULL, NULL), service, userdata);
}

int serve_connection(int taken_fd, const VarlinkService *service, void *userdata) {
        _cleanup_close_ int fd = taken_fd;
        VarlinkPeer peer;
        int r;

        if (fd < 0) {
                log_error("no connection was handed in: this program is started by its socket");
                return TAKE_FD(fd);
        }
        r = varlink_peer_of(fd, &peer);
        if (r < 0)
                return r;
        if (!peer_may_ask(&peer)) {
                log_warning("user %u may not ask, connection dropped", (unsigned) peer.uid);
                return -EPERM;
        }
        r = varlink_serve_fd(fd, service, &peer, userdata);
        if (r == -EPIPE || r == -ECONNRESET) { /* it asks again if it still wants to know */
                log_debug("the engine did not wait for the answer");
                return 0;
        }
        if (r < 0)
                log_warning("connection dropped: %s", errno_text(r));
        return r;
}
