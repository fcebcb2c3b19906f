#pragma once

/* Objects of a CA from texts. */

#include "base/json.h"
#include "base/strings.h"

/* https://ca.example and https://cdn.example, once something was parsed. */
extern StringList object_origins;

Json *object_json(const char *text);
