"""Random commands for differential.py: what a client could send, right and wrong, over few keys.

Each comes with the rule by which its two replies are compared, since some may differ between two servers that are
both right: what depends on the moment, on chance, or on the order in which a table is walked.
"""

import random

EXACT, SORTED, KIND, NEAR, SIMILAR, IGNORED = "exact", "sorted", "kind", "near", "similar", "ignored"

KEYS = [b"a", b"b", b"c", b"k1", b"k2", b"k3", b"key:1", b"key:2", b"", b"\x00\xff\r\n", b"h[a]llo", b"*"]
INTEGERS = [b"0", b"1", b"-1", b"2", b"3", b"5", b"-2", b"-7", b"10", b"100", b"44", b"9999", b"10000",
            b"9223372036854775807", b"-9223372036854775808", b"9223372036854775806", b"2147483647", b"-2147483649"]
NOT_INTEGERS = [b"", b" 1", b"1 ", b"+1", b"01", b"-0", b"1.0", b"abc", b"9223372036854775808", b"-9223372036854775809",
                b"0x10", b"1e3", b"99999999999999999999", b"1\x00", b"-", b"\xff"]
FLOATS = [b"0", b"1", b"-1", b"0.1", b"1.5", b"3.0", b"-2.75", b"5.0e3", b"1e-5", b".5", b"5.", b"+3", b"0x1p3", b"1e17",
          b"123456789.123456789", b"1e400", b"-1e400", b"0.00000000000000001", b"1e4000", b"10.10", b"-0", b"-0.0", b"1e-18",
          b"0.30000000000000004", b"200", b"9223372036854775807", b"17179869184.5"]
NOT_FLOATS = [b"", b" 1", b"1 ", b"abc", b"nan", b"-nan", b"inf", b"-inf", b"infinity", b"1e5000", b"1e-5000", b"1.5x",
              b"1,5", b"0x", b"--1", b"1e", b"1\x00", b"1" * 6000]
VALUES = [b"", b"x", b"hello", b"Hello World", b"\x00\x01\xff\r\n", b"y" * 44, b"y" * 45, b"z" * 100, b"3.14", b"1e3",
          b"10.50", b" 12", b"012", b"nan", b"inf"]
PATTERNS = [b"*", b"k*", b"*1", b"?", b"k?", b"key:[12]", b"[abc]", b"[^a]", b"[a-k]*", b"\\*", b"h[[]a]llo", b"h\\[a\\]llo",
            b"", b"a*b*c*", b"*:*", b"nosuch", b"[", b"[a", b"k\\", b"[]", b"**", b"*a*b", b"[z-a]*", b"[^]", b"[\\", b"?*?"]
UNKNOWN = [b"NOSUCH", b"", b"GETT", b"SE", b"client|id", b"foo bar", b"\x00\xff", b"x" * 200, b"COMMANDS", b"get\r\n"]


def mixed_case(random_, word):
    how = random_.random()
    if how < 0.6:
        return word
    if how < 0.8:
        return word.lower()
    return bytes(byte ^ 0x20 if 65 <= byte <= 90 and random_.random() < 0.5 else byte for byte in word)


class Generator:
    """Commands of one seed, the same each time."""

    def __init__(self, seed, transactions=True):
        self.random = random.Random(seed)
        self.weights = [weight if transactions or method is not Generator.transaction else 0 for method, weight in self.MAKERS]
        self.keys = self.random.sample(KEYS, self.random.randint(2, len(KEYS)))
        # Redis counts keys that are dead on arrival until it comes across them.
        self.dead_may_count = False
        # What must follow the command that was made last.
        self.following = []

    # --- words

    def chance(self, probability):
        return self.random.random() < probability

    def key(self):
        return self.random.choice(self.keys)

    def integer(self, wrong=0.12):
        if self.chance(wrong):
            return self.random.choice(NOT_INTEGERS)
        return self.random.choice(INTEGERS) if self.chance(0.6) else b"%d" % self.random.randint(-1000, 1000)

    def place(self):
        return b"%d" % self.random.randint(-12, 12) if self.chance(0.75) else self.integer()

    def number(self):
        return self.random.choice(NOT_FLOATS) if self.chance(0.12) else self.random.choice(FLOATS)

    def value(self):
        how = self.random.random()
        if how < 0.35:
            return self.random.choice(INTEGERS)
        if how < 0.5:
            return self.random.choice(FLOATS)
        if how < 0.55:
            return self.random.choice(NOT_INTEGERS)
        if how < 0.9:
            return self.random.choice(VALUES)
        if how < 0.903:
            return bytes([self.random.randrange(256)]) * self.random.randint(1000, 70_000)
        return self.random.randbytes(self.random.randint(0, 60))

    def pattern(self):
        if self.chance(0.8):
            return self.random.choice(PATTERNS)
        return bytes(self.random.choice(b"ak1*?[]\\^-h:") for _ in range(self.random.randint(0, 12)))

    def noise(self):
        """A word that is no option, or one at the wrong place."""
        return self.random.choice([b"FOO", b"", b"NX", b"XX", b"GET", b"EX", b"KEEPTTL", b"PERSIST", b"REPLACE", b"DB", b"1",
                                   b"GT", b"LT", b"MATCH", b"COUNT", b"TYPE", b"SAMPLES", b"\xff"])

    def time_to_live(self, unit):
        """From now; so far away that a moment more or less changes nothing, and so spread that no two come close."""
        if self.chance(0.1):
            return self.random.choice([b"0", b"-1", b"-100", b"9223372036854775807", b"-9223372036854775808",
                                       b"9223372036854775", b"9223372036854776"])
        if self.chance(0.08):
            return self.random.choice(NOT_INTEGERS)
        return b"%d" % self.random.randint(100_000 * unit, 3_000_000_000 * unit)

    def moment(self, unit):
        if self.chance(0.12):
            return self.random.choice([b"0", b"-1", b"1", b"1000", b"9223372036854775807", b"9223372036854775"])
        if self.chance(0.08):
            return self.random.choice(NOT_INTEGERS)
        return b"%d" % self.random.choice([3_000_000_000 * unit, 3_000_000_001 * unit + unit // 2, 4_102_444_800 * unit,
                                           self.random.randint(3_000_000_000 * unit, 9_000_000_000 * unit)])

    def time_option(self):
        word, unit, relative = self.random.choice([(b"EX", 1, True), (b"PX", 1000, True), (b"EXAT", 1, False),
                                                   (b"PXAT", 1000, False)])
        number = self.time_to_live(unit) if relative else self.moment(unit)
        if not relative:
            self.dead_may_count = True
        return [word, number] if self.chance(0.95) else [word]

    def some(self, make, most=4):
        return [make() for _ in range(self.random.randint(1, most))]

    def shuffled(self, groups):
        self.random.shuffle(groups)
        return [word for group in groups for word in group]

    # --- commands

    def set(self):
        groups = []
        if self.chance(0.3):
            groups.append([self.random.choice([b"NX", b"XX"])])
        if self.chance(0.25):
            groups.append([b"GET"])
        if self.chance(0.3):
            groups.append(self.time_option() if self.chance(0.7) else [b"KEEPTTL"])
        if self.chance(0.06):
            groups.append([self.noise()])
        return [b"SET", self.key(), self.value(), *self.shuffled(groups)], EXACT

    def getex(self):
        groups = []
        if self.chance(0.7):
            groups.append(self.time_option() if self.chance(0.7) else [b"PERSIST"])
        if self.chance(0.08):
            groups.append([self.noise()])
        return [b"GETEX", self.key(), *self.shuffled(groups)], EXACT

    def simple(self):
        name = self.random.choice([b"GET", b"GETDEL", b"STRLEN", b"INCR", b"DECR", b"TYPE", b"PERSIST", b"EXISTS", b"GET"])
        return [name, self.key()], EXACT

    def with_value(self):
        return [self.random.choice([b"APPEND", b"GETSET", b"SETNX"]), self.key(), self.value()], EXACT

    def with_integer(self):
        return [self.random.choice([b"INCRBY", b"DECRBY"]), self.key(), self.integer()], EXACT

    def incrbyfloat(self):
        return [b"INCRBYFLOAT", self.key(), self.number()], EXACT

    def range(self):
        return [self.random.choice([b"GETRANGE", b"SUBSTR"]), self.key(), self.place(), self.place()], EXACT

    def setrange(self):
        offset = b"%d" % self.random.randint(0, 60) if self.chance(0.8) else self.random.choice(
            [b"-1", b"536870912", b"536870911000", b"9223372036854775807", b"9223372036854775800", b"abc", b"",
             b"4611686018427387904"])
        return [b"SETRANGE", self.key(), offset, self.value()], EXACT

    def several(self):
        name = self.random.choice([b"MGET", b"DEL", b"UNLINK", b"EXISTS", b"TOUCH"])
        return [name, *self.some(self.key)], EXACT

    def pairs(self):
        words = [word for _ in range(self.random.randint(1, 3)) for word in (self.key(), self.value())]
        if self.chance(0.05):
            words.pop()
        return [self.random.choice([b"MSET", b"MSETNX"]), *words], EXACT

    def setex(self):
        name, unit = self.random.choice([(b"SETEX", 1), (b"PSETEX", 1000)])
        return [name, self.key(), self.time_to_live(unit), self.value()], EXACT

    def expire(self):
        name, unit, relative = self.random.choice([(b"EXPIRE", 1, True), (b"PEXPIRE", 1000, True), (b"EXPIREAT", 1, False),
                                                   (b"PEXPIREAT", 1000, False)])
        words = self.some(lambda: self.random.choice([b"NX", b"XX", b"GT", b"LT"]), 2) if self.chance(0.5) else []
        if self.chance(0.05):
            words.append(self.noise())
        return [name, self.key(), self.time_to_live(unit) if relative else self.moment(unit), *words], EXACT

    def ttl(self):
        name = self.random.choice([b"TTL", b"PTTL", b"EXPIRETIME", b"PEXPIRETIME"])
        return [name, self.key()], NEAR

    def rename(self):
        return [self.random.choice([b"RENAME", b"RENAMENX"]), self.key(), self.key()], EXACT

    def copy(self):
        groups = []
        if self.chance(0.5):
            groups.append([b"REPLACE"])
        if self.chance(0.15):
            # Any other number is that of a database that there is not here.
            groups.append([b"DB", self.random.choice([b"0", b"16", b"-1", b"x", b"", b"2147483648", b"9223372036854775808"])])
        if self.chance(0.06):
            groups.append([self.random.choice([b"FOO", b"DB", b""])])
        return [b"COPY", self.key(), self.key(), *self.shuffled(groups)], EXACT

    def object(self):
        how = self.random.random()
        if how < 0.2:
            key = self.key()
            self.following = [([b"OBJECT", b"ENCODING", key], EXACT)]
            return [b"SET", key, self.value()], EXACT
        if how < 0.3:
            return [b"OBJECT", b"ENCODING", self.key()], SIMILAR
        if how < 0.5:
            return [b"OBJECT", b"REFCOUNT", self.key()], KIND
        if how < 0.7:
            return [b"OBJECT", b"FREQ", self.key()], EXACT
        words = [b"SAMPLES", self.integer()] if self.chance(0.5) else []
        if self.chance(0.1):
            words.append(self.noise())
        return [b"MEMORY", b"USAGE", self.key(), *words], IGNORED if self.dead_may_count else KIND

    def all_keys(self):
        how = self.random.random()
        if how < 0.3:
            return [b"DBSIZE"], KIND if self.dead_may_count else EXACT
        if how < 0.5:
            return [b"RANDOMKEY"], KIND
        if how < 0.75:
            return [b"KEYS", self.pattern()], SORTED
        groups = [[b"COUNT", b"1000"]]
        if self.chance(0.4):
            groups.append([b"MATCH", self.pattern()])
        if self.chance(0.3):
            groups.append([b"TYPE", self.random.choice([b"string", b"STRING", b"list", b"nosuch", b""])])
        if self.chance(0.1):
            groups.append([self.noise()])
        if self.chance(0.1):
            groups.append([b"COUNT", self.random.choice([b"0", b"-1", b"abc", b"", b"9223372036854775808"])])
        cursor = b"0" if self.chance(0.9) else self.random.choice([b"", b"abc", b"-", b" 0", b"0 ", b"0x0", b"00", b"+0", b"-0",
                                                                   b"18446744073709551616", b"0\x00x"])
        return [b"SCAN", cursor, *self.shuffled(groups)], SORTED

    def flush(self):
        words = [self.random.choice([b"ASYNC", b"SYNC", b"FOO", b""])] if self.chance(0.4) else []
        if self.chance(0.1):
            words.append(b"SYNC")
        if not words or words in ([b"ASYNC"], [b"SYNC"]):
            self.dead_may_count = False
        return [self.random.choice([b"FLUSHALL", b"FLUSHDB"]), *words], EXACT

    def connection(self):
        # Nobody fails to log in often enough, by one name, to be slowed.
        return self.random.choice([
            [b"PING"], [b"PING", self.value()], [b"PING", b"a", b"b"], [b"ECHO", self.value()], [b"SELECT", b"0"],
            [b"SELECT", b"16"], [b"SELECT", b"-1"], [b"SELECT", self.random.choice(NOT_INTEGERS)],
            [b"SELECT", b"2147483648"], [b"CLIENT", b"GETNAME"], [b"CLIENT", b"SETNAME", b"name"],
            [b"CLIENT", b"SETNAME", b"a b"], [b"CLIENT", b"SETNAME", b""], [b"CLIENT", b"NOSUCH"], [b"CLIENT"],
            [b"AUTH", b"password"], [b"AUTH", b"default", b"x"], [b"AUTH", b"nobody%d" % self.random.randrange(1 << 30), b"x"], [b"AUTH", b"a", b"b", b"c"],
            [b"HELLO", b"4"], [b"HELLO", b"x"], [b"HELLO", b"2", b"FOO"], [b"HELLO", b"3", b"SETNAME"],
            [b"COMMAND", b"GETKEYS", b"GET", self.key()], [b"COMMAND", b"GETKEYS", b"MSET", self.key(), b"1", self.key(), b"2"],
            [b"COMMAND", b"GETKEYS", b"PING"], [b"COMMAND", b"GETKEYS", b"COPY", self.key(), self.key()],
            [b"COMMAND", b"GETKEYS", b"OBJECT", b"ENCODING", self.key()], [b"COMMAND", b"INFO", b"rename", b"nosuch"],
            [b"COMMAND", b"NOSUCH"], [b"OBJECT"], [b"OBJECT", b"NOSUCH", self.key()], [b"OBJECT", b"ENCODING"],
            [b"MEMORY"], [b"MEMORY", b"NOSUCH"], [b"MEMORY", b"USAGE"]]), EXACT

    def channels(self):
        name = self.key()
        if self.chance(0.3):
            kind = self.random.choice([b"", b"P"])
            between = self.random.choice([[b"GET", self.key()], [b"PING"], [b"PUBSUB", b"NUMSUB", name], [b"CONFIG", b"GET", b"timeout"]])
            self.following = [(between, EXACT), ([kind + b"UNSUBSCRIBE", name], EXACT)]
            return [kind + b"SUBSCRIBE", name], EXACT
        return self.random.choice([
            [b"PUBLISH", name, self.value()], [b"UNSUBSCRIBE", name], [b"PUNSUBSCRIBE", name], [b"UNSUBSCRIBE"], [b"PUNSUBSCRIBE"],
            [b"PUBSUB", b"CHANNELS"], [b"PUBSUB", b"CHANNELS", self.pattern()], [b"PUBSUB", b"CHANNELS", b"a", b"b"],
            [b"PUBSUB", b"NUMPAT"], [b"PUBSUB", b"NUMSUB", *self.some(self.key)], [b"PUBSUB", b"NUMSUB"], [b"PUBSUB"],
            [b"PUBSUB", b"NOSUCH"]]), EXACT

    def configuration(self):
        name = self.random.choice([b"timeout", b"maxmemory", b"maxmemory-policy", b"slowlog-max-len", b"slowlog-log-slower-than",
                                   b"client-output-buffer-limit", b"proto-max-bulk-len", b"nosuch", b"", b"dir", b"aclfile"])
        if self.chance(0.3):
            return [b"CONFIG", b"GET", mixed_case(self.random, name)], IGNORED if name == b"dir" else EXACT
        if name.startswith(b"maxmemory"):  # There are other policies; and Redis takes what is no size for one.
            name = b"slowlog-max-len"
        return [b"CONFIG", b"SET", name, self.random.choice(NOT_INTEGERS[:-5] + [b"-5", b"yes", b"pubsub 1 2", b"nobody 1 2 3",
                                                                            b"normal 1 2 x", b"9223372036854775808"]),
                *self.random.choice([[], [b"timeout"], [b"nosuch", b"1"], [b"timeout", b"-1"]])], EXACT

    def administration(self):
        """What changes nothing, or is wrong."""
        word = self.random.choice([b"x", b"", b"-1", b"nosuch", b"9223372036854775808", b"1.5"])
        return self.random.choice([
            [b"CONFIG"], [b"CONFIG", b"NOSUCH"], [b"CONFIG", b"GET"], [b"CONFIG", b"SET", b"timeout"],
            [b"ACL"], [b"ACL", b"NOSUCH"], [b"ACL", b"WHOAMI"], [b"ACL", b"USERS"], [b"ACL", b"CAT", b"nosuch"], [b"ACL", b"GETUSER", b"nobody"],
            [b"ACL", b"SETUSER", b"bob", self.random.choice([b"foo", b"+@nosuch", b"-nosuch", b"%x~a", b"<", b"#12", b"("])],
            [b"ACL", b"DELUSER", b"nobody"], [b"ACL", b"DELUSER", b"default"], [b"ACL", b"DRYRUN", b"default", b"GET", self.key()],
            [b"ACL", b"DRYRUN", b"nobody", b"GET", b"k"], [b"ACL", b"DRYRUN", b"default", b"nosuch"], [b"ACL", b"DRYRUN", b"default", b"GET"],
            [b"ACL", b"GENPASS", word], [b"ACL", b"LOG", word], [b"ACL", b"SAVE"], [b"ACL", b"LOAD"],
            [b"SLOWLOG"], [b"SLOWLOG", b"NOSUCH"], [b"SLOWLOG", b"GET", b"-2"], [b"SLOWLOG", b"GET", b"x"], [b"SLOWLOG", b"GET", b"1", b"2"],
            [b"CLIENT", b"REPLY", word], [b"CLIENT", b"KILL", b"ID", word], [b"CLIENT", b"KILL", b"127.0.0.1:1"], [b"CLIENT", b"KILL", word],
            [b"CLIENT", b"KILL", b"TYPE", word], [b"CLIENT", b"KILL", b"USER", word], [b"CLIENT", b"KILL", b"SKIPME", word], [b"CLIENT", b"KILL", word, b"1"],
            [b"CLIENT", b"LIST", b"TYPE", word], [b"CLIENT", b"LIST", b"ID", word], [b"CLIENT", b"LIST", word], [b"CLIENT", b"UNBLOCK", b"999999999"],
            [b"CLIENT", b"UNBLOCK", word], [b"CLIENT", b"UNBLOCK", b"1", word], [b"CLIENT", b"NO-EVICT", word], [b"CLIENT", b"PAUSE", word],
            [b"CLIENT", b"PAUSE", b"1", word], [b"CLIENT", b"UNPAUSE"], [b"CLIENT", b"ID", b"x"], [b"BGSAVE", word], [b"SHUTDOWN", word],
            [b"INFO", b"nosuch"], [b"COMMAND", b"LIST", b"FILTERBY", b"ACLCAT", b"nosuch"], [b"COMMAND", b"LIST", b"FILTERBY", b"ACLCAT", b"*"],
            [b"COMMAND", b"LIST", b"FILTERBY", b"MODULE", word], [b"COMMAND", b"LIST", b"FILTERBY", word, b"x"], [b"COMMAND", b"LIST", b"FILTERBY"],
            [b"COMMAND", b"DOCS", b"nosuch"], [b"COMMAND", b"COUNT", b"x"]]), EXACT

    def time(self):
        return [b"TIME"], IGNORED

    def unknown(self):
        return [self.random.choice(UNKNOWN), *(self.some(self.value) if self.chance(0.7) else [])], EXACT

    def queued(self):
        """A command as it stands in a transaction."""
        makers = [self.set, self.getex, self.simple, self.with_value, self.with_integer, self.incrbyfloat, self.range,
                  self.several, self.pairs, self.setex, self.expire, self.ttl, self.rename, self.copy, self.all_keys, self.flush]
        words, rule = self.random.choice(makers)()
        if self.chance(0.02):
            words = words[:self.random.randint(1, len(words))]
            rule = self.rule_of_any(words, rule)
        return words, rule

    def transaction(self):
        dead_may_count = self.dead_may_count
        # What flushes may not be done, and what follows it be done alone: so how many keys there are says nothing.
        queued = [(words, KIND if words == [b"DBSIZE"] else rule)
                  for words, rule in (self.queued() for _ in range(self.random.randint(0, 5)))]
        # What was to flush may not have been done.
        self.dead_may_count = self.dead_may_count or dead_may_count or any(len(words) > 3 for words, _ in queued)
        end = [b"EXEC"] if self.chance(0.85) else [b"DISCARD"]
        # Each has its own rule: something wrong may have ended the transaction before.
        self.following = [*queued, (end, queued)]
        if self.chance(0.1):
            wrong = self.random.choice([[b"MULTI"], [b"WATCH", self.key()], [b"UNWATCH"], [b"NOSUCH"], [b"EXEC", b"x"], [b"GET"]])
            self.following.insert(self.random.randint(0, len(queued)), (wrong, EXACT))
            self.following[-1] = (end, KIND if wrong == [b"UNWATCH"] else queued)
        if self.chance(0.3):
            self.following = [([b"MULTI"], EXACT), *self.following]
            return self.random.choice([[b"WATCH", *self.some(self.key)], [b"WATCH"], [b"UNWATCH"], [b"EXEC"], [b"DISCARD"]]), EXACT
        return [b"MULTI"], EXACT

    MAKERS = [(set, 18), (getex, 4), (simple, 16), (with_value, 7), (with_integer, 7), (incrbyfloat, 5), (range, 6),
              (setrange, 4), (several, 7), (pairs, 5), (setex, 3), (expire, 9), (ttl, 6), (rename, 4), (copy, 3), (object, 3),
              (all_keys, 6), (flush, 0.3), (connection, 2),
              (channels, 2), (configuration, 1), (administration, 2), (time, 0.2), (unknown, 1), (transaction, 2)]

    def commands(self, count):
        """So many commands, each with its rule."""
        for method in self.random.choices([method for method, _ in self.MAKERS], self.weights, k=count):
            if self.following:
                yield self.following.pop(0)
                continue
            words, rule = method(self)
            # Too many words, or too few; but not where that ends the server, or has several replies.
            if not self.following and method not in (Generator.administration, Generator.channels) and self.chance(0.02):
                # HELLO with a wrong option after SETNAME changes nothing here: that would be seen much later.
                if self.chance(0.5) or words[0] == b"HELLO":
                    words = words[:self.random.randint(1, len(words))]
                else:
                    words = words + self.some(self.value, 2)
                # What was an argument may now be another, and what did not depend on the moment may.
                rule = self.rule_of_any(words, rule)
            words[0] = mixed_case(self.random, words[0])
            yield words, rule

    def rule_of_any(self, words, rule):
        name = words[0].upper()
        if name in (b"FLUSHALL", b"FLUSHDB", b"SET", b"GETEX", b"PEXPIREAT", b"EXPIREAT"):
            self.dead_may_count = True
        if name == b"OBJECT":
            return SIMILAR if words[1:2] == [b"ENCODING"] else KIND
        if name == b"MEMORY":
            return IGNORED if self.dead_may_count else KIND
        if name in (b"SCAN", b"HELLO"):
            return KIND  # without its COUNT; with the number of the connection
        return rule
