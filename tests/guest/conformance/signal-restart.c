/*
 * signal-restart: each call that waits, interrupted by a handler with and without SA_RESTART.
 *
 * A timer fires again and again, so nothing depends on the signal coming after the wait began:
 * without SA_RESTART the call ends with EINTR at the first signal that finds it waiting. With it
 * the handler lets the call finish at its third run; a restarted call then returns its result.
 */
#include "check.h"
#include <poll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>

static volatile sig_atomic_t ticks;
static void (*volatile complete)(void);

static void on_tick(int number) {
  (void)number;
  if (++ticks == 3 && complete) complete();
}

static void start_ticking(int flags) {
  ticks = 0;
  handle(SIGALRM, on_tick, flags);
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 15000}, {0, 15000}}, NULL);
}

static void stop_ticking(void) {
  setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
}

/** Runs the call with the timer ticking; leaves its errno. */
#define ticking(flags, call) \
  ({ \
    start_ticking(flags); \
    long result_ = (call); \
    int saved_ = errno; \
    stop_ticking(); \
    errno = saved_; \
    result_; \
  })

static int ends[2], command[2];
static char byte, page[4096];
static pid_t helper;

static void put_byte(void) { write(ends[1], "x", 1); }
static void take_page(void) { read(ends[0], page, sizeof page); }
static void command_helper(void) { write(command[1], "g", 1); }

/** A child that does `work` once it is told to, then exits 3. */
static void start_helper(void (*prepare)(void), void (*work)(void)) {
  int ready[2];
  pipe(ready);
  pipe(command);
  helper = fork();
  if (helper == 0) {
    if (prepare) prepare();
    write(ready[1], "r", 1);
    char go;
    close(command[1]);
    read(command[0], &go, 1);
    if (work) work();
    _exit(3);
  }
  read(ready[0], &byte, 1);
  close(ready[0]);
  close(ready[1]);
}

static void end_helper(void) {
  close(command[0]);
  close(command[1]);
  kill(helper, SIGKILL);
  waitpid(helper, NULL, 0);
}

static int lock_file;
static void hold_lock(void) { fcntl(lock_file, F_SETLK, &(struct flock){.l_type = F_WRLCK}); }
static void release_lock(void) { fcntl(lock_file, F_SETLK, &(struct flock){.l_type = F_UNLCK}); }
static int flock_file;
static void hold_flock(void) {
  flock_file = open("locked", O_RDWR);
  flock(flock_file, LOCK_EX);
}
static void release_flock(void) { flock(flock_file, LOCK_UN); }
static void open_writer(void) { open("fifo", O_WRONLY); }

static void reading_and_writing(void) {
  pipe(ends);
  complete = put_byte;
  fails("read", ticking(0, read(ends[0], &byte, 1)), EINTR);
  equal("read, SA_RESTART", ticking(SA_RESTART, read(ends[0], &byte, 1)), 1);
  equal("after three signals", ticks >= 3, 1);
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  while (write(ends[1], page, sizeof page) > 0) {
  }
  fcntl(ends[1], F_SETFL, 0);
  complete = take_page;
  fails("write", ticking(0, write(ends[1], page, sizeof page)), EINTR);
  equal("write, SA_RESTART", ticking(SA_RESTART, write(ends[1], page, sizeof page)), sizeof page);
  take_page();
  equal("a write in part done returns its part", ticking(SA_RESTART, write(ends[1], page, 4096) + write(ends[1], page, 3 * 4096)), 8192);
  close(ends[0]);
  close(ends[1]);
}

static void waiting_for_children(void) {
  start_helper(NULL, NULL);
  complete = command_helper;
  fails("waitpid", ticking(0, waitpid(helper, NULL, 0)), EINTR);
  int status = 0;
  equal("waitpid, SA_RESTART", ticking(SA_RESTART, waitpid(helper, &status, 0)) == helper && status == EXITED(3), 1);
  end_helper();
}

static void opening_a_fifo(void) {
  mkfifo("fifo", 0644);
  start_helper(NULL, open_writer);
  complete = command_helper;
  fails("open of a FIFO", ticking(0, open("fifo", O_RDONLY)), EINTR);
  int file = ticking(SA_RESTART, open("fifo", O_RDONLY));
  equal("open of a FIFO, SA_RESTART", file >= 0, 1);
  close(file);
  end_helper();
}

static void locking(void) {
  make_file("locked", "x");
  lock_file = open("locked", O_RDWR);
  struct flock lock = {.l_type = F_WRLCK};
  start_helper(hold_lock, release_lock);
  complete = command_helper;
  fails("F_SETLK", fcntl(lock_file, F_SETLK, &lock), EAGAIN);
  fails("F_SETLKW", ticking(0, fcntl(lock_file, F_SETLKW, &lock)), EINTR);
  equal("F_SETLKW, SA_RESTART", ticking(SA_RESTART, fcntl(lock_file, F_SETLKW, &lock)), 0);
  end_helper();
  start_helper(hold_flock, release_flock);
  fails("flock, non-blocking", flock(lock_file, LOCK_EX | LOCK_NB), EAGAIN);
  fails("flock", ticking(0, flock(lock_file, LOCK_EX)), EINTR);
  equal("flock, SA_RESTART", ticking(SA_RESTART, flock(lock_file, LOCK_EX)), 0);
  end_helper();
  close(lock_file);
}

static void never_restarted(void) {
  complete = NULL;
  struct timespec left = {0, 0}, minute = {60, 0};
  fails("nanosleep, SA_RESTART", ticking(SA_RESTART, nanosleep(&minute, &left)), EINTR);
  check("the time left", left.tv_sec > 0 && left.tv_sec <= 59 + 1);
  equal("clock_nanosleep, SA_RESTART", ticking(SA_RESTART, clock_nanosleep(CLOCK_MONOTONIC, 0, &minute, &left)), EINTR);
  struct timespec when;
  clock_gettime(CLOCK_MONOTONIC, &when);
  when.tv_sec += 60;
  left = (struct timespec){7, 7};
  equal("clock_nanosleep to a time, SA_RESTART", ticking(SA_RESTART, clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, &left)), EINTR);
  check("leaves the time left alone", left.tv_sec == 7 && left.tv_nsec == 7);
  pipe(ends);
  struct pollfd polled = {ends[0], POLLIN, 0};
  fails("poll, SA_RESTART", ticking(SA_RESTART, poll(&polled, 1, -1)), EINTR);
  fails("ppoll, SA_RESTART", ticking(SA_RESTART, ppoll(&polled, 1, NULL, NULL)), EINTR);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(ends[0], &set);
  fails("select, SA_RESTART", ticking(SA_RESTART, select(ends[0] + 1, &set, NULL, NULL, NULL)), EINTR);
  fails("pselect, SA_RESTART", ticking(SA_RESTART, pselect(ends[0] + 1, &set, NULL, NULL, NULL, NULL)), EINTR);
  fails("pause, SA_RESTART", ticking(SA_RESTART, pause()), EINTR);
  sigset_t none, one;
  sigemptyset(&none);
  sigemptyset(&one);
  sigaddset(&one, SIGUSR1);
  fails("sigsuspend, SA_RESTART", ticking(SA_RESTART, sigsuspend(&none)), EINTR);
  fails("sigtimedwait, SA_RESTART", ticking(SA_RESTART, sigtimedwait(&one, NULL, &minute)), EINTR);
  close(ends[0]);
  close(ends[1]);
}

static void ignored_and_stopped(void) {
  /* Stopping and continuing, and ignored signals, leave a wait as it was. */
  pipe(ends);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGUSR1, SIG_IGN);
    char got;
    _exit(read(ends[0], &got, 1) == 1 ? 5 : 6);
  }
  for (int i = 0; i < 3; i++) {
    sleep_milliseconds(10);
    kill(child, SIGSTOP);
    waitpid(child, NULL, WUNTRACED);
    kill(child, SIGCONT);
    waitpid(child, NULL, WCONTINUED);
    kill(child, SIGWINCH);
  }
  put_byte();
  equal("a read outlasts stop and continue", reap(child), EXITED(5));
  child = fork();
  if (child == 0) {
    struct timespec time = {0, 300000000};
    _exit(nanosleep(&time, NULL) == 0 ? 5 : 6);
  }
  for (int i = 0; i < 3; i++) {
    sleep_milliseconds(10);
    kill(child, SIGSTOP);
    waitpid(child, NULL, WUNTRACED);
    kill(child, SIGCONT);
  }
  equal("so does nanosleep", reap(child), EXITED(5));
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  enter_scratch();
  reading_and_writing();
  waiting_for_children();
  opening_a_fifo();
  locking();
  never_restarted();
  ignored_and_stopped();
  return finish();
}
