#include "daemon/watch-place.h"

#include <string.h>

#include "daemon/target-endpoint.h"

static const char *const state_names[] = {
        [WATCH_UNKNOWN] = "unknown",
        [WATCH_GOOD] = "good",
        [WATCH_UNREACHABLE] = "unreachable",
        [WATCH_WRONG] = "wrong",
};

static const InspectLevel levels[VALIDATION_MAX] = {
        [VALIDATION_LEAF] = LEVEL_STRICT, /* there is no leaf of ours to compare with */
        [VALIDATION_DISABLED] = LEVEL_DISABLED,
        [VALIDATION_BASIC] = LEVEL_BASIC,
        [VALIDATION_RECOMMENDED] = LEVEL_RECOMMENDED,
        [VALIDATION_STRICT] = LEVEL_STRICT,
};

void watch_places_done(WatchPlaces *p) {
        for (size_t i = 0; i < p->count; i++) {
                free(p->items[i].place);
                free(p->items[i].pin);
                free(p->items[i].message);
                free(p->items[i].told);
        }
        free(p->items);
        *p = (WatchPlaces){};
}

/* ---- pins ---- */

/* With Pin= that one counts; at level basic the one of the first sight, which is kept. */
static int find_pin(
                const WatchConfig *config,
                const WatchPlace *p,
                const Inspection *seen,
                Json *first_pins,
                bool *ret_pinned,
                InspectPin *ret) {
        const char *pin = config->pin;

        *ret = PIN_NONE;
        if (!pin && config->validation != VALIDATION_BASIC)
                return 0;
        if (!pin && json_get_string(first_pins, p->place, &pin) < 0) {
                *ret = PIN_SAME;
                *ret_pinned = true;
                return json_set_string(first_pins, p->place, p->pin);
        }
        *ret = inspection_matches_pin(seen, pin) ? PIN_SAME : PIN_OTHER;
        return 0;
}

/* ---- the judgement ---- */

/* All faults in one line; else what is worth knowing of its end. */
static int describe(WatchPlace *p, const Inspection *seen) {
        _cleanup_(bytes_done) Bytes text = {};
        int r = 0;

        for (size_t i = 0; i < seen->finding_count && r >= 0; i++) {
                const Finding *f = &seen->findings[i];

                if (f->fault || f->kind == FINDING_EXPIRES_SOON)
                        r = bytes_printf(&text, "%s%s", text.size ? "; " : "", f->text);
        }
        if (r < 0 || text.size == 0)
                return r;
        p->message = bytes_take_text(&text);
        return p->message ? 0 : -ENOMEM;
}

static int take_seen(
                WatchPlace *p,
                const WatchConfig *config,
                Inspection *seen,
                Json *first_pins,
                bool *ret_pinned) {
        InspectPin pin;
        int r;

        p->signer = seen->signer;
        memcpy(p->leaf, seen->certificates[0].sha256, sizeof(p->leaf));
        p->not_after = seen->certificates[0].not_after;
        r = str_replace(&p->pin, seen->certificates[0].pin);
        if (r >= 0)
                r = find_pin(config, p, seen, first_pins, ret_pinned, &pin);
        if (r >= 0)
                r = inspection_judge(seen, levels[config->validation], pin);
        if (r < 0)
                return r;
        p->state = inspection_is_good(seen) ? WATCH_GOOD : WATCH_WRONG;
        return describe(p, seen);
}

static int judge(
                WatchPlace *p,
                const WatchConfig *config,
                const ProbeConfig *probe,
                const ProbeResult *result,
                const Bytes *roots,
                int64_t now,
                Json *first_pins,
                bool *ret_pinned) {
        _cleanup_(inspection_done) Inspection seen = {};
        Bytes chain = { .data = (uint8_t *) result->chain_pem }; /* borrows */
        const char *name = config->server_name;
        int r;

        if (result->outcome != PROBE_SERVED || !result->chain_pem) {
                p->state = result->outcome == PROBE_UNREACHABLE ? WATCH_UNREACHABLE : WATCH_WRONG;
                return str_replace(
                                &p->message,
                                result->detail && *result->detail ? result->detail : "no answer");
        }
        if (!name && !identifier_is_ip(probe->host))
                name = probe->host;
        chain.size = strlen(result->chain_pem);
        r = inspect(&(InspectInput){ .data = &chain,
                                     .served = true,
                                     .name = name,
                                     .roots = roots,
                                     .now = now },
                    &seen);
        if (r < 0)
                return r;
        if (seen.count > 0)
                return take_seen(p, config, &seen, first_pins, ret_pinned);
        p->state = WATCH_WRONG;
        return str_replace(&p->message, "its certificate cannot be read");
}

int watch_places_judge(
                WatchPlaces *p,
                const WatchConfig *config,
                const ProbeConfig *probe,
                const ProbeResult *results,
                size_t count,
                const Bytes *roots,
                int64_t now,
                Json *first_pins,
                bool *ret_pinned) {
        for (size_t i = 0; i < count; i++) {
                WatchPlace *grown = reallocarray(p->items, p->count + 1, sizeof *grown);
                int r;

                if (!grown)
                        return -ENOMEM;
                p->items = grown;
                grown += p->count++;
                *grown = (WatchPlace){};
                r = target_endpoint_place(probe, results[i].address, &grown->place);
                if (r >= 0)
                        r = judge(grown, config, probe, &results[i], roots, now, first_pins,
                                  ret_pinned);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- shown ---- */

int watch_place_json(const WatchPlace *p, const char *watch, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? json_set_string(j, "name", watch) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "endpoint", p->place);
        if (r >= 0)
                r = json_set_string(j, "state", state_names[p->state]);
        if (r >= 0 && p->leaf[0])
                r = json_set_string(j, "signer", inspect_signer_to_string(p->signer));
        if (r >= 0 && p->leaf[0])
                r = json_set_string(j, "leaf", p->leaf);
        if (r >= 0)
                r = json_set_int64(j, "not_after", p->not_after);
        if (r >= 0 && p->pin)
                r = json_set_string(j, "pin", p->pin);
        if (r >= 0 && p->message)
                r = json_set_string(j, "message", p->message);
        if (r >= 0)
                *ret = TAKE_PTR(j);
        return r;
}
