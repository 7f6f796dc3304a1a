"""What users of redis-benchmark do. Arguments: port, port for TLS, certificate of the authority."""

import json
import re
import subprocess
import sys

PORT, TLS_PORT, AUTHORITY = sys.argv[1:4]
PASSWORD, APP_PASSWORD = "password-of-default", "password-of-app"
DEADLINE_S = 60
STRING_TESTS = "ping_inline,ping_mbulk,set,get,incr,mset"
RATE = re.compile(r"^(.*): [\d.]+ requests per second, p50=[\d.]+ msec *$")

PROGRESS = re.compile(r"^.*: rps=.* avg_msec=.*$")  # Written over by what comes next.


def say(step, saw):
    print(json.dumps({"step": step, "saw": saw}), flush=True)


def run(program, *arguments, port=PORT):
    done = subprocess.run([program, "-p", port, *arguments], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    return done.returncode, done.stdout, done.stderr


def cli(*words):
    return run("redis-cli", "--no-auth-warning", "-a", PASSWORD, *words)[1].rstrip("\n")


def benchmark(step, *arguments, password=PASSWORD, **options):
    """Says which benchmarks have run, what else was written, and what they have left in the store."""
    cli("FLUSHALL")
    code, output, errors = run("redis-benchmark", "-a", password, "-q", *arguments, **options)
    lines = [line.rstrip() for line in re.split("[\r\n]", output)]
    rates = [RATE.match(line) for line in lines]
    say(step, {"exit code": code, "ran": [match[1] for match in rates if match],
               "errors": re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", errors),
               "else": [line for line, match in zip(lines, rates) if line and not match and not PROGRESS.match(line)]})
    keys = sorted(cli("--scan").split("\n"))
    say(f"{step}: what it left", [[key, cli("STRLEN", key)] for key in keys] if len(keys) < 10 else "keys")


def main():
    benchmark("all tests of strings", "-t", STRING_TESTS, "-n", "2000")
    benchmark("the same, 16 commands at once", "-t", STRING_TESTS, "-n", "20000", "-P", "16")
    benchmark("the same, with version 3", "-t", STRING_TESTS, "-n", "5000", "-P", "16", "-3")
    benchmark("many keys", "-t", "set,get,incr,mset", "-n", "10000", "-P", "16", "-r", "100000")
    benchmark("long values", "-t", "set,get", "-n", "500", "-d", "100000")
    benchmark("one connection", "-t", "set,get", "-n", "200", "-c", "1")
    benchmark("a connection for each request", "-t", "set,get", "-n", "500", "-k", "0")
    benchmark("two threads", "-t", STRING_TESTS, "-n", "10000", "--threads", "2", "-P", "4")
    benchmark("over TLS", "-t", "set,get", "-n", "1000", "-c", "10", "--tls", "--cacert", AUTHORITY, port=TLS_PORT)
    benchmark("another user", "--user", "app", "-n", "100", "SET", "app:key", "value", password=APP_PASSWORD)
    benchmark("a wrong password", "-t", "set", "-n", "100", "-c", "1", password="wrong")
    benchmark("a command of one's own", "-n", "1000", "-P", "8", "INCRBY", "mine", "3")
    benchmark("another, with random numbers", "-n", "1000", "-r", "10", "SETEX", "short:__rand_int__", "1000", "value")
    benchmark("a command that fails", "-e", "-n", "100", "-c", "1", "INCRBY", "mine", "x")
    benchmark("a test of a type", "-t", "lpush", "-n", "100", "-c", "1")
    code, output, _ = run("redis-benchmark", "-a", PASSWORD, "-t", "set", "-n", "1000", "--csv")
    say("--csv", [code, re.sub(r"[\d.]+", "#", output)])
    code, output, _ = run("redis-benchmark", "-a", PASSWORD, "-t", "set", "-n", "1000")
    settings = re.compile(r"^  (?:host configuration|\d+ (?:bytes|parallel)|keep alive|multi-thread).*$", re.MULTILINE)
    say("the report", [code, sorted(set(settings.findall(output)))])


main()
