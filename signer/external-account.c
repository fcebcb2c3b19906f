#include "signer/external-account.h"

#include "base/file.h"

#define PREFIX "eab_"

/* From the beginning, wherever its offset is. */
static int read_descriptor(int fd, Bytes *ret) {
        char octets[512];
        ssize_t n;
        int r = 0;

        while (r >= 0 && (n = pread(fd, octets, sizeof octets, (off_t) ret->size)) != 0) {
                if (n < 0)
                        return -errno;
                r = bytes_append(ret, octets, (size_t) n);
        }
        OPENSSL_cleanse(octets, sizeof octets);
        return r;
}

static int read_credential(const SignerService *service, const char *file, Bytes *ret) {
        _cleanup_close_ int dir_fd = -1;

        for (size_t i = 0; i < service->file_count; i++)
                if (str_equal(service->files[i].name, file))
                        return read_descriptor(service->files[i].fd, ret);
        if (!service->credentials)
                return -ENOENT;
        dir_fd = dir_open(service->credentials);
        return dir_fd < 0 ? TAKE_FD(dir_fd)
                          : file_read_at(dir_fd, file, EXTERNAL_ACCOUNT_FILE_MAX, ret);
}

int external_account_load(
                const SignerService *service,
                const char *name,
                ExternalAccount *ret,
                const char **ret_reason) {
        _cleanup_(bytes_done) Bytes text = { .secret = true, .limit = EXTERNAL_ACCOUNT_FILE_MAX };
        _cleanup_free_ char *file = NULL;
        int r;

        r = str_printf(&file, PREFIX "%s", name);
        if (r >= 0)
                r = read_credential(service, file, &text);
        if (r == -ENOENT || r == -ENOMEM)
                return r;
        if (r < 0) {
                *ret_reason = "it cannot be read";
                return -EBADMSG;
        }
        return external_account_parse(bytes_text(&text), text.size, ret, ret_reason);
}
