/* One certificate with a CA and its staging CA, and what reaches it from there. */

#include "tests/unit/rehearsal-bench.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "tests/unit/test.h"

const char *const bench_one[] = { NAME };

static bool validates(const char *identifier, void *userdata) {
        const Outside *o = userdata;

        (void) identifier;
        return !o->broken;
}

static CaFault fault(CaRequest request, const char *identifier, void *userdata) {
        const Outside *o = userdata;

        (void) identifier;
        return request == o->when ? o->staging : CA_OK;
}

static void issued_real(const char *identifier, int64_t now, void *userdata) {
        Outside *o = userdata;

        (void) identifier;
        (void) now;
        o->real++;
}

static void issued_staged(const char *identifier, int64_t now, void *userdata) {
        Outside *o = userdata;

        (void) identifier;
        (void) now;
        o->staged++;
}

void bench_init(World *w, Outside *o) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        (void) world_init(w, 1);
        *fake_ca_hooks(w->ca) = (FakeCaHooks){ .issued = issued_real, .userdata = o };
        *fake_ca_hooks(w->second) = (FakeCaHooks){
                .validates = validates, .fault = fault, .issued = issued_staged, .userdata = o
        };
        fake_ca_options(w->ca)->no_renewal_info = true;
}

Config *bench_staged(void) {
        Config *c = world_config_named(bench_one, 1);

        world_config_add_staging(c);
        return c;
}

char *bench_text_of(World *w, const char *name, const char *object, const char *member) {
        _cleanup_(json_freep) Json *j = NULL;
        const Json *holder;
        const char *text = "";

        CHECK_INT(manager_certificate_json(w->manager, name, &j), 0);
        holder = j;
        if (object && json_get_object(j, object, &holder) < 0)
                return strdup("none");
        (void) json_get_string(holder, member, &text); /* absent: "" */
        return strdup(text);
}

int64_t bench_number_of(World *w, const char *name, const char *member) {
        _cleanup_(json_freep) Json *j = NULL;
        int64_t n = -1;

        CHECK_INT(manager_certificate_json(w->manager, name, &j), 0);
        (void) json_get_int64(j, member, &n); /* absent: -1 */
        return n;
}

int64_t bench_now(World *w) {
        return loop_wall_sec(w->loop);
}

/* Days until the renewal. */
static int64_t days_left(World *w) {
        return (bench_number_of(w, NAME, "next_renewal") - bench_now(w)) / DAY;
}

void bench_start(World *w, Config *c) {
        CHECK_INT(world_start(w, c, false), 0);
        fake_loop_run(w->loop, SEC_PER_HOUR);
        CHECK_STR(world_state(w, NAME), "valid");
}

void bench_run_until(World *w, int64_t days) {
        fake_loop_run(w->loop, (days_left(w) - days) * DAY);
}

bool bench_contains(const char *text, const char *part) {
        bool found = text && strstr(text, part);

        if (!found)
                (void) fprintf(stderr, "# '%s' is not in: %s\n", part, text ? text : "");
        return found;
}

void bench_on_step(const char *step, bool done, bool ok, void *userdata) {
        Steps *s = userdata;

        s->told++;
        s->done = done;
        s->ok = ok;
        (void) str_replace(&s->last, step);
}

int bench_rehearse(World *w, const char *name, Steps *s, RenewWatch **ret, char **ret_message) {
        return manager_rehearse(w->manager, name, bench_on_step, s, ret, ret_message);
}
