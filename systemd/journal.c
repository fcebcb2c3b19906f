/* Lines on standard error reach the journal too, but without fields. Whether standard error is the
 * journal is decided as systemd.exec(5) says: by the device and inode in $JOURNAL_STREAM, since the
 * variable is inherited by children whose standard error was redirected. */

/* The place in the source where a message is sent is of this file always: of no use. */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "systemd/journal.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "base/log.h"
#include "base/strings.h"

#define JOURNAL_FIELDS_MAX 8

typedef struct Record {
        struct iovec fields[JOURNAL_FIELDS_MAX];
        int count;
} Record;

/* A field that cannot be made is left out: the message matters more. */
static void record_add(Record *record, const char *name, const char *value) {
        char *text = NULL;

        assert(record->count < JOURNAL_FIELDS_MAX);
        if (!value || str_printf(&text, "%s=%s", name, value) < 0)
                return;
        record->fields[record->count++] =
                        (struct iovec){ .iov_base = text, .iov_len = strlen(text) };
}

static void record_done(Record *record) {
        for (int i = 0; i < record->count; i++)
                free(record->fields[i].iov_base);
        record->count = 0;
}

static void journal_sink(int level, const char *message, const LogFields *fields) {
        _cleanup_(record_done) Record record = {};
        char priority[2] = { (char) ('0' + (level & LOG_PRIMASK)), 0 };

        record_add(&record, "MESSAGE", message);
        record_add(&record, "PRIORITY", priority);
        if (fields) {
                record_add(&record, "MESSAGE_ID", fields->message_id);
                record_add(&record, "RENEWD_CERTIFICATE", fields->certificate);
                record_add(&record, "RENEWD_CA", fields->ca);
                record_add(&record, "RENEWD_ORDER", fields->order);
                record_add(&record, "RENEWD_TARGET", fields->target);
                record_add(&record, "RENEWD_ENDPOINT", fields->endpoint);
        }
        if (sd_journal_sendv(record.fields, record.count) < 0)
                (void) fprintf(stderr, "<%s>%s\n", priority, message); /* the last resort */
}

static bool stderr_is_journal(void) {
        const char *text = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;
        char rest;

        if (!text || sscanf(text, "%llu:%llu%c", &device, &inode, &rest) != 2)
                return false;
        if (fstat(STDERR_FILENO, &st) < 0)
                return false;
        return st.st_dev == (dev_t) device && st.st_ino == (ino_t) inode;
}

int journal_attach(void) {
        if (!stderr_is_journal())
                return 0;
        log_set_sink(journal_sink);
        return 1;
}
