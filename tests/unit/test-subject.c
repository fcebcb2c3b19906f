/* Subjects of requests, as text, as a name and in a request (RFC 5280). */

#include "acme/csr.h"
#include "tests/unit/test.h"

static const char *set(Subject *s, SubjectField f, const char *value) {
        const char *reason = "";

        CHECK_INT(subject_set(s, f, value, &reason), -EINVAL);
        return reason;
}

static void text(void) {
        _cleanup_(subject_done) Subject s = {}, other = {};
        const char *reason = NULL;

        CHECK(subject_is_empty(&s));
        CHECK_INT(subject_parse("C=DE, o=K\xc3\xa4se\\, S\xc3\xb6hne,OU=a=b,CN=w.example,E=a@b.example",
                                &s, &reason),
                  0);
        CHECK_STR(s.fields[SUBJECT_COUNTRY], "DE");
        CHECK_STR(s.fields[SUBJECT_ORGANIZATION], "K\xc3\xa4se, S\xc3\xb6hne");
        CHECK_STR(s.fields[SUBJECT_UNIT], "a=b");
        CHECK_STR(s.fields[SUBJECT_COMMON_NAME], "w.example");
        CHECK_STR(s.fields[SUBJECT_EMAIL], "a@b.example");
        CHECK(!s.fields[SUBJECT_STATE]);
        CHECK_INT(subject_copy(&s, &other), 0);
        CHECK(subject_same(&s, &other));
        CHECK_INT(subject_parse("CN=", &other, &reason), 0);
        CHECK(!subject_same(&s, &other));
        for (size_t i = 0; i < 4; i++) {
                static const char *const wrong[] = { "DE", "X=1", "CN", "C=DE,nonsense" };

                CHECK_INT(subject_parse(wrong[i], &other, &reason), -EINVAL);
        }
}

static void limits(void) {
        _cleanup_(subject_done) Subject s = {};
        char long_text[200];

        memset(long_text, 'a', sizeof long_text);
        long_text[65] = '\0';
        CHECK(strstr(set(&s, SUBJECT_ORGANIZATION, long_text), "64"));
        CHECK(strstr(set(&s, SUBJECT_COMMON_NAME, long_text), "64"));
        long_text[65] = 'a';
        long_text[129] = '\0';
        CHECK(strstr(set(&s, SUBJECT_STATE, long_text), "128"));
        CHECK(strstr(set(&s, SUBJECT_COUNTRY, "Germany"), "two"));
        CHECK(strstr(set(&s, SUBJECT_COUNTRY, "de"), "two"));
        CHECK(strstr(set(&s, SUBJECT_EMAIL, "nobody"), "e-mail"));
        CHECK(strstr(set(&s, SUBJECT_UNIT, "a\nb"), "control"));
        CHECK(strstr(set(&s, SUBJECT_UNIT, "\xff"), "UTF-8"));
        CHECK(subject_is_empty(&s));
}

static void request(void) {
        _cleanup_(subject_done) Subject s = {};
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(key_freep) EVP_PKEY *k = NULL;
        _cleanup_(bytes_done) Bytes der = {}, pem = {};
        _cleanup_(csr_info_done) CsrInfo info = {};
        const char *reason;

        REQUIRE(string_list_add(&names, "a.example") == 0 && key_generate(KEY_RSA_2048, &k) == 0);
        REQUIRE(subject_parse("emailAddress=a@b.example,CN=a.example,O=\xc3\xa4,C=CH", &s,
                              &reason) == 0);
        REQUIRE(csr_build_for(k, &s, &names, &der) == 0);
        const unsigned char *p = der.data;
        X509_REQ *q = d2i_X509_REQ(NULL, &p, (long) der.size);
        REQUIRE(q);
        char *line = X509_NAME_oneline(X509_REQ_get_subject_name(q), NULL, 0);
        CHECK_STR(line, "/C=CH/O=\\xC3\\xA4/CN=a.example/emailAddress=a@b.example");
        CHECK_INT(X509_REQ_get_signature_nid(q), NID_sha256WithRSAEncryption);
        OPENSSL_free(line);
        X509_REQ_free(q);
        CHECK_INT(csr_to_pem(der.data, der.size, &pem), 0);
        CHECK(str_skip_prefix(bytes_text(&pem), "-----BEGIN CERTIFICATE REQUEST-----\n"));
        CHECK_INT(csr_parse(pem.data, pem.size, &info, &reason), 0);
        CHECK(string_list_same_set(&info.names, &names));
        CHECK_INT(csr_to_pem("x", 1, &pem), -EBADMSG);
}

TEST_MAIN({ "a subject is read from text, with escaped commas", text },
          { "what is too long, no text or not of its field's kind is refused (RFC 5280)", limits },
          { "a request has the subject in its order, in UTF-8", request })
