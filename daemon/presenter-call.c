#include <string.h>

#include "base/log.h"
#include "daemon/presenter-internal.h"
#include "daemon/words.h"

static const unsigned retry_delays[] = { 10, 60, 300, 1800, 3600 };

static int item_json(const PresentItem *i, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? json_set_string(j, "type", challenge_type_to_string(i->type)) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "identifier", i->identifier);
        if (r >= 0)
                r = json_set_bool(j, "wildcard", i->wildcard);
        if (r >= 0)
                r = json_set_string(j, "token", i->token);
        if (r >= 0)
                r = json_set_string(j, "authorization", i->authorization);
        if (r >= 0)
                r = json_set_string(j, "record", i->record);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

static int call(Presenter *p, const char *method, bool with_items, helper_fn fn) {
        _cleanup_(json_freep) Json *j = json_object_new(), *list = json_array_new();
        int r = j && list ? 0 : -ENOMEM;

        if (r >= 0)
                r = json_set_string(j, "certificate", p->config->name);
        for (PresentItem *i = p->items; i && r >= 0; i = i->next) {
                Json *item = NULL;

                if (!i->in_call)
                        continue;
                r = item_json(i, &item);
                if (r >= 0)
                        r = json_append(list, item);
        }
        if (r >= 0 && with_items)
                r = json_set(j, "challenges", TAKE_PTR(list));
        return r < 0 ? r
                     : helper_call(p->owner.engine->installer, HELPER_OWN, method, TAKE_PTR(j), fn,
                                   p, &p->call);
}

static void call_is_over(Presenter *p) {
        p->call = helper_call_free(p->call);
        p->slot = slot_free(p->slot);
}

static const char *words_of(const HelperReply *reply) {
        return reply->message ? reply->message : errno_text(reply->error < 0 ? reply->error : -EIO);
}

/* ---- Present ---- */

static PresentItem *next_called(PresentItem *i) {
        while (i && !i->in_call)
                i = i->next;
        return i;
}

/* Answers may change the list: each item leaves the call first, and the search begins anew. */
static void answer_all(Presenter *p, const Json *errors, const char *trouble) {
        PresentItem *i;

        for (size_t at = 0; (i = next_called(p->items)); at++) {
                const char *error = errors ? json_string_value(json_at(errors, at)) : trouble;

                i->in_call = false;
                if (error && !*error)
                        presenter_look(i);
                else
                        presenter_answer(i, -EIO, error ? error : "no answer of the installer");
        }
}

static void on_presented(const HelperReply *reply, void *userdata) {
        _cleanup_(json_freep) Json *copy = NULL;
        _cleanup_free_ char *trouble = NULL;
        Presenter *p = userdata;
        const Json *errors;

        if (reply->error < 0)
                (void) str_printf(&trouble, "the installer does not answer: %s", words_of(reply));
        else if (reply->error_name)
                (void) str_printf(&trouble, "%s", words_of(reply));
        else if (json_get_array(reply->parameters, "errors", &errors) >= 0)
                copy = json_copy(errors);
        call_is_over(p); /* ends what the reply points to */
        answer_all(p, copy, trouble);
        presenter_pump(p);
}

int presenter_call_present(Presenter *p) {
        p->cleaning = false;
        return call(p, "Present", true, on_presented);
}

/* ---- Cleanup ---- */

static void on_retry(void *userdata) {
        Presenter *p = userdata;

        p->retry = timer_free(p->retry);
        presenter_pump(p);
}

/* What was not cleaned up is in the installer's journal; the next clean-up takes it along. */
static void cleanup_failed(Presenter *p, const char *why) {
        unsigned delay = retry_delays[MIN((size_t) p->failures, ELEMENTSOF(retry_delays) - 1)];
        LogFields fields = { .certificate = p->config->name };
        char words[WORDS_SIZE];

        log_message(p->failures++ == 0 ? LOG_WARNING : LOG_DEBUG, &fields,
                    "%s: what was shown for a challenge could not be taken away: %s, trying again in %s",
                    p->config->name, why, words_duration(delay, words));
        p->sweep = true;
        p->retry = timer_free(p->retry);
        /* Without memory for a timer: with the next order. */
        (void) loop_timer_after(
                        p->owner.engine->loop, delay * USEC_PER_SEC, on_retry, p, &p->retry);
}

static void drop_called(Presenter *p) {
        for (PresentItem *i = p->items, *next; i; i = next) {
                next = i->next;
                if (i->in_call)
                        presenter_drop(i);
        }
}

static void on_cleaned(const HelperReply *reply, void *userdata) {
        _cleanup_free_ char *why = NULL;
        Presenter *p = userdata;
        const Json *errors;
        bool failed = true;

        if (reply->error < 0 || reply->error_name)
                why = str_escape(words_of(reply), STR_ESCAPE_MAX);
        else if (json_get_array(reply->parameters, "errors", &errors) < 0)
                why = strdup("no answer of the installer");
        else if (json_count(errors) > 0)
                why =
                                str_escape(json_string_value(json_at(errors, 0)) ?: "it failed",
                                           STR_ESCAPE_MAX);
        else
                failed = false;
        call_is_over(p);
        drop_called(p);
        if (failed)
                cleanup_failed(p, why ? why : "out of memory");
        else if (!presenter_wants_something(p) && !p->sweep) {
                p->failures = 0;
                if (p->noted && p->owner.note(false, p->owner.userdata) >= 0)
                        p->noted = false; /* else one clean-up too many at the next start */
        }
        presenter_pump(p);
}

int presenter_call_cleanup(Presenter *p, bool all) {
        int r;

        p->cleaning = true;
        r = call(p, "Cleanup", !all, on_cleaned);
        if (r >= 0)
                p->sweep = p->sweep && !all;
        return r;
}
