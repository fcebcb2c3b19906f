#pragma once

/* Why an attempt ended without a certificate, from whichever part: order machine, account, signer. */

#include "acme/problem.h"

typedef struct Failure {
        ProblemClass class;
        ProblemPlace place;
        Problem problem;         /* type PROBLEM_NONE and status 0 when the CA said nothing */
        char *message;           /* one sentence, escaped; owns */
        char *identifier;        /* the name at fault; owns, may be NULL */
        int64_t retry_after_sec; /* of the CA; 0: none */
        bool order_dead;         /* the order's URL is of no use any more */
} Failure;

void failure_done(Failure *f);
int failure_copy(const Failure *f, Failure *ret);

/* Replaces what is in *f. */
int failure_set(Failure *f, ProblemClass class, ProblemPlace place, const char *format, ...)
                _printf_(4, 5);

/* Of an answer that is not good: status and body. */
int failure_from_answer(
                Failure *f,
                ProblemPlace place,
                long status,
                const void *body,
                size_t size,
                int64_t retry_after_sec);

const char *problem_class_to_string(ProblemClass c); /* "later", "order" … */
