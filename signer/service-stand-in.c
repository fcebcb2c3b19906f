/* Stand-ins: of configured certificates, for their own names; further names are for root to give. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "signer/keystore.h"
#include "signer/service-internal.h"
#include "signer/stand-in.h"

/* The clock of a machine that was never set would make one that has ended when it is. */
static int64_t now_of(void) {
        return MAX((int64_t) time(NULL), (int64_t) RENEWD_RELEASE_TIME);
}

static int make_of(
                int store_fd,
                const CertificateConfig *c,
                const StringList *more,
                const char *other,
                StandIn *ret) {
        StandInWish w = {
                .certificate = c->name,
                .names = &c->names,
                .more = more,
                .common_name = c->first_name,
                .type = c->key_type,
                .other = other,
                .now = now_of(),
        };
        int r;

        r = stand_in_make(store_fd, &w, ret);
        if (r >= 0 && ret->made)
                log_message(LOG_NOTICE, &(LogFields){ .certificate = c->name },
                            "%s: a stand-in is made, until there is a certificate", c->name);
        return r;
}

/* ---- the method ---- */

/* 1; names as Names= would have them. */
static int read_names(Request *q, StringList *ret) {
        const Json *list;
        int r;

        r = json_get_array(q->parameters, "names", &list);
        if (r == -ENOENT)
                return 1;
        if (r < 0 || json_count(list) > NAMES_MAX)
                return varlink_invalid_parameter(q->call, "names");
        if (varlink_call_peer(q->call)->uid != 0)
                return request_refuse(q, "Refused", "only root may give further names");
        for (size_t i = 0; i < json_count(list); i++) {
                const char *text = json_string_value(json_at(list, i)), *reason;
                _cleanup_free_ char *name = NULL;

                r = text ? identifier_normalize(text, &name, &reason) : -EINVAL;
                if (r == -EINVAL)
                        return varlink_invalid_parameter(q->call, "names");
                if (r >= 0)
                        r = string_list_add(ret, name);
                if (r < 0)
                        return r;
        }
        return 1;
}

/* 1; *ret is NULL if there is none. */
static int read_other(Request *q, const char **ret) {
        int r;

        *ret = NULL;
        r = json_get_string(q->parameters, "other", ret);
        if (r == -ENOENT)
                return 1;
        if (r < 0 || strlen(*ret) != SHA256_HEX_SIZE - 1 ||
            strspn(*ret, "0123456789abcdef") != SHA256_HEX_SIZE - 1)
                return varlink_invalid_parameter(q->call, "other");
        return 1;
}

static int answer(Request *q, const StandIn *s) {
        _cleanup_(json_freep) Json *reply = json_object_new();
        int r;

        r = reply ? json_set_string(reply, "leaf", s->leaf_sha256) : -ENOMEM;
        if (r >= 0)
                r = json_set_int64(reply, "notAfter", s->not_after);
        if (r >= 0)
                r = json_set_bool(reply, "made", s->made);
        return r < 0 ? r : varlink_reply(q->call, TAKE_PTR(reply));
}

int method_stand_in(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q = request_init("StandIn", call, parameters, userdata);
        _cleanup_(string_list_done) StringList more = {};
        const char *other;
        StandIn s;
        int r;

        r = request_admit(&q);
        if (r > 0)
                r = request_find_certificate(&q);
        if (r > 0 && q.certificate->request_path)
                return request_refuse(
                                &q, "NotConfigured",
                                "'%s' has CertificateRequest=: its key is elsewhere",
                                q.certificate->name);
        if (r > 0)
                r = read_names(&q, &more);
        if (r > 0)
                r = read_other(&q, &other);
        if (r > 0)
                r = request_open_store(&q);
        if (r <= 0)
                return r;
        r = make_of(q.store_fd, q.certificate, &more, other, &s);
        if (r < 0)
                return request_refuse(
                                &q, "Storage", "the stand-in cannot be made: %s", errno_text(r));
        return answer(&q, &s);
}

/* ---- at boot ---- */

static bool is_wanted(const Paths *paths, const CertificateConfig *c) {
        _cleanup_free_ char *live = NULL;
        struct stat st;

        if (c->broken || c->request_path || !certificate_has_stand_in(c))
                return false;
        return str_printf(&live, "%s/live/%s", paths->state, c->name) >= 0 && lstat(live, &st) < 0;
}

int stand_ins_make(const Paths *paths) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_close_ int store_fd = -1;
        int r;

        r = config_load(paths, NULL, &config);
        if (r < 0)
                return r;
        for (size_t i = 0; i < config->certificate_count; i++) {
                const CertificateConfig *c = &config->certificates[i];
                StandIn s;

                if (!is_wanted(paths, c))
                        continue;
                if (store_fd < 0)
                        store_fd = keystore_open(paths);
                r = store_fd < 0 ? store_fd : make_of(store_fd, c, NULL, NULL, &s);
                if (r < 0) /* the next one is none the worse */
                        log_error("%s: the stand-in cannot be made: %s", c->name, errno_text(r));
        }
        return 0;
}
