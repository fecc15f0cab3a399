/* terminal.h - a pseudo-terminal for the terminal programs: opening one, and reading what is expected of it. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include "check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static int master, slave;
static char slave_name[32];

/** Opens a new pseudo-terminal with echo and canonical input, as it comes. */
__attribute__((unused)) static void open_terminal(void) {
  int unlock = 0, number = -1;
  master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  ioctl(master, TIOCSPTLCK, &unlock);
  ioctl(master, TIOCGPTN, &number);
  snprintf(slave_name, sizeof slave_name, "/dev/pts/%d", number);
  slave = open(slave_name, O_RDWR | O_NOCTTY);
  if (master < 0 || slave < 0) {
    print_line("FAIL cannot open a pseudo-terminal (errno %s)", error_name(errno));
    _exit(99);
  }
}

__attribute__((unused)) static void close_terminal(void) {
  close(slave);
  close(master);
}

/** Changes the terminal's flags: clears and sets bits of each of the four words. */
__attribute__((unused)) static void set_flags(tcflag_t input_off, tcflag_t input_on, tcflag_t output_off, tcflag_t output_on, tcflag_t local_off,
                                             tcflag_t local_on) {
  struct termios settings;
  tcgetattr(slave, &settings);
  settings.c_iflag = (settings.c_iflag & ~input_off) | input_on;
  settings.c_oflag = (settings.c_oflag & ~output_off) | output_on;
  settings.c_lflag = (settings.c_lflag & ~local_off) | local_on;
  tcsetattr(slave, TCSANOW, &settings);
}

/** Non-canonical input with these two conditions, no echo, no signals, no translation. */
__attribute__((unused)) static void set_raw(int minimum, int tenths) {
  struct termios settings;
  tcgetattr(slave, &settings);
  cfmakeraw(&settings);
  settings.c_cc[VMIN] = minimum;
  settings.c_cc[VTIME] = tenths;
  tcsetattr(slave, TCSANOW, &settings);
}

/** Types at the terminal. */
__attribute__((unused)) static void type(const char *text) { write(master, text, strlen(text)); }

/** Makes control characters visible, so that a failure is one line. */
static void escape(const char *from, size_t length, char *to) {
  for (size_t i = 0; i < length; i++) {
    unsigned char c = from[i];
    if (c >= ' ' && c < 0x7f) *to++ = c;
    else to += sprintf(to, "<%02x>", c);
  }
  *to = 0;
}

/** Reads from the descriptor until `expected` is complete or nothing comes for five seconds, and compares. */
__attribute__((unused)) static void expect_from(int file, const char *name, const char *expected) {
  char text[512], got[2100], wanted[2100];
  size_t have = 0, need = strlen(expected);
  while (have < need) {
    struct pollfd polled = {file, POLLIN, 0};
    if (poll(&polled, 1, 5000) <= 0) break;
    ssize_t count = read(file, text + have, need - have);
    if (count <= 0) break;
    have += count;
  }
  escape(text, have, got);
  escape(expected, need, wanted);
  check_text(name, got, wanted);
}

/** True if nothing can be read now nor shortly. */
__attribute__((unused)) static int is_quiet(int file) {
  struct pollfd polled = {file, POLLIN, 0};
  return poll(&polled, 1, 30) == 0;
}

#define shows(name, expected) expect_from(master, name, expected)
#define receives(name, expected) expect_from(slave, name, expected)

#endif
