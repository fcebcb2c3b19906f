/* Objects of a CA from texts. */

#include "tests/unit/object-bench.h"

#include "tests/unit/test.h"

StringList object_origins;

static void set_up(void) {
        if (object_origins.count == 0) {
                CHECK_INT(string_list_add(&object_origins, "https://ca.example"), 0);
                CHECK_INT(string_list_add(&object_origins, "https://cdn.example"), 0);
        }
}

Json *object_json(const char *text) {
        Json *j = NULL;

        set_up();
        CHECK_INT(json_parse(text, strlen(text), &j), 0);
        return j;
}
