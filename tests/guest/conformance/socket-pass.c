/* socket-pass: what travels beside the data over AF_UNIX sockets: descriptors (SCM_RIGHTS) and credentials (SCM_CREDENTIALS, SO_PEERCRED). */
#include "check.h"
#include <grp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

static union {
  struct cmsghdr header;
  char bytes[2048];
} control;
static char buffer[4096];
static struct msghdr message;
static struct iovec part;

/** Readies `message` for `length` bytes of buffer and `room` bytes of control data. */
static struct msghdr *prepare(size_t length, size_t room) {
  part = (struct iovec){buffer, length};
  message = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room};
  memset(&control, 0, sizeof control);
  return &message;
}

/** Fills in one control message; returns where the next goes. */
static void put(int type, const void *data, size_t length) {
  control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = type, .cmsg_len = CMSG_LEN(length)};
  memcpy(CMSG_DATA(&control.header), data, length);
}

static ssize_t send_files(int s, const char *text, const int *files, int count) {
  prepare(strlen(text), CMSG_SPACE(count * sizeof(int)));
  memcpy(buffer, text, strlen(text));
  put(SCM_RIGHTS, files, count * sizeof(int));
  return sendmsg(s, &message, 0);
}

/** Receives up to `length` bytes; descriptors go to `files`, their number is returned; -1 for an error. */
static int receive_files(int s, size_t length, size_t room, int flags, int *files) {
  prepare(length, room);
  if (recvmsg(s, &message, flags) < 0) return -1;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (!header || header->cmsg_type != SCM_RIGHTS) return 0;
  memcpy(files, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
  return (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
}

static int open_files(void) {
  int count = 0;
  for (int i = 0; i < 1024; i++) count += fcntl(i, F_GETFD) >= 0;
  return count;
}

static void rights(int type, const char *what) {
  int ends[2], files[300], pipes[2];
  print_line("rights over a %s", what);
  socketpair(AF_UNIX, type, 0, ends);
  pipe(pipes);
  int before = open_files();
  equal("send one", send_files(ends[0], "abc", &pipes[1], 1), 3);
  equal("receive it", receive_files(ends[1], 10, sizeof control, 0, files), 1);
  equal("flags", message.msg_flags, 0);
  equal("control length", message.msg_controllen, CMSG_SPACE(sizeof(int)));
  check("another number", files[0] != pipes[1] && fcntl(files[0], F_GETFD) == 0);
  equal("writes to the pipe", write(files[0], "through", 7), 7);
  equal("which is read", read(pipes[0], buffer, 100), 7);
  close(files[0]);
  equal("send two", send_files(ends[0], "abc", pipes, 2), 3);
  equal("receive two, close-on-exec", receive_files(ends[1], 10, sizeof control, MSG_CMSG_CLOEXEC, files), 2);
  check("both are", fcntl(files[0], F_GETFD) == FD_CLOEXEC && fcntl(files[1], F_GETFD) == FD_CLOEXEC);
  equal("which flags tell", message.msg_flags, MSG_CMSG_CLOEXEC);
  close(files[0]), close(files[1]);
  send_files(ends[0], "abc", pipes, 2);
  equal("room for one", receive_files(ends[1], 10, CMSG_LEN(sizeof(int)), 0, files), 1);
  equal("MSG_CTRUNC", message.msg_flags, MSG_CTRUNC);
  close(files[0]);
  send_files(ends[0], "abc", pipes, 2);
  equal("room for none", receive_files(ends[1], 10, CMSG_LEN(0), 0, files), 0);
  equal("MSG_CTRUNC again", message.msg_flags, MSG_CTRUNC);
  send_files(ends[0], "abc", pipes, 2);
  equal("read does not take them", read(ends[1], buffer, 10), 3);
  equal("and none is left open", open_files(), before);
  send_files(ends[0], "abc", pipes, 1);
  equal("a look makes a copy", receive_files(ends[1], 10, sizeof control, MSG_PEEK, files), 1);
  equal("and there is another", receive_files(ends[1], 10, sizeof control, 0, files + 1), 1);
  check("of another number", files[0] != files[1]);
  close(files[0]), close(files[1]);

  for (int i = 0; i < 300; i++) files[i] = pipes[0];
  equal("253 at once", send_files(ends[0], "x", files, 253), 1);
  equal("all come", receive_files(ends[1], 10, sizeof control, 0, files), 253);
  for (int i = 0; i < 253; i++) close(files[i]);
  for (int i = 0; i < 300; i++) files[i] = pipes[0];
  fails("but no more", send_files(ends[0], "x", files, 254), EINVAL);
  files[1] = 999;
  fails("all must be open", send_files(ends[0], "x", files, 2), EBADF);
  equal("and none is left open then", open_files(), before);
  prepare(1, CMSG_SPACE(4));
  put(77, pipes, 4);
  fails("an unknown type", sendmsg(ends[0], &message, 0), EINVAL);
  prepare(1, CMSG_SPACE(4));
  put(SCM_RIGHTS, pipes, 4);
  control.header.cmsg_level = 77;
  equal("an unknown level is ignored", sendmsg(ends[0], &message, 0), 1);
  read(ends[1], buffer, 1);
  prepare(1, CMSG_SPACE(4));
  control.header.cmsg_len = 4;
  control.header.cmsg_level = SOL_SOCKET;
  fails("a short header", sendmsg(ends[0], &message, 0), EINVAL);
  prepare(1, CMSG_SPACE(4));
  control.header.cmsg_len = 4096;
  control.header.cmsg_level = SOL_SOCKET;
  fails("a long one", sendmsg(ends[0], &message, 0), EINVAL);
  prepare(1, CMSG_SPACE(4));
  message.msg_control = (void *)8;
  fails("a bad address", sendmsg(ends[0], &message, 0), EFAULT);
  prepare(1, 0);
  message.msg_iovlen = 1025;
  fails("too many pieces", sendmsg(ends[0], &message, 0), EMSGSIZE);
  fails("a bad message", sendmsg(ends[0], (void *)8, 0), EFAULT);

  /* A limit on descriptors: what cannot be opened is closed. */
  struct rlimit limit, small;
  getrlimit(RLIMIT_NOFILE, &limit);
  send_files(ends[0], "abc", pipes, 2);
  small = limit;
  small.rlim_cur = before + 1;
  int lowest = dup(0);
  close(lowest);
  small.rlim_cur = lowest + 1;
  setrlimit(RLIMIT_NOFILE, &small);
  equal("at the limit", receive_files(ends[1], 10, sizeof control, 0, files), 1);
  setrlimit(RLIMIT_NOFILE, &limit);
  equal("MSG_CTRUNC at the limit", message.msg_flags, MSG_CTRUNC);
  close(files[0]);

  /* Closing a socket closes what is on its way. */
  send_files(ends[0], "abc", &pipes[1], 1);
  close(pipes[1]);
  close(ends[1]);
  equal("the pipe has no writer any more", read(pipes[0], buffer, 1), 0);
  close(pipes[0]);
  close(ends[0]);
}

static void borders(void) {
  int ends[2], files[4];
  print_line("rights in a stream");
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  write(ends[0], "before", 6);
  int null = open("/dev/null", O_RDWR);
  send_files(ends[0], "with", &null, 1);
  write(ends[0], "after", 5);
  equal("what came before is read with it", receive_files(ends[1], 100, sizeof control, 0, files), 1);
  equal("up to its end", part.iov_len == 100 && memcmp(buffer, "beforewith", 10) == 0, 1);
  close(files[0]);
  equal("the rest comes after", recv(ends[1], buffer, 100, 0), 5);
  send_files(ends[0], "longer", &null, 1);
  equal("part of the bytes brings all descriptors", receive_files(ends[1], 2, sizeof control, 0, files), 1);
  close(files[0]);
  equal("the rest brings none", receive_files(ends[1], 100, sizeof control, 0, files), 0);
  close(null);
  close(ends[0]);
  close(ends[1]);
}

/** A socket sent over itself, and two sent over each other, go when nobody can receive them: the pipe that went along tells. */
static void circles(void) {
  int ends[2], others[2], pipes[2];
  print_line("circles");
  pipe(pipes);
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  int self[2] = {ends[1], pipes[1]};
  send_files(ends[0], "x", self, 2);
  close(pipes[1]);
  close(ends[1]);
  close(ends[0]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, others), close(others[0]), close(others[1]); /* Linux looks when a socket is closed */
  equal("over itself", read(pipes[0], buffer, 1), 0);
  close(pipes[0]);
  pipe(pipes);
  socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
  socketpair(AF_UNIX, SOCK_STREAM, 0, others);
  int first[2] = {others[1], pipes[1]};
  send_files(ends[0], "x", first, 2);
  send_files(others[0], "x", &ends[1], 1);
  close(pipes[1]);
  close(ends[0]), close(others[0]), close(ends[1]), close(others[1]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, others), close(others[0]), close(others[1]);
  equal("over each other", read(pipes[0], buffer, 1), 0);
  close(pipes[0]);
}

static void limits(void) {
  int ends[2], null = open("/dev/null", O_RDWR);
  print_line("limits");
  equal("a user without privilege", in_child({
          struct rlimit limit = {20, 20};
          setgroups(0, NULL);
          setresgid(4321, 4321, 4321);
          setresuid(4321, 4321, 4321);
          setrlimit(RLIMIT_NOFILE, &limit);
          socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
          int sent = 0;
          while (sent < 100 && send_files(ends[0], "x", &null, 1) == 1) sent++;
          int error = errno;
          check("has a limit", sent >= 20 && sent < 30);
          equal("ETOOMANYREFS", error, ETOOMANYREFS);
          while (sent-- > 0) recv(ends[1], buffer, 1, 0);
          equal("which is lifted as they arrive", send_files(ends[0], "x", &null, 1), 1);
        }),
        EXITED(0));
  close(null);
}

/** The credentials of the last message: 1, or 0 when there are none. */
static int credentials(struct ucred *who) {
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header))
    if (header->cmsg_type == SCM_CREDENTIALS) {
      memcpy(who, CMSG_DATA(header), sizeof *who);
      return 1;
    }
  return 0;
}

static void identity(void) {
  int ends[2], one = 1;
  struct ucred who, mine = {getpid(), getuid(), getgid()};
  socklen_t length = sizeof who;
  print_line("credentials");
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  equal("SO_PEERCRED", getsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, &who, &length), 0);
  check("of a pair is oneself", length == sizeof who && memcmp(&who, &mine, sizeof who) == 0);
  write(ends[0], "x", 1);
  setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
  prepare(10, sizeof control);
  equal("sent before anybody wanted to know", recvmsg(ends[1], &message, 0), 1);
  check("is nobody's", credentials(&who) && who.pid == 0 && who.uid == 65534 && who.gid == 65534);
  write(ends[0], "x", 1);
  prepare(10, sizeof control);
  recvmsg(ends[1], &message, 0);
  check("sent after", credentials(&who) && memcmp(&who, &mine, sizeof who) == 0);
  equal("control length", message.msg_controllen, CMSG_SPACE(sizeof who));
  write(ends[0], "x", 1);
  prepare(10, 20);
  recvmsg(ends[1], &message, 0);
  check("too little room", message.msg_flags == MSG_CTRUNC && message.msg_controllen == 20 && control.header.cmsg_len == 20);
  write(ends[0], "x", 1);
  prepare(10, 0);
  recvmsg(ends[1], &message, 0);
  equal("no room", message.msg_flags, MSG_CTRUNC);
  write(ends[0], "x", 1);
  message.msg_control = NULL;
  recvmsg(ends[1], &message, 0);
  equal("none wanted", message.msg_flags, MSG_CTRUNC);

  write(ends[0], "parent", 6);
  in_child(write(ends[0], "child", 5));
  prepare(100, sizeof control);
  equal("two writers are not joined", recvmsg(ends[1], &message, 0), 6);
  check("the first is the parent", credentials(&who) && who.pid == getpid());
  equal("then the other", recvmsg(ends[1], &message, 0), 5);
  check("is somebody else", credentials(&who) && who.pid != getpid() && who.uid == getuid());

  prepare(1, CMSG_SPACE(sizeof mine));
  put(SCM_CREDENTIALS, &mine, sizeof mine);
  equal("one's own, explicitly", sendmsg(ends[0], &message, 0), 1);
  prepare(10, sizeof control);
  recvmsg(ends[1], &message, 0);
  check("arrive", credentials(&who) && memcmp(&who, &mine, sizeof who) == 0);
  prepare(1, CMSG_SPACE(8));
  put(SCM_CREDENTIALS, &mine, 8);
  fails("of a wrong size", sendmsg(ends[0], &message, 0), EINVAL);
  struct ucred claimed = {getpid(), 1000, 1000};
  prepare(1, CMSG_SPACE(sizeof claimed));
  put(SCM_CREDENTIALS, &claimed, sizeof claimed);
  equal("those of another user, with the capability", sendmsg(ends[0], &message, 0), 1);
  prepare(10, sizeof control);
  recvmsg(ends[1], &message, 0);
  check("as claimed", credentials(&who) && who.uid == 1000 && who.gid == 1000);
  equal("without privilege", in_child({
          setresgid(4321, 4321, 4321);
          setresuid(4321, 4321, 4321);
          claimed = (struct ucred){getpid(), 0, 4321};
          prepare(1, CMSG_SPACE(sizeof claimed));
          put(SCM_CREDENTIALS, &claimed, sizeof claimed);
          fails("another user", sendmsg(ends[0], &message, 0), EPERM);
          claimed = (struct ucred){getpid(), 4321, 0};
          put(SCM_CREDENTIALS, &claimed, sizeof claimed);
          fails("another group", sendmsg(ends[0], &message, 0), EPERM);
          claimed = (struct ucred){1, 4321, 4321};
          put(SCM_CREDENTIALS, &claimed, sizeof claimed);
          fails("another process", sendmsg(ends[0], &message, 0), EPERM);
          claimed = (struct ucred){getpid(), 4321, 4321};
          put(SCM_CREDENTIALS, &claimed, sizeof claimed);
          equal("one's own", sendmsg(ends[0], &message, 0), 1);
        }),
        EXITED(0));
  close(ends[0]);
  close(ends[1]);

  /* Over a connection: the client's at connect, the listener's at listen. */
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "server"};
  int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
  getsockopt(client, SOL_SOCKET, SO_PEERCRED, &who, &length);
  check("unconnected", who.pid == 0 && who.uid == (uid_t)-1 && who.gid == (gid_t)-1);
  fails("SO_PEERGROUPS unconnected", getsockopt(client, SOL_SOCKET, SO_PEERGROUPS, buffer, &length), ENODATA);
  bind(server, (struct sockaddr *)&address, sizeof address);
  chmod("server", 0777);
  listen(server, 5);
  pid_t child = fork();
  if (child == 0) {
    gid_t groups[2] = {11, 12};
    setgroups(2, groups);
    setresgid(777, 777, 777);
    setresuid(778, 778, 778);
    int ok = connect(client, (struct sockaddr *)&address, sizeof address) == 0;
    ok = ok && getsockopt(client, SOL_SOCKET, SO_PEERCRED, &who, &length) == 0 && who.pid == getppid() && who.uid == 0;
    _exit(ok && read(client, buffer, 1) == 0 ? 0 : 1);
  }
  int accepted = accept(server, NULL, NULL);
  length = sizeof who;
  getsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &who, &length);
  check("the client's", who.pid == child && who.uid == 778 && who.gid == 777);
  gid_t groups[4];
  length = sizeof groups;
  equal("SO_PEERGROUPS", getsockopt(accepted, SOL_SOCKET, SO_PEERGROUPS, groups, &length), 0);
  check("are the client's", length == 2 * sizeof(gid_t) && groups[0] == 11 && groups[1] == 12);
  length = 4;
  fails("SO_PEERGROUPS without room", getsockopt(accepted, SOL_SOCKET, SO_PEERGROUPS, groups, &length), ERANGE);
  equal("says how much", length, 8);
  close(accepted);
  equal("the listener's, to the client", reap(child), 0);
  fails("SO_PEERCRED cannot be set", setsockopt(server, SOL_SOCKET, SO_PEERCRED, &who, sizeof who), ENOPROTOOPT);
}

int main(void) {
  enter_scratch();
  rights(SOCK_STREAM, "stream");
  rights(SOCK_DGRAM, "datagram socket");
  rights(SOCK_SEQPACKET, "packet socket");
  borders();
  circles();
  limits();
  identity();
  return finish();
}
