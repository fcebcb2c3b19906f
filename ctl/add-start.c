/* The way of http-01, or of tls-alpn-01 where that is what was chosen. A port is taken only when it is free; a server
 * that has it is never stopped but asked to pass one path, or one ALPN, on. Port 443 is never taken unasked: it belongs
 * to the service that the certificate is for. A socket whose service runs cannot be started, so units are
 * enabled and renewd.service is restarted, which brings them up in the right order. */

#include <string.h>

#include "base/log.h"
#include "ctl/add.h"
#include "ctl/path-proof.h"
#include "ctl/port80.h"
#include "ctl/snippet.h"
#include "systemd/unit.h"

#define PORT_HTTP    80
#define PORT_HTTPS   443
#define SERVICE      "renewd.service"
#define HTTP_SOCKET  "renewd-http.socket"
#define HTTPS_SOCKET "renewd-https.socket"
#define PROXY_SOCKET "renewd-proxy.socket"
#define JOB_TIMEOUT  (90 * USEC_PER_SEC)

static int fail_unit(Ctl *ctl, const char *what, int error, const char *words) {
        _cleanup_free_ char *shown = words ? str_escape(words, STR_ESCAPE_MAX) : NULL;

        return ctl_fail(ctl, error == -EACCES || error == -EPERM ? CTL_NO_RIGHT : CTL_PROBLEM,
                        "%s: %s; the certificate's file is written, and is used as soon as renewd runs",
                        what, shown ? shown : errno_text(error));
}

/* Enables renewd.service and `also` (may be NULL) and restarts the service. */
static int enable_and_restart(Ctl *ctl, Units *units, const char *also) {
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *error = NULL;
        int r;

        if (string_list_add(&names, SERVICE) < 0 || (also && string_list_add(&names, also) < 0))
                return ctl_no_memory(ctl);
        r = units_enable(units, &names, &error);
        if (r < 0)
                return fail_unit(ctl, also ? also : SERVICE, r, error);
        r = units_restart(units, SERVICE, JOB_TIMEOUT, &error);
        if (r < 0)
                return fail_unit(ctl, SERVICE, r, error);
        ctl_say(ctl, "Enabled %s%s%s and started renewd", SERVICE, also ? " and " : "",
                also ? also : "");
        return 0;
}

static bool unit_runs(Units *units, const char *name) {
        UnitState state = UNIT_UNKNOWN;

        return units_state(units, name, &state) >= 0 && unit_state_is_running(state);
}

/* What a person must write, and where. */
static int say_handover(
                Ctl *ctl, const WebServer *server, const PortOwner *owner, bool proxy_socket) {
        _cleanup_free_ char *lines = NULL;

        if (web_server_lines(server, ctl->paths.runtime, &lines) < 0)
                return ctl_no_memory(ctl);
        if (owner->busy && owner->program)
                ctl_say(ctl, "Port 80 belongs to %s (pid %d), which stays as it is.",
                        owner->program, (int) owner->pid);
        else if (owner->busy)
                ctl_say(ctl, "Port 80 belongs to another program, which stays as it is.");
        else
                ctl_say(ctl, "Without systemd renewd does not open port 80 itself.");
        if (!server->by_socket || !proxy_socket)
                ctl_say(ctl, "Write into %s/renewd.conf:\n    [HTTP]\n    Listen=%s%s",
                        ctl->paths.config,
                        server->by_socket ? ctl->paths.runtime : WEB_SERVER_LISTEN,
                        server->by_socket ? "/http" : "");
        ctl_say(ctl, "Write into %s:\n%s", server->title, lines);
        ctl_say(ctl,
                "Or let it map /.well-known/acme-challenge/ to %s/challenges, with [HTTP] "
                "ChallengeDirectory=%s/challenges in renewd.conf.",
                ctl->paths.runtime, ctl->paths.runtime);
        return 0;
}

/* renewd's socket beside port 80, where that can be used, and renewd itself. `listens`: the configuration says where. */
static int open_beside(Ctl *ctl, Units *units, const PortOwner *owner, bool listens) {
        if (!units || (listens && unit_runs(units, SERVICE)))
                return 0;
        if (!listens && web_server_for(owner->program)->by_socket)
                return enable_and_restart(ctl, units, PROXY_SOCKET);
        return unit_runs(units, SERVICE) ? 0 : enable_and_restart(ctl, units, NULL);
}

/* Whether a token comes through port 80; where it does not, what is new of ours goes again. */
static int prove(
                Ctl *ctl,
                Units *units,
                const ServiceProfile *p,
                const StringList *names,
                bool new,
                bool *ret_proved) {
        _cleanup_free_ char *why = NULL;
        int r = path_prove(ctl, names, &why);

        *ret_proved = r == 0;
        if (r == 0)
                ctl_say(ctl, "A probe came through port 80: challenges reach renewd");
        if (r < 0)
                return ctl_no_memory(ctl);
        if (r > 0)
                ctl_say(ctl, "A probe did not come through: %s", why);
        return r > 0 && new ? snippet_take_back(ctl, units, p) : 0;
}

/* By its own file, if it has a profile and the person agrees. The file is there before renewd is told of the certificate, so
 * that the first look at the names finds the way open. */
static int hand_over_by_file(
                Ctl *ctl,
                Units *units,
                const PortOwner *owner,
                const ServiceProfile *p,
                const StringList *names,
                bool listens,
                bool *ret_proved) {
        bool there, new;
        int r;

        ctl_say(ctl, "Port 80 belongs to %s (pid %d).", owner->program, (int) owner->pid);
        r = snippet_install(ctl, units, p, names, &there, &new);
        if (r == 0)
                r = open_beside(ctl, units, owner, listens);
        return r == 0 && there ? prove(ctl, units, p, names, new, ret_proved) : r;
}

/* The web server on port 80 is not asked for anything if it hands challenges over already. */
static int hand_over(
                Ctl *ctl,
                Units *units,
                const PortOwner *owner,
                const CertificateConfig *c,
                bool listens,
                bool *ret_proved) {
        _cleanup_(service_profile_freep) ServiceProfile *p = NULL;
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *why = NULL;
        int r;

        *ret_proved = false;
        if (snippet_names(c, &names) < 0)
                return ctl_no_memory(ctl);
        r = listens ? open_beside(ctl, units, owner, listens) : 0;
        if (r == 0 && listens)
                *ret_proved = path_prove(ctl, &names, &why) == 0;
        if (r != 0 || *ret_proved)
                return r;
        r = snippet_find(ctl, owner->program, c, &p);
        if (r == 0 && p && p->service.snippet)
                r = hand_over_by_file(ctl, units, owner, p, &names, listens, ret_proved);
        else if (r == 0)
                r = open_beside(ctl, units, owner, listens);
        if (r != 0 || *ret_proved)
                return r;
        if (!listens || !p)
                return say_handover(ctl, web_server_for(owner->program), owner, units != NULL);
        snippet_say_otherwise(ctl, p);
        return 0;
}

static int find_owner(Ctl *ctl, uint16_t port, PortOwner *ret) {
        if (port_owner_find("/proc", port, ret) == -ENOMEM)
                return ctl_no_memory(ctl);
        if (!ret->busy && port_try_bind(port) == -EADDRINUSE)
                ret->busy = true; /* in a way that the tables did not show */
        return 0;
}

/* ---- tls-alpn-01 ---- */

static int say_alpn_handover(Ctl *ctl, const PortOwner *owner) {
        const WebServer *proxy = alpn_proxy_for(owner->program);

        if (owner->busy)
                ctl_say(ctl, "Port 443 belongs to %s, which stays as it is.",
                        owner->program ? owner->program : "another program");
        else
                ctl_say(ctl, "Without systemd renewd does not open port 443 itself.");
        ctl_say(ctl, "Write into %s/renewd.conf:\n    [TLS]\n    Listen=" ALPN_PROXY_LISTEN,
                ctl->paths.config);
        ctl_say(ctl, "Write into %s:\n%s", proxy->title, proxy->lines);
        return 0;
}

static int arrange_https(Ctl *ctl, Units *units, bool *ret_handed_over) {
        _cleanup_(port_owner_done) PortOwner owner = {};
        int r;

        r = find_owner(ctl, PORT_HTTPS, &owner);
        if (r != 0)
                return r;
        if (!owner.busy && units)
                return enable_and_restart(ctl, units, HTTPS_SOCKET);
        *ret_handed_over = true;
        if (units && !unit_runs(units, SERVICE))
                r = enable_and_restart(ctl, units, NULL);
        return r != 0 ? r : say_alpn_handover(ctl, &owner);
}

/* ---- http-01 ---- */

static int arrange_http(
                Ctl *ctl,
                Units *units,
                const CertificateConfig *c,
                bool listens,
                bool *ret_handed_over) {
        _cleanup_(port_owner_done) PortOwner owner = {};
        bool proved;
        int r;

        r = find_owner(ctl, PORT_HTTP, &owner);
        if (r != 0)
                return r;
        if (!owner.busy && units && !listens)
                return enable_and_restart(ctl, units, HTTP_SOCKET);
        /* who said where renewd listens has thought of it, unless a known web server has the port */
        if (listens && !web_server_is_known(owner.program))
                return units && !unit_runs(units, SERVICE) ? enable_and_restart(ctl, units, NULL)
                                                           : 0;
        r = hand_over(ctl, units, &owner, c, listens, &proved);
        *ret_handed_over = !proved;
        return r;
}

int add_start(Ctl *ctl,
              const Config *config,
              const CertificateConfig *certificate,
              bool *ret_handed_over) {
        _cleanup_(units_freep) Units *units = NULL;
        bool listens = config->http_listen.count > 0 || config->challenge_directory, own = false;
        bool tls = config->tls_listen.count > 0;
        int r;

        *ret_handed_over = false;
        if (systemd_is_running()) {
                r = units_open(&units);
                if (r < 0)
                        return fail_unit(ctl, "systemd does not answer", r, NULL);
                own = unit_runs(units, HTTP_SOCKET);
                listens = listens || unit_runs(units, PROXY_SOCKET);
                tls = tls || unit_runs(units, HTTPS_SOCKET);
        }
        if (certificate_wants(certificate, CHALLENGE_HTTP_01) && !own)
                return arrange_http(ctl, units, certificate, listens, ret_handed_over);
        if (!certificate_wants(certificate, CHALLENGE_HTTP_01) &&
            certificate_wants(certificate, CHALLENGE_TLS_ALPN_01) && !tls)
                return arrange_https(ctl, units, ret_handed_over);
        return units && !unit_runs(units, SERVICE) ? enable_and_restart(ctl, units, NULL) : 0;
}
