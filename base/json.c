/* JSON. The library's nodes are what `Json *` points to; no other file knows it. Foreign text is
 * scanned first (json-scan.c); duplicate keys are looked for in the tree, where escapes are already
 * resolved: "a" and "\u0061" are one key. */

#include "base/json.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/json-scan.h"
#include "base/strings.h"

#define INTEGER_MAX 9007199254740992.0 /* 2^53: beyond it neighbours are one double */

static cJSON *node(const Json *j) {
        return (cJSON *) j;
}

static Json *json(const cJSON *n) {
        return (Json *) n;
}

static int compare_keys(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static int check_keys_of(const cJSON *object) {
        size_t count = (size_t) cJSON_GetArraySize(object), n = 0;

        if (count < 2)
                return 0;
        _cleanup_free_ const char **keys = calloc(count, sizeof(*keys));
        if (!keys)
                return -ENOMEM;
        for (const cJSON *member = object->child; member; member = member->next)
                keys[n++] = member->string;
        qsort(keys, count, sizeof(*keys), compare_keys);
        for (size_t i = 1; i < count; i++)
                if (strcmp(keys[i - 1], keys[i]) == 0)
                        return -EBADMSG;
        return 0;
}

/* Recursion is bounded: the scan let at most JSON_DEPTH_MAX levels through. */
static int check_keys(const cJSON *n) {
        int r;

        if (cJSON_IsObject(n)) {
                r = check_keys_of(n);
                if (r < 0)
                        return r;
        }
        for (const cJSON *child = n->child; child; child = child->next) {
                r = check_keys(child);
                if (r < 0)
                        return r;
        }
        return 0;
}

int json_parse(const void *data, size_t size, Json **ret) {
        _cleanup_(json_freep) Json *j = NULL;
        int r;

        if (size > JSON_SIZE_MAX)
                return -E2BIG;
        if (size == 0)
                return -EBADMSG;
        r = json_scan(data, size);
        if (r < 0)
                return r;

        j = json(cJSON_ParseWithLength(data, size));
        if (!j)
                return -ENOMEM; /* the text is good: the scan said so */
        r = check_keys(node(j));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

Json *json_free(Json *j) {
        cJSON_Delete(node(j));
        return NULL;
}

int json_to_string(const Json *j, char **ret) {
        char *text = cJSON_PrintUnformatted(node(j));

        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

int json_to_string_pretty(const Json *j, char **ret) {
        char *text = cJSON_Print(node(j));

        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

Json *json_copy(const Json *j) {
        return json(cJSON_Duplicate(node(j), true));
}

bool json_is_object(const Json *j) {
        return cJSON_IsObject(node(j));
}

bool json_is_array(const Json *j) {
        return cJSON_IsArray(node(j));
}

bool json_is_string(const Json *j) {
        return cJSON_IsString(node(j));
}

const Json *json_get(const Json *j, const char *key) {
        if (!json_is_object(j))
                return NULL;
        const cJSON *member = cJSON_GetObjectItemCaseSensitive(node(j), key);
        return member && !cJSON_IsNull(member) ? json(member) : NULL;
}

int json_get_string(const Json *j, const char *key, const char **ret) {
        const Json *member = json_get(j, key);

        if (!member)
                return -ENOENT;
        if (!json_is_string(member))
                return -EBADMSG;
        *ret = node(member)->valuestring;
        return 0;
}

int json_get_bool(const Json *j, const char *key, bool *ret) {
        const Json *member = json_get(j, key);

        if (!member)
                return -ENOENT;
        if (!cJSON_IsBool(node(member)))
                return -EBADMSG;
        *ret = cJSON_IsTrue(node(member));
        return 0;
}

int json_get_int64(const Json *j, const char *key, int64_t *ret) {
        const Json *member = json_get(j, key);

        if (!member)
                return -ENOENT;
        if (!cJSON_IsNumber(node(member)))
                return -EBADMSG;
        double value = node(member)->valuedouble;
        if (!(value >= -INTEGER_MAX && value <= INTEGER_MAX) || value != (double) (int64_t) value)
                return -EBADMSG;
        *ret = (int64_t) value;
        return 0;
}

int json_get_object(const Json *j, const char *key, const Json **ret) {
        const Json *member = json_get(j, key);

        if (!member)
                return -ENOENT;
        if (!json_is_object(member))
                return -EBADMSG;
        *ret = member;
        return 0;
}

int json_get_array(const Json *j, const char *key, const Json **ret) {
        const Json *member = json_get(j, key);

        if (!member)
                return -ENOENT;
        if (!json_is_array(member))
                return -EBADMSG;
        *ret = member;
        return 0;
}

size_t json_count(const Json *j) {
        return j ? (size_t) cJSON_GetArraySize(node(j)) : 0;
}

const Json *json_at(const Json *j, size_t i) {
        return j && i <= INT32_MAX ? json(cJSON_GetArrayItem(node(j), (int) i)) : NULL;
}

const char *json_key_at(const Json *j, size_t i) {
        const Json *member = json_at(j, i);

        return member ? node(member)->string : NULL;
}

const char *json_string_value(const Json *j) {
        return json_is_string(j) ? node(j)->valuestring : NULL;
}

Json *json_object_new(void) {
        return json(cJSON_CreateObject());
}

Json *json_array_new(void) {
        return json(cJSON_CreateArray());
}

int json_set(Json *object, const char *key, Json *value) {
        _cleanup_(json_freep) Json *owned = value;
        bool done;

        if (!value)
                return 0;
        if (!json_is_object(object))
                return -EINVAL;
        if (cJSON_GetObjectItemCaseSensitive(node(object), key))
                done = cJSON_ReplaceItemInObjectCaseSensitive(node(object), key, node(value));
        else
                done = cJSON_AddItemToObject(node(object), key, node(value));
        if (!done)
                return -ENOMEM;
        owned = NULL;
        return 0;
}

/* NULL is "out of memory" here, whereas for json_set() it is "leave it out". */
static int set_new(Json *object, const char *key, cJSON *value) {
        return value ? json_set(object, key, json(value)) : -ENOMEM;
}

int json_set_string(Json *object, const char *key, const char *value) {
        if (!value)
                return 0;
        if (!utf8_is_valid(value, strlen(value)))
                return -EINVAL;
        return set_new(object, key, cJSON_CreateString(value));
}

int json_set_bool(Json *object, const char *key, bool value) {
        return set_new(object, key, cJSON_CreateBool(value));
}

int json_set_int64(Json *object, const char *key, int64_t value) {
        if ((double) value < -INTEGER_MAX || (double) value > INTEGER_MAX)
                return -ERANGE;
        return set_new(object, key, cJSON_CreateNumber((double) value));
}

int json_append(Json *array, Json *value) {
        if (!value)
                return 0;
        if (!json_is_array(array)) {
                json_free(value);
                return -EINVAL;
        }
        if (!cJSON_AddItemToArray(node(array), node(value))) {
                json_free(value);
                return -ENOMEM;
        }
        return 0;
}

int json_append_string(Json *array, const char *value) {
        if (!value)
                return 0;
        if (!utf8_is_valid(value, strlen(value)))
                return -EINVAL;
        cJSON *string = cJSON_CreateString(value);
        return string ? json_append(array, json(string)) : -ENOMEM;
}

int json_set_strings(Json *object, const char *key, const StringList *values) {
        _cleanup_(json_freep) Json *array = json_array_new();
        int r = array ? 0 : -ENOMEM;

        for (size_t i = 0; i < values->count && r >= 0; i++)
                r = json_append_string(array, values->items[i]);
        return r < 0 ? r : json_set(object, key, TAKE_PTR(array));
}

int json_remove(Json *object, const char *key) {
        if (!json_is_object(object))
                return -EINVAL;
        if (!cJSON_GetObjectItemCaseSensitive(node(object), key))
                return -ENOENT;
        cJSON_DeleteItemFromObjectCaseSensitive(node(object), key);
        return 0;
}
