/* poll-errors: the errors of calls that wait for files, of event files and of inotify, and what a signal does to those that wait. */
#include "badpath.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>

static struct epoll_event event, events[4];
static sigset_t none;

/** The mask argument of pselect6. */
struct mask {
  const void *mask;
  size_t size;
};

static void polling(void) {
  struct pollfd files[1] = {{.fd = 0, .events = POLLIN}};
  struct timespec strange = {0, 1000000000}, zero = {0, 0};
  fails("poll EFAULT", syscall(SYS_poll, BAD, 1, 0), EFAULT);
  fails("poll EINVAL: more than there can be", syscall(SYS_poll, files, 1025, 0), EINVAL);
  fails("ppoll EFAULT", syscall(SYS_ppoll, BAD, 1, &zero, NULL, 8l), EFAULT);
  fails("ppoll EFAULT: the time", syscall(SYS_ppoll, files, 1, BAD, NULL, 8l), EFAULT);
  fails("ppoll EFAULT: the mask", syscall(SYS_ppoll, files, 1, &zero, BAD, 8l), EFAULT);
  fails("ppoll EINVAL: the time", syscall(SYS_ppoll, files, 1, &strange, NULL, 8l), EINVAL);
  fails("ppoll EINVAL: the size of the mask", syscall(SYS_ppoll, files, 1, &zero, &none, 4l), EINVAL);
  fails("ppoll EINVAL: more than there can be", syscall(SYS_ppoll, files, 1025, &zero, NULL, 8l), EINVAL);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(20, &set); /* a low one: descriptors behind the end of the table do not count */
  struct timeval now = {0, 0}, before = {-1, 0};
  struct mask short_mask = {&none, 4}, bad_mask = {BAD, 8};
  fails("select EBADF", syscall(SYS_select, 21, &set, NULL, NULL, &now), EBADF);
  fails("select EFAULT", syscall(SYS_select, 1, BAD, NULL, NULL, &now), EFAULT);
  fails("select EFAULT: the time", syscall(SYS_select, 0, NULL, NULL, NULL, BAD), EFAULT);
  fails("select EINVAL: below zero", syscall(SYS_select, -1, NULL, NULL, NULL, &now), EINVAL);
  fails("select EINVAL: the time", syscall(SYS_select, 0, NULL, NULL, NULL, &before), EINVAL);
  fails("pselect6 EBADF", syscall(SYS_pselect6, 21, &set, NULL, NULL, &zero, NULL), EBADF);
  fails("pselect6 EFAULT", syscall(SYS_pselect6, 1, BAD, NULL, NULL, &zero, NULL), EFAULT);
  fails("pselect6 EFAULT: the mask", syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, &bad_mask), EFAULT);
  fails("pselect6 EINVAL: below zero", syscall(SYS_pselect6, -1, NULL, NULL, NULL, &zero, NULL), EINVAL);
  fails("pselect6 EINVAL: the time", syscall(SYS_pselect6, 0, NULL, NULL, NULL, &strange, NULL), EINVAL);
  fails("pselect6 EINVAL: the size of the mask", syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, &short_mask), EINVAL);
}

static void epolls(void) {
  int pair[2], set = epoll_create1(0), other = epoll_create1(0);
  pipe(pair);
  struct timespec strange = {0, 1000000000};
  fails("epoll_create EINVAL", syscall(SYS_epoll_create, 0), EINVAL);
  fails("epoll_create1 EINVAL", syscall(SYS_epoll_create1, 1), EINVAL);
  fails("epoll_ctl EBADF", epoll_ctl(CLOSED, EPOLL_CTL_ADD, pair[0], &event), EBADF);
  fails("epoll_ctl EBADF: what is watched", epoll_ctl(set, EPOLL_CTL_ADD, CLOSED, &event), EBADF);
  fails("epoll_ctl EFAULT", epoll_ctl(set, EPOLL_CTL_ADD, pair[0], BAD), EFAULT);
  fails("epoll_ctl EINVAL: no epoll", epoll_ctl(pair[0], EPOLL_CTL_ADD, pair[1], &event), EINVAL);
  fails("epoll_ctl EINVAL: itself", epoll_ctl(set, EPOLL_CTL_ADD, set, &event), EINVAL);
  fails("epoll_ctl EINVAL: the operation", epoll_ctl(set, 77, pair[0], &event), EINVAL);
  event.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT;
  fails("epoll_ctl EINVAL: EPOLLEXCLUSIVE with EPOLLONESHOT", epoll_ctl(set, EPOLL_CTL_ADD, pair[0], &event), EINVAL);
  event.events = EPOLLIN | EPOLLEXCLUSIVE;
  fails("epoll_ctl EINVAL: EPOLLEXCLUSIVE of an epoll", epoll_ctl(set, EPOLL_CTL_ADD, other, &event), EINVAL);
  epoll_ctl(set, EPOLL_CTL_ADD, pair[1], &event);
  fails("epoll_ctl EINVAL: EPOLLEXCLUSIVE changed", epoll_ctl(set, EPOLL_CTL_MOD, pair[1], &event), EINVAL);
  event.events = EPOLLIN;
  epoll_ctl(set, EPOLL_CTL_ADD, pair[0], &event);
  fails("epoll_ctl EEXIST", epoll_ctl(set, EPOLL_CTL_ADD, pair[0], &event), EEXIST);
  epoll_ctl(set, EPOLL_CTL_ADD, other, &event);
  fails("epoll_ctl ELOOP: a circle", epoll_ctl(other, EPOLL_CTL_ADD, set, &event), ELOOP);
  fails("epoll_ctl ENOENT: to change", epoll_ctl(other, EPOLL_CTL_MOD, pair[0], &event), ENOENT);
  fails("epoll_ctl ENOENT: to remove", epoll_ctl(other, EPOLL_CTL_DEL, pair[0], NULL), ENOENT);
  fails("epoll_ctl EPERM: a file is always ready", epoll_ctl(set, EPOLL_CTL_ADD, bad_path_file, &event), EPERM);
  fails("epoll_wait EBADF", syscall(SYS_epoll_wait, CLOSED, events, 4, 0), EBADF);
  fails("epoll_wait EFAULT", (write(pair[1], "x", 1), syscall(SYS_epoll_wait, set, BAD, 4, 0)), EFAULT);
  fails("epoll_wait EINVAL: no room", syscall(SYS_epoll_wait, set, events, 0, 0), EINVAL);
  fails("epoll_wait EINVAL: no epoll", syscall(SYS_epoll_wait, pair[0], events, 4, 0), EINVAL);
  fails("epoll_pwait EBADF", syscall(SYS_epoll_pwait, CLOSED, events, 4, 0, NULL, 8l), EBADF);
  fails("epoll_pwait EFAULT", syscall(SYS_epoll_pwait, set, BAD, 4, 0, NULL, 8l), EFAULT);
  fails("epoll_pwait EFAULT: the mask", syscall(SYS_epoll_pwait, set, events, 4, 0, BAD, 8l), EFAULT);
  fails("epoll_pwait EINVAL: the size of the mask", syscall(SYS_epoll_pwait, set, events, 4, 0, &none, 4l), EINVAL);
  fails("epoll_pwait2 EBADF", syscall(SYS_epoll_pwait2, CLOSED, events, 4, NULL, NULL, 8l), EBADF);
  fails("epoll_pwait2 EFAULT", syscall(SYS_epoll_pwait2, set, BAD, 4, NULL, NULL, 8l), EFAULT);
  fails("epoll_pwait2 EFAULT: the time", syscall(SYS_epoll_pwait2, set, events, 4, BAD, NULL, 8l), EFAULT);
  fails("epoll_pwait2 EINVAL: the time", syscall(SYS_epoll_pwait2, set, events, 4, &strange, NULL, 8l), EINVAL);
  fails("epoll_pwait2 EINVAL: no room", syscall(SYS_epoll_pwait2, set, events, 0, NULL, NULL, 8l), EINVAL);
  fails("eventfd2 EINVAL", syscall(SYS_eventfd2, 0, 2), EINVAL);
}

static void watching(void) {
  int watcher = inotify_init();
  path_fails("inotify_add_watch", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", inotify_add_watch(watcher, path, IN_ALL_EVENTS));
  fails("inotify_add_watch EACCES: what may not be read", (chmod("file", 0600), by_user(inotify_add_watch(watcher, "file", IN_OPEN))), EACCES);
  fails("inotify_add_watch EBADF", inotify_add_watch(CLOSED, "file", IN_OPEN), EBADF);
  fails("inotify_add_watch EINVAL: no events", inotify_add_watch(watcher, "file", 0), EINVAL);
  fails("inotify_add_watch EINVAL: no inotify file", inotify_add_watch(bad_path_file, "file", IN_OPEN), EINVAL);
  fails("inotify_add_watch EINVAL: IN_MASK_ADD with IN_MASK_CREATE", inotify_add_watch(watcher, "file", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE), EINVAL);
  inotify_add_watch(watcher, "file", IN_OPEN);
  fails("inotify_add_watch EEXIST", inotify_add_watch(watcher, "file", IN_OPEN | IN_MASK_CREATE), EEXIST);
  fails("inotify_add_watch ENOTDIR: IN_ONLYDIR", inotify_add_watch(watcher, "file", IN_OPEN | IN_ONLYDIR), ENOTDIR);
  fails("inotify_init1 EINVAL", inotify_init1(2), EINVAL);
  fails("inotify_rm_watch EBADF", inotify_rm_watch(CLOSED, 1), EBADF);
  fails("inotify_rm_watch EINVAL: no such watch", inotify_rm_watch(watcher, 77), EINVAL);
  fails("inotify_rm_watch EINVAL: no inotify file", inotify_rm_watch(bad_path_file, 1), EINVAL);
  fails("read EINVAL: no room for an event of inotify", (close(open("file", O_RDONLY)), read(watcher, events, 8)), EINVAL);
}

/** Without room for one more descriptor. */
static void full(void) {
  struct rlimit limit, few;
  getrlimit(RLIMIT_NOFILE, &limit);
  few = limit;
  few.rlim_cur = dup(0);
  close(few.rlim_cur);
  setrlimit(RLIMIT_NOFILE, &few);
  fails("epoll_create EMFILE", syscall(SYS_epoll_create, 1), EMFILE);
  fails("epoll_create1 EMFILE", epoll_create1(0), EMFILE);
  fails("eventfd EMFILE", syscall(SYS_eventfd, 0), EMFILE);
  fails("eventfd2 EMFILE", syscall(SYS_eventfd2, 0, 0), EMFILE);
  fails("inotify_init EMFILE", syscall(SYS_inotify_init), EMFILE);
  fails("inotify_init1 EMFILE", inotify_init1(0), EMFILE);
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void ignore(int signal_number) { (void)signal_number; }

/** A signal every 20 ms: SA_RESTART does not change that these end. */
static void interrupted(void) {
  struct itimerspec often = {.it_value = {.tv_nsec = 20000000}, .it_interval = {.tv_nsec = 20000000}};
  timer_t timer;
  timer_create(CLOCK_MONOTONIC, NULL, &timer);
  int pair[2], set = epoll_create1(0);
  pipe(pair);
  event.events = EPOLLIN;
  epoll_ctl(set, EPOLL_CTL_ADD, pair[0], &event);
  struct pollfd files[1] = {{.fd = pair[0], .events = POLLIN}};
  fd_set readers;
  FD_ZERO(&readers);
  FD_SET(pair[0], &readers);
  handle(SIGALRM, ignore, 0);
  timer_settime(timer, 0, &often, NULL);
  for (int round = 0; round < 2; round++) {
    if (round == 1) handle(SIGALRM, ignore, SA_RESTART);
    fails("poll EINTR", syscall(SYS_poll, files, 1, -1), EINTR);
    fails("ppoll EINTR", syscall(SYS_ppoll, files, 1, NULL, NULL, 8l), EINTR);
    fails("select EINTR", syscall(SYS_select, pair[0] + 1, &readers, NULL, NULL, NULL), EINTR);
    fails("pselect6 EINTR", syscall(SYS_pselect6, pair[0] + 1, &readers, NULL, NULL, NULL, NULL), EINTR);
    fails("epoll_wait EINTR", syscall(SYS_epoll_wait, set, events, 4, -1), EINTR);
    fails("epoll_pwait EINTR", syscall(SYS_epoll_pwait, set, events, 4, -1, &none, 8l), EINTR);
    fails("epoll_pwait2 EINTR", syscall(SYS_epoll_pwait2, set, events, 4, NULL, &none, 8l), EINTR);
  }
  timer_delete(timer);
}

int main(void) {
  enter_scratch();
  make_bad_paths();
  polling();
  epolls();
  watching();
  full();
  interrupted();
  return finish();
}
