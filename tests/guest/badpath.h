/*
 * badpath.h - the errors of calls that take a path.
 *
 * path_fails("CALL", "ERRNO ...", call(directory, path, ...)) makes the call once for each errno
 * of the list, with `directory` and `path` set so that it must fail with that errno, and prints a
 * line for each. make_bad_paths() prepares the files.
 */
#ifndef BADPATH_H
#define BADPATH_H

#include "check.h"

/** What the expression of path_fails names. */
static int directory = AT_FDCWD;
static const char *path;

static char long_name[258], long_path[4200];

/** An address that is never mapped. */
#define BAD ((void *)8)
/** A descriptor that is never open. */
#define CLOSED 99
/** The user of as_user. */
#define USER 1000

/** The symbolic link `loop` to itself, the file `file`, the folder `locked` that only root may enter, and the open file. */
static int bad_path_file;
__attribute__((unused)) static void make_bad_paths(void) {
  memset(long_name, 'n', sizeof long_name - 1);
  for (size_t i = 0; i < sizeof long_path - 1; i++) long_path[i] = i % 2 ? '/' : '.';
  make_file("file", "content");
  symlink("loop", "loop");
  mkdir("locked", 0700);
  make_file("locked/file", "content");
  bad_path_file = open("file", O_RDWR);
}

/** Takes the identity of a user without privileges, real too; as_root goes back. */
__attribute__((unused)) static void as_user(void) { setresgid(USER, USER, 0), setresuid(USER, USER, 0); }
__attribute__((unused)) static void as_root(void) { setresuid(0, 0, 0), setresgid(0, 0, 0); }

/** Evaluates the expression as a user. */
#define by_user(expression) \
  ({ \
    as_user(); \
    errno = 0; \
    long long by_user_ = (long long)(expression); \
    int user_error_ = errno; \
    as_root(); \
    errno = user_error_; \
    by_user_; \
  })

/** Sets `directory` and `path` for the wanted error; the variant counts the ways that lead to it. False when there is no such way. */
__attribute__((unused)) static int set_bad_path(int error, int variant) {
  struct way {
    int error, directory;
    const char *path;
  } ways[] = {
    {EACCES, AT_FDCWD, "locked/file"}, {EBADF, CLOSED, "file"},          {EFAULT, AT_FDCWD, BAD},
    {ELOOP, AT_FDCWD, "loop/x"},       {ENAMETOOLONG, AT_FDCWD, long_name}, {ENAMETOOLONG, AT_FDCWD, long_path},
    {ENOENT, AT_FDCWD, "missing/x"},   {ENOENT, AT_FDCWD, ""},           {ENOTDIR, AT_FDCWD, "file/x"},
    {ENOTDIR, bad_path_file, "x"},
  };
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
    if (ways[i].error == error && variant-- == 0) {
      directory = ways[i].directory, path = ways[i].path;
      return 1;
    }
  return 0;
}

/** The value of an errno name of set_bad_path, and the text behind it. */
__attribute__((unused)) static int next_error(const char **list) {
  static const int errors[] = {EACCES, EBADF, EFAULT, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR};
  while (**list == ' ') ++*list;
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    const char *name = error_name(errors[i]);
    if (strncmp(*list, name, strlen(name)) == 0 && strchr(" ", (*list)[strlen(name)])) {
      *list += strlen(name);
      return errors[i];
    }
  }
  return 0;
}

/** How many ways there are to an error; calls that take no directory do not see the one that uses the descriptor of a file. */
#define path_fails(call, errnos, expression) \
  do { \
    const char *list_ = errnos; \
    for (int error_; (error_ = next_error(&list_)) != 0;) \
      for (int variant_ = 0; set_bad_path(error_, variant_); variant_++) { \
        if (directory == bad_path_file && !strstr(#expression, "directory")) continue; \
        char line_[128]; \
        snprintf(line_, sizeof line_, variant_ ? "%s %s, another way" : "%s %s", call, error_name(error_)); \
        if (error_ == EACCES) fails(line_, by_user(expression), error_); \
        else fails(line_, expression, error_); \
      } \
    if (*list_) print_line("FAIL %s has an unknown errno: %s", call, list_); \
  } while (0)

#endif
