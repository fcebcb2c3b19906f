/* A list of what happened, oldest first. What has left its window is dropped when something is added, so that the list
 * is as long as a week of a busy CA, and its length has a limit. */

#include "daemon/budget.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/record.h"

#define BUDGET_VERSION 1
#define EVENTS_MAX     3000 /* JSON_MEMBERS_MAX */
#define KEY_MAX        ((size_t) 256)
#define HOLD_MAX_SEC   ((int64_t) 7 * SEC_PER_DAY) /* S-04 */
#define SKEW_MAX_SEC   ((int64_t) SEC_PER_DAY)
#define SET_KEY_SIZE   32

typedef enum EventKind {
        EVENT_ISSUED, /* key: the set */
        EVENT_FAILED, /* key: the name */
        EVENT_HELD,   /* key: the name or set; `at` is when it ends */
        EVENT_KIND_MAX,
} EventKind;

static const char *const kind_names[EVENT_KIND_MAX] = {
        [EVENT_ISSUED] = "issued",
        [EVENT_FAILED] = "failed",
        [EVENT_HELD] = "held",
};

typedef struct Event {
        EventKind kind;
        char *key; /* owns */
        int64_t at;
} Event;

struct Budget {
        Store *store; /* borrowed */
        char *ca;
        CaLimit limits[CA_LIMIT_MAX];
        Event *events; /* oldest first */
        size_t count;
};

Budget *budget_free(Budget *b) {
        if (!b)
                return NULL;
        for (size_t i = 0; i < b->count; i++)
                free(b->events[i].key);
        free(b->events);
        free(b->ca);
        free(b);
        return NULL;
}

/* Of a set without its key type: to a CA twins are the same (LE-07). */
static void set_key(const StringList *names, char key[SET_KEY_SIZE]) {
        (void) snprintf(key, SET_KEY_SIZE, "set:%012" PRIx64,
                        (uint64_t) record_set_of(names, NULL)); /* fits: 48 bits */
}

static void drop(Budget *b, size_t i) {
        free(b->events[i].key);
        memmove(b->events + i, b->events + i + 1, (b->count - i - 1) * sizeof b->events[0]);
        b->count--;
}

static int append(Budget *b, EventKind kind, const char *key, int64_t at) {
        Event *grown = reallocarray(b->events, b->count + 1, sizeof *grown);

        if (!grown)
                return -ENOMEM;
        b->events = grown;
        grown[b->count] = (Event){ .kind = kind, .key = strdup(key), .at = at };
        if (!grown[b->count].key)
                return -ENOMEM;
        b->count++;
        return 0;
}

/* ---- disk ---- */

static int read_event(Budget *b, const Json *j) {
        const char *what, *key;
        int64_t at;

        if (json_get_string(j, "what", &what) < 0 || json_get_string(j, "key", &key) < 0 ||
            json_get_int64(j, "at", &at) < 0 || at <= 0 || strlen(key) > KEY_MAX)
                return 0;
        for (EventKind k = 0; k < EVENT_KIND_MAX; k++)
                if (str_equal(what, kind_names[k]))
                        return append(b, k, key, at);
        return 0;
}

int budget_load(Store *store, const char *ca, Budget **ret) {
        _cleanup_(budget_freep) Budget *b = calloc(1, sizeof *b);
        _cleanup_(json_freep) Json *j = NULL;
        const Json *list;
        int r;

        if (!b)
                return -ENOMEM;
        b->store = store;
        r = str_replace(&b->ca, ca);
        if (r >= 0)
                r = store_load(store, STORE_BUDGET, ca, &j);
        if (r == -ENOMEM)
                return r;
        if (j && json_get_array(j, "events", &list) >= 0)
                for (size_t i = 0; i < json_count(list) && b->count < EVENTS_MAX; i++) {
                        r = read_event(b, json_at(list, i));
                        if (r < 0)
                                return r;
                }
        *ret = TAKE_PTR(b);
        return 0;
}

static int write_event(const Event *e, Json *list) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? json_set_string(j, "what", kind_names[e->kind]) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "key", e->key);
        if (r >= 0)
                r = json_set_int64(j, "at", e->at);
        return r < 0 ? r : json_append(list, TAKE_PTR(j));
}

static int save(const Budget *b) {
        _cleanup_(json_freep) Json *j = json_object_new(), *list = json_array_new();
        int r = j && list ? json_set_int64(j, "version", BUDGET_VERSION) : -ENOMEM;

        for (size_t i = 0; i < b->count && r >= 0; i++)
                r = write_event(&b->events[i], list);
        if (r >= 0)
                r = json_set(j, "events", TAKE_PTR(list));
        return r < 0 ? r : store_save(b->store, STORE_BUDGET, b->ca, j);
}

/* ---- counting ---- */

static const CaLimit *limit_of(const Budget *b, EventKind kind) {
        return &b->limits[kind == EVENT_ISSUED ? CA_LIMIT_DUPLICATES : CA_LIMIT_FAILURES];
}

/* What was written while the clock was wrong does not hold anything up for years. */
static bool counts(const Budget *b, const Event *e, int64_t now) {
        if (e->kind == EVENT_HELD)
                return e->at > now && e->at <= now + HOLD_MAX_SEC;
        return e->at > now - limit_of(b, e->kind)->period_sec && e->at <= now + SKEW_MAX_SEC;
}

/* At most `allowed` of this kind and key in their period: 0, or the instant from which one more fits. */
static int64_t full_until(
                const Budget *b, EventKind kind, const char *key, int64_t allowed, int64_t now) {
        int64_t found = 0;

        for (size_t i = b->count; i-- > 0;) { /* the newest first */
                const Event *e = &b->events[i];

                if (e->kind == kind && str_equal(e->key, key) && counts(b, e, now) &&
                    ++found == allowed)
                        return e->at + limit_of(b, kind)->period_sec + 1;
        }
        return 0;
}

static int64_t held_until(const Budget *b, const char *key, int64_t now) {
        int64_t until = 0;

        for (size_t i = 0; i < b->count; i++)
                if (b->events[i].kind == EVENT_HELD && str_equal(b->events[i].key, key) &&
                    counts(b, &b->events[i], now))
                        until = MAX(until, b->events[i].at);
        return until;
}

typedef struct Finding {
        int64_t until;
        BudgetReason reason;
        const char *name;
} Finding;

static void find(Finding *f, int64_t until, BudgetReason reason, const char *name) {
        if (until > f->until)
                *f = (Finding){ .until = until, .reason = reason, .name = name };
}

int64_t budget_until(
                const Budget *b,
                const BudgetWish *wish,
                int64_t now,
                BudgetReason *ret_reason,
                const char **ret_name) {
        const CaLimit *duplicates = &b->limits[CA_LIMIT_DUPLICATES];
        const CaLimit *failures = &b->limits[CA_LIMIT_FAILURES];
        Finding f = {};
        char set[SET_KEY_SIZE];

        set_key(wish->names, set);
        find(&f, held_until(b, set, now), BUDGET_HELD, NULL);
        if (duplicates->count > 0 && !wish->urgent && !wish->exempt && !wish->asked)
                find(&f,
                     full_until(b, EVENT_ISSUED, set,
                                MAX(duplicates->count - (wish->extra ? 1 : 0), 1), now),
                     BUDGET_DUPLICATES, NULL);
        for (size_t i = 0; i < wish->names->count; i++) {
                const char *name = wish->names->items[i];

                find(&f, held_until(b, name, now), BUDGET_HELD, name);
                if (failures->count > 0 && !wish->asked)
                        find(&f, full_until(b, EVENT_FAILED, name, failures->count, now),
                             BUDGET_FAILURES, name);
        }
        if (ret_reason)
                *ret_reason = f.reason;
        if (ret_name)
                *ret_name = f.name;
        return f.until > now ? f.until : 0;
}

void budget_configure(Budget *b, const CaLimit limits[CA_LIMIT_MAX]) {
        memcpy(b->limits, limits, sizeof b->limits);
}

CaLimit budget_limit(const Budget *b, CaLimitKind kind) {
        return b->limits[kind];
}

/* ---- noting ---- */

static void prune(Budget *b, int64_t now) {
        for (size_t i = b->count; i-- > 0;)
                if (!counts(b, &b->events[i], now))
                        drop(b, i);
        while (b->count >= EVENTS_MAX)
                drop(b, 0);
}

static int note(Budget *b, EventKind kind, const char *key, int64_t at, int64_t now) {
        int r;

        prune(b, now);
        r = append(b, kind, key, at);
        return r < 0 ? r : save(b);
}

int budget_issued(Budget *b, const StringList *names, int64_t now) {
        char key[SET_KEY_SIZE];

        if (b->limits[CA_LIMIT_DUPLICATES].count <= 0)
                return 0;
        set_key(names, key);
        return note(b, EVENT_ISSUED, key, now, now);
}

int budget_failed(Budget *b, const char *identifier, int64_t now) {
        if (b->limits[CA_LIMIT_FAILURES].count <= 0)
                return 0;
        return note(b, EVENT_FAILED, identifier, now, now);
}

int budget_hold_name(Budget *b, const char *identifier, int64_t until, int64_t now) {
        until = MIN(until, now + HOLD_MAX_SEC);
        if (until <= held_until(b, identifier, now) || until <= now)
                return 0;
        return note(b, EVENT_HELD, identifier, until, now);
}

int budget_hold_set(Budget *b, const StringList *names, int64_t until, int64_t now) {
        char key[SET_KEY_SIZE];

        set_key(names, key);
        return budget_hold_name(b, key, until, now);
}
