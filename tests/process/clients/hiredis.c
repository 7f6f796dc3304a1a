/* What users of hiredis do: commands, pipelines, transactions, subscriptions, the asynchronous interface.
   Arguments: port (and more, for which it has no use: this version has no TLS). */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hiredis/async.h>
#include <hiredis/hiredis.h>

static const char* password = "password-of-default";
static const char* app_password = "password-of-app";
enum { deadline_s = 30, shown_max = 1000, text_max = 64 };
static int port;

/* --- lines of JSON ---------------------------------------------------------------------------------------------- */

static void print_bytes(const char* bytes, size_t count) {
  if (count > shown_max) { /* Its length and a hash. */
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < count; ++i) hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211u;
    printf("\"%zu bytes, %016llx\"", count, (unsigned long long)hash);
    return;
  }
  putchar('"');
  for (size_t i = 0; i < count; ++i) {
    const unsigned char byte = (unsigned char)bytes[i];
    if (byte < 32 || byte > 126 || byte == '"' || byte == '\\') {
      printf("\\u%04x", byte);
    } else {
      putchar(byte);
    }
  }
  putchar('"');
}

static void print_reply(const redisReply* reply) {
  switch (reply->type) {
    case REDIS_REPLY_INTEGER:
      printf("%lld", reply->integer);
      break;
    case REDIS_REPLY_NIL:
      printf("null");
      break;
    case REDIS_REPLY_STRING:
      print_bytes(reply->str, reply->len);
      break;
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      printf("{\"%s\": ", reply->type == REDIS_REPLY_ERROR ? "error" : "status");
      print_bytes(reply->str, reply->len);
      printf("}");
      break;
    case REDIS_REPLY_ARRAY:
      printf("[");
      for (size_t i = 0; i < reply->elements; ++i) {
        if (i) printf(", ");
        print_reply(reply->element[i]);
      }
      printf("]");
      break;
    default:
      printf("{\"kind\": %d}", reply->type);
  }
}

static void begin_line(const char* step) { printf("{\"step\": \"%s\", \"saw\": ", step); }
static void end_line(void) {
  printf("}\n");
  fflush(stdout);
}

static void say(const char* step, const char* text) {
  begin_line(step);
  print_bytes(text, strlen(text));
  end_line();
}

static void say_number(const char* step, long long number) {
  begin_line(step);
  printf("%lld", number);
  end_line();
}

/* Says what a command was answered, or how the connection has failed; lets go of the reply. */
static void say_reply(const char* step, redisContext* to, void* reply) {
  begin_line(step);
  if (reply) {
    print_reply(reply);
    freeReplyObject(reply);
  } else {
    printf("{\"failed\": %d, \"text\": \"%s\"}", to->err, to->errstr);
  }
  end_line();
}

#define SEE(step, to, ...) say_reply(step, to, redisCommand(to, __VA_ARGS__))
#define DO(to, ...) freeReplyObject(redisCommand(to, __VA_ARGS__))

/* --- connections ------------------------------------------------------------------------------------------------ */

static redisContext* connect_only(void) {
  const struct timeval limit = {deadline_s, 0};
  redisContext* made = redisConnectWithTimeout("127.0.0.1", port, limit);
  if (!made || made->err) {
    fprintf(stderr, "no connection: %s\n", made ? made->errstr : "no memory");
    exit(1);
  }
  redisSetTimeout(made, limit);
  return made;
}

static redisContext* log_in(void) {
  redisContext* made = connect_only();
  DO(made, "AUTH %s", password);
  return made;
}

static void logins(void) {
  redisContext* to = connect_only();
  SEE("no password", to, "PING");
  SEE("a wrong password", to, "AUTH wrong");
  SEE("a wrong user", to, "AUTH nobody %s", password);
  SEE("the right password", to, "AUTH %s", password);
  SEE("ping", to, "PING");
  SEE("ping with a message", to, "PING %s", "hello");
  SEE("another user", to, "AUTH app %s", app_password);
  SEE("a key that is not that user's", to, "SET key value");
  SEE("a command that is not", to, "FLUSHALL");
  SEE("hello 2 with a user", to, "HELLO 2 AUTH default wrong");
  SEE("hello 4", to, "HELLO 4");
  SEE("quit", to, "QUIT");
  redisReply* reply = redisCommand(to, "PING"); /* In which way it fails is a matter of moments. */
  say("after quit", reply ? "a reply" : "none");
  redisFree(to);
}

/* --- commands --------------------------------------------------------------------------------------------------- */

static void strings(redisContext* to) {
  char every[256];
  for (int i = 0; i < 256; ++i) every[i] = (char)i;
  SEE("flushall", to, "FLUSHALL");
  SEE("set", to, "SET %s %s", "key", "a value with spaces");
  SEE("get", to, "GET key");
  SEE("get of nothing", to, "GET none");
  SEE("set nx", to, "SET key other NX");
  SEE("set get", to, "SET key other GET");
  SEE("set with all options", to, "SET key other XX GET EX 100");
  SEE("set with options that exclude each other", to, "SET key other NX XX");
  SEE("binary", to, "SET %b %b", every, sizeof every, every, sizeof every);
  SEE("binary back", to, "GET %b", every, sizeof every);
  SEE("an empty value", to, "SET empty %b", every, (size_t)0);
  SEE("an empty value back", to, "GET empty");
  const size_t size = 16u << 20;
  char* big = malloc(size);
  if (!big) exit(1);
  for (size_t i = 0; i < size; ++i) big[i] = (char)(i * 31);
  SEE("16 MiB", to, "SET big %b", big, size);
  SEE("16 MiB back", to, "GET big");
  SEE("its length", to, "STRLEN big");
  SEE("its end", to, "GETRANGE big -10 -1");
  free(big);
  SEE("incr", to, "INCR n");
  SEE("incr by", to, "INCRBY n %d", 41);
  SEE("incr by a float", to, "INCRBYFLOAT f %f", 1.5);
  SEE("incr of text", to, "INCR key");
  SEE("mset", to, "MSET a 1 b 2");
  SEE("mget", to, "MGET a none b");
  SEE("expire", to, "PEXPIREAT a 4000000000000");
  SEE("its time", to, "PEXPIRETIME a");
  SEE("ttl of nothing", to, "TTL none");
  SEE("too few arguments", to, "GET");
  SEE("too many arguments", to, "GET a b");
  SEE("an unknown command", to, "NOSUCH command %b", every, sizeof every);
  SEE("an unknown subcommand", to, "CLIENT NOSUCH");
  const char* words[] = {"SET", "by words", "value"};
  const size_t lengths[] = {3, 8, 5};
  say_reply("arguments as an array", to, redisCommandArgv(to, 3, words, lengths));
}

static int by_value(const void* left, const void* right) { return *(const int*)left - *(const int*)right; }

static void scan(redisContext* to) {
  enum { keys = 500 };
  for (int i = 0; i < keys; ++i) redisAppendCommand(to, "SET scan:%d %d", i, i);
  void* reply = NULL;
  int failures = 0;
  for (int i = 0; i < keys; ++i) {
    if (redisGetReply(to, &reply) != REDIS_OK || ((redisReply*)reply)->type != REDIS_REPLY_STATUS) ++failures;
    freeReplyObject(reply);
  }
  say_number("failures of a pipeline", failures);
  char cursor[32] = "0";
  int found[4 * keys];
  int count = 0;
  do {
    redisReply* part = redisCommand(to, "SCAN %s MATCH scan:* COUNT 20", cursor);
    snprintf(cursor, sizeof cursor, "%s", part->element[0]->str);
    const redisReply* list = part->element[1];
    for (size_t i = 0; i < list->elements && count < 4 * keys; ++i) found[count++] = atoi(list->element[i]->str + 5);
    freeReplyObject(part);
  } while (strcmp(cursor, "0") != 0);
  qsort(found, (size_t)count, sizeof found[0], by_value);
  int different = 0;
  for (int i = 0; i < count; ++i) different += i == 0 || found[i] != found[i - 1];
  say_number("keys that SCAN found", different);
  SEE("scan with a cursor that is none", to, "SCAN x");
}

static void transactions(redisContext* to, redisContext* other) {
  SEE("multi", to, "MULTI");
  SEE("queued", to, "INCR n");
  SEE("queued too", to, "GET key");
  SEE("an error in it", to, "INCR key");
  SEE("exec", to, "EXEC");
  SEE("multi to be refused", to, "MULTI");
  SEE("multi in multi", to, "MULTI");
  SEE("an unknown command in it", to, "NOSUCH");
  SEE("exec that is refused", to, "EXEC");
  SEE("watch", to, "WATCH n");
  DO(other, "SET n 7");
  SEE("multi after a conflict", to, "MULTI");
  SEE("queued after a conflict", to, "SET n 8");
  SEE("exec after a conflict", to, "EXEC");
  SEE("what is there", to, "GET n");
  SEE("watch again", to, "WATCH n");
  SEE("multi again", to, "MULTI");
  SEE("queued again", to, "SET n 8");
  SEE("exec without a conflict", to, "EXEC");
  SEE("multi to be discarded", to, "MULTI");
  SEE("discard", to, "DISCARD");
  SEE("exec without multi", to, "EXEC");
}

static void channels(redisContext* to, redisContext* other) {
  SEE("subscribe", to, "SUBSCRIBE news sport");
  void* reply = NULL;
  redisGetReply(to, &reply);
  say_reply("subscribed to another", to, reply);
  SEE("psubscribe", to, "PSUBSCRIBE n*");
  SEE("get while subscribed", to, "GET key");
  SEE("publish", other, "PUBLISH news %b", "\0\r\n", (size_t)3);
  redisGetReply(to, &reply);
  say_reply("what comes", to, reply);
  redisGetReply(to, &reply);
  say_reply("what comes by the pattern", to, reply);
  SEE("ping while subscribed", to, "PING");
  SEE("reset", to, "RESET");
  SEE("after reset", to, "GET key");
  DO(to, "AUTH %s", password);
  SEE("client setname", to, "CLIENT SETNAME a-name");
  SEE("client getname", to, "CLIENT GETNAME");
  SEE("client reply off and on", to, "CLIENT REPLY ON");
  redisAppendCommand(to, "CLIENT REPLY SKIP");
  redisAppendCommand(to, "SET skipped value");
  SEE("after a skipped reply", to, "GET skipped");
}

/* --- the asynchronous interface, with a loop of our own ----------------------------------------------------------- */

static short wanted;
static void add_read(void* data) { (void)data, wanted |= POLLIN; }
static void add_write(void* data) { (void)data, wanted |= POLLOUT; }
static void no_read(void* data) { (void)data, wanted &= (short)~POLLIN; }
static void no_write(void* data) { (void)data, wanted &= (short)~POLLOUT; }

static int replies, disconnected, connections;
static void on_reply(redisAsyncContext* to, void* reply, void* step) {
  (void)to;
  begin_line(step);
  if (reply) {
    print_reply(reply);
  } else {
    printf("null");
  }
  end_line();
  ++replies;
}
static void on_counted(redisAsyncContext* to, void* reply, void* sum) {
  (void)to;
  *(long long*)sum += ((redisReply*)reply)->integer;
  ++replies;
}
static void on_message(redisAsyncContext* to, void* reply, void* step) {
  char numbered[text_max];
  if (!reply) return;
  snprintf(numbered, sizeof numbered, "%s, %d", (const char*)step, replies);
  on_reply(to, reply, numbered);
}
static void on_disconnect(const redisAsyncContext* to, int status) {
  (void)to;
  disconnected = 1;
  say_number(connections == 1 ? "disconnected with status" : "disconnected again with status", status);
}

/* Until that many replies have come, or the connection has ended. */
static void loop(redisAsyncContext* to, int until) {
  const time_t end = time(NULL) + deadline_s;
  while (!disconnected && replies < until) {
    struct pollfd file = {.fd = to->c.fd, .events = wanted, .revents = 0};
    if (poll(&file, 1, 1000) < 0 || time(NULL) > end) exit(1);
    if (file.revents & (POLLIN | POLLHUP | POLLERR)) redisAsyncHandleRead(to);
    if (!disconnected && file.revents & POLLOUT) redisAsyncHandleWrite(to);
  }
}

static redisAsyncContext* connect_asynchronously(void) {
  redisAsyncContext* to = redisAsyncConnect("127.0.0.1", port);
  if (!to || to->err) exit(1);
  ++connections;
  wanted = 0;
  replies = disconnected = 0;
  to->ev.data = to;
  to->ev.addRead = add_read, to->ev.delRead = no_read;
  to->ev.addWrite = add_write, to->ev.delWrite = no_write;
  redisAsyncSetDisconnectCallback(to, on_disconnect);
  add_write(NULL); /* It learns so that it is connected. */
  redisAsyncCommand(to, on_reply, connections == 1 ? "asynchronous auth" : "asynchronous auth again", "AUTH %s",
                    password);
  return to;
}

static void asynchronously(redisContext* other) {
  redisAsyncContext* to = connect_asynchronously();
  enum { commands = 10000 };
  long long sum = 0;
  redisAsyncCommand(to, on_reply, "asynchronous set", "SET counter 0");
  for (int i = 0; i < commands; ++i) redisAsyncCommand(to, on_counted, &sum, "INCR counter");
  redisAsyncCommand(to, on_reply, "asynchronous get", "GET counter");
  loop(to, commands + 3);
  say_number("sum of all replies", sum);
  redisAsyncDisconnect(to);
  loop(to, commands + 4);

  to = connect_asynchronously();
  redisAsyncCommand(to, on_message, "asynchronous subscription", "SUBSCRIBE news");
  loop(to, 2);
  SEE("publish to it", other, "PUBLISH news hello");
  loop(to, 3);
  redisAsyncCommand(to, on_message, "asynchronous unsubscription", "UNSUBSCRIBE news");
  loop(to, 4);
  if (!disconnected) redisAsyncDisconnect(to);
  loop(to, 5);
}

static void restart(redisContext* to) {
  DO(to, "SET kept value PXAT 4000000000000");
  printf("{\"ask\": \"restart\"}\n");
  fflush(stdout);
  char answer[text_max];
  if (!fgets(answer, sizeof answer, stdin)) exit(1);
  redisReply* reply = redisCommand(to, "GET kept");
  say("the connection after a restart", reply ? "a reply" : "none");
  if (reply) freeReplyObject(reply);
  say_number("redisReconnect", redisReconnect(to));
  DO(to, "AUTH %s", password);
  SEE("what was kept", to, "GET kept");
  SEE("its time to die", to, "PEXPIRETIME kept");
  SEE("all keys", to, "DBSIZE");
}

int main(int count, char** arguments) {
  port = count > 1 ? atoi(arguments[1]) : 6379;
  logins();
  redisContext* to = log_in();
  redisContext* other = log_in();
  strings(to);
  scan(to);
  transactions(to, other);
  channels(to, other);
  asynchronously(other);
  restart(to);
  redisFree(to);
  redisFree(other);
  return 0;
}
