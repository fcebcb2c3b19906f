#include "probe/roots.h"

#include <openssl/x509.h>

#include "base/file.h"

#define SYSTEM_ROOTS \
        "/etc/ssl/certs/ca-certificates.crt" /* where Debian's OpenSSL has a directory only */

int probe_roots(const char *file, Bytes *ret) {
        int r;

        if (file)
                return file_read(file, PROBE_ROOTS_MAX, ret);
        r = file_read(SYSTEM_ROOTS, PROBE_ROOTS_MAX, ret);
        if (r == -ENOENT)
                r = file_read(X509_get_default_cert_file(), PROBE_ROOTS_MAX, ret);
        return r == -ENOENT ? 0 : r;
}
