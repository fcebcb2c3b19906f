#pragma once

/* Internationalised names: U-labels as people write them, A-labels as everything here keeps them (H-02). The mapping is that
 * of UTS 46, non-transitional, with the rules of STD 3, as browsers have it. */

#include "base/base.h"

/* A name with U-labels (UTF-8) to A-labels; malloc'ed. "*." must be taken off before, and the
 * octets of the result looked at: signs that STD 3 forbids are still there. -EINVAL with *ret_reason (static). */
int idn_to_ascii(const char *text, char **ret, const char **ret_reason);

/* Are its A-labels (of a lower-case ASCII name) decodable at all? */
bool idn_is_decodable(const char *name);

/* A name for a person's eyes: "xn--bcher-kva.example (bücher.example)". The second form is there only if it leads back to
 * the first and may stand on a terminal; malloc'ed. */
int identifier_show(const char *name, char **ret);
