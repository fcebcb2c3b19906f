#pragma once

/* What record.c and record-renewal.c share: members that do not fit are as if absent. */

#include "daemon/record.h"

int record_read_text(const Json *j, const char *key, char **ret); /* escaped */
int64_t record_read_number(const Json *j, const char *key, int64_t max);
bool record_read_bool(const Json *j, const char *key);

/* Sets a member, or takes it away. */
int record_write_text(Json *j, const char *key, const char *text);
/* The member as it was, so that what others put there stays; a new one when there is none. */
Json *record_member_of(const Json *record, const char *key);

/* record-renewal.c */
int record_read_renewal(const Json *record, RecordRenewal *ret);
int record_write_renewal(Json *record, const RecordRenewal *n);
