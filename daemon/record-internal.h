#pragma once

/* The insides of the record, for record*.c only; members that do not fit are as if absent:
 *
 *   record.c           the object, its attempt, its current certificate
 *   record-issue.c     what was issued and revoked
 *   record-round.c     what became of the attempts since the last certificate
 *   record-renewal.c   what the CA said about the renewal */

#include "daemon/record.h"

int record_read_text(const Json *j, const char *key, char **ret);        /* escaped */
int64_t record_read_number(const Json *j, const char *key, int64_t max); /* 0: absent */
bool record_read_bool(const Json *j, const char *key);
int record_read_names(const Json *j, StringList *ret);

/* Sets a member, or takes it away. */
int record_write_text(Json *j, const char *key, const char *text);
int record_write_names(Json *j, const StringList *names);
/* The member as it was, so that what others put there stays; a new one when there is none. */
Json *record_member_of(const Json *record, const char *key);

/* record-round.c */
int record_read_round(const Json *record, Record *ret);
int record_write_round(Json *record, const Record *r);
void record_round_done(Record *r);

/* record-renewal.c */
int record_read_renewal(const Json *record, RecordRenewal *ret);
int record_write_renewal(Json *record, const RecordRenewal *n);
