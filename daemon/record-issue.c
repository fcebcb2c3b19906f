/* What was issued, and what of it was revoked: the last of each. */

#include "daemon/record-internal.h"

/* FNV-1a, cut to what JSON numbers hold. Not for secrets: it only tells sets apart. */
static uint64_t mix(uint64_t hash, const char *text) {
        for (const unsigned char *p = (const unsigned char *) text;; p++) {
                hash = (hash ^ *p) * UINT64_C(0x100000001b3);
                if (!*p)
                        return hash;
        }
}

int64_t record_set_of(const StringList *names, const char *key_type) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        for (size_t i = 0; i < names->count; i++)
                hash = mix(hash, names->items[i]);
        hash = mix(hash, key_type ? key_type : "");
        return (int64_t) (hash >> 16);
}

void record_add_issue(Record *r, int64_t at, int64_t set) {
        if (r->issued_count == RECORD_ISSUED_MAX) {
                for (size_t i = 1; i < RECORD_ISSUED_MAX; i++)
                        r->issued[i - 1] = r->issued[i];
                r->issued_count--;
        }
        r->issued[r->issued_count++] = (RecordIssue){ .at = at, .set = set };
}

int record_add_revoked(Record *r, const char *leaf) {
        if (string_list_contains(&r->revoked, leaf))
                return 0;
        if (r->revoked.count >= RECORD_REVOKED_MAX) {
                free(r->revoked.items[0]);
                r->revoked.count--;
                for (size_t i = 0; i < r->revoked.count; i++)
                        r->revoked.items[i] = r->revoked.items[i + 1];
        }
        return string_list_add(&r->revoked, leaf);
}

size_t record_issues_of(const Record *r, int64_t set, int64_t *ret) {
        size_t n = 0;

        for (size_t i = 0; i < r->issued_count; i++)
                if (r->issued[i].set == set)
                        ret[n++] = r->issued[i].at;
        return n;
}
