"""Waiting for the CA: an order that it never finishes, and gaps that it asks for."""

import email.utils

import acme_case
from process import wait_until


def gaps(requests):
    return [later.asked_at - earlier.at for earlier, later in zip(requests, requests[1:])]


def still_processing(order):
    return {key: value for key, value in {**order, "status": "processing"}.items() if key != "certificate"}


class Stuck(acme_case.AcmeCase):
    """The CA says for a long time that it is at work."""

    def test_processing(self):
        """Z-10: an order stuck in processing blocks nothing, is asked for ever more rarely, and survives a restart"""
        name, other = "stuck.example.org", "other.example.org"
        proxy = self.proxy()
        stuck = [proxy.rewrite("POST", path, still_processing) for path in ("/finalize-order/", "/my-order/")]
        proxy.forget(stuck[1])
        self.configure(url=proxy.directory_url)
        self.renewd.authority(self.pebble.directory_url, self.pebble.tls_ca, "direct")
        self.renewd.certificate(name, "")
        self.renewd.start()
        wait_until(lambda: proxy.count("POST", "/finalize-order/"), 60, lambda: "finalize\n" + self.renewd.tail(), 0.01)
        stuck[1] = proxy.rewrite("POST", "/my-order/", still_processing)
        self.renewd.certificate(other, "CA=direct\n")
        self.renewd.reload()
        self.wait_live(other)
        self.assertEqual(self.renewd.show(name)["state"], "new", "renewctl waits for no order")

        def polls():
            return [r for r in proxy.asked("POST", "/my-order/") if r.state == "processing"]
        wait_until(lambda: len(polls()) >= 5, 60, lambda: f"five polls: {polls()}")
        waits = gaps(polls())
        self.assertGreaterEqual(min(waits), 1)
        self.assertGreater(waits[3], waits[0] * 1.5, waits)
        self.assertIsNone(self.renewd.live_leaf(name))

        self.renewd.stop()
        asked = len(polls())
        self.renewd.start()
        wait_until(lambda: len(polls()) > asked, 60, lambda: "asked again after a restart\n" + self.renewd.tail())
        for rewrite in stuck:
            proxy.forget(rewrite)
        self.wait_live(name, 100)
        self.check_chain(name)
        self.assertEqual(proxy.count("POST", "/order-plz"), 1)
        self.assertEqual(proxy.count("POST", "/finalize-order/"), 1)


class Told(acme_case.AcmeCase):
    """The CA says when it wants to be asked again."""

    pebble_options = {"sleep": 10, "retry_after": {"authz": 5, "order": 7}}

    @acme_case.since("2.6")
    def test_retry_after(self):
        """Z-12: no poll before the time that Retry-After says, in seconds or as a date"""
        # So many that both forms of the header, which Pebble draws, are among the answers.
        names = [f"told{i}.example.org" for i in range(20)]
        proxy = self.proxy()
        self.configure(url=proxy.directory_url, ca_more="MaxOrders=20\n")
        for name in names:
            self.renewd.certificate(name, "")
        self.renewd.once(check=0, timeout=300)
        forms, waits = set(), []
        for identity in {r.path.rpartition("/")[2] for r in proxy.requests if r.path.startswith(("/my-order/", "/authZ/"))}:
            asked = [r for r in proxy.requests if r.status < 400 and r.path.rpartition("/")[2] == identity]
            for earlier, later in zip(asked, asked[1:]):
                if not earlier.retry_after:
                    continue
                forms.add(earlier.retry_after.isdigit())
                waits.append((self.seconds(earlier.retry_after, earlier.said_at), later.asked_at - earlier.at))
                # A date has whole seconds, and is counted from a Date that has.
                self.assertGreater(waits[-1][1], waits[-1][0] - 1.05, f"{earlier} then {later}")
        self.assertGreaterEqual(len(waits), len(names), proxy.requests)
        self.assertEqual(forms, {True, False}, waits)
        for name in names:
            self.check_chain(name)

    def seconds(self, text, said_at):
        return int(text) if text.isdigit() else email.utils.parsedate_to_datetime(text).timestamp() - said_at


if __name__ == "__main__":
    acme_case.main()
