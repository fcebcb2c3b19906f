#pragma once

/* File=: a file of a target, what stands in it, in which format, and whose it is. */

#include "acme/key.h"
#include "base/strings.h"

/* What stands in a file: its parts in their order, a hexadecimal digit each. */
typedef int FileContent;
enum {
        FILE_KEY = 0x1,
        FILE_CERT = 0x2,
        FILE_CHAIN = 0x3, /* the intermediates */
        FILE_ROOT = 0x4,
        FILE_FULLCHAIN = 0x23,
        FILE_COMBINED = 0x123,
        FILE_CONTENT_INVALID = -EINVAL,
};
#define FILE_PARTS_MAX 4

/* "fullchain", "key,cert,chain" … Invalid: no such part, or one of them twice. */
FileContent file_content_from_string(const char *text);
int file_content_to_string(FileContent c, char **ret);
FileContent file_content_part(FileContent c, size_t i); /* 0: there are not so many */
bool file_content_holds(FileContent c, FileContent part);
bool file_content_holds_key(FileContent c);

typedef enum FileFormat {
        FILE_FORMAT_PEM,
        FILE_FORMAT_DER,
        FILE_FORMAT_PKCS12,
        FILE_FORMAT_JKS,
        FILE_FORMAT_MAX,
        FILE_FORMAT_INVALID = -EINVAL,
} FileFormat;
FileFormat file_format_from_string(const char *text);
const char *file_format_to_string(FileFormat f);
bool file_format_is_keystore(FileFormat f);

/* How the parts are written; all zero is PEM. */
typedef struct FileForm {
        FileFormat format;
        bool traditional;    /* the key as PKCS#1 or SEC1, not PKCS#8 */
        bool legacy;         /* PKCS#12 as old programs read it */
        char *alias;         /* of the entry of a keystore; NULL: none */
        char *password;      /* of a keystore: a file of CONFIG/credentials; NULL */
        char *password_text; /* a well-known one; NULL. One of the two, with a keystore */
} FileForm;
void file_form_done(FileForm *f);
int file_form_copy(const FileForm *f, FileForm *ret);
bool file_form_same(const FileForm *a, const FileForm *b);

#define FILE_OWNER_DIRECTORY "directory" /* as owner or group: that of the directory */

typedef struct FileConfig {
        FileContent content;
        KeyType key_type; /* while loading: "key:rsa-2048"; KEY_TYPE_INVALID: not said */
        char *path;       /* absolute, specifiers expanded */
        char *owner;      /* user name or number, or FILE_OWNER_DIRECTORY */
        char *group;
        mode_t mode;
        bool leave_rights; /* MODE "-": neither chown nor chmod */
        bool keep_link;    /* a symbolic link at the place is followed */
        bool staged;       /* below the stage directory: written for the commands of one deploy */
        FileForm form;
        StringList acl; /* "u:NAME:r-", "g:NAME:rw", besides owner, group and mode */
} FileConfig;
