#pragma once

/* The kinds of values that settings have: read, and written back. Inside this room only; parse-*.c. */

#include "config/config.h"

/* One kind of value. `field` and `second` point into the object that the section fills; `second` is
 * where a count or port goes, and is `field` itself for types that have none. */
typedef struct ValueType {
        const char *form; /* as the manual writes it: "BOOLEAN" */

        /* "" resets. -EINVAL with *ret_reason = what is wrong and what would be right (malloc'ed). */
        int (*parse)(const char *text, void *field, void *second, char **ret_reason);

        /* Appends a "Key=value" line for each value; nothing for an unset one. */
        int (*format)(const char *key, const void *field, const void *second, Bytes *ret);
} ValueType;

#define VALUE_SHOWN_MAX  ((size_t) 120) /* of a bad value in a message */
#define FILES_MAX        16             /* of one target */
#define PROBES_MAX       16             /* of one target */
#define TARGETS_MAX      32             /* of one certificate */
#define LIST_MAX         64             /* of Listen=, Origins=, Detect= */
#define LINES_MAX        64             /* of Configure=, Note=, Line= each */
#define CONTACTS_MAX     2              /* of an account (F-07) */
#define WORDS_MAX        64             /* of a command */
#define WINDOWS_MAX      16             /* of one target */
#define MAX_LABELS_MAX   127            /* more do not fit into 253 octets */
#define TIMEOUT_MAX_SEC  SEC_PER_HOUR
#define RENEW_BEFORE_MAX ((int64_t) 398 * SEC_PER_DAY)
#define MEMORY_LIMIT_MIN ((int64_t) 16 * 1024 * 1024) /* less does not even start a program */
#define MEMORY_LIMIT_MAX ((int64_t) 64 * 1024 * 1024 * 1024)
#define TASKS_LIMIT_MAX  32768
#define LIFETIME_MAX     ((int64_t) 3660 * SEC_PER_DAY) /* of a CA of one's own */

extern const ValueType value_text, value_email, value_contact, value_bool, value_bool_text,
                value_path, value_paths, value_max_orders, value_order_budget, value_max_labels,
                value_renew_before, value_timeout, value_lifetime;
extern const ValueType value_key_type, value_key_types;
extern const ValueType value_item_name, value_challenges, value_profile, value_names, value_url,
                value_origins;
extern const ValueType value_proxy, value_cas, value_limits, value_max_names, value_domains;
extern const ValueType value_listen, value_probes, value_probe_name, value_validation, value_pin;
extern const ValueType value_files, value_command, value_unit, value_options;
extern const ValueType value_find, value_find_unit, value_lines, value_tested;
extern const ValueType value_signal, value_user, value_memory, value_tasks;
extern const ValueType value_windows, value_deadline;
extern const ValueType value_dns_style, value_credentials, value_environment, value_propagation,
                value_unseen, value_servers, value_resolver;

/* Sets *ret_reason; -EINVAL, or -ENOMEM. */
int value_refuse(char **ret_reason, const char *format, ...) _printf_(2, 3);

/* Frees what a value holds. */
void file_config_done(FileConfig *f);
void probe_configs_done(ProbeConfig **probes, size_t *count);
void restart_window_done(RestartWindow *w);

/* Helpers that value types share. */
int value_parse_text(const char *text, void *field);
int value_format_text(const char *key, const void *field, const void *second, Bytes *ret);
int parse_file_option(const char *word, FileConfig *f, char **ret_reason); /* "format=der" */
int check_file_form(const FileConfig *f, char **ret_reason); /* what goes together in File= */
int value_format_word(const char *word, Bytes *ret); /* as conf_split_words() reads it back */
int value_format_lines(const char *key, const void *field, const void *second, Bytes *ret);
bool user_name_is_valid(const char *name, size_t size);   /* or a number; it need not exist */
bool path_is_normal(const char *path, char **ret_reason); /* absolute, no "..", "//" or end "/" */

/* File, target, CA and service names: safe as a file name. */
bool config_item_name_is_valid(const char *name);
