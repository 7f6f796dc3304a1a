"""Certificates for the tests of TLS, made when they run: an authority, and what it signs."""

import os
import shutil
import subprocess

import _program

HAVE_OPENSSL = shutil.which("openssl") is not None


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], capture_output=True, check=True, timeout=_program.DEADLINE_S)


class Authority:
    """One that signs. `file`: its own certificate."""

    def __init__(self, name="authority"):
        self.folder = _program.folder()
        self.name = name
        self.file = os.path.join(self.folder, "ca.pem")
        self._key = os.path.join(self.folder, "ca.key")
        self._signed = 0
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                 "-subj", f"/CN={name}", "-keyout", self._key, "-out", self.file)

    def sign(self, name):
        """A certificate for `name` (and 127.0.0.1), and its key: two files."""
        self._signed += 1
        base = os.path.join(self.folder, f"{name}-{self._signed}")
        with open(base + ".ext", "w", encoding="utf-8") as file:
            file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", base + ".key", "-out", base + ".csr")
        _openssl("x509", "-req", "-in", base + ".csr", "-CA", self.file, "-CAkey", self._key, "-set_serial",
                 str(self._signed), "-days", "2", "-extfile", base + ".ext", "-out", base + ".pem")
        return base + ".pem", base + ".key"
