#include "daemon/validation.h"

#include <string.h>

static const InspectLevel levels[VALIDATION_MAX] = {
        [VALIDATION_LEAF] = LEVEL_STRICT,   [VALIDATION_DISABLED] = LEVEL_DISABLED,
        [VALIDATION_BASIC] = LEVEL_BASIC,   [VALIDATION_RECOMMENDED] = LEVEL_RECOMMENDED,
        [VALIDATION_STRICT] = LEVEL_STRICT,
};

/* What is seen first is pinned even where a trusted CA vouches for it: a pin is asked for only where none does, and a
 * certificate that nobody vouches for must not take the place of a trusted one unseen. */
static int find_pin(
                const ValidationRules *rules,
                const char *place,
                const Inspection *seen,
                InspectPin *ret) {
        const char *pin = rules->pin;

        *ret = PIN_NONE;
        if (!pin && rules->level != VALIDATION_BASIC)
                return 0;
        if (!pin && json_get_string(rules->pins, place, &pin) < 0) {
                *ret = PIN_SAME;
                *rules->pinned = true;
                return json_set_string(rules->pins, place, seen->certificates[0].pin);
        }
        *ret = inspection_matches_pin(seen, pin) ? PIN_SAME : PIN_OTHER;
        return 0;
}

int validation_judge(
                const ValidationRules *rules,
                const char *place,
                const char *chain_pem,
                Inspection *ret) {
        Bytes chain = { .data = (uint8_t *) chain_pem, .size = strlen(chain_pem) }; /* borrows */
        InspectInput input = {
                .data = &chain,
                .served = true,
                .name = rules->name,
                .roots = rules->roots,
                .now = rules->now,
        };
        InspectPin pin;
        int r;

        r = inspect(&input, ret);
        if (r < 0 || ret->count == 0)
                return r;
        r = find_pin(rules, place, ret, &pin);
        return r < 0 ? r : inspection_judge(ret, levels[rules->level], pin);
}
