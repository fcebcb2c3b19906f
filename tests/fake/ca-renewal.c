/* Renewal information of the fake CA: a good window by default, and every bad one there is. */

#include <stdio.h>
#include <string.h>

#include "acme/timestamp.h"
#include "tests/fake/ca-internal.h"

size_t ca_order_of_cert_id(const FakeCa *ca, const char *cert_id) {
        for (size_t i = 0; i < ca->order_count; i++)
                if (str_equal(ca->orders[i]->cert_id, cert_id))
                        return i;
        return ca->order_count;
}

void fake_ca_revoke(FakeCa *ca, const char *identifier) {
        for (size_t i = ca->order_count; i-- > 0;)
                if (ca->orders[i]->cert_id &&
                    str_equal(ca->orders[i]->names.items[0], identifier)) {
                        ca->orders[i]->revoked = true;
                        return;
                }
}

static int answer_window(const FakeCa *ca, int64_t start, int64_t end, HttpReply *ret) {
        Json *j = json_object_new(), *window = json_object_new();
        char text[RFC3339_SIZE];

        (void) json_set_string(window, "start", rfc3339_format(start, text));
        if (end != 0)
                (void) json_set_string(window, "end", rfc3339_format(end, text));
        (void) json_set(j, "suggestedWindow", window);
        if (ca->options.explanation)
                (void) json_set_string(j, "explanationURL", ca->options.explanation);
        return ca_answer(ret, 200, j);
}

/* As Boulder: about a third before the end, two days wide at 90. */
static int good_window(const FakeCa *ca, const CaOrder *o, HttpReply *ret) {
        int64_t life = o->not_after - o->not_before, third = o->not_after - life / 3;

        if (o->revoked) {
                int64_t now = fake_loop_true_sec(ca->loop);

                return answer_window(ca, now - SEC_PER_HOUR, now - SEC_PER_HOUR / 2, ret);
        }
        return answer_window(ca, third - life / 90, third + life / 90 + 1, ret);
}

int ca_serve_renewal_info(FakeCa *ca, size_t i, HttpReply *ret) {
        const CaOrder *o = ca->orders[i];
        int64_t now = fake_loop_true_sec(ca->loop);

        if (ca->options.info_retry_after)
                (void) str_replace(&ret->retry_after, ca->options.info_retry_after);
        if (o->replaced)
                ca->counts.info_of_replaced++;
        switch (ca->options.info) {
        case CA_INFO_GOOD:
                return good_window(ca, o, ret);
        case CA_INFO_PAST:
                return answer_window(ca, now - SEC_PER_HOUR, now - SEC_PER_HOUR + 1, ret);
        case CA_INFO_OPEN:
                return answer_window(ca, o->not_before - SEC_PER_DAY, o->not_after, ret);
        case CA_INFO_FAR:
                return answer_window(
                                ca, o->not_after + SEC_PER_DAY, o->not_after + 9 * SEC_PER_DAY,
                                ret);
        case CA_INFO_LATE:
                return answer_window(ca, o->not_after - 2, o->not_after - 1, ret);
        case CA_INFO_MOVING:
                return answer_window(ca, now + SEC_PER_DAY, now + 2 * SEC_PER_DAY, ret);
        case CA_INFO_BEFORE:
                return answer_window(ca, 1, 2, ret);
        case CA_INFO_WIDE:
                return answer_window(ca, 1, now + INT64_C(3650) * SEC_PER_DAY, ret);
        case CA_INFO_BACKWARDS:
                return answer_window(ca, o->not_after, o->not_before, ret);
        case CA_INFO_NO_END:
                return answer_window(ca, now, 0, ret);
        case CA_INFO_GARBAGE:
                ret->status = 200;
                return bytes_append_string(&ret->body, "<html>\x1b[31m</html>");
        case CA_INFO_REFUSED:
                return ca_problem(ret, 400, "malformed", "no such certificate");
        case CA_INFO_MAX:
                break;
        }
        return -EINVAL;
}
