/* paths.c: calls that look a path up, and change folders. */
#include "figure.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER SCRATCH "/a"
#define FILE_NAME FOLDER "/f" /* depth 3 below /tmp */
#define NAMES 100

static int make_tree(void) {
  mkdir(SCRATCH, 0755);
  mkdir(FOLDER, 0755);
  return make_file(FILE_NAME);
}

static void remove_tree(void) {
  static const char *const files[] = {FILE_NAME, FILE_NAME "2", FOLDER "/l"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) unlink(files[i]);
  rmdir(FOLDER "/d");
  rmdir(FOLDER);
  rmdir(SCRATCH);
}

static int run_open_close(long operations) {
  for (long i = 0; i < operations; i++) {
    int file = open(FILE_NAME, O_RDONLY);
    if (file < 0) return -1;
    close(file);
  }
  return 0;
}

static int stat_often(const char *path, long operations) {
  struct stat status;
  for (long i = 0; i < operations; i++)
    if (stat(path, &status) < 0) return -1;
  return 0;
}

static int run_stat(long operations) { return stat_often(FILE_NAME, operations); }

/** A file of the container's root, where every program finds its libraries. */
static int run_stat_root(long operations) { return stat_often("/bin/tiny", operations); }

/** A shell's search for a command, and a loader's for a library, is mostly this. */
static int run_access_missing(long operations) {
  for (long i = 0; i < operations; i++)
    if (access(FOLDER "/n", F_OK) == 0) return fails_with(0);
  return 0;
}

/** A temporary file, whose name is formatted each time: that is part of the operation, as in the baseline. */
static int run_create_unlink(long operations) {
  for (long i = 0; i < operations; i++) {
    char path[64];
    snprintf(path, sizeof path, "%s2", FILE_NAME);
    int file = open(path, O_CREAT | O_EXCL | O_RDWR, 0644);
    if (file < 0) return -1;
    close(file);
    unlink(path);
  }
  return 0;
}

static int run_mkdir_rmdir(long operations) {
  for (long i = 0; i < operations; i++)
    if (mkdir(FOLDER "/d", 0755) < 0 || rmdir(FOLDER "/d") < 0) return -1;
  return 0;
}

/** There and back in turn; a batch leaves the file where it found it or not, so each run makes sure. */
static int run_rename(long operations) {
  rename(FILE_NAME "2", FILE_NAME);
  for (long i = 0; i < operations; i++) {
    int result = i & 1 ? rename(FILE_NAME "2", FILE_NAME) : rename(FILE_NAME, FILE_NAME "2");
    if (result < 0) return -1;
  }
  return 0;
}

static int make_link(void) { return make_tree() < 0 ? -1 : symlink(FILE_NAME, FOLDER "/l"); }

static int run_readlink(long operations) {
  char target[64];
  for (long i = 0; i < operations; i++)
    if (readlink(FOLDER "/l", target, sizeof target) != sizeof FILE_NAME - 1) return -1;
  return 0;
}

static int enter_tree(void) { return make_tree() < 0 ? -1 : chdir(FOLDER); }

static void leave_tree(void) {
  if (chdir("/") == 0) remove_tree();
}

static int run_getcwd(long operations) {
  char path[PATH_MAX];
  for (long i = 0; i < operations; i++)
    if (!getcwd(path, sizeof path)) return -1;
  return 0;
}

static void name_in_folder(int number, char *path) { sprintf(path, SCRATCH "/file%d", number); }

static int make_hundred(void) {
  char path[64];
  mkdir(SCRATCH, 0755);
  for (int i = 0; i < NAMES; i++) {
    name_in_folder(i, path);
    if (make_file(path) < 0) return -1;
  }
  return 0;
}

static void remove_hundred(void) {
  char path[64];
  for (int i = 0; i < NAMES; i++) {
    name_in_folder(i, path);
    unlink(path);
  }
  rmdir(SCRATCH);
}

static int run_list(long operations) {
  for (long i = 0; i < operations; i++) {
    int names = 0;
    DIR *folder = opendir(SCRATCH);
    if (!folder) return -1;
    while (readdir(folder)) names++;
    closedir(folder);
    if (names != NAMES + 2) return fails_with(0);
  }
  return 0;
}

static int run_proc_stat(long operations) {
  char text[1024];
  for (long i = 0; i < operations; i++) {
    int file = open("/proc/self/stat", O_RDONLY);
    if (file < 0 || read(file, text, sizeof text) <= 0) return -1;
    close(file);
  }
  return 0;
}

const struct figure path_figures[] = {
    {"open_close", 10000, 0, make_tree, run_open_close, remove_tree},
    {"stat_depth3", 15000, 0, make_tree, run_stat, remove_tree},
    {"stat_root_file", 15000, 0, NULL, run_stat_root, NULL},
    {"access_missing", 15000, 0, make_tree, run_access_missing, remove_tree},
    {"readlink", 15000, 0, make_link, run_readlink, remove_tree},
    {"getcwd", 15000, 0, enter_tree, run_getcwd, leave_tree},
    {"create_unlink", 3000, 0, make_tree, run_create_unlink, remove_tree},
    {"mkdir_rmdir", 3000, 0, make_tree, run_mkdir_rmdir, remove_tree},
    {"rename", 5000, 0, make_tree, run_rename, remove_tree},
    {"readdir_100", 300, 0, make_hundred, run_list, remove_hundred},
    {"read_proc_stat", 2000, 0, NULL, run_proc_stat, NULL},
    {0},
};
