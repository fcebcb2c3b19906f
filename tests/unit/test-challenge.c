#include "acme/challenge.h"
#include "tests/unit/test.h"

#define TOKEN         "DGyRejmCefe7v4NfDGDKfA"
#define THUMBPRINT    "7Yxe6c_3bAa6kiaK1G-BZmi9EeNsUmlcbdnrtLeuK4E"
#define AUTHORIZATION TOKEN "." THUMBPRINT

static void authorization(void) {
        _cleanup_free_ char *text = NULL;

        CHECK_INT(key_authorization(TOKEN, THUMBPRINT, &text), 0);
        CHECK_STR(text, AUTHORIZATION);
        CHECK_INT(strlen(text), 66);
}

static void dns_value(void) {
        _cleanup_free_ char *value = NULL;

        CHECK_INT(dns01_value(AUTHORIZATION, &value), 0);
        CHECK_STR(value, "CDvMRM887iX2QQG9YH8BBRDYNalGOyle1JVKp8Hd0Co");
}

static void account_label(void) {
        static const struct {
                const char *url, *label;
        } vectors[] = {
                { "https://example.com/acme/acct/ExampleAccount", "_ujmmovf2vn55tgye" },
                { "https://ca.example/acct/123", "_h5zlfqoi7m5jaytl" },
        };

        for (size_t i = 0; i < ELEMENTSOF(vectors); i++) {
                _cleanup_free_ char *label = NULL;

                CHECK_INT(dns_account_label(vectors[i].url, &label), 0);
                CHECK_STR(label, vectors[i].label);
        }
}

static void names(void) {
        _cleanup_free_ char *plain = NULL, *account = NULL, *persist = NULL;

        CHECK_INT(dns01_name("example.org", &plain), 0);
        CHECK_STR(plain, "_acme-challenge.example.org");
        CHECK_INT(dns_account_name("https://ca.example/acct/123", "example.org", &account), 0);
        CHECK_STR(account, "_h5zlfqoi7m5jaytl._acme-challenge.example.org");
        CHECK_INT(dns_persist_name("*.example.org", &persist), 0);
        CHECK_STR(persist, "_validation-persist.example.org");
}

#define RFC7638 "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
#define ACCOUNT "https://ca.example/acct/123"

static void persist_hash(void) {
        _cleanup_free_ char *one = NULL, *any = NULL;

        CHECK_INT(dns_persist_hash("example.com", RFC7638, ACCOUNT, &one), 0);
        CHECK_STR(one, "5SQm7n6tPh2-PlLbCKGnViTXX5z19SCN4cPGQHSk-kw");
        CHECK_INT(dns_persist_hash("*", RFC7638, ACCOUNT, &any), 0);
        CHECK_STR(any, "NpDnSwUthQK8zCgFdefYxAdAVPnygMLbs9US6oO-5ug");
}

static void persist_record(void) {
        _cleanup_free_ char *plain = NULL, *hashed = NULL;
        PersistFacts f = {
                .name = "*.example.com",
                .issuer = "ca.example",
                .account_url = ACCOUNT,
                .thumbprint = RFC7638,
        };

        CHECK_INT(dns_persist_value(&f, &plain), 0);
        CHECK_STR(plain, "ca.example; accounturi=" ACCOUNT "; policy=wildcard");
        f.name = "example.com";
        f.hash_prefix = "urn:acme:";
        CHECK_INT(dns_persist_value(&f, &hashed), 0);
        CHECK_STR(hashed, "ca.example; accounturi=urn:acme:sha-256/"
                          "5SQm7n6tPh2-PlLbCKGnViTXX5z19SCN4cPGQHSk-kw");
}

TEST_MAIN({ "J-05 K-02 key authorization is token, dot, thumbprint and nothing else",
            authorization },
          { "L-01 dns-01 value (appendix A)", dns_value },
          { "L-05 dns-account-01 label (appendix A)", account_label },
          { "L-01 L-05 L-06 names of the records", names },
          { "L-07 dns-persist-01 hashed form (appendix A)", persist_hash },
          { "L-06 L-07 dns-persist-01 record, plain and as the CA's metadata ask", persist_record })
