/* Built without libselinux. */

#include "hooks/label.h"

int label_write(int fd, const char *path) {
        (void) fd;
        (void) path;
        return 0;
}

bool label_is_right(int fd, const char *path) {
        (void) fd;
        (void) path;
        return true;
}
