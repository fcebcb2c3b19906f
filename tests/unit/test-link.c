#include "acme/link.h"
#include "tests/unit/test.h"

#define BASE "https://ca.example/acme/cert/1"

/* The targets, joined by a space. */
static char *targets(const char *value, const char *rel) {
        _cleanup_(string_list_done) StringList list = {};
        static char text[4096];

        text[0] = 0;
        CHECK_INT(link_targets(value, rel, BASE, &list), 0);
        for (size_t i = 0;
             i < list.count && strlen(text) + strlen(list.items[i]) + 2 < sizeof(text); i++) {
                strcat(text, i > 0 ? " " : "");
                strcat(text, list.items[i]);
        }
        return text;
}

static void forms(void) {
        CHECK_STR(targets("<https://ca.example/2>;rel=\"alternate\"", "alternate"),
                  "https://ca.example/2");
        CHECK_STR(targets("<https://ca.example/2>; rel=alternate", "alternate"),
                  "https://ca.example/2");
        CHECK_STR(targets("<https://ca.example/2> ; REL = \"Alternate\"", "alternate"),
                  "https://ca.example/2");
        CHECK_STR(targets("<https://ca.example/2>;rel=\"up alternate\"", "alternate"),
                  "https://ca.example/2");
        CHECK_STR(targets("<https://ca.example/2>;rel=\"up\talternate\"", "up"),
                  "https://ca.example/2");
        CHECK_STR(targets("<https://ca.example/2>;rel=\"alternates\"", "alternate"), "");
        CHECK_STR(targets("<https://ca.example/2>;rel=\"index\"", "alternate"), "");
        CHECK_STR(targets("<https://ca.example/2>", "alternate"), "");
}

static void lists(void) {
        CHECK_STR(targets("<https://ca.example/2>;rel=\"alternate\", <https://ca.example/3>;rel=\"alternate\","
                          "<https://ca.example/dir>;rel=\"index\"",
                          "alternate"),
                  "https://ca.example/2 https://ca.example/3");
        CHECK_STR(targets(",, <https://ca.example/2>;rel=alternate,,", "alternate"),
                  "https://ca.example/2");
        CHECK_STR(targets("<https://ca.example/2>;rel=up,<https://ca.example/2>;rel=up", "up"),
                  "https://ca.example/2");
}

static void separators_inside(void) {
        CHECK_STR(targets("<https://ca.example/a,b;c>;rel=up", "up"), "https://ca.example/a,b;c");
        CHECK_STR(targets("<https://ca.example/2>;title=\"a, b; rel=x \\\" c\";rel=up", "up"),
                  "https://ca.example/2");
        CHECK_STR(targets("<https://ca.example/2>;title=\"<https://x.example/>;rel=up\";rel=index",
                          "up"),
                  "");
}

static void unknown_parameters(void) {
        CHECK_STR(targets("<https://ca.example/2>;foo;bar=baz;rel=up;rel=index;type=\"x/y\"", "up"),
                  "https://ca.example/2");
        CHECK_STR(targets("<https://ca.example/2>;rel=index;rel=up", "up"), "");
        CHECK_STR(targets("<https://ca.example/2>;xrel=up", "up"), "");
}

static void relative(void) {
        CHECK_STR(targets("</acme/dir>;rel=\"index\"", "index"), "https://ca.example/acme/dir");
        CHECK_STR(targets("<1/alternate/2>;rel=\"alternate\"", "alternate"),
                  "https://ca.example/acme/cert/1/alternate/2");
        CHECK_STR(targets("<//cdn.example/x>;rel=up", "up"), "https://cdn.example/x");
}

static void no_https(void) {
        CHECK_STR(targets("<http://ca.example/2>;rel=up", "up"), "");
        CHECK_STR(targets("<data:text/plain,x>;rel=\"terms-of-service\"", "terms-of-service"), "");
        CHECK_STR(targets("<https://u@ca.example/>;rel=up, <https://ca.example/3>;rel=up", "up"),
                  "https://ca.example/3");
}

static void garbage(void) {
        static const char *const bad[] = {
                "",          "<",       ">",       "<>",           "<https://ca.example/2",
                "rel=up",    ";rel=up", "\"",      "<a>;rel=\"up", "<a>;=up",
                ";;;;",      ",,,,",    "<a>;rel", "<a>;rel=",     "= = =",
                "<a>\"\"\"",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK(strlen(targets(bad[i], "up")) <= strlen("https://ca.example/acme/cert/a"));
        CHECK_STR(targets("garbage, <https://ca.example/2>;rel=up", "up"), "https://ca.example/2");
}

static void bounded(void) {
        static char text[70 * 1024];
        _cleanup_(string_list_done) StringList list = {};

        for (size_t n = 0, i = 0; n + 64 < 60 * 1024; i++)
                n += (size_t) sprintf(text + n, "<https://ca.example/%zu>;rel=up,", i);
        CHECK_INT(link_targets(text, "up", BASE, &list), 0);
        CHECK_INT(list.count, 20);
}

TEST_MAIN({ "P-09 quoted, bare, several relations, any case", forms },
          { "P-09 several values in one field", lists },
          { "P-09 commas and semicolons inside brackets and quotes", separators_inside },
          { "P-09 unknown parameters are passed over, the first rel counts", unknown_parameters },
          { "P-09 A-13 relative targets are resolved", relative },
          { "A-13 targets that are no https URL are passed over", no_https },
          { "P-09 garbage ends quietly", garbage },
          { "P-09 the number of targets is bounded", bounded })
