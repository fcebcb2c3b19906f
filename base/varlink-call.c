/* One call and its answers. */

#include "base/varlink-call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/strings.h"

#define FAIL_MESSAGE_MAX (4 * STR_ESCAPE_MAX)

static int get_flag(const Json *message, const char *name, bool *ret) {
        int r = json_get_bool(message, name, ret);

        return r == -ENOENT ? 0 : r;
}

/* "io.renewd.Signer.Sign" → "io.renewd.Signer" and "Sign". */
static int split_name(VarlinkCall *call, const char *name) {
        const char *dot = strrchr(name, '.');

        call->full_name = strdup(name);
        call->interface = dot ? strndup(name, (size_t) (dot - name)) : strdup(name);
        call->method = strdup(dot ? dot + 1 : "");
        return call->full_name && call->interface && call->method ? 0 : -ENOMEM;
}

int varlink_call_read(
                VarlinkConnection *c,
                const Json *message,
                VarlinkCall **ret,
                const Json **ret_parameters) {
        _cleanup_(varlink_call_freep) VarlinkCall *call = NULL;
        const Json *parameters = NULL;
        const char *name;
        int r;

        if (json_get_string(message, "method", &name) < 0)
                return -EBADMSG;
        r = json_get_object(message, "parameters", &parameters);
        if (r < 0 && r != -ENOENT)
                return r;
        call = calloc(1, sizeof(*call));
        if (!call)
                return -ENOMEM;
        call->connection = c;
        r = get_flag(message, "more", &call->more);
        if (r >= 0)
                r = get_flag(message, "oneway", &call->oneway);
        if (r >= 0)
                r = split_name(call, name);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(call);
        *ret_parameters = parameters;
        return 0;
}

VarlinkCall *varlink_call_free(VarlinkCall *call) {
        if (!call)
                return NULL;
        free(call->interface);
        free(call->method);
        free(call->full_name);
        free(call);
        return NULL;
}

/* Takes `parameters`. */
static int write_answer(VarlinkCall *call, const char *error, Json *parameters, bool continues) {
        _cleanup_(json_freep) Json *owned = parameters ? parameters : json_object_new();
        _cleanup_(json_freep) Json *message = json_object_new();
        int r;

        if (call->oneway)
                return 0;
        if (!owned || !message)
                return -ENOMEM;
        r = json_set_string(message, "error", error);
        if (r >= 0)
                r = json_set(message, "parameters", TAKE_PTR(owned));
        if (r >= 0 && continues)
                r = json_set_bool(message, "continues", true);
        return r < 0 ? r : varlink_connection_write(call->connection, message);
}

static int final_answer(VarlinkCall *call, const char *error, Json *parameters) {
        VarlinkConnection *connection = call->connection;
        int r;

        r = write_answer(call, error, parameters, false);
        varlink_call_free(call);
        return varlink_connection_answered(connection, r);
}

int varlink_reply(VarlinkCall *call, Json *parameters) {
        return final_answer(call, NULL, parameters);
}

int varlink_notify(VarlinkCall *call, Json *parameters) {
        if (!call->more && !call->oneway) {
                json_free(parameters);
                return -EINVAL; /* a peer that expects one answer would lose count */
        }
        return write_answer(call, NULL, parameters, true);
}

int varlink_error(VarlinkCall *call, const char *error, Json *parameters) {
        return final_answer(call, error, parameters);
}

int varlink_refuse(VarlinkCall *call, const char *error, const char *name, const char *value) {
        _cleanup_(json_freep) Json *parameters = json_object_new();

        /* Out of memory: the error without its parameter still ends the call. */
        if (parameters && name)
                (void) json_set_string(parameters, name, value);
        return varlink_error(call, error, TAKE_PTR(parameters));
}

int varlink_invalid_parameter(VarlinkCall *call, const char *parameter) {
        return varlink_refuse(call, "org.varlink.service.InvalidParameter", "parameter", parameter);
}

int varlink_fail(VarlinkCall *call, const char *name, const char *format, ...) {
        _cleanup_free_ char *error = NULL, *raw = NULL, *message = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&raw, format, ap) < 0)
                raw = NULL; /* undefined by the standard after an error */
        va_end(ap);
        message = raw ? str_escape(raw, FAIL_MESSAGE_MAX) : NULL;
        if (str_printf(&error, "%s.%s", call->interface, name) < 0)
                return varlink_error(call, "org.varlink.service.MethodNotImplemented", NULL);
        return varlink_refuse(call, error, "message", message ? message : "out of memory");
}

const VarlinkPeer *varlink_call_peer(const VarlinkCall *call) {
        return varlink_connection_peer(call->connection);
}

bool varlink_call_wants_more(const VarlinkCall *call) {
        return call->more;
}

void varlink_call_on_gone(VarlinkCall *call, void (*gone)(void *userdata), void *userdata) {
        call->gone = gone;
        call->gone_userdata = userdata;
}

const char *varlink_unknown_parameter(const Json *parameters, const char *const *known) {
        for (size_t i = 0; i < json_count(parameters); i++) {
                const char *name = json_key_at(parameters, i);
                size_t k = 0;
                while (known && known[k] && !str_equal(known[k], name))
                        k++;
                if (!known || !known[k])
                        return name;
        }
        return NULL;
}
