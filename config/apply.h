#pragma once

/* Items into the objects of their sections, by the table. Inside this room only. */

#include "config/source.h"
#include "config/table.h"

typedef struct Specifiers {
        const char *certificate;           /* %n */
        const char *target;                /* %t */
        const char *stage;                 /* %s */
        const ServiceVariables *variables; /* ${NAME}; NULL: none */
        const char *names;                 /* ${NAMES}; NULL: not known */
} Specifiers;

/* Gives the section's object its defaults. */
int section_init(ConfigKind kind, const char *section, void *object);

/* Applies the items of `header` ("Deploy nginx") with the rows of `section` ("Deploy"). */
int section_apply(
                const Report *r,
                const Source *s,
                ConfigKind kind,
                const char *header,
                const char *section,
                const Specifiers *specifiers,
                void *object);

/* All of it, for a file with one section: defaults, warnings of what is not known, the items. */
int section_read(
                const Report *r,
                const Source *s,
                ConfigKind kind,
                const char *section,
                void *object);

/* Applies one item by its row. `specifiers` NULL: the value is taken as it is. */
int item_apply(const Report *report,
               const SourceItem *item,
               const ConfigKey *k,
               const Specifiers *specifiers,
               void *object);

/* %n, %t, ${NAME} and what stands for a '%' or '${' of its own, malloc'ed. -EINVAL with a reason. */
int specifiers_expand(
                const char *text, const Specifiers *specifiers, char **ret, char **ret_reason);

/* Warns of sections and keys that the table does not have. */
int source_check_known(const Report *r, const Source *s, ConfigKind kind);

/* The target name of a header "Deploy TARGET", or NULL. */
const char *deploy_target_of(const char *section);
