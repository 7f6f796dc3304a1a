// The handlers of all commands; what each does is in its row of the table (table/).
#pragma once

#include "server/command.hpp"

namespace understudy::server {

// strings.cpp
void append(DataCall& call);
void decr(DataCall& call);
void decrby(DataCall& call);
void get(DataCall& call);
void getdel(DataCall& call);
void getset(DataCall& call);
void incr(DataCall& call);
void incrby(DataCall& call);
void mget(DataCall& call);
void mset(DataCall& call);
void msetnx(DataCall& call);
void set(DataCall& call);
void setnx(DataCall& call);
void strlen(DataCall& call);

// string_parts.cpp
void getrange(DataCall& call);
void setrange(DataCall& call);

// floats.cpp
void incrbyfloat(DataCall& call);

// expiry.cpp
void expire(DataCall& call);
void expireat(DataCall& call);
void expiretime(DataCall& call);
void getex(DataCall& call);
void persist(DataCall& call);
void pexpire(DataCall& call);
void pexpireat(DataCall& call);
void pexpiretime(DataCall& call);
void psetex(DataCall& call);
void pttl(DataCall& call);
void setex(DataCall& call);
void ttl(DataCall& call);

// keys.cpp
void dbsize(DataCall& call);
void del(DataCall& call);
void exists(DataCall& call);
void flushall(DataCall& call);
void keys(DataCall& call);
void randomkey(DataCall& call);
void scan(DataCall& call);
void type(DataCall& call);

// renaming.cpp
void copy(DataCall& call);
void rename(DataCall& call);
void renamenx(DataCall& call);

// objects.cpp
void memory_help(SessionCall& call);
void memory_usage(DataCall& call);
void object_encoding(DataCall& call);
void object_freq(DataCall& call);
void object_help(SessionCall& call);
void object_refcount(DataCall& call);

// connection.cpp
void echo(SessionCall& call);
void ping(SessionCall& call);
void quit(SessionCall& call);
void select(SessionCall& call);

// login.cpp
Task<> auth(SessionCall& call);
Task<> hello(SessionCall& call);
void reset(SessionCall& call);

// acl.cpp
void acl_cat(SessionCall& call);
void acl_deluser(SessionCall& call);
void acl_dryrun(SessionCall& call);
void acl_genpass(SessionCall& call);
void acl_getuser(SessionCall& call);
void acl_help(SessionCall& call);
void acl_list(SessionCall& call);
Task<> acl_load(SessionCall& call);
void acl_log(SessionCall& call);
Task<> acl_save(SessionCall& call);
void acl_setuser(SessionCall& call);
void acl_users(SessionCall& call);
void acl_whoami(SessionCall& call);

// clients.cpp
void client_getname(SessionCall& call);
void client_help(SessionCall& call);
void client_id(SessionCall& call);
void client_info(SessionCall& call);
void client_kill(SessionCall& call);
void client_list(SessionCall& call);
void client_no_evict(SessionCall& call);
void client_pause(SessionCall& call);
void client_reply(SessionCall& call);
void client_setinfo(SessionCall& call);
void client_setname(SessionCall& call);
void client_unblock(SessionCall& call);
void client_unpause(SessionCall& call);

// transactions.cpp
void discard(SessionCall& call);
Task<> exec(SessionCall& call);
void multi(SessionCall& call);
void unwatch(SessionCall& call);
Task<> watch(SessionCall& call);

// pubsub.cpp
void monitor(SessionCall& call);
void psubscribe(SessionCall& call);
void publish(SessionCall& call);
void pubsub_channels(SessionCall& call);
void pubsub_help(SessionCall& call);
void pubsub_numpat(SessionCall& call);
void pubsub_numsub(SessionCall& call);
void punsubscribe(SessionCall& call);
void subscribe(SessionCall& call);
void unsubscribe(SessionCall& call);

// operations.cpp
void bgsave(SessionCall& call);
void lastsave(SessionCall& call);
Task<> save(SessionCall& call);
void shutdown(SessionCall& call);
void slowlog_get(SessionCall& call);
void slowlog_help(SessionCall& call);
void slowlog_len(SessionCall& call);
void slowlog_reset(SessionCall& call);
Task<> waitaof(SessionCall& call);

// introspection.cpp
void command(SessionCall& call);
void command_count(SessionCall& call);
void command_docs(SessionCall& call);
void command_getkeys(SessionCall& call);
void command_help(SessionCall& call);
void command_info(SessionCall& call);
void command_list(SessionCall& call);

// server_info.cpp
void config_get(SessionCall& call);
void config_help(SessionCall& call);
void config_set(SessionCall& call);
void info(SessionCall& call);
void time(SessionCall& call);

// store_actors.cpp
void understudy_actors(SessionCall& call);
void understudy_durability(SessionCall& call);
void understudy_help(SessionCall& call);
void understudy_incidents(SessionCall& call);
Task<> understudy_reset(SessionCall& call);
Task<> understudy_snapshot(SessionCall& call);
void understudy_status(SessionCall& call);

}  // namespace understudy::server
