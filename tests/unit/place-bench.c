/* What cases about places need to be there. */

#include "tests/unit/place-bench.h"

#include "tests/unit/test.h"

bool place_is_root(void) {
        if (geteuid() == 0)
                return true;
        printf("skip this case -- needs root\n");
        return false;
}
