"""What users of redis-cli do. Arguments: port, port for TLS, certificate of the authority."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time

PORT, TLS_PORT, AUTHORITY = sys.argv[1:4]
PASSWORD, APP_PASSWORD = "password-of-default", "password-of-app"
DEADLINE_S = 30
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def say(step, saw):
    print(json.dumps({"step": step, "saw": saw}), flush=True)


def environment(password=PASSWORD):
    return {**os.environ, **({"REDISCLI_AUTH": password} if password else {})}


def run(*arguments, port=PORT, password=PASSWORD, stdin=b""):
    """Gives exit code, standard output and standard error."""
    done = subprocess.run(["redis-cli", "-p", port, *arguments], env=environment(password), input=stdin, capture_output=True,
                          timeout=DEADLINE_S, check=False)
    output, errors = (text.decode("latin-1").rstrip("\n") for text in (done.stdout, done.stderr))
    errors = errors.replace(f"127.0.0.1:{port}:", "ADDRESS:")
    return [done.returncode, output, errors] if done.returncode or errors else output


def cli(step, *arguments, masked=False, ordered=True, **options):
    saw = run(*arguments, **options)
    if masked:
        saw = NUMBER.sub("#", str(saw))
    say(step, saw if ordered else sorted(saw.split("\n")))


def logins():
    cli("no password", "PING", password=None)
    cli("a wrong password", "-a", "wrong", "PING", password=None)
    cli("a password on the command line", "-a", PASSWORD, "PING", password=None)
    cli("the same, without a warning", "--no-auth-warning", "-a", PASSWORD, "PING", password=None)
    cli("a password in the environment", "PING")
    cli("another user", "--user", "app", "--pass", APP_PASSWORD, "--no-auth-warning", "ACL", "WHOAMI", password=None)
    cli("by a URI", "-u", f"redis://app:{APP_PASSWORD}@127.0.0.1:{PORT}/0", "--no-auth-warning", "ACL", "WHOAMI", password=None)
    cli("what that user may not do", "--user", "app", "--pass", APP_PASSWORD, "--no-auth-warning", "SET", "key", "value",
        password=None)
    cli("over TLS", "--tls", "--cacert", AUTHORITY, "PING", port=TLS_PORT)
    cli("over TLS, with a wrong password", "--tls", "--cacert", AUTHORITY, "PING", port=TLS_PORT, password="wrong")
    cli("over TLS, with version 3", "-3", "--tls", "--cacert", AUTHORITY, "SET", "over", "TLS", port=TLS_PORT)
    cli("over TLS, not believing the server", "--tls", "PING", port=TLS_PORT)
    cli("database 0", "-n", "0", "PING")


def commands():
    cli("flushall", "FLUSHALL")
    cli("set", "SET", "key", "a value")
    cli("get", "GET", "key")
    cli("get of nothing", "GET", "none")
    cli("set from standard input", "-x", "SET", "text", stdin=b"line\nline\n\x00\xff")
    cli("get it in quotes", "--no-raw", "GET", "text")
    cli("get it raw", "--raw", "GET", "text")
    cli("set with a tag", "-X", "tag", "SET", "tagged", "tag", stdin=b"a value")
    cli("incr three times", "-r", "3", "INCR", "n")
    cli("an error", "INCR", "key")
    cli("an error as exit code", "-e", "INCR", "key")
    cli("an unknown command", "NOSUCH", "argument")
    cli("an unknown subcommand", "CLIENT", "NOSUCH")
    for name, flags in {"version 2": ["-2"], "version 3": ["-3"]}.items():
        for form in ("--no-raw", "--raw", "--csv", "--json", "--quoted-json"):
            how = f", {name} {form}"
            cli("an integer" + how, *flags, form, "STRLEN", "key")
            cli("text" + how, *flags, form, "GET", "key")
            cli("nothing" + how, *flags, form, "GET", "none")
            cli("bytes" + how, *flags, form, "GET", "text")
            cli("a status" + how, *flags, form, "PING")
            cli("an array" + how, *flags, form, "MGET", "key", "none", "n")
            cli("an empty array" + how, *flags, form, "KEYS", "none*")
            cli("a map" + how, *flags, form, "CONFIG", "GET", "maxmemory-policy")
            cli("a set in an array" + how, *flags, form, "COMMAND", "INFO", "get")
            cli("an error" + how, *flags, form, "GET")
    cli("hello", "-3", "--json", "HELLO", "3", masked=True)
    cli("info", "INFO", "keyspace", masked=True)
    cli("commands from standard input",
        stdin=b'SET a 1\nINCR a\n"GET" "a"\nSET "\\x00\\n" \'x y\'\nGET "\\x00\\n"\nbad "quotes\nGET a\n')
    cli("a transaction from standard input",
        stdin=b"MULTI\nINCR a\nGET a\nINCR key\nEXEC\nWATCH a\nMULTI\nDISCARD\nMULTI\nEXEC\n")
    cli("a number before a command", stdin=b"3 INCR a\n")


def many_keys():
    encoded = b"".join(b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$100\r\n%s\r\n" % (len(key), key, b"x" * 100)
                       for key in (b"key:%d" % i for i in range(10_000)))
    cli("flushall before many keys", "FLUSHALL")
    cli("--pipe", "--pipe", stdin=encoded)
    cli("--pipe with errors", "--pipe", stdin=b"SET key value\r\nINCR key\r\nNOSUCH\r\nGET\r\n" * 10)
    cli("--pipe over TLS", "--pipe", "--tls", "--cacert", AUTHORITY, port=TLS_PORT, stdin=encoded)
    cli("dbsize", "DBSIZE")
    run("SET", "largest", "x" * 1000)
    say("--scan", len(set(run("--scan").split("\n"))))
    cli("--scan with a pattern", "--scan", "--pattern", "key:99?", ordered=False)
    cli("--scan with a quoted pattern", "--scan", "--quoted-pattern", '"key:\\x39\\x39*"', ordered=False)
    # The way to the largest key depends on the order of keys; what is found in the end does not.
    cli("flushall before --bigkeys", "FLUSHALL")
    run("MSET", *(word for i in range(150) for word in (f"key:{i:03}", "x" * 10)))
    run("SET", "largest", "x" * 1000)
    for flag in ("--bigkeys", "--memkeys"):
        report = run(flag)
        summary = report[report.index("-------- summary"):] if isinstance(report, str) else report
        say(flag, summary if flag == "--bigkeys" else NUMBER.sub("#", summary))
    cli("--hotkeys", "--hotkeys")


def first_lines(arguments, lines, password=PASSWORD):
    """The first lines of what doesn't end by itself."""
    process = subprocess.Popen(["redis-cli", "-p", PORT, *arguments], env=environment(password), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE)
    try:
        yield from read_lines(process.stdout, lines)
    finally:
        process.kill()
        process.wait()


def read_lines(stream, count):
    deadline = time.monotonic() + DEADLINE_S
    text = b""
    while count:
        if not select.select([stream], [], [], max(0, deadline - time.monotonic()))[0]:
            return
        piece = os.read(stream.fileno(), 1 << 16)
        if not piece:
            return
        *whole, text = (text + piece).split(b"\n")
        for line in whole[:count]:
            yield line.decode("latin-1")
        count -= len(whole[:count])


def without_end():
    cli("--latency", "--latency", "-i", "0.2", masked=True)
    cli("--latency --csv", "--latency", "-i", "0.2", "--csv", masked=True)
    say("--stat", [re.sub(r"[\d.]+[BKMG]?|\s+", lambda match: "#" if match[0].strip() else " ", line)
                   for line in first_lines(["--stat", "-i", "0.05"], 5)])
    seen = []
    for line in first_lines(["MONITOR"], 20):
        seen.append(re.sub(r"^\d+\.\d{6} \[0 127\.0\.0\.1:\d+\]", "TIME [0 ADDRESS]", line))
        if line.endswith('"ECHO" "end"'):
            break
        if line == "OK":
            run("SET", "watched", "a \"value\"\x01")
            run("--user", "app", "--pass", APP_PASSWORD, "--no-auth-warning", "GET", "app:key", password=None)
            run("-3", "PING")
            run("HELLO", "3", "AUTH", "default", PASSWORD, "SETNAME", "a-name")
            run(stdin=b"MULTI\nGET watched\nEXEC\nECHO end\n")
    say("MONITOR", seen)
    heard = []
    for line in first_lines(["SUBSCRIBE", "news", "sport"], 9):
        heard.append(line)
        if len(heard) == 6:
            run("PUBLISH", "news", "hello")
    say("SUBSCRIBE", heard)
    heard = []
    for line in first_lines(["-3", "--csv", "PSUBSCRIBE", "n*"], 3):
        heard.append(line)
        if len(heard) == 2:
            run("PUBLISH", "news", "hello")
    say("PSUBSCRIBE", heard)


def on_a_terminal():
    """As a person uses it: it asks for the commands' documentation first, and shows who it is connected to."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("redis-cli", ["redis-cli", "-p", PORT], {**environment(), "TERM": "dumb"})
    typed = [b"SET key value\n", b"GET key\n", b"MULTI\n", b"INCR n\n", b"EXEC\n", b"HELLO 3\n",
             b"CONFIG GET maxmemory-policy\n", b"NOSUCH\n", b"QUIT\n"]
    text, prompts = b"", 0
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline and select.select([terminal], [], [], DEADLINE_S)[0]:
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:  # It has ended.
            break
        text += piece
        while typed and len(re.findall(rb"127\.0\.0\.1:\d+(?:\(TX\))?> ", text)) > prompts:
            prompts += 1
            os.write(terminal, typed.pop(0))
    os.close(terminal)
    os.waitpid(pid, 0)
    shown = re.sub(rb"127\.0\.0\.1:\d+", b"ADDRESS", text).replace(b"\r\n", b"\n").decode("latin-1")
    say("on a terminal", re.sub(r'"(id|version)" => \S+ ?\S*', r"\1", shown).split("\n"))


def restarts():
    run("SET", "kept", "value", "PXAT", "4000000000000")
    print(json.dumps({"ask": "restart"}), flush=True)
    sys.stdin.readline()
    cli("after a restart", "GET", "kept")
    cli("its time to die", "PEXPIRETIME", "kept")


for part in (logins, commands, many_keys, without_end, on_a_terminal, restarts):
    part()
