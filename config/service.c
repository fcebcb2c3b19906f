/* Profiles as objects: their variables, and one read by itself. */

#include "config/service.h"

#include "config/load.h"

const ServiceVariable *service_variable(const ServiceVariables *v, const char *name) {
        for (size_t i = 0; i < v->count; i++)
                if (str_equal(v->items[i].name, name))
                        return &v->items[i];
        return NULL;
}

static ServiceVariable *variable_slot(ServiceVariables *v, const char *name) {
        ServiceVariable *grown;

        for (size_t i = 0; i < v->count; i++)
                if (str_equal(v->items[i].name, name))
                        return &v->items[i];
        grown = reallocarray(v->items, v->count + 1, sizeof *grown);
        if (!grown)
                return NULL;
        v->items = grown;
        grown[v->count] = (ServiceVariable){};
        if (str_replace(&grown[v->count].name, name) < 0)
                return NULL;
        return &grown[v->count++];
}

int service_variable_set(ServiceVariables *v, const char *name, const char *value, bool found) {
        ServiceVariable *slot = variable_slot(v, name);

        if (!slot)
                return -ENOMEM;
        slot->found = found;
        return str_replace(&slot->value, value ? value : "");
}

void service_variables_done(ServiceVariables *v) {
        for (size_t i = 0; i < v->count; i++) {
                free(v->items[i].name);
                free(v->items[i].value);
        }
        free(v->items);
        *v = (ServiceVariables){};
}

void service_config_done(ServiceConfig *s) {
        free(s->description);
        free(s->reuse_key);
        free(s->profile);
        free(s->snippet);
        free(s->challenge_reload);
        string_list_done(&s->detect);
        string_list_done(&s->configure);
        string_list_done(&s->notes);
        string_list_done(&s->lines);
        string_list_done(&s->enable);
        string_list_done(&s->disable);
        string_list_done(&s->challenge_check);
        string_list_done(&s->otherwise);
        string_list_done(&s->programs);
        string_list_done(&s->blank_pages);
        string_list_done(&s->challenge_command);
        free(s->conflict);
        service_variables_done(&s->variables);
        *s = (ServiceConfig){};
}

bool service_is_here(const ServiceConfig *s) {
        for (size_t i = 0; i < s->detect.count; i++)
                if (access(s->detect.items[i], F_OK) == 0)
                        return true;
        return false;
}

ServiceProfile *service_profile_free(ServiceProfile *p) {
        if (!p)
                return NULL;
        free(p->name);
        string_list_done(&p->paths);
        service_config_done(&p->service);
        target_config_done(&p->target);
        (void) config_free(p->messages);
        free(p);
        return NULL;
}

static int list_paths(const Source *source, StringList *ret) {
        int r = string_list_add(ret, source->path);

        for (size_t i = 0; i < source->count && r >= 0; i++)
                if (!string_list_contains(ret, source->items[i].path))
                        r = string_list_add(ret, source->items[i].path);
        return r;
}

int service_profile_load(
                const Paths *paths,
                const char *name,
                const ServiceFor *what,
                ServiceProfile **ret) {
        _cleanup_(service_profile_freep) ServiceProfile *p = calloc(1, sizeof *p);
        _cleanup_(source_done) Source source = {};
        _cleanup_free_ char *stage = NULL;
        Specifiers specifiers = {
                .certificate = what->certificate,
                .target = name,
                .names = what->names,
        };
        Report report = {};
        int r;

        if (!config_item_name_is_valid(name))
                return -ENOENT;
        if (!p)
                return -ENOMEM;
        p->messages = calloc(1, sizeof *p->messages);
        if (!p->messages)
                return -ENOMEM;
        r = paths_stage(paths, what->certificate, name, &stage);
        if (r < 0)
                return r;
        specifiers.stage = stage;
        report = (Report){ .config = p->messages, .broken = &p->broken };
        r = str_replace(&p->name, name);
        if (r >= 0)
                r = str_replace(&p->target.name, name);
        if (r >= 0)
                r = section_init(CONFIG_SERVICE, "Deploy", &p->target);
        if (r >= 0)
                r =
                                load_service(paths, &report, name, &specifiers, &source,
                                             &p->service, &p->target);
        if (r >= 0 && !source.path && !source.refused)
                r = -ENOENT;
        if (r >= 0 && source.path)
                r = list_paths(&source, &p->paths);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}
