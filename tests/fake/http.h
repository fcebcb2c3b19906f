#pragma once

/* The fake of daemon/http.h: hands requests to fake CAs by host. The CA sees a request when it is started; its answer
 * takes a while, and is lost when the engine crashes meanwhile. */

#include "daemon/http.h"
#include "tests/fake/ca.h"

Http *fake_http_new(Loop *loop);
Http *fake_http_free(Http *h);
int fake_http_add(Http *h, FakeCa *ca); /* borrowed */

/* Pages that a validator would fetch (request.site): `fn` answers as the site does; unset: nothing answers. */
typedef int (*fake_site_fn)(const char *url, HttpReply *ret, void *userdata);
void fake_http_set_site(Http *h, fake_site_fn fn, void *userdata);
unsigned fake_http_in_flight(const Http *h); /* at CAs */
unsigned fake_http_most_in_flight(const Http *h);
