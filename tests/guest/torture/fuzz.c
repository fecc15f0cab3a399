/*
 * fuzz SEED CALLS [capable [threads]]: throws CALLS random system calls with random and half-plausible
 * arguments at the kernel and prints `fuzz done`. Bad pointers of every kind are among them.
 * With `threads`, four threads of every second child make calls at once, in the same memory and with the same descriptors.
 *
 * The calls are made by children, as an ordinary user with small limits; a child that dies, hangs
 * or has made enough calls is replaced by a fresh one. The same seed gives the same calls, in the order in which threads come to run. With
 * `capable` every second child keeps the container's capabilities, all but the two by which it
 * could end its parent. Never on a Linux one needs: with them it makes device nodes and writes to them.
 */
#include "check.h"
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>

/* A Linux 6.x that has them answered one of the calls from 461 on by killing the whole test, so those are for Cyrius, with `threads`. */
#define LAST_CALL_OF_OLD 460
#define LAST_CALL 467
#define CALLS_PER_CHILD 4000
#define NOBODY 54321
#define MESSAGES 15
#define THREADS 4

/** Calls left out: they end the caller for sure, or would stop or change the machine the test runs on. */
static const short left_out[] = {
    SYS_exit,       SYS_exit_group, SYS_reboot,     SYS_kexec_load,  SYS_kexec_file_load, SYS_sync,     SYS_syncfs,        SYS_unshare, SYS_setns,
    SYS_swapon,     SYS_swapoff,    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_vhangup,  SYS_settimeofday, SYS_clock_settime,
    SYS_adjtimex,   SYS_clock_adjtime, SYS_sethostname, SYS_setdomainname, SYS_acct,      SYS_rt_sigsuspend, SYS_pause,
};

/** What the parent sees of its child. It lies at an address that no random pointer hits but by chance. */
static volatile struct {
  unsigned long calls;
} *progress;

static unsigned long state; /* threads share it: it is no worse for that */
static unsigned long random_word(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state * 0x2545f4914f6cdd1d;
}
static unsigned below(unsigned bound) { return (random_word() >> 33) % bound; }

/** Opened before any child could remove the device. */
static int null;
static char *writable, *read_only, *crossing, *hole, *filled, *messages;
static char *const paths[] = {"f", "d", "d/f", "l", "loop", "p", "", ".", "..", "/", "f/x", "/tmp", "/proc/self/status", "/proc/self/fd/3", "/proc/self/maps",
                              "/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/readonly", "/proc", "no/such/path", "d/../d/./f"};

/** An argument: something a program might pass, something wrong in an interesting way, or noise. */
static unsigned long random_argument(void) {
  static const unsigned long words[] = {0, 1, 2, 3, 4, 8, 16, 255, 256, 4095, 4096, 4097, 65536, -1UL, -2UL, -100UL, 0x7fffffff, 0x80000000, 0xffffffff,
                                        0x7fffffffffffffff, 0x8000000000000000, 1UL << 47, (1UL << 47) - 4096};
  static const unsigned long pointers[] = {8, 4096, 0xdeadbeef000, 0x7ffffffff000, 0x7ffffffffff8, 0x800000000000, 0x1234567890abcdef, 0xffff800000000000,
                                           0xffff800000001000, 0xffff808000000000, 0xffffffff80000000, 0xffffffff81000000, 0xfffffffffffff000, -8UL};
  switch (below(16)) {
    case 0: case 1: return words[below(sizeof words / sizeof *words)];
    case 2: case 3: return below(12);
    case 4: return below(64);
    case 5: return 1UL << below(64);
    case 6: return (1UL << below(32)) | (1UL << below(32));
    case 7: return (unsigned long)paths[below(sizeof paths / sizeof *paths)];
    case 8: return (unsigned long)writable + below(4096);
    case 9: return (unsigned long)(below(8) ? filled + below(64) * 64 : messages + below(MESSAGES) * 256);
    case 10: return (unsigned long)crossing - below(64);
    case 11: return (unsigned long)(below(2) ? read_only : hole) + below(4096);
    case 12: return pointers[below(sizeof pointers / sizeof *pointers)];
    case 13: return random_word();
    case 14: return (unsigned)random_word();
    default: return below(2) ? (unsigned long)getpid() : below(70000);
  }
}

/** Structures made of plausible words: lengths, pointers, small numbers. */
static void refill(void) {
  unsigned long *words = (unsigned long *)filled;
  for (int i = 0; i < 512; i++) words[i] = random_argument();
}

/** Messages, addresses and control data for the calls on sockets, 256 bytes each: mostly right, with a wrong word here and there. */
static void refill_messages(void) {
  for (int i = 0; i < MESSAGES; i++) {
    char *room = messages + i * 256;
    memset(room, 0, 256);
    if (i % 3 == 0) {
      struct sockaddr_un address = {.sun_family = AF_UNIX};
      strcpy(address.sun_path + below(2), below(2) ? "s" : "t");
      memcpy(room, &address, sizeof address);
      continue;
    }
    struct iovec *part = (struct iovec *)(room + 64);
    struct cmsghdr *control = (struct cmsghdr *)(room + 96);
    *part = (struct iovec){writable, below(6000)};
    control->cmsg_len = CMSG_LEN(below(4) * 4);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = 1 + below(2);
    for (int j = 0; j < 6; j++) ((int *)CMSG_DATA(control))[j] = below(16);
    *(struct msghdr *)room = (struct msghdr){.msg_iov = part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(below(4) * 4)};
    if (below(4) == 0) ((unsigned long *)room)[below(32)] = random_argument();
  }
}

static long call(long number, const unsigned long *arguments) {
  long result;
  register unsigned long a3 asm("r10") = arguments[3], a4 asm("r8") = arguments[4], a5 asm("r9") = arguments[5];
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(arguments[0]), "S"(arguments[1]), "d"(arguments[2]), "r"(a3), "r"(a4), "r"(a5) : "rcx", "r11", "memory");
  return result;
}

static int is_left_out(long number) {
  for (unsigned i = 0; i < sizeof left_out / sizeof *left_out; i++)
    if (left_out[i] == number) return 1;
  return 0;
}

static void on_alarm(int number) { (void)number; }

static void limit(int resource, rlim_t value) { setrlimit(resource, &(struct rlimit){value, value}); }

/** Keeps what the process has of the capabilities over the change of user, but CAP_KILL and CAP_SETUID. */
static void keep_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  syscall(SYS_capget, &header, data);
  data[0].permitted &= ~(1u << CAP_KILL | 1u << CAP_SETUID);
  data[0].effective = data[0].permitted;
  syscall(SYS_capset, &header, data);
}

/** What one thread is to do. */
struct share {
  unsigned long seed;
  long count;
  unsigned last_call;
};

static void *make_calls(void *argument) {
  struct share share = *(struct share *)argument;
  state = share.seed * 0x9e3779b97f4a7c15 + 1;
  long self = getpid();
  for (long i = 0; i < share.count; i++) {
    unsigned long arguments[6];
    long number = below(share.last_call + 1);
    for (int j = 0; j < 6; j++) arguments[j] = random_argument();
    if (i % 64 == 0) refill(), refill_messages();
    /* Calls on sockets are few among all. */
    if (below(8) == 0) number = SYS_socket + below(SYS_getsockopt - SYS_socket + 1), arguments[0] = below(24);
    if (is_left_out(number)) continue;
    if (number == SYS_clone) arguments[0] &= ~0x7e020000UL; /* no namespaces */
    long result = call(number, arguments);
    if (result == 0 && (number == SYS_fork || number == SYS_vfork || number == SYS_clone || number == SYS_clone3) && call(SYS_getpid, arguments) != self)
      call(SYS_exit, arguments);
    __atomic_add_fetch(&progress->calls, 1, __ATOMIC_RELAXED);
  }
  return NULL;
}

/** The child: becomes a limited nobody in a folder of its own, then makes calls. */
static void fuzz(unsigned long seed, long count, int is_capable, int threads, unsigned last_call) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int i = 0; i < 3; i++) dup2(null, i);
  limit(RLIMIT_AS, 96 << 20);
  limit(RLIMIT_FSIZE, 1 << 20);
  limit(RLIMIT_NPROC, 40);
  limit(RLIMIT_NOFILE, 64);
  limit(RLIMIT_MSGQUEUE, 65536);
  limit(RLIMIT_MEMLOCK, 1 << 20);
  setgroups(0, NULL);
  setresgid(NOBODY, NOBODY, NOBODY);
  if (is_capable) prctl(PR_SET_KEEPCAPS, 1);
  setresuid(NOBODY, NOBODY, NOBODY);
  if (is_capable) keep_capabilities();
  char *pages = mmap(NULL, 7 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  writable = pages, filled = pages + 4096, read_only = pages + 2 * 4096, hole = pages + 3 * 4096, crossing = hole, messages = pages + 6 * 4096;
  munmap(hole, 4096);
  mprotect(read_only, 4096, PROT_READ);
  int ends[2];
  open("f", O_RDWR);
  open("d", O_RDONLY);
  open("/dev/zero", O_RDWR);
  open("/dev/ptmx", O_RDWR | O_NOCTTY);
  open("/proc/self/status", O_RDONLY);
  pipe2(ends, O_NONBLOCK);
  int pairs[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pairs);
  socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pairs);
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "s"};
  int server = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  unlink("s");
  bind(server, (struct sockaddr *)&address, sizeof address);
  listen(server, 2);
  handle(SIGALRM, on_alarm, 0);
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 3000}, {0, 3000}}, NULL);
  static struct share shares[THREADS];
  for (int i = threads - 1; i > 0; i--) {
    pthread_t thread;
    shares[i] = (struct share){seed + i, count / threads, last_call};
    pthread_create(&thread, NULL, make_calls, &shares[i]);
  }
  shares[0] = (struct share){seed, count / threads, last_call};
  make_calls(&shares[0]);
  _exit(0);
}

/** Kills everything that belongs to the nobody of the test. */
static void sweep(void) {
  pid_t sweeper = fork();
  if (sweeper == 0) {
    setresuid(NOBODY, NOBODY, NOBODY);
    kill(-1, SIGKILL);
    _exit(0);
  }
  while (waitpid(sweeper, NULL, 0) < 0 && errno == EINTR) {
  }
}

/** Waits for the child, and kills it once it makes no calls for a while. */
static void watch(pid_t child) {
  unsigned long last = -1UL;
  int idle = 0, status;
  for (;;) {
    pid_t done = waitpid(child, &status, WNOHANG | WUNTRACED);
    if (done < 0) return;
    if (done == child && !WIFSTOPPED(status)) return;
    if (progress->calls != last) last = progress->calls, idle = 0;
    else if (++idle == 20 || done == child) kill(child, SIGKILL);
    sleep_milliseconds(2);
  }
}

static void prepare_files(void) {
  chmod(".", 0777);
  make_file("f", "some content to read");
  chmod("f", 0666);
  mkdir("d", 0777);
  chmod("d", 0777);
  symlink("f", "l");
  symlink("loop", "loop");
  mkfifo("p", 0666);
}

int main(int count, char **arguments) {
  unsigned long seed = count > 1 ? strtoul(arguments[1], NULL, 10) : 1;
  unsigned long calls = count > 2 ? strtoul(arguments[2], NULL, 10) : 10000, made = 0;
  int is_capable = count > 3 && strcmp(arguments[3], "capable") == 0;
  int has_threads = count > 4 && strcmp(arguments[4], "threads") == 0;
  enter_scratch();
  prepare_files();
  null = open("/dev/null", O_RDWR);
  progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (unsigned long round = 0; made < calls; round++) {
    progress->calls = 0;
    pid_t child = fork();
    if (child == 0) fuzz(seed + round * 1000003, CALLS_PER_CHILD, is_capable && round % 2, has_threads && round % 4 >= 2 ? THREADS : 1, has_threads ? LAST_CALL : LAST_CALL_OF_OLD);
    if (child < 0) {
      print_line("FAIL fork (errno %s)", error_name(errno));
      return 1;
    }
    watch(child);
    sweep();
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    made += progress->calls < CALLS_PER_CHILD ? progress->calls + 1 : CALLS_PER_CHILD;
  }
  print_line("fuzz done");
  return 0;
}
