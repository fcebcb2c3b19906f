#pragma once

/* JSON, behind a gate: what comes from outside is checked for size, depth, members, UTF-8, U+0000,
 * duplicate keys and trailing octets before the library sees it (B-01, B-04, R2.4.7). base/json.c is
 * the only file that knows which library that is. */

#include "base/base.h"
#include "base/strings.h"

typedef struct Json Json;

#define JSON_DEPTH_MAX   32
#define JSON_MEMBERS_MAX 16384
#define JSON_SIZE_MAX    ((size_t) 1024 * 1024)

/* -EBADMSG for anything that is not one JSON text within the limits. `size` over JSON_SIZE_MAX is
 * -E2BIG. */
int json_parse(const void *data, size_t size, Json **ret);

Json *json_free(Json *j); /* NULL-safe, returns NULL */
DEFINE_CLEANUP(Json *, json_free)

/* Compact text, malloc'ed. */
int json_to_string(const Json *j, char **ret);
int json_to_string_pretty(const Json *j, char **ret);
Json *json_copy(const Json *j);

bool json_is_object(const Json *j);
bool json_is_array(const Json *j);
bool json_is_string(const Json *j);

/* Members of an object, borrowed; a null member counts as absent (B-03). json_get: NULL if absent
 * or `j` is no object. The typed ones: 0, -ENOENT if absent, -EBADMSG if of another type. */
const Json *json_get(const Json *j, const char *key);
int json_get_string(const Json *j, const char *key, const char **ret);
int json_get_bool(const Json *j, const char *key, bool *ret);
int json_get_int64(const Json *j, const char *key, int64_t *ret); /* integers within 2^53 */
int json_get_object(const Json *j, const char *key, const Json **ret);
int json_get_array(const Json *j, const char *key, const Json **ret);

/* Elements of an array (or members of an object, in order), borrowed. */
size_t json_count(const Json *j);
const Json *json_at(const Json *j, size_t i);
const char *json_key_at(const Json *j, size_t i); /* of an object's i-th member */
const char *json_string_value(const Json *j);     /* NULL if no string */

/* Build. A setter replaces a member of that name. Values that are NULL are left out (B-03: never
 * send null). json_set and json_append take ownership of `value`, also on error. */
Json *json_object_new(void);
Json *json_array_new(void);
int json_set(Json *object, const char *key, Json *value);
int json_set_string(Json *object, const char *key, const char *value);
int json_set_bool(Json *object, const char *key, bool value);
int json_set_int64(Json *object, const char *key, int64_t value);
int json_set_strings(Json *object, const char *key, const StringList *values); /* as an array */
int json_append(Json *array, Json *value);
int json_append_string(Json *array, const char *value);
int json_remove(Json *object, const char *key);
