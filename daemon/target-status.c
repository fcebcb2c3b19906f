#include <string.h>

#include "daemon/target-internal.h"

static const char *const phase_texts[] = {
        [TARGET_NOTHING] = NULL,
        [TARGET_LOOKING] = "looking at",
        [TARGET_QUEUED] = "waiting for the turn in its group of",
        [TARGET_DEPLOYING] = "deploying to",
        [TARGET_PROBING] = "waiting for the certificate to be served by",
        [TARGET_CONFIRMING] = "confirming the deploy to",
        [TARGET_WAITING] = NULL,
        [TARGET_VERIFIED] = NULL,
};

int64_t target_next_attempt(const Target *t) {
        usec_t now = target_now(t);

        if (t->held)
                return target_hold_until(t);
        if (t->phase != TARGET_WAITING || t->wake_at == 0)
                return 0;
        return loop_wall_sec(t->owner.engine->loop) +
               (int64_t) (t->wake_at > now ? (t->wake_at - now) / USEC_PER_SEC : 0);
}

const char *target_trouble(const Target *t) {
        return t->trouble;
}

int target_describe(const Target *t, char **ret) {
        const char *text = phase_texts[t->phase];

        if (target_hold_words(t))
                return str_printf(ret, "%s", target_hold_words(t));
        if (!text) {
                *ret = NULL;
                return 0;
        }
        return str_printf(ret, "%s %s", text, t->config->name);
}

void target_set_stand_in(Target *t, const char *state) {
        (void) str_replace(&t->stand_in, state); /* without memory the words of before */
}

const char *target_stand_in(const Target *t) {
        return t->stand_in;
}

/* Before the first certificate. */
static const char *stand_in_words(const Target *t) {
        if (t->leaf)
                return NULL;
        return str_equal(t->stand_in, "placed") ? "stand-in until the first certificate is there"
               : str_equal(t->stand_in, "other")
                               ? "keeps the certificate that is there until the first one of renewd's"
                               : NULL;
}

int target_json(const Target *t, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new(), *endpoints = NULL;
        int r;

        r = j ? json_set_string(j, "name", t->config->name) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "state", row_state_to_string(t->row.state));
        if (r >= 0)
                r = json_set_string(j, "leaf", t->row.leaf);
        if (r >= 0)
                r = json_set_string(j, "served", served_to_string(t->served));
        if (r >= 0)
                r =
                                json_set_string(j, "message",
                                                t->trouble             ? t->trouble
                                                : target_hold_words(t) ? target_hold_words(t)
                                                                       : stand_in_words(t));
        if (r >= 0 && !t->leaf)
                r = json_set_string(j, "stand_in", t->stand_in);
        if (r >= 0)
                r = json_set_string(j, "waits", target_hold_words(t));
        if (r >= 0)
                r = json_set_int64(j, "next_attempt", target_next_attempt(t));
        if (r >= 0 && t->row.todo.count > 0)
                r = json_set_strings(j, "todo", &t->row.todo);
        if (r >= 0)
                r = target_endpoints_json(&t->endpoints, &endpoints);
        if (r >= 0)
                r = json_set(j, "endpoints", TAKE_PTR(endpoints));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

/* ---- the same target? ---- */

static bool same_windows(const TargetConfig *a, const TargetConfig *b) {
        if (a->window_count != b->window_count)
                return false;
        for (size_t i = 0; i < a->window_count; i++)
                if (!str_equal(a->windows[i].text, b->windows[i].text))
                        return false;
        return a->deadline_sec == b->deadline_sec && a->canary == b->canary &&
               str_equal(a->group, b->group);
}

static bool same_file(const FileConfig *a, const FileConfig *b) {
        return a->content == b->content && a->mode == b->mode && str_equal(a->path, b->path) &&
               str_equal(a->owner, b->owner) && str_equal(a->group, b->group) &&
               a->leave_rights == b->leave_rights && a->keep_link == b->keep_link &&
               string_list_same(&a->acl, &b->acl) && file_form_same(&a->form, &b->form);
}

static bool same_telling(const TargetConfig *a, const TargetConfig *b) {
        return str_equal(a->unit, b->unit) && a->signal_number == b->signal_number &&
               string_list_same(&a->command, &b->command) &&
               str_equal(a->command_user, b->command_user) &&
               string_list_same(&a->fallback_command, &b->fallback_command) &&
               string_list_same(&a->prove, &b->prove) && a->memory_max == b->memory_max &&
               a->tasks_max == b->tasks_max && a->stand_in == b->stand_in &&
               str_equal(a->take_over, b->take_over);
}

bool target_config_same(const TargetConfig *a, const TargetConfig *b) {
        if (!str_equal(a->name, b->name) || a->file_count != b->file_count)
                return false;
        for (size_t i = 0; i < a->file_count; i++)
                if (!same_file(&a->files[i], &b->files[i]))
                        return false;
        return string_list_same(&a->check, &b->check) && string_list_same(&a->hook, &b->hook) &&
               same_windows(a, b) && string_list_same(&a->setup, &b->setup) &&
               string_list_same(&a->options, &b->options) &&
               string_list_same(&a->twin_files, &b->twin_files) &&
               a->probe_family == b->probe_family && str_equal(a->reload, b->reload) &&
               str_equal(a->restart, b->restart) && same_telling(a, b) &&
               a->timeout_sec == b->timeout_sec &&
               probe_configs_same(a->probes, a->probe_count, b->probes, b->probe_count) &&
               str_equal(a->probe_name, b->probe_name) && a->validation == b->validation &&
               str_equal(a->pin, b->pin);
}
