#pragma once

/* [Deploy]: where a certificate is installed, how the service is told, and how it is seen that it has it. */

#include "acme/key.h"
#include "base/calendar.h"
#include "base/strings.h"
#include "config/file-config.h"
#include "config/probe-config.h"

/* When a service may be interrupted. */
typedef struct RestartWindow {
        char *text;       /* owns both; as configured: "Sun 03:00 /2h" */
        char *begin_text; /* "Sun 03:00" */
        Calendar begin;
        int64_t length_sec;
} RestartWindow;

/* One place where a certificate is installed: a profile's [Deploy] overlaid by the certificate's
 * [Deploy TARGET]. */
typedef struct TargetConfig {
        char *name;    /* TARGET */
        char *service; /* profile; NULL if none */
        FileConfig *files;
        size_t file_count;
        StringList twin_files; /* paths of the twin's files here */
        StringList check;      /* argv of the service's own check; empty: none */
        char *reload;          /* unit to reload (or try-restart); NULL */
        char *restart;         /* unit to try-restart; NULL */
        char *unit;            /* of the service, where neither reload nor restart names it; NULL */
        int signal_number;     /* to the main process of `unit`; 0: none */
        StringList command;    /* argv; told before a reload, or in its place; empty: none */
        char *command_user;    /* whose rights the command has; NULL: root's */
        StringList fallback_command; /* argv; told where there is no such unit; empty: none */
        StringList hook;             /* argv of the hook program; empty: none */
        StringList setup;            /* argv of the set-up program; empty: none */
        StringList options;          /* "NAME=VALUE", told to all programs */
        StringList prove;            /* argv; must succeed besides the handshakes; empty: none */
        int64_t timeout_sec;         /* of each program and job; default 90 */
        int64_t memory_max;          /* octets, of each program and what it starts */
        int64_t tasks_max;
        bool stand_in;   /* it gets a self-signed certificate while there is no real one */
        char *take_over; /* "no": not what somebody else renews; "yes", NULL: whatever is there */
        ProbeConfig *probes; /* where the service shows its certificate */
        size_t probe_count;
        Validation validation;
        char *pin;        /* of Validation=basic and recommended; NULL: none */
        char *probe_name; /* SNI; default the certificate's first name; NULL for an IP address */
        KeyFamily probe_family; /* a twin is asked for by its kind of key; else any */
        RestartWindow *windows; /* none: at any time */
        size_t window_count;
        int64_t deadline_sec; /* before the former certificate expires windows end to hold; 0: by lifetime */
        bool canary;          /* the certificate's other targets wait for it */
        char *group;          /* of targets that are deployed one at a time; NULL: none */
} TargetConfig;
