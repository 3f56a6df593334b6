/* One thread's event loop. Everything made for a loop belongs to the thread that runs it, and is freed there,
 * before the loop. Only `loop_post` may be called from elsewhere. Callbacks upward exist at this edge only;
 * each has the context pointer that it was made with, borrowed for as long as it can be called. */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/bytes.h"
#include "base/result.h"

struct loop;
struct loop_timer;
struct loop_watch;

/* What is behind a loop, for this folder's own files. */
struct event_base;
struct event_base *loop_base(struct loop *);

/* OK | E_NO_MEMORY | E_IO */
MUST_USE enum result loop_new(struct loop **out);
/* NULL is fine. Posted calls that have not run are dropped. */
void loop_free(struct loop *);
/* Runs until loop_stop. OK | E_IO */
MUST_USE enum result loop_run(struct loop *);
/* Ends loop_run after the callback that is running. A stop before loop_run is kept for it. */
void loop_stop(struct loop *);

/* CLOCK_MONOTONIC. Every time that io takes or gives is of this clock. Any thread. */
uint64_t loop_now_us(void);

/* A timer fires once and then rests until it is set again; its callback may set or free it. OK | E_NO_MEMORY
 */
MUST_USE enum result loop_timer_new(struct loop *, void (*due)(void *context), void *context,
                                    struct loop_timer **out);
/* A time that has passed fires in the loop's next turn. Setting again replaces the former time. */
void loop_timer_set(struct loop_timer *, uint64_t at_us);
void loop_timer_clear(struct loop_timer *);
void loop_timer_free(struct loop_timer *);

/* Calls as long as the descriptor has something to read (level-triggered). The descriptor stays its owner's,
 * who frees the watch before closing it. OK | E_NO_MEMORY | E_IO */
MUST_USE enum result loop_watch_new(struct loop *, int fd, void (*readable)(void *context), void *context,
                                    struct loop_watch **out);
void loop_watch_free(struct loop_watch *);

/* Has `call` run on the loop's thread; in order for one poster. From any thread, while the loop lives. Since
 * a call is dropped with its loop, the context needs an owner beside it. OK | E_NO_MEMORY */
MUST_USE enum result loop_post(struct loop *, void (*call)(void *context), void *context);

/* SIGINT and SIGTERM call `end` on this loop; SIGPIPE is ignored from now on. One loop of a process at a
 * time. OK | E_NO_MEMORY | E_IO */
MUST_USE enum result loop_on_end(struct loop *, void (*end)(void *context), void *context);

#endif
