#pragma once

/* Which CA of an ordered list is asked next, and when (CA-03, T-13). Pure. */

#include "base/base.h"

#define CA_CHOICE_FAILURES 3 /* failed attempts after which the next one is asked as well */

/* What became of one CA since the last certificate came. */
typedef struct CaTries {
        int64_t failures;     /* in a row, that cost an attempt */
        int64_t since;        /* of the first trouble, also one that cost nothing; 0: none */
        int64_t next_attempt; /* not before; 0 */
        int64_t held_until;   /* nobody asks it before; 0 */
} CaTries;

typedef struct CaChoiceFacts {
        const CaTries *tries; /* preferred first */
        size_t count;         /* ≥ 1 */
        bool missing;         /* there is no certificate yet: somebody waits */
        bool urgent;          /* about to expire, or expired */
        int64_t lifetime_sec; /* 0: not known */
        int64_t now;
} CaChoiceFacts;

typedef struct CaChoice {
        size_t index;
        int64_t at;    /* when it may be asked; 0: now */
        int64_t widen; /* when one more may be asked, as time goes on; 0: not by time alone */
} CaChoice;

/* The first is asked until it is given up: three failed attempts, or trouble (also a hold) that lasts for six hours, a
 * quarter of an hour when there is no certificate at all, less for short lives; in urgent need after one failure or five
 * minutes. Then the next one is asked as well, and of those that may be asked whichever may first. */
/* How long trouble may last before the next one is asked. */
int64_t ca_patience(const CaChoiceFacts *f);

CaChoice ca_choose(const CaChoiceFacts *f);
