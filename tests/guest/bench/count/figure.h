/*
 * figure.h - what the files of `count` share: the description of a figure and the lists of them,
 * and the few resources that figures of several files use.
 */
#ifndef FIGURE_H
#define FIGURE_H

/** One figure: prepare, run `operations` times, clean up. -1 is a failure that errno explains (0: a wrong result). */
struct figure {
  const char *name;
  long operations; /* in one batch */
  long bytes;      /* per operation, for bytes per 1,000 ns; 0 for ns per operation */
  int (*prepare)(void);
  int (*run)(long operations);
  void (*finish)(void); /* also after a preparation that failed half way */
};

/* The figures by subject; each list ends with a figure without a name. */
extern const struct figure system_figures[], descriptor_figures[], path_figures[], transfer_figures[], memory_figures[], process_figures[],
    thread_figures[], message_figures[], socket_figures[], waiting_figures[], signal_figures[];

/* resources.c */
#define BUFFER_SIZE (8 << 20)
/* The names are short because their length is part of the cost. */
#define SCRATCH "/tmp/cnt"

extern int first, second; /* descriptors of the figure that runs; -1 when there is none */
extern char *buffer;      /* BUFFER_SIZE bytes, between map_buffer and unmap_buffer */
extern volatile long sink; /* takes what the compiler must not leave out */

int map_buffer(void);
void unmap_buffer(void);
void close_both(void);
int open_null(void); /* `first` is /dev/null, for writing */
int make_file(const char *path);
int make_large_file(void); /* `first` is a file of BUFFER_SIZE bytes, which are in `buffer` too */
void remove_large_file(void);
int fails_with(int error); /* sets errno to `error` and returns -1 */

/* threads.c */
void have_a_thread_once(void); /* makes a thread and waits for it, unless there has been one (or the system has none) */

/* measure.c */
struct measurement {
  double ticks_per_ns;
  double scale;    /* of the operations in a batch */
  long operations; /* in a batch, when not 0, whatever the figure says */
  int batches;
  int takes_best; /* of the batches, instead of their median */
};

double measure_ticks_per_ns(void);
int measure(const struct figure *figure, const struct measurement *how);
int run_between_marks(const struct figure *figure, const struct measurement *how);

#endif
