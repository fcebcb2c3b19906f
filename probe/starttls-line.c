/* Protocols of lines. Each is a row of steps: what is said, and the reply that leads to the next one; the last reply is
 * the go-ahead. */

#include <string.h>

#include "base/strings.h"
#include "probe/starttls-internal.h"

typedef enum Verdict {
        VERDICT_MORE,    /* another line belongs to this reply */
        VERDICT_NEXT,    /* the reply that was hoped for is complete */
        VERDICT_REFUSED, /* another reply is */
        VERDICT_STRANGE, /* that is not this protocol */
} Verdict;

typedef struct Step {
        const char *say; /* without the end of line; NULL: the service speaks first */
        Verdict (*judge)(Starttls *s, const char *line, const char *wanted);
        const char *wanted; /* how the reply begins */
        bool offers;        /* the reply lists what the service can: STARTTLS must be there */
} Step;

#define STEPS_MAX 3

/* "250-SIZE", "250 STARTTLS", "220". Within a reply of FTP a line may be of any form. */
static Verdict judge_code(Starttls *s, const char *line, const char *wanted) {
        bool code = strspn(line, "0123456789") == 3 &&
                    strchr(" -", line[3]); /* '\0' is found, too */

        if (!code && !s->continued)
                return VERDICT_STRANGE;
        if (code && str_equal_ignore_case(line[3] ? line + 4 : "", "STARTTLS"))
                s->offered = true;
        s->continued = !code || line[3] == '-';
        if (s->continued)
                return VERDICT_MORE;
        return str_skip_prefix(line, wanted) ? VERDICT_NEXT : VERDICT_REFUSED;
}

/* "+OK ready", "-ERR" */
static Verdict judge_pop3(Starttls *s, const char *line, const char *wanted) {
        (void) s;
        if (line[0] == '-')
                return VERDICT_REFUSED;
        return str_skip_prefix(line, wanted) ? VERDICT_NEXT : VERDICT_STRANGE;
}

/* "* OK", "* PREAUTH" (which knows no TLS any more), "* BYE" */
static Verdict judge_imap_greeting(Starttls *s, const char *line, const char *wanted) {
        (void) s;
        if (str_skip_prefix(line, wanted))
                return VERDICT_NEXT;
        return line[0] == '*' ? VERDICT_REFUSED : VERDICT_STRANGE;
}

/* "* …" comes at any time; "a OK", "a NO", "a BAD" */
static Verdict judge_imap(Starttls *s, const char *line, const char *wanted) {
        (void) s;
        if (str_skip_prefix(line, "* BYE"))
                return VERDICT_REFUSED;
        if (line[0] == '*')
                return VERDICT_MORE;
        if (str_skip_prefix(line, wanted))
                return VERDICT_NEXT;
        return str_skip_prefix(line, "a ") ? VERDICT_REFUSED : VERDICT_STRANGE;
}

/* Capabilities in quotes, then "OK", "NO" or "BYE" (RFC 5804) */
static Verdict judge_sieve(Starttls *s, const char *line, const char *wanted) {
        if (str_equal_ignore_case(line, "\"STARTTLS\""))
                s->offered = true;
        if (line[0] == '"')
                return VERDICT_MORE;
        if (str_skip_prefix(line, wanted))
                return VERDICT_NEXT;
        return str_skip_prefix(line, "NO") || str_skip_prefix(line, "BYE") ? VERDICT_REFUSED
                                                                           : VERDICT_STRANGE;
}

/* ":server 670 * :go ahead". Whatever else a server says to one who comes is notices and pings. */
static Verdict judge_irc(Starttls *s, const char *line, const char *wanted) {
        const char *word = line;

        (void) s;
        if (line[0] == ':') {
                word = strchr(line, ' ');
                if (!word)
                        return VERDICT_STRANGE;
                word += strspn(word, " ");
        }
        if (str_skip_prefix(word, wanted))
                return VERDICT_NEXT;
        if (strspn(word, "0123456789") == 3 || str_skip_prefix(word, "ERROR"))
                return VERDICT_REFUSED;
        return VERDICT_MORE;
}

static const Step dialogues[PROBE_PROTOCOL_MAX][STEPS_MAX] = {
        [PROBE_PROTOCOL_SMTP] = {
                { NULL, judge_code, "220", false },
                { "EHLO localhost", judge_code, "250", true },
                { "STARTTLS", judge_code, "220", false },
        },
        [PROBE_PROTOCOL_LMTP] = {
                { NULL, judge_code, "220", false },
                { "LHLO localhost", judge_code, "250", true },
                { "STARTTLS", judge_code, "220", false },
        },
        [PROBE_PROTOCOL_IMAP] = {
                { NULL, judge_imap_greeting, "* OK", false },
                { "a STARTTLS", judge_imap, "a OK", false },
        },
        [PROBE_PROTOCOL_POP3] = {
                { NULL, judge_pop3, "+OK", false },
                { "STLS", judge_pop3, "+OK", false },
        },
        [PROBE_PROTOCOL_SIEVE] = {
                { NULL, judge_sieve, "OK", true },
                { "STARTTLS", judge_sieve, "OK", false },
        },
        [PROBE_PROTOCOL_FTP] = {
                { NULL, judge_code, "220", false },
                { "AUTH TLS", judge_code, "234", false },
        },
        [PROBE_PROTOCOL_NNTP] = {
                { NULL, judge_code, "20", false }, /* posting allowed, or not */
                { "STARTTLS", judge_code, "382", false },
        },
        [PROBE_PROTOCOL_IRC] = {
                { "STARTTLS", judge_irc, "670", false },
        },
};

static const Step *step_of(const Starttls *s) {
        return &dialogues[s->protocol][s->step];
}

static bool is_last(const Starttls *s) {
        return s->step + 1 >= STEPS_MAX || !step_of(s)[1].judge;
}

static int say(Starttls *s) {
        const char *text = step_of(s)->say;

        return text ? bytes_printf(&s->out, "%s\r\n", text) : 0;
}

static int begin(Starttls *s, const char *server_name) {
        (void) server_name;
        return say(s);
}

/* 1: the go-ahead. */
static int go_on(Starttls *s) {
        if (step_of(s)->offers && !s->offered)
                return starttls_fail(s, "the service does not offer STARTTLS");
        if (is_last(s))
                return 1;
        s->step++;
        return say(s);
}

static int take_line(Starttls *s, const char *line) {
        const Step *step = step_of(s);

        switch (step->judge(s, line, step->wanted)) {
        case VERDICT_MORE:
                return 0;
        case VERDICT_NEXT:
                return go_on(s);
        case VERDICT_REFUSED:
                return starttls_fail(
                                s, "the service answers %s%s%swith '%s'", step->say ? "'" : "",
                                step->say ? step->say : "", step->say ? "' " : "the connection ",
                                line);
        case VERDICT_STRANGE:
        default:
                return starttls_fail(
                                s, "the service does not speak %s: '%s'",
                                probe_protocol_to_string(s->protocol), line);
        }
}

static int take(Starttls *s) {
        int r = 0;

        while (r == 0 && s->in.size > 0) {
                char *line = (char *) s->in.data;
                char *end = memchr(line, '\n', MIN(s->in.size, STARTTLS_LINE_MAX));
                size_t size = end ? (size_t) (end - line) : 0;

                if (!end && s->in.size >= STARTTLS_LINE_MAX)
                        return starttls_fail(s, "the service sends a line without end");
                if (!end)
                        return 0;
                if (memchr(line, '\0', size))
                        return starttls_fail(
                                        s, "the service does not speak %s: it sends binary data",
                                        probe_protocol_to_string(s->protocol));
                *end = '\0';
                if (size > 0 && line[size - 1] == '\r')
                        line[size - 1] = '\0';
                r = take_line(s, line);
                bytes_consume(&s->in, size + 1);
        }
        return r;
}

const StarttlsKind starttls_line = { begin, take };
