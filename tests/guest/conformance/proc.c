/* proc: what /proc says of a process, of its files and memory, and of the system. */
#include "check.h"
#include <dirent.h>
#include <sys/mman.h>

static char text[65536];

/** Reads a whole file into `text`; its length, -1 on error. */
static long slurp(const char *path) {
  int file = open(path, O_RDONLY);
  if (file < 0) return -1;
  long length = 0;
  for (ssize_t got; (got = read(file, text + length, sizeof text - 1 - length)) > 0;) length += got;
  close(file);
  text[length] = 0;
  return length;
}

/** The value of a `Name:\tvalue` line of the text. */
static const char *field(const char *name) {
  static char value[256];
  char start[64];
  snprintf(start, sizeof start, "\n%s:", name);
  const char *line = strstr(text, start);
  if (!line) return "(missing)";
  line += strlen(start);
  while (*line == ' ' || *line == '\t') line++;
  size_t length = strcspn(line, "\n");
  if (length > 255) length = 255;
  memcpy(value, line, length);
  value[length] = 0;
  return value;
}

/** The link's target. */
static const char *target(const char *path) {
  static char name[4096];
  ssize_t length = readlink(path, name, sizeof name - 1);
  name[length < 0 ? 0 : length] = 0;
  return name;
}

static char state_of(pid_t process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", process);
  if (slurp(path) < 0) return '?';
  return strrchr(text, ')')[2];
}

static void identity(void) {
  char path[64];
  snprintf(path, sizeof path, "%d", getpid());
  same_text("/proc/self", target("/proc/self"), path);
  same_text("exe", target("/proc/self/exe"), "/bin/guest");
  same_text("cwd", target("/proc/self/cwd"), "/tmp/proc");
  same_text("root", target("/proc/self/root"), "/");
  long length = slurp("/proc/self/cmdline");
  check("cmdline", length == 10 && !memcmp(text, "/bin/proc\0", 10));
  slurp("/proc/self/comm");
  same_text("comm", text, "proc\n");
  slurp("/proc/self/environ");
  check("environ", memmem(text, 4096, "PATH=/bin", 10) != NULL);
  slurp("/proc/self/stat");
  int process, parent, group, session;
  char command[32], state;
  equal("stat has its fields", sscanf(text, "%d (%31[^)]) %c %d %d %d", &process, command, &state, &parent, &group, &session), 6);
  check("the process and its relatives", process == getpid() && parent == getppid() && group == getpgrp() && session == getsid(0));
  same_text("its name", command, "proc");
  equal("running", state, 'R');
  int fields = 0;
  for (char *at = strrchr(text, ')') + 1; *at; at++) fields += *at == ' ';
  equal("52 fields", fields + 2, 52);
  equal("statm has seven numbers", ({ slurp("/proc/self/statm"); long n[7]; sscanf(text, "%ld %ld %ld %ld %ld %ld %ld", n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6); }), 7);
  fails("no such process", open("/proc/999999/stat", O_RDONLY), ENOENT);
  equal("loginuid and friends may be missing, status may not", slurp("/proc/self/status") > 0, 1);
  check("status begins with the name", !strncmp(text, "Name:\tproc\n", 11));
  same_text("State", field("State"), "R (running)");
  check("Pid", atoi(field("Pid")) == getpid());
  check("Tgid", atoi(field("Tgid")) == getpid());
  check("PPid", atoi(field("PPid")) == getppid());
  same_text("Uid", field("Uid"), "0\t0\t0\t0");
  same_text("Gid", field("Gid"), "0\t0\t0\t0");
  same_text("Threads", field("Threads"), "1");
  same_text("CapEff", field("CapEff"), "00000000a80425fb");
  same_text("CapBnd", field("CapBnd"), "00000000a80425fb");
  same_text("CapInh", field("CapInh"), "0000000000000000");
  same_text("NoNewPrivs", field("NoNewPrivs"), "0");
  same_text("Umask", field("Umask"), "0022");
  same_text("SigBlk", field("SigBlk"), "0000000000000000");
  check("VmSize and VmRSS", atoi(field("VmSize")) > 0 && atoi(field("VmRSS")) > 0);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGUSR2, SIG_IGN);
  handle(SIGHUP, (void (*)(int))0x1000, 0);
  raise(SIGUSR1);
  slurp("/proc/self/status");
  same_text("SigBlk with SIGUSR1", field("SigBlk"), "0000000000000200");
  same_text("SigIgn with SIGUSR2", field("SigIgn"), "0000000000000800");
  same_text("SigCgt with SIGHUP", field("SigCgt"), "0000000000000001");
  check("SIGUSR1 pending", strtoul(field("SigPnd"), NULL, 16) == 0x200 || strtoul(field("ShdPnd"), NULL, 16) == 0x200);
  signal(SIGUSR1, SIG_IGN);
}

static void states(void) {
  pid_t child = fork();
  if (child == 0)
    for (;;) pause();
  check("sleeping", eventually(state_of(child) == 'S'));
  kill(child, SIGSTOP);
  check("stopped", eventually(state_of(child) == 'T'));
  kill(child, SIGKILL);
  check("zombie", eventually(state_of(child) == 'Z'));
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/cmdline", child);
  equal("a zombie's command line is empty", slurp(path), 0);
  reap(child);
  fails("then gone", slurp(path), ENOENT);
}

static void files(void) {
  make_file("some-file", "0123456789");
  int file = open("some-file", O_RDONLY), ends[2];
  lseek(file, 4, SEEK_SET);
  pipe(ends);
  dup2(file, 70);
  dup2(ends[0], 71);
  same_text("fd of a file", target("/proc/self/fd/70"), "/tmp/proc/some-file");
  check("fd of a pipe", !strncmp(target("/proc/self/fd/71"), "pipe:[", 6));
  int device = open("/dev/null", O_RDWR);
  dup2(device, 72);
  same_text("fd of a device", target("/proc/self/fd/72"), "/dev/null");
  char byte = 0;
  int again = open("/proc/self/fd/70", O_RDONLY);
  equal("a descriptor opened again", (read(again, &byte, 1), byte), '0');
  int writer = open("/proc/self/fd/71", O_WRONLY);
  check("a pipe opened again, the other way", writer >= 0 && write(writer, "x", 1) == 1 && read(ends[0], &byte, 1) == 1);
  slurp("/proc/self/fdinfo/70");
  check("fdinfo", !strncmp(text, "pos:\t4\nflags:\t0100000\n", 7));
  unlink("some-file");
  same_text("fd of a removed file", target("/proc/self/fd/70"), "/tmp/proc/some-file (deleted)");
  again = open("/proc/self/fd/70", O_RDONLY);
  check("which opens all the same", again >= 0 && pread(again, &byte, 1, 9) == 1 && byte == '9');
  fails("a closed one", readlink("/proc/self/fd/75", text, 10), ENOENT);
  fails("opening a closed one", open("/proc/self/fd/75", O_RDONLY), ENOENT);
  close(70);
  close(71);
  close(72);
  int count = 0;
  DIR *directory = opendir("/proc/self/fd");
  for (struct dirent *entry; (entry = readdir(directory));)
    if (atoi(entry->d_name) == file || atoi(entry->d_name) == dirfd(directory)) count++;
  closedir(directory);
  equal("the folder lists descriptors", count, 2);
}

static void maps(void) {
  char *area = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(area + 4096, 4096, PROT_NONE);
  slurp("/proc/self/maps");
  char line[64];
  snprintf(line, sizeof line, "%lx-%lx ---p 00000000 00:00 0 \n", (long)area + 4096, (long)area + 8192);
  check("a guard page", strstr(text, line) != NULL);
  check("the program", strstr(text, "/bin/guest\n") && strstr(text, " r-xp "));
  check("the stack", strstr(text, "[stack]\n"));
  check("the heap", ({ free(malloc(100)); slurp("/proc/self/maps"); strstr(text, "[heap]\n"); }));
  int writable_code = 0, ordered = 1;
  unsigned long last = 0;
  for (char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
    unsigned long start, end;
    char rights[8];
    if (sscanf(at, "%lx-%lx %4s", &start, &end, rights) != 3) break;
    if (start < last) ordered = 0;
    last = end;
    if (rights[1] == 'w' && rights[2] == 'x') writable_code = 1;
    if (start > 0x7fffffffffff) break;
  }
  check("in order", ordered);
  check("nothing writable and executable", !writable_code);
  int file = open("mapped-file", O_CREAT | O_RDWR, 0644);
  ftruncate(file, 4096);
  mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
  slurp("/proc/self/maps");
  char *found = strstr(text, "/tmp/proc/mapped-file\n");
  check("a shared file", found != NULL);
  while (found && found > text && found[-1] != '\n') found--;
  char rights[8] = "";
  if (found) sscanf(found, "%*s %4s", rights);
  same_text("its rights", rights, "r--s");
  munmap(area, 3 * 4096);
}

static void system_files(void) {
  slurp("/proc/mounts");
  check("mounts: /proc", strstr(text, "proc /proc proc rw,nosuid,nodev,noexec"));
  check("mounts: /tmp", strstr(text, " /tmp tmpfs rw,nosuid,nodev"));
  check("mounts: /readonly", strstr(text, " /readonly tmpfs ro"));
  check("mounts: /dev/pts", strstr(text, " /dev/pts devpts rw,nosuid,noexec"));
  check("mounts: the root", strstr(text, " / "));
  slurp("/proc/self/mountinfo");
  check("mountinfo", strstr(text, " / /tmp rw,nosuid,nodev") && strstr(text, " - proc proc "));
  slurp("/proc/sys/kernel/hostname");
  same_text("hostname", text, "guest\n");
  slurp("/proc/sys/kernel/ostype");
  same_text("ostype", text, "Linux\n");
  check("osrelease", slurp("/proc/sys/kernel/osrelease") > 3);
  check("pid_max", slurp("/proc/sys/kernel/pid_max") > 0 && atoi(text) >= 32768);
  double up, idle;
  check("uptime", slurp("/proc/uptime") > 0 && sscanf(text, "%lf %lf", &up, &idle) == 2);
  float load[3];
  int running, all, last;
  check("loadavg", slurp("/proc/loadavg") > 0 && sscanf(text, "%f %f %f %d/%d %d", load, load + 1, load + 2, &running, &all, &last) == 6);
  check("version", slurp("/proc/version") > 0 && !strncmp(text, "Linux version ", 14));
  check("meminfo", slurp("/proc/meminfo") > 0 && !strncmp(text, "MemTotal: ", 10) && atoi(field("MemFree")) > 0 && atoi(field("MemAvailable")) > 0);
  check("stat", slurp("/proc/stat") > 0 && !strncmp(text, "cpu  ", 5) && strstr(text, "\ncpu0 ") && strstr(text, "\nbtime ") && strstr(text, "\nprocesses "));
  check("cpuinfo", slurp("/proc/cpuinfo") > 0 && !strncmp(text, "processor\t: 0\n", 14) && strstr(text, "\nflags\t\t: "));
  check("filesystems", slurp("/proc/filesystems") > 0 && strstr(text, "nodev\ttmpfs\n") && strstr(text, "nodev\tproc\n"));
  int own = 0, named = 0, first = 0;
  DIR *directory = opendir("/proc");
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (atoi(entry->d_name) == getpid()) own++;
    if (atoi(entry->d_name) == 1) first++;
    if (!strcmp(entry->d_name, "self") || !strcmp(entry->d_name, "meminfo")) named++;
  }
  closedir(directory);
  check("the listing", own == 1 && first == 1 && named == 2);
  fails("nothing can be made there", mkdir("/proc/new", 0755), ENOENT);
  fails("nor removed", unlink("/proc/version"), EPERM);
  fails("version is not writable", ({ int file = open("/proc/version", O_WRONLY); long result = write(file, "x", 1); int error = errno; close(file); errno = error; result; }), EIO);
  struct stat status;
  check("files have size 0", stat("/proc/version", &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0 && (status.st_mode & 0777) == 0444);
  int file = open("/proc/self/status", O_RDONLY);
  char part[4];
  check("read in parts", read(file, part, 4) == 4 && !memcmp(part, "Name", 4) && read(file, part, 4) == 4 && !memcmp(part, ":\tpr", 4));
  check("and again from the start", lseek(file, 0, SEEK_SET) == 0 && read(file, part, 4) == 4 && !memcmp(part, "Name", 4));
  close(file);
}

int main(void) {
  enter_scratch();
  identity();
  states();
  files();
  maps();
  system_files();
  return finish();
}
