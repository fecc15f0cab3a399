/* The container verbs for shell tests on Linux: a "container" is a row of a table, its init the bundle's executable file `run`. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define POINTER(x) ((void*)(uintptr_t)(x))
enum { CREATED = 1, RUNNING = 2, STOPPED = 4, MOST = 64 };

static struct container {
  char id[64], bundle[512];
  int state, status, terminal;
  pid_t init, process;
} table[MOST];

struct message {
  uint64_t address;
  uint32_t capacity, length;
};

static int64_t fail(int error, uint64_t message, const char* format, ...) {
  struct message* m = POINTER(message);
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(POINTER(m->address), m->capacity, format, arguments);
  m->length = n < (int)m->capacity ? n : (int)m->capacity - 1;
  va_end(arguments);
  return -error;
}

static struct container* find(uint64_t id, uint64_t length) {
  for (int i = 0; i < MOST; i++)
    if (table[i].state && strlen(table[i].id) == length && !memcmp(table[i].id, POINTER(id), length)) return &table[i];
  return NULL;
}

static pid_t run(char** vector, int terminal) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  if (!terminal) freopen("/dev/null", "w", stdout);
  execv(vector[0], vector);
  _exit(127);
}

/* Looks whether the init has ended; waits for it unless `flags` says not to. */
static void look(struct container* c, int flags) {
  if (c->state == RUNNING && waitpid(c->init, &c->status, flags) == c->init) c->state = STOPPED;
}

static int64_t create(uint64_t id, uint64_t length, uint64_t bundle, uint64_t bundle_length, uint64_t flags, uint64_t message) {
  char path[600];
  snprintf(path, sizeof path, "%.*s", (int)bundle_length, (char*)POINTER(bundle));
  if (find(id, length)) return fail(EEXIST, message, "the id is taken");
  if (path[0] != '/') return fail(EINVAL, message, "the bundle's path is not absolute");
  strcat(path, "/run");
  if (access(path, X_OK) < 0) return fail(ENOENT, message, "config.json: no such file");
  struct container* c = table;
  while (c->state) c++;
  *c = (struct container){.state = CREATED, .terminal = flags & 1};
  snprintf(c->id, sizeof c->id, "%.*s", (int)length, (char*)POINTER(id));
  snprintf(c->bundle, sizeof c->bundle, "%.*s", (int)bundle_length, (char*)POINTER(bundle));
  return 0;
}

static int64_t start(struct container* c, uint64_t message) {
  if (c->state != CREATED) return fail(EBUSY, message, "cannot start container \"%s\": it is %s", c->id, c->state == RUNNING ? "running" : "stopped");
  char path[600];
  snprintf(path, sizeof path, "%s/run", c->bundle);
  c->init = run((char*[]){path, NULL}, c->terminal);
  c->state = RUNNING;
  return 1;
}

static int64_t delete(struct container* c, int force, uint64_t message) {
  look(c, WNOHANG);
  if (c->state == RUNNING && !force) return fail(EBUSY, message, "cannot delete container \"%s\": it is running", c->id);
  if (c->state == RUNNING) kill(c->init, SIGKILL);
  look(c, 0);
  c->state = 0;
  return 0;
}

static int64_t list(uint64_t* cursor, char* buffer) {
  char* to = buffer;
  for (; *cursor < MOST; ++*cursor) {
    struct container* c = &table[*cursor];
    if (!c->state) continue;
    look(c, WNOHANG);
    uint32_t id_length = strlen(c->id), bundle_length = strlen(c->bundle), bytes = (48 + id_length + bundle_length + 7) & ~7;
    uint32_t head[4] = {bytes, c->state, c->state == RUNNING ? c->init : 0, c->state == RUNNING};
    uint64_t numbers[3] = {c->state == RUNNING ? 1 << 20 : 0, 1700000000000000000, 250000000};
    uint32_t lengths[2] = {id_length, bundle_length};
    memcpy(to, head, 16);
    memcpy(to + 16, numbers, 24);
    memcpy(to + 40, lengths, 8);
    memcpy(to + 48, c->id, id_length);
    memcpy(to + 48 + id_length, c->bundle, bundle_length);
    to += bytes;
  }
  return to - buffer;
}

static int64_t processes(uint64_t length, struct container* c, uint64_t* cursor, char* buffer) {
  if (*cursor || (c && c->state != RUNNING)) return 0;
  *cursor = 1;
  const char* text = length ? "/bin/sleep 1000" : "/bin/init";
  uint32_t bytes = (48 + strlen(text) + 7) & ~7;
  memcpy(buffer, (uint32_t[]){bytes, 1, 0, 0}, 16);
  memcpy(buffer + 16, (uint64_t[]){1234567890, 2 << 20, 5000000000}, 24);
  memcpy(buffer + 40, (uint32_t[]){'S', strlen(text)}, 8);
  memcpy(buffer + 48, text, strlen(text));
  return bytes;
}

int64_t container_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
  if (number == 1) return create(a, b, c, d, e, f);
  if (number == 8) return list(POINTER(a), POINTER(b));
  struct container* it = find(a, b);
  if (number == 9) return b && !it ? -ENOENT : processes(b, it, POINTER(c), POINTER(d));
  if (!it) return -ENOENT;
  int status;
  switch (number) {
    case 2: return start(it, d);
    case 3:
      look(it, WNOHANG);
      return sprintf(POINTER(c), "{\"id\":\"%s\",\"status\":\"%s\"}", it->id, it->state == CREATED ? "created" : it->state == RUNNING ? "running" : "stopped");
    case 4:
      look(it, WNOHANG);
      return it->state == RUNNING ? (kill(it->init, c), 0) : fail(EBUSY, e, "is not running");
    case 5: return delete(it, c & 1, d);
    case 6: {
      char* vector[64] = {0};
      for (uint64_t i = 0, at = 0; at < d && i < 63; at += strlen((char*)POINTER(c) + at) + 1) vector[i++] = (char*)POINTER(c) + at;
      look(it, WNOHANG);
      if (it->state != RUNNING) return fail(EBUSY, f, "is not running");
      return it->process = run(vector, e & 1);
    }
    case 7:
      if (c != 0) return waitpid(c, &status, d & 1 ? WNOHANG : 0) == (pid_t)c ? status : d & 1 ? -EAGAIN : -ECHILD;
      if (it->state == CREATED) return -EBUSY;
      look(it, d & 1 ? WNOHANG : 0);
      return it->state == STOPPED ? it->status : -EAGAIN;
    default: return -ENOSYS;
  }
}
