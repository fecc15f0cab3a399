/* directory: getdents64, its records, positions, and changes while reading. */
#include "check.h"
#include <dirent.h>
#include <sys/syscall.h>

struct record {
  unsigned long inode;
  long next;
  unsigned short length;
  unsigned char type;
  char name[];
};

static char buffer[65536];

/** Counts the names of a directory, reading it `size` bytes at a time; each must come once. */
static int count_names(const char *path, size_t size) {
  int directory = open(path, O_RDONLY | O_DIRECTORY), count = 0;
  static char seen[2000];
  memset(seen, 0, sizeof seen);
  for (;;) {
    long got = syscall(SYS_getdents64, directory, buffer, size);
    if (got <= 0) break;
    for (long at = 0; at < got;) {
      struct record *record = (struct record *)(buffer + at);
      if (record->length % 8) return -2;
      if (record->name[0] == 'f') {
        int number = atoi(record->name + 1);
        if (seen[number]++) return -3;
      }
      count++;
      at += record->length;
    }
  }
  close(directory);
  return count;
}

static unsigned char type_of(const char *name) {
  DIR *directory = opendir(".");
  unsigned char type = 255;
  for (struct dirent *entry; (entry = readdir(directory));)
    if (!strcmp(entry->d_name, name)) type = entry->d_type;
  closedir(directory);
  return type;
}

int main(void) {
  enter_scratch();
  mkdir("empty", 0755);
  equal("an empty directory has . and ..", count_names("empty", sizeof buffer), 2);
  mkdir("many", 0755);
  char name[300];
  for (int i = 0; i < 1000; i++) {
    snprintf(name, sizeof name, "many/f%d", i);
    make_file(name, "");
  }
  equal("a thousand names", count_names("many", sizeof buffer), 1002);
  equal("in small steps", count_names("many", 64), 1002);

  int directory = open("many", O_RDONLY);
  fails("a buffer too small", syscall(SYS_getdents64, directory, buffer, 8), EINVAL);
  fails("a bad buffer", syscall(SYS_getdents64, directory, (void *)8, 4096), EFAULT);
  long first = syscall(SYS_getdents64, directory, buffer, 4096);
  check("a part", first > 0 && first <= 4096);
  equal("rewind", lseek(directory, 0, SEEK_SET), 0);
  equal("the same part again", syscall(SYS_getdents64, directory, buffer, 4096), first);
  struct record *record = (struct record *)buffer;
  same_text("the first name", record->name, ".");
  equal("its type", record->type, DT_DIR);
  struct record *second = (struct record *)(buffer + record->length);
  same_text("the second name", second->name, "..");
  close(directory);

  DIR *stream = opendir("many");
  for (int i = 0; i < 100; i++) readdir(stream);
  long position = telldir(stream);
  char expected[64];
  strcpy(expected, readdir(stream)->d_name);
  for (int i = 0; i < 200; i++) readdir(stream);
  seekdir(stream, position);
  same_text("seekdir goes back", readdir(stream)->d_name, expected);
  closedir(stream);

  stream = opendir("many");
  int removed = 0;
  for (struct dirent *entry; (entry = readdir(stream));) {
    if (entry->d_name[0] != 'f') continue;
    snprintf(name, sizeof name, "many/%s", entry->d_name);
    if (unlink(name) == 0) removed++;
  }
  closedir(stream);
  equal("removing while reading misses none", removed, 1000);
  equal("and empties it", rmdir("many"), 0);

  int file = open("many-file", O_CREAT | O_RDONLY, 0644);
  fails("not a directory", syscall(SYS_getdents64, file, buffer, 4096), ENOTDIR);
  fails("bad descriptor", syscall(SYS_getdents64, 99, buffer, 4096), EBADF);
  close(file);
  directory = open("empty", O_RDONLY);
  rmdir("empty");
  fails("a removed directory", syscall(SYS_getdents64, directory, buffer, 4096), ENOENT);
  close(directory);

  mkdir("t-dir", 0755);
  make_file("t-file", "");
  symlink("x", "t-link");
  mkfifo("t-fifo", 0644);
  equal("d_type of a directory", type_of("t-dir"), DT_DIR);
  equal("d_type of a file", type_of("t-file"), DT_REG);
  equal("d_type of a link", type_of("t-link"), DT_LNK);
  equal("d_type of a FIFO", type_of("t-fifo"), DT_FIFO);
  equal("a missing name", type_of("t-none"), 255);
  struct stat status;
  stat("t-file", &status);
  stream = opendir(".");
  unsigned long inode = 0;
  for (struct dirent *entry; (entry = readdir(stream));)
    if (!strcmp(entry->d_name, "t-file")) inode = entry->d_ino;
  closedir(stream);
  check("d_ino is st_ino", inode == status.st_ino);
  equal("the old getdents", ({
          directory = open(".", O_RDONLY);
          long got = syscall(SYS_getdents, directory, buffer, sizeof buffer);
          close(directory);
          got > 100;
        }), 1);
  return finish();
}
