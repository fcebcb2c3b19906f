/* Value types of how a service is told: signals, users, and what its programs may use. */

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "config/value.h"

#define KIB ((int64_t) 1024)

/* Those that services know as "take your files anew". What ends a process by definition is not among them: a
 * service is never stopped by us. */
static const int signals[] = { SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGCONT };

static int parse_signal(const char *text, void *field, void *second, char **ret_reason) {
        const char *name = str_skip_prefix(text, "SIG");

        (void) second;
        if (!*text) {
                *(int *) field = 0;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                if (str_equal(name ? name : text, sigabbrev_np(signals[i]))) {
                        *(int *) field = signals[i];
                        return 0;
                }
        return value_refuse(ret_reason, "write one of HUP, USR1, USR2, ALRM, WINCH and CONT");
}

static int format_signal(const char *key, const void *field, const void *second, Bytes *ret) {
        int number = *(const int *) field;

        (void) second;
        return number > 0 ? bytes_printf(ret, "%s=%s\n", key, sigabbrev_np(number)) : 0;
}

static int parse_user(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        if (*text && !user_name_is_valid(text, strlen(text)))
                return value_refuse(ret_reason, "not the name of a user");
        return value_parse_text(text, field);
}

/* "512M", "2G", or octets; K, M and G of 1024 as in systemd's MemoryMax=. */
static int parse_memory(const char *text, void *field, void *second, char **ret_reason) {
        size_t digits = strspn(text, "0123456789");
        _cleanup_free_ char *number = strndup(text, digits);
        int64_t unit = 1, value;

        (void) second;
        if (!number)
                return -ENOMEM;
        if (str_equal(text + digits, "K"))
                unit = KIB;
        else if (str_equal(text + digits, "M"))
                unit = KIB * KIB;
        else if (str_equal(text + digits, "G"))
                unit = KIB * KIB * KIB;
        else if (text[digits])
                return value_refuse(ret_reason, "not an amount of memory; write for example 512M");
        if (str_to_int64(number, 1, MEMORY_LIMIT_MAX / unit, &value) < 0 ||
            value * unit < MEMORY_LIMIT_MIN)
                return value_refuse(
                                ret_reason,
                                "not an amount from 16M to 64G; write for example 512M");
        *(int64_t *) field = value * unit;
        return 0;
}

static int format_memory(const char *key, const void *field, const void *second, Bytes *ret) {
        int64_t octets = *(const int64_t *) field;

        (void) second;
        if (octets % (KIB * KIB) == 0)
                return bytes_printf(ret, "%s=%lldM\n", key, (long long) (octets / KIB / KIB));
        return bytes_printf(ret, "%s=%lld\n", key, (long long) octets);
}

static int parse_tasks(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        if (str_to_int64(text, 1, TASKS_LIMIT_MAX, field) < 0)
                return value_refuse(ret_reason, "not a number from 1 to %d", TASKS_LIMIT_MAX);
        return 0;
}

static int format_tasks(const char *key, const void *field, const void *second, Bytes *ret) {
        (void) second;
        return bytes_printf(ret, "%s=%lld\n", key, (long long) *(const int64_t *) field);
}

const ValueType value_signal = { "SIGNAL", parse_signal, format_signal };
const ValueType value_user = { "USER", parse_user, value_format_text };
const ValueType value_memory = { "SIZE", parse_memory, format_memory };
const ValueType value_tasks = { "NUMBER", parse_tasks, format_tasks };
