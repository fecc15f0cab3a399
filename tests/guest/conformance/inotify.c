/* inotify: events of files and directories, names, cookies, how watches end, the queue. */
#include "check.h"
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

static int events;
static int first_watch;

static const struct {
  uint32_t bit;
  const char *name;
} names[] = {
    {IN_ACCESS, "access"},       {IN_MODIFY, "modify"},   {IN_ATTRIB, "attrib"},           {IN_CLOSE_WRITE, "close-write"},
    {IN_CLOSE_NOWRITE, "close"}, {IN_OPEN, "open"},       {IN_MOVED_FROM, "moved-from"},   {IN_MOVED_TO, "moved-to"},
    {IN_CREATE, "create"},       {IN_DELETE, "delete"},   {IN_DELETE_SELF, "delete-self"}, {IN_MOVE_SELF, "move-self"},
    {IN_UNMOUNT, "unmount"},     {IN_Q_OVERFLOW, "lost"}, {IN_IGNORED, "ignored"},         {IN_ISDIR, "directory"},
};

/** All events that wait, as text: the watch counted from the first one, what happened, the name, and whether a cookie goes with it. */
static const char *happened(void) {
  static char text[4096];
  char buffer[4096] __attribute__((aligned(8)));
  size_t length = 0;
  text[0] = 0;
  for (;;) {
    ssize_t got = read(events, buffer, sizeof buffer);
    if (got <= 0) return text;
    for (char *at = buffer; at < buffer + got;) {
      struct inotify_event *event = (void *)at;
      length += sprintf(text + length, "%s%d", length ? "; " : "", event->wd < 0 ? event->wd : event->wd - first_watch);
      for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (event->mask & names[i].bit) length += sprintf(text + length, " %s", names[i].name);
      if (event->len) length += sprintf(text + length, " \"%s\"", event->name);
      if (event->cookie) length += sprintf(text + length, " +");
      at += sizeof *event + event->len;
    }
  }
}

static int watch(const char *path, uint32_t mask) { return inotify_add_watch(events, path, mask); }

static void arguments(void) {
  char byte;
  fails("init: bad flags", inotify_init1(1), EINVAL);
  int file = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  equal("close-on-exec", fcntl(file, F_GETFD), FD_CLOEXEC);
  equal("flags", fcntl(file, F_GETFL), O_RDONLY | O_NONBLOCK);
  fails("nothing to read", read(file, &byte, 1), EAGAIN);
  fails("write", write(file, &byte, 1), EBADF);
  fails("add: bad descriptor", inotify_add_watch(99, ".", IN_OPEN), EBADF);
  fails("add: no inotify", inotify_add_watch(1, ".", IN_OPEN), EINVAL);
  fails("add: no events", inotify_add_watch(file, ".", 0), EINVAL);
  fails("add: no file", inotify_add_watch(file, "none", IN_OPEN), ENOENT);
  fails("add: bad pointer", inotify_add_watch(file, (void *)8, IN_OPEN), EFAULT);
  fails("add: create and add", inotify_add_watch(file, ".", IN_OPEN | IN_MASK_CREATE | IN_MASK_ADD), EINVAL);
  make_file("plain", "x");
  fails("add: no directory", inotify_add_watch(file, "plain", IN_OPEN | IN_ONLYDIR), ENOTDIR);
  int one = inotify_add_watch(file, "plain", IN_OPEN);
  equal("the first watch", one, 1);
  equal("the same file, the same watch", inotify_add_watch(file, "./plain", IN_CLOSE), one);
  fails("it exists", inotify_add_watch(file, "plain", IN_OPEN | IN_MASK_CREATE), EEXIST);
  fails("remove: no such watch", inotify_rm_watch(file, 77), EINVAL);
  fails("remove: bad descriptor", inotify_rm_watch(99, one), EBADF);
  equal("remove", inotify_rm_watch(file, one), 0);
  fails("remove again", inotify_rm_watch(file, one), EINVAL);
  fails("a buffer too short", read(file, &byte, 1), EINVAL);
  equal("numbers are not used again", inotify_add_watch(file, "plain", IN_OPEN), one + 1);
  equal("no rights to read", in_child({
    chmod("plain", 0);
    setuid(1000);
    fails("add", inotify_add_watch(file, "plain", IN_OPEN), EACCES);
  }), 0);
  unlink("plain");
  close(file);
}

static void files(void) {
  char bytes[16];
  mkdir("d", 0755);
  first_watch = watch("d", IN_ALL_EVENTS);
  int file = open("d/f", O_CREAT | O_RDWR, 0644);
  same_text("create", happened(), "0 create \"f\"; 0 open \"f\"");
  write(file, "hello", 5);
  same_text("write", happened(), "0 modify \"f\"");
  lseek(file, 0, SEEK_SET);
  read(file, bytes, 5);
  same_text("read", happened(), "0 access \"f\"");
  read(file, bytes, 5);
  pread(file, bytes, 5, 0);
  same_text("events that repeat are one", happened(), "0 access \"f\"");
  ftruncate(file, 2);
  same_text("truncate", happened(), "0 modify \"f\"");
  fchmod(file, 0600);
  same_text("chmod", happened(), "0 attrib \"f\"");
  fchown(file, 0, 0);
  same_text("chown", happened(), "0 attrib \"f\"");
  futimens(file, NULL);
  same_text("times", happened(), "0 attrib \"f\"");
  close(file);
  same_text("close", happened(), "0 close-write \"f\"");
  file = open("d/f", O_RDONLY);
  close(file);
  same_text("open to read", happened(), "0 open \"f\"; 0 close \"f\"");
  file = open("d/f", O_WRONLY | O_TRUNC);
  close(file);
  same_text("open and truncate", happened(), "0 open \"f\"; 0 modify \"f\"; 0 close-write \"f\"");
  rename("d/f", "d/g");
  same_text("rename", happened(), "0 moved-from \"f\" +; 0 moved-to \"g\" +");
  link("d/g", "d/h");
  same_text("link", happened(), "0 create \"h\"");
  unlink("d/h");
  same_text("unlink one of two", happened(), "0 delete \"h\"");
  symlink("g", "d/s");
  same_text("symlink", happened(), "0 create \"s\"");
  mkdir("d/sub", 0755);
  same_text("mkdir", happened(), "0 create directory \"sub\"");
  rmdir("d/sub");
  same_text("rmdir", happened(), "0 delete directory \"sub\"");
  rename("d/g", "out");
  same_text("moved away", happened(), "0 moved-from \"g\" +");
  rename("out", "d/g");
  same_text("moved in", happened(), "0 moved-to \"g\" +");
  unlink("d/g");
  same_text("unlink", happened(), "0 delete \"g\"");
  unlink("d/s");
  happened();
  rmdir("d");
  same_text("the directory itself", happened(), "0 delete-self; 0 ignored");
}

static void themselves(void) {
  make_file("f", "text");
  first_watch = watch("f", IN_ALL_EVENTS);
  int file = open("f", O_RDONLY);
  same_text("open", happened(), "0 open");
  rename("f", "g");
  same_text("rename", happened(), "0 move-self");
  unlink("g");
  same_text("unlink while open", happened(), "0 attrib");
  close(file);
  same_text("close", happened(), "0 close; 0 delete-self; 0 ignored");
  make_file("f", "text");
  first_watch = watch("f", IN_OPEN | IN_ONESHOT);
  close(open("f", O_RDONLY));
  close(open("f", O_RDONLY));
  same_text("one shot", happened(), "0 open; 0 ignored");
  first_watch = watch("f", IN_OPEN);
  watch("f", IN_CLOSE_NOWRITE | IN_MASK_ADD);
  close(open("f", O_RDONLY));
  same_text("mask added", happened(), "0 open; 0 close");
  watch("f", IN_CLOSE_NOWRITE);
  close(open("f", O_RDONLY));
  same_text("mask replaced", happened(), "0 close");
  inotify_rm_watch(events, first_watch);
  same_text("removed", happened(), "0 ignored");
  mkdir("d", 0755);
  symlink("d", "link");
  first_watch = watch("link", IN_CREATE | IN_DONT_FOLLOW | IN_ATTRIB);
  make_file("d/x", "");
  same_text("the link, not what it leads to", happened(), "");
  inotify_rm_watch(events, first_watch);
  happened();
  first_watch = watch("d", IN_MODIFY | IN_EXCL_UNLINK);
  file = open("d/x", O_WRONLY);
  unlink("d/x");
  write(file, "x", 1);
  close(file);
  same_text("not of unlinked files", happened(), "");
  inotify_rm_watch(events, first_watch);
  happened();
  rmdir("d");
  unlink("link");
  unlink("f");
}

static void queue(void) {
  mkdir("d", 0755);
  first_watch = watch("d", IN_CREATE | IN_DELETE);
  make_file("d/a", "");
  make_file("d/a-name-of-seventeen", "");
  int bytes = 0;
  equal("bytes that wait", (ioctl(events, FIONREAD, &bytes), bytes), 32 + 48);
  char buffer[64];
  equal("only whole events", read(events, buffer, 40), 32);
  fails("the next does not fit", read(events, buffer, 40), EINVAL);
  equal("now it does", read(events, buffer, 64), 48);
  struct pollfd poller = {.fd = events, .events = POLLIN};
  equal("nothing to poll", poll(&poller, 1, 0), 0);
  pid_t child = fork();
  if (child == 0) {
    sleep_milliseconds(20);
    unlink("d/a");
    _exit(0);
  }
  equal("poll waits", poll(&poller, 1, 20000), 1);
  reap(child);
  same_text("what came", happened(), "0 delete \"a\"");
  int second = inotify_init1(IN_NONBLOCK), old = events;
  inotify_add_watch(second, "d", IN_CREATE);
  make_file("d/b", "");
  same_text("one reader", happened(), "0 create \"b\"");
  events = second;
  first_watch = 1;
  same_text("another reader", happened(), "0 create \"b\"");
  close(second);
  events = old;
  char path[32];
  for (int i = 0; i < 8300; i++) {
    sprintf(path, "d/%d", i);
    close(open(path, O_CREAT | O_WRONLY, 0644));
    unlink(path);
  }
  long count = 0, lost = 0;
  char many[65536];
  for (ssize_t got; (got = read(events, many, sizeof many)) > 0;)
    for (char *at = many; at < many + got; at += sizeof(struct inotify_event) + ((struct inotify_event *)at)->len) {
      count++;
      if (((struct inotify_event *)at)->mask == IN_Q_OVERFLOW) lost++;
    }
  equal("the queue has an end", count, 16385);
  equal("and says so", lost, 1);
  unlink("d/b");
  unlink("d/a-name-of-seventeen");
  rmdir("d");
}

int main(void) {
  enter_scratch();
  arguments();
  events = inotify_init1(IN_NONBLOCK);
  files();
  themselves();
  queue();
  return finish();
}
