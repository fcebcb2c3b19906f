#include "daemon/watch.h"

#include <string.h>

#include "base/log.h"
#include "base/message-id.h"
#include "daemon/watch-place.h"
#include "probe/roots.h"

#define PROBE_LIMIT_SEC 10 /* of one handshake */
#define FIRST_LOOK_SEC  30 /* spread over so much, so that a start is no burst */

typedef struct Watch {
        const Watches *all;
        const WatchConfig *config; /* borrows */
        size_t next_probe;         /* of the look that is under way */
        WatchPlaces places, seen;  /* as last seen; those that the look has come to */
        Json *pins;                /* of the first sight; NULL: not read yet */
        bool pinned;               /* they changed in this look */
        Bytes roots;               /* PEM of the trusted ones, during a look */
        Slot *slot;
        ProberCall *call;
        Timer *timer;
} Watch;

struct Watches {
        WatchesOwner owner;
        Watch **items; /* owns; in the order of the configuration */
        size_t count;
};

static void look(void *userdata);

static void watch_stop(Watch *w) {
        w->call = prober_call_free(w->call);
        w->slot = slot_free(w->slot);
        w->timer = timer_free(w->timer);
        watch_places_done(&w->seen);
        bytes_done(&w->roots);
}

static Watch *watch_free(Watch *w) {
        if (!w)
                return NULL;
        watch_stop(w);
        watch_places_done(&w->places);
        w->pins = json_free(w->pins);
        free(w);
        return NULL;
}

static void watch_plan(Watch *w, int64_t sec) {
        Loop *loop = w->all->owner.engine->loop;

        w->timer = timer_free(w->timer);
        /* Without memory for it the next configuration looks again. */
        (void) loop_timer_after(loop, (usec_t) sec * USEC_PER_SEC, look, w, &w->timer);
}

/* ---- what was seen ---- */

static void inherit(WatchPlaces *p, WatchPlaces *former) {
        for (size_t i = 0; i < p->count; i++)
                for (size_t k = 0; k < former->count; k++)
                        if (str_equal(p->items[i].place, former->items[k].place))
                                p->items[i].told = TAKE_PTR(former->items[k].told);
}

/* Once for each way of being wrong, and once when it is well again. */
static void tell(const Watch *w, WatchPlace *p) {
        LogFields fields = {
                .endpoint = p->place,
                .message_id = p->state == WATCH_WRONG ? MESSAGE_SERVED_WRONG : MESSAGE_SERVED_WELL,
        };

        if (p->state == WATCH_WRONG && !str_equal(p->told, p->message)) {
                (void) str_replace(&p->told, p->message); /* else it is told again */
                log_message(LOG_WARNING, &fields, "watch %s: wrong certificate at %s: %s",
                            w->config->name, p->place, p->message ? p->message : "");
        } else if (p->state == WATCH_GOOD && p->told) {
                (void) str_replace(&p->told, NULL);
                log_message(LOG_NOTICE, &fields, "watch %s: the certificate at %s is well again",
                            w->config->name, p->place);
        }
}

static void conclude(Watch *w) {
        const WatchesOwner *owner = &w->all->owner;

        inherit(&w->seen, &w->places);
        watch_places_done(&w->places);
        w->places = w->seen;
        w->seen = (WatchPlaces){};
        w->slot = slot_free(w->slot);
        for (size_t i = 0; i < w->places.count; i++)
                tell(w, &w->places.items[i]);
        if (w->pinned &&
            store_save(owner->engine->store, STORE_WATCH, w->config->name, w->pins) < 0)
                log_warning("watch %s: the pins cannot be kept", w->config->name);
        w->pinned = false;
        bytes_done(&w->roots);
        watch_plan(w, w->config->every_sec);
        owner->changed(owner->userdata);
}

/* ---- looking ---- */

static void shake(void *userdata);

static void on_result(const ProbeResult *results, size_t count, void *userdata) {
        Watch *w = userdata;
        ValidationRules rules = {
                .level = w->config->validation,
                .name = w->config->server_name,
                .pin = w->config->pin,
                .roots = &w->roots,
                .now = loop_wall_sec(w->all->owner.engine->loop),
                .pins = w->pins,
                .pinned = &w->pinned,
        };
        int r;

        w->call = prober_call_free(w->call);
        r = watch_places_judge(&w->seen, &w->config->probes[w->next_probe], results, count, &rules);
        if (r < 0)
                log_warning("watch %s: %s", w->config->name, errno_text(r));
        if (++w->next_probe < w->config->probe_count)
                shake(w);
        else
                conclude(w);
}

static void shake(void *userdata) {
        Watch *w = userdata;
        const ProbeConfig *p = &w->config->probes[w->next_probe];
        ProbeEndpoint endpoint = {
                .host = p->host,
                .port = p->port,
                .server_name = w->config->server_name,
                .protocol = p->protocol,
        };

        if (!endpoint.server_name && !identifier_is_ip(p->host))
                endpoint.server_name = p->host;
        if (prober_start(w->all->owner.engine->prober, &endpoint, PROBE_LIMIT_SEC, on_result, w,
                         &w->call) < 0)
                conclude(w);
}

static int read_pins(Watch *w) {
        int r;

        if (w->pins)
                return 0;
        r = store_load(w->all->owner.engine->store, STORE_WATCH, w->config->name, &w->pins);
        if (r >= 0)
                return 0;
        /* One that was damaged is set aside: the next sight is a first one again, and said by the store. */
        w->pins = json_object_new();
        return w->pins ? 0 : -ENOMEM;
}

static void read_roots(Watch *w) {
        int r;

        w->roots = (Bytes){ .limit = PROBE_ROOTS_MAX };
        r = probe_roots(w->config->bundle, &w->roots);
        if (r < 0) /* then nothing is trusted */
                log_warning("watch %s: the trusted roots cannot be read: %s", w->config->name,
                            errno_text(r));
}

static void look(void *userdata) {
        Watch *w = userdata;
        int r;

        watch_stop(w);
        w->next_probe = 0;
        read_roots(w);
        r = read_pins(w);
        if (r >= 0)
                r = slot_take(w->all->owner.prober, shake, w, &w->slot);
        if (r < 0)
                watch_plan(w, w->config->every_sec);
        else if (r > 0)
                shake(w);
}

/* ---- the configuration ---- */

static bool same(const WatchConfig *a, const WatchConfig *b) {
        return probe_configs_same(a->probes, a->probe_count, b->probes, b->probe_count) &&
               str_equal(a->server_name, b->server_name) && a->validation == b->validation &&
               str_equal(a->pin, b->pin) && str_equal(a->bundle, b->bundle) &&
               a->every_sec == b->every_sec;
}

static Watch *take_former(Watches *all, const char *name) {
        for (size_t i = 0; i < all->count; i++)
                if (all->items[i] && str_equal(all->items[i]->config->name, name))
                        return TAKE_PTR(all->items[i]);
        return NULL;
}

/* The place of the old configuration is taken before the old one goes. */
static int configure_one(Watches *all, const WatchConfig *config, Watch **ret) {
        Watch *w = take_former(all, config->name);
        bool is_same = w && same(w->config, config);

        if (!w)
                w = calloc(1, sizeof *w);
        if (!w)
                return -ENOMEM;
        w->all = all;
        w->config = config;
        *ret = w;
        if (is_same)
                return 0;
        watch_stop(w);
        watch_plan(w, 1 + loop_random(all->owner.engine->loop) % FIRST_LOOK_SEC);
        return 0;
}

int watches_configure(Watches *w, const Config *config) {
        Watch **items = calloc(MAX(config->watch_count, (size_t) 1), sizeof(Watch *));
        size_t count = 0;
        int r = items ? 0 : -ENOMEM;

        for (size_t i = 0; i < config->watch_count && r >= 0; i++) {
                r = configure_one(w, &config->watches[i], &items[count]);
                if (r >= 0)
                        count++;
        }
        for (size_t i = 0; i < w->count; i++) /* none may keep the old configuration */
                (void) watch_free(w->items[i]);
        free(w->items);
        w->items = items;
        w->count = count;
        return r;
}

int watches_new(const WatchesOwner *owner, Watches **ret) {
        Watches *w = calloc(1, sizeof *w);

        if (!w)
                return -ENOMEM;
        w->owner = *owner;
        *ret = w;
        return 0;
}

Watches *watches_free(Watches *w) {
        if (!w)
                return NULL;
        for (size_t i = 0; i < w->count; i++)
                (void) watch_free(w->items[i]);
        free(w->items);
        free(w);
        return NULL;
}

/* ---- shown ---- */

bool watches_are_good(const Watches *w) {
        for (size_t i = 0; i < w->count; i++)
                for (size_t k = 0; k < w->items[i]->places.count; k++)
                        if (w->items[i]->places.items[k].state == WATCH_WRONG)
                                return false;
        return true;
}

int watches_problems(const Watches *w, StringList *ret) {
        int r = 0;

        for (size_t i = 0; i < w->count; i++)
                for (size_t k = 0; k < w->items[i]->places.count && r >= 0; k++) {
                        const WatchPlace *p = &w->items[i]->places.items[k];
                        _cleanup_free_ char *text = NULL;

                        if (p->state != WATCH_WRONG)
                                continue;
                        r = str_printf(&text, "watch %s: wrong certificate at %s: %s",
                                       w->items[i]->config->name, p->place,
                                       p->message ? p->message : "");
                        if (r >= 0)
                                r = string_list_add(ret, text);
                }
        return r;
}

static int append_places(const Watch *w, Json *list) {
        WatchPlace unseen = { .place = (char *) "" }; /* borrows */
        size_t n = w->places.count;
        int r = 0;

        for (size_t i = 0; i < MAX(n, (size_t) 1) && r >= 0; i++) {
                Json *j = NULL;

                r = watch_place_json(n > 0 ? &w->places.items[i] : &unseen, w->config->name, &j);
                if (r >= 0)
                        r = json_append(list, j);
        }
        return r;
}

int watches_json(const Watches *w, Json **ret) {
        _cleanup_(json_freep) Json *list = json_array_new();
        int r = list ? 0 : -ENOMEM;

        for (size_t i = 0; i < w->count && r >= 0; i++)
                r = append_places(w->items[i], list);
        if (r >= 0)
                *ret = TAKE_PTR(list);
        return r;
}

int watches_forget_pins(Watches *w, const char *name) {
        for (size_t i = 0; i < w->count; i++) {
                Watch *one = w->items[i];
                int r;

                if (!str_equal(one->config->name, name))
                        continue;
                one->pins = json_free(one->pins);
                one->pins = json_object_new();
                r = one->pins ? store_save(w->owner.engine->store, STORE_WATCH, name, one->pins)
                              : -ENOMEM;
                look(one);
                return r;
        }
        return -ENOENT;
}
