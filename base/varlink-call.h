#pragma once

/* What the files of the Varlink server share; nobody else includes it. */

#include "base/varlink.h"

struct VarlinkCall {
        VarlinkConnection *connection; /* borrowed; it owns the call */
        char *interface;               /* owns; NULL if the method's name has none */
        char *method;                  /* owns; without the interface */
        char *full_name;               /* owns; as the peer wrote it */
        bool more, oneway;
        void (*gone)(void *userdata);
        void *gone_userdata;
};

/* Reads the envelope; -EBADMSG if it is none. *ret_parameters is borrowed from `message`, NULL if
 * absent. */
int varlink_call_read(
                VarlinkConnection *c,
                const Json *message,
                VarlinkCall **ret,
                const Json **ret_parameters);
VarlinkCall *varlink_call_free(VarlinkCall *call);
DEFINE_CLEANUP(VarlinkCall *, varlink_call_free)

/* Answers with an error of one text parameter (`name` NULL: none). */
int varlink_refuse(VarlinkCall *call, const char *error, const char *name, const char *value);

/* Answers a method of org.varlink.service. */
int varlink_service_call(VarlinkCall *call, const VarlinkService *service, const Json *parameters);

/* The first member of `parameters` that is not in `known` (ended by NULL), NULL if there is none. */
const char *varlink_unknown_parameter(const Json *parameters, const char *const *known);

/* ---- of the connection, for the calls ---- */

const VarlinkPeer *varlink_connection_peer(const VarlinkConnection *c);
int varlink_connection_write(VarlinkConnection *c, const Json *message);

/* The call was answered with the result `r` and is freed; goes on with the next one. */
int varlink_connection_answered(VarlinkConnection *c, int r);
