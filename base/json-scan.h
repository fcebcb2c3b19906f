#pragma once

/* The gate before the JSON library; used by base/json.c only. */

#include "base/base.h"

/* 0 if the octets are one JSON text (RFC 8259) in UTF-8 within JSON_DEPTH_MAX and JSON_MEMBERS_MAX,
 * without U+0000, lone surrogates, numbers of more than 63 octets, or anything behind it; else
 * -EBADMSG. Duplicate keys are not seen here. Constant memory, one pass. */
int json_scan(const uint8_t *data, size_t size);
