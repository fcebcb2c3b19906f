/* The engine's own files. */

#include "base/strings.h"
#include "daemon/store-real.h"
#include "tests/unit/test.h"

static Store *open_store(const char *state) {
        Store *s = NULL;

        CHECK_INT(store_new(state, &s), 0);
        return s;
}

static void write_file(const char *state, const char *name, const char *content) {
        char path[512];

        (void) snprintf(path, sizeof(path), "%s/engine/%s", state, name);
        FILE *file = fopen(path, "we");
        CHECK(file && fputs(content, file) >= 0 && fclose(file) == 0);
}

static bool exists(const char *state, const char *name) {
        char path[512];

        (void) snprintf(path, sizeof(path), "%s/engine/%s", state, name);
        return access(path, F_OK) == 0;
}

static void test_objects(void) {
        const char *state = test_directory();
        _cleanup_(store_freep) Store *s = open_store(state);
        _cleanup_(json_freep) Json *object = json_object_new(), *loaded = NULL;
        const char *text = NULL;

        REQUIRE(s && object);
        CHECK_INT(store_load(s, STORE_ACCOUNT, "ca", &loaded), -ENOENT);
        CHECK_INT(json_set_string(object, "url", "https://x/1"), 0);
        CHECK_INT(store_save(s, STORE_ACCOUNT, "ca", object), 0);
        CHECK(exists(state, "accounts/ca.json"));
        CHECK_INT(store_load(s, STORE_CERTIFICATE, "ca", &loaded), -ENOENT);
        CHECK_INT(store_load(s, STORE_ACCOUNT, "ca", &loaded), 0);
        CHECK_INT(json_get_string(loaded, "url", &text), 0);
        CHECK_STR(text, "https://x/1");
}

static void test_damaged(void) {
        static const char *const contents[] = { "", "{", "[]", "{}x", "{\"a\":\"\xff\"}" };
        const char *state = test_directory();
        _cleanup_(store_freep) Store *s = open_store(state);

        REQUIRE(s);
        for (size_t i = 0; i < ELEMENTSOF(contents); i++) {
                Json *loaded = NULL;
                write_file(state, "certificates/a.json", contents[i]);
                CHECK_INT(store_load(s, STORE_CERTIFICATE, "a", &loaded), -EBADMSG);
                CHECK(!loaded);
                CHECK(exists(state, "certificates/a.json.damaged"));
                CHECK_INT(store_load(s, STORE_CERTIFICATE, "a", &loaded), -ENOENT);
        }
}

static void test_chain(void) {
        const char *state = test_directory();
        _cleanup_(store_freep) Store *s = open_store(state);
        _cleanup_(bytes_done) Bytes chain = {};

        REQUIRE(s);
        CHECK_INT(store_load_chain(s, "a", &chain), -ENOENT);
        CHECK_INT(store_save_chain(s, "a", "PEM", 3), 0);
        CHECK_INT(store_load_chain(s, "a", &chain), 0);
        CHECK_STR(bytes_text(&chain), "PEM");
        CHECK(exists(state, "certificates/a.chain.pem"));
        CHECK_INT(store_save_chain(s, "../a", "PEM", 3), -EINVAL);
}

static void test_lock(void) {
        const char *state = test_directory();
        _cleanup_(store_freep) Store *s = open_store(state);
        Store *second = NULL;

        CHECK_INT(store_new(state, &second), -EWOULDBLOCK);
        CHECK(!second);
        s = store_free(s);
        s = open_store(state);
        CHECK(s);
}

TEST_MAIN({ "Y-04 what is saved is loaded, each kind by itself", test_objects },
          { "R1.20 a damaged file is set aside and counts as none", test_damaged },
          { "a chain is kept octet by octet", test_chain },
          { "Y-07 a second engine does not get the state", test_lock }, )
