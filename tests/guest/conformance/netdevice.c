/* netdevice: interfaces as programs find them: ioctl requests, netlink, getifaddrs, names and indexes, /proc/net. Only the loopback device is looked at. */
#include "check.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static char buffer[65536];

static void requests(int s) {
  struct ifreq r;
  memset(&r, 0, sizeof r);
  strcpy(r.ifr_name, "lo");
  equal("SIOCGIFINDEX", ioctl(s, SIOCGIFINDEX, &r), 0);
  equal("the first", r.ifr_ifindex, 1);
  equal("SIOCGIFFLAGS", ioctl(s, SIOCGIFFLAGS, &r), 0);
  equal("flags", r.ifr_flags, IFF_UP | IFF_LOOPBACK | IFF_RUNNING);
  equal("SIOCGIFADDR", ioctl(s, SIOCGIFADDR, &r), 0);
  check_text("address", inet_ntoa(((struct sockaddr_in *)&r.ifr_addr)->sin_addr), "127.0.0.1");
  equal("SIOCGIFNETMASK", ioctl(s, SIOCGIFNETMASK, &r), 0);
  check_text("mask", inet_ntoa(((struct sockaddr_in *)&r.ifr_addr)->sin_addr), "255.0.0.0");
  equal("SIOCGIFMTU", ioctl(s, SIOCGIFMTU, &r), 0);
  equal("mtu", r.ifr_mtu, 65536);
  equal("SIOCGIFHWADDR", ioctl(s, SIOCGIFHWADDR, &r), 0);
  equal("type", r.ifr_hwaddr.sa_family, ARPHRD_LOOPBACK);
  equal("SIOCGIFTXQLEN", ioctl(s, SIOCGIFTXQLEN, &r), 0);
  equal("queue", r.ifr_qlen, 1000);
  memset(&r, 0, sizeof r);
  r.ifr_ifindex = 1;
  equal("SIOCGIFNAME", ioctl(s, SIOCGIFNAME, &r), 0);
  check_text("name", r.ifr_name, "lo");
  r.ifr_ifindex = 4711;
  fails("an index that is none", ioctl(s, SIOCGIFNAME, &r), ENODEV);
  strcpy(r.ifr_name, "none7");
  fails("a name that is none", ioctl(s, SIOCGIFADDR, &r), ENODEV);
  fails("a bad pointer", ioctl(s, SIOCGIFADDR, 8), EFAULT);
  strcpy(r.ifr_name, "lo");
  fails("setting takes a capability", ioctl(s, SIOCSIFFLAGS, &r), EPERM);
  struct ifconf list = {.ifc_len = sizeof buffer, .ifc_buf = buffer};
  equal("SIOCGIFCONF", ioctl(s, SIOCGIFCONF, &list), 0);
  equal("those with an address", list.ifc_len, sizeof(struct ifreq));
  check_text("lo", list.ifc_req->ifr_name, "lo");
  list.ifc_buf = NULL;
  equal("SIOCGIFCONF without a buffer", ioctl(s, SIOCGIFCONF, &list), 0);
  equal("tells the length", list.ifc_len, sizeof(struct ifreq));
  list = (struct ifconf){.ifc_len = 39, .ifc_buf = buffer};
  equal("SIOCGIFCONF with too little", ioctl(s, SIOCGIFCONF, &list), 0);
  equal("has none", list.ifc_len, 0);
}

/* Receives messages until NLMSG_DONE or NLMSG_ERROR; calls `see` with those of the type. The last message's type. */
static int receive(int s, int type, void (*see)(struct nlmsghdr *)) {
  for (;;) {
    ssize_t n = recv(s, buffer, sizeof buffer, 0);
    if (n < 0) return -errno;
    for (struct nlmsghdr *h = (void *)buffer; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
      if (h->nlmsg_seq != 77) print_line("FAIL sequence");
      if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) {
        if (h != (void *)buffer) memmove(buffer, h, h->nlmsg_len);
        return h->nlmsg_type;
      }
      if (h->nlmsg_type == type && see) see(h);
      if (!(h->nlmsg_flags & NLM_F_MULTI)) return h->nlmsg_type;
    }
  }
}

static void see_link(struct nlmsghdr *h) {
  struct ifinfomsg *link = NLMSG_DATA(h);
  if (link->ifi_index != 1) return;
  print_line("link type %d flags %x", link->ifi_type, link->ifi_flags);
  int n = IFLA_PAYLOAD(h);
  for (struct rtattr *a = IFLA_RTA(link); RTA_OK(a, n); a = RTA_NEXT(a, n)) {
    if (a->rta_type == IFLA_IFNAME) print_line("name %s", (char *)RTA_DATA(a));
    if (a->rta_type == IFLA_MTU) print_line("mtu %u", *(unsigned *)RTA_DATA(a));
    if (a->rta_type == IFLA_QDISC) print_line("discipline %s", (char *)RTA_DATA(a));
    if (a->rta_type == IFLA_OPERSTATE) print_line("state %u", *(unsigned char *)RTA_DATA(a));
    if (a->rta_type == IFLA_ADDRESS) print_line("hardware address of %d", (int)RTA_PAYLOAD(a));
    if (a->rta_type == IFLA_STATS64) check("statistics", RTA_PAYLOAD(a) >= 23 * 8);
  }
}

static void see_address(struct nlmsghdr *h) {
  struct ifaddrmsg *address = NLMSG_DATA(h);
  if (address->ifa_index != 1) return;
  print_line("address family %d prefix %d flags %x scope %d", address->ifa_family, address->ifa_prefixlen, address->ifa_flags, address->ifa_scope);
  int n = IFA_PAYLOAD(h);
  for (struct rtattr *a = IFA_RTA(address); RTA_OK(a, n); a = RTA_NEXT(a, n)) {
    char text[64];
    if (a->rta_type == IFA_ADDRESS) print_line("is %s", inet_ntop(address->ifa_family, RTA_DATA(a), text, sizeof text));
    if (a->rta_type == IFA_LABEL) print_line("label %s", (char *)RTA_DATA(a));
  }
}

static ssize_t ask(int s, int type, int flags, int bytes) {
  struct {
    struct nlmsghdr header;
    char body[64];
  } request = {.header = {.nlmsg_len = NLMSG_LENGTH(bytes), .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = 77}};
  return send(s, &request, request.header.nlmsg_len, 0);
}

static void netlink(void) {
  fails("a protocol that is none", socket(AF_NETLINK, SOCK_RAW, 99), EPROTONOSUPPORT);
  fails("a stream", socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE), ESOCKTNOSUPPORT);
  int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct sockaddr_nl own = {.nl_family = AF_NETLINK};
  equal("bind", bind(s, (struct sockaddr *)&own, sizeof own), 0);
  socklen_t length = sizeof own;
  equal("getsockname", getsockname(s, (struct sockaddr *)&own, &length), 0);
  check("the process's number", own.nl_pid == (unsigned)getpid() && length == sizeof own);
  int type = -1;
  length = sizeof type;
  getsockopt(s, SOL_SOCKET, SO_TYPE, &type, &length);
  equal("SO_TYPE", type, SOCK_RAW);
  equal("RTM_GETLINK", ask(s, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, sizeof(struct ifinfomsg)), 32);
  equal("all of them", receive(s, RTM_NEWLINK, see_link), NLMSG_DONE);
  ask(s, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, sizeof(struct ifaddrmsg));
  equal("RTM_GETADDR", receive(s, RTM_NEWADDR, see_address), NLMSG_DONE);
  ask(s, RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, sizeof(struct rtmsg));
  equal("RTM_GETROUTE", receive(s, 0, NULL), NLMSG_DONE);
  ask(s, RTM_NEWLINK, NLM_F_REQUEST, sizeof(struct ifinfomsg));
  equal("changing", receive(s, 0, NULL), NLMSG_ERROR);
  equal("takes a capability", ((struct nlmsgerr *)NLMSG_DATA(buffer))->error, -EPERM);
  struct {
    struct nlmsghdr header;
    struct ifinfomsg link;
  } one = {.header = {.nlmsg_len = sizeof one, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = 77}, .link.ifi_index = 1};
  send(s, &one, sizeof one, 0);
  equal("one link", receive(s, RTM_NEWLINK, NULL), RTM_NEWLINK);
  one.link.ifi_index = 4711;
  send(s, &one, sizeof one, 0);
  equal("one that is none", receive(s, 0, NULL), NLMSG_ERROR);
  equal("is not there", ((struct nlmsgerr *)NLMSG_DATA(buffer))->error, -ENODEV);
  send(s, &one, 3, 0);
  fails("what is no message is not answered", recv(s, buffer, 10, MSG_DONTWAIT), EAGAIN);
  close(s);
}

static void library(void) {
  struct ifaddrs *all, *a;
  equal("getifaddrs", getifaddrs(&all), 0);
  for (a = all; a; a = a->ifa_next) {
    char text[64] = "link";
    if (strcmp(a->ifa_name, "lo") != 0 || !a->ifa_addr) continue;
    if (a->ifa_addr->sa_family == AF_INET) inet_ntop(AF_INET, &((struct sockaddr_in *)a->ifa_addr)->sin_addr, text, sizeof text);
    if (a->ifa_addr->sa_family == AF_INET6) inet_ntop(AF_INET6, &((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr, text, sizeof text);
    print_line("%s %s %x", a->ifa_name, text, a->ifa_flags);
  }
  freeifaddrs(all);
  equal("if_nametoindex", if_nametoindex("lo"), 1);
  char name[IF_NAMESIZE];
  check_text("if_indextoname", if_indextoname(1, name) ? name : "", "lo");
}

/* Prints the first `count` lines of a file, without numbers. */
static void head(const char *path, int count) {
  FILE *f = fopen(path, "r");
  char line[512];
  if (!f) print_line("FAIL %s", path);
  while (f && count-- > 0 && fgets(line, sizeof line, f)) {
    line[strcspn(line, "\n")] = 0;
    print_line("%s|", line);
  }
  if (f) fclose(f);
}

int main(void) {
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  requests(s);
  close(s);
  s = socket(AF_UNIX, SOCK_STREAM, 0);
  struct ifreq r = {.ifr_name = "lo"};
  equal("by a socket of another family", ioctl(s, SIOCGIFINDEX, &r), 0);
  close(s);
  netlink();
  library();
  head("/proc/net/dev", 2);
  head("/proc/net/route", 1);
  head("/proc/net/arp", 1);
  head("/proc/net/udp", 1);
  head("/proc/net/udp6", 1);
  head("/proc/net/raw", 1);
  head("/proc/net/if_inet6", 1);
  s = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(5300), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bind(s, (struct sockaddr *)&a, sizeof a);
  FILE *f = fopen("/proc/net/udp", "r");
  char line[256];
  while (fgets(line, sizeof line, f))
    if (strstr(line, ":14B4 ")) {
      line[82] = 0;
      print_line("%s| length %d", line + 5, (int)strcspn(line, "\n"));
    }
  fclose(f);
  return check_failures != 0;
}
