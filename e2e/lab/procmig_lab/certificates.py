# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates of the control plane and the nodes, made with openssl."""

from . import command

_DAYS = "3650"


class Authority:
    """The lab's one certificate authority; everything is made once and then found."""

    def __init__(self, directory):
        self.directory = directory
        self.certificate = directory / "ca.crt"
        self.key = directory / "ca.key"

    def ensure(self):
        if self.certificate.exists():
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        _openssl("req", "-x509", *_NEW_KEY, "-keyout", self.key, "-out", self.certificate, "-days", _DAYS,
                 "-subj", "/CN=procmig-lab", "-addext", "keyUsage=critical,digitalSignature,keyCertSign",
                 "-addext", "basicConstraints=critical,CA:TRUE")

    def issue(self, name, subject, *, usage, alternative_names=()):
        """Certificate and key files for a subject; `usage` is clientAuth or serverAuth."""
        certificate, key = self.directory / f"{name}.crt", self.directory / f"{name}.key"
        if not certificate.exists():
            request = self.directory / f"{name}.csr"
            extensions = [f"extendedKeyUsage={usage}", "basicConstraints=critical,CA:FALSE"]
            if alternative_names:
                extensions.append("subjectAltName=" + ",".join(alternative_names))
            _openssl("req", *_NEW_KEY, "-keyout", key, "-out", request, "-subj", subject)
            extension_file = self.directory / f"{name}.ext"
            extension_file.write_text("\n".join(extensions) + "\n")
            _openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                     "-CAcreateserial", "-out", certificate, "-days", _DAYS, "-extfile", extension_file)
            request.unlink()
            extension_file.unlink()
        return certificate, key

    def signing_key(self, name):
        """A bare key pair, as service account tokens are signed with."""
        private, public = self.directory / f"{name}.key", self.directory / f"{name}.pub"
        if not public.exists():
            _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", private)
            _openssl("pkey", "-in", private, "-pubout", "-out", public)
        return private, public


# Elliptic curves: made in milliseconds, and a handshake in an emulated guest is bearable.
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def _openssl(*arguments):
    command.output(["openssl", *arguments], what=f"openssl {arguments[0]}")
