/* terminal-job: controlling terminals, the foreground group, signals from keys, background access, hang-up. */
#include "terminal.h"

static volatile sig_atomic_t seen[65];
static void count_signal(int number) { seen[number]++; }

/** Makes the terminal this process's controlling terminal, in a new session. */
static void take_terminal(void) {
  setsid();
  ioctl(slave, TIOCSCTTY, 0);
}

static void controlling(void) {
  fails("/dev/tty without a terminal", open("/dev/tty", O_RDWR), ENXIO);
  equal("a session leader", in_child({
          setsid();
          fails("no terminal yet", open("/dev/tty", O_RDWR), ENXIO);
          int opened = open(slave_name, O_RDWR);
          check("opening one takes it", opened >= 0);
          int tty = open("/dev/tty", O_RDWR);
          check("/dev/tty opens now", tty >= 0);
          equal("TIOCGSID", ({ int session = 0; ioctl(slave, TIOCGSID, &session); session == getpid(); }), 1);
          equal("tcgetpgrp", tcgetpgrp(slave) == getpid(), 1);
          signal(SIGHUP, SIG_IGN);
          equal("TIOCNOTTY", ioctl(tty, TIOCNOTTY), 0);
          fails("it is given up", open("/dev/tty", O_RDWR), ENXIO);
        }), 0);
  equal("O_NOCTTY", in_child({
          setsid();
          close(open(slave_name, O_RDWR | O_NOCTTY));
          fails("does not take it", open("/dev/tty", O_RDWR), ENXIO);
          equal("TIOCSCTTY", ioctl(slave, TIOCSCTTY, 0), 0);
          equal("a child cannot take it", in_child({
                  setsid();
                  fails("TIOCSCTTY of another's", ioctl(slave, TIOCSCTTY, 0), EPERM);
                }), 0);
          signal(SIGHUP, SIG_IGN);
        }), 0);
  fails("not a session leader", in_child({
          if (ioctl(slave, TIOCSCTTY, 0) < 0 && errno == EPERM) _exit(7);
        }) == EXITED(7) ? (errno = EPERM, -1) : 0, EPERM);
}

/** Runs in a session with the terminal; the child stays in the foreground and waits for keys. */
static void keys(void) {
  static const struct { const char *key, *echo; int number; } rows[] = {{"\003", "^C", SIGINT}, {"\034", "^\\", SIGQUIT}};
  take_terminal();
  for (int i = 0; i < 2; i++) {
    int number = rows[i].number;
    char name[64];
    handle(number, count_signal, 0);
    type("lost");
    shows("typed first", "lost");
    type(rows[i].key);
    snprintf(name, sizeof name, "%s from the keyboard", sigabbrev_np(number));
    check(name, eventually(seen[number] == 1));
    shows("its echo", rows[i].echo);
    type("kept\n");
    shows("then a line", "kept\r\n");
    receives("the signal threw away what was typed before", "kept\n");
  }
  set_flags(0, 0, 0, 0, 0, NOFLSH);
  type("stay\003");
  check("with NOFLSH too", eventually(seen[SIGINT] == 2));
  type("ed\n");
  receives("input stays with NOFLSH", "stayed\n");
  shows("echo", "stay^Ced\r\n");
  set_flags(0, 0, 0, 0, NOFLSH | ISIG, 0);
  type("\003\n");
  receives("without ISIG it is a character", "\003\n");
  shows("that echoes", "^C\r\n");
  set_flags(0, 0, 0, 0, 0, ISIG);

  /* A child in a foreground group of its own is stopped by ^Z. */
  int status;
  signal(SIGTTOU, SIG_IGN);
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    tcsetpgrp(slave, getpid());
    write(slave, "!", 1);
    for (;;) pause();
  }
  shows("the child is in front", "!");
  check("tcgetpgrp", tcgetpgrp(slave) == child);
  type("\032");
  check("^Z stops the foreground group", waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
  shows("^Z echoes", "^Z");
  equal("tcsetpgrp back", tcsetpgrp(slave, getpgrp()), 0);
  kill(-child, SIGCONT);
  kill(-child, SIGKILL);
  reap(child);
  handle(SIGWINCH, count_signal, 0);
  ioctl(master, TIOCSWINSZ, &(struct winsize){30, 100, 0, 0});
  check("SIGWINCH", eventually(seen[SIGWINCH] == 1));
  ioctl(master, TIOCSWINSZ, &(struct winsize){30, 100, 0, 0});
  sleep_milliseconds(30);
  equal("not for the same size", seen[SIGWINCH], 1);
  fails("tcsetpgrp to a missing group", tcsetpgrp(slave, 999999), ESRCH);
}

static void background(void) {
  take_terminal();
  int status;
  char byte;
  pid_t reader = fork();
  if (reader == 0) {
    setpgid(0, 0);
    _exit(read(slave, &byte, 1) == 1 ? byte : 1);
  }
  setpgid(reader, reader);
  check("SIGTTIN stops a background reader", waitpid(reader, &status, WUNTRACED) == reader && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
  type("k\n");
  tcsetpgrp(slave, reader);
  kill(-reader, SIGCONT);
  equal("in front it reads on", reap(reader), EXITED('k'));
  signal(SIGTTOU, SIG_IGN);
  tcsetpgrp(slave, getpgrp());
  signal(SIGTTOU, SIG_DFL);
  shows("echo", "k\r\n");
  tcflush(slave, TCIFLUSH);

  equal("a background writer may write", in_child({
          setpgid(0, 0);
          equal("write", write(slave, "bg", 2), 2);
        }), 0);
  shows("its output", "bg");
  set_flags(0, 0, 0, 0, 0, TOSTOP);
  pid_t writer = fork();
  if (writer == 0) {
    setpgid(0, 0);
    write(slave, "stopped", 7);
    _exit(3);
  }
  setpgid(writer, writer);
  check("TOSTOP: SIGTTOU stops it", waitpid(writer, &status, WUNTRACED) == writer && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
  set_flags(0, 0, 0, 0, TOSTOP, 0);
  kill(-writer, SIGCONT);
  equal("continued it writes", reap(writer), EXITED(3));
  shows("what it writes", "stopped");
  pid_t changer = fork();
  if (changer == 0) {
    setpgid(0, 0);
    tcsetpgrp(slave, getpid());
    _exit(3);
  }
  setpgid(changer, changer);
  check("tcsetpgrp from the background: SIGTTOU", waitpid(changer, &status, WUNTRACED) == changer && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
  kill(changer, SIGKILL);
  reap(changer);
  equal("ignoring SIGTTIN", in_child({
          setpgid(0, 0);
          signal(SIGTTIN, SIG_IGN);
          fails("read is an error", read(slave, &byte, 1), EIO);
          signal(SIGTTOU, SIG_IGN);
          equal("ignoring SIGTTOU allows tcsetpgrp", tcsetpgrp(slave, getpid()), 0);
        }), 0);
}

static void hang_up(void) {
  open_terminal();
  int ends[2];
  pipe(ends);
  pid_t leader = fork();
  if (leader == 0) {
    take_terminal();
    close(master);
    handle(SIGHUP, count_signal, 0);
    handle(SIGCONT, count_signal, 0);
    write(ends[1], "r", 1);
    check("SIGHUP when the master closes", eventually(seen[SIGHUP] == 1));
    check("and SIGCONT", eventually(seen[SIGCONT] == 1));
    char byte;
    equal("read after the hang-up", read(slave, &byte, 1), 0);
    fails("write after it", write(slave, "x", 1), EIO);
    fails("ioctl after it", ioctl(slave, TCGETS, &(struct termios){0}), EIO);
    struct pollfd polled = {slave, POLLIN, 0};
    poll(&polled, 1, 0);
    check("poll says POLLHUP", polled.revents & POLLHUP);
    _exit(check_failures ? 1 : 0);
  }
  char byte;
  read(ends[0], &byte, 1);
  close(slave);
  close(master);
  equal("the session leader", reap(leader), 0);

  open_terminal();
  write(slave, "last words", 10);
  close(slave);
  shows("the master reads what is left", "last words");
  fails("then EIO", read(master, &byte, 1), EIO);
  struct pollfd polled = {master, POLLIN, 0};
  poll(&polled, 1, 0);
  check("and POLLHUP", polled.revents & POLLHUP);
  slave = open(slave_name, O_RDWR | O_NOCTTY);
  write(slave, "again", 5);
  shows("until it is opened again", "again");
  close_terminal();
  fails("the name is gone", open(slave_name, O_RDWR), ENOENT);

  /* When a session leader ends, the foreground group gets SIGHUP and the terminal is free. */
  open_terminal();
  leader = fork();
  if (leader == 0) {
    take_terminal();
    if (fork() == 0) {
      handle(SIGHUP, count_signal, 0);
      write(ends[1], "c", 1);
      byte = eventually(seen[SIGHUP] == 1) ? 'h' : '-';
      write(ends[1], &byte, 1);
      _exit(0);
    }
    read(ends[0], &byte, 1);
    _exit(0);
  }
  reap(leader);
  read(ends[0], &byte, 1);
  equal("SIGHUP to the group when the leader ends", byte, 'h');
  close_terminal();
}

int main(void) {
  open_terminal();
  controlling();
  close_terminal();
  open_terminal();
  equal("keys", in_child(keys()), 0);
  close_terminal();
  open_terminal();
  equal("background", in_child(background()), 0);
  close_terminal();
  hang_up();

  int locked = open("/dev/ptmx", O_RDWR | O_NOCTTY), number = 0;
  ioctl(locked, TIOCGPTN, &number);
  snprintf(slave_name, sizeof slave_name, "/dev/pts/%d", number);
  fails("a locked slave", open(slave_name, O_RDWR | O_NOCTTY), EIO);
  ioctl(locked, TIOCSPTLCK, &(int){0});
  int peer = ioctl(locked, TIOCGPTPEER, O_RDWR | O_NOCTTY);
  check("TIOCGPTPEER", peer >= 0 && isatty(peer));
  char name[64] = "";
  equal("its name is found", ttyname_r(peer, name, sizeof name), 0);
  same_text("and is the one in /dev/pts", name, slave_name);
  struct stat status;
  fstat(peer, &status);
  check("mode and group of a slave", (status.st_mode & 07777) == 0620 && status.st_gid == 5 && status.st_uid == 0);
  return finish();
}
