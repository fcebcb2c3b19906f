/* Prints a manual page with the reference of the table in place of its line ".\" REFERENCE". Runs at
 * build time only. */

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "config/config.h"

#define PAGE_MAX ((size_t) 256 * 1024)
#define MARK     ".\\\" REFERENCE\n"

int main(int argc, char *argv[]) {
        _cleanup_(bytes_done) Bytes page = {}, reference = {};
        const char *text, *mark;

        if (argc != 2 || file_read(argv[1], PAGE_MAX, &page) < 0 ||
            config_reference_man(&reference) < 0)
                return EXIT_FAILURE;
        text = bytes_text(&page);
        mark = strstr(text, MARK);
        if (!mark)
                return EXIT_FAILURE;
        if (printf("%.*s%s%s", (int) (mark - text), text, bytes_text(&reference),
                   mark + strlen(MARK)) < 0 ||
            fflush(stdout) != 0)
                return EXIT_FAILURE;
        return EXIT_SUCCESS;
}
