/* What the CA said about the renewal of one certificate (T-22), as a member of its record. */

#include "acme/renewal-info.h"
#include "daemon/record-internal.h"

void record_renewal_done(RecordRenewal *n) {
        free(n->cert_id);
        free(n->explanation);
        *n = (RecordRenewal){};
}

int record_read_renewal(const Json *record, RecordRenewal *ret) {
        const Json *j;
        int r;

        if (json_get_object(record, "renewal_info", &j) < 0)
                return 0;
        r = record_read_text(j, "cert_id", &ret->cert_id);
        if (r < 0 || !ret->cert_id || !cert_id_is_valid(ret->cert_id)) {
                record_renewal_done(ret);
                return r;
        }
        r = record_read_text(j, "explanation", &ret->explanation);
        ret->start = record_read_number(j, "start", INT64_MAX);
        ret->end = record_read_number(j, "end", INT64_MAX);
        ret->chosen = record_read_number(j, "chosen", INT64_MAX);
        ret->fetched = record_read_number(j, "fetched", INT64_MAX);
        ret->next_check = record_read_number(j, "next_check", INT64_MAX);
        ret->failures = record_read_number(j, "failures", RECORD_FAILURES_MAX);
        ret->recalled = record_read_bool(j, "recalled");
        ret->absent = record_read_bool(j, "absent");
        ret->refused = record_read_bool(j, "refused");
        if (ret->end <= ret->start) /* damaged, or none */
                ret->start = ret->end = ret->chosen = 0;
        return r;
}

int record_write_renewal(Json *record, const RecordRenewal *n) {
        const struct {
                const char *key;
                int64_t value;
        } numbers[] = {
                { "start", n->start },       { "end", n->end },
                { "chosen", n->chosen },     { "fetched", n->fetched },
                { "failures", n->failures }, { "next_check", n->next_check },
        };
        _cleanup_(json_freep) Json *j = NULL;
        int r;

        if (!n->cert_id) {
                (void) json_remove(record, "renewal_info"); /* -ENOENT: as it shall be */
                return 0;
        }
        j = record_member_of(record, "renewal_info");
        r = j ? record_write_text(j, "cert_id", n->cert_id) : -ENOMEM;
        if (r >= 0)
                r = record_write_text(j, "explanation", n->explanation);
        for (size_t i = 0; i < ELEMENTSOF(numbers) && r >= 0; i++)
                r = json_set_int64(j, numbers[i].key, numbers[i].value);
        if (r >= 0)
                r = json_set_bool(j, "recalled", n->recalled);
        if (r >= 0)
                r = json_set_bool(j, "absent", n->absent);
        if (r >= 0)
                r = json_set_bool(j, "refused", n->refused);
        return r < 0 ? r : json_set(record, "renewal_info", TAKE_PTR(j));
}
