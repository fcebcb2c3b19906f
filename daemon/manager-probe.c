/* A probe for somebody at this machine: a token that is shown for a while, to see whether a web server hands the path of
 * challenges over. One at a time: the next one takes the former away. */

#include "daemon/manager-internal.h"
#include "daemon/preflight.h"

#define SHOWN_USEC (60 * USEC_PER_SEC)

void manager_probe_end(Manager *m) {
        ManagerProbe *p = &m->probe;

        for (size_t i = 0; i < p->names.count && p->token; i++)
                responder_remove(m->engine.responder, p->names.items[i], p->token);
        string_list_done(&p->names);
        free(p->token);
        p->token = NULL;
        p->timer = timer_free(p->timer);
}

static void on_timer(void *userdata) {
        manager_probe_end(userdata);
}

int manager_show_probe(Manager *m, const StringList *names, char **ret_token, char **ret_answer) {
        _cleanup_free_ char *token = NULL, *answer = NULL;
        int r;

        manager_probe_end(m);
        r = preflight_token(&m->engine, &m->probe.token, &answer);
        if (r >= 0)
                r = str_replace(&token, m->probe.token);
        for (size_t i = 0; i < names->count && r >= 0; i++) {
                r = responder_present(m->engine.responder, names->items[i], m->probe.token, answer);
                if (r >= 0)
                        r = string_list_add(&m->probe.names, names->items[i]);
        }
        if (r >= 0)
                r = loop_timer_after(m->engine.loop, SHOWN_USEC, on_timer, m, &m->probe.timer);
        if (r < 0) {
                manager_probe_end(m);
                return r;
        }
        *ret_token = TAKE_PTR(token);
        *ret_answer = TAKE_PTR(answer);
        return 0;
}
