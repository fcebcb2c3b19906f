"""kill -9 of signer and installer at every durable write."""

import harness
import kill


class HelperWrites(kill.WriteCase):
    """Keys; versions and their link; saved sets, targets and rows."""

    def test_signer(self):
        """kill -9 of the signer before and after every rename"""
        self.kill_at_all("renewd-signer", self.undisturbed()["renewd-signer"])

    def test_installer(self):
        """kill -9 of the installer before and after every rename and symlink"""
        self.kill_at_all("renewd-installer", self.undisturbed()["renewd-installer"])


if __name__ == "__main__":
    harness.main()
