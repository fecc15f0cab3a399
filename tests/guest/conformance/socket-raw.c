/* socket-raw: raw IP sockets over loopback: ICMP echo and its filter, headers of our own, long packets, and who may. */
#include "check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

static unsigned char buffer[1 << 17];

static struct sockaddr_in at(const char *address) {
  struct sockaddr_in a = {.sin_family = AF_INET};
  inet_pton(AF_INET, address, &a.sin_addr);
  return a;
}

static unsigned short sum(const void *data, int length) {
  unsigned total = 0;
  const unsigned char *p = data;
  for (int i = 0; i < length; i++) total += i & 1 ? p[i] : p[i] << 8;
  while (total >> 16) total = (total & 0xffff) + (total >> 16);
  return htons(~total);
}

static int raw(int protocol) { return socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, protocol); }

static ssize_t echo(int s, const char *address, int type, int id, int bytes) {
  static unsigned char message[1 << 16];
  struct icmphdr header = {.type = type, .un.echo = {.id = htons(id), .sequence = htons(1)}};
  for (int i = 0; i < bytes; i++) message[sizeof header + i] = i * 5;
  memcpy(message, &header, sizeof header);
  header.checksum = sum(message, sizeof header + bytes);
  memcpy(message, &header, sizeof header);
  struct sockaddr_in to = at(address);
  return sendto(s, message, sizeof header + bytes, 0, (struct sockaddr *)&to, sizeof to);
}

/* Receives packets until an ICMP message of the type comes: its data's length, or -1. */
static int await(int s, int type, int *ttl) {
  for (;;) {
    ssize_t n = recv(s, buffer, sizeof buffer, 0);
    if (n < 0) return -1;
    struct iphdr *ip = (void *)buffer;
    struct icmphdr *icmp = (void *)(buffer + ip->ihl * 4);
    if (icmp->type != type) continue;
    *ttl = ip->ttl;
    if (sum(icmp, n - ip->ihl * 4) != 0) print_line("FAIL checksum of the message");
    if (sum(ip, ip->ihl * 4) != 0) print_line("FAIL checksum of the header");
    if (ntohs(ip->tot_len) != n) print_line("FAIL length of the packet");
    return n - ip->ihl * 4 - sizeof *icmp;
  }
}

static void pinging(void) {
  int s = raw(IPPROTO_ICMP), ttl = 0;
  equal("an echo", echo(s, "127.0.0.1", ICMP_ECHO, 7, 56), 64);
  equal("comes by, as raw sockets hear all", await(s, ICMP_ECHO, &ttl), 56);
  equal("and is answered", await(s, ICMP_ECHOREPLY, &ttl), 56);
  equal("with the default time to live", ttl, 64);
  equal("by any address of ours", echo(s, "127.44.0.9", ICMP_ECHO, 7, 0), 8);
  equal("too", await(s, ICMP_ECHOREPLY, &ttl), 0);
  equal("a long echo", echo(s, "127.0.0.1", ICMP_ECHO, 7, 60000), 60008);
  equal("is answered", await(s, ICMP_ECHOREPLY, &ttl), 60000);
  int same = 1;
  for (int i = 0; i < 60000; i++) same &= buffer[28 + i] == (unsigned char)(i * 5);
  check("with the same bytes", same);
  struct icmp_filter {
    unsigned data;
  } filter = {~(1u << ICMP_ECHOREPLY)};
  equal("ICMP_FILTER", setsockopt(s, SOL_RAW, 1, &filter, sizeof filter), 0);
  echo(s, "127.0.0.1", ICMP_ECHO, 7, 1);
  ssize_t n = recv(s, buffer, sizeof buffer, 0);
  check("lets only answers through", n == 29 && buffer[20] == ICMP_ECHOREPLY);
  fails("nothing else", recv(s, buffer, sizeof buffer, 0), EAGAIN);
  int v;
  socklen_t length = sizeof v;
  equal("is told", getsockopt(s, SOL_RAW, 1, &v, &length), 0);
  equal("as it was set", v, (int)filter.data);
  close(s);
}

static void headers(void) {
  int s = raw(IPPROTO_RAW), t = raw(253), u = raw(253);
  struct {
    struct iphdr ip;
    char data[8];
  } __attribute__((packed)) packet = {.ip = {.version = 4, .ihl = 5, .ttl = 33, .protocol = 253}, .data = "payload"};
  struct sockaddr_in to = at("127.0.0.1"), from;
  socklen_t length = sizeof from;
  packet.ip.daddr = to.sin_addr.s_addr;
  int v = -1;
  socklen_t size = sizeof v;
  getsockopt(s, IPPROTO_IP, IP_HDRINCL, &v, &size);
  equal("IPPROTO_RAW includes the header", v, 1);
  equal("sendto", sendto(s, &packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to), 28);
  fails("IPPROTO_RAW hears nothing", recv(s, buffer, 100, 0), EAGAIN);
  equal("recvfrom", recvfrom(t, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &length), 28);
  struct iphdr *ip = (void *)buffer;
  check("lengths and checksum are filled in", ntohs(ip->tot_len) == 28 && sum(ip, 20) == 0);
  check("the source too", ip->saddr == htonl(INADDR_LOOPBACK) && from.sin_addr.s_addr == ip->saddr);
  check("the rest is ours", ip->ttl == 33 && memcmp(buffer + 20, "payload", 8) == 0);
  equal("both sockets get it", recv(u, buffer, sizeof buffer, 0), 28);
  fails("a header that is none", sendto(s, "abc", 3, 0, (struct sockaddr *)&to, sizeof to), EINVAL);
  close(s);
  equal("without a header", sendto(t, "data", 4, 0, (struct sockaddr *)&to, sizeof to), 4);
  equal("the kernel makes one", recv(u, buffer, sizeof buffer, 0), 24);
  recv(t, buffer, sizeof buffer, 0);
  struct sockaddr_in other = at("127.0.0.2");
  equal("bind", bind(t, (struct sockaddr *)&other, sizeof other), 0);
  sendto(u, "data", 4, 0, (struct sockaddr *)&to, sizeof to);
  fails("is for that address only", recv(t, buffer, 100, 0), EAGAIN);
  sendto(u, "data", 4, 0, (struct sockaddr *)&other, sizeof other);
  equal("of which it hears", recv(t, buffer, 100, 0), 24);
  equal("connect", connect(u, (struct sockaddr *)&other, sizeof other), 0);
  equal("send", send(u, "data", 4, 0), 4);
  equal("recv", recv(t, buffer, 100, 0), 24);
  close(t), close(u);
  s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  t = raw(IPPROTO_UDP);
  to.sin_port = htons(4999);
  sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
  equal("a raw socket sees UDP", recv(t, buffer, 100, 0), 29);
  close(s), close(t);
}

static void six(void) {
  int s = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMPV6);
  struct icmp6_filter filter;
  ICMP6_FILTER_SETBLOCKALL(&filter);
  ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
  equal("ICMP6_FILTER", setsockopt(s, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter), 0);
  struct icmp6_hdr echo = {.icmp6_type = ICMP6_ECHO_REQUEST, .icmp6_id = 9};
  struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  equal("an echo to ::1", sendto(s, &echo, sizeof echo, 0, (struct sockaddr *)&to, sizeof to), 8);
  equal("is answered", recv(s, buffer, sizeof buffer, 0), 8);
  check("without a header", buffer[0] == ICMP6_ECHO_REPLY);
  close(s);
}

int main(void) {
  pinging();
  headers();
  six();
  int status = in_child({
    if (setuid(1000) < 0) _exit(1);
    fails("a raw socket, as somebody", raw(IPPROTO_ICMP), EPERM);
  });
  equal("the child", status, 0);
  return check_failures != 0;
}
