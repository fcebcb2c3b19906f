"""kill -9 of the engine at every durable write."""

import harness
import kill


class EngineWrites(kill.WriteCase):
    """Records, account, chain."""

    def test_engine(self):
        """kill -9 of the engine before and after every rename"""
        calls = self.undisturbed()
        self.assertGreaterEqual(sum(len(c) for c in calls.values()), 8, calls)
        self.kill_at_all("renewd", calls["renewd"])


if __name__ == "__main__":
    harness.main()
