/* The engine is put together here and nowhere else: the seams, then the manager on them, then the ways in. It ends in the
 * reverse order. */

#include "daemon/run.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/strings.h"
#include "daemon/listen-unix.h"
#include "daemon/run-internal.h"
#include "systemd/listen.h"
#include "systemd/notify.h"

/* A dead helper is noticed by its connection; these are for one that hangs. Of the installer's calls a deploy may
 * legitimately take its configured limits several times over. */
static const HelperLimits signer_limits = { .shared_sec = 60, .own_sec = 300 };
static const HelperLimits installer_limits = { .shared_sec = 15 * SEC_PER_MIN,
                                               .own_sec = 4 * SEC_PER_HOUR };

/* ---- the process ---- */

static int prepare_process(void) {
        static const struct rlimit none = {};
        sigset_t signals;

        /* One arena: the resolver's threads would each get their own and keep it. */
        (void) mallopt(M_ARENA_MAX, 1); /* at worst it stays larger */
        (void) mallopt(M_TRIM_THRESHOLD, 64 * 1024);
        (void) mallopt(M_MMAP_THRESHOLD, 64 * 1024);

        (void) signal(SIGPIPE, SIG_IGN); /* cannot fail for a valid signal */
        if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
                return -errno;
        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigaddset(&signals, SIGHUP);
        return sigprocmask(SIG_SETMASK, &signals, NULL) < 0 ? -errno : 0;
}

/* ---- making ---- */

static int make_helper(
                Run *run,
                const char *name,
                const char *interface,
                HelperLimits limits,
                Helper **ret) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = path_join(run->options->paths.runtime, name, &path);
        return r < 0 ? r : helper_new(run->loop, path, interface, limits, ret);
}

static int make_store(Run *run) {
        const char *state = run->options->paths.state;
        int r = store_new(state, &run->store);

        if (r == -EWOULDBLOCK)
                log_error("%s/engine: another renewd works there", state);
        else if (r < 0)
                log_error("%s/engine: cannot be used: %s", state, errno_text(r));
        return r;
}

static int make_seams(Run *run) {
        int r;

        r = loop_new(&run->loop);
        if (r >= 0)
                r = http_new(run->loop, &run->http);
        if (r >= 0)
                r = make_helper(run, "signer", "io.renewd.Signer", signer_limits, &run->signer);
        if (r >= 0)
                r = make_helper(run, "installer", "io.renewd.Installer", installer_limits,
                                &run->installer);
        if (r >= 0)
                r = prober_new(run->loop, &run->prober);
        if (r >= 0)
                r = dns_new(run->loop, &run->dns);
        if (r >= 0)
                r = responder_new(run->loop, &run->responder);
        if (r < 0) {
                log_error("Cannot start: %s", errno_text(r));
                return r;
        }
        run->engine = (Engine){
                .loop = run->loop,
                .http = run->http,
                .signer = run->signer,
                .installer = run->installer,
                .prober = run->prober,
                .dns = run->dns,
                .responder = run->responder,
                .build_time = RENEWD_RELEASE_TIME,
                .separation = run->options->separation,
        };
        return 0;
}

/* ---- ways in ---- */

/* Gives the inherited sockets to those they are named for. *ret: "manager" was among them. */
static int adopt_sockets(Run *run, bool *ret) {
        ListenSocket *sockets = NULL;
        size_t count = 0;
        int r;

        r = listen_inherited(&sockets, &count);
        for (size_t i = 0; r >= 0 && i < count; i++) {
                ListenSocket *s = &sockets[i];
                if (str_equal(s->name, "manager")) {
                        r = control_listen(run->control, TAKE_FD(s->fd));
                        *ret = true;
                } else if (str_equal(s->name, "http"))
                        r = responder_adopt(run->responder, TAKE_FD(s->fd));
                else if (str_equal(s->name, "https"))
                        r = responder_adopt_tls(run->responder, TAKE_FD(s->fd));
                else
                        log_warning("An inherited socket has an unknown name and is not served");
        }
        listen_sockets_free(sockets, count);
        return r;
}

/* The engine works without it too: only nobody can ask it. */
static void open_control(Run *run) {
        _cleanup_free_ char *path = NULL;
        int r, fd;

        r = path_join(run->options->paths.runtime, "manager", &path);
        fd = r < 0 ? r : listen_unix(path, 0660);
        if (fd >= 0)
                run->own_socket = TAKE_PTR(path);
        r = fd < 0 ? fd : control_listen(run->control, fd);
        if (r < 0)
                log_warning("%s/manager: cannot listen there: %s", run->options->paths.runtime,
                            errno_text(r));
}

static int open_ways_in(Run *run) {
        bool inherited = false;
        int r;

        r = control_new(run->loop, run->manager, run_reload, run, &run->control);
        if (r >= 0)
                r = adopt_sockets(run, &inherited);
        if (r < 0)
                return r;
        if (!inherited)
                open_control(run);
        responder_configure(run->responder, manager_config(run->manager));
        return 0;
}

/* ---- life ---- */

static void run_done(Run *run) {
        run_remove_events(run);
        control_free(run->control);
        manager_free(run->manager);
        store_free(run->store);
        responder_free(run->responder);
        dns_free(run->dns);
        prober_free(run->prober);
        helper_free(run->installer);
        helper_free(run->signer);
        http_free(run->http);
        loop_free(run->loop);
        if (run->own_socket)
                (void) unlink(run->own_socket); /* the next start replaces a stale one */
        free(run->own_socket);
        free(run->sentence);
}

static int load_config(const Options *options, Config **ret) {
        int r = config_load(&options->paths, NULL, ret);

        if (r < 0) {
                log_error("%s: cannot be read: %s", options->paths.config, errno_text(r));
                return r;
        }
        if (!(*ret)->broken)
                return 0;
        run_log_config(*ret);
        log_error("The configuration cannot be used until its error is mended");
        return -EUCLEAN;
}

/* Takes `config`. */
static int start(Run *run, Config *config) {
        _cleanup_(config_freep) Config *owned = config;
        int r;

        r = make_seams(run);
        if (r >= 0)
                r = make_store(run);
        if (r < 0)
                return r;
        run->engine.store = run->store;
        r = manager_new(&run->engine, TAKE_PTR(owned), run_changed, run, &run->manager);
        if (r >= 0)
                r = open_ways_in(run);
        if (r >= 0)
                r = run_add_events(run);
        if (r >= 0)
                r = manager_start(run->manager, run->options->once);
        if (r < 0)
                log_error("Cannot start: %s", errno_text(r));
        return r;
}

int engine_run(const Options *options) {
        _cleanup_(run_done) Run run = { .options = options };
        _cleanup_(config_freep) Config *config = NULL;
        int r;

        r = prepare_process();
        if (r < 0) {
                log_error("Cannot start: %s", errno_text(r));
                return EXIT_FAILURE;
        }
        if (load_config(options, &config) < 0)
                return EXIT_CONFIG;
        if (start(&run, TAKE_PTR(config)) < 0)
                return EXIT_FAILURE;
        run_tell_ready(&run);
        r = sd_event_loop(loop_event(run.loop));
        if (r < 0)
                log_error("The event loop failed: %s", errno_text(r));
        else if (options->once)
                run_log_sentence(&run);
        return r < 0 ? EXIT_FAILURE : r;
}
