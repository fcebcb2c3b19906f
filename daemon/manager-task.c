/* What somebody asked for and the CA takes its time to answer. The manager owns it, so that it goes on when the one who asked
 * has gone. */

#include "daemon/manager-internal.h"

int manager_task_new(
                Manager *m, const char *ca, manager_task_fn fn, void *userdata, ManagerTask **ret) {
        ManagerTask *t = calloc(1, sizeof *t);

        if (!t)
                return -ENOMEM;
        *t = (ManagerTask){ .manager = m, .next = m->tasks, .fn = fn, .userdata = userdata };
        if (str_replace(&t->ca, ca) < 0) {
                free(t);
                return -ENOMEM;
        }
        m->tasks = t;
        *ret = t;
        return 0;
}

void manager_task_free(ManagerTask *t) {
        for (ManagerTask **i = &t->manager->tasks; *i; i = &(*i)->next)
                if (*i == t) {
                        *i = t->next;
                        break;
                }
        (void) account_job_free(t->job);
        (void) session_wait_free(t->wait);
        (void) session_call_free(t->call);
        (void) helper_call_free(t->helper);
        (void) timer_free(t->timer);
        bytes_done(&t->words);
        free(t->ca);
        free(t->name);
        bytes_done(&t->leaf);
        free(t);
}

void manager_task_end(ManagerTask *t, bool ok, const char *message) {
        _cleanup_free_ char *copy = NULL;
        manager_task_fn fn = t->fn;
        void *userdata = t->userdata;

        (void) str_replace(&copy, message); /* without memory it ends without words */
        manager_task_free(t);
        if (fn)
                fn(ok, copy ? copy : "out of memory", userdata);
}

void manager_task_forget(ManagerTask *t) {
        t->fn = NULL;
}

/* Account jobs are told by their session; those that only wait for one are not. */
void manager_tasks_of_session_gone(Manager *m, const Session *session) {
        for (ManagerTask *t = m->tasks, *next; t; t = next) {
                next = t->next;
                if (t->session == session && !t->job)
                        manager_task_end(
                                        t, false,
                                        "the configuration of the CA was changed meanwhile; ask again");
        }
}
