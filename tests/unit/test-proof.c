/* What a program is told: exact arguments and environment of each contract, and what never reaches them. */

#include "hooks/proof-call.h"
#include "tests/unit/test.h"

#define TOKEN         "DGyRejmCefe7v4NfDGDKfA"
#define THUMBPRINT    "7Yxe6c_3bAa6kiaK1G-BZmi9EeNsUmlcbdnrtLeuK4E"
#define AUTHORIZATION TOKEN "." THUMBPRINT
#define VALUE         "CDvMRM887iX2QQG9YH8BBRDYNalGOyle1JVKp8Hd0Co"
#define TOKEN2        "aaaaaaaaaaaaaaaaaaaaaaaa"

static Paths paths = { "/etc/renewd", "/var/lib/renewd", "/run/renewd", "/usr/lib/renewd" };
static CertificateConfig *certificate;

static CertificateConfig *make_certificate(DnsStyle style) {
        CertificateConfig *c = calloc(1, sizeof *c);

        c->name = strdup("example.org");
        (void) string_list_add(&c->names, "*.example.org");
        (void) string_list_add(&c->names, "example.org");
        (void) string_list_add(&c->challenge_hook, "/bin/fw");
        c->dns = calloc(1, sizeof *c->dns);
        c->dns->style = style;
        c->dns->name = strdup("p");
        (void) string_list_add(&c->dns->program, "/opt/hook");
        (void) string_list_add(&c->dns->program, "--conf=x y");
        if (style == DNS_STYLE_CERTBOT) {
                (void) string_list_add(&c->dns->cleanup, "/opt/clean");
                (void) string_list_add(&c->dns->cleanup, "x");
        }
        (void) string_list_add(&c->dns->environment, "ZONE=example.org");
        return c;
}

static void free_certificate(void) {
        free(certificate->name);
        string_list_done(&certificate->names);
        string_list_done(&certificate->challenge_hook);
        free(certificate->dns->name);
        string_list_done(&certificate->dns->program);
        string_list_done(&certificate->dns->cleanup);
        string_list_done(&certificate->dns->environment);
        free(certificate->dns);
        free(certificate);
}

static int parse(const char *text, Proof *ret, const char **ret_bad) {
        _cleanup_(json_freep) Json *j = NULL;

        CHECK_INT(json_parse(text, strlen(text), &j), 0);
        return proof_parse(j, certificate, ret, ret_bad);
}

static Proof proof_of(const char *type, const char *record, const char *token) {
        _cleanup_free_ char *text = NULL;
        const char *bad = NULL;
        Proof p = {};

        CHECK(str_printf(&text,
                         "{\"type\":\"%s\",\"identifier\":\"example.org\",\"wildcard\":true,\"token\":\"%s\","
                         "\"authorization\":\"%s." THUMBPRINT "\",\"record\":\"%s\"}",
                         type, token, token, record) >= 0);
        CHECK_INT(parse(text, &p, &bad), 0);
        return p;
}

static void append(char **text, const StringList *l) {
        for (size_t i = 0; i < l->count; i++) {
                char *grown = NULL;

                CHECK(str_printf(&grown, "%s%s\n", *text, l->items[i]) >= 0);
                free(*text);
                *text = grown;
        }
}

/* argv one a line, a line "--", and the environment behind PATH, LANG and ZONE. */
static char *told(const ProofCall *call) {
        _cleanup_(string_list_done) StringList argv = {}, environment = {}, line = {};
        _cleanup_free_ char *error = NULL;
        char *text = strdup("");
        StringList rest;
        size_t skip = call->proofs->record ? 3 : 2;

        CHECK_INT(proof_call_build(call, &argv, &environment, &error), 0);
        CHECK(environment.count >= skip && str_skip_prefix(environment.items[0], "PATH=/usr"));
        CHECK_STR(environment.items[1], "LANG=C");
        rest = (StringList){ environment.items + skip, environment.count - skip };
        append(&text, &argv);
        (void) string_list_add(&line, "--");
        append(&text, &line);
        append(&text, &rest);
        return text;
}

static void check_told(
                DnsStyle style, Proof *proofs, size_t count, bool cleanup, const char *expected) {
        _cleanup_free_ char *text = NULL;
        ProofCall call = {
                .certificate = certificate,
                .paths = &paths,
                .state = "/var/lib/renewd/installer/dns/p",
                .proofs = proofs,
                .count = count,
                .cleanup = cleanup,
        };

        certificate->dns->style = style;
        text = told(&call);
        CHECK_STR(text, expected);
}

#define ONE(style, present, cleanup)                                                \
        do {                                                                        \
                certificate = make_certificate(style);                              \
                Proof p = proof_of("dns-01", "_acme-challenge.example.org", TOKEN); \
                p.remaining = 1;                                                    \
                p.output = strdup("id 7");                                          \
                check_told(style, &p, 1, false, present);                           \
                check_told(style, &p, 1, true, cleanup);                            \
                proof_done(&p);                                                     \
                free_certificate();                                                 \
        } while (false)

#define NATIVE(event)                                                                                 \
        "/opt/hook\n--conf=x y\n" event "\n--\nRENEWD_EVENT=" event                                   \
        "\nRENEWD_CERTIFICATE=example.org\nRENEWD_NAMES=*.example.org example.org\nRENEWD_CHALLENGE=" \
        "dns-01\nRENEWD_IDENTIFIER=example.org\nRENEWD_WILDCARD=yes\nRENEWD_TOKEN=" TOKEN             \
        "\nRENEWD_AUTHORIZATION=" AUTHORIZATION "\nRENEWD_VALUE=" VALUE                               \
        "\nRENEWD_RECORD=_acme-challenge.example.org\nRENEWD_REMAINING=1\n"                           \
        "RENEWD_STATE=/var/lib/renewd/installer/dns/p\n"

static void native(void) {
        ONE(DNS_STYLE_NATIVE, NATIVE("present"), NATIVE("cleanup"));
}

#define CERTBOT                                                                                     \
        "--\nCERTBOT_DOMAIN=example.org\nCERTBOT_IDENTIFIER=example.org\nCERTBOT_VALIDATION=" VALUE \
        "\nCERTBOT_REMAINING_CHALLENGES=1\nCERTBOT_ALL_DOMAINS=*.example.org,example.org\n"         \
        "CERTBOT_ALL_IDENTIFIERS=*.example.org,example.org\n"

static void certbot(void) {
        ONE(DNS_STYLE_CERTBOT, "/opt/hook\n--conf=x y\n" CERTBOT,
            "/opt/clean\nx\n" CERTBOT "CERTBOT_AUTH_OUTPUT=id 7\n");
}

#define DEHYDRATED_ENVIRONMENT(chain)                                                   \
        "--\nCHALLENGETYPE=dns-01\nHOOK_CHAIN=" chain                                   \
        "\nCOMMAND=sign_domains\nBASEDIR=/var/lib/renewd/installer/dns/p\nWELLKNOWN=\n" \
        "alias=example.org\naltnames=*.example.org example.org\n"

static void dehydrated(void) {
        ONE(DNS_STYLE_DEHYDRATED,
            "/opt/hook\n--conf=x y\ndeploy_challenge\nexample.org\n" TOKEN "\n" VALUE
            "\n" DEHYDRATED_ENVIRONMENT("no"),
            "/opt/hook\n--conf=x y\nclean_challenge\nexample.org\n" TOKEN "\n" VALUE
            "\n" DEHYDRATED_ENVIRONMENT("no"));
}

static void dehydrated_chain(void) {
        Proof two[2];

        certificate = make_certificate(DNS_STYLE_DEHYDRATED_CHAIN);
        two[0] = proof_of("dns-01", "_acme-challenge.example.org", TOKEN);
        two[1] = proof_of("dns-01", "_acme-challenge.example.org", TOKEN2);
        _cleanup_free_ char *expected = NULL;
        CHECK(str_printf(&expected,
                         "/opt/hook\n--conf=x y\ndeploy_challenge\nexample.org\n" TOKEN "\n" VALUE
                         "\nexample.org\n" TOKEN2 "\n%s\n" DEHYDRATED_ENVIRONMENT("yes"),
                         two[1].value) >= 0);
        check_told(DNS_STYLE_DEHYDRATED_CHAIN, two, 2, false, expected);
        proof_done(&two[0]);
        proof_done(&two[1]);
        free_certificate();
}

static void lego(void) {
        ONE(DNS_STYLE_LEGO,
            "/opt/hook\n--conf=x y\npresent\n_acme-challenge.example.org.\n" VALUE
            "\n--\nEXEC_PATH=/opt/hook\n",
            "/opt/hook\n--conf=x y\ncleanup\n_acme-challenge.example.org.\n" VALUE
            "\n--\nEXEC_PATH=/opt/hook\n");
}

static void lego_raw(void) {
        ONE(DNS_STYLE_LEGO_RAW,
            "/opt/hook\n--conf=x y\npresent\n--\nexample.org\n" TOKEN "\n" AUTHORIZATION
            "\n--\nEXEC_PATH=/opt/hook\nEXEC_MODE=RAW\n",
            "/opt/hook\n--conf=x y\ncleanup\n--\nexample.org\n" TOKEN "\n" AUTHORIZATION
            "\n--\nEXEC_PATH=/opt/hook\nEXEC_MODE=RAW\n");
}

#define UACME(method)                                                                            \
        "/opt/hook\n--conf=x y\n" method "\ndns-01\nexample.org\n" TOKEN "\n" VALUE              \
        "\n--\nUACME_METHOD=" method                                                             \
        "\nUACME_TYPE=dns-01\nUACME_IDENT=example.org\nUACME_TOKEN=" TOKEN "\nUACME_AUTH=" VALUE \
        "\nUACME_CONFDIR=/var/lib/renewd/installer/dns/p\nUACME_VERBOSE=0\n"

static void uacme(void) {
        ONE(DNS_STYLE_UACME, UACME("begin"), UACME("done"));
}

#define ACMETOOL(event)                                                                            \
        "/opt/hook\n--conf=x y\nchallenge-dns-" event "\nexample.org\n\n" VALUE "\nwildcard\n--\n" \
        "ACME_STATE_DIR=/var/lib/renewd/installer/dns/p\n"

static void acmetool(void) {
        ONE(DNS_STYLE_ACMETOOL, ACMETOOL("start"), ACMETOOL("stop"));
}

static void mod_md(void) {
        ONE(DNS_STYLE_MOD_MD, "/opt/hook\n--conf=x y\nsetup\nexample.org\n" VALUE "\n--\n",
            "/opt/hook\n--conf=x y\nteardown\nexample.org\n" VALUE "\n--\n");
}

#define ACME_SH(event)                                                                         \
        "/usr/lib/renewd/hooks/dns/acme-sh\n/opt/hook\n--conf=x y\n" event                     \
        "\n_acme-challenge.example.org\n" VALUE "\n--\nHOME=/var/lib/renewd/installer/dns/p\n" \
        "LE_WORKING_DIR=/var/lib/renewd/installer/dns/p\nLE_CONFIG_HOME=/var/lib/renewd/installer/dns/p\n"

static void acme_sh(void) {
        ONE(DNS_STYLE_ACME_SH, ACME_SH("add"), ACME_SH("rm"));
}

static void challenge_hook(void) {
        certificate = make_certificate(DNS_STYLE_CERTBOT); /* of DNS=: not this program's */
        Proof p = proof_of("http-01", "", TOKEN);

        check_told(DNS_STYLE_CERTBOT, &p, 1, false,
                   "/bin/fw\npresent\n--\nRENEWD_EVENT=present\nRENEWD_CERTIFICATE=example.org\n"
                   "RENEWD_NAMES=*.example.org example.org\nRENEWD_CHALLENGE=http-01\n"
                   "RENEWD_IDENTIFIER=example.org\nRENEWD_WILDCARD=yes\nRENEWD_TOKEN=" TOKEN
                   "\nRENEWD_AUTHORIZATION=" AUTHORIZATION "\nRENEWD_VALUE=" AUTHORIZATION
                   "\nRENEWD_REMAINING=0\nRENEWD_STATE=/var/lib/renewd/installer/dns/p\n");
        proof_done(&p);
        free_certificate();
}

/* An alias is told to those who can say the whole name, and to the others where its target has their form. */
static void alias(void) {
        certificate = make_certificate(DNS_STYLE_LEGO);
        Proof odd = proof_of("dns-01", "8f3a.auth.example.net", TOKEN);
        Proof same = proof_of("dns-01", "_acme-challenge.delegated.example.net", TOKEN);

        check_told(DNS_STYLE_LEGO, &odd, 1, false,
                   "/opt/hook\n--conf=x y\npresent\n8f3a.auth.example.net.\n" VALUE
                   "\n--\nEXEC_PATH=/opt/hook\n");
        check_told(DNS_STYLE_MOD_MD, &odd, 1, false,
                   "/opt/hook\n--conf=x y\nsetup\nexample.org\n" VALUE "\n--\n");
        check_told(DNS_STYLE_MOD_MD, &same, 1, false,
                   "/opt/hook\n--conf=x y\nsetup\ndelegated.example.net\n" VALUE "\n--\n");
        proof_done(&odd);
        proof_done(&same);
        free_certificate();
}

static void account_record(void) {
        certificate = make_certificate(DNS_STYLE_LEGO);
        Proof p = proof_of(
                        "dns-account-01", "_h5zlfqoi7m5jaytl._acme-challenge.example.org", TOKEN);
        ProofCall call = { .certificate = certificate, .paths = &paths, .proofs = &p, .count = 1 };
        _cleanup_(string_list_done) StringList argv = {}, environment = {};
        _cleanup_free_ char *error = NULL;

        check_told(DNS_STYLE_LEGO, &p, 1, false,
                   "/opt/hook\n--conf=x y\npresent\n_h5zlfqoi7m5jaytl._acme-challenge.example.org.\n" VALUE
                   "\n--\nEXEC_PATH=/opt/hook\n");
        certificate->dns->style = DNS_STYLE_CERTBOT;
        CHECK_INT(proof_call_build(&call, &argv, &environment, &error), -EOPNOTSUPP);
        CHECK(error && strstr(error, "Style=certbot"));
        proof_done(&p);
        free_certificate();
}

/* ---- what is refused ---- */

static void refused(void) {
        static const struct {
                const char *type, *identifier, *token, *authorization, *record, *bad;
        } rows[] = {
                { "dns-01", "example.org", TOKEN, AUTHORIZATION, "_acme-challenge.example.org",
                  NULL },
                { "dns-99", "example.org", TOKEN, AUTHORIZATION, "a.b", "type" },
                { "dns-persist-01", "example.org", TOKEN, AUTHORIZATION, "a.b", "type" },
                { "dns-01", "example.com", TOKEN, AUTHORIZATION, "a.b", "identifier" },
                { "dns-01", "org", TOKEN, AUTHORIZATION, "a.b", "identifier" },
                { "dns-01", "example.org", "../../etc/passwd/aaaaaa", AUTHORIZATION, "a.b",
                  "token" },
                { "dns-01", "example.org", "-h", AUTHORIZATION, "a.b", "token" },
                { "dns-01", "example.org", TOKEN, TOKEN2 "." THUMBPRINT, "a.b", "authorization" },
                { "dns-01", "example.org", TOKEN, TOKEN ".x", "a.b", "authorization" },
                { "dns-01", "example.org", TOKEN, AUTHORIZATION "\\n", "a.b", "authorization" },
                { "dns-01", "example.org", TOKEN, AUTHORIZATION, "-o.example.org", "record" },
                { "dns-01", "example.org", TOKEN, AUTHORIZATION, "a;b.example.org", "record" },
                { "dns-01", "example.org", TOKEN, AUTHORIZATION, "a..b", "record" },
                { "dns-01", "example.org", TOKEN, AUTHORIZATION, "a b", "record" },
                { "dns-01", "example.org", TOKEN, AUTHORIZATION, "$(id)", "record" },
                { "dns-01", "example.org", TOKEN, AUTHORIZATION, "A.example.org", "record" },
                { "dns-01", "example.org", TOKEN, AUTHORIZATION, "", "record" },
        };

        certificate = make_certificate(DNS_STYLE_NATIVE);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(proof_done) Proof p = {};
                _cleanup_free_ char *text = NULL;
                const char *bad = NULL;
                int r;

                CHECK(str_printf(&text,
                                 "{\"type\":\"%s\",\"identifier\":\"%s\",\"token\":\"%s\","
                                 "\"authorization\":\"%s\",\"record\":\"%s\"}",
                                 rows[i].type, rows[i].identifier, rows[i].token,
                                 rows[i].authorization, rows[i].record) >= 0);
                r = parse(text, &p, &bad);
                CHECK_INT(r, rows[i].bad ? -EINVAL : 0);
                CHECK(str_equal(bad, rows[i].bad));
        }
        free_certificate();
}

TEST_MAIN({ "native contract", native },
          { "S7.1 certbot's manual hooks", certbot },
          { "S7.2 dehydrated's hook", dehydrated },
          { "S7.2 HOOK_CHAIN: all challenges in one call", dehydrated_chain },
          { "S7.4 lego's exec provider", lego },
          { "S7.4 lego's exec provider, RAW", lego_raw },
          { "S7.5 uacme's hook", uacme },
          { "S7.6 acmetool's hook", acmetool },
          { "S7.8 mod_md's MDChallengeDns01", mod_md },
          { "S7.3 acme.sh's dnsapi by the shim", acme_sh },
          { "ChallengeHook= is told by the native contract", challenge_hook },
          { "L-03 the target of an alias is what the program gets to write", alias },
          { "L-05 dns-account-01 only by contracts that say the record's name", account_record },
          { "R2.11.1 what is not of its alphabet reaches no program", refused })
