#include "daemon/watch-place.h"

#include <string.h>

#include "daemon/target-endpoint.h"

static const char *const state_names[] = {
        [WATCH_UNKNOWN] = "unknown",
        [WATCH_GOOD] = "good",
        [WATCH_UNREACHABLE] = "unreachable",
        [WATCH_WRONG] = "wrong",
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

static int take_seen(WatchPlace *p, const Inspection *seen) {
        const InspectedCertificate *leaf = &seen->certificates[0];

        if (seen->count == 0) {
                p->state = WATCH_WRONG;
                return str_replace(&p->message, "its certificate cannot be read");
        }
        p->signer = seen->signer;
        memcpy(p->leaf, leaf->sha256, sizeof(p->leaf));
        p->not_after = leaf->not_after;
        p->state = inspection_is_good(seen) ? WATCH_GOOD : WATCH_WRONG;
        if (str_replace(&p->pin, leaf->pin) < 0)
                return -ENOMEM;
        return describe(p, seen);
}

static int judge(WatchPlace *p, const ProbeResult *result, const ValidationRules *rules) {
        _cleanup_(inspection_done) Inspection seen = {};
        int r;

        if (result->outcome != PROBE_SERVED || !result->chain_pem) {
                p->state = result->outcome == PROBE_UNREACHABLE ? WATCH_UNREACHABLE : WATCH_WRONG;
                return str_replace(
                                &p->message,
                                result->detail && *result->detail ? result->detail : "no answer");
        }
        r = validation_judge(rules, p->place, result->chain_pem, &seen);
        return r < 0 ? r : take_seen(p, &seen);
}

int watch_places_judge(
                WatchPlaces *p,
                const ProbeConfig *probe,
                const ProbeResult *results,
                size_t count,
                const ValidationRules *rules) {
        ValidationRules named = *rules;

        if (!named.name && !identifier_is_ip(probe->host))
                named.name = probe->host;
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
                        r = judge(grown, &results[i], &named);
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
