/* One sentence for all certificates, and the answers of io.renewd.Manager. */

#include "base/log.h"
#include "daemon/manager-internal.h"
#include "daemon/words.h"

#define PROBLEMS_MAX 40 /* a message stays far below 64 KiB */

bool manager_is_settled(const Manager *m) {
        for (size_t i = 0; i < m->cert_count; i++)
                if (!cert_is_settled(m->certs[i]))
                        return false;
        return true;
}

static bool is_good(CertState s) {
        return s == CERT_VALID || s == CERT_RENEWING;
}

bool manager_is_degraded(const Manager *m) {
        for (size_t i = 0; i < m->config->message_count; i++)
                if (m->config->messages[i].error)
                        return true;
        for (size_t i = 0; i < m->cert_count; i++)
                if (!is_good(cert_state(m->certs[i])))
                        return true;
        return !watches_are_good(m->watches);
}

/* The scheduler looks whether it has lost a certificate; only if not there is food for the watchdog. */
uint64_t manager_progress(const Manager *m) {
        for (size_t i = 0; i < m->cert_count; i++)
                if (cert_is_overdue(m->certs[i]))
                        return m->context.progress + *m->looks;
        return m->context.progress + ++*m->looks;
}

/* ---- what is wrong ---- */

static int error_messages(const Manager *m, StringList *ret) {
        int r;

        for (size_t i = 0; i < m->config->message_count; i++) {
                const ConfigMessage *message = &m->config->messages[i];

                if (!message->error)
                        continue;
                r = string_list_add(ret, message->text);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Worst first. Of a broken certificate the configuration's own words are better, and they are there. */
static int problems(const Manager *m, StringList *ret) {
        static const CertState order[] = { CERT_EXPIRED, CERT_FAILING, CERT_DEGRADED };
        int r;

        for (size_t k = 0; k < ELEMENTSOF(order); k++)
                for (size_t i = 0; i < m->cert_count; i++) {
                        _cleanup_free_ char *text = NULL;

                        if (cert_state(m->certs[i]) != order[k])
                                continue;
                        r = cert_problem(m->certs[i], &text);
                        if (r >= 0 && text)
                                r = string_list_add(ret, text);
                        if (r < 0)
                                return r;
                }
        r = error_messages(m, ret);
        return r < 0 ? r : watches_problems(m->watches, ret);
}

/* ---- the sentence ---- */

typedef struct Count {
        size_t valid, renewing, waiting, new, broken;
        const Cert *next; /* the one that is renewed next */
        int64_t next_at;
} Count;

static Count count(const Manager *m) {
        Count n = {};

        for (size_t i = 0; i < m->cert_count; i++) {
                CertState state = cert_state(m->certs[i]);
                int64_t at = cert_next_renewal(m->certs[i]);

                n.valid += state == CERT_VALID || state == CERT_RENEWING;
                n.renewing += state == CERT_RENEWING;
                n.waiting += state == CERT_VALID && cert_hold_words(m->certs[i]);
                n.new += state == CERT_NEW;
                n.broken += state == CERT_BROKEN;
                if (state == CERT_VALID && at > 0 && (!n.next || at < n.next_at)) {
                        n.next = m->certs[i];
                        n.next_at = at;
                }
        }
        return n;
}

static const char *plural(size_t n) {
        return n == 1 ? "" : "s";
}

static int good_sentence(const Manager *m, Bytes *b) {
        Count n = count(m);
        int64_t now = loop_wall_sec(m->engine.loop);
        char date[WORDS_SIZE], words[WORDS_SIZE];
        int r;

        if (m->cert_count == 0)
                return bytes_append_string(b, "no certificate is configured");
        if (n.valid == 0)
                return bytes_printf(b, "%zu new certificate%s on the way", n.new, plural(n.new));
        r = bytes_printf(b, "%zu certificate%s valid", n.valid, plural(n.valid));
        if (r >= 0 && n.renewing > 0)
                r = bytes_printf(b, ", %zu being renewed", n.renewing);
        if (r >= 0 && n.waiting > 0)
                r =
                                bytes_printf(b, ", %zu of them wait%s to be installed", n.waiting,
                                             n.waiting == 1 ? "s" : "");
        if (r >= 0 && n.new > 0)
                r = bytes_printf(b, ", %zu new on the way", n.new);
        if (r < 0 || !n.next)
                return r;
        return bytes_printf(
                        b, "; next renewal %s on %s (in %s)", cert_config(n.next)->name,
                        words_date(n.next_at, now, date), words_duration(n.next_at - now, words));
}

int manager_sentence(const Manager *m, char **ret) {
        _cleanup_(string_list_done) StringList list = {};
        _cleanup_(bytes_done) Bytes b = {};
        int r;

        r = problems(m, &list);
        if (r < 0)
                return r;
        if (list.count == 0)
                r = good_sentence(m, &b);
        else
                r = bytes_append_string(&b, list.items[0]);
        if (r >= 0 && list.count > 1)
                r =
                                bytes_printf(&b, " (and %zu more problem%s)", list.count - 1,
                                             plural(list.count - 1));
        if (r < 0)
                return r;
        *ret = bytes_take_text(&b);
        return *ret ? 0 : -ENOMEM;
}

/* ---- answers ---- */

static int put_problems(const Manager *m, Json *j) {
        _cleanup_(string_list_done) StringList list = {};
        _cleanup_(json_freep) Json *array = json_array_new();
        int r = array ? problems(m, &list) : -ENOMEM;

        for (size_t i = 0; i < list.count && i < PROBLEMS_MAX && r >= 0; i++)
                r = json_append_string(array, list.items[i]);
        if (r >= 0 && list.count > PROBLEMS_MAX) {
                _cleanup_free_ char *more = NULL;

                r = str_printf(&more, "and %zu more", list.count - PROBLEMS_MAX);
                if (r >= 0)
                        r = json_append_string(array, more);
        }
        return r < 0 ? r : json_set(j, "problems", TAKE_PTR(array));
}

int manager_status_json(const Manager *m, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        _cleanup_free_ char *sentence = NULL;
        int r;

        r = manager_sentence(m, &sentence);
        if (r >= 0)
                r = j ? json_set_string(j, "version", RENEWD_VERSION) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "sentence", sentence);
        if (r >= 0)
                r = json_set_bool(j, "degraded", manager_is_degraded(m));
        if (r >= 0)
                r = json_set_string(j, "separation", m->engine.separation);
        if (r >= 0)
                r = json_set_int64(j, "certificates", (int64_t) m->cert_count);
        if (r >= 0)
                r = put_problems(m, j);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

size_t manager_count(const Manager *m) {
        return m->cert_count;
}

int manager_certificate_json_at(const Manager *m, size_t i, Json **ret) {
        return i < m->cert_count ? cert_json(m->certs[i], ret) : -ENOENT;
}

int manager_certificate_json(const Manager *m, const char *name, Json **ret) {
        Cert *c = manager_cert(m, name);

        return c ? cert_json(c, ret) : -ENOENT;
}

int manager_persist_records(const Manager *m, const char *name, StringList *ret) {
        const Cert *c = manager_cert(m, name);

        return c ? cert_persist_records(c, ret) : -ENOENT;
}

int manager_watches_json(const Manager *m, Json **ret) {
        return watches_json(m->watches, ret);
}

int manager_forget_pins(Manager *m, const char *name) {
        return watches_forget_pins(m->watches, name);
}
