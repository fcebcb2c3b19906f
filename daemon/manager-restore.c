/* The way back, before a certificate is removed: its targets are left alone from now on, and one after the other is given back
 * by the installer. When one cannot be, all are looked after again, since the certificate stays. */

#include "base/log.h"
#include "daemon/manager-internal.h"

#define BUSY_TRIES_MAX 120 /* a deploy that was under way may restart a whole product */
#define BUSY_PAUSE     (5 * USEC_PER_SEC)
#define WORDS_SIZE_MAX ((size_t) 48 * 1024) /* of one answer */

static void next(ManagerTask *t);

static void end(ManagerTask *t, bool ok, const char *message) {
        Cert *c = manager_cert(t->manager, t->name);

        if (!ok && c)
                cert_give_back(c, false);
        log_message(ok ? LOG_NOTICE : LOG_WARNING, &(LogFields){ .certificate = t->name }, "%s: %s",
                    t->name,
                    ok ? "its targets are as they were before renewd"
                       : "its targets were not given back, and are looked after again");
        manager_task_end(t, ok, message);
}

static const TargetConfig *target_of(const ManagerTask *t) {
        Cert *c = manager_cert(t->manager, t->name);
        const CertificateConfig *config = c ? cert_config(c) : NULL;

        return config && t->target < config->target_count ? &config->targets[t->target] : NULL;
}

static void again(void *userdata) {
        ManagerTask *t = userdata;

        t->timer = timer_free(t->timer);
        next(t);
}

static void refused(ManagerTask *t, const HelperReply *reply) {
        const char *message = reply->message ? reply->message : "the installer does not answer";
        const TargetConfig *target = target_of(t);
        _cleanup_free_ char *text = NULL;

        if (str_equal(reply->error_name, "Busy") && t->tries++ < BUSY_TRIES_MAX &&
            loop_timer_after(t->manager->engine.loop, BUSY_PAUSE, again, t, &t->timer) >= 0)
                return;
        (void) str_printf(&text, "%s: %s", target ? target->name : "?", message);
        end(t, false, text ? text : message);
}

static int take_words(ManagerTask *t, const Json *parameters) {
        const TargetConfig *target = target_of(t);
        const Json *list;
        int r = 0;

        if (!target || json_get_array(parameters, "messages", &list) < 0)
                return 0;
        for (size_t i = 0; i < json_count(list) && r >= 0; i++) {
                const char *text = json_string_value(json_at(list, i));
                _cleanup_free_ char *shown = text ? str_escape(text, STR_ESCAPE_MAX) : NULL;

                if (!text || t->words.size > WORDS_SIZE_MAX)
                        continue;
                r = shown ? bytes_printf(&t->words, "%s%s: %s", t->words.size > 0 ? "\n" : "",
                                         target->name, shown)
                          : -ENOMEM;
        }
        return r;
}

static void on_restored(const HelperReply *reply, void *userdata) {
        ManagerTask *t = userdata;
        bool bad = reply->error < 0 || reply->error_name;
        int r = bad ? 0 : take_words(t, reply->parameters);

        if (bad)
                refused(t, reply);
        else if (r < 0)
                end(t, false, errno_text(r));
        else {
                t->target++;
                t->tries = 0;
                next(t);
        }
}

static void next(ManagerTask *t) {
        const TargetConfig *target = target_of(t);
        _cleanup_(json_freep) Json *j = NULL;
        int r;

        t->helper = helper_call_free(t->helper);
        if (!target) {
                end(t, true, t->words.size > 0 ? bytes_text(&t->words) : "");
                return;
        }
        j = json_object_new();
        r = j ? json_set_string(j, "certificate", t->name) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "target", target->name);
        if (r >= 0)
                r = helper_call(t->manager->engine.installer, HELPER_OWN, "Restored", TAKE_PTR(j),
                                on_restored, t, &t->helper);
        if (r < 0)
                end(t, false, errno_text(r));
}

static bool is_under_way(const Manager *m, const char *name) {
        for (const ManagerTask *t = m->tasks; t; t = t->next)
                if (!t->ca && str_equal(t->name, name))
                        return true;
        return false;
}

int manager_restore(
                Manager *m,
                const char *name,
                manager_task_fn fn,
                void *userdata,
                ManagerTask **ret) {
        Cert *c = manager_cert(m, name);
        ManagerTask *t;
        int r;

        if (!c)
                return -ENOENT;
        if (is_under_way(m, name))
                return -EBUSY;
        r = manager_task_new(m, NULL, fn, userdata, &t);
        if (r < 0)
                return r;
        r = str_replace(&t->name, name);
        /* From the loop: the one who asks must have his task before it ends. */
        if (r >= 0)
                r = loop_timer_after(m->engine.loop, 0, again, t, &t->timer);
        if (r < 0) {
                manager_task_free(t);
                return r;
        }
        cert_give_back(c, true);
        *ret = t;
        return 0;
}
