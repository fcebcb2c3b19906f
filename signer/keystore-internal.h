#pragma once

/* What the keystore*.c files share. */

#include "signer/keystore.h"

#define KEY_SUFFIX   ".pem"
#define KEY_FILE_MAX ((size_t) 16 * 1024)
#define KEYS_MAX     ((size_t) 10000) /* of one certificate: 30 days of one every five minutes */

/* A sub-directory: made when missing if `make`, else -ENOENT. */
int keystore_enter(int dir_fd, const char *name, bool make);

/* STATE/signer/KIND/NAME. */
int keystore_enter_path(int store_fd, const char *kind, const char *name, bool make);
/* The directory of the certificate's keys, and the file of this attempt's. -EINVAL: not the name of an attempt. */
int keystore_enter_attempt(
                int store_fd,
                const char *certificate,
                const char *attempt,
                bool make,
                char **ret_file);

/* -ENOENT if there is no such file. */
int keystore_read(int dir_fd, const char *file, EVP_PKEY **ret);

/* Durable, 0600. */
int keystore_write(int dir_fd, const char *file, EVP_PKEY *key);
