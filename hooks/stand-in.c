/* A target may get a stand-in only where nothing is lost: its places are empty, or hold one of these already, or a pair that
 * does not match, which no service could use. A pair of somebody else works, be it a vendor's own self-signed one: it stays
 * until there is a real certificate, whose deploy then saves it. There is no row: the first deploy is a first one. */

#include "hooks/stand-in.h"

#include <string.h>

#include "acme/pile.h"
#include "acme/stand-in.h"
#include "base/file.h"
#include "base/log.h"
#include "hooks/deploy-internal.h"
#include "hooks/original.h"
#include "hooks/staging.h"
#include "hooks/store.h"

#define STAND_IN_FILE_MAX ((size_t) 64 * 1024)

static const char *const state_names[STAND_IN_STATE_MAX] = {
        [STAND_IN_NONE] = "none",
        [STAND_IN_PLACED] = "placed",
        [STAND_IN_OTHER] = "other",
        [STAND_IN_LIVE] = "live",
};

const char *stand_in_state_to_string(StandInState s) {
        return (unsigned) s < STAND_IN_STATE_MAX ? state_names[s] : "unknown";
}

/* ---- the signer's file ---- */

static int read_file(const Paths *paths, const char *certificate, Bytes *ret) {
        static const char *const steps[] = { "signer", "stand-ins" };
        _cleanup_close_ int fd = store_open(paths);
        _cleanup_free_ char *file = NULL;
        int r;

        for (size_t i = 0; fd >= 0 && i < ELEMENTSOF(steps); i++) {
                int next = store_enter(fd, steps[i]);

                (void) close_fd(fd);
                fd = next;
        }
        r = fd < 0 ? fd : str_printf(&file, "%s.pem", certificate);
        return r < 0 ? r : file_read_at(fd, file, STAND_IN_FILE_MAX, ret);
}

/* -ENOENT: there is none; -EBADMSG: it is none that we would install. */
static int load(const Paths *paths, const char *certificate, Bundle *ret) {
        _cleanup_(bytes_done) Bytes text = { .secret = true };
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        const char *pem;
        int r;

        r = read_file(paths, certificate, &text);
        if (r >= 0)
                r = stand_in_parse(&text, &key, &pem);
        if (r < 0)
                return r;
        ret->key.secret = true;
        r = key_to_pem(key, &ret->key);
        if (r >= 0)
                r = bytes_append_string(&ret->cert, pem);
        return r < 0 ? r : bytes_append_string(&ret->fullchain, pem);
}

/* ---- what stands there ---- */

/* 1: somebody else's, which may be in use; 0: it may be replaced. */
static int judge_file(const Place *p, Pile *pile, size_t *present) {
        _cleanup_(bytes_done) Bytes there = { .secret = true };
        const char *reason;
        int r;

        r = file_read_at(p->dir_fd, p->name, PLACE_FILE_MAX, &there);
        if (r == -ENOENT || (r >= 0 && there.size == 0))
                return 0;
        if (r < 0)
                return r == -ENOMEM ? r : 1; /* not even readable: nothing of ours */
        (*present)++;
        r = pile_add(pile, there.data, there.size,
                     p->password.size > 0 ? bytes_text(&p->password) : NULL, &reason);
        if (r == -ENOMEM)
                return r;
        /* A keystore of another password, or what only looks like rubbish from here. */
        return r == -ENOKEY || (r < 0 && !memmem(there.data, there.size, "-----BEGIN ", 11)) ? 1
                                                                                             : 0;
}

/* 1: what stands there stays. */
static int judge(const PlaceList *places) {
        _cleanup_(pile_freep) Pile *pile = NULL;
        bool with_key = false, taken = false;
        size_t present = 0;
        int r = pile_new(&pile);

        for (size_t i = 0; i < places->count && r >= 0; i++) {
                with_key = with_key || file_content_holds_key(places->items[i].content);
                r = judge_file(&places->items[i], pile, &present);
                taken = taken || r > 0;
        }
        if (r < 0 || present == 0)
                return r;
        if (taken)
                return 1;
        if (pile_has_stand_in(pile))
                return 0;
        return with_key ? pile_has_pair(pile) : pile_count(pile) > 0;
}

/* ---- putting it there ---- */

static int keep_original(const Deployment *d, char **ret_error) {
        _cleanup_close_ int fd =
                        store_installer(d->job->paths, "original", d->job->certificate->name, true);

        return fd < 0 ? fd : original_keep(fd, d->job->target->name, &d->places, ret_error);
}

static int write_files(Deployment *d, char **ret_error) {
        _cleanup_(staging_done) Staging staging = {};
        int r;

        r = staging_write(&d->places, d->wanted, &staging, ret_error);
        if (r >= 0)
                r = keep_original(d, ret_error);
        return r < 0 ? r : staging_commit(&staging, ret_error);
}

/* Who signed itself is its own issuer: no service takes an empty file of issuers. */
static int fill_chains(Deployment *d) {
        int r = 0;

        for (size_t i = 0; i < d->places.count && r >= 0; i++)
                if (d->places.items[i].content == FILE_CHAIN && d->wanted[i].size == 0)
                        r =
                                        bytes_append(&d->wanted[i], d->live.bundle.cert.data,
                                                     d->live.bundle.cert.size);
        return r;
}

/* It takes a program to write one, and none is run for this. */
static bool needs_program(const Deployment *d) {
        for (size_t i = 0; i < d->places.count; i++)
                if (d->places.items[i].form.format == FILE_FORMAT_JKS)
                        return true;
        return false;
}

/* 1: files were written; 0: they are there, or what is there stays (*ret). */
static int place(Deployment *d, StandInState *ret, char **ret_error) {
        int r;

        r = deploy_open_places(d, true, ret_error);
        if (r >= 0 && !d->live.version)
                r = fill_chains(d);
        if (r < 0)
                return r;
        *ret = needs_program(d) ? STAND_IN_NONE : STAND_IN_PLACED;
        if (d->places.count == 0 || needs_program(d) || deploy_files_in_place(d))
                return 0;
        r = judge(&d->places);
        if (r != 0) {
                *ret = STAND_IN_OTHER;
                return r < 0 ? r : 0;
        }
        r = write_files(d, ret_error);
        return r < 0 ? r : 1;
}

static void say(const Deployment *d, int level, const char *what, const char *error) {
        const char *certificate = d->job->certificate->name, *target = d->job->target->name;

        log_message(level, &(LogFields){ .certificate = certificate, .target = target },
                    "%s: %s: %s%s%s", certificate, target, what, error ? ": " : "",
                    error ? error : "");
}

/* The row of this deployment is never saved. */
static void tell(Deployment *d) {
        deploy_look_at_unit(d);
        if (deploy_activate(d) == DEPLOY_STOPPED && d->row.step)
                say(d, LOG_WARNING, "the stand-in is there, but its service could not be told",
                    d->row.error);
}

static int lock(Deployment *d, char **ret_error) {
        d->rows_fd = store_installer(d->job->paths, "rows", d->job->certificate->name, true);
        d->saved_fd = store_installer(d->job->paths, "saved", d->job->certificate->name, true);
        if (d->rows_fd < 0 || d->saved_fd < 0)
                return d->rows_fd < 0 ? d->rows_fd : d->saved_fd;
        d->lock_fd = store_lock_target(d->rows_fd, d->job->target->name);
        if (d->lock_fd == -EWOULDBLOCK)
                (void) str_printf(ret_error, "another call works on this target");
        return d->lock_fd < 0 ? d->lock_fd : 0;
}

static int load_stand_in(Deployment *d, StandInState *ret) {
        int r = load(d->job->paths, d->job->certificate->name, &d->live.bundle);

        if (r == -ENOENT || r == -EBADMSG)
                *ret = STAND_IN_NONE;
        return r;
}

static int run(Deployment *d, StandInState *ret, char **ret_error) {
        const CertificateConfig *c = d->job->certificate;
        int r;

        r = lock(d, ret_error);
        if (r < 0)
                return r;
        r = live_load(d->job->paths, c->name, !c->request_path, &d->live);
        if (r >= 0) {
                *ret = STAND_IN_LIVE;
                return 0;
        }
        live_done(&d->live);
        r = load_stand_in(d, ret);
        if (r == -ENOENT || r == -EBADMSG)
                return 0;
        if (r >= 0)
                r = place(d, ret, ret_error);
        if (r <= 0)
                return r;
        say(d, LOG_NOTICE, "a stand-in is there until the first certificate", NULL);
        tell(d);
        return 0;
}

int stand_in_place(const DeployJob *job, StandInState *ret, char **ret_error) {
        _cleanup_(deployment_done)
                        Deployment d = { .job = job, .rows_fd = -1, .saved_fd = -1, .lock_fd = -1 };
        int r;

        *ret_error = NULL;
        r = run(&d, ret, ret_error);
        if (r < 0 && !*ret_error)
                (void) str_printf(ret_error, "the stand-in cannot be written: %s", errno_text(r));
        return r;
}

/* ---- at boot ---- */

static int place_at_boot(Deployment *d, char **ret_error) {
        const CertificateConfig *c = d->job->certificate;
        StandInState state;
        bool live;
        int r;

        r = lock(d, ret_error);
        if (r < 0)
                return r;
        live = live_load(d->job->paths, c->name, !c->request_path, &d->live) >= 0;
        if (!live) {
                live_done(&d->live);
                r = load_stand_in(d, &state);
        }
        if (r == -ENOENT || r == -EBADMSG)
                return 0;
        if (r >= 0)
                r = place(d, &state, ret_error);
        if (r > 0)
                say(d, LOG_NOTICE,
                    live ? "its files were missing, and are there again"
                         : "a stand-in is there until the first certificate",
                    NULL);
        return r;
}

int stand_in_place_all(const Paths *paths) {
        _cleanup_(config_freep) Config *config = NULL;
        int r = config_load(paths, NULL, &config);

        if (r < 0)
                return r;
        for (size_t i = 0; i < config->certificate_count; i++) {
                const CertificateConfig *c = &config->certificates[i];

                for (size_t t = 0; t < c->target_count && !c->broken; t++) {
                        DeployJob job = { .paths = paths,
                                          .config = config,
                                          .certificate = c,
                                          .target = &c->targets[t] };
                        _cleanup_(deployment_done) Deployment d = {
                                .job = &job, .rows_fd = -1, .saved_fd = -1, .lock_fd = -1
                        };
                        _cleanup_free_ char *error = NULL;

                        r = job.target->stand_in ? place_at_boot(&d, &error) : 0;
                        if (r < 0) /* the others are none the worse */
                                say(&d, LOG_ERR, "its files cannot be put there before the start",
                                    error ? error : errno_text(r));
                }
        }
        return 0;
}
