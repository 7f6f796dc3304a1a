#!/usr/bin/env python3
"""TLS: what is encrypted works as what is not; who is not believed gets nowhere; certificates change while it runs."""

import ctypes
import ctypes.util
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
import unittest

import _certificates
import _program
from _program import Client, ReplyError, Server, run, until


class TlsClient(Client):
    """A client that speaks TLS. `shown`: the file of the server's authority, and the certificate and key to show."""

    def __init__(self, port, authority, certificate=None, key=None, least=None, most=None):
        super().__init__(port)
        context = ssl.create_default_context(cafile=authority)
        if certificate:
            context.load_cert_chain(certificate, key)
        if most:
            context.maximum_version = most
        if least:
            context.minimum_version = least
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def serial_of_server(self):
        return self.socket.getpeercert()["serialNumber"]


@unittest.skipUnless(_certificates.HAVE_OPENSSL, "openssl is not installed")
class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority = _certificates.Authority()
        cls.stranger = _certificates.Authority("stranger")
        cls.certificate, cls.key = cls.authority.sign("server")
        cls.client_certificate, cls.client_key = cls.authority.sign("client")

    def flags(self, clients="no", certificate=None, key=None):
        return ["--tls-port", "0", "--tls-cert-file", certificate or self.certificate, "--tls-key-file", key or self.key,
                "--tls-ca-cert-file", self.authority.file, "--tls-auth-clients", clients]

    def client(self, server, *shown, **options):
        return TlsClient(server.tls_port, self.authority.file, *shown, **options)

    def test_commands_large_values_and_pipelines(self):
        with Server(*self.flags()) as server:
            with self.client(server) as client, server.connect() as plain:
                self.assertEqual(client.call("SET", "key", "value"), "OK")
                self.assertEqual(plain.call("GET", "key"), b"value")
                large = os.urandom(5 << 20)
                self.assertEqual(client.call("SET", "large", large), "OK")
                self.assertEqual(client.call("GET", "large"), large)
                client.send_raw(client.encode("INCR", "n") * 20_000)
                self.assertEqual([client.reply() for _ in range(20_000)], list(range(1, 20_001)))
                self.assertEqual(client.call("CONFIG", "GET", "tls-port")[1], str(server.tls_port).encode())
                # Its end is said within TLS: nobody who cuts the wire can feign it.
                client.socket.suppress_ragged_eofs = False
                self.assertEqual(client.call("QUIT"), "OK")
                self.assertEqual(client.rest(), b"")
            self.assertEqual(server.stop(), 0)

    def test_a_subscriber_that_is_written_to_while_it_is_read_from(self):
        with Server(*self.flags()) as server, self.client(server) as subscriber, server.connect() as publisher:
            self.assertEqual(subscriber.call("HELLO", "3")[b"proto"], 3)
            self.assertEqual(subscriber.call("SUBSCRIBE", "news"), [b"subscribe", b"news", 1])
            count = 5000
            publisher.send_raw(b"".join(publisher.encode("PUBLISH", "news", i) for i in range(count)))
            subscriber.send_raw(subscriber.encode("PING") * count)
            messages, pongs = [], 0
            while len(messages) < count or pongs < count:
                got = subscriber.reply()
                if got == "PONG":
                    pongs += 1
                else:
                    messages.append(got)
            self.assertEqual(messages, [[b"message", b"news", str(i).encode()] for i in range(count)])
            self.assertEqual([publisher.reply() for _ in range(count)], [1] * count)

    @unittest.skipUnless(shutil.which("redis-cli"), "redis-tools is not installed")
    def test_redis_cli(self):
        def cli(server, *arguments):
            done = subprocess.run(["redis-cli", "--tls", "-p", str(server.tls_port), "--cacert", self.authority.file,
                                   *arguments], capture_output=True, text=True, timeout=_program.DEADLINE_S, check=False)
            return done.stdout.strip() + done.stderr.strip()

        shown = ["--cert", self.client_certificate, "--key", self.client_key]
        with Server(*self.flags("yes")) as server:
            self.assertEqual(cli(server, *shown, "SET", "key", "value"), "OK")
            self.assertEqual(cli(server, *shown, "GET", "key"), "value")
            self.assertNotEqual(cli(server, "GET", "key"), "value")
        with Server(*self.flags("no")) as server:
            self.assertEqual(cli(server, "PING"), "PONG")

    def test_client_certificates(self):
        stranger = self.stranger.sign("stranger")
        own = (self.client_certificate, self.client_key)
        for clients, admitted, refused in (("yes", [own], [(), stranger]), ("optional", [own, ()], [stranger]),
                                           ("no", [own, (), stranger], [])):
            with Server(*self.flags(clients)) as server:
                for shown in admitted:
                    with self.subTest(clients=clients, shown=shown), self.client(server, *shown) as client:
                        self.assertEqual(client.call("PING"), "PONG")
                for shown in refused:
                    with self.subTest(clients=clients, shown=shown), self.assertRaises((ssl.SSLError, OSError, _program.Closed)):
                        # With TLS 1.3 the client learns of it with its first read.
                        with self.client(server, *shown) as client:
                            client.call("PING")
                # Nobody who was refused has left anything behind.
                with self.client(server, *own) as client:
                    until(lambda client=client: b"connected_clients:1\r\n" in client.call("INFO", "clients"), "all gone")

    def test_old_protocols_are_refused(self):
        with Server(*self.flags()) as server:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.client(server, least=version, most=version) as client:
                    self.assertEqual(client.call("PING"), "PONG")
            for version in ("-tls1", "-tls1_1"):
                done = subprocess.run(["openssl", "s_client", version, "-cipher", "ALL:@SECLEVEL=0", "-connect",
                                       f"127.0.0.1:{server.tls_port}"], stdin=subprocess.DEVNULL, capture_output=True,
                                      timeout=_program.DEADLINE_S, check=False)
                self.assertNotEqual(done.returncode, 0, version)
                self.assertNotIn(b"BEGIN CERTIFICATE", done.stdout, version)

    def test_a_renegotiation_is_refused_at_once(self):
        with Server(*self.flags()) as server:
            client = subprocess.Popen(["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{server.tls_port}"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            try:
                client.stdin.write(b"R\n")
                client.stdin.flush()
                # It ends by itself, with its input still open: it has been told.
                self.assertNotEqual(client.wait(_program.DEADLINE_S), 0)
                self.assertIn(b"no renegotiation", client.stdout.read())
            finally:
                client.kill()
                client.wait()
                client.stdin.close()
                client.stdout.close()

    def test_new_keys_that_are_asked_for_and_not_read_cost_no_memory(self):
        library = ctypes.util.find_library("ssl")
        if library is None:
            self.skipTest("libssl cannot be loaded")
        openssl = ctypes.CDLL(library)
        for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
            getattr(openssl, name).restype = ctypes.c_void_p
        with Server(*self.flags(), "--requirepass", "x") as server, socket.socket() as connection:
            before = server.memory()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", server.tls_port))
            context = ctypes.c_void_p(openssl.SSL_CTX_new(ctypes.c_void_p(openssl.TLS_client_method())))
            tls = ctypes.c_void_p(openssl.SSL_new(context))
            openssl.SSL_set_fd(tls, connection.fileno())
            self.assertEqual(openssl.SSL_connect(tls), 1)
            asked = 0
            # Until it is cut off; a million of them would be forty megabytes of answers.
            while asked < 1_000_000 and openssl.SSL_key_update(tls, 1) == 1 and openssl.SSL_do_handshake(tls) == 1:
                asked += 1
            self.assertLess(asked, 1_000_000)
            self.assertLess(server.memory() - before, 4 << 20)
            with self.assertRaises(ReplyError), self.client(server) as other:
                other.call("PING")
            openssl.SSL_free(tls)
            openssl.SSL_CTX_free(context)

    def test_plain_text_on_the_port_is_closed(self):
        with Server(*self.flags()) as server:
            for sent in (b"PING\r\n", Client.encode("SET", "key", "value"), b"GET / HTTP/1.1\r\n\r\n", os.urandom(3000),
                         b"\x16\x03\x01\xff\xff" + b"x" * 100):
                with socket.create_connection(("127.0.0.1", server.tls_port), 10) as plain:
                    plain.sendall(sent)
                    plain.shutdown(socket.SHUT_WR)
                    received = b""
                    try:
                        while piece := plain.recv(4096):
                            received += piece
                    except ConnectionResetError:
                        pass
                    # An alert of TLS perhaps, but no reply.
                    self.assertNotIn(b"PONG", received)
                    self.assertNotIn(b"OK", received)
                    self.assertLess(len(received), 20)
            with self.client(server) as client:
                self.assertEqual(client.call("EXISTS", "key"), 0)

    def test_a_handshake_that_does_not_end_is_cut_off(self):
        with Server(*self.flags(), "--handshake-timeout", "1") as server:
            with self.client(server) as client:
                begun = time.monotonic()
                silent = socket.create_connection(("127.0.0.1", server.tls_port), _program.DEADLINE_S)
                half = socket.create_connection(("127.0.0.1", server.tls_port), _program.DEADLINE_S)
                half.sendall(b"\x16\x03\x01\x02\x00\x01")
                self.assertEqual(client.call("PING"), "PONG")
                for held in (silent, half):
                    self.assertEqual(held.recv(100), b"")
                    held.close()
                self.assertGreaterEqual(time.monotonic() - begun, 0.9)
                # Who is through with it may be silent.
                self.assertEqual(client.call("PING"), "PONG")

    def test_byte_by_byte(self):
        with Server(*self.flags()) as server:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            context = ssl.create_default_context(cafile=self.authority.file)
            tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
            plain = socket.create_connection(("127.0.0.1", server.tls_port), _program.DEADLINE_S)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def exchange(step):
                while True:
                    try:
                        return step()
                    except ssl.SSLWantReadError:
                        for byte in outgoing.read():
                            plain.sendall(bytes([byte]))
                        incoming.write(plain.recv(1))

            exchange(tls.do_handshake)
            tls.write(b"PING\r\n")
            received = b""
            while len(received) < 7:
                received += exchange(lambda: tls.read(1))
            self.assertEqual(received, b"+PONG\r\n")
            plain.close()

    def test_certificates_are_read_again(self):
        folder = _program.folder()
        certificate, key = os.path.join(folder, "server.pem"), os.path.join(folder, "server.key")

        def put(pair):
            for source, target in zip(pair, (certificate, key)):
                shutil.copy(source, target + ".new")
                os.replace(target + ".new", target)

        put(self.authority.sign("server"))
        with Server(*self.flags(certificate=certificate, key=key)) as server:
            first = self.client(server)
            serial = first.serial_of_server()
            put(self.authority.sign("server"))
            with self.client(server) as unchanged:
                self.assertEqual(unchanged.serial_of_server(), serial)
            server.signal(signal.SIGHUP)

            def serial_now():
                with self.client(server) as client:
                    return client.serial_of_server()

            until(lambda: serial_now() != serial, "the new certificate")
            self.assertEqual(first.call("PING"), "PONG")  # It goes on with what it began with.
            second = serial_now()
            # Files that are of no use change nothing.
            with open(certificate, "w", encoding="utf-8") as file:
                file.write("nonsense\n")
            server.signal(signal.SIGHUP)
            until(lambda: "stays in use" in server.errors(), "the line in the log")
            self.assertIn(certificate, server.errors())
            self.assertEqual(serial_now(), second)

            # By CONFIG SET: all of it or nothing, and a bad one keeps the old.
            third = self.authority.sign("server")
            set_both = ("CONFIG", "SET", "tls-cert-file", third[0], "tls-key-file", third[1])
            self.assertEqual(first.call(*set_both), "OK")
            self.assertNotEqual(serial_now(), second)
            now = serial_now()
            other = self.authority.sign("server")
            for words in (("tls-cert-file", "/no/such/file"), ("tls-cert-file", other[0]), ("tls-key-file", other[1]),
                          ("tls-ca-cert-file", "/no/such/file"), ("timeout", "7", "tls-key-file", "/no/such/file")):
                with self.subTest(words=words), self.assertRaisesRegex(ReplyError, "Unable to update TLS configuration"):
                    first.call("CONFIG", "SET", *words)
                self.assertEqual(serial_now(), now)
            self.assertEqual(first.call("CONFIG", "GET", "tls-cert-file")[1], third[0].encode())
            self.assertEqual(first.call("CONFIG", "GET", "timeout")[1], b"0")
            # Whom it believes changes the same way.
            self.assertEqual(first.call("CONFIG", "SET", "tls-auth-clients", "yes"), "OK")
            with self.assertRaises((ssl.SSLError, OSError, _program.Closed)):
                with self.client(server) as client:
                    client.call("PING")
            with self.client(server, self.client_certificate, self.client_key) as client:
                self.assertEqual(client.call("PING"), "PONG")
            self.assertEqual(first.call("PING"), "PONG")

    def test_without_a_plain_port(self):
        with Server(*self.flags(), "--port", "off", port=None) as server:
            self.assertIsNone(server.port)
            with self.client(server) as client:
                self.assertEqual(client.call("CONFIG", "GET", "port")[1], b"0")

    def test_what_keeps_it_from_starting(self):
        for flags, expected in (
                (["--tls-port", "0"], "tls-cert-file"),
                (["--tls-port", "0", "--tls-cert-file", self.certificate, "--tls-key-file", self.key], "tls-ca-cert-file"),
                (self.flags(key=self.client_key), "tls-key-file"),
                (self.flags(certificate="/no/such/file"), "/no/such/file"),
        ):
            with self.subTest(flags=flags):
                code, _, errors = run("serve", "--port", "0", "--dir", _program.folder(), *flags)
                self.assertEqual(code, 1, errors)
                self.assertIn(expected, errors)


if __name__ == "__main__":
    _program.main()
