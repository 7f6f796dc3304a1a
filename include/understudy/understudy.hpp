// Understudy: supervised, durable actors. This header includes all of the library, and says what to read in which
// order.
//
//  1. actor/system.hpp            a System owns actors, tasks and threads; spawn, shutdown
//  2. runtime/task.hpp            Task<T>: the coroutine type
//  3. actor/mailbox.hpp           what an actor function receives from
//     actor/stash.hpp             messages that came too early
//  4. actor/message.hpp           what can be a message; requests that carry a Reply
//     actor/reply.hpp             Reply<T>: answering, later or elsewhere
//  5. actor/address.hpp           where to send: tell, ask, try_tell, stop, reset
//     actor/ask.hpp, tell.hpp     what awaiting them gives, and what can go wrong
//     actor/select.hpp            a message or something else, whichever comes first
//     actor/stream.hpp            a request that is answered by many values
//  6. actor/spawn.hpp             children, this_actor, beat
//     actor/beat_ahead.hpp        a step that is known to be long
//     actor/spawn_options.hpp     mailbox, restarts, place: what an actor is set up with
//     actor/long_copy.hpp         copies of any length, which beat as they go
//     actor/watch.hpp             to learn that an actor has ended; actors that end together
//     actor/lifecycle_hooks.hpp   what is done at both ends of every life
//     actor/snapshot.hpp          all actors at a glance
//  7. supervision/supervisor.hpp  what happens when an actor crashes or hangs
//     supervision/incident.hpp    the record of it
//  8. runtime/sleep.hpp, blocking.hpp   time, and slow calls
//     runtime/interval.hpp        ticks at a fixed rate
//     runtime/scope.hpp, when.hpp tasks that end before their caller; all of several, or the first
//     runtime/pending.hpp         start now, await later
//     runtime/deadline.hpp        what is left of the time of the work in hand
//     runtime/task_group.hpp, mutex.hpp  many tasks at once
//     runtime/wait.hpp, asio.hpp  from plain threads, and from somebody else's Asio loop
//  9. actor/registry.hpp          a process-wide system, for those who want one; actors found by name
//     actor/name.hpp              names that the compiler checks
// 10. actor/router.hpp, routing.hpp      one of several actors for each message, chosen in the sender or by an actor
//     actor/broadcaster.hpp, first_answer.hpp   all of them; the first of them that answers
//     actor/pool.hpp              workers of one kind, more of them under load
//     actor/on_demand.hpp         one actor for each key, asleep while idle
// 11. durable/durable_actor.hpp   actors whose state comes back after crash, kill and power loss
//     durable/durable.hpp, fields.hpp   the state: its events, how they become bytes, their versions
//     durable/options.hpp         directory, durability, snapshots
//     durable/recorder.hpp        the floor below: for state of another shape, as the store's
//     journal/journal.hpp         an append-only journal: what all of that is made of
// 12. base/error.hpp              errors as values
//
// For tests: simulation/simulated_system.hpp (a library of its own, understudy::simulation).
#pragma once

#include "understudy/actor/beat_ahead.hpp"
#include "understudy/actor/broadcaster.hpp"
#include "understudy/actor/first_answer.hpp"
#include "understudy/actor/lifecycle_hooks.hpp"
#include "understudy/actor/long_copy.hpp"
#include "understudy/actor/on_demand.hpp"
#include "understudy/actor/pool.hpp"
#include "understudy/actor/registry.hpp"
#include "understudy/actor/router.hpp"
#include "understudy/actor/select.hpp"
#include "understudy/actor/snapshot.hpp"
#include "understudy/actor/stash.hpp"
#include "understudy/actor/stream.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/actor/watch.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/clock.hpp"
#include "understudy/base/error.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/base/random.hpp"
#include "understudy/durable/durable_actor.hpp"
#include "understudy/journal/durability.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/journal/record.hpp"
#include "understudy/journal/storage.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/deadline.hpp"
#include "understudy/runtime/interval.hpp"
#include "understudy/runtime/mutex.hpp"
#include "understudy/runtime/network.hpp"
#include "understudy/runtime/pending.hpp"
#include "understudy/runtime/scope.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/runtime/when.hpp"
#include "understudy/supervision/supervisor.hpp"
