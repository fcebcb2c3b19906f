/* XMPP (RFC 6120 §5). No XML is parsed: the few elements before TLS have fixed names, and what a service dresses them in
 * decides nothing. */

#include <string.h>

#include "base/strings.h"
#include "probe/starttls-internal.h"

#define NAMESPACE "urn:ietf:params:xml:ns:xmpp-tls"

/* Behind the first `text`; NULL: it did not come yet. */
static const char *find(const Bytes *in, const char *text) {
        const char *at = in->size > 0 ? memmem(in->data, in->size, text, strlen(text)) : NULL;

        return at ? at + strlen(text) : NULL;
}

static bool is_plain_name(const char *name) {
        static const char plain[] =
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";

        return name && *name && name[strspn(name, plain)] == '\0';
}

static int begin(Starttls *s, const char *server_name) {
        bool plain = is_plain_name(server_name);

        return bytes_printf(
                        &s->out,
                        "<?xml version='1.0'?><stream:stream%s%s%s xmlns='jabber:%s' "
                        "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
                        plain ? " to='" : "", plain ? server_name : "", plain ? "'" : "",
                        s->protocol == PROBE_PROTOCOL_XMPP_SERVER ? "server" : "client");
}

/* "<stream:error><host-unknown xmlns=…": the condition is the element behind it. */
static int refused(Starttls *s, const char *at) {
        const char *end = (const char *) s->in.data + s->in.size;
        const char *name = memchr(at, '<', (size_t) (end - at));
        size_t size = 0;

        for (name = name ? name + 1 : end; name + size < end && size < 64; size++)
                if (!(name[size] == '-' || (name[size] >= 'a' && name[size] <= 'z')))
                        break;
        if (size == 0)
                return starttls_fail(s, "the service refuses the stream");
        return starttls_fail(s, "the service refuses the stream: %.*s", (int) size, name);
}

static int take_features(Starttls *s) {
        const char *end = find(&s->in, "</stream:features>");
        const char *offer = find(&s->in, NAMESPACE);

        if (!end)
                end = find(&s->in, "<stream:features/>");
        if (!end)
                return 0;
        if (!offer || offer > end)
                return starttls_fail(s, "the service does not offer STARTTLS");
        bytes_consume(&s->in, (size_t) (end - (const char *) s->in.data));
        s->step++;
        return bytes_append_string(&s->out, "<starttls xmlns='" NAMESPACE "'/>");
}

/* "<proceed xmlns=…/>", or with an end tag of its own. */
static int take_proceed(Starttls *s) {
        const char *at = find(&s->in, "<proceed"), *last = (const char *) s->in.data + s->in.size;
        const char *end;

        if (find(&s->in, "<failure"))
                return starttls_fail(s, "the service refuses STARTTLS");
        end = at ? memchr(at, '>', (size_t) (last - at)) : NULL;
        if (end && end[-1] != '/') {
                end = find(&s->in, "</proceed>");
                end = end ? end - 1 : NULL;
        }
        if (!end)
                return 0;
        bytes_consume(&s->in, (size_t) (end + 1 - (const char *) s->in.data));
        return 1;
}

static int take(Starttls *s) {
        const char *error = find(&s->in, "<stream:error");
        int r = 0;

        if (s->in.size > 0 && s->step == 0 && s->in.data[0] != '<' &&
            !strchr(" \r\n\t", s->in.data[0]))
                return starttls_fail(s, "the service does not speak XMPP");
        if (error && find(&s->in, "</stream:error>"))
                return refused(s, error);
        if (s->in.size > STARTTLS_DIALOGUE_MAX / 4)
                return starttls_fail(s, "the service sends XML without end");
        if (s->step == 0)
                r = take_features(s);
        return r == 0 && s->step == 1 ? take_proceed(s) : r;
}

const StarttlsKind starttls_xmpp = { begin, take };
