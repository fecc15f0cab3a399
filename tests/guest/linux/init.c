/*
 * init PROGRAM [ARGUMENT...]: process 1 of the Linux that `npm run bench` measures beside Cyrius. In C, so that its boot has no shell
 * in it. Mounts what crun needs, makes the initramfs a root that pivot_root(2) accepts, runs PROGRAM, reaps whatever is left to it, says
 * how PROGRAM ended, and resets the machine. The kernel passes on what follows `--` on its command line, but before that those of its own
 * words that it does not know: PROGRAM is the first that begins with a slash.
 */
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static const struct {
  const char *type, *place;
} mounts[] = {
    {"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}, {"cgroup2", "/sys/fs/cgroup"}, {"tmpfs", "/run"}, {"tmpfs", "/tmp"},
};

/** The root of an initramfs is no mount point with a parent (pivot_root(2), NOTES): bind it to itself and live there. */
static int enter_root(void) {
  return mount("/", "/root", NULL, MS_BIND, NULL) || chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".");
}

static void open_console(void) {
  int console = open("/dev/console", O_RDWR);
  for (int stream = 0; stream < 3; stream++) dup2(console, stream);
  if (console > 2) close(console);
}

/** As systemd leaves it, so that containers are limited and charged. */
static void delegate_controllers(void) {
  static const char controllers[] = "+cpu +memory +pids";
  int file = open("/sys/fs/cgroup/cgroup.subtree_control", O_WRONLY);
  if (file < 0 || write(file, controllers, sizeof controllers - 1) < 0) perror("init: cgroup.subtree_control");
  close(file);
}

static void start_loopback(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  int socket_file = socket(AF_INET, SOCK_DGRAM, 0);
  ioctl(socket_file, SIOCSIFFLAGS, &request);
  close(socket_file);
}

int main(int count, char **arguments) {
  if (count > 0) arguments++; /* its own name */
  mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
  open_console();
  if (enter_root()) perror("init: root");
  for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++)
    if (mount(mounts[i].type, mounts[i].place, mounts[i].type, 0, NULL)) perror(mounts[i].place);
  delegate_controllers();
  start_loopback();

  int status = -1;
  while (*arguments && (*arguments)[0] != '/') arguments++;
  pid_t program = *arguments ? vfork() : -1;
  if (program == 0) {
    execve(arguments[0], arguments, (char *[]){"PATH=/bin", "HOME=/", NULL});
    _exit(127);
  }
  if (program > 0)
    while (wait(&status) != program);
  printf("init: status %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  fflush(stdout);
  tcdrain(1);
  reboot(RB_AUTOBOOT);
}
