/* A chain that is made as a case wants it. */

#include "tests/unit/certinfo-bench.h"

#include "acme/key.h"
#include "tests/unit/test.h"

void fixture_done(Fixture *f) {
        f->key = key_free(f->key);
        string_list_done(&f->names);
        bytes_done(&f->pem);
}

Fixture fixture_good(void) {
        Fixture f = { .spec = { .not_before = NOW - 3600,
                                .not_after = NOW + 90 * DAY,
                                .intermediates = 1 } };

        CHECK_INT(string_list_add(&f.names, "a.example"), 0);
        CHECK_INT(string_list_add(&f.names, "b.example"), 0);
        CHECK_INT(key_generate(KEY_ECDSA_P256, &f.key), 0);
        return f;
}

void fixture_make(Fixture *f) {
        f->spec.names = &f->names;
        bytes_done(&f->pem);
        CHECK_INT(test_chain_make(&f->spec, f->key, &f->pem), 0);
}
