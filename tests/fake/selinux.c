#include "tests/fake/selinux.h"

#include <errno.h>
#include <selinux/label.h>
#include <selinux/selinux.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/strings.h"

FakeSelinux fake_selinux;

typedef struct Label {
        dev_t device;
        ino_t inode;
        char context[100];
} Label;

static Label labels[64];
static size_t label_count;

int is_selinux_enabled(void) {
        return fake_selinux.enabled;
}

/* A handle is never looked into. */
struct selabel_handle *selabel_open(
                unsigned int backend, const struct selinux_opt *options, unsigned count) {
        static char handle;

        (void) backend;
        (void) options;
        (void) count;
        fake_selinux.opened++;
        return (struct selabel_handle *) (void *) &handle;
}

void selabel_close(struct selabel_handle *handle) {
        (void) handle;
        fake_selinux.opened--;
}

int selabel_lookup(struct selabel_handle *handle, char **ret, const char *path, int type) {
        (void) handle;
        if (!S_ISREG(type) || !fake_selinux.suffix || !str_ends_with(path, fake_selinux.suffix)) {
                errno = ENOENT;
                return -1;
        }
        *ret = strdup(fake_selinux.context);
        return *ret ? 0 : -1;
}

static Label *label_of(int fd, bool make) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return NULL;
        for (size_t i = 0; i < label_count; i++)
                if (labels[i].device == st.st_dev && labels[i].inode == st.st_ino)
                        return &labels[i];
        if (!make || label_count >= ELEMENTSOF(labels))
                return NULL;
        labels[label_count] = (Label){ .device = st.st_dev, .inode = st.st_ino };
        return &labels[label_count++];
}

int fsetfilecon(int fd, const char *context) {
        Label *l = label_of(fd, true);

        if (!l)
                return -1;
        (void) snprintf(l->context, sizeof l->context, "%s", context);
        fake_selinux.writes++;
        return 0;
}

int fgetfilecon(int fd, char **ret) {
        const Label *l = label_of(fd, false);

        *ret = strdup(l ? l->context : "unconfined_u:object_r:etc_t:s0");
        return *ret ? (int) strlen(*ret) + 1 : -1;
}

void freecon(char *context) {
        free(context);
}

/* All but the user. */
int selinux_file_context_cmp(const char *a, const char *b) {
        return strcmp(strchrnul(a, ':'), strchrnul(b, ':'));
}
