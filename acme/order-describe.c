/* One clause for a person: what the order waits for. */

#include "acme/order-internal.h"
#include "acme/order-row.h"

static const char *const state_texts[ORDER_STATE_MAX] = {
        [ORDER_NEW] = "asking the CA for an order",
        [ORDER_AUTHORIZE] = "reading the authorizations",
        [ORDER_ORDER] = "asking the CA for the state of the order",
        [ORDER_CSR] = "waiting for the signer to make the key and the request",
        [ORDER_FINALIZE] = "asking the CA to issue the certificate",
        [ORDER_DOWNLOAD] = "downloading the certificate",
        [ORDER_DONE] = "the certificate was received",
        [ORDER_FAILED] = "the order failed",
};

static const char *const phase_texts[] = {
        [ROW_FETCH] = "reading the authorization of",
        [ROW_PRESENT] = "preparing the challenge for",
        [ROW_SETTLE] = "waiting before the CA is asked again to validate",
        [ROW_ACCEPT] = "asking the CA to validate",
        [ROW_WAIT] = "waiting for the CA to validate",
        [ROW_VALID] = "validated:",
        [ROW_DEAD] = "no longer validating",
};

static bool is_lost(const OrderMachine *m) {
        for (size_t i = 0; i < m->row_count; i++)
                if (m->rows[i].patience.lost > 0 && m->rows[i].pending.kind == EFFECT_WAIT)
                        return true;
        return m->patience.lost > 0;
}

/* The row that is furthest behind speaks for all; NULL if none has anything to say. */
static const OrderRow *slowest_row(const OrderMachine *m, size_t *ret_others) {
        const OrderRow *slowest = NULL;
        size_t open = 0;

        for (size_t i = 0; i < m->row_count; i++) {
                const OrderRow *row = &m->rows[i];

                if (row->phase >= ROW_VALID || !row->identifier)
                        continue;
                open++;
                if (!slowest || row->phase < slowest->phase)
                        slowest = row;
        }
        *ret_others = open > 0 ? open - 1 : 0;
        return slowest;
}

static int describe_row(const OrderRow *row, size_t others, char **ret) {
        _cleanup_(bytes_done) Bytes b = {};
        int r;

        r = bytes_printf(&b, "%s %s", phase_texts[row->phase], row->identifier);
        if (r >= 0 && row->type != CHALLENGE_TYPE_MAX)
                r = bytes_printf(&b, " (%s)", challenge_type_to_string(row->type));
        if (r >= 0 && others > 0)
                r = bytes_printf(&b, " and %zu more", others);
        if (r < 0)
                return r;
        *ret = bytes_take_text(&b);
        return *ret ? 0 : -ENOMEM;
}

int order_machine_describe(const OrderMachine *m, char **ret) {
        const char *text = state_texts[m->state];
        const OrderRow *row;
        char *copy = NULL;
        size_t others;
        int r;

        row = slowest_row(m, &others);
        if (m->state == ORDER_FAILED && m->failure.message)
                text = m->failure.message;
        else if (m->state != ORDER_DONE && m->state != ORDER_FAILED && is_lost(m))
                text = "the CA cannot be reached; asking again every few minutes";
        else if (row && (m->state == ORDER_AUTHORIZE || m->state == ORDER_ORDER))
                return describe_row(row, others, ret);
        else if (m->state == ORDER_ORDER && m->waiting_for == STATUS_PROCESSING)
                text = "waiting for the CA to issue the certificate";
        r = str_replace(&copy, text);
        if (r < 0)
                return r;
        *ret = copy;
        return 0;
}
