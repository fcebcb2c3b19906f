#pragma once

/* The options and words of verbs that have many, for renewctl VERB --help. */

extern const char add_help[], account_help[], revoke_help[], csr_help[], import_help[],
                stand_in_help[], inspect_help[];
