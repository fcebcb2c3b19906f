#pragma once

/* The judgement of a certificate that some place shows, by a level of Validation=. */

#include "acme/inspect.h"
#include "base/json.h"
#include "config/config.h"

/* All is borrowed. */
typedef struct ValidationRules {
        Validation level; /* VALIDATION_LEAF judges as strict: there is no leaf of ours to compare with */
        const char *name;   /* asked for; may be NULL */
        const char *pin;    /* Pin=; may be NULL: at level basic that of the first sight counts */
        const Bytes *roots; /* PEM of the trusted ones; may be NULL: none */
        int64_t now;
        Json *pins;   /* place → pin of the first sight at level basic; a new one is added … */
        bool *pinned; /* … and this is set; it asks to be kept on disk */
} ValidationRules;

/* *ret: what is in the chain (PEM, in the order in which it was sent) and what is wrong with it at this level; nothing
 * where it cannot be read (count 0). For inspection_done(). */
int validation_judge(
                const ValidationRules *rules,
                const char *place,
                const char *chain_pem,
                Inspection *ret);
