#include "daemon/record-internal.h"

#define MESSAGE_MAX ((size_t) 2048)
#define NAMES_LIMIT 1000

void record_attempt_done(RecordAttempt *a) {
        free(a->id);
        string_list_done(&a->names);
        free(a->ca);
        free(a->key_type);
        free(a->account);
        free(a->request);
        free(a->spki);
        free(a->profile);
        (void) json_free(a->order);
        *a = (RecordAttempt){};
}

void record_current_done(RecordCurrent *c) {
        free(c->leaf);
        string_list_done(&c->names);
        free(c->ca);
        free(c->key_type);
        free(c->attempt);
        free(c->account);
        free(c->profile);
        free(c->request);
        *c = (RecordCurrent){};
}

void record_error_done(RecordError *e) {
        free(e->message);
        free(e->class);
        free(e->type);
        *e = (RecordError){};
}

void record_done(Record *r) {
        (void) json_free(r->raw);
        record_attempt_done(&r->attempt);
        record_current_done(&r->current);
        string_list_done(&r->revoked);
        record_error_done(&r->error);
        record_renewal_done(&r->renewal);
        record_round_done(r);
        *r = (Record){};
}

/* ---- reading: what does not fit is as if absent ---- */

int record_read_text(const Json *j, const char *key, char **ret) {
        const char *text;

        if (json_get_string(j, key, &text) < 0)
                return 0;
        *ret = str_escape(text, MESSAGE_MAX); /* the file may have been edited */
        return *ret ? 0 : -ENOMEM;
}

int64_t record_read_number(const Json *j, const char *key, int64_t max) {
        int64_t n;

        if (json_get_int64(j, key, &n) < 0 || n < 0)
                return 0;
        return MIN(n, max);
}

bool record_read_bool(const Json *j, const char *key) {
        bool b = false;

        (void) json_get_bool(j, key, &b); /* absent: false */
        return b;
}

static int read_texts(const Json *j, const char *key, size_t max, StringList *ret) {
        const Json *list;
        int r = 0;

        if (json_get_array(j, key, &list) < 0)
                return 0;
        for (size_t i = 0; i < json_count(list) && i < max && r >= 0; i++) {
                const char *text = json_string_value(json_at(list, i));

                r = text ? string_list_add(ret, text) : 0;
        }
        return r;
}

int record_read_names(const Json *j, StringList *ret) {
        int r;

        r = read_texts(j, "names", NAMES_LIMIT, ret);
        if (r >= 0)
                string_list_sort_unique(ret);
        return r;
}

static int read_attempt(const Json *record, RecordAttempt *a) {
        const Json *j, *order;
        int r;

        if (json_get_object(record, "attempt", &j) < 0)
                return 0;
        r = record_read_text(j, "id", &a->id);
        if (r < 0 || !a->id)
                return r;
        r = record_read_names(j, &a->names);
        if (r >= 0)
                r = record_read_text(j, "ca", &a->ca);
        if (r >= 0)
                r = record_read_text(j, "key_type", &a->key_type);
        if (r >= 0)
                r = record_read_text(j, "account", &a->account);
        if (r >= 0)
                r = record_read_text(j, "request", &a->request);
        if (r >= 0)
                r = record_read_text(j, "spki", &a->spki);
        if (r >= 0)
                r = record_read_text(j, "profile", &a->profile);
        if (r < 0)
                return r;
        a->at = record_read_number(j, "at", INT64_MAX);
        a->csr = record_read_bool(j, "csr");
        a->repeated = record_read_bool(j, "repeated");
        if (json_get_object(j, "order", &order) < 0)
                return 0;
        a->order = json_copy(order);
        return a->order ? 0 : -ENOMEM;
}

static int read_current(const Json *record, RecordCurrent *c) {
        const Json *j;
        int r;

        if (json_get_object(record, "current", &j) < 0)
                return 0;
        r = record_read_text(j, "leaf", &c->leaf);
        if (r >= 0)
                r = record_read_names(j, &c->names);
        if (r >= 0)
                r = record_read_text(j, "ca", &c->ca);
        if (r >= 0)
                r = record_read_text(j, "key_type", &c->key_type);
        if (r >= 0)
                r = record_read_text(j, "attempt", &c->attempt);
        if (r >= 0)
                r = record_read_text(j, "request", &c->request);
        if (r >= 0)
                r = record_read_text(j, "account", &c->account);
        if (r >= 0)
                r = record_read_text(j, "profile", &c->profile);
        c->at = record_read_number(j, "at", INT64_MAX);
        c->unusable = record_read_bool(j, "unusable");
        c->unwanted = record_read_bool(j, "unwanted");
        c->imported = record_read_bool(j, "imported");
        c->former_not_after = record_read_number(j, "former_not_after", INT64_MAX);
        c->oldest_not_after = record_read_number(j, "oldest_not_after", INT64_MAX);
        return r;
}

static int read_error(const Json *record, RecordError *e) {
        const Json *j;
        int r;

        if (json_get_object(record, "error", &j) < 0)
                return 0;
        r = record_read_text(j, "message", &e->message);
        if (r >= 0)
                r = record_read_text(j, "class", &e->class);
        if (r >= 0)
                r = record_read_text(j, "type", &e->type);
        e->status = record_read_number(j, "status", INT32_MAX);
        e->at = record_read_number(j, "at", INT64_MAX);
        return r;
}

static void read_issued(const Json *record, Record *ret) {
        const Json *list;
        size_t count;

        if (json_get_array(record, "issued", &list) < 0)
                return;
        count = json_count(list);
        for (size_t i = count > RECORD_ISSUED_MAX ? count - RECORD_ISSUED_MAX : 0; i < count; i++) {
                const Json *j = json_at(list, i);
                int64_t at = record_read_number(j, "at", INT64_MAX);

                if (at > 0)
                        record_add_issue(ret, at, record_read_number(j, "set", INT64_MAX));
        }
}

int record_parse(const Json *j, Record *ret) {
        _cleanup_(record_done) Record r = {};
        int e;

        if (!json_is_object(j)) {
                *ret = (Record){};
                return 0;
        }
        r.raw = json_copy(j);
        if (!r.raw)
                return -ENOMEM;
        e = read_attempt(j, &r.attempt);
        if (e >= 0)
                e = read_current(j, &r.current);
        if (e >= 0)
                e = read_error(j, &r.error);
        if (e >= 0)
                e = record_read_renewal(j, &r.renewal);
        if (e >= 0)
                e = record_read_round(j, &r);
        if (e >= 0)
                e = read_texts(j, "revoked", RECORD_REVOKED_MAX, &r.revoked);
        if (e < 0)
                return e;
        r.attempts = record_read_number(j, "attempts", INT64_MAX / 2);
        r.import_told = record_read_number(j, "import_told", INT64_MAX);
        (void) json_get_bool(j, "shown", &r.shown); /* absent: false */
        read_issued(j, &r);
        *ret = r;
        r = (Record){};
        return 0;
}

/* ---- writing ---- */

int record_write_text(Json *j, const char *key, const char *text) {
        if (text)
                return json_set_string(j, key, text);
        (void) json_remove(j, key); /* -ENOENT: as it shall be */
        return 0;
}

int record_write_names(Json *j, const StringList *names) {
        return json_set_strings(j, "names", names);
}

Json *record_member_of(const Json *record, const char *key) {
        const Json *old;

        return json_get_object(record, key, &old) < 0 ? json_object_new() : json_copy(old);
}

static int write_attempt(Json *record, const RecordAttempt *a) {
        _cleanup_(json_freep) Json *j = NULL;
        Json *order;
        int r;

        (void) json_remove(record, "attempt"); /* another attempt has nothing of the last one */
        if (!a->id)
                return 0;
        j = json_object_new();
        r = j ? json_set_string(j, "id", a->id) : -ENOMEM;
        if (r >= 0)
                r = json_set_int64(j, "at", a->at);
        if (r >= 0)
                r = record_write_names(j, &a->names);
        if (r >= 0)
                r = record_write_text(j, "ca", a->ca);
        if (r >= 0)
                r = record_write_text(j, "key_type", a->key_type);
        if (r >= 0)
                r = record_write_text(j, "account", a->account);
        if (r >= 0)
                r = record_write_text(j, "request", a->request);
        if (r >= 0)
                r = record_write_text(j, "spki", a->spki);
        if (r >= 0)
                r = record_write_text(j, "profile", a->profile);
        if (r >= 0)
                r = json_set_bool(j, "csr", a->csr);
        if (r >= 0)
                r = json_set_bool(j, "repeated", a->repeated);
        if (r >= 0 && a->order) {
                order = json_copy(a->order);
                r = order ? json_set(j, "order", order) : -ENOMEM;
        }
        if (r < 0)
                return r;
        return json_set(record, "attempt", TAKE_PTR(j));
}

static int write_current(Json *record, const RecordCurrent *c) {
        _cleanup_(json_freep) Json *j = record_member_of(record, "current");
        int r;

        r = j ? record_write_text(j, "leaf", c->leaf) : -ENOMEM;
        if (r >= 0)
                r = record_write_names(j, &c->names);
        if (r >= 0)
                r = record_write_text(j, "ca", c->ca);
        if (r >= 0)
                r = record_write_text(j, "key_type", c->key_type);
        if (r >= 0)
                r = record_write_text(j, "attempt", c->attempt);
        if (r >= 0)
                r = record_write_text(j, "account", c->account);
        if (r >= 0)
                r = record_write_text(j, "profile", c->profile);
        if (r >= 0)
                r = json_set_int64(j, "at", c->at);
        if (r >= 0)
                r = record_write_text(j, "request", c->request);
        if (r >= 0)
                r = json_set_bool(j, "unusable", c->unusable);
        if (r >= 0)
                r = json_set_bool(j, "unwanted", c->unwanted);
        if (r >= 0)
                r = json_set_bool(j, "imported", c->imported);
        if (r >= 0)
                r = json_set_int64(j, "former_not_after", c->former_not_after);
        if (r >= 0)
                r = json_set_int64(j, "oldest_not_after", c->oldest_not_after);
        if (r < 0)
                return r;
        return json_set(record, "current", TAKE_PTR(j));
}

static int write_error(Json *record, const RecordError *e) {
        _cleanup_(json_freep) Json *j = NULL;
        int r;

        (void) json_remove(record, "error");
        if (!e->message)
                return 0;
        j = json_object_new();
        r = j ? json_set_string(j, "message", e->message) : -ENOMEM;
        if (r >= 0)
                r = record_write_text(j, "class", e->class);
        if (r >= 0)
                r = record_write_text(j, "type", e->type);
        if (r >= 0)
                r = json_set_int64(j, "status", e->status);
        if (r >= 0)
                r = json_set_int64(j, "at", e->at);
        if (r < 0)
                return r;
        return json_set(record, "error", TAKE_PTR(j));
}

static int write_issued(Json *record, const Record *rec) {
        _cleanup_(json_freep) Json *list = json_array_new();
        int r = list ? 0 : -ENOMEM;

        for (size_t i = 0; i < rec->issued_count && r >= 0; i++) {
                _cleanup_(json_freep) Json *j = json_object_new();

                r = j ? json_set_int64(j, "at", rec->issued[i].at) : -ENOMEM;
                if (r >= 0)
                        r = json_set_int64(j, "set", rec->issued[i].set);
                if (r >= 0)
                        r = json_append(list, TAKE_PTR(j));
        }
        return r < 0 ? r : json_set(record, "issued", TAKE_PTR(list));
}

int record_build(const Record *rec, Json **ret) {
        _cleanup_(json_freep) Json *j = rec->raw ? json_copy(rec->raw) : json_object_new();
        int r;

        r = j ? json_set_int64(j, "version", RECORD_VERSION) : -ENOMEM;
        if (r >= 0)
                r = write_attempt(j, &rec->attempt);
        if (r >= 0)
                r = write_current(j, &rec->current);
        if (r >= 0)
                r = write_error(j, &rec->error);
        if (r >= 0 && rec->revoked.count > 0)
                r = json_set_strings(j, "revoked", &rec->revoked);
        if (r >= 0)
                r = record_write_renewal(j, &rec->renewal);
        if (r >= 0)
                r = json_set_int64(j, "attempts", rec->attempts);
        if (r >= 0)
                r = record_write_round(j, rec);
        if (r >= 0)
                r = json_set_bool(j, "shown", rec->shown);
        if (r >= 0 && rec->import_told > 0)
                r = json_set_int64(j, "import_told", rec->import_told);
        else if (r >= 0)
                (void) json_remove(j, "import_told"); /* -ENOENT: as it shall be */
        if (r >= 0)
                r = write_issued(j, rec);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}
