#include "daemon/budget.h"
#include "tests/fake/loop.h"
#include "tests/fake/store.h"
#include "tests/unit/test.h"

#define T0  INT64_C(1800000000)
#define DAY ((int64_t) SEC_PER_DAY)

typedef struct Bench {
        Loop *loop;
        Store *store;
        Budget *budget;
        StringList ab, ac;
} Bench;

static const CaLimit limits[CA_LIMIT_MAX] = {
        [CA_LIMIT_DUPLICATES] = { 5, 7 * DAY },
        [CA_LIMIT_FAILURES] = { 5, 3600 },
};

static void start(Bench *b) {
        (void) budget_load(b->store, "ca", &b->budget);
        budget_configure(b->budget, limits);
}

static void init(Bench *b) {
        *b = (Bench){ .loop = fake_loop_new(1, T0) };
        b->store = fake_store_new(b->loop);
        (void) string_list_add(&b->ab, "a.test");
        (void) string_list_add(&b->ab, "b.test");
        (void) string_list_add(&b->ac, "a.test");
        (void) string_list_add(&b->ac, "c.test");
        start(b);
}

static void restart(Bench *b) {
        b->budget = budget_free(b->budget);
        start(b);
}

static void done(Bench *b) {
        b->budget = budget_free(b->budget);
        (void) fake_store_free(b->store);
        (void) fake_loop_free(b->loop);
        string_list_done(&b->ab);
        string_list_done(&b->ac);
}

static int64_t until(const Bench *b, const StringList *names, int64_t now) {
        BudgetWish wish = { .names = names };

        return budget_until(b->budget, &wish, now, NULL, NULL);
}

static void duplicates(void) {
        BudgetReason reason;
        Bench b;

        init(&b);
        CHECK_INT(until(&b, &b.ab, T0), 0);
        for (int i = 0; i < 4; i++)
                CHECK_INT(budget_issued(b.budget, &b.ab, T0 + i * 60), 0);
        restart(&b);
        BudgetWish extra = { .names = &b.ab, .extra = true };
        CHECK_INT(until(&b, &b.ab, T0 + 300), 0); /* a renewal has the last place */
        CHECK_INT(budget_until(b.budget, &extra, T0 + 300, &reason, NULL), T0 + 7 * DAY + 1);
        CHECK_INT(reason, BUDGET_DUPLICATES);
        CHECK_INT(budget_issued(b.budget, &b.ab, T0 + 300), 0);
        CHECK_INT(until(&b, &b.ab, T0 + 301), T0 + 7 * DAY + 1);
        CHECK_INT(until(&b, &b.ac, T0 + 301), 0); /* another set */
        CHECK_INT(until(&b, &b.ab, T0 + 7 * DAY + 1), 0);
        BudgetWish urgent = { .names = &b.ab, .urgent = true };
        BudgetWish exempt = { .names = &b.ab, .exempt = true };
        CHECK_INT(budget_until(b.budget, &urgent, T0 + 301, &reason, NULL), 0);
        CHECK_INT(reason, BUDGET_FREE);
        CHECK_INT(budget_until(b.budget, &exempt, T0 + 301, NULL, NULL), 0);
        done(&b);
}

static void failures(void) {
        const char *name = NULL;
        BudgetReason reason;
        Bench b;

        init(&b);
        for (int i = 0; i < 5; i++)
                CHECK_INT(budget_failed(b.budget, "a.test", T0 + i * 700), 0);
        restart(&b);
        for (int i = 0; i < 2; i++) { /* of every certificate with this name */
                BudgetWish wish = { .names = i ? &b.ab : &b.ac, .urgent = true };

                CHECK_INT(budget_until(b.budget, &wish, T0 + 2900, &reason, &name), T0 + 3601);
                CHECK_INT(reason, BUDGET_FAILURES);
                CHECK_STR(name, "a.test");
        }
        CHECK_INT(until(&b, &b.ab, T0 + 3601), 0);
        done(&b);
}

static void holds(void) {
        const char *name = NULL;
        BudgetReason reason;
        Bench b;

        init(&b);
        CHECK_INT(budget_hold_name(b.budget, "c.test", T0 + 5000, T0), 0);
        CHECK_INT(budget_hold_name(b.budget, "c.test", T0 + 4000, T0), 0); /* it does not shrink */
        CHECK_INT(budget_hold_set(b.budget, &b.ab, T0 + 99 * DAY, T0), 0);
        restart(&b);
        BudgetWish wish = { .names = &b.ac, .urgent = true };
        CHECK_INT(budget_until(b.budget, &wish, T0, &reason, &name), T0 + 5000);
        CHECK_INT(reason, BUDGET_HELD);
        CHECK_STR(name, "c.test");
        CHECK_INT(until(&b, &b.ab, T0), T0 + 7 * DAY);
        CHECK_INT(until(&b, &b.ac, T0 + 5001), 0);
        done(&b);
}

static void clock_and_damage(void) {
        Bench b;

        init(&b);
        CHECK_INT(budget_hold_set(b.budget, &b.ab, T0 + DAY, T0), 0);
        CHECK_INT(until(&b, &b.ab, T0 - 400 * DAY), 0); /* set while the clock was ahead */
        for (int i = 0; i < 6; i++)
                CHECK_INT(budget_issued(b.budget, &b.ac, T0), 0);
        CHECK_INT(until(&b, &b.ac, T0 - 400 * DAY), 0);
        fake_store_put(b.store, STORE_BUDGET, "ca",
                       "{\"events\":[1,{\"what\":\"odd\",\"key\":\"x\"},{}]");
        restart(&b);
        CHECK_INT(until(&b, &b.ac, T0), 0);
        fake_store_put(b.store, STORE_BUDGET, "ca",
                       "{\"events\":[1,{\"what\":\"held\",\"key\":\"a.test\",\"at\":1800000500},"
                       "{\"what\":\"held\",\"key\":\"a.test\",\"at\":-1}]}");
        restart(&b);
        CHECK_INT(until(&b, &b.ac, T0), T0 + 500);
        done(&b);
}

static void bounded(void) {
        Bench b;

        init(&b);
        for (int i = 0; i < 3050; i++) {
                char name[32];

                (void) snprintf(name, sizeof name, "n%d.test", i);
                fake_store_fail(b.store, i > 0 && i < 3040); /* quick */
                (void) budget_failed(b.budget, name, T0);
        }
        restart(&b);
        BudgetWish wish = { .names = &b.ab };
        CHECK_INT(budget_until(b.budget, &wish, T0, NULL, NULL), 0);
        REQUIRE(fake_store_get(b.store, STORE_BUDGET, "ca"));
        CHECK(strlen(fake_store_get(b.store, STORE_BUDGET, "ca")) < 1024 * 1024);
        done(&b);
}

static void nothing_is_written_without_a_limit(void) {
        static const CaLimit none[CA_LIMIT_MAX];
        Bench b;

        init(&b);
        budget_configure(b.budget, none);
        CHECK_INT(budget_issued(b.budget, &b.ab, T0), 0);
        CHECK_INT(budget_failed(b.budget, "a.test", T0), 0);
        CHECK(!fake_store_get(b.store, STORE_BUDGET, "ca"));
        done(&b);
}

TEST_MAIN({ "LE-07, LE-09: one set of names, a place kept for renewals", duplicates },
          { "LE-07: failed validations of a name count for all its certificates", failures },
          { "S-09: what the CA said of a name or a set", holds },
          { "a wrong clock or a damaged file holds nothing up", clock_and_damage },
          { "the list is bounded", bounded },
          { "a CA without limits costs no file", nothing_is_written_without_a_limit })
