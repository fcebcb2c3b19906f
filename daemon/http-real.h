#pragma once

/* The real requests: one libcurl multi handle on the event loop. */

#include "daemon/http.h"
#include "daemon/loop-real.h"

int http_new(Loop *loop, Http **ret);

/* After all calls. */
Http *http_free(Http *h);
DEFINE_CLEANUP(Http *, http_free)
