// The handlers of all commands; what each does is in its row of the table (table/), and in docs/commands.md.
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
void set(DataCall& call);
void setnx(DataCall& call);
void strlen(DataCall& call);

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
void scan(DataCall& call);
void type(DataCall& call);

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
void client_list(SessionCall& call);
void client_no_evict(SessionCall& call);
void client_setinfo(SessionCall& call);
void client_setname(SessionCall& call);

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

// store_actors.cpp
void understudy_help(SessionCall& call);
Task<> understudy_reset(SessionCall& call);
Task<> understudy_snapshot(SessionCall& call);
void understudy_status(SessionCall& call);

}  // namespace understudy::server
