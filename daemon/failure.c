#include "daemon/failure.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/strings.h"

#define FOREIGN_SHOWN_MAX ((size_t) 200)

static const char *const class_names[CLASS_MAX] = {
        [CLASS_RETRY] = "retry",     [CLASS_LATER] = "later",
        [CLASS_ORDER] = "order",     [CLASS_PARK] = "park",
        [CLASS_DONE] = "done",       [CLASS_BUG] = "bug",
        [CLASS_ACCOUNT] = "account", [CLASS_UNREACHABLE] = "unreachable",
};

static const char *const place_texts[PLACE_MAX] = {
        [PLACE_DIRECTORY] = "the CA's directory cannot be read",
        [PLACE_NONCE] = "the CA gives no nonce",
        [PLACE_NEW_ACCOUNT] = "the CA refused the account",
        [PLACE_NEW_ORDER] = "the CA refused the order",
        [PLACE_AUTHORIZATION] = "the CA refused the authorization",
        [PLACE_CHALLENGE] = "the CA could not validate the name",
        [PLACE_CHALLENGE_POST] = "the CA refused the challenge",
        [PLACE_ORDER] = "the order failed at the CA",
        [PLACE_FINALIZE] = "the CA refused to issue",
        [PLACE_CERTIFICATE] = "the certificate could not be fetched",
        [PLACE_REVOCATION] = "the CA refused the revocation",
};

const char *problem_class_to_string(ProblemClass c) {
        return (unsigned) c < CLASS_MAX ? class_names[c] : "bug";
}

void failure_done(Failure *f) {
        problem_done(&f->problem);
        free(f->message);
        free(f->identifier);
        *f = (Failure){};
}

int failure_copy(const Failure *f, Failure *ret) {
        _cleanup_(failure_done) Failure copy = {
                .class = f->class,
                .place = f->place,
                .retry_after_sec = f->retry_after_sec,
                .order_dead = f->order_dead,
        };
        int r;

        r = problem_copy(&f->problem, &copy.problem);
        if (r < 0)
                return r;
        r = str_replace(&copy.message, f->message);
        if (r < 0)
                return r;
        r = str_replace(&copy.identifier, f->identifier);
        if (r < 0)
                return r;
        *ret = copy;
        copy = (Failure){};
        return 0;
}

int failure_set(Failure *f, ProblemClass class, ProblemPlace place, const char *format, ...) {
        char *message = NULL;
        va_list args;
        int r;

        va_start(args, format);
        r = vasprintf(&message, format, args);
        va_end(args);
        if (r < 0)
                return -ENOMEM;
        failure_done(f);
        *f = (Failure){ .class = class, .place = place, .message = message };
        return 0;
}

/* the beginning of what a proxy or a firewall answered in the CA's place, on one line. */
static int show_foreign(const char *body, size_t size, char **ret) {
        char line[FOREIGN_SHOWN_MAX + 1];
        size_t n = 0;

        for (size_t i = 0; i < size && n < FOREIGN_SHOWN_MAX; i++) {
                bool space = (unsigned char) body[i] <= ' ';

                if (!space)
                        line[n++] = body[i];
                else if (n > 0 && line[n - 1] != ' ')
                        line[n++] = ' ';
        }
        line[n] = '\0';
        *ret = str_escape(line, FOREIGN_SHOWN_MAX);
        return *ret ? 0 : -ENOMEM;
}

static const char *words_of(const Problem *p, bool foreign) {
        const char *type = problem_type_to_string(p->type);

        if (type[0])
                return type;
        if (foreign)
                return "not an ACME answer";
        return p->type_text ? p->type_text : "no reason given";
}

int failure_from_answer(
                Failure *f,
                ProblemPlace place,
                long status,
                const void *body,
                size_t size,
                int64_t retry_after_sec) {
        _cleanup_(json_freep) Json *j = NULL;
        Problem p = { .status = status };
        const char *advice;
        bool foreign;
        int r;

        r = body && size > 0 ? json_parse(body, size, &j) : 0;
        if (r == -ENOMEM)
                return r;
        foreign = r < 0;
        if (foreign)
                r = show_foreign(body, size, &p.detail);
        else if (j)
                r = problem_parse(j, status, &p);
        if (r == -ENOMEM)
                return r;
        advice = problem_advice(&p, place);
        r = failure_set(f, problem_classify(&p, place), place, "%s: '%s' (HTTP %ld)%s%s%s%s",
                        place_texts[place], words_of(&p, foreign), status, p.detail ? ": " : "",
                        p.detail ? p.detail : "", advice[0] ? "; " : "", advice);
        if (r < 0) {
                problem_done(&p);
                return r;
        }
        f->problem = p;
        f->retry_after_sec = MAX(retry_after_sec, 0);
        return 0;
}
