/* The contacts of an account: told when they were changed in the configuration (F-02, F-07, F-08). */

#include "base/log.h"
#include "daemon/session-internal.h"

#define MAILTO "mailto:"

int session_contact(const Session *s, char **ret) {
        _cleanup_(bytes_done) Bytes b = {};
        int r = 0;

        for (size_t i = 0; i < s->ca.contact.count && r >= 0; i++)
                r = bytes_printf(&b, "%s%s", i > 0 ? " " : "", s->ca.contact.items[i]);
        if (r < 0)
                return r;
        *ret = bytes_take_text(&b);
        return *ret ? 0 : -ENOMEM;
}

/* F-02: is what the CA answered what would be told? Many leave it out. */
bool session_answer_has_contact(const Session *s, const SessionReply *reply) {
        _cleanup_(json_freep) Json *j = NULL;
        const Json *list = NULL;

        if (s->ca.contact.count == 0)
                return true; /* what others have set there is theirs */
        if (!reply->body || json_parse(reply->body, reply->size, &j) < 0 ||
            json_get_array(j, "contact", &list) < 0 || json_count(list) != s->ca.contact.count)
                return false;
        for (size_t i = 0; i < json_count(list); i++) {
                const char *url = json_string_value(json_at(list, i));
                const char *address = url ? str_skip_prefix(url, MAILTO) : NULL;

                if (!address || !string_list_contains(&s->ca.contact, address))
                        return false;
        }
        return true;
}

int session_note_contact(Session *s, bool told) {
        AccountLife *life = account_life(s->account);
        _cleanup_free_ char *contact = NULL;
        int r;

        r = session_contact(s, &contact);
        return r < 0 ? r : str_replace(&life->contact, told ? contact : "");
}

/* Compared with what was told, never with what the CA echoes: some never do (F-08). */
bool session_wants_contact(Session *s) {
        const AccountLife *life = account_life(s->account);
        _cleanup_free_ char *contact = NULL;

        if (s->contact_done || !life->contact || session_contact(s, &contact) < 0)
                return false;
        return !str_equal(life->contact, contact) && !str_equal(life->contact_refused, contact);
}

static void contact_refused(Session *s, const SessionReply *reply) {
        AccountLife *life = account_life(s->account);
        _cleanup_(failure_done) Failure f = {};
        _cleanup_free_ char *contact = NULL;

        if (failure_from_answer(&f, PLACE_NEW_ACCOUNT, reply->status, reply->body, reply->size, 0) <
            0)
                return;
        log_message(LOG_ERR, &(LogFields){ .ca = s->ca.name },
                    "%s: the contacts of the account stay as they were: %s", s->ca.name, f.message);
        if (session_contact(s, &contact) >= 0)
                (void) str_replace(&life->contact_refused, contact); /* else it is asked again */
}

/* F-07 would park the account: but it is there and good, and certificates matter more than its contacts. */
static void on_contact(const SessionReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure none = {};
        Session *s = userdata;
        int r = 0;

        if (reply->error == 0 && reply->status >= 200 && reply->status <= 299)
                r = session_note_contact(s, true);
        else if (reply->error == 0 && reply->status >= 400 && reply->status <= 499 &&
                 reply->status != 429)
                contact_refused(s, reply);
        session_saved(s, r < 0 ? r : account_save(s->account));
        s->account_call = session_call_free(s->account_call);
        session_step_done(s, 0, &none);
}

int session_contact_send(Session *s) {
        SessionRequest request = {
                .kind = SESSION_UPDATE_ACCOUNT,
                .owner = s,
                .url = s->account_url,
                .contact = true,
        };

        s->contact_done = true;
        s->preparation = PREPARE_CONTACT;
        return session_send(s, &request, on_contact, s, &s->account_call);
}
