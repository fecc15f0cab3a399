/* terminal-line: the line discipline: editing, echo, end of file, translations, raw input, flow control. */
#include "terminal.h"

static void defaults(void) {
  struct termios settings;
  tcgetattr(slave, &settings);
  equal("input flags", settings.c_iflag, ICRNL | IXON);
  equal("output flags", settings.c_oflag, OPOST | ONLCR);
  equal("control flags", settings.c_cflag & ~(CBAUD | CIBAUD), CS8 | CREAD);
  equal("speed", cfgetospeed(&settings), B38400);
  equal("local flags", settings.c_lflag, ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN);
  static const unsigned char keys[] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0};
  check("control characters", memcmp(settings.c_cc, keys, sizeof keys) == 0);
  struct winsize size = {1, 1, 1, 1};
  equal("window size", ioctl(slave, TIOCGWINSZ, &size), 0);
  check("is zero at first", size.ws_row == 0 && size.ws_col == 0);
  check("isatty", isatty(slave) && isatty(master));
  struct stat status;
  fstat(slave, &status);
  check("a character device of major number 136", S_ISCHR(status.st_mode) && status.st_rdev >> 8 == 136);
  fails("lseek", lseek(slave, 0, SEEK_SET), ESPIPE);
  fails("an unknown request", ioctl(slave, 0x1234abcd, 0), ENOTTY);
  fails("a bad pointer", ioctl(slave, TCGETS, 8), EFAULT);
  fails("no controlling terminal", ioctl(slave, TIOCGPGRP, &(int){0}), ENOTTY);
}

static void editing(void) {
  type("line\n");
  shows("echo", "line\r\n");
  receives("a line", "line\n");
  type("no end yet");
  shows("echo as typed", "no end yet");
  check("nothing to read before the end of the line", is_quiet(slave));
  type("\r");
  shows("return echoes as a new line", "\r\n");
  receives("ICRNL", "no end yet\n");
  type("abx\177c\n");
  shows("erase echo", "abx\b \bc\r\n");
  receives("erase", "abc\n");
  type("\177\177a\n");
  shows("erase of nothing", "a\r\n");
  receives("leaves an empty line", "a\n");
  type("some words  \027x\n");
  shows("word erase echo", "some words  \b \b\b \b\b \b\b \b\b \b\b \b\b \bx\r\n");
  receives("word erase", "some x\n");
  type("kill\025new\n");
  shows("kill echo", "kill\b \b\b \b\b \b\b \bnew\r\n");
  receives("kill", "new\n");
  type("\026\003\026\177\n");
  shows("literal next echo", "^\b^C^\b^?\r\n");
  receives("literal next", "\003\177\n");
  type("a\001b\177\177c\n");
  shows("a control character is shown as two and erased as two", "a^Ab\b \b\b \b\b \bc\r\n");
  receives("both gone", "ac\n");
  type("re\022print\n");
  shows("reprint", "re^R\r\nreprint\r\n");
  receives("a reprinted line", "reprint\n");
  type("\t\177|\n");
  shows("a tab is erased as wide as it was", "\t\b\b\b\b\b\b\b\b|\r\n");
  receives("the tab is gone", "|\n");
  set_flags(0, IUTF8, 0, 0, 0, 0);
  type("\xc3\xa4\177b\n");
  shows("a two-byte character erases as one column", "\xc3\xa4\b \bb\r\n");
  receives("and wholly", "b\n");
  set_flags(IUTF8, 0, 0, 0, 0, 0);
  char text[8];
  type("split line\n");
  shows("echo of a line read in parts", "split line\r\n");
  check("a read takes a part", ({ check("line there", ({ struct pollfd p = {slave, POLLIN, 0}; poll(&p, 1, 5000) == 1; })); read(slave, text, 5) == 5 && !memcmp(text, "split", 5); }));
  receives("the next the rest", " line\n");
  type("one\ntwo\n");
  shows("two lines", "one\r\ntwo\r\n");
  check("are two reads", ({ struct pollfd p = {slave, POLLIN, 0}; poll(&p, 1, 5000); read(slave, text, 8) == 4; }));
  receives("the second", "two\n");
}

static void end_of_file(void) {
  char text[8];
  type("\004");
  equal("^D at the start reads 0 bytes", ({ struct pollfd p = {slave, POLLIN, 0}; poll(&p, 1, 5000); read(slave, text, 8); }), 0);
  type("abc\004");
  shows("^D echoes nothing", "abc");
  receives("^D later ends the read without a new line", "abc");
  check("nothing remains", is_quiet(slave));
  type("\n");
  shows("new line", "\r\n");
  receives("empty line", "\n");
  struct termios settings;
  tcgetattr(slave, &settings);
  settings.c_cc[VEOL] = ';';
  tcsetattr(slave, TCSANOW, &settings);
  type("a;b\n");
  shows("VEOL echo", "a;b\r\n");
  check("VEOL ends a line", ({ struct pollfd p = {slave, POLLIN, 0}; poll(&p, 1, 5000); read(slave, text, 8) == 2 && text[1] == ';'; }));
  receives("the other line", "b\n");
  settings.c_cc[VEOL] = 0;
  tcsetattr(slave, TCSANOW, &settings);
}

static void translations(void) {
  write(slave, "a\nb\n", 4);
  shows("ONLCR", "a\r\nb\r\n");
  set_flags(0, 0, OPOST, 0, 0, 0);
  write(slave, "a\nb", 3);
  shows("without OPOST", "a\nb");
  set_flags(0, 0, ONLCR, OPOST | OCRNL, 0, 0);
  write(slave, "a\rb\nc", 5);
  shows("OCRNL", "a\nb\nc");
  set_flags(0, 0, OCRNL, ONLCR | OLCUC, 0, 0);
  write(slave, "Mixed", 5);
  shows("OLCUC", "MIXED");
  set_flags(0, 0, OLCUC, 0, 0, 0);
  write(slave, "1\t2", 3);
  shows("tabs go through", "1\t2");
  set_flags(0, 0, 0, XTABS, 0, 0);
  write(slave, "\r1\t2\n", 5);
  shows("XTABS", "\r1       2\r\n");
  set_flags(0, 0, XTABS, 0, 0, 0);

  set_flags(ICRNL, INLCR, 0, 0, ECHO, 0);
  type("x\r\004");
  receives("without ICRNL a return is a return", "x\r");
  type("y\n\004");
  receives("INLCR makes a new line one", "y\r");
  set_flags(INLCR, IGNCR, 0, 0, 0, 0);
  type("p\rq\n");
  receives("IGNCR", "pq\n");
  set_flags(IGNCR, ICRNL | ISTRIP, 0, 0, 0, 0);
  type("\xe1\n");
  receives("ISTRIP", "a\n");
  set_flags(ISTRIP, IUCLC, 0, 0, 0, 0);
  type("ABC\n");
  receives("IUCLC", "abc\n");
  set_flags(IUCLC, 0, 0, 0, 0, 0);
  check("no echo came", is_quiet(master));
  set_flags(0, 0, 0, 0, 0, ECHONL);
  type("z\n");
  shows("ECHONL echoes the new line only", "\r\n");
  receives("all the same", "z\n");
  set_flags(0, 0, 0, 0, ECHONL | ECHOE | ECHOCTL | ECHOKE | ECHOK, ECHO);
  type("q\177\n");
  shows("without ECHOE the erase character echoes itself", "q\177\r\n");
  receives("but erases", "\n");
  type("q\001\n");
  shows("without ECHOCTL a control character echoes as it is", "q\001\r\n");
  receives("and is read", "q\001\n");
  set_flags(0, 0, 0, 0, 0, ECHOE | ECHOCTL | ECHOKE | ECHOK);
}

static void raw_input(void) {
  char text[16];
  set_raw(1, 0);
  type("k");
  equal("one byte at once", read(slave, text, 16), 1);
  type("\003\004\021\n\r");
  receives("no character is special", "\003\004\021\n\r");
  check("no echo", is_quiet(master));
  set_raw(0, 0);
  equal("VMIN 0, VTIME 0: nothing there", read(slave, text, 16), 0);
  set_raw(0, 1);
  equal("VTIME is the longest wait", read(slave, text, 16), 0);
  set_raw(4, 0);
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 4; i++) {
      write(master, "abcd" + i, 1);
      sleep_milliseconds(10);
    }
    _exit(0);
  }
  equal("VMIN 4 waits for four", read(slave, text, 16), 4);
  reap(child);
  set_raw(10, 2);
  type("ab");
  equal("VTIME between bytes ends a read", read(slave, text, 16), 2);
  type("abc");
  set_raw(1, 0);
  int count = 0;
  check("FIONREAD", eventually(ioctl(slave, FIONREAD, &count) == 0 && count == 3));
  equal("TCFLSH", tcflush(slave, TCIFLUSH), 0);
  check("input is gone", is_quiet(slave));
  fcntl(slave, F_SETFL, O_NONBLOCK);
  fails("non-blocking", read(slave, text, 16), EAGAIN);
  fcntl(slave, F_SETFL, 0);
  struct termios settings;
  tcgetattr(slave, &settings);
  settings.c_lflag |= ICANON | ECHO | ISIG | IEXTEN | ECHOE | ECHOK | ECHOCTL | ECHOKE;
  settings.c_iflag |= ICRNL | IXON;
  settings.c_oflag |= OPOST | ONLCR;
  settings.c_cc[VEOF] = 4;
  settings.c_cc[VEOL] = 0;
  equal("TCSADRAIN", tcsetattr(slave, TCSADRAIN, &settings), 0);
  type("thrown away\n");
  shows("echo of it", "thrown away\r\n");
  equal("TCSAFLUSH", tcsetattr(slave, TCSAFLUSH, &settings), 0);
  check("throws input away", is_quiet(slave));
}

static void long_lines(void) {
  static char long_line[5000], got[5000];
  set_flags(0, 0, 0, 0, ECHO, 0);
  memset(long_line, 'l', 4200);
  long_line[4200] = '\n';
  /* A canonical line keeps 4095 bytes and its end; what is beyond is dropped. */
  for (int at = 0; at < 4201; at += 300) write(master, long_line + at, at + 300 <= 4201 ? 300 : 4201 - at);
  struct pollfd polled = {slave, POLLIN, 0};
  poll(&polled, 1, 5000);
  ssize_t length = read(slave, got, sizeof got);
  equal("the longest line", length, 4096);
  equal("ends properly", got[length - 1], '\n');
  set_flags(0, 0, 0, 0, 0, ECHO);
}

static void flow_and_window(void) {
  type("\023");
  sleep_milliseconds(30);
  fcntl(slave, F_SETFL, O_NONBLOCK);
  fails("^S stops output", eventually(write(slave, "held", 4) < 0) ? -1 : 0, EAGAIN);
  tcflush(master, TCIFLUSH);
  type("\021");
  check("^Q starts it again", eventually(write(slave, "q", 1) == 1));
  fcntl(slave, F_SETFL, 0);
  struct winsize size = {24, 80, 0, 0};
  equal("TIOCSWINSZ", ioctl(master, TIOCSWINSZ, &size), 0);
  struct winsize got = {0};
  ioctl(slave, TIOCGWINSZ, &got);
  check("TIOCGWINSZ", got.ws_row == 24 && got.ws_col == 80);
}

int main(void) {
  open_terminal();
  defaults();
  editing();
  end_of_file();
  translations();
  raw_input();
  long_lines();
  flow_and_window();
  close_terminal();
  return finish();
}
