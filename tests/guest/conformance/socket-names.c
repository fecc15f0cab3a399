/* socket-names: names of AF_UNIX sockets: pathnames, abstract names, autobind, getsockname; what bind refuses; /proc/net/unix. */
#include "check.h"
#include <stddef.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PREFIX offsetof(struct sockaddr_un, sun_path)

static struct sockaddr_un named(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  return address;
}

static int bind_to(int s, const char *path) {
  struct sockaddr_un address = named(path);
  return bind(s, (struct sockaddr *)&address, sizeof address);
}

/** Binds to an abstract name of `length` bytes after its NUL. */
static int bind_abstract(int s, const char *name, size_t length) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path + 1, name, length);
  return bind(s, (struct sockaddr *)&address, PREFIX + 1 + length);
}

static int connect_abstract(int s, const char *name, size_t length) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path + 1, name, length);
  return connect(s, (struct sockaddr *)&address, PREFIX + 1 + length);
}

static int new_socket(void) { return socket(AF_UNIX, SOCK_STREAM, 0); }

static void pathnames(void) {
  struct sockaddr_un address;
  struct stat status;
  socklen_t length = sizeof address;
  int s = new_socket();
  equal("getsockname unbound", getsockname(s, (struct sockaddr *)&address, &length), 0);
  check("is the family alone", length == PREFIX && address.sun_family == AF_UNIX);
  umask(027);
  equal("bind", bind_to(s, "path"), 0);
  umask(022);
  equal("stat", stat("path", &status), 0);
  check("a socket less the umask", status.st_mode == (S_IFSOCK | 0750));
  check("another file than the descriptor's", ({ struct stat own; fstat(s, &own); own.st_ino != status.st_ino || own.st_dev != status.st_dev; }));
  length = sizeof address;
  getsockname(s, (struct sockaddr *)&address, &length);
  check("getsockname counts the NUL", length == PREFIX + 5 && strcmp(address.sun_path, "path") == 0);
  fails("open", open("path", O_RDWR), ENXIO);
  fails("bind twice", bind_to(s, "again"), EINVAL);
  fails("leaves no file", access("again", F_OK), ENOENT);
  fails("bind twice to an abstract name", bind_abstract(s, "x", 1), EINVAL);
  int other = new_socket();
  fails("a name in use", bind_to(other, "path"), EADDRINUSE);
  make_file("file", "");
  fails("any file", bind_to(other, "file"), EADDRINUSE);
  symlink("dangling", "link");
  fails("even a dangling link", bind_to(other, "link"), EADDRINUSE);
  fails("no directory", bind_to(other, "no/path"), ENOENT);
  fails("not a directory", bind_to(other, "file/path"), ENOTDIR);
  fails("a slash at the end", bind_to(other, "new/"), ENOENT);
  fails("a read-only file system", bind_to(other, "/readonly/socket"), EROFS);
  mkdir("closed", 0755);
  equal("no permission", in_child({
          setresgid(1234, 1234, 1234);
          setresuid(1234, 1234, 1234);
          fails("bind", bind_to(other, "closed/path"), EACCES);
        }),
        EXITED(0));
  equal("listen", listen(s, 5), 0);
  symlink("path", "way");
  struct sockaddr_un way = named("way");
  int client = new_socket();
  equal("connect through a link", connect(client, (struct sockaddr *)&way, sizeof way), 0);
  rename("path", "renamed");
  struct sockaddr_un renamed = named("renamed");
  close(client), client = new_socket();
  equal("connect to a renamed one", connect(client, (struct sockaddr *)&renamed, sizeof renamed), 0);
  length = sizeof address;
  getpeername(client, (struct sockaddr *)&address, &length);
  same_text("its name is as bound", address.sun_path, "path");
  unlink("renamed");
  close(client), client = new_socket();
  fails("connect to a removed one", connect(client, (struct sockaddr *)&renamed, sizeof renamed), ENOENT);
  equal("the name is free", bind_to(other, "path"), 0);
  close(other);
  check("and stays when the socket is closed", stat("path", &status) == 0 && S_ISSOCK(status.st_mode));
  struct sockaddr_un path = named("path");
  fails("where nobody listens", connect(client, (struct sockaddr *)&path, sizeof path), ECONNREFUSED);
  close(client);
  close(s);

  /* All of sun_path without a NUL. */
  memset(address.sun_path, 'n', sizeof address.sun_path);
  s = new_socket();
  equal("108 bytes of name", bind(s, (struct sockaddr *)&address, sizeof address), 0);
  char long_name[109] = {0};
  memset(long_name, 'n', 108);
  equal("all count", stat(long_name, &status), 0);
  char room[200];
  length = sizeof room;
  getsockname(s, (struct sockaddr *)room, &length);
  equal("and a NUL", length, PREFIX + 109);
  close(s);
  s = new_socket();
  address.sun_family = AF_INET;
  fails("another family", bind(s, (struct sockaddr *)&address, sizeof address), EINVAL);
  fails("too long", bind(s, (struct sockaddr *)room, 111), EINVAL);
  fails("far too long", bind(s, (struct sockaddr *)room, 129), EINVAL);
  fails("too short", bind(s, (struct sockaddr *)room, 1), EINVAL);
  fails("negative", bind(s, (struct sockaddr *)room, -1), EINVAL);
  fails("a bad address", bind(s, (struct sockaddr *)8, 20), EFAULT);
  fails("not a socket", bind(0, (struct sockaddr *)room, 20), ENOTSOCK);
  fails("getsockname with a bad length", getsockname(s, (struct sockaddr *)room, (socklen_t *)8), EFAULT);
  length = -1;
  fails("getsockname with a negative one", getsockname(s, (struct sockaddr *)room, &length), EINVAL);
  length = 20;
  fails("getsockname to a bad address", getsockname(s, (struct sockaddr *)8, &length), EFAULT);
  close(s);
}

static void abstract(void) {
  struct sockaddr_un address;
  socklen_t length = sizeof address;
  int s = new_socket(), other = new_socket(), client = new_socket();
  equal("bind to an abstract name", bind_abstract(s, "na\0me", 5), 0);
  getsockname(s, (struct sockaddr *)&address, &length);
  check("getsockname", length == PREFIX + 6 && memcmp(address.sun_path, "\0na\0me", 6) == 0);
  fails("in use", bind_abstract(other, "na\0me", 5), EADDRINUSE);
  equal("a longer one is another", bind_abstract(other, "na\0me\0", 6), 0);
  int datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
  equal("every type has its own", bind_abstract(datagram, "na\0me", 5), 0);
  fails("nobody listens", connect_abstract(client, "na\0me", 5), ECONNREFUSED);
  listen(s, 1);
  equal("connect", connect_abstract(client, "na\0me", 5), 0);
  close(client), client = new_socket();
  fails("a name nobody has", connect_abstract(client, "nobody", 6), ECONNREFUSED);
  close(s);
  fails("closing frees the name", connect_abstract(client, "na\0me", 5), ECONNREFUSED);
  equal("bind again", bind_abstract(client, "na\0me", 5), 0);
  int names[200], good = 0;
  for (int i = 0; i < 200; i++) good += bind_abstract(names[i] = new_socket(), (char *)&i, sizeof i) == 0;
  equal("200 names", good, 200);
  for (int i = 0; i < 200; i += 2) close(names[i]);
  good = 0;
  for (int i = 0; i < 200; i++) {
    int probe = new_socket();
    good += (bind_abstract(probe, (char *)&i, sizeof i) == 0) == (i % 2 == 0);
    close(probe);
  }
  equal("half of them free", good, 200);
  for (int i = 1; i < 200; i += 2) close(names[i]);
  close(other);
  close(client);
  close(datagram);

  /* Autobind. */
  s = new_socket(), other = new_socket();
  struct sockaddr_un second;
  sa_family_t family = AF_UNIX;
  equal("autobind", bind(s, (struct sockaddr *)&family, sizeof family), 0);
  length = sizeof address;
  getsockname(s, (struct sockaddr *)&address, &length);
  int digits = 0;
  for (int i = 1; i < 6; i++) digits += strchr("0123456789abcdef", address.sun_path[i]) != NULL;
  check("five hexadecimal digits", length == PREFIX + 6 && address.sun_path[0] == 0 && digits == 5);
  equal("another", bind(other, (struct sockaddr *)&family, sizeof family), 0);
  length = sizeof second;
  getsockname(other, (struct sockaddr *)&second, &length);
  check("has another name", memcmp(address.sun_path, second.sun_path, 6) != 0);
  equal("again", bind(s, (struct sockaddr *)&family, sizeof family), 0);
  equal("SO_PASSCRED", ({ int d = socket(AF_UNIX, SOCK_DGRAM, 0), one = 1; setsockopt(d, SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
          struct sockaddr_un to = named("receiver"); int r = socket(AF_UNIX, SOCK_DGRAM, 0); bind_to(r, "receiver");
          sendto(d, "x", 1, 0, (struct sockaddr *)&to, sizeof to); length = sizeof address;
          getsockname(d, (struct sockaddr *)&address, &length); close(d); close(r); (int)(length - PREFIX); }), 6);
  close(s);
  close(other);
}

/** Lines of /proc/net/unix that end in `name`, with their type and state. */
static void listed(const char *name, char *result) {
  char line[256];
  FILE *list = fopen("/proc/net/unix", "r");
  strcpy(result, "none");
  while (list && fgets(line, sizeof line, list)) {
    unsigned type, state, flags, references;
    unsigned long long place, inode;
    char path[128] = "";
    if (sscanf(line, "%llx: %x 00000000 %x %x %x %llu %127s", &place, &references, &flags, &type, &state, &inode, path) < 6) continue;
    if (strcmp(path, name) == 0) sprintf(result, "%u flags %x type %u state %u", references, flags, type, state);
  }
  if (list) fclose(list);
}

static void list(void) {
  char text[128];
  int s = new_socket(), datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
  bind_to(s, "listed");
  listed("listed", text);
  same_text("bound", text, "2 flags 0 type 1 state 1");
  listen(s, 1);
  listed("listed", text);
  same_text("listening", text, "2 flags 10000 type 1 state 1");
  bind_abstract(datagram, "hidden", 6);
  listed("@hidden", text);
  same_text("abstract", text, "2 flags 0 type 2 state 1");
  close(s);
  listed("listed", text);
  same_text("closed", text, "none");
  FILE *file = fopen("/proc/net/unix", "r");
  char line[256] = "";
  if (file) fgets(line, sizeof line, file);
  same_text("the header", line, "Num       RefCount Protocol Flags    Type St Inode Path\n");
  if (file) fclose(file);
  close(datagram);
}

int main(void) {
  enter_scratch();
  pathnames();
  abstract();
  list();
  return finish();
}
