"""Many certificates at once."""

import acme_case
import idle
from process import wait_until

CERTIFICATES = 200 if acme_case.WHOLE else 20
MAX_ORDERS = 10  # the default of MaxOrders=
MAX_REQUESTS = 20  # S-07
GROWTH_KIB = 4096  # of what the engine keeps for itself, over what it has when it has seen one order


class Many(acme_case.AcmeCase):
    """The first start of a machine with many names."""

    def test_gates(self):
        """Z-21: many certificates at once: ten orders and twenty requests in flight, all done, and memory stays"""
        proxy = self.proxy()
        self.configure(url=proxy.directory_url)
        self.renewd.certificate("first.example.org", "")
        self.renewd.start()
        self.wait_live("first.example.org")
        before = idle.memory(self.renewd.engine())
        names = [f"n{i}.example.org" for i in range(CERTIFICATES)]
        for name in names:
            self.renewd.certificate(name, "")
        self.renewd.reload()
        wait_until(lambda: all(self.renewd.live_leaf(n) for n in names), 400, lambda: "all are live\n" + self.renewd.tail(), 1)
        after = idle.memory(self.renewd.engine())
        self.assertLessEqual(self.most_orders(proxy), MAX_ORDERS)
        self.assertLessEqual(proxy.most_in_flight, MAX_REQUESTS)
        self.assertEqual(proxy.count("POST", "/order-plz"), CERTIFICATES + 1)
        self.assertLessEqual(after[1] - before[1], GROWTH_KIB, f"{before} then {after}")
        print(f"# measured: PSS and anonymous memory of the engine {before} KiB, after {CERTIFICATES} orders {after} KiB; "
              f"{proxy.most_in_flight} requests and {self.most_orders(proxy)} orders in flight at most", flush=True)

    def most_orders(self, proxy):
        """Orders that were begun and whose certificate was not fetched yet."""
        moments = [(r.at, 1) for r in proxy.asked("POST", "/order-plz")] + [(r.asked_at, -1) for r in proxy.asked("POST", "/certZ/")]
        running = most = 0
        for _, change in sorted(moments):
            running += change
            most = max(most, running)
        return most


if __name__ == "__main__":
    acme_case.main()
