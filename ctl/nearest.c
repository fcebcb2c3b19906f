/* Levenshtein's distance; a name that contains the other (without domain, say) counts as near. */

#include "ctl/nearest.h"

#include <string.h>

#define COMPARED_MAX 128 /* characters; what is longer is not near to anything */

static size_t distance(const char *a, const char *b) {
        size_t row[COMPARED_MAX + 1], n = strlen(a), m = strlen(b);

        if (n > COMPARED_MAX || m > COMPARED_MAX)
                return SIZE_MAX;
        for (size_t k = 0; k <= m; k++)
                row[k] = k;
        for (size_t i = 1; i <= n; i++) {
                size_t diagonal = row[0];

                row[0] = i;
                for (size_t k = 1; k <= m; k++) {
                        size_t replaced = diagonal + (a[i - 1] == b[k - 1] ? 0 : 1);

                        diagonal = row[k];
                        row[k] = MIN(replaced, MIN(row[k - 1], diagonal) + 1);
                }
        }
        return row[m];
}

static size_t score(const char *name, const char *candidate) {
        if (*name && (strstr(candidate, name) || strstr(name, candidate)))
                return 0;
        return distance(name, candidate);
}

int nearest_names(const char *name, const StringList *names, StringList *ret) {
        size_t limit = MAX((size_t) 2, strlen(name) / 3), found = 0;
        int r = 0;

        for (size_t wanted = 0; wanted <= limit && found < NEAREST_MAX; wanted++)
                for (size_t i = 0; i < names->count && found < NEAREST_MAX && r >= 0; i++)
                        if (score(name, names->items[i]) == wanted) {
                                r = string_list_add(ret, names->items[i]);
                                found++;
                        }
        return r;
}
