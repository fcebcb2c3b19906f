/* Framing: one JSON object, one NUL octet. JSON text holds no NUL octet, so that the end of a message
 * is found without reading it. */

#include <string.h>

#include "base/strings.h"
#include "base/varlink.h"

int varlink_take_message(Bytes *input, Json **ret) {
        _cleanup_(json_freep) Json *message = NULL;
        const uint8_t *end = input->data ? memchr(input->data, 0, input->size) : NULL;
        int r;

        size_t size = end ? (size_t) (end - input->data) : input->size;
        if (size > VARLINK_MESSAGE_MAX)
                return -E2BIG;
        if (!end)
                return 0;
        r = json_parse(input->data, size, &message);
        if (r < 0)
                return r;
        if (!json_is_object(message))
                return -EBADMSG;
        bytes_consume(input, size + 1);
        *ret = TAKE_PTR(message);
        return 1;
}

int varlink_put_message(Bytes *output, const Json *message) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = json_to_string(message, &text);
        if (r < 0)
                return r;
        size_t size = strlen(text);
        if (size > VARLINK_MESSAGE_MAX)
                return -E2BIG;
        return bytes_append(output, text, size + 1);
}

int varlink_call_new(const char *method, Json *parameters, bool more, Json **ret) {
        _cleanup_(json_freep) Json *owned = parameters ? parameters : json_object_new();
        _cleanup_(json_freep) Json *call = json_object_new();
        int r;

        if (!owned || !call)
                return -ENOMEM;
        r = json_set_string(call, "method", method);
        if (r >= 0)
                r = json_set(call, "parameters", TAKE_PTR(owned));
        if (r >= 0 && more)
                r = json_set_bool(call, "more", true);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(call);
        return 0;
}

void varlink_reply_done(VarlinkReply *r) {
        json_free(r->parameters);
        free(r->error);
        *r = (VarlinkReply){};
}

int varlink_reply_parse(const Json *message, VarlinkReply *ret) {
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        const Json *parameters = NULL;
        const char *error = NULL;
        int r;

        if (!json_is_object(message))
                return -EBADMSG;
        r = json_get_object(message, "parameters", &parameters);
        if (r < 0 && r != -ENOENT)
                return r;
        r = json_get_string(message, "error", &error);
        if ((r < 0 && r != -ENOENT) || (error && !*error))
                return -EBADMSG;
        r = json_get_bool(message, "continues", &reply.continues);
        if (r < 0 && r != -ENOENT)
                return r;

        reply.parameters = parameters ? json_copy(parameters) : json_object_new();
        if (!reply.parameters)
                return -ENOMEM;
        r = str_replace(&reply.error, error);
        if (r < 0)
                return r;
        *ret = reply;
        reply = (VarlinkReply){};
        return 0;
}
