#pragma once

/* The fake of daemon/http.h: hands requests to fake CAs by host. The CA sees a request when it is started; its answer
 * takes a while, and is lost when the engine crashes meanwhile. */

#include "daemon/http.h"
#include "tests/fake/ca.h"

Http *fake_http_new(Loop *loop);
Http *fake_http_free(Http *h);
int fake_http_add(Http *h, FakeCa *ca); /* borrowed */
unsigned fake_http_in_flight(const Http *h);
unsigned fake_http_most_in_flight(const Http *h);
