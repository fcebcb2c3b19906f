/* What became of the attempts since the last certificate: at the first CA (the members of the record itself, as it was
 * before there were several), at its fallbacks, and the optional names that were left out. */

#include <string.h>

#include "daemon/record-internal.h"

void record_left_out_done(RecordLeftOut *l) {
        string_list_done(&l->names);
        free(l->why);
        *l = (RecordLeftOut){};
}

static void fallbacks_done(Record *r) {
        for (size_t i = 0; i < r->fallback_count; i++)
                free(r->fallbacks[i].ca);
        r->fallback_count = 0;
}

void record_round_done(Record *r) {
        fallbacks_done(r);
        record_left_out_done(&r->left_out);
}

/* ---- tries ---- */

static const RecordFallback *find(const Record *r, const char *ca) {
        for (size_t i = 0; i < r->fallback_count; i++)
                if (str_equal(r->fallbacks[i].ca, ca))
                        return &r->fallbacks[i];
        return NULL;
}

RecordTries record_tries_at(const Record *r, const char *ca, const char *first) {
        const RecordFallback *f;

        if (str_equal(ca, first))
                return r->tries;
        f = find(r, ca);
        return f ? f->tries : (RecordTries){};
}

int record_set_tries_at(Record *r, const char *ca, const char *first, RecordTries tries) {
        RecordFallback *f;

        if (str_equal(ca, first)) {
                r->tries = tries;
                return 0;
        }
        f = (RecordFallback *) find(r, ca);
        if (!f) {
                if (r->fallback_count == RECORD_FALLBACKS_MAX)
                        return -ENOSPC;
                f = &r->fallbacks[r->fallback_count];
                *f = (RecordFallback){ .ca = strdup(ca) };
                if (!f->ca)
                        return -ENOMEM;
                r->fallback_count++;
        }
        f->tries = tries;
        return 0;
}

int64_t record_failures(const Record *r) {
        int64_t n = r->tries.failures;

        for (size_t i = 0; i < r->fallback_count; i++)
                n += r->fallbacks[i].tries.failures;
        return n;
}

void record_forget_tries(Record *r) {
        fallbacks_done(r);
        r->tries = (RecordTries){};
        r->quota = (RetryQuota){};
}

/* ---- reading ---- */

static RecordTries read_tries(const Json *j) {
        return (RecordTries){
                .failures = record_read_number(j, "failures", RECORD_FAILURES_MAX),
                .since = record_read_number(j, "trouble_since", INT64_MAX),
                .next_attempt = record_read_number(j, "next_attempt", INT64_MAX),
                .retry_after = record_read_number(j, "retry_after", INT64_MAX),
        };
}

static int read_fallbacks(const Json *record, Record *ret) {
        const Json *list;
        int r;

        if (json_get_array(record, "fallbacks", &list) < 0)
                return 0;
        for (size_t i = 0; i < json_count(list); i++) {
                const Json *j = json_at(list, i);
                _cleanup_free_ char *ca = NULL;

                r = record_read_text(j, "ca", &ca);
                if (r >= 0 && ca)
                        r = record_set_tries_at(ret, ca, NULL, read_tries(j));
                if (r == -ENOMEM)
                        return r;
        }
        return 0;
}

static int read_left_out(const Json *record, RecordLeftOut *l) {
        const Json *j;
        int r;

        if (json_get_object(record, "left_out", &j) < 0)
                return 0;
        r = record_read_names(j, &l->names);
        if (r >= 0)
                r = record_read_text(j, "why", &l->why);
        l->at = record_read_number(j, "at", INT64_MAX);
        l->ask_at = record_read_number(j, "ask_at", INT64_MAX);
        return r;
}

int record_read_round(const Json *record, Record *ret) {
        int r;

        ret->tries = read_tries(record);
        ret->quota.first = record_read_number(record, "failing_since", INT64_MAX);
        ret->quota.recent[0] = record_read_number(record, "failed_before", INT64_MAX);
        ret->quota.recent[1] = record_read_number(record, "failed_last", INT64_MAX);
        r = read_fallbacks(record, ret);
        return r < 0 ? r : read_left_out(record, &ret->left_out);
}

/* ---- writing ---- */

static int write_tries(Json *j, const RecordTries *t) {
        int r;

        r = json_set_int64(j, "failures", t->failures);
        if (r >= 0)
                r = json_set_int64(j, "trouble_since", t->since);
        if (r >= 0)
                r = json_set_int64(j, "next_attempt", t->next_attempt);
        return r < 0 ? r : json_set_int64(j, "retry_after", t->retry_after);
}

static int write_fallbacks(Json *record, const Record *rec) {
        _cleanup_(json_freep) Json *list = json_array_new();
        int r = list ? 0 : -ENOMEM;

        (void) json_remove(record, "fallbacks"); /* -ENOENT: as it shall be */
        if (rec->fallback_count == 0)
                return r;
        for (size_t i = 0; i < rec->fallback_count && r >= 0; i++) {
                _cleanup_(json_freep) Json *j = json_object_new();

                r = j ? json_set_string(j, "ca", rec->fallbacks[i].ca) : -ENOMEM;
                if (r >= 0)
                        r = write_tries(j, &rec->fallbacks[i].tries);
                if (r >= 0)
                        r = json_append(list, TAKE_PTR(j));
        }
        return r < 0 ? r : json_set(record, "fallbacks", TAKE_PTR(list));
}

static int write_left_out(Json *record, const RecordLeftOut *l) {
        _cleanup_(json_freep) Json *j = NULL;
        int r;

        (void) json_remove(record, "left_out");
        if (l->names.count == 0)
                return 0;
        j = json_object_new();
        r = j ? record_write_names(j, &l->names) : -ENOMEM;
        if (r >= 0)
                r = record_write_text(j, "why", l->why);
        if (r >= 0)
                r = json_set_int64(j, "at", l->at);
        if (r >= 0)
                r = json_set_int64(j, "ask_at", l->ask_at);
        return r < 0 ? r : json_set(record, "left_out", TAKE_PTR(j));
}

int record_write_round(Json *record, const Record *rec) {
        int r;

        r = write_tries(record, &rec->tries);
        if (r >= 0)
                r = json_set_int64(record, "failing_since", rec->quota.first);
        if (r >= 0)
                r = json_set_int64(record, "failed_before", rec->quota.recent[0]);
        if (r >= 0)
                r = json_set_int64(record, "failed_last", rec->quota.recent[1]);
        if (r >= 0)
                r = write_fallbacks(record, rec);
        return r < 0 ? r : write_left_out(record, &rec->left_out);
}
