/* System V message queues: order and types, full and empty queues, waiting, removal, msgctl. */
#include "check.h"
#include <sys/ipc.h>
#include <sys/msg.h>

static struct {
  long type;
  char text[16384];
} message;

static int send_text(int id, long type, const char *text, int flags) {
  message.type = type;
  strcpy(message.text, text);
  return msgsnd(id, &message, strlen(text) + 1, flags);
}

/** The text received, or the name of the error. */
static const char *receive(int id, long type, int flags) {
  memset(&message, 0, sizeof message);
  return msgrcv(id, &message, sizeof message.text, type, flags | IPC_NOWAIT) < 0 ? error_name(errno) : message.text;
}

static struct msqid_ds status_of(int id) {
  struct msqid_ds status = {0};
  msgctl(id, IPC_STAT, &status);
  return status;
}

static void making(void) {
  fails("get: no key, not to be made", msgget(0x99, 0), ENOENT);
  int id = msgget(0x99, IPC_CREAT | 0640);
  check("get", id >= 0);
  equal("get again", msgget(0x99, 0), id);
  fails("get exclusively", msgget(0x99, IPC_CREAT | IPC_EXCL), EEXIST);
  struct msqid_ds status = status_of(id);
  check("empty", status.msg_qnum == 0 && status.__msg_cbytes == 0 && status.msg_qbytes == 16384);
  check("never used", status.msg_stime == 0 && status.msg_rtime == 0 && status.msg_lspid == 0 && status.msg_ctime > 0);
  equal("mode", status.msg_perm.mode, 0640);
  fails("bad command", msgctl(id, 99, &status), EINVAL);
  fails("stat: bad pointer", msgctl(id, IPC_STAT, (void *)8), EFAULT);
  fails("bad id", msgctl(-1, IPC_STAT, &status), EINVAL);
  equal("remove", msgctl(id, IPC_RMID, NULL), 0);
  fails("remove again", msgctl(id, IPC_RMID, NULL), EINVAL);
}

static void choosing(void) {
  int id = msgget(IPC_PRIVATE, 0600);
  fails("send: type 0", send_text(id, 0, "x", 0), EINVAL);
  fails("send: negative type", send_text(id, -1, "x", 0), EINVAL);
  fails("send: too long", msgsnd(id, &message, 8193, 0), EINVAL);
  fails("send: bad pointer", msgsnd(id, (void *)8, 1, 0), EFAULT);
  send_text(id, 5, "five", 0);
  send_text(id, 3, "three", 0);
  send_text(id, 5, "five again", 0);
  send_text(id, 9, "nine", 0);
  send_text(id, 3, "three again", 0);
  equal("sent", status_of(id).msg_qnum, 5);
  check("by us", status_of(id).msg_lspid == getpid() && status_of(id).msg_stime > 0);
  same_text("copy of the second", receive(id, 1, MSG_COPY), "three");
  same_text("no sixth to copy", receive(id, 5, MSG_COPY), "ENOMSG");
  same_text("the first", receive(id, 0, 0), "five");
  same_text("of a type", receive(id, 9, 0), "nine");
  same_text("none of a type", receive(id, 9, 0), "ENOMSG");
  same_text("lowest type", receive(id, -4, 0), "three");
  same_text("lowest type, no limit", receive(id, -100, 0), "three again");
  same_text("not of a type", receive(id, 5, MSG_EXCEPT), "ENOMSG");
  fails("too long for us", msgrcv(id, &message, 4, 0, 0), E2BIG);
  equal("cut", msgrcv(id, &message, 4, 0, MSG_NOERROR), 4);
  check("as much as asked for", memcmp(message.text, "five", 4) == 0 && message.type == 5);
  same_text("empty", receive(id, 0, 0), "ENOMSG");
  check("received by us", status_of(id).msg_lrpid == getpid() && status_of(id).msg_rtime > 0);
  message.type = 1;
  equal("an empty message", msgsnd(id, &message, 0, 0), 0);
  equal("comes out", msgrcv(id, &message, 0, 0, 0), 0);
  fails("copy without not waiting", msgrcv(id, &message, 10, 0, MSG_COPY), EINVAL);
  send_text(id, 1, "lost", 0);
  fails("receive to a bad pointer", msgrcv(id, (void *)8, 100, 0, 0), EFAULT);
  same_text("loses it", receive(id, 0, 0), "ENOMSG");
  msgctl(id, IPC_RMID, NULL);
}

static void on_signal(int number) { (void)number; }

static void waiting(void) {
  int id = msgget(IPC_PRIVATE, 0600), count = 0;
  message.type = 1;
  while (count < 100 && msgsnd(id, &message, 4096, IPC_NOWAIT) == 0) count++;
  fails("full", msgsnd(id, &message, 4096, IPC_NOWAIT), EAGAIN);
  equal("after", count, 4);
  pid_t sender = fork();
  if (sender == 0) _exit(send_text(id, 2, "later", 0) == 0 ? 5 : 1);
  sleep_milliseconds(20);
  msgrcv(id, &message, sizeof message.text, 1, 0);
  equal("a waiting sender goes on", reap(sender), EXITED(5));
  same_text("what it sent", receive(id, 2, 0), "later");
  while (msgrcv(id, &message, sizeof message.text, 0, IPC_NOWAIT) >= 0) continue;
  pid_t receiver = fork();
  if (receiver == 0) _exit(msgrcv(id, &message, 100, 7, 0) == 6 && strcmp(message.text, "seven") == 0 ? 6 : 1);
  send_text(id, 8, "eight", 0);
  sleep_milliseconds(20);
  send_text(id, 7, "seven", 0);
  equal("a waiting receiver gets its type", reap(receiver), EXITED(6));
  same_text("the other is left", receive(id, 0, 0), "eight");
  pid_t interrupted = fork();
  if (interrupted == 0) {
    handle(SIGALRM, on_signal, SA_RESTART);
    alarm(1);
    _exit(msgrcv(id, &message, 100, 0, 0) == -1 && errno == EINTR ? 7 : 1);
  }
  equal("a signal ends the wait, SA_RESTART or not", reap(interrupted), EXITED(7));
  pid_t surprised = fork();
  if (surprised == 0) _exit(msgrcv(id, &message, 100, 0, 0) == -1 && (errno == EIDRM || errno == EINVAL) ? 8 : 1);
  sleep_milliseconds(20);
  msgctl(id, IPC_RMID, NULL);
  equal("the queue was removed", reap(surprised), EXITED(8));
}

static void permissions(void) {
  int id = msgget(0x98, IPC_CREAT | 0604);
  struct msqid_ds status;
  equal("child", in_child({
    setgid(100);
    setuid(1000);
    fails("get to send", msgget(0x98, 0200), EACCES);
    fails("send", send_text(id, 1, "x", 0), EACCES);
    same_text("receive", receive(id, 0, 0), "ENOMSG");
    fails("remove", msgctl(id, IPC_RMID, NULL), EPERM);
  }), 0);
  status = status_of(id);
  status.msg_qbytes = 10;
  equal("set", msgctl(id, IPC_SET, &status), 0);
  fails("the new limit holds", send_text(id, 1, "more than ten", IPC_NOWAIT), EAGAIN);
  equal("up to it", send_text(id, 1, "nine byte", IPC_NOWAIT), 0);
  struct msginfo limits;
  int highest = msgctl(0, IPC_INFO, (void *)&limits);
  check("limits", highest >= 0 && limits.msgmni == 32000 && limits.msgmax == 8192 && limits.msgmnb == 16384);
  equal("usage", msgctl(0, MSG_INFO, (void *)&limits), highest);
  check("what is used", limits.msgpool == 1 && limits.msgmap == 1 && limits.msgtql == 10);
  equal("by place", msgctl(highest, MSG_STAT, &status), id);
  msgctl(id, IPC_RMID, NULL);
}

int main(void) {
  enter_scratch();
  making();
  choosing();
  waiting();
  permissions();
  return finish();
}
